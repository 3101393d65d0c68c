"""Stock files: what is on the shelves at the start."""

from datetime import date
from pathlib import Path

import openpyxl
import pytest

from bloodsim.blood import GROUPS
from bloodsim.load import load
from bloodsim.scenario import ScenarioError
from bloodsim.stockfile import StockKey, read_stock, read_stock_to_plan

HEAD = "region,product,group,units,life_days\n"


def test_pieces_by_life_and_group(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_text(
        "group,units,expiry_date,region,product\n"
        "O_pos,12.5,2026-01-01,BJ,red_cells\n"
        "A-,3,2026-02-04,河北,red_cells\n"
        "B+,4,2026-01-05,Tianjin,platelets\n"
        "O_pos,0,2026-01-05,BJ,platelets\n"
        "O_pos,0,2026-01-05,HE,platelets\n"
        "O_pos,0,2026-01-05,TJ,red_cells\n",
        encoding="utf-8",
    )
    scenario = load("minimal")
    stock = read_stock(path, scenario)
    assert stock.day == date(2026, 1, 1)
    assert stock.pieces["red_cells"][StockKey("BJ", "O_pos", 1)] == 25
    arrays = stock.as_arrays(scenario)
    assert arrays["red_cells"].shape == (3, 8, 35)
    assert arrays["red_cells"][0, GROUPS.index("O_pos"), 0] == 25
    assert arrays["red_cells"][2, GROUPS.index("A_neg"), 34] == 6
    assert arrays["platelets"][1, GROUPS.index("B_pos"), 4] == 4
    assert arrays["red_cells"].sum() == 31


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "BY,red_cells,O_pos,1,1\n", "s.csv:2:1 column 'region'\n    unknown region 'BY'"),
        (HEAD + "BJ,red_cell,O_pos,1,1\n", "did you mean 'red_cells'?"),
        (HEAD + "BJ,red_cells,O?,1,1\n", "unknown group 'O?'"),
        (HEAD + "BJ,red_cells,A,1,1\n", "RhD is missing: write A_pos (or A+) or A_neg (A-)"),
        (HEAD + "BJ,red_cells,ab型,1,1\n", "RhD is missing: write AB_pos"),
        (HEAD + "BJ,red_cells,O_pos,-1,1\n", "must be 0 or more units"),
        (HEAD + "BJ,red_cells,O_pos,1e12,1\n", "must be 0 or more units"),
        (HEAD + "BJ,red_cells,O_pos,lots,1\n", "must be a number of units; got 'lots'"),
        (HEAD + "BJ,red_cells,O_pos,0.3,1\n", "must be a multiple of 0.5 units"),
        (HEAD + "BJ,red_cells,O_pos,1,0\n", "already expired"),
        (HEAD + "BJ,red_cells,O_pos,1,36\n", "outlives the shelf life"),
        (HEAD + "BJ,red_cells,O_pos,1,2.5\n", "must be a whole number of days"),
        (
            HEAD + "BJ,red_cells,O_pos,1,2\nBJ,red_cells,O_pos,3,2\n",
            "stand twice, first at s.csv:2",
        ),
        (HEAD + "BJ,red_cells,O_pos,,2\n", "the row has no units"),
        (HEAD + "BJ,red_cells,O_pos,1,2,5\n", "a column without a name"),
        ("region,product,group,units\nBJ,red_cells,O_pos,1\n", "one of expiry_date and life_days"),
        ("region,product,group,life_days\n", "column 'units' is missing"),
        (HEAD.replace("group", "grup"), "did you mean 'group'?"),
        (HEAD.replace("life_days", "expiry_date") + "BJ,red_cells,O_pos,1,2025-12-31\n", "expired"),
        (HEAD.replace("life_days", "expiry_date") + "BJ,red_cells,O_pos,1,1/2/26\n", "a date such"),
        ("", "the file is empty"),
        (HEAD, "the file has no rows of stock"),
        ("a,b\n1,2\n", "s.csv:1:1\n    no column is that of a stock file"),
        (HEAD + "BJ,red_cells,O_pos,1,1\n", "red_cells: no row for TJ, HE"),
        ("region,product,group,life_days\n", "s.csv:1:1\n    column 'units' is missing"),
    ],
)
def test_errors_cite_the_cell(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_stock(path, load("minimal"))
    assert said in str(caught.value)


def test_all_errors_at_once_and_other_files(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(HEAD + "BY,red,O,x,y\nBJ,red_cells,O_pos,1,99\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_stock(path, load("minimal"))
    assert len(caught.value.problems) == 4
    path.write_bytes("region,备注\n".encode("gbk"))
    with pytest.raises(ScenarioError, match="GBK"):
        read_stock(path, load("minimal"))
    with pytest.raises(ScenarioError, match="cannot read the stock file"):
        read_stock(tmp_path / "nothing.csv", load("minimal"))


def test_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "库存"
    page.append(["region", "product", "group", "units", "expiry_date"])
    for region, units in (("TJ", 0), ("HE", 0), ("BJ", 10)):
        page.append([region, "red_cells", "O_pos", units, date(2026, 1, 20)])
    book.save(tmp_path / "s.xlsx")
    stock = read_stock(tmp_path / "s.xlsx", load("minimal"))
    assert stock.pieces["red_cells"][StockKey("BJ", "O_pos", 20)] == 20
    page.append(["BJ", "red_cells", "O_pos", "ten", date(2026, 1, 21)])
    book.save(tmp_path / "s.xlsx")
    with pytest.raises(ScenarioError, match=r"s.xlsx\[库存\]!D5"):
        read_stock(tmp_path / "s.xlsx", load("minimal"))


def _today(units: float = 2, head: str = "", tail: str = "") -> str:
    rows = [
        f"{region},red_cells,{group},{units}{tail}"
        for region in ("BJ", "TJ", "HE")
        for group in GROUPS
    ]
    return "\n".join([f"region,product,group,units{head}", *rows, ""])


def test_stock_to_plan_may_leave_life_open_and_name_its_day(tmp_path: Path) -> None:
    path, scenario = tmp_path / "today.csv", load("minimal")
    path.write_text(_today(), encoding="utf-8")
    stock = read_stock_to_plan(path, scenario)
    assert (stock.day, stock.has_lives) == (date(2026, 1, 1), False)
    assert stock.totals(scenario)["red_cells"].tolist() == [[4] * 8] * 3
    assert read_stock_to_plan(path, scenario, date(2026, 2, 3)).day == date(2026, 2, 3)
    path.write_text(_today(head=",date,expiry_date", tail=",2026-02-10,2026-02-12"), "utf-8")
    stock = read_stock_to_plan(path, scenario)
    assert (stock.day, stock.has_lives) == (date(2026, 2, 10), True)
    assert stock.pieces["red_cells"][StockKey("BJ", "O_pos", 3)] == 4
    with pytest.raises(ScenarioError, match=r"today\.csv:2:5 [\s\S]*the stock is of 2026-02-10"):
        read_stock_to_plan(path, scenario, date(2026, 2, 11))
    with pytest.raises(ScenarioError, match="the stock is of 2026-02-10"):
        read_stock(path, scenario)


def test_stock_to_plan_guesses_nothing(tmp_path: Path) -> None:
    path, scenario = tmp_path / "s.csv", load("minimal")

    def said() -> str:
        with pytest.raises(ScenarioError) as caught:
            read_stock_to_plan(path, scenario)
        return str(caught.value)

    path.write_text("\n".join(_today().splitlines()[:-1]), "utf-8")
    assert f"red_cells in HE: no row for {GROUPS[-1]}" in said()
    path.write_text(_today() + "BJ,red_cells,O_pos,1\n", "utf-8")
    assert "s.csv:26:1" in said()
    path.write_text(_today().replace("BJ", "河比", 1).replace("TJ", "=1+1", 1), "utf-8")
    assert "unknown region '河比'" in said()
    assert "unknown region '=1+1'" in said()
    path.write_text(_today().replace("BJ", "Bejing", 1), "utf-8")
    assert "unknown region 'Bejing'\n    -> did you mean 'Beijing'?" in said()
    path.write_text(_today().replace("BJ", "Bejing"), "utf-8")
    assert "unknown region 'Bejing'; so in 7 more rows" in said()
    assert said().count("Bejing") == 1
    dated = _today(head=",date", tail=",2026-02-10")
    path.write_text(dated.replace("2026-02-10", "2026-02-09", 1), "utf-8")
    assert "s.csv:3:5" in said()
    assert "another day: 2026-02-10" in said()
    path.write_text(dated.replace("2026-02-10", "10/2/26", 1), "utf-8")
    assert "must be a date; got '10/2/26'" in said()
    path.write_bytes(_today().replace("BJ", "北京").encode("gbk"))
    assert "GBK" in said()


def test_formula_without_a_stored_value_is_an_error(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for line in _today().splitlines():
        page.append(line.split(","))
    page["D2"] = "=1+1"
    book.save(tmp_path / "s.xlsx")
    with pytest.raises(ScenarioError, match=r"s\.xlsx\[Sheet\]!D2[\s\S]*without a stored value"):
        read_stock_to_plan(tmp_path / "s.xlsx", load("minimal"))


def test_a_list_as_chinese_offices_write_it(tmp_path: Path) -> None:
    scenario = load("minimal")
    label = scenario.products["red_cells"].label.zh
    rows = [f"{region},{label},O型阳性,2,2026/1/5\n" for region in ("北京", "天津", "河北")]
    path = tmp_path / "s.csv"
    path.write_text("地区,品种,血型,数量,失效日期\n" + "".join(rows), encoding="utf-8-sig")
    assert read_stock(path, scenario).pieces["red_cells"] == {
        StockKey(region, "O_pos", 5): 4 for region in ("BJ", "TJ", "HE")
    }


def test_a_name_that_two_products_have_is_nobodys(tmp_path: Path) -> None:
    scenario = load("minimal")
    same = {"zh": "红细胞", "en": "cells"}
    scenario = scenario.set("products.red_cells.label", same).set("products.platelets.label", same)
    path = tmp_path / "s.csv"
    path.write_text(HEAD + "BJ,红细胞,O_pos,1,1\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="unknown product"):
        read_stock(path, scenario)
