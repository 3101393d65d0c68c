"""Give and need, matched along the nearest roads: what the simple rules have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import RouteTable, Shipments, Snapshot

Ints = NDArray[np.int32]
Index = NDArray[np.integer]


def match_nearest(snapshot: Snapshot, product: str, give: Ints, need: Ints) -> Shipments:
    """Send surplus to need along the roads, nearest first, in every replication.

    A road that is the shortest usable one of both its ends is served before any other road of
    either end, whatever happens elsewhere. So all such roads are served at once, in rounds, and
    the outcome is that of going through the roads one by one.

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
    Shipments
        Each a whole number of lots, not below the smallest and not above the largest shipment,
        and never more than the origin has with enough life left on arrival.
    """
    routes = snapshot.routes
    least = max(routes.lot_pieces[product], routes.smallest_pieces[product])
    spare, wanted = _summed(give), _summed(need)
    sent = np.zeros_like(give)
    route, replication = _usable(routes, spare, wanted, least)
    kept = _worth_a_shipment(routes, product, route, replication, give, need)
    route, replication = route[kept], replication[kept]
    rows: list[tuple[Index, Index, Ints]] = []
    while len(route):
        origin, destination = routes.origin[route], routes.destination[route]
        now = _first(origin, replication, spare.shape) & _first(
            destination, replication, spare.shape
        )
        i, j, r = origin[now], destination[now], replication[now]
        able = snapshot.shippable(product, route[now], r) - sent[i, :, r]
        pieces = np.minimum(np.minimum(give[i, :, r], need[j, :, r]), np.maximum(able, 0))
        _to_lots(pieces, routes, product, snapshot.room(product, route[now], r))
        give[i, :, r] -= pieces
        need[j, :, r] -= pieces
        sent[i, :, r] += pieces
        total = _summed(pieces)
        rows.append((route[now][total > 0], r[total > 0], pieces[total > 0]))
        route, replication = route[~now], replication[~now]
        kept = _worth_a_shipment(routes, product, route, replication, give, need)
        route, replication = route[kept], replication[kept]
    if not rows:
        nothing = np.zeros(0, dtype=np.intp)
        return Shipments(product, nothing, nothing, np.zeros((0, give.shape[1]), np.int32))
    return Shipments(product, *(np.concatenate(column) for column in zip(*rows, strict=True)))


def _summed(pieces: Ints) -> Ints:
    """Sum over the groups."""
    return np.add.reduce(pieces, axis=1, dtype=np.int32)


def _usable(routes: RouteTable, spare: Ints, wanted: Ints, least: int) -> tuple[Index, Index]:
    """Return (route, replication) of roads whose ends could fill the smallest shipment."""
    givers, takers = spare >= least, wanted >= least
    gives, takes = np.any(givers, axis=1), np.any(takers, axis=1)
    possible = gives[routes.origin] & takes[routes.destination]
    candidates = np.flatnonzero(possible)
    both = givers[routes.origin[candidates]] & takers[routes.destination[candidates]]
    row, replication = np.nonzero(both)
    return candidates[row], replication


def _worth_a_shipment(
    routes: RouteTable, product: str, route: Index, replication: Index, give: Ints, need: Ints
) -> NDArray[np.bool_]:
    """Mark roads that could fill the smallest shipment if they were the first to be served.

    Both sides only shrink, so the others never send anything.
    """
    lot = routes.lot_pieces[product]
    able = give[routes.origin[route], :, replication]
    np.minimum(able, need[routes.destination[route], :, replication], out=able)
    if lot > 1:
        able -= able % lot
    return _summed(able) >= max(lot, routes.smallest_pieces[product])


def _first(region: Index, replication: Index, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Mark the first row of every (region, replication)."""
    key = region * shape[1] + replication
    first = np.empty(shape[0] * shape[1], dtype=np.intp)
    first[key[::-1]] = np.arange(len(key))[::-1]  # of equal keys, the last assignment stays
    return first[key] == np.arange(len(key))


def _to_lots(pieces: Ints, routes: RouteTable, product: str, room: Index) -> None:
    """Round rows down to lots in place; drop what is too small, cut what is too large."""
    lot = routes.lot_pieces[product]
    pieces -= pieces % lot
    total = _summed(pieces)
    excess = total - np.minimum(room, routes.largest_pieces[product])
    if (excess > 0).any():
        for group in range(pieces.shape[1]):  # from the first group on, in whole lots
            cut = np.clip(-(-excess // lot) * lot, 0, pieces[:, group])
            pieces[:, group] -= cut.astype(pieces.dtype)
            excess = excess - cut
        total = _summed(pieces)
    pieces[total < routes.smallest_pieces[product]] = 0


def moved_products(snapshot: Snapshot, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the products a rule moves: those it names, or all that the roads carry."""
    return tuple(p for p in snapshot.routes.products if not wanted or p in wanted)
