"""Replenishment orders as arrays: who orders, from whom, how long it takes, how long it lasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.scenario import LifeShares, Scenario
from bloodsim.scenario.ordering import supplier_of

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
        supply = [supplier_of(item, scenario.regions[name].supply) for name in item.regions]
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


def order_batches(scenario: Scenario) -> list[list[int]]:
    """Return the positions of the ordering rules, children before their parents.

    Rules of one product at one distance from its source are placed together, so that a parent
    sees all its orders at once; its own position then knows what it has sent.
    """
    batches: dict[tuple[int, int], list[int]] = {}
    products = list(scenario.products)
    for number, item in enumerate(scenario.ordering):
        depth = max((_depth(scenario, item.product, name) for name in item.regions), default=0)
        batches.setdefault((-depth, products.index(item.product)), []).append(number)
    return [batches[key] for key in sorted(batches)]


def _depth(scenario: Scenario, product: str, name: str) -> int:
    """Return how many regions a product passes on its way from a source to a region."""
    steps, parent = 0, _parent(scenario, product, name)
    while parent in scenario.regions and steps <= len(scenario.regions):
        steps, parent = steps + 1, _parent(scenario, product, str(parent))
    return steps


def _parent(scenario: Scenario, product: str, name: str) -> str | None:
    for item in scenario.ordering:
        if item.product == product and name in item.regions:
            return supplier_of(item, scenario.regions[name].supply)
    return None


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
        if any(
            supplier_of(o, scenario.regions[name].supply) in scenario.regions for name in o.regions
        )
    }
