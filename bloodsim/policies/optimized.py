"""The best plan of the days ahead, made anew at every review by a linear program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bloodsim.decision import SHORT_LIFE_DAYS, Plan, PlanError, Shipments, Snapshot
from bloodsim.optimize.exchange import Exchanger
from bloodsim.optimize.rolling import Planner
from bloodsim.optimize.solver import SolverError
from bloodsim.policies.executable import Rows, executable
from bloodsim.policies.matching import moved_products
from bloodsim.policies.proportional import SharingProportionally
from bloodsim.scenario import Optimized


@dataclass(frozen=True)
class Optimizing:
    """Send what a linear program says, of every replication's own state and forecast.

    Parameters
    ----------
    method : str
        ``exchange``: units go where the forecast says they are worth more (`optimize.exchange`),
        ``horizon``: the first day of a six-week plan (`optimize.transfers`), slower by far.
    products : tuple of str
        Products it moves; empty = all.
    long_lived_review_days, short_lived_review_days : int
        Days between two decisions on products with a shelf life of 14 days or more, and of less.
    short_lived_tolerance_days : float
        Of the proportional rule, which shares short-lived products where the method is
        ``exchange``.
    short_lived_horizon_days : int
        Days of forecast demand that this rule measures cover against.
    foresight : str
        ``none``, or ``perfect``: all products by exchange, on what will really come.
    """

    method: str = "exchange"
    products: tuple[str, ...] = ()
    long_lived_review_days: int = 7
    short_lived_review_days: int = 1
    short_lived_tolerance_days: float = 0.3
    short_lived_horizon_days: int = 7
    foresight: str = "none"
    counts_fallbacks: bool = True

    @property
    def review_days(self) -> int:
        """Days between two decisions on anything."""
        return int(np.gcd(self.long_lived_review_days, self.short_lived_review_days))

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return today's shipments; where no plan is found, proportional sharing serves."""
        if self.foresight == "perfect" and snapshot.known is None:
            raise PlanError("foresight: perfect is for scenarios that ask for it")
        shipments = []
        fell_back = np.zeros(snapshot.n_replications, dtype=np.int32)
        for product in moved_products(snapshot, self.products):
            short = snapshot.facts[product].life_days < SHORT_LIFE_DAYS
            days = self.short_lived_review_days if short else self.long_lived_review_days
            if snapshot.days_run % days:
                continue
            if short and self.method == "exchange" and self.foresight == "none":
                shipments.append(self._shared(snapshot, product, days))
            else:
                sent, failed = self._shipments(snapshot, product, days)
                shipments.append(sent)
                fell_back[failed] = 1
        return Plan(tuple(shipments), fell_back=fell_back)

    def _shipments(
        self, snapshot: Snapshot, product: str, days: int
    ) -> tuple[Shipments, list[int]]:
        planner = self._planner(product)
        rows: list[Rows] = []
        failed: list[int] = []
        try:
            problems = planner.problems(snapshot, product)
        except SolverError:
            failed = list(range(snapshot.n_replications))
        for replication in range(0 if failed else snapshot.n_replications):
            try:
                route, wanted = planner.shipments(problems, replication)
            except SolverError:
                failed.append(replication)
                continue
            rows.append((route, np.full(len(route), replication), wanted))
        if failed:
            rule = SharingProportionally(0.5, 7, (product,), days)
            served = rule(snapshot).shipments[0]
            kept = np.isin(served.replication, failed)
            rows.append((served.route[kept], served.replication[kept], served.pieces[kept]))
        return executable(snapshot, product, rows), failed

    def _shared(self, snapshot: Snapshot, product: str, days: int) -> Shipments:
        """Return what the proportional rule sends of a short-lived product."""
        tolerance, horizon = self.short_lived_tolerance_days, self.short_lived_horizon_days
        rule = SharingProportionally(tolerance, horizon, (product,), days)
        return rule(snapshot).shipments[0]

    def _planner(self, product: str) -> Any:
        """Return the planner of a product; it keeps its models from day to day."""
        planners: dict[str, Any] = self.__dict__.setdefault("_planners", {})
        if product not in planners:
            horizon = self.method == "horizon" and self.foresight == "none"
            planners[product] = Planner() if horizon else Exchanger()
        return planners[product]

    def __getstate__(self) -> dict[str, object]:
        """Leave the models behind: another process builds its own."""
        return {name: value for name, value in self.__dict__.items() if name != "_planners"}


def optimized(settings: Optimized) -> Optimizing:
    """Return the policy for a scenario's settings."""
    return Optimizing(
        method=settings.method,
        products=settings.products,
        long_lived_review_days=settings.review_days,
        short_lived_review_days=settings.short_lived_review_days,
        short_lived_tolerance_days=settings.short_lived_tolerance_days,
        short_lived_horizon_days=settings.short_lived_horizon_days,
        foresight=settings.foresight,
    )
