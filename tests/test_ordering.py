"""Orders: known answers from scenario files, parents, lives on arrival, bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import MIXED, ONE_GROUP, lone_region, three_provinces
from worlds_exact import daily, exact_world, play

from bloodsim.experiment import simulate
from bloodsim.load import load
from bloodsim.metrics import event_cost_per_day
from bloodsim.model.allotment import allot
from bloodsim.model.stock import Stock
from bloodsim.scenario import ScenarioError

FILES = Path(__file__).parent / "scenarios"

# Mean daily cost, share served, outdated share of orders; validation.md section 2.
DE_MOOR = {
    "two_days_youngest": (16.059, 0.5857, 0.02235),
    "two_days_oldest": (15.128, 0.7658, 0.01519),
    "three_days_youngest": (15.396, 0.6830, 0.01443),
}
DE_MOOR_ERROR = 0.0045  # of the published mean rewards
# Mean daily cost and standard error; validation.md section 3 (the last one without an error).
HOSPITALS = {
    "no_transfers": (128.48, 0.27),
    "send_old": (120.73, 0.27),
    "tuned_targets": (86.2, 0.2),
}


def mean_and_error(values):
    return values.mean(), values.std(ddof=1) / np.sqrt(values.size)


def base_stock_rows(replications):
    results = simulate(load(FILES / "de-moor.yaml"), replications=replications)
    cost, totals = event_cost_per_day(results), results.totals.sum("region").isel(product=0)
    for variant, (points, served, outdated) in DE_MOOR.items():
        mean, error = mean_and_error(cost.sel(variant=variant).values)
        assert abs(mean - points) < 3 * np.hypot(error, DE_MOOR_ERROR), (variant, mean, error)
        one = totals.sel(variant=variant)
        mean, error = mean_and_error((one["issued"] / one["requested"]).values)
        assert abs(mean - served) < 3 * error + 5e-4, (variant, mean, error)
        mean, error = mean_and_error((one["outdated"] / one["ordered"]).values)
        assert abs(mean - outdated) < 3 * error + 5e-5, (variant, mean, error)


def test_base_stock_of_a_perishable():
    base_stock_rows(200)


@pytest.mark.slow
def test_base_stock_of_a_perishable_precisely():
    base_stock_rows(2000)


def hospital_rows(replications):
    cost = event_cost_per_day(
        simulate(load(FILES / "four-hospitals.yaml"), replications=replications)
    )
    for variant, (points, published_error) in HOSPITALS.items():
        mean, error = mean_and_error(cost.sel(variant=variant).values)
        assert abs(mean - points) < 3 * np.hypot(error, published_error), (variant, mean, error)


def test_four_hospitals():
    hospital_rows(60)


@pytest.mark.slow
def test_four_hospitals_precisely():
    hospital_rows(600)


def two_tiers(**changes):
    """A centre that collects and two branches that order from it."""
    branch = {
        "group_shares": MIXED,
        "donors_per_day": {},
        "demand_per_day": {"platelets": 6.0},
        "supply": "north",
    }
    order = {
        "regions": ["b1", "b2"],
        "product": "platelets",
        "kind": "base_stock",
        "target_units": 15,
        "lead_days": 1,
    }
    changes = {"ordering": [order | changes.pop("order", {})]} | changes
    changes = {"run__score_end": "2025-04-30"} | changes
    return lone_region(
        supply=15,
        demand=4,
        life_days=7,
        regions__north__group_shares=MIXED,
        regions__b1=branch,
        regions__b2=branch,
        products__platelets__opening_cover_days=2,
        **changes,
    )


def test_branches_live_on_what_their_parent_has():
    totals = simulate(two_tiers(), replications=4).totals.isel(variant=0, product=0)
    sent, got = totals["delivered"].sel(region="north"), totals["received"]
    assert (sent > 0).all()
    assert (totals["supplied"] == 0).all()
    assert (totals["delivered"] == totals["shipped"]).all()
    assert (totals["ordered"].sum("region") == sent).all()
    assert (abs(sent - got.sel(region=["b1", "b2"]).sum("region")) < 40).all()
    assert (totals["not_shipped"].sel(region="north") > 0).all()  # 16 requested, 15 collected
    assert (totals["shipments"] == 0).all()  # an order needs no road


@pytest.mark.parametrize("lead_days", [0, 1, 3])
@pytest.mark.parametrize(
    "hours",
    [{}, {"arrive": 24}, {"order": 8.5, "decide": 8}, {"arrive": 24, "expire": 23, "close": 24}],
)
def test_ages_and_pieces_add_up_wherever_orders_land(lead_days, hours):
    """Conservation is checked inside; ages at issue stay between 0 and the shelf life."""
    for supply in ("north", "unlimited"):
        scenario = two_tiers(
            order={"lead_days": lead_days},
            run__phase_hours=hours,
            regions__b1__supply=supply,
        )
        totals = simulate(scenario, replications=3).totals.isel(variant=0, product=0)
        age = totals["age_issued_days"] / totals["issued"]
        assert (age.sel(region=["b1", "b2"]) >= 0).all()
        assert (age.sel(region=["b1", "b2"]) < 7).all()
        if supply == "unlimited":  # fresh from outside beats what lay at the parent
            assert (age.sel(region="b1") < age.sel(region="b2")).all()


KINDS = {
    "base_stock": {"target_units": 14},
    "s_S": {"reorder_units": 8, "up_to_units": 16},
    "s_Q": {"reorder_units": 8, "quantity_units": 10},
    "R_S": {"review_days": 2, "up_to_units": 20},
}


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(list(KINDS)),
    lead=st.integers(0, 4),
    life=st.one_of(st.none(), st.integers(1, 7), st.just({"values": [2, 6], "shares": [0.3, 0.7]})),
    supply=st.sampled_from(["north", "unlimited"]),
    issue=st.sampled_from(["oldest", "youngest"]),
    expedite=st.sampled_from([None, {"below_units": 3, "up_to_units": 5}]),
    arrive=st.sampled_from([7, 24]),
    seed=st.integers(0, 2**30),
)
def test_orders_conserve_pieces_in_random_worlds(
    kind, lead, life, supply, issue, expedite, arrive, seed
):
    order = {
        "regions": ["b1", "b2"],
        "product": "platelets",
        "kind": kind,
        "lead_days": lead,
        "life_on_arrival_days": life,
        "expedite": expedite,
        **KINDS[kind],
    }
    scenario = two_tiers(
        ordering=[order],
        regions__b1__supply=supply,
        products__platelets__issue_order=issue,
        run__phase_hours={"arrive": arrive},
        run__score_end="2025-03-20",
        run__block_replications=2,
    )
    totals = simulate(scenario, replications=3, seed=seed).totals
    balance = totals["opening"] + totals["released"] + totals["received"]
    balance = balance - totals["issued"] - totals["shipped"] - totals["outdated"]
    assert (balance == totals["stock"]).all()
    alone = simulate(scenario.set("run.block_replications", 1), replications=3, seed=seed).totals
    assert alone.equals(totals)
    age = (totals["age_issued_days"] / totals["issued"]).sel(region=["b1", "b2"])
    assert ((age >= 0) & (age < 7)).all()


def test_life_on_arrival_bounds_the_age_at_issue():
    """What arrives with two days of a life of seven is five days old when first issued."""
    scenario = two_tiers(regions__b1__supply="unlimited", order={"life_on_arrival_days": 2})
    totals = simulate(scenario, replications=3).totals.isel(variant=0, product=0)
    age = (totals["age_issued_days"] / totals["issued"]).sel(region="b1")
    assert ((age >= 5) & (age < 7)).all()


def test_a_quantity_and_a_review_are_seen_day_by_day():
    scenario = two_tiers(
        ordering=[
            {"regions": ["b1"], "product": "platelets", "kind": "s_Q", "reorder_units": 8,
             "quantity_units": 10, "lead_days": 2},
            {"regions": ["b2"], "product": "platelets", "kind": "R_S", "review_days": 3,
             "up_to_units": 30, "lead_days": 2},
        ],
        regions__b1__supply="unlimited",
        regions__b2__supply="unlimited",
        regions__b1__group_shares=ONE_GROUP,
        regions__b2__group_shares=ONE_GROUP,
    )  # fmt: skip
    daily = simulate(scenario, replications=2).daily.isel(variant=0, product=0)
    got = daily["received"].sel(region="b1").values
    assert set(np.unique(got).tolist()) <= {0.0, 10.0}
    days = np.flatnonzero(daily["received"].sel(region="b2").values[0])
    assert (np.diff(days) % 3 == 0).all()


def test_insert_keeps_ages_exactly():
    rng = np.random.default_rng(1)
    stock, plain = Stock(5, (2, 1, 3), 3), {}
    for day in range(60):
        stock.open_day(day + 5 + 3)
        gone = stock.expire(day)
        assert (gone == plain.pop(day, 0)).all()
        for expiry in rng.integers(day + 1, day + 9, 2).tolist():
            pieces = rng.integers(0, 4, (2, 1, 3)).astype(np.int32)
            stock.insert(pieces, expiry)
            plain[expiry] = plain.get(expiry, 0) + pieces
        issued = np.minimum(rng.integers(0, 5, (2, 1, 3)), stock.on_hand()).astype(np.int32)
        stock.issue_oldest(issued)
        for expiry in sorted(plain):
            part = np.minimum(plain[expiry], issued)
            plain[expiry] = plain[expiry] - part
            issued = issued - part
        found = stock.by_expiry(day + 1, day + 8)
        for row, expiry in enumerate(range(day + 1, day + 9)):
            assert (found[row] == plain.get(expiry, 0)).all()


def test_threshold_issue_takes_the_oldest_of_the_young_then_the_youngest_of_the_old():
    stock = Stock(10, (1, 1, 1))
    for expiry in range(11, 16):  # on day 10 aged 9 to 5 days
        stock.open_day(expiry)
        stock.receive(np.full((1, 1, 1), 2, np.int32))
    stock.issue_threshold(np.full((1, 1, 1), 3, np.int32), 10, 7)  # younger: 6 and 5 days old
    assert stock.by_expiry(11, 15).ravel().tolist() == [2, 2, 2, 0, 1]
    stock.issue_threshold(np.full((1, 1, 1), 4, np.int32), 10, 7)
    assert stock.by_expiry(11, 15).ravel().tolist() == [2, 1, 0, 0, 0]


def test_threshold_issue_lies_between_oldest_and_youngest():
    ages = [
        simulate(lone_region(12, 10, 10, **changes), replications=4)
        .totals.pipe(lambda t: t["age_issued_days"] / t["issued"])
        .values.mean()
        for changes in (
            {"products__platelets__issue_order": "youngest"},
            {
                "products__platelets__issue_order": "threshold",
                "products__platelets__issue_threshold_days": 5,
            },
            {},
        )
    ]
    assert ages[0] < ages[1] < ages[2]


def test_a_world_without_orders_has_no_such_columns():
    totals = simulate(three_provinces(variants=None), replications=1).totals
    assert not {"ordered", "supplied", "orders"} & set(totals.data_vars)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"order": {"regions": ["b1", "b9"]}}, "unknown region 'b9'"),
        ({"order": {"product": "plasma"}}, "unknown product 'plasma'"),
        ({"regions__b1__supply": None}, "b1 orders, but has no supply"),
        ({"regions__b1__supply": "nort"}, "unknown region 'nort'"),
        ({"regions__north__supply": "b1"}, "is supplied by itself"),
        ({"order": {"life_on_arrival_days": 8}}, "more than the shelf life"),
        (
            {"order": {"life_on_arrival_days": {"values": [1, 2], "shares": [0.5, 0.4]}}},
            "the shares sum to 0.9",
        ),
        ({"order": {"regions": ["b1", "b1"]}}, "b1 has two rules"),
        ({"order": {"expedite": {"below_units": 5, "up_to_units": 4}}}, "is above up_to_units"),
        ({"products__platelets__issue_order": "threshold"}, "belong together"),
        ({"run__phase_hours": {"expire": 12}}, "expire lies between two moments of issue"),
        ({"run__phase_hours": {"close": 12}}, "the books close before"),
        ({"run__phase_hours": {"release": 10}}, "release comes after decide"),
        ({"run__day_order": ["close", "expire"]}, "every phase once"),
    ],
)
def test_nonsense_is_refused(changes, message):
    with pytest.raises(ScenarioError) as caught:
        two_tiers(**changes)
    assert any(message in str(problem) for problem in caught.value.problems), caught.value


# --------------------------------------------------------------- rationing between the children


@settings(max_examples=200, deadline=None)
@given(
    wanted=st.lists(st.integers(0, 10**6), min_size=1, max_size=6),
    available=st.integers(0, 3 * 10**6),
)
def test_an_allotment_is_exact_proportional_and_never_more_than_asked(wanted, available):
    given_ = allot(np.array(available), np.array(wanted))
    total = sum(wanted)
    assert given_.sum() == min(available, total)
    assert (given_ <= wanted).all()
    if available < total:
        exact = [available * w / total for w in wanted]
        assert all(abs(g - e) < 1 for g, e in zip(given_, exact, strict=True))


def test_largest_remainders_by_hand():
    """10 of 6 + 7 + 7: 3, 3.5, 3.5; the first of the equal remainders gets the piece."""
    assert allot(np.array(10), np.array([6, 7, 7])).tolist() == [3, 4, 3]
    assert allot(np.array(1), np.array([1, 1])).tolist() == [1, 0]
    assert allot(np.array(0), np.array([4, 2])).tolist() == [0, 0]
    assert allot(np.array(9), np.array([4, 2])).tolist() == [4, 2]


def family(orders, **changes):
    """North holds what south and west order, one group, one piece a unit, lead 1 day."""
    rules = [
        {"regions": [name], "product": "red_cells", "kind": "base_stock", "target_units": units}
        | more
        for name, units, more in orders
    ]
    supply = {f"regions__{name}__supply": "north" for name in ("south", "west")}
    return exact_world(4, ("north", "south", "west"), ordering=rules, **supply | changes)


def got(monkeypatch, scenario, stock):
    result = play(monkeypatch, scenario, stock)
    short = daily(result, "not_shipped")[0]
    return [daily(result, "received", region)[1] for region in (1, 2)], short


def test_a_short_parent_serves_its_children_in_proportion(monkeypatch):
    """12 and 24 are ordered of 9: 3 and 6; in order of the file 9 and 0. The rest is counted."""
    orders = [("south", 12, {}), ("west", 24, {})]
    assert got(monkeypatch, family(orders), {(0, 9): 9}) == ([3, 6], 27)
    in_order = family(orders, regions__north__rationing="in_order")
    assert got(monkeypatch, in_order, {(0, 9): 9}) == ([9, 0], 27)
    assert got(monkeypatch, family(orders), {(0, 9): 40}) == ([12, 24], 0)


def test_one_rule_for_two_children_rations_alike(monkeypatch):
    rule = {
        "regions": ["south", "west"],
        "product": "red_cells",
        "kind": "base_stock",
        "target_units": 10,
    }
    scenario = family([]).set("ordering", [rule])
    assert got(monkeypatch, scenario, {(0, 9): 7}) == ([4, 3], 13)


def test_emergency_orders_of_all_children_come_before_any_routine_order(monkeypatch):
    """West's emergency of 5 takes 5 of 8; of the 3 left south (9) and west (4) get 2 and 1."""
    orders = [("south", 9, {}), ("west", 9, {"expedite": {"below_units": 1, "up_to_units": 5,
                                                         "lead_days": 1}})]  # fmt: skip
    assert got(monkeypatch, family(orders), {(0, 9): 8}) == ([2, 6], 10)


