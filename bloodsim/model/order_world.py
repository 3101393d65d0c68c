"""Replenishment orders as arrays: who orders, from whom, how long it takes, how long it lasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.scenario import LifeShares, Scenario

OUTSIDE = -1
"""Supplier of regions with an unlimited supply."""


@dataclass(frozen=True)
class OrderWorld:
    """One ordering rule: ``regions`` and ``suppliers`` (n,) are indices of regions.

    ``life_days`` are the lives a delivery from outside may have left, ``life_upto`` their
    cumulated shares.
    """

    product: int
    regions: NDArray[np.int64]
    suppliers: NDArray[np.int64]
    lead_days: int
    expedite_lead_days: int
    life_days: NDArray[np.int64]
    life_upto: NDArray[np.float64]


def orders_of(scenario: Scenario) -> tuple[OrderWorld, ...]:
    """Return the ordering rules in the order of the file."""
    index = {name: i for i, name in enumerate(scenario.regions)}
    products = list(scenario.products)
    items = []
    for item in scenario.ordering:
        supply = [scenario.regions[name].supply for name in item.regions]
        life = item.life_on_arrival_days
        if life is None:
            life = scenario.products[item.product].shelf_life_days
        if not isinstance(life, LifeShares):
            life = LifeShares(values=(life,), shares=(1.0,))
        items.append(
            OrderWorld(
                product=products.index(item.product),
                regions=np.array([index[name] for name in item.regions], dtype=np.int64),
                suppliers=np.array([index.get(str(name), OUTSIDE) for name in supply], np.int64),
                lead_days=item.lead_days,
                expedite_lead_days=item.expedite.lead_days if item.expedite else 0,
                life_days=np.array(life.values, dtype=np.int64),
                life_upto=np.cumsum(life.shares),
            )
        )
    return tuple(items)


def order_sequence(scenario: Scenario) -> list[int]:
    """Return the positions of the ordering rules, children before their parents.

    A parent's position then knows what it has sent.
    """

    def depth(name: str) -> int:
        steps, supply = 0, scenario.regions[name].supply
        while supply in scenario.regions and steps <= len(scenario.regions):
            steps, supply = steps + 1, scenario.regions[str(supply)].supply
        return steps

    depths = [max((depth(name) for name in o.regions), default=0) for o in scenario.ordering]
    return sorted(range(len(depths)), key=lambda i: -depths[i])


def margin_days(scenario: Scenario, name: str) -> int:
    """Return by how many days ordered units may outlive the newest that are released."""
    product = scenario.products[name]
    lives = [
        max(life.values) if isinstance(life, LifeShares) else life or product.shelf_life_days
        for life in (o.life_on_arrival_days for o in scenario.ordering if o.product == name)
    ]
    newest = product.shelf_life_days - max(1, product.test_delay_days)
    return max(1, max(lives) + 1 - newest) if lives else 0


def ordered_from_regions(scenario: Scenario) -> set[str]:
    """Return the products that some region orders from another."""
    return {
        o.product
        for o in scenario.ordering
        if any(scenario.regions[name].supply in scenario.regions for name in o.regions)
    }
