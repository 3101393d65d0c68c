r"""From visits a week to visits on days: whole ones, within teams, gaps and open days.

Where a province is visited in team-days (pools of similar organisations), each source follows its
weekly plan at an even pace: no day is more than about half a visit from it. Named organisations
are few and rest long after a visit, so that such a pace bunches and falls behind, and what was
agreed with them has to be kept: there a whole-number program (`bloodsim.optimize.drives`) places
the visits of the region.

.. math:: \min \sum_w \Big| \sum_{k \le w} u_k - U_w \Big|

with the donors u of the visits of week k, and U those of the weekly plan by week w. As
:math:`|a| = -a + 2 \max(a, 0)`, a donor of week k is worth as many points as there are weeks from k
on, and 2 points less for every week at whose end it lies beyond the plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.drive_table import DayRoom, DriveTable
from bloodsim.optimize.drive_problem import DriveProblem, Term, ValueSteps
from bloodsim.optimize.drives import plan_drives
from bloodsim.optimize.promise_rows import donors_asked
from bloodsim.optimize.solver import Limits, NoSolutionError
from bloodsim.planning_paths import CollectionWorld

Floats = NDArray[np.floating]
Index = NDArray[np.integer]
Visits = NDArray[np.int64]

_NODES = 50
"""Nodes of the search of one region: it repeats exactly."""
_CLOSE_ENOUGH = 0.1
"""Mean distance from the weekly plan, in visits, at which the search stops."""


@dataclass(frozen=True)
class WeeklyPlan:
    """What is to become whole visits.

    Parameters
    ----------
    visits : float array (n_weeks, n_sources)
        Planned visits.
    starts : int array (n_weeks,)
        First days of the weeks.
    donors : float array (n_days, n_sources)
        Donors expected to give at a visit.
    donors_by_week : float array (n_weeks, n_sources)
        Their mean over the open days of each week.
    taken : float array (n_days, n_regions)
        Donors expected at sessions, who need laboratories too.
    stands : int array (n_days, n_sources)
        An earlier calendar.
    until : int
        First day on which it does not stand any more.
    """

    visits: Floats
    starts: Index
    donors: Floats
    donors_by_week: Floats
    taken: Floats
    stands: Index
    until: int

    def committed(self) -> Visits:
        """Return the visits that stand (n_days, n_sources)."""
        visits = np.zeros(self.stands.shape, dtype=np.int64)
        visits[: self.until] = self.stands[: self.until]
        return visits


def place(world: CollectionWorld, plan: WeeklyPlan) -> Visits:
    """Return whole visits (n_days, n_sources) as near to a weekly plan as the rules allow.

    Raises
    ------
    NoCalendarError
        No calendar keeps the promises of a region: which clash, and the smallest way out.
    NoSolutionError
        None was found that keeps them.
    """
    visits, table = _paced(world, plan), world.drives
    promised = {table.region[promise.sources[0]] for promise in world.promises}
    for region in np.unique(table.region).tolist():
        own = np.flatnonzero(table.region == region)
        if (table.organisations[own] > 1).all() and region not in promised and world.room is None:
            continue
        try:
            searched = _searched(world, plan, region, own)
        except NoSolutionError:  # out of nodes: what is paced will do, if it keeps all promises
            if not _kept(world, plan, own, visits):
                raise
            continue
        paced_well = _apart(plan, own, visits) <= _apart(plan, own, searched)
        if not (paced_well and _kept(world, plan, own, visits)):
            visits[:, own] = searched[:, own]
    return visits


# --- whole numbers --------------------------------------------------------------------------------


def _searched(world: CollectionWorld, plan: WeeklyPlan, region: int, own: Index) -> Visits:
    """Return visits whose region's own are placed by the whole-number program."""
    problem = _problem(world, plan, region, own)
    close = _CLOSE_ENOUGH * len(plan.starts) * float(plan.donors[:, own].mean())
    found = plan_drives(problem, Limits(gap=0.0, nodes=_NODES, gap_points=max(close, 1e-6)))
    visits = plan.committed()
    at = problem.candidate_day, own[problem.candidate_source]
    np.add.at(visits, at, found.visits)
    return visits


