"""The briefing as one HTML file: charts, font and style in it, and no way out to the network."""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from html import unescape
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bloodsim.labels import Lang, full_day_label, pick, shown, variant_label
from bloodsim.plots.choice import main_product, proposal, reference
from bloodsim.plots.text import product_name
from bloodsim.report import method, summary
from bloodsim.report.figures import Figure
from bloodsim.report.pages import pages
from bloodsim.report.plan_page import refuse_strangers
from bloodsim.report.typeface import font_face
from bloodsim.report.wording import WORDS
from bloodsim.results import Results
from bloodsim.results.plan_file import SavedPlan

_TAG = re.compile(r"<[^>]*>")


def write_html(
    results: Results, path: str | Path, lang: Lang = "en", plan: SavedPlan | None = None
) -> Path:
    """Write the briefing of a run.

    Parameters
    ----------
    results : Results
        A saved run.
    path : path
        The file; its folder is made.
    lang : {"en", "zh"}, default "en"
        Language of all words.
    plan : SavedPlan, optional
        A plan for the same regions, shown on a page of its own.

    Returns
    -------
    Path
        The file.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(briefing_html(results, lang, plan).encode())
    return target


def briefing_html(results: Results, lang: Lang = "en", plan: SavedPlan | None = None) -> str:
    """The briefing of a run; the same result gives the same text."""
    if plan is not None:
        refuse_strangers(results, plan)
    body = _body(results, lang, plan)
    style = font_face(unescape(_TAG.sub("", body))) + _bundled("briefing.css")
    # The policy allows this style sheet by its digest and this font, and nothing else at all.
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; font-src data:; base-uri 'none'"
    return (
        _environment()
        .from_string(_bundled("frame.html.j2"))
        .render(
            lang=pick(lang, "zh-CN", "en"),
            title=_title(results, lang),
            policy=Markup(policy),
            style=Markup(style),
            body=Markup(body),
        )
    )


def _body(results: Results, lang: Lang, plan: SavedPlan | None) -> str:
    shown_pages = pages(results, lang, plan)
    drawn: dict[str, Figure] = {f.name: f for page in shown_pages for f in page.figures}
    product = main_product(results)
    facts: dict[str, Any] = {
        "w": {key: pick(lang, *words) for key, words in WORDS.items()},
        "title": _title(results, lang),
        "span": pick(lang, "{}至{}", "{} to {}").format(
            full_day_label(results.score_start, lang), full_day_label(results.score_end, lang)
        ),
        "status": summary.status_sentence(results, drawn["status_board"], lang),
        "decisions": summary.decisions(results, drawn, lang),
        "figures": summary.key_figures(results, lang),
        "product": product_name(results, product, lang),
        "before": variant_label(reference(results), lang),
        "after": variant_label(proposal(results, product), lang),
        "replications": len(results.replications),
        "pages": shown_pages,
        "stress": method.stress_items(results, lang),
        "calendar": method.calendar(results, lang),
        "inputs": method.inputs(results, lang),
        "warnings": [shown(str(text), 400) for text in results.manifest.get("warnings", ())],
        "manifest": method.manifest(results, lang),
    }
    environment = _environment()
    environment.filters["svg"] = lambda figure: Markup(figure.svg)
    return environment.from_string(_bundled("briefing.html.j2")).render(**facts)


def _environment() -> Environment:
    return Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _title(results: Results, lang: Lang) -> str:
    title = results.manifest["scenario"].get("title") or {}
    return shown(str(title.get(lang) or results.name), 120)


def _bundled(name: str) -> str:
    return files("bloodsim.report").joinpath("templates", name).read_text("utf-8")
