"""A scenario as arrays: everything that is known before the first day, day by day."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.blood import GROUPS
from bloodsim.decision import RouteTable
from bloodsim.model.agreement_world import AgreementFlow, agreement_flows
from bloodsim.model.clock import Sequel, sequel
from bloodsim.model.countable import check_countable
from bloodsim.model.demand_world import (
    Counts,
    DemandStream,
    base_units,
    counts_of,
    demand_streams,
    drawn_classes,
    measure_factors,
)
from bloodsim.model.donor_teams import TeamWorld, compile_teams
from bloodsim.model.donor_world import PoolWorld, compile_pools
from bloodsim.model.drive_world import DriveWorld, compile_drives
from bloodsim.model.making import DerivationWorld, compile_derivations
from bloodsim.model.month_plans import MonthPlanWorld, compile_month_plans
from bloodsim.model.order_world import OrderWorld, margin_days, ordered_from_regions, orders_of
from bloodsim.model.recalls import RecallWorld, compile_recalls
from bloodsim.model.replacement import ReplacementWorld, compile_replacement
from bloodsim.model.resources import ResourceWorld, compile_resources
from bloodsim.model.road_table import road_table
from bloodsim.model.season import SeasonalFactors
from bloodsim.model.shocks import ShockWorld, compile_shocks, demand_factor, turnout_factor
from bloodsim.model.turnout import Turnout
from bloodsim.scenario import Scenario
from bloodsim.scenario.horizon import first_day, look_ahead_days
from bloodsim.seasons import Calendar, festival_offsets

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class ChannelWorld:
    """One channel: ``invited_mean`` (n_days, n_regions) donors a day over all sessions.

    ``calm_invited_mean`` is the same without shocks.
    ``drive_mean`` (n_days, n_regions) are the donors of the default calendar of drives, if any.
    """

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
    calm_invited_mean: Floats
    is_voluntary: bool = True
    drive_mean: Floats | None = None

    @property
    def planned_mean(self) -> Floats:
        """Donors a day of sessions and drives (n_days, n_regions)."""
        drives = self.drive_mean
        return self.invited_mean if drives is None else self.invited_mean + drives


@dataclass(frozen=True)
class AlertRule:
    """One alert level; covers in days, cuts and lift as shares."""

    colour: str
    below_days: float
    for_days: int
    exit_above_days: float
    urgent_cut: float
    elective_cut: float
    turnout_lift: float


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
    alert_levels: tuple[AlertRule, ...]
    demand_variance_to_mean: float
    demand_mean_units: Floats
    calm_demand_units: Floats
    normal_pieces: Floats
    margin_days: int
    accessible_share: float
    issue_threshold_days: int
    kept_pieces: Ints


@dataclass(frozen=True)
class RegulationWorld:
    """Steering of one channel; ``target_days`` (n_days, n_regions) is the target cover."""

    channel: int
    product: int
    target_days: Floats
    gain: float
    group_gain: float
    min_factor: float
    max_factor: float
    lag_days: int


@dataclass(frozen=True)
class World:
    """Everything fixed before luck and decisions.

    Arrays over days cover the run and `look_ahead_days` more. ``classes`` are (product, share of
    its requests) of the classes that are drawn, ``counts`` how requests vary, by product.
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
    classes: tuple[tuple[int, float], ...]
    counts: tuple[Counts, ...]
    regulations: tuple[RegulationWorld, ...]
    routes: RouteTable
    shocks: tuple[ShockWorld, ...]
    recalls: tuple[RecallWorld, ...]
    derivations: tuple[DerivationWorld, ...]
    agreements: tuple[AgreementFlow, ...]
    travelling: frozenset[str]
    orders: tuple[OrderWorld, ...]
    sequel: Sequel
    calendar: Calendar
    pools: tuple[PoolWorld, ...]
    teams: tuple[TeamWorld, ...]
    resources: ResourceWorld
    drives: DriveWorld | None = None
    month_plans: tuple[MonthPlanWorld, ...] = ()
    replacement: tuple[ReplacementWorld, ...] = ()

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(self.regions)

    @property
    def n_slots(self) -> int:
        """Sessions per region and day, over all channels."""
        return sum(len(channel.session_hours) for channel in self.channels)

    @property
    def longest_order_days(self) -> int:
        """Longest time from order to arrival (days)."""
        leads = [max(item.lead_days, item.expedite_lead_days) for item in self.orders]
        return max(leads, default=0) + self.sequel.late_arrival

    def date(self, day: int) -> date:
        """Return the calendar date of a day of the run."""
        return self.start + timedelta(days=day)

    def product_index(self, name: str) -> int:
        """Return the position of a product."""
        return [product.name for product in self.products].index(name)


