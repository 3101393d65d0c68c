"""Plans of drives that may change street turnout and call repeat donors as well."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from numpy.typing import NDArray
from ruamel.yaml import YAML

import bloodsim
from bloodsim.cli import execute
from bloodsim.decision import Plan, Snapshot
from bloodsim.experiment import simulate
from bloodsim.planning import drives
from bloodsim.planning.drive_levers import (
    APPEAL_RISE,
    KEPT_DAYS,
    Levers,
    LeverUse,
    netted,
    worn_out,
)
from bloodsim.planning.drive_proposal import APPEAL_COLUMNS, STREET_COLUMNS
from bloodsim.planning.drive_start import DriveStart, drive_start
from bloodsim.planning.drives import DrivesProposal, _Asked, _best, plan_calendar
from bloodsim.planning.parts import plan_parts, without_transfers
from bloodsim.planning.today import starting
from bloodsim.plots.drive_calendar import plot_drive_calendar
from bloodsim.scenario import Scenario, ScenarioError

START, WEEKS, COMMIT = date(2026, 1, 8), 4, 7
REGIONS, VISITED = ("BJ", "TJ", "HE"), ("BJ", "HE")
BOTH = ("street", "appeals")


def resources(**changes: Any) -> dict[str, Any]:
    """Return pools of workplaces that teams visit."""
    pools = {
        f"{region.lower()}_pool": {
            "region": region,
            "channel": "workplaces",
            "organisations": 200,
            "donors_per_visit": 60,
        }
        for region in VISITED
    }
    drives = {"teams_per_day": 2, "commit_days": COMMIT}
    return {"organisation_pools": pools, "drives": drives, **changes}


@cache
def world(january: float = 1.5, pool: bool = False, first_time: float = 0.4) -> Scenario:
    """Return three regions that need most in January and collect the same all year.

    Two have workplaces to visit. Street turnout is not steered (gain 0), but could be between 0.7
    and 1.2 of usual.
    """
    scenario = bloodsim.load("minimal").set("profiles.steady", {})
    scenario = scenario.set("run.warmup_days", 50)
    needs = {month: january if month == 1 else 0.9 for month in range(1, 13)}
    scenario = scenario.set("profiles.needs", {"month": needs}).set(
        "demand.red_cells.profile", "needs"
    )
    street = scenario.raw["channels"]["street"]
    street |= {"first_time_share": first_time, "profile": "steady"}
    steered = {"product": "red_cells", "target_cover_days": {0: 8}, "gain": 0.0}
    visits = street | {"label": {"zh": "单位", "en": "Workplaces"}, "regulation": None}
    street |= {"regulation": steered | {"min_factor": 0.7, "max_factor": 1.2}}
    channels = scenario.raw["channels"] | {"street": street, "workplaces": visits}
    scenario = scenario.set("channels", channels).set("resources", resources())
    return scenario.set("donor_pools", {"whole_blood": {}}) if pool else scenario


def planned(scenario: Scenario, weeks: int = 2, beside: tuple[str, ...] = ()) -> DrivesProposal:
    return plan_calendar(scenario, START, weeks, rounds=1, beside=beside)


@cache
def proposal(*beside: str) -> DrivesProposal:
    return planned(world(), WEEKS, beside)


@cache
def appealing(*beside: str) -> DrivesProposal:
    return planned(late(), 2, beside)


def late(**changes: Any) -> Scenario:
    """Return the world in which visits can only be placed once January is over."""
    drives = {"teams_per_day": 2, "commit_days": 25}
    return world(**changes).set("resources.drives", drives)


def change(found: DrivesProposal) -> pd.Series[float]:
    """Return donors by region beside visits, against usual."""
    assert found.street is not None
    assert found.appeals is not None
    moved = found.street["donors"] - found.street["usual_donors"]
    by_region = moved.groupby(found.street["region"]).sum()
    called = found.appeals.groupby("region")["donors"].sum()
    return of_all(by_region).add(of_all(called))


def of_all(donors: pd.Series[float]) -> pd.Series[float]:
    return donors.reindex(list(REGIONS)).fillna(0.0).astype(float)


def visited(found: DrivesProposal) -> pd.Series[float]:
    new = found.table[~found.table["committed"]]
    return of_all(new.groupby("region")["donors"].sum())


# ------------------------------------------------------------------------------ where levers pay


def test_street_turnout_is_raised_while_blood_is_short_and_lowered_after() -> None:
    alone, found = proposal(), proposal("street")
    assert found.street is not None
    assert found.objective < alone.objective - 100
    assert found.objective_usual == pytest.approx(alone.objective_usual)
    assert found.gap < 0.005
    by_week = found.street.groupby("date")[["donors", "usual_donors"]].sum()
    more = by_week["donors"] - by_week["usual_donors"]
    assert more[date(2026, 1, 15)] > 0 > more[date(2026, 1, 22)]
    assert found.street["factor"].between(0.7 - 1e-9, 1.2 + 1e-9).all()
    np.testing.assert_allclose(found.street["usual_factor"], 1.0)
    assert found.street["date"].min() == START + timedelta(days=1)  # today's turnout stands
    lowered = found.street[found.street["donors"] < found.street["usual_donors"]]
    assert lowered["until"].max() <= found.last - timedelta(days=KEPT_DAYS)


def test_appeals_bring_donors_where_visits_come_too_late() -> None:
    found, alone = appealing("appeals"), appealing()
    assert found.appeals is not None
    assert found.appeals["donors"].sum() > 500
    in_january = found.appeals["date"] <= date(2026, 1, 31)
    assert found.appeals["donors"][in_january].sum() > 0.8 * found.appeals["donors"].sum()
    assert found.appeals["rise"].max() == pytest.approx(APPEAL_RISE)
    assert found.objective < alone.objective - 100
    assert found.bound <= found.objective + 1e-6


def test_nothing_changes_where_nothing_is_short_and_the_plan_says_why() -> None:
    found, alone = planned(world(0.9), 2, BOTH), planned(world(0.9))
    assert found.street is not None
    assert found.appeals is not None
    assert found.street.empty
    assert found.appeals.empty
    assert found.table.equals(alone.table)
    assert (found.objective, found.bound) == (alone.objective, alone.bound)
    said = " ".join(found.summary())
    assert "street turnout stays as it is: on no day" in said
    assert "no appeal: on no day" in said
    assert not found.facts()["levers"]["wanted"]


def test_a_channel_without_a_range_is_not_throttled() -> None:
    still = {"min_factor": 1.0, "max_factor": 1.0}
    rule = world().raw["channels"]["street"]["regulation"] | still
    fixed = world().set("channels.street.regulation", rule)
    found = planned(fixed, WEEKS, ("street",))
    assert found.street is not None
    assert found.street.empty
    assert found.objective == pytest.approx(proposal().objective)
    assert "no change that was tried costs less" in " ".join(found.summary())


# ------------------------------------------------------------------------------ what holds them


def test_levers_and_visits_share_the_donors_of_the_default_calendar() -> None:
    usual = visited(plan_calendar(world(), START, WEEKS, rounds=0))
    found = proposal(*BOTH)
    total = visited(found) + change(found)
    assert (total <= usual + 1.0).all()  # small changes are not listed
    assert change(found).abs().max() > 100


@pytest.mark.parametrize("fatigue", [{"loss_per_day": 0.5, "lowest": 0.0, "recovery_days": 365}])
def test_appeals_wear_out(fatigue: dict[str, float]) -> None:
    fresh = late().set("donor_pools", {"fatigue": {"loss_per_day": 0.0}})
    tired = late().set("donor_pools", {"fatigue": fatigue})
    plans = [planned(each, 2, ("appeals",)) for each in (fresh, tired)]
    donors = [0.0 if p.appeals is None else p.appeals["donors"].sum() for p in plans]
    assert donors[1] < 0.5 * donors[0]
    assert plans[1].objective > plans[0].objective + 100
    first = plans[0].appeals
    assert first is not None
    usual = donors_of_street(fresh, first)
    np.testing.assert_allclose(first["donors"], first["rise"] * usual, rtol=0.02)


def donors_of_street(scenario: Scenario, table: pd.DataFrame) -> NDArray[np.floating]:
    """Return the expected donors of the street on the days and in the regions of a table."""
    start = drive_start(scenario, START, 2)
    street = next(c for c in start.world.channels if c.name == "street")
    rows: Any = table.itertuples(index=False)
    return np.array([
        street.invited_mean[start.world.score_first + (row.date - START).days,
                            start.world.regions.index(row.region)] * (1 - street.deferral_share)
        for row in rows
    ])  # fmt: skip


def test_donors_who_are_called_are_missing_later() -> None:
    """The called stay away later, unless turnout does not answer to who is eligible."""
    found = []
    for elasticity in (0.0, 1.0):
        pool = {"mean_return_days": 10.0, "elasticity": elasticity}
        scenario = late().set("donor_pools", {"whole_blood": pool})
        plan = plan_calendar(scenario, START, 2, rounds=1, donor_value=False, beside=["appeals"])
        assert plan.appeals is not None
        found.append(plan.appeals["donors"].sum())
    assert 0 < found[1] < 0.5 * found[0]


def test_no_week_has_an_appeal_and_lower_turnout() -> None:
    donors = np.full((14, 1, 1), 100.0)
    none = np.zeros((2, 1, 1))
    levers = Levers(
        ("street",), donors, donors, none - 0.3, none + 0.2, np.array([0.1]), np.array([0.5]),
        np.ones((1, 1)), ((60.0, 1.0),), 60,
    )  # fmt: skip
    rise, called = np.zeros_like(donors), np.zeros_like(donors)
    rise[3], called[3], rise[10], called[10] = 0.1, 10.0, 0.1, 10.0
    used = netted(levers, LeverUse(np.array([-0.2, 0.1]).reshape(2, 1, 1), rise, called))
    np.testing.assert_allclose(used.change.ravel(), [-0.2 + 10 / 700, 0.1])
    assert used.called.ravel().nonzero()[0].tolist() == [10]
    assert used.rise.ravel().nonzero()[0].tolist() == [10]


def test_rises_of_half_the_size_tire_donors_as_much() -> None:
    start = begun()
    donors, none = np.full((start.n_days, 1, 1), 100.0), np.zeros((4, 1, 1))
    levers = Levers(
        ("street",), donors, donors, none, none, np.array([0.1]), np.array([0.5]),
        np.ones((1, 1)), ((60.0, 1.0),), 60,
    )  # fmt: skip
    rise = np.full_like(donors, 0.05)
    used = worn_out(start, levers, LeverUse(none, rise, rise * donors))
    np.testing.assert_allclose(used.called[:3].ravel(), [5.0, 5 * 0.97, 5 * 0.97**2])


# ------------------------------------------------------------------------------ the bound


@cache
def begun(pool: bool = False) -> DriveStart:
    return drive_start(world(pool=pool), START, 2, warmup_replications=2)


@pytest.mark.parametrize("seed", range(4))
def test_no_plan_is_below_its_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = begun(pool=bool(seed % 2))
    factor = rng.uniform(0.6, 1.6, start.state.demand.shape[1:])
    slots = rng.uniform(0.3, 1.5, (len(start.state.receipts), 1, 1))
    state = replace(
        start.state, demand=start.state.demand * factor, receipts=start.state.receipts * slots
    )
    asked = _Asked(True, BOTH, float(rng.uniform(0.02, 0.3)))
    found = _best(replace(start, state=state), None, 1, asked)
    assert found.bound <= found.objective + 1e-6 * abs(found.objective)
    assert found.objective <= found.objective_usual


# ------------------------------------------------------------------------------ stock


def stock_file(path: Path, units: float) -> Path:
    rows = [
        f"{region},red_cells,{group},{units * share:.0f}"
        for region in REGIONS
        for group, share in bloodsim.load("minimal").regions[region].group_shares.items()
    ]
    path.write_text("\n".join(["region,product,group,units", *rows, ""]), encoding="utf-8")
    return path


def test_drives_start_from_the_stock_list(tmp_path: Path) -> None:
    poor, rich = (stock_file(tmp_path / f"{units}.csv", units) for units in (500, 20_000))
    plans = [
        plan_parts(world(1.1), ["drives"], START, weeks=2, stock=each) for each in (poor, rich)
    ]
    low, high = (plan.drives for plan in plans)
    assert low is not None
    assert high is not None
    assert low.objective > high.objective + 1_000
    assert visited(low).sum() > visited(high).sum()
    assert plans[0].stock["source"] == "file"
    assert plans[0].stock["file"] == "500.csv"
    assert any("the stock of red cells is that of 500.csv" in note for note in plans[0].notes)


def test_a_list_without_the_product_leaves_it_simulated(tmp_path: Path) -> None:
    path = stock_file(tmp_path / "today.csv", 100)
    path.write_text(path.read_text("utf-8").replace("red_cells", "platelets"), encoding="utf-8")
    found = plan_parts(world(1.1), ["drives"], START, weeks=2, stock=path)
    alone = plan_parts(world(1.1), ["drives"], START, weeks=2)
    assert found.drives is not None
    assert alone.drives is not None
    assert found.drives.table.equals(alone.drives.table)
    assert any("does not hold red cells: planned on simulated" in note for note in found.notes)
    assert alone.stock["source"] == "warm_up"


# ------------------------------------------------------------------------------ carried out


@dataclass
class CarryingOut:
    """A policy that throttles and appeals as a plan says, from tomorrow on."""

    street: tuple[tuple[Any, ...], ...]
    appeals: tuple[tuple[Any, ...], ...]
    review_days: int = 1

    @classmethod
    def of(cls, street: pd.DataFrame, appeals: pd.DataFrame) -> CarryingOut:
        """Return the policy of a plan's tables: first and last day, region, value."""
        weeks = street[["date", "until", "region", "factor"]]
        days = appeals[["date", "date", "region", "rise"]]
        return cls(*(tuple(t.itertuples(index=False, name=None)) for t in (weeks, days)))

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return tomorrow's factors and rises of the street."""
        tomorrow = snapshot.date + timedelta(days=1)
        factor = snapshot.turnout_factor["street"].copy()
        rise = np.zeros_like(factor)
        for rows, array in ((self.street, factor), (self.appeals, rise)):
            for first, last, region, value in rows:
                if first <= tomorrow <= last:
                    array[snapshot.regions.index(region)] = value
        return Plan(throttles={"street": factor}, appeals={"street": rise})


