"""Workplaces, townships and campuses that teams visit, one by one or as a pool."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bloodsim.scenario.base import (
    Frozen,
    Model,
    Name,
    Positive,
    RegionId,
    ScenarioDate,
    Share,
)
from bloodsim.scenario.collection import Closure


class Organisation(Model):
    """A workplace, township or campus that teams visit; in place of its channel's daily base."""

    region: RegionId
    """Where it is."""
    channel: Name
    """Channel of its sessions."""
    headcount: Annotated[int, Field(ge=1, le=10_000_000)]
    """People there."""
    quota: Annotated[int, Field(ge=0)] = 0
    """Donors a year that it is asked for; 0 = none."""
    cap_share: Share = 0.25
    """Largest share of the headcount who come to one visit."""
    donors_per_visit: Positive | None = None
    """Donors invited to a visit; null = quota over visits, at most the cap."""
    visit_gap_days: Annotated[int, Field(ge=1, le=730)] = 180
    """Fewest days between two visits."""
    min_visits: Annotated[int, Field(ge=0, le=365)] = 1
    """Visits a year that have been agreed."""
    closures: tuple[Closure, ...] = ()
    """Spans without visits, such as vacations."""
    visits: tuple[ScenarioDate, ...] = ()
    """Dates of visits that are fixed; empty = evenly spaced over the year."""
    teams_per_visit: Annotated[int, Field(ge=1, le=1000)] = 1
    """Teams that a visit takes for the day (with drives)."""
    vehicles_per_visit: Annotated[int, Field(ge=1, le=1000)] = 1
    """Vehicles that a visit takes for the day (with drives whose vehicles are limited)."""


class OrganisationPool(Model):
    """Many similar organisations, visited evenly over the year."""

    region: RegionId
    """Where they are."""
    channel: Name
    """Channel of their sessions."""
    organisations: Annotated[int, Field(ge=1, le=1_000_000)]
    """How many there are."""
    visits_per_year: Annotated[float, Field(gt=0, le=365)] = 1.0
    """Visits to each in a year."""
    donors_per_visit: Positive
    """Donors invited to a visit."""
    visit_gap_days: Annotated[int, Field(ge=1, le=730)] = 180
    """Fewest days between two visits to one of them."""
    closures: tuple[Closure, ...] = ()
    """Spans without visits."""
    teams_per_visit: Annotated[int, Field(ge=1, le=1000)] = 1
    """Teams that a visit takes for the day (with drives)."""
    vehicles_per_visit: Annotated[int, Field(ge=1, le=1000)] = 1
    """Vehicles that a visit takes for the day (with drives whose vehicles are limited)."""


class Drives(Model):
    """Visits as drives: days that a plan may choose, each with luck of its own.

    With it a visit brings the donors of that organisation and that visit number, whatever the day,
    but for the region's weather, shocks and turnout. Without it visits only raise mean turnout.
    """

    teams_per_day: Annotated[int, Field(ge=0, le=100_000)] = 1
    """Teams of a region that can be out on drives on one day, over all channels (assumed)."""
    teams_per_day_by_region: Frozen[RegionId, Annotated[int, Field(ge=0, le=100_000)]] = {}
    """Teams a day where they differ."""
    vehicles_per_day: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """Vehicles of a region that can be out on drives on one day; null = no limit."""
    vehicles_per_day_by_region: Frozen[RegionId, Annotated[int, Field(ge=0, le=100_000)]] = {}
    """Vehicles a day where they differ."""
    commit_days: Annotated[int, Field(ge=0, le=365)] = 28
    """Days ahead that a plan has to commit a drive (judgement)."""
