"""Holiday blocks on a date axis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.offsetbox import AnnotationBbox, DrawingArea
from matplotlib.patches import Rectangle

from bloodsim.plots.chart import text_width
from bloodsim.plots.style import HOLIDAY, Lang, pick
from bloodsim.seasons import HolidayBlock

NAME_SIZE = 7.0
BAR_HEIGHT = 4.0
ROOM_ABOVE = BAR_HEIGHT + NAME_SIZE + 9.0
"""Room that the bar and its names need above the axes (points)."""

LONG_DAYS = 5
"""Blocks at least this long have their edges drawn through the chart."""

_EDGE: dict[str, Any] = {"colors": "#7b6ba8", "linewidth": 0.7, "linestyle": (0, (2, 2))}
_NAME_COLOUR = "#54468a"
_BAR_COLOUR = "#7b6ba8"


def visible(blocks: Sequence[HolidayBlock], days: Sequence[date]) -> list[HolidayBlock]:
    """Blocks that touch the days, cut to them, in their order."""
    first, last = days[0], days[-1]
    return sorted(
        (
            block._replace(start=max(block.start, first), end=min(block.end, last))
            for block in blocks
            if block.start <= last and block.end >= first
        ),
        key=lambda block: block.start,
    )


def holiday_bar(ax: Axes, blocks: Sequence[HolidayBlock], lang: Lang, width: float) -> None:
    """A strip above axes *width* points wide, one piece per block, and their names."""
    low, high = ax.get_xlim()
    for block in blocks:
        start, end = _span(block)
        if end - start >= LONG_DAYS:
            ax.vlines((start, end), 0, 1, transform=ax.get_xaxis_transform(), **_EDGE)
        length = (end - start) / (high - low) * width
        piece = DrawingArea(length, BAR_HEIGHT)
        piece.add_artist(Rectangle((0, 0), length, BAR_HEIGHT, color=_BAR_COLOUR, linewidth=0))
        ax.add_artist(
            AnnotationBbox(
                piece,
                (start, 1),
                xycoords=("data", "axes fraction"),
                xybox=(0, 3),
                boxcoords="offset points",
                box_alignment=(0, 0),
                pad=0,
                frameon=False,
                annotation_clip=False,
            )
        )
    _names(ax, blocks, lang, width, offset=BAR_HEIGHT + 4)


def holiday_shades(ax: Axes, blocks: Sequence[HolidayBlock], lang: Lang, width: float) -> None:
    """Shaded stretches behind the curves, named above the axes."""
    for block in blocks:
        start, end = _span(block)
        ax.axvspan(start, end, color=HOLIDAY, linewidth=0, zorder=0)
    _names(ax, blocks, lang, width, offset=2)


def _names(
    ax: Axes, blocks: Sequence[HolidayBlock], lang: Lang, width: float, offset: float
) -> None:
    """Names centred over their blocks; the longest holidays first, none over another."""
    low, high = ax.get_xlim()
    taken: list[tuple[float, float]] = []
    for block in sorted(blocks, key=lambda block: (block.start - block.end, block.start)):
        start, end = _span(block)
        name = pick(lang, block.name_zh, block.name_en)
        middle = ((start + end) / 2 - low) / (high - low) * width
        half = text_width(name, NAME_SIZE) / 2 + 2
        middle = min(max(middle, half), width - half)
        if any(middle - half < right and middle + half > left for left, right in taken):
            continue
        taken.append((middle - half, middle + half))
        ax.annotate(
            name,
            xy=(middle / width, 1),
            xycoords="axes fraction",
            xytext=(0, offset),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=NAME_SIZE,
            color=_NAME_COLOUR,
            annotation_clip=False,
            parse_math=False,
        )


def _span(block: HolidayBlock) -> tuple[float, float]:
    return float(date2num(block.start)), float(date2num(block.end)) + 1
