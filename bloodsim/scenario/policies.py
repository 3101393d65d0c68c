"""The parameters of the transfer policies a file may name; what they do stands in policies/."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bloodsim.scenario.agreements import FixedShipment
from bloodsim.scenario.base import Model, Name, Positive, RegionId, Share

ReviewDays = Annotated[int, Field(ge=1, le=60)]


class NoTransfers(Model):
    """Every region for itself."""

    kind: Literal["none"] = "none"
    """The policy's name."""


class ShareSurplus(Model):
    """Regions above one cover give to regions below another, nearest first."""

    kind: Literal["share_surplus"] = "share_surplus"
    """The policy's name."""
    above_days: Positive = 9.0
    """Cover (days) above which a region gives what it has more."""
    below_days: Positive = 5.0
    """Cover (days) below which a region asks for help."""
    fill_to_days: Positive = 7.0
    """Cover (days) up to which a region that asks is filled."""
    review_days: ReviewDays = 2
    """Days between two decisions."""
    products: tuple[str, ...] = ()
    """Products it moves; empty = all that the routes carry."""


class Proportional(Model):
    """All regions are brought towards the same cover."""

    kind: Literal["proportional"] = "proportional"
    """The policy's name."""
    tolerance_days: Annotated[float, Field(ge=0)] = 1.0
    """Distance from the common cover (days) that is left alone."""
    horizon_days: Annotated[int, Field(ge=1, le=42)] = 7
    """Days of forecast demand that cover is measured against."""
    review_days: ReviewDays = 7
    """Days between two decisions."""
    short_lived_tolerance_days: Annotated[float, Field(ge=0)] | None = None
    """Tolerance for products with a shelf life below 14 days; null = `tolerance_days`."""
    short_lived_review_days: ReviewDays | None = None
    """Days between two decisions on products with a shelf life below 14 days; null =
    `review_days`."""
    products: tuple[str, ...] = ()
    """Products it moves; empty = all that the routes carry."""


class AdHoc(Model):
    """Regions at an alert level ask for help, and those with plenty send: today's habit.

    The defaults are judgements; shipments of 500 to 5,000 units are what was reported
    (bloodsim/data/transfers.csv: Hubei 2020, Henan, Sichuan 2022).
    """

    kind: Literal["ad_hoc"] = "ad_hoc"
    """The policy's name."""
    at_level: Literal["blue", "yellow", "orange", "red"] = "yellow"
    """Alert level of any blood group from which a region asks (judgement)."""
    donor_above_days: Positive = 11.0
    """Cover (days, by group) above which a region sends what it has more (judgement)."""
    fill_to_days: Positive = 7.0
    """Cover (days, by group) up to which a region that asks is filled (judgement)."""
    smallest_units: Annotated[float, Field(ge=0)] = 500.0
    """Least that a region offers (units); what is asked for may be less (judgement)."""
    largest_units: Positive = 5000.0
    """Most that one shipment carries (units), where the road does not set less (judgement)."""
    review_days: ReviewDays = 1
    """Days between two decisions."""
    products: tuple[str, ...] = ()
    """Products it moves; empty = all that the routes carry and that have the alert level."""


class AgeingRoute(Model):
    """A road along which ageing units are sent."""

    origin: RegionId
    """Region that sends."""
    destination: RegionId
    """Region that uses them sooner."""


class MoveAgeing(Model):
    """Some regions send what is about to outdate to others that use it sooner."""

    kind: Literal["move_ageing"] = "move_ageing"
    """The policy's name."""
    routes: tuple[AgeingRoute, ...]
    """Who sends to whom."""
    below_life_days: Annotated[int, Field(ge=1, le=3660)]
    """Units with fewer days of issue left than this are sent, today included."""
    review_days: ReviewDays = 1
    """Days between two decisions."""
    products: tuple[str, ...] = ()
    """Products it moves; empty = all that the routes carry."""


class Optimized(Model):
    """The cheapest plan of the days ahead, made anew at every review."""

    kind: Literal["optimized"] = "optimized"
    """The policy's name."""
    method: Literal["exchange", "horizon"] = "exchange"
    """exchange = units go where forecast and its uncertainty say they are worth more; horizon = the
    first day of a six-week plan on the expected path, much slower."""
    review_days: ReviewDays = 7
    """Days between two decisions on products with a shelf life of 14 days or more."""
    short_lived_review_days: ReviewDays = 1
    """Days between two decisions on products with a shorter shelf life: by ``exchange`` they are
    shared proportionally, which sending platelets by their worth did not beat."""
    short_lived_tolerance_days: Annotated[float, Field(ge=0)] = 0.3
    """Distance from the common cover (days) that is left alone in sharing these products."""
    short_lived_horizon_days: Annotated[int, Field(ge=1, le=42)] = 7
    """Days of forecast demand that the cover of these products is measured against; as in
    `proportional`, so that the two do not differ in it."""
    foresight: Literal["none", "perfect"] = "none"
    """perfect = it is told what will be requested and released: no policy, but an estimate of what
    knowing the future is worth under the scenario's own reserves, alerts and rationing. Needs
    collection ``frozen``, and is always by ``exchange``."""
    products: tuple[str, ...] = ()
    """Products it moves; empty = all that the routes carry."""


