"""Regulation steers turnout by stock, and donors by blood group where asked to."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import three_provinces

from bloodsim.experiment import simulate
from bloodsim.model.bank import Bank
from bloodsim.model.regulation import regulate
from bloodsim.model.world import compile_world


def steered(**rule):
    settings = {"product": "red_cells", "target_cover_days": {0: 8}, "gain": 0.5, "lag_days": 2,
                "min_factor": 0.7, "max_factor": 1.2} | rule  # fmt: skip
    return three_provinces(variants=None, channels__street__regulation=settings)


def factors_after(world, covers):
    bank = Bank.opening(world, 1)
    normal = world.products[0].normal_pieces[0, 0]
    seen = []
    for cover in covers:
        stock = bank.stocks[0]
        stock.gone[:] = 0
        stock.received[:] = 0
        stock.received[0, 0] = round(cover * normal)
        regulate(world, bank, 0)
        seen.append(float(bank.turnout_factor[0, 0, 0]))
    return seen


def test_turnout_answers_to_cover_after_the_lag_and_within_its_limits():
    world = compile_world(steered())
    # Opening cover is 6 of 8 days: 1 + 0.5 * 2 / 8 = 1.125 until the lag of two days is over.
    seen = factors_after(world, [10, 8, 0, 20, 8, 8])
    assert seen == pytest.approx([1.125, 1.125, 0.875, 1.0, 1.2, 0.7], abs=2e-3)


def test_targets_follow_the_days_from_the_new_year():
    world = compile_world(steered(target_cover_days={-10: 8, 0: 16, 10: 4}))
    day = (np.datetime64("2026-02-17") - np.datetime64(world.start)).astype(int)
    target = world.regulations[0].target_days
    assert target[[day - 30, day - 5, day, day + 5, day + 30]] == pytest.approx([8, 12, 16, 10, 4])


def test_units_in_test_and_on_the_road_count():
    world = compile_world(steered(lag_days=0))
    bank, other = Bank.opening(world, 1), Bank.opening(world, 1)
    other.pipelines[0].good[0, 0] += 50
    other.roads[0].total[1, 1] += 50
    for state in (bank, other):
        regulate(world, state, 0)
    assert (other.turnout_factor[0, :2] < bank.turnout_factor[0, :2]).all()
    assert (other.turnout_factor[0, 2] == bank.turnout_factor[0, 2]).all()


def test_group_regulation_calls_the_short_group_and_keeps_the_total():
    world = compile_world(steered(group_gain=0.5))
    bank = Bank.opening(world, 2)
    bank.stocks[0].received[:, 0] = 0  # no A_pos at all
    regulate(world, bank, 0)
    factor = bank.group_factor[0]
    assert (factor[:, 0] > factor[:, 1]).all()
    shares = world.group_shares[..., None]
    assert (factor * shares).sum(axis=1) == pytest.approx(1)


def test_group_regulation_evens_out_covers():
    def spread(gain):
        scenario = steered(group_gain=gain).set(
            "regions.north.group_shares",
            {"A_pos": 0.5, "B_pos": 0.3, "O_pos": 0.15, "AB_pos": 0.05}
            | dict.fromkeys(["A_neg", "B_neg", "O_neg", "AB_neg"], 0.0),
        )
        groups = simulate(scenario, replications=24).groups.sel(product="red_cells", region="north")
        share = groups["stock"].sel(group=["A_pos", "B_pos", "O_pos", "AB_pos"]) / np.array(
            [0.5, 0.3, 0.15, 0.05]
        )
        return float(share.std("group").mean())

    assert spread(0.6) < 0.85 * spread(0.0)
