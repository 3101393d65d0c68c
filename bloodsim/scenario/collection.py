"""Products, seasonal profiles and the channels that collect."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bloodsim.scenario.base import (
    Days,
    Frozen,
    Hour,
    Model,
    Name,
    NonNegative,
    Positive,
    ScenarioDate,
    Share,
    Text,
)

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Holiday = Literal[
    "new_year",
    "spring_festival",
    "tomb_sweeping",
    "labour_day",
    "dragon_boat",
    "mid_autumn",
    "national_day",
]
Group = Literal["A_pos", "B_pos", "O_pos", "AB_pos", "A_neg", "B_neg", "O_neg", "AB_neg"]


class FestivalBlock(Model):
    """A factor on days counted from the lunar New Year."""

    from_offset: Annotated[int, Field(ge=-180, le=180)]
    """First day of the block; 0 = lunar New Year's Day."""
    to_offset: Annotated[int, Field(ge=-180, le=180)]
    """Last day of the block."""
    factor: NonNegative
    """Multiplier on these days (-), before a region's feast_amplitude."""


class HolidayBlock(Model):
    """A factor on days of a public holiday."""

    holiday: Holiday
    """Which holiday."""
    from_day: Annotated[int, Field(ge=1, le=30)] = 1
    """First day of the block; 1 = first day off."""
    to_day: Annotated[int, Field(ge=1, le=30)] = 30
    """Last day of the block."""
    factor: NonNegative
    """Multiplier on these days (-)."""


class Closure(Model):
    """A span of the year, such as a vacation."""

    from_date: str
    """First day: MM-DD, or relative such as ``spring_festival - 20``."""
    to_date: str
    """Last day, written likewise."""


class Profile(Model):
    """How a daily quantity rises and falls over the year; all parts multiply."""

    month: Frozen[Annotated[int, Field(ge=1, le=12)], NonNegative] = {}
    """Index per month (-); empty = 1."""
    weekday: Frozen[Weekday, NonNegative] = {}
    """Index per weekday (-), not used on public holidays; empty = 1."""
    spring_festival: tuple[FestivalBlock, ...] = ()
    """Factors around the lunar New Year."""
    holidays: tuple[HolidayBlock, ...] = ()
    """Factors on other public holidays."""
    closures: tuple[Closure, ...] = ()
    """Spans with closed_factor, such as university vacations."""
    closed_factor: NonNegative = 0.0
    """Multiplier inside a closure (-)."""
    working_days_only: bool = False
    """Nothing happens on weekends and days off."""


class AlertLevel(Model):
    """A stock level with a colour."""

    level: Literal["blue", "yellow", "orange", "red"]
    """Colour of the level."""
    below_days: Positive
    """Cover (days, of one blood group, RhD-positive groups only) below which the level applies."""
    for_days: Annotated[int, Field(ge=1, le=60)] = 1
    """Closes in a row below it before the level is entered."""
    exit_above_days: Positive | None = None
    """Cover (days) from which the level is left; default: below_days."""
    urgent_cut: Share = 0.0
    """Share of urgent requests (new and waiting) held back while the level is in force."""
    elective_cut: Share = 0.0
    """Share of elective requests (new and waiting) held back while the level is in force."""
    turnout_lift: Annotated[float, Field(ge=0, le=2)] = 0.0
    """Relative lift of turnout by the appeal that goes with the level."""


