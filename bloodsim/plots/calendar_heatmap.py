"""Which region is short when: cover by region and day, in the colours of the alert levels."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bloodsim.plots.chart import (
    Canvas,
    Chart,
    Margins,
    canvas,
    chosen,
    date_axis,
    days_of,
    footer,
    frame,
    legend_below,
    width_of,
)
from bloodsim.plots.choice import reference
from bloodsim.plots.holidays import ROOM_ABOVE, holiday_bar, visible
from bloodsim.plots.style import (
    INK,
    LEVEL_COLOURS,
    MUTED,
    NBSP,
    Lang,
    day_label,
    floored,
    house_style,
    level_label,
    pick,
    plain,
    variant_label,
)
from bloodsim.plots.text import product_name, region_label, text_width
from bloodsim.results.undrawn import UndrawnError, no_daily

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results

WIDTH_MM = 180.0
ROW_MM = 3.7
MARK_EVERY_DAYS = 7
_MARKS = {
    "yellow": (".", "#222222", 2.0),
    "orange": ("_", "white", 3.6),
    "red": ("x", "white", 3.2),
}
"""Mark, colour and size of the levels that call for action: blue and yellow are alike in grey."""

_ROW_HEIGHT = 0.88


class _Cover(NamedTuple):
    """What is drawn: quantiles of cover by region and day, worst region first."""

    regions: list[str]
    days: list[date]
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    replications: int

    def worst_day(self, row: int) -> int:
        return int(np.argmin(self.median[row]))


def plot_calendar_heatmap(
    results: Results,
    variant: str | None = None,
    product: str = "red_cells",
    *,
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Chart:
    """Cover by region (worst first) and day, coloured by alert level, red crossed.

    Each cell is the median over replications of the day's cover: closing stock over normal-day
    demand (days). The figures on the right are each region's lowest median, the 90 % range of
    replications on that day, and the day.

    Parameters
    ----------
    results : Results
        With the table `daily`.
    variant : str, optional
        Default: the reference (today's practice, else the first).
    product : str, default "red_cells"
        A product with alert levels.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data has one row per region and day: region, name, day, cover_days,
        low_5, high_95, level.
    """
    variant = chosen("variant", variant or reference(results), results.variants)
    levels = results.alert_levels(chosen("product", product, results.products), variant)
    if not levels:
        raise UndrawnError(
            f"{product} 没有预警级别，无法着色；见库存走势图",
            f"{product} has no alert levels to colour by; plot_fan shows its cover",
        )
    cover = _cover(results, variant, product)
    level = _levels(cover.median, levels)
    with house_style():
        on = canvas(ax, WIDTH_MM, 40 + ROW_MM * max(len(cover.regions), 8))
        _draw(on.ax, cover, level)
        _surround(on, results, variant, product, cover, lang)
    return Chart(on.ax, _frame_of(results, cover, level, lang))


def _surround(
    on: Canvas, results: Results, variant: str, product: str, cover: _Cover, lang: Lang
) -> None:
    """Everything around the cells: labels, figures, legend, words, holidays."""
    levels = results.alert_levels(product)
    names = [region_label(results, region, lang) for region in cover.regions]
    _label_rows(on.ax, names, cover, lang)
    date_axis(on.ax, cover.days, lang)
    _legend(on.ax, levels, lang)
    frame(
        on,
        _headline(results, product, levels, cover, lang),
        _subtitle(variant, cover, lang),
        footer(results, lang),
        Margins(
            left=max(text_width(name, 7.0) for name in names) + 14,
            right=98.0,
            above=ROOM_ABOVE + 6,
            below=44.0,
        ),
    )
    holiday_bar(on.ax, visible(results.holiday_blocks, cover.days), lang, width_of(on.ax))
    _column_head(on, lang)


def _cover(results: Results, variant: str, product: str) -> _Cover:
    array = results.daily["cover_days"].sel(variant=variant, product=product)
    array = array.transpose("replication", "day", "region").dropna("replication", how="all")
    if array.sizes["replication"] == 0:
        raise no_daily(variant)
    values = array.values.astype(float)
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
    order = np.argsort(median.min(axis=0), kind="stable")
    return _Cover(
        [str(array["region"].values[i]) for i in order],
        days_of(array["day"].values),
        median.T[order],
        low.T[order],
        high.T[order],
        array.sizes["replication"],
    )


def _levels(cover: np.ndarray, levels: dict[str, float]) -> np.ndarray:
    """Name of the level of each cover."""
    names = np.full(cover.shape, "green", dtype=object)
    for level, below_days in levels.items():
        names[cover < below_days] = level
    return names


def _draw(ax: Axes, cover: _Cover, level: np.ndarray) -> None:
    """One bar per run of days of a level: crisp at any size, and few shapes."""
    start = float(date2num(cover.days[0]))
    for row in range(len(cover.regions)):
        for first, length, name in _runs(level[row]):
            ax.broken_barh(
                [(start + first, length)],
                (row - _ROW_HEIGHT / 2, _ROW_HEIGHT),
                facecolors=LEVEL_COLOURS[name],
                linewidth=0,
                antialiased=False,
            )
            if name in _MARKS:
                places = _spread(first, length)
                ax.plot(start + places, np.full(places.size, row), **_mark(name))
    ax.set_ylim(len(cover.regions) - 0.5, -0.5)
    ax.spines[["left", "bottom"]].set_visible(False)


def _mark(level: str) -> dict[str, Any]:
    marker, colour, size = _MARKS[level]
    return {
        "marker": marker,
        "linestyle": "none",
        "color": colour,
        "markersize": size,
        "markeredgewidth": 0.9,
    }


def _runs(names: np.ndarray) -> list[tuple[int, int, str]]:
    """First day, length and level of each stretch of equal levels."""
    changes = np.flatnonzero(names[1:] != names[:-1]) + 1
    firsts = [0, *changes.tolist()]
    ends = [*changes.tolist(), len(names)]
    return [(a, b - a, str(names[a])) for a, b in zip(firsts, ends, strict=True)]


def _spread(first: int, length: int) -> np.ndarray:
    """Places of the marks of a run: one, or one a week, evenly spaced."""
    count = max(1, round(length / MARK_EVERY_DAYS))
    return first + (np.arange(count) + 0.5) * length / count


def _label_rows(ax: Axes, names: list[str], cover: _Cover, lang: Lang) -> None:
    ax.set_yticks(range(len(names)), labels=names, fontsize=7)
    ax.tick_params(axis="y", length=0, pad=3)
    for row in range(len(names)):
        day = cover.worst_day(row)
        low, median, high = (floored(q[row, day]) for q in (cover.low, cover.median, cover.high))
        for text, offset, colour, align in (
            (median, 22, INK, "right"),
            (f"{low}–{high}", 58, MUTED, "right"),
            (day_label(cover.days[day], lang), 63, INK, "left"),
        ):
            _beside(ax, text, (1, row), (offset, 0), colour, align)


def _beside(
    ax: Axes, text: str, at: tuple[float, float], offset: tuple[float, float], colour: str, ha: str
) -> None:
    ax.annotate(
        text,
        xy=at,
        xycoords=("axes fraction", "data"),
        xytext=offset,
        textcoords="offset points",
        va="center",
        ha=ha,
        fontsize=6.5,
        color=colour,
        annotation_clip=False,
    )


def _column_head(on: Canvas, lang: Lang) -> None:
    """What the figures on the right are."""
    text = pick(lang, "最低天数（90%范围）\n及其日期", "lowest cover, its\n90 % range and day")
    on.ax.annotate(
        text,
        xy=(1, 1),
        xycoords="axes fraction",
        xytext=(6, 2),
        textcoords="offset points",
        va="bottom",
        ha="left",
        fontsize=6.5,
        color=MUTED,
        annotation_clip=False,
    )


def _legend(ax: Axes, levels: dict[str, float], lang: Lang) -> None:
    bounds = list(levels.items())
    days = pick(lang, "天", " days")
    texts = [f"{level_label('green', lang)} ≥ {plain(bounds[0][1])}{days}"]
    for i, (level, below) in enumerate(bounds):
        above = f"{plain(bounds[i + 1][1])}–" if i + 1 < len(bounds) else "< "
        texts.append(f"{level_label(level, lang)} {above}{plain(below)}{days}")
    handles: list[Artist | tuple[Artist, ...]] = [
        Patch(facecolor=LEVEL_COLOURS[name], linewidth=0) for name in ("green", *levels)
    ]
    for place, name in enumerate(levels, start=1):
        if name in _MARKS:
            patch = Patch(facecolor=LEVEL_COLOURS[name], linewidth=0)
            handles[place] = (patch, Line2D([], [], **_mark(name)))
    ax.legend(
        handles,
        texts,
        ncols=len(texts),
        handler_map={tuple: HandlerTuple(ndivide=1)},
        **legend_below(ax, 29),
    )


def _headline(
    results: Results, product: str, levels: dict[str, float], cover: _Cover, lang: Lang
) -> str:
    """How many regions get how low, and which one is worst."""
    what = product_name(results, product, lang)
    lowest = cover.median.min(axis=1)
    hit = [(int((lowest < below).sum()), below) for _, below in reversed(levels.items())]
    total = len(cover.regions)
    worst = region_label(results, cover.regions[0], lang)
    at = day_label(cover.days[cover.worst_day(0)], lang)
    days = floored(float(lowest[0]))
    count, below = next(((n, b) for n, b in hit if n), (0, next(iter(levels.values()))))
    if count == 0:
        return pick(
            lang,
            f"{what}：所有地区库存始终不低于 {plain(below)} 天；最低为{worst}，{at} {days} 天",
            f"{what}: no region falls below {plain(below)}{NBSP}days of cover; "
            f"the lowest is {worst}, {days}{NBSP}days on {at}",
        )
    return pick(
        lang,
        f"{what}：{total} 个地区中有 {count} 个库存低于 {plain(below)} 天；"
        f"最低为{worst}，{at}仅 {days} 天",
        f"{what}: {count} of {total} regions fall below {plain(below)}{NBSP}days of cover; "
        f"the lowest is {worst}, {days}{NBSP}days on {at}",
    )


def _subtitle(variant: str, cover: _Cover, lang: Lang) -> str:
    n = cover.replications
    return pick(
        lang,
        f"方案“{variant_label(variant, lang)}”；{n} 次重复模拟的中位数；"
        "库存天数＝日末可用库存÷平日日均需求；地区按最低天数排序",
        f"Variant: {variant_label(variant, lang)}; median of {n} replications. Days of cover = "
        "closing stock ÷ normal-day demand; sorted by lowest day",
    )


def _frame_of(results: Results, cover: _Cover, level: np.ndarray, lang: Lang) -> pd.DataFrame:
    import pandas as pd

    rows, days = cover.median.shape
    return pd.DataFrame(
        {
            "region": np.repeat(cover.regions, days),
            "name": np.repeat([region_label(results, r, lang) for r in cover.regions], days),
            "day": np.tile(np.array(cover.days, dtype="datetime64[D]"), rows),
            "cover_days": cover.median.ravel(),
            "low_5": cover.low.ravel(),
            "high_95": cover.high.ravel(),
            "level": level.ravel(),
        }
    )
