"""Orders and transfers of a small network together, by sample averages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bloodsim.decision import IntArray, Plan, Shipments, Snapshot
from bloodsim.optimize.small_network import SmallPlanner
from bloodsim.optimize.solver import SolverError
from bloodsim.policies.executable import Rows, executable
from bloodsim.scenario import SampledPlan


@dataclass(frozen=True)
class Sampling:
    """Order and send what a sample-average linear program says, of every replication's own state.

    Parameters
    ----------
    scenarios : int
        Sampled paths of requests.
    products : tuple of str
        Products it plans; empty = all that regions order or that the routes carry.
    review_days : int
        Days between two decisions; on other days the ordering rules serve.
    """

    scenarios: int = 32
    products: tuple[str, ...] = ()
    review_days: int = 1

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return today's shipments and orders; where no plan is found nothing moves by it."""
        shipments, orders = [], {}
        fell_back = np.zeros(snapshot.n_replications, dtype=np.int32)
        for product in self.products or tuple(snapshot.stock):
            supply = snapshot.supply(product)
            travels = product in snapshot.routes.products
            if not travels and (supply.order_days < 0).all():
                continue
            sent, ordered, failed = self._plan(snapshot, product)
            fell_back |= failed
            if travels:
                shipments.append(sent)
            if (supply.order_days >= 0).any():
                ordered[supply.order_days < 0] = 0
                orders[product] = ordered
        return Plan(tuple(shipments), fell_back=fell_back, orders=orders)

    def _plan(self, snapshot: Snapshot, product: str) -> tuple[Shipments, IntArray, IntArray]:
        """Return what leaves, what is ordered (-1 = by rule) and where no plan was found."""
        n_groups, n = len(snapshot.groups), snapshot.n_replications
        ordered = np.full((len(snapshot.regions), n_groups, n), -1, dtype=np.int32)
        failed = np.zeros(n, dtype=np.int32)
        rows: list[Rows] = []
        day = self._planner(product).day(snapshot)
        for replication in range(n):
            wanted = np.zeros((len(day.network.origin), n_groups), dtype=np.int32)
            to_order = np.zeros((len(snapshot.regions), n_groups), dtype=np.int32)
            try:
                for group in day.groups.tolist():
                    found = day.first_stage(replication, group)
                    wanted[:, group] = np.floor(found.sent + 1e-6)
                    to_order[:, group] = np.rint(found.ordered)
            except SolverError:
                failed[replication] = 1
                continue
            ordered[..., replication] = to_order
            going = np.flatnonzero(wanted.any(axis=1))
            rows.append((day.route[going], np.full(len(going), replication), wanted[going]))
        return executable(snapshot, product, rows), ordered, failed

    def _planner(self, product: str) -> SmallPlanner:
        """Return the planner of a product; it keeps its models from day to day."""
        planners: dict[str, SmallPlanner] = self.__dict__.setdefault("_planners", {})
        if product not in planners:
            planners[product] = SmallPlanner(product, self.scenarios)
        return planners[product]

    def __getstate__(self) -> dict[str, object]:
        """Leave the models behind: another process builds its own."""
        return {name: value for name, value in self.__dict__.items() if name != "_planners"}


def sampled(settings: SampledPlan) -> Sampling:
    """Return the policy for a scenario's settings."""
    return Sampling(settings.scenarios, settings.products, settings.review_days)
