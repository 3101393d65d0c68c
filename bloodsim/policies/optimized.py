"""The best plan of the days ahead, again and again: a linear program in a rolling horizon."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import IntArray, Plan, Shipments, Snapshot
from bloodsim.optimize.exchange import Exchange, Roads
from bloodsim.optimize.rolling import Planner
from bloodsim.optimize.situation import Settings
from bloodsim.optimize.solver import SolverError
from bloodsim.optimize.worth import Worth, stock_at_worth
from bloodsim.policies.matching import moved_products
from bloodsim.policies.proportional import SharingProportionally
from bloodsim.scenario import Optimized

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Optimizing:
    """Plan the days ahead of every replication and send what the plan sends today.

    Where no plan is found, proportional sharing serves.

    Parameters
    ----------
    products : tuple of str
        Products it moves; empty = all.
    review_days : int
        Days between two decisions.
    settings : Settings
        Horizon, roads and safety levels of the plan.
    """

    products: tuple[str, ...]
    review_days: int
    settings: Settings = dataclass_field(default_factory=Settings)

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return today's shipments."""
        moved = moved_products(snapshot, self.products)
        return Plan(tuple(self._shipments(snapshot, product) for product in moved))

    def _shipments(self, snapshot: Snapshot, product: str) -> Shipments:
        planner = self._planner(product)
        rows: list[tuple[IntArray, IntArray, IntArray]] = []
        failed: list[int] = []
        problems = planner.problems(snapshot, product)
        for replication in range(snapshot.n_replications):
            try:
                plan = planner.plan(problems, replication)
            except SolverError:
                failed.append(replication)
                continue
            route, pieces = problems.network.route, plan.transfers[0]
            going = pieces.sum(axis=1) >= 1
            wanted = np.floor(pieces[going] + 1e-6).astype(np.int32)
            rows.append((route[going], np.full(going.sum(), replication), wanted))
        if failed:
            planner.fallbacks.append((snapshot.day, product, len(failed)))
            rule = SharingProportionally(1.0, 7, (product,), self.review_days)
            served = rule(snapshot).shipments[0]
            kept = np.isin(served.replication, failed)
            rows.append((served.route[kept], served.replication[kept], served.pieces[kept]))
        return _executable(snapshot, product, rows)

    def _planner(self, product: str) -> Planner:
        """Return the planner of a product; it keeps its models from day to day."""
        planners: dict[str, Planner] = self.__dict__.setdefault("_planners", {})
        if product not in planners:
            planners[product] = Planner(self.settings)
        return planners[product]

    def __getstate__(self) -> dict[str, object]:
        """Leave the models behind: another process builds its own."""
        return {name: value for name, value in self.__dict__.items() if name != "_planners"}


@dataclass(frozen=True)
class Exchanging:
    """Send units where the forecast says they are worth more, by more than the way costs."""

    products: tuple[str, ...]
    review_days: int
    worth: Worth = dataclass_field(default_factory=Worth)
    short_lived: Worth = dataclass_field(
        default_factory=lambda: Worth(
            (1.5, 0.75, 0.3), (0.3, 2.0, 30.0), (1, 2, 3, 4), relative_error=0.08
        )
    )
    roads_per_region: int = 0
    settings: Settings = dataclass_field(default_factory=Settings)
    least_share: float = 0.3
    handling: float = 0.05

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return today's shipments."""
        moved = moved_products(snapshot, self.products)
        return Plan(tuple(self._shipments(snapshot, product) for product in moved))

    def _shipments(self, snapshot: Snapshot, product: str) -> Shipments:
        facts = snapshot.facts[product]
        worth = self.worth if facts.life_days >= 14 else self.short_lived
        change, _ = stock_at_worth(snapshot, product, worth, self.settings)
        exchange, routes = self._exchange(snapshot, product)
        normal = snapshot.normal_demand[product][..., None]
        stock = snapshot.stock[product] - snapshot.promised_out[product]
        exportable = np.maximum(np.floor(stock - facts.floor_days * normal), 0)
        rows = []
        for replication in range(snapshot.n_replications):
            pieces, _ = exchange.solve(change[..., replication], exportable[..., replication])
            going = pieces.sum(axis=1) >= 1
            wanted = np.floor(pieces[going] + 0.5).astype(np.int32)
            rows.append((routes[going], np.full(going.sum(), replication), wanted))
        return _executable(snapshot, product, rows, self.least_share)

    def _exchange(self, snapshot: Snapshot, product: str) -> tuple[Exchange, IntArray]:
        cache = self.__dict__.setdefault("_exchanges", {})
        if product not in cache:
            table = snapshot.routes
            usable = ~table.barred.get(product, np.zeros(len(table), bool))
            routes = np.flatnonzero(usable)
            per_unit = snapshot.pieces_per_unit[product]
            price = snapshot.weights["shipped_unit_km"] * table.distance_km[routes]
            price = (price + self.handling) / per_unit
            roads = Roads(table.origin[routes], table.destination[routes], price)
            shape = snapshot.normal_demand[product].shape
            cache[product] = (Exchange(roads, shape[0], shape[1], per_unit), routes)
            cache[product][0].prepare()
        found: tuple[Exchange, IntArray] = cache[product]
        return found

    def __getstate__(self) -> dict[str, object]:
        """Leave the models behind: another process builds its own."""
        return {name: value for name, value in self.__dict__.items() if name != "_exchanges"}


def _executable(
    snapshot: Snapshot,
    product: str,
    rows: list[tuple[IntArray, IntArray, IntArray]],
    least_share: float = 1.0,
) -> Shipments:
    """Cut a plan to whole lots, sizes, and what origins have with life enough."""
    if not rows:
        nothing = np.zeros(0, dtype=np.intp)
        return Shipments(product, nothing, nothing, np.zeros((0, len(snapshot.groups)), np.int32))
    route, replication, pieces = (np.concatenate(column) for column in zip(*rows, strict=True))
    table, lot = snapshot.routes, snapshot.routes.lot_pieces[product]
    able = snapshot.shippable(product, route, replication)
    left: dict[tuple[int, int], IntArray] = {}
    origin = table.origin[route]
    for row in range(len(route)):
        key = int(origin[row]), int(replication[row])
        spare = np.maximum(able[row] - left.get(key, 0), 0) // lot * lot
        cut = np.minimum(pieces[row] // lot * lot, spare)
        total, least = int(cut.sum()), max(1, table.smallest_pieces[product])
        if least_share * least <= total < least:  # worth a shipment of the smallest size
            cut = np.minimum(-(-cut * least // total // lot) * lot, spare)
            total = int(cut.sum())
        if total < least:
            cut = np.zeros_like(cut)
        elif total > table.largest_pieces[product]:
            cut = cut * table.largest_pieces[product] // total // lot * lot
        left[key] = left.get(key, 0) + cut
        pieces[row] = cut
    going = pieces.any(axis=1)
    return Shipments(product, route[going], replication[going], pieces[going].astype(np.int32))


def optimized(settings: Optimized) -> Optimizing:
    """Return the policy for a scenario's settings."""
    return Optimizing(products=settings.products, review_days=settings.review_days)
