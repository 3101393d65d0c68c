"""Donor pools: who may give, when they come back, and what moves them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bloodsim.scenario.base import (
    Frozen,
    Model,
    Name,
    NonNegative,
    Positive,
    RegionId,
    ScenarioDate,
    Share,
)
from bloodsim.scenario.collection import Group

Segment = Literal["once", "twice", "regular"]
"""Donors by earlier gifts: one, two, three or more."""

SEGMENTS: tuple[Segment, ...] = ("once", "twice", "regular")

Interval = Annotated[int, Field(ge=1, le=730)]


class Span(Model):
    """Dates, regions and segments that something applies to."""

    from_date: ScenarioDate
    """First day."""
    to_date: ScenarioDate | None = None
    """Last day; null = no end."""
    regions: tuple[RegionId, ...] = ()
    """Regions; empty = all."""


class DonorFactor(Span):
    """A dated change of what donors do."""

    segments: tuple[Segment, ...] = ()
    """Segments; empty = all."""
    factor: NonNegative
    """Multiplier (-)."""


class AgeLimit(Span):
    """A dated change of the upper age, seen as a change of who still gives."""

    upper_age_years: Annotated[int, Field(ge=18, le=80)]
    """Oldest age at which a donor may give (years); for the reader."""
    factor: NonNegative
    """Multiplier of the share of repeat donors who return (-): 1.03 = three of a hundred more."""


class Recall(Span):
    """Lapsed donors who are won back."""

    share_per_day: Share
    """Share of lapsed donors who become eligible again on each day of the span."""


class IntervalChange(Model):
    """A legal interval that changes on a day; donors who already waited longer return at once."""

    from_date: ScenarioDate
    """First day of the new interval."""
    interval_days: Interval
    """Days from a gift to the first day of the next."""


class Awareness(Span):
    """How willing a part of the population is to give, compared with usual."""

    population_group: Name
    """Part of the population, such as students or migrants; for the reader."""
    share_of_donors: Share
    """Share of the pool's donors who belong to it, on a normal day."""
    factor: NonNegative
    """Multiplier of that group's turnout (-)."""
    applies_to: Literal["all", "first_time", "repeat"] = "all"
    """Which of its donors."""


class Fatigue(Model):
    """How appeals wear out; the defaults are judgements."""

    loss_per_day: Share = 0.03
    """Share of its effect that an appeal loses on every day it lasts."""
    recovery_days: Positive = 60.0
    """Days of quiet in which about two thirds of the lost effect come back."""
    lowest: Share = 0.3
    """Smallest share of the effect that is left."""


class DonorPool(Model):
    """The repeat donors of one gift, by region and segment.

    On the usual path of turnout the pool is in balance; retention follows from first_time_share
    and repeat_shares, so that nothing drifts by itself.
    """

    interval_days: Interval
    """Days from a gift to the first day of the next (legal interval)."""
    max_per_year: Annotated[int, Field(ge=1, le=365)] | None = None
    """Most gifts a year and donor; null = what the interval allows."""
    mean_return_days: Annotated[float, Field(ge=0, le=3660)]
    """Mean days from the first eligible day to the next gift (judgement)."""
    return_factor: Frozen[Segment, Positive] = {}
    """Multiplier of mean_return_days by segment (-); empty = 1."""
    elasticity: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Power of (eligible / usual eligible) in the turnout of repeat donors: 1 = in proportion, 0 =
    scarcity does not show (judgement)."""
    repeat_shares: Frozen[Segment, Share] = {"once": 0.35, "twice": 0.2, "regular": 0.45}
    """Shares of repeat donors' gifts by segment on a normal day; they sum to 1 (judgement)."""
    reactive_share: Share = 0.003
    """Share of gifts with a reactive test: the donor is removed for good (judgement)."""
    opening_lapsed_years: Annotated[float, Field(ge=0, le=20)] = 2.0
    """Donors lapsed at the start: this many years of usual lapses (judgement)."""
    target_regular_share: Share | None = None
    """Share of gifts that should come from regular donors; null = no target."""
    retention: tuple[DonorFactor, ...] = ()
    """Dated factors of the share of donors who return after their interval."""
    age_limits: tuple[AgeLimit, ...] = ()
    """Dated upper ages."""
    recall: tuple[Recall, ...] = ()
    """Dated recall of lapsed donors."""
    interval_changes: tuple[IntervalChange, ...] = ()
    """Dated changes of the legal interval, such as 90 days in the draft law of December 2025."""


