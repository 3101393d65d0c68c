"""Collection resources: campaigns, places, teams, sites, organisations, trends, plans, labs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bloodsim.scenario.base import (
    Days,
    Frozen,
    Model,
    Name,
    NonNegative,
    Positive,
    RegionId,
    ScenarioDate,
    Share,
)
from bloodsim.scenario.collection import Weekday
from bloodsim.scenario.organisations import Drives, Organisation, OrganisationPool
from bloodsim.scenario.regions import GiftShares
from bloodsim.scenario.sites import CandidateSite, ResidentialArea, Site, SitePlan

Month = Annotated[int, Field(ge=1, le=12)]


class When(Model):
    """Dates and regions that something applies to."""

    from_date: ScenarioDate | None = None
    """First day; null = from the start."""
    to_date: ScenarioDate | None = None
    """Last day; null = no end."""
    regions: tuple[RegionId, ...] = ()
    """Regions; empty = all."""


class Where(When):
    """Dates, regions and channels that something applies to."""

    channels: tuple[Name, ...] = ()
    """Channels; empty = all."""


class Campaign(Where):
    """A campaign that brings donors in; turnout rises by effort x reach x lift."""

    effort: Annotated[float, Field(ge=0, le=10)] = 1.0
    """Size of the campaign against the one that the lifts were measured on (-)."""
    reach: Share = 1.0
    """Share of the donors of its regions whom it reaches."""
    lift_first_time: NonNegative = 0.0
    """Relative rise of first-time donors among those reached (-): 0.3 = +30 %."""
    lift_repeat: NonNegative = 0.0
    """Relative rise of repeat donors among those reached (-); the pool pays for it later."""
    cancel_probability: Share = 0.0
    """Probability that it does not take place, in all its regions at once."""
    notice_days: Days = 0
    """Days before from_date on which planners learn of it, and of its cancellation."""


class SessionPlaces(Where):
    """A limit to the donors of a session, such as a limit to gatherings."""

    places: Annotated[int, Field(ge=0, le=1_000_000)]
    """Donors whom one team can receive in one session; the others are not counted as invited."""


class Staffing(Model):
    """Teams that a channel's sessions take."""

    teams: Positive = 1.0
    """Teams per session and region; a province's session may stand for many teams."""
    teams_by_region: Frozen[RegionId, Positive] = {}
    """Teams per session where they differ."""
    hours: Annotated[float, Field(gt=0, le=24)] = 4.0
    """Hours that a team works at a session (judgement)."""


class Trend(Where):
    """Turnout that grows or shrinks; with several channels their shares of collection move."""

    per_year: Annotated[float, Field(gt=-0.9, le=2)]
    """Relative growth a year from from_date (the first scored day if null) to to_date."""


class GiftMix(Model):
    """Gift sizes from a day on, in place of the regions' gift_shares."""

    from_date: ScenarioDate
    """First day of the new sizes."""
    regions: tuple[RegionId, ...] = ()
    """Regions; empty = all."""
    gift_shares: GiftShares
    """The new shares."""


class MonthPlan(Where):
    """A planned month table that mean turnout follows."""

    counts: Literal["donations", "units"] = "donations"
    """What the months count: donations; or whole-blood units of 200 mL (doses for apheresis)."""
    year: Annotated[int, Field(ge=2000, le=2099)] | None = None
    """Year of the table; null = every year."""
    months: Frozen[Month, NonNegative]
    """Planned amount by month over all its channels and regions: {2: 599}; others as they are."""
    catch_up_from_day: Annotated[int, Field(ge=1, le=31)] | None = None
    """Day of the month from which turnout is raised by what is missing so far; null = never."""
    catch_up_max_factor: Annotated[float, Field(ge=1, le=3)] = 1.25
    """Largest rise of turnout by catching up (-), on top of regulation (judgement)."""


class Processing(When):
    """What laboratories can separate in a day; donors beyond it are turned away."""

    donations_per_day: NonNegative
    """Most whole-blood donations a day and region, over all channels."""


class Laboratory(Model):
    """Days on which tested units are released; on other days they wait in test."""

    regions: tuple[RegionId, ...] = ()
    """Regions; empty = all."""
    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1)] = (
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
    )
    """Weekdays on which the laboratory releases."""
    on_holidays: bool = True
    """It works on public holidays."""


class Resources(Model):
    """What collection has to work with; every part is off unless given."""

    campaigns: Frozen[Name, Campaign] = {}
    """Campaigns by name."""
    session_places: tuple[SessionPlaces, ...] = ()
    """Dated limits to the donors of a session; the tightest counts."""
    staffing: Frozen[Name, Staffing] = {}
    """Teams and hours of a session by channel; default: one team, 4 hours."""
    sites: Frozen[Name, Site] = {}
    """Sites that come on top of donors_per_day."""
    candidate_sites: Frozen[Name, CandidateSite] = {}
    """Sites that could be opened."""
    residential_areas: Frozen[Name, ResidentialArea] = {}
    """Where people live, for travel times to sites."""
    site_plan: SitePlan | None = None
    """How `plan --what sites` chooses among candidates."""
    trends: tuple[Trend, ...] = ()
    """Growth of turnout."""
    gift_mix: tuple[GiftMix, ...] = ()
    """Dated gift sizes."""
    traces: Frozen[Name, Frozen[RegionId, Frozen[ScenarioDate, NonNegative]]] = {}
    """Donors invited by channel, region and date, in place of the mean that the profile gives."""
    plans: tuple[MonthPlan, ...] = ()
    """Planned month tables."""
    organisations: Frozen[Name, Organisation] = {}
    """Organisations by name."""
    organisation_pools: Frozen[Name, OrganisationPool] = {}
    """Pools of similar organisations."""
    drives: Drives | None = None
    """Visits as drives that a plan may place; null = visits only raise mean turnout."""
    processing: tuple[Processing, ...] = ()
    """Dated processing capacities; the tightest counts."""
    laboratories: tuple[Laboratory, ...] = ()
    """Working days of laboratories; empty = every day."""
