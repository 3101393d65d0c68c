"""Orders and transfers together, as a sample-average linear program of a small network.

Today's transfers y and orders q are decided before today's requests d are known; *scenarios* of
them are drawn from what planners know. In each of them stock is used, next morning's transfers w
answer to what is left, and what is then on hand is worth what it saves on that day, by the
distribution of its requests (a convex curve per region, so that w does not know them either):

    minimise  sum_a c_a y_a + sum_i c_o q_i + sum_i spoilage_i(stock by life, y, q)
              + 1/N sum_s [ h e_is + p (d_is - u_is) + sum_a c_a w_as + curve_i(x_is) ]
    with      u_is + e_is = stock_i + y_in - y_out,     u_is <= d_is
              x_is = e_is + due_i + q_i + w_in - w_out

Where orders take longer than to the next morning the sampled days are as many as they take, and
transfers between them know the sample. The curve of the last day: each unit saves a shortage (p)
with the probability that it is asked for, else it is held (h) and saves an order (c_o). Spoilage is
the expected outdates of units with few days left, oldest first, if no later transfer saves them;
of all that is on hand, due and ordered, what requests until it outdates may not need costs an
outdate, or the way to another region where a road leads there. Prices are in points per piece,
everything else is in pieces of one blood group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.program import Program, ProgramBuilder
from bloodsim.optimize.solver import Solution, Solver

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

LEVELS = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.78, 0.85, 0.9, 0.935, 0.96, 0.98, 0.99])
"""Probabilities at which the pieces of a curve begin: finer where shortage begins."""
FEW = np.array([0, 0.05, 0.15, 0.3, 0.5, 0.7, 0.9])
"""The same for spoilage: finer where requests may stay away."""


@dataclass(frozen=True)
class SmallNetwork:
    """What does not change from day to day: it fixes the program's coefficients.

    Parameters
    ----------
    n_regions, n_scenarios : int
        Regions, and sampled paths of requests.
    origin, destination, lead_days : int array (n_arcs,)
        Roads, and days until what leaves today can be issued.
    arc_price : float array (n_arcs,)
        Points per piece.
    order_days : int array (n_regions,)
        Days until what is ordered today can be issued; -1 = the region does not order.
    holding_price, short_price, order_price, outdate_price : float
        Points per piece.
    """

    n_regions: int
    n_scenarios: int
    origin: Ints
    destination: Ints
    lead_days: Ints
    arc_price: Floats
    order_days: Ints
    holding_price: float
    short_price: float
    order_price: float
    outdate_price: float

    @property
    def days(self) -> int:
        """Sampled days: until what is ordered, or sent, can be issued."""
        return int(max(1, self.order_days.max(initial=0), self.lead_days.max(initial=0)))

    @property
    def classes(self) -> int:
        """Classes of remaining life whose spoilage is looked at: 1, 2, ... days."""
        return int(self.lead_days.max(initial=0)) + 2

    @property
    def late_price(self) -> Floats:
        """Points per piece that would outdate some day: a way out of the region may be cheaper."""
        price = np.full(self.n_regions, self.outdate_price)
        np.minimum.at(price, self.origin, self.arc_price)
        return price


@dataclass(frozen=True)
class SmallState:
    """What changes from day to day, of one replication and blood group, in pieces.

    Parameters
    ----------
    by_life : float array (n_classes + 1, n_regions)
        Stock by days of issue left, less one; the last row is all that last longer.
    sendable : float array (n_arcs, n_classes + 1)
        Pieces of each class that a road may take.
    exportable : float array (n_regions,)
        Pieces that may leave, all classes together.
    due : float array (days + 1, n_regions)
        Pieces on their way, by the day on which they can first be issued, today first.
    paths : float array (n_scenarios, days, n_regions)
        Sampled requests.
    curve : float array (len(LEVELS), n_regions)
        Requests of the day after the sampled ones, at the levels of `LEVELS`.
    spoilage : float array (n_classes, len(FEW), n_regions)
        Requests of the next 1, 2, ... days at the levels of `FEW`.
    lasting : float array (len(FEW), n_regions)
        Requests until what is ordered today outdates.
    """

    by_life: Floats
    sendable: Floats
    exportable: Floats
    due: Floats
    paths: Floats
    curve: Floats
    spoilage: Floats
    lasting: Floats


@dataclass(frozen=True)
class FirstStage:
    """Today's part of a plan: pieces by road (n_arcs,) and by region (n_regions,)."""

    sent: Floats
    ordered: Floats
    objective: float


