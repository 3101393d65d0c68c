"""How charts of different heights share printed pages: smaller where that fills a page, never cut.

Charts keep their order. Which follow each other on a page, and how wide they are, is the choice
with the fewest pages, and among those the one that shrinks least and leaves least white.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

SMALLEST = 0.72
"""Share of its full width below which a chart is hard to read."""


class Block(NamedTuple):
    """A chart: its height at full width, and that of the words that go with it."""

    height: float
    words: float


class Placed(NamedTuple):
    """A chart's share of its full width, and whether a page starts with it."""

    width: float
    starts_page: bool


def packed(blocks: Sequence[Block], page: float) -> list[Placed]:
    """Place blocks on pages of a height (all in one unit).

    Parameters
    ----------
    blocks : sequence of Block
        In order; the first one starts a page.
    page : float
        Height of a page.
    """
    best: list[tuple[float, int]] = [(0.0, 0)]  # of the first i blocks: cost, start of last page
    for end in range(1, len(blocks) + 1):
        choices = []
        for start in range(end - 1, -1, -1):
            width = _width(blocks[start:end], page)
            if width < SMALLEST and start < end - 1:
                break
            choices.append((best[start][0] + _cost(blocks[start:end], width, page), start))
        best.append(min(choices))
    placed: list[Placed] = []
    end = len(blocks)
    while end:
        start = best[end][1]
        width = _width(blocks[start:end], page)
        placed = [Placed(width, i == start) for i in range(start, end)] + placed
        end = start
    return placed


def _width(blocks: Sequence[Block], page: float) -> float:
    """Share of the full width at which blocks fill a page, up to the full width."""
    room = page - sum(block.words for block in blocks)
    return min(1.0, room / sum(block.height for block in blocks))


def _cost(blocks: Sequence[Block], width: float, page: float) -> float:
    """A page costs one; white and smallness cost less."""
    used = sum(block.words + width * block.height for block in blocks)
    return 1.0 + max(0.0, 1 - used / page) ** 2 + (1 - width) ** 2
