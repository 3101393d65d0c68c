"""What a planner knows (Snapshot) and what a planner decides (Plan)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bloodsim.drive_table import DriveTable as DriveTable
from bloodsim.seasons import Calendar
from bloodsim.supply import Supply, forgotten, no_limit, unknown, untold

IntArray = NDArray[np.integer]
FloatArray = NDArray[np.floating]

SHORT_LIFE_DAYS = 14
"""Shelf lives below this (platelets) are reviewed more often, and shared to a finer tolerance."""


@dataclass(frozen=True)
class RouteTable:
    """The roads between regions, nearest first.

    Parameters
    ----------
    origin, destination : int array (n_routes,)
        Region indices.
    distance_km : float array (n_routes,)
        Road distance (km).
    lead_days : int array (n_routes,)
        Days from decision to arrival.
    approval_days : int array (n_routes,)
        Days until a plan for the road leaves.
    barred : mapping of product to bool array (n_routes,)
        Roads too long for a product.
    lot_pieces, smallest_pieces, largest_pieces, min_life_days : mapping of product to int
        How a product may travel; products that are missing may not.
    vehicles_per_day : int array (n_routes,)
        A route's own number of vehicles of each kind; -1 = that of the kind.
    """

    origin: IntArray
    destination: IntArray
    distance_km: FloatArray
    lead_days: IntArray
    lot_pieces: Mapping[str, int]
    smallest_pieces: Mapping[str, int]
    largest_pieces: Mapping[str, int]
    min_life_days: Mapping[str, int]
    approval_days: IntArray
    barred: Mapping[str, NDArray[np.bool_]]
    vehicles_per_day: IntArray

    def __len__(self) -> int:
        return len(self.origin)

    @property
    def products(self) -> tuple[str, ...]:
        """Products that may travel."""
        return tuple(self.lot_pieces)


@dataclass(frozen=True)
class ClassFacts:
    """What a planner knows of one class of requests.

    Parameters
    ----------
    urgency : str
        ``emergency``, ``urgent`` or ``elective``.
    share : float
        Share of the product's requests.
    reserve_days : float
        Stock (days of normal-day demand) that the class may not touch.
    patience_days : int
        Days that a request waits.
    substitutes : tuple of tuple of int
        Other groups that may serve each patient group, best first.
    """

    urgency: str
    share: float
    reserve_days: float
    patience_days: int
    substitutes: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class ProductFacts:
    """What a planner knows of one product, whatever the day.

    Parameters
    ----------
    life_days, test_delay_days : int
        Shelf life from collection, and days from collection to release.
    classes : tuple of ClassFacts
        Most urgent first.
    alerts : tuple of (float, float, float)
        Cover (days) below which a level applies, and what it cuts of urgent and of elective
        requests; mildest first.
    variance_to_mean : float
        Of a region-day's requests.
    sound_share : float
        Share of what is in test that is released.
    floor_days : float
        Stock (days of normal-day demand) that commitments leave to the region that sends.
    """

    life_days: int
    test_delay_days: int
    classes: tuple[ClassFacts, ...]
    alerts: tuple[tuple[float, float, float], ...]
    variance_to_mean: float
    sound_share: float
    floor_days: float


@dataclass(frozen=True)
class Snapshot:
    """What a planner may know at ``decide`` of one day: copies of the present, never the future.

    Stock is in smallest pieces; arrays end in the replication axis.

    Parameters
    ----------
    day : int
        Day of the run, from the start of the warm-up.
    date : datetime.date
        The same day on the calendar.
    regions, groups : tuple of str
        Names along the region and group axes.
    stock, in_test, in_transit : mapping of product to int array (n_regions, n_groups, R)
        Pieces usable now, being tested, and on the way to the region.
    stock_by_life : callable (product) -> int array (life_days, n_regions, n_groups, R)
        Pieces usable now by days of life left, less one: index 0 may be issued today only.
    releases : callable (product) -> int array (test_delay_days, n_regions, n_groups, R)
        Pieces in test by the day they are due, tomorrow first (some will fail); what waits for a
        laboratory that is closed or slow counts with tomorrow.
    arrivals : callable (product) -> int array (longest lead time, n_regions, n_groups, R)
        Pieces on the road by the day they arrive, tomorrow first.
    alert_level : mapping of product to int array (n_regions, n_groups, R)
        Level in force: 0 none, else its place in the product's list of levels, from 1.
    alert_levels : mapping of product to tuple of str
        Names of a product's levels, in the order of its list.
    promised_in, promised_out : mapping of product to int array (n_regions, n_groups, R)
        Pieces of plans that wait for approval, by where they go and where they come from.
    shippable : callable (product, route, replication) -> int array (n_rows, n_groups)
        Pieces that the origins of some routes may send today and that have enough life left on
        arrival, row by row. This and the other callables answer while deciding, not later.
    room : callable (product, route, replication) -> int array (n_rows,)
        Pieces that the vehicles of some routes still carry today, over all groups; of vehicles that
        several products share, an equal part (a plan may use all of it).
    life_below : callable (product, days) -> int array (n_regions, n_groups, R)
        Pieces on hand with fewer than *days* days of issue left, today included.
    backlog : mapping of product to int array (n_regions, n_groups, n_replications)
        Pieces requested earlier that still wait.
    normal_demand : mapping of product to float array (n_regions, n_groups)
        Pieces a day on a normal day (base, month and growth; no feast, no weekday).
    forecast : callable (product, days) -> float array (n_regions, n_replications)
        Forecast of the pieces requested over the next *days* days, today included, all groups; it
        carries the forecast error that all policies share, but for what is announced.
    announced : callable (product, days) -> int array (n_regions, n_groups, n_replications)
        Pieces already booked for the next *days* days, today included, as far as classes are known
        ahead; exact, and part of the forecast.
    turnout_factor, pool_factor : mapping of channel to float array (n_regions, n_replications)
        Today's regulation of turnout, and turnout for want of eligible donors.
    calendar : Calendar
        Public holidays and working days.
    pieces_per_unit : mapping of product to int
        Pieces per unit.
    routes : RouteTable
        The roads.
    eligible_donors : mapping of gift to int array (n_segments, n_regions, n_replications)
        Repeat donors who may give today, by earlier gifts (one, two, more); only gifts with a pool.
    facts : mapping of product to ProductFacts
        Life, classes, alert levels.
    forecast_by_day : callable (product, days) -> float array (days, n_regions, n_replications)
        The forecast day by day: it sums to ``forecast``.
    usual_releases : callable (product, days) -> float array (days, n_regions, n_groups)
        Pieces that planned turnout releases on each day, today first, at a turnout factor of 1 and
        in usual weather; what is in test tells how today differs.
    weights : mapping of str to float
        The cost's points per unit of each flow, and ``terminal_price``.
    target_days : mapping of product to float
        Cover that the cost asks for at the end of scoring.
    days_left, days_run : int
        Days until the end of scoring, today included; days since the policy began to decide.
    drives : DriveTable or None
        Drives that may be placed; None where a scenario has none.
    visits : callable () -> int array (n_days, n_sources, R)
        Visits held and committed, by day of the run.
    history : callable (product, days) -> mapping of flow to int array
        (days, n_regions, n_groups, R):
        Pieces ``requested``, ``issued``, ``collected`` and ``lost`` (given up, cancelled ones
        included) on each of the last *days* closed days, the warm-up's too, yesterday last; early
        in a run there are fewer. A policy declares the days it reads as ``history_days``; where
        none does, nothing is kept.
    supply : callable (product) -> Supply
        Orders on their way, how long they take, prices, and draws of what might be requested.
    known : callable (product, days) -> two int arrays (days, n_regions, n_groups, R), or None
        Pieces that will be requested and released, today first: told only to ``foresight: perfect``
    """

    day: int
    date: date
    regions: tuple[str, ...]
    groups: tuple[str, ...]
    stock: Mapping[str, IntArray]
    in_test: Mapping[str, IntArray]
    in_transit: Mapping[str, IntArray]
    stock_by_life: Callable[[str], IntArray]
    releases: Callable[[str], IntArray]
    arrivals: Callable[[str], IntArray]
    alert_level: Mapping[str, IntArray]
    promised_in: Mapping[str, IntArray]
    promised_out: Mapping[str, IntArray]
    shippable: Callable[[str, IntArray, IntArray], IntArray]
    life_below: Callable[[str, int], IntArray]
    backlog: Mapping[str, IntArray]
    normal_demand: Mapping[str, FloatArray]
    forecast: Callable[[str, int], FloatArray]
    announced: Callable[[str, int], IntArray]
    turnout_factor: Mapping[str, FloatArray]
    pool_factor: Mapping[str, FloatArray]
    calendar: Calendar
    pieces_per_unit: Mapping[str, int]
    routes: RouteTable
    eligible_donors: Mapping[str, IntArray] = field(default_factory=dict)
    facts: Mapping[str, ProductFacts] = field(default_factory=dict)
    room: Callable[[str, IntArray, IntArray], IntArray] = field(default=no_limit)
    forecast_by_day: Callable[[str, int], FloatArray] = field(default=unknown)
    usual_releases: Callable[[str, int], FloatArray] = field(default=unknown)
    weights: Mapping[str, float] = field(default_factory=dict)
    target_days: Mapping[str, float] = field(default_factory=dict)
    days_left: int = 0
    days_run: int = 0
    alert_levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drives: DriveTable | None = None
    visits: Callable[[], IntArray] | None = None
    history: Callable[[str, int], Mapping[str, IntArray]] = field(default=forgotten)
    supply: Callable[[str], Supply] = field(default=untold)
    known: Callable[[str, int], tuple[IntArray, IntArray]] | None = None

    @property
    def n_replications(self) -> int:
        """Replications in the block."""
        return int(next(iter(self.stock.values())).shape[-1])


@dataclass(frozen=True)
class Shipments:
    """Shipments of one product that leave today, one row each, oldest units first.

    A row belongs to one replication: a block's replications decide apart from each other.

    Parameters
    ----------
    product : str
        Product that travels.
    route : int array (n_rows,)
        Rows of the route table.
    replication : int array (n_rows,)
        Positions along the replication axis.
    pieces : int array (n_rows, n_groups)
        Pieces per group.
    """

    product: str
    route: IntArray
    replication: IntArray
    pieces: IntArray

    def __len__(self) -> int:
        return len(self.route)


@dataclass(frozen=True)
class Plan:
    """What a planner decided for today.

    ``shipments`` must be possible; ``commitments`` are promises, shipped as far as the stock of
    the origin stands above its floor. ``orders`` take the place of the ordering rules' routine
    orders; drives, throttles and appeals are for collection policy ``optimized``.

    Parameters
    ----------
    drives : int array (n_candidates, R), optional
        Visits to add for each candidate of `Snapshot.drives`: 0 or 1 for an organisation, 0 or more
        for a pool. A visit that is committed cannot be taken back.
    throttles : mapping of channel to float array (n_regions, R)
        Turnout factors in place of regulation, from tomorrow until the next plan that has some;
        channels that are missing are regulated.
    appeals : mapping of channel to float array (n_regions, R)
        Relative rise of tomorrow's turnout, from repeat donors.
    fell_back : int array (R,), optional
        1 where no best plan was found and a simpler rule served.
    orders : mapping of product to int array (n_regions, n_groups, R)
        Pieces to order at the next moment of ordering, from where each region's rule orders; -1
        leaves it to the rule. Products that are missing are ordered by rule.
    """

    shipments: tuple[Shipments, ...] = field(default=())
    commitments: tuple[Shipments, ...] = field(default=())
    drives: IntArray | None = None
    throttles: Mapping[str, FloatArray] = field(default_factory=dict)
    appeals: Mapping[str, FloatArray] = field(default_factory=dict)
    fell_back: IntArray | None = None
    orders: Mapping[str, IntArray] = field(default_factory=dict)


NOTHING = Plan()
"""The empty plan."""


@runtime_checkable
class Policy(Protocol):
    """A planner: a callable from Snapshot to Plan.

    ``review_days`` is the number of days between two calls; the first is on the first day. A policy
    that reads `Snapshot.history` has ``history_days``, the longest it asks for.
    """

    @property
    def review_days(self) -> int:
        """Days between two decisions."""
        ...

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return the plan for the snapshot's day."""
        ...


@runtime_checkable
class OrderRule(Protocol):
    """A rule of replenishment."""

    def __call__(self, position: IntArray, day: int) -> IntArray:
        """Return pieces to order for a position, both (n_regions, n_groups, R)."""
        ...


class PlanError(ValueError):
    """A plan that cannot be carried out."""
