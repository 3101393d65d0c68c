"""Bookings of apheresis planned before a run, on what is expected, region by region or pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bloodsim.cost import coefficients, collection_coefficients
from bloodsim.model.world import World, compile_world
from bloodsim.planning_paths import CollectionPlan, CollectionWorld
from bloodsim.policies.optimized_collection import Edition
from bloodsim.rehearsal.paths import collection_world
from bloodsim.scenario import OptimizedCollection, Scenario

if TYPE_CHECKING:
    from bloodsim.decision import Policy
    from bloodsim.optimize.booking import BookingProblem, Bookings

Floats = NDArray[np.floating]

LEAD_DAYS = 14
"""Days before the first that a plan also covers: what is in stock then is not its own."""


def booking_editions(
    scenario: Scenario, settings: OptimizedCollection, transfers: Policy
) -> tuple[Edition, ...]:
    """Return the bookings of a variant as a plan that counts from the first scored day."""
    world = compile_world(scenario)
    return (Edition(world.score_first, booking_plan(world, settings, transfers)),)


def booking_plan(world: World, settings: OptimizedCollection, transfers: Policy) -> CollectionPlan:
    """Return turnout and cover that bookings plan for, from the first scored day on.

    Where transfers share the product, regions that roads connect are booked as one stock: the same
    factor holds for all of them.
    """
    from bloodsim.optimize.booking import plan_bookings  # its libraries are loaded where needed

    fixed = collection_world(world, settings, transfers)
    n_days, n_regions = fixed.normal.shape
    factors = np.ones((n_days, len(fixed.channels), n_regions))
    target = np.ones((n_days, n_regions))
    for stock in np.unique(fixed.component).tolist():
        own = np.flatnonzero(fixed.component == stock)
        found: Bookings = plan_bookings(_problem(world, fixed, settings, own))
        ahead = len(found.booked) - n_days
        factors[:, :, own] = found.factor[ahead:, None, None]
        normal = fixed.normal[:, own].sum(axis=1)
        cover = found.position[ahead:] / np.where(normal > 0, normal, 1)
        target[:, own] = np.maximum(cover, 0.1)[:, None]
    limits = tuple(
        (name, float(low), float(high))
        for name, low, high in zip(
            fixed.channels, fixed.least_factor, fixed.largest_factor, strict=True
        )
    )
    visits = fixed.default_visits.astype(np.int64)
    return CollectionPlan(visits, factors, target, limits)


def _problem(
    world: World, fixed: CollectionWorld, settings: OptimizedCollection, own: NDArray[np.integer]
) -> BookingProblem:
    """Return the problem of one stock, some days before the first scored one included."""
    from bloodsim.optimize.booking import BookingProblem

    first = max(0, world.score_first - LEAD_DAYS)
    days = slice(first, world.n_days)
    item = world.products[world.product_index(settings.product)]
    points = world.scenario.cost.model_dump()
    flows, effort = coefficients(points), collection_coefficients(points)
    per_gift = float(fixed.units_per_donation[own].mean()) * fixed.sound_share
    fed = [channel for channel in world.channels if channel.name in fixed.channels]
    gifts = sum(
        (1 - c.no_show_share)
        * (1 - c.deferral_share)
        * c.calm_invited_mean[days][:, own].sum(axis=1)
        for c in fed
    )
    usual = np.asarray(gifts) * per_gift
    chairs = None
    if settings.chairs_per_normal_day is not None:
        normal = sum(
            (1 - world.scenario.channels[c.name].missing_share)
            * (1 - c.deferral_share)
            * sum(
                world.scenario.regions[world.regions[r]].donors_per_day.get(c.name, 0) for r in own
            )
            for c in fed
        )
        chairs = np.full(len(usual), settings.chairs_per_normal_day * normal * per_gift)
    gift = fed[0].gift
    interval, donors = 14, None
    pool = getattr(world.scenario.donor_pools, gift)
    for each in world.pools:
        if each.gift == gift and pool is not None:
            interval = pool.interval_days
            repeat = 1 - fed[0].first_time_share
            eligible = each.usual[days][:, :, own].sum(axis=(1, 2)) / repeat * per_gift
            donors = eligible + np.convolve(usual, np.ones(interval))[: len(usual)]
    return BookingProblem(
        demand=item.calm_demand_units[days][:, own].sum(axis=1),
        usual=usual,
        least_factor=float(fixed.least_factor.min()),
        largest_factor=float(fixed.largest_factor.max()),
        life_days=item.life_days,
        test_delay_days=item.test_delay_days,
        missing_price=flows["lost_urgent"],
        outdate_price=flows["outdated"],
        unit_price=effort["donations"] / per_gift,
        chairs=chairs,
        interval_days=interval,
        donors=donors,
    )
