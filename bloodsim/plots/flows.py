"""Why does stock fall: from its highest to its lowest, and what took it there."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from bloodsim.labels import NBSP, Lang, day_label, pick
from bloodsim.metrics import interval
from bloodsim.numbers import give_or_take, quantity, rounded, tick, unit_noun
from bloodsim.plots.chart import Chart, Margins, canvas, chosen, days_of, footer, frame
from bloodsim.plots.choice import of_today
from bloodsim.plots.style import INK, MUTED, house_style, is_national, variant_label
from bloodsim.plots.text import product_name, product_unit, region_label
from bloodsim.results.undrawn import no_daily

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results

WIDTH_MM, HEIGHT_MM = 170.0, 100.0
_STOCK, _UP, _DOWN = "#5f7d95", "#4f9d77", "#c8553d"


class _Step(NamedTuple):
    """A bar: stock at an end, or a change between, with the half-width of its interval."""

    key: str
    units: float
    half_width: float
    is_stock: bool


_WORDS = {
    "start": ("{day}库存", "stock on\n{day}"),
    "supply": ("入库\n减平日用量", "supply less\nnormal demand"),
    "use": ("平日用量\n减实际用量", "normal demand\nless use"),
    "received": ("外地调入", "received from\nother regions"),
    "shipped": ("调往外地", "sent to\nother regions"),
    "moved": ("在途变化", "on the road,\nnet"),
    "outdated": ("过期", "outdated"),
    "end": ("{day}库存", "stock on\n{day}"),
}


def plot_flows(
    results: Results,
    variant: str | None = None,
    product: str | None = None,
    region: str | None = None,
    span: tuple[date, date] | None = None,
    *,
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Chart:
    """Waterfall of stock between two days: supply and use against normal-day demand.

    What enters and what leaves are both many times the stock, so each is shown as what it is more
    or less than normal-day demand over the same days; both differences, outdates and transfers
    add up to the change of stock, exactly.

    Parameters
    ----------
    results : Results
        With the table `daily`.
    variant : str, optional
        Default: the reference (today's practice, else the first).
    product : str, optional
        Default: red cells.
    region : str, optional
        Default: all regions together.
    span : tuple of date, optional
        First and last day; default: from the highest median stock that precedes the deepest fall
        to the lowest after it.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: step, units (mean over replications), half_width.
    """
    variant, product = of_today(results, variant, product)
    if region is not None:
        chosen("region", region, results.regions)
    daily = _daily(results, variant, product, region)
    first, last = span or _deepest_fall(daily["stock"])
    steps = _steps(results, daily, variant, product, region, first, last)
    with house_style():
        on = canvas(ax, WIDTH_MM, HEIGHT_MM)
        _draw(on.ax, steps, (first, last), product_unit(results, product, lang), lang)
        frame(
            on,
            _headline(results, steps, product, region, first, last, lang),
            _subtitle(results, daily, variant, first, last, lang),
            footer(results, lang),
            Margins(left=64.0, right=16.0, above=12.0, below=34.0),
        )
    return Chart(on.ax, _frame_of(steps))


def _daily(results: Results, variant: str, product: str, region: str | None) -> xr.Dataset:
    """Daily flows of the place, replication by day."""
    table = results.daily.sel(variant=variant, product=product)
    table = table.dropna("replication", how="all", subset=["stock"])
    if table.sizes["replication"] == 0:
        raise no_daily(variant)
    names = ["opening", "released", "received", "returned", "issued", "shipped", "outdated"]
    table = table[[*names, "stock"]]
    return table.sum("region") if region is None else table.sel(region=region)


def _deepest_fall(stock: xr.DataArray) -> tuple[date, date]:
    """First and last day between which median stock falls most."""
    median = stock.transpose("replication", "day").median("replication").values
    fall = np.maximum.accumulate(median) - median
    low = int(np.argmax(fall))
    high = int(np.argmax(median[: low + 1]))
    days = days_of(stock["day"].values)
    if low == high:  # it never falls
        return days[0], days[-1]
    return days[high] + timedelta(days=1), days[low]


def _steps(
    results: Results,
    daily: xr.Dataset,
    variant: str,
    product: str,
    region: str | None,
    first: date,
    last: date,
) -> list[_Step]:
    window = daily.sel(day=slice(np.datetime64(first), np.datetime64(last)))
    if window.sizes["day"] == 0:
        raise ValueError(f"{first} to {last} are not days of this result")
    sums = window.sum("day")
    normal = _normal_demand(results, variant, product, region, window["day"].values)
    start = window["opening"].isel(day=0)
    end = window["stock"].isel(day=-1)
    changes = {
        "supply": sums["released"] - normal,
        "use": normal - (sums["issued"] - sums["returned"]),
        "outdated": -sums["outdated"],
    }
    if region is None:
        changes["moved"] = sums["received"] - sums["shipped"]
    else:
        changes |= {"received": sums["received"], "shipped": -sums["shipped"]}
    order = ("supply", "use", "received", "shipped", "moved", "outdated")
    shown = {key: changes[key] for key in order if key in changes}
    shown = {key: values for key, values in shown.items() if float(abs(values).max()) > 0}

    def step(key: str, values: xr.DataArray, is_stock: bool) -> _Step:
        found = interval(values.values)
        return _Step(key, found.mean, found.half_width, is_stock)

    return [
        step("start", start, True),
        *(step(key, values, False) for key, values in shown.items()),
        step("end", end, True),
    ]


def _normal_demand(
    results: Results, variant: str, product: str, region: str | None, days: np.ndarray
) -> float:
    """Normal-day demand over the days (units)."""
    if "normal_demand" in results.tables:
        demand = results.tables["normal_demand"]["units"].sel(day=days).sum("day")
    else:
        demand = results.normal_demand * len(days)
    demand = demand.sel(variant=variant, product=product)
    return float(demand.sum() if region is None else demand.sel(region=region))


def _draw(ax: Axes, steps: list[_Step], span: tuple[date, date], unit: str, lang: Lang) -> None:
    level, top, tops = 0.0, max(step.units for step in steps if step.is_stock), []
    for x, step in enumerate(steps):
        bottom = 0.0 if step.is_stock else level
        colour = _STOCK if step.is_stock else _UP if step.units >= 0 else _DOWN
        hatch = None if step.is_stock or step.units >= 0 else "////"
        ax.bar(
            x,
            step.units,
            0.62,
            bottom=bottom,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0,
        )
        after = bottom + step.units
        if x + 1 < len(steps):
            ax.plot([x + 0.31, x + 0.69], [after, after], color=MUTED, linewidth=0.6)
        high = max(bottom, after)
        tops.append(high)
        text = quantity(step.units, unit, lang, signed=not step.is_stock)
        note = (
            ""
            if np.isnan(step.half_width)
            else f"\n± {give_or_take(step.half_width, step.units, lang)}"
        )
        ax.annotate(
            f"{text}{note}",
            (x, high),
            (0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7,
            color=INK,
            linespacing=1.15,
        )
        level = after
    days = {"start": day_label(span[0] - timedelta(days=1), lang), "end": day_label(span[1], lang)}
    labels = [pick(lang, *_WORDS[step.key]).format(day=days.get(step.key, "")) for step in steps]
    ax.set_xticks(range(len(steps)), labels=labels, fontsize=7.2)
    ax.tick_params(axis="x", length=0)
    ax.set_ylim(0, 1.16 * max(*tops, top))
    ax.yaxis.set_major_formatter(lambda value, _: tick(value, lang))
    ax.set_ylabel(pick(lang, f"库存（{unit}）", f"usable stock ({unit})"))


def _headline(
    results: Results,
    steps: list[_Step],
    product: str,
    region: str | None,
    first: date,
    last: date,
    lang: Lang,
) -> str:
    what, unit = product_name(results, product, lang), product_unit(results, product, lang)
    if region is not None:
        where = region_label(results, region, lang)
    elif is_national(results.regions):
        where = pick(lang, "全国", "National")
    else:
        where = pick(lang, "全部地区", "All regions'")
    change = steps[-1].units - steps[0].units
    by_key = {step.key: step.units for step in steps}
    amount = quantity(rounded(abs(change)), unit_noun(unit, abs(change), lang), lang)
    supply, use = by_key.get("supply", 0.0), by_key.get("use", 0.0)
    name = what if lang == "zh" else what.lower()
    fell = change < 0
    about_supply = quantity(rounded(abs(supply)), unit, lang)
    about_use = quantity(rounded(abs(use)), unit, lang)
    return pick(
        lang,
        f"{where}{name}库存{day_label(first, lang)}至{day_label(last, lang)}"
        f"{'减少' if fell else '增加'} {amount}：入库比平日用量{'少' if supply < 0 else '多'} "
        f"{about_supply}，用量比平日{'少' if use > 0 else '多'} {about_use}",
        f"{where} stock of {name} {'falls' if fell else 'rises'} by {amount} from "
        f"{day_label(first, lang)} to {day_label(last, lang)}: supply is {about_supply} "
        f"{'below' if supply < 0 else 'above'} normal demand, use {about_use} "
        f"{'below' if use > 0 else 'above'} it",
    )


def _subtitle(
    results: Results, daily: xr.Dataset, variant: str, first: date, last: date, lang: Lang
) -> str:
    name, n = variant_label(variant, lang), daily.sizes["replication"]
    days = (last - first).days + 1
    return pick(
        lang,
        f"方案“{name}”；{days} 天；平日用量＝不计节假日与星期的日均需求×天数；"
        f"{n} 次重复模拟的均值 ± 95% 置信区间半宽；斜线＝使库存减少",
        f"Variant: {name}; {days}{NBSP}days. Normal demand: that of days without feast or weekday "
        f"effect. Mean of {n} replications ± half-width of the 95{NBSP}% interval; hatched: lowers "
        "stock",
    )


def _frame_of(steps: list[_Step]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "step": [step.key for step in steps],
            "units": [step.units for step in steps],
            "half_width": [step.half_width for step in steps],
        }
    )
