"""The solves of a plan: with and without transfers, and once more for what a unit is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.blood import label
from bloodsim.optimize.aims import Aims, asked_for
from bloodsim.optimize.caution import cautious
from bloodsim.optimize.problem import TransferPlan
from bloodsim.optimize.solver import (
    InfeasibleError,
    Limits,
    SolverError,
    SolverMissingError,
    Status,
)
from bloodsim.planning.clash import clashing_rows
from bloodsim.planning.search import Closed, Found, Search
from bloodsim.planning.sizes import Sized, sized
from bloodsim.planning.today import ProductToday

Floats = NDArray[np.floating]

STEP_UNITS = 10
"""Units more and fewer by which the value of a unit is confirmed."""
NEARLY = 0.9
"""Share of the highest price of a region from which on a group is nearly as dear (judgement)."""


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
class Fairness:
    """What fairness between regions costs, beside the same plan without it.

    Parameters
    ----------
    price_points, price_share : float, float or None
        Points more than without, and as a share of its cost (None if that is 0).
    worst_before, worst_after : str
        Region whose unmet share is largest without fairness, and with.
    share_before, share_after : float
        That share of what the region asks for over the horizon.
    """

    price_points: float
    price_share: float | None
    worst_before: str
    share_before: float
    worst_after: str
    share_after: float


@dataclass(frozen=True)
class Solved:
    """What was found for one product.

    Parameters
    ----------
    today : ProductToday
        The problem; with a budget of uncertainty, that of the cautious path.
    plan, without : TransferPlan
        The best plan, and the cheapest that can be done without transfers.
    worths : tuple of Worth
        Where a unit is worth most.
    n_rows, n_columns : int
        Size of the program.
    stages : mapping of str to float
        What each stage reached, in pieces (a share, where the stage is one); empty without stages.
    fairness : Fairness, optional
        What fairness costs.
    caution_points : float, optional
        What the plan's shipments cost on the expected path beyond the cheapest plan for it.
    """

    today: ProductToday
    plan: TransferPlan
    without: TransferPlan
    worths: tuple[Worth, ...]
    n_rows: int
    n_columns: int
    stages: Mapping[str, float] = field(default_factory=dict)
    fairness: Fairness | None = None
    caution_points: float | None = None


def solve(
    today: ProductToday,
    limits: Limits | None = None,
    headlines: int = 3,
    aims: Aims | None = None,
    firm_days: int = 7,
) -> Solved:
    """Plan one product.

    Raises
    ------
    NoPlanError
        With the solver's status, and the limits that clash.
    SolverMissingError
        PuLP or HiGHS is not installed.
    """
    aims = aims or Aims()
    if aims.robust_gamma:
        expected, today = today, on_cautious_path(today, aims.robust_gamma)
    search = Search.of(today, aims, limits)
    try:
        cheapest = search.start()
        first = search.best() if len(search.stages) > 1 else cheapest
        found = sized(search, first, today.firm_days(firm_days))
        without = _without_transfers(search, limits, np.ones_like(found.closed))
        unfair = cheapest
        if aims.fairness != "none" and aims.objective != "cost":
            unfair = _best(today, replace(aims, fairness="none"), limits)
        price = None
        if aims.robust_gamma:
            price = price_of_caution(expected, first.plan, limits)
    except InfeasibleError as error:
        said = tuple(
            f"{_row_in_words(name, today)} would have to give way by {excess / today.per_unit:,.1f}"
            for name, excess in clashing_rows(search.program)
        )
        raise NoPlanError(error.status, f"{today.product}: {error}", said) from error
    except SolverMissingError:
        raise
    except SolverError as error:
        raise NoPlanError(error.status, f"{today.product}: {error}") from error
    worths = _worths(today, search, found, headlines)
    return Solved(
        today=today,
        plan=replace(found.found.plan, prices=found.flows.plan.prices),
        without=without,
        worths=worths,
        n_rows=len(search.program.row_lower),
        n_columns=len(search.program.cost),
        stages=_reached(search, first),
        fairness=None if aims.fairness == "none" else fairness_of(today, unfair, first),
        caution_points=price,
    )


def _reached(search: Search, first: Found) -> dict[str, float]:
    if len(search.stages) == 1:
        return {}
    names = [stage.name for stage in search.stages]
    return dict(zip(names, first.reached, strict=True))


def on_cautious_path(today: ProductToday, gamma: float) -> ProductToday:
    """Return the problem with the requests of the cautious path."""
    ratio = today.variance_to_mean * today.per_unit
    return replace(today, state=cautious(today.state, today.network.slots, gamma, ratio))


def price_of_caution(expected: ProductToday, plan: TransferPlan, limits: Limits | None) -> float:
    """Return what a plan's shipments cost on the expected path beyond the cheapest (points)."""
    search = Search.of(expected, Aims(), limits)
    search.start()
    stands = search.best(transfers=plan.transfers)
    return stands.plan.objective - search.best().plan.objective