def test_the_simulator_carries_out_what_was_planned() -> None:
    pooled = world().set("donor_pools", {"whole_blood": {"elasticity": 0.0}})  # they tire only
    found = plan_calendar(pooled, START, 3, rounds=1, donor_value=False, beside=BOTH)
    assert found.street is not None
    assert found.appeals is not None
    scenario = starting(pooled, START, 28).set("policies.collection", {"kind": "optimized"})
    policies = {
        "planned": CarryingOut.of(found.street, found.appeals),
        "street": CarryingOut.of(found.street, found.appeals.iloc[:0]),
        "usual": CarryingOut((), ()),
    }
    results = simulate(scenario, 6, 1, policies=policies, variants=[])
    red = results.daily["collected"].sel(product="red_cells").mean("replication")
    donors = red.sum("region") / (begun().pieces[0] / 2)  # released ones, so a little more
    moved = donors.sel(variant="street") - donors.sel(variant="usual")
    weeks = found.street.groupby("date")[["donors", "usual_donors", "until"]].agg(
        {"donors": "sum", "usual_donors": "sum", "until": "first"}
    )
    rows: Any = weeks.itertuples()
    for row in rows:
        days = slice((row.Index - START).days, (row.until - START).days + 1)
        expected = row.donors - row.usual_donors
        assert float(moved[days].sum()) == pytest.approx(expected, rel=0.08)
    called = float((donors.sel(variant="planned") - donors.sel(variant="street")).sum())
    planned_for = found.appeals["donors"].sum()  # of turnout that is not raised as well
    assert planned_for <= called <= 1.5 * planned_for


