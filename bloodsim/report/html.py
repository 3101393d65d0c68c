"""The briefing as one HTML file: charts, font and style in it, and no way out to the network."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from hashlib import sha256
from html import unescape
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from bloodsim.labels import Lang, pick, shown
from bloodsim.report.brief import Own
from bloodsim.report.content import contents_of
from bloodsim.report.figures import Figure
from bloodsim.report.printed import SHEET, Slot, slots
from bloodsim.report.several import side_by_side, span_of_several, title_of_several
from bloodsim.report.typeface import font_face
from bloodsim.report.wording import CHART_NAMES, WORDS, span_words, title_of
from bloodsim.results import Results
from bloodsim.results.plan_file import SavedPlan

_TAG = re.compile(r"<[^>]*>")


def write_html(
    runs: Results | Sequence[Results],
    path: str | Path,
    lang: Lang = "en",
    own: Own | None = None,
    plan: SavedPlan | None = None,
) -> Path:
    """Write the briefing of a run, or of several.

    Parameters
    ----------
    runs : Results or sequence of Results
        Saved runs; of several, a page that compares them comes first.
    path : path
        The file; its folder is made.
    lang : {"en", "zh"}, default "en"
        Language of all words.
    own : Own, optional
        Title, logo and paragraphs of one's own (`read_brief`).
    plan : SavedPlan, optional
        A plan for the regions of the first run, shown on a page of its own.

    Returns
    -------
    Path
        The file.
    """
    target = Path(path)
    text = briefing_html(runs, lang, own, plan)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text.encode())
    return target


def briefing_html(
    runs: Results | Sequence[Results],
    lang: Lang = "en",
    own: Own | None = None,
    plan: SavedPlan | None = None,
) -> str:
    """The briefing of runs; the same results give the same text."""
    results = [runs] if isinstance(runs, Results) else list(runs)
    own = own or Own()
    body = _body(results, lang, own, plan)
    style = font_face(unescape(_TAG.sub("", body))) + _bundled("briefing.css") + _widths()
    # The policy allows this style sheet by its digest and this font, and nothing else at all.
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; font-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    if own.logo is not None:
        policy += "; img-src data:"
    return (
        _environment()
        .get_template("frame.html.j2")
        .render(
            lang=pick(lang, "zh-CN", "en"),
            title=_title(results, lang, own),
            policy=Markup(policy),
            style=Markup(style),
            body=Markup(body),
        )
    )


def _body(results: Sequence[Results], lang: Lang, own: Own, plan: SavedPlan | None) -> str:
    several = len(results) > 1
    contents = contents_of(results, lang, plan)
    environment = _environment()
    environment.filters["svg"] = _svg
    span = span_of_several(results, lang) if several else span_words(results[0], lang)
    return environment.get_template("briefing.html.j2").render(
        w={key: pick(lang, *words) for key, words in WORDS.items()},
        chart_names={key: pick(lang, *words) for key, words in CHART_NAMES.items()},
        title=_title(results, lang, own),
        organisation=shown(own.organisation, 120),
        logo=_picture(own),
        span=span,
        replications=sorted({run.replications for run in contents}),
        runs=contents,
        comparison=side_by_side(results, contents, lang) if several else None,
        own=own,
        slots={run.tag: slots(run, own, SHEET) for run in contents},
        nowhere=Slot(100, False),
    )


def _svg(figure: Figure, tag: str) -> Markup:
    return Markup(figure.svg(tag))


def _picture(own: Own) -> str:
    if own.logo is None:
        return ""
    return f"data:image/png;base64,{base64.b64encode(own.logo.png).decode('ascii')}"


def _title(results: Sequence[Results], lang: Lang, own: Own) -> str:
    if own.title:
        return shown(own.title, 120)
    return title_of(results[0], lang) if len(results) == 1 else title_of_several(results, lang)


def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_bundled),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _bundled(name: str) -> str:
    return files("bloodsim.report").joinpath("templates", name).read_text("utf-8")


def _widths() -> str:
    """The widths that a chart may have in print, since no element may have a style of its own."""
    rules = "".join(f"figure.w{n} svg{{width:{n}%}}" for n in range(50, 100))
    return f"@media print{{{rules}}}"
