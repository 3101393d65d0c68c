"""Agreements, swaps and other commitments in worlds without chance: every piece is known."""

from __future__ import annotations

import numpy as np
import pytest
from worlds_exact import Planned, by_group, daily, exact_world, play, road, total

from bloodsim.blood import GROUPS
from bloodsim.decision import PlanError
from bloodsim.experiment import simulate
from bloodsim.model.uniforms import Uniforms

NORTH, SOUTH = 0, 1
O_NEG = GROUPS.index("O_neg")
FULL = {(NORTH, 100): 400, (SOUTH, 100): 400}
NO_POLICY = {"kind": "fixed", "shipments": []}
FLOW = {
    "origin": "north",
    "destination": "south",
    "product": "red_cells",
    "units_per_day": 2.0,
    "every_days": 1,
}


def world(days, *agreements, roads=None, **changes):
    """North and south with units that keep, standing agreements and no other transfers."""
    return exact_world(
        days,
        ("north", "south"),
        routes=roads or road(),
        agreements=list(agreements),
        policies__transfer=NO_POLICY,
        products__red_cells__shelf_life_days=120,
        **changes,
    )


def seasons(out_months, back_months):
    """Profiles that are 1 in some months and 0 in the others."""
    return {
        f"profiles__{name}": {"month": {m: float(m in months) for m in range(1, 13)}}
        for name, months in (("out", out_months), ("back", back_months))
    }


SWAP = FLOW | {"swap": True, "season": "out", "return_season": "back"}
"""Out in June, back in July."""


def test_a_swap_sends_in_one_season_and_is_paid_back_in_the_other(monkeypatch):
    """June 2 to 30 (29 days of 2 U), then July 1 to 31: 58 U come back over 31 days."""
    result = play(monkeypatch, world(60, SWAP, **seasons({6}, {7})), FULL)
    out, back = daily(result, "shipped", NORTH), daily(result, "shipped", SOUTH)
    assert out == [2] * 29 + [0] * 31
    assert back[:29] == [0] * 29
    assert set(back[29:]) == {1, 2}  # 58 / 31 = 1.87 a day in whole units
    assert sum(out) == sum(back) == 58
    # Each side ends with what it had: the last units back arrive a day after the run.
    assert daily(result, "stock", NORTH)[-1] == 400 - back[-1]


@pytest.mark.parametrize(("every", "last"), [(1, 2), (4, 4), (7, 6), (9, 2)])
def test_what_is_left_on_the_last_date_leaves_on_it(monkeypatch, every, last):
    """20 U in ten days, whatever the days between shipments: nothing stays undelivered."""
    flow = FLOW | {"every_days": every, "to_date": "2025-06-11"}
    result = play(monkeypatch, world(14, flow), FULL)
    shipped = daily(result, "shipped", NORTH)
    assert sum(shipped) == 20
    assert shipped[10:] == [0] * 4
    assert shipped[9] == last


@pytest.mark.parametrize("every", [1, 3, 7])
def test_a_swap_within_dates_balances_to_the_unit(monkeypatch, every):
    """21 to 30 June out, 1 to 5 July back: 20 U each way, whatever the days between."""
    swap = SWAP | {"from_date": "2025-06-21", "to_date": "2025-07-05", "every_days": every}
    result = play(monkeypatch, world(40, swap, **seasons({6}, {7})), FULL)
    assert [total(result, "shipped", side) for side in (NORTH, SOUTH)] == [20, 20]
    assert [total(result, "not_shipped", side) for side in (NORTH, SOUTH)] == [0, 0]
    assert sum(daily(result, "shipped", SOUTH)[:29]) == 0


def test_what_one_side_fails_to_ship_the_other_still_owes(monkeypatch):
    """North has 9 of the 20 U; south sends its 20 U back all the same."""
    swap = SWAP | {"from_date": "2025-06-21", "to_date": "2025-07-05"}
    stock = {(NORTH, 100): 9, (SOUTH, 100): 400}
    result = play(monkeypatch, world(40, swap, **seasons({6}, {7})), stock)
    assert total(result, "shipped", NORTH) == 9
    assert total(result, "not_shipped", NORTH) == 11
    assert total(result, "shipped", SOUTH) == 20


