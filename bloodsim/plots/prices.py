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

from bloodsim.labels import Lang, full_day_label, group_label, pick, shown
from bloodsim.numbers import number
from bloodsim.plots.chart import Chart, Margins, chosen, footer, frame, legend_rows
from bloodsim.plots.choice import main_product
from bloodsim.plots.style import INK, house_style
from bloodsim.plots.text import drawable, product_name, product_unit, region_label, say
from bloodsim.plots.tiles import NO_DATA, TILE, draw_ground, not_a_map, tile_name

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results
    from bloodsim.results.plan_file import SavedPlan

WIDTH_MM, STEP_MM = 170.0, 16.0
_CLASSES = 4


def plot_prices(
    results: Results,
    prices: pd.DataFrame,
    day: date,
    product: str | None = None,
    *,
    source: str = "",
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
        Columns ``region`` and ``price`` (points per unit, 0 or more); ``group`` where the price
        is that of one blood group; ``confirmed`` where it is known which of them were solved
        again with more and fewer units; ``low`` and ``high`` where all were, with a unit less and
        a unit more.
    day : date
        The day the unit would be there.
    product : str, optional
        Default: red cells.
    source : str, optional
        Which plan they are of, said in the subtitle.
    shapes : path, optional
        GeoJSON of the user's own approved shapes, features with ``adcode``; default: tiles.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: region, name, price, and group, low and high where given.
    """
    product = chosen("product", product or main_product(results), results.products)
    missing = [name for name in ("region", "price") if name not in prices]
    if missing:
        raise ValueError(f"the table of prices has no column {missing[0]!r}")
    for region in prices["region"]:
        chosen("region", str(region), results.regions)
    worth = dict(zip(prices["region"].astype(str), prices["price"].astype(float), strict=True))
    groups = dict(zip(prices["region"], prices["group"], strict=True)) if "group" in prices else {}
    edges = _edges(list(worth.values()))
    with house_style():
        on, places, step = draw_ground(
            results,
            {region: _colour(price, edges) for region, price in worth.items()},
            lang,
            ax=ax,
            width_mm=WIDTH_MM,
            around_mm=(8, 38),
            widest_mm=STEP_MM,
            shapes=shapes,
        )
        for region, (x, y) in places.centres.items():
            name, size = tile_name(results, region, lang, step * TILE, 6.5)
            dark = region in worth and worth[region] >= edges[-1]
            ink = "white" if dark else INK
            say(ax=on.ax, x=x, y=y - 0.16, text=name, size=size, ha="center", color=ink)
            if region in worth:
                said = f"{number(worth[region], lang)}  {_of(groups.get(region))}".rstrip()
                say(on.ax, x, y + 0.2, said, 6.2, ha="center", color=ink)
        below = 10 + _legend(on.ax, edges, len(worth) < len(results.regions), lang)
        frame(
            on,
            _headline(results, worth, groups, product, day, lang),
            _subtitle(results, prices, product, source, lang) + not_a_map(places, lang),
            footer(results, lang),
            Margins(left=10.0, right=10.0, above=8.0, below=below + 6),
        )
    frame_of = prices.assign(
        name=[region_label(results, str(region), lang) for region in prices["region"]]
    )
    columns = [c for c in ("region", "name", "price", "group", "low", "high") if c in frame_of]
    return Chart(on.ax, frame_of[columns].reset_index(drop=True))


def plot_plan_prices(
    results: Results,
    plan: SavedPlan,
    product: str | None = None,
    *,
    shapes: str | Path | None = None,
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Chart:
    """What one more unit is worth in each region on the day on which it is worth most.

    Parameters
    ----------
    results : Results
        A run with the regions of the plan.
    plan : SavedPlan
        A plan that ``bloodsim plan --out`` wrote (`bloodsim.results.plan_file.read_plan`).
    product : str, optional
        Default: red cells.
    shapes, ax, lang
        As in `plot_prices`.

    Returns
    -------
    Chart
        As of `plot_prices`.
    """
    product = chosen("product", product or main_product(results), results.products)
    day, prices = plan.dearest(product)
    source = drawable(f"{shown(plan.scenario, 40)} {plan.scenario_hash[:8]}")
    return plot_prices(
        results, prices, day, product, source=source, shapes=shapes, ax=ax, lang=lang
    )


def _edges(prices: list[float]) -> list[float]:
    """Where four equal classes begin: from 0, or from the lowest where all are alike."""
    known = [price for price in prices if price == price]
    top = max(known, default=0.0)
    low = min((price for price in known if price > 0), default=0.0)
    low = low if low > top / 2 else 0.0
    return [low + (top - low) * k / _CLASSES for k in range(_CLASSES)]


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
    results: Results,
    worth: dict[str, float],
    groups: dict[str, str],
    product: str,
    day: date,
    lang: Lang,
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
    group = _of(groups.get(best))
    return pick(
        lang,
        f"{what}：{at}在{name}多 1 {unit}{f' {group} ' if group else ''}可减少代价 {price} 分，"
        "为各地区之首",
        f"{what}: one more {unit}{f' of {group}' if group else ''} in {name} on {at} saves {price} "
        "points, the most of all regions",
    )


def _of(group: str | None) -> str:
    return group_label(group) if group else ""


def _subtitle(results: Results, prices: pd.DataFrame, product: str, source: str, lang: Lang) -> str:
    zh, en = _confirmed(prices)
    unit = product_unit(results, product, lang)
    own = "group" in prices
    return pick(
        lang,
        f"优化计划{f'（{source}）' if source else ''}的影子价格：多 1 {unit} 所减少的代价"
        f"（分，不是金额）{'，各地取最缺的血型' if own else ''}；{zh}",
        f"Shadow prices of the optimal plan{f' ({source})' if source else ''}: points of cost that "
        f"one more {unit} saves (never money)"
        f"{'; in each region the group worth most' if own else ''}; {en}",
    )


def _confirmed(prices: pd.DataFrame) -> tuple[str, str]:
    """How many of the prices the plan solved again for, in both languages."""
    if {"low", "high"} <= set(prices.columns):
        return "已用 ±1 单位重新求解核实", "confirmed by solving again"
    if "confirmed" not in prices:
        return "未经重新求解核实", "not confirmed by solving again"
    known = int((prices["price"] > 0).sum())
    sure = int((prices["confirmed"] & (prices["price"] > 0)).sum())
    if not sure:
        return (
            "图中价格未重新求解；计划只对其所列首要价格（其他血型或日期）重新求解核实",
            "none of these was solved again: the plan did so for its headline prices, of other "
            "groups or days",
        )
    return (
        f"{known} 个地区中 {sure} 个的价格已用各 10 单位增减重新求解核实，其余未核实",
        f"those of {sure} of {known} regions confirmed by solving again with 10 units more and "
        "fewer, the others not",
    )