def _without_transfers(search: Search, limits: Limits | None, closed: Closed) -> TransferPlan:
    """Return the cheapest that can be done without transfers, whatever the stages are.

    Of the stages' own answers the cost would depend on what was asked for, for one and the same
    stock.
    """
    if len(search.stages) > 1:
        search = Search.of(search.today, Aims(), limits)
        search.start()
    return search.best(closed).plan


def _best(today: ProductToday, aims: Aims, limits: Limits | None) -> Found:
    """Return the best plan with shipments of any size."""
    search = Search.of(today, aims, limits)
    search.start()
    return search.best()


def unmet_shares(today: ProductToday, plan: TransferPlan) -> Floats:
    """Return what is lost or cancelled of what each region asks for (n_regions,)."""
    asked = asked_for(today.state)
    shares: Floats = plan.unmet.sum(axis=(0, 1, 3)) / np.where(asked > 0, asked, np.inf)
    return shares


def fairness_of(today: ProductToday, unfair: Found, fair: Found) -> Fairness:
    """Return what fairness costs; shipments of any size, so that only fairness differs."""
    before, after = (unmet_shares(today, found.plan) for found in (unfair, fair))
    names = today.network.regions
    return Fairness(
        price_points=fair.plan.objective - unfair.plan.objective,
        price_share=fair.plan.objective / unfair.plan.objective - 1
        if unfair.plan.objective
        else None,
        worst_before=names[int(before.argmax())],
        share_before=float(before.max()),
        worst_after=names[int(after.argmax())],
        share_after=float(after.max()),
    )


def _worths(today: ProductToday, search: Search, found: Sized, most: int) -> tuple[Worth, ...]:
    """Return the highest price of the single days in each of some regions, confirmed.

    Of groups that are nearly as dear, the one that is asked for most; groups of which a week asks
    for fewer units than the step are left out: ten more of them would mostly outdate.
    """
    days, plan = today.network.slots.length == 1, found.flows.plan
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
        more, fewer = (_objective(today, search, found, at, by) for by in (step, -step))
        gain = (plan.objective - more) / STEP_UNITS
        loss = (fewer - plan.objective) / STEP_UNITS
        worths.append(Worth(*at, float(prices[at]) * today.per_unit, gain, loss))
    return tuple(worths)


def _objective(
    today: ProductToday, search: Search, found: Sized, at: tuple[int, int, int], pieces: int
) -> float:
    """Return the cost of the best plan with so many pieces more received; NaN if there is none."""
    receipts = today.state.receipts.copy()
    receipts[at] += pieces
    try:
        return search.best(found.closed, replace(today.state, receipts=receipts)).plan.objective
    except SolverError:
        return float("nan")


def _row_in_words(name: str, today: ProductToday) -> str:
    """Return a row such as "young_balance[3,0,2]" as words."""
    block, _, where = name.partition("[")
    axes = [int(number) for number in where.rstrip("]").split(",") if number]
    network, said = today.network, block.replace("_", " ")
    regions, slot, group = network.regions, "", ""
    if block == "held":  # a stage
        return said
    if block == "vehicle_room":
        ends = network.origin[axes[0]], network.destination[axes[0]]
        return f"{said} ({regions[ends[0]]} to {regions[ends[1]]})"
    if len(axes) == 3:
        slot = f", day {int(network.slots.start[axes[0]])}"
        axes = axes[1:]
    elif block == "fairness":  # by part of a curve, and region
        axes = axes[-1:]
    if len(axes) == 2 and block != "universal_reserve":  # that counts the groups that others use
        group = f" {label(network.groups[axes[1]])}"
    return f"{said} ({regions[axes[0]]}{group}{slot})" if axes else said
