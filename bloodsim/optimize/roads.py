"""Few roads that no journey over all roads undercuts: what keeps a bound's programs small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from bloodsim.cost import coefficients
from bloodsim.decision import RouteTable

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

_ROADS_PER_REGION = 5


@dataclass(frozen=True)
class Ways:
    """A sparse set of roads over which no journey is dearer than over all roads.

    ``with_shipments``: whether the price of a piece holds its part of a largest shipment's.
    """

    origin: Index
    destination: Index
    price: Floats
    with_shipments: bool


def few_ways(
    routes: RouteTable, product: str, weights: Mapping[str, object], per_unit: int
) -> Ways | None:
    """Return few roads whose shortest journeys cost no more than the direct ones.

    Of every region the nearest roads stay, and those of no length; their prices are lowered by the
    largest detour, so that going round over them is never dearer than going straight. What a
    shipment costs counts only where all roads stay: going round would pay it more than once.
    """
    if product not in routes.products:
        return None
    usable = np.flatnonzero(~routes.barred.get(product, np.zeros(len(routes), bool)))
    if not len(usable):
        return None
    origin, destination = routes.origin[usable], routes.destination[usable]
    long_km = routes.distance_km[usable]
    km = np.maximum(long_km, 1e-3)  # no length is no road to the search
    n = int(max(origin.max(), destination.max())) + 1
    rank = np.zeros(len(usable), dtype=int)
    for ends in (origin, destination):
        seen = np.zeros(n, dtype=int)
        nearest = np.zeros(len(usable), dtype=int)
        for row, region in enumerate(ends):
            nearest[row] = seen[region]
            seen[region] += 1
        rank = nearest if ends is origin else np.minimum(rank, nearest)
    kept = (rank < _ROADS_PER_REGION) | (long_km <= 0)
    graph = sparse.csr_array((km[kept], (origin[kept], destination[kept])), shape=(n, n))
    shortest = dijkstra(graph)[origin, destination]
    unreachable = ~np.isfinite(shortest)
    kept |= unreachable  # what the near roads do not connect keeps its own road
    detour = float(np.max((shortest / km)[~unreachable & ~kept], initial=1.0))
    points = coefficients(weights)
    price = points["shipped_unit_km"] * long_km[kept] / detour / per_unit
    if kept.all():
        price = price + points["shipments"] / routes.largest_pieces[product]
    return Ways(origin[kept], destination[kept], price, bool(kept.all()))
