"""What only hindsight knows: what came, what was asked for and what could have been collected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import FloatArray, IntArray, RouteTable

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Hindsight:
    """What really happened to one variant's world, in pieces, for bounds: no planner sees it.

    Parameters
    ----------
    products : tuple of str
        Names.
    pieces_per_unit, life_days : tuple of int
        Pieces per unit; days on which a unit may be issued, from its release on.
    released : int array (n_days, n_products, n_regions, n_groups, R)
        What entered stock from the laboratory.
    requested : int array (n_days, n_streams, n_regions, n_groups, R)
        New requests.
    opening, moving : int array (n_products, n_regions, n_groups, R)
        Stock, and what was on its way, before the first day.
    waiting : tuple of int array (n_regions, n_groups, R)
        Requests that waited before the first day, by stream.
    streams : tuple of (product, urgency, patience_days, substitutes)
        The streams of requests.
    normal : float array (n_products, n_regions)
        Mean normal-day demand of the scored days.
    routes : RouteTable
        The roads.
    weights : mapping
        The scenario's cost.
    """

    products: tuple[str, ...]
    pieces_per_unit: tuple[int, ...]
    life_days: tuple[int, ...]
    released: IntArray
    requested: IntArray
    opening: IntArray
    moving: IntArray
    waiting: tuple[IntArray, ...]
    streams: tuple[tuple[int, str, int, tuple[tuple[int, ...], ...]], ...]
    normal: FloatArray
    routes: RouteTable
    weights: Mapping[str, Any]


@dataclass(frozen=True)
class Attainable:
    """What collection could have released at most, and what that costs at least.

    Parameters
    ----------
    most : float array (n_days, n_products, n_regions, n_groups, R)
        Pieces that could enter stock on a day.
    fixed : bool array (n_days, n_products)
        Days on which what enters was given before the first day: it enters whatever the policy.
    price : float array (n_products, n_regions)
        Points of donations per piece released, at least.
    rounding : float array (R,)
        Points by which donations may fall short of that: what whole donors and whole pieces leave
        over.
    """

    most: FloatArray
    fixed: BoolArray
    price: FloatArray
    rounding: FloatArray


@dataclass(frozen=True)
class CommonTerms:
    """What variants that are compared with each other have in common, in every replication.

    Parameters
    ----------
    least, most : float array (n_products, R)
        Fewest and most donations that any of them took on the scored days, of the kind of gift
        that the product is made from.
    price : float array (n_products,)
        Points per donation; 0 where another product of the same gift is charged with it.
    per_piece : float array (n_products, n_regions)
        Donations that a piece released takes at least, but for *spare*.
    spare : float array (n_products, R)
        Donations by which all pieces may fall short of that.
    flows : tuple of (product, route)
        The agreements of the scenario, flows back of swaps included.
    agreed : int array (n_flows, n_days, n_groups, R)
        Pieces that every one of them shipped by agreement on a day, at least.
    """

    least: FloatArray
    most: FloatArray
    price: FloatArray
    per_piece: FloatArray
    spare: FloatArray
    flows: tuple[tuple[int, int], ...]
    agreed: IntArray
