"""Where a plan of drives starts: what is expected without it, and who may be visited when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bloodsim.cost import collection_coefficients
from bloodsim.model.world import World, compile_world
from bloodsim.optimize.divisible import Blocks
from bloodsim.optimize.problem import Network, State
from bloodsim.optimize.situation import Settings
from bloodsim.optimize.visit_value import daily_prices, visit_value
from bloodsim.planning.held import HeldVisits
from bloodsim.planning.today import look, starting
from bloodsim.rehearsal.promises import room_of_laboratories, taken_by_sessions
from bloodsim.scenario import Problem, Scenario, ScenarioError
from bloodsim.stockfile import OpeningStock

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

WEEK_DAYS = 7
YEAR_DAYS = 365
WARM_UPS = 8
"""Warm-ups that the expected state is the mean of."""


@dataclass(frozen=True)
class DriveStart:
    """What a plan of drives is made from; days count from its first.

    Parameters
    ----------
    scenario : Scenario
        The world.
    world : World
        The same as arrays.
    first : date
        First day.
    n_days, n_commit : int
        Days of the plan, and days from now on which nothing can be placed any more.
    product : str
        Product of whole blood that prices are of.
    network, state : Network, State
        Transfers, and what is expected if no visits but the committed ones are held.
    open : bool array (n_days, n_sources)
        Days on which a source may be visited.
    donors : float array (n_days, n_sources)
        Donors expected to give at a visit.
    committed, usual : int array (n_days, n_sources)
        Visits that stand, and those of the default calendar that the plan takes the place of.
    past : int array (n_past, n_sources)
        Visits before the first day, yesterday last.
    pieces : float array (n_regions,)
        Pieces released per donor who gives.
    release_days : int
        Days from collection to release.
    turnout : mapping of channel to float array (2, n_days, n_regions)
        See `bloodsim.planning.today.ProductToday`.
    """

    scenario: Scenario
    world: World
    first: date
    n_days: int
    n_commit: int
    product: str
    network: Network
    state: State
    open: NDArray[np.bool_]
    donors: Floats
    committed: Ints
    usual: Ints
    past: Ints
    pieces: Floats
    release_days: int
    turnout: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def costs(self) -> tuple[float, float]:
        """Points per donation and per team-day."""
        points = collection_coefficients(self.scenario.cost.model_dump())
        return points["donations"], points["team_days"]

    def receipts(self, donors: Floats) -> Floats:
        """Return the pieces (n_slots, n_regions, n_groups) of donors who give (n_days, n_sources).

        What is released after the last slot is left out.
        """
        assert self.world.drives is not None
        region = self.world.drives.table.region
        slot = self.network.slots.holding(np.arange(self.n_days) + self.release_days)
        total: Floats = np.zeros((len(self.network.slots) + 1, *self.network.normal.shape))
        given = donors * self.pieces[region]
        for source, place in enumerate(region.tolist()):
            by_group = given[:, source, None] * self.world.group_shares[place]
            np.add.at(total[:, place], slot, by_group)
        return total[:-1]

    def released(self, pieces: Floats) -> Floats:
        """Return what donors' pieces (n_days, n_regions) release (n_slots, n_regions, n_groups)."""
        slot = self.network.slots.holding(np.arange(self.n_days) + self.release_days)
        total: Floats = np.zeros((len(self.network.slots) + 1, *self.network.normal.shape))
        np.add.at(total, slot, pieces[..., None] * self.world.group_shares)
        return total[:-1]

    def value(self, region: int, prices: Floats) -> Floats:
        """Return the points per donor of a region who gives, by day (n_days,).

        Parameters
        ----------
        region : int
            Which.
        prices : float array (n_slots, n_regions, n_groups)
            Points per piece.
        """
        per_unit = self.world.products[self.world.product_index(self.product)].pieces_per_unit
        by_slot = prices[:, region] * per_unit
        return visit_value(
            {self.product: daily_prices(by_slot, self.network.slots.start, self.n_days)},
            self.world.group_shares[region],
            {self.product: float(self.pieces[region]) / per_unit},
            {self.product: self.release_days},
            points_per_donation=self.costs[0],
        )

    def room(self, region: int) -> Floats | None:
        """Return the donors whom laboratories can take beside what stands (n_days,).

        Sessions of usual turnout and committed visits come first; None where no day has a limit.
        """
        assert self.world.drives is not None
        most = room_of_laboratories(self.world)
        if most is None:
            return None
        first, own = self.world.score_first, self.world.drives.table.region == region
        taken = taken_by_sessions(self.world, slice(first, first + self.n_days))[:, region]
        stands = (self.committed * self.donors)[:, own].sum(axis=1)
        return np.maximum(most[: self.n_days, region] - taken - stands, 0)

    @property
    def usual_donors(self) -> Floats:
        """Donors at the visits that the plan takes the place of (n_days, n_sources).

        Those beyond the room of laboratories are turned away, of all visits of a day alike.
        """
        assert self.world.drives is not None
        place = self.world.drives.table.region
        come: Floats = self.usual * self.donors
        for region in np.unique(place).tolist():
            room = self.room(region)
            if room is None:
                break
            own = place == region
            total = come[:, own].sum(axis=1)
            part = np.where(total > room, room / np.where(total > 0, total, 1), 1)
            come[:, own] *= part[:, None]
        return come

    def with_usual(self) -> State:
        """Return the state with all that the visits of the default calendar are expected to bring.

        Simulated releases may hold less of a group than they would; plans have it all the same.
        """
        receipts = np.maximum(self.state.receipts, self.receipts(self.usual_donors))
        return replace(self.state, receipts=receipts)

    def without_usual(self) -> State:
        """Return the state without the visits that the plan takes the place of."""
        receipts = self.with_usual().receipts - self.receipts(self.usual_donors)
        return replace(self.state, receipts=receipts)

    def in_place_of(self, visits: Ints) -> DriveStart:
        """Return the start with other visits (n_days, n_sources) that the plan takes the place of.

        What is expected of the default calendar changes with them.
        """
        other = replace(self, usual=visits)
        receipts = self.without_usual().receipts + other.receipts(other.usual_donors)
        return replace(other, state=replace(self.state, receipts=receipts))


