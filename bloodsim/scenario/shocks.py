"""Dated changes of the world: epidemics, disasters, heat and cold, closed roads, new hospitals."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bloodsim.scenario.base import (
    Days,
    Frozen,
    Model,
    Name,
    NonNegative,
    RegionId,
    ScenarioDate,
    Text,
)


class Shock(Model):
    """A change of collection, demand or roads in some regions for some days."""

    label: Text = Text()
    """Name shown to readers."""
    from_date: ScenarioDate
    """First day."""
    to_date: ScenarioDate
    """Last day."""
    regions: tuple[RegionId, ...] = ()
    """Regions concerned; empty = all."""
    collection_factor: Annotated[float, Field(ge=0, le=10)] = 1.0
    """Multiplier on turnout (-); below 1 an epidemic, heat or cold, above 1 a surge of donors."""
    channels: tuple[Name, ...] = ()
    """Channels whose turnout changes; empty = all."""
    demand_factor: Frozen[Name, NonNegative] = {}
    """Multiplier on requests (-), by product."""
    roads_closed: bool = False
    """No shipment leaves or is sent to these regions."""
    recognised_after_days: Days = 7
    """Days from the onset until forecasts of demand know of it."""
    ramp_days: Days = 0
    """Days over which the change grows to its full size, and over which it fades at its end."""
