"""What planners know of orders and of how requests vary; answers of snapshots built by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.integer]
FloatArray = NDArray[np.floating]

UNLIMITED = int(np.iinfo(np.int32).max)
"""Pieces that no shipment reaches."""


@dataclass(frozen=True)
class Supply:
    """Orders and requests of one product, as planners of a small network see them.

    Parameters
    ----------
    order_days : int array (n_regions,)
        Days until what a plan orders today can first be issued; -1 = the region orders nothing.
    life_days : int array (n_regions,)
        Days on which what is ordered can be issued, the least that may arrive.
    travel_days : int array (n_routes,)
        Days until what leaves today on a road can first be issued.
    on_order : int array (days, n_regions, n_groups, R)
        Pieces ordered from outside by the day on which they can first be issued, today first.
    prices : mapping of str to float
        Points per unit: the weights of ``cost`` and of ``cost.events``.
    draws : callable (days, count) -> int array (count, days, n_regions, n_groups)
        Pieces that might be requested on the next *days* days, today first: *count* draws from the
        distributions that planners know, at the means of ``means``, with luck of their own.
    means : callable (days) -> float array (days, n_regions)
        Pieces requested in the mean of the draws, all groups.
    """

    order_days: IntArray
    life_days: IntArray
    travel_days: IntArray
    on_order: IntArray
    prices: Mapping[str, float]
    draws: Callable[[int, int], IntArray]
    means: Callable[[int], FloatArray]


def no_limit(product: str, route: IntArray, replication: IntArray) -> IntArray:
    """Return the room on roads that know no vehicles."""
    return np.full(len(route), UNLIMITED, dtype=np.int64)


def forgotten(product: str, days: int) -> Mapping[str, IntArray]:
    """Stand for what a snapshot built by hand does not tell."""
    raise LookupError("this snapshot has no history")


def unknown(product: str, days: int) -> FloatArray:
    """Stand for what a snapshot built by hand does not tell."""
    raise LookupError("this snapshot has no forecast by day")


def untold(product: str) -> Supply:
    """Stand for what a snapshot built by hand does not tell."""
    raise LookupError("this snapshot says nothing of orders")
