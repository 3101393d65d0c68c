"""Products made from stock: cryoprecipitate from plasma, washed red cells, pools of platelets."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bloodsim.scenario.base import Model, Name, NonNegative, RegionId, Share
from bloodsim.scenario.collection import Weekday


class Derivation(Model):
    """How one product is made from the stock of another, at ``close``, in the same blood group.

    The oldest units are taken. What is made is in test for the product's test_delay_days and has
    its shelf_life_days from the day it was made. Give one of share_per_day, up_to_units and
    up_to_cover_days. Off unless given.
    """

    of: Name
    """Product that is used up."""
    product: Name
    """Product that is made; its source is ``derived``."""
    units_per_unit: Annotated[float, Field(gt=0, le=10)]
    """Units made of one unit used (to a thousandth): 0.5 = two bags for one, washing 0.9."""
    share_per_day: Share | None = None
    """Share of the free stock that is used on each working day."""
    up_to_units: NonNegative | None = None
    """Position (units of the region: on hand + in test + on the way - backlog) of the product made
    that is filled up to; split over the groups by group_shares."""
    up_to_cover_days: NonNegative | None = None
    """The same in days of normal-day demand for the product made, by group."""
    keep_days: NonNegative = 0.0
    """Stock of the product used (days of normal-day demand, by group) that is left alone."""
    regions: tuple[RegionId, ...] = ()
    """Regions that make it; empty = all."""
    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1)] = (
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
    )
    """Weekdays on which it is made."""
    on_holidays: bool = True
    """It is made on public holidays."""
