"""Bookings of apheresis: five-day platelets last through closed days, within donors and chairs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_checks import found
from worlds import lone_region

import bloodsim
from bloodsim.cli import execute
from bloodsim.experiment import simulate
from bloodsim.model.world import compile_world
from bloodsim.optimize.booking import BookingProblem, plan_bookings
from bloodsim.planning.throttles import plan_throttles
from bloodsim.policies import build
from bloodsim.rehearsal.booking import booking_plan
from bloodsim.rehearsal.paths import collection_world
from bloodsim.scenario import OptimizedCollection, Scenario

BOOKING = {"kind": "optimized", "placed_by": "booking", "product": "platelets"}
FEAST = date(2026, 2, 17)


def problem(n_days: int = 40, closed: range = range(20, 23), **changes: Any) -> BookingProblem:
    """Ten requests a day, as many donors, nobody on closed days."""
    usual = np.full(n_days, 10.0)
    usual[list(closed)] = 0
    plain = BookingProblem(
        demand=np.full(n_days, 10.0),
        usual=usual,
        least_factor=0.4,
        largest_factor=1.6,
        life_days=5,
        test_delay_days=1,
        missing_price=30.0,
        outdate_price=2.0,
    )
    return replace(plain, **changes)


def test_what_closed_days_ask_for_is_collected_just_before() -> None:
    bare = problem(safety_days=(0.0,), safety_prices=(0.0,))
    found_ = plan_bookings(bare)
    assert found_.missing[6:].sum() == pytest.approx(0, abs=1e-6)
    assert found_.outdated[:-6].sum() == pytest.approx(0, abs=1e-6)
    extra = found_.booked - bare.usual
    assert extra[8:20].sum() == pytest.approx(30)  # three closed days of ten requests
    assert (found_.booked <= 16 + 1e-9).all()
    assert (found_.booked[20:23] == 0).all()


@pytest.mark.parametrize("days", [3, 4, 5, 6])
def test_no_booking_bridges_more_days_than_platelets_live(days: int) -> None:
    """Collected on the last open day, they serve the four days after it: the rest is missing.

    Blood of the first open day is there the next morning, so a closure asks for one day more.
    """
    bare = problem(
        closed=range(20, 20 + days), largest_factor=9.0, safety_days=(0.0,), safety_prices=(0.0,)
    )
    missing = plan_bookings(bare).missing[6:].sum()
    assert missing == pytest.approx(10 * max(0, days + 1 - 4), abs=1e-6)


def test_chairs_and_intervals_limit_what_is_booked() -> None:
    few = plan_bookings(problem(chairs=np.full(40, 10.0)))
    assert few.booked.max() <= 10 + 1e-9
    assert few.missing.sum() >= 30 - 1e-6  # nothing can be collected ahead of the closed days
    donors = np.full(40, 145.0)
    rare = plan_bookings(problem(donors=donors, interval_days=14))
    windows = [rare.booked[k : k + 14].sum() for k in range(26)]
    assert max(windows) <= 145 + 1e-6


def test_position_counts_what_is_in_stock_and_in_test() -> None:
    found_ = plan_bookings(problem())
    used = problem().demand - found_.missing
    stock = 0.0
    for day in range(4, 39):  # no unit outdates here: what came less what left
        if day > 4:
            assert found_.position[day] - stock == pytest.approx(
                found_.booked[day - 1] - used[day - 1], abs=1e-6
            )
        stock = found_.position[day]


def feast(**changes: Any) -> Scenario:
    """A region whose rooms close for three days from the eve of the feast."""
    return lone_region(
        200.0,
        200.0,
        run={
            "score_start": "2026-01-20",
            "score_end": "2026-03-10",
            "warmup_days": 20,
            "warmup_policy": {"kind": "none"},
            "replications": 8,
            "daily_replications": 8,
        },
        profiles={
            "flat": {},
            "rooms": {"spring_festival": [{"from_offset": -1, "to_offset": 1, "factor": 0}]},
        },
        channels__apheresis__profile="rooms",
        channels__apheresis__regulation={
            "product": "platelets",
            "target_cover_days": {0: 1.5},
            "gain": 1.0,
            "min_factor": 0.4,
            "max_factor": 1.8,
            "lag_days": 0,
        },
        products__platelets__test_delay_days=1,
        products__platelets__opening_cover_days=1.5,
        **changes,
    )


def test_platelets_run_out_over_closed_days_unless_donors_are_booked_before() -> None:
    scenario = feast(
        overrides={"booking": {"policies": {"collection": {**BOOKING, "gain": 1.0}}}},
        variants={"practice": [], "booked": ["booking"]},
    )
    results = simulate(scenario, replications=8, seed=3)
    daily = results.daily.isel(product=0, region=0)
    days = [FEAST + timedelta(days=k) for k in range(-1, 4)]
    during = daily["lost"].sel(day=[np.datetime64(day) for day in days])
    lost = during.sum("day").transpose("variant", "replication").values
    regulated, booked = (
        lost[list(daily["variant"].values).index(n)] for n in ("practice", "booked")
    )
    assert (regulated > 100).all()  # more than half a day's requests
    assert booked.mean() < 0.1 * regulated.mean()
    outdated = daily["outdated"].sum("day").mean("replication")
    total = daily["collected"].sum("day").mean("replication")
    assert float(outdated.sel(variant="booked")) < 0.01 * float(total.sel(variant="booked"))


def test_bookings_are_planned_alike_whatever_is_simulated() -> None:
    scenario = feast(policies__collection=BOOKING)
    settings = scenario.policies.collection
    assert isinstance(settings, OptimizedCollection)
    plans = [
        booking_plan(compile_world(one), settings, build(one.policies.transfer))
        for one in (scenario, scenario.set("run.seed", 99))
    ]
    assert np.array_equal(plans[0].factors, plans[1].factors)
    offset = (FEAST - date(2026, 1, 20)).days
    assert plans[0].factors[offset - 3 : offset - 1].mean() > 1.2  # before the doors close
    few = simulate(scenario, replications=2, seed=3).totals
    many = simulate(scenario, replications=4, seed=3).totals.isel(replication=slice(0, 2))
    assert few.equals(many)


def test_chairs_are_a_setting() -> None:
    scenario = feast(policies__collection={**BOOKING, "chairs_per_normal_day": 1.1})
    settings = scenario.policies.collection
    assert isinstance(settings, OptimizedCollection)
    plan = booking_plan(compile_world(scenario), settings, build(scenario.policies.transfer))
    assert plan.factors.max() <= 1.1 + 1e-9


def test_a_plan_books_ahead_of_closed_days(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found_ = plan_throttles(feast(), date(2026, 2, 2), 4).table.set_index("date")
    closed = [FEAST + timedelta(days=k) for k in (-1, 0, 1)]
    assert (found_.loc[closed, "usual_donors"] == 0).all()
    assert (found_.loc[closed, "donors"] == 0).all()
    before = [FEAST + timedelta(days=k) for k in (-4, -3, -2)]
    assert (found_.loc[before, "factor"] > 1.05).all()
    assert found_.loc[before[-1], "factor"] > 1.5
    assert len(found_) == 28
    command = ["plan", "minimal", "--what", "throttles", "--weeks", "2"]
    out = tmp_path / "out"
    assert execute([*command, "--out", str(out)]) == 0
    assert "donors to book" in capsys.readouterr().out
    saved = json.loads((out / "plan.json").read_text("utf-8"))["throttles"]
    assert len(saved) == 14 * 3
    assert (out / "throttles.csv").exists()
    assert execute([*command, "--all"]) == 0


def test_visits_that_do_not_feed_the_product_change_no_booking() -> None:
    mill = {"region": "BJ", "channel": "street", "headcount": 900, "quota": 200}
    room = {**mill, "channel": "apheresis", "donors_per_visit": 5}
    drives = {"teams_per_day": 2, "vehicles_per_day": 2}
    plain = bloodsim.load("minimal")
    street, both = (
        plain.set("resources", {"drives": drives, "organisations": visited})
        for visited in ({"mill": mill}, {"mill": mill, "room": room})
    )
    unvisited, visited_ = (plan_throttles(s, date(2026, 1, 20), 1).table for s in (plain, street))
    assert visited_.equals(unvisited)
    assert len(plan_throttles(both, date(2026, 1, 20), 1).table) == len(unvisited)
    world = compile_world(both)
    settings = OptimizedCollection(placed_by="booking", product="platelets")
    fixed = collection_world(world, settings, build(street.policies.transfer))
    assert world.drives is not None
    assert fixed.drives.names == ("room",)
    assert fixed.open.shape == fixed.default_visits.shape == (len(fixed.normal), 1)
    open_days = world.drives.open[:, 1].nonzero()[0]
    assert np.array_equal(fixed.drives.candidate_day, open_days)
    assert not fixed.drives.candidate_source.any()


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ({"policies": {"collection": {**BOOKING, "product": "red_cells"}}}, "are not booked"),
        (
            {
                "policies": {"collection": BOOKING},
                "resources": {
                    "drives": {},
                    "organisations": {
                        "mill": {"region": "BJ", "channel": "street", "headcount": 200}
                    },
                },
            },
            "leave drives to nobody",
        ),
    ],
)
def test_bookings_that_cannot_be_meant(patch: dict[str, Any], said: str) -> None:
    assert any(said in line for line in found(patch)), found(patch)
