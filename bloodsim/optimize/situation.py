"""From what a planner knows (Snapshot) to what a plan is asked for (Network and State).

Expected releases take today's turnout from what is in test, which regulation has gone into. Taking
it from the factors of regulation, fading by 3 or 10 % a day, and only the rest from tests did not
help: +1,053 ± 1,771 and +913 ± 1,458 points of 1,069,595 (`transfers-2026`, study `wave`, exchange,
16 worlds of seed 11), and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import Snapshot
from bloodsim.optimize.problem import WEEKLY, ClassRule, Network, Slots, State
from bloodsim.supply import UNLIMITED

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Outlook:
    """What is ahead of one product, for all replications; today first.

    Parameters
    ----------
    demand : float array (n_days, n_regions, n_groups, R)
        Expected requests.
    releases : float array (n_days, n_regions, n_groups, R)
        Expected releases; those of today are in stock already.
    arrivals : float array (n_days, n_regions, n_groups, R)
        Shipments on their way, at the mean day of all that is on the road.
    """

    demand: Floats
    releases: Floats
    arrivals: Floats


@dataclass(frozen=True)
class Settings:
    """Choices of a plan that the scenario's cost does not decide.

    Parameters
    ----------
    spans : tuple of (days, count)
        Slots of the horizon.
    roads_per_region : int
        Nearest roads that a region may receive by; 0 = all.
    safety_days : tuple of float
        Safety levels (days of normal-day demand), highest first; empty = none. Judgements.
    safety_prices : tuple of float
        Points per unit and day below each level, on top of those of higher ones (judgements).
    end_days : float
        Target of each group's stock at the end (days of normal-day demand; judgement).
    end_price : float
        Points per unit short of it (judgement).
    universal_share : float, optional
        Stock of a group that other groups may be served from, as a share of what is left, in every
        slot; None = all of it.
    weather_persistence : float
        Correlation of tomorrow's turnout, relative to planned, with today's.
    weather_weight : float
        Share of what is in test beyond planned that is taken for weather.
    """

    spans: tuple[tuple[int, int], ...] = WEEKLY
    roads_per_region: int = 8
    safety_days: tuple[float, ...] = (5.0, 2.5, 1.2)
    safety_prices: tuple[float, ...] = (0.05, 0.3, 1.5)
    end_days: float = 7.0
    end_price: float = 2.0
    universal_share: float | None = None
    weather_persistence: float = 0.9
    weather_weight: float = 0.7


def outlook(snapshot: Snapshot, product: str, days: int, settings: Settings) -> Outlook:
    """Return what is expected over the next days."""
    stock = snapshot.stock[product]
    n = stock.shape[-1]
    normal = snapshot.normal_demand[product]
    total = normal.sum(axis=1, keepdims=True)
    shares = normal / np.where(total > 0, total, 1)
    asked = snapshot.forecast_by_day(product, days)
    demand = asked[:, :, None] * shares[None, :, :, None]
    usual = snapshot.usual_releases(product, days)
    releases = np.repeat(usual[..., None], n, axis=3)
    facts, coming = snapshot.facts[product], snapshot.releases(product)
    known = min(len(coming), days - 1)
    sound = coming[:known] * facts.sound_share
    planned = _plain_sum(usual[1 : known + 1]).sum(axis=1)
    found = _plain_sum(sound)
    ratio = _plain_sum(np.moveaxis(found, 1, 0)) / np.where(planned > 0, planned, 1)[:, None]
    excess = np.clip(settings.weather_weight * (ratio - 1), -0.8, 0.8)
    excess[planned <= 0] = 0
    fading = settings.weather_persistence ** np.arange(days)
    releases *= 1 + excess[None, :, None] * fading[:, None, None, None]
    releases[0] = 0
    releases[1 : known + 1] = sound
    arrivals = np.zeros_like(releases)
    on_road = snapshot.arrivals(product)
    arrivals[1 : len(on_road) + 1] = on_road[: days - 1]
    if snapshot.known is not None:
        requested, released = snapshot.known(product, days)
        demand[: len(requested)] = requested
        releases[1 : len(released)] = released[1:]
    return Outlook(demand, releases, arrivals)


def _plain_sum(rows: Floats) -> Floats:
    """Sum over the first axis row by row: the same bits for any block size."""
    total = np.zeros(rows.shape[1:])
    for row in rows:
        total = total + row
    return total


def network_of(snapshot: Snapshot, product: str, settings: Settings) -> Network:
    """Return the network of a product: roads, classes and prices."""
    facts, weights, table = snapshot.facts[product], snapshot.weights, snapshot.routes
    per_unit = snapshot.pieces_per_unit[product]
    usable = ~table.barred.get(product, np.zeros(len(table), bool))
    routes = nearest(np.flatnonzero(usable), table.destination, settings.roads_per_region)
    return Network(
        regions=snapshot.regions,
        groups=snapshot.groups,
        slots=Slots.of(settings.spans),
        origin=table.origin[routes],
        destination=table.destination[routes],
        lead_days=table.lead_days[routes],
        approval_days=table.approval_days[routes],
        route=routes,
        arc_price=weights["shipped_unit_km"] * table.distance_km[routes] / per_unit,
        classes=tuple(
            ClassRule(
                name=rule.urgency,
                lost_price=weights[_fate(rule.urgency)] / per_unit,
                waiting_price=weights["waiting_days"] / per_unit,
                patience_days=rule.patience_days,
                pairs=tuple((g, g) for g in range(len(snapshot.groups)))
                + tuple((d, p) for p, donors in enumerate(rule.substitutes) for d in donors),
            )
            for rule in facts.classes
        ),
        min_life_days=snapshot.routes.min_life_days[product],
        outdate_price=weights["outdated"] / per_unit,
        level_prices=tuple(
            price / per_unit
            for _, price in zip(settings.safety_days, settings.safety_prices, strict=True)
        ),
        end_price=settings.end_price / per_unit,
        universal_share=settings.universal_share,
        normal=snapshot.normal_demand[product],
        has_vehicles=bool((_room(snapshot, product, routes, 0) < UNLIMITED).any()),
    )


def slots_of_life(life_days: int, test_delay_days: int) -> tuple[tuple[int, int], ...]:
    """Return the slots of a product of short life: day by day, as long as a new unit lives.

    What is there today can serve nothing later, and longer slots would count its units as lost.
    """
    return ((1, max(2, life_days - test_delay_days)),)


def _room(
    snapshot: Snapshot, product: str, routes: NDArray[np.integer], replication: int
) -> NDArray[np.integer]:
    """Return the pieces that today's vehicles still take on each road."""
    return snapshot.room(product, routes, np.full(len(routes), replication))


