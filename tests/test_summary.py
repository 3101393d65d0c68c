"""The first page of a briefing: every product that may run short, and no benefit unshown."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr
from html_page import Page
from synthetic_results import synthetic_results

from bloodsim import metrics
from bloodsim.labels import Lang, variant_label
from bloodsim.plots.choice import proposal, reference
from bloodsim.report import briefing_html, figure_sheets, pages, write_docx
from bloodsim.report.adoption import adoption
from bloodsim.report.figures import figure
from bloodsim.report.summary import decisions, key_figures, others, status_head
from bloodsim.results import Results


@pytest.fixture(scope="module")
def results() -> Results:
    return synthetic_results(days=40)


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "Platelets: cover lowest on"), ("zh", "血小板：")], ids=["en", "zh"]
)
def test_products_with_alert_levels_have_a_status_the_worst_supplied_first(
    results: Results, lang: str, said: str
) -> None:
    lines = others(results, lang)  # type: ignore[arg-type]
    assert [line for line in lines if line.startswith(said)]
    unmet = metrics.shortage_rate(results).sel(variant="none").mean("replication")
    worst = str(unmet["product"].values[int(unmet.argmax("product"))])
    most = "the most of all products" if lang == "en" else "为各产品之首"
    assert any(most in line for line in lines) == (worst != "red_cells")
    assert "2026" in status_head(results, lang)  # type: ignore[arg-type]


def test_the_reference_against_itself_shows_no_benefit(results: Results) -> None:
    said = adoption(results, "red_cells", "none", "none", "en")
    assert "no clear benefit shown (8 worlds)" in said
    assert "未显示明确收益（8 次模拟）" in adoption(results, "red_cells", "none", "none", "zh")


def test_adoption_says_what_the_paired_cost_shows(results: Results) -> None:
    base, best = reference(results), proposal(results, "red_cells")
    cost = metrics.cost(results)
    found = metrics.interval((cost.sel(variant=best) - cost.sel(variant=base)).values)
    clear = abs(found.mean) > found.half_width
    said = decisions(results, {}, "en")[0]
    assert said == adoption(results, "red_cells", base, best, "en")
    assert ("no clear benefit" in said) == (not clear)
    assert ("clearly costs" in said) == clear
    one = synthetic_results(days=20, replications=(0,))
    assert "no clear benefit shown (1 world)" in decisions(one, {}, "en")[0]


def with_drives(results: Results, variant: str, more_teams: float, more_drives: float) -> Results:
    """The same run with 100 team-days and 40 drives, and others of one variant."""
    collection = results.collection.copy(deep=True)
    share = xr.ones_like(collection["donations"], float) / (
        collection.sizes["region"] * collection.sizes["channel"]
    )
    for name, usual, more in (("team_days", 100, more_teams), ("drives", 40, more_drives)):
        collection[name] = share * usual
        collection[name].loc[{"variant": variant}] *= 1 + more
    return Results({**results.tables, "collection": collection}, results.manifest)


def test_what_the_proposal_takes_stands_beside_it(results: Results) -> None:
    base, best = reference(results), proposal(results, "red_cells")
    run = with_drives(results, best, 0.07, 0.15)
    assert "team-days +7 (+7.0 %, not in the cost), drives +6 (+15 %)" in " ".join(
        adoption(run, "red_cells", base, best, "en").split()
    )
    assert "采血队·天 +7（+7.0 %，不计入代价）、团体献血场次 +6（+15 %）" in " ".join(
        adoption(run, "red_cells", base, best, "zh").split()
    )
    same = with_drives(results, best, 0.0, 0.0)
    assert "team-days and drives as before" in adoption(same, "red_cells", base, best, "en")
    assert "采血队·天与团体献血场次不变" in adoption(same, "red_cells", base, best, "zh")
    assert "team-days" not in adoption(results, "red_cells", base, best, "en")
    weights = {**run.manifest["cost_weights"], "team_day": 3.0}
    priced = Results(run.tables, {**run.manifest, "cost_weights": weights})
    assert "not in the cost" not in adoption(priced, "red_cells", base, best, "en")


def test_the_main_figures_have_team_days_and_drives_where_there_are_drives(
    results: Results,
) -> None:
    run = with_drives(results, proposal(results, "red_cells"), 0.07, 0.15)
    rows = {row.name: row for row in key_figures(run, "en")}
    assert (rows["team-days"].before, rows["team-days"].after) == ("100 ± 0", "107 ± 0")
    assert rows["drives"].difference == "+6 ± 0"
    assert rows["drives"].clear
    assert not {"team-days", "drives"} & {row.name for row in key_figures(results, "en")}


def test_a_run_without_drives_stands_beside_one_with(
    results: Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    docx = pytest.importorskip("docx")
    monkeypatch.setattr(pages, "_PAGES", pages._PAGES[:1])
    run = with_drives(results, proposal(results, "red_cells"), 0.07, 0.15)
    text = briefing_html([results, run], "en")
    words = " ".join(" ".join(Page(text).words).split())
    assert "drives drives – 40 ± 0 → 46 ± 0 +6 ± 0 · clear" in words
    table = docx.Document(str(write_docx([results, run], tmp_path / "b.docx", "en"))).tables[0]
    row = next(row for row in table.rows if row.cells[0].text.startswith("drives"))
    assert [cell.text for cell in row.cells[1:]] == ["–", "40 ± 0 → 46 ± 0\n+6 ± 0 · clear"]


def test_the_collection_of_another_plan_is_asked_for_with_what_that_one_takes() -> None:
    variants = ("practice", "proportional", "pre_collect")
    results = synthetic_results(days=40, variants=variants)
    best = proposal(results, "red_cells")
    (other,) = {*variants[1:]} - {best}
    daily = results.daily.copy(deep=True)
    daily["collected"].loc[{"variant": other}] *= 1.1
    run = Results({**results.tables, "daily": daily}, results.manifest)
    run = with_drives(run, other, 0.07, 0.15)
    drawn = {"collection_plan": figure(run, "collection_plan", "en")}
    adopted, asked = (" ".join(text.split()) for text in decisions(run, drawn, "en")[:2])
    assert "team-days and drives as before" in adopted
    assert "together collect" in asked
    assert "team-days +7 (+7.0 %" in asked


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "not at equal donations"), ("zh", "并非同等献血量下的比较")],
    ids=["en", "zh"],
)
def test_a_comparison_at_other_donations_says_so(results: Results, lang: Lang, said: str) -> None:
    base, best = reference(results), proposal(results, "red_cells")
    for more, differs in ((0.0064, True), (-0.0064, True), (0.0015, False), (0.0, False)):
        collection = results.collection.copy(deep=True)
        usual = collection["donations"].sel(variant=base).transpose("replication", ...)
        at = collection["donations"].transpose("variant", "replication", ...)
        at.loc[{"variant": best}] = usual.values * (1 + more)
        collection["donations"] = at
        run = Results({**results.tables, "collection": collection}, results.manifest)
        text = adoption(run, "red_cells", base, best, lang)
        assert (said in text) == differs
        assert (said in figure_sheets.comparison(run, lang).note) == differs


def test_a_calendar_is_set_beside_its_reference_where_the_donations_are_those_of_that() -> None:
    """Against today's habits it collects more; the fair comparison is in the same run."""
    results = synthetic_results(days=40, variants=("practice", "proportional", "pre_collect"))
    base, best = "practice", proposal(results, "red_cells")
    (rule,) = {"proportional", "pre_collect"} - {best}
    collection = results.collection.copy(deep=True)
    for name in (best, rule):
        collection["donations"].loc[{"variant": name}] *= 1.01
    facts = results.manifest["variants"]
    planned = {**facts, best: {**facts[best], "reference": rule}}
    tables = {**results.tables, "collection": collection}
    run = Results(tables, {**results.manifest, "variants": planned})
    (worth,) = metrics.calendar_worth(run)
    said = adoption(run, "red_cells", base, best, "en")
    than = variant_label(rule, "en")
    ratio = f"{worth.cost.ratio:.3f} [{worth.cost.low:.3f}, {worth.cost.high:.3f}]"
    assert f"at the donations of '{than}' it costs {ratio} of that" in said
    assert f"代价为其 {ratio} 倍" in adoption(run, "red_cells", base, best, "zh")
    fair = "at the donations of"
    assert fair not in adoption(run, "red_cells", rule, best, "en")
    assert fair not in adoption(Results(tables, results.manifest), "red_cells", base, best, "en")
    collection["donations"].loc[{"variant": rule}] *= 1.01
    assert fair not in adoption(run, "red_cells", base, best, "en")