def _problem(world: CollectionWorld, plan: WeeklyPlan, region: int, own: Index) -> DriveProblem:
    """Return the program of a region: donors count as units, for all of its gifts are alike."""
    table, n_days = world.drives, len(world.open)
    committed = plan.committed()[:, own]
    ahead = world.open[:, own] & (np.arange(n_days) >= plan.until)[:, None]
    day, source = np.nonzero(ahead)
    ends = np.append(plan.starts[1:], n_days) - 1
    week = np.searchsorted(ends, day)
    later = ends >= plan.until
    room = None
    if world.room is not None:
        held = (committed * plan.donors[:, own]).sum(axis=1)
        room = np.maximum(world.room[:, region] - plan.taken[:, region] - held, 0)
    return DriveProblem.of_region(
        table,
        region,
        ahead,
        donors=plan.donors[day, own[source]],
        value=(len(ends) - week).astype(float),
        repeat_share=np.zeros(len(day)),
        committed=committed.T,
        past=world.visits_before[:, own].T,
        terms=_terms(world, plan, own),
        processing=room,
        steps=ValueSteps(
            np.full(int(later.sum()), plan.until),
            ends[later],
            np.maximum(_due(plan, own)[later], 0),
            np.full(int(later.sum()), 2.0),
        ),
        first_date=world.first_date,
    )


def _terms(world: CollectionWorld, plan: WeeklyPlan, own: Index) -> tuple[Term, ...]:
    """Return the promises of a region, less what is committed."""
    terms, stands = [], plan.committed()
    for promise in world.promises:
        sources = np.flatnonzero(np.isin(own, promise.sources))
        if not len(sources):
            continue
        held = promise.within(stands)
        given = float((held * promise.within(plan.donors)).sum())
        least = donors_asked(world, promise, plan.stands, plan.donors, plan.taken)
        terms.append(
            Term(
                promise.name,
                tuple(sources.tolist()),
                promise.first_day,
                promise.last_day,
                least_visits=max(0.0, promise.least_visits - int(held.sum())),
                least_donors=max(0.0, least - given),
            )
        )
    return tuple(terms)


def _due(plan: WeeklyPlan, own: Index) -> Floats:
    """Return the donors that the weekly plan has after each week, less committed ones."""
    planned = np.cumsum((plan.visits * plan.donors_by_week)[:, own].sum(axis=1))
    held = (plan.stands[: plan.until] * plan.donors[: plan.until])[:, own].sum()
    return planned - float(held)


def _apart(plan: WeeklyPlan, own: Index, visits: Visits) -> float:
    """Return by how many donor-weeks visits are ahead of the weekly plan or behind it."""
    placed = (visits * plan.donors)[:, own].sum(axis=1)
    placed[: plan.until] = 0
    upto = np.cumsum(np.add.reduceat(placed, plan.starts))
    later = np.append(plan.starts[1:], len(placed)) > plan.until
    return float(np.abs(upto - _due(plan, own))[later].sum())


def _kept(world: CollectionWorld, plan: WeeklyPlan, own: Index, visits: Visits) -> bool:
    """Whether visits keep the promises of a region, and its laboratories have room."""
    for promise in world.promises:
        if promise.sources[0] not in own:
            continue
        held = promise.within(visits)
        least = donors_asked(world, promise, plan.stands, plan.donors, plan.taken)
        given = float((held * promise.within(plan.donors)).sum())
        if held.sum() < promise.least_visits or given < least - 1e-6:
            return False
    if world.room is None:
        return True
    region = int(world.drives.region[own[0]])
    come = (visits * plan.donors)[:, own].sum(axis=1)
    over = (come > world.room[:, region] - plan.taken[:, region]) & (come > 0)
    return not over[plan.until :].any()


# --- an even pace ---------------------------------------------------------------------------------


def _paced(world: CollectionWorld, plan: WeeklyPlan) -> Visits:
    """Return visits each of whose sources follows its own weekly plan.

    Week by week every source is due what is planned so far less what was placed; each visit takes
    the open day of the week with the most teams left, the earliest of like ones. What finds no day
    stays due.
    """
    by_week, starts, until = plan.visits, plan.starts, plan.until
    table, n_days = world.drives, len(world.open)
    visits = plan.committed()
    room = DayRoom(table, visits)
    ends = np.append(starts[1:], n_days)
    planned = np.cumsum(by_week, axis=0)
    for week, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        days = np.arange(max(start, until), end)
        if not len(days):
            continue
        for source in range(visits.shape[1]):
            due = int(np.floor(planned[week, source] - visits[:, source].sum() + 0.5 + 1e-9))
            for _ in range(due):
                day = _best_day(world, visits[:, source], room, source, days)
                if day is None:
                    break
                visits[day, source] += 1
                room.take(day, source)
    return visits


def _best_day(
    world: CollectionWorld, column: Index, room: DayRoom, source: int, days: Index
) -> int | None:
    """Return the day with the most teams left that keeps the gap and the year; None without."""
    table = world.drives
    able = world.open[days, source] & (room.visits(days, source) > 0)
    left = room.teams(days, source)
    before = world.visits_before[:, source]
    for day in days[able][np.argsort(-left[able], kind="stable")].tolist():
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
