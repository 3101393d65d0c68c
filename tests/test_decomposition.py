"""Gains in parts: planted answers, sets that lack a part, and one small run."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr
from synthetic_results import synthetic_results
from test_joint import CALENDAR, two_regions

from bloodsim import metrics
from bloodsim.cli.output import print_json
from bloodsim.cli.report_table import headlines
from bloodsim.cli.running import _parts, _plain
from bloodsim.experiment import simulate
from bloodsim.provenance import world_key
from bloodsim.results import Results
from bloodsim.scenario import CostWeights

SHARING = "bloodsim.policies.proportional.SharingProportionally()"
PLANNING = "bloodsim.policies.optimized.Optimizing(foresight='none')"
TOLD = "bloodsim.policies.optimized.Optimizing(foresight='perfect')"
REGULATED = {"kind": "regulated"}
BY_RULE = {"kind": "frozen", "of": "rule"}
PLACED = {"kind": "optimized", "placed_by": "calendar", "reference": "rule", "gain": 1.5}
CUTS = {"red_cells": {"red": {"urgent": 0.5, "elective": 1.0}}}
ONLY = {
    **dict.fromkeys(CostWeights().model_dump(), 0.0),
    "emergency_lost": 1.0,
    "donation": 1.0,
    "terminal_cover_days": {},
}
"""A cost of emergency requests lost and donations alone: what a test states is what counts."""

# Points of three worlds, donations (national) and settings of every variant.
PLANTED: dict[str, tuple[list[float], float, str, dict[str, Any]]] = {
    "rule": ([100, 120, 140], 50, SHARING, REGULATED),
    "sent": ([90, 108, 129], 50, PLANNING, BY_RULE),
    "placed": ([80, 90, 100], 51, SHARING, PLACED),
    "together": ([65, 80, 92], 51, PLANNING, PLACED),
    "told": ([88, 101, 130], 50, TOLD, BY_RULE),
    "uncut": ([98, 121, 130], 50, SHARING, REGULATED),
}


def _planted(without: tuple[str, ...] = (), **settings: dict[str, Any]) -> Results:
    """Return results whose costs are those of `PLANTED`; *settings* replace facts of variants."""
    names = tuple(name for name in PLANTED if name not in without)
    made = synthetic_results(variants=names, replications=(0, 1, 2), regions=("BJ",), days=5)
    tables = {name: table.copy(deep=True) for name, table in made.tables.items()}
    points = np.array([PLANTED[name][0] for name in names])
    given = np.array([[PLANTED[name][1]] * 3 for name in names])
    lost = np.zeros((len(names), 3, 1, 3))
    lost[..., 0, 0] = points - given
    totals, collection = tables["totals"], tables["collection"]
    dims = ("variant", "replication", "region", "product")
    totals["lost_emergency"] = (dims, lost)
    totals["rationed"] = (
        dims,
        np.where(np.arange(3) == 0, 4.0, 9.0) * np.ones((len(names), 3, 1, 1)),
    )
    both = np.stack([given * 0.6, given * 0.4], axis=-1)[:, :, None]
    dims = ("variant", "replication", "region", "channel")
    collection["donations"] = (dims, both)
    collection["team_days"] = (dims, both / 10)
    facts = {
        name: {
            "policy": PLANTED[name][2],
            "collection": PLANTED[name][3],
            "world": "w",
            "alert_cuts": {} if name == "uncut" else CUTS,
            "cost_weights": ONLY,
        }
        for name in names
    }
    for name, changed in settings.items():
        facts[name] |= changed
    return Results(tables, {**made.manifest, "cost_weights": ONLY, "variants": facts})


def _bounded(results: Results, **columns: list[float]) -> Results:
    """Return results with bounds (three worlds each) of all variants."""
    tables = dict(results.tables)
    coords = {"variant": list(results.variants), "replication": [0, 1, 2]}
    for name, values in columns.items():
        table = "bounds" if name == "transfers" else "joint_bounds"
        data = (tuple(coords), np.tile(values, (len(results.variants), 1)))
        old = dict(tables[table].data_vars) if table in tables else {}
        tables[table] = xr.Dataset({**old, name: data}, coords=coords)
    return Results(tables, results.manifest)


def test_gain_is_transfers_and_timing_and_what_both_do_together():
    (found,) = metrics.gain_parts(_planted())
    assert (found.baseline, found.transfers) == ("rule", "sent")
    assert (found.timing, found.both) == ("placed", "together")
    # 10, 12, 11 by transfers; 20, 30, 40 by timing; 35, 40, 48 by both: 5, -2, -3 more.
    assert found.by_transfers == metrics.interval([10, 12, 11])
    assert found.by_timing == metrics.interval([20, 30, 40])
    assert found.by_both == metrics.interval([35, 40, 48])
    assert found.interaction == metrics.interval([5, -2, -3])
    assert found.effort["placed"] == pytest.approx({"donations": 51, "team_days": 5.1})
    assert found.effort["rule"] == pytest.approx({"donations": 50, "team_days": 5})
    assert found.says == (
        "together saves 41 ± 16 points of rule: sent alone +11 ± 2 (transfers), placed alone "
        "+30 ± 25 (timing of collection), interaction +0 ± 11; together takes +2.00 % donations "
        "and +2.00 % team-days"
    )


def test_rationing_is_what_the_same_policy_costs_without_it():
    (found,) = metrics.rationing_worth(_planted())
    assert (found.variant, found.without) == ("rule", "uncut")
    assert found.saves == metrics.interval([-2, 1, -10])
    assert found.held_back == {"red_cells": 4.0}
    assert found.says == (
        "rationing by alerts costs rule 4 ± 14 points against uncut, not told from 0: requests for "
        "4 U of Red cells were held back and given up; without it +0.00 % donations and +0.00 % "
        "team-days"
    )


def test_gap_is_knowledge_rules_and_collection():
    bounds = {"transfers": [70, 81, 90], "joint": [55, 60, 70], "equal_donations": [57, 63, 72]}
    (found,) = metrics.gap_parts(_bounded(_planted(), **bounds))
    # The cheapest on the rule's collection is "sent"; told of the future, or better: 88, 101, 129.
    assert (found.policy, found.foresight) == ("sent", "told")
    assert found.knowing == metrics.interval([2, 7, 0])
    assert found.rules == metrics.interval([18, 20, 39])
    assert found.collection == metrics.interval([15, 21, 20])
    assert found.whole == metrics.interval([35, 48, 59])
    assert found.terms == metrics.interval([2, 3, 2])


def test_a_gap_ends_at_the_bound_of_transfers_where_no_other_is_known():
    results = _bounded(_planted(), transfers=[70, 81, 90])
    (found,) = metrics.gap_parts(results)
    assert found.collection is None
    assert found.terms is None
    assert found.whole == metrics.interval([20, 27, 39])
    assert "joint" not in found.says
    (found,) = metrics.gap_parts(_bounded(results, joint=[55, 60, 70]))
    assert found.collection is not None
    assert found.terms is None
    assert list(metrics.gap_parts(_planted())) == []
    assert list(metrics.gap_parts(_bounded(_planted(("told",)), transfers=[7, 8, 9]))) == []


@pytest.mark.parametrize("lacking", ["rule", "sent", "placed", "together"])
def test_a_set_that_lacks_a_variant_says_nothing(lacking):
    assert list(metrics.gain_parts(_planted((lacking,)))) == []


@pytest.mark.parametrize(
    ("variant", "changed"),
    [
        ("sent", {"collection": {"kind": "frozen", "of": "placed"}}),  # of another collection
        ("sent", {"policy": TOLD}),  # no policy
        ("sent", {"policy": SHARING}),
        ("sent", {"cost_weights": {**ONLY, "outdated": 1.0}}),  # other points
        ("placed", {"policy": SHARING.replace("()", "(tolerance_days=2)")}),  # other transfers
        ("placed", {"collection": {**PLACED, "reference": None}}),
        ("placed", {"collection": {**PLACED, "reference": "uncut"}}),  # others' donations
        ("placed", {"alert_cuts": {}}),  # another world
        ("together", {"collection": {**PLACED, "lift": 0.1}}),  # another calendar
        ("together", {"policy": PLANNING.replace("none", "none', review_days='1")}),
        ("together", {"world": "v"}),
        ("rule", {"collection": BY_RULE}),
        ("rule", {"parameters": "sampled"}),
    ],
)
def test_a_set_with_another_setting_says_nothing(variant, changed):
    assert list(metrics.gain_parts(_planted(**{variant: changed}))) == []


@pytest.mark.parametrize(
    ("variant", "changed"),
    [
        ("uncut", {"world": "v"}),
        ("uncut", {"policy": PLANNING}),
        ("uncut", {"alert_cuts": CUTS}),
        ("uncut", {"collection": {"kind": "pre_collect"}}),
        ("uncut", {"cost_weights": {**ONLY, "outdated": 1.0}}),
        ("rule", {"alert_cuts": {}}),
    ],
)
def test_rationing_of_other_policies_says_nothing(variant, changed):
    assert list(metrics.rationing_worth(_planted(**{variant: changed}))) == []


def test_calendars_are_the_same_if_their_references_do_the_same():
    """The reference of a calendar without cuts is the rule without cuts: other names, one thing."""
    free = {**PLACED, "reference": "uncut"}
    changed = {"collection": free, "policy": PLANNING, "alert_cuts": {}}
    found = list(metrics.rationing_worth(_planted(sent=changed)))
    assert [(each.variant, each.without) for each in found] == [
        ("rule", "uncut"),
        ("together", "sent"),
    ]


def test_only_rules_of_the_same_world_are_rivals_of_a_plan():
    """Neither what is cheaper under other alerts nor a joint plan makes a plan add nothing."""
    assert not metrics.adds_nothing(_planted(("told",)), "sent")  # "together", a plan, is cheaper
    sharing = {"policy": SHARING, "collection": REGULATED}
    assert metrics.adds_nothing(_planted(("told",), together=sharing), "sent")
    apart = {**sharing, "alert_cuts": {}}
    assert not metrics.adds_nothing(_planted(("told",), together=apart), "sent")


def test_knowing_the_future_is_held_against_policies_on_the_same_collection():
    assert metrics.told_family(_planted()) == ["told", "rule", "sent"]
    (found,) = metrics.all_of_foresight(_planted())
    # 0, 7, 0 points left of 12, 19, 11 that the cheapest of "told" and "sent" saves in each world.
    assert found.share == pytest.approx((10 + 12 + 11) / (12 + 19 + 11))
    assert metrics.told_family(_planted(("sent",))) is None
    assert metrics.all_of_foresight(_planted(("told",))) == []


def test_results_of_old_say_nothing():
    assert metrics.decomposition(synthetic_results(replications=(0, 1), days=5)) == ([], [], [])


# --- a run ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run() -> Results:
    levels = [{"level": "red", "below_days": 4, "urgent_cut": 0.5}]
    free = [{"level": "red", "below_days": 4}]
    planning = {"policies": {"transfer": {"kind": "optimized"}}}
    scenario = two_regions(
        run__score_end="2025-05-31",
        run__bound_transfers=True,
        run__bound_joint="equal_donations",
        products__red_cells__alerts=levels,
        overrides={
            "planned": {"policies": {"collection": {**CALENDAR, "reference": "rule", "paths": 2}}},
            "as_ruled": {"policies": {"collection": BY_RULE}},
            "planning": planning,
            "told": {"policies": {"transfer": {"kind": "optimized", "foresight": "perfect"}}},
            "free": {"products": {"red_cells": {"alerts": free}}},
        },
        variants={
            "rule": [],
            "sent": ["planning", "as_ruled"],
            "placed": ["planned"],
            "together": ["planning", "planned"],
            "told": ["told", "as_ruled"],
            "rule_free": ["free"],
        },
    )
    names = [name for name in scenario.variants if name != "calendar"]
    return simulate(scenario, 3, seed=3, variants=names)


def test_a_run_is_taken_apart_by_its_settings(run):
    found = metrics.decomposition(run)
    cost = {name: metrics.cost(run).sel(variant=name).values for name in run.variants}
    (gain,) = found.gains
    assert gain[:4] == ("rule", "sent", "placed", "together")
    assert gain.by_both == metrics.interval(cost["rule"] - cost["together"])
    parts = gain.by_transfers.mean + gain.by_timing.mean + gain.interaction.mean
    assert parts == pytest.approx(gain.by_both.mean)
    (worth,) = found.rationing
    assert (worth.variant, worth.without) == ("rule", "rule_free")
    assert worth.saves == metrics.interval(cost["rule_free"] - cost["rule"])
    assert worth.held_back["red_cells"] > 0
    (gap,) = found.gaps
    assert gap.policy in ("rule", "sent")
    assert min(gap.knowing.mean, gap.rules.mean, gap.collection.mean, gap.terms.mean) >= 0
    total = gap.knowing.mean + gap.rules.mean + gap.collection.mean
    assert total == pytest.approx(gap.whole.mean)


def test_summary_and_json_show_the_parts(run, capsys):
    lines = headlines(run)
    for part in metrics.decomposition(run):
        assert [each.says for each in part] == [e.says for e in part if e.says in lines]
    print_json(_parts(run))
    shown = json.loads(capsys.readouterr().out)["decomposition"]
    (gain,) = shown["gains"]
    assert gain["by_both"].keys() == {"points", "half_width"}
    assert gain["effort"].keys() == {"rule", "sent", "placed", "together"}
    assert shown["rationing"][0]["without"] == "rule_free"
    assert shown["gaps"][0]["policy"] in ("rule", "sent")


def test_one_world_has_no_interval():
    results = simulate(two_regions(variants={"rule": []}), 1)
    assert _parts(results) == {}
    one = metrics.interval([3.0])
    assert _plain({"saved": one, "says": "x"}) == {"saved": {"points": 3.0, "half_width": None}}


def test_the_world_of_a_variant_is_without_policies_and_cost():
    one = two_regions()
    assert world_key(one) == world_key(one.set("cost.donation", 1.0))
    assert world_key(one) != world_key(one.set("products.red_cells.shelf_life_days", 27))
