"""What a briefing says of a run, in one language: the same for a web page and for Word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bloodsim.labels import Lang, shown, variant_label
from bloodsim.plots.choice import main_product, proposal, reference
from bloodsim.plots.text import product_name
from bloodsim.report import method, summary
from bloodsim.report.figures import Figure
from bloodsim.report.method import Item
from bloodsim.report.pages import Page, pages
from bloodsim.report.plan_page import refuse_strangers
from bloodsim.report.summary import KeyFigure
from bloodsim.report.wording import span_words, title_of
from bloodsim.results import Results
from bloodsim.results.plan_file import SavedPlan


class Content(NamedTuple):
    """A run in words, figures and charts; `tag` tells several runs of one file apart."""

    tag: str
    title: str
    span: str
    replications: int
    product: str
    before: str
    after: str
    status_head: str
    status: str
    others: list[str]
    decisions: list[str]
    figures: list[KeyFigure]
    pages: list[Page]
    stress: list[Item]
    calendar: str
    inputs: list[tuple[str, str, str, str]]
    warnings: list[str]
    manifest: list[Item]


def contents_of(
    runs: Sequence[Results], lang: Lang, plan: SavedPlan | None = None
) -> list[Content]:
    """Draw the charts of runs, and say what they show; a plan belongs to the first."""
    if plan is not None:
        refuse_strangers(runs[0], plan)
    several = len(runs) > 1
    return [
        _content(run, lang, f"run{number}-" if several else "", plan if number == 1 else None)
        for number, run in enumerate(runs, start=1)
    ]


def _content(results: Results, lang: Lang, tag: str, plan: SavedPlan | None) -> Content:
    drawn_pages = pages(results, lang, plan)
    drawn: dict[str, Figure] = {f.name: f for page in drawn_pages for f in page.figures}
    product = main_product(results)
    return Content(
        tag=tag,
        title=title_of(results, lang),
        span=span_words(results, lang),
        replications=len(results.replications),
        product=product_name(results, product, lang),
        before=variant_label(reference(results), lang),
        after=variant_label(proposal(results, product), lang),
        status=summary.status_sentence(results, drawn["status_board"], lang),
        status_head=summary.status_head(results, lang),
        others=summary.others(results, lang),
        decisions=summary.decisions(results, drawn, lang),
        figures=summary.key_figures(results, lang),
        pages=drawn_pages,
        stress=method.stress_items(results, lang),
        calendar=method.calendar(results, lang),
        inputs=method.inputs(results, lang),
        warnings=[shown(str(text), 400) for text in results.manifest.get("warnings", ())],
        manifest=method.manifest(results, lang),
    )
