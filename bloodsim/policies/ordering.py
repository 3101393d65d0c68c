"""Rules of replenishment: how much to order, given a position. Small callables, one per rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bloodsim.blood import GROUPS
from bloodsim.decision import IntArray, OrderRule
from bloodsim.scenario import (
    BaseStock,
    Ordering,
    OrderQuantity,
    OrderUpTo,
    PeriodicReview,
    Scenario,
)


@dataclass(frozen=True)
class UpTo:
    """Order up to *target* wherever the position is below *reorder*, every *review_days*.

    ``reorder`` and ``target`` are pieces (n_regions, n_groups, 1).
    """

    reorder: IntArray
    target: IntArray
    review_days: int = 1

    def __call__(self, position: IntArray, day: int) -> IntArray:
        """Return pieces to order (n_regions, n_groups, R)."""
        if day % self.review_days:
            return np.zeros_like(position)
        wanted = np.where(position < self.reorder, self.target - position, 0)
        return np.maximum(wanted, 0).astype(position.dtype)


@dataclass(frozen=True)
class Quantity:
    """Order *quantity* wherever the position is below *reorder*; pieces (n_regions, n_groups, 1).

    One order a day: a position that stays below is lifted again the next day.
    """

    reorder: IntArray
    quantity: IntArray

    def __call__(self, position: IntArray, day: int) -> IntArray:
        """Return pieces to order (n_regions, n_groups, R)."""
        return np.where(position < self.reorder, self.quantity, 0).astype(position.dtype)


def order_rules(scenario: Scenario) -> tuple[tuple[OrderRule, OrderRule | None], ...]:
    """Return the routine and the emergency rule of every item of ``ordering``."""
    return tuple(
        (_routine(item, scenario), _expedite(item, scenario)) for item in scenario.ordering
    )


def _routine(item: Ordering, scenario: Scenario) -> OrderRule:
    match item:
        case BaseStock():
            target = _pieces(item, item.target_units, scenario)
            return UpTo(target, target)
        case OrderUpTo():
            reorder = _pieces(item, item.reorder_units, scenario)
            return UpTo(reorder, _pieces(item, item.up_to_units, scenario))
        case OrderQuantity():
            reorder = _pieces(item, item.reorder_units, scenario)
            return Quantity(reorder, _pieces(item, item.quantity_units, scenario))
        case PeriodicReview():
            target = _pieces(item, item.up_to_units, scenario)
            return UpTo(target, target, item.review_days)


def _expedite(item: Ordering, scenario: Scenario) -> OrderRule | None:
    if item.expedite is None:
        return None
    below = _pieces(item, item.expedite.below_units, scenario)
    return UpTo(below, _pieces(item, item.expedite.up_to_units, scenario))


def _pieces(item: Ordering, units: float, scenario: Scenario) -> IntArray:
    """Split a region's units over the groups by its group_shares; the whole stays whole."""
    total = units * scenario.products[item.product].pieces_per_unit
    rows = []
    for region in item.regions:
        shares: Mapping[Any, float] = scenario.regions[region].group_shares
        cumulated = np.cumsum([shares.get(group, 0.0) for group in GROUPS]) * total
        rows.append(np.diff(np.floor(cumulated + 0.5), prepend=0.0))
    return np.array(rows, dtype=np.int32)[:, :, None]