class WholeBloodPool(DonorPool):
    """Donors of whole blood: 6 months between gifts (GB 18467-2011)."""

    interval_days: Interval = 180
    """Days from a gift to the first day of the next (GB 18467-2011: 6 months)."""
    mean_return_days: Annotated[float, Field(ge=0, le=3660)] = 120.0
    """Mean days from the first eligible day to the next gift (judgement)."""


class PlateletPool(DonorPool):
    """Donors of apheresis platelets: 2 weeks between gifts, 24 a year (GB 18467-2011)."""

    interval_days: Interval = 14
    """Days from a gift to the first day of the next (GB 18467-2011: 2 weeks)."""
    max_per_year: Annotated[int, Field(ge=1, le=365)] | None = 24
    """Most gifts a year and donor (GB 18467-2011)."""
    mean_return_days: Annotated[float, Field(ge=0, le=3660)] = 30.0
    """Mean days from the first eligible day to the next gift (judgement)."""
    repeat_shares: Frozen[Segment, Share] = {"once": 0.08, "twice": 0.07, "regular": 0.85}
    """Shares of repeat donors' gifts by segment on a normal day; they sum to 1 (judgement)."""
    from_whole_blood_share: Share = 0.0
    """Share of first-time platelet donors who come from the whole-blood pool."""
    after_whole_blood_days: Interval = 90
    """Days from a whole-blood gift to a platelet gift (GB 18467-2011: 3 months)."""


class DonorTeam(Model):
    """Donors on call: a walking blood bank, a rare-group or reserve team."""

    product: Name
    """Whole-blood product whose stock calls the team."""
    groups: Annotated[tuple[Group, ...], Field(min_length=1)]
    """Blood groups of the team; each has its own members."""
    regions: tuple[RegionId, ...] = ()
    """Regions that have such a team; empty = all."""
    size: Annotated[int, Field(ge=1, le=100_000)]
    """Members per region and group."""
    below_units: Positive
    """Stock (units of the group, at the close) below which the team is called."""
    donors_per_call: Annotated[int, Field(ge=1, le=100_000)]
    """Members who give on a day of a call, as far as they are available."""
    interval_days: Interval = 180
    """Days from a member's gift to the next."""
    from_date: ScenarioDate | None = None
    """First day; null = always."""
    to_date: ScenarioDate | None = None
    """Last day; null = no end."""


class Replacement(Model):
    """Replacement (mutual-aid) donation: patients' relatives give some days after the request.

    Requests do not depend on stock or policy, so neither do these donors; regulation, appeals and
    pools leave them alone.
    """

    channel: Name
    """Channel whose desk they come to; its donor_kind is mutual_aid."""
    product: Name
    """Product whose requests bring donors."""
    donors_per_unit: Annotated[float, Field(ge=0, le=5)]
    """Donors invited per unit requested: 0.1 = one for every ten units."""
    classes: tuple[Literal["emergency", "urgent", "elective"], ...] = ("urgent", "elective")
    """Classes whose requests count."""
    delay_days: Annotated[int, Field(ge=0, le=60)] = 3
    """Days from the request to the donation (judgement)."""
    from_date: ScenarioDate | None = None
    """First day of donations under the rule; null = from the start."""
    to_date: ScenarioDate | None = None
    """Last day; null = no end."""
    regions: tuple[RegionId, ...] = ()
    """Regions with the rule; empty = all."""


class DonorPools(Model):
    """Repeat donors as pools; without a pool, turnout never runs short of donors."""

    whole_blood: WholeBloodPool | None = None
    """Pool of whole-blood donors; {} = all defaults; null = none."""
    apheresis: PlateletPool | None = None
    """Pool of platelet donors; {} = all defaults; null = none."""
    fatigue: Fatigue = Fatigue()
    """How appeals wear out."""
    awareness: tuple[Awareness, ...] = ()
    """Dated willingness of parts of the population."""
    teams: Frozen[Name, DonorTeam] = {}
    """Donors on call."""
    replacement: tuple[Replacement, ...] = ()
    """Replacement donors whom patients' requests bring; stopped nationwide by March 2018."""
