"""Today's habits: help on request, standing flows, own covers, studies, censored demand."""

from __future__ import annotations

import numpy as np
import pytest
from ruamel.yaml import YAML
from test_rules_transfers import NORTH, SOUTH, WEST, moved, three_regions
from worlds import three_provinces
from worlds_exact import changed, play

from bloodsim import data
from bloodsim.data import habits
from bloodsim.experiment import simulate
from bloodsim.load import load
from bloodsim.model.bank import Bank
from bloodsim.model.regulation import regulate
from bloodsim.model.world import compile_world
from bloodsim.scenario import ScenarioError

HELP = {"kind": "ad_hoc", "donor_above_days": 11, "fill_to_days": 7, "smallest_units": 20}


def helped(monkeypatch, north, south, west, policy=HELP, for_days=1):
    """What moves on the second day: the level of the first close is in force then."""
    level = {"level": "yellow", "below_days": 5, "for_days": for_days}
    world = changed(three_regions(policy, days=2), products__red_cells__alerts=[level])
    stock = {(NORTH, 9): north, (SOUTH, 9): south, (WEST, 9): west}
    return moved(play(monkeypatch, world, stock))


@pytest.mark.parametrize(
    ("north", "south", "west", "expected"),
    [
        (150, 40, 60, {("north", "south"): 30}),  # from 4 days to 7
        (150, 50, 60, {}),  # at 5 days nobody is alarmed
        (130, 40, 60, {("north", "south"): 20}),  # 20 above eleven days
        (129, 40, 60, {}),  # 19 is less than anybody offers
        (150, 40, 130, {("north", "south"): 30}),  # the nearest
        (150, 68, 40, {("north", "west"): 30}),  # below 7 days without an alarm is no reason
    ],
)
def test_regions_under_an_alert_are_filled_from_those_with_plenty(
    monkeypatch, north, south, west, expected
):
    assert helped(monkeypatch, north, south, west) == expected


def test_nobody_helps_before_the_alert_has_lasted(monkeypatch):
    assert helped(monkeypatch, 200, 30, 60, for_days=2) == {}


def test_a_shipment_carries_no_more_than_the_largest(monkeypatch):
    assert helped(monkeypatch, 200, 20, 60, HELP | {"largest_units": 25}) == {
        ("north", "south"): 25
    }


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"donor_above_days": 6}, "less than what it gives"),
        ({"smallest_units": 600, "largest_units": 500}, "less than smallest_units"),
    ],
)
def test_nonsense_of_help_on_request_is_refused(policy, message):
    with pytest.raises(ScenarioError, match=message):
        three_regions(HELP | policy)


def test_help_at_a_level_that_no_product_has_is_worth_a_warning():
    scenario = three_provinces(variants=None, policies__transfer=HELP | {"at_level": "orange"})
    assert any("no product has the alert level 'orange'" in str(w) for w in scenario.warnings())


# ------------------------------------------------------------------------------ cover of one's own


def test_a_region_aims_at_its_own_multiple_of_the_target():
    name = next(iter(three_provinces().regions))
    factor = {f"regions__{name}__target_cover_factor": {"red_cells": 0.5}}
    world = compile_world(three_provinces(variants=None, **factor))
    plain = compile_world(three_provinces(variants=None))
    assert np.array_equal(world.regulations[0].target_days[:, 0], np.full(world_days(world), 4.0))
    assert (world.regulations[0].target_days[:, 1:] == 8).all()
    turnout = []
    for each in (world, plain):
        bank = Bank.opening(each, 1)
        regulate(each, bank, 0)
        turnout.append(bank.turnout_factor[0, :, 0])
    assert (turnout[0][0] < turnout[1][0]).all()
    assert np.array_equal(turnout[0][1:], turnout[1][1:])


def world_days(world):
    return len(world.regulations[0].target_days)


# ---------------------------------------------------------------------------------- censored demand


