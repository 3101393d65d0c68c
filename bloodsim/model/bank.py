"""The state of all blood banks: every array that a branch of the simulation has to copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import Shipments
from bloodsim.model.donor_state import DonorState
from bloodsim.model.drive_state import DriveState
from bloodsim.model.history import History
from bloodsim.model.laboratory import longest_run
from bloodsim.model.making import MakingState
from bloodsim.model.stock import Stock
from bloodsim.model.world import World

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass
class Pipeline:
    """Pieces of one product that are being tested, by the day they are released.

    ``good`` and ``bad`` are (test_delay_days + 1, n_regions, n_groups, R) rings: what will be
    released, and what will then be discarded. ``held`` (longest closure + 1, ...), by the day it
    was due, waits for the laboratory; None where laboratories never close or slow down.
    """

    good: Ints
    bad: Ints
    held: Ints | None = None

    @classmethod
    def empty(
        cls, delay_days: int, shape: tuple[int, int, int], longest_closure_days: int = 0
    ) -> Pipeline:
        """Return a pipeline with nothing in it."""
        ring = (delay_days + 1, *shape)
        pipeline = cls(np.zeros(ring, dtype=np.int32), np.zeros(ring, dtype=np.int32))
        if longest_closure_days:
            pipeline.held = np.zeros((longest_closure_days + 1, *shape), dtype=np.int32)
        return pipeline

    def in_test(self) -> Ints:
        """Return pieces being tested (n_regions, n_groups, R)."""
        testing = _summed(self.good) + _summed(self.bad)
        return testing if self.held is None else testing + _summed(self.held)

    def copy(self) -> Pipeline:
        """Return an independent copy."""
        held = None if self.held is None else self.held.copy()
        return Pipeline(self.good.copy(), self.bad.copy(), held)


@dataclass
class Roads:
    """Pieces of one product on their way, by arrival day.

    ``arriving`` is (ring, life_days + 1, n_regions, n_groups, R): running counts by expiry slot as
    `Stock.take` returns them; ``total`` (ring, n_regions, n_groups, R) are the pieces.
    """

    arriving: Ints
    total: Ints

    @classmethod
    def empty(cls, longest_lead_days: int, stock: Stock) -> Roads:
        """Return empty roads."""
        ring = longest_lead_days + 1
        return cls(
            np.zeros((ring, *stock.upto.shape), dtype=np.int32),
            np.zeros((ring, *stock.received.shape), dtype=np.int32),
        )

    def in_transit(self) -> Ints:
        """Return pieces on their way to each region (n_regions, n_groups, R)."""
        return _summed(self.total)

    def copy(self) -> Roads:
        """Return an independent copy."""
        return Roads(self.arriving.copy(), self.total.copy())


@dataclass
class Bank:
    """All state between two days, in smallest pieces.

    Parameters
    ----------
    stocks, pipelines : list per product
        Usable stock and units in test.
    roads : list per product, None where the product does not travel
        Shipments on their way.
    on_order : list per product of int array (ring, n_regions, n_groups, R), None without orders
        Pieces on their way from suppliers outside, by arrival day.
    returns : list per product, None where nothing is issued beyond need
        Cross-matched units at hospitals, by the day they come back.
    pending : dict of day to list of Shipments
        Plans that were approved or wait for it, by the day they leave.
    waiting : list per demand stream of int array (patience_days, n_regions, n_groups, R)
        Requests by days waited so far: index 0 has waited one day.
    cover_history : float array (longest_lag + 1, n_products, n_regions, R)
        Cover at the last closes, newest first: what regulation steers on.
    turnout_factor : float array (n_channels, n_regions, R)
        Regulation of each channel on the coming day.
    group_factor : mapping of channel to float array (n_regions, n_groups, R)
        Turnout of each blood group relative to the region's, where a channel is steered by group.
    pool_factor : float array (n_channels, n_regions, R)
        Turnout against usual as the donor pools and the day's measures allow (1 without them).
    alert_streak, alert_entered : arrays (n_products, 4, n_regions, 4, R)
        Closes in a row below each alert level, and whether it is in force; RhD-positive groups.
    alert_level : int array (n_products, n_regions, n_groups, R)
        Highest level in force: 0 none, else the position in the product's list of levels + 1.
    making : list per derivation
        What of a unit is left over when a product is made from stock.
    donors : DonorState
        Donor pools and teams.
    drives : DriveState, None without drives
        Visits committed and held.
    throttles : mapping of channel to float array (n_regions, R)
        Turnout factors that a planner put in place of regulation.
    given_in_month : mapping of month plan to int array (R,)
        What was given so far in the planned month, in thousandths of what the plan counts.
    asked : list per replacement rule of int array (delay_days + 1, n_regions, R)
        Pieces requested on the last days, for which relatives will give.
    planned_orders : mapping of product to int array (n_regions, n_groups, R)
        What a plan orders at the next moment of ordering, in place of the rules; -1 = by rule.
    history : History or None
        Flows of the last closed days, where a policy asks for them.
    """

    stocks: list[Stock]
    pipelines: list[Pipeline]
    roads: list[Roads | None]
    on_order: list[Ints | None]
    returns: list[Roads | None]
    pending: dict[int, list[Shipments]]
    waiting: list[Ints]
    cover_history: Floats
    turnout_factor: Floats
    group_factor: dict[int, Floats]
    pool_factor: Floats
    alert_streak: NDArray[np.int16]
    alert_entered: NDArray[np.bool_]
    alert_level: NDArray[np.int8]
    making: list[MakingState] = field(default_factory=list)
    donors: DonorState = field(default_factory=DonorState)
    drives: DriveState | None = None
    throttles: dict[int, Floats] = field(default_factory=dict)
    given_in_month: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    asked: list[Ints] = field(default_factory=list)
    planned_orders: dict[int, Ints] = field(default_factory=dict)
    history: History | None = None

    @classmethod
    def opening(cls, world: World, n_replications: int) -> Bank:
        """Return the state at the start of the warm-up."""
        shape = (world.n_regions, world.group_shares.shape[1], n_replications)
        stocks = [Stock(p.life_days, shape, p.margin_days) for p in world.products]
        for stock, product in zip(stocks, world.products, strict=True):
            expected = product.normal_pieces[0][:, None] * world.group_shares
            _fill(stock, expected, product.opening_cover_days, product.test_delay_days)
        longest = int(world.routes.lead_days.max(initial=0)) + world.sequel.late_arrival
        longest = max(longest, world.longest_order_days)
        lags = max((rule.lag_days for rule in world.regulations), default=0)
        closure = longest_run(world.resources.kept_in_test)
        channels = (len(world.channels), world.n_regions, n_replications)
        cover = np.array([product.opening_cover_days for product in world.products])
        history = np.empty((lags + 1, len(world.products), world.n_regions, n_replications))
        history[:] = cover[:, None, None]
        return cls(
            stocks=stocks,
            pipelines=[Pipeline.empty(p.test_delay_days, shape, closure) for p in world.products],
            roads=[
                Roads.empty(longest, stock) if product.name in world.travelling else None
                for product, stock in zip(world.products, stocks, strict=True)
            ],
            on_order=[
                np.zeros((longest + 1, *shape), np.int32) if product.margin_days else None
                for product in world.products
            ],
            returns=[
                Roads.empty(longest_return, stock) if longest_return else None
                for longest_return, stock in zip(_return_days(world), stocks, strict=True)
            ],
            pending={},
            waiting=[np.zeros((d.patience_days, *shape), np.int32) for d in world.demands],
            cover_history=history,
            turnout_factor=np.ones(channels),
            group_factor={
                rule.channel: np.ones(shape) for rule in world.regulations if rule.group_gain
            },
            pool_factor=np.ones(channels),
            alert_streak=np.zeros((len(stocks), 4, world.n_regions, 4, n_replications), np.int16),
            alert_entered=np.zeros((len(stocks), 4, world.n_regions, 4, n_replications), bool),
            alert_level=np.zeros((len(stocks), *shape), np.int8),
            making=[MakingState.opening(shape) for _ in world.derivations],
            donors=DonorState.opening(world.pools, world.teams, channels),
            drives=DriveState.opening(world.drives, n_replications),
            asked=[rule.empty(world.n_regions, n_replications) for rule in world.replacement],
        )

    def copy(self) -> Bank:
        """Return an independent copy: a branch of the simulation starts from one."""
        return Bank(
            stocks=[stock.copy() for stock in self.stocks],
            pipelines=[pipeline.copy() for pipeline in self.pipelines],
            roads=[roads.copy() if roads else None for roads in self.roads],
            on_order=[None if orders is None else orders.copy() for orders in self.on_order],
            returns=[returns.copy() if returns else None for returns in self.returns],
            pending={day: list(plans) for day, plans in self.pending.items()},
            waiting=[waiting.copy() for waiting in self.waiting],
            cover_history=self.cover_history.copy(),
            turnout_factor=self.turnout_factor.copy(),
            group_factor={channel: f.copy() for channel, f in self.group_factor.items()},
            pool_factor=self.pool_factor.copy(),
            alert_streak=self.alert_streak.copy(),
            alert_entered=self.alert_entered.copy(),
            alert_level=self.alert_level.copy(),
            making=[state.copy() for state in self.making],
            donors=self.donors.copy(),
            drives=self.drives.copy() if self.drives else None,
            throttles={channel: factor.copy() for channel, factor in self.throttles.items()},
            asked=[asked.copy() for asked in self.asked],
            planned_orders={product: o.copy() for product, o in self.planned_orders.items()},
            history=self.history.copy() if self.history else None,
            given_in_month={plan: given.copy() for plan, given in self.given_in_month.items()},
        )

    def restock(self, world: World, pieces: Mapping[str, NDArray[np.integer]], day: int) -> None:
        """Replace the stock of some products at the start of *day*.

        Parameters
        ----------
        pieces : mapping of product to int array (n_regions, n_groups, shelf_life_days)
            Pieces by days of life left less one: index 0 may be issued today for the last time.
            Nothing can be younger than the test delay allows; what claims to be counts as newest.
        """
        for name, by_life in pieces.items():
            index = world.product_index(name)
            product, old = world.products[index], self.stocks[index]
            stock = Stock(product.life_days, old.received.shape, product.margin_days)
            newest = day - 1 - product.test_delay_days + product.life_days
            for life in range(by_life.shape[2]):
                stock.open_day(min(day + 1 + life, newest))
                arriving = np.broadcast_to(by_life[:, :, life, None], old.received.shape)
                stock.receive(arriving.astype(np.int32))
            stock.newest_expiry = newest
            _open_margin(stock)
            self.stocks[index] = stock

    def position(self, product: int) -> Ints:
        """Return stock + in test + in transit (n_regions, n_groups, R)."""
        position = self.stocks[product].on_hand() + self.pipelines[product].in_test()
        return position + self.in_transit(product)

    def backlog(self, world: World, product: int) -> Ints:
        """Return requests of a product that wait (n_regions, n_groups, R)."""
        backlog = np.zeros_like(self.stocks[product].gone)
        for number, demand in enumerate(world.demands):
            if demand.product == product and demand.patience_days:
                backlog += np.add.reduce(self.waiting[number], axis=0)
        return backlog

    def promised(self, name: str, ends: NDArray[np.integer]) -> Ints:
        """Return pieces of a product in plans that have not left yet, by the *ends* of routes."""
        promised = np.zeros_like(self.stocks[0].gone)
        for plans in self.pending.values():
            for plan in plans:
                if plan.product == name:
                    rows = ends[plan.route][:, None], np.arange(8), plan.replication[:, None]
                    np.add.at(promised, rows, plan.pieces)
        return promised

    def in_transit(self, product: int) -> Ints:
        """Return pieces on their way to each region, orders included (n_regions, n_groups, R)."""
        roads, orders = self.roads[product], self.on_order[product]
        moving = roads.in_transit() if roads else np.zeros_like(self.stocks[product].gone)
        return moving if orders is None else moving + _summed(orders)


def _summed(ring: Ints) -> Ints:
    """Sum over a ring of days."""
    return np.add.reduce(ring, axis=0, dtype=np.int32)


def _return_days(world: World) -> list[int]:
    """Return, per product, the longest time that units issued beyond need are away (days)."""
    return [
        max((d.return_days for d in world.demands if d.product == index), default=0)
        for index in range(len(world.products))
    ]


def _fill(stock: Stock, daily_pieces: Floats, cover_days: float, delay_days: int) -> None:
    """Open with *cover_days* of normal demand, spread evenly over as many of the newest cohorts."""
    newest = stock.life_days - delay_days - 1
    n_cohorts = max(1, min(int(np.ceil(cover_days)), newest))
    total = np.floor(daily_pieces * cover_days + 0.5)
    for k in range(n_cohorts):
        stock.open_day(newest - n_cohorts + 1 + k)
        share = np.floor(total * (k + 1) / n_cohorts) - np.floor(total * k / n_cohorts)
        stock.receive(np.broadcast_to(share[..., None], stock.received.shape).astype(np.int32))
    _open_margin(stock)


def _open_margin(stock: Stock) -> None:
    """Open the cohorts that only ordered units may belong to."""
    for _ in range(stock.margin_days):
        stock.open_day(stock.newest_expiry + 1)
