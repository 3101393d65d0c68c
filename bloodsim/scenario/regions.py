"""Regions, what they ask for, and the routes between them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bloodsim.scenario.base import (
    Frozen,
    Model,
    Name,
    NonNegative,
    PlainText,
    Positive,
    RegionId,
    Share,
)
from bloodsim.scenario.collection import Group
from bloodsim.scenario.demand import Distribution


class GiftShares(Model):
    """Shares of gifts by volume; they sum to 1."""

    ml_200: Share = 0.19
    """Share of 200 mL gifts."""
    ml_300: Share = 0.23
    """Share of 300 mL gifts."""
    ml_400: Share = 0.58
    """Share of 400 mL gifts."""


class Region(Model):
    """An area with its own blood centre."""

    name_zh: PlainText = ""
    """Chinese name."""
    name_en: PlainText = ""
    """English name."""
    adcode: Annotated[int, Field(ge=0, le=999999)] | None = None
    """Administrative code (GB/T 2260)."""
    population: Annotated[int, Field(ge=0)] = 0
    """Residents."""
    tile_row: Annotated[int, Field(ge=0, le=200)] | None = None
    """Row on the tile grid."""
    tile_col: Annotated[int, Field(ge=0, le=200)] | None = None
    """Column on the tile grid."""
    group_shares: Frozen[Group, Share]
    """Blood groups of donors and patients; they sum to 1."""
    gift_shares: GiftShares = GiftShares()
    """Volumes of whole-blood gifts."""
    donors_per_day: Frozen[Name, NonNegative]
    """Donors invited on a normal day, by channel, before no-shows and deferral."""
    demand_per_day: Frozen[Name, NonNegative]
    """Units requested on a normal day, by product."""
    demand_distribution: Frozen[Name, Distribution] = {}
    """How the region's requests of a product vary, in place of demand.*.distribution. Without a
    demand_per_day of the product the distribution's own mean is the normal day's."""
    feast_amplitude: Annotated[float, Field(ge=0, le=3)] = 1.0
    """Depth of the festival dip against the national profile (-)."""
    target_cover_factor: Frozen[Name, Annotated[float, Field(ge=0.2, le=5)]] = {}
    """Target cover of the region's regulation by product, against that of the channel (-); others
    1. Averages of provincial centres lie between 8.1 and 14.0 days (quartiles, 2014-2021)."""
    net_import_per_year: Frozen[Name, float] = {}
    """Units a year that today's agreements bring in (negative: take out), by product."""
    supply: RegionId | None = None
    """Where its orders go: ``unlimited``, or a region that ships from its stock; null = no orders.
    """
    rationing: Literal["proportional", "in_order"] = "proportional"
    """How it serves regions that order more than it has: in proportion to their orders (largest
    remainders, the first in the file among equals), or one after the other as in the file."""
    source: PlainText = ""
    """Where the row comes from."""
    confidence: PlainText = ""
    """How far the row can be trusted."""


class RouteProduct(Model):
    """How a product travels."""

    lot_units: Positive = 1.0
    """Each group of a shipment is a multiple of this (units)."""
    smallest_shipment_units: NonNegative = 0.0
    """Smallest shipment over all groups (units)."""
    largest_shipment_units: Positive | None = None
    """Largest shipment over all groups (units): of a plan, and of what a commitment sends at once.
    """
    min_life_days: Annotated[int, Field(ge=1, le=3660)] = 1
    """Days of life a unit must have left on arrival."""
    floor_days: NonNegative = 0.0
    """Stock (days of normal-day demand, by group) that commitments leave to the region that sends:
    agreements, fixed shipments and plans that had to be approved."""
    max_transit_hours: Positive | None = None
    """Longest journey (hours); longer routes do not carry the product. Red cells in a box: 24."""
    transit_loss_share: Share = 0.0
    """Share of units lost on the way, by damage or warming."""


class Vehicles(Model):
    """What the vehicles of a route carry in a day."""

    products: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Products that share the vehicles; their units count alike."""
    units_per_vehicle: Positive
    """Units that a vehicle carries."""
    vehicles_per_day: Annotated[int, Field(ge=1, le=1000)] = 1
    """Vehicles that leave on a day on each route that does not state its own number."""


class LeadTime(Model):
    """Travel time by distance."""

    up_to_km: Positive
    """Longest distance (km)."""
    days: Annotated[int, Field(ge=0, le=30)]
    """Days from decision to arrival."""


class Route(Model):
    """One road between two regions."""

    origin: RegionId
    """Region that sends."""
    destination: RegionId
    """Region that receives."""
    distance_km: NonNegative
    """Distance (km)."""
    lead_days: Annotated[int, Field(ge=0, le=30)]
    """Days from decision to arrival."""
    approval_days: Annotated[int, Field(ge=0, le=30)] | None = None
    """Days until a plan for this road is approved and leaves; null = as routes.approval_days."""
    hours: Positive | None = None
    """Length of the journey (hours); null = distance by routes.speed_km_per_hour."""
    vehicles_per_day: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Vehicles of each kind that leave on a day on this road; 0 = none; null = as the kind says."""


class Routes(Model):
    """Which regions can send to which."""

    distances_km: Frozen[RegionId, Frozen[RegionId, NonNegative]] = {}
    """Great-circle distances between regions, from region to region (km)."""
    road_factor: Annotated[float, Field(ge=1, le=3)] = 1.0
    """Road distance over great-circle distance."""
    lead_times: tuple[LeadTime, ...] = (LeadTime(up_to_km=1e6, days=1),)
    """Travel times by road distance."""
    speed_km_per_hour: Positive = 60.0
    """Speed of the journey, for max_transit_hours; a judgement for refrigerated trucks."""
    approval_days: Annotated[int, Field(ge=0, le=30)] = 0
    """Days until a plan is approved: that of day t leaves at ``decide`` of t + approval_days, as
    far as the origin's stock then stands above its floor."""
    longest_km: Positive | None = None
    """No route longer than this (km)."""
    extra: tuple[Route, ...] = ()
    """Further single routes; they replace a route of the same pair."""
    products: Frozen[Name, RouteProduct] = {}
    """Products that may travel, and how."""
    vehicles: Frozen[Name, Vehicles] = {}
    """What a route carries in a day, by kind of vehicle; products in none know no limit. A plan
    beyond it is an error; commitments ship what fits. Orders need no road and no vehicle."""
