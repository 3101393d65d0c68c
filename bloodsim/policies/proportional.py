"""All regions are brought towards the same cover."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from bloodsim.decision import Plan, Shipments, Snapshot
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
    review_days : int
        Days between two decisions.
    """

    tolerance_days: float
    horizon_days: int
    products: tuple[str, ...]
    review_days: int

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return today's shipments."""
        shipments: list[Shipments] = []
        for product in moved_products(snapshot, self.products):
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
            keep = (common + self.tolerance_days) * daily
            want = (common - self.tolerance_days) * daily
            give = np.clip(np.floor(position - keep), 0, np.maximum(stock, 0)).astype(np.int32)
            need = np.maximum(np.ceil(want - position), 0).astype(np.int32)
            shipments.append(match_nearest(snapshot, product, give, need))
        return Plan(tuple(shipments))


def proportional(settings: Proportional) -> SharingProportionally:
    """Return the policy for a scenario's settings."""
    return SharingProportionally(
        tolerance_days=settings.tolerance_days,
        horizon_days=settings.horizon_days,
        products=settings.products,
        review_days=settings.review_days,
    )
