"""How deep, how long, how sure: cover over time with its spread, one fan per variant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bloodsim.plots.chart import (
    Chart,
    Margins,
    canvas,
    chosen,
    date_axis,
    days_of,
    footer,
    frame,
    height_of,
    legend_rows,
    width_of,
)
from bloodsim.plots.choice import proposal, reference
from bloodsim.plots.holidays import holiday_shades, visible
from bloodsim.plots.style import (
    LEVEL_TEXT_COLOURS,
    NBSP,
    Lang,
    day_label,
    floored,
    house_style,
    is_national,
    level_label,
    pick,
    plain,
    variant_colour,
    variant_label,
)
from bloodsim.plots.text import product_name, region_label
from bloodsim.results.bands import SUFFIX
from bloodsim.results.undrawn import no_daily

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from bloodsim.results import Results

WIDTH_MM, HEIGHT_MM = 170.0, 105.0
QUANTILES = {"low_5": 0.05, "low_25": 0.25, "median": 0.5, "high_75": 0.75, "high_95": 0.95}
_LABEL_ROOM = 9.0
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))


class _Fan(NamedTuple):
    """Paths [replication, day] of one variant and their quantiles by day."""

    variant: str
    replications: npt.NDArray[np.int64]
    paths: npt.NDArray[np.float64]
    quantiles: dict[str, npt.NDArray[np.float64]]

    @property
    def lowest_day(self) -> int:
        return int(np.argmin(self.quantiles["median"]))

    @property
    def lowest(self) -> float:
        return float(self.quantiles["median"].min())

    def below(self, days: float) -> int:
        """Replications whose path is below a cover on some day."""
        return int((self.paths < days).any(axis=1).sum())


def plot_fan(
    results: Results,
    variants: Sequence[str] | None = None,
    product: str = "red_cells",
    region: str | None = None,
    *,
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Chart:
    """Cover day by day: median, 50 % and 90 % of replications, one path, alert levels, holidays.

    National cover is national closing stock over national normal-day demand (days); a region's
    is its own.

    Parameters
    ----------
    results : Results
        With the table `daily`.
    variants : sequence of str, optional
        Default: the reference (today's practice, else the first) and the variant that leaves
        least unmet; where that is the reference, the reference with drawn parameters.
    product : str, default "red_cells"
        Name of the product.
    region : str, optional
        Identifier of a region; default: the nation.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data has one row per variant and day: variant, day, low_5, low_25, median,
        high_75, high_95, sample_path.
    """
    chosen("product", product, results.products)
    if region is not None:
        chosen("region", region, results.regions)
    names = variants or _shown(results, product)
    names = [chosen("variant", name, results.variants) for name in names]
    fans = [_fan(results, name, product, region) for name in names]
    days = days_of(results.daily["day"].values)
    with house_style():
        on = canvas(ax, WIDTH_MM, HEIGHT_MM)
        date_axis(on.ax, days, lang)
        colours = [variant_colour(name, results.variants) for name in names]
        for i, fan in enumerate(fans):
            _draw(on.ax, days, fan, colours[i], _DASHES[i % len(_DASHES)], first=i == 0)
        _cover_axis(on.ax, fans, lang)
        below = 32 + _legend(on.ax, fans, colours, lang)
        frame(
            on,
            _headline(results, fans, days, product, region, lang),
            _subtitle(results, fans, region, lang),
            footer(results, lang),
            Margins(left=38.0, right=54.0, above=16.0, below=below),
        )
        _thresholds(on.ax, results.alert_levels(product), lang)
        holiday_shades(on.ax, visible(results.holiday_blocks, days), lang, width_of(on.ax))
    return Chart(on.ax, _frame_of(fans, days))


def _shown(results: Results, product: str) -> list[str]:
    """The reference and the proposal; where they are one, the reference with drawn parameters."""
    base = reference(results)
    names = [base, proposal(results, product)]
    if names[1] == base and f"{base}{SUFFIX}" in results.variants:
        names[1] = f"{base}{SUFFIX}"
    return list(dict.fromkeys(names))


def _fan(results: Results, variant: str, product: str, region: str | None) -> _Fan:
    daily = results.daily.sel(variant=variant, product=product)
    daily = daily.dropna("replication", how="all", subset=["stock"])
    if daily.sizes["replication"] == 0:
        raise no_daily(variant)
    if region is not None:
        cover = daily["cover_days"].sel(region=region)
    else:
        cover = daily["stock"].sum("region") / _national_demand(results, variant, product)
    paths = cover.transpose("replication", "day").values.astype(float)
    by_day = np.quantile(paths, list(QUANTILES.values()), axis=0)
    return _Fan(
        variant,
        daily["replication"].values,
        paths,
        dict(zip(QUANTILES, by_day, strict=True)),
    )


def _national_demand(results: Results, variant: str, product: str) -> object:
    """National normal-day demand (U/day): day by day where it was kept, else its mean."""
    if "normal_demand" in results.tables:
        return _summed(results.tables["normal_demand"]["units"], variant, product)
    return _summed(results.normal_demand, variant, product)


def _summed(demand: xr.DataArray, variant: str, product: str) -> xr.DataArray:
    return demand.sel(variant=variant, product=product).sum("region")


def _draw(ax: Axes, days: list[date], fan: _Fan, colour: str, dash: Any, first: bool) -> None:
    # A day's closing value belongs to the end of the day.
    x = date2num(days) + 1
    q = fan.quantiles
    if first:
        ax.fill_between(x, q["low_5"], q["high_95"], color=colour, alpha=0.16, linewidth=0)
        ax.fill_between(x, q["low_25"], q["high_75"], color=colour, alpha=0.26, linewidth=0)
        ax.plot(x, fan.paths[0], color=colour, linewidth=0.6, alpha=0.9)
    else:  # bands over bands make a colour of their own: the others show their edges
        for edge in ("low_5", "high_95"):
            ax.plot(x, q[edge], color=colour, linewidth=0.7, linestyle=dash)
    ax.plot(x, q["median"], color=colour, linewidth=1.8, linestyle=dash)


def _cover_axis(ax: Axes, fans: list[_Fan], lang: Lang) -> None:
    """Cover from 0, so that a fall looks as deep as it is."""
    top = max(float(fan.quantiles["high_95"].max()) for fan in fans)
    ax.set_ylim(0, max(1.05 * max(top, float(fans[0].paths[0].max())), 1.0))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10]))
    ax.set_ylabel(pick(lang, "库存天数", "Days of cover"))


def _thresholds(ax: Axes, levels: dict[str, float], lang: Lang) -> None:
    """Lines at the alert levels, named on the right; names that would overlap move up."""
    scale = height_of(ax) / ax.get_ylim()[1]
    free_from = -_LABEL_ROOM
    for level, days in sorted(levels.items(), key=lambda item: item[1]):
        colour = LEVEL_TEXT_COLOURS[level]
        height = max(days * scale, free_from)
        free_from = height + _LABEL_ROOM
        ax.axhline(days, color=colour, linewidth=0.7, linestyle=(0, (4, 2)), zorder=1)
        ax.annotate(
            pick(
                lang,
                f"{level_label(level, lang)}色 < {plain(days)} 天",
                f"{level_label(level, lang)} < {plain(days)} d",
            ),
            xy=(1, days),
            xycoords=("axes fraction", "data"),
            xytext=(4, height - days * scale),
            textcoords="offset points",
            va="center",
            fontsize=7,
            color=colour,
            annotation_clip=False,
        )


def _legend(ax: Axes, fans: list[_Fan], colours: list[str], lang: Lang) -> float:
    handles: list[Artist | tuple[Artist, ...]] = []
    texts = []
    for i, (fan, colour) in enumerate(zip(fans, colours, strict=True)):
        dash = _DASHES[i % len(_DASHES)]
        handles.append(Line2D([], [], color=colour, linewidth=1.8, linestyle=dash))
        texts.append(variant_label(fan.variant, lang))
    first = colours[0]
    handles += [
        Patch(color=first, alpha=0.42, linewidth=0),
        Patch(color=first, alpha=0.16, linewidth=0),
        Line2D([], [], color=first, linewidth=0.6),
    ]
    texts += [
        pick(lang, "半数模拟", "50 % of paths"),
        pick(lang, "九成模拟", "90 % of paths"),
        pick(lang, "一次模拟", "one simulated path"),
    ]
    return legend_rows(ax, handles, texts, 29)


def _headline(
    results: Results,
    fans: list[_Fan],
    days: list[date],
    product: str,
    region: str | None,
    lang: Lang,
) -> str:
    """The lowest median, its day and the risk of yellow, of that variant and the last one."""
    what = product_name(results, product, lang)
    where = _whole(results, lang) if region is None else region_label(results, region, lang)
    lowest = min(fans, key=lambda fan: fan.lowest)
    other = fans[-1] if lowest is not fans[-1] else fans[0]
    shown = [lowest] if len(fans) == 1 else [lowest, other]
    many = len(fans) > 1
    lows = [(floored(fan.lowest), day_label(days[fan.lowest_day], lang)) for fan in shown]
    if lang == "zh":
        text = "，".join(
            f"{f'“{variant_label(fan.variant, lang)}”' if many else ''}{at}降至 {low} 天"
            for fan, (low, at) in zip(shown, lows, strict=True)
        )
        text = f"{where}{what}库存（中位数）{text}"
    else:
        text = ", ".join(
            f"{low}{NBSP}days on {at}{f' with {variant_label(fan.variant, lang)}' if many else ''}"
            for fan, (low, at) in zip(shown, lows, strict=True)
        )
        text = f"{where} {what.lower()}: median cover bottoms out at {text}"
    return text + _risk(shown, results.alert_levels(product).get("yellow"), lang)


def _whole(results: Results, lang: Lang) -> str:
    """The name of all regions together."""
    if is_national(results.regions):
        return pick(lang, "全国", "National")
    return pick(lang, "全部地区", "All regions")


def _risk(fans: list[_Fan], below_days: float | None, lang: Lang) -> str:
    """In how many replications cover is below yellow on some day."""
    if below_days is None:
        return ""
    n = len(fans[0].paths)
    counts = [fan.below(below_days) for fan in fans]
    zh = "、".join(map(str, counts))
    each = "分别" if len(counts) > 1 else ""
    en = " and ".join(map(str, counts))
    return pick(
        lang,
        f"；{n} 次模拟中{each}有 {zh} 次跌破 {plain(below_days)} 天",
        f"; below {plain(below_days)}{NBSP}days in {en} of {n} path{'' if n == 1 else 's'}",
    )


def _subtitle(results: Results, fans: list[_Fan], region: str | None, lang: Lang) -> str:
    n = max(len(fan.paths) for fan in fans)
    edges_zh = "（其余方案画出其 90% 的上下界）" if len(fans) > 1 else ""
    edges_en = " (thin lines: edges of the others' 90 %)" if len(fans) > 1 else ""
    if region is not None:
        where = pick(lang, "本地区", "")
    elif is_national(results.regions):
        where = pick(lang, "全国", "national ")
    else:
        where = pick(lang, "全部地区", "total ")
    return pick(
        lang,
        f"库存天数＝{where}日末可用库存÷{where}平日日均需求；{n} 次重复模拟；"
        f"粗线为中位数，色带含 50% 与 90% 的模拟{edges_zh}；紫色为节假日",
        f"Days of cover = {where}closing stock ÷ {where}normal-day demand; {_replications(n)}. "
        f"Thick line: median; bands: 50 % and 90 % of paths{edges_en}; shaded: public holidays",
    )


def _replications(n: int) -> str:
    return f"{n} replication{'' if n == 1 else 's'}"


def _frame_of(fans: list[_Fan], days: list[date]) -> pd.DataFrame:
    import pandas as pd

    frames = [
        pd.DataFrame(
            {
                "variant": fan.variant,
                "day": np.array(days, dtype="datetime64[D]"),
                **fan.quantiles,
                "sample_path": fan.paths[0],
            }
        )
        for fan in fans
    ]
    return pd.concat(frames, ignore_index=True)
