"""Plans of drives charge what donors called now would give later."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from ruamel.yaml import YAML

import bloodsim
from bloodsim.cli import execute
from bloodsim.optimize.donor_value import WEEKS
from bloodsim.optimize.transfers import TransferModel
from bloodsim.planning.donor_price import DonorPrice, donor_prices, missing_donors
from bloodsim.planning.drive_start import DriveStart, drive_start
from bloodsim.planning.drives import DrivesProposal, plan_calendar
from bloodsim.planning.parts import plan_parts
from bloodsim.rehearsal.donor_outlook import LARGEST_FACTOR, weekly_prices
from bloodsim.scenario import Scenario

START, WEEKS_PLANNED = date(2026, 4, 25), 4
REGIONS = ("BJ", "TJ", "HE")


@cache
def world(pool: bool = True, dip: float = 0.4, mean_return_days: float = 60.0) -> Scenario:
    """Return three regions whose donors stay away from June to August, just after the plan."""
    scenario = bloodsim.load("minimal")
    for name in REGIONS:
        daily = scenario.regions[name].donors_per_day["street"]
        scenario = scenario.set(f"regions.{name}.donors_per_day.street", 0.7 * daily)
    summer = {month: dip if month in (6, 7, 8) else 1.0 for month in range(1, 13)}
    scenario = scenario.set("profiles.donors", {"month": summer})
    scenario = scenario.set("profiles.requests", {})
    scenario = scenario.set("channels.street.first_time_share", 0.15)
    pools = {
        f"{name.lower()}_pool": {
            "region": name,
            "channel": "street",
            "organisations": 400,
            "donors_per_visit": 150,
            "visits_per_year": 1.5,
        }
        for name in REGIONS
    }
    drives = {"teams_per_day": 6, "commit_days": 7}
    scenario = scenario.set("resources", {"organisation_pools": pools, "drives": drives})
    if not pool:
        return scenario
    terms = {"mean_return_days": mean_return_days, "elasticity": 1.0}
    return scenario.set("donor_pools", {"whole_blood": terms})


@cache
def proposal(donor_value: bool) -> DrivesProposal:
    found = plan_parts(
        world(), ["drives"], START, weeks=WEEKS_PLANNED, donor_value=donor_value
    ).drives
    assert found is not None
    return found


def planned_donors(found: DrivesProposal) -> float:
    return float(found.table.loc[~found.table["committed"], "donors"].sum())


def test_without_a_worth_of_donors_the_plan_drains_the_pool_before_a_dip_and_with_it_not() -> None:
    free, charged = proposal(False), proposal(True)
    assert planned_donors(charged) < 0.6 * planned_donors(free)
    kept = charged.donors.set_index("region")["eligible_end"]
    drained = free.donors.set_index("region")["eligible_end"]
    assert (kept > drained).all()
    assert kept.sum() - drained.sum() > 0.5 * (planned_donors(free) - planned_donors(charged))
    assert (charged.donors["points_per_donor"] > 0).all()
    assert (charged.donors["points_per_gift"] > free.donors["points_per_gift"]).all()
    assert not free.donors["points_per_donor"].any()


def test_donors_are_worth_more_before_a_dip_than_without_one() -> None:
    steady = plan_calendar(world(dip=1.0), START, WEEKS_PLANNED)
    assert steady.donors["points_per_donor"].max() < proposal(True).donors["points_per_donor"].min()


@pytest.mark.parametrize("donor_value", [True, False])
def test_the_bound_counts_what_donors_cost(donor_value: bool) -> None:
    found = proposal(donor_value)
    assert found.bound <= found.objective + 1e-6
    assert found.bound <= found.objective_usual + 1e-6
    assert found.gap < 0.02


def begun(scenario: Scenario, *, charged: bool = True) -> tuple[DriveStart, DonorPrice]:
    start = drive_start(scenario, START, WEEKS_PLANNED)
    prices = TransferModel(start.network).solve(start.state).prices
    return start, donor_prices(start, prices, charged=charged)


def test_the_default_calendar_leads_back_to_the_usual_path_of_the_pool() -> None:
    start, price = begun(world())
    assert start.world.drives is not None
    repeat = start.usual * start.donors * price.repeat_share
    days = slice(start.world.score_first, start.world.score_first + start.n_days)
    for region, path in enumerate(price.paths):
        assert path is not None
        gifts = repeat[:, start.world.drives.table.region == region].sum(axis=1)
        assert gifts.sum() > 0
        back = path.eligible - missing_donors(path, gifts)[:, :-1]
        np.testing.assert_allclose(back, start.world.pools[0].usual[days, :, region].T, rtol=1e-6)


def test_no_more_give_than_are_eligible_even_where_nobody_is_spared() -> None:
    scenario = world(mean_return_days=20.0)  # few are eligible at a time
    found = plan_calendar(scenario, START, WEEKS_PLANNED, donor_value=False)
    start, price = begun(scenario, charged=False)
    assert start.world.drives is not None
    table, new = start.world.drives.table, found.table[~found.table["committed"]]
    given, came = np.zeros(start.usual.shape), 0.0
    rows: Any = new.itertuples()
    for row in rows:
        day, source = (row.date - START).days, table.names.index(row.organisation)
        given[day, source] += row.donors
        came += row.visits * start.donors[day, source]
    assert 0 < given.sum() < came - 10  # visits find too few
    for region, path in enumerate(price.paths):
        assert path is not None
        gifts = given[:, table.region == region] @ price.repeat_share[table.region == region]
        left = (path.eligible - missing_donors(path, gifts)[:, :-1]).sum(axis=0)
        assert (gifts <= left + 1).all()
        assert (price.room(region, gifts)[gifts > 0] > -1).all()


def test_scenarios_without_pools_are_planned_as_if_donors_were_free() -> None:
    scenario = world(pool=False)
    found = plan_calendar(scenario, START, WEEKS_PLANNED)
    free = plan_calendar(scenario, START, WEEKS_PLANNED, donor_value=False)
    assert found.donors.empty
    assert found.facts() == free.facts()
    assert found.table.equals(free.table)
    assert not any("eligible" in said for said in found.summary())


def test_prices_after_the_plan_follow_scarcity() -> None:
    value = np.repeat([2.0, 4.0, -1.0], [7, 7, 1])
    price = weekly_prices(value, np.full(WEEKS, 0.9), 0.9)
    np.testing.assert_allclose(price, np.r_[2.0, 4.0, 0.0, np.full(WEEKS - 3, 2.0)])
    scarce = np.r_[np.full(26, 0.9), np.full(13, 0.99), np.full(13, 9.0)]
    price = weekly_prices(value, scarce, 0.9)
    np.testing.assert_allclose(price[30], 2.0 * 1.1**3)
    np.testing.assert_allclose(price[45], 2.0 * LARGEST_FACTOR)


def test_the_command_says_what_a_donor_is_worth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "world.yaml", tmp_path / "out"
    YAML().dump(world().raw, file)
    command = ["plan", str(file), "--what", "drives", "--from", "2026-04-25", "--weeks", "2"]
    assert execute([*command, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "an eligible donor is worth" in printed
    assert "points per donor" in printed
    calendar = json.loads((out / "plan.json").read_text("utf-8"))["calendar"]
    assert calendar["donor_value"]
    assert {row["region"] for row in calendar["donors"]} == set(REGIONS)
    assert all(row["points_per_donor"] > 0 for row in calendar["donors"])
    assert openpyxl.load_workbook(out / "plan.xlsx")["donors"]["B1"].value == "points_per_donor"
    assert execute([*command, "--no-donor-value", "--json"]) == 0
    calendar = json.loads(capsys.readouterr().out)["calendar"]
    assert not calendar["donor_value"]
    assert not any(row["points_per_donor"] for row in calendar["donors"])
