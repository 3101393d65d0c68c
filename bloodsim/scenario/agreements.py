"""Standing agreements between regions, and shipments by date."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bloodsim.scenario.base import Model, Name, Positive, RegionId, ScenarioDate


class Agreement(Model):
    """A standing flow along a road; it runs under every transfer policy but ``none``.

    It ships what is due as far as the origin's stock stands above its floor (`routes.products`
    floor_days), up to the largest shipment and what vehicles carry; the rest is counted as not
    shipped and not made up for.
    """

    origin: RegionId
    """Region that sends."""
    destination: RegionId
    """Region that receives."""
    product: Name
    """Product that travels."""
    units_per_day: Positive | None = None
    """Units a day where the season is 1; give this or units_per_year."""
    units_per_year: Positive | None = None
    """Units in 365 days where the season is 1."""
    season: Name | None = None
    """Profile of the flow; null = even."""
    from_date: ScenarioDate | None = None
    """First day; null = the first of the run."""
    to_date: ScenarioDate | None = None
    """Last day; null = the last of the run."""
    every_days: Annotated[int, Field(ge=1, le=60)] = 7
    """Days between two shipments, which carry what has come due in whole lots; what is left on
    to_date leaves on that day."""
    swap: bool = False
    """The destination sends the same amount back within the dates, by return_season: out in the
    origin's surplus season, back in its dip. What is due balances to a lot per group over the dates
    and the run, by amount, each way in the sender's groups; what one side fails to ship the other
    still owes."""
    return_season: Name | None = None
    """Profile of the flow back; null = even."""


class FixedShipment(Model):
    """One shipment of a fixed plan, split over the groups as the origin's demand is."""

    date: ScenarioDate
    """Day it leaves."""
    origin: RegionId
    """Region that sends."""
    destination: RegionId
    """Region that receives."""
    product: Name
    """Product that travels."""
    units: Positive
    """Units promised; what does not stand above the origin's floor is not shipped."""
