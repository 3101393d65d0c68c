"""A scenario as arrays: everything that is known before the first day, day by day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from bloodsim.blood import GROUPS, donors_for
from bloodsim.decision import RouteTable
from bloodsim.model.donor_teams import TeamWorld, compile_teams
from bloodsim.model.donor_world import PoolWorld, compile_pools
from bloodsim.model.resources import ResourceWorld, compile_resources
from bloodsim.model.turnout import Turnout
from bloodsim.scenario import Profile, Region, Scenario
from bloodsim.seasons import Calendar, daily_factors, festival_offset

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

CLASSES = ("emergency", "urgent", "elective")

LOOK_AHEAD_DAYS = 60
"""Days known beyond the last one, for planners look further than the run goes."""


@dataclass(frozen=True)
class ChannelWorld:
    """One channel: ``invited_mean`` (n_days, n_regions) donors a day over all sessions."""

    name: str
    gift: str
    invited_mean: Floats
    session_hours: tuple[float, ...]
    variance_to_mean: float
    first_time_share: float
    no_show_share: float
    deferral_share: float
    test_failure_share: float
    first_slot: int
    is_voluntary: bool = True


@dataclass(frozen=True)
class DemandStream:
    """Requests of one product and class; arrays (n_days, n_regions) or (n_days, n_regions, 8)."""

    product: int
    urgency: str
    share: float
    reserve_pieces: Ints
    patience_days: int
    substitutes: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class ProductWorld:
    """One product: its life, yield, demand and thresholds."""

    name: str
    kind: str
    source: str
    pieces_per_unit: int
    pieces_per_100_ml: float
    pieces_per_donation: float
    life_days: int
    test_delay_days: int
    discard_share: float
    youngest_first: bool
    opening_cover_days: float
    alert_below_days: tuple[float, ...]
    demand_variance_to_mean: float
    demand_mean_units: Floats
    normal_pieces: Floats


@dataclass(frozen=True)
class RegulationWorld:
    """Steering of one channel; ``target_days`` (n_days,) is the target cover."""

    channel: int
    product: int
    target_days: Floats
    gain: float
    min_factor: float
    max_factor: float
    lag_days: int


@dataclass(frozen=True)
class World:
    """Everything fixed before luck and decisions.

    Arrays over days cover the run and `LOOK_AHEAD_DAYS` more.
    """

    scenario: Scenario
    regions: tuple[str, ...]
    start: date
    n_days: int
    score_first: int
    score_last: int
    group_shares: Floats
    gift_shares: Floats
    channels: tuple[ChannelWorld, ...]
    products: tuple[ProductWorld, ...]
    demands: tuple[DemandStream, ...]
    regulations: tuple[RegulationWorld, ...]
    routes: RouteTable
    calendar: Calendar
    pools: tuple[PoolWorld, ...]
    teams: tuple[TeamWorld, ...]
    resources: ResourceWorld

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(self.regions)

    @property
    def n_slots(self) -> int:
        """Sessions per region and day, over all channels."""
        return sum(len(channel.session_hours) for channel in self.channels)

    def date(self, day: int) -> date:
        """Return the calendar date of a day of the run."""
        return self.start + timedelta(days=day)

    def product_index(self, name: str) -> int:
        """Return the position of a product."""
        return [product.name for product in self.products].index(name)


def compile_world(scenario: Scenario) -> World:
    """Turn a scenario into arrays over days, regions and groups."""
    run = scenario.run
    start = run.score_start - timedelta(days=warmup_days(scenario))
    n_days = (run.score_end - start).days + 1
    dates = [start + timedelta(days=day) for day in range(n_days + LOOK_AHEAD_DAYS)]
    calendar = scenario.calendar.build()
    regions = list(scenario.regions.values())
    factors = _Factors(scenario, dates, calendar)
    shares = np.zeros((len(regions), len(GROUPS)))
    for row, region in enumerate(regions):
        for group, share in region.group_shares.items():
            shares[row, GROUPS.index(group)] = share
    products = tuple(_product(scenario, name, factors) for name in scenario.products)
    channels = _channels(scenario, factors)
    return World(
        scenario=scenario,
        regions=tuple(scenario.regions),
        start=start,
        n_days=n_days,
        score_first=(run.score_start - start).days,
        score_last=n_days - 1,
        group_shares=shares,
        gift_shares=np.array(
            [[r.gift_shares.ml_200, r.gift_shares.ml_300, r.gift_shares.ml_400] for r in regions]
        ),
        channels=channels,
        products=products,
        demands=_demand_streams(scenario, products, shares),
        regulations=_regulations(scenario, dates),
        routes=_routes(scenario),
        calendar=calendar,
        pools=compile_pools(scenario, channels, dates),
        teams=compile_teams(scenario, dates),
        resources=compile_resources(scenario, dates, calendar),
    )


def warmup_days(scenario: Scenario) -> int:
    """Return the warm-up: as given, or the longest shelf life of a product that steers."""
    if scenario.run.warmup_days != "auto":
        return scenario.run.warmup_days
    steering = {c.regulation.product for c in scenario.channels.values() if c.regulation}
    lives = [scenario.products[p].shelf_life_days for p in steering or scenario.products]
    return max(lives, default=0)


class _Factors:
    """Daily multipliers of a profile, remembered per festival amplitude."""

    def __init__(self, scenario: Scenario, dates: Sequence[date], calendar: Calendar) -> None:
        self.profiles, self.dates, self.calendar = scenario.profiles, dates, calendar
        self.days = np.array(dates, dtype="datetime64[D]")
        self.regions: list[Region] = list(scenario.regions.values())
        self.known: dict[tuple[str, float], Floats] = {}

    def by_region(self, profile: str, amplitude_share: float) -> Floats:
        """Return multipliers (n_days, n_regions)."""
        amplitudes = [1 + amplitude_share * (r.feast_amplitude - 1) for r in self.regions]
        return np.stack([self.one(profile, amplitude) for amplitude in amplitudes], axis=1)

    def one(self, profile: str, amplitude: float) -> Floats:
        key = (profile, round(amplitude, 9))
        if key not in self.known:
            self.known[key] = profile_factors(
                self.profiles[profile], self.days, self.calendar, amplitude
            )
        return self.known[key]

    def months(self, profile: str) -> Floats:
        """Return the month index alone (n_days,): what remains of a profile on a normal day."""
        month = self.profiles[profile].month
        return np.array([month.get(day.month, 1.0) if month else 1.0 for day in self.dates])


def profile_factors(
    profile: Profile,
    dates: Sequence[date] | NDArray[np.datetime64],
    calendar: Calendar,
    amplitude: float = 1.0,
) -> Floats:
    """Return the daily multipliers (n_days,) of a scenario's profile."""
    return np.asarray(
        daily_factors(
            dates,
            calendar,
            month=profile.month or None,
            weekday={str(day): index for day, index in profile.weekday.items()} or None,
            festival=[(b.from_offset, b.to_offset, b.factor) for b in profile.spring_festival],
            holidays=[(b.holiday, b.from_day, b.to_day, b.factor) for b in profile.holidays],
            closures=[(c.from_date, c.to_date) for c in profile.closures],
            closed_factor=profile.closed_factor,
            working_days_only=profile.working_days_only,
            amplitude=amplitude,
        )
    )


