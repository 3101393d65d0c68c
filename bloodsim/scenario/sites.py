"""Places where teams collect: sites that are open, and sites that could be."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bloodsim.scenario.base import (
    Frozen,
    Hour,
    Model,
    Name,
    NonNegative,
    PlainText,
    RegionId,
    ScenarioDate,
)
from bloodsim.scenario.collection import Weekday


class Site(Model):
    """A fixed house, station or vehicle that adds to its region's donors_per_day."""

    kind: Literal["fixed_house", "station", "vehicle"] = "fixed_house"
    """What it is."""
    region: RegionId
    """Where it stands."""
    channel: Name
    """Channel whose profile and rates it has."""
    donors_per_day: NonNegative
    """Donors invited on a normal day that it is open."""
    from_date: ScenarioDate | None = None
    """First day; null = from the start."""
    until_date: ScenarioDate | None = None
    """Last day; null = no end."""
    open_weekdays: tuple[Weekday, ...] = ()
    """Weekdays on which it is open; empty = all."""
    first_hour: Hour = 9.0
    """Hour at which it opens; for the reader."""
    last_hour: Hour = 17.0
    """Hour at which it closes; for the reader."""


class CandidateSite(Model):
    """A place where a site could be opened; data for planners, without effect on a run."""

    region: RegionId
    """Where it would stand."""
    channel: Name
    """Channel it would belong to."""
    name: PlainText = ""
    """Name for readers."""
    catchment: Frozen[Annotated[int, Field(ge=1, le=600)], NonNegative]
    """Residents within a travel time: {15: 80000, 30: 210000}, minutes to residents, rising."""
    gifts_per_1000_residents_year: NonNegative = 10.0
    """Gifts a year from each thousand residents within reach (judgement)."""
