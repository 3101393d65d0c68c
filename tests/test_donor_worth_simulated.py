"""Whether charging donors what they would give later pays, in simulated worlds planted for it.

Two regions, one blood group, collected by visits alone, nearly all of repeat donors; requests
double after the plan. Plans with and without the worth of donors are judged on the same luck over a
window that goes on after them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pytest
from test_joint import CALENDAR, ONE_GROUP, two_regions, weekly_world

from bloodsim import metrics
from bloodsim.decision import NOTHING, Plan, Policy, Snapshot
from bloodsim.experiment import choose, simulate
from bloodsim.model.world import compile_world
from bloodsim.optimize.cover_price import UNSERVED, Weeks
from bloodsim.optimize.donor_charge import session_charge, unit_prices, visit_charge
from bloodsim.optimize.joint import plan_collection
from bloodsim.planning.drives import plan_calendar
from bloodsim.policies import build
from bloodsim.policies.optimized_collection import CollectingToPlan, Edition
from bloodsim.rehearsal import with_calendars
from bloodsim.results import Results
from bloodsim.scenario import Scenario, ScenarioError
from bloodsim.scenario.horizon import starting

START, WEEKS, COMMIT, DAYS = date(2025, 2, 10), 6, 7, 120
PLANNED = COMMIT + 7 * WEEKS
WORLDS = 8


def planted(
    months: dict[int, float],
    demand: float,
    shares: dict[str, float],
    donors: int = 50,
    **changes: Any,
) -> Scenario:
    """Return two regions whose requests follow months; *shares*: first-time donors by channel."""
    closed = [{"from_date": "05-05", "to_date": "05-11"}]
    pool = {
        "organisations": 800 // len(shares),
        "visits_per_year": 1,
        "donors_per_visit": donors,
        "closures": closed if len(shares) > 1 else [],
    }
    group = {"label": {"en": "Group"}, "gift": "whole_blood", "profile": "flat"}
    hours = {"first_hour": 17, "last_hour": 17}
    places = ("north", "south")
    settings: dict[str, Any] = {
        "profiles": {"flat": {}, "asked": {"month": months}},
        "channels": {
            name: {**group, **hours, "first_time_share": share} for name, share in shares.items()
        },
        "resources.organisation_pools": {
            **dict.fromkeys(("north_mills", "south_mills")),
            **{
                f"{place}_{c}": {"region": place, "channel": c, **pool}
                for place in places
                for c in shares
            },
        },
        "regions": {
            name: {
                "group_shares": ONE_GROUP,
                "donors_per_day": {},
                "demand_per_day": {"red_cells": demand},
            }
            for name in places
        },
        **changes,
    }
    tree = two_regions().raw
    for key, value in settings.items():
        branch = tree
        *path, last = key.split(".")
        for part in path:
            branch = branch[part]
        branch[last] = value
    pools = tree["resources"]["organisation_pools"]
    tree["resources"]["organisation_pools"] = {k: v for k, v in pools.items() if v}
    return Scenario.from_mapping(tree)


@dataclass(frozen=True)
class Placed:
    """Visits given by hand, committed on the first day; it notes how many donors are eligible."""

    visits: np.ndarray
    transfers: Policy
    eligible: list[np.ndarray] = field(default_factory=list)
    review_days: int = 1

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Send as the other policy does."""
        self.eligible.append(snapshot.eligible_donors["whole_blood"].sum(axis=(0, 1)))
        sends = snapshot.days_run % self.transfers.review_days == 0
        plan = self.transfers(snapshot) if sends else NOTHING
        if snapshot.days_run:
            return plan
        table = snapshot.drives
        assert table is not None
        day = table.candidate_day - snapshot.day
        placed = (day >= table.commit_days) & (day < len(self.visits))
        mask = np.zeros(len(day), dtype=int)
        mask[placed] = self.visits[day[placed], table.candidate_source[placed]]
        return replace(plan, drives=np.repeat(mask[:, None], snapshot.n_replications, axis=1))


def paired(values: Any, one: str, other: str) -> tuple[float, float]:
    """Return the mean difference of two variants and the half-width of its 95 % interval."""
    apart = (values.sel(variant=one) - values.sel(variant=other)).values
    assert len(apart) == WORLDS
    return float(apart.mean()), 2.365 * float(apart.std(ddof=1)) / WORLDS**0.5


# --- plans of drives ------------------------------------------------------------------------------