def test_unmet_share_scales_true_requests_and_cover_but_not_supply():
    scenario = three_provinces(variants=None)
    more = scenario.set("demand.red_cells.unmet_share", 0.2)
    worlds = [compile_world(s) for s in (scenario, more)]
    plain, censored = (w.products[0] for w in worlds)
    assert censored.demand_mean_units == pytest.approx(plain.demand_mean_units / 0.8)
    assert censored.normal_pieces == pytest.approx(plain.normal_pieces / 0.8)
    assert np.array_equal(worlds[0].channels[0].invited_mean, worlds[1].channels[0].invited_mean)
    other = [w.products[1].demand_mean_units for w in worlds]
    assert np.array_equal(*other)


# ---------------------------------------------------------------------------------------- studies


def test_studies_change_the_world_of_all_variants():
    feast = load("spring-festival-2026")
    tight = feast.with_overrides("tight")
    assert tight.name == "spring-festival-2026-tight"
    assert list(tight.variants) == list(feast.variants)
    for name in ("practice", "pre_collect"):
        usual = compile_world(feast.variant(name)).channels[0].invited_mean
        thin = compile_world(tight.variant(name)).channels[0].invited_mean
        assert thin == pytest.approx(0.96 * usual)
    assert feast.with_overrides("ordinary").hash == feast.hash
    wave = compile_world(feast.with_overrides("wave")).channels[0].invited_mean
    base = compile_world(feast).channels[0].invited_mean
    ratio = np.divide(wave, base, out=np.ones_like(base), where=base > 0).round(9)
    assert set(np.unique(ratio)) == {0.7, 1.0}
    assert ((ratio == 0.7).any(axis=0)).sum() == 7
    assert ((ratio == 0.7).any(axis=1)).sum() == 35  # 5 January to 8 February
    with pytest.raises(ScenarioError, match="unknown override 'thight'"):
        feast.with_overrides("thight")


# ------------------------------------------------------------------------------- bundled baseline


def test_the_agreements_of_the_baseline_are_the_net_imports_on_short_roads():
    listed = YAML(typ="safe").load(habits.agreements_yaml())["agreements"]
    scenario = load("national-2026")
    assert [a.model_dump(exclude_defaults=True) for a in scenario.agreements] == [
        {k: v for k, v in a.items() if (k, v) != ("every_days", 7)} for a in listed
    ]
    net = dict.fromkeys(scenario.regions, 0.0)
    for (origin, destination), units in habits.flows().items():
        net[origin] -= units
        net[destination] += units
    wanted = {
        row["abbr"]: 1e4 * float(row["net_import_rbc_wan_prior"])
        for row in data.rows("provinces.csv")
    }
    assert net == pytest.approx(wanted, abs=1)
    km = {row["abbr"]: row for row in data.rows("distances_km.csv")}
    swaps = [
        float(km[a][d]) + float(km[c][b]) - float(km[a][b]) - float(km[c][d])
        for a, b in habits.flows()
        for c, d in habits.flows()
    ]
    assert min(swaps) > -1e-6  # no two flows get shorter by swapping destinations


def test_covers_of_the_provinces_spread_around_one():
    factors = np.array(list(habits.cover_factors().values()))
    assert factors.mean() == pytest.approx(1, abs=1e-3)
    assert np.log(factors).std() == pytest.approx(habits.COVER_SD, rel=0.1)


def test_all_variants_share_the_warmup_of_today():
    for name in ("national-2026", "spring-festival-2026", "summer-dip-2026"):
        scenario = load(name)
        assert scenario.run.warmup_policy == scenario.variant("practice").policies.transfer
        assert {"practice", "share_surplus", "proportional", "pre_collect"} <= set(
            scenario.variants
        )


def test_agreements_run_in_every_variant_of_the_baseline():
    scenario = load("spring-festival-2026").set("run.score_start", "2026-02-01")
    scenario = scenario.set("run.score_end", "2026-02-20").set("run.warmup_days", 36)
    found = simulate(scenario, replications=1, variants=["practice", "proportional"])
    into_beijing = found.transfers["units"].sel(destination="BJ", product="red_cells")
    assert (into_beijing.sum("origin") > 5000).all()
