"""How likely is a low stock, everywhere at a glance: one small curve per region, in its place."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection

from bloodsim.labels import NBSP, Lang, day_label, level_label, pick
from bloodsim.numbers import number, plain
from bloodsim.plots.chart import Chart, Margins, chosen, days_of, footer, frame
from bloodsim.plots.choice import of_today
from bloodsim.plots.style import INK, LEVEL_TEXT_COLOURS, MUTED, house_style, variant_label
from bloodsim.plots.text import product_name, region_label, say
from bloodsim.plots.tiles import TILE, Places, draw_ground, not_a_map, tile_name
from bloodsim.results.undrawn import no_daily

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results

WIDTH_MM, STEP_MM = 180.0, 17.0
_ROOM = 0.58
"""Height of a curve at 100 %, in tiles; the name is above it."""


class _Risk(NamedTuple):
    """Share of replications below the level, by region and day."""

    share: np.ndarray
    days: list[date]
    replications: int

    def peak(self, row: int) -> float:
        return float(self.share[row].max())


def plot_shortage_tiles(
    results: Results,
    variant: str | None = None,
    product: str | None = None,
    level: str = "yellow",
    *,
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Chart:
    """Chance that a region's cover is below an alert level, day by day, on the tile grid.

    The chance is the share of replications whose closing cover of all groups is below the level.

    Parameters
    ----------
    results : Results
        With the table `daily`.
    variant : str, optional
        Default: the reference (today's practice, else the first).
    product : str, optional
        One with alert levels; default: red cells.
    level : str, default "yellow"
        Alert level.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: region, name, day, chance.
    """
    variant, product = of_today(results, variant, product)
    levels = results.alert_levels(product, variant)
    below = levels[chosen("alert level", level, tuple(levels))]
    risk = _risk(results, variant, product, below)
    peaks = [risk.peak(i) for i in range(len(results.regions))]
    with house_style():
        on, places, step = draw_ground(
            results,
            {r: _fill(p) for r, p in zip(results.regions, peaks, strict=True)},
            lang,
            ax=ax,
            width_mm=WIDTH_MM,
            around_mm=(0, 44),
            widest_mm=STEP_MM,
        )
        _curves(on.ax, results, places, risk, level)
        for i, region in enumerate(results.regions):
            _label(on.ax, results, region, places.centres[region], peaks[i], step, lang)
        _key(on.ax, places, risk, lang)
        frame(
            on,
            _headline(results, product, peaks, level, below, lang),
            _subtitle(variant, risk, level, below, lang) + not_a_map(places, lang),
            footer(results, lang),
            Margins(left=10.0, right=10.0, above=8.0, below=8.0),
        )
    return Chart(on.ax, _frame_of(results, risk, lang))


def _risk(results: Results, variant: str, product: str, below: float) -> _Risk:
    array = results.daily["cover_days"].sel(variant=variant, product=product)
    array = array.transpose("replication", "region", "day").dropna("replication", how="all")
    if array.sizes["replication"] == 0:
        raise no_daily(variant)
    share = (array.values < below).mean(axis=0)
    return _Risk(share, days_of(array["day"].values), array.sizes["replication"])


def _fill(peak: float) -> str:
    """Ground of a tile: the darker, the likelier; the figure says it too."""
    for above, colour in ((0.9, "#f3c9b5"), (0.5, "#f8e0c8"), (0.1, "#fbf1dc")):
        if peak >= above:
            return colour
    return "#eef2ef"


def _curves(ax: Axes, results: Results, places: Places, risk: _Risk, level: str) -> None:
    centres = places.centres
    along = np.linspace(-TILE / 2, TILE / 2, len(risk.days) + 1)
    areas, edges = [], []
    for i, region in enumerate(results.regions):
        x, y = centres[region]
        bottom = y + TILE / 2
        height = bottom - _ROOM * np.append(risk.share[i], risk.share[i, -1])
        curve = np.column_stack([x + along, height])
        areas.append(np.vstack([curve, [(x + TILE / 2, bottom), (x - TILE / 2, bottom)]]))
        edges.append(curve)
    colour = LEVEL_TEXT_COLOURS[level]
    ax.add_collection(PolyCollection(areas, facecolors=colour, alpha=0.35, linewidths=0))
    ax.add_collection(LineCollection(edges, colors=colour, linewidths=0.7))


def _label(
    ax: Axes,
    results: Results,
    region: str,
    centre: tuple[float, float],
    peak: float,
    step: float,
    lang: Lang,
) -> None:
    x, y = centre
    name, size = tile_name(results, region, lang, step * TILE - 3, 6.5)
    say(ax, x - TILE / 2 + 0.03, y - 0.37, name, size)
    said = f"{100 * peak:.0f}{NBSP}%"
    say(ax, x - TILE / 2 + 0.03, y - 0.21, said, 5.8, color=INK if peak else MUTED)


def _key(ax: Axes, places: Places, risk: _Risk, lang: Lang) -> None:
    """An empty tile that says what its sides are, in a free corner of the grid."""
    centres = places.centres
    left = min(x for x, _ in centres.values())
    top = min(y for _, y in centres.values())
    if any(x <= left + 3 and y <= top + 1 for x, y in centres.values()):
        return
    x0, x1 = left - TILE / 2 + 0.3, left + 0.3 + TILE / 2
    y1, y0 = top + TILE / 2, top + TILE / 2 - _ROOM
    ax.plot([x0, x0, x1], [y0, y1, y1], color=MUTED, linewidth=0.7)
    ax.plot([x0, x1], [y0, y0], color=MUTED, linewidth=0.4, linestyle=(0, (2, 2)))
    say(ax, x0 - 0.04, y0, "100%", 5.5, ha="right", color=MUTED)
    say(ax, x0 - 0.04, y1, "0%", 5.5, ha="right", color=MUTED)
    span = f"{day_label(risk.days[0], lang)} – {day_label(risk.days[-1], lang)}"
    say(ax, x0, y1 + 0.14, span, 5.5, color=MUTED)
    words = pick(lang, "名称下的数字：最高概率", "below the name: highest chance")
    say(ax, x1 + 0.12, (y0 + y1) / 2, words, 5.5, color=MUTED)


def _headline(
    results: Results, product: str, peaks: list[float], level: str, below: float, lang: Lang
) -> str:
    what = product_name(results, product, lang)
    likely = sum(peak > 0.5 for peak in peaks)
    total = len(peaks)
    worst = int(np.argmax(peaks))
    days = plain(below)
    if max(peaks) == 0:
        return pick(
            lang,
            f"{what}：{total} 个地区在所有模拟中均未低于{level_label(level, lang)}色（{days} 天）",
            f"{what}: no region falls below {level_label(level, lang)} ({days}{NBSP}days) "
            "in any simulated path",
        )
    if likely == 0:
        name = region_label(results, results.regions[worst], lang)
        return pick(
            lang,
            f"{what}：低于 {days} 天的概率最高为{name}，{100 * peaks[worst]:.0f}%；各地区均不过半",
            f"{what}: a fall below {days}{NBSP}days is less likely than not everywhere; "
            f"likeliest in {name} ({100 * peaks[worst]:.0f}{NBSP}%)",
        )
    calm = sum(peak < 0.1 for peak in peaks)
    return pick(
        lang,
        f"{what}：{total} 个地区中有 {likely} 个更可能跌破 {days} 天，{calm} 个可能性低于 10%",
        f"{what}: {likely} of {total} regions more likely than not fall below {days}{NBSP}days; "
        f"in {calm} the chance stays under 10{NBSP}%",
    )


def _subtitle(variant: str, risk: _Risk, level: str, below: float, lang: Lang) -> str:
    name, n = variant_label(variant, lang), number(risk.replications, lang)
    return pick(
        lang,
        f"方案“{name}”；当日库存低于{level_label(level, lang)}色（{plain(below)} 天）的占比，"
        f"{n} 次重复模拟；纵轴相同",
        f"Variant: {name}. Share of {n} replications whose cover is below "
        f"{level_label(level, lang)} ({plain(below)}{NBSP}days) on the day; same scale everywhere",
    )


def _frame_of(results: Results, risk: _Risk, lang: Lang) -> pd.DataFrame:
    import pandas as pd

    days = len(risk.days)
    names = [region_label(results, region, lang) for region in results.regions]
    return pd.DataFrame(
        {
            "region": np.repeat(results.regions, days),
            "name": np.repeat(names, days),
            "day": np.tile(np.array(risk.days, dtype="datetime64[D]"), len(names)),
            "chance": risk.share.ravel(),
        }
    )
