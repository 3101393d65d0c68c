"""Charts: what is drawn is what was simulated, in both languages, the same on every run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from synthetic_results import LEVELS, synthetic_results

from bloodsim.plots import Chart, plot_calendar_heatmap, plot_fan
from bloodsim.plots.chart import text_width, wrapped
from bloodsim.plots.style import floored, quantity
from bloodsim.plots.text import balanced
from bloodsim.results import Results

CHARTS = {"heatmap": plot_calendar_heatmap, "fan": plot_fan}
LANGUAGES = ("en", "zh")


@pytest.fixture(scope="module")
def results() -> Results:
    return synthetic_results(days=120)


def words(chart: Chart) -> str:
    """All text of a chart, however its lines are broken."""
    return " ".join(" ".join(text.get_text().split()) for text in chart.figure.findobj(Text))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", CHARTS)
def test_charts_are_the_same_bytes_on_every_run(
    results: Results, tmp_path: Path, name: str, lang: str
) -> None:
    first = CHARTS[name](results, lang=lang).save(tmp_path / "one")
    again = CHARTS[name](results, lang=lang).save(tmp_path / "two")
    for one, two in zip(first, again, strict=True):
        assert one.read_bytes() == two.read_bytes()
    assert first[0].read_text("utf-8").count("<path") > 50


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_says_what_it_rests_on(results: Results, name: str) -> None:
    english, chinese = (words(CHARTS[name](results, lang=lang)) for lang in LANGUAGES)
    for text in ("Simulated, not observed", "17 assumed inputs", "made-up-festival 3fa91c7d"):
        assert text in english
    for text in ("模拟结果，非实测", "17 项输入为假设值", "放假安排已公布", "8 次重复模拟", "春节"):
        assert text in chinese
    assert "8 replications" in english
    assert "holidays as published" in english


def test_provisional_holidays_are_named(results: Results) -> None:
    manifest = {**results.manifest, "calendar": {"status": {"2026": "provisional"}}}
    chart = plot_fan(Results(results.tables, manifest))
    assert "holidays of 2026 provisional" in words(chart)


def test_heat_map_data_are_medians_and_levels_sorted_by_the_worst_day(results: Results) -> None:
    chart = plot_calendar_heatmap(results, "proportional")
    data = chart.data
    cover = results.daily["cover_days"].sel(variant="proportional", product="red_cells")
    expected = cover.median("replication").sel(region="GD").values
    np.testing.assert_allclose(data[data["region"] == "GD"]["cover_days"], expected)
    lowest = data.groupby("region", sort=False)["cover_days"].min()
    assert lowest.is_monotonic_increasing
    red = data["level"] == "red"
    assert red.any()
    np.testing.assert_array_equal(red, data["cover_days"] < LEVELS["red_cells"]["red"])
    hit = int((lowest < 2).sum())
    assert f"{hit} of 6 regions fall below 2 days of cover" in words(chart)


def test_red_is_crossed_and_nothing_else(results: Results) -> None:
    data = plot_calendar_heatmap(results).data
    chart = plot_calendar_heatmap(results)
    rows = {line.get_ydata()[0] for line in chart.ax.lines if line.get_marker() == "x"}
    order = list(dict.fromkeys(data["region"]))
    assert {order[int(row)] for row in rows} == set(data[data["level"] == "red"]["region"])


def test_calm_regions_are_called_calm() -> None:
    calm = synthetic_results(days=31)
    chart = plot_calendar_heatmap(calm)
    assert "no region falls below 7 days of cover" in words(chart)
    assert not [line for line in chart.ax.lines if line.get_marker() == "x"]


def test_fan_is_national_stock_over_national_demand(results: Results) -> None:
    chart = plot_fan(results, ["none"])
    daily = results.daily.sel(variant="none", product="red_cells")
    demand = float(results.normal_demand.sel(variant="none", product="red_cells").sum())
    paths = daily["stock"].sum("region") / demand
    np.testing.assert_allclose(chart.data["median"], paths.median("replication"))
    np.testing.assert_allclose(chart.data["sample_path"], paths.sel(replication=0))
    below = int((paths < 5).any("day").sum())
    assert f"below 5 days in {below} of 8 paths" in words(chart)
    low = float(paths.median("replication").min())
    assert f"bottoms out at {floored(low)} days" in words(chart)


def test_fan_without_daily_demand_uses_its_mean(results: Results) -> None:
    tables = {n: t for n, t in results.tables.items() if n != "normal_demand"}
    chart = plot_fan(Results(tables, results.manifest))
    assert chart.data.equals(plot_fan(results).data)


def test_fan_of_one_region_and_of_a_product_without_levels(results: Results) -> None:
    chart = plot_fan(results, region="XZ", product="plasma")
    assert "Tibet plasma" in words(chart)
    assert "yellow" not in words(chart)


def test_charts_go_into_given_axes_and_leave_the_settings_alone(results: Results) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    ax = Figure(figsize=(9, 5)).add_subplot()
    assert plot_fan(results, ax=ax).ax is ax
    ax = Figure(figsize=(9, 5)).add_subplot()
    assert plot_calendar_heatmap(results, ax=ax, lang="zh").figure is ax.figure
    assert dict(mpl.rcParams) == before


def test_mistakes_are_explained(results: Results) -> None:
    with pytest.raises(ValueError, match="there is no variant 'best'; there are none, prop"):
        plot_fan(results, ["best"])
    with pytest.raises(ValueError, match="no region 'QQ'"):
        plot_fan(results, region="QQ")
    with pytest.raises(ValueError, match="plasma has no alert levels"):
        plot_calendar_heatmap(results, product="plasma")
    with pytest.raises(ValueError, match="no daily values"):
        plot_calendar_heatmap(synthetic_results(days=20, daily_replications=0))
    with pytest.raises(ValueError, match="'zh' or 'en'"):
        plot_fan(results, lang="de")  # type: ignore[arg-type]


def test_hostile_names_are_only_text(results: Results) -> None:
    regions = {
        r: {**row, "name_en": "$\\frac{1}$ " + r} for r, row in results.manifest["regions"].items()
    }
    hostile = Results(results.tables, {**results.manifest, "regions": regions})
    for chart in (plot_calendar_heatmap(hostile), plot_fan(hostile, region="BJ")):
        assert chart._repr_png_().startswith(b"\x89PNG")


def test_numbers_never_look_better_than_they_are() -> None:
    assert floored(2.96) == "2.9"
    assert floored(2.9) == "2.9"
    assert floored(3.0) == "3.0"
    assert quantity(12000, "U", "zh") == "1.2 万U"
    assert quantity(12000, "U", "en") == "12,000\N{NO-BREAK SPACE}U"


def test_lines_break_where_readers_expect_it() -> None:
    text = "全国库存（中位数）3月13日降至 6.1 天，比平日用量少 70.5 万U，（其余方案同）"
    for width in range(60, 320, 10):
        lines = wrapped(text, width, 11)
        for line in lines:
            assert not line.endswith(("（", "6.1", "70.5", "万"))
            assert not line.startswith(("天", "U", "，", "）"))
    for words in ("one two three four five six seven eight nine ten", "一二三四五六七八九十" * 4):
        whole = text_width(words, 11)
        for share in (0.97, 0.6, 0.49):
            lines = balanced(words, share * whole, 11)
            assert text_width(lines[-1], 11) >= 0.3 * share * whole
            assert len(lines) == len(wrapped(words, share * whole, 11))
            assert "".join(lines).replace(" ", "") == words.replace(" ", "")


def test_lines_fit_their_width() -> None:
    for text in (
        "Red cells fall below two days of cover in 4 regions " * 3,
        "红细胞库存低于，" * 12,
    ):
        lines = wrapped(text, 200, 11)
        assert len(lines) > 1
        assert max(text_width(line, 11) for line in lines) <= 200
        assert not any(line.startswith("，") for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