def test_a_swap_runs_in_no_world_without_transfers(monkeypatch):
    swap = SWAP | {"from_date": "2025-06-21", "to_date": "2025-07-05"}
    idle = world(40, swap, **seasons({6}, {7})).set("policies.transfer", {"kind": "none"})
    result = play(monkeypatch, idle, FULL)
    assert [total(result, "shipped", side) for side in (NORTH, SOUTH)] == [0, 0]


def warnings(*agreements, days=60, **changes):
    return [str(problem) for problem in world(days, *agreements, **changes).warnings()]


def test_swaps_that_cannot_balance_are_named():
    """By dates, by the largest shipment, by vehicles, by the smallest shipment, by hours."""
    shut = warnings(SWAP | {"to_date": "2025-06-25"}, **seasons({6}, {7}))
    assert any("cannot balance: south owes 48 units" in line for line in shut), shut
    assert any("return_season" in line for line in shut)
    late = warnings(SWAP | {"to_date": "2025-07-02"}, **seasons({6}, {7}))
    assert not any("cannot balance" in line for line in late)

    weekly = SWAP | {"every_days": 7}
    for roads, said in (
        (road(largest_shipment_units=13.0), "up to 14 units from north to south"),
        (road(smallest_shipment_units=20.0), "less than the smallest shipment of 20"),
        (road(km=1500.0, max_transit_hours=24.0), "takes 25 hours, red_cells may travel 24"),
        (
            road() | {"vehicles": {"van": {"products": ["red_cells"], "units_per_vehicle": 13}}},
            "13 may travel: the swap cannot balance",
        ),
    ):
        lines = warnings(weekly, roads=roads, **seasons({6}, {7}))
        assert any(said in line and "cannot balance" in line for line in lines), lines
    fits = warnings(weekly, roads=road(largest_shipment_units=14.0), **seasons({6}, {7}))
    assert not any("cannot balance" in line for line in fits), fits


def test_a_return_squeezed_into_few_days_is_named():
    """60 U come back within five days, 12 U a day in a van of ten."""
    roads = road() | {"vehicles": {"van": {"products": ["red_cells"], "units_per_vehicle": 10}}}
    swap = SWAP | {"season": None, "to_date": "2025-07-05"}
    lines = warnings(swap, roads=roads, **seasons({6}, {7}))
    assert any("from south to north come due at once" in line for line in lines), lines
    assert not any("from north to south come due at once" in line for line in lines)


def test_an_agreement_outside_the_run_is_named():
    lines = warnings(FLOW | {"from_date": "2026-01-01"})
    assert any("nothing of north to south is due" in line for line in lines)


# --- approval ----------------------------------------------------------------------------------


def test_an_approved_plan_leaves_as_far_as_stock_goes_on_the_day(monkeypatch):
    """8 U planned on day 0 leave on day 2; by then 6 of the 10 U are issued: 4 go, 4 do not."""
    approved = world(5).set("routes.approval_days", 2)
    roads = dict(approved.raw["routes"])
    roads["extra"] = [{**one, "approval_days": 2} for one in roads["extra"]]
    plan = Planned({0: [(NORTH, SOUTH, 8)]})
    for requests, shipped in (({}, 8), ({(1, NORTH): 6}, 4)):
        result = play(
            monkeypatch, approved.set("routes", roads), {(NORTH, 100): 10},
            requests=requests, policy=plan,
        )  # fmt: skip
        assert daily(result, "shipped", NORTH) == [0, 0, shipped, 0, 0]
        assert daily(result, "received", SOUTH) == [0, 0, 0, shipped, 0]
        assert total(result, "not_shipped", NORTH) == 8 - shipped


def test_a_road_may_need_its_own_approval(monkeypatch):
    """Out leaves at once, back after three days."""
    roads = road()
    roads["extra"][1]["approval_days"] = 3
    plan = Planned({0: [(NORTH, SOUTH, 5), (SOUTH, NORTH, 5)]})
    result = play(monkeypatch, world(5, roads=roads), FULL, policy=plan)
    assert daily(result, "shipped", NORTH) == [5, 0, 0, 0, 0]
    assert daily(result, "shipped", SOUTH) == [0, 0, 0, 5, 0]