def _channels(scenario: Scenario, factors: _Factors) -> tuple[ChannelWorld, ...]:
    channels, first_slot = [], 0
    turnout = Turnout(scenario, factors.dates, factors.calendar)
    means = turnout.of_all(lambda profile: factors.by_region(profile, 1.0))
    for name, channel in scenario.channels.items():
        n = channel.sessions_per_day
        hours = (
            np.linspace(channel.first_hour, channel.last_hour, n) if n > 1 else [channel.last_hour]
        )
        channels.append(
            ChannelWorld(
                name=name,
                gift=channel.gift,
                invited_mean=means[name],
                session_hours=tuple(float(hour) for hour in hours),
                variance_to_mean=channel.variance_to_mean,
                first_time_share=channel.first_time_share,
                no_show_share=channel.missing_share,
                deferral_share=channel.deferral_share,
                test_failure_share=channel.test_failure_share,
                first_slot=first_slot,
                is_voluntary=channel.donor_kind == "voluntary",
            )
        )
        first_slot += n
    return tuple(channels)


def _product(scenario: Scenario, name: str, factors: _Factors) -> ProductWorld:
    product, demand = scenario.products[name], scenario.demand[name]
    base = np.array([r.demand_per_day.get(name, 0.0) for r in scenario.regions.values()])
    years = np.array([(day - scenario.run.score_start).days / 365.0 for day in factors.dates])
    growth = (1 + demand.growth_per_year) ** years
    seasonal = factors.by_region(demand.profile, demand.demand_amplitude_share)
    levels = {alert.level: alert.below_days for alert in product.alerts}
    return ProductWorld(
        name=name,
        kind=product.compatibility,
        source=product.source,
        pieces_per_unit=product.pieces_per_unit,
        pieces_per_100_ml=product.units_per_200_ml * product.pieces_per_unit / 2,
        pieces_per_donation=product.units_per_donation * product.pieces_per_unit,
        life_days=product.shelf_life_days,
        # Blood collected today is on the shelf tomorrow morning at the earliest.
        test_delay_days=max(1, product.test_delay_days),
        discard_share=product.discard_share,
        youngest_first=product.issue_order == "youngest",
        opening_cover_days=product.opening_cover_days,
        alert_below_days=tuple(
            levels.get(level, math.nan) for level in ("blue", "yellow", "orange", "red")
        ),
        demand_variance_to_mean=demand.variance_to_mean,
        demand_mean_units=base * seasonal * growth[:, None],
        normal_pieces=(
            base * (factors.months(demand.profile) * growth)[:, None] * product.pieces_per_unit
        ),
    )


