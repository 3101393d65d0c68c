"""Planning paths: a variant simulated on replications that no run has, watched from snapshots."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.cost import coefficients, terminal_price
from bloodsim.decision import NOTHING, DriveTable, Plan, Policy, Snapshot
from bloodsim.model.bank import Bank
from bloodsim.model.collection_mode import CollectionMode, planned_uplift
from bloodsim.model.forecast import Forecaster
from bloodsim.model.history import History
from bloodsim.model.luck import Luck
from bloodsim.model.simulation import Simulation
from bloodsim.model.tables import tabulate
from bloodsim.model.world import ChannelWorld, World
from bloodsim.planning_paths import CollectionWorld, PlanningPaths
from bloodsim.policies import order_rules
from bloodsim.provenance import OpeningStock
from bloodsim.rehearsal.promises import promises_of, room_of_laboratories
from bloodsim.scenario import OptimizedCollection, PreCollect

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

PATHS_SEED = 20260217
"""Seed of all planning paths."""
_DAILY = (
    "stock",
    "in_transit",
    "opening",
    "collected",
    "requested",
    "lost",
    "cancelled",
    "backlog",
)
FIRST_PATH = 1_000_000
"""Number of the first planning path: a run has fewer replications (`scenario.run`)."""


@dataclass
class _Watching:
    """A policy that notes what a planner may know while another one decides."""

    inner: Policy
    product: str
    channels: tuple[str, ...]
    held: list[Floats] = field(default_factory=list)
    willing: list[Floats] = field(default_factory=list)
    review_days: int = 1

    def __post_init__(self) -> None:
        self.isolates = getattr(self.inner, "isolates", False)
        self.history_days = getattr(self.inner, "history_days", 0)

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Note the means of the day, and decide as the other policy does."""
        name = self.product
        pieces = snapshot.stock[name] + snapshot.in_test[name] + snapshot.in_transit[name]
        self.held.append(pieces.sum(axis=1).mean(axis=-1) / snapshot.pieces_per_unit[name])
        willing = [snapshot.pool_factor[channel].mean(axis=-1) for channel in self.channels]
        self.willing.append(np.stack(willing))
        return NOTHING if snapshot.days_run % self.inner.review_days else self.inner(snapshot)


@dataclass(frozen=True)
class Staging:
    """Who decides in a rehearsal: policies, the uplift of the rule, or drives by plan."""

    policy: Policy
    warmup: Policy
    uplift: PreCollect | None
    plans_drives: bool
    opening_stock: OpeningStock | None = None


def rehearse(world: World, product: str, paths: range, staging: Staging) -> PlanningPaths:
    """Simulate planning paths and return what a planner may count on."""
    paths = range(FIRST_PATH + paths.start, FIRST_PATH + paths.stop)
    luck = Luck(world, PATHS_SEED, paths)
    forecaster = Forecaster(world, PATHS_SEED, paths)
    bank = Bank.opening(world, len(paths))
    bank.history = History.asked_by([staging.warmup, staging.policy])
    rules = order_rules(world.scenario)
    warming = Simulation(world, bank, staging.warmup, forecaster, first_day=0, order_rules=rules)
    watching = _Watching(staging.policy, product, fed_by(world, product))
    branch: Simulation | None = None
    for first in range(0, world.n_days, luck.chunk_days):
        chunk = luck.next_chunk()
        last = min(first + luck.chunk_days, world.n_days) - 1
        if first < world.score_first:
            warming.run(chunk, min(last, world.score_first - 1))
        if last >= world.score_first and branch is None:
            if staging.opening_stock:
                bank.restock(world, staging.opening_stock, world.score_first)
            start = world.score_first
            mode = _mode(world, staging)
            own = bank.copy()
            own.history = bank.history.for_policy(staging.policy) if bank.history else None
            branch = Simulation(world, own, watching, forecaster, start, True, mode, rules)
        if branch is not None:
            branch.run(chunk, last)
    assert branch is not None
    branch.ledger.check()
    return _seen(world, branch, watching, paths)


