"""From a weekly plan to whole visits: pools at an even pace, organisations by whole numbers."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from test_joint import CALENDAR, two_regions, weekly_world

from bloodsim.cli import execute
from bloodsim.experiment import choose
from bloodsim.model.drive_world import visits_that_fit
from bloodsim.model.world import compile_world
from bloodsim.optimize import placing
from bloodsim.optimize.calendar_clash import NoCalendarError
from bloodsim.optimize.joint import Agreed, plan_collection
from bloodsim.optimize.placing import WeeklyPlan, place
from bloodsim.planning_paths import CollectionPlan, CollectionWorld, Promise
from bloodsim.rehearsal import with_calendars
from bloodsim.rehearsal.promises import promises_of, visits_due
from bloodsim.scenario.organisations import Organisation


def organisations(n: int, n_weeks: int = 4, gap_days: int = 28) -> CollectionWorld:
    """One region with two teams and *n* organisations, each visited at most once in a gap."""
    world, _ = weekly_world(n_weeks)
    table, n_days = world.drives, 7 * n_weeks
    each = np.linspace(8.0, 12.0, n)
    drives = replace(
        table,
        names=tuple(f"plant_{k}" for k in range(n)),
        region=np.zeros(n, dtype=int),
        channel=("group",) * n,
        donors_per_visit=each,
        teams_per_visit=np.ones(n, dtype=int),
        gap_days=np.full(n, gap_days),
        organisations=np.ones(n, dtype=int),
        most_per_year=np.full(n, 365),
        quota_per_year=np.zeros(n),
    )
    return replace(
        world,
        drives=drives,
        source_channel=np.zeros(n, dtype=int),
        visit_donations=np.tile(each, (n_days, 1)),
        open=np.ones((n_days, n), dtype=bool),
        default_visits=np.zeros((n_days, n), dtype=int),
        visits_before=np.zeros((0, n), dtype=int),
    )


def weekly(world: CollectionWorld, visits: Any, until: int = 0) -> WeeklyPlan:
    n_days, n_sources = world.open.shape
    return WeeklyPlan(
        visits=np.asarray(visits, dtype=float),
        starts=np.arange(0, n_days, 7),
        donors=world.visit_donations,
        donors_by_week=world.visit_donations[::7],
        taken=np.zeros((n_days, 1)),
        stands=np.zeros((n_days, n_sources), dtype=int),
        until=until,
    )


def apart(plan: WeeklyPlan, visits: Any) -> float:
    """Return donor-weeks away from the weekly plan, written anew."""
    weeks = np.arange(len(visits)) // 7
    given = np.bincount(weeks, (visits * plan.donors).sum(axis=1))
    wanted = (plan.visits * plan.donors_by_week).sum(axis=1)
    return float(np.abs(np.cumsum(given) - np.cumsum(wanted)).sum())


def test_organisations_that_are_due_at_once_are_not_visited_at_once():
    """Twelve plants, a quarter of a visit to each in every week: three plants a week."""
    world = organisations(12)
    plan = weekly(world, np.full((4, 12), 0.25))
    by_pace = placing._paced(world, plan)
    visits = place(world, plan)
    assert by_pace.sum(axis=1).reshape(4, 7).sum(axis=1).tolist() == [0, 12, 0, 0]
    assert visits.sum(axis=1).reshape(4, 7).sum(axis=1).tolist() == [3, 3, 3, 3]
    assert visits.sum(axis=0).max() == 1
    assert visits.sum(axis=1).max() <= 2
    assert apart(plan, visits) < 0.1 * apart(plan, by_pace)


@pytest.mark.parametrize("seed", range(6))
def test_no_calendar_is_nearer_to_the_weekly_plan(seed, monkeypatch):
    """Three plants, three weeks: all calendars are tried."""
    monkeypatch.setattr(placing, "_CLOSE_ENOUGH", 1e-9)
    chance = np.random.Generator(np.random.SFC64(seed))
    world = organisations(3, n_weeks=3, gap_days=14)
    plan = weekly(world, chance.uniform(0, 0.9, (3, 3)))
    found = place(world, plan)
    best = np.inf
    for weeks in itertools.product(range(4), repeat=3):  # the week of each plant; 3 = none
        visits = np.zeros((21, 3), dtype=int)
        for plant, week in enumerate(weeks):
            if week < 3:
                visits[7 * week + 2 * plant, plant] = 1
        best = min(best, apart(plan, visits))
    for plant in range(3):  # and two visits to one plant, two weeks apart
        for others in itertools.product(range(4), repeat=2):
            visits = np.zeros((21, 3), dtype=int)
            visits[[0, 14], plant] = 1
            for other, week in zip([k for k in range(3) if k != plant], others, strict=True):
                if week < 3:
                    visits[7 * week + 1 + 2 * other % 6, other] = 1
            best = min(best, apart(plan, visits))
    assert apart(plan, found) <= best + 1e-6


def test_pools_follow_their_pace_without_a_search(monkeypatch):
    world, paths = weekly_world()
    monkeypatch.setattr(placing, "_searched", None)
    assert plan_collection(world, paths, paths).visits.sum() == 42


def test_a_search_without_an_answer_leaves_visits_at_an_even_pace(monkeypatch):
    """Out of nodes nothing is known to clash: it is not said that no calendar exists."""
    monkeypatch.setattr(placing, "_NODES", 0)
    world = organisations(12)
    plan = weekly(world, np.full((4, 12), 0.25))
    assert (place(world, plan) == placing._paced(world, plan)).all()
    promise = Promise("thirteen", tuple(range(12)), 7, 13, least_visits=13)
    with pytest.raises(NoCalendarError, match="keeps everything"):
        place(replace(world, promises=(promise,)), plan)


def test_what_stands_is_kept_and_counts():
    world = organisations(4)
    plan = weekly(world, np.full((4, 4), 0.25), until=7)
    plan.stands[3, 2] = 1
    plan.stands[20, 1] = 1  # after the first day that may change: no promise
    visits = place(world, plan)
    assert visits[:7].sum() == visits[3, 2] == 1
    assert visits[:, 2].sum() == 1
    assert visits.sum() == 4


# --- promises and laboratories --------------------------------------------------------------------


@pytest.mark.parametrize("promised", [False, True])
def test_a_promised_visit_is_held_whatever_it_is_worth(promised):
    world = organisations(3)
    plan = weekly(world, np.zeros((4, 3)))
    if promised:
        world = replace(world, promises=(Promise("two", (0, 1), 7, 13, least_visits=2),))
    visits = place(world, plan)
    assert visits.sum() == 2 * promised
    assert visits[7:14, :2].sum() == 2 * promised


def test_a_weekly_plan_makes_room_for_what_is_promised():
    world, paths = weekly_world()
    promise = Promise("visits due to 'mills' in week 2", (0,), 7, 13, least_visits=13)
    calm = plan_collection(world, paths, paths).visits
    kept = plan_collection(replace(world, promises=(promise,)), paths, paths).visits
    assert calm[7:14].sum() < 13 <= kept[7:14].sum()
    assert kept.sum() == calm.sum()  # at equal donations


def test_planned_months_keep_their_donors():
    world, paths = weekly_world()
    freely = plan_collection(world, paths, paths).visits
    month = Promise("donors planned", (0,), 14, 27, as_usual=True)
    held = plan_collection(replace(world, promises=(month,)), paths, paths).visits
    usual = world.default_visits[14:28].sum()
    assert held[14:28].sum() >= usual - 1
    assert freely[14:28].sum() < usual - 1  # without the plan it collects earlier


def test_visits_keep_within_laboratories():
    world, paths = weekly_world()
    room = np.full((42, 1), 25.0)
    room[:14] = 11.0  # one visit of 10 donors a day
    freely = plan_collection(world, paths, paths).visits
    assert freely[:14].max() == 2
    visits = plan_collection(replace(world, room=room), paths, paths).visits
    assert visits[:14].max() == 1
    assert visits.sum() == freely.sum()


def test_last_weeks_stay_as_usual_as_far_as_laboratories_take_it():
    """In the last two weeks a visit of 10 a day is usual: laboratories take 4, then none."""
    world, paths = weekly_world()
    for most in (4.0, 0.0):
        room = np.full((42, 1), 25.0)
        room[28:] = most
        visits = plan_collection(replace(world, room=room), paths, paths).visits
        assert visits[:28].sum() > 28


@pytest.mark.parametrize("limit", ["gap_days", "most_per_year"])
def test_what_stands_may_leave_no_room_for_a_usual_visit_at_the_end(limit):
    world, paths = weekly_world()
    drives = replace(world.drives, organisations=np.array([1]), **{limit: np.array([21])})
    if limit == "most_per_year":
        drives = replace(world.drives, most_per_year=np.array([3]))
    usual, stood = np.zeros((2, 42, 1), dtype=int)
    usual[[14, 37]] = 1
    stood[[1, 12, 20] if limit == "most_per_year" else [6, 27]] = 1
    world = replace(world, drives=drives, default_visits=usual)
    plan = CollectionPlan(stood, np.ones((42, 1, 1)), np.ones((42, 1)), ())
    visits = plan_collection(world, paths, paths, Agreed(plan, 28, 28)).visits
    assert (visits[:28] == stood[:28]).all()
    assert visits[28:35].sum() == 0


def test_planned_months_ask_for_what_laboratories_take_of_the_usual_donors():
    world, paths = weekly_world()
    month = Promise("donors planned", (0,), 14, 27, as_usual=True)
    room = np.full((42, 1), 6.0)  # of the 10 of a usual day
    visits = plan_collection(replace(world, promises=(month,), room=room), paths, paths).visits
    usual = world.default_visits[14:28].sum()
    assert visits[14:28].sum() >= usual - 2


def test_a_planned_month_that_is_over_asks_for_no_more_than_stands():
    """Those who come in its second week have become fewer than when its visits were placed."""
    world, paths = weekly_world()
    stood = np.zeros((42, 1), dtype=int)
    stood[7:14] = world.default_visits[:14].sum() // 7
    donors = world.visit_donations.copy()
    donors[7:14] *= 0.4
    month = Promise("donors planned", (0,), 0, 13, as_usual=True)
    world = replace(world, promises=(month,), visit_donations=donors)
    plan = CollectionPlan(stood, np.ones((42, 1, 1)), np.ones((42, 1)), ())
    visits = plan_collection(world, paths, paths, Agreed(plan, 14, 14)).visits
    assert (visits[:14] == stood[:14]).all()


def test_promises_that_no_calendar_keeps_are_named_with_a_way_out():
    world = organisations(3)
    promise = Promise("visits due to 'plant_0' in 2026", (0,), 0, 27, least_visits=3)
    with pytest.raises(NoCalendarError) as caught:
        place(replace(world, promises=(promise,)), weekly(world, np.zeros((4, 3))))
    said = " ".join(caught.value.clashes)
    assert "visits due to 'plant_0' in 2026: 2 fewer visits" in said


# --- in a run -------------------------------------------------------------------------------------


def with_plants(**changes: Any) -> Any:
    """Two regions whose north has four plants beside its pool of mills."""
    plant = {"region": "north", "channel": "group", "headcount": 400, "visit_gap_days": 60}
    plants = {f"plant_{k}": {**plant, "min_visits": 2, "donors_per_visit": 90} for k in range(4)}
    for key, value in changes.items():
        plants["plant_0"][key] = value
    return two_regions(resources__organisations=plants)


@pytest.mark.parametrize("agreed", [2, 8])
def test_of_a_year_what_the_days_before_and_after_cannot_hold_is_due(agreed):
    """The run begins on 10 February; after its end, 29 June, five visits fit, 45 days apart."""
    world = compile_world(with_plants(min_visits=agreed, visit_gap_days=45))
    found = {promise.name: promise for promise in promises_of(world)}
    due = found.get("visits due to 'plant_0' in 2025")
    seen = int(world.drives.calendar[: world.score_first, 0].sum())
    unseen = 1  # of 2 as of 8 in 40 days, rounded up
    assert (due.least_visits if due else 0) == max(0, agreed - unseen - seen - 5)
    assert agreed < 8 or due


def test_visits_due_in_the_year():
    plant = Organisation(region="BJ", channel="group", headcount=900, min_visits=4, quota=500)
    assert visits_due(plant, 100.0, done=1, came=90, later=0) == 5  # (500 - 90) / 100
    assert visits_due(plant, 100.0, done=1, came=90, later=2) == 3
    assert visits_due(plant, 100.0, done=4, came=500, later=0) == 0
    assert visits_due(plant, 500.0, done=2, came=500, later=0) == 2


def test_days_on_which_nobody_can_be_visited_hold_no_visit_of_a_year():
    """A plant of two visits a year, closed from the end of the run on: one is due in the run."""
    closed = [{"from_date": "06-30", "to_date": "12-31"}]
    for closures, least in (([], 0), (closed, 1)):  # one fits in the days before the run
        scenario = with_plants(visit_gap_days=45, closures=closures)
        plant = scenario.resources.organisations["plant_0"]
        rest = date(2025, 6, 30), date(2025, 12, 31)
        assert visits_that_fit(scenario, plant, *rest) == (0 if closures else 5)
        due = [p.least_visits for p in promises_of(compile_world(scenario)) if "plant_0" in p.name]
        assert sum(due) == least
    assert visits_that_fit(scenario, plant, date(2026, 1, 1), date(2025, 12, 31)) == 0


def test_a_run_whose_promises_clash_exits_with_4(tmp_path, capsys, monkeypatch):
    closed = [{"from_date": "02-20", "to_date": "06-30"}]
    scenario = with_plants(min_visits=8, visit_gap_days=45, closures=closed)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clash.yaml").write_text(
        json.dumps({"schema_version": 1, **scenario.raw}), encoding="utf-8"
    )
    code = execute(["run", "clash.yaml", "-n", "2", "-j", "1", "--variant", "calendar"])
    said = capsys.readouterr().err
    assert code == 4, said
    assert "visits due to 'plant_0' in 2025" in said
    assert "Traceback" not in said


def test_limits_that_clash_in_a_run_are_told_by_date():
    with pytest.raises(NoCalendarError) as caught:
        with_calendars(choose(with_plants(quota=1500)))  # 16 visits of 90 donors, 60 days apart
    said = " ".join(caught.value.clashes)
    assert "visits of 'plant_0' in the 60 days up to 2025-0" in said
    assert "up to day" not in said


def test_calendars_with_organisations_keep_every_rule():
    scenario = with_plants()
    assert CALENDAR["placed_by"] == "calendar"
    variant = next(v for v in with_calendars(choose(scenario)) if v.name == "calendar")
    visits = variant.policy.editions[-1].plan.visits
    for plant in range(4):
        column = visits[:, plant]
        assert np.convolve(column, np.ones(60, dtype=int)).max() <= 1
    assert visits[:, :5].sum(axis=1).max() <= 6


@pytest.mark.parametrize("limit", ["vehicles_per_day", "teams_per_day"])
def test_where_no_visit_can_be_held_the_calendar_is_empty(limit):
    scenario = two_regions().set(f"resources.drives.{limit}", 0)
    variant = next(v for v in with_calendars(choose(scenario)) if v.name == "calendar")
    assert variant.policy.editions[-1].plan.visits.sum() == 0
