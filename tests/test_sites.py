"""Sites: chosen as well as by trying everything, explained, and opened in a run."""

from __future__ import annotations

import json
from datetime import date, timedelta
from io import StringIO
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from ruamel.yaml import YAML

import bloodsim
from bloodsim.cli import execute
from bloodsim.model.season import SeasonalFactors
from bloodsim.model.turnout import Turnout
from bloodsim.optimize.sites import SiteChoices, choose_sites
from bloodsim.planning.parts import plan_parts
from bloodsim.planning.sites import plan_sites
from bloodsim.planning.solve import NoPlanError
from bloodsim.plots.sites import plot_sites
from bloodsim.scenario import Scenario, ScenarioError
from bloodsim.scenario.merge import merge

AREAS = {
    "north": {"region": "BJ", "residents": 300000},
    "west": {"region": "BJ", "residents": 200000},
    "harbour": {"region": "TJ", "residents": 150000},
}
CANDIDATES = {
    "mall": {"region": "BJ", "channel": "street", "minutes_to": {"north": 10, "west": 25}},
    "square": {
        "region": "BJ",
        "channel": "street",
        "minutes_to": {"north": 40, "west": 12},
        "hours": {
            "all_week": {"cost_per_year": 1.0},
            "weekends": {
                "open_weekdays": ["sat", "sun"],
                "cost_per_year": 0.4,
                "gifts_factor": 0.5,
            },
        },
    },
    "quay": {"region": "TJ", "channel": "street", "minutes_to": {"harbour": 8}},
}


def world(candidates: dict[str, Any] | None = None, **search: Any) -> Scenario:
    resources = {
        "residential_areas": AREAS,
        "candidate_sites": merge(CANDIDATES, candidates or {}),
        "site_plan": search or {"most_sites": 1},
    }
    return bloodsim.load("minimal").set("resources", resources)


def random_choices(seed: int, goal: Any) -> SiteChoices:
    """Six sites, the first two with two ways of opening, ten areas, two places."""
    rng = np.random.default_rng(seed)
    site = np.array([0, 0, 1, 1, 2, 3, 4, 5])
    minutes = rng.integers(5, 90, (8, 10)).astype(float)
    minutes[1], minutes[3] = minutes[0], minutes[2]
    residents = rng.integers(10, 200, 10).astype(float)
    already = np.where(rng.random(10) < 0.3, 35.0, np.inf)
    rate = rng.uniform(0.5, 2.0, 8)
    gifts = rate[:, None] * residents * (minutes <= 40) * (already > 40)
    in_place = np.array([site < 3, site >= 3])
    return SiteChoices(
        goal=goal, site=site, cost=rng.uniform(0.5, 2.0, 8).round(2), gifts=gifts,
        minutes=minutes, residents=residents, minutes_already=already, in_place=in_place,
        least=np.array([0, 1]), most=3, budget=3.5,
    )  # fmt: skip


def goal_of(choices: SiteChoices, opened: tuple[int, ...]) -> float:
    """Return what the goal says of a set of options, larger = better."""
    chosen = list(opened)
    if choices.goal == "gifts":
        return float(choices.gifts[chosen].max(axis=0, initial=0).sum())
    nearest = np.minimum(choices.minutes[chosen].min(axis=0, initial=np.inf), choices.far_minutes)
    return -float(choices.residents @ np.minimum(nearest, choices.minutes_already))


def allowed(choices: SiteChoices, opened: tuple[int, ...]) -> bool:
    chosen = np.array(opened, dtype=int)
    return (
        len(set(choices.site[chosen].tolist())) == len(chosen)
        and choices.cost[chosen].sum() <= (choices.budget or np.inf) + 1e-9
        and bool((choices.in_place[:, chosen].sum(axis=1) >= choices.least).all())
    )


@pytest.mark.parametrize("goal", ["gifts", "travel_time"])
@pytest.mark.parametrize("seed", range(12))
def test_no_set_of_sites_is_better(seed: int, goal: str) -> None:
    choices = random_choices(seed, goal)
    sets = [s for n in range(4) for s in combinations(range(8), n) if allowed(choices, s)]
    best = max(goal_of(choices, s) for s in sets)
    found = choose_sites(choices)
    opened = tuple(found.opened.tolist())
    assert found.status == "optimal"
    assert allowed(choices, opened)
    assert goal_of(choices, opened) == pytest.approx(best)
    if goal == "gifts":
        assert found.gifts == pytest.approx(best)
    else:
        assert choices.residents @ found.minutes == pytest.approx(-best)


