"""Where a plan starts: the stock of the day, and what is expected after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import NOTHING, SHORT_LIFE_DAYS, Plan, Snapshot
from bloodsim.experiment import simulate
from bloodsim.optimize.problem import Network, State
from bloodsim.optimize.situation import Settings, network_of, outlook, slots_of_life, state_of
from bloodsim.scenario import Problem, Scenario, ScenarioError
from bloodsim.scenario.horizon import starting as starting
from bloodsim.stockfile import OpeningStock

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

SHORT = Settings(safety_days=(2.0, 1.0, 0.5), end_days=2.0)
"""How products of short life are planned, but for the slots: `SHORT_MORE_DAYS`."""
SHORT_MORE_DAYS = 2
"""Days that products of short life are planned beyond the life of a new unit.

The last days of a horizon send what its end alone asks for; without these days more they were the
firm days. Platelets of `spring-festival-2026`, 8 worlds, cost of the plan minus the rule's:
+1,073 ± 325 points from 15 January with none, +747 ± 300 with two more; from 10 February 24 ± 10
doses more lost with none, 0 ± 4 with two more."""
LONG = Settings(spans=((1, 7), (7, 5)))
"""How other products are planned: 42 days, the firm week day by day. Two weeks day by day cost the
same 31 provinces twice the time and found a plan of the same expected cost."""


@dataclass(frozen=True)
class ProductToday:
    """One product on the day that a plan starts: what is there, and how it may travel.

    Parameters
    ----------
    product : str
        Its name.
    network : Network
        Roads, classes of requests and prices of the planning problem.
    state : State
        What is there and expected, in pieces: the mean over the warm-ups seen.
    lot_pieces, smallest_pieces, largest_pieces : int
        How it may travel.
    per_unit : int
        Pieces per unit.
    settings : Settings
        Slots, safety levels and targets of the plan.
    floor_days : float
        Stock (days of normal-day demand) that regions which send keep.
    life_days : int
        Shelf life.
    variance_to_mean : float
        Variance over mean of a day's requests (units).
    turnout : mapping of channel to float array (2, n_days, n_regions)
        Turnout expected from the first day on against planned turnout: as the channel is regulated
        and donors come back, and what it would be at a regulation factor of 1.
    """

    product: str
    network: Network
    state: State
    lot_pieces: int
    smallest_pieces: int
    largest_pieces: int
    per_unit: int
    settings: Settings
    floor_days: float
    life_days: int
    variance_to_mean: float = 1.0
    turnout: Mapping[str, Floats] = field(default_factory=dict)

    def firm_days(self, wanted: int) -> int:
        """Return the first days whose shipments are promised: of short lives at most half a life.

        What leaves later than that is not donated yet.
        """
        short = self.life_days < SHORT_LIFE_DAYS
        most = int((self.network.slots.length == 1).cumprod().sum())
        return min(wanted, most, max(1, self.life_days // 2) if short else wanted)


@dataclass
class _Look:
    """A policy that plans nothing: it looks at the first day and adds up what it sees.

    On every day it keeps the turnout of all replications, by channel and days since the first.
    """

    settings: Mapping[str, Settings]
    products: tuple[str, ...]
    review_days: int = 1
    networks: dict[str, Network] = field(default_factory=dict)
    states: dict[str, list[State]] = field(default_factory=dict)
    seen: dict[str, ProductToday] = field(default_factory=dict)
    day: int | None = None
    turnout: dict[str, dict[int, list[Floats]]] = field(default_factory=dict)

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Keep what the plan needs of every replication, on the first day."""
        self.day = snapshot.day if self.day is None else self.day
        self._watch_turnout(snapshot, snapshot.day - self.day)
        if snapshot.day != self.day:
            return NOTHING
        table = snapshot.routes
        for product in self.products or table.products:
            settings = self.settings.get(product) or settings_of(snapshot, product)
            network = network_of(snapshot, product, settings)
            ahead = outlook(snapshot, product, network.slots.days, settings)
            self.states.setdefault(product, []).extend(
                state_of(snapshot, product, ahead, network, replication, settings)
                for replication in range(snapshot.n_replications)
            )
            self.seen[product] = ProductToday(
                product=product,
                network=network,
                state=self.states[product][0],
                lot_pieces=table.lot_pieces[product],
                smallest_pieces=table.smallest_pieces[product],
                largest_pieces=table.largest_pieces[product],
                per_unit=snapshot.pieces_per_unit[product],
                settings=settings,
                floor_days=snapshot.facts[product].floor_days,
                life_days=snapshot.facts[product].life_days,
                variance_to_mean=snapshot.facts[product].variance_to_mean,
            )
        return NOTHING

    def _watch_turnout(self, snapshot: Snapshot, day: int) -> None:
        for channel, regulated in snapshot.turnout_factor.items():
            willing = snapshot.pool_factor[channel]
            seen = np.stack([regulated * willing, willing])
            self.turnout.setdefault(channel, {}).setdefault(day, []).append(seen)


