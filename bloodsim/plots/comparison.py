"""Does it work, and by how much: every variant against the reference, luck for luck."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import xarray as xr
from matplotlib.axes import Axes

from bloodsim import metrics
from bloodsim.labels import NBSP, Lang, indicator_label, pick, unit_words
from bloodsim.metrics import KPIS
from bloodsim.metrics.intervals import Interval
from bloodsim.numbers import percent, quantity, unit_noun
from bloodsim.plots.chart import Chart, Margins, canvas, chosen, footer, frame
from bloodsim.plots.choice import main_product, proposal, reference
from bloodsim.plots.style import INK, MUTED, house_style, variant_colour, variant_label
from bloodsim.plots.text import product_name, product_unit, text_width
from bloodsim.results.undrawn import UndrawnError

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results

WIDTH_MM, ROW_MM = 180.0, 4.6
SHOWN = (
    "shortage_rate",
    "emergency_shortage_rate",
    "days_below_red",
    "worst_region_fill_rate",
    "outdate_rate",
    "transfer_units",
    "donations",
    "cost",
)
_GREATER_IS_BETTER = ("worst_region_fill_rate", "mean_cover_days", "min_cover_days")
_NEUTRAL = ("transfer_units", "donations", "shipments", "transfer_unit_km")
_EDGE = 1.1
"""Changes beyond this share are drawn at the edge, with an arrow."""

_BESIDE: Any = {
    "xycoords": ("axes fraction", "data"),
    "textcoords": "offset points",
    "va": "center",
}


class _Row(NamedTuple):
    """One indicator of one variant and its paired difference from the reference."""

    indicator: str
    variant: str
    unit: str
    base: Interval
    value: Interval
    difference: Interval

    @property
    def change(self) -> float:
        """Difference over the reference's mean; NaN where that is 0."""
        return self.difference.mean / self.base.mean if self.base.mean else math.nan

    @property
    def change_half(self) -> float:
        return abs(self.difference.half_width / self.base.mean) if self.base.mean else math.nan

    @property
    def clear(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        return abs(self.difference.mean) > self.difference.half_width


def plot_comparison(
    results: Results,
    baseline: str | None = None,
    product: str | None = None,
    indicators: Sequence[str] = SHOWN,
    *,
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Chart:
    """Change of every indicator against a reference variant, with paired 95 % intervals.

    The difference is taken replication by replication (the same luck) and drawn as a share of
    the reference's mean; the line at 0 is "no effect".

    Parameters
    ----------
    results : Results
        With two variants or more.
    baseline : str, optional
        Variant to compare with; default: today's practice, else the first.
    product : str, optional
        Product of the indicators by product; default: red cells.
    indicators : sequence of str
        Names of `bloodsim.metrics.KPIS`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: indicator, variant, unit, baseline, value, difference, half_width,
        n, change, change_half_width.
    """
    baseline = chosen("variant", baseline or reference(results), results.variants)
    product = chosen("product", product or main_product(results), results.products)
    others = [name for name in results.variants if name != baseline]
    if not others:
        raise UndrawnError(
            "只有一个方案，比较至少需要两个", "there is one variant only; a comparison needs two"
        )
    names = [chosen("indicator", name, tuple(KPIS)) for name in indicators]
    rows = [row for name in names for row in _rows(results, name, product, baseline, others)]
    with house_style():
        heights = [_height(i, len(others)) for i in range(len(rows))]
        on = canvas(ax, WIDTH_MM, 42 + ROW_MM * (heights[-1] + 1.4))
        labels = [_said(row, results, product, lang) for row in rows]
        _draw(on.ax, results, rows, heights, others, labels, lang)
        texts = [variant_label(name, lang) for name in others]
        texts += [indicator_label(name, lang) for name in names]
        frame(
            on,
            _headline(results, rows, product, baseline, lang),
            _subtitle(results, baseline, product, lang),
            footer(results, lang),
            Margins(
                left=max(text_width(text, 7.2) for text in texts) + 26,
                right=max(text_width(text, 6.5) for text in labels) + 18,
                above=10.0,
                below=34.0,
            ),
        )
    return Chart(on.ax, _frame_of(rows))


def _rows(
    results: Results, name: str, product: str, baseline: str, others: list[str]
) -> list[_Row]:
    kpi = KPIS[name]
    values: xr.DataArray = kpi.function(results)
    if kpi.by_product:
        values = values.sel(product=product)
    unit = kpi.unit.replace(metrics.PRODUCT_UNIT, product_unit(results, product, "en"))
    base = values.sel(variant=baseline)
    return [
        _Row(
            name,
            other,
            unit,
            metrics.interval(base.values),
            metrics.interval(values.sel(variant=other).values),
            metrics.interval((values.sel(variant=other) - base).values),
        )
        for other in others
    ]


def _height(i: int, per_indicator: int) -> float:
    """Line of a row: the name of its indicator above each group, a little air between groups."""
    return i + (1.25 + 0.25 * (per_indicator > 1)) * (i // per_indicator) + 1.0


def _draw(
    ax: Axes,
    results: Results,
    rows: list[_Row],
    heights: list[float],
    others: list[str],
    labels: list[str],
    lang: Lang,
) -> None:
    ax.axvline(0, color=INK, linewidth=0.8, zorder=1)
    right = _EDGE + 0.05
    for row, y, label in zip(rows, heights, labels, strict=True):
        colour = variant_colour(row.variant, results.variants)
        if row.variant == others[0]:
            _group(ax, row, y, lang)
        name = variant_label(row.variant, lang)
        ax.annotate(name, (0, y), (-6, 0), ha="right", fontsize=7, color=INK, **_BESIDE)
        ax.annotate(label, (1, y), (6, 0), ha="left", fontsize=6.5, color=INK, **_BESIDE)
        if math.isnan(row.change):
            continue
        x = min(max(row.change, -_EDGE), _EDGE)
        ax.plot([0, x], [y, y], color=colour, linewidth=1.2, alpha=0.45, zorder=2)
        marker = ">" if row.change > _EDGE else "<" if row.change < -_EDGE else "o"
        ax.plot(0, y, "|", color=INK, markersize=5)
        face = colour if row.clear else "white"
        ax.plot(x, y, marker, color=colour, markersize=4.6, markerfacecolor=face, zorder=4)
        low, high = row.change - row.change_half, row.change + row.change_half
        if abs(row.change) <= _EDGE and not math.isnan(low):
            ax.plot(
                [max(low, -right), min(high, right)],
                [y, y],
                color=colour,
                linewidth=2.6,
                solid_capstyle="butt",
                alpha=0.9,
                zorder=3,
            )
            for beyond, edge, arrow in ((low < -right, -right, "<"), (high > right, right, ">")):
                if beyond:
                    ax.plot(edge, y, arrow, color=colour, markersize=5, clip_on=False, zorder=3)
    ax.set_ylim(heights[-1] + 0.8, heights[0] - 1.8)
    ax.set_xlim(-right, right)
    ticks = [-1.0, -0.5, 0.0, 0.5, 1.0]
    ax.set_xticks(ticks, labels=[percent(tick, signed=True) if tick else "0" for tick in ticks])
    ax.set_xlabel(pick(lang, "相对参照方案的变化", "change against the reference"), fontsize=7.5)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", color="#e6e6e6", linewidth=0.5, zorder=0)
    ax.set_axisbelow(True)
    zero = pick(lang, "无变化", "no effect")
    ax.annotate(
        zero,
        (0, 1),
        (0, 2),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=6.5,
        color=MUTED,
    )


def _group(ax: Axes, row: _Row, y: float, lang: Lang) -> None:
    """Name of an indicator, and which way is better."""
    name = indicator_label(row.indicator, lang)
    if row.indicator in _NEUTRAL:
        better = ""
    elif row.indicator in _GREATER_IS_BETTER:
        better = pick(lang, "（越大越好 →）", " (more is better →)")
    else:
        better = pick(lang, "（← 越小越好）", " (← less is better)")
    ax.annotate(name, (0, y - 1), (-6, 0), ha="right", fontsize=7.2, color=INK, **_BESIDE)
    ax.annotate(
        better.strip(),
        (0, y - 1),
        (2, 0),
        ha="left",
        fontsize=6.2,
        color=MUTED,
        **_BESIDE,
    )


def _said(row: _Row, results: Results, product: str, lang: Lang) -> str:
    """From what to what, and the change with its interval."""
    before, after = (_amount(row, value.mean, lang) for value in (row.base, row.value))
    text = f"{before} → {after}"
    if math.isnan(row.change) or math.isnan(row.change_half):
        return text
    change, half = percent(row.change, signed=True), percent(row.change_half)
    return f"{text}  ({change} ± {half})"


def _amount(row: _Row, value: float, lang: Lang) -> str:
    if row.unit.startswith("share"):
        return percent(value)
    unit = unit_words(row.unit, lang)
    if row.indicator == "donations":
        unit = pick(lang, "人次", "")
    elif row.unit == "region-days/year":
        unit = pick(lang, "地区·天/年", "per year")
    return quantity(value, unit_noun(unit, value, lang), lang).strip()


def _headline(results: Results, rows: list[_Row], product: str, baseline: str, lang: Lang) -> str:
    """What the best variant does about what patients do not get."""
    what = product_name(results, product, lang)
    best = proposal(results, product)
    row = next((row for row in rows if row.variant == best), rows[0])
    than = variant_label(baseline, lang)
    name = variant_label(row.variant, lang)
    said = indicator_label(row.indicator, lang)
    if not row.clear:
        return pick(
            lang,
            f"{what}：与“{than}”相比，“{name}”的{said}无明确差异",
            f"{what}: no clear difference in {said} between {name} and {than}",
        )
    before, after = (_amount(row, value.mean, lang) for value in (row.base, row.value))
    verb = pick(lang, "降至", "falls") if row.difference.mean < 0 else pick(lang, "升至", "rises")
    return pick(
        lang,
        f"{what}：“{name}”使{said}由 {before} {verb} {after}",
        f"{what}: the share of {said} {verb} from {before} to {after} with {name}"
        if row.unit.startswith("share")
        else f"{what}: {said} {verb} from {before} to {after} with {name}",
    )


def _subtitle(results: Results, baseline: str, product: str, lang: Lang) -> str:
    n, name = len(results.replications), variant_label(baseline, lang)
    return pick(
        lang,
        f"参照方案“{name}”；{n} 次重复模拟，同一随机序列逐次配对；粗条为差值的 95% 置信区间，"
        "空心点表示区间含 0（无明确差异），箭头表示区间更长",
        f"Reference: {name}. {n} replications, paired (same luck); thick: 95{NBSP}% interval of "
        "the difference; hollow point: it covers no effect; arrow: it goes on",
    )


def _frame_of(rows: list[_Row]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "indicator": [row.indicator for row in rows],
            "variant": [row.variant for row in rows],
            "unit": [row.unit for row in rows],
            "baseline": [row.base.mean for row in rows],
            "value": [row.value.mean for row in rows],
            "difference": [row.difference.mean for row in rows],
            "half_width": [row.difference.half_width for row in rows],
            "n": [row.difference.n for row in rows],
            "change": [row.change for row in rows],
            "change_half_width": [row.change_half for row in rows],
        }
    )
