"""The bound of transfers: below every policy, and the share avoided that rests on it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from worlds import three_provinces

from bloodsim import metrics
from bloodsim.cost import coefficients
from bloodsim.decision import RouteTable
from bloodsim.experiment import simulate
from bloodsim.optimize import bound as bounding
from bloodsim.optimize.roads import few_ways
from bloodsim.results import ResultsError
from bloodsim.results.bounds import with_bounds
from bloodsim.scenario import CostWeights, Scenario

FROZEN = {"kind": "frozen", "of": "practice"}


def _world(**changes) -> Scenario:
    kinds = {"solo": "none", "shared": "proportional", "planned": "optimized"}
    overrides = {
        name: {"policies": {"transfer": {"kind": kind, "products": []}, "collection": FROZEN}}
        for name, kind in kinds.items()
    }
    overrides["solo"]["policies"]["transfer"] = {"kind": "none"}
    overrides["habits"] = {"policies": {"transfer": {"kind": "share_surplus"}}}
    return three_provinces(
        run__score_end="2026-02-28",
        run__bound_transfers=True,
        overrides=overrides,
        variants={"practice": ["habits"], **{name: [name] for name in kinds}},
        **changes,
    )


@pytest.fixture(scope="module")
def results():
    return simulate(_world(), 4)


def test_no_policy_is_cheaper_than_the_bound(results):
    bound = results.tables["bounds"]["transfers"]
    assert bound.sizes == {"variant": 4, "replication": 4}
    assert (metrics.cost(results) >= bound).all()
    assert (bound > metrics.collection_cost(results)).all()  # it says something


def test_coarser_slots_and_pooled_groups_give_a_lower_bound(results, monkeypatch):
    monkeypatch.setattr(bounding, "_FEW_REGIONS", 0)
    loose = simulate(_world(), 4).tables["bounds"]["transfers"]
    sharp = results.tables["bounds"]["transfers"]
    assert (loose <= sharp + 1e-6).all()
    assert (loose < sharp).any()


def test_the_bound_does_not_depend_on_the_block(results):
    alone = simulate(_world(), 1).tables["bounds"]["transfers"]
    np.testing.assert_allclose(alone.values[:, 0], results.tables["bounds"]["transfers"][:, 0])


def test_the_bound_charges_the_end(results):
    """With a target that no policy reaches, all pay it, and so does the bound."""
    days = 400.0
    unreached = simulate(_world(cost__terminal_cover_days={"red_cells": days}), 2)
    free = simulate(_world(cost__terminal_cover_days={}), 2)
    short = metrics.terminal_charge(unreached).sum(("region", "product"))
    added = unreached.tables["bounds"]["transfers"] - free.tables["bounds"]["transfers"]
    assert (short > 0).all()
    assert (added > 0.9 * short).all()
    assert (metrics.cost(unreached) >= unreached.tables["bounds"]["transfers"]).all()


def test_drawn_parameters_are_charged_by_the_stated_demand():
    """Cost takes the end's target from the stated numbers; so has the bound, or it is none."""
    targets = {"red_cells": 400.0}
    results = simulate(_world(run__parameters="sampled", cost__terminal_cover_days=targets), 2)
    bound = results.tables["bounds"]["transfers"]
    assert {"practice_sampled", "planned_sampled"} <= set(bound["variant"].values.tolist())
    assert (metrics.cost(results).sel(variant=bound["variant"].values) >= bound).all()


def test_a_policy_below_its_bound_is_an_error(results):
    planned = metrics.cost(results).sel(variant="planned").values
    with pytest.raises(ResultsError, match="less than its bound"):
        with_bounds(results, {"planned": planned + 1})


def test_share_avoided_is_a_ratio_of_means(results):
    cost, bound = metrics.cost(results), results.tables["bounds"]["transfers"]
    base = cost.sel(variant="practice").mean()
    expected = (base - cost.sel(variant="planned").mean()) / (
        base - bound.sel(variant="practice").mean()
    )
    found = metrics.share_avoided(results, "planned", "practice")
    assert found.share == pytest.approx(float(expected))
    assert found.low <= found.share <= found.high <= 1
    assert {each.policy for each in metrics.all_avoided(results)} == {"solo", "shared", "planned"}


def test_share_avoided_is_not_defined_where_nothing_can_be_avoided(results):
    exact = metrics.cost(results).sel(variant="practice").values
    effort = metrics.collection_cost(results).sel(variant="practice").values
    practice = results.tables["totals"].sel(variant=["practice"])
    assert practice.sizes["variant"] == 1
    at_bound = with_bounds(results, {"practice": exact - effort})
    found = metrics.share_avoided(at_bound, "practice", "practice")
    assert found.share is None
    assert "not defined" in found.says


def test_without_the_switch_there_is_no_bound():
    plain = simulate(three_provinces(), 1)
    assert "bounds" not in plain.tables
    assert metrics.all_avoided(plain) == []
    name = plain.variants[0]
    with pytest.raises(KeyError, match="bound_transfers"):
        metrics.share_avoided(plain, name, name)


def _roads(km) -> RouteTable:
    """Return the roads between all regions, nearest first, that carry 10 pieces at most."""
    n = len(km)
    ends = sorted((km[i][j], i, j) for i in range(n) for j in range(n) if i != j)
    none = np.zeros(len(ends), dtype=np.int64)
    return RouteTable(
        origin=np.array([i for _, i, _ in ends]),
        destination=np.array([j for _, _, j in ends]),
        distance_km=np.array([d for d, _, _ in ends]),
        lead_days=none,
        lot_pieces={"red_cells": 1},
        smallest_pieces={"red_cells": 1},
        largest_pieces={"red_cells": 10},
        min_life_days={"red_cells": 1},
        approval_days=none,
        barred={},
        vehicles_per_day=none - 1,
    )


def _apart(kind: str):
    """Return distances (km) of twelve regions."""
    places = np.arange(12.0)
    if kind == "in a line":
        return 100 * np.abs(places[:, None] - places)
    km = np.random.default_rng(3).uniform(50, 900, (12, 12))
    if kind == "some in one town":
        km[:4, :4] = 0
    return km


@pytest.mark.parametrize("shipment", [0.0, 30.0])
@pytest.mark.parametrize("kind", ["in a line", "anywhere", "some in one town"])
def test_no_way_of_the_bound_is_dearer_than_the_road_it_stands_for(kind, shipment):
    """A full shipment on a road costs its km and its share of a shipment; the bound no more."""
    weights = CostWeights(shipment=shipment, unit_km=0.01).model_dump()
    table, points = _roads(_apart(kind)), coefficients(weights)
    ways = few_ways(table, "red_cells", weights, 1)
    assert ways is not None
    assert len(ways.origin) < len(table)
    price = np.full((12, 12), np.inf)
    np.minimum.at(price, (ways.origin, ways.destination), np.maximum(ways.price, 1e-12))
    found = np.isfinite(price)
    graph = sparse.csr_array((price[found], np.nonzero(found)), shape=price.shape)
    least = dijkstra(graph)[table.origin, table.destination]
    road = points["shipped_unit_km"] * table.distance_km + points["shipments"] / 10
    assert (least <= road * (1 + 1e-9) + 1e-10).all()
