"""Do transfers waste blood: how old units are when issued, and how many outdate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from bloodsim import metrics
from bloodsim.labels import NBSP, Lang, pick
from bloodsim.metrics.intervals import Interval
from bloodsim.numbers import number, percent, quantity, unit_noun
from bloodsim.plots.chart import Chart, Margins, canvas, footer, frame
from bloodsim.plots.choice import main_product, proposal, reference
from bloodsim.plots.style import INK, MUTED, house_style, variant_colour, variant_label
from bloodsim.plots.text import product_name, product_unit, say, text_width

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results

WIDTH_MM, ROW_MM = 180.0, 5.0
_LEFT, _RIGHT = (0.0, 0.42), (0.58, 1.0)
"""Where the two halves stand, in the width of the axes."""

_BESIDE: Any = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}


class _Row(NamedTuple):
    """A product under a variant."""

    product: str
    variant: str
    age: Interval
    shelf_life: float
    rate: Interval
    units: float


def plot_ageing(results: Results, *, ax: Axes | None = None, lang: Lang = "en") -> Chart:
    """Mean age at issue against shelf life, and the share of units that outdate, by variant.

    Parameters
    ----------
    results : Results
        Any.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: product, variant, age_days, age_half_width, shelf_life_days,
        outdate_rate, outdate_half_width, outdated_units.
    """
    rows = _rows(results)
    with house_style():
        heights = [i + 1.4 * (i // len(results.variants)) for i in range(len(rows))]
        on = canvas(ax, WIDTH_MM, 48 + ROW_MM * (heights[-1] + 2))
        on.ax.set_xlim(0, 1)
        on.ax.set_ylim(heights[-1] + 0.8, -1.9)
        on.ax.axis("off")
        _ages(on.ax, results, rows, heights, lang)
        names = [variant_label(name, lang) for name in results.variants]
        left = max(text_width(name, 7.0) for name in names) + 24
        right = _outdates(on.ax, results, rows, heights, WIDTH_MM * 72 / 25.4 - left, lang)
        for row, y in zip(rows, heights, strict=True):
            _left(on.ax, results, row, y, lang)
        frame(
            on,
            _headline(results, rows, lang),
            _subtitle(results, lang),
            footer(results, lang),
            Margins(
                left=left,
                right=right,
                above=16.0,
                below=10.0,
            ),
        )
    return Chart(on.ax, _frame_of(rows))


def _rows(results: Results) -> list[_Row]:
    ages, rates = metrics.age_at_issue_days(results), metrics.outdate_rate(results)
    units = results.totals["outdated"].sum("region").mean("replication")
    rows = []
    for product in results.products:
        life = float(results.manifest["products"][product].get("shelf_life_days", np.nan))
        for variant in results.variants:
            at = {"variant": variant, "product": product}
            rows.append(
                _Row(
                    product,
                    variant,
                    metrics.interval(ages.sel(at).values),
                    life,
                    metrics.interval(rates.sel(at).values),
                    float(units.sel(at)),
                )
            )
    return rows


def _left(ax: Axes, results: Results, row: _Row, y: float, lang: Lang) -> None:
    if row.variant == results.variants[0]:
        name = product_name(results, row.product, lang)
        ax.annotate(name, (0, y - 1.05), (-4, 0), ha="right", va="center", fontsize=7.5, **_BESIDE)
    name = variant_label(row.variant, lang)
    ax.annotate(name, (0, y), (-8, 0), ha="right", va="center", fontsize=7, color=INK, **_BESIDE)


def _ages(ax: Axes, results: Results, rows: list[_Row], heights: list[float], lang: Lang) -> None:
    """The left half: age as a share of shelf life, said in days."""
    left, right = _LEFT
    head = pick(lang, "发出时平均储存天数（框长＝保存期）", "mean age at issue (frame: shelf life)")
    say(ax, left, -1.75, head, 6.8, color=MUTED)
    for row, y in zip(rows, heights, strict=True):
        days = pick(lang, " 天", f"{NBSP}d")
        if np.isnan(row.age.mean):
            continue
        life = row.shelf_life if row.shelf_life > 0 else max(r.age.mean for r in rows) * 1.2
        share = row.age.mean / life * (right - left)
        colour = variant_colour(row.variant, results.variants)
        ax.barh(y, right - left, 0.62, left=left, color="#f0f0f0", linewidth=0)
        ax.barh(y, share, 0.62, left=left, color=colour, alpha=0.75, linewidth=0)
        half = (
            ""
            if np.isnan(row.age.half_width)
            else f" ± {row.age.half_width:.{1 if row.age.half_width >= 0.05 else 2}f}"
        )
        of = f" / {row.shelf_life:g}{days}" if row.shelf_life > 0 else days
        text = f"{row.age.mean:.1f}{half}{of}"
        inside = share > 0.6 * (right - left)
        ax.text(
            left + share + (-0.01 if inside else 0.01),
            y,
            text,
            fontsize=6.5,
            va="center",
            ha="right" if inside else "left",
            color="white" if inside else INK,
        )


def _outdates(
    ax: Axes, results: Results, rows: list[_Row], heights: list[float], room: float, lang: Lang
) -> float:
    """The right half: share of released units that outdate, one scale for all products.

    Returns the room that the figures beside the bars need on the right, of *room* points for the
    axes and that.
    """
    beyond = 30.0
    left, right = _RIGHT
    head = pick(lang, "过期量占入库量", "units outdated, share of units released")
    say(ax, left, -1.75, head, 6.8, color=MUTED)
    highs = [row.rate.mean + np.nan_to_num(row.rate.half_width) for row in rows]
    top = max(float(np.nanmax(highs)) if np.isfinite(highs).any() else 0.0, 1e-6)
    for row, y in zip(rows, heights, strict=True):
        if np.isnan(row.rate.mean):
            continue
        colour = variant_colour(row.variant, results.variants)
        scale = (right - left) / top
        ax.barh(y, row.rate.mean * scale, 0.62, left=left, color=colour, alpha=0.75, linewidth=0)
        half = float(np.nan_to_num(row.rate.half_width))
        ends = [left + max(row.rate.mean - half, 0) * scale, left + (row.rate.mean + half) * scale]
        ax.plot(ends, [y, y], color=INK, linewidth=0.9)
        unit = product_unit(results, row.product, lang)
        count = quantity(row.units, unit_noun(unit, row.units, lang), lang)
        text = f"{percent(row.rate.mean)}  ({count})" if row.units > 0 else pick(lang, "无", "none")
        say(ax, ends[1] + 0.01, y, text, 6.5)
        # end * (room - beyond) + width <= room
        end, width = ends[1] + 0.01, text_width(text, 6.5) + 8
        beyond = max(beyond, (width - (1 - end) * room) / end)
    ax.plot([left, left], [-0.6, heights[-1] + 0.6], color=MUTED, linewidth=0.6)
    return beyond


def _headline(results: Results, rows: list[_Row], lang: Lang) -> str:
    product = main_product(results)
    base, best = reference(results), proposal(results, product)
    found = {row.variant: row for row in rows if row.product == product}
    what = product_name(results, product, lang)
    one, two = found[base], found[best]
    ages = [f"{row.age.mean:.1f}" for row in (one, two)]
    rates = [percent(row.rate.mean) for row in (one, two)]
    if base == best:
        return pick(
            lang,
            f"{what}发出时平均储存 {ages[0]} 天，{rates[0]} 过期",
            f"{what} are {ages[0]}{NBSP}days old when issued; {rates[0]} outdate",
        )
    name = variant_label(best, lang)
    change = metrics.outdate_rate(results).sel(
        product=product, variant=best
    ) - metrics.outdate_rate(results).sel(product=product, variant=base)
    paired = metrics.interval(change.values)
    clear = rates[0] != rates[1] and abs(paired.mean) > paired.half_width
    more, less = clear and paired.mean > 0, clear and paired.mean < 0
    zh = "过期增加" if more else "过期减少" if less else "过期无明确变化"
    en = "outdates more" if more else "outdates less" if less else "outdates no more"
    return pick(
        lang,
        f"{what}：“{name}”{zh}（{rates[0]} → {rates[1]}），发出时储存 {ages[0]} → {ages[1]} 天",
        f"{what}: {name} {en} ({rates[0]} → {rates[1]}); units are {ages[0]} → {ages[1]}{NBSP}days "
        "old when issued",
    )


def _subtitle(results: Results, lang: Lang) -> str:
    n = len(results.replications)
    days = number(results.scored_days, lang)
    return pick(
        lang,
        f"全部地区，{days} 天；{n} 次重复模拟的均值与 95% 置信区间；储存天数自采集日算起",
        f"All regions, {days}{NBSP}days; mean and 95{NBSP}% interval of {n} replications; age "
        "counts from collection",
    )


def _frame_of(rows: list[_Row]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "product": [row.product for row in rows],
            "variant": [row.variant for row in rows],
            "age_days": [row.age.mean for row in rows],
            "age_half_width": [row.age.half_width for row in rows],
            "shelf_life_days": [row.shelf_life for row in rows],
            "outdate_rate": [row.rate.mean for row in rows],
            "outdate_half_width": [row.rate.half_width for row in rows],
            "outdated_units": [row.units for row in rows],
        }
    )
