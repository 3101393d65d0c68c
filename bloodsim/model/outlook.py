"""What planners know ahead besides requests: the facts of a product, and planned releases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import ClassFacts, ProductFacts
from bloodsim.model.shocks import turnout_factor
from bloodsim.model.world import World

Floats = NDArray[np.float64]


def facts_of(world: World, product: int) -> ProductFacts:
    """Return the facts of a product."""
    item = world.products[product]
    demand = world.scenario.demand[item.name]
    route = world.scenario.routes.products.get(item.name)
    seen: dict[str, ClassFacts] = {}
    for stream in world.demands:
        if stream.product == product and stream.urgency not in seen:
            settings = demand.classes[stream.urgency]  # type: ignore[index]
            seen[stream.urgency] = ClassFacts(
                urgency=stream.urgency,
                share=settings.share,
                reserve_days=settings.reserve_days,
                patience_days=settings.patience_days,
                substitutes=stream.substitutes,
            )
    failing = [c.test_failure_share for c in world.channels if c.gift == item.source]
    return ProductFacts(
        life_days=item.life_days,
        test_delay_days=item.test_delay_days,
        classes=tuple(seen.values()),
        alerts=tuple((a.below_days, a.urgent_cut, a.elective_cut) for a in item.alert_levels),
        variance_to_mean=item.demand_variance_to_mean,
        sound_share=(1 - sum(failing) / max(1, len(failing))) * (1 - item.discard_share),
        floor_days=route.floor_days if route else 0.0,
    )


def usual_releases(world: World, product: int, today: int) -> Floats:
    """Return pieces released a day (n_days, n_regions) if all goes as planned.

    Shocks count from the day on which they are recognised.
    """
    item = world.products[product]
    donors = np.zeros_like(item.demand_mean_units)
    for channel in world.channels:
        if channel.gift == item.source:
            sound = (1 - channel.no_show_share) * (1 - channel.deferral_share)
            known = turnout_factor(world.shocks, channel.name, known_on=today)
            planned = channel.calm_invited_mean
            if channel.drive_mean is not None:
                planned = planned + channel.drive_mean
            donors += planned * known * sound * (1 - channel.test_failure_share)
    if item.source == "apheresis":
        pieces: Floats | float = item.pieces_per_donation
    else:
        sizes = np.floor(item.pieces_per_100_ml * np.array([2, 3, 4]))
        dated = world.resources.gift_shares
        pieces = (world.gift_shares if dated is None else dated) @ sizes
    collected = donors * pieces * (1 - item.discard_share)
    released = np.zeros_like(collected)
    released[item.test_delay_days :] = collected[: -item.test_delay_days]
    return released
