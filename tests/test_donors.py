"""Donor pools: renewal, displacement, conservation, and nothing at all where they are off."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import lone_region, three_provinces

from bloodsim.experiment import simulate
from bloodsim.model.bank import Bank
from bloodsim.model.donors import Donors, limit_total
from bloodsim.model.world import compile_world

CLOSED = {
    "mean_return_days": 16.0,
    "elasticity": 1.0,
    "reactive_share": 0.0,
    "repeat_shares": {"once": 0.0, "twice": 0.0, "regular": 1.0},
}
"""A pool that nobody enters or leaves."""


def closed_pool(interval, wait, supply=200.0, days=900, **changes):
    """One region whose donors are all regular: repeat gifts are all there is."""
    pool = {**CLOSED, "interval_days": interval, "mean_return_days": wait, "max_per_year": None}
    return lone_region(
        supply,
        1.0,
        5,
        channels__apheresis__first_time_share=0.0,
        donor_pools__apheresis={**pool, **changes},
        run__score_start="2010-01-01",
        run__score_end=str(np.datetime64("2010-01-01") + days - 1),
        run__warmup_days=0,
        run__daily_replications=8,
    )


def donors_of(scenario):
    pool = compile_world(scenario).pools[0]
    return int(pool.opening_eligible.sum() + pool.opening_ring.sum())


def gifts_by_day(results):
    return results.daily["collected"].isel(variant=0, region=0, product=0).transpose("day", ...)


@pytest.mark.parametrize(
    ("interval", "wait", "expected"),
    [(180, 120, 1.2167), (90, 60, 2.4333), (14, 16, 12.1667)],
)
def test_gifts_per_donor_year_are_those_of_a_renewal_process(interval, wait, expected):
    scenario = closed_pool(interval, wait, days=4 * (interval + wait))
    results = simulate(scenario, replications=8, seed=3)
    years = results.scored_days / 365
    rate = gifts_by_day(results).sum("day") / donors_of(scenario) / years
    assert expected == pytest.approx(365 / (interval + wait), abs=1e-4)
    assert float(rate.mean()) == pytest.approx(expected, rel=0.004)
