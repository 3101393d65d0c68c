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

from bloodsim.optimize.added_donors import AddedDonors, add_steps, add_turned_away
from bloodsim.optimize.calendar_clash import explain
from bloodsim.optimize.calendar_rows import add_limits, add_terms_of_agreement
from bloodsim.optimize.drive_problem import WHOLE_BLOOD, DriveCalendar, DriveProblem
from bloodsim.optimize.pool_rows import add_pool, worth_of_donors
from bloodsim.optimize.program import Program, ProgramBuilder
from bloodsim.optimize.solver import InfeasibleError, Limits, NoSolutionError, Solution, Solver

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

LIMITS = Limits(gap=0.01, nodes=2_000)
"""A calendar stops within one percent or after so many nodes: both repeat exactly."""


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
    except (InfeasibleError, NoSolutionError) as error:
        reason = explain(problem, program)
        if reason is None:
            raise
        raise reason from error
    found = _calendar(problem, program, solution, added)
    if not prices:
        return found
    return replace(found, prices=_prices(program, limits or LIMITS))


def calendar_program(problem: DriveProblem) -> Program:
    """Return the program of a region, in cost (points lost) to be minimised."""
    return _built(problem)[0]


def _built(problem: DriveProblem) -> tuple[Program, AddedDonors]:
    builder = ProgramBuilder()
    visits = _add_visits(builder, problem)
    if not problem.n_candidates:
        builder.add_columns("nothing", (1,), upper=0)  # the solver wants a column
    add_limits(builder, problem, visits)
    away = add_turned_away(builder, problem, visits)
    added = AddedDonors(problem, visits, away)
    away_of = None if away is None else away.column[away.group]
    for number, lever in enumerate(problem.levers):
        added.lever(builder, number, lever)
    add_terms_of_agreement(builder, problem, visits, away_of, added.by_channel)
    added.capacities(builder)
    for pool in problem.pools:
        add_pool(builder, pool, added.repeat_gifts(builder, pool.gift))
    if problem.steps is not None:
        add_steps(builder, problem, added)
    return builder.build(), added


def _add_visits(builder: ProgramBuilder, problem: DriveProblem) -> Index:
    source, day = problem.candidate_source, problem.candidate_day
    worth = worth_of_donors(problem, WHOLE_BLOOD, day, problem.value, problem.repeat_share)
    cost = np.zeros(problem.n_candidates) if problem.visit_cost is None else problem.visit_cost
    return builder.add_columns(
        "visit",
        (problem.n_candidates,),
        cost=cost - worth * problem.donors,
        upper=problem.organisations[source],
        integer=True,
    )


def _calendar(
    problem: DriveProblem, program: Program, solution: Solution, added: AddedDonors
) -> DriveCalendar:
    """Read the calendar of a solution."""
    x, columns = solution.x, program.columns
    days = np.arange(problem.n_days)
    throttles, appeals, called = {}, {}, {}
    for number, lever in enumerate(problem.levers):
        if f"above_{number}" in columns:
            by_period = 1 + x[columns[f"above_{number}"]] - x[columns[f"below_{number}"]]
            throttles[lever.channel] = by_period[days // lever.period_days]
        if f"appeal_{number}" in columns:
            by_step = x[columns[f"appeal_{number}"]]
            appeals[lever.channel] = by_step.sum(axis=0)
            effect = np.array([effect for _, effect in lever.appeal_steps])
            called[lever.channel] = effect @ by_step * lever.donors
    eligible = {
        pool.gift: np.concatenate([pool.eligible, pool.eligible[:, -1:]], axis=1)
        - x[columns[f"missing_{pool.gift}"]]
        for pool in problem.pools
    }
    away: Floats = np.zeros(problem.n_candidates)
    if added.away is not None:
        come = problem.donors * x[columns["visit"]]
        group = added.away.group
        share = x[added.away.column] / np.maximum(np.bincount(group, come), 1e-9)
        away = come * share[group]
    return DriveCalendar(
        status=str(solution.status),
        gap=solution.gap,
        objective=0.0 - solution.objective,
        visits=x[columns["visit"]].astype(np.int64),
        turned_away=away,
        throttles=throttles,
        appeals=appeals,
        eligible=eligible,
        units=added.total_units(x),
        called=called,
    )


def _prices(program: Program, limits: Limits) -> dict[str, Floats]:
    """Return what one more of each limit is worth, were visits divisible."""
    answer = Solver(replace(program, integer=np.zeros_like(program.integer)), limits).solve()
    names = ("teams", "vehicles", "processing", "testing")
    return {name: -answer.row_price[program.rows[name]] for name in names if name in program.rows}
