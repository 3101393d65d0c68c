"""The policy that is told the future: what it is told, and that nobody else is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from worlds import three_provinces

from bloodsim import metrics
from bloodsim.cli.report_table import headlines
from bloodsim.decision import NOTHING, PlanError
from bloodsim.experiment import simulate
from bloodsim.metrics import avoided
from bloodsim.policies.optimized import Optimizing
from bloodsim.scenario import Scenario, ScenarioError

FROZEN = {"kind": "frozen", "of": "practice"}
HALVES = 2
"""Pieces per unit of red cells."""


def _world(**changes) -> Scenario:
    kinds = {"planned": "none", "foresight": "perfect"}
    overrides = {
        name: {
            "policies": {
                "transfer": {"kind": "optimized", "foresight": foresight},
                "collection": FROZEN,
            }
        }
        for name, foresight in kinds.items()
    }
    return three_provinces(
        run__score_end="2026-02-28",
        overrides=overrides,
        variants={"practice": [], **{name: [name] for name in kinds}},
        **changes,
    )


@dataclass
class Asking:
    """Keeps what it is told of the future."""

    policy: Optimizing
    told: list = field(default_factory=list)

    @property
    def review_days(self):
        return 1

    def __call__(self, snapshot):
        self.told.append(snapshot.known)
        return NOTHING


def test_it_is_told_what_really_comes(monkeypatch):
    told = {}

    def note(self, snapshot):
        if snapshot.known is not None:
            told[snapshot.day] = snapshot.known("red_cells", 400)
        return NOTHING

    monkeypatch.setattr(Optimizing, "__call__", note)
    totals = simulate(_world(), 2).totals.sel(variant="foresight", product="red_cells")
    requested, released = told[min(told)]
    assert np.array_equal(requested.sum(axis=(0, 2)).T, totals["requested"].values * HALVES)
    assert np.array_equal(released.sum(axis=(0, 2)).T, totals["released"].values * HALVES)
    for day, (later, _) in told.items():
        assert np.array_equal(later, requested[day - min(told) :])


def test_nobody_else_is_told():
    asking = Asking(Optimizing(foresight="perfect"))
    simulate(_world(), 1, policies={"asking": asking})
    assert len(asking.told) == 28
    assert all(known is None for known in asking.told)


def test_a_policy_that_needs_it_is_not_served_by_forecasts():
    with pytest.raises(PlanError, match="foresight: perfect"):
        simulate(_world(), 1, variants=[], policies={"sly": Optimizing(foresight="perfect")})


def test_the_scenario_needs_a_collection_that_was_seen_before():
    with pytest.raises(ScenarioError, match="seen before"):
        three_provinces(policies__transfer={"kind": "optimized", "foresight": "perfect"})


def test_replications_do_not_depend_on_the_block_nor_on_who_else_runs():
    many = simulate(_world(), 9).totals
    one = simulate(_world(), 1, variants=["practice", "foresight"]).totals
    names = ["practice", "foresight"]
    assert many.sel(variant=names).isel(replication=[0]).equals(one)
    planned = simulate(_world(), 1, variants=["practice", "planned"]).totals
    assert planned.equals(many.sel(variant=["practice", "planned"]).isel(replication=[0]))


def test_the_summary_says_what_knowing_the_future_avoids():
    results = simulate(_world(), 4)
    assert metrics.with_foresight(results) == ["foresight"]
    points = metrics.cost(results)
    least = metrics.foresight_cost(results, "foresight")
    same = ["planned", "foresight", "practice"]
    assert np.array_equal(least, points.sel(variant=same).min("variant").values)
    (found,) = [each for each in metrics.all_of_foresight(results) if each.policy == "planned"]
    base = points.sel(variant="practice").values
    gain = (base - points.sel(variant="planned").values).mean()
    assert found.share == pytest.approx(gain / (base - least).mean())
    assert "estimate, no bound" in "\n".join(headlines(results))


def test_the_optimizer_is_not_held_against_who_knows_the_future(monkeypatch):
    results = simulate(_world(), 4)
    worse = metrics.cost(results).copy()
    worse.loc[{"variant": "planned"}] = worse.sel(variant="practice").values - 100
    worse.loc[{"variant": "foresight"}] = worse.sel(variant="practice").values - 200
    monkeypatch.setattr(avoided, "cost", lambda _: worse)
    assert not metrics.adds_nothing(results, "planned")
    worse.loc[{"variant": "planned"}] += 100
    assert metrics.adds_nothing(results, "planned")
    said = [line for line in headlines(results) if "adds nothing" in line]
    assert [line.partition(":")[0] for line in said] == ["planned"]
