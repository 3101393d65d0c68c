"""`bloodsim report --to xlsx`: a workbook that people filter, sum and print, and nothing runs."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hostile import hostile_results
from synthetic_results import synthetic_results

from bloodsim import metrics
from bloodsim.cli import execute
from bloodsim.labels import INDICATORS, UNITS, variant_label
from bloodsim.metrics import KPIS
from bloodsim.plots.choice import proposal
from bloodsim.report import write_xlsx
from bloodsim.report.definitions import CHINESE
from bloodsim.results import Results
from bloodsim.results.cells import inert, width_of
from bloodsim.results.csvfile import csv_bytes

TABS = {
    "en": [
        "Definitions",
        "Status",
        "Indicators",
        "Comparison",
        "Collection plan",
        "Transfers",
        "Assumptions",
    ],
    "zh": ["说明", "状态", "指标", "方案比较", "采集计划", "调剂", "假设"],
}


@pytest.fixture(scope="module")
def run() -> Results:
    return synthetic_results(days=60)


@pytest.fixture(scope="module")
def books(run: Results, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("books")
    return {lang: write_xlsx([run], folder / f"b.{lang}.xlsx", lang) for lang in ("en", "zh")}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_sheets_have_headers_in_sight_and_columns_wide_enough(
    books: dict[str, Path], lang: str
) -> None:
    book = openpyxl.load_workbook(books[lang])
    assert book.sheetnames == TABS[lang]
    for sheet in book:
        head = sheet.freeze_panes
        assert head is not None
        row = int("".join(filter(str.isdigit, head))) - 1
        assert row >= 2
        assert sheet.cell(row, 1).font.bold
        assert sheet.print_title_rows
        for column in sheet.columns:
            letter = column[0].column_letter
            texts = [c.value for c in column[row:] if isinstance(c.value, str)]
            texts = [text for text in texts if not c_is_title(sheet, text)]
            widest = max((width_of(text) for text in texts if text[:1] != "="), default=0)
            assert sheet.column_dimensions[letter].width >= min(widest, 60)


def c_is_title(sheet: openpyxl.worksheet.worksheet.Worksheet, text: str) -> bool:
    """Titles and remarks run over into the empty cells beside them."""
    rows = (row for row in sheet.iter_rows(values_only=True) if row[0] == text)
    return any(not any(row[1:]) for row in rows)


def test_figures_are_those_of_the_run(run: Results, books: dict[str, Path]) -> None:
    table = pd.read_excel(books["en"], sheet_name="Indicators", header=2)
    row = table[
        (table["Indicator"] == "requests not met")
        & (table["Product"] == "Red cells")
        & (table["Variant"] == "proportional sharing")
    ]
    kpi = run.kpi().set_index(["variant", "kpi"]).loc[("proportional", "shortage_rate.red_cells")]
    assert row["Mean"].item() == pytest.approx(kpi["mean"], rel=1e-12)
    assert row["± 95 % half-width"].item() == pytest.approx(kpi["half_width"], rel=1e-9)
    assert row["Replications"].item() == 8
    compared = pd.read_excel(books["en"], sheet_name="Comparison", header=2)
    at = compared[
        (compared["Indicator"] == "requests not met") & (compared["Product"] == "Red cells")
    ]
    paired = run.compare("none").set_index(["variant", "kpi"])
    paired = paired.loc[("proportional", "shortage_rate.red_cells")]
    assert at["Difference (paired)"].item() == pytest.approx(paired["mean_difference"], rel=1e-9)
    clear = abs(paired["mean_difference"]) > paired["half_width"]
    assert at["Effect"].item() == ("clear" if clear else "not clear")
    moved = pd.read_excel(books["en"], sheet_name="Transfers", header=2)
    sent = metrics.transfer_units(run).sel(variant="proportional", product="red_cells")
    of = (moved["Variant"] == "proportional sharing") & (moved["Product"] == "Red cells")
    assert moved[of]["Quantity"].sum() == pytest.approx(float(sent.mean()), abs=30)


def test_numbers_look_like_their_kind(books: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(books["en"])
    status = {cell.value: cell.column for cell in book["Status"][3]}
    assert book["Status"].cell(4, status["Lowest on"]).is_date
    assert book["Status"].cell(4, status["Chance of red"]).number_format == "0.0%"
    assert book["Status"].cell(4, status["Net help (U)"]).number_format.startswith("+")
    rules = book["Status"].conditional_formatting
    kinds = {rule.type for area in rules for rule in area.rules}
    assert {"cellIs", "dataBar", "colorScale"} <= kinds
    assert len(book["Collection plan"].conditional_formatting) > 1


def test_the_collection_plan_names_the_variant_that_it_is_of(tmp_path: Path) -> None:
    """The one that collects otherwise, which need not be the one that leaves least unmet."""
    results = synthetic_results(days=60, variants=("practice", "proportional", "pre_collect"))
    other = next(v for v in ("pre_collect", "proportional") if v != proposal(results, "red_cells"))
    daily = results.daily.copy(deep=True)
    daily["collected"].loc[{"variant": other}] += 5.0
    run = Results({**results.tables, "daily": daily}, results.manifest)
    sheet = openpyxl.load_workbook(write_xlsx([run], tmp_path / "b.xlsx", "en"))["Collection plan"]
    assert str(sheet["A1"].value).endswith(variant_label(other, "en"))


def test_only_sums_are_formulas_and_they_add_up(books: dict[str, Path]) -> None:
    formulas = openpyxl.load_workbook(books["zh"])
    values = openpyxl.load_workbook(books["zh"], data_only=True)
    found = 0
    for sheet in formulas:
        for cell in (c for row in sheet.iter_rows() for c in row if c.data_type == "f"):
            found += 1
            area = str(cell.value).removeprefix("=SUM(").removesuffix(")")
            cells = [c.value for row in values[sheet.title][area] for c in row]
            assert values[sheet.title][cell.coordinate].value == pytest.approx(sum(cells))
    assert found > 8


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_hostile_texts_stay_texts(tmp_path: Path, lang: str) -> None:
    path = write_xlsx([hostile_results()], tmp_path / "b.xlsx", lang)
    book = openpyxl.load_workbook(path)
    seen = set()
    for sheet in book:
        assert not sheet._hyperlinks
        for cell in (c for row in sheet.iter_rows() for c in row if c.value is not None):
            if cell.data_type == "f":
                assert str(cell.value).startswith("=SUM(")
            if isinstance(cell.value, str):
                assert "‮" not in cell.value
                assert len(cell.value) <= 4000
                if cell.data_type == "s" and cell.value[:1] in ("=", "@"):
                    assert cell.quotePrefix
                    seen.add(cell.value[:4])
    assert "=cmd" in seen


def test_csv_texts_stay_texts() -> None:
    texts = ["=cmd()", "+1", "-1", "@x", "＝1", "\tx", "plain", "红细胞"]
    written = csv_bytes(pd.DataFrame({"name": texts, "n": np.arange(8) - 4}))
    assert written.startswith(b"\xef\xbb\xbf")
    lines = written.decode("utf-8-sig").split("\r\n")[1:-1]
    assert [line[0] for line in lines] == [*["'"] * 6, "p", "红"]
    assert lines[0].endswith(",-4")


def test_cells_keep_nothing_that_acts() -> None:
    assert inert("a\x00b‮c\nd") == "abc\nd"
    assert len(inert("x" * 50_000)) == 4000
    assert width_of("红细胞 U") == 8
    assert width_of("") == 0


def test_the_same_run_gives_the_same_bytes(run: Results, tmp_path: Path) -> None:
    first, again = (write_xlsx([run], tmp_path / f"{n}.xlsx", "zh").read_bytes() for n in "ab")
    assert first == again
    assert openpyxl.load_workbook(io.BytesIO(first)).properties.created.date() == date(2026, 1, 1)


def test_every_indicator_has_words_in_both_languages() -> None:
    assert set(CHINESE) == set(KPIS)
    assert set(KPIS) <= set(INDICATORS)
    units = {kpi.unit for kpi in KPIS.values() if "{" not in kpi.unit}
    assert units <= set(UNITS)


def test_a_small_run_has_a_workbook(tmp_path: Path) -> None:
    small = synthetic_results(days=20, variants=("none",), replications=(0,), daily_replications=0)
    book = openpyxl.load_workbook(write_xlsx([small], tmp_path / "b.xlsx", "en"))
    assert "Comparison" not in book.sheetnames
    assert "no daily values" in str(book["Status"]["A2"].value)


def test_the_command_writes_it(
    run: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run.save(tmp_path / "run")
    line = ["report", str(folder), "--to", "xlsx", "--lang", "zh"]
    assert execute(line) == 0
    assert f"saved as {(folder / 'briefing.zh.xlsx').as_posix()}" in capsys.readouterr().out
    assert execute(["report", str(folder), "--to", "xls"]) == 2
    assert "did you mean xlsx?" in " ".join(capsys.readouterr().err.replace("│", " ").split())
