"""What donors called within a plan would give after it: the year of each pool as foreseen.

The worth of an eligible donor, lambda, comes from a year of the pool that repeats
(`bloodsim.optimize.donor_value`) and begins on the plan's first day. A gift is priced within the
plan by the plan's own prices, and after it at their mean x (scarcity of the week / scarcity of the
plan's days) to the power `SCARCITY_POWER`. Scarcity is what all regions are expected to need over
one shelf life from the week on, against what donors are planned to give in that time, by the
scenario's own seasons, feasts and closures.
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from bloodsim.cost import collection_coefficients
from bloodsim.model.donor_world import PoolWorld, days_at_risk, planned_gifts
from bloodsim.model.world import World, compile_world
from bloodsim.optimize.cover_price import UNSERVED
from bloodsim.optimize.donor_charge import points_after, unit_prices
from bloodsim.optimize.donor_value import WEEKS, donor_value
from bloodsim.optimize.drive_problem import WHOLE_BLOOD
from bloodsim.optimize.pool_facts import PoolFacts, donor_year
from bloodsim.planning_paths import CollectionWorld, PlanningPaths
from bloodsim.scenario import Scenario
from bloodsim.scenario.horizon import starting

Floats = NDArray[np.floating]

WEEK_DAYS = 7
YEAR_DAYS = WEEK_DAYS * WEEKS
SCARCITY_POWER = 3.0
"""How fast the price of a gift rises with scarcity after the plan (judgement)."""
LARGEST_FACTOR = 4.0
"""No week after the plan is dearer or cheaper than usual by more than this (judgement)."""


def later_points(
    world: World, product: str, fixed: CollectionWorld, reference: PlanningPaths
) -> Floats | None:
    """Return `CollectionWorld.later_points`; None where no pool of whole blood feeds the product.

    Parameters
    ----------
    world : World
        The world as a planner knows it.
    product : str
        Product that is planned.
    fixed : CollectionWorld
        The same for a planner of collection.
    reference : PlanningPaths
        The reference's, off which the worth of a gift is read.
    """
    item = world.products[world.product_index(product)]
    pool = next((pool for pool in world.pools if pool.gift == WHOLE_BLOOD), None)
    if pool is None or item.source != WHOLE_BLOOD:
        return None
    sound = fixed.sound_share * fixed.units_per_donation
    points = collection_coefficients(world.scenario.cost.model_dump())["donations"]
    value = _at_release(unit_prices(fixed, reference), fixed.test_delay_days) * sound - points
    n_days, n_regions = fixed.normal.shape
    year = year_ahead(world.scenario, world.scenario.run.score_start)
    scarce = scarcity(year, product, sound, n_days)
    days = slice(world.score_first, world.n_days)
    natural = planned_gifts([world.channels[k] for k in pool.channels])[1][days]
    later: Floats = np.zeros((n_days, len(fixed.channels), n_regions))
    names = {channel.name: number for number, channel in enumerate(world.channels)}
    drawing = [row for row, name in enumerate(fixed.channels) if names[name] in pool.channels]
    for region in range(n_regions):
        if not natural[:, region].any():
            continue
        facts = facts_of_pool(world, year, pool, region)
        # Beyond the plan, too, no unit is worth more than what one that is missing costs.
        price = np.minimum(weekly_prices(value[:, region], *scarce), UNSERVED * sound[region])
        found = donor_value(donor_year(facts, price))
        usual = np.maximum(pool.usual[days, :, region].T, 0)
        taken, brought = points_after(found, facts, usual, natural[:, region])
        for row in drawing:
            first = world.channels[names[fixed.channels[row]]].first_time_share
            later[:, row, region] = (1 - first) * taken - first * brought
    return later


def _at_release(prices: Floats, delay_days: int) -> Floats:
    """Return the prices (n_days, n_regions) of units by the day of the gift."""
    released = np.minimum(np.arange(len(prices)) + delay_days, len(prices) - 1)
    return prices[released]


# --- the year -------------------------------------------------------------------------------------


def year_ahead(scenario: Scenario, first: date) -> World:
    """Return the year (52 weeks) of a scenario that begins with a day."""
    return compile_world(starting(scenario, first, YEAR_DAYS))


def weekly_prices(value: Floats, scarcity: Floats, in_plan: float) -> Floats:
    """Return the points per gift of a year's weeks (52,) from those of the plan's days.

    Parameters
    ----------
    value : float array (n_days,)
        Points per gift on the days of the plan.
    scarcity : float array (52,)
        By week of the year (see `scarcity`).
    in_plan : float
        That of the plan's days.
    """
    price: Floats = np.zeros(WEEKS)
    starts = np.arange(0, len(value), WEEK_DAYS)
    within = np.add.reduceat(value, starts) / np.diff(np.append(starts, len(value)))
    within = np.maximum(within, 0)[:WEEKS]
    factor = (scarcity / in_plan) ** SCARCITY_POWER
    price[:] = within.mean() * np.clip(factor, 1 / LARGEST_FACTOR, LARGEST_FACTOR)
    price[: len(within)] = within
    return price


def scarcity(year: World, name: str, units: Floats, n_days: int) -> tuple[Floats, float]:
    """Return requests over planned releases: by week of a year (52,), and in a plan's days.

    That of a week is of the shelf life which begins with it.

    Parameters
    ----------
    year : World
        See `year_ahead`.
    name : str
        Product.
    units : float array (n_regions,)
        Units released per donor who gives.
    n_days : int
        Days of the plan.
    """
    product = year.products[year.product_index(name)]
    days = slice(year.score_first, year.score_first + YEAR_DAYS)
    gifts = sum(
        channel.planned_mean[days] * (1 - channel.no_show_share) * (1 - channel.deferral_share)
        for channel in year.channels
        if channel.gift == WHOLE_BLOOD
    )
    supply = (gifts * units).sum(axis=1)
    asked = product.calm_demand_units[days].sum(axis=1)
    span = max(1, round(product.life_days / WEEK_DAYS))

    def ahead(series: Floats) -> Floats:
        by_week = series.reshape(WEEKS, WEEK_DAYS).sum(axis=1)
        return np.sum([np.roll(by_week, -week) for week in range(span)], axis=0)

    found: Floats = ahead(asked) / np.maximum(ahead(supply), 1e-9)
    in_plan = asked[:n_days].sum() / max(float(supply[:n_days].sum()), 1e-9)
    return found, max(float(in_plan), 1e-9)


def facts_of_pool(world: World, year: World, pool: PoolWorld, region: int) -> PoolFacts:
    """Return a region's pool of whole-blood donors in the year that begins with the plan."""
    terms = world.scenario.donor_pools.whole_blood
    assert terms is not None
    days = slice(year.score_first, year.score_first + YEAR_DAYS)
    first, repeat = planned_gifts([year.channels[k] for k in pool.channels])
    return PoolFacts(
        gift=pool.gift,
        repeat_per_day=float(repeat[days, region].mean()),
        first_per_day=float(first[days, region].mean()),
        shares=pool.weights / pool.weights.sum(),
        returning=pool.retention[world.score_first, :, region] * (1 - pool.reactive_share),
        days_at_risk=days_at_risk(terms),
        interval_days=terms.interval_days,
        elasticity=pool.elasticity,
        most_share=pool.most_per_eligible,
    )