@pytest.mark.parametrize("p", [1, 2, 3, 4])
def test_medians_of_points_on_a_line(p: int) -> None:
    """With p medians of 3p points in a row, each serves its two neighbours: 2 p steps in all."""
    n = 3 * p
    places = np.arange(n)
    choices = SiteChoices(
        goal="travel_time", site=places, cost=np.ones(n), gifts=np.zeros((n, n)),
        minutes=np.abs(places[:, None] - places).astype(float), residents=np.ones(n),
        minutes_already=np.full(n, np.inf), in_place=np.ones((1, n), dtype=bool),
        least=np.array([0]), most=p,
    )  # fmt: skip
    found = choose_sites(choices)
    assert found.opened.tolist() == list(range(1, n, 3))
    assert found.minutes.sum() == 2 * p


def test_equal_gifts_take_the_cheaper_hours() -> None:
    candidates = {
        "mall": {"permit": "refused"},
        "square": {"hours": {"weekends": {"gifts_factor": 1.0}}},
    }
    found = plan_sites(world(candidates, budget_per_year=3.0)).table.set_index("site")
    assert found.loc["square", "hours"] == "weekends"


def test_hours_are_chosen_under_the_budget() -> None:
    rich = plan_sites(world(budget_per_year=3.0)).table.set_index("site")
    poor = plan_sites(world(budget_per_year=0.5)).table.set_index("site")
    # The mall already has west within reach: the square would bring nothing on top.
    assert rich["decision"].to_dict() == {"mall": "open", "square": "not opened", "quay": "open"}
    assert poor["decision"].to_dict() == {
        "mall": "not opened", "square": "open", "quay": "not opened",
    }  # fmt: skip
    assert poor.loc["square", "hours"] == "weekends"
    assert poor.loc["square", "gifts_per_year"] == pytest.approx(200 * 10 * 0.5)


def test_comfort_and_parking_scale_gifts() -> None:
    plain = plan_sites(world()).gifts_per_year
    nicer = {"mall": {"comfort_factor": 1.2, "parking_factor": 1.5}}
    assert plan_sites(world(nicer)).gifts_per_year == pytest.approx(1.8 * plain)


def test_a_missing_permit_bars_and_a_late_one_delays() -> None:
    refused = plan_sites(world({"mall": {"permit": "refused"}})).table.set_index("site")
    assert refused.loc["mall", "decision"] == "barred"
    assert refused.loc["square", "decision"] == "open"
    undated = plan_sites(world({"mall": {"permit": "pending"}})).table.set_index("site")
    assert undated.loc["mall", "decision"] == "barred"
    first = world().run.score_start
    opens = first + timedelta(days=73)
    late = {"mall": {"permit": "pending", "permit_date": opens.isoformat()}}
    found = plan_sites(world(late)).table.set_index("site")
    assert found.loc["mall", "opens_on"] == opens
    assert found.loc["mall", "gifts_per_year"] == pytest.approx(0.8 * 5000)


def test_sites_that_are_open_leave_nothing_new_in_their_reach() -> None:
    tree = world().set(
        "resources.sites",
        {
            "old": {
                "region": "BJ", "channel": "street", "donors_per_day": 5,
                "minutes_to": {"north": 15, "west": 15},
            }
        },
    )  # fmt: skip
    assert plan_sites(tree).opened == ("quay",)


def test_every_place_gets_its_sites() -> None:
    assert plan_sites(world(most_sites=1)).opened == ("mall",)
    assert plan_sites(world(most_sites=2, least_per_place=1)).opened == ("mall", "quay")
    own = {"mall": {"city": "Haidian"}, "square": {"city": "Daxing"}}
    found = plan_sites(world(own, most_sites=3, least_per_place=1))
    assert set(found.opened) == {"mall", "square", "quay"}


def test_by_need_follows_demand() -> None:
    poor = {"quay": {"gifts_per_1000_residents_year": 0.001}}
    assert "quay" not in plan_sites(world(poor, budget_per_year=1.0)).opened
    scenario = world(poor, most_sites=3, by_need=True).set(
        "regions.TJ.demand_per_day.red_cells", 3000.0
    )
    assert "quay" in plan_sites(scenario).opened


def test_what_cannot_be_met_is_named_with_its_relaxation() -> None:
    with pytest.raises(NoPlanError) as error:
        plan_sites(world(most_sites=1, least_per_place=1))
    assert any(
        "most_sites would have to give way by 1" in said for said in error.value.clashes
    ) or any("fewest sites in" in said for said in error.value.clashes)