# ------------------------------------------------------------------------------ where it is shown


def run(*arguments: str) -> int:
    return execute(["plan", *arguments])


def test_the_command_prints_saves_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "world.yaml", tmp_path / "out"
    YAML().dump({"schema_version": 1, "extends": "minimal"} | patch(late()), file)
    stock = stock_file(tmp_path / "today.csv", 2_000)
    what = ["--what", "drives,street,appeals", "--from", START.isoformat(), "--weeks", "2"]
    assert run(str(file), *what, "--stock", str(stock), "--out", str(out)) == 0
    printed, told = capsys.readouterr()
    assert "started from today.csv" in told
    assert "street turnout to aim at" in printed
    assert "appeals to repeat donors" in printed
    saved = json.loads((out / "plan.json").read_text("utf-8"))
    assert saved["street"][0]["factor"] > 0
    assert saved["appeals"][0]["rise"] > 0
    assert saved["calendar"]["levers"]["appeal_donors"] > 0
    assert saved["stock"]["file"] == "today.csv"
    book = openpyxl.load_workbook(out / "plan.xlsx")
    assert [cell.value for cell in book["street"][1]] == list(STREET_COLUMNS)
    assert [cell.value for cell in book["appeals"][1]] == list(APPEAL_COLUMNS)
    assert len((out / "appeals.csv").read_text("utf-8").splitlines()) == 1 + len(saved["appeals"])
    assert (out / "street.csv").exists()
    drawn = (out / "drives.svg").read_text("utf-8")
    assert "appeal to repeat donors" in drawn
    assert "Beijing: street" in drawn