def _demand_streams(
    scenario: Scenario, products: Sequence[ProductWorld], shares: Floats
) -> tuple[DemandStream, ...]:
    streams = []
    for index, product in enumerate(products):
        demand = scenario.demand[product.name]
        for urgency in CLASSES:
            if urgency not in demand.classes:
                continue
            rule = (
                demand.emergency_substitution
                if urgency == "emergency"
                else demand.routine_substitution
            )
            settings = demand.classes[urgency]
            reserve = settings.reserve_days * product.normal_pieces[:, :, None] * shares
            streams.append(
                DemandStream(
                    product=index,
                    urgency=urgency,
                    share=settings.share,
                    reserve_pieces=np.floor(reserve).astype(np.int32),
                    patience_days=settings.patience_days,
                    substitutes=_substitutes(product.kind, rule),
                )
            )
    return tuple(streams)


def _substitutes(kind: str, rule: str) -> tuple[tuple[int, ...], ...]:
    """Return, per patient group, the positions of other groups that may serve it, best first."""
    universal = {"red_cells": "O_"}.get(kind, "AB_")
    rows = []
    for patient in GROUPS:
        donors = [donor for donor in donors_for(kind, patient) if donor != patient]
        if rule == "none":
            donors = []
        elif rule == "universal":
            donors = [donor for donor in donors if donor.startswith(universal)]
        rows.append(tuple(GROUPS.index(donor) for donor in donors))
    return tuple(rows)


def _regulations(scenario: Scenario, dates: Sequence[date]) -> tuple[RegulationWorld, ...]:
    offsets = np.array([festival_offset(day) for day in dates], dtype=float)
    names = list(scenario.products)
    rules = []
    for index, channel in enumerate(scenario.channels.values()):
        rule = channel.regulation
        if rule is None:
            continue
        knots = sorted(rule.target_cover_days)
        rules.append(
            RegulationWorld(
                channel=index,
                product=names.index(rule.product),
                target_days=np.interp(offsets, knots, [rule.target_cover_days[k] for k in knots]),
                gain=rule.gain,
                min_factor=rule.min_factor,
                max_factor=rule.max_factor,
                lag_days=rule.lag_days,
            )
        )
    return tuple(rules)


def _routes(scenario: Scenario) -> RouteTable:
    routes, index = scenario.routes, {name: i for i, name in enumerate(scenario.regions)}
    pairs: dict[tuple[str, str], tuple[float, int]] = {}
    for origin, row in routes.distances_km.items():
        for destination, straight_km in row.items():
            km = straight_km * routes.road_factor
            lead = next((t.days for t in routes.lead_times if km <= t.up_to_km), None)
            too_far = routes.longest_km is not None and km > routes.longest_km
            if origin != destination and lead is not None and not too_far:
                pairs[origin, destination] = (km, lead)
    for route in routes.extra:
        pairs[route.origin, route.destination] = (route.distance_km, route.lead_days)
    ordered = sorted(
        (km, origin, destination, lead)
        for (origin, destination), (km, lead) in pairs.items()
        if origin in index and destination in index
    )
    per_unit = {name: scenario.products[name].pieces_per_unit for name in routes.products}
    rules = routes.products.items()
    unlimited = np.iinfo(np.int32).max
    return RouteTable(
        origin=np.array([index[o] for _, o, _, _ in ordered], dtype=np.int64),
        destination=np.array([index[d] for _, _, d, _ in ordered], dtype=np.int64),
        distance_km=np.array([km for km, _, _, _ in ordered], dtype=np.float64),
        lead_days=np.array([lead for _, _, _, lead in ordered], dtype=np.int64),
        lot_pieces={p: max(1, round(r.lot_units * per_unit[p])) for p, r in rules},
        smallest_pieces={p: math.ceil(r.smallest_shipment_units * per_unit[p]) for p, r in rules},
        largest_pieces={
            p: unlimited
            if r.largest_shipment_units is None
            else int(r.largest_shipment_units * per_unit[p])
            for p, r in rules
        },
        min_life_days={p: r.min_life_days for p, r in rules},
    )
