"""Shipments by date, promised whatever the stocks are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bloodsim.decision import Plan, Shipments, Snapshot
from bloodsim.scenario import FixedPlan, FixedShipment


@dataclass(frozen=True)
class Fixed:
    """Promise the listed shipments on their dates.

    Parameters
    ----------
    shipments : mapping of ISO date to shipments
        What leaves on which day.
    review_days : int
        Days between two looks at the list.
    """

    shipments: Mapping[str, tuple[FixedShipment, ...]]
    review_days: int = 1

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return today's promises."""
        today = self.shipments.get(snapshot.date.isoformat(), ())
        return Plan(commitments=tuple(_promise(shipment, snapshot) for shipment in today))


def _promise(shipment: FixedShipment, snapshot: Snapshot) -> Shipments:
    routes, names, product = snapshot.routes, snapshot.regions, shipment.product
    origin, destination = names.index(shipment.origin), names.index(shipment.destination)
    rows = np.flatnonzero((routes.origin == origin) & (routes.destination == destination))[:1]
    demand = snapshot.normal_demand[product][origin]
    shares = np.cumsum(demand) / demand.sum() if demand.sum() > 0 else np.linspace(0, 1, 8)
    lot = routes.lot_pieces[product]
    total = round(shipment.units * snapshot.pieces_per_unit[product] / lot)
    pieces = lot * np.diff(np.floor(shares * total + 0.5), prepend=0.0).astype(np.int32)
    n = snapshot.n_replications * len(rows)
    return Shipments(product, np.repeat(rows, n), np.arange(n), np.tile(pieces, (n, 1)))


def fixed(settings: FixedPlan) -> Fixed:
    """Return the policy for a scenario's settings."""
    by_date: dict[str, tuple[FixedShipment, ...]] = {}
    for shipment in settings.shipments:
        day = shipment.date.isoformat()
        by_date[day] = (*by_date.get(day, ()), shipment)
    return Fixed(by_date)
