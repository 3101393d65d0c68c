"""Regions above one cover give to regions below another, nearest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bloodsim.decision import Plan, Shipments, Snapshot
from bloodsim.policies.matching import match_nearest, moved_products
from bloodsim.scenario import ShareSurplus


@dataclass(frozen=True)
class SharingSurplus:
    """Give what stands above *above_days*, fill those below *below_days* up to *fill_to_days*.

    Cover is per group, on normal-day demand; what is on its way counts for the receiver.

    Parameters
    ----------
    above_days, below_days, fill_to_days : float
        Covers (days).
    products : tuple of str
        Products it moves; empty = all.
    review_days : int
        Days between two decisions.
    """

    above_days: float
    below_days: float
    fill_to_days: float
    products: tuple[str, ...]
    review_days: int

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return today's shipments."""
        shipments: list[Shipments] = []
        for product in moved_products(snapshot, self.products):
            daily = snapshot.normal_demand[product][..., None]
            stock = snapshot.stock[product] - snapshot.promised_out[product]
            position = stock + snapshot.in_transit[product] + snapshot.promised_in[product]
            give = np.maximum(np.floor(stock - self.above_days * daily), 0).astype(np.int32)
            gap = np.where(
                position < self.below_days * daily,
                np.ceil(self.fill_to_days * daily - position),
                0,
            )
            need = np.maximum(gap, 0).astype(np.int32)
            shipments.append(match_nearest(snapshot, product, give, need))
        return Plan(tuple(shipments))


def share_surplus(settings: ShareSurplus) -> SharingSurplus:
    """Return the policy for a scenario's settings."""
    return SharingSurplus(
        above_days=settings.above_days,
        below_days=settings.below_days,
        fill_to_days=settings.fill_to_days,
        products=settings.products,
        review_days=settings.review_days,
    )
