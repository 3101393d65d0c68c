"""The donors that a calendar adds: visits, throttles and appeals, as terms of the program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.drive_problem import WHOLE_BLOOD, DriveProblem, Lever
from bloodsim.optimize.pool_rows import worth_of_donors
from bloodsim.optimize.program import ProgramBuilder

Floats = NDArray[np.floating]
Index = NDArray[np.integer]


@dataclass(frozen=True)
class TurnedAway:
    """Donors without room: one column for all candidates of a day that are worth the same.

    ``group`` (n_candidates,) says whose; ``day``, ``repeat`` and ``units`` (n_groups,) are the day,
    the share of repeat donors and units per donor.
    """

    column: Index
    group: Index
    day: Index
    repeat: Floats
    units: Floats


def add_turned_away(
    builder: ProgramBuilder, problem: DriveProblem, visits: Index
) -> TurnedAway | None:
    """Add donors without room, where there may be none.

    They lose what they are worth, and cost nothing if that is less than nothing; they still count
    in the steps of worth. So turning donors away never pays, and only want of room does it.
    """
    pool = problem.pool(WHOLE_BLOOD)
    if problem.processing is None and problem.testing is None and pool is None:
        return None
    day, repeat = problem.candidate_day, problem.repeat_share
    worth = worth_of_donors(problem, WHOLE_BLOOD, day, problem.value, repeat)
    counted = {source for term in problem.terms if term.least_donors > 0 for source in term.sources}
    alone = np.where(np.isin(problem.candidate_source, list(counted)), problem.candidate_source, -1)
    units = np.ones_like(worth) if problem.units_per_donor is None else problem.units_per_donor
    kinds = np.stack([day, alone, worth, repeat, units], axis=1)
    _, first, group = np.unique(kinds, axis=0, return_index=True, return_inverse=True)
    group = group.ravel()
    column = builder.add_columns("turned_away", first.shape, cost=np.maximum(worth[first], 0))
    rows = builder.add_rows("turned_away", first.shape, upper=0)
    builder.add_terms(rows, column, 1)
    builder.add_terms(rows[group], visits, -problem.donors)
    return TurnedAway(column, group, day[first], repeat[first], units[first])


class AddedDonors:
    """Donors that a plan adds, as terms: day, column, donors, repeat share, units, gift."""

    def __init__(self, problem: DriveProblem, visits: Index, away: TurnedAway | None) -> None:
        self.problem, self.away = problem, away
        self.day: list[Index] = []
        self.column: list[Index] = []
        self.donors: list[Floats] = []
        self.repeat: list[Floats] = []
        self.units: list[Floats] = []
        self.gift: list[str] = []
        self.by_channel: dict[str, list[tuple[Index, Index, Floats]]] = {}
        units = problem.units_per_donor
        self.add(
            WHOLE_BLOOD,
            problem.candidate_day,
            visits,
            problem.donors,
            problem.repeat_share,
            np.ones(len(visits)) if units is None else units,
        )

    def add(
        self, gift: str, day: Index, column: Index, donors: Floats, repeat: Floats, units: Floats
    ) -> None:
        """Add a block of columns, each bringing so many donors per unit of it on a day."""
        for store, value in (
            (self.day, day),
            (self.column, column),
            (self.donors, donors),
            (self.repeat, donors * repeat),
            (self.units, donors * units),
        ):
            store.append(np.broadcast_to(value, day.shape))
        self.gift.append(gift)

    def lever(self, builder: ProgramBuilder, number: int, lever: Lever) -> None:
        """Add the throttle and the appeals of a channel."""
        days = np.arange(self.problem.n_days)
        per_unit = np.asarray(lever.units_per_donor, dtype=float)
        if np.any(np.not_equal(lever.min_factor, lever.max_factor)):
            self._throttle(builder, number, lever, days, per_unit)
        if lever.appeal_max > 0:
            self._appeals(builder, number, lever, days, per_unit)

    def _throttle(
        self, builder: ProgramBuilder, number: int, lever: Lever, days: Index, per_unit: Floats
    ) -> None:
        period = days // lever.period_days
        n_periods = int(period[-1]) + 1
        donors = np.bincount(period, lever.donors, n_periods)
        each = worth_of_donors(self.problem, lever.gift, days, lever.value, lever.repeat_share)
        worth = np.bincount(period, lever.donors * each, n_periods)
        above = builder.add_columns(
            f"above_{number}",
            (n_periods,),
            cost=lever.above_cost * donors - worth,
            upper=np.asarray(lever.max_factor) - 1,
        )
        below = builder.add_columns(
            f"below_{number}", (n_periods,), cost=worth, upper=1 - np.asarray(lever.min_factor)
        )
        repeat = np.asarray(lever.repeat_share, dtype=float)
        for columns, sign in ((above, 1), (below, -1)):
            self._count(lever, columns[period], sign * lever.donors)
            self.add(lever.gift, days, columns[period], sign * lever.donors, repeat, per_unit)

    def _appeals(
        self, builder: ProgramBuilder, number: int, lever: Lever, days: Index, per_unit: Floats
    ) -> None:
        shape = (len(lever.appeal_steps), len(days))
        effect = np.array([effect for _, effect in lever.appeal_steps])[:, None]
        gained = effect * lever.donors
        each = worth_of_donors(self.problem, lever.gift, days, lever.value, 1.0)
        rise = builder.add_columns(
            f"appeal_{number}", shape, cost=gained * (lever.appeal_cost - each)
        )
        most = builder.add_rows(f"appeal_most_{number}", (len(days),), upper=lever.appeal_max)
        builder.add_terms(most, rise, 1)
        width = np.array([width for width, _ in lever.appeal_steps])
        window = min(lever.appeal_window_days, len(days))  # shorter ones at the start say nothing
        lasting = builder.add_rows(
            f"appeal_days_{number}",
            (shape[0], len(days) - window + 1),
            upper=(width * lever.appeal_max)[:, None],
        )
        for first in range(window):
            builder.add_terms(lasting, rise[:, first : len(days) - window + 1 + first], 1)
        for step in range(shape[0]):
            self._count(lever, rise[step], gained[step])
            self.add(lever.gift, days, rise[step], gained[step], np.asarray(1.0), per_unit)

    def total_units(self, x: Floats) -> Floats:
        """Return the units that a solution adds by day of collection."""
        total: Floats = np.zeros(self.problem.n_days)
        for day, column, units in zip(self.day, self.column, self.units, strict=True):
            np.add.at(total, day, x[column] * units)
        if self.away is not None:
            np.subtract.at(total, self.away.day, x[self.away.column] * self.away.units)
        return total

    def _count(self, lever: Lever, column: Index, donors: Floats) -> None:
        """Let donors count in the terms of their channel."""
        days = np.arange(self.problem.n_days)
        self.by_channel.setdefault(lever.channel, []).append((days, column, donors))

    def repeat_gifts(self, builder: ProgramBuilder, gift: str) -> Index:
        """Add a column for the repeat gifts of each day and return it (n_days,)."""
        shape = (self.problem.n_days,)
        gifts = builder.add_columns(f"repeat_gifts_{gift}", shape, lower=-np.inf)
        rows = builder.add_rows(f"repeat_gifts_{gift}", shape, 0, 0)
        builder.add_terms(rows, gifts, -1)
        for k, name in enumerate(self.gift):
            if name == gift:
                builder.add_terms(rows[self.day[k]], self.column[k], self.repeat[k])
        if self.away is not None and gift == WHOLE_BLOOD:
            builder.add_terms(rows[self.away.day], self.away.column, -self.away.repeat)
        return gifts

    def capacities(self, builder: ProgramBuilder) -> None:
        """Keep donors within what laboratories can take."""
        for name, room in (
            ("processing", self.problem.processing),
            ("testing", self.problem.testing),
        ):
            if room is None:
                continue
            rows = builder.add_rows(name, (self.problem.n_days,), upper=np.maximum(room, 0))
            for k, gift in enumerate(self.gift):
                if name == "testing" or gift == WHOLE_BLOOD:
                    builder.add_terms(rows[self.day[k]], self.column[k], self.donors[k])
            if self.away is not None:
                builder.add_terms(rows[self.away.day], self.away.column, -1)


def add_steps(builder: ProgramBuilder, problem: DriveProblem, added: AddedDonors) -> None:
    """Add units beyond the steps, each worth less than the donors' value says."""
    steps = problem.steps
    assert steps is not None
    shape = steps.units.shape
    beyond = builder.add_columns("beyond_step", shape, cost=steps.fall)
    rows = builder.add_rows("beyond_step", shape, upper=steps.units)
    builder.add_terms(rows, beyond, -1)
    for k in range(len(added.day)):
        day, column, units = added.day[k], added.column[k], added.units[k]
        inside = (steps.first_day[:, None] <= day) & (day <= steps.last_day[:, None])
        step, term = np.nonzero(inside)
        builder.add_terms(rows[step], column[term], units[term])