@cache
def before_a_dip(surge: float = 2.8, life_days: int = 12) -> tuple[dict[str, np.ndarray], Results]:
    """Return eligible donors by day under plans of February and March, and what came of them.

    Elective requests are held back for emergencies, which alone are more in April and May (*surge*
    times those of the plan) than is collected.
    """
    classes = {
        "emergency": {"share": 0.4},
        "urgent": {"share": 0.0, "reserve_days": 0},
        "elective": {"share": 0.6, "reserve_days": 4},
    }
    requests = {"profile": "asked", "emergency_substitution": "none", "variance_to_mean": 2}
    scenario = planted(
        {month: surge if month in (4, 5) else 1.0 for month in range(1, 13)},
        225.0,
        {"group": 0.05},
        donors=60,
        **{
            "demand.red_cells": {**requests, "classes": classes},
            "donor_pools": {"whole_blood": {"mean_return_days": 30.0, "elasticity": 1.0}},
            "resources.drives": {"teams_per_day": 6, "commit_days": COMMIT},
            "products.red_cells.shelf_life_days": life_days,
            "run.warmup_days": 40,
            "variants": {},
            "overrides": {},
        },
    )
    judged = starting(scenario, START, DAYS).set("policies.collection", {"kind": "optimized"})
    world = compile_world(judged)
    assert world.drives is not None
    days = slice(world.score_first, world.score_first + DAYS)
    policies = {}
    for name, donor_value in (("free", False), ("charged", True)):
        visits = world.drives.calendar[days].astype(int)
        visits[COMMIT:PLANNED] = 0
        plan = plan_calendar(scenario, START, WEEKS, donor_value=donor_value)
        new: Any = plan.table[~plan.table["committed"]].itertuples()
        for row in new:
            source = world.drives.table.names.index(row.organisation)
            visits[(row.date - START).days, source] += row.visits
        policies[name] = Placed(visits, build(judged.policies.transfer))
    results = simulate(judged, WORLDS, 1, policies=policies, variants=[])
    return {name: np.array(policy.eligible) for name, policy in policies.items()}, results


def test_with_the_worth_of_donors_a_plan_keeps_the_pool_for_the_dip_and_costs_less() -> None:
    eligible, results = before_a_dip()
    start, end = eligible["free"][0].mean(), {k: v[PLANNED].mean() for k, v in eligible.items()}
    assert end["free"] < 0.9 * start
    assert end["charged"] > 1.3 * start
    mean, half = paired(metrics.cost(results), "charged", "free")
    assert mean + half < -0.1 * float(metrics.cost(results).sel(variant="free").mean())
    lost = results.daily["lost"].sel(product="red_cells").sum(["day", "region"])
    mean, half = paired(lost, "charged", "free")
    assert mean + half < 0
    given = metrics.donations(results).mean("replication")
    assert float(given.sel(variant="charged") / given.sel(variant="free")) == pytest.approx(1, 0.05)


# --- calendars of runs ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Watched(CollectingToPlan):
    """A calendar carried out; it notes how many donors are eligible."""

    eligible: list[np.ndarray] = field(default_factory=list)

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Decide as the calendar says."""
        self.eligible.append(snapshot.eligible_donors["whole_blood"].sum(axis=(0, 1)))
        return super().__call__(snapshot)


def students(asked_later: float) -> Scenario:
    """Return firms of repeat donors and colleges of new ones, planned until June.

    Requests of September to November are *asked_later* times those of the plan.
    """
    classes = {
        "emergency": {"share": 0.35},
        "urgent": {"share": 0.35, "reserve_days": 1},
        "elective": {"share": 0.3, "reserve_days": 2},
    }
    requests = {"profile": "asked", "emergency_substitution": "none", "variance_to_mean": 2}
    calendar = {**CALENDAR, "rounds": 6}
    charged = {**calendar, "donor_value": True}
    return planted(
        {month: asked_later if month in (9, 10, 11) else 1.0 for month in range(1, 13)},
        176.0,
        {"group": 0.1, "campus": 0.8},
        **{
            "demand.red_cells": {**requests, "classes": classes},
            "donor_pools": {"whole_blood": {"mean_return_days": 60.0, "elasticity": 1.0}},
            "overrides": {
                "free": {"policies": {"collection": calendar}},
                "charged": {"policies": {"collection": charged}},
            },
            "variants": {"free": ["free"], "charged": ["charged"]},
        },
    )


def followed(scenario: Scenario, last: date) -> tuple[dict[str, Watched], Results]:
    """Carry out the calendars of two variants, and the default one after them, until a day."""
    days = (last - scenario.run.score_start).days + 1
    judged = starting(scenario, scenario.run.score_start, days)
    judged = judged.set("policies.collection", {"kind": "optimized"})
    world = compile_world(judged)
    assert world.drives is not None
    policies = {}
    for variant in with_calendars(choose(scenario)):
        (edition,) = variant.policy.editions
        plan, default = edition.plan, world.drives.calendar[world.score_first :]
        more = days - len(plan.visits)
        longer = replace(
            plan,
            visits=np.concatenate([plan.visits, default[len(plan.visits) : days]]),
            factors=np.concatenate([plan.factors, np.ones((more, *plan.factors.shape[1:]))]),
            target_days=np.concatenate([plan.target_days, np.full((more, 2), 9.0)]),
        )
        own = variant.policy
        policies[variant.name] = Watched(
            own.transfers,
            (Edition(edition.day, longer),),
            "red_cells",
            own.gain,
            own.lower_gain,
            0.0,
        )
    return policies, simulate(judged, WORLDS, 2, policies=policies, variants=[])


def test_calendars_of_runs_that_charge_donors_ask_new_ones_and_leave_more_for_a_dip_after_them():
    scenario = students(asked_later=1.5)
    policies, results = followed(scenario, date(2025, 11, 30))
    free, charged = (policies[name] for name in ("free", "charged"))
    last = (scenario.run.score_end - scenario.run.score_start).days
    assert charged.eligible[last].mean() > 1.3 * free.eligible[last].mean()
    day = results.daily.sel(product="red_cells").isel(day=slice(0, last + 1))
    given = day["collected"].sum(["day", "region"]).mean("replication")
    assert float(given.sel(variant="charged") / given.sel(variant="free")) == pytest.approx(1, 0.02)
    cost = metrics.cost(results)
    mean, half = paired(cost, "charged", "free")
    assert mean + half < -0.2 * float(cost.sel(variant="free").mean())
    visits = {name: policy.editions[0].plan.visits for name, policy in policies.items()}
    campus = [k for k, name in enumerate(sources_of(scenario)) if name.endswith("campus")]
    asked = {name: calendar[: last + 1, campus].sum() for name, calendar in visits.items()}
    assert asked["charged"] > 1.3 * asked["free"]


def sources_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the names of the sources of visits."""
    drives = compile_world(scenario).drives
    assert drives is not None
    return drives.table.names


