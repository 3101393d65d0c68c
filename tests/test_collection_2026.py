"""The bundled scenario of collection: what it says, and that a planned calendar pays in it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from ruamel.yaml import YAML

from bloodsim import metrics
from bloodsim.data.visits import pools_yaml
from bloodsim.experiment import choose, simulate
from bloodsim.load import load
from bloodsim.model.world import compile_world
from bloodsim.rehearsal import with_calendars
from bloodsim.results import Results
from bloodsim.scenario import Scenario


def test_pools_are_those_that_the_data_give():
    pools = YAML(typ="safe").load(f"resources:\n{pools_yaml()}")["resources"]
    assert (
        load("collection-2026").raw["resources"]["organisation_pools"]
        == (pools["organisation_pools"])
    )
    assert len(pools["organisation_pools"]) == 62


def test_variants_differ_in_policies_alone():
    scenario = load("collection-2026")
    trees = []
    for variant in choose(scenario):
        tree = variant.scenario.resolved()
        for part in ("policies", "name", "title", "description", "inputs"):
            tree.pop(part)
        trees.append(tree)
    assert all(tree == trees[0] for tree in trees)
    assert {"practice", "best_rule", "optimized_collection", "joint"} < {
        v.name for v in choose(scenario)
    }


def scenario_of_ten_weeks() -> Scenario:
    """Return the scenario up to the feast, planned once on two paths."""
    calendar = {"kind": "optimized", "placed_by": "calendar", "reference": "best_rule"}
    quick = {"policies": {"collection": {**calendar, "paths": 2, "rounds": 1}}}
    scenario = load("collection-2026").set("overrides.by_calendar", quick)
    return scenario.set("run.score_end", "2026-02-20")


@cache
def short() -> Results:
    """Return one world of it."""
    return simulate(scenario_of_ten_weeks(), 1, seed=7, variants=["best_rule", "joint"])


def test_a_joint_plan_runs_on_the_whole_country():
    given = metrics.donations(short()).mean("replication")
    ratio = float(given.sel(variant="joint") / given.sel(variant="best_rule"))
    assert ratio == pytest.approx(1, abs=0.02)


def test_its_calendar_keeps_teams_and_closures_and_is_not_the_default_one():
    variants = [v for v in choose(scenario_of_ten_weeks()) if v.name in ("best_rule", "joint")]
    planned = next(v for v in with_calendars(variants) if v.name == "joint")
    world = compile_world(planned.scenario)
    days = slice(world.score_first, world.n_days)
    visits = planned.policy.editions[-1].plan.visits
    table = world.drives.table
    teams = visits @ (table.region[:, None] == np.arange(world.n_regions)).astype(int)
    assert (teams <= table.teams_per_day).all()
    assert not visits[~world.drives.open[days]].any()
    usual = world.drives.calendar[days]
    commit = table.commit_days
    assert (visits[:commit] == usual[:commit]).all()
    assert np.abs(visits[commit:].sum(axis=1) - usual[commit:].sum(axis=1)).max() > 5


@pytest.mark.slow
@pytest.mark.parametrize("study", ["tight", "wave", None])
def test_the_joint_plan_is_cheaper_than_the_best_rule_at_equal_donations(study):
    """The worth of it over 16 worlds: README has 200."""
    scenario = load("collection-2026")
    scenario = scenario.with_overrides(study) if study else scenario
    results = simulate(
        scenario, 16, seed=3, variants=["best_rule", "optimized_collection", "joint"]
    )
    for worth in metrics.calendar_worth(results):
        assert worth.cost.high < 1
        assert abs(worth.donations) <= 0.002
