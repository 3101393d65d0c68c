"""Strips of the calendar of drives: street turnout by week, and the days of appeals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.dates import date2num
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from bloodsim.labels import Lang, pick
from bloodsim.plots.text import say

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.planning.drives import DrivesProposal

MOST_STRIPS = 12
"""Strips that are drawn: those that move most donors."""
_RAISED, _LOWERED, _APPEAL = "#f0b26b", "#d7e3ee", "#8f1029"
_NARROW_DAYS = 120
"""Days of a plan beyond which a week has no room for its factor."""


@dataclass(frozen=True)
class Strip:
    """One channel of one region.

    Parameters
    ----------
    label : str
        Its name.
    weeks : tuple of (first day, last day, factor, raised)
        Weeks in which turnout changes.
    appeals : tuple of date
        Days of appeals.
    change, moved : float
        Donors more or, below 0, less over all days; and those that move, either way.
    """

    label: str
    weeks: tuple[tuple[date, date, float, bool], ...]
    appeals: tuple[date, ...]
    change: float
    moved: float


def strips_of(drives: DrivesProposal, called: Callable[[str], str]) -> tuple[list[Strip], int]:
    """Return the strips to draw, those that move most donors, and how many there are in all.

    Parameters
    ----------
    drives : DrivesProposal
        The plan.
    called : callable (name) -> str
        What the chart calls a region or a channel.
    """
    street, appeals = _by_channel(drives.street), _by_channel(drives.appeals)
    found = []
    for key in sorted({*street, *appeals}):
        weeks, days = street.get(key, []), appeals.get(key, [])
        changes = [row.donors - row.usual_donors for row in weeks] + [row.donors for row in days]
        found.append(
            Strip(
                f"{called(key[0])}: {called(key[1])}",
                tuple(
                    (row.date, row.until, float(row.factor), row.factor > row.usual_factor)
                    for row in weeks
                ),
                tuple(row.date for row in days),
                sum(changes),
                sum(abs(change) for change in changes),
            )
        )
    least = sorted((strip.moved for strip in found), reverse=True)[:MOST_STRIPS][-1:]
    return [strip for strip in found if strip.moved >= least[0]][:MOST_STRIPS], len(found)


def _by_channel(table: pd.DataFrame | None) -> dict[tuple[str, str], list[Any]]:
    rows: dict[tuple[str, str], list[Any]] = {}
    listed: Any = () if table is None else table.itertuples(index=False)
    for row in listed:
        rows.setdefault((row.region, row.channel), []).append(row)
    return rows


def draw_strips(ax: Axes, strips: Sequence[Strip], first: int, n_days: int) -> None:
    """Draw weeks as boxes with their turnout factor, appeals as triangles, from row *first* on."""
    boxes, colours = [], []
    for y, strip in enumerate(strips, start=first):
        for begin, end, factor, raised in strip.weeks:
            x, wide = float(date2num(begin)), (end - begin + timedelta(days=1)).days
            boxes.append(Rectangle((x + 0.06, y - 0.42), wide - 0.12, 0.84))
            colours.append(_RAISED if raised else _LOWERED)
            if n_days <= _NARROW_DAYS:
                say(ax, x + wide / 2, y + 0.14, f"{factor:.2f}", 5.4, ha="center")
        days = [float(date2num(day)) + 0.5 for day in strip.appeals]
        heights = [y - 0.27] * len(days)
        ax.scatter(days, heights, s=6, marker="v", color=_APPEAL, linewidths=0, zorder=3)
    ax.add_collection(PatchCollection(boxes, facecolors=colours, linewidths=0))
    if strips:
        ax.axhline(first - 0.5, color="#bbbbbb", linewidth=0.5)


def legend_of(strips: Sequence[Strip], lang: Lang) -> list[tuple[Any, str]]:
    """Return the legend's entries: what is drawn of turnout and appeals."""
    weeks = [raised for strip in strips for *_, raised in strip.weeks]
    mark = Line2D([], [], marker="v", color=_APPEAL, linestyle="none", markersize=3)
    entries: list[tuple[bool, Any, str]] = [
        (
            any(weeks),
            Patch(facecolor=_RAISED, linewidth=0),
            pick(lang, "街头招募上调（系数）", "street turnout raised (factor)"),
        ),
        (
            not all(weeks),
            Patch(facecolor=_LOWERED, linewidth=0),
            pick(lang, "街头招募下调（系数）", "street turnout lowered (factor)"),
        ),
        (
            any(strip.appeals for strip in strips),
            mark,
            pick(lang, "招募再次献血者", "appeal to repeat donors"),
        ),
    ]
    return [(handle, text) for shown, handle, text in entries if shown]
