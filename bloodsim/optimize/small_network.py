"""From a snapshot to the sample-average programs of a small network, and back to whole pieces."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import RouteTable, Snapshot
from bloodsim.optimize.sampled import FEW, LEVELS, FirstStage, SmallModel, SmallNetwork, SmallState
from bloodsim.streams import stream
from bloodsim.supply import Supply

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

DRAWS = 1024
"""Draws of requests that curves and sampled paths are read from."""
LONGEST_DAYS = 60
"""Days of requests that are looked at, for products that last longer too."""


@dataclass(frozen=True)
class Chances:
    """What may be requested of one group, at the means of the draws: shapes as in `SmallState`."""

    paths: Floats
    curve: Floats
    spoilage: Floats
    lasting: Floats


@dataclass
class SmallPlanner:
    """Plans of one product in a small network, day after day.

    Every solve starts from the basis of a reference that knows no replication, so a plan does not
    depend on the block it is made in. Another world, also one with other numbers of the same
    network, has a reference of its own.

    Parameters
    ----------
    product : str
        Product.
    scenarios : int
        Sampled paths of requests.
    """

    product: str
    scenarios: int
    network: SmallNetwork | None = None
    models: dict[int, SmallModel] = field(default_factory=dict)
    roads: RouteTable | None = None

    def day(self, snapshot: Snapshot) -> DayOfPlans:
        """Return the problems of a day."""
        supply = snapshot.supply(self.product)
        route = usable_roads(snapshot, self.product)
        network = network_of(snapshot, supply, self.product, self.scenarios, route)
        other = self.roads is not snapshot.routes
        if self.network is None or other or not _alike(self.network, network):
            self.network, self.models, self.roads = network, {}, snapshot.routes
        return DayOfPlans(self, snapshot, supply, self.network, route)


class DayOfPlans:
    """The problems of one product on one day, one per replication and group."""

    def __init__(
        self,
        planner: SmallPlanner,
        snapshot: Snapshot,
        supply: Supply,
        network: SmallNetwork,
        route: Ints,
    ) -> None:
        self.route = route
        self.planner, self.network, product = planner, network, planner.product
        self.normal = snapshot.normal_demand[product]
        facts = snapshot.facts[product]
        last = network.order_days + supply.life_days
        self.life = np.where(last > 0, last, facts.life_days)
        self.horizon = int(
            min(LONGEST_DAYS, max(network.days + 1, network.classes, self.life.max()))
        )
        self.draws = supply.draws(self.horizon, DRAWS)
        self.means = supply.means(self.horizon)
        self.forecast = snapshot.forecast_by_day(product, self.horizon)
        self.by_life = snapshot.stock_by_life(product)
        self.due = self._due(snapshot, supply)
        self.backlog = snapshot.backlog[product]
        self.promised = snapshot.promised_out[product]
        self.day = snapshot.day
        self.regions = snapshot.regions
        least_life = snapshot.routes.min_life_days.get(product, 1)
        self.least_life = network.lead_days + least_life
        self._shippable = lambda route, replication: snapshot.shippable(product, route, replication)
        self.groups = np.flatnonzero(self.draws.any(axis=(0, 1, 2)))
        self._chances = {int(group): self._chances_of(int(group)) for group in self.groups}

    def first_stage(self, replication: int, group: int) -> FirstStage:
        """Return what leaves and what is ordered today, in pieces."""
        models = self.planner.models
        for each in self.groups.tolist():  # all at once: a solve that fails delays no model
            if each not in models:
                models[each] = SmallModel(self.network, self._reference(each))
        return models[group].first_stage(self.state(replication, group))

    def state(self, replication: int, group: int) -> SmallState:
        """Return the state of one replication and group, requests scaled to its forecast."""
        network, chances = self.network, self._chances[group]
        pieces = np.ascontiguousarray(self.by_life[:, :, group, replication], dtype=float)
        forecast = np.ascontiguousarray(self.forecast[:, :, replication])
        upto = _ratio(np.cumsum(forecast, axis=0), np.cumsum(self.means, axis=0))
        daily = _ratio(forecast, self.means)
        days, classes = network.days, network.classes
        paths = np.rint(chances.paths * daily[:days])
        paths[:, 0] += self.backlog[:, group, replication]
        ends = np.minimum(self.life, self.horizon) - 1
        every = np.arange(network.n_regions)
        able: Floats | Ints = np.zeros(len(self.route))
        if len(able):
            able = self._shippable(self.route, np.full(len(able), replication))[:, group]
        by_class = _classes(pieces, classes)
        held = np.zeros(network.n_regions)
        np.maximum.at(held, network.origin, able)
        held = np.minimum(held, pieces.sum(axis=0) - self.promised[:, group, replication])
        lasts = np.arange(1, classes + 2) >= self.least_life[:, None]
        lasts[:, -1] = True
        return SmallState(
            by_life=by_class,
            sendable=np.where(lasts & (able > 0)[:, None], by_class.T[network.origin], 0.0),
            exportable=np.maximum(held, 0.0),
            due=np.ascontiguousarray(self.due[:, :, group, replication]),
            paths=paths,
            curve=np.rint(chances.curve * daily[days]),
            spoilage=np.rint(chances.spoilage * upto[:classes, None]),
            lasting=np.rint(chances.lasting * upto[ends, every]),
        )

    def _reference(self, group: int) -> SmallState:
        """Return a normal state, the same for all replications: three days of stock, all fresh."""
        network, chances = self.network, self._chances[group]
        stock = np.zeros((network.classes + 1, network.n_regions))
        stock[-1] = np.rint(3 * self.normal[:, group])
        return SmallState(
            by_life=stock,
            sendable=stock.T[network.origin],
            exportable=stock.sum(axis=0),
            due=np.zeros((network.days + 1, network.n_regions)),
            paths=chances.paths,
            curve=chances.curve,
            spoilage=chances.spoilage,
            lasting=chances.lasting,
        )

    def _due(self, snapshot: Snapshot, supply: Supply) -> Floats:
        """Return what becomes usable (days + 1, n_regions, n_groups, R), today's stock apart."""
        product, days = self.planner.product, self.network.days
        due = np.zeros((days + 1, *snapshot.stock[product].shape))
        sound = snapshot.facts[product].sound_share
        for first, pieces, share in (
            (0, supply.on_order, 1.0),
            (1, snapshot.arrivals(product), 1.0),
            (1, snapshot.releases(product), sound),
        ):
            upto = min(days + 1, first + len(pieces))
            due[first:upto] += share * pieces[: max(0, upto - first)]
        return due

    def _chances_of(self, group: int) -> Chances:
        """Return curves and paths of a group's requests."""
        network = self.network
        draws = self.draws[..., group].astype(float)
        total = np.cumsum(draws, axis=1)
        days, classes = network.days, network.classes
        lasting = [
            _at_levels(total[:, min(int(life), self.horizon) - 1, region], FEW)
            for region, life in enumerate(self.life)
        ]
        return Chances(
            paths=self._paths(draws[:, :days]),
            curve=_at_levels(draws[:, days], LEVELS),
            spoilage=np.stack([_at_levels(total[:, k], FEW) for k in range(classes)]),
            lasting=np.stack(lasting, axis=1),
        )

    def _paths(self, draws: Floats) -> Floats:
        """Return sampled paths (n_scenarios, days, n_regions).

        Each day's requests of a region are the middle draws of as many equal parts of all draws as
        there are scenarios, in random order: their distribution is right in every sample.
        """
        n = self.network.n_scenarios
        middle = (np.arange(n) * 2 + 1) * len(draws) // (2 * n)
        parts = np.sort(draws, axis=0)[middle]
        for region, name in enumerate(self.regions):
            purpose = f"planner/order/{self.planner.product}"
            generator = stream(0, self.day, name, purpose)
            for day in range(parts.shape[1]):
                parts[:, day, region] = generator.permutation(parts[:, day, region])
        return parts