def test_units_too_old_for_the_longer_way_go_to_the_nearer_child(monkeypatch):
    """4 U with 2 days left last one day, not three: south takes them, west gets the others."""
    orders = [("west", 8, {"lead_days": 3}), ("south", 8, {"lead_days": 1})]
    scenario = family(orders)
    result = play(monkeypatch, scenario, {(0, 2): 4, (0, 9): 4})
    assert daily(result, "received", 1)[1] == 4
    assert daily(result, "received", 2)[3] == 4


def test_an_order_may_name_its_supplier(monkeypatch):
    """South orders in west, in spite of its supply; west itself orders in north, afterwards."""
    orders = [("south", 4, {"supplier": "west"}), ("west", 6, {})]
    result = play(monkeypatch, family(orders), {(0, 9): 20, (2, 9): 5})
    assert daily(result, "received", 1) == [0, 4, 0, 0]
    assert daily(result, "delivered", 2)[0] == 4
    assert daily(result, "received", 2)[1] == 5  # 6 less the one that is left


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"supplier": "wst"}, "did you mean 'west'"),
        ({"supplier": "south"}, "supplied by itself"),
    ],
)
def test_bad_suppliers_are_refused(more, said):
    with pytest.raises(ScenarioError, match=said):
        family([("south", 4, more)])


