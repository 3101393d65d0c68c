"""The best plan of the days ahead, again and again: a linear program in a rolling horizon."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import IntArray, Plan, Shipments, Snapshot
from bloodsim.optimize.rolling import Planner
from bloodsim.optimize.situation import Settings
from bloodsim.optimize.solver import SolverError
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


def _executable(
    snapshot: Snapshot, product: str, rows: list[tuple[IntArray, IntArray, IntArray]]
) -> Shipments:
    """Cut a plan to whole lots, sizes, and what origins have with life enough."""
    if not rows:
        nothing = np.zeros(0, dtype=np.intp)
        return Shipments(product, nothing, nothing, np.zeros((0, len(snapshot.groups)), np.int32))
    route, replication, pieces = (np.concatenate(column) for column in zip(*rows, strict=True))
    table, lot = snapshot.routes, snapshot.routes.lot_pieces[product]
    able = snapshot.shippable(product, route, replication)
    room = np.minimum(
        snapshot.room(product, route, replication), table.largest_pieces[product]
    ).tolist()
    left: dict[tuple[int, int], IntArray] = {}
    origin = table.origin[route]
    for row in range(len(route)):
        key = int(origin[row]), int(replication[row])
        spare = np.minimum(able[row] - left.get(key, 0), pieces[row])
        cut = np.maximum(spare // lot * lot, 0)
        total = int(cut.sum())
        if total < max(1, table.smallest_pieces[product]):
            cut = np.zeros_like(cut)
        elif total > room[row]:
            cut = cut * room[row] // total // lot * lot
            cut = cut * (int(cut.sum()) >= table.smallest_pieces[product])
        left[key] = left.get(key, 0) + cut
        pieces[row] = cut
    going = pieces.any(axis=1)
    return Shipments(product, route[going], replication[going], pieces[going].astype(np.int32))


def optimized(settings: Optimized) -> Optimizing:
    """Return the policy for a scenario's settings."""
    return Optimizing(products=settings.products, review_days=settings.review_days)
