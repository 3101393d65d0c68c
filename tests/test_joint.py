"""Calendars planned before a run: planted answers, no peeping, equal donations, promises kept."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from test_checks import found

from bloodsim import metrics
from bloodsim.decision import DriveTable
from bloodsim.experiment import choose, simulate
from bloodsim.model.world import compile_world
from bloodsim.optimize.cover_price import LEVELS_DAYS, cover_prices
from bloodsim.optimize.joint import Agreed, plan_collection
from bloodsim.planning_paths import CollectionWorld, PlanningPaths
from bloodsim.policies.none import Nothing
from bloodsim.policies.optimized_collection import CollectingToPlan
from bloodsim.rehearsal import with_calendars
from bloodsim.scenario import Scenario, ScenarioError

ONE_GROUP = {
    group: float(group == "O_pos")
    for group in ("A_pos", "B_pos", "O_pos", "AB_pos", "A_neg", "B_neg", "O_neg", "AB_neg")
}
WAVE = {
    "from_date": "2025-04-01",
    "to_date": "2025-04-30",
    "collection_factor": 0.6,
    "recognised_after_days": 7,
}
CALENDAR = {"kind": "optimized", "placed_by": "calendar", "paths": 4}


def two_regions(**changes: Any) -> Scenario:
    """Two regions, red cells of short life, collected by drives alone, all closed for two weeks."""
    closed = [{"from_date": "05-05", "to_date": "05-18"}]
    pool = {"channel": "group", "organisations": 400, "donors_per_visit": 50, "closures": closed}
    tree: dict[str, Any] = {
        "name": "two-regions",
        "run": {
            "score_start": "2025-03-03",
            "score_end": "2025-06-29",
            "warmup_days": 21,
            "warmup_policy": {"kind": "none"},
            "replications": 4,
        },
        "products": {
            "red_cells": {
                "label": {"en": "Red cells"},
                "unit_label": {"en": "U"},
                "compatibility": "red_cells",
                "source": "whole_blood",
                "pieces_per_unit": 2,
                "shelf_life_days": 28,
                "test_delay_days": 2,
                "opening_cover_days": 6,
            }
        },
        "profiles": {"flat": {}},
        "channels": {
            "group": {
                "label": {"en": "Group"},
                "gift": "whole_blood",
                "profile": "flat",
                "first_hour": 17,
                "last_hour": 17,
            }
        },
        "demand": {
            "red_cells": {
                "profile": "flat",
                "classes": {"urgent": {"share": 1.0}},
                "emergency_substitution": "none",
            }
        },
        "regions": {
            name: {
                "group_shares": ONE_GROUP,
                "donors_per_day": {},
                "demand_per_day": {"red_cells": 172.0},
            }
            for name in ("north", "south")
        },
        "routes": {
            "distances_km": {"north": {"south": 300.0}},
            "products": {"red_cells": {"lot_units": 1, "smallest_shipment_units": 1}},
        },
        "resources": {
            "drives": {"teams_per_day": 6, "commit_days": 14},
            "organisation_pools": {
                f"{name}_mills": {"region": name, "visits_per_year": 2, **pool}
                for name in ("north", "south")
            },
        },
        "policies": {"transfer": {"kind": "proportional"}},
        "cost": {"terminal_cover_days": {"red_cells": 3}},
        "overrides": {"planned": {"policies": {"collection": CALENDAR}}},
        "variants": {"rule": [], "calendar": ["planned"]},
    }
    scenario = Scenario.from_mapping(tree)
    for key, value in changes.items():
        scenario = scenario.set(key.replace("__", "."), value)
    return scenario


def visits_by_day(scenario: Scenario, name: str = "calendar") -> np.ndarray:
    """Return the visits (n_days, n_sources) of a variant's last edition."""
    variant = next(v for v in with_calendars(choose(scenario)) if v.name == name)
    return variant.policy.editions[-1].plan.visits


# --- planted instances ----------------------------------------------------------------------------


