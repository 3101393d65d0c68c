"""The donors that a calendar adds: visits, throttles and appeals, as terms of the program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.drive_problem import WHOLE_BLOOD, DriveProblem, Lever, Term
from bloodsim.optimize.program import ProgramBuilder

Floats = NDArray[np.floating]
Index = NDArray[np.integer]


@dataclass(frozen=True)
class TurnedAway:
    """Donors without room: one column for all candidates of a day that are worth the same.

    ``group`` (n_candidates,) says whose; ``first`` (n_groups,) is a candidate of each.
    """

    column: Index
    group: Index
    first: Index


def add_turned_away(
    builder: ProgramBuilder, problem: DriveProblem, visits: Index
) -> TurnedAway | None:
    """Add donors without room, where there may be none; sending away never pays."""
    pool = problem.pool(WHOLE_BLOOD)
    if problem.processing is None and problem.testing is None and pool is None:
        return None
    worth = problem.value.astype(float)
    if pool is not None:
        path = problem.pools[pool]
        charge = (path.shares @ path.charge)[problem.candidate_day] * problem.repeat_share
        worth = np.maximum(worth, charge)
    counted = {source for term in problem.terms if _counts_donors(term) for source in term.sources}
    alone = np.where(np.isin(problem.candidate_source, list(counted)), problem.candidate_source, -1)
    units = np.ones_like(worth) if problem.units_per_donor is None else problem.units_per_donor
    kinds = np.stack([problem.candidate_day, alone, worth, problem.repeat_share, units], axis=1)
    _, first, group = np.unique(kinds, axis=0, return_index=True, return_inverse=True)
    group = group.ravel()
    column = builder.add_columns("turned_away", first.shape, cost=worth[first])
    rows = builder.add_rows("turned_away", first.shape, upper=0)
    builder.add_terms(rows, column, 1)
    builder.add_terms(rows[group], visits, -problem.donors)
    return TurnedAway(column, group, first)


def _counts_donors(term: Term) -> bool:
    return term.least_donors > 0 or np.isfinite(term.most_donors)


class AddedDonors:
    """Donors that a plan adds, as terms: day, column, donors, repeat share, units, gift."""

    def __init__(self, problem: DriveProblem) -> None:
        self.problem = problem
        self.day: list[Index] = []
        self.column: list[Index] = []
        self.donors: list[Floats] = []
        self.repeat: list[Floats] = []
        self.units: list[Floats] = []
        self.gift: list[str] = []
        self.away: TurnedAway | None = None
        self.by_channel: dict[str, list[tuple[Index, Index, Floats]]] = {}

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

    def visits(self, visits: Index, away: TurnedAway | None) -> None:
        """Add the donors of visits, less those turned away."""
        problem = self.problem
        per_donor = problem.units_per_donor
        units = np.ones(problem.n_candidates) if per_donor is None else per_donor
        day, repeat = problem.candidate_day, problem.repeat_share
        self.add(WHOLE_BLOOD, day, visits, problem.donors, repeat, units)
        self.away = away
        if away is not None:
            one, first = np.full(len(away.first), -1.0), away.first
            self.add(WHOLE_BLOOD, day[first], away.column, one, repeat[first], units[first])

    def lever(self, builder: ProgramBuilder, number: int, lever: Lever) -> None:
        """Add the throttle and the appeals of a channel."""
        days = np.arange(self.problem.n_days)
        per_unit = np.asarray(lever.units_per_donor, dtype=float)
        if lever.min_factor != lever.max_factor:
            self._throttle(builder, number, lever, days, per_unit)
        if lever.appeal_max > 0:
            self._appeals(builder, number, lever, days, per_unit)

    def _throttle(
        self, builder: ProgramBuilder, number: int, lever: Lever, days: Index, per_unit: Floats
    ) -> None:
        period = days // lever.period_days
        n_periods = int(period[-1]) + 1
        donors = np.bincount(period, lever.donors, n_periods)
        worth = np.bincount(period, lever.donors * lever.value, n_periods)
        above = builder.add_columns(
            f"above_{number}",
            (n_periods,),
            cost=lever.above_cost * donors - worth,
            upper=lever.max_factor - 1,
        )
        below = builder.add_columns(
            f"below_{number}", (n_periods,), cost=worth, upper=1 - lever.min_factor
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
        rise = builder.add_columns(
            f"appeal_{number}", shape, cost=gained * (lever.appeal_cost - lever.value)
        )
        most = builder.add_rows(f"appeal_most_{number}", (len(days),), upper=lever.appeal_max)
        builder.add_terms(most, rise, 1)
        width = np.array([width for width, _ in lever.appeal_steps])
        lasting = builder.add_rows(
            f"appeal_days_{number}", shape, upper=(width * lever.appeal_max)[:, None]
        )
        for back in range(min(lever.appeal_window_days, len(days))):
            builder.add_terms(lasting[:, back:], rise[:, : len(days) - back], 1)
        for step in range(shape[0]):
            self._count(lever, rise[step], gained[step])
            self.add(lever.gift, days, rise[step], gained[step], np.asarray(1.0), per_unit)

    def total_units(self, x: Floats) -> Floats:
        """Return the units that a solution adds by day of collection."""
        total: Floats = np.zeros(self.problem.n_days)
        for day, column, units in zip(self.day, self.column, self.units, strict=True):
            np.add.at(total, day, x[column] * units)
        return total

    def _count(self, lever: Lever, column: Index, donors: Floats) -> None:
        """Let donors count in the terms of their channel."""
        days = np.arange(self.problem.n_days)
        self.by_channel.setdefault(lever.channel, []).append((days, column, donors))

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
