"""Vehicles: exact small worlds of plans that do not fit and commitments that ship what does."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import three_provinces
from worlds_exact import ALL_GROUPS, Planned, by_group, daily, exact_world, play, road, total

from bloodsim.blood import GROUPS
from bloodsim.decision import PlanError
from bloodsim.experiment import simulate
from bloodsim.planning.solve import solve
from bloodsim.planning.today import look
from bloodsim.scenario import ScenarioError

NORTH, SOUTH = 0, 1


def vans(units, vehicles=1, **routes):
    van = {"products": ["red_cells"], "units_per_vehicle": units, "vehicles_per_day": vehicles}
    return road(100, 1) | {"vehicles": {"van": van}} | routes


def test_a_plan_that_fills_the_vehicles_leaves_and_one_more_unit_raises(monkeypatch):
    """Two vans of 4 U: 8 U leave, 9 U are an error, also as 5 U + 4 U."""
    world = exact_world(3, ("north", "south"), routes=vans(4, 2))
    stock = {(NORTH, 9): 30}
    full = Planned({0: [(NORTH, SOUTH, 8)], 1: [(NORTH, SOUTH, 8)]})
    result = play(monkeypatch, world, stock, policy=full)
    assert daily(result, "shipped", NORTH) == [8, 8, 0]
    for rows in ([(NORTH, SOUTH, 9)], [(NORTH, SOUTH, 5), (NORTH, SOUTH, 4)]):
        with pytest.raises(PlanError, match=r"2025-06-02.*vehicles of the road"):
            play(monkeypatch, world, stock, policy=Planned({0: rows}))


def test_each_road_has_its_own_vehicles(monkeypatch):
    world = exact_world(2, ("north", "south"), routes=vans(4))
    plan = Planned({0: [(NORTH, SOUTH, 4), (SOUTH, NORTH, 4)]})
    result = play(monkeypatch, world, {(NORTH, 9): 9, (SOUTH, 9): 9}, policy=plan)
    assert [total(result, "shipped", r) for r in (NORTH, SOUTH)] == [4, 4]


def agreement(units, **changes):
    return exact_world(
        1,
        ("north", "south"),
        routes=vans(5),
        agreements=[
            {"origin": "north", "destination": "south", "product": "red_cells",
             "units_per_day": units, "every_days": 1}
        ],
        policies__transfer={"kind": "fixed", "shipments": []},
        **changes,
    )  # fmt: skip


def test_a_commitment_ships_what_fits_and_counts_the_rest(monkeypatch):
    """8 U are due in a van of 5 U: 5 shipped, 3 not."""
    result = play(monkeypatch, agreement(8), {(NORTH, 9): 20})
    assert total(result, "shipped", NORTH) == 5
    assert total(result, "not_shipped", NORTH) == 3


def test_groups_share_the_van_in_proportion(monkeypatch):
    """16 U, 2 U of each of eight groups, in 5 U: the first five groups get one each."""
    world = agreement(16, regions__north__group_shares=ALL_GROUPS)
    stock = {(NORTH, 9, g): 4 for g in range(8)}
    result = play(monkeypatch, world, stock)
    assert by_group(result, "shipped") == dict.fromkeys(GROUPS[:5], 1)
    assert total(result, "not_shipped", NORTH) == 11


def test_what_agreements_load_is_not_there_for_plans(monkeypatch):
    """An agreement of 3 U leaves 2 U of the van's five to the plan of the day."""
    world = agreement(3)
    stock = {(NORTH, 9): 20}
    result = play(monkeypatch, world, stock, policy=Planned({0: [(NORTH, SOUTH, 2)]}))
    assert total(result, "shipped", NORTH) == 5
    with pytest.raises(PlanError, match="vehicles of the road"):
        play(monkeypatch, world, stock, policy=Planned({0: [(NORTH, SOUTH, 3)]}))


SHARED = {"truck": {"products": ["red_cells", "platelets"], "units_per_vehicle": 20}}


@pytest.mark.parametrize("kind", ["share_surplus", "proportional"])
def test_rules_keep_to_vehicles_that_products_share(kind):
    """No plan raises, no road carries more than 20 units of both a day, and some are full."""
    scenario = three_provinces(
        variants=None,
        run__score_end="2026-02-20",
        routes__vehicles=SHARED,
        policies__transfer={"kind": kind, "review_days": 1},
    )
    results = simulate(scenario, replications=3)
    days = 20
    moved = results.transfers["units"].sum("product")
    assert float(moved.max()) <= 20 * days
    free = simulate(scenario.set("routes.vehicles", None), replications=3)
    assert float(moved.sum()) < float(free.transfers["units"].sum())
    split = simulate(scenario.set("run.block_replications", 2), replications=3)
    assert results.totals.equals(split.totals)


def test_vehicles_large_enough_change_nothing():
    scenario = three_provinces(variants=None, run__score_end="2026-02-12")
    large = {"truck": SHARED["truck"] | {"units_per_vehicle": 1e6}}
    one = simulate(scenario, replications=2).totals
    other = simulate(scenario.set("routes.vehicles", large), replications=2).totals
    assert one.equals(other)
    assert np.isfinite(one["shipped"].values).all()


@pytest.mark.parametrize(
    ("van", "said"),
    [
        ({"products": ["plasma"], "units_per_vehicle": 9}, "no route carries plasma"),
        ({"products": ["red_cells"], "units_per_vehicle": 3}, "less than a shipment"),
        ({"products": ["red_cells", "red_cells"], "units_per_vehicle": 9}, "already travels"),
    ],
)
def test_nonsense_is_refused(van, said):
    with pytest.raises(ScenarioError, match=said):
        three_provinces(routes__vehicles={"van": van})


def test_the_plan_of_the_days_ahead_knows_the_vehicles():
    """What a plan sends today fits the vehicles of every road; without them it sends more."""
    scenario = three_provinces(run__score_end="2026-02-20")
    free = look(scenario, None, 2, ("red_cells",))["red_cells"]
    van = {"products": ["red_cells"], "units_per_vehicle": 15}
    bound = look(scenario.set("routes.vehicles", {"van": van}), None, 2, ("red_cells",))
    today = bound["red_cells"]
    assert (free.network.has_vehicles, today.network.has_vehicles) == (False, True)
    assert today.state.room is not None
    assert (today.state.room == 15 * today.per_unit).all()
    carried = [
        solve(each, headlines=0).plan.transfers[0].sum(axis=1) / each.per_unit
        for each in (free, today)
    ]
    assert carried[0].max() > 15 >= carried[1].max() > 0