def usable_roads(snapshot: Snapshot, product: str) -> Ints:
    """Return the rows of the road table that a product may travel, at once and without approval."""
    routes = snapshot.routes
    if product not in routes.products:
        return np.zeros(0, dtype=np.intp)
    free = routes.approval_days == 0
    if product in routes.barred:
        free &= ~routes.barred[product]
    return np.flatnonzero(free)


def network_of(
    snapshot: Snapshot, supply: Supply, product: str, scenarios: int, route: Ints
) -> SmallNetwork:
    """Return the network of a product: its roads, who orders, prices per piece."""
    routes, prices = snapshot.routes, supply.prices
    per_piece = 1.0 / snapshot.pieces_per_unit[product]
    short = prices.get("short_unit", 0.0)
    if not short:  # no costs by event: the one cost's points
        lost = {"emergency": "emergency_lost", "urgent": "urgent_lost"}
        classes = snapshot.facts[product].classes
        short = sum(
            rule.share * prices[lost.get(rule.urgency, "elective_cancelled")] for rule in classes
        )
    outdate = prices.get("outdated_unit", 0.0) or prices["outdated"]
    way = prices.get("transferred_unit", 0.0)
    arc_price = np.full(len(routes), way) if way else prices["unit_km"] * routes.distance_km
    return SmallNetwork(
        n_regions=len(snapshot.regions),
        n_scenarios=scenarios,
        origin=routes.origin[route],
        destination=routes.destination[route],
        lead_days=supply.travel_days[route],
        arc_price=np.maximum(arc_price[route], 1e-3) * per_piece,
        order_days=supply.order_days,
        holding_price=prices.get("holding_unit_day", 0.0) * per_piece,
        short_price=short * per_piece,
        order_price=prices.get("ordered_unit", 0.0) * per_piece,
        outdate_price=outdate * per_piece,
    )


def _classes(pieces: Floats, classes: int) -> Floats:
    """Return stock by classes of life: 1, 2, ... days, and all that last longer."""
    rest = pieces[classes:].sum(axis=0)
    found = np.zeros((classes + 1, pieces.shape[1]))
    found[: len(pieces[:classes])] = pieces[:classes]
    found[-1] = rest
    return found


def _at_levels(draws: Floats, levels: Floats) -> Floats:
    """Return the means of draws (count, ...) between levels of probability, in whole pieces."""
    ends = np.rint(np.append(levels, 1.0) * len(draws)).astype(int)
    ranked = np.sort(draws, axis=0)
    return np.array([np.rint(ranked[a:b].mean(axis=0)) for a, b in pairwise(ends)])


def _ratio(forecast: Floats, means: Floats) -> Floats:
    return np.divide(forecast, means, out=np.ones_like(forecast), where=means > 0)


def _alike(one: SmallNetwork, other: SmallNetwork) -> bool:
    """Whether two networks make the same program."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in SmallNetwork.__dataclass_fields__
    )
