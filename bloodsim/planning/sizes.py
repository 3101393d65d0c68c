"""Shipments of allowed size: small ones planned again, whole lots in the firm days."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.program import Program, ProgramBuilder
from bloodsim.optimize.solver import Limits, Solver, SolverError, Status
from bloodsim.planning.lots import whole_lots
from bloodsim.planning.search import Found, Search

Floats = NDArray[np.floating]
Closed = NDArray[np.bool_]

SHARES_OF_SMALLEST = (0.25, 0.5)
"""Shares of the smallest shipment below which roads are closed first."""
MOST_ROUNDS = 12
"""Times that roads with too small shipments are closed and the rest planned again."""
MOST_SEARCHED = 600
"""Whole numbers up to which lots are searched for; of larger plans they are but rounded."""
SEARCH = Limits(gap=1e-4, nodes=200)
"""When that search stops: a count of nodes, so that it repeats exactly."""

_TINY = 1e-6


@dataclass(frozen=True)
class Sized:
    """A plan whose shipments can be sent.

    Parameters
    ----------
    found : Found
        The plan.
    flows : Found
        The plan before whole lots: what prices are read from, which have none in whole numbers.
    closed : bool array (n_slots, n_arcs)
        Roads that would carry too little.
    """

    found: Found
    flows: Found
    closed: Closed


def sized(search: Search, first: Found, firm_slots: int) -> Sized:
    """Return the best plan found without shipments that are too small.

    Without sizes the problem is linear: its cost, of *first*, is a bound. Roads are closed in slots
    in which they would carry less than the smallest shipment, the least first, and the rest planned
    again; then lots are made whole in the firm slots. What that costs beyond the bound is the gap.
    Plans in stages keep parts of lots, which are cut: whole lots would undo what the stages hold.
    """
    bound = first.plan.objective - first.plan.gap * abs(first.plan.objective)
    nothing = np.zeros(first.plan.transfers.shape[:2], dtype=bool)
    flows, closed = _without_small(search, first, nothing)
    whole = flows
    if len(search.stages) == 1 and (closed.any() or _in_parts(search, flows, firm_slots)):
        lots, proved = _searched(search, firm_slots)
        bound = max(bound, proved)
        tried = [_rounded(search, flows, closed, firm_slots)]
        if lots is not None:
            found = _fixed(search, closed, lots)
            tried.append(found and _without_small(search, found, closed, lots)[0])
        plans = [found for found in tried if found is not None]
        whole = min(plans, key=lambda found: found.plan.objective, default=flows)
    return Sized(_within(whole, bound, search.solver.limits.gap), flows, closed)


def _without_small(
    search: Search, found: Found, closed: Closed, transfers: Floats | None = None
) -> tuple[Found, Closed]:
    """Return the plan without shipments that are too small, and what was closed for it."""
    smallest = search.today.smallest_pieces
    for share in (*SHARES_OF_SMALLEST, *[1.0] * MOST_ROUNDS):
        carried = found.plan.transfers.sum(axis=2)
        small = (carried > _TINY) & (carried < share * smallest - _TINY)
        if not small.any():
            if share == 1:
                break
            continue
        closed = closed | small
        found = search.best(closed, transfers=transfers)
    return found, closed


def _in_parts(search: Search, flows: Found, slots: int) -> bool:
    lots = flows.plan.transfers[:slots] / search.today.lot_pieces
    return bool((np.abs(lots - np.round(lots)) > _TINY).any())


def _within(found: Found, bound: float, allowed: float) -> Found:
    """Return the plan with its distance from the bound."""
    plan = found.plan
    gap = max((plan.objective - bound) / max(abs(bound), _TINY), 0.0)
    if gap <= plan.gap:
        return found
    status = Status.OPTIMAL if gap <= allowed else Status.FEASIBLE
    return replace(found, plan=replace(plan, status=str(status), gap=gap))


def _rounded(search: Search, flows: Found, closed: Closed, slots: int) -> Found | None:
    """Round slot after slot to whole lots, the rest planned again each time.

    To the nearest lots, or so that a shipment stays below its flow, whichever costs less; where
    neither can be sent each group stays below its flow, or nothing goes.
    """
    lot, found = search.today.lot_pieces, flows
    fixed = np.full(flows.plan.transfers.shape, np.nan)
    for slot in range(slots):
        wanted = found.plan.transfers[slot]
        if not (wanted > _TINY).any():
            fixed[slot] = 0
            continue
        free = np.full(wanted.shape[1], np.inf)
        nearest = np.round(wanted / lot) * lot
        within = np.stack([whole_lots(flow, free, lot) for flow in wanted]).astype(float)
        below = np.floor((wanted + _TINY) / lot) * lot
        tried: list[Found] = []
        for choice in (nearest, within, below, np.zeros_like(below)):
            if tried and choice is below:
                break
            fixed[slot] = np.where(_may_go(search, choice)[:, None], choice, 0)
            one = _fixed(search, closed, fixed)
            if one is not None:
                tried.append(one)
        if not tried:
            return None
        found = min(tried, key=lambda each: each.plan.objective)
        fixed[slot] = np.round(found.plan.transfers[slot] / lot) * lot
    return _without_small(search, found, closed, fixed)[0]


def _may_go(search: Search, pieces: Floats) -> NDArray[np.bool_]:
    """Whether shipments (n_arcs, n_groups) are of allowed size."""
    total = pieces.sum(axis=1)
    allowed: NDArray[np.bool_] = (total >= search.today.smallest_pieces) & (
        total <= search.today.largest_pieces
    )
    return allowed


def _fixed(search: Search, closed: Closed, transfers: Floats) -> Found | None:
    """Return the best plan around shipments that stand, if there is one."""
    try:
        return search.best(closed, transfers=transfers)
    except SolverError:
        return None


def _searched(search: Search, slots: int) -> tuple[Floats | None, float]:
    """Search for whole lots of allowed size in the first slots of a small plan.

    Returns what leaves then (NaN: later), if anything was found, and a bound of every such plan.
    """
    sent = search.program.columns["transfer"]
    if sent[:slots].size + sent[:slots, :, 0].size > MOST_SEARCHED:
        return None, -np.inf
    program = _in_lots(search, slots)
    try:
        found = Solver(program, SEARCH).solve()
    except SolverError:
        return None, -np.inf
    lot, lots = search.today.lot_pieces, np.full(sent.shape, np.nan)
    lots[:slots] = np.round(found.x[sent[:slots]] / lot) * lot
    return lots, found.objective - found.gap * abs(found.objective)


def _in_lots(search: Search, slots: int) -> Program:
    """Return the program in which what goes in the first slots goes in lots, of allowed size."""
    today = search.today
    sent = search.program.columns["transfer"][:slots]
    builder = ProgramBuilder.of(search.program)
    most = max(1, today.largest_pieces // today.lot_pieces)
    lots = builder.add_columns("lots", sent.shape, upper=most, integer=True)
    rows = builder.add_rows("whole_lots", sent.shape, 0, 0)
    builder.add_terms(rows, sent, 1)
    builder.add_terms(rows, lots, -today.lot_pieces)
    goes = builder.add_columns("goes", sent.shape[:2], upper=1, integer=True)
    for name, size, sign in (
        ("smallest", today.smallest_pieces, 1),
        ("largest", today.largest_pieces, -1),
    ):
        rows = builder.add_rows(name, sent.shape[:2], lower=0)
        builder.add_terms(rows[..., None], sent, sign)
        builder.add_terms(rows, goes, -sign * size)
    return builder.build()