class Product(Model):
    """A product that is stocked and issued."""

    label: Text
    """Name shown to readers."""
    unit_label: Text
    """Unit shown to readers, such as U or dose."""
    compatibility: Literal["red_cells", "platelets", "plasma"]
    """Which compatibility rules apply."""
    source: Literal["whole_blood", "apheresis", "derived"]
    """What it is made from; derived = from the stock of another product (`derivations`)."""
    pieces_per_unit: Annotated[int, Field(ge=1, le=10)] = 1
    """Smallest pieces per unit: 2 for red cells, since 300 mL give 1.5 U."""
    units_per_200_ml: NonNegative = 1.0
    """Units from 200 mL of whole blood."""
    units_per_donation: NonNegative = 1.0
    """Mean units from an apheresis donation."""
    shelf_life_days: Annotated[int, Field(ge=1, le=3660)]
    """Life: a unit collected (derived: made) on day v may last be issued on day
    v + shelf_life_days - 1."""
    test_delay_days: Days = 1
    """Days from collection (derived: making) to release; 0 and 1 both mean the next morning."""
    discard_share: Share = 0.0
    """Share of tested units lost before release for reasons other than test results; derived
    products lose by units_per_unit instead."""
    issue_order: Literal["oldest", "youngest", "threshold"] = "oldest"
    """Which units leave first; threshold = the oldest of those younger than issue_threshold_days,
    and where there are none, the youngest of the others (Atkinson et al., Transfusion 2012)."""
    issue_threshold_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    """Age from collection (days) of issue_order threshold."""
    accessible_share: Share = 1.0
    """Share of the stock on hand after ``decide`` that can be issued the same day, with what comes
    in later; the rest lies where requests do not reach it."""
    reserve_units: Frozen[Group, NonNegative] = {}
    """Units of a group that every region keeps for emergencies, such as frozen RhD-negative red
    cells: not for urgent or elective requests, nor for other regions. They age like others."""
    opening_cover_days: NonNegative = 0.0
    """Stock at the start of the warm-up, in days of normal-day demand."""
    alerts: tuple[AlertLevel, ...] = ()
    """Stock levels by cover; empty = none."""


class Regulation(Model):
    """How a channel is throttled and boosted by stock."""

    product: Name
    """Product whose cover steers the channel."""
    target_cover_days: Frozen[Annotated[int, Field(ge=-180, le=180)], Positive]
    """Target cover (days, of stock + in test + in transit) by days from the lunar New Year, linear
    between the given offsets and constant outside; {0: 10} = the same all year."""
    gain: NonNegative = 0.7
    """Change of turnout per relative distance from the target (-)."""
    group_gain: NonNegative = 0.0
    """Further change per relative distance of a blood group's cover from the region's (-): donors
    of groups that are short are called first; the region's turnout stays as it is."""
    min_factor: NonNegative = 0.75
    """Lowest turnout factor (-)."""
    max_factor: NonNegative = 1.1
    """Highest turnout factor (-)."""
    lag_days: Days = 3
    """Days until a change of cover changes turnout."""


class Channel(Model):
    """A way of collecting: street sites, workplaces, campuses, apheresis rooms."""

    label: Text
    """Name shown to readers."""
    gift: Literal["whole_blood", "apheresis"]
    """What donors give."""
    profile: Name
    """Seasonal profile of turnout."""
    sessions_per_day: Annotated[int, Field(ge=1, le=96)] = 1
    """Sessions per open day in every region."""
    first_hour: Hour = 10.0
    """Hour at which the first session's blood is in."""
    last_hour: Hour = 19.0
    """Hour at which the last session's blood is in."""
    variance_to_mean: Annotated[float, Field(ge=1, le=100)] = 1.0
    """Variance of a session's donors over their mean; 1 = Poisson."""
    donor_kind: Literal["voluntary", "mutual_aid", "paid"] = "voluntary"
    """Who gives: volunteers; replacement donors whom patients bring (stopped in mainland China by
    March 2018); paid donors (history only). Only volunteers belong to donor pools."""
    from_date: ScenarioDate | None = None
    """First day of the channel; null = from the start."""
    until_date: ScenarioDate | None = None
    """Last day of the channel; null = no end."""
    first_time_share: Share = 0.6
    """Share of first-time donors on a normal day."""
    booked_share: Share = 1.0
    """Share of invited donors who booked an appointment; only these can fail to come."""
    no_show_share: Share = 0.0
    """Share of booked donors who do not come."""
    deferral_share: Share = 0.0
    """Share of donors turned away at the desk."""
    test_failure_share: Share = 0.0
    """Share of donations that fail a test."""
    regulation: Regulation | None = None
    """Steering by stock; null = none."""

    @property
    def missing_share(self) -> float:
        """Share of invited donors who do not come."""
        return self.booked_share * self.no_show_share
