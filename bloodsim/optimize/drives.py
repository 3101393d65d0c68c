r"""Which drive when: the calendar of one region as a whole-number program.

.. math:: \max \sum_c (v_c (d_c x_c - a_c) - \kappa_c x_c) - \sum_{k,t} \lambda_{kt}\, n_{kt}
          - \sum_{k,t} p_t h_{kt} D_{kt} - \sum_j \delta_j z_j + \dots

Visits x of candidates c (source and day; 0 or 1 for an organisation, whole numbers for a pool of
them) bring d donors worth v each; a of them find no room. Donors called today are missing later:
:math:`D_{kt}` is how many fewer eligible donors segment k has than on the path without the plan,

.. math:: D_{k,t+1} = D_{kt} + n_{kt} - \phi_{k'} n_{k',t-I}, \qquad
          n_{kt} = w_k r_t - h_{kt} D_{kt}, \qquad
          r_t \le m \sum_k (E_{kt} - D_{kt}) - g_t

r the repeat gifts that the plan adds, h the gifts that a donor would have made anyway (worth p), E
and g eligible donors and repeat gifts of the path, I the interval. Gifts that no longer happen free
donors: both enter n, which pays :math:`\lambda`. Beyond steps of units, :math:`z` units are worth
:math:`\delta` less. Throttles and appeals add donors in proportion to the path of their channel;
appeals are repeat donors alone, and their effect falls in steps with the days they last.

Approximations: donors are expectations; what the plan takes out of the pool lowers the turnout of
the path, not that of the visits which it adds (those are only cut where the pool runs dry).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.calendar_clash import NoCalendarError, clashes_in_words
from bloodsim.optimize.calendar_rows import add_limits, add_terms_of_agreement
from bloodsim.optimize.drive_problem import (
    WHOLE_BLOOD,
    DonorPath,
    DriveCalendar,
    DriveProblem,
    Lever,
)
from bloodsim.optimize.program import Program, ProgramBuilder
from bloodsim.optimize.solver import InfeasibleError, Limits, Solution, Solver

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

LIMITS = Limits(gap=0.005, nodes=2_000)
"""A calendar stops at half a percent or after so many nodes: both repeat exactly."""


def plan_drives(
    problem: DriveProblem, limits: Limits | None = None, *, prices: bool = False
) -> DriveCalendar:
    """Place the drives of one region, with its throttles and appeals.

    Parameters
    ----------
    problem : DriveProblem
        The region.
    limits : Limits, optional
        When the solver stops; default `LIMITS`.
    prices : bool
        Whether to solve once more for what a team, vehicle or place is worth.

    Raises
    ------
    NoCalendarError
        No calendar keeps all terms: its ``clashes`` say which, and the smallest way out.
    SolverError
        The solver gave no plan.
    """
    program, added = _built(problem)
    solver = Solver(program, limits or LIMITS)
    try:
        solution = solver.solve()
    except InfeasibleError as error:
        raise NoCalendarError(
            "no calendar of drives keeps all terms", clashes_in_words(problem, program)
        ) from error
    found = _calendar(problem, program, solution, added)
    if not prices:
        return found
    return replace(found, prices=_prices(program, limits or LIMITS))


def calendar_program(problem: DriveProblem) -> Program:
    """Return the program of a region, in cost (points lost) to be minimised."""
    return _built(problem)[0]


def _built(problem: DriveProblem) -> tuple[Program, _Added]:
    builder, added = ProgramBuilder(), _Added(problem)
    visits = _add_visits(builder, problem)
    add_limits(builder, problem, visits)
    away = _add_turned_away(builder, problem, visits)
    added.visits(visits, away)
    for number, lever in enumerate(problem.levers):
        added.lever(builder, number, lever)
    add_terms_of_agreement(builder, problem, visits, away, added.by_channel)
    added.capacities(builder)
    for pool in problem.pools:
        _add_pool(builder, problem, pool, added)
    _add_first_time_credit(builder, problem, added)
    if problem.steps is not None:
        _add_steps(builder, problem, added)
    return builder.build(), added


def _add_visits(builder: ProgramBuilder, problem: DriveProblem) -> Index:
    source = problem.candidate_source
    cost = np.zeros(problem.n_candidates) if problem.visit_cost is None else problem.visit_cost
    return builder.add_columns(
        "visit",
        (problem.n_candidates,),
        cost=cost - problem.value * problem.donors,
        upper=problem.organisations[source],
        integer=True,
    )


def _add_turned_away(builder: ProgramBuilder, problem: DriveProblem, visits: Index) -> Index | None:
    """Add donors without room, where there may be none; sending away never pays."""
    pool = problem.pool(WHOLE_BLOOD)
    if problem.processing is None and problem.testing is None and pool is None:
        return None
    worth = problem.value.astype(float)
    if pool is not None:
        path = problem.pools[pool]
        charge = (path.shares @ path.charge)[problem.candidate_day] * problem.repeat_share
        worth = np.maximum(worth, charge)
    away = builder.add_columns("turned_away", visits.shape, cost=worth)
    rows = builder.add_rows("turned_away", visits.shape, upper=0)
    builder.add_terms(rows, away, 1)
    builder.add_terms(rows, visits, -problem.donors)
    return away


class _Added:
    """Donors that a plan adds, as terms: day, column, donors, repeat share, units, gift."""

    def __init__(self, problem: DriveProblem) -> None:
        self.problem = problem
        self.day: list[Index] = []
        self.column: list[Index] = []
        self.donors: list[Floats] = []
        self.repeat: list[Floats] = []
        self.units: list[Floats] = []
        self.gift: list[str] = []
        self.by_channel: dict[str, list[tuple[Index, Index, Floats]]] = {}

    def add(
        self, gift: str, day: Index, column: Index, donors: Floats, repeat: Floats, units: Floats
    ) -> None:
        for store, value in (
            (self.day, day),
            (self.column, column),
            (self.donors, donors),
            (self.repeat, donors * repeat),
            (self.units, donors * units),
        ):
            store.append(np.broadcast_to(value, day.shape))
        self.gift.append(gift)

    def visits(self, visits: Index, away: Index | None) -> None:
        problem = self.problem
        per_donor = problem.units_per_donor
        units = np.ones(problem.n_candidates) if per_donor is None else per_donor
        day, repeat = problem.candidate_day, problem.repeat_share
        self.add(WHOLE_BLOOD, day, visits, problem.donors, repeat, units)
        if away is not None:
            self.add(WHOLE_BLOOD, day, away, -np.ones(problem.n_candidates), repeat, units)

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


def _add_pool(
    builder: ProgramBuilder, problem: DriveProblem, pool: DonorPath, added: _Added
) -> None:
    """Add how many eligible donors are missing, what that costs, and that they do not run out."""
    n_segments, n_days = pool.eligible.shape
    hazard = np.zeros(pool.eligible.shape) if pool.hazard is None else pool.hazard
    value = np.zeros(n_days) if pool.natural_value is None else pool.natural_value
    retention = np.ones(n_segments) if pool.retention is None else pool.retention
    name = pool.gift
    # Net gifts, shares x gifts - hazard x missing, pay the charge: here is what each part pays.
    gifts = builder.add_columns(
        f"repeat_gifts_{name}", (n_days,), pool.shares @ pool.charge, lower=-np.inf
    )
    said = builder.add_rows(f"repeat_gifts_{name}", (n_days,), 0, 0)
    builder.add_terms(said, gifts, -1)
    for k, gift in enumerate(added.gift):
        if gift == name:
            builder.add_terms(said[added.day[k]], added.column[k], added.repeat[k])
    cost = np.concatenate([hazard * (value - pool.charge), np.zeros((n_segments, 1))], axis=1)
    free = np.where(np.arange(n_days + 1) == 0, 0.0, np.inf)  # nobody is missing on the first day
    missing = builder.add_columns(f"missing_{name}", cost.shape, cost, -free, free)
    balance = builder.add_rows(f"missing_{name}", (n_segments, n_days), 0, 0)
    builder.add_terms(balance, missing[:, 1:], 1)
    builder.add_terms(balance, missing[:, :-1], hazard - 1)
    builder.add_terms(balance, gifts, -pool.shares[:, None])
    late = pool.interval_days
    for segment in range(n_segments if late < n_days else 0):
        after, back = min(segment + 1, n_segments - 1), float(retention[segment])
        rows = balance[after, late:]
        builder.add_terms(rows, gifts[: n_days - late], back * pool.shares[segment])
        builder.add_terms(
            rows, missing[segment, : n_days - late], -back * hazard[segment, : n_days - late]
        )
    natural = np.zeros(n_days) if pool.natural is None else pool.natural
    room = pool.most_share * pool.eligible.sum(axis=0) - natural
    enough = builder.add_rows(f"pool_{name}", (n_days,), upper=np.maximum(room, 0))
    builder.add_terms(enough, gifts, 1)
    builder.add_terms(enough, missing[:, :-1], pool.most_share - hazard)


def _add_first_time_credit(builder: ProgramBuilder, problem: DriveProblem, added: _Added) -> None:
    for pool in problem.pools:
        if pool.first_time_credit is None:
            continue
        new = builder.add_columns(
            f"first_time_{pool.gift}",
            (problem.n_days,),
            cost=-pool.first_time_credit,
            lower=-np.inf,
        )
        rows = builder.add_rows(f"first_time_{pool.gift}", (problem.n_days,), 0, 0)
        builder.add_terms(rows, new, -1)
        for k, gift in enumerate(added.gift):
            if gift == pool.gift:
                first = added.donors[k] - added.repeat[k]
                builder.add_terms(rows[added.day[k]], added.column[k], first)


def _add_steps(builder: ProgramBuilder, problem: DriveProblem, added: _Added) -> None:
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


def _calendar(
    problem: DriveProblem, program: Program, solution: Solution, added: _Added
) -> DriveCalendar:
    """Read the calendar of a solution."""
    x, columns = solution.x, program.columns
    days = np.arange(problem.n_days)
    throttles, appeals = {}, {}
    for number, lever in enumerate(problem.levers):
        if f"above_{number}" in columns:
            by_period = 1 + x[columns[f"above_{number}"]] - x[columns[f"below_{number}"]]
            throttles[lever.channel] = by_period[days // lever.period_days]
        if f"appeal_{number}" in columns:
            appeals[lever.channel] = x[columns[f"appeal_{number}"]].sum(axis=0)
    eligible = {
        pool.gift: np.concatenate([pool.eligible, pool.eligible[:, -1:]], axis=1)
        - x[columns[f"missing_{pool.gift}"]]
        for pool in problem.pools
    }
    away: Floats = np.zeros(problem.n_candidates)
    if "turned_away" in columns:
        away = x[columns["turned_away"]]
    return DriveCalendar(
        status=str(solution.status),
        gap=solution.gap,
        objective=-solution.objective,
        visits=x[columns["visit"]].astype(np.int64),
        turned_away=away,
        throttles=throttles,
        appeals=appeals,
        eligible=eligible,
        units=added.total_units(x),
    )


def _prices(program: Program, limits: Limits) -> dict[str, Floats]:
    """Return what one more of each limit is worth, were visits divisible."""
    answer = Solver(replace(program, integer=np.zeros_like(program.integer)), limits).solve()
    names = ("teams", "vehicles", "processing", "testing")
    return {name: -answer.row_price[program.rows[name]] for name in names if name in program.rows}
