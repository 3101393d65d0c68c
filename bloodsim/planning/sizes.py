"""Shipments of allowed size: small ones planned again, whole lots in the firm days."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.program import Program, ProgramBuilder
from bloodsim.optimize.solver import Limits, Solver, SolverError, Status
from bloodsim.planning.search import Found, Search

Floats = NDArray[np.floating]
Closed = NDArray[np.bool_]

SHARES_OF_SMALLEST = (0.25, 0.5)
"""Shares of the smallest shipment below which roads are closed first."""
MOST_ROUNDS = 12
"""Times that roads with too small shipments are closed and the rest planned again."""
MOST_WHOLE = 160
"""Shipments by group that are made whole lots by search; of the slots after them, by rounding."""
POLISH = Limits(gap=1e-3, nodes=40)
"""When the search for whole lots stops: a count of nodes, so that it repeats exactly."""

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
    """
    smallest, flows = search.today.smallest_pieces, first
    bound = first.plan.objective - first.plan.gap * abs(first.plan.objective)
    closed = np.zeros(first.plan.transfers.shape[:2], dtype=bool)
    for share in (*SHARES_OF_SMALLEST, *[1.0] * MOST_ROUNDS):
        carried = flows.plan.transfers.sum(axis=2)
        small = (carried > _TINY) & (carried < share * smallest - _TINY)
        if not small.any():
            if share == 1:
                break
            continue
        closed |= small
        flows = search.best(closed)
    whole = _whole(search, flows, closed, firm_slots)
    return Sized(_within(search, whole, bound), _within(search, flows, bound), closed)


def _within(search: Search, found: Found, bound: float) -> Found:
    """Return the plan with its distance from the bound."""
    plan = found.plan
    gap = max((plan.objective - bound) / max(abs(bound), _TINY), 0.0)
    if gap <= plan.gap:
        return found
    status = Status.OPTIMAL if gap <= search.solver.limits.gap else Status.FEASIBLE
    return replace(found, plan=replace(plan, status=str(status), gap=gap))


def _whole(search: Search, flows: Found, closed: Closed, firm_slots: int) -> Found:
    """Return the plan with whole lots in the first slots; as it is where none is found.

    Roads that carry nothing there stay so. Plans in stages are left to rounding: whole lots would
    undo what the stages hold.
    """
    today, sent = search.today, flows.plan.transfers
    going = sent > _TINY
    upto = np.cumsum(going[:firm_slots].sum(axis=(1, 2)))
    slots = max(1, int((upto <= MOST_WHOLE).sum()))
    off = np.abs(sent[:slots] / today.lot_pieces - np.round(sent[:slots] / today.lot_pieces))
    if len(search.stages) > 1 or not (off > _TINY).any():
        return flows
    program = _in_lots(search, going[:slots], closed)
    try:
        lots = Solver(program, POLISH).solve()
        fixed = np.full(sent.shape, np.nan)
        chosen = lots.x[program.columns["transfer"]][:slots]
        fixed[:slots] = np.round(chosen / today.lot_pieces) * today.lot_pieces
        return search.best(closed, transfers=fixed)
    except SolverError:
        return flows


def _in_lots(search: Search, going: Closed, closed: Closed) -> Program:
    """Return the program in which what goes in the first slots goes in lots, of allowed size."""
    today, old = search.today, search.program
    upper, sent = old.upper.copy(), old.columns["transfer"]
    upper[sent[closed]] = 0
    roads = going.any(axis=2)
    upper[sent[: len(going)][~roads]] = 0
    builder = ProgramBuilder.of(replace(old, upper=upper))
    carrying = sent[: len(going)][roads]
    most = max(1, today.largest_pieces // today.lot_pieces)
    lots = builder.add_columns("lots", carrying.shape, upper=most, integer=True)
    rows = builder.add_rows("whole_lots", carrying.shape, 0, 0)
    builder.add_terms(rows, carrying, 1)
    builder.add_terms(rows, lots, -today.lot_pieces)
    goes = builder.add_columns("goes", (len(carrying),), upper=1, integer=True)
    for name, size, sign in (
        ("smallest", today.smallest_pieces, 1),
        ("largest", today.largest_pieces, -1),
    ):
        rows = builder.add_rows(name, (len(carrying),), lower=0)
        builder.add_terms(rows[:, None], carrying, sign)
        builder.add_terms(rows, goes, -sign * size)
    return builder.build()