def _mode(world: World, staging: Staging) -> CollectionMode:
    uplift = planned_uplift(world, staging.uplift) if staging.uplift else None
    return CollectionMode(uplift=uplift, plans_drives=staging.plans_drives)


def fed_by(world: World, product: str) -> tuple[str, ...]:
    """Return the channels that feed a product."""
    source = world.products[world.product_index(product)].source
    return tuple(channel.name for channel in world.channels if channel.gift == source)


def _seen(world: World, branch: Simulation, watching: _Watching, paths: range) -> PlanningPaths:
    tables = tabulate(world, branch.ledger, "paths", paths, FIRST_PATH + len(paths))
    daily = tables["daily"].isel(variant=0).sel(product=watching.product)
    totals = tables["totals"].isel(variant=0).sel(product=watching.product)
    dims = ("day", "region", "replication")
    flows = {name: daily[name].transpose(*dims).values.astype(float) for name in _DAILY}
    points = coefficients(world.scenario.cost.model_dump())
    emergency, urgent = (float(totals[f"lost_{k}"].sum()) for k in ("emergency", "urgent"))
    lost = emergency * points["lost_emergency"] + urgent * points["lost_urgent"]
    price = lost / (emergency + urgent) if emergency + urgent else points["lost_urgent"]
    harm = price * flows["lost"] + points["cancelled_elective"] * flows["cancelled"]
    harm = harm + points["waiting_days"] * flows["backlog"]
    rows = [k for k, c in enumerate(world.channels) if c.name in watching.channels]
    moving = flows["in_transit"][0].mean(axis=-1)
    return PlanningPaths(
        opening=flows["opening"][0].mean(axis=-1) + moving,
        usable=flows["stock"] + flows["in_transit"],
        harm=harm,
        collected=flows["collected"].mean(axis=-1),
        asked=flows["requested"].mean(axis=-1),
        held=np.stack(watching.held),
        willing=np.stack(watching.willing),
        given=branch.ledger.donors[2][rows].sum(axis=(0, 2)) / len(paths),
    )


# --- what is fixed --------------------------------------------------------------------------------


def collection_world(
    world: World, settings: OptimizedCollection, transfers: Policy
) -> CollectionWorld:
    """Return what is fixed for a planner of collection.

    Drives that do not feed the product are none of its business: they are left out.
    """
    name, lift = settings.product, 1 + settings.lift
    world = _with_drives_of(world, fed_by(world, name))
    days = slice(world.score_first, world.n_days)
    product = world.products[world.product_index(name)]
    fed = [c for c in world.channels if c.name in fed_by(world, name)]
    limits = [world.scenario.channels[channel.name].regulation for channel in fed]
    table = world.drives.table if world.drives else _no_drives(world)
    names = [channel.name for channel in fed]
    source_channel = np.array([names.index(name) for name in table.channel], dtype=int)
    given = np.array([_gives(channel) for channel in fed])
    failing = sum(channel.test_failure_share for channel in fed) / len(fed)
    apart = bool(getattr(transfers, "isolates", False))
    origin, destination, price = _roads(world, name, apart)
    drives = world.drives
    none = np.zeros((world.n_days, 0), dtype=int)
    turnout = drives.turnout[days] if drives else none[days].astype(float)
    calendar = drives.calendar if drives else none
    return CollectionWorld(
        first_day=world.score_first,
        normal=product.normal_pieces[days] / product.pieces_per_unit,
        agreed=np.zeros((world.n_days, world.n_regions))[days]
        if apart
        else _agreed(world, name)[days],
        channels=tuple(names),
        sessions=np.stack([c.invited_mean[days] * g for c, g in zip(fed, given, strict=True)], 1),
        visit_donations=table.donors_per_visit * turnout * given[source_channel] * lift,
        visit_factor=lift,
        same_team_days=settings.same_team_days,
        source_channel=source_channel,
        open=drives.open[days] if drives else none[days].astype(bool),
        default_visits=calendar[days].astype(np.int64),
        visits_before=calendar[: world.score_first].astype(np.int64),
        units_per_donation=_units_per_donation(world, name),
        sound_share=(1 - failing) * (1 - product.discard_share),
        test_delay_days=product.test_delay_days,
        least_factor=np.array([rule.min_factor if rule else 1.0 for rule in limits]),
        largest_factor=lift * np.array([rule.max_factor if rule else 1.0 for rule in limits]),
        drives=table,
        origin=origin,
        destination=destination,
        road_price=price,
        component=_components(origin, destination, world.n_regions),
        terminal_price=terminal_price(world.scenario.cost.model_dump()),
        terminal_days=world.scenario.cost.terminal_cover_days.get(name, 0.0),
        life_days=product.life_days - product.test_delay_days,
        outdate_price=coefficients(world.scenario.cost.model_dump())["outdated"],
        patience_days=max(
            rule.patience_days for rule in world.scenario.demand[name].classes.values()
        ),
        promises=promises_of(world),
        room=room_of_laboratories(world),
        first_date=world.date(world.score_first),
    )


