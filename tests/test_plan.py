"""Plans: from today's stock to shipments, with reasons, a check, files and exit codes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

import bloodsim
from bloodsim.blood import GROUPS
from bloodsim.cli import execute
from bloodsim.optimize import solver as door
from bloodsim.optimize.problem import State
from bloodsim.optimize.situation import Settings
from bloodsim.planning import NoPlanError, TransferProposal, plan
from bloodsim.planning.check import Replay, check
from bloodsim.planning.files import save
from bloodsim.planning.parts import outside
from bloodsim.planning.proposal import JSON_KEYS
from bloodsim.planning.shipments import sendable
from bloodsim.planning.solve import STEP_UNITS, _row_in_words, solve
from bloodsim.planning.tables import TRANSFER_COLUMNS
from bloodsim.planning.today import look, on_shelves, starting
from bloodsim.planning.verdict import (
    COST_OF_PRODUCT,
    LOST,
    NOTHING_LEAVES,
    verdict,
    verdict_on_products,
)
from bloodsim.planning.workbook import SHEETS
from bloodsim.results import ResultsError
from bloodsim.scenario import Proportional, Scenario, ScenarioError
from bloodsim.stockfile import OpeningStock, StockKey
from tests.worlds import lone_region, three_provinces

START = date(2026, 2, 10)
FEW = ["--from", "2026-02-10", "-n", "2"]


@cache
def world() -> Scenario:
    return bloodsim.load("minimal")


@cache
def proposal() -> TransferProposal:
    return plan(world(), start=START, check_replications=4, warmup_replications=4)


def stock_file(path: Path, units: Mapping[str, float], life: str = ",20") -> Path:
    head = "region,product,group,units" + (",life_days" if life else "")
    rows = [
        f"{region},red_cells,{group},{count}{life}"
        for region, count in units.items()
        for group in GROUPS
    ]
    path.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    return path


# ------------------------------------------------------------------------------- the plan


def test_the_same_plan_again_is_the_same_to_the_byte() -> None:
    again = plan(world(), start=START, check_replications=4, warmup_replications=4)
    assert json.dumps(again.to_dict()) == json.dumps(proposal().to_dict())


def test_plan_names_everything_that_json_promises() -> None:
    found = proposal().to_dict()
    assert list(found) == list(JSON_KEYS)
    assert found["status"] in ("optimal", "feasible")
    products = found["products"].values()
    assert found["gap"] == max(item["gap"] for item in products) >= 0
    assert max(item["gap"] for item in products) < 0.01
    assert (found["status"] == "optimal") == (found["gap"] <= 1e-4)
    assert set(found["transfers"][0]) == set(TRANSFER_COLUMNS)
    assert {row["product"] for row in found["transfers"]} == {"red_cells", "platelets"}
    json.dumps(found, allow_nan=False)
    assert "points" in proposal()._repr_html_()


def test_surplus_goes_to_the_empty_region(tmp_path: Path) -> None:
    path = stock_file(tmp_path / "s.csv", {"BJ": 5, "TJ": 900, "HE": 900})
    found = plan(world(), path, START, products=["red_cells"], check_replications=0)
    today = found.transfers[found.transfers["date"] == START]
    into = today.groupby("destination")["units"].sum()
    assert into["BJ"] > 500
    assert "BJ" not in set(today["origin"])
    assert (today["arrival"] == date(2026, 2, 11)).all()
    assert (today["least_life_days"] == 19).all()
    assert found.stock["source"] == "file"
    prices = found.prices[found.prices["date"] == START].groupby("region")["points_per_unit"]
    assert prices.max()["BJ"] >= prices.max()["HE"]
    cover = found.cover.query("region == 'BJ' and group == 'all'")
    assert cover["cover_days_with"].mean() > cover["cover_days_without"].mean()
    assert cover["unmet_with"].sum() < 0.9 * cover["unmet_without"].sum()


def test_shipments_are_whole_lots_of_allowed_size_from_stock_that_may_leave() -> None:
    scenario = starting(world(), START, 14)
    for product, today in look(scenario, None, 4).items():
        solved = solve(today, headlines=0)
        sent = sendable(solved)
        left = np.zeros_like(today.state.exportable)
        for shipment in sent.shipments:
            assert (shipment.pieces % today.lot_pieces == 0).all()
            assert today.smallest_pieces <= shipment.pieces.sum() <= today.largest_pieces
            assert (shipment.least_life_days >= today.network.min_life_days).all()
            if shipment.slot == 0:
                left[today.network.origin[shipment.arc]] += shipment.pieces
        assert (left <= today.state.exportable + 1e-9).all(), product
        planned = solved.plan.transfers.sum()
        assert sent.left_out_pieces == pytest.approx(
            planned - sum(s.pieces.sum() for s in sent.shipments)
        )


def test_small_shipments_are_planned_again_not_cut_off() -> None:
    scenario = starting(world(), START, 14)
    today = look(scenario, None, 4, ("red_cells",))["red_cells"]
    free = replace(today, smallest_pieces=0, network=today.network)
    strict = replace(today, smallest_pieces=20 * today.smallest_pieces)
    loose, sized = solve(free, headlines=0), solve(strict, headlines=0)
    assert (loose.plan.status, loose.plan.gap < 1e-4) == ("optimal", True)  # whole lots are left
    assert sized.plan.objective >= loose.plan.objective
    carried = sized.plan.transfers.sum(axis=2)
    assert (carried[carried > 1e-6] >= strict.smallest_pieces - 1e-6).all()
    bound = loose.plan.objective / (1 + loose.plan.gap)  # without sizes and lots
    assert sized.plan.gap == pytest.approx((sized.plan.objective - bound) / bound, rel=1e-3)
    assert sendable(sized).too_small == 0


def test_prices_of_headlines_lie_between_what_more_saves_and_fewer_costs() -> None:
    told = proposal().headlines
    assert len(told) >= 4
    for row in told.itertuples():
        region = world().regions[row.region]
        base = region.demand_per_day[row.product] * region.group_shares[row.group]
        assert 7 * base > 0.8 * STEP_UNITS  # base demand, before the month's factor
        assert row.gain <= row.points_per_unit + 1e-6
        if row.loss == row.loss:
            assert row.points_per_unit <= row.loss + 1e-6


def test_prices_of_a_day_stand_in_all_regions() -> None:
    found = proposal()
    row = found.headlines.iloc[0]
    prices = found.prices_on(row["date"], row["product"], row["group"]).set_index("region")
    assert set(prices.index) == {"BJ", "TJ", "HE"}
    assert prices.loc[row["region"], "price"] == row["points_per_unit"]
    later = found.prices_on(date(2026, 3, 1), "red_cells")
    assert len(later) == 3
    assert found.prices_on(date(2027, 3, 1), "red_cells").empty


def test_without_the_plan_is_never_cheaper_and_moves_nothing() -> None:
    scenario = starting(world(), START, 14)
    today = look(scenario, None, 4, ("red_cells",))["red_cells"]
    solved = solve(today, headlines=0)
    assert solved.without.transfers.sum() == 0
    assert solved.plan.objective <= solved.without.objective


def test_ages_that_the_file_does_not_name_are_those_of_the_warm_up() -> None:
    scenario = starting(world(), START, 14)
    cells = {StockKey(region, group, 0): 101 for region in scenario.regions for group in GROUPS}
    shelves = on_shelves(scenario, OpeningStock(START, {"red_cells": cells}), 2)["red_cells"]
    assert shelves.shape == (3, 8, 35)
    assert (shelves.sum(axis=2) == 101).all()
    assert (shelves > 0).sum(axis=2).min() > 3


def test_start_is_that_of_the_stock_unless_given(tmp_path: Path) -> None:
    path = stock_file(tmp_path / "s.csv", dict.fromkeys(("BJ", "TJ", "HE"), 300), "")
    text = path.read_text("utf-8").replace("units\n", "units,date\n")
    lines = [line + ",2026-03-02" if "red_cells" in line else line for line in text.splitlines()]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = plan(world(), path, products=["red_cells"], check_replications=0)
    assert found.start == date(2026, 3, 2)
    assert "ages are not in the file" in found.stock["says"]


def test_a_stock_list_plans_what_it_holds_and_says_so(tmp_path: Path) -> None:
    path = stock_file(tmp_path / "s.csv", {"BJ": 5, "TJ": 900, "HE": 900})
    few = {"check_replications": 0, "warmup_replications": 2}
    found = plan(world(), path, START, **few)
    assert set(found.products) == {"red_cells"}
    assert "not planned: apheresis platelets" in found.notes[0]
    other = plan(world(), path, START, products=["platelets"], **few)
    assert "planned on simulated stock: apheresis platelets" in other.notes[0]


def test_a_first_day_outside_the_scored_days_is_warned_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = run(capsys, "--from", "2031-02-10", "-n", "0", "--products", "platelets")
    assert (code, "outside the scenario's scored days" in " ".join(out.split())) == (0, True)
    assert "warning: 2031-02-10 is outside" in err
    assert outside(world(), START) == ()


def test_nothing_to_plan_is_said() -> None:
    with pytest.raises(ScenarioError, match="nothing to plan"):
        plan(lone_region())
    with pytest.raises(ScenarioError, match="'plasma' does not travel"):
        plan(world(), products=["plasma"])


# ------------------------------------------------------------------------------ the check


def test_a_plan_of_nothing_is_no_plan_to_the_bit() -> None:
    scenario = starting(three_provinces(), date(2026, 2, 1), 7)
    found = check(scenario, Replay({}), Proportional(), 3, None)
    differences = found.table.filter(like="plan_minus_without")
    assert (differences == 0).all().all()
    assert (found.regions["difference"] == 0).all()


def test_replayed_shipments_leave_on_their_days() -> None:
    found = proposal()
    assert found.check is not None
    row = found.check.table.query("indicator == 'shipped' and product == 'red_cells'").iloc[0]
    mine = found.transfers[(found.transfers["product"] == "red_cells") & found.transfers["firm"]]
    assert row["plan"] >= 0.9 * mine["units"].sum()
    assert set(found.check.table["product"]) == {"red_cells", "platelets", ""}
    assert found.check.adds in ("better", "worse", "undecided")


def test_the_check_is_at_equal_donations() -> None:
    found = proposal().check
    assert found is not None
    given = found.results.collection["donations"]
    assert (given == given.isel(variant=0)).all()
    assert tuple(given["variant"].values) == ("without", "proportional", "plan")
    assert float(found.results.totals["shipped"].sel(variant="plan").sum()) > 0


def test_products_that_are_not_planned_stay_with_all_three() -> None:
    found = plan(
        world(), start=START, products=["red_cells"], check_replications=2, warmup_replications=2
    ).check
    assert found is not None
    shipped = found.table.query("indicator == 'shipped' and product == 'platelets'").iloc[0]
    assert (shipped["without"], shipped["proportional"], shipped["plan"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("difference", "adds", "said"),
    [
        (-10.0, "better", "costs less"),
        (10.0, "worse", "adds nothing"),
        (0.5, "undecided", "nothing"),
    ],
)
def test_the_verdict_says_when_the_optimizer_adds_nothing(
    difference: float, adds: str, said: str
) -> None:
    found = proposal().check
    assert found is not None
    table = found.table.copy()
    table.loc[table["indicator"] == "cost", "plan_minus_proportional"] = difference
    table.loc[table["indicator"] == "cost", "plan_minus_proportional_half_width"] = 1.0
    assert verdict(table)[0] == adds
    assert said in verdict(table)[1]


def judged(changes: Mapping[str, tuple[float, float, float, float]], is_sent: bool = True) -> Any:
    """Judge platelets by differences from the rule (mean, half) and from nothing, by row."""
    found = proposal().check
    assert found is not None
    table = found.table.copy()
    for indicator, values in changes.items():
        row = (table["indicator"] == indicator) & (table["product"] == "platelets")
        assert row.sum() == 1
        for name, value in zip(
            (
                "plan_minus_proportional",
                "plan_minus_proportional_half_width",
                "plan_minus_without",
                "plan_minus_without_half_width",
            ),
            values,
            strict=True,
        ):
            table.loc[row, name] = value
    named = {"platelets": "Apheresis platelets"}, {"platelets": "dose"}
    return verdict_on_products(table, *named, {"platelets"} if is_sent else ())[0]


def test_a_product_that_is_harmed_is_warned_of_whatever_the_others_save() -> None:
    harmed = judged({LOST: (26.5, 25.7, 23.8, 10.8), COST_OF_PRODUCT: (9, 90, -9, 90)})
    assert (harmed.against_rule, harmed.against_nothing, harmed.warning) == ("worse", "worse", True)
    assert harmed.says.startswith("warning, Apheresis platelets: the plan is worse than the prop")
    assert "doing nothing (requests lost +23.8 ± 10.8 doses" in harmed.says
    assert harmed.says.endswith("share apheresis platelets by the proportional rule instead")


def test_verdicts_of_products_follow_their_intervals() -> None:
    told = judged({LOST: (1, 2, -9, 2), COST_OF_PRODUCT: (5, 9, -90, 9)})
    assert (told.against_rule, told.against_nothing, told.warning) == ("undecided", "better", False)
    dear = judged({LOST: (0, 2, 0, 2), COST_OF_PRODUCT: (-9, 2, 90, 9)})
    assert (dear.against_rule, dear.against_nothing) == ("better", "worse")
    assert dear.says.endswith("send no apheresis platelets")
    one = judged({LOST: (9, np.nan, 9, np.nan), COST_OF_PRODUCT: (9, np.nan, 9, np.nan)})
    assert (one.against_rule, one.against_nothing) == ("undecided", "undecided")
    zero = {LOST: (0, 0, 0, 0), COST_OF_PRODUCT: (0, 0, 0, 0)}
    assert NOTHING_LEAVES in judged(zero, is_sent=False).says
    assert judged({**zero, LOST: (9, 2, 0, 0)}, is_sent=False).warning


def test_costs_of_products_add_up_to_the_cost() -> None:
    found = proposal().check
    assert found is not None
    rows = found.table.set_index("indicator")
    for name in ("plan_minus_without", "plan_minus_proportional"):
        assert rows.loc[COST_OF_PRODUCT, name].sum() == pytest.approx(rows.loc["cost", name])
    said = [each["product"] for each in proposal().to_dict()["check"]["products"]]
    assert said == ["red_cells", "platelets"]
    for each in found.products:
        assert (each.says in found.verdict) == each.warning
        assert any(each.says in line for line in proposal().summary())


def test_a_check_of_nothing_says_that_it_tests_nothing() -> None:
    scenario = starting(three_provinces(), date(2026, 2, 1), 7)
    found = check(scenario, Replay({}), Proportional(), 3, None)
    assert (found.adds, found.verdict.split(";")[0]) == ("untested", NOTHING_LEAVES)


# ------------------------------------------------------------------------------- the files


def test_folder_is_whole_and_not_overwritten(tmp_path: Path) -> None:
    folder = proposal().save(tmp_path / "plan")
    names = {path.name for path in folder.iterdir()}
    assert {"plan.json", "plan.xlsx", "transfers.csv", "prices.csv", "check.csv"} <= names
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]
    content = (folder / "transfers.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) == len(proposal().transfers)
    assert list(json.loads((folder / "plan.json").read_text("utf-8"))) == list(JSON_KEYS)
    with pytest.raises(ResultsError, match="--force"):
        proposal().save(folder)
    before = (folder / "plan.xlsx").read_bytes()
    proposal().save(folder, force=True)
    assert (folder / "plan.xlsx").read_bytes() == before
    (folder / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(ResultsError, match=r"mine\.txt"):
        proposal().save(folder, force=True)


def test_a_failed_write_leaves_the_old_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = proposal().save(tmp_path / "plan")

    def broken(_: TransferProposal) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bloodsim.planning.files.workbook_bytes", broken)
    with pytest.raises(OSError, match="No space"):
        save(proposal(), folder, force=True)
    assert (folder / "plan.xlsx").stat().st_size > 1000
    with pytest.raises(OSError, match="No space"):
        save(proposal(), tmp_path / "other", force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]


def test_workbook_opens_and_holds_no_formulas(tmp_path: Path) -> None:
    evil = proposal().limits.copy()
    evil.loc[0, "says"] = '=HYPERLINK("http://x","y")'
    folder = replace(proposal(), limits=evil).save(tmp_path / "plan")
    book = openpyxl.load_workbook(folder / "plan.xlsx")
    assert tuple(book.sheetnames) == SHEETS
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    limits = book["limits"]
    column = [cell.value for cell in limits[1]].index("says") + 1
    assert limits.cell(2, column).value == '=HYPERLINK("http://x","y")'
    transfers = book["transfers"]
    assert transfers.max_row == len(proposal().transfers) + 1
    units = [cell.value for cell in transfers[1]].index("units")
    total = sum(row[units] for row in transfers.iter_rows(min_row=2, values_only=True))
    assert total == pytest.approx(proposal().transfers["units"].sum())
    assert b"'=HYPERLINK" in (folder / "limits.csv").read_bytes()


# -------------------------------------------------------------------- command and exit codes


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = execute(["plan", "minimal", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_command_prints_saves_and_answers_in_json(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    folder = tmp_path / "plan"
    code, out, err = run(capsys, *FEW, "--out", str(folder))
    assert (code, err) == (0, "no stock file: the mean of 16 simulated warm-ups, not a count\n")
    assert max(len(line) for line in out.splitlines() if "saved in" not in line) <= 80
    for said in ("shipments of today, 2026-02-10", "check by simulation", "limits missed"):
        assert said in out
    assert (folder / "plan.json").exists()
    code, out, err = run(capsys, *FEW, "--out", str(folder), "--json")
    assert (code, "holds a plan" in out) == (3, True)
    code, out, err = run(capsys, *FEW, "-n", "0", "--json", "--products", "platelets")
    assert (code, err) == (0, "")
    assert json.loads(out)["check"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--from", "tomorrow"), 2, "not a date"),
        (("--products", "plasma"), 3, "does not travel"),
        (("--stock", "nothing.csv"), 3, "cannot read the stock file"),
        (("--variant", "nobody"), 3, "unknown variant"),
    ],
)
def test_wrong_use_and_wrong_data(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, said: str
) -> None:
    found, out, err = run(capsys, *arguments)
    assert (found, said in out + err) == (code, True)


def test_stock_file_problems_name_their_cells(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = stock_file(tmp_path / "s.csv", {"BJ": 5, "TY": -1, "HE": 1})
    code, _, err = run(capsys, "--stock", str(path))
    assert code == 3
    assert "s.csv:10:1 column 'region'" in err
    assert "column 'units'\n    must be 0 or more" in err
    assert err.count("so in 7 more rows") == 2
    assert "2 problems" in err


def infeasible(state: State) -> State:
    return replace(state, receipts=state.receipts - 1e6)


def test_infeasible_names_the_limits_that_clash(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = look(starting(world(), START, 14), None, 2, ("platelets",))["platelets"]
    broken = {"platelets": replace(seen, state=infeasible(seen.state))}
    with pytest.raises(NoPlanError) as caught:
        solve(broken["platelets"])
    assert caught.value.status == door.Status.INFEASIBLE
    assert any("balance" in said and "give way" in said for said in caught.value.clashes)
    monkeypatch.setattr("bloodsim.planning.look", lambda *_: broken)
    code, out, err = run(capsys, *FEW, "--products", "platelets")
    assert (code, out) == (4, "")
    assert "no plan (infeasible)" in err
    assert "would have to give way" in err
    code, out, _ = run(capsys, *FEW, "--products", "platelets", "--json")
    found = json.loads(out)
    assert (code, found["status"], len(found["clashes"]) > 0) == (4, "infeasible", True)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("young_balance[3,0,2]", "young balance (BJ O+, day 3)"),
        ("donor_floor[1,0]", "donor floor (TJ A+)"),
        ("terminal[2]", "terminal (HE)"),
        ("fairness[2]", "fairness (HE)"),
        ("fairness[13,2]", "fairness (HE)"),
        ("held[5]", "held"),
        ("vehicle_room[0]", "vehicle room ({} to {})"),
        ("universal_reserve[0,2,1]", "universal reserve (HE, day 0)"),
    ],
)
def test_every_row_has_words(row: str, said: str) -> None:
    seen = look(starting(world(), START, 7), None, 1, ("platelets",))["platelets"]
    network = seen.network
    ends = (network.regions[at[0]] for at in (network.origin, network.destination))
    assert _row_in_words(row, seen) == said.format(*ends)


def test_levels_may_be_left_out_and_universal_groups_kept() -> None:
    bare = Settings(spans=((1, 7), (7, 2)), safety_days=(), safety_prices=(), universal_share=0.0)
    scenario = starting(world(), START, 7)
    seen = look(scenario, None, 2, ("red_cells",), {"red_cells": bare})["red_cells"]
    found = solve(seen, headlines=0)
    assert not any(name.startswith("below_level") for name in found.plan.slacks)
    free = solve(replace(seen, network=replace(seen.network, universal_share=None)), headlines=0)
    assert "beyond_share" in found.plan.slacks
    assert "beyond_share" not in free.plan.slacks
    assert found.plan.objective >= free.plan.objective - 1e-6


def _fails(error: Exception) -> Any:
    def solve(self: door.Solver) -> door.Solution:
        raise error

    return solve


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (door.UnboundedError("the cost has no lower end"), 4, "no plan (unbounded)"),
        (door.NoSolutionError("Time limit reached"), 4, "no plan (no_solution)"),
        (door.WrongSolutionError("violates a row"), 4, "violates a row"),
        (door.SolverMissingError("pip install pulp highspy"), 1, "pip install pulp highspy"),
    ],
)
def test_solver_failures_have_a_message_and_an_exit_code(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    code: int,
    said: str,
) -> None:
    monkeypatch.setattr(door.Solver, "solve", _fails(error))
    found, out, err = run(capsys, *FEW, "-n", "0")
    assert (found, out) == (code, "")
    assert said in err


def test_no_time_for_a_plan_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, *FEW, "-n", "0", "--time-limit", "0.001")
    assert code == 4
    assert "no plan (no_solution)" in err


def test_a_plan_cut_short_reports_its_gap(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = door.Solver.solve

    def short(self: door.Solver) -> door.Solution:
        return replace(whole(self), status=door.Status.FEASIBLE, gap=0.031)

    monkeypatch.setattr(door.Solver, "solve", short)
    code, out, _ = run(capsys, *FEW, "-n", "0", "--json", "--products", "platelets")
    found = json.loads(out)
    assert (code, found["status"]) == (0, "feasible")
    assert 0.031 <= found["gap"] < 0.04
    code, out, _ = run(capsys, *FEW, "-n", "0", "--products", "platelets")
    assert "feasible: within 3." in out
