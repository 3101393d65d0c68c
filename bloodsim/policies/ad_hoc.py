"""Help on request: regions under an alert ask, and those with plenty send."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bloodsim.decision import Plan, RouteTable, Shipments, Snapshot
from bloodsim.policies.matching import Ints, match_nearest, moved_products
from bloodsim.scenario import AdHoc


@dataclass(frozen=True)
class HelpingOnRequest:
    """Regions with a group at an alert level ask for what they lack up to *fill_to_days*.

    What stands above *donor_above_days* of a group is sent, nearest first; nobody offers less than
    *smallest_units*. Cover is per group, on normal-day demand; what is on its way counts for the
    receiver. With agreements this is how provinces help each other today (a judgement).

    Parameters
    ----------
    at_level : str
        Alert level from which a region asks; products without it ask for nothing.
    donor_above_days, fill_to_days : float
        Covers (days).
    smallest_units, largest_units : float
        Least that a region offers, most that a shipment carries (units).
    products : tuple of str
        Products it moves; empty = all.
    review_days : int
        Days between two decisions.
    """

    at_level: str
    donor_above_days: float
    fill_to_days: float
    smallest_units: float
    largest_units: float
    products: tuple[str, ...]
    review_days: int

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return today's shipments."""
        shipments: list[Shipments] = []
        for product in moved_products(snapshot, self.products):
            asks = self._asks(snapshot, product)
            if asks is None:
                continue
            per_unit = snapshot.pieces_per_unit[product]
            daily = snapshot.normal_demand[product][..., None]
            stock = snapshot.stock[product] - snapshot.promised_out[product]
            position = stock + snapshot.in_transit[product] + snapshot.promised_in[product]
            gap = np.ceil(self.fill_to_days * daily - position)
            need = np.where(asks[:, None], np.maximum(gap, 0), 0).astype(np.int32)
            spare = np.maximum(np.floor(stock - self.donor_above_days * daily), 0)
            enough = np.add.reduce(spare, axis=1) >= self.smallest_units * per_unit
            give = np.where(enough[:, None], spare, 0).astype(np.int32)
            roads = _carrying_at_most(snapshot.routes, product, self.largest_units * per_unit)
            shipments.append(match_nearest(replace(snapshot, routes=roads), product, give, need))
        return Plan(tuple(shipments))

    def _asks(self, snapshot: Snapshot, product: str) -> Ints | None:
        """Return which regions ask for help (n_regions, R); None where none does."""
        levels = snapshot.alert_levels.get(product, ())
        if self.at_level not in levels:
            return None
        alarmed = snapshot.alert_level[product] > levels.index(self.at_level)
        asks: Ints = np.logical_or.reduce(alarmed, axis=1)
        return asks if asks.any() else None


def _carrying_at_most(routes: RouteTable, product: str, pieces: float) -> RouteTable:
    """Return the roads with smaller loads of a product, where they are not small already."""
    largest = dict(routes.largest_pieces)
    largest[product] = min(largest[product], int(pieces))
    return replace(routes, largest_pieces=largest)


def ad_hoc(settings: AdHoc) -> HelpingOnRequest:
    """Return the policy for a scenario's settings."""
    return HelpingOnRequest(
        at_level=settings.at_level,
        donor_above_days=settings.donor_above_days,
        fill_to_days=settings.fill_to_days,
        smallest_units=settings.smallest_units,
        largest_units=settings.largest_units,
        products=settings.products,
        review_days=settings.review_days,
    )
