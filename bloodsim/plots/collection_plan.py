"""What should each centre collect: units by region and week, against another plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.dates import date2num
from matplotlib.patches import Patch, Rectangle

from bloodsim.labels import MINUS, Lang, pick, within
from bloodsim.numbers import number, plain, rounded
from bloodsim.plots.chart import (
    Chart,
    Margins,
    canvas,
    chosen,
    date_axis,
    days_of,
    footer,
    frame,
    legend_rows,
    width_of,
)
from bloodsim.plots.choice import main_product, proposal, reference, rivals
from bloodsim.plots.collection_shift import Shift, beside_words, gain_words, shift_of
from bloodsim.plots.holidays import ROOM_ABOVE, holiday_bar, visible
from bloodsim.plots.style import INK, MUTED, house_style, variant_label
from bloodsim.plots.text import product_name, product_unit, region_label, say, text_width
from bloodsim.results.undrawn import UndrawnError

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results

WIDTH_MM, ROW_MM = 185.0, 3.9
WEEK_DAYS = 7
_STEPS = (-0.10, -0.02, 0.02, 0.05, 0.10, 0.20)
"""Edges of the classes of change; each class has its own mark as well."""

_COLOURS = ("#b35806", "#f1c58f", "#f4f4f4", "#d5e6f2", "#9cc6e2", "#4d97c7", "#14558f")
_MARKS = (MINUS, "", "", "", "+", "+", "++")


class _Plan(NamedTuple):
    """Mean units collected by region and week, of the plan and of what it is compared with."""

    weeks: list[date]
    planned: np.ndarray
    compared: np.ndarray
    replications: int

    @property
    def change(self) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.compared > 0, self.planned / self.compared - 1, 0.0)


def plot_collection_plan(
    results: Results,
    variant: str | None = None,
    against: str | None = None,
    product: str | None = None,
    *,
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Chart:
    """Units to collect by region and week; colour and mark: change against another variant.

    Parameters
    ----------
    results : Results
        With the table `daily`.
    variant : str, optional
        The plan; default: of those that can be put beside *against* (`choice.rivals`), the one
        whose weekly collection differs most; the proposal (`choice.proposal`) if its own differs
        by at least half as much.
    against : str, optional
        Default: the reference (today's practice, else the first). If there is one variant only,
        each region's own mean week.
    product : str, optional
        Default: red cells.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: region, name, week (its first day), until (its last), units (mean
        over replications), compared_units, change, variant.
    """
    product = chosen("product", product or main_product(results), results.products)
    against = chosen("variant", against or reference(results), results.variants)
    weekly = _weekly(results, product)
    best = proposal(results, product)
    variant = variant or _default(weekly, against, rivals(results, against), best)
    variant = chosen("variant", variant, results.variants)
    plan = _plan(weekly, variant, against)
    order = np.argsort(-(plan.planned - plan.compared).sum(axis=1), kind="stable")
    days = days_of(results.daily["day"].values)
    data = _frame_of(results, plan, order, days[-1], lang).assign(variant=variant)
    shift = None if variant == against else shift_of(data)
    with house_style():
        on = canvas(ax, WIDTH_MM, 50 + ROW_MM * max(len(order), 8))
        names = [region_label(results, results.regions[i], lang) for i in order]
        date_axis(on.ax, days, lang)
        _draw(on.ax, plan, order, names, product_unit(results, product, lang), lang)
        below = 30 + _legend(on.ax, lang)
        frame(
            on,
            _headline(results, shift, variant, against, product, lang),
            _subtitle(results, shift, plan.replications, variant, against, product, lang),
            footer(results, lang),
            Margins(
                left=max(text_width(name, 7.0) for name in names) + 14,
                right=88.0,
                above=ROOM_ABOVE + 6,
                below=below + 6,
            ),
        )
        holiday_bar(on.ax, visible(results.holiday_blocks, days), lang, width_of(on.ax))
    return Chart(on.ax, data)


def _weekly(results: Results, product: str) -> xr.DataArray:
    """Units collected by variant, replication, week and region; a week is named by its first day.

    The last week may be shorter.
    """
    daily = results.daily["collected"].sel(product=product).dropna("replication", how="any")
    if daily.sizes["replication"] == 0:
        raise UndrawnError(
            "没有保存全部方案的逐日数据", "no daily values were kept of all variants"
        )
    daily = daily.transpose("variant", "replication", "region", "day")
    starts = np.arange(0, daily.sizes["day"], WEEK_DAYS)
    coords = {name: daily[name].values for name in daily.dims[:3]}
    return xr.DataArray(
        np.add.reduceat(daily.values, starts, axis=3),
        coords={**coords, "week": daily["day"].values[starts]},
        dims=("variant", "replication", "region", "week"),
    )


def _default(weekly: xr.DataArray, against: str, others: Sequence[str], best: str) -> str:
    """The variant to show: what is adopted is what is collected by, if it moves collection."""
    mean = weekly.mean("replication")
    if not others:
        return against
    apart = abs(mean - mean.sel(variant=against)).sum(["week", "region"])
    far = {name: float(apart.sel(variant=name)) for name in others}
    most = max(others, key=lambda name: far[name])
    return best if best in far and far[best] >= far[most] / 2 else most


def _plan(weekly: xr.DataArray, variant: str, against: str) -> _Plan:
    mean = weekly.mean("replication").transpose("variant", "region", "week")
    planned, compared = mean.sel(variant=variant).values, mean.sel(variant=against).values
    weeks = days_of(weekly["week"].values)
    if variant == against:
        compared = np.repeat(planned[:, :-1].mean(axis=1, keepdims=True), len(weeks), axis=1)
    return _Plan(weeks, planned, compared, weekly.sizes["replication"])


def _draw(
    ax: Axes, plan: _Plan, order: np.ndarray, names: list[str], unit: str, lang: Lang
) -> None:
    starts = date2num(plan.weeks)
    end = ax.get_xlim()[1]
    cells, colours = [], []
    for y, i in enumerate(order):
        for start, change in zip(starts, plan.change[i], strict=True):
            kind = int(np.searchsorted(_STEPS, change, side="right"))
            width = min(float(WEEK_DAYS), end - start)
            cells.append(Rectangle((start, y - 0.46), width * 0.96, 0.92))
            colours.append(_COLOURS[kind])
            if _MARKS[kind]:
                ink = "white" if kind in (0, 5, 6) else INK
                say(ax, start + width / 2, y, _MARKS[kind], 4.6, ha="center", color=ink)
    ax.add_collection(PatchCollection(cells, facecolors=colours, linewidths=0))
    for y, i in enumerate(order):
        more = float((plan.planned[i] - plan.compared[i]).sum())
        total = float(plan.planned[i].sum())
        for text, x, colour in (
            (number(rounded(total), lang), 38, INK),
            (number(rounded(more), lang, signed=True), 78, INK if more > 0 else MUTED),
        ):
            ax.annotate(
                text,
                (1, y),
                (x, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                ha="right",
                fontsize=6.5,
                color=colour,
            )
    heads = (
        (pick(lang, f"采集\n({unit})", f"collect\n({unit})"), 38),
        (pick(lang, "差额", "change"), 78),
    )
    for text, x in heads:
        ax.annotate(
            text,
            (1, 1),
            (x, 2),
            xycoords="axes fraction",
            textcoords="offset points",
            va="bottom",
            ha="right",
            fontsize=6.5,
            color=MUTED,
        )
    ax.set_yticks(range(len(names)), labels=names, fontsize=7)
    ax.tick_params(axis="y", length=0, pad=3)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.spines[["left", "bottom"]].set_visible(False)


def _legend(ax: Axes, lang: Lang) -> float:
    bounds = [f"{plain(100 * abs(step))}%" for step in _STEPS]
    texts = [
        f"{MINUS}{bounds[0]} {pick(lang, '以下', 'or less')} ({MINUS})",
        f"{MINUS}{bounds[0]} … {MINUS}{bounds[1]}",
        f"± {bounds[2]}",
        f"+{bounds[2]} … {bounds[3]}",
        f"+{bounds[3]} … {bounds[4]} (+)",
        f"+{bounds[4]} … {bounds[5]} (+)",
        f"+{bounds[5]} {pick(lang, '以上', 'or more')} (++)",
    ]
    handles = [Patch(facecolor=colour, linewidth=0) for colour in _COLOURS]
    return legend_rows(ax, handles, texts, 29)


def _headline(
    results: Results,
    shift: Shift | None,
    variant: str,
    against: str,
    product: str,
    lang: Lang,
) -> str:
    what, unit = product_name(results, product, lang), product_unit(results, product, lang)
    if variant == against:
        own = within(what)
        return pick(lang, f"{what}每周采集量（各地区比自身平均）", f"Weekly collection of {own}")
    name = variant_label(variant, lang)
    if shift is None:
        return pick(
            lang,
            f"{what}：“{name}”不增加任何一周的采集",
            f"{what}: {name} adds to the collection of no week",
        )
    gain = gain_words(shift, unit, lang)
    return pick(lang, f"{what}：{gain}，“{name}”", f"{what}: {name} takes {gain}")


def _subtitle(
    results: Results,
    shift: Shift | None,
    replications: int,
    variant: str,
    against: str,
    product: str,
    lang: Lang,
) -> str:
    n, unit = replications, product_unit(results, product, lang)
    if variant == against:
        than = pick(lang, "各地区平均周", "each region's own mean week")
    else:
        than = pick(lang, f"“{variant_label(against, lang)}”", variant_label(against, lang))
    beside = ""
    if shift is not None:
        said = beside_words(shift, unit, lang)
        beside = pick(lang, f"{said}。", f"{said[:1].upper()}{said[1:]}. ")
    return beside + pick(
        lang,
        f"每格一周；颜色与符号：比{than}的变化；{n} 次重复模拟的均值；右侧为全期采集量与差额"
        f"（{unit}）；按差额排序",
        f"One cell a week; colour and mark: change against {than}; mean of {n} replications. "
        f"Right: {unit} over all weeks and change; sorted by change",
    )


def _frame_of(
    results: Results, plan: _Plan, order: np.ndarray, last: date, lang: Lang
) -> pd.DataFrame:
    import pandas as pd

    until = [min(week + timedelta(days=WEEK_DAYS - 1), last) for week in plan.weeks]
    weeks = len(plan.weeks)
    regions = [results.regions[i] for i in order]
    return pd.DataFrame(
        {
            "region": np.repeat(regions, weeks),
            "name": np.repeat([region_label(results, r, lang) for r in regions], weeks),
            "week": np.tile(np.array(plan.weeks, dtype="datetime64[D]"), len(regions)),
            "until": np.tile(np.array(until, dtype="datetime64[D]"), len(regions)),
            "units": plan.planned[order].ravel(),
            "compared_units": plan.compared[order].ravel(),
            "change": plan.change[order].ravel(),
        }
    )
