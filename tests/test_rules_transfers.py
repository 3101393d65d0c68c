"""Rules of transfers on worlds without chance: what may travel, when it lands, who gives whom."""

from __future__ import annotations

import numpy as np
import pytest
from worlds_exact import O_POS, Planned, daily, exact_world, play, road, total

from bloodsim.decision import PlanError

NORTH, SOUTH, WEST = 0, 1, 2


def two_regions(days: int = 4, lead_days: int = 1, km: float = 100.0, **product):
    routes = road(km, lead_days, **product)
    return exact_world(days, ("north", "south"), routes=routes)


# ----------------------------------------------------------------------------- life on arrival


@pytest.mark.parametrize("lead", [0, 1, 2])
@pytest.mark.parametrize("least", [1, 2, 4])
def test_a_unit_needs_exactly_its_days_of_life_on_arrival(monkeypatch, lead, least):
    """With *least* days left on arrival a unit ships; with one less it stays."""
    world = two_regions(lead_days=lead, min_life_days=least)
    left = least + lead  # days of life on the day of departure, that day counting
    stock = {(NORTH, left - 1): 5, (NORTH, left): 7} if left > 1 else {(NORTH, left): 7}
    plan = Planned({0: [(NORTH, SOUTH, None)]})
    result = play(monkeypatch, world, stock, policy=plan)
    assert total(result, "shipped", NORTH) == 7
    greedy = Planned({0: [(NORTH, SOUTH, 8)]})
    with pytest.raises(PlanError, match="more O_pos is planned"):
        play(monkeypatch, world, stock, policy=greedy)


def test_a_unit_with_its_last_day_on_arrival_is_issued_then_or_outdates(monkeypatch):
    """Two days on the road, one day of life left on day 2: of 7, 3 are issued, 4 outdate."""
    world = two_regions(5, lead_days=2)
    plan = Planned({0: [(NORTH, SOUTH, 7)]})
    wanted = {(2, SOUTH): 3, (3, SOUTH): 9}
    result = play(monkeypatch, world, {(NORTH, 3): 7}, requests=wanted, policy=plan)
    assert daily(result, "issued", SOUTH) == [0, 0, 3, 0, 0]
    assert daily(result, "outdated", SOUTH) == [0, 0, 0, 4, 0]


# ----------------------------------------------------------------------------------- lead times


@pytest.mark.parametrize("lead", [1, 2, 3])
def test_shipments_land_after_exactly_their_lead_time_and_before_decide(monkeypatch, lead):
    """4 U leave on day 0: on the road *lead* closes, seen and issued on day *lead*."""
    world = two_regions(5, lead_days=lead)
    plan = Planned({0: [(NORTH, SOUTH, 4)]})
    wanted = {(day, SOUTH): 2 for day in range(5)}
    result = play(monkeypatch, world, {(NORTH, 9): 10}, requests=wanted, policy=plan)
    assert daily(result, "shipped", NORTH) == [4, 0, 0, 0, 0]
    assert daily(result, "received", SOUTH) == [4 * (day == lead) for day in range(5)]
    assert daily(result, "in_transit", SOUTH) == [4 * (day < lead) for day in range(5)]
    assert daily(result, "in_transit", NORTH) == [0] * 5
    assert daily(result, "issued", SOUTH)[: lead + 1] == [0] * lead + [2]
    seen = [int(s.stock["red_cells"][SOUTH, O_POS, 0]) for s in plan.seen]
    assert seen[: lead + 1] == [0] * lead + [4]


def test_a_same_day_shipment_lands_after_decide_and_before_the_first_issue(monkeypatch):
    """At decide south has nothing; the emergency of the same hour is served from the shipment."""
    world = exact_world(
        2, ("north", "south"), {"emergency": {"share": 1}}, routes=road(lead_days=0)
    )
    plan = Planned({0: [(NORTH, SOUTH, 6)]})
    wanted = {(0, SOUTH): 4}
    result = play(monkeypatch, world, {(NORTH, 9): 10}, requests=wanted, policy=plan)
    assert daily(result, "issued", SOUTH) == [4, 0]
    assert daily(result, "received", SOUTH) == [6, 0]
    assert [int(s.stock["red_cells"][SOUTH, O_POS, 0]) for s in plan.seen] == [0, 2]