def _fate(urgency: str) -> str:
    return "cancelled_elective" if urgency == "elective" else f"lost_{urgency}"


def nearest(routes: NDArray[np.intp], region: NDArray[np.integer], most: int) -> NDArray[np.intp]:
    """Return the first *most* routes into every region; the table stands nearest first."""
    if not most:
        return routes
    count: dict[int, int] = {}
    kept = []
    for route in routes.tolist():
        to = int(region[route])
        count[to] = count.get(to, 0) + 1
        if count[to] <= most:
            kept.append(route)
    return np.array(kept, dtype=np.intp)


def safety_levels(settings: Settings, normal: Floats, n_slots: int) -> Floats:
    """Return the safety levels (n_levels, n_slots, n_regions, n_groups) in pieces."""
    heights = np.array(settings.safety_days).reshape(-1, 1, 1, 1) * normal
    return np.broadcast_to(heights, (len(heights), n_slots, *normal.shape))


def _without_promised(by_life: Floats, promised: NDArray[np.integer], min_life_days: int) -> Floats:
    """Return stock by life without what is promised to others: it leaves oldest first.

    It stands among what is on its way, and would count twice.
    """
    able = by_life[min_life_days - 1 :]
    before = np.cumsum(able, axis=0) - able
    stays = able - np.clip(promised - before, 0, able)
    return np.concatenate([by_life[: min_life_days - 1], stays])


def state_of(
    snapshot: Snapshot,
    product: str,
    ahead: Outlook,
    network: Network,
    replication: int,
    settings: Settings,
) -> State:
    """Return the state of one replication."""
    facts, slots = snapshot.facts[product], network.slots
    normal = snapshot.normal_demand[product]
    by_life = snapshot.stock_by_life(product)[..., replication].astype(float)
    promised = snapshot.promised_out[product][..., replication]
    by_life = _without_promised(by_life, promised, network.min_life_days)
    demand = slots.sums(ahead.demand[..., replication])
    arrivals = slots.sums(ahead.arrivals[..., replication])
    arrivals[-1] += snapshot.promised_in[product][..., replication]
    shares = np.array([rule.share for rule in facts.classes])
    backlog = np.zeros((len(shares), *normal.shape))
    backlog[-1] = snapshot.backlog[product][..., replication]
    waits = [rule.patience_days > 0 for rule in facts.classes]
    if not waits[-1]:
        backlog[-1] = 0
    on_hand = by_life.sum(axis=0)
    return State(
        by_life=by_life,
        receipts=slots.sums(ahead.releases[..., replication]),
        release_life_days=facts.life_days - facts.test_delay_days,
        arrivals=arrivals,
        demand=shares[:, None, None, None] * demand,
        backlog=backlog,
        levels=safety_levels(settings, normal, len(slots)),
        exportable=np.maximum(on_hand - facts.floor_days * normal, 0),
        terminal=np.zeros(len(normal)),
        end_level=settings.end_days * normal,
        room=_room(snapshot, product, network.route, replication).astype(float)
        if network.has_vehicles
        else None,
    )
