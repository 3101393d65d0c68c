"""All regions are brought towards the same cover."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import gcd

import numpy as np

from bloodsim.decision import SHORT_LIFE_DAYS, Plan, Shipments, Snapshot
from bloodsim.policies.matching import match_nearest, moved_products
from bloodsim.scenario import Proportional


@dataclass(frozen=True)
class SharingProportionally:
    """Bring every region's cover of forecast demand towards the common one, group by group.

    The common cover is total stock (with what is on its way) over total forecast demand. A region
    gives what it has above it, and asks for what it has below it, except for *tolerance_days*.

    Parameters
    ----------
    tolerance_days : float
        Distance from the common cover that is left alone (days).
    horizon_days : int
        Days of forecast demand that cover is measured against.
    products : tuple of str
        Products it moves; empty = all.
    long_lived_review_days : int
        Days between two decisions.
    short_lived_tolerance_days, short_lived_review_days : float or int, optional
        The same for products with a shelf life below `SHORT_LIFE_DAYS`, whose cover is a day or
        two: a tolerance made for red cells would leave all of it alone.
    """

    tolerance_days: float
    horizon_days: int
    products: tuple[str, ...]
    long_lived_review_days: int
    short_lived_tolerance_days: float | None = None
    short_lived_review_days: int | None = None

    @property
    def review_days(self) -> int:
        """Days between two decisions on anything."""
        short = self.short_lived_review_days or self.long_lived_review_days
        return gcd(self.long_lived_review_days, short)

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return today's shipments."""
        shipments: list[Shipments] = []
        for product in moved_products(snapshot, self.products):
            tolerance, review = self._steps(snapshot.facts[product].life_days)
            if snapshot.days_run % review:
                continue
            normal = snapshot.normal_demand[product]
            total = normal.sum(axis=1, keepdims=True)
            shares = normal / np.where(total > 0, total, 1)
            ahead = snapshot.forecast(product, self.horizon_days) / self.horizon_days
            daily = ahead[:, None] * shares[..., None]
            stock = snapshot.stock[product] - snapshot.promised_out[product]
            position = stock + snapshot.in_transit[product] + snapshot.promised_in[product]
            # A plain running sum over regions: the same bits for any block size.
            all_demand = reduce(np.add, daily)
            common = position.sum(axis=0) / np.where(all_demand > 0, all_demand, np.inf)
            keep = (common + tolerance) * daily
            want = (common - tolerance) * daily
            give = np.clip(np.floor(position - keep), 0, np.maximum(stock, 0)).astype(np.int32)
            need = np.maximum(np.ceil(want - position), 0).astype(np.int32)
            shipments.append(match_nearest(snapshot, product, give, need))
        return Plan(tuple(shipments))

    def _steps(self, life_days: int) -> tuple[float, int]:
        """Return the tolerance and the days between two decisions for a shelf life."""
        tolerance, review = self.short_lived_tolerance_days, self.short_lived_review_days
        if life_days >= SHORT_LIFE_DAYS:
            tolerance, review = None, None
        return (
            self.tolerance_days if tolerance is None else tolerance,
            review or self.long_lived_review_days,
        )


def proportional(settings: Proportional) -> SharingProportionally:
    """Return the policy for a scenario's settings."""
    return SharingProportionally(
        tolerance_days=settings.tolerance_days,
        horizon_days=settings.horizon_days,
        products=settings.products,
        long_lived_review_days=settings.review_days,
        short_lived_tolerance_days=settings.short_lived_tolerance_days,
        short_lived_review_days=settings.short_lived_review_days,
    )