# ---------------------------------------------------------------------------------------- books


def test_shipments_units_and_unit_km_are_booked_at_the_origin(monkeypatch):
    """Half-unit pieces: 6 and 4 pieces go 250 km south, 2 pieces go 250 km north: 1250 and 250."""
    world = exact_world(
        4,
        ("north", "south"),
        routes=road(250, lot_units=0.5),
        products__red_cells__pieces_per_unit=2,
    )
    plan = Planned({0: [(NORTH, SOUTH, 6), (SOUTH, NORTH, 2)], 1: [(NORTH, SOUTH, 4)]})
    stock = {(NORTH, 9): 20, (SOUTH, 9): 5}
    result = play(monkeypatch, world, stock, policy=plan)
    assert [total(result, "shipped", r) for r in (NORTH, SOUTH)] == [5, 1]
    assert [total(result, "received", r) for r in (NORTH, SOUTH)] == [1, 5]
    assert [total(result, "shipments", r) for r in (NORTH, SOUTH)] == [2, 1]
    assert [total(result, "shipped_unit_km", r) for r in (NORTH, SOUTH)] == [1250, 250]
    moved = result.transfers.isel(variant=0, replication=0, product=0)
    assert moved["units"].transpose("origin", "destination").values.tolist() == [[0, 5], [1, 0]]
    assert moved["shipments"].transpose("origin", "destination").values.tolist() == [
        [0, 2],
        [1, 0],
    ]


# ------------------------------------------------------------------------------------- policies


def three_regions(policy, days: int = 1, lead_days: int = 1, **product):
    """North lies 100 km from south and 300 km from west, south 200 km from west."""
    km = {("north", "south"): 100, ("north", "west"): 300, ("south", "west"): 200}
    routes = [
        {"origin": a, "destination": b, "distance_km": d, "lead_days": lead_days}
        for ends, d in km.items()
        for a, b in (ends, ends[::-1])
    ]
    return exact_world(
        days,
        ("north", "south", "west"),
        routes={"extra": routes, "products": {"red_cells": product}},
        policies__transfer=policy | {"review_days": 1},
        forecast={"error_sd": [0, 0, 0, 0, 0]},
    )


SHARE = {"kind": "share_surplus", "above_days": 9, "below_days": 5, "fill_to_days": 7}


def moved(result) -> dict[tuple[str, str], float]:
    """Return units by origin and destination."""
    units = result.transfers["units"].isel(variant=0, replication=0, product=0)
    frame = units.stack(od=("origin", "destination"))
    return {
        od: float(v) for od, v in zip(frame["od"].values.tolist(), frame.values, strict=True) if v
    }


@pytest.mark.parametrize(
    ("north", "south", "west", "expected"),
    [
        (110, 40, 60, {("north", "south"): 20}),  # 20 above nine days; 30 would be needed
        (170, 40, 60, {("north", "south"): 30}),  # filled to seven days and no further
        (170, 50, 60, {}),  # exactly at below_days: nothing is asked
        (170, 49, 60, {("north", "south"): 21}),
        (90, 40, 60, {}),  # exactly at above_days: nothing to give
        (91, 40, 60, {("north", "south"): 1}),
        (130, 40, 45, {("north", "south"): 30, ("north", "west"): 10}),  # the nearest first
        (100, 45, 20, {("north", "south"): 10}),  # not the neediest
        (110, 140, 20, {("south", "west"): 50}),  # the nearest giver first: 200 km, not 300
        (110, 120, 20, {("south", "west"): 30, ("north", "west"): 20}),
    ],
)
def test_share_surplus_gives_and_fills_by_its_thresholds(monkeypatch, north, south, west, expected):
    """Ten units a day each; above nine days gives, below five asks, seven fills."""
    stock = {(NORTH, 9): north, (SOUTH, 9): south, (WEST, 9): west}
    assert moved(play(monkeypatch, three_regions(SHARE), stock)) == expected


