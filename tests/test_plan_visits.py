"""Plans of drives beside a list of visits: the default calendar that is left, and the list."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_drive_plans import COMMIT, START, world

import bloodsim
from bloodsim.planning.drive_start import DriveStart, drive_start
from bloodsim.planning.drives import plan_calendar
from bloodsim.planning.held import HeldVisits, read_visits
from bloodsim.planning.parts import plan_parts
from bloodsim.planning.solve import NoPlanError
from bloodsim.planning.usual import beside_what_stands, odd_lines
from bloodsim.scenario import Scenario, ScenarioError

WEEKS = 3


def default_visits(start: DriveStart, n_days: int = COMMIT) -> HeldVisits:
    """Return the default calendar's visits up to a day of the plan, as a list."""
    assert start.world.drives is not None
    until = start.world.score_first + n_days
    day, source = np.nonzero(start.world.drives.calendar[:until])
    counts = start.world.drives.calendar[day, source].tolist()
    names = [start.world.drives.table.names[k] for k in source]
    dates = [start.world.date(int(k)) for k in day]
    return HeldVisits(dict(zip(zip(names, dates, strict=True), counts, strict=True)), {})


def test_the_programs_own_visits_given_back_make_the_same_plan() -> None:
    own = default_visits(drive_start(world(), START, WEEKS))
    agreed = {key: count for key, count in own.visits.items() if key[1] >= START}
    assert 0 < len(agreed) < len(own.visits)
    plain = plan_calendar(world(), START, WEEKS, rounds=1)
    for held in (own, HeldVisits(agreed, {})):
        listed = plan_calendar(world(), START, WEEKS, held, rounds=1)
        assert listed.table.equals(plain.table)
        for name in ("objective", "objective_usual", "bound"):
            assert getattr(listed, name) == pytest.approx(getattr(plain, name), rel=1e-12)


def test_a_line_of_no_visits_says_that_none_was_held() -> None:
    agreed = {("bj_pool", START): 1}
    assumed, none = (
        drive_start(world(), START, WEEKS, HeldVisits(visits, {}))
        for visits in (agreed, {**agreed, ("bj_pool", date(2026, 1, 2)): 0})
    )
    assert assumed.past.sum() > 0
    assert none.past.sum() == 0


@pytest.mark.parametrize("first", [START, date(2026, 1, 22)])
def test_a_list_of_visits_makes_no_plan_dearer_than_the_default_calendar(first: date) -> None:
    scenario = plentiful()
    agreed = {("plant_1", first + timedelta(days=20)): 1, ("bj_pool", first): 1}
    found = plan_calendar(scenario, first, WEEKS, HeldVisits(agreed, {}), rounds=1)
    assert not found.default_breaks
    assert found.objective <= found.objective_usual + 1e-6
    assert found.objective_usual >= found.bound - 1e-6
    without = plan_calendar(scenario, first, WEEKS, HeldVisits(agreed, {}), rounds=0)
    assert without.objective == pytest.approx(found.objective_usual)


def plentiful() -> Scenario:
    """Return a world with blood enough, where no calendar gains much."""
    scenario = world()
    for name in ("BJ", "TJ", "HE"):
        daily = scenario.regions[name].donors_per_day["street"]
        scenario = scenario.set(f"regions.{name}.donors_per_day.street", 2.2 * daily)
    return scenario


def visiting(organisations: dict[str, Any], **pools: Any) -> Scenario:
    """Return three regions with blood enough and these visits alone."""
    drives = {"teams_per_day": 3, "commit_days": COMMIT}
    own = {"organisations": organisations, "organisation_pools": pools, "drives": drives}
    return bloodsim.load("minimal").set("resources", own)


def organisation(**changes: Any) -> dict[str, Any]:
    mill = {"region": "BJ", "channel": "street", "headcount": 800, "donors_per_visit": 150}
    return {**mill, **changes}