def test_no_search_is_a_problem_of_the_scenario() -> None:
    with pytest.raises(ScenarioError, match="site_plan"):
        plan_sites(bloodsim.load("minimal"))


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ({"site_plan": {"most_sites": None}}, "neither most_sites nor budget_per_year"),
        (
            {"site_plan": {"most_sites": None, "budget_per_year": 2, "by_need": True}},
            "which is not given",
        ),
        (
            {"candidate_sites": {"park": {"region": "BJ", "channel": "street"}}},
            "nobody is within reach",
        ),
        (
            {"candidate_sites": {"mall": {"minutes_to": {"nort": 5}}}},
            "unknown residential area 'nort'",
        ),
        ({"candidate_sites": {"mall": {"catchment": {10: 5}}}}, "would count twice"),
        ({"candidate_sites": {"mall": {"permit_date": "2026-03-01"}}}, "a permit that is held"),
        (
            {"candidate_sites": {"mall": {"hours": {"odd": {"first_hour": 18}}}}},
            "it opens at 18 h",
        ),
        ({"residential_areas": {"north": {"region": "BX"}}}, "unknown region 'BX'"),
        (
            {
                "candidate_sites": {
                    "park": {"region": "BJ", "channel": "street", "catchment": {9: 9}}
                },
                "site_plan": {"goal": "travel_time", "most_sites": 1},
            },
            "no travel times to residential areas",
        ),
    ],
)
def test_sites_that_cannot_be_meant(resources: dict[str, Any], said: str) -> None:
    tree = merge(world().raw, {"resources": resources})
    with pytest.raises(ScenarioError) as error:
        Scenario.from_mapping(tree)
    assert said in str(error.value)


def test_the_patch_opens_the_sites_and_brings_their_gifts() -> None:
    first, year = date(2026, 1, 1), 365
    tree = world(most_sites=2, least_per_place=1).set("run.score_start", first.isoformat())
    found = plan_sites(tree)
    patch = YAML(typ="safe", pure=True).load(StringIO(found.patch_yaml()))
    opened = Scenario.from_mapping(merge(tree.raw, patch)).variant("with_sites")
    days = [first + timedelta(days=k) for k in range(year)]

    def invited(scenario: Scenario) -> float:
        calendar = scenario.calendar.build()
        factors = SeasonalFactors(scenario, days, calendar)
        turnout = Turnout(scenario, days, calendar)
        means = turnout.of_all(lambda profile: factors.by_region(profile, 1.0))
        channel = scenario.channels["street"]
        comes = (1 - channel.missing_share) * (1 - channel.deferral_share)
        return float(means["street"].sum()) * comes

    more = invited(opened) - invited(tree)
    assert more == pytest.approx(found.gifts_per_year, rel=1e-3)


def test_plan_prints_saves_and_draws_sites(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "world.yaml"
    yaml = YAML()
    tree = {
        "schema_version": 1, "extends": "minimal",
        "resources": {
            "residential_areas": AREAS, "candidate_sites": CANDIDATES,
            "site_plan": {"most_sites": 2},
        },
    }  # fmt: skip
    yaml.dump(tree, file)
    out = tmp_path / "out"
    assert execute(["plan", str(file), "--what", "sites", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "open 2 of 3 candidate sites: mall, quay" in said
    assert "donors_per_day" in said
    saved = json.loads((out / "plan.json").read_text("utf-8"))
    assert [row["decision"] for row in saved["sites"]["sites"]] == ["open", "not opened", "open"]
    book = openpyxl.load_workbook(out / "plan.xlsx")
    assert book["sites"]["A2"].value == "mall"
    assert (out / "sites.svg").read_bytes().startswith(b"<?xml")
    assert (out / "sites.csv").exists()
    assert execute(["plan", str(file), "--what", "sights"]) == 2
    clash = ["--set", "resources.site_plan={most_sites: 1, least_per_place: 1}"]
    assert execute(["plan", str(file), "--what", "sites", *clash]) == 4
    assert "give way by" in capsys.readouterr().err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_chart_shows_every_candidate(lang: Any) -> None:
    proposal = plan_parts(world({"quay": {"permit": "refused"}}), ["sites"])
    chart = plot_sites(proposal, lang=lang)
    assert list(chart.data["decision"]) == ["open", "not opened", "barred"]
    assert chart.content("svg")