def weekly_world(n_weeks: int = 6) -> tuple[CollectionWorld, PlanningPaths]:
    """One region, one pool of visits on every day, 8 units a day, and a fourth week of 18."""
    n_days = 7 * n_weeks
    none = np.zeros(0, dtype=int)
    table = DriveTable(
        names=("mills",),
        region=np.zeros(1, dtype=int),
        channel=("group",),
        donors_per_visit=np.array([10.0]),
        teams_per_visit=np.ones(1, dtype=int),
        gap_days=np.ones(1, dtype=int),
        organisations=np.array([99]),
        most_per_year=np.array([999]),
        quota_per_year=np.zeros(1),
        candidate_source=none,
        candidate_day=none,
        teams_per_day=np.array([2]),
        commit_days=0,
    )
    asked = np.full((n_days, 1), 8.0)
    asked[21:28] = 18.0
    world = CollectionWorld(
        first_day=0,
        normal=np.full((n_days, 1), 10.0),
        agreed=np.zeros((n_days, 1)),
        channels=("group",),
        sessions=np.zeros((n_days, 1, 1)),
        visit_donations=np.full((n_days, 1), 10.0),
        visit_factor=1.0,
        same_team_days=False,
        source_channel=np.zeros(1, dtype=int),
        open=np.ones((n_days, 1), dtype=bool),
        default_visits=np.ones((n_days, 1), dtype=int),
        visits_before=np.zeros((0, 1), dtype=int),
        units_per_donation=np.ones(1),
        sound_share=1.0,
        test_delay_days=0,
        least_factor=np.ones(1),
        largest_factor=np.ones(1),
        drives=table,
        origin=none,
        destination=none,
        road_price=none.astype(float),
        component=np.zeros(1, dtype=int),
        terminal_price=0.0,
        terminal_days=0.0,
        life_days=14,
        outdate_price=2.0,
        patience_days=0,
    )
    usable = np.full((n_days, 1, 2), 30.0)
    paths = PlanningPaths(
        opening=np.array([30.0]),
        usable=usable,
        harm=np.zeros_like(usable),
        collected=np.full((n_days, 1), 10.0),
        asked=asked,
        held=np.full((n_days, 1), 30.0),
        willing=np.ones((n_days, 1, 1)),
        given=np.array([10.0 * n_days]),
    )
    return world, paths


def cost_of(world: CollectionWorld, paths: PlanningPaths, visits: tuple[int, ...]) -> float:
    """Return what a weekly calendar costs by the formulation, worked out by hand."""
    prices = cover_prices(world, paths)
    stock, cost = 30.0, 0.0
    for week, count in enumerate(visits):
        asked = float(paths.asked[7 * week : 7 * week + 7].sum())
        stock += 10.0 * count - asked
        newest = 10.0 * sum(visits[max(0, week - 1) : week + 1])
        if week >= 2 and stock > newest:
            cost += 2.0 * (stock - newest)
            stock = newest
        if stock < 0:
            return np.inf
        short = np.maximum(0, np.array(LEVELS_DAYS) - stock / 10)
        cost += float(prices @ short) * 10 * 7
    return cost


def test_the_best_weekly_calendar_is_found():
    world, paths = weekly_world()
    plan = plan_collection(world, paths, paths)
    chosen = tuple(int(n) for n in np.add.reduceat(plan.visits[:, 0], np.arange(0, 42, 7)))
    assert sum(chosen) == 42
    # The last two weeks stay as usual: 28 visits for the four before, 0 to 14 a week.
    calendars = [
        (*first, 7, 7) for first in itertools.product(range(15), repeat=4) if sum(first) == 28
    ]
    best = min(cost_of(world, paths, calendar) for calendar in calendars)
    assert cost_of(world, paths, chosen) == pytest.approx(best, abs=0.011 * 10 * 42)
    assert cost_of(world, paths, chosen) < cost_of(world, paths, (7,) * 6)


def test_what_stands_may_be_more_than_the_reference_gives():
    """Committed visits are held whatever the donations that a plan may use."""
    world, paths = weekly_world()
    plan = plan_collection(world, paths, paths)
    agreed = Agreed(plan, visits_until=28, factors_until=28)
    fewer = plan_collection(world, paths, paths, agreed, donations=200.0)
    assert np.array_equal(fewer.visits[:28], plan.visits[:28])
    assert fewer.visits[28:].sum() <= plan.visits[28:].sum()


def test_prices_of_cover_are_read_off_the_paths():
    world, paths = weekly_world()
    cover = 3 + 2 * np.sin(np.arange(42))[:, None, None] + np.array([0.0, 0.5])
    harm = 10 * 0.7 * np.maximum(0, 4 - cover)
    # What a day suffers is put down to the days before it as well: here cover changes slowly.
    slow = np.repeat(cover[:3], 14, axis=0)
    harm = 10 * 0.7 * np.maximum(0, 4 - slow)
    base = cover_prices(world, paths)
    shown = cover_prices(world, replace(paths, usable=10 * slow, harm=harm)) - base
    short = np.maximum(0, np.array(LEVELS_DAYS)[:, None] - slow[::14, 0, 0])
    expected = 0.7 * np.maximum(0, 4 - slow[::14, 0, 0])
    assert np.allclose(shown @ short, expected, atol=0.15)


DAY_OF_CLOSURE = 63  # 5 May, from 3 March


