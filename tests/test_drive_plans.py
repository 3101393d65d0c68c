"""Plans of drives for the coming weeks: within limits, near their bound, kept to what stands."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from ruamel.yaml import YAML

import bloodsim
from bloodsim.cli import execute
from bloodsim.decision import NOTHING, Plan, Snapshot
from bloodsim.experiment import simulate
from bloodsim.planning.drives import DrivesProposal, plan_calendar
from bloodsim.planning.held import read_visits
from bloodsim.planning.solve import NoPlanError
from bloodsim.planning.today import starting
from bloodsim.plots.drive_calendar import plot_drive_calendar
from bloodsim.scenario import Scenario, ScenarioError

START, COMMIT = date(2026, 1, 15), 14
REGIONS = ("BJ", "TJ", "HE")
FEW = ["--from", START.isoformat(), "--weeks", "3"]


def resources(**changes: Any) -> dict[str, Any]:
    plants = {
        f"plant_{k}": {
            "region": region,
            "channel": "street",
            "headcount": 800,
            "donors_per_visit": 150,
            "quota": 200,
            "closures": [{"from_date": "02-02", "to_date": "02-04"}],
        }
        for k, region in enumerate(REGIONS * 2)
    }
    pools = {
        f"{region.lower()}_pool": {
            "region": region,
            "channel": "street",
            "organisations": 300,
            "donors_per_visit": 60,
        }
        for region in REGIONS
    }
    return {
        "organisations": plants,
        "organisation_pools": pools,
        "drives": {"teams_per_day": 3, "commit_days": COMMIT},
        **changes,
    }


@cache
def world() -> Scenario:
    """Return three regions that collect too little: days matter."""
    scenario = bloodsim.load("minimal").set("resources", resources())
    for name in REGIONS:
        daily = scenario.regions[name].donors_per_day["street"]
        scenario = scenario.set(f"regions.{name}.donors_per_day.street", 0.56 * daily)
    return scenario


@cache
def proposal() -> DrivesProposal:
    return plan_calendar(world(), START, 4)


def test_no_calendar_is_below_the_bound_and_the_plan_is_not_worse_than_the_default() -> None:
    found = proposal()
    assert found.bound <= found.objective + 1e-6
    assert found.bound <= found.objective_usual + 1e-6
    assert found.objective <= found.objective_usual
    assert found.gap < 0.005
    assert found.objective < found.objective_usual - 100  # days matter in this world


def test_visits_keep_teams_gaps_closures_and_what_is_committed() -> None:
    table = proposal().table
    new = table[~table["committed"]]
    assert new["date"].min() >= START + timedelta(days=COMMIT)
    assert table[table["committed"]]["date"].max() < START + timedelta(days=COMMIT)
    assert table.groupby(["date", "region"])["teams"].sum().max() <= 3
    plants = table[table["organisation"].str.startswith("plant")]
    assert max(Counter(plants["organisation"]).values()) == 1  # gap 180 days
    closed = {date(2026, 2, d) for d in (2, 3, 4)}
    assert not closed & set(plants["date"])
    assert closed <= set(proposal().closed["plant_0"])


def test_the_plan_visits_as_many_donors_as_the_default_calendar() -> None:
    new = proposal().table[~proposal().table["committed"]]
    usual = plan_calendar(world(), START, 4, rounds=0)
    other = usual.table[~usual.table["committed"]]
    mine, theirs = (t.groupby("region")["donors"].sum() for t in (new, other))
    assert (mine <= theirs + 1e-6).all()
    assert usual.objective == pytest.approx(proposal().objective_usual)


@dataclass
class Held:
    """A policy that commits the plan's visits on the first day."""

    rows: tuple[tuple[str, int, int], ...]
    review_days: int = 300

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return the plan's visits as a mask."""
        table = snapshot.drives
        if table is None or snapshot.date != START:
            return NOTHING
        index = {name: k for k, name in enumerate(table.names)}
        place = {
            key: row
            for row, key in enumerate(
                zip(table.candidate_source.tolist(), table.candidate_day.tolist(), strict=True)
            )
        }
        mask = np.zeros((len(table.candidate_day), snapshot.n_replications), dtype=int)
        for name, day, visits in self.rows:
            mask[place[index[name], snapshot.day + day]] += visits
        return Plan(drives=mask)