# --- floors, sizes, reserves -------------------------------------------------------------------


def test_a_floor_a_lot_and_a_smallest_shipment_are_kept_exactly(monkeypatch):
    """Due 4 U a day in lots of 2, from 15 U above a floor of 6 U: 4 + 4, then 1 U is no lot."""
    roads = road(floor_days=0.6, lot_units=2.0)
    result = play(
        monkeypatch, world(3, FLOW | {"units_per_day": 4.0}, roads=roads), {(NORTH, 100): 15}
    )
    assert daily(result, "shipped", NORTH) == [4, 4, 0]
    assert total(result, "not_shipped", NORTH) == 4
    roads = road(floor_days=0.6, smallest_shipment_units=4.0)
    flow = FLOW | {"units_per_day": 4.0}
    result = play(monkeypatch, world(3, flow, roads=roads), {(NORTH, 100): 13})
    assert daily(result, "shipped", NORTH) == [4, 0, 0]  # 3 U are left: too few to drive
    assert total(result, "not_shipped", NORTH) == 8


def test_a_commitment_is_cut_to_the_largest_shipment(monkeypatch):
    """14 U come due a week, the largest shipment is 9 U: 5 U a week are not shipped."""
    roads = road(largest_shipment_units=9.0)
    result = play(monkeypatch, world(14, FLOW | {"every_days": 7}, roads=roads), FULL)
    assert daily(result, "shipped", NORTH) == [0] * 6 + [9] + [0] * 6 + [9]
    assert total(result, "not_shipped", NORTH) == 10


def test_a_frozen_reserve_of_a_negative_group_stays_for_emergencies(monkeypatch):
    """Of 5 U O-neg 3 are reserved: agreements and urgent requests get 2, emergencies the rest."""
    classes = {"emergency": {"share": 0.5}, "urgent": {"share": 0.5}}
    keep = {
        "classes": classes,
        "products__red_cells__reserve_units": {"O_neg": 3.0},
        "regions__north__group_shares": {**dict.fromkeys(GROUPS, 0.0), "O_neg": 1.0},
    }
    stock = {(NORTH, 100, O_NEG): 5}
    ships = play(monkeypatch, world(2, FLOW | {"units_per_day": 4.0}, **keep), stock)
    assert by_group(ships, "shipped") == {"O_neg": 2}
    assert total(ships, "not_shipped", NORTH) == 6
    urgent = play(monkeypatch, world(2, **keep), stock, requests={(0, NORTH, O_NEG, 1): 4})
    assert by_group(urgent, "issued") == {"O_neg": 2}
    emergency = play(monkeypatch, world(2, **keep), stock, requests={(0, NORTH, O_NEG, 0): 9})
    assert by_group(emergency, "issued") == {"O_neg": 5}


def test_no_plan_takes_a_frozen_reserve(monkeypatch):
    keep = {"products__red_cells__reserve_units": {"O_pos": 3.0}}
    with pytest.raises(PlanError, match="more O_pos is planned"):
        play(
            monkeypatch, world(2, **keep), {(NORTH, 100): 5},
            policy=Planned({0: [(NORTH, SOUTH, 3)]}),
        )  # fmt: skip


def test_the_reserve_ages_like_everything_else(monkeypatch):
    """A reserve is no freezer of its own: what is at its end leaves, and it is filled anew."""
    keep = {"products__red_cells__reserve_units": {"O_pos": 3.0}}
    result = play(monkeypatch, world(4, **keep), {(NORTH, 2): 5})
    assert daily(result, "outdated", NORTH) == [0, 0, 5, 0]