def test_what_is_missing_in_a_closure_is_collected_just_before():
    """Two weeks without drives are foreseen; blood keeps four weeks, less two days of tests."""
    planned = two_regions()
    results = simulate(planned, seed=3, replications=16)
    cost = metrics.cost(results)
    difference = (cost.sel(variant="calendar") - cost.sel(variant="rule")).values
    assert difference.mean() + 2.2 * difference.std(ddof=1) / 4 < 0
    assert float(cost.sel(variant="calendar").mean()) < 0.5 * float(cost.sel(variant="rule").mean())
    visits = visits_by_day(planned).sum(axis=1)
    before = visits[DAY_OF_CLOSURE - 14 : DAY_OF_CLOSURE].sum()
    world = compile_world(planned)
    usual = world.drives.calendar[world.score_first :][DAY_OF_CLOSURE - 14 : DAY_OF_CLOSURE].sum()
    assert before > 1.25 * usual
    assert not visits[DAY_OF_CLOSURE : DAY_OF_CLOSURE + 14].any()


def test_donations_are_those_of_the_reference():
    results = simulate(two_regions(), seed=3, replications=16)
    given = metrics.donations(results).mean("replication")
    rule, calendar = (float(given.sel(variant=name)) for name in ("rule", "calendar"))
    assert calendar == pytest.approx(rule, rel=0.01)


# --- chance, knowledge, promises ------------------------------------------------------------------


def test_a_replication_is_the_same_in_any_block():
    scenario = two_regions()
    whole = simulate(scenario, seed=5, replications=4).totals
    for size in (1, 3):
        small = scenario.set("run.block_replications", size)
        assert simulate(small, seed=5, replications=4).totals.equals(whole)


def test_nobody_plans_for_a_shock_before_it_is_known():
    """What happens after a day leaves all decisions up to that day bit-identical."""
    calm = two_regions()
    struck = two_regions(shocks={"wave": WAVE})
    onset, known = 29, 36
    daily = [
        simulate(each, seed=4, variants=["calendar"], replications=3).daily
        for each in (calm, struck)
    ]
    for flow in ("collected", "shipped", "issued"):
        assert np.array_equal(*(each[flow].values[:, :, :onset] for each in daily))
    # The calendar changes from what can be committed once the shock is known, not earlier.
    first, second = (visits_by_day(each) for each in (calm, struck))
    commit = 14
    assert np.array_equal(first[: known + commit], second[: known + commit])
    assert not np.array_equal(first, second)


