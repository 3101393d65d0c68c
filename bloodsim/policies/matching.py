"""Give and need, matched along the nearest roads: what the simple rules have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import RouteTable, Shipment, Snapshot

Ints = NDArray[np.int32]


def match_nearest(snapshot: Snapshot, product: str, give: Ints, need: Ints) -> list[Shipment]:
    """Send surplus to need along the roads, nearest first.

    Parameters
    ----------
    snapshot : Snapshot
        The day's state.
    product : str
        Product to move.
    give, need : int array (n_regions, n_groups, R)
        Pieces a region can spare and pieces it wants. Both are used up in place.

    Returns
    -------
    list of Shipment
        Each a whole number of lots, not below the smallest and not above the largest shipment,
        and never more than the origin has with enough life left on arrival.
    """
    routes, shipments = snapshot.routes, []
    lot = routes.lot_pieces[product]
    gives = give.max(axis=(1, 2)) >= lot
    needs = need.max(axis=(1, 2)) >= lot
    sent = np.zeros_like(give)
    for route in range(len(routes)):
        origin, destination = int(routes.origin[route]), int(routes.destination[route])
        if not (gives[origin] and needs[destination]):
            continue
        pieces = np.minimum(give[origin], need[destination])
        if pieces.max(initial=0) < lot:
            continue
        able = snapshot.shippable(product, route) - sent[origin]
        np.minimum(pieces, np.maximum(able, 0), out=pieces)
        _to_lots(pieces, routes, product)
        if not pieces.any():
            continue
        give[origin] -= pieces
        need[destination] -= pieces
        sent[origin] += pieces
        gives[origin] = give[origin].max() >= lot
        needs[destination] = need[destination].max() >= lot
        shipments.append(Shipment(route, product, pieces))
    return shipments


def _to_lots(pieces: Ints, routes: RouteTable, product: str) -> None:
    """Round down to lots in place; drop a shipment that is too small, cut one that is too large."""
    lot = routes.lot_pieces[product]
    pieces -= pieces % lot
    total = np.add.reduce(pieces, axis=0)
    excess = total - routes.largest_pieces[product]
    if (excess > 0).any():
        for group in range(len(pieces)):  # from the first group on, in whole lots
            cut = np.clip(-(-excess // lot) * lot, 0, pieces[group])
            pieces[group] -= cut.astype(pieces.dtype)
            excess = excess - cut
        total = np.add.reduce(pieces, axis=0)
    pieces[:, total < routes.smallest_pieces[product]] = 0


def moved_products(snapshot: Snapshot, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the products a rule moves: those it names, or all that the roads carry."""
    return tuple(p for p in snapshot.routes.products if not wanted or p in wanted)