def test_the_simulator_accepts_the_plan() -> None:
    scenario = starting(world(), START, 42).set("policies.collection", {"kind": "optimized"})
    rows: Any = proposal().table.itertuples(index=False)
    planned = Held(
        tuple((r.organisation, (r.date - START).days, r.visits) for r in rows if not r.committed)
    )
    results = simulate(scenario, 2, 1, policies={"planned": planned}, variants=[])
    assert float(results.daily["collected"].sum()) > 0


def visits_file(folder: Path, *rows: str) -> Path:
    path = folder / "done.csv"
    path.write_text("\n".join(["organisation,date,visits,donors", *rows, ""]), encoding="utf-8")
    return path


def test_replanning_keeps_what_was_held_and_agreed(tmp_path: Path) -> None:
    held = read_visits(
        visits_file(
            tmp_path, "plant_0,2026-01-10,1,140", "plant_1,2026-02-10,,", "bj_pool,2026-01-20,2,"
        ),
        world(),
    )
    table = plan_calendar(world(), START, 3, held).table
    stands = table[table["committed"]]
    assert set(zip(stands["organisation"], stands["date"], strict=True)) == {
        ("plant_1", date(2026, 2, 10)),
        ("bj_pool", date(2026, 1, 20)),
    }
    new = set(table[~table["committed"]]["organisation"])
    assert not new & {"plant_0", "plant_1"}  # their gaps


def test_quotas_left_are_due_at_the_end_of_the_year(tmp_path: Path) -> None:
    free = {"quota": 0, "min_visits": 0}
    plants = {name: plant | free for name, plant in resources()["organisations"].items()} | {
        "plant_0": resources()["organisations"]["plant_0"]
        | {"quota": 290, "visit_gap_days": 60, "min_visits": 0}
    }
    scenario = world().set("resources", resources(organisations=plants))
    scenario = scenario.set("run.score_end", "2027-01-31")
    done = read_visits(visits_file(tmp_path, "plant_0,2026-03-02,1,140"), scenario)
    table = plan_calendar(scenario, date(2026, 11, 30), 3, done).table
    placed = table.loc[table["organisation"] == "plant_0", "date"]
    assert (placed <= date(2026, 12, 31)).sum() == 1  # of two visits one was held
    full = read_visits(
        visits_file(tmp_path, "plant_0,2026-03-02,1,150", "plant_0,2026-06-02,1,150"), scenario
    )
    assert plan_calendar(scenario, date(2026, 11, 30), 3, full).objective > 0


def test_the_bound_holds_where_promises_need_more_donors_than_usual(tmp_path: Path) -> None:
    """Beijing's default calendar has fewer donors than the visit that is due."""
    plants = {
        name: plant | {"quota": 0, "min_visits": 0}
        for name, plant in resources()["organisations"].items()
    }
    plants["plant_0"] |= {"min_visits": 1, "closures": []}
    due = resources(organisations=plants, drives={"teams_per_day": 1, "commit_days": COMMIT})
    for name in ("bj_pool", "he_pool"):
        due["organisation_pools"][name]["visits_per_year"] = 0.001
    scenario = world().set("resources", due).set("run.score_end", "2027-01-31")
    nothing = read_visits(visits_file(tmp_path), scenario)
    found = plan_calendar(scenario, date(2026, 11, 30), 3, nothing, rounds=1)
    assert "plant_0" in set(found.table["organisation"])
    assert found.bound <= found.objective


def impossible() -> dict[str, Any]:
    """Ask for six visits before the year ends, without a team."""
    plants = {
        f"plant_{k}": {
            "region": "BJ",
            "channel": "street",
            "headcount": 800,
            "donors_per_visit": 150,
            "quota": 0,
            "closures": [{"from_date": "12-19", "to_date": "12-31"}],
        }
        for k in range(6)
    }
    return resources(organisations=plants, drives={"teams_per_day": 0, "commit_days": COMMIT})