def compile_world(scenario: Scenario) -> World:
    """Turn a scenario into arrays over days, regions and groups."""
    run = scenario.run
    start = first_day(scenario)
    n_days = (run.score_end - start).days + 1
    dates = [start + timedelta(days=day) for day in range(n_days + look_ahead_days(scenario))]
    calendar = scenario.calendar.build()
    regions = list(scenario.regions.values())
    factors = SeasonalFactors(scenario, dates, calendar)
    shares = np.zeros((len(regions), len(GROUPS)))
    for row, region in enumerate(regions):
        for group, share in region.group_shares.items():
            shares[row, GROUPS.index(group)] = share
    shocks = compile_shocks(scenario, start, len(dates))
    products = tuple(_product(scenario, name, factors, shocks) for name in scenario.products)
    routes = road_table(scenario)
    drives = compile_drives(scenario, dates, calendar, shocks)
    turnout = Turnout(scenario, dates, calendar)
    channels = _channels(turnout, factors, shocks, drives)
    demands = demand_streams(scenario, products, shares)
    world = World(
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
        demands=demands,
        classes=drawn_classes(scenario),
        counts=tuple(counts_of(scenario, name, dates) for name in scenario.products),
        regulations=_regulations(scenario, dates),
        routes=routes,
        agreements=agreement_flows(scenario, routes, shares, factors, n_days),
        travelling=frozenset({*scenario.routes.products, *ordered_from_regions(scenario)}),
        orders=orders_of(scenario),
        sequel=sequel(run.phase_hours, run.day_order),
        shocks=shocks,
        derivations=compile_derivations(scenario, dates, calendar),
        recalls=compile_recalls(scenario, shocks, start),
        calendar=calendar,
        pools=compile_pools(scenario, channels, dates),
        teams=compile_teams(scenario, dates),
        resources=compile_resources(scenario, dates, calendar, shocks),
        drives=drives,
        month_plans=compile_month_plans(turnout, channels),
        replacement=compile_replacement(scenario, demands, dates),
    )
    check_countable(world)
    return world


def _channels(
    turnout: Turnout,
    factors: SeasonalFactors,
    shocks: tuple[ShockWorld, ...],
    drives: DriveWorld | None,
) -> tuple[ChannelWorld, ...]:
    channels, first_slot, scenario = [], 0, turnout.scenario
    visited = drives.expected(list(scenario.channels), len(scenario.regions)) if drives else {}
    means = turnout.of_all(lambda profile: factors.by_region(profile, 1.0), visited)
    for name, channel in scenario.channels.items():
        n = channel.sessions_per_day
        hours = (
            np.linspace(channel.first_hour, channel.last_hour, n) if n > 1 else [channel.last_hour]
        )
        channels.append(
            ChannelWorld(
                name=name,
                gift=channel.gift,
                invited_mean=means[name] * turnout_factor(shocks, name),
                session_hours=tuple(float(hour) for hour in hours),
                variance_to_mean=channel.variance_to_mean,
                first_time_share=channel.first_time_share,
                no_show_share=channel.missing_share,
                deferral_share=channel.deferral_share,
                test_failure_share=channel.test_failure_share,
                first_slot=first_slot,
                calm_invited_mean=means[name],
                is_voluntary=channel.donor_kind == "voluntary",
                drive_mean=visited.get(name),
            )
        )
        first_slot += n
    return tuple(channels)


def _product(
    scenario: Scenario, name: str, factors: SeasonalFactors, shocks: tuple[ShockWorld, ...]
) -> ProductWorld:
    product, demand = scenario.products[name], scenario.demand[name]
    base = base_units(scenario, name)
    measures = measure_factors(demand, list(scenario.regions), factors.dates)
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
        alert_levels=tuple(
            AlertRule(
                a.level,
                a.below_days,
                a.for_days,
                a.exit_above_days or a.below_days,
                a.urgent_cut,
                a.elective_cut,
                a.turnout_lift,
            )
            for a in product.alerts
        ),
        demand_variance_to_mean=demand.variance_to_mean,
        demand_mean_units=base
        * seasonal
        * growth[:, None]
        * measures
        * demand_factor(shocks, name),
        calm_demand_units=base * seasonal * growth[:, None] * measures,
        normal_pieces=(
            base * (factors.months(demand.profile) * growth)[:, None] * product.pieces_per_unit
        ),
        margin_days=margin_days(scenario, name),
        accessible_share=product.accessible_share,
        issue_threshold_days=product.issue_threshold_days or 0,
        kept_pieces=_by_group(product.reserve_units, product.pieces_per_unit),
    )


def _by_group(units: Mapping[Any, float], pieces_per_unit: int) -> Ints:
    """Return pieces (n_groups,) by group; 0 where none are given."""
    pieces = [round(units.get(group, 0.0) * pieces_per_unit) for group in GROUPS]
    return np.array(pieces, dtype=np.int32)


def _regulations(scenario: Scenario, dates: Sequence[date]) -> tuple[RegulationWorld, ...]:
    offsets = festival_offsets(dates).astype(float)
    names = list(scenario.products)
    rules = []
    for index, channel in enumerate(scenario.channels.values()):
        rule = channel.regulation
        if rule is None:
            continue
        knots = sorted(rule.target_cover_days)
        targets = [rule.target_cover_days[knot] for knot in knots]
        own = [r.target_cover_factor.get(rule.product, 1.0) for r in scenario.regions.values()]
        rules.append(
            RegulationWorld(
                channel=index,
                product=names.index(rule.product),
                target_days=np.interp(offsets, knots, targets)[:, None] * np.array(own),
                gain=rule.gain,
                group_gain=rule.group_gain,
                min_factor=rule.min_factor,
                max_factor=rule.max_factor,
                lag_days=rule.lag_days,
            )
        )
    return tuple(rules)