def test_share_surplus_counts_what_is_on_its_way(monkeypatch):
    """South asks once for 30 and not again while they travel for three days."""
    world = three_regions(SHARE, days=3, lead_days=3)
    stock = {(NORTH, 9): 200, (SOUTH, 9): 40, (WEST, 9): 80}
    assert daily(play(monkeypatch, world, stock), "shipped", NORTH) == [30, 0, 0]


def test_share_surplus_gives_only_what_stands_on_the_shelf(monkeypatch):
    """South, with 95 U and 30 on the way to it, gives west 5; north gives the other 25.

    On day 0 south has 40 and gets 30 from north, two days away; west has 60 and issues 20. On
    day 1 south has 55 more from the laboratory, and west wants 30.
    """
    world = three_regions(SHARE, days=2, lead_days=2)
    stock = {(NORTH, 9): 200, (SOUTH, 9): 40, (WEST, 9): 60}
    donors, wanted = {(0, SOUTH): 55}, {(0, WEST): 20}
    result = play(monkeypatch, world, stock, donors=donors, requests=wanted)
    assert moved(result) == {
        ("north", "south"): 30,
        ("south", "west"): 5,
        ("north", "west"): 25,
    }


@pytest.mark.parametrize(
    ("tolerance", "stock", "expected"),
    [
        (0, (110, 30, 70), {("north", "south"): 40}),  # all to 70
        (1, (110, 30, 70), {("north", "south"): 30}),  # north keeps 80, south wants 60
        (3.5, (110, 30, 70), {("north", "south"): 5}),
        (4, (110, 30, 70), {}),
        (0, (110, 50, 50), {("north", "south"): 20, ("north", "west"): 20}),
        (1, (90, 90, 30), {("south", "west"): 10, ("north", "west"): 10}),  # both keep 80
        (1, (105, 65, 40), {("north", "west"): 20}),  # south, at 6.5 of 7, neither gives nor asks
    ],
)
def test_proportional_brings_all_to_the_common_cover(monkeypatch, tolerance, stock, expected):
    """210 units over 30 a day are seven days; *tolerance* days around them are left alone."""
    world = three_regions({"kind": "proportional", "tolerance_days": tolerance})
    result = play(monkeypatch, world, {(r, 9): n for r, n in enumerate(stock)})
    assert moved(result) == expected


@pytest.mark.parametrize(("life", "units"), [(13, 30), (14, 5)])
def test_proportional_has_a_tolerance_of_its_own_for_short_lives(monkeypatch, life, units):
    policy = {"kind": "proportional", "tolerance_days": 3.5, "short_lived_tolerance_days": 1}
    world = three_regions(policy).set("products.red_cells.shelf_life_days", life)
    result = play(monkeypatch, world, {(NORTH, 9): 110, (SOUTH, 9): 30, (WEST, 9): 70})
    assert moved(result) == {("north", "south"): units}


@pytest.mark.parametrize(("life", "days"), [(13, [40, 40]), (14, [40, 0])])
def test_proportional_reviews_short_lives_at_their_own_pace(monkeypatch, life, days):
    """North is given 60 more on day 0, which it can send on day 1, where that is a review."""
    policy = {"kind": "proportional", "tolerance_days": 0, "short_lived_review_days": 1}
    world = three_regions(policy, days=2).set("products.red_cells.shelf_life_days", life)
    world = world.set("policies.transfer.review_days", 7)
    stock = {(NORTH, 9): 110, (SOUTH, 9): 30, (WEST, 9): 70}
    result = play(monkeypatch, world, stock, donors={(0, NORTH): 60})
    assert daily(result, "shipped", NORTH) == days


def test_proportional_measures_cover_by_each_regions_demand(monkeypatch):
    """South needs 20 a day, north and west 10: 160 units are four days, 40, 80 and 40."""
    world = three_regions({"kind": "proportional", "tolerance_days": 0})
    world = world.set("regions.south.demand_per_day.red_cells", 20)
    result = play(monkeypatch, world, {(NORTH, 9): 100, (SOUTH, 9): 20, (WEST, 9): 40})
    assert moved(result) == {("north", "south"): 60}


