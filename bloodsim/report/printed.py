"""Charts on paper: how wide each is printed, and where pages begin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from bloodsim.report.brief import Own, Passage
from bloodsim.report.content import Content
from bloodsim.report.packing import Block, packed
from bloodsim.results.cells import width_of


class Paper(NamedTuple):
    """What a page has room for (mm), and what words take of it."""

    width: float
    height: float
    heading: float
    """A question and what to look for."""
    around: float
    """Space around a chart, its caption included."""
    line: float
    """A line of a paragraph."""
    row: float
    """A row of a table, two lines of it."""


SHEET = Paper(width=182, height=262, heading=23, around=9, line=5.2, row=8.5)
"""A4 as a browser prints it, within its margins."""
LETTER = Paper(width=166, height=257, heading=19, around=12, line=5.0, row=9)
"""A4 in Word, within its margins; captions below the charts."""

_CHARACTERS = 92


class Slot(NamedTuple):
    """Width of a chart in percent of the page's, and whether it begins one."""

    percent: int
    starts_page: bool


def slots(content: Content, own: Own, paper: Paper) -> Mapping[str, Slot]:
    """Places of a run's charts, by name; a page may begin only with a chart."""
    names: list[str] = []
    blocks: list[Block] = []
    for page in content.pages:
        words = paper.heading + sum(_height(passage, paper) for passage in own.at(page.key))
        words += sum(_height(Passage("", [text]), paper) + 2 * paper.line for text in page.stated)
        if page.table is not None:
            words += paper.row * (1 + len(page.table.rows))
        for figure in page.figures:
            if figure.chart is None:
                words += 2 * paper.line
                continue
            names.append(figure.name)
            blocks.append(Block(figure.shape * paper.width, words + paper.around))
            words = 0.0
    placed = packed(blocks, paper.height)
    return {
        name: Slot(min(100, math.floor(100 * place.width)), place.starts_page)
        for name, place in zip(names, placed, strict=True)
    }


def _height(passage: Passage, paper: Paper) -> float:
    lines = sum(math.ceil(width_of(text) / _CHARACTERS) + 0.5 for text in passage.lines)
    return paper.line * (lines + (2 if passage.heading else 0))