def patch(scenario: Scenario) -> dict[str, Any]:
    """Return what a file that extends `minimal` has to say."""
    changed = {key: scenario.raw[key] for key in ("channels", "resources", "profiles", "demand")}
    return {**changed, "run": {"warmup_days": 50}}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_levers_are_drawn(lang: Any) -> None:
    whole = replace(without_transfers(world(), START), drives=proposal(*BOTH))
    chart = plot_drive_calendar(whole, lang=lang)
    legend = chart.ax.get_legend()
    assert legend is not None
    words = [text.get_text() for text in legend.get_texts()]
    assert {"en": "street turnout raised (factor)", "zh": "街头招募上调（系数）"}[lang] in words
    factors = {text.get_text() for text in chart.ax.texts}
    assert {"1.20", "0.70"} <= factors
    assert chart.data["visits"].sum() == proposal(*BOTH).table["visits"].sum()


# ------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--what", "street"], 2, "planned with drives: --what drives,street"),
        (["--what", "transfers,appeals"], 2, "planned with drives: --what drives,appeals"),
        (["--what", "drives", "--appeal-rise", "0.1"], 2, "is for appeals, which --what leaves"),
        (["--what", "sites", "--stock", "a.csv"], 2, "is for transfers and drives, which --what"),
        (["--what", "drives,appeals", "--appeal-rise", "1.5"], 3, "above 0 and at most 1; got 1.5"),
        (["--what", "drives,appeals", "--appeal-rise", "nan"], 3, "above 0 and at most 1; got nan"),
    ],
)
def test_what_cannot_be_meant_has_one_message(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("minimal", *arguments) == code
    told = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert told.count(said) == 1
    assert "Traceback" not in told


def test_scenarios_without_such_channels_are_refused() -> None:
    fixed = world().set("channels.street.regulation", None)
    with pytest.raises(ScenarioError, match="whole blood that has a regulation"):
        plan_calendar(fixed, START, 2, beside=["street"])
    new = world().set("channels.street.first_time_share", 1.0)
    with pytest.raises(ScenarioError, match="whole blood that has repeat donors"):
        plan_calendar(new, START, 2, beside=["appeals"])


def test_expected_turnout_does_not_depend_on_the_block() -> None:
    street = world().raw["channels"]["street"]
    street["regulation"]["gain"] = 1.0
    scenario = world().set("channels.street", street)
    whole = drive_start(scenario, START, 1).turnout["street"]
    assert (whole[0] != whole[1]).any()
    small = drive_start(scenario.set("run.block_replications", 3), START, 1).turnout["street"]
    np.testing.assert_array_equal(small, whole)


@pytest.mark.parametrize(
    ("objective", "bound", "said"),
    [(100.0 + 1e-12, 100.0, "0 %"), (103.0, 100.0, "3 %"), (3.5, 0.02, "3.48")],
)
def test_how_far_a_plan_may_be_from_the_best_is_said_in_numbers_that_can_be_read(
    objective: float, bound: float, said: str
) -> None:
    gap = (objective - bound) / bound
    found = replace(proposal(), objective=objective, bound=bound, gap=gap)
    assert f"at most {said} above any calendar" in " ".join(found.summary())


def test_what_is_not_lowered_is_not_lowered_by_less_than_nothing() -> None:
    table = pd.DataFrame([[START, START, "BJ", "street", 1.2, 1.0, 12.0, 10.0]])
    found = replace(proposal("street"), street=table.set_axis(list(STREET_COLUMNS), axis=1))
    assert "lowered in 0 by 0" in " ".join(found.summary())


def test_street_turnout_is_raised_within_laboratories(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hebei's sessions fill its laboratories; Beijing and Tianjin have room left."""
    kept: list[Any] = []
    whole = drives._proposal
    monkeypatch.setattr(drives, "_proposal", lambda *told: kept.append(told) or whole(*told))
    limit = resources(processing=[{"donations_per_day": 900}])
    planned(world(2.0, pool=True).set("resources", limit), 3, BOTH)
    task, _, calendar, _ = kept[0]
    start, levers, use = task.start, task.levers, calendar.levers
    place, added = start.world.drives.table.region, use.moved(levers) + use.called
    for region in range(len(REGIONS)):
        more = added[:, :, region].sum(axis=1) + calendar.donors[:, place == region].sum(axis=1)
        assert (more <= np.maximum(start.room(region), 0) + 1e-6).all()
    assert (use.change[:, :, 0] > 0).any()
