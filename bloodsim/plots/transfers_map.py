"""Who helps whom: the largest flows between regions, drawn in their places."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Patch

from bloodsim import metrics
from bloodsim.labels import NBSP, Lang, pick
from bloodsim.numbers import give_or_take, number, percent, quantity, rounded, unit_noun
from bloodsim.plots.chart import Chart, Margins, footer, frame, legend_rows
from bloodsim.plots.choice import of_plan
from bloodsim.plots.style import INK, house_style, variant_label
from bloodsim.plots.text import product_name, product_unit, region_label, say
from bloodsim.plots.tiles import Places, draw_ground, not_a_map, tile_name

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results

WIDTH_MM, WIDEST_STEP_MM = 180.0, 16.0
_LIST = 138.0
"""Room for the list beside the picture (points)."""

_TILE = 0.80
SHOWN = 10
_RECEIVES, _SENDS, _EVEN = "#bcd7ec", "#f6d9ae", "#eeeeee"
_ARROW = "#3b3b3b"
_WIDEST = 4.0
_BEND = 0.12


class Flow(NamedTuple):
    """Units from one region to another: mean over replications and half-width of the interval."""

    origin: str
    destination: str
    units: float
    half_width: float
    shipments: float


def largest_flows(results: Results, variant: str, product: str) -> list[Flow]:
    """Every pair of regions with a flow, the largest first."""
    table = results.transfers.sel(variant=variant, product=product)
    units = table["units"].transpose("origin", "destination", "replication")
    mean = units.mean("replication").values
    sent = table["shipments"].mean("replication").transpose("origin", "destination").values
    names = [str(name) for name in units["origin"].values]
    order = np.argsort(-mean, axis=None, kind="stable")
    flows = []
    for i, j in zip(*np.unravel_index(order, mean.shape), strict=True):
        if not mean[i, j] > 0:
            break
        found = metrics.interval(units.values[i, j])
        flows.append(Flow(names[i], names[j], found.mean, found.half_width, float(sent[i, j])))
    return flows


def plot_transfers_map(
    results: Results,
    variant: str | None = None,
    product: str | None = None,
    *,
    shapes: str | Path | None = None,
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Chart:
    """Regions that send and receive, with the ten largest flows as arrows between them.

    Parameters
    ----------
    results : Results
        With the table `transfers`.
    variant : str, optional
        Default: the variant that leaves least unmet.
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
        ``(ax, data)``; data has the flows drawn: rank, origin, destination (and their names),
        units, half_width, shipments.
    """
    variant, product = of_plan(results, variant, product)
    flows = largest_flows(results, variant, product)
    net = _net(results, variant, product)
    with house_style():
        on, places, step = draw_ground(
            results,
            {region: _ground(units) for region, units in net.items()},
            lang,
            ax=ax,
            width_mm=WIDTH_MM,
            around_mm=((_LIST + 10) * 25.4 / 72, 32),
            widest_mm=WIDEST_STEP_MM,
            least_mm=76,
            tile=_TILE,
            shapes=shapes,
        )
        _names(on.ax, results, places, net, step, lang)
        _arrows(on.ax, places, flows[:SHOWN])
        _ranking(on.ax, results, flows[:SHOWN], product, lang)
        handles = [Patch(facecolor=c, linewidth=0) for c in (_RECEIVES, _SENDS, _EVEN)]
        texts = pick(
            lang,
            "净调入\0净调出\0收支相等或无调剂\0箭头粗细＝调剂量",
            "receives more than it sends\0sends more\0even, or none\0width of arrow = units",
        ).split("\0")
        handles.append(Patch(facecolor=_ARROW, linewidth=0))
        below = 8 + legend_rows(on.ax, handles, texts, 6)
        frame(
            on,
            _headline(results, flows, variant, product, lang),
            _subtitle(results, flows, variant, product, lang) + not_a_map(places, lang),
            footer(results, lang),
            Margins(left=10.0, right=_LIST, above=8.0, below=below + 6),
        )
    return Chart(on.ax, _frame_of(results, flows[:SHOWN], lang))


def _net(results: Results, variant: str, product: str) -> dict[str, float]:
    """Units that each region receives less those it sends, mean over replications."""
    units = results.transfers["units"].sel(variant=variant, product=product).mean("replication")
    received, sent = units.sum("origin").values, units.sum("destination").values
    return dict(zip(results.regions, (received - sent).tolist(), strict=True))


def _names(
    ax: Axes, results: Results, places: Places, net: dict[str, float], step: float, lang: Lang
) -> None:
    for region, (x, y) in places.centres.items():
        name, size = tile_name(results, region, lang, step * _TILE, 6.2)
        moved = abs(net[region]) >= 0.5 and not places.shapes
        # Arrows pass behind the words; an outline of the letters would turn them into shapes.
        ground = {"boxstyle": "square,pad=0.06", "facecolor": _ground(net[region]), "linewidth": 0}
        top = y - (0.17 if moved else 0)
        middle: Any = {"ha": "center", "zorder": 5, "bbox": ground}
        say(ax, x, top, name, size, linespacing=1.0, **middle)
        if moved:
            say(ax, x, y + 0.08, number(round(net[region]), lang, signed=True), 5.5, **middle)


def _ground(net: float) -> str:
    return _RECEIVES if net > 0 else _SENDS if net < 0 else _EVEN


def _arrows(ax: Axes, places: Places, flows: list[Flow]) -> None:
    """Arrows from edge to edge, bent to one side so that there and back do not meet."""
    if not flows:
        return
    largest, origins = flows[0].units, [flow.origin for flow in flows]
    for rank, flow in reversed(list(enumerate(flows, start=1))):
        (x0, y0), (x1, y1) = places.centres[flow.origin], places.centres[flow.destination]
        start, end = _edge(x0, y0, x1, y1, places.half), _edge(x1, y1, x0, y0, places.half)
        width = max(0.5, _WIDEST * math.sqrt(flow.units / largest) * 0.7)
        ax.add_patch(
            FancyArrowPatch(
                start,
                end,
                connectionstyle=f"arc3,rad={_BEND}",
                arrowstyle=f"-|>,head_length={3 + width * 0.7},head_width={1.6 + width * 0.5}",
                linewidth=width,
                color=_ARROW,
                alpha=0.72,
                shrinkA=0,
                shrinkB=0,
                zorder=4,
            )
        )
        box = {"boxstyle": "circle,pad=0.12", "facecolor": "white", "linewidth": 0.5}
        place = origins[: rank - 1].count(flow.origin) - (origins.count(flow.origin) - 1) / 2
        y = y0 if places.shapes else y0 + 0.28
        say(ax, x0 + 0.2 * place, y, str(rank), 5.2, ha="center", zorder=6, bbox=box)


def _edge(x: float, y: float, to_x: float, to_y: float, half: float) -> tuple[float, float]:
    """Where the line from the middle of a tile to another leaves it."""
    dx, dy = to_x - x, to_y - y
    reach = half / max(abs(dx), abs(dy), 1e-9)
    return x + dx * reach, y + dy * reach


def _ranking(ax: Axes, results: Results, flows: list[Flow], product: str, lang: Lang) -> None:
    """The list of the arrows, beside the picture."""
    unit = product_unit(results, product, lang)
    lines = [
        f"{rank}  {region_label(results, flow.origin, lang)} → "
        f"{region_label(results, flow.destination, lang)}\n"
        f"    {quantity(flow.units, unit, lang)} ± "
        f"{give_or_take(flow.half_width, flow.units, lang)}"
        for rank, flow in enumerate(flows, start=1)
    ]
    ax.annotate(
        "\n".join(lines),
        xy=(1, 1),
        xycoords="axes fraction",
        xytext=(12, 0),
        textcoords="offset points",
        va="top",
        fontsize=6.5,
        linespacing=1.45,
        color=INK,
        annotation_clip=False,
    )


def _headline(results: Results, flows: list[Flow], variant: str, product: str, lang: Lang) -> str:
    what, unit = product_name(results, product, lang), product_unit(results, product, lang)
    if not flows:
        return pick(
            lang,
            f"{what}：方案“{variant_label(variant, lang)}”没有地区间调剂",
            f"{what}: nothing moves between regions with {variant_label(variant, lang)}",
        )
    total = sum(flow.units for flow in flows)
    received: dict[str, float] = {}
    for flow in flows:
        received[flow.destination] = received.get(flow.destination, 0) + flow.units
    most = max(received, key=lambda region: received[region])
    name, share = region_label(results, most, lang), percent(received[most] / total)
    moved = quantity(rounded(total), unit_noun(unit, total, lang), lang)
    return pick(
        lang,
        f"{what}：地区间共调剂 {moved}，其中 {share} 调往{name}",
        f"{what}: {moved} move between regions, {share} of them to {name}",
    )


def _subtitle(results: Results, flows: list[Flow], variant: str, product: str, lang: Lang) -> str:
    name, n = variant_label(variant, lang), len(results.replications)
    count = min(SHOWN, len(flows))
    total = sum(flow.units for flow in flows) or 1.0
    share = percent(sum(flow.units for flow in flows[:SHOWN]) / total)
    unit = product_unit(results, product, lang)
    return pick(
        lang,
        f"方案“{name}”；{n} 次重复模拟的均值 ± 95% 置信区间半宽；箭头为最大的 {count} 条流向"
        f"（占总量 {share}）；方块中数字为净调入量（{unit}）",
        f"Variant: {name}; mean of {n} replications ± half-width of the 95{NBSP}% interval. "
        f"Arrows: {count} largest flows ({share} of all units); net {unit} received in the tiles",
    )


def _frame_of(results: Results, flows: list[Flow], lang: Lang) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "rank": range(1, len(flows) + 1),
            "origin": [flow.origin for flow in flows],
            "origin_name": [region_label(results, flow.origin, lang) for flow in flows],
            "destination": [flow.destination for flow in flows],
            "destination_name": [region_label(results, flow.destination, lang) for flow in flows],
            "units": [flow.units for flow in flows],
            "half_width": [flow.half_width for flow in flows],
            "shipments": [flow.shipments for flow in flows],
        }
    )
