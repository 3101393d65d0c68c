"""What planners of small networks know: orders on their way, and what might be requested."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.bank import Bank
from bloodsim.model.clock import moments
from bloodsim.model.day_totals import draw_totals
from bloodsim.model.forecast import Forecaster
from bloodsim.model.shocks import demand_factor
from bloodsim.model.world import World
from bloodsim.scenario import CostWeights, PoissonCounts
from bloodsim.streams import stream
from bloodsim.supply import Supply

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


def supply_of(
    world: World, bank: Bank, forecaster: Forecaster, cost: CostWeights, product: int, day: int
) -> Supply:
    """Return what planners know of a product's orders and requests on a day."""
    order_days = np.full(world.n_regions, -1, dtype=np.int64)
    life_days = np.zeros(world.n_regions, dtype=np.int64)
    for item in world.orders:
        if item.product == product:
            order_days[item.regions] = _first_use(world, item.lead_days)
            life_days[item.regions] = item.life_days.min()
    lead = world.routes.lead_days
    sequel = world.sequel
    same_day = sequel.issue_after["arrive_same_day"]
    travel = np.where(lead > 0, lead + sequel.late_arrival, same_day)
    weights = cost.model_dump()
    events = weights.pop("events", None) or {}
    numbers = {name: value for name, value in weights.items() if isinstance(value, float | int)}
    return Supply(
        order_days=order_days,
        life_days=life_days,
        travel_days=travel,
        on_order=_on_order(world, bank, product, day),
        prices=numbers | events,
        draws=partial(_draws, world, forecaster, product, day),
        means=partial(_means, world, product, day),
    )


def _first_use(world: World, lead_days: int) -> int:
    """Return the days from `decide` to the first issue of what is ordered after it."""
    run, sequel = world.scenario.run, world.sequel
    found = [moment.phase for moment in moments(0, run.phase_hours, run.day_order)]
    wait = int(found.index("order") < found.index("decide"))  # today's orders are placed by now
    if lead_days or sequel.late_arrival:
        return wait + lead_days + sequel.issue_after["arrive"]
    landing = "arrive_same_day" if sequel.same_day_after_order else "order"
    return wait + sequel.issue_after[landing]


def _on_order(world: World, bank: Bank, product: int, day: int) -> Ints:
    """Return pieces on order by the day on which they can first be issued, today first."""
    due = bank.on_order[product]
    if due is None:
        return np.zeros((1, *bank.stocks[product].gone.shape), np.int32)
    ring, after = len(due), world.sequel.issue_after["arrive"]
    return due[[(day - after + k) % ring for k in range(ring)]]


def _means(world: World, product: int, day: int, days: int) -> Floats:
    """Return mean requests (days, n_regions) in pieces, of shocks those that are recognised."""
    item = world.products[product]
    known = demand_factor(world.shocks, item.name, known_on=day)
    return (item.calm_demand_units * known)[day : day + days] * item.pieces_per_unit


def _draws(
    world: World, forecaster: Forecaster, product: int, day: int, days: int, count: int
) -> Ints:
    """Return what might be requested, (count, days, n_regions, n_groups) in pieces.

    The numbers depend on seed, region and means alone: they are the same for all replications and,
    where nothing is seasonal, on all days. Regions vary apart from each other.
    """
    item = world.products[product]
    means = _means(world, product, day, days) / item.pieces_per_unit
    key = (product, days, count, means.tobytes())
    kept = forecaster.drawn_ahead
    if key not in kept:
        kept.clear()  # of the day before
        drawn = [
            _region_draws(world, forecaster, product, r, means, count)
            for r in range(world.n_regions)
        ]
        kept[key] = np.stack(drawn, axis=2) * np.int32(item.pieces_per_unit)
    return kept[key]


def _region_draws(
    world: World, forecaster: Forecaster, product: int, region: int, means: Floats, count: int
) -> Ints:
    """Return units (count, days, n_groups) of one region."""
    item, counts = world.products[product], world.counts[product]
    purpose = f"planner/requests/{item.name}"
    generator = stream(forecaster.seed, 0, world.regions[region], purpose)
    shares = world.group_shares[region] / world.group_shares[region].sum()
    units = np.empty((len(means), count), dtype=np.int64)
    for row, mean in zip(units, means[:, region], strict=True):
        distribution = counts.distributions[region]
        if isinstance(distribution, PoissonCounts):
            excess = item.demand_variance_to_mean - 1
            rate = np.full(count, mean)
            if excess > 0 and mean > 0:
                rate = generator.gamma(mean / excess, excess, count)
            row[:] = generator.poisson(rate)
        else:
            scale = np.full(count, mean / counts.own_means[region])
            row[:] = draw_totals(distribution, scale, generator, generator)
    return generator.multinomial(units.T, shares).astype(np.int32)