def _gives(channel: ChannelWorld) -> float:
    """Return the share of those invited who give."""
    return (1 - channel.no_show_share) * (1 - channel.deferral_share)


def _units_per_donation(world: World, name: str) -> Floats:
    product = world.products[world.product_index(name)]
    if product.source == "apheresis":
        pieces = np.full(world.n_regions, float(product.pieces_per_donation))
    else:
        sizes = np.floor(product.pieces_per_100_ml * np.array([2, 3, 4]))
        pieces = np.asarray(world.gift_shares @ sizes, dtype=float)
    return pieces / product.pieces_per_unit


def _roads(world: World, name: str, apart: bool) -> tuple[Index, Index, Floats]:
    from bloodsim.optimize.situation import nearest

    routes, none = world.routes, np.zeros(0, dtype=int)
    if apart or name not in routes.products:
        return none, none, none.astype(float)
    usable = np.flatnonzero(~routes.barred.get(name, np.zeros(len(routes), bool)))
    kept = nearest(usable, routes.destination, 8)
    points = coefficients(world.scenario.cost.model_dump())["shipped_unit_km"]
    return routes.origin[kept], routes.destination[kept], points * routes.distance_km[kept]


def _components(origin: Index, destination: Index, n_regions: int) -> Index:
    from scipy import sparse  # loaded where a plan is made
    from scipy.sparse.csgraph import connected_components

    ends = np.ones(len(origin)), (origin, destination)
    roads = sparse.coo_array(ends, shape=(n_regions, n_regions)).tocsr()
    return np.asarray(connected_components(roads, directed=False)[1])


def _agreed(world: World, name: str) -> Floats:
    """Return what agreements bring in less what they take out (n_days, n_regions), units."""
    net = np.zeros((world.n_days, world.n_regions))
    per_unit = world.products[world.product_index(name)].pieces_per_unit
    for flow in world.agreements:
        if flow.product == name:
            units = flow.pieces[: world.n_days].sum(axis=1) / per_unit
            net[:, world.routes.origin[flow.route]] -= units
            net[:, world.routes.destination[flow.route]] += units
    return net


def _with_drives_of(world: World, channels: tuple[str, ...]) -> World:
    """Return the world with the drives of some channels alone."""
    drives = world.drives
    if drives is None or set(drives.table.channel) <= set(channels):
        return world
    own = np.flatnonzero(np.isin(drives.table.channel, channels))
    return replace(world, drives=drives.of_sources(own) if len(own) else None)


def _no_drives(world: World) -> DriveTable:
    none = np.zeros(0, dtype=int)
    return DriveTable(
        names=(),
        region=none,
        channel=(),
        donors_per_visit=none.astype(float),
        teams_per_visit=none,
        gap_days=none,
        organisations=none,
        most_per_year=none,
        quota_per_year=none.astype(float),
        candidate_source=none,
        candidate_day=none,
        teams_per_day=np.zeros(world.n_regions, dtype=int),
        commit_days=0,
    )
