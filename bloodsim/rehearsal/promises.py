"""What a calendar has to keep: visits agreed with organisations, quotas, and month plans."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.drive_world import visits_that_fit
from bloodsim.model.span import applies
from bloodsim.model.world import World
from bloodsim.planning_paths import Promise
from bloodsim.scenario.organisations import Organisation
from bloodsim.scenario.resources import MonthPlan

Floats = NDArray[np.floating]


def visits_due(
    organisation: Organisation,
    donors_per_visit: float,
    done: float,
    came: float,
    later: int,
    unseen_share: float = 0.0,
) -> int:
    """Return the visits of this calendar year that the days of a plan have to hold.

    Parameters
    ----------
    organisation : Organisation
        What was agreed: ``min_visits`` and ``quota`` of a year.
    donors_per_visit : float
        Donors expected to give at a visit.
    done, came : float
        Visits of the year outside the plan's days, and the donors who came to them.
    later : int
        Visits that fit in the rest of the year, after the plan.
    unseen_share : float
        Part of the year of which nothing is known: it has held its even part, rounded up.
    """
    due = organisation.min_visits - done - math.ceil(organisation.min_visits * unseen_share - 1e-9)
    if organisation.quota:
        missing = organisation.quota * (1 - unseen_share) - came
        due = max(due, missing / max(donors_per_visit, 1e-9))
    return max(0, math.ceil(due - 1e-9) - later)


def share_of_year_before(day: date, year: int) -> float:
    """Return the part of a calendar year that lies before a day."""
    return min(1.0, max(0, (day - date(year, 1, 1)).days) / 365)


def promises_of(world: World) -> tuple[Promise, ...]:
    """Return what a calendar of the scored days has to keep.

    Of what an organisation was promised for a calendar year, the days before the run are taken to
    have held their even part. Months that are planned keep the donors of the default calendar,
    whose means follow the plan.
    """
    return () if world.drives is None else (*_agreed(world), *planned_months(world))


def _agreed(world: World) -> Iterator[Promise]:
    assert world.drives is not None
    table, first = world.drives.table, world.score_first
    start, end = world.date(first), world.date(world.n_days - 1)
    for source, name in enumerate(table.names):
        organisation = world.scenario.resources.organisations.get(name)
        if organisation is None:
            continue
        each = float(table.donors_per_visit[source])
        for year in range(start.year, end.year + 1):
            begins, ends = date(year, 1, 1), date(year, 12, 31)
            before = _held(world, source, begins)
            least = visits_due(
                organisation,
                each,
                before,
                each * before,
                visits_that_fit(world.scenario, organisation, end + timedelta(days=1), ends),
                share_of_year_before(world.date(0), year),
            )
            if least > 0:
                yield Promise(
                    f"visits due to '{name}' in {year}",
                    (source,),
                    max(0, (begins - start).days),
                    min((end - start).days, (ends - start).days),
                    least_visits=least,
                )


def _held(world: World, source: int, begins: date) -> int:
    """Return the default calendar's visits of a year before the first scored day."""
    assert world.drives is not None
    from_day = max(0, (begins - world.date(0)).days)
    return int(world.drives.calendar[from_day : world.score_first, source].sum())


def planned_months(world: World) -> Iterator[Promise]:
    """Yield the months of the scored days that are planned, by region."""
    assert world.drives is not None
    table = world.drives.table
    dates = [world.date(day) for day in range(world.score_first, world.n_days)]
    for plan in world.scenario.resources.plans:
        chosen = [
            (not plan.channels or channel in plan.channels)
            and (not plan.regions or world.regions[region] in plan.regions)
            for channel, region in zip(table.channel, table.region, strict=True)
        ]
        for region in np.unique(table.region[chosen]).tolist():
            own = np.flatnonzero(np.array(chosen) & (table.region == region))
            for days in _planned(plan, dates):
                yield Promise(
                    f"donors planned for {dates[days[0]]:%Y-%m} in {world.regions[region]}",
                    tuple(own.tolist()),
                    days[0],
                    days[-1],
                    as_usual=True,
                )


def _planned(plan: MonthPlan, dates: list[date]) -> Iterator[list[int]]:
    """Yield the days of each planned month."""
    found: dict[tuple[int, int], list[int]] = {}
    dated = applies(dates, plan.from_date, plan.to_date)
    for number, day in enumerate(dates):
        if dated[number] and plan.year in (None, day.year) and day.month in plan.months:
            found.setdefault((day.year, day.month), []).append(number)
    yield from found.values()


def room_of_laboratories(world: World) -> Floats | None:
    """Return the donors whom the laboratories of each region can take (n_days, n_regions).

    From the first scored day on; None where no day has a limit.
    """
    if world.resources.processing is None:
        return None
    return world.resources.processing[world.score_first : world.n_days].astype(float)


def taken_by_sessions(world: World, days: slice) -> Floats:
    """Return whole-blood donors expected at sessions, drives left out (n_days, n_regions)."""
    total: Floats = np.zeros((len(range(*days.indices(world.n_days))), world.n_regions))
    for channel in world.channels:
        if channel.gift == "whole_blood":
            gives = (1 - channel.no_show_share) * (1 - channel.deferral_share)
            total += channel.invited_mean[days] * gives
    return total
