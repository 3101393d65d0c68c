"""Shocks: dated changes that forecasts learn of late, and that leave all earlier luck alone."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import three_provinces

from bloodsim.experiment import simulate
from bloodsim.model.forecast import Forecaster
from bloodsim.model.world import compile_world
from bloodsim.scenario import ScenarioError

EPIDEMIC = {
    "from_date": "2026-02-20",
    "to_date": "2026-03-05",
    "regions": ["north"],
    "collection_factor": 0.3,
    "demand_factor": {"red_cells": 2.0},
    "recognised_after_days": 5,
}


def shocked(**changes):
    shock = EPIDEMIC | changes
    return three_provinces(variants=None, shocks={"epidemic": shock})


def test_collection_and_demand_change_by_the_factor_there_and_then():
    calm = compile_world(three_provinces(variants=None))
    world = compile_world(shocked(ramp_days=1))
    first, last = (np.datetime64(EPIDEMIC[k]) - np.datetime64(world.start) for k in
                   ("from_date", "to_date"))  # fmt: skip
    first, last = int(first.astype(int)), int(last.astype(int))
    ratio = world.channels[0].invited_mean / calm.channels[0].invited_mean
    assert ratio[first - 1 : first + 2, 0] == pytest.approx([1, 0.65, 0.3])
    assert ratio[last - 1 : last + 2, 0] == pytest.approx([0.3, 0.65, 1])
    assert (ratio[:, 1:] == 1).all()
    more = world.products[0].demand_mean_units / calm.products[0].demand_mean_units
    assert more[first + 1, 0] == pytest.approx(2)
    assert (world.products[1].demand_mean_units == calm.products[1].demand_mean_units).all()


def test_forecasts_learn_of_a_shock_after_its_recognition():
    world, calm = compile_world(shocked()), compile_world(three_provinces(variants=None))
    first = int((np.datetime64(EPIDEMIC["from_date"]) - np.datetime64(world.start)).astype(int))
    seen = [
        Forecaster(w, 1, range(2)).demand(0, day, 3)
        for day in (first + 4, first + 5)
        for w in (world, calm)
    ]
    assert np.array_equal(seen[0], seen[1])
    assert seen[2][0] == pytest.approx(2 * seen[3][0])
    assert np.array_equal(seen[2][1:], seen[3][1:])


def test_days_before_a_shock_are_as_without_it():
    with_shock = simulate(shocked(recognised_after_days=0), replications=3).daily
    without = simulate(three_provinces(variants=None), replications=3).daily
    before = with_shock["day"] < np.datetime64("2026-02-20")
    for name in ("stock", "collected", "requested", "issued"):
        assert with_shock[name][:, :, before].equals(without[name][:, :, before])
    assert with_shock["lost"].sum() > without["lost"].sum()


def test_closed_roads_carry_nothing():
    closed = shocked(roads_closed=True, collection_factor=1, demand_factor={})
    daily = simulate(closed, replications=3).daily
    span = (daily["day"] >= np.datetime64("2026-02-20")) & (
        daily["day"] <= np.datetime64("2026-03-05")
    )
    there = daily.sel(region="north")
    assert (there["shipped"][:, :, span] == 0).all()
    arrived = there["received"].sum(("product", "replication", "variant"))
    assert float(arrived[span][4:].sum()) == 0  # what was on the road before may still arrive
    assert float(arrived[~span].sum()) > 0
    assert float(daily["shipped"][:, :, span].sum()) > 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"to_date": "2026-02-01"}, "before from_date"),
        ({"regions": ["nort"]}, "did you mean 'north'"),
        ({"channels": ["stret"]}, "did you mean 'street'"),
        ({"demand_factor": {"red_cell": 1.1}}, "did you mean 'red_cells'"),
        ({"collection_factor": -1}, "must be at least 0"),
    ],
)
def test_bad_shocks_are_refused(change, said):
    with pytest.raises(ScenarioError, match=said):
        shocked(**change)