def test_what_no_calendar_can_hold_is_named_with_the_smallest_way_out(tmp_path: Path) -> None:
    scenario = world().set("resources", impossible()).set("run.score_end", "2027-01-31")
    nothing = read_visits(visits_file(tmp_path), scenario)
    with pytest.raises(NoPlanError) as error:
        plan_calendar(scenario, date(2026, 11, 30), 4, nothing)
    assert any("visits due to 'plant_0' this year" in said for said in error.value.clashes)
    assert any("teams on 2026-12-" in said for said in error.value.clashes)
    assert any("6 more teams" in said for said in error.value.clashes)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("plant_9,2026-01-10,1,", "unknown organisation 'plant_9'"),
        ("plant_0,10 January,1,", r"done\.csv:2:2 column 'date'.*must be a date"),
        ("plant_0,2026-01-10,-1,", r"column 'visits'.*must be 0 or more"),
        ("plant_0,2026-01-10,1,-5", r"column 'donors'.*must be 0 or more"),
        ("plant_0,2026-01-10,1,nan", r"column 'donors'.*must be"),
        ("plant_0", "no date on this line"),
        (",2026-01-10", "no organisation on this line"),
        ("plant_0,2026-01-10,1.5,", "visits must be whole"),
        ('"plant_0,2026-01-10', "not valid CSV"),
    ],
)
def test_lines_that_cannot_be_meant(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=f"(?s){said}"):
        read_visits(visits_file(tmp_path, row), world())


def test_visits_saved_by_a_chinese_spreadsheet_are_refused_by_line(tmp_path: Path) -> None:
    path = visits_file(tmp_path, "plant_0,2026-01-10,1,")
    path.write_bytes(path.read_bytes() + "化工厂,2026-01-11,1,".encode("gbk"))
    with pytest.raises(ScenarioError, match=r"(?s)done\.csv:3:1.*not UTF-8"):
        read_visits(path, world())


@pytest.mark.parametrize(
    ("option", "what"), [("--stock", "throttles"), ("--visits", "transfers,sites")]
)
def test_files_that_no_part_of_the_plan_reads_are_refused(
    option: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["plan", "minimal", "--what", what, option, "no.csv"]) == 2
    assert "which --what leaves out" in " ".join(capsys.readouterr().err.split())


def test_a_scenario_without_drives_says_so() -> None:
    with pytest.raises(ScenarioError, match=r"resources\.drives"):
        plan_calendar(bloodsim.load("minimal"), START, 3)


def test_the_command_prints_saves_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "world.yaml", tmp_path / "out"
    YAML().dump({"schema_version": 1, "extends": "minimal", "resources": resources()}, file)
    command = ["plan", str(file), "--what", "drives", *FEW]
    assert execute([*command, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "visits are committed" in said
    assert "transfers were not planned" in said
    assert "optimal" not in said
    saved = json.loads((out / "plan.json").read_text("utf-8"))
    assert saved["drives"][0]["organisation"]
    assert saved["calendar"]["bound"] <= saved["calendar"]["objective"]
    assert openpyxl.load_workbook(out / "plan.xlsx")["drives"]["C1"].value == "organisation"
    assert (out / "drives.svg").exists()
    assert (out / "drives.csv").exists()
    wrong = visits_file(tmp_path, "plant_9,2026-01-10,1,")
    assert execute([*command, "--visits", str(wrong)]) == 3
    assert "plant_9" in capsys.readouterr().err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_calendar_is_drawn(lang: Any) -> None:
    from dataclasses import replace

    from bloodsim.planning.parts import without_transfers

    whole = replace(without_transfers(world(), START), drives=proposal())
    chart = plot_drive_calendar(whole, lang=lang)
    assert chart.data["visits"].sum() == proposal().table["visits"].sum()
    assert chart.content("svg")
