"""The one cost: the same points from the plain functions, the indicator and a hand count."""

import numpy as np
import pytest

from bloodsim import cost, metrics
from bloodsim.scenario import CostWeights
from tests.synthetic_results import synthetic_results

WEIGHTS = CostWeights(team_day=3.0, terminal_cover_days={"red_cells": 7}).model_dump()


def test_every_weight_of_the_scenario_is_used_or_belongs_to_the_end():
    linear = {*cost.FLOW_WEIGHTS.values(), *cost.COLLECTION_WEIGHTS.values()}
    others = {"terminal_price", "terminal_cover_days", "events"}
    assert linear | others == set(CostWeights.model_fields)
    assert not linear & others


def test_points_by_hand():
    flows = {
        "lost_emergency": 1,
        "lost_urgent": 2,
        "cancelled_elective": 3,
        "waiting_days": 10,
        "outdated": 4,
        "shipments": 5,
        "shipped_unit_km": 1000,
    }
    found = cost.points(WEIGHTS, flows, {"donations": 40, "team_days": 2}, shortfall_units=18)
    assert found == pytest.approx(100 + 60 + 30 + 3 + 8 + 10 + 0.2 + 2 + 6 + 90)


def test_a_flow_that_the_cost_does_not_know_is_refused():
    with pytest.raises(KeyError, match="discarded has no weight"):
        cost.points(WEIGHTS, {"discarded": 1})


def test_the_end_is_charged_below_the_target_only():
    target = cost.terminal_target_units(WEIGHTS, "red_cells", np.array([10.0, 10.0]))
    assert target.tolist() == [70, 70]
    assert cost.terminal_shortfall(target, [50, 500], [4, 0], [2, 0]).tolist() == [18, 0]


def test_a_product_without_a_target_is_not_charged_for_its_backlog():
    target = cost.terminal_target_units(WEIGHTS, "plasma", 10.0)
    assert cost.terminal_shortfall(target, 0.0, 0.0, 25.0) == 0


def test_the_indicator_is_the_sum_of_the_points():
    results = synthetic_results(days=30)
    found = metrics.cost(results)
    for variant in results.variants:
        weights = results.cost_weights(variant)
        totals = results.totals.sel(variant=variant)
        collection = results.collection.sel(variant=variant)
        column = "team_days" if "team_days" in collection else "sessions"
        effort = {"donations": collection["donations"], "team_days": collection[column]}
        summed = {k: v.sum(["region", "channel"]).values for k, v in effort.items()}
        expected = cost.points(weights, {}, summed)
        for product in results.products:
            part = totals.sel(product=product).transpose("replication", "region")
            demand = results.normal_demand.sel(variant=variant, product=product)
            short = cost.terminal_shortfall(
                cost.terminal_target_units(weights, product, demand.values),
                *(part[name].values for name in ("stock", "in_transit", "backlog")),
            )
            flows = {name: part[name].values for name in cost.FLOW_WEIGHTS}
            expected = expected + cost.points(weights, flows, None, short).sum(axis=1)
        assert found.sel(variant=variant).values == pytest.approx(expected, rel=1e-12)
