"""Several runs side by side: the first page of a briefing of more than one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bloodsim.labels import Lang, pick
from bloodsim.report.content import Content
from bloodsim.report.wording import span_words
from bloodsim.results import Results

MOST = 8
"""Runs that one file may have."""


class Cell(NamedTuple):
    """An indicator of a run: under reference and proposal, and the paired difference.

    A run that does not have the indicator has a dash and no difference.
    """

    values: str
    difference: str
    clear: bool


class SideBySide(NamedTuple):
    """Runs in columns: what they are, where they stand, their main figures; remarks below."""

    heads: list[str]
    facts: list[tuple[str, list[str]]]
    statuses: list[tuple[str, str]]
    figures: list[tuple[str, str, list[Cell]]]
    notes: list[str]


def side_by_side(runs: Sequence[Results], contents: Sequence[Content], lang: Lang) -> SideBySide:
    """Compare runs by the figures that each says of itself."""
    heads = [f"{i}. {content.title}" for i, content in enumerate(contents, start=1)]
    facts = [
        (pick(lang, "时段", "Period"), [content.span for content in contents]),
        (pick(lang, "参照", "Reference"), [content.before for content in contents]),
        (pick(lang, "方案", "Proposal"), [content.after for content in contents]),
        (pick(lang, "产品", "Product"), [content.product for content in contents]),
        (pick(lang, "地区", "Regions"), [str(len(run.regions)) for run in runs]),
        (pick(lang, "重复模拟", "Replications"), [str(len(run.replications)) for run in runs]),
        (pick(lang, "随机种子", "Seed"), [str(run.seed) for run in runs]),
        (pick(lang, "情景哈希", "Scenario hash"), [run.scenario_hash[:8] for run in runs]),
    ]
    figures = []
    # All show the same figures in the same order, but only runs with drives those of drives.
    said = [{f.name: f for f in content.figures} for content in contents]
    for name in max(said, key=len):
        row = [each.get(name) for each in said]
        cells = [
            Cell(f"{f.before} → {f.after}", f.difference, f.clear) if f else Cell("–", "", False)
            for f in row
        ]
        units = list(dict.fromkeys(f.unit for f in row if f))
        figures.append((name, " / ".join(units), cells))
    statuses = [(head, content.status) for head, content in zip(heads, contents, strict=True)]
    return SideBySide(heads, facts, statuses, figures, _notes(runs, lang))


def _notes(runs: Sequence[Results], lang: Lang) -> list[str]:
    notes = [
        pick(
            lang,
            "每格：参照 → 方案，下行为配对差值。各列是不同的运行，列与列之间不配对。",
            "Each cell: reference → proposal, and below it the paired difference. Columns are "
            "separate runs; they are not paired with each other.",
        )
    ]
    if len({(run.score_start, run.score_end) for run in runs}) > 1:
        notes.append(
            pick(
                lang,
                "各次运行的时段不同：数量与代价随天数而变，占比与每年折算值可比。",
                "The periods differ: amounts and cost grow with the days, shares and figures a "
                "year can be compared.",
            )
        )
    if len({run.regions for run in runs}) > 1:
        notes.append(pick(lang, "各次运行的地区不同。", "The runs do not have the same regions."))
    twins = len({(run.scenario_hash, run.seed) for run in runs}) < len(runs)
    if twins:
        notes.append(
            pick(
                lang,
                "其中有情景与种子相同的运行：不是彼此独立的证据。",
                "Some runs share scenario and seed: they are no independent evidence.",
            )
        )
    return notes


def title_of_several(runs: Sequence[Results], lang: Lang) -> str:
    """Title of a briefing of several runs."""
    return pick(lang, f"{len(runs)} 次运行的比较", f"{len(runs)} runs compared")


def span_of_several(runs: Sequence[Results], lang: Lang) -> str:
    """Their periods, each once."""
    return pick(lang, "；", "; ").join(dict.fromkeys(span_words(run, lang) for run in runs))