def drive_start(
    scenario: Scenario,
    first: date,
    weeks: int,
    held: HeldVisits | None = None,
    warmup_replications: int = WARM_UPS,
    stock: OpeningStock | None = None,
) -> DriveStart:
    """Look at the world as it will be on the first day.

    Parameters
    ----------
    scenario : Scenario
        With `resources.drives`.
    first : date
        First day of the plan.
    weeks : int
        Weeks of drives to plan, after the days that are committed.
    held : HeldVisits, optional
        Visits held so far, and committed ones; default: those of the default calendar.
    warmup_replications : int
        Warm-ups that the expected state is the mean of.
    stock : OpeningStock, optional
        What is on the shelves on the first day; products that it does not hold are as after the
        warm-ups.
    """
    product = _product(scenario)
    n_commit = scenario.resources.drives.commit_days if scenario.resources.drives else 0
    n_days = n_commit + WEEK_DAYS * weeks
    n_slots = -(-n_days // WEEK_DAYS)  # after a week day by day: the last releases count too
    settings = Settings(spans=((1, WEEK_DAYS), (WEEK_DAYS, n_slots)))
    begun = starting(scenario, first, n_days)
    world = compile_world(starting(scenario, first, WEEK_DAYS * (n_slots + 1)))
    if world.drives is None:
        message = "planning drives needs resources.drives, and organisations or pools of them"
        raise ScenarioError([Problem(("resources", "drives"), message)])
    only = {product: settings}
    seen = look(begun, stock, warmup_replications, (product,), only)[product]
    from_day = world.score_first
    days = slice(from_day, from_day + n_days)
    calendar = world.drives.calendar[days].astype(np.int64)
    stands = np.arange(n_days)[:, None] < n_commit
    past = world.drives.calendar[:from_day].astype(np.int64)
    committed = np.where(stands, calendar, 0)
    if held is not None:
        if held.tells_past(first):
            past = held.before(first, world.drives.table.names, YEAR_DAYS)
        committed = held.after(first, world.drives.table.names, n_days)
    start = DriveStart(
        scenario=scenario,
        world=world,
        first=first,
        n_days=n_days,
        n_commit=n_commit,
        product=product,
        network=seen.network,
        state=seen.state,
        open=world.drives.open[days],
        donors=donors_of(world)[days],
        committed=committed,
        usual=np.where(stands, 0, calendar),
        past=past,
        pieces=pieces_per_donor(world, product, world.drives.channel.tolist()),
        release_days=max(1, world.products[world.product_index(product)].test_delay_days),
        turnout=seen.turnout,
    )
    if held is None:
        return start
    differs = start.receipts((committed - np.where(stands, calendar, 0)) * start.donors)
    receipts = np.maximum(start.state.receipts + differs, 0)
    return replace(start, state=replace(start.state, receipts=receipts))


def _product(scenario: Scenario) -> str:
    """Return the product that the calendar is made for: the first of whole blood that travels."""
    for name in scenario.routes.products:
        if name in scenario.products and scenario.products[name].source == "whole_blood":
            return name
    message = "planning drives needs a product of whole blood that travels"
    raise ScenarioError([Problem(("routes", "products"), message)])


def donors_of(world: World) -> Floats:
    """Return donors expected to give at a visit (n_days, n_sources)."""
    assert world.drives is not None
    drives = world.drives
    gives = np.array([(1 - c.no_show_share) * (1 - c.deferral_share) for c in world.channels])
    mean = drives.table.donors_per_visit * gives[drives.channel]
    return np.asarray(mean * drives.turnout, dtype=float)


def pieces_per_donor(world: World, name: str, channels: Sequence[int]) -> Floats:
    """Return the pieces released per donor who gives to some channels (n_regions,)."""
    product = world.products[world.product_index(name)]
    sizes = np.floor(product.pieces_per_100_ml * np.array([2, 3, 4]))
    visited = {world.channels[k].test_failure_share for k in channels}
    sound = (1 - sum(visited) / len(visited)) * (1 - product.discard_share)
    return np.asarray(world.gift_shares @ sizes * sound, dtype=float)


def blocks_of(start: DriveStart, later: Floats) -> Blocks:
    """Return the visits of sources by day of the plan.

    Parameters
    ----------
    start : DriveStart
        Where it starts.
    later : float array (n_days, n_sources)
        Points that a donor costs later.
    """
    assert start.world.drives is not None
    table = start.world.drives.table
    donation, team_day = start.costs
    able = start.open & _rested(start)
    able[: start.n_commit] = False
    day, source = np.nonzero(able)
    region = table.region[source]
    given = start.donors[day, source]
    slot = start.network.slots.holding(day + start.release_days)
    pieces: Floats = np.zeros(
        (len(day), len(start.network.slots) + 1, start.network.normal.shape[1])
    )
    pieces[np.arange(len(day)), slot] = (given * start.pieces[region])[
        :, None
    ] * start.world.group_shares[region]
    return Blocks(
        region=region,
        day=day,
        teams=table.teams_per_visit[source],
        most=np.minimum(table.at_once, table.organisations)[source].astype(float),
        cost=(donation + later[day, source]) * given + team_day * table.teams_per_visit[source],
        donors=given,
        pieces=pieces[:, :-1],
        team_days=_team_days(start),
        most_donors=most_donors(start),
    )


def _rested(start: DriveStart) -> NDArray[np.bool_]:
    """Return where (n_days, n_sources) visits that stand leave room for another, gaps kept."""
    assert start.world.drives is not None
    table = start.world.drives.table
    known = np.concatenate([start.past, start.committed])
    upto = np.concatenate([np.zeros((1, known.shape[1]), dtype=np.int64), np.cumsum(known, axis=0)])
    days = len(start.past) + np.arange(start.n_days)
    free = np.ones((start.n_days, known.shape[1]), dtype=bool)
    for source, gap in enumerate(table.gap_days.tolist()):
        before = upto[days + 1, source] - upto[np.maximum(days + 1 - gap, 0), source]
        free[:, source] = before < table.organisations[source]
    return free


def _team_days(start: DriveStart) -> Floats:
    """Return the teams that can still go (n_regions, n_days)."""
    assert start.world.drives is not None
    table = start.world.drives.table
    free = np.repeat(table.teams_per_day[:, None].astype(float), start.n_days, axis=1)
    for source, region in enumerate(table.region.tolist()):
        free[region] -= start.committed[:, source] * table.teams_per_visit[source]
    return np.maximum(free, 0)


def most_donors(start: DriveStart) -> Floats:
    """Return the donors of each region that a plan may visit: those of the default calendar.

    So a plan shows what better days bring, and not what more donors would.
    """
    assert start.world.drives is not None
    table = start.world.drives.table
    total: Floats = np.zeros(len(table.teams_per_day))
    np.add.at(total, table.region, start.usual_donors.sum(axis=0))
    return total
