"""The solves of a plan: with and without transfers, and once more for what a unit is worth."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.blood import label
from bloodsim.optimize.problem import TransferPlan
from bloodsim.optimize.program import Program
from bloodsim.optimize.sides import sides_of
from bloodsim.optimize.solver import (
    InfeasibleError,
    Limits,
    Solver,
    SolverError,
    SolverMissingError,
    Status,
)
from bloodsim.optimize.transfers import TransferModel, plan_of
from bloodsim.planning.clash import clashing_rows
from bloodsim.planning.today import ProductToday

Floats = NDArray[np.floating]
Closed = NDArray[np.bool_]

SHARES_OF_SMALLEST = (0.25, 0.5)
"""Shares of the smallest shipment below which roads are closed first."""
MOST_ROUNDS = 12
"""Times that roads with too small shipments are closed and the rest planned again."""

STEP_UNITS = 10
"""Units more and fewer by which the value of a unit is confirmed."""
NEARLY = 0.9
"""Share of the highest price of a region from which on a group is nearly as dear (judgement)."""

_TINY = 1e-6


class NoPlanError(SolverError):
    """There is no plan to show: why, and which limits clash."""

    def __init__(self, status: Status, message: str, clashes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status, self.clashes = status, clashes


@dataclass(frozen=True)
class Worth:
    """What one more unit is worth at a place and time, by price and by solving again.

    Parameters
    ----------
    slot, region, group : int
        Where and when.
    price : float
        Points per unit, by the plan's shadow price.
    gain, loss : float
        Points per unit that `STEP_UNITS` more would save, and as many fewer would cost; NaN where
        there is no plan with fewer.
    """

    slot: int
    region: int
    group: int
    price: float
    gain: float
    loss: float


@dataclass(frozen=True)
class Solved:
    """What was found for one product.

    Parameters
    ----------
    today : ProductToday
        The problem.
    plan, without : TransferPlan
        The best plan, and the best that can be done without transfers.
    worths : tuple of Worth
        Where a unit is worth most.
    seconds : float
        Time from the problem to the plan.
    n_rows, n_columns : int
        Size of the program.
    """

    today: ProductToday
    plan: TransferPlan
    without: TransferPlan
    worths: tuple[Worth, ...]
    seconds: float
    n_rows: int
    n_columns: int


def solve(today: ProductToday, limits: Limits | None = None, headlines: int = 3) -> Solved:
    """Plan one product.

    Raises
    ------
    NoPlanError
        With the solver's status, and the limits that clash.
    SolverMissingError
        PuLP or HiGHS is not installed.
    """
    started = time.perf_counter()
    model = TransferModel(today.network)
    program = model.program(today.state)
    solver = Solver(program, limits, presolve=True)
    try:
        plan, closed = _of_size(today, model, solver, program)
        seconds = time.perf_counter() - started
        nothing = _upper(program, program.upper, np.ones_like(closed))
        without = plan_of(today.network, model.frame, solver.resolve(upper=nothing))
    except InfeasibleError as error:
        said = tuple(
            f"{_row_in_words(name, today)} would have to give way by {excess / today.per_unit:,.1f}"
            for name, excess in clashing_rows(program)
        )
        raise NoPlanError(error.status, f"{today.product}: {error}", said) from error
    except SolverMissingError:
        raise
    except SolverError as error:
        raise NoPlanError(error.status, f"{today.product}: {error}") from error
    worths = _worths(today, model, solver, plan, closed, headlines)
    return Solved(today, plan, without, worths, seconds, *program.matrix.shape)


def _of_size(
    today: ProductToday, model: TransferModel, solver: Solver, program: Program
) -> tuple[TransferPlan, Closed]:
    """Return the best plan found without shipments that are too small, and what it closes.

    Without sizes the problem is linear: its cost is a bound. Roads are closed in slots in which
    they would carry less than the smallest shipment, the least first, and the rest planned again;
    what that costs beyond the bound is the gap.
    """
    plan = plan_of(today.network, model.frame, solver.solve())
    bound = plan.objective - plan.gap * abs(plan.objective)
    first, closed = plan, np.zeros(plan.transfers.shape[:2], dtype=bool)
    for share in (*SHARES_OF_SMALLEST, *[1.0] * MOST_ROUNDS):
        carried = plan.transfers.sum(axis=2)
        small = (carried > _TINY) & (carried < share * today.smallest_pieces - _TINY)
        if not small.any():
            if share == 1:
                break
            continue
        closed |= small
        upper = _upper(program, program.upper, closed)
        plan = plan_of(today.network, model.frame, solver.resolve(upper=upper))
    if not closed.any():
        return plan, closed
    assert first.objective <= plan.objective + _TINY * abs(first.objective)
    gap = (plan.objective - bound) / max(abs(bound), _TINY)
    status = Status.OPTIMAL if gap <= solver.limits.gap else Status.FEASIBLE
    return replace(plan, status=str(status), gap=max(gap, 0.0)), closed


def _upper(program: Program, upper: Floats, closed: Closed) -> Floats:
    """Return upper bounds under which roads carry nothing in slots that are closed."""
    upper = upper.copy()
    upper[program.columns["transfer"][closed]] = 0
    return upper


def _worths(
    today: ProductToday,
    model: TransferModel,
    solver: Solver,
    plan: TransferPlan,
    closed: Closed,
    most: int,
) -> tuple[Worth, ...]:
    """Return the highest price of the single days in each of some regions, confirmed.

    Of groups that are nearly as dear, the one that is asked for most; groups of which a week asks
    for fewer units than the step are left out: ten more of them would mostly outdate.
    """
    days = today.network.slots.length == 1
    prices = np.where(days[:, None, None], plan.prices, 0)
    asked = 7 * today.network.normal >= STEP_UNITS * today.per_unit
    by_group = np.where(asked, prices.max(axis=0), 0)
    by_region = by_group.max(axis=1)
    chosen = np.argsort(-by_region, kind="stable")[:most]
    worths = []
    for region in chosen.tolist():
        if by_region[region] * today.per_unit < 1e-6:
            continue
        dear = by_group[region] >= NEARLY * by_region[region]
        group = int(np.where(dear, today.network.normal[region], -1).argmax())
        at = int(prices[:, region, group].argmax()), region, group
        step = STEP_UNITS * today.per_unit
        more, fewer = (
            _objective(today, model, solver, closed, at, pieces) for pieces in (step, -step)
        )
        gain = (plan.objective - more) / STEP_UNITS
        loss = (fewer - plan.objective) / STEP_UNITS
        worths.append(Worth(*at, float(prices[at]) * today.per_unit, gain, loss))
    return tuple(worths)


def _objective(
    today: ProductToday,
    model: TransferModel,
    solver: Solver,
    closed: Closed,
    at: tuple[int, int, int],
    pieces: int,
) -> float:
    """Return the cost of the best plan with so many pieces more received; NaN if there is none."""
    receipts = today.state.receipts.copy()
    receipts[at] += pieces
    state = replace(today.state, receipts=receipts)
    try:
        sides = sides_of(today.network, model.frame, state)
        sides = replace(sides, upper=_upper(model.frame, sides.upper, closed))
        return solver.resolve(**vars(sides)).objective
    except SolverError:
        return float("nan")


def _row_in_words(name: str, today: ProductToday) -> str:
    """Return a row such as "young_balance[3,0,2]" as words."""
    block, _, where = name.partition("[")
    axes = [int(number) for number in where.rstrip("]").split(",") if number]
    network = today.network
    said = block.replace("_", " ")
    if len(axes) >= 3:
        day = int(network.slots.start[axes[0]])
        group = network.groups[axes[2]] if axes[2] < len(network.groups) else str(axes[2])
        return f"{said} ({network.regions[axes[1]]} {label(group)}, day {day})"
    if len(axes) == 2:
        return f"{said} ({network.regions[axes[0]]} {label(network.groups[axes[1]])})"
    if len(axes) == 1 and axes[0] < len(network.regions):
        return f"{said} ({network.regions[axes[0]]})"
    return said