# --- hours and losses --------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "shipped"), [(24.0, 6), (24.5, 0)])
def test_a_road_carries_a_product_up_to_its_hours_exactly(monkeypatch, hours, shipped):
    roads = road(max_transit_hours=24.0)
    for one in roads["extra"]:
        one["hours"] = hours
    result = play(monkeypatch, world(3, FLOW, roads=roads), FULL)
    assert total(result, "shipped", NORTH) == shipped
    plan = Planned({0: [(NORTH, SOUTH, 1)]})
    if shipped:
        result = play(monkeypatch, world(3, roads=roads), FULL, policy=plan)
        assert total(result, "shipped", NORTH) == 1
    else:
        assert total(result, "not_shipped", NORTH) == 6
        with pytest.raises(PlanError, match="more O_pos is planned"):
            play(monkeypatch, world(3, roads=roads), FULL, policy=plan)


@pytest.mark.parametrize(("uniform", "lost"), [(0.0, 2), (0.5, 3)])
def test_losses_on_the_way_take_the_oldest_and_close(monkeypatch, uniform, lost):
    """A quarter of 10 U: 2 or 3 by the uniform; the two oldest are among them."""
    roads = road(transit_loss_share=0.25)
    stock = {(NORTH, 3): 2, (NORTH, 50): 8}
    plan = Planned({0: [(NORTH, SOUTH, 10)]})
    monkeypatch.setattr(Uniforms, "of", lambda *_: np.full((2, 2), uniform))
    result = play(monkeypatch, world(6, roads=roads), stock, policy=plan)
    assert total(result, "lost_in_transit", SOUTH) == lost
    assert daily(result, "received", SOUTH) == [0, 10 - lost, 0, 0, 0, 0]
    assert daily(result, "stock", SOUTH)[-1] == 10 - lost
    assert total(result, "outdated", SOUTH) == 0  # the two that would have been are lost


# --- vehicles of a road ------------------------------------------------------------------------


def test_a_road_may_state_its_own_vehicles(monkeypatch):
    """Vans of 4 U, two on every road; the road south has three, the road north none."""
    van = {"products": ["red_cells"], "units_per_vehicle": 4, "vehicles_per_day": 2}
    roads = road() | {"vehicles": {"van": van}}
    both = [FLOW | {"units_per_day": 14.0}, FLOW | {"units_per_day": 14.0}]
    both[1] |= {"origin": "south", "destination": "north"}
    result = play(monkeypatch, world(1, *both, roads=roads), FULL)
    assert [total(result, "shipped", side) for side in (NORTH, SOUTH)] == [8, 8]
    roads["extra"][0]["vehicles_per_day"] = 3
    roads["extra"][1]["vehicles_per_day"] = 0
    result = play(monkeypatch, world(1, *both, roads=roads), FULL)
    assert [total(result, "shipped", side) for side in (NORTH, SOUTH)] == [12, 0]
    assert [total(result, "not_shipped", side) for side in (NORTH, SOUTH)] == [2, 14]
    with pytest.raises(PlanError, match="vehicles of the road"):
        play(monkeypatch, world(1, roads=roads), FULL, policy=Planned({0: [(SOUTH, NORTH, 1)]}))


def test_vehicles_of_a_road_that_mean_nothing_are_named():
    roads = road(smallest_shipment_units=5.0)
    roads["extra"][0]["vehicles_per_day"] = 1
    assert any("no kind of vehicle is described" in line for line in warnings(roads=roads))
    van = {"products": ["red_cells"], "units_per_vehicle": 4, "vehicles_per_day": 2}
    with pytest.raises(ValueError, match="4 units a day are less than a shipment"):
        world(2, roads=roads | {"vehicles": {"van": van}})


def test_one_vehicle_number_for_all_or_by_road_is_the_same():
    """A road that states what all have changes nothing, whatever the block."""
    van = {"products": ["red_cells"], "units_per_vehicle": 4, "vehicles_per_day": 2}
    roads = road() | {"vehicles": {"van": van}}
    plain = world(10, FLOW | {"units_per_day": 14.0}, roads=roads)
    roads = {**roads, "extra": [{**one, "vehicles_per_day": 2} for one in roads["extra"]]}
    stated = world(10, FLOW | {"units_per_day": 14.0}, roads=roads)
    runs = [simulate(one, replications=2).totals for one in (plain, stated)]
    assert runs[0].equals(runs[1])
