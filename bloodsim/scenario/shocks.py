"""Dated changes of the world: epidemics, disasters, heat, closed roads, outages, recalls."""

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
    Share,
    Text,
)
from bloodsim.scenario.collection import Group


class StockRecall(Model):
    """Units that turn out to be unsafe and are withdrawn, by product, group and day of collection.

    On every day of the shock, at ``order`` and ``decide``, they leave the stock of its regions:
    those on the shelf, and on later days those that came out of test or off the road.
    """

    product: Name
    """Product withdrawn."""
    groups: tuple[Group, ...] = ()
    """Blood groups; empty = all."""
    collected_from: ScenarioDate
    """First day of collection concerned (of ordered units: shelf_life_days before they expire)."""
    collected_to: ScenarioDate
    """Last day of collection concerned."""


class Shock(Model):
    """A change of collection, demand, roads, laboratories or stock in some regions for some days.

    A new donor law is said where its rules are: `donor_pools` interval_changes and age_limits,
    `resources` gift_mix.
    """

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
    """No shipment leaves or is sent to these regions, orders included."""
    laboratory_share: Share = 1.0
    """Share of the units due (those that wait included) that laboratories still release each day,
    or that neighbours test for them: 0 = outage, 1 = as usual. The rest waits in test and ages."""
    recall: StockRecall | None = None
    """Units withdrawn from stock on the days of the shock; null = none."""
    recognised_after_days: Days = 7
    """Days from the onset until forecasts of demand know of it."""
    ramp_days: Days = 0
    """Days over which the change grows to its full size, and over which it fades at its end; roads,
    laboratories and recalls know no half measures."""
