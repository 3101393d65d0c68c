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

Minutes = Annotated[float, Field(ge=0, le=600)]
"""A travel time in minutes."""


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
    minutes_to: Frozen[Name, Minutes] = {}
    """Travel time (minutes) to residential areas; data for `plan`, without effect on a run."""


class ResidentialArea(Model):
    """People who live together; data for planners, without effect on a run."""

    region: RegionId
    """Where it is."""
    residents: NonNegative
    """People who live there."""


class SiteHours(Model):
    """One way of opening a candidate site."""

    open_weekdays: tuple[Weekday, ...] = ()
    """Weekdays on which it would be open; empty = all."""
    first_hour: Hour = 9.0
    """Hour at which it would open; for the reader."""
    last_hour: Hour = 17.0
    """Hour at which it would close; for the reader."""
    cost_per_year: NonNegative = 1.0
    """Cost of a year, in the units of site_plan.budget_per_year (assumed)."""
    gifts_factor: Annotated[float, Field(ge=0, le=5)] = 1.0
    """Gifts against the candidate's gifts_per_1000_residents_year (-) (judgement)."""


class CandidateSite(Model):
    """A place where a site could be opened; data for planners, without effect on a run."""

    region: RegionId
    """Where it would stand."""
    channel: Name
    """Channel it would belong to."""
    name: PlainText = ""
    """Name for readers."""
    kind: Literal["fixed_house", "station", "vehicle"] = "fixed_house"
    """What it would be."""
    city: PlainText = ""
    """City or district that counts for site_plan.least_per_place; empty = the region."""
    catchment: Frozen[Annotated[int, Field(ge=1, le=600)], NonNegative] = {}
    """Residents within a travel time: {15: 80000, 30: 210000}, minutes to residents, rising; of
    several candidates they count as different people."""
    minutes_to: Frozen[Name, Minutes] = {}
    """Travel time (minutes) to residential areas, in place of a catchment: an area counts once."""
    gifts_per_1000_residents_year: NonNegative = 10.0
    """Gifts a year from each thousand residents within reach (judgement)."""
    comfort_factor: Annotated[float, Field(ge=0, le=3)] = 1.0
    """Gifts against a site of usual comfort (-) (judgement)."""
    parking_factor: Annotated[float, Field(ge=0, le=3)] = 1.0
    """Gifts against a site with usual parking (-) (judgement)."""
    permit: Literal["held", "pending", "refused"] = "held"
    """Permit for the place; pending = it opens on permit_date, and never where that is null."""
    permit_date: ScenarioDate | None = None
    """Day on which a pending permit is expected."""
    hours: Frozen[Name, SiteHours] = {}
    """Alternative opening hours, of which a plan takes one; empty = every day, at a cost of 1."""


class SitePlan(Model):
    """How `plan --what sites` chooses among candidates."""

    goal: Literal["gifts", "travel_time"] = "gifts"
    """gifts = most gifts a year from residents within reach (maximal covering); travel_time = least
    mean travel time of all residents to their nearest site (p-median)."""
    most_sites: Annotated[int, Field(ge=0, le=10_000)] | None = None
    """Most sites that may be opened; null = as many as the budget allows."""
    budget_per_year: NonNegative | None = None
    """Most that they may cost a year, in any unit, that of cost_per_year; null = no limit."""
    reach_minutes: Annotated[float, Field(gt=0, le=600)] = 30.0
    """Travel time (minutes) within which residents come (judgement)."""
    least_per_place: Annotated[int, Field(ge=0, le=1000)] = 0
    """Fewest sites to open in every city (else region) that has candidates."""
    by_need: bool = False
    """Every region with candidates gets at least its share of most_sites, rounded down, by
    normal-day demand for products of whole blood; no more than it has candidates."""