def test_the_default_calendar_keeps_gaps_and_teams_beside_what_is_agreed() -> None:
    day = date(2026, 2, 10)
    scenario = visiting(
        {
            "mill": organisation(visits=[day.isoformat()]),
            "bank": organisation(),
            "dock": organisation(visits=[day.isoformat()], region="TJ"),
        },
        shops={"region": "BJ", "channel": "street", "organisations": 900, "donors_per_visit": 20},
    )
    plain = drive_start(scenario, START, WEEKS)
    mill, shops, dock = (plain.world.drives.table.names.index(n) for n in ("mill", "shops", "dock"))
    at = (day - START).days
    assert plain.usual[at, [mill, shops, dock]].tolist() == [1, 2, 1]

    def beside(*agreed: tuple[str, date, int]) -> list[int]:
        held = HeldVisits({(name, when): count for name, when, count in agreed}, {})
        left = beside_what_stands(drive_start(scenario, START, WEEKS, held)).usual
        assert (left <= plain.usual).all()
        return left[at, [mill, shops, dock]].tolist()

    assert beside() == [1, 2, 1]
    assert beside(("mill", day + timedelta(days=3), 1)) == [0, 2, 1]  # within its gap, later
    assert beside(("mill", START - timedelta(days=100), 1)) == [0, 2, 1]  # and before
    assert beside(("mill", START - timedelta(days=179), 1)) == [1, 2, 1]
    assert beside(("bank", day, 2)) == [1, 0, 1]  # two of three teams are out
    assert beside(("bank", day, 4)) == [0, 0, 1]
    assert beside(("shops", day - timedelta(days=40), 899)) == [1, 0, 1]  # one was used up before


def test_a_plan_dearer_than_the_default_calendar_says_which_promise_forces_it() -> None:
    """A visit is due by the end of the year; nobody is short of blood."""
    scenario = visiting({"mill": organisation(min_visits=2, visit_gap_days=30)})
    found = plan_calendar(scenario, date(2026, 11, 23), WEEKS, HeldVisits({}, {}), rounds=1)
    (said,) = found.default_breaks
    assert "'mill'" in said
    assert found.objective > found.objective_usual
    assert f"which does not keep what was agreed: {said}" in " ".join(found.summary())