class SampledPlan(Model):
    """Orders and transfers of a small network together, planned on sampled paths of requests.

    A two-stage sample-average linear program at every review: today's orders and transfers, and in
    every sampled path the transfers that answer to it. Prices are those of ``cost.events``, or of
    the one cost where no event has a price. Regions that the ordering rules name are ordered for by
    plan, the others only send and receive.
    """

    kind: Literal["sampled"] = "sampled"
    """The policy's name."""
    scenarios: Annotated[int, Field(ge=4, le=512)] = 32
    """Sampled paths of requests; 16, 32 and 64 cost the same on four hospitals, the time of a plan
    grows with their number."""
    review_days: ReviewDays = 1
    """Days between two decisions; on the others the ordering rules serve."""
    products: tuple[str, ...] = ()
    """Products it plans; empty = all that regions order or the routes carry."""


class FixedPlan(Model):
    """Shipments by date, promised whatever the stocks are."""

    kind: Literal["fixed"] = "fixed"
    """The policy's name."""
    shipments: tuple[FixedShipment, ...]
    """What leaves on which day."""


class CustomPolicy(Model):
    """A policy registered from Python under its own name."""

    kind: Literal["custom"] = "custom"
    """The policy's name."""
    name: Annotated[str, Field(min_length=1, max_length=60)]
    """Name under which the policy was registered."""


TransferPolicy = Annotated[
    NoTransfers
    | ShareSurplus
    | Proportional
    | Optimized
    | AdHoc
    | MoveAgeing
    | SampledPlan
    | FixedPlan
    | CustomPolicy,
    Field(discriminator="kind"),
]


class Regulated(Model):
    """Collection follows its profiles, steered by stock where the channel says so."""

    kind: Literal["regulated"] = "regulated"
    """The policy's name."""


class PreCollect(Model):
    """Regulated collection with a planned uplift around the lunar New Year."""

    kind: Literal["pre_collect"] = "pre_collect"
    """The policy's name."""
    from_offset: Annotated[int, Field(ge=-180, le=180)] = -47
    """First day of the uplift, from the lunar New Year."""
    to_offset: Annotated[int, Field(ge=-180, le=180)] = -8
    """Last day of the uplift."""
    uplift: Annotated[float, Field(ge=-1, le=2)] = 0.08
    """Relative change of turnout on these days, on top of regulation (assumed)."""
    channels: tuple[str, ...] = ()
    """Channels concerned; empty = all that collect whole blood."""


class FrozenCollection(Model):
    """Every replication replays another variant's collection, to compare transfers alone."""

    kind: Literal["frozen"] = "frozen"
    """The policy's name."""
    of: Annotated[str, Field(min_length=1, max_length=60)]
    """Variant whose donors come again, day by day."""


class OptimizedCollection(Model):
    """Drives, appeals and throttles come from plans (`Plan.drives`).

    Channels with drives are not regulated; the others are unless throttled. Drives that were
    committed before the variants branch are held. With ``placed_by: calendar`` a linear program
    plans before the run, on replications that no run has, when and where to collect as many
    donations as the reference; turnout is then steered around that plan.
    """

    kind: Literal["optimized"] = "optimized"
    """The policy's name."""
    placed_by: Literal["policy", "calendar", "booking"] = "policy"
    """policy = the variant's (custom) transfer policy places drives; calendar = a plan made before
    the run does, and the transfer policy decides on transfers alone; booking = so are the bookings
    of a short-lived product (platelets) planned, day by day and by expected requests."""
    reference: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """Variant whose donations the calendar may use, simulated along; null = the same transfers with
    regulated collection and the default calendar."""
    product: Name = "red_cells"
    """Product that the calendar is made for; all drives must be of channels that feed it."""
    paths: Annotated[int, Field(ge=2, le=256)] = 16
    """Planning paths: replications of their own on which plans are made."""
    rounds: Annotated[int, Field(ge=1, le=10)] = 2
    """Times that a plan is made and rehearsed on the planning paths."""
    gain: Annotated[float, Field(ge=0, le=10)] = 0.7
    """Relative rise of turnout for a cover that is relatively so much below the planned one."""
    lower_gain: Annotated[float, Field(ge=0, le=10)] | None = None
    """Relative fall of turnout for a cover above the planned one; null = `gain`."""
    lift: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Relative rise of turnout that visits are planned with, and of the most that steering may
    reach, on top of regulation: the uplift of a reference that has one makes equal limits."""
    same_team_days: bool = False
    """Whether a calendar takes no more team-days than the default one, over the scored days."""
    chairs_per_normal_day: Positive | None = None
    """Most donors whom chairs and machines take in a day, over those of a normal day (-), with
    ``placed_by: booking``; null = no limit."""
    pooled_share: Share = 0.0
    """Weight of the cover of all regions together against that of the region in steering."""
    appeal_max: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Largest relative rise of turnout by appeals to repeat donors, day by day where steering would
    go beyond its limit (-); 0 = no appeals. Where there are donor pools they are missing one
    interval later, and tire (`donor_pools.fatigue`)."""
    donor_value: bool = False
    """Whether a calendar is charged what the whole-blood donors it calls would give after the run,
    read off the second round's paths; more rounds than usual (6) make donations equal. It pays
    where scarcity follows; where none does it costs (see README, Limits)."""


CollectionPolicy = Annotated[
    Regulated | PreCollect | FrozenCollection | OptimizedCollection, Field(discriminator="kind")
]


class Policies(Model):
    """Who decides."""

    transfer: TransferPolicy = NoTransfers()
    """Which blood moves between regions."""
    collection: CollectionPolicy = Regulated()
    """When blood is collected."""
