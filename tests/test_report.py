"""`bloodsim report`: charts and briefings from saved runs."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from importlib.resources import as_file
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fontTools.ttLib import TTFont
from hostile import hostile_results
from synthetic_results import synthetic_results

from bloodsim import data
from bloodsim.cli import execute
from bloodsim.plots import CHARTS, PLAN_CHARTS
from bloodsim.report import briefing_html
from bloodsim.report.figures import figure
from bloodsim.report.plan_page import stated
from bloodsim.results import Results
from bloodsim.results.plan_file import read_plan
from tests.html_page import Page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_results(days=60).save(tmp_path_factory.mktemp("run") / "made-up")


def test_one_chart_in_every_kind_of_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["report", str(folder), "--chart", "equity", "--to", "png,svg,pdf,csv"]
    assert execute([*line, "--lang", "zh", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "模拟结果，非实测" in said
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "csv": b"\xef\xbb\xbfvariant"}
    for ending, start in starts.items():
        path = tmp_path / f"equity.zh.{ending}"
        assert path.read_bytes().startswith(start)
        assert path.as_posix() in said
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert execute([*line, "--lang", "zh", "--out", str(tmp_path)]) == 0
    assert first == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_alternative_text_for_machines(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["report", str(folder), "--chart", "fan,flows", "--to", "svg", "--out", str(tmp_path)]
    assert execute([*line, "--json"]) == 0
    charts = json.loads(capsys.readouterr().out)["charts"]
    assert set(charts) == {"fan", "flows"}
    assert all("Simulated, not observed" in chart["alt"] for chart in charts.values())


def test_wrong_usage_is_explained(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong, said in (
        (["--chart", "equty"], "did you mean equity?"),
        (["--chart", "equity", "--to", "gif"], "unknown 'gif'"),
        (["--chart", "fan", "--lang", "de"], "unknown language 'de'"),
        (["--chart", "flows", "--variant", "best"], "there is no variant 'best'"),
        (["--chart", "cost_shortage", "--product", "plasma"], "takes no product"),
        (["--chart", ","], "names nothing"),
        (["--chart", "fan", "--to", ","], "names nothing"),
        (["--to", ",", "--json"], "names nothing"),
        (["--variant", "practice"], "for single charts"),
        (["--product", "plasma", "--to", "xlsx"], "for single charts"),
        (["--chart", "fan", "--brief", "brief.yaml"], "for a whole briefing"),
    ):
        assert execute(["report", str(folder), *wrong]) == 2
        words = capsys.readouterr().err.replace("│", " ").split()
        assert said in " ".join(words)
    assert execute(["report", str(folder), "--chart", "list"]) == 0
    assert capsys.readouterr().out.split() == [*CHARTS, *PLAN_CHARTS]


@pytest.mark.parametrize("file", ["manifest.json", "tables/daily.parquet", "tables/kpi.parquet"])
def test_incomplete_and_tampered_runs_are_refused_by_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    run = synthetic_results(days=10).save(tmp_path / "run")
    line = ["report", str(run), "--chart", "fan", "--out", str(tmp_path / "out")]
    path = run / file
    content = path.read_bytes()
    path.unlink()
    assert execute(line) == 3
    assert path.name in capsys.readouterr().err
    path.write_bytes(content[:-7] + b"\x00" * 7)
    assert execute(line) == 3
    assert path.name in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_copy_of_the_indicators_for_reading_is_not_needed(tmp_path: Path) -> None:
    run = synthetic_results(days=10).save(tmp_path / "run")
    (run / "kpi.csv").unlink()
    (run / "timing.json").unlink()
    assert len(Results.load(run).kpi())


def test_another_version_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = synthetic_results(days=10).save(tmp_path / "run")
    path = run / "manifest.json"
    path.write_text(path.read_text("utf-8").replace('"schema_version": 1', '"schema_version": 99'))
    assert execute(["report", str(run), "--chart", "fan"]) == 3
    assert "manifest.json has schema_version 99" in capsys.readouterr().err
    assert execute(["report", str(tmp_path / "nothing"), "--chart", "fan"]) == 3


def test_an_edited_manifest_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = synthetic_results(days=10).save(tmp_path / "run")
    path = run / "manifest.json"
    whole = path.read_text("utf-8")
    path.write_text(whole.replace("A made-up festival", "A festival"), "utf-8")
    assert execute(["report", str(run), "--to", "xlsx"]) == 3
    assert "manifest.json has changed since it was written" in capsys.readouterr().err
    content = json.loads(whole)
    del content["digest"]  # as of runs before there was one
    path.write_text(json.dumps(content), "utf-8")
    assert Results.load(run).name == "made-up-festival"
    for wrong in ({"files": []}, {"regions": []}, {"products": 3}, {"score_start": "soon"}):
        path.write_text(json.dumps(content | wrong), "utf-8")
        assert execute(["report", str(run), "--chart", "fan"]) == 3
        assert "manifest.json is damaged" in capsys.readouterr().err
    del content["regions"]
    path.write_text(json.dumps(content), "utf-8")
    assert execute(["report", str(run), "--to", "xlsx"]) == 3
    assert "manifest.json is damaged (KeyError('regions'))" in capsys.readouterr().err
    path.write_text(whole, "utf-8")
    (run / "timing.json").write_text("[", "utf-8")
    assert execute(["report", str(run), "--to", "xlsx"]) == 3
    assert "timing.json is damaged" in capsys.readouterr().err
    assert not list(run.glob("briefing*"))


@pytest.mark.parametrize("chart", ["status_board", "transfers_map"])
def test_hostile_names_are_inert_in_the_files_of_charts(tmp_path: Path, chart: str) -> None:
    drawn = CHARTS[chart](hostile_results(), lang="en")
    svg, table = (drawn.save(tmp_path / chart, [kind])[0] for kind in ("svg", "csv"))
    root = ElementTree.fromstring(svg.read_bytes())
    tags = {element.tag.rpartition("}")[2].lower() for element in root.iter()}
    assert not tags & {"script", "img", "foreignobject", "a"}
    assert not [k for e in root.iter() for k in e.attrib if k.lower().startswith("on")]
    text = table.read_text("utf-8-sig")
    assert "\u202e" not in text + svg.read_text("utf-8")
    assert not re.search(r"(^|,)\"?[=@]", text, re.M)
    assert "'=cmd" in text


# ------------------------------------------------------------------------------- the briefing


@pytest.fixture(scope="module")
def briefings() -> dict[str, str]:
    results = synthetic_results(days=60)
    return {lang: briefing_html(results, lang) for lang in ("en", "zh")}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_briefing_needs_nothing_from_outside(briefings: dict[str, str], lang: str) -> None:
    page = Page(briefings[lang])
    policy = next(m for m in page.all("meta") if "http-equiv" in m)["content"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    style = re.findall(r"<style>(.*?)</style>", briefings[lang], re.S)
    assert len(style) == 1
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert not page.all("script")
    for _, attributes in page.tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        for name in ("src", "href", "xlink:href", "action"):
            assert attributes.get(name, "#").startswith("#")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_briefing_has_every_chart_as_real_text(briefings: dict[str, str], lang: str) -> None:
    page = Page(briefings[lang])
    charts = page.all("svg")
    assert len(charts) == len(CHARTS)
    for chart in charts:
        assert chart["role"] == "img"
        assert ("Simulated, not observed" if lang == "en" else "模拟结果，非实测") in chart[
            "aria-label"
        ]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = re.findall(r"url\(#([^)]+)\)", briefings[lang])
    used += [a["xlink:href"][1:] for _, a in page.tags if "xlink:href" in a]
    used += [a["href"][1:] for a in page.all("a")]
    assert set(used) <= set(ids)
    words = " ".join(page.words)
    assert ("Guangdong" if lang == "en" else "广东") in words
    assert "3fa91c7d" * 8 in words


def test_the_briefing_says_first_what_matters(briefings: dict[str, str]) -> None:
    words = " ".join(" ".join(Page(briefings["en"]).words).split())
    places = [
        words.index(text)
        for text in (
            "Simulated, not observed",
            "regions below 5",
            "Decisions asked for",
            "Main figures",
            "Who is short when?",
            "How far can one trust it?",
            "STRESS-DES",
            "Inputs and confidence",
            "Manifest of the run",
        )
    ]
    assert places == sorted(places)
    assert "Warm-up of" in words
    assert "built-in" not in words
    assert "请决定" in briefings["zh"]


def test_the_briefing_brings_the_characters_it_uses(briefings: dict[str, str]) -> None:
    for text in briefings.values():
        encoded = re.search(r"base64,([A-Za-z0-9+/=]+)\) format", text)
        assert encoded
        font = TTFont(io.BytesIO(base64.b64decode(encoded[1])))
        with as_file(data.path("fonts/NotoSansSC-gb2312.ttf")) as path, TTFont(path) as whole:
            known = set(whole.getBestCmap())
        body = text.partition("<body>")[2]
        used = {ord(c) for c in "".join(Page(body).words) if c.isprintable()}
        assert used & known <= set(font.getBestCmap())
        assert len(font.getBestCmap()) < 1000


def test_the_briefing_is_the_same_on_every_run(briefings: dict[str, str]) -> None:
    assert briefing_html(synthetic_results(days=60), "en") == briefings["en"]


def test_hostile_names_and_notes_are_inert() -> None:
    results = synthetic_results(days=40)
    names = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "‮evil", "x" * 3000]
    manifest = {
        **results.manifest,
        "scenario": {**results.manifest["scenario"], "title": {"en": names[1], "zh": names[0]}},
        "regions": {
            region: {**row, "name_en": names[i % 4], "name_zh": names[i % 4]}
            for i, (region, row) in enumerate(results.manifest["regions"].items())
        },
        "warnings": [*names, "=cmd()"],
        "input_hashes": {names[0]: "00"},
    }
    text = briefing_html(Results(results.tables, manifest), "zh")
    page = Page(text)
    assert not page.all("script")
    assert not page.all("img")
    assert "‮" not in text
    assert "x" * 500 not in text
    assert len(page.all("svg")) == len(CHARTS)


def test_a_small_run_says_what_it_cannot_draw() -> None:
    results = synthetic_results(
        days=20, variants=("none",), replications=(0,), daily_replications=0
    )
    words = " ".join(" ".join(Page(briefing_html(results, "en")).words).split())
    assert "Not drawn for this run: Variants compared (there is one variant only" in words
    assert "Not drawn for this run: Cover and its spread" in words


def test_why_a_chart_cannot_be_drawn_is_said_in_chinese() -> None:
    small = synthetic_results(days=20, variants=("none",), replications=(0,), daily_replications=0)
    tables = {name: table for name, table in small.tables.items() if name != "transfers"}
    for results in (small, Results(tables, small.manifest)):
        undrawn = [figure(results, name, "zh") for name in CHARTS]
        undrawn = [each for each in undrawn if each.chart is None]
        assert len(undrawn) >= 6
        assert all(re.search("[\u4e00-\u9fff]", each.why) for each in undrawn), undrawn


def test_the_command_writes_the_briefing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["report", str(folder), "--lang", "zh", "--out", str(tmp_path)]) == 0
    path = tmp_path / "briefing.zh.html"
    assert path.as_posix() in capsys.readouterr().out
    assert path.read_text("utf-8").startswith('<!doctype html>\n<html lang="zh-CN">')


# --------------------------------------------------------------------------------- a saved plan


def _plan_folder(place: Path, **changes: object) -> Path:
    """A plan as `bloodsim plan --out` writes it."""
    at = {"date": "2026-02-10", "until": "2026-02-11", "product": "red_cells"}
    sent = {**at, "arrival": "2026-02-12", "group": "A_pos"}
    cost = {
        "indicator": "cost",
        "product": "",
        "plan_minus_proportional": -25000.0,
        "plan_minus_proportional_half_width": 900.0,
    }
    rows = [
        {
            "indicator": indicator,
            "product": "red_cells",
            "plan_minus_proportional": mean,
            "plan_minus_proportional_half_width": mean / 5,
            "plan_minus_without": 0.0,
            "plan_minus_without_half_width": 9.0,
        }
        for indicator, mean in (("emergency and urgent lost", 35.0), ("cost of this product", 700))
    ]
    verdict = {
        "product": "red_cells",
        "against_rule": "worse",
        "against_nothing": "undecided",
        "warning": True,
    }
    plan = {
        "scenario": {"name": "made-up-festival", "hash": "ab12cd34" * 8},
        "start": "2026-02-10",
        "stock": {
            "source": "warm_up",
            "worlds": 16,
            "says": "no stock file: the mean of 16 simulated warm-ups, not a count",
        },
        "status": "feasible",
        "gap": 0.0012,
        "transfers": [
            {**sent, "origin": "HE", "destination": "BJ", "units": 830.0},
            {**sent, "origin": "HE", "destination": "BJ", "units": 20.0, "group": "O_neg"},
            {**sent, "origin": "SD", "destination": "GD", "units": 5.0, "date": "2026-02-13"},
        ],
        "prices": [
            {**at, "region": "BJ", "group": "A_pos", "points_per_unit": 2.0},
            {**at, "region": "BJ", "group": "O_neg", "points_per_unit": 3.5},
            {**at, "region": "GD", "group": "O_neg", "points_per_unit": 1.0},
            {**at, "region": "BJ", "group": "A_pos", "points_per_unit": 0.5, "date": "2026-02-12"},
        ],
        "headlines": [{**at, "region": "BJ", "group": "O_neg", "gain": 3.4, "loss": 3.6}],
        "cover": [
            {"date": "2026-02-10", "region": region, "product": "red_cells"}
            for region in ("BJ", "HE", "SD", "GD", "SC", "XZ")
        ],
        "check": {"days": 14, "replications": 32, "table": [cost, *rows], "products": [verdict]},
        **changes,
    }
    place.mkdir(parents=True)
    (place / "plan.json").write_text(json.dumps(plan), "utf-8")
    return place


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_saved_plan_has_a_page_of_its_own(
    folder: Path, tmp_path: Path, lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = _plan_folder(tmp_path / "plan")
    line = ["report", str(folder), "--plan", str(plan), "--out", str(tmp_path), "--lang", lang]
    assert execute(line) == 0
    html = (tmp_path / f"briefing.{lang}.html").read_text("utf-8")
    assert html.partition('class="shipments"')[2].partition("</table>")[0].count("<tr>") == 2
    assert html.index('class="status stated"') < html.index('class="shipments"')
    page = Page(html)
    words = " ".join(" ".join(page.words).replace("\N{NO-BREAK SPACE}", " ").split())
    assert len(page.all("svg")) == len(CHARTS) + len(PLAN_CHARTS)
    expected = {
        "en": (
            "What to do now?",
            "850 U on 1 road.",
            "Hebei → Beijing",
            "A+ 830, O− 20",
            "−25,000 ± 900",
            "worse than the proportional rule (requests lost +35 ± 7 U, cost +700 ± 140 points)",
            "share it by the proportional rule.",
            "the mean of 16 simulated warm-ups, not a count",
            "the plan costs less; cost −25,000",
            "those of 1 of 2 regions confirmed by solving again with 10 units",
        ),
        "zh": (
            "今天做什么？",
            "850 U",
            "河北 → 北京",
            "A+ 830, O− 20",
            "−2.5万 ± 0.09万",
            "应按比例均衡规则调剂。",
            "取 16 次模拟预热的均值",
            "2 个地区中 1 个的价格已用",
        ),
    }
    for text in expected[lang]:
        assert text in words
    assert execute([*line, "--chart", "prices", "--to", "csv"]) == 0
    said = capsys.readouterr().out
    assert ("Beijing on 10" if lang == "en" else "在北京") in said.replace(
        "\N{NO-BREAK SPACE}", " "
    )
    rows = (tmp_path / f"prices.{lang}.csv").read_text("utf-8-sig").splitlines()
    assert rows[0] == "region,name,price,group"
    assert len(rows) == 7
    assert next(row for row in rows if row.startswith("BJ")).endswith("3.5,O_neg")
    assert next(row for row in rows if row.startswith("SC")).endswith("0.0,")


def test_what_a_plan_rests_on_stands_above_its_shipments(folder: Path, tmp_path: Path) -> None:
    file = {"source": "file", "file": "stock.csv", "day": "2026-02-10", "has_lives": False}
    known = {**file, "products": ["red_cells"], "says": "started from stock.csv (2026-02-10)"}
    cases = (
        ({}, "The stock is simulated, not counted", "库存为模拟值，不是盘点数"),
        ({"stock": known}, "Stock: started from stock.csv", "库存取自文件 stock.csv"),
        ({"stock": known}, "", "其余产品为模拟预热后的库存"),
        ({"stock": {"source": "none", "says": "not looked at"}}, "Stock: not", "未查看库存"),
        ({"check": None}, "Not checked by simulation", "未经模拟检验"),
    )
    results = Results.load(folder)
    for number, (changes, en, zh) in enumerate(cases):
        plan = read_plan(_plan_folder(tmp_path / str(number), **changes))
        for lang, said in (("en", en), ("zh", zh)):
            assert said in " ".join(stated(results, plan, lang))


def test_the_map_of_prices_says_which_of_them_were_solved_again(tmp_path: Path) -> None:
    results = synthetic_results(days=60)
    row = {"date": "2026-02-10", "region": "GD", "product": "red_cells", "group": "A_pos"}
    for name, found, said in (
        ("none", [], "not confirmed by solving again"),
        ("others", [row], "none of these was solved again: the plan did so for its headline"),
        ("these", [{**row, "group": "O_neg"}], "those of 1 of 2 regions confirmed by solving"),
    ):
        plan = read_plan(_plan_folder(tmp_path / name, headlines=found))
        chart = PLAN_CHARTS["prices"](results, plan)
        assert said in " ".join(chart.alt.split())


def test_plans_that_do_not_fit_are_refused_by_name(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["report", str(folder), "--out", str(tmp_path), "--plan"]
    assert execute([*line[:-1], "--chart", "prices"]) == 2
    assert "the chart prices is of a plan" in " ".join(capsys.readouterr().err.split())
    cover = [{"date": "2026-02-10", "region": "ZZ", "product": "red_cells"}]
    check = {"days": 1, "replications": 1, "table": []}
    sent = dict.fromkeys(("date", "arrival"), "2026-02-10")
    sent |= dict.fromkeys(("origin", "destination", "product", "group", "units"), "many")
    for name, changes, said in (
        ("strange", {"cover": cover}, "region 'ZZ'"),
        ("damaged", {"start": "soon"}, "damaged/plan.json is damaged"),
        ("older", {"check": {}, "prices": [{}]}, "older/plan.json is damaged"),
        ("bare", {"cover": [], "transfers": [], "prices": []}, "bare/plan.json has no transfers"),
        ("unchecked", {"check": {}}, "unchecked/plan.json is damaged"),
        ("costless", {"check": check}, "costless/plan.json is damaged"),
        ("wordy", {"cover": [], "transfers": [sent]}, "wordy/plan.json is damaged"),
    ):
        assert execute([*line, str(_plan_folder(tmp_path / name, **changes))]) == 3
        assert said in capsys.readouterr().err.replace("\n", "")
    assert execute([*line, str(tmp_path)]) == 3
    assert "plan.json is missing" in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "briefing.en.html").exists()
