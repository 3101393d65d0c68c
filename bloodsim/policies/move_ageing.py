"""Send what is about to outdate to where it is used sooner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bloodsim.decision import IntArray, Plan, Shipments, Snapshot
from bloodsim.policies.matching import moved_products
from bloodsim.scenario import MoveAgeing


@dataclass(frozen=True)
class MovingAgeing:
    """Send every unit with little life left along given roads, in whole lots.

    Dehghani, Abbasi & Oliveira (Omega 2021) use it as a baseline. An origin has one road.

    Parameters
    ----------
    pairs : tuple of (origin, destination)
        Names of regions.
    below_life_days : int
        Units with fewer days of issue left are sent.
    products : tuple of str
        Products it moves; empty = all.
    review_days : int
        Days between two decisions.
    """

    pairs: tuple[tuple[str, str], ...]
    below_life_days: int
    products: tuple[str, ...]
    review_days: int

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return today's shipments."""
        routes, names = snapshot.routes, snapshot.regions
        ends = [
            (names[o], names[d]) for o, d in zip(routes.origin, routes.destination, strict=True)
        ]
        rows = np.array([ends.index(pair) for pair in self.pairs if pair in ends], dtype=np.intp)
        moved = moved_products(snapshot, self.products)
        return Plan(tuple(self._ageing(snapshot, product, rows) for product in moved))

    def _ageing(self, snapshot: Snapshot, product: str, rows: IntArray) -> Shipments:
        old = snapshot.life_below(product, self.below_life_days)
        route = np.repeat(rows, snapshot.n_replications)
        replication = np.tile(np.arange(snapshot.n_replications), len(rows))
        origin = snapshot.routes.origin[route]
        able = snapshot.shippable(product, route, replication)
        # The oldest that would not last the journey stay: they are part of the ageing.
        stuck = snapshot.stock[product][origin, :, replication] - able
        pieces = np.maximum(old[origin, :, replication] - stuck, 0)
        pieces -= pieces % snapshot.routes.lot_pieces[product]
        size = pieces.sum(axis=1)
        least = max(1, snapshot.routes.smallest_pieces[product])
        largest = snapshot.routes.largest_pieces[product]
        most = np.minimum(largest, snapshot.room(product, route, replication))
        kept = (size >= least) & (size <= most)
        return Shipments(product, route[kept], replication[kept], pieces[kept])


def move_ageing(settings: MoveAgeing) -> MovingAgeing:
    """Return the policy for a scenario's settings."""
    return MovingAgeing(
        pairs=tuple((route.origin, route.destination) for route in settings.routes),
        below_life_days=settings.below_life_days,
        products=settings.products,
        review_days=settings.review_days,
    )