def test_discounted_costs_by_hand(monkeypatch):
    """Up to 10 U, lead 1 day; held 1, ordered 2, per order 3, short 5 points; discount 0.5.

    Day 0: 10 U ordered: 20 + 3 = 23. Day 1: they arrive, 3 are issued, 7 held: 7. Day 2: 3 U
    ordered: 6 + 3; of 12 requests 7 are issued and 5 lost: 25; 34 in all.
    Discounted 23 + 7 / 2 + 34 / 4 = 35; without discount (23 + 7 + 34) / 3 a day.
    """
    scenario = exact_world(
        3,
        ordering=[
            {"regions": ["north"], "product": "red_cells", "kind": "base_stock",
             "target_units": 10}
        ],
        regions__north__supply="unlimited",
        cost__events={"holding_unit_day": 1, "ordered_unit": 2, "order": 3, "short_unit": 5},
    )  # fmt: skip
    result = play(monkeypatch, scenario, requests={(1, 0): 3, (2, 0): 12})
    assert daily(result, "ordered") == [10, 0, 3]
    assert daily(result, "orders") == [1, 0, 1]
    points = event_cost_per_day(result, discount=0.5)
    assert points.values.ravel().tolist() == [35.0] * 2
    assert event_cost_per_day(result).values.ravel() == pytest.approx([64 / 3] * 2)
