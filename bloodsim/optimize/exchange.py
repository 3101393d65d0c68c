r"""Who sends what to whom today, by what a unit is worth where: one small linear program.

.. math:: \max \sum_{i,g,k} p_k\, s_{igk} - \sum_{a,g} \kappa_a\, y_{ag}, \qquad
          \sum_{a \to i} y_{ag} - \sum_{i \to a} y_{ag} = \sum_k s_{igk} - B_{ig}, \qquad
          \sum_{i \to a} y_{ag} \le E_{ig}

Region i holds its stock in steps of falling worth :math:`p_k`, as wide as `worth.stock_at_worth`
says; it gives away the steps worth least, up to :math:`B`, and takes in those worth most. A unit
moves where it is worth more by the price of the way. Worths are fixed, widths are bounds: the model
is built once and re-solved by its bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import SHORT_LIFE_DAYS, RouteTable, Snapshot
from bloodsim.optimize.program import Program, ProgramBuilder
from bloodsim.optimize.situation import Settings, nearest
from bloodsim.optimize.solver import Solution, Solver
from bloodsim.optimize.worth import PRICES, Worth, stock_at_worth

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]


@dataclass(frozen=True)
class Roads:
    """The roads of an exchange: ends, and points per piece."""

    origin: Ints
    destination: Ints
    price: Floats


class Exchange:
    """The program of one product: built once, solved for every replication and date."""

    def __init__(self, roads: Roads, n_regions: int, n_groups: int, pieces_per_unit: int) -> None:
        self.roads = roads
        self.shape = (n_regions, n_groups)
        self.frame = self._frame(pieces_per_unit)
        self._solver: Solver | None = None

    def _frame(self, pieces_per_unit: int) -> Program:
        builder, roads = ProgramBuilder(), self.roads
        # Worthless stock without end, steps between two prices, what is worth more than all.
        middle = np.sqrt(PRICES[:-1] * PRICES[1:])
        worth = np.concatenate([[0.0], middle, [PRICES[-1]]]) / pieces_per_unit
        sent = builder.add_columns(
            "transfer", (len(roads.origin), self.shape[1]), cost=roads.price[:, None]
        )
        steps = builder.add_columns(
            "worth_step", (len(worth), *self.shape), cost=-worth[:, None, None]
        )
        balance = builder.add_rows("balance", self.shape, 0, 0)
        builder.add_terms(balance[roads.destination], sent, 1)
        builder.add_terms(balance[roads.origin], sent, -1)
        builder.add_terms(balance, steps, -1)
        floor = builder.add_rows("donor_floor", self.shape, upper=0)
        builder.add_terms(floor[roads.origin], sent, 1)
        return builder.build()

    def solve(self, stock_change: Floats, exportable: Floats) -> tuple[Floats, Solution]:
        """Return pieces (n_roads, n_groups) to send, and the solution.

        Parameters
        ----------
        stock_change : float array (n_prices, n_regions, n_groups)
            As `worth.stock_at_worth` returns it, of one replication.
        exportable : float array (n_regions, n_groups)
            Pieces that may leave.
        """
        frame = self.frame
        upper, row_upper = frame.upper.copy(), frame.row_upper.copy()
        row_lower = frame.row_lower.copy()
        ranges = np.maximum(np.concatenate([stock_change, -exportable[None]]), -exportable)
        upper[frame.columns["worth_step"][1:]] = ranges[:-1] - ranges[1:]
        row_lower[frame.rows["balance"]] = -exportable
        row_upper[frame.rows["balance"]] = -exportable
        row_upper[frame.rows["donor_floor"]] = exportable
        if self._solver is None:
            raise RuntimeError("prepare() comes before solve()")
        solution = self._solver.resolve(upper=upper, row_lower=row_lower, row_upper=row_upper)
        return solution.x[frame.columns["transfer"]], solution

    def prepare(self) -> None:
        """Build the model on an empty state: the basis that every solve starts from."""
        if self._solver is None:
            self._solver = Solver(self.frame)
            self._solver.solve()


LONG_LIVED = Worth()
SHORT_LIVED = Worth(
    levels_days=(1.5, 0.75, 0.3),
    prices=(0.3, 2.0, 30.0),
    days=(1, 2),
    relative_error=0.08,
    handling=2.0,
)
FORESEEN = (
    replace(LONG_LIVED, days=(3, 7), relative_error=0.1),
    Worth((1.5, 0.5, 0.1), (0.5, 2.0, 40.0), (1, 2, 3), relative_error=0.05, handling=0.4),
)
"""Worths of long- and short-lived products to who knows what comes; chosen on seed 11, `tight`. The
error that is left smooths the steps of worth: without it plans cost more."""
_ROADS_PER_REGION = 14
"""Nearest roads by which a region may receive: few plans use longer ones."""


@dataclass(frozen=True)
class Exchanges:
    """The problems of one product on one day: what stock is worth, and what may leave."""

    stock_change: Floats
    exportable: Floats


class Exchanger:
    """Exchanges of one product, day after day, on one model."""

    def __init__(self) -> None:
        self._model: Exchange | None = None
        self._table: RouteTable | None = None
        self._key: tuple[object, ...] = ()
        self._routes: Ints = np.zeros(0, dtype=np.intp)

    def problems(self, snapshot: Snapshot, product: str) -> Exchanges:
        """Return the problems of a day, and make ready the model they share."""
        facts, table = snapshot.facts[product], snapshot.routes
        worths = (LONG_LIVED, SHORT_LIVED) if snapshot.known is None else FORESEEN
        worth = worths[facts.life_days < SHORT_LIFE_DAYS]
        per_unit, normal = snapshot.pieces_per_unit[product], snapshot.normal_demand[product]
        point_per_km = snapshot.weights["shipped_unit_km"]
        key = (product, per_unit, point_per_km)
        if self._model is None or self._table is not table or self._key != key:
            usable = ~table.barred.get(product, np.zeros(len(table), bool))
            self._routes = nearest(np.flatnonzero(usable), table.destination, _ROADS_PER_REGION)
            price = point_per_km * table.distance_km[self._routes] + worth.handling
            ends = table.origin[self._routes], table.destination[self._routes]
            roads = Roads(*ends, price / per_unit)
            self._model = Exchange(roads, normal.shape[0], normal.shape[1], per_unit)
            self._model.prepare()
            self._table, self._key = table, key
        change, _ = stock_at_worth(snapshot, product, worth, Settings())
        stock = snapshot.stock[product] - snapshot.promised_out[product]
        spare = np.floor(stock - facts.floor_days * normal[..., None])
        return Exchanges(change, np.maximum(spare, 0))

    def shipments(self, problems: Exchanges, replication: int) -> tuple[Ints, Ints]:
        """Return routes and pieces (n_rows, n_groups) to send in one replication."""
        assert self._model is not None
        pieces, _ = self._model.solve(
            problems.stock_change[..., replication], problems.exportable[..., replication]
        )
        going = pieces.sum(axis=1) >= 1
        return self._routes[going], np.floor(pieces[going] + 0.5).astype(np.int32)