@pytest.mark.parametrize(("horizon", "units"), [(1, 40), (2, 48), (3, 50)])
def test_proportional_looks_ahead_over_its_horizon(monkeypatch, horizon, units):
    """North's requests double on days 1 and 2: of 81 units it should have 1/2, 3/5 or 5/8."""
    policy = {"kind": "proportional", "tolerance_days": 0, "horizon_days": horizon}
    world = exact_world(
        1,
        ("north", "south"),
        routes=road(),
        policies__transfer=policy,
        forecast={"error_sd": [0, 0, 0, 0, 0]},
        profiles__flat__spring_festival=[{"from_offset": 125, "to_offset": 126, "factor": 2}],
        demand__red_cells__demand_amplitude_share=1,
        regions__south__feast_amplitude=0,
    )
    assert moved(play(monkeypatch, world, {(SOUTH, 9): 81})) == {("south", "north"): units}


def test_proportional_counts_what_is_on_its_way(monkeypatch):
    """Two regions at 100 and 20 move 40 once; while these travel nothing more is sent."""
    world = three_regions({"kind": "proportional", "tolerance_days": 0}, days=3, lead_days=3)
    stock = {(NORTH, 9): 100, (SOUTH, 9): 20, (WEST, 9): 60}
    assert daily(play(monkeypatch, world, stock), "shipped", NORTH) == [40, 0, 0]


@pytest.mark.parametrize(
    ("sizes", "north", "units"),
    [
        ({"lot_units": 3}, 100, 9),  # 10 to give
        ({"lot_units": 3, "smallest_shipment_units": 9}, 100, 9),
        ({"lot_units": 3, "smallest_shipment_units": 10}, 100, 0),
        ({"smallest_shipment_units": 10}, 100, 10),
        ({"smallest_shipment_units": 11}, 100, 0),
        ({"largest_shipment_units": 8}, 100, 8),
        ({"lot_units": 3, "largest_shipment_units": 8}, 100, 6),
    ],
)
def test_shipments_are_whole_lots_neither_too_small_nor_too_large(monkeypatch, sizes, north, units):
    """Ten units could go from north to south."""
    stock = {(NORTH, 9): north, (SOUTH, 9): 40, (WEST, 9): 80}
    result = play(monkeypatch, three_regions(SHARE, **sizes), stock)
    assert total(result, "shipped", NORTH) == units
    assert total(result, "shipments", NORTH) == (units > 0)


@pytest.mark.parametrize(
    ("sizes", "pieces", "fault"),
    [
        ({"lot_units": 3}, 4, "whole lots"),
        ({"smallest_shipment_units": 5}, 4, "too small"),
        ({"largest_shipment_units": 5}, 6, "too large"),
    ],
)
def test_a_plan_outside_the_sizes_is_refused(monkeypatch, sizes, pieces, fault):
    """One piece more or less would do."""
    world = two_regions(2, **sizes)
    stock = {(NORTH, 9): 20}
    with pytest.raises(PlanError, match=fault):
        play(monkeypatch, world, stock, policy=Planned({0: [(NORTH, SOUTH, pieces)]}))
    fitting = {4: 3 if "lot_units" in sizes else 5, 6: 5}[pieces]
    result = play(monkeypatch, world, stock, policy=Planned({0: [(NORTH, SOUTH, fitting)]}))
    assert total(result, "shipped", NORTH) == fitting


def test_review_days_count_from_the_first_scored_day(monkeypatch):
    """Every second day: decisions on days 0, 2 and 4."""
    plan = Planned({}, review_days=2)
    play(monkeypatch, two_regions(5), {(NORTH, 9): 1}, policy=plan)
    assert [snapshot.day for snapshot in plan.seen] == [0, 2, 4]
    assert all(np.unique(s.stock["red_cells"]).tolist() == [0, 1] for s in plan.seen)
