"""Axes of dates: months named in their middle, weeks where the span is short."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import date2num

from bloodsim.labels import Lang, day_label, month_label, year_label


def days_of(values: np.ndarray) -> list[date]:
    """Calendar days of a day axis."""
    return [day.item() for day in values.astype("datetime64[D]")]


def date_axis(ax: Axes, days: Sequence[date], lang: Lang) -> None:
    """Label months in their middle and mark where they begin; weeks where the span is short."""
    first, last = days[0], days[-1]
    ax.set_xlim(_number(first), _number(last) + 1)
    if len(days) < 60:
        ticks = [day for day in days if day.weekday() == 0]
        years = [
            f"\n{year_label(day, lang)}" if i == 0 or day.year != ticks[i - 1].year else ""
            for i, day in enumerate(ticks)
        ]
        labels = [f"{day_label(day, lang)}{year}" for day, year in zip(ticks, years, strict=True)]
        ax.set_xticks([_number(day) for day in ticks], labels=labels)
        return
    starts = [day for day in days if day.day == 1]
    ax.set_xticks([_number(day) for day in starts], labels=[""] * len(starts))
    spans = [span for span in _months(days) if (span[1] - span[0]).days >= 9]
    # A year on two months is narrow: every second label would still be legible.
    step = 1 if len(spans) <= 15 else 3
    labelled = spans[::step]
    labels = [
        month_label(start, lang, with_year=i == 0 or start.year != labelled[i - 1][0].year)
        for i, (start, _) in enumerate(labelled)
    ]
    middles = [(_number(start) + _number(end) + 1) / 2 for start, end in labelled]
    ax.set_xticks(middles, labels=labels, minor=True)
    ax.tick_params(axis="x", which="minor", length=0)


def _months(days: Sequence[date]) -> list[tuple[date, date]]:
    """First and last day of each month within the days."""
    firsts = [days[0], *(day for day in days[1:] if day.day == 1)]
    lasts = [*(day - timedelta(days=1) for day in firsts[1:]), days[-1]]
    return list(zip(firsts, lasts, strict=True))


def _number(day: date) -> float:
    return float(date2num(day))