def test_a_list_with_chinese_headings_and_dates_is_read(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_text(
        "日期,单位,场次,人次\n2026年1月8日,bj_pool,2,110\n2026/2/3,plant_0,,\n", "utf-8"
    )
    held = read_visits(path, world())
    days = ("bj_pool", date(2026, 1, 8)), ("plant_0", date(2026, 2, 3))
    assert held.visits == {days[0]: 2, days[1]: 1}
    assert held.donors == {days[0]: 110.0}
    path.write_text("机构,日期\nplant_0,2026-02-03\n", "utf-8")
    assert read_visits(path, world()).visits == {days[1]: 1}


def test_agreed_visits_that_could_not_have_been_planned_are_named_with_their_line(
    tmp_path: Path,
) -> None:
    rows = (
        "plant_0,2026-02-03",  # closed
        "plant_1,2026-01-20",
        "plant_1,2026-01-27",  # within the gap
        "he_pool,2026-01-21,4",  # of three teams
        "tj_pool,2026-03-01",  # after the plan
        "tj_pool,2026-01-21",
    )
    path = tmp_path / "visits.csv"
    path.write_text("\n".join(["organisation,date,visits", *rows, ""]), "utf-8")
    held = read_visits(path, world())
    notes = list(odd_lines(drive_start(world(), START, WEEKS, held), held))
    assert len(notes) == 6
    assert notes[0].startswith("the list has no visit before 2026-01-15")
    for line, said in (
        (2, "is on a closed day"),
        (3, "makes 2 in 180 days"),
        (4, "makes 2 in 180 days"),
        (5, "takes 4 teams, HE has 3"),
        (6, "after the plan's last day"),
    ):
        assert sum(f"visits.csv:{line}:1" in note and said in note for note in notes) == 1
    fine = HeldVisits({("tj_pool", date(2026, 1, 21)): 1, ("tj_pool", date(2026, 1, 6)): 1}, {})
    assert not list(odd_lines(drive_start(world(), START, WEEKS, fine), fine))


def test_a_plan_that_leaves_most_visits_out_says_so_and_why() -> None:
    found = plan_calendar(plentiful(), START, WEEKS, rounds=1)
    new = found.table[~found.table["committed"]]
    visits, donors = found.usual
    assert new["donors"].sum() < 0.1 * donors  # nothing is short
    said = " ".join(found.summary())
    assert (
        f"the default calendar has {visits} visits and {donors:,.0f} donors in their place" in said
    )
    assert "more of them would cost more than they save" in said
    scarce = plan_calendar(world(), START, WEEKS, rounds=1)
    assert "in their place" not in " ".join(scarce.summary())


@pytest.mark.parametrize(("weeks", "says"), [(1, False), (3, True)])
def test_plans_beyond_the_last_scored_day_say_so(weeks: int, says: bool) -> None:
    scenario = world().set("run.score_end", "2026-01-25")
    notes = plan_parts(scenario, ["throttles"], START, weeks=weeks).notes
    assert any("beyond the scenario's last scored day, 2026-01-25" in n for n in notes) is says


def test_what_is_due_is_told_with_its_number_and_what_asks_for_it() -> None:
    first = date(2026, 11, 23)
    held = HeldVisits({("mill", date(2026, 2, 2)): 1}, {("mill", date(2026, 2, 2)): 130.0})
    for asked, said in (
        ({"min_visits": 4}, "2 by 2026-12-27: min_visits 4, of which 1 held or agreed"),
        (
            {"quota": 600, "min_visits": 0},
            "3 by 2026-12-27: quota 600 donors, of which 130 came or are agreed, 150 a visit",
        ),
    ):
        scenario = visiting({"mill": organisation(visit_gap_days=30, **asked)})
        with pytest.raises(NoPlanError) as error:
            plan_calendar(scenario, first, WEEKS, held, rounds=1)
        assert f"visits due to 'mill' this year ({said})" in error.value.clashes[0]


def test_each_visit_has_what_a_donor_of_its_day_is_worth() -> None:
    for scenario, needed in ((world(), True), (plentiful(), False)):
        found = plan_calendar(scenario, START, WEEKS, rounds=1)
        donation, _ = found.effort
        assert donation > 0
        worth = found.table.loc[~found.table["committed"], "worth_per_donor"]
        assert (worth > donation).any() if needed else (worth <= donation).all()
    usual = plan_calendar(world(), START, WEEKS, rounds=0).table
    assert (usual["worth_per_donor"] > donation).any()
    assert usual.groupby(["date", "region"])["worth_per_donor"].nunique().max() == 1


def test_what_parts_of_a_plan_lack_is_said_before_any_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*_: Any, **__: Any) -> None:
        raise AssertionError("a part was planned")

    for name in ("plan_calendar", "plan_throttles", "plan_sites"):
        monkeypatch.setattr(f"bloodsim.planning.parts.{name}", work)
    monkeypatch.setattr("bloodsim.planning.plan", work)
    everything = ("transfers", "drives", "throttles", "sites")
    with pytest.raises(ScenarioError) as error:
        plan_parts(bloodsim.load("minimal"), everything, START)
    assert [p.path for p in error.value.problems] == [
        ("resources", "drives"),
        ("resources", "site_plan"),
    ]
    wrong = tmp_path / "visits.csv"
    wrong.write_text("organisation,date\nnobody,2026-02-03\n", "utf-8")
    with pytest.raises(ScenarioError, match="nobody"):
        plan_parts(world(), ("transfers", "drives"), START, visits=wrong)