def look(
    scenario: Scenario,
    stock: OpeningStock | None,
    replications: int,
    products: tuple[str, ...] = (),
    settings: Mapping[str, Settings] | None = None,
) -> dict[str, ProductToday]:
    """Return what a planner expects on the first scored day, by product.

    Stock, tests, arrivals and backlog are means over *replications* warm-ups; a stock file takes
    the place of the stock. Releases are the mean of what these worlds release in the days of the
    plan without transfers, so that they know how turnout is steered. The worlds are of another seed
    than the scenario's, by which a plan is checked.

    Parameters
    ----------
    scenario : Scenario
        Its first scored day is the day of the plan.
    stock : OpeningStock, optional
        What is on the shelves at the start of that day.
    replications : int
        Warm-ups to look at.
    products : tuple of str
        Products to plan; empty = all that travel.
    settings : mapping of product to Settings, optional
        Slots, safety levels and targets; default: those of its shelf life.
    """
    shelves = on_shelves(scenario, stock, replications) if stock else None
    eyes = _Look(settings or {}, products)
    days = max(_days(item) for item in (LONG, *(settings or {}).values()))
    world = starting(scenario, scenario.run.score_start, days)
    world = world.set("run.daily_replications", max(replications, 1))
    results = simulate(
        world,
        replications,
        scenario.run.seed + 1,
        variants=[],
        policies={"look": eyes},
        opening_stock=shelves,
    )
    released = results.daily["released"].sel(variant="look").mean("replication")
    turnout = {  # summed at once, whatever the blocks
        channel: np.stack(
            [np.concatenate(seen, axis=-1).mean(axis=-1) for seen in by_day.values()], axis=1
        )
        for channel, by_day in eyes.turnout.items()
    }
    today = {}
    for product, seen in eyes.seen.items():
        daily = released.sel(product=product).transpose("day", "region").values * seen.per_unit
        state = _with_releases(_mean(eyes.states[product]), seen.network, daily)
        today[product] = replace(seen, state=state, turnout=turnout)
    return today


def _days(settings: Settings) -> int:
    return sum(days * count for days, count in settings.spans)


def _with_releases(state: State, network: Network, daily: Floats) -> State:
    """Return the state with expected releases (n_days, n_regions), split as normal demand is.

    Those of today are in stock already.
    """
    total = network.normal.sum(axis=1, keepdims=True)
    shares = network.normal / np.where(total > 0, total, 1)
    by_group = daily[: network.slots.days, :, None] * shares
    by_group[0] = 0
    return replace(state, receipts=network.slots.sums(by_group))


def on_shelves(scenario: Scenario, stock: OpeningStock, replications: int) -> dict[str, Ints]:
    """Return a stock file's pieces by product (n_regions, n_groups, shelf_life_days).

    Where the file does not say how long units live, they are spread over ages as the stock is
    after the warm-up: of the region and group, else of all regions.
    """
    if stock.has_lives:
        return stock.as_arrays(scenario)
    totals = stock.totals(scenario)
    ages = _Ages(tuple(totals))
    simulate(
        starting(scenario, scenario.run.score_start, 1),
        replications,
        scenario.run.seed + 1,
        variants=[],
        policies={"look": ages},
    )
    return {product: _spread(total, ages.found[product]) for product, total in totals.items()}


@dataclass
class _Ages:
    """A policy that plans nothing: it looks at the ages of the stock."""

    products: tuple[str, ...]
    review_days: int = 60
    found: dict[str, Floats] = field(default_factory=dict)

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Add up the stock by life left, over replications."""
        for product in self.products:
            pieces = np.moveaxis(snapshot.stock_by_life(product).sum(axis=-1), 0, -1)
            self.found[product] = self.found.get(product, 0.0) + pieces.astype(float)
        return NOTHING


def _spread(total: Ints, ages: Floats) -> Ints:
    """Spread whole totals (n_regions, n_groups) over ages, rounding running sums."""
    national = ages.sum(axis=0, keepdims=True)
    overall = national.sum(axis=1, keepdims=True)
    even = np.ones_like(overall)
    weights = ages
    for wider in (national, overall, even):
        weights = np.where(weights.sum(axis=2, keepdims=True) > 0, weights, wider)
    upto = np.cumsum(weights, axis=2) / weights.sum(axis=2, keepdims=True) * total[..., None]
    return np.diff(np.floor(upto + 0.5), axis=2, prepend=0.0).astype(np.int64)


def settings_of(snapshot: Snapshot, product: str) -> Settings:
    """Return how a product is planned unless told otherwise: by its shelf life."""
    facts = snapshot.facts[product]
    if facts.life_days >= SHORT_LIFE_DAYS:
        return LONG
    spans = slots_of_life(facts.life_days + SHORT_MORE_DAYS, facts.test_delay_days)
    return replace(SHORT, spans=spans)


def _mean(states: list[State]) -> State:
    """Return the mean of states, array by array."""
    means: dict[str, Any] = {}
    for item in fields(State):
        values = [getattr(state, item.name) for state in states]
        is_array = isinstance(values[0], np.ndarray)
        means[item.name] = np.mean(values, axis=0) if is_array else values[0]
    return State(**means)


def travelling(scenario: Scenario, products: tuple[str, ...]) -> tuple[str, ...]:
    """Return the products to plan; `ScenarioError` where there is nothing to plan."""
    roads = tuple(name for name in scenario.products if name in scenario.routes.products)
    problems = [
        Problem(
            ("routes", "products"), f"'{name}' does not travel", f"these do: {', '.join(roads)}"
        )
        for name in products
        if name not in roads
    ]
    if not roads or len(scenario.regions) < 2:
        message = "there is nothing to plan: no product travels between regions"
        problems.append(Problem(("routes", "products"), message, "add routes to the scenario"))
    if problems:
        raise ScenarioError(problems)
    return products or roads
