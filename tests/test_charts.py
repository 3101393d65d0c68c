"""The briefing's charts: what is drawn is what was simulated, in both languages, always alike."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from synthetic_results import REGIONS, synthetic_results

from bloodsim import bundled, load, metrics
from bloodsim.labels import NBSP, day_label, shown, variant_label
from bloodsim.numbers import floored, give_or_take, number, percent, tick
from bloodsim.plots import (
    CHARTS,
    Chart,
    plot_ageing,
    plot_collection_plan,
    plot_comparison,
    plot_cost_shortage,
    plot_equity,
    plot_fan,
    plot_flows,
    plot_model_check,
    plot_prices,
    plot_shortage_tiles,
    plot_status_board,
    plot_transfer_matrix,
    plot_transfers_map,
)
from bloodsim.plots.chart import figure_of
from bloodsim.plots.choice import proposal
from bloodsim.plots.status import StatusRow
from bloodsim.plots.status_words import status_finding
from bloodsim.results import Results
from bloodsim.results.bands import SUFFIX
from bloodsim.scenario.unmet import MARK

LANGUAGES = ("en", "zh")
FEAST = date(2026, 2, 20)


@pytest.fixture(scope="module")
def results() -> Results:
    return synthetic_results(days=75)


def drawn(name: str, results: Results, lang: str) -> Chart:
    if name == "prices":
        table = pd.DataFrame({"region": list(results.regions), "price": range(6)})
        return plot_prices(results, table, FEAST, lang=lang)
    return CHARTS[name](results, lang=lang)


def words(chart: Chart) -> str:
    return " ".join(" ".join(text.get_text().split()) for text in chart.figure.findobj(Text))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", [*CHARTS, "prices"])
def test_every_chart_is_the_same_on_every_run_and_says_what_it_is(
    results: Results, name: str, lang: str
) -> None:
    first, again = (drawn(name, results, lang) for _ in range(2))
    assert first.content("svg") == again.content("svg")
    assert first.content("csv") == again.content("csv")
    assert len(first.data.columns)
    assert first.content("png").startswith(b"\x89PNG")
    said = " ".join(first.alt.split())
    assert " ".join(first.headline.split()) in said
    for text in (
        ("模拟结果，非实测", "made-up-festival 3fa91c7d")
        if lang == "zh"
        else ("Simulated, not observed", "made-up-festival 3fa91c7d")
    ):
        assert text in said
        assert text.replace(" ", "") in words(first).replace(" ", "")
    assert first.alt.encode() not in first.content("csv")
    assert (
        "<desc>" in first.content("svg").decode()
        or "<dc:description>" in first.content("svg").decode()
    )


@pytest.mark.parametrize("name", CHARTS)
def test_texts_stay_inside_the_figure(results: Results, name: str) -> None:
    for lang in LANGUAGES:
        chart = drawn(name, results, lang)
        figure = chart.figure
        figure.canvas.draw()
        width, height = figure.bbox.width, figure.bbox.height
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        for text in figure.findobj(Text):
            if not text.get_text().strip() or not text.get_visible():
                continue
            box = text.get_window_extent(renderer)
            ticks = [t for axis in ("x", "y") for t in _outside_ticks(chart, axis)]
            if text in ticks:
                continue
            assert box.x0 >= -1, (lang, text.get_text())
            assert box.x1 <= width + 1, (lang, text.get_text())
            assert box.y0 >= -1, (lang, text.get_text())
            assert box.y1 <= height + 1, (lang, text.get_text())


def _outside_ticks(chart: Chart, axis: str) -> list[Text]:
    """Labels of ticks: matplotlib keeps some beyond the limits that are never drawn."""
    return [
        label
        for ax in chart.figure.findobj(lambda artist: hasattr(artist, "xaxis"))
        for label in getattr(ax, f"get_{axis}ticklabels")(which="both")
    ]


def test_comparison_is_paired(results: Results) -> None:
    data = plot_comparison(results, "none").data.set_index(["indicator", "variant"])
    rate = metrics.shortage_rate(results).sel(product="red_cells")
    paired = metrics.interval((rate.sel(variant="proportional") - rate.sel(variant="none")).values)
    row = data.loc[("shortage_rate", "proportional")]
    assert row["difference"] == pytest.approx(paired.mean)
    assert row["half_width"] == pytest.approx(paired.half_width)
    assert row["change"] == pytest.approx(paired.mean / rate.sel(variant="none").mean())


def test_an_interval_that_covers_no_effect_is_hollow_and_said(results: Results) -> None:
    same = {
        name: table.assign_coords(variant=["none", "twin"]).copy(
            data={
                key: np.concatenate([values.values[:1], values.values[:1]])
                for key, values in table.items()
            }
        )
        for name, table in results.tables.items()
    }
    manifest = {**results.manifest, "variants": {"none": {}, "twin": {}}}
    chart = plot_comparison(Results(same, manifest))
    assert "no clear difference" in chart.headline
    faces = {line.get_markerfacecolor() for line in chart.ax.lines if line.get_marker() == "o"}
    assert faces == {"white"}


def test_waterfall_adds_up_to_the_change_of_stock(results: Results) -> None:
    for region in (None, "GD"):
        chart = plot_flows(results, "proportional", region=region)
        steps = chart.data.set_index("step")["units"]
        assert steps.iloc[:-1].sum() == pytest.approx(steps["end"], abs=1e-6)
    stock = results.daily["stock"].sel(variant="none", product="red_cells").sum("region")
    days = (date(2026, 2, 1), date(2026, 2, 28))
    steps = plot_flows(results, "none", span=days).data.set_index("step")["units"]
    assert steps["end"] == pytest.approx(stock.sel(day="2026-02-28").mean())
    assert steps["start"] == pytest.approx(stock.sel(day="2026-01-31").mean())


def test_tiles_show_the_share_of_replications_below(results: Results) -> None:
    data = plot_shortage_tiles(results, "none").data
    cover = results.daily["cover_days"].sel(variant="none", product="red_cells", region="GD")
    expected = (cover < 5).mean("replication").values
    np.testing.assert_allclose(data[data["region"] == "GD"]["chance"], expected)


def test_arrows_and_matrix_are_the_transfers(results: Results) -> None:
    table = results.transfers["units"].sel(variant="proportional", product="red_cells")
    mean = table.mean("replication")
    flows = plot_transfers_map(results, "proportional").data
    assert flows["units"].is_monotonic_decreasing
    for row in flows.itertuples():
        at = {"origin": row.origin, "destination": row.destination}
        assert row.units == pytest.approx(float(mean.sel(at)))
    assert len(flows) == min(10, int((mean > 0).sum()))
    matrix = plot_transfer_matrix(results, "proportional").data
    assert matrix["units"].sum() == pytest.approx(float(mean.sum()))
    nothing = plot_transfers_map(results, "none")
    assert "nothing moves" in nothing.headline
    assert "nothing moves" in plot_transfer_matrix(results, "none").headline


def test_status_board_is_sorted_and_counts_replications(results: Results) -> None:
    data = plot_status_board(results, "none").data
    assert data["lowest_days"].is_monotonic_increasing
    cover = results.daily["cover_days"].sel(variant="none", product="red_cells")
    chance = (cover < 2).any("day").mean("replication")
    for row in data.itertuples():
        assert row.chance_red == pytest.approx(float(chance.sel(region=row.region)))
    later = plot_status_board(results, "none", day=FEAST).data
    assert (later["lowest_day"] >= np.datetime64(FEAST)).all()
    with pytest.raises(ValueError, match="not one of the days"):
        plot_status_board(results, day=date(2030, 1, 1))


def test_the_status_leads_with_the_lowest_cover_and_calls_likely_two_worlds_of_three(
    results: Results,
) -> None:
    board = plot_status_board(results, "none")
    first = board.data.iloc[0]
    name, cover = first["name"], floored(float(first["lowest_days"]))
    said = board.headline.replace(NBSP, " ")
    day = day_label(first["lowest_day"].date(), "en").replace(NBSP, " ")
    assert said.startswith(f"Red cells: cover lowest on {day}, ")
    assert f"{cover} days in {name}" in said
    assert "(start of the simulated period)" in said
    for share, likely in ((0.5, False), (0.66, False), (0.67, True)):
        levels = {"yellow": 5.0, "red": 2.0}
        risks = {"yellow": share, "red": 0.0}
        row = StatusRow("BJ", 9.0, 4.0, 3.0, 5.0, FEAST, risks, 0.0, 0.0, {}, 0.0)
        for lang in LANGUAGES:
            said = status_finding(results, [row], levels, "red_cells", FEAST, lang)
            assert f"{100 * share:.0f}{NBSP}%" in said.replace(" %", f"{NBSP}%")
            assert (("likely below" in said) or ("很可能低于" in said)) == likely
    shown = words(board)
    assert "orange on any day" in shown
    assert "90 % range of that day" in shown.replace(NBSP, " ")


def test_equity_ranks_the_unmet_share(results: Results) -> None:
    data = plot_equity(results).data
    share = metrics.shortage_rate(results, by="region").sel(product="red_cells")
    for row in data.itertuples():
        mean = share.sel(variant=row.variant, region=row.region).mean()
        assert row.unmet_share == pytest.approx(float(mean))
    first = data[data["variant"] == "none"]["unmet_share"]
    assert first.is_monotonic_decreasing


def test_weeks_of_the_plan_add_up(results: Results) -> None:
    data = plot_collection_plan(results, "proportional", "none").data
    collected = results.daily["collected"].sel(product="red_cells").mean("replication")
    for column, variant in (("units", "proportional"), ("compared_units", "none")):
        total = float(collected.sel(variant=variant).sum())
        assert data[column].sum() == pytest.approx(total)


def test_shortage_and_effort_make_the_one_cost(results: Results) -> None:
    data = plot_cost_shortage(results).data.set_index("variant")
    cost = metrics.cost(results).mean("replication")
    apart = data["shortage"] + data["extra_effort"]
    assert apart["proportional"] - apart["none"] == pytest.approx(
        float(cost.sel(variant="proportional") - cost.sel(variant="none"))
    )
    for name, row in data.iterrows():
        better = (data["shortage"] <= row["shortage"]) & (
            data["extra_effort"] <= row["extra_effort"]
        )
        assert row["efficient"] == (better.sum() == 1), name


def test_a_difference_that_may_be_chance_is_no_finding(results: Results) -> None:
    """A twin with the luck of the neighbouring replication and one unit less lost."""
    totals = results.totals.copy(deep=True)
    at = {"variant": "proportional"}
    for name, values in totals.items():
        twin = values.sel(variant="none").roll(replication=1).values.copy()
        if name == "lost_urgent":
            place = np.unravel_index(np.argmax(twin), twin.shape)
            twin[place] -= 1
        totals[name].loc[at] = twin
    chart = plot_cost_shortage(Results({**results.tables, "totals": totals}, results.manifest))
    shortage = chart.data.set_index("variant")["shortage"]
    assert shortage["proportional"] < shortage["none"]
    assert "No variant clearly leaves less shortage" in chart.headline


def test_age_and_outdates_are_the_indicators(results: Results) -> None:
    data = plot_ageing(results).data.set_index(["product", "variant"])
    row = data.loc[("red_cells", "none")]
    at = {"product": "red_cells", "variant": "none"}
    assert row["age_days"] == pytest.approx(
        float(metrics.age_at_issue_days(results).sel(at).mean())
    )
    assert row["outdate_rate"] == pytest.approx(float(metrics.outdate_rate(results).sel(at).mean()))


def test_the_longest_label_beside_the_longest_bar_is_not_cut_off(results: Results) -> None:
    totals = results.totals.copy(deep=True)
    platelets = {"product": "platelets"}
    totals["outdated"].loc[platelets] = totals["released"].sel(platelets) * 0.4
    for lang in LANGUAGES:
        chart = plot_ageing(
            Results({**results.tables, "totals": totals}, results.manifest), lang=lang
        )
        chart.figure.canvas.draw()
        edge = chart.figure.bbox.width
        ends = [text.get_window_extent().x1 for text in chart.figure.findobj(Text)]
        assert 0.9 * edge < max(ends) <= edge


def test_names_of_variants_keep_off_intervals_and_each_other(results: Results) -> None:
    variants = ("practice", "share_surplus", "proportional", "optimized", "pre_collect")
    chart = plot_cost_shortage(synthetic_results(days=60, variants=variants))
    chart.figure.canvas.draw()
    names = {variant_label(name, "en") for name in variants}
    texts = [t for t in chart.ax.texts if t.get_text().removesuffix(" (efficient)") in names]
    boxes = [text.get_window_extent() for text in texts]
    assert len(boxes) == len(variants)
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


@pytest.mark.parametrize("name", CHARTS)
def test_words_stay_text_in_a_page(results: Results, name: str) -> None:
    """Letters drawn as shapes cannot be selected, searched or read out, and take much room."""
    svg = drawn(name, results, "zh").content("svg", real_text=True).decode()
    assert "<text" in svg
    assert "NotoSansSC" not in svg
    assert len(svg) < 400_000


def test_model_check_finds_books_that_do_not_balance(results: Results) -> None:
    assert "Books balance exactly" in plot_model_check(results).headline
    totals = results.totals.copy(deep=True)
    totals["issued"] = totals["issued"] + 1.0
    cooked = Results({**results.tables, "totals": totals}, results.manifest)
    assert "do not balance" in plot_model_check(cooked).headline
    with pytest.raises(ValueError, match="one replication"):
        plot_model_check(synthetic_results(days=30, replications=(0,)))


def test_prices_come_from_the_table_alone(results: Results) -> None:
    table = pd.DataFrame({"region": ["BJ", "GD"], "price": [3.5, 0.0]})
    chart = plot_prices(results, table, FEAST)
    assert chart.data["price"].tolist() == [3.5, 0.0]
    said = chart.headline.replace("\N{NO-BREAK SPACE}", " ")
    assert "one more U in Beijing on 20 Feb 2026 saves 3.5 points" in said
    with pytest.raises(ValueError, match="no column 'price'"):
        plot_prices(results, table[["region"]], FEAST)
    with pytest.raises(ValueError, match="no region 'ZZ'"):
        plot_prices(results, table.assign(region="ZZ"), FEAST)


def test_own_shapes_are_matched_by_adcode(results: Results, tmp_path: Path) -> None:
    codes = {"BJ": 110000, "HE": 130000, "SD": 370000, "GD": 440000, "SC": 510000, "XZ": 540000}
    features = [
        {
            "type": "Feature",
            "properties": {"adcode": code},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[i, 0], [i + 1, 0], [i + 1, 1], [i, 1], [i, 0]]],
            },
        }
        for i, code in enumerate(codes.values())
    ]
    path = tmp_path / "own.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    chart = plot_transfers_map(results, "proportional", shapes=path)
    assert "shapes supplied by the user" in words(chart)
    path.write_text(json.dumps({"features": features[1:]}))
    with pytest.raises(ValueError, match="no shape with the adcode of BJ"):
        plot_transfers_map(results, "proportional", shapes=path)
    path.write_text("{}")
    with pytest.raises(ValueError, match="not a GeoJSON"):
        plot_transfers_map(results, "proportional", shapes=path)


@pytest.mark.parametrize("name", [*CHARTS, "prices"])
def test_hostile_names_are_text_and_nothing_else(results: Results, name: str) -> None:
    names = ["<script>alert(1)</script>", "=cmd()", "$\\frac{1}$", "x" * 500, "‮evil", "مرحبا🩸"]
    regions = {
        region: {**row, "name_en": names[i], "tile_row": 0}
        for i, (region, row) in enumerate(results.manifest["regions"].items())
    }
    products = {
        product: {
            **row,
            "label": {"en": names[i], "zh": names[i]},
            "unit_label": {"en": names[i + 3]},
        }
        for i, (product, row) in enumerate(results.manifest["products"].items())
    }
    scenario = {**results.manifest["scenario"], "name": names[4] + names[3]}
    manifest = {"regions": regions, "products": products, "scenario": scenario}
    hostile = Results(results.tables, {**results.manifest, **manifest})
    chart = drawn(name, hostile, "en")
    svg = chart.content("svg").decode()
    assert "<script" not in svg
    assert "‮" not in words(chart)
    csv = chart.content("csv").decode("utf-8-sig")
    assert ",=cmd()" not in csv
    assert not csv.startswith("=")


@pytest.mark.parametrize("name", [*CHARTS, "prices"])
def test_given_axes_are_used(results: Results, name: str) -> None:
    ax = Figure(figsize=(9, 6)).add_subplot()
    if name == "prices":
        table = pd.DataFrame({"region": ["BJ"], "price": [1.0]})
        chart = plot_prices(results, table, FEAST, ax=ax)
    else:
        chart = CHARTS[name](results, ax=ax)
    assert chart.ax is ax
    assert figure_of(ax) is chart.figure


def test_unknown_variants_have_names_and_colours_of_their_own() -> None:
    variants = tuple(f"idea_{i}" for i in range(6))
    results = synthetic_results(days=60, variants=variants)
    for name in CHARTS:
        assert drawn(name, results, "zh").headline
    fan = plot_fan(results, variants)
    assert len({line.get_color() for line in fan.ax.lines[:12]}) > 3


def test_one_variant_is_enough_where_nothing_is_compared() -> None:
    results = synthetic_results(days=60, variants=("none",))
    for name in CHARTS:
        if name in ("comparison", "cost_shortage"):
            with pytest.raises(ValueError, match="one variant only"):
                drawn(name, results, "en")
        else:
            assert drawn(name, results, "en").headline


def test_words_and_numbers_of_both_languages() -> None:
    assert number(123456, "zh") == "12.3万"
    assert number(-0.4, "en") == "−0.4"
    assert tick(1e6, "zh") == "100万"
    assert tick(25000, "zh", signed=True) == "+2.5万"
    assert give_or_take(819, 46899, "zh") == "0.08万"
    assert give_or_take(8338, 104378, "zh") == "0.8万"
    assert give_or_take(44.8, 23058, "zh") == "<0.01万"
    assert give_or_take(819, 46899, "en") == "819"
    assert give_or_take(56000, 705000, "zh") == "5.6万"
    assert number(0.0, "en", signed=True) == "0"
    assert percent(0.0082) == "0.82\N{NO-BREAK SPACE}%"
    assert percent(0.000031) == "0.0031\N{NO-BREAK SPACE}%"
    assert percent(0.99996) == "99.9\N{NO-BREAK SPACE}%"
    assert percent(1.0 - 1e-12) == percent(1.0)
    assert percent(1.0) == "100\N{NO-BREAK SPACE}%"
    assert percent(1e-9) == "<0.0001\N{NO-BREAK SPACE}%"
    assert percent(-0.5, signed=True) == "−50\N{NO-BREAK SPACE}%"
    assert variant_label("my_idea", "en") == "my idea"
    assert variant_label(f"practice{MARK}2p5", "zh") == "现行做法（假设 2.5% 未满足）"
    assert (
        variant_label(f"none{MARK}3{SUFFIX}", "en") == "no transfers, 3 % unmet, parameters drawn"
    )
    assert variant_label(f"my{MARK}idea", "en") == "my unmet idea"
    for name in bundled():
        for variant in load(name).variants:
            assert any("\u4e00" <= c <= "\u9fff" for c in variant_label(variant, "zh")), variant
    assert shown("a‮b\x00c") == "abc"
    assert len(shown("x" * 100)) == 24
    assert set(REGIONS) >= {"BJ"}


def test_nothing_is_proposed_that_nobody_can_do() -> None:
    """Neither who knows the future nor a world of less need is a plan, however little it lacks."""
    results = synthetic_results(variants=("practice", "proportional", "share_surplus"))
    best = proposal(results, "red_cells")
    (other,) = {"proportional", "share_surplus"} - {best}
    told = {best: {"policy": "Optimized(foresight='perfect')"}}
    manifest = {**results.manifest, "variants": told}
    assert proposal(Results(results.tables, manifest), "red_cells") == other
    for strange in (f"{other}{SUFFIX}", f"{other}{MARK}0"):
        tables = {
            name: table.assign_coords(
                variant=[strange if v == best else str(v) for v in table["variant"].values]
            )
            for name, table in results.tables.items()
            if "variant" in table.coords
        }
        renamed = Results({**results.tables, **tables}, results.manifest)
        assert strange in renamed.variants
        assert proposal(renamed, "red_cells") == other
        assert set(plot_collection_plan(renamed).data["variant"]) == {other}