class SmallModel:
    """The program of one network: built once, solved again for every state."""

    def __init__(self, network: SmallNetwork, reference: SmallState) -> None:
        self.network = network
        self.program = _program(network)
        self._solver = Solver(self._filled(reference))
        self._solver.solve()

    def first_stage(self, state: SmallState) -> FirstStage:
        """Return what leaves and what is ordered today."""
        filled = self._filled(state)
        found = self._solver.resolve(filled.lower, filled.upper, filled.row_lower, filled.row_upper)
        return self._read(found)

    def _read(self, found: Solution) -> FirstStage:
        columns = self.program.columns
        return FirstStage(
            sent=found.x[columns["sent"]].sum(axis=1),
            ordered=found.x[columns["ordered"]],
            objective=found.objective,
        )

    def _filled(self, state: SmallState) -> Program:
        """Return the program with the bounds and right-hand sides of a state."""
        program, columns, rows = self.program, self.program.columns, self.program.rows
        upper, sides = program.upper.copy(), program.row_upper.copy()
        row_lower = program.row_lower.copy()
        upper[columns["sent"]] = state.sendable
        upper[columns["used"]] = state.paths
        upper[columns["worth"][..., :-1]] = np.diff(state.curve, axis=0, prepend=0.0).T
        lengths = np.diff(state.spoilage, axis=1, prepend=0.0)
        upper[columns["spoiling"][..., :-1]] = lengths.transpose(0, 2, 1)
        upper[columns["outlasting"][..., :-1]] = np.diff(state.lasting, axis=0, prepend=0.0).T
        at_hand = state.due.copy()
        at_hand[0] += state.by_life.sum(axis=0)
        sides[rows["balance"]] = at_hand
        sides[rows["ageing"]] = np.cumsum(state.by_life[:-1], axis=0)
        sides[rows["position"]] = at_hand.sum(axis=0)
        for name in ("balance", "ageing", "position"):
            row_lower[rows[name]] = sides[rows[name]]
        sides[rows["leaving"]] = state.exportable
        return Program(
            matrix=program.matrix,
            cost=program.cost,
            lower=program.lower,
            upper=upper,
            row_lower=row_lower,
            row_upper=sides,
            integer=program.integer,
            columns=columns,
            rows=rows,
        )


def _program(of: SmallNetwork) -> Program:
    """Return the program, its bounds and right-hand sides still empty."""
    build = ProgramBuilder()
    days, n, regions, arcs = of.days, of.n_scenarios, of.n_regions, len(of.origin)
    sent = build.add_columns("sent", (arcs, of.classes + 1), of.arc_price[:, None], upper=0)
    orders = np.where(of.order_days >= 0, np.inf, 0.0)
    ordered = build.add_columns("ordered", (regions,), max(of.order_price, 1e-3), upper=orders)
    used = build.add_columns("used", (n, days, regions), -of.short_price / n, upper=0)
    left = build.add_columns("left", (n, days, regions), of.holding_price / n)
    moved = build.add_columns("moved", (n, days, arcs), of.arc_price / n)
    saved = of.order_price * (of.order_days >= 0)
    slopes = _slopes(LEVELS, -of.short_price, of.holding_price - saved[:, None])
    worth = build.add_columns("worth", (n, regions, len(LEVELS) + 1), slopes / n)
    spoils = _slopes(FEW, 0.0, of.outdate_price)
    spoiling = build.add_columns("spoiling", (of.classes, regions, len(FEW) + 1), spoils)
    late = _slopes(FEW, 0.0, of.late_price[:, None])
    outlasting = build.add_columns("outlasting", (regions, len(FEW) + 1), late)

    balance = build.add_rows("balance", (n, days + 1, regions), 0, 0)
    build.add_terms(balance[:, :-1], used, 1)
    build.add_terms(balance[:, :-1], left, 1)
    build.add_terms(balance[:, 1:], left, -1)
    build.add_terms(balance[:, -1, :, None], worth, 1)
    everyone = np.arange(n)
    for arc, (origin, destination, lead) in enumerate(
        zip(of.origin, of.destination, of.lead_days, strict=True)
    ):
        build.add_terms(balance[:, 0, origin, None], sent[arc], 1)
        build.add_terms(balance[:, lead, destination, None], sent[arc], -1)
        build.add_terms(balance[:, 1:, origin], moved[:, :, arc], 1)
        there = moved[:, : days - lead, arc]  # later ones arrive too late to count
        build.add_terms(balance[:, 1 + lead :, destination], there, -1)
    for region in np.flatnonzero(of.order_days >= 0):
        build.add_terms(balance[everyone, of.order_days[region], region], ordered[region], -1)
    ageing = build.add_rows("ageing", (of.classes, regions), 0, 0)
    build.add_terms(ageing[..., None], spoiling, 1)
    for upto in range(of.classes):
        build.add_terms(ageing[upto, of.origin, None], sent[:, : upto + 1], 1)
        build.add_terms(ageing[upto, of.destination, None], sent[:, : upto + 1], -1)
    position = build.add_rows("position", (regions,), 0, 0)
    build.add_terms(position[:, None], outlasting, 1)
    build.add_terms(position, ordered, -1)
    build.add_terms(position[of.origin, None], sent, 1)
    build.add_terms(position[of.destination, None], sent, -1)
    leaving = build.add_rows("leaving", (regions,), upper=0)
    build.add_terms(leaving[of.origin, None], sent, 1)
    return build.build()


def _slopes(levels: Floats, asked_for: float, left_over: Floats | float) -> Floats:
    """Return the price of one more piece in each part of a curve, the part beyond it last."""
    below = np.append(levels, 1.0)
    return asked_for * (1 - below) + left_over * below