# --- the charge -----------------------------------------------------------------------------------


def test_a_unit_is_worth_what_it_spares_while_it_lives_but_no_more_than_one_that_is_missing():
    world, paths = weekly_world()
    assert not unit_prices(world, replace(paths, usable=np.full((42, 1, 2), 999.0))).any()
    low = np.full((42, 1, 2), 999.0)
    low[20] = 25.0  # 2.5 days: below 8, 7, 6, 5, 4 and 3 days
    price = unit_prices(world, replace(paths, usable=low))[:, 0]
    day = 0.005 + 0.01 + 0.03 + 0.1 + 0.4
    np.testing.assert_allclose(price[7:21], day)
    np.testing.assert_allclose(price[41], 13 * day / 42)  # days after the last count as a mean one
    assert not price[:7].any()
    short = replace(paths, usable=np.zeros((42, 1, 2)))
    np.testing.assert_allclose(unit_prices(world, short), UNSERVED)


def test_a_calendar_moves_to_the_days_that_cost_the_future_less():
    world, paths = weekly_world()
    weeks = Weeks.of(42)
    calm = replace(paths, asked=np.full((42, 1), 10.0))
    even = plan_collection(world, calm, calm)
    free = replace(world, later_points=np.full((42, 1, 1), 3.0))
    assert np.array_equal(plan_collection(free, calm, calm).visits, even.visits)
    assert not visit_charge(world, calm, weeks).any()
    assert np.allclose(visit_charge(free, calm, weeks), 0)
    later = np.repeat([0.0, 6.0], [14, 28])[:, None, None]
    charged = plan_collection(replace(world, later_points=later), calm, calm)
    assert charged.visits.sum() == even.visits.sum()
    assert charged.visits[:14].sum() > even.visits[:14].sum()
    dearer = visit_charge(replace(world, later_points=later), calm, weeks)[:, 0]
    np.testing.assert_allclose(dearer, 10 * np.repeat([-4.0, 2.0], [2, 4]))
    steady = replace(world, sessions=np.full((42, 1, 1), 10.0), later_points=later)
    np.testing.assert_allclose(
        session_charge(steady, calm, weeks)[:, 0, 0], 70 * np.repeat([-4.0, 2.0], [2, 4])
    )


def test_without_a_pool_or_a_second_round_donors_cannot_be_charged():
    calendar = {**CALENDAR, "donor_value": True, "rounds": 1}
    with pytest.raises(ScenarioError) as caught:
        two_regions().set("policies.collection", calendar)
    assert "no pool of donors stands behind red_cells" in str(caught.value)
    assert "donor_value is read off the second round's paths" in str(caught.value)
    pool = two_regions(donor_pools={"whole_blood": {}})
    pool.set("policies.collection", {**calendar, "rounds": 2})
