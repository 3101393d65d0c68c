"""What one more unit is worth where: shadow prices of an optimal plan, in their places."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Patch

from bloodsim.labels import Lang, full_day_label, pick
from bloodsim.numbers import number
from bloodsim.plots.chart import Chart, Margins, canvas, chosen, footer, frame, legend_rows
from bloodsim.plots.choice import main_product
from bloodsim.plots.style import INK, house_style
from bloodsim.plots.text import product_name, product_unit, region_label, say
from bloodsim.plots.tiles import (
    NO_DATA,
    TILE,
    draw_places,
    draw_without_data,
    not_a_map,
    shape_places,
    tile_name,
    tile_places,
)

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results

WIDTH_MM, STEP_MM = 170.0, 16.0
_CLASSES = 4


def plot_prices(
    results: Results,
    prices: pd.DataFrame,
    day: date,
    product: str | None = None,
    *,
    shapes: str | Path | None = None,
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Chart:
    """Points of cost that one more unit of a product saves in each region on a day.

    Parameters
    ----------
    results : Results
        The run that the plan belongs to: names and places of its regions.
    prices : pandas.DataFrame
        Columns ``region`` and ``price`` (points per unit, 0 or more); ``low`` and ``high`` too
        where they were confirmed by solving again with a unit less and a unit more.
    day : date
        The day the unit would be there.
    product : str, optional
        Default: red cells.
    shapes : path, optional
        GeoJSON of the user's own approved shapes, features with ``adcode``; default: tiles.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: region, name, price, and low and high where given.
    """
    product = chosen("product", product or main_product(results), results.products)
    missing = [name for name in ("region", "price") if name not in prices]
    if missing:
        raise ValueError(f"the table of prices has no column {missing[0]!r}")
    for region in prices["region"]:
        chosen("region", str(region), results.regions)
    worth = dict(zip(prices["region"].astype(str), prices["price"].astype(float), strict=True))
    places = shape_places(results, shapes) if shapes else tile_places(results)
    edges = _edges(list(worth.values()))
    with house_style():
        step = min(STEP_MM, (WIDTH_MM - 8) / places.size[0])
        on = canvas(ax, WIDTH_MM, 38 + step * places.size[1])
        fills = {region: _colour(price, edges) for region, price in worth.items()}
        draw_places(on.ax, results, places, fills)
        draw_without_data(on.ax, results, places, lang)
        for region, (x, y) in places.centres.items():
            name, size = tile_name(results, region, lang, step * TILE / 25.4 * 72, 6.5)
            dark = region in worth and worth[region] >= edges[-1]
            ink = "white" if dark else INK
            say(ax=on.ax, x=x, y=y - 0.16, text=name, size=size, ha="center", color=ink)
            if region in worth:
                say(on.ax, x, y + 0.2, number(worth[region], lang), 6.2, ha="center", color=ink)
        below = 10 + _legend(on.ax, edges, len(worth) < len(results.regions), lang)
        frame(
            on,
            _headline(results, worth, product, day, lang),
            _subtitle(prices, lang) + not_a_map(places, lang),
            footer(results, lang),
            Margins(left=10.0, right=10.0, above=8.0, below=below + 6),
        )
    frame_of = prices.assign(
        name=[region_label(results, str(region), lang) for region in prices["region"]]
    )
    columns = [c for c in ("region", "name", "price", "low", "high") if c in frame_of]
    return Chart(on.ax, frame_of[columns].reset_index(drop=True))


def _edges(prices: list[float]) -> list[float]:
    """Where the classes begin: a quarter, a half, three quarters of the largest price."""
    top = max([price for price in prices if price == price], default=0.0)
    return [top * k / _CLASSES for k in range(_CLASSES)]


def _colour(price: float, edges: list[float]) -> str:
    if not price > 0:
        return NO_DATA
    place = int(np.searchsorted(edges, price, side="right")) - 1
    return _shade(min(place, _CLASSES - 1))


def _shade(place: int) -> str:
    return str(to_hex(colormaps["YlOrBr"]((0.12, 0.3, 0.55, 0.85)[place])))


def _legend(ax: Axes, edges: list[float], some_missing: bool, lang: Lang) -> float:
    ends = [*edges[1:], edges[-1] + (edges[1] - edges[0])]
    texts = [
        f"{number(low, lang)}–{number(high, lang)}" for low, high in zip(edges, ends, strict=True)
    ]
    handles = [Patch(facecolor=_shade(i), linewidth=0) for i in range(_CLASSES)]
    zero = pick(lang, "0 或无数据", "0 or no data") if some_missing else "0"
    return legend_rows(ax, [Patch(facecolor=NO_DATA, linewidth=0), *handles], [zero, *texts], 6)


def _headline(
    results: Results, worth: dict[str, float], product: str, day: date, lang: Lang
) -> str:
    what, unit = product_name(results, product, lang), product_unit(results, product, lang)
    at = full_day_label(day, lang)
    if not worth or not max(worth.values()) > 0:
        return pick(
            lang,
            f"{what}：{at}再多一{unit}在任何地区都不减少代价",
            f"{what}: one more {unit} on {at} saves nothing anywhere",
        )
    best = max(worth, key=lambda region: worth[region])
    name, price = region_label(results, best, lang), number(worth[best], lang)
    return pick(
        lang,
        f"{what}：{at}在{name}多 1 {unit}可减少代价 {price} 分，为各地区之首",
        f"{what}: one more {unit} in {name} on {at} saves {price} points, the most of all regions",
    )


def _subtitle(prices: pd.DataFrame, lang: Lang) -> str:
    confirmed = {"low", "high"} <= set(prices.columns)
    zh = "已用 ±1 单位重新求解核实" if confirmed else "未经重新求解核实"
    en = "confirmed by solving again" if confirmed else "not confirmed by solving again"
    return pick(
        lang,
        f"优化计划的影子价格（分/单位，不是金额）；{zh}",
        f"Shadow prices of the optimal plan (points per unit, never money), {en}",
    )
