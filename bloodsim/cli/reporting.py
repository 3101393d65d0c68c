"""The command that briefs: report, one chart or the whole."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bloodsim.cli.checking import AsJson
from bloodsim.cli.output import print_json

if TYPE_CHECKING:
    from bloodsim.plots import Chart
    from bloodsim.results import Results
    from bloodsim.results.plan_file import SavedPlan

Language = Literal["en", "zh"]

BRIEFINGS = ("html", "xlsx", "docx")
"""Kinds of file that a whole briefing can be written to."""


def report(
    run: Annotated[
        list[str],
        typer.Argument(help="Result folder that 'bloodsim run' wrote; several are compared."),
    ],
    lang: Annotated[str, typer.Option(help="Language: en or zh.")] = "en",
    chart: Annotated[
        str, typer.Option(help="Charts by name instead of the whole; 'list' names them.")
    ] = "",
    to: Annotated[
        str,
        typer.Option(
            help="Files: html, xlsx, docx (default html); of charts svg, png, pdf, csv "
            "(default png,svg)."
        ),
    ] = "",
    out: Annotated[str, typer.Option(help="Folder to write to; default: the run's.")] = "",
    variant: Annotated[str, typer.Option(help="Variant of the chart.")] = "",
    product: Annotated[str, typer.Option(help="Product of the chart.")] = "",
    shapes: Annotated[
        str, typer.Option(metavar="FILE", help="Your own GeoJSON with adcodes, for maps.")
    ] = "",
    plan: Annotated[
        str,
        typer.Option(
            metavar="DIR",
            help="Plan of 'bloodsim plan --out', for html, docx and the chart prices.",
        ),
    ] = "",
    brief: Annotated[
        str, typer.Option(metavar="FILE", help="Your own title, logo and paragraphs (YAML).")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Turn saved runs into a briefing (HTML, Excel, Word), or into charts, simulating nothing."""
    from bloodsim.plots import CHARTS, ENDINGS, PLAN_CHARTS
    from bloodsim.results import Results
    from bloodsim.results.plan_file import read_plan

    language = _language(lang)
    if chart == "list":
        print("\n".join([*CHARTS, *PLAN_CHARTS]))
        return
    saved = read_plan(plan) if plan else None
    options = {"variant": variant, "product": product, "shapes": shapes}
    if not chart:
        for key in (key for key, value in options.items() if value):
            raise typer.BadParameter("is for single charts, with --chart", param_hint=f"--{key}")
        endings = _chosen(to or "html", BRIEFINGS, "--to")
        _brief(run, out, language, endings, brief, saved, as_json=as_json)
        return
    endings = _chosen(to or "png,svg", ENDINGS, "--to")
    names = _chosen(chart, (*CHARTS, *PLAN_CHARTS), "--chart")
    if len(run) > 1:
        raise typer.BadParameter("charts are of one run", param_hint="--chart")
    if brief:
        raise typer.BadParameter("is for a whole briefing, not for charts", param_hint="--brief")
    results = Results.load(run[0])
    folder = Path(out).expanduser() if out else Path(run[0]) / "figures"
    files: dict[str, Any] = {}
    for name in names:
        drawn = _drawn(results, name, language, options, saved)
        paths = drawn.save(folder / f"{name}.{language}", endings)
        files[name] = {"alt": drawn.alt, "files": [path.as_posix() for path in paths]}
    if as_json:
        print_json({"lang": language, "charts": files})
        return
    for found in files.values():
        print("\n".join([*found["files"], found["alt"]]))


def _brief(
    runs: Sequence[str],
    out: str,
    lang: Language,
    endings: Sequence[str],
    brief: str,
    plan: SavedPlan | None,
    *,
    as_json: bool,
) -> None:
    """Write the whole briefing in every kind of file asked for."""
    from bloodsim.report import (
        Own,
        make_sure_of_word,
        read_brief,
        write_docx,
        write_html,
        write_xlsx,
    )
    from bloodsim.report.several import MOST
    from bloodsim.results import Results

    if len(runs) > MOST:
        raise typer.BadParameter(f"one briefing has room for {MOST} runs", param_hint="RUN")
    if plan is not None and [*endings] == ["xlsx"]:
        raise typer.BadParameter(
            "the plan's own folder has its workbook; this one shows none", param_hint="--plan"
        )
    if "docx" in endings:
        make_sure_of_word()
    own = read_brief(brief, lang) if brief else Own()
    results = [Results.load(run) for run in runs]
    one = len(runs) == 1
    folder = Path(out).expanduser() if out else Path(runs[0]) if one else Path(runs[0]).parent
    stem = f"briefing.{lang}" if one else f"briefing-of-{len(runs)}-runs.{lang}"
    files: list[Path] = []
    for ending in endings:
        path = folder / f"{stem}.{ending}"
        if ending == "xlsx":
            files.append(write_xlsx(results, path, lang, own))
        else:
            write = write_docx if ending == "docx" else write_html
            files.append(write(results, path, lang, own, plan))
    if as_json:
        said = [{"file": path.as_posix(), "bytes": path.stat().st_size} for path in files]
        print_json({"lang": lang, **said[0], "files": said})
        return
    for path in files:
        print(f"saved as {path.as_posix()}")


def _language(lang: str) -> Language:
    if lang not in ("en", "zh"):
        raise typer.BadParameter(
            f"unknown language {lang!r}; there are en, zh", param_hint="--lang"
        )
    return "zh" if lang == "zh" else "en"


def _chosen(text: str, known: Sequence[str], option: str) -> list[str]:
    """Return the names in a list separated by commas, each of them known."""
    from difflib import get_close_matches

    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise typer.BadParameter(f"unknown {name!r}; {hint}", param_hint=option)
    if not names:
        raise typer.BadParameter(f"names nothing; there are {', '.join(known)}", param_hint=option)
    return names


def _drawn(
    results: Results,
    name: str,
    lang: Language,
    options: dict[str, str],
    plan: SavedPlan | None,
) -> Chart:
    """Draw a chart; what is wrong with what was asked for is wrong usage."""
    from bloodsim.plots import CHARTS, PLAN_CHARTS
    from bloodsim.report.plan_page import refuse_strangers
    from bloodsim.results import ResultsError

    draw = CHARTS.get(name) or PLAN_CHARTS[name]
    known = inspect.signature(draw).parameters
    if name in PLAN_CHARTS and plan is None:
        raise typer.BadParameter(f"the chart {name} is of a plan", param_hint="--plan")
    if plan is not None:
        refuse_strangers(results, plan)
    given = {key: value for key, value in options.items() if value}
    for key in given:
        if key not in known:
            raise typer.BadParameter(f"the chart {name} takes no {key}", param_hint=f"--{key}")
    try:
        of = (results, plan) if name in PLAN_CHARTS else (results,)
        return draw(*of, lang=lang, **given)
    except ResultsError:
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--chart") from None
