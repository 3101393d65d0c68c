"""Replenishment orders: who orders what, by which rule, from whom and how old it arrives."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bloodsim.scenario.base import Model, Name, NonNegative, Positive, RegionId, Share

LeadDays = Annotated[int, Field(ge=0, le=60)]
LifeDays = Annotated[int, Field(ge=1, le=3660)]


class LifeShares(Model):
    """A random remaining life on arrival, one draw per region and day of arrival."""

    values: tuple[LifeDays, ...]
    """Days of issue that a delivery may still have."""
    shares: tuple[Share, ...]
    """Probability of each value; they sum to 1."""


def supplier_of(item: Ordering, supply: str | None) -> str | None:
    """Return where a region orders by an item: the item's supplier, or its own *supply*."""
    return item.supplier or supply


class Expedite(Model):
    """An emergency order beside the routine one, with a trigger of its own."""

    below_units: Positive
    """Placed when stock on hand less backlog is below this (units of the region)."""
    up_to_units: Positive
    """Stock (units) that it fills up to."""
    lead_days: LeadDays = 0
    """Days from order to arrival."""


class _Order(Model):
    """What all ordering rules have in common."""

    regions: tuple[RegionId, ...]
    """Regions that order; each names where from under ``supply``."""
    product: Name
    """Product that is ordered."""
    supplier: RegionId | None = None
    """Where this product is ordered, in place of the regions' ``supply``: ``unlimited``, or a
    region that ships from its stock."""
    lead_days: LeadDays = 1
    """Days from order to arrival; 0 = the same day."""
    life_on_arrival_days: LifeDays | LifeShares | None = None
    """Days of issue left on arrival from outside, counted from the first routine issue after it;
    null = the shelf life. Orders from a region keep their ages."""
    expedite: Expedite | None = None
    """Emergency orders; null = none."""


class BaseStock(_Order):
    """Every day, up to a target."""

    kind: Literal["base_stock"]
    """The rule's name."""
    target_units: NonNegative
    """Position (units: on hand of all ages + in test + on the way - backlog) to order up to."""


class OrderUpTo(_Order):
    """When the position is below a level, up to another: (s, S)."""

    kind: Literal["s_S"]
    """The rule's name."""
    reorder_units: NonNegative
    """Position (units) below which an order is placed."""
    up_to_units: Positive
    """Position (units) to order up to."""


class OrderQuantity(_Order):
    """When the position is below a level, a fixed quantity: (s, Q)."""

    kind: Literal["s_Q"]
    """The rule's name."""
    reorder_units: NonNegative
    """Position (units) below which an order is placed."""
    quantity_units: Positive
    """Units of an order."""


class PeriodicReview(_Order):
    """Every so many days, up to a target: (R, S)."""

    kind: Literal["R_S"]
    """The rule's name."""
    review_days: Annotated[int, Field(ge=1, le=366)]
    """Days between two orders, from the first day of the warm-up."""
    up_to_units: Positive
    """Position (units) to order up to."""


Ordering = Annotated[
    BaseStock | OrderUpTo | OrderQuantity | PeriodicReview, Field(discriminator="kind")
]
"""One ordering rule; a region's figures are split over the groups by its group_shares."""


class EventCosts(Model):
    """Costs by event, in points, as the literature on ordering states them.

    They make the indicator ``event_cost_per_day`` and are no part of the one cost.
    """

    holding_unit_day: NonNegative = 0.0
    """Points per unit on hand at ``close`` and day: after issue, after ``expire`` if that comes
    before close, before deliveries that come after it."""
    ordered_unit: NonNegative = 0.0
    """Points per unit ordered in routine and sent off (expedited units apart)."""
    expedited_unit: NonNegative = 0.0
    """Points per unit sent off by an emergency order."""
    order: NonNegative = 0.0
    """Points per order placed, routine or expedited, of one region and product."""
    short_unit: NonNegative = 0.0
    """Points per unit lost or cancelled."""
    outdated_unit: NonNegative = 0.0
    """Points per unit outdated."""
    transferred_unit: NonNegative = 0.0
    """Points per unit shipped between regions, orders from a parent left out."""
