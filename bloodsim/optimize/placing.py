"""From visits a week to visits on days: whole ones, within teams, gaps and open days."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import DriveTable
from bloodsim.planning_paths import CollectionWorld

Floats = NDArray[np.floating]
Index = NDArray[np.integer]


def place(
    world: CollectionWorld, by_week: Floats, starts: Index, stands: Index, until: int
) -> NDArray[np.int64]:
    """Return whole visits (n_days, n_sources) as near to a weekly plan as the rules allow.

    Week by week every source is due what is planned so far less what was placed; each visit takes
    the open day of the week with the most teams left, the earliest of like ones. What finds no day
    stays due.

    Parameters
    ----------
    world : CollectionWorld
        Teams, gaps, open days.
    by_week : float array (n_weeks, n_sources)
        Planned visits.
    starts : int array (n_weeks,)
        First days of the weeks.
    stands : int array (n_days, n_sources)
        An earlier calendar.
    until : int
        First day on which it does not stand any more.
    """
    table, n_days = world.drives, len(world.open)
    visits = np.zeros((n_days, len(table.region)), dtype=np.int64)
    visits[:until] = stands[:until]
    free = np.repeat(table.teams_per_day[None].astype(np.int64), n_days, axis=0)
    for source, region in enumerate(table.region):
        free[:, region] -= visits[:, source] * table.teams_per_visit[source]
    ends = np.append(starts[1:], n_days)
    planned = np.cumsum(by_week, axis=0)
    for week, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        days = np.arange(max(start, until), end)
        if not len(days):
            continue
        for source in range(visits.shape[1]):
            due = int(np.floor(planned[week, source] - visits[:, source].sum() + 0.5 + 1e-9))
            for _ in range(due):
                day = _best_day(world, visits[:, source], free, source, days)
                if day is None:
                    break
                visits[day, source] += 1
                free[day, table.region[source]] -= table.teams_per_visit[source]
    return visits


def _best_day(
    world: CollectionWorld, column: Index, free: Index, source: int, days: Index
) -> int | None:
    """Return the day with the most teams left that keeps the gap and the year; None without."""
    table = world.drives
    room = free[days, table.region[source]]
    able = world.open[days, source] & (room >= table.teams_per_visit[source])
    before = world.visits_before[:, source]
    for day in days[able][np.argsort(-room[able], kind="stable")].tolist():
        if _rested(table, np.concatenate([before, column]), source, len(before) + day):
            return int(day)
    return None


def _rested(table: DriveTable, column: Index, source: int, day: int) -> bool:
    """Return whether one more visit on a day keeps the gap and the year of a source."""
    for length, most in (
        (int(table.gap_days[source]), int(table.organisations[source])),
        (365, int(table.most_per_year[source])),
    ):
        first = max(0, day - length + 1)
        near = column[first : day + length]
        if near.sum() < most:
            continue
        upto = np.concatenate([np.zeros(length, dtype=np.int64), np.cumsum(near)])
        inside = upto[length:] - upto[:-length]
        if inside[day - first :].max(initial=0) >= most:
            return False
    return True