def test_a_new_edition_keeps_what_is_committed():
    scenario = two_regions(shocks={"wave": WAVE})
    variant = next(v for v in with_calendars(choose(scenario)) if v.name == "calendar")
    old, new = variant.policy.editions
    since = new.day - old.day
    kept = -(-since // 7) * 7 + 14
    assert np.array_equal(old.plan.visits[:kept], new.plan.visits[:kept])
    assert new.plan.visits.sum() == pytest.approx(old.plan.visits.sum(), rel=0.1)


def test_a_calendar_keeps_teams_gaps_years_and_closures():
    scenario = two_regions(
        resources__organisation_pools__north_mills__organisations=90,
        resources__organisation_pools__north_mills__visit_gap_days=30,
    )
    visits = visits_by_day(scenario)
    assert visits.max() <= 6
    north = visits[:, 0]
    assert np.convolve(north, np.ones(30, dtype=int)).max() <= 90
    # The engine checks all of it once more when the drives are committed.
    simulate(scenario, seed=4, replications=2, variants=["calendar"])


# --- bad input ------------------------------------------------------------------------------------


def test_the_reference_has_to_be_simulated_along():
    calendar = {**CALENDAR, "reference": "rule"}
    scenario = two_regions(overrides={"planned": {"policies": {"collection": calendar}}})
    with pytest.raises(ScenarioError, match="'rule' cannot be the reference of a calendar"):
        simulate(scenario, replications=1, variants=["calendar"])
    simulate(scenario, replications=1)


def test_a_calendar_is_for_a_product_that_the_drives_feed():
    mill = {"region": "TJ", "channel": "apheresis", "headcount": 900}
    resources = {"drives": {}, "organisations": {"mill": mill}}
    problems = found({"policies": {"collection": CALENDAR}, "resources": resources})
    said = "resources.organisations.mill.channel: a calendar for red_cells places visits of"
    assert [p for p in problems if said in p]
    unknown = {**CALENDAR, "product": "rbc", "reference": "rule"}
    problems = found({"policies": {"collection": unknown}, "resources": resources})
    for field in ("product", "reference"):
        assert [p for p in problems if f"policies.collection.{field}: " in p]


def test_the_summary_says_what_a_calendar_is_worth_and_whether_donations_are_equal():
    calendar = {**CALENDAR, "reference": "rule"}
    scenario = two_regions(overrides={"planned": {"policies": {"collection": calendar}}})
    results = simulate(scenario, seed=3, replications=8)
    (worth,) = metrics.calendar_worth(results)
    cost, given = metrics.cost(results), metrics.donations(results)
    means = [float(cost.sel(variant=name).mean()) for name in ("calendar", "rule")]
    assert worth.cost.ratio == pytest.approx(means[0] / means[1])
    assert worth.cost.low < worth.cost.ratio < worth.cost.high
    totals = [float(given.sel(variant=name).sum()) for name in ("calendar", "rule")]
    assert worth.donations == pytest.approx(totals[0] / totals[1] - 1)
    assert f"of rule with {100 * worth.donations:+.2f} % donations" in worth.says
    assert ("no fair comparison" in worth.says) == (abs(worth.donations) > 0.002)


def test_of_few_worlds_no_interval_is_told_and_without_a_reference_that_there_is_none():
    calendar = {**CALENDAR, "reference": "rule"}
    scenario = two_regions(overrides={"planned": {"policies": {"collection": calendar}}})
    few = simulate(scenario, seed=3, replications=2)
    (worth,) = metrics.calendar_worth(few)
    assert "(2 worlds, no interval) of rule" in worth.says
    assert "adds nothing" not in worth.says
    teams = metrics.team_days(few).mean("replication")
    ratio = float(teams.sel(variant="calendar") / teams.sel(variant="rule"))
    assert worth.team_days == pytest.approx(ratio - 1)
    assert f"{100 * worth.team_days:+.1f} % team-days" in worth.says
    assert metrics.without_reference(few) == []
    (said,) = metrics.without_reference(simulate(two_regions(), seed=3, replications=1))
    assert said.startswith("calendar: its cost is compared with none at equal donations")


def test_visits_count_in_the_balance_of_supply_and_requests():
    problems = [str(each) for each in two_regions().warnings()]
    assert not [each for each in problems if "a normal day's collection makes" in each]
    scarce = two_regions(resources__organisation_pools__north_mills__donors_per_visit=5)
    assert [str(w) for w in scarce.warnings() if "a normal day's collection makes" in str(w)]


@pytest.mark.parametrize("shocks", [{}, {"wave": WAVE}])
def test_a_calendar_with_the_same_team_days_takes_no_more_of_them(shocks):
    even = {**CALENDAR, "lift": 0.1, "same_team_days": True}
    overrides = {"planned": {"policies": {"collection": even}}}
    scenario = two_regions(overrides=overrides, shocks=shocks)
    world = compile_world(scenario)
    usual = world.drives.calendar[world.score_first : world.n_days].sum()
    visits = visits_by_day(scenario)
    assert visits.sum() <= usual + len(world.drives.table.names)  # whole visits of weekly plans
    variant = next(v for v in with_calendars(choose(scenario)) if v.name == "calendar")
    editions = variant.policy.editions
    assert len(editions) == 1 + len(shocks)
    assert np.allclose(editions[-1].plan.factors, 1.1)
    assert editions[-1].plan.limits == (("group", 1.0, 1.1),)


# --- appeals --------------------------------------------------------------------------------------


def test_appeals_ask_for_what_steering_cannot_reach():
    """A sudden want beyond the limits of turnout: appeals bring repeat donors, and less is lost."""
    struck = {
        "from_date": "2025-04-10",
        "to_date": "2025-05-02",
        "collection_factor": 0.5,
        "recognised_after_days": 60,
    }
    calling = {**CALENDAR, "lift": 0.05, "appeal_max": 0.3}
    overrides = {
        "steady": {"policies": {"collection": {**CALENDAR, "lift": 0.05}}},
        "calling": {"policies": {"collection": calling}},
    }
    scenario = two_regions(
        shocks={"struck": struck},
        overrides=overrides,
        variants={"steady": ["steady"], "calling": ["calling"]},
    )
    results = simulate(scenario, seed=3, replications=6)
    given = metrics.donations(results)
    cost = metrics.cost(results)
    assert (given.sel(variant="calling") > given.sel(variant="steady")).all()
    assert float(cost.sel(variant="calling").mean()) < float(cost.sel(variant="steady").mean())
    peak = [results.daily["collected"].sel(variant=v).max() for v in ("steady", "calling")]
    assert float(peak[1]) > float(peak[0])


def test_without_appeals_nothing_is_asked_for():
    (variant,) = [v for v in with_calendars(choose(two_regions())) if v.name == "calendar"]
    assert variant.policy.appeal_max == 0
    assert variant.policy._appeals({"group": np.full((2, 3), 9.0)}, {"group": (0.5, 1.2)}) == {}


def test_who_must_not_come_is_not_called():
    plan = CollectingToPlan(Nothing(), (), "red_cells", 1.0, 1.0, 0.0, appeal_max=0.2)
    wanted = {"street": np.array([[0.0, 1.1]]), "group": np.array([[1.0, 1.1]])}
    appeals = plan._appeals(wanted, {"street": (0.0, 0.0), "group": (0.9, 1.0)})
    assert list(appeals) == ["group"]
    np.testing.assert_allclose(appeals["group"], [[0.0, 0.1]])
