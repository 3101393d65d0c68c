"""What does one unit less of shortage take: effort and shortage of all variants."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from bloodsim import metrics
from bloodsim.cost import coefficients
from bloodsim.labels import NBSP, Lang, pick
from bloodsim.metrics.intervals import Interval
from bloodsim.metrics.sums import by_variant, over
from bloodsim.numbers import percent, quantity, rounded, tick
from bloodsim.plots.chart import Chart, Margins, canvas, footer, frame, height_of, width_of
from bloodsim.plots.choice import reference
from bloodsim.plots.style import MUTED, house_style, variant_colour, variant_label
from bloodsim.plots.text import text_width
from bloodsim.results.undrawn import UndrawnError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from bloodsim.results import Results

WIDTH_MM, HEIGHT_MM = 170.0, 105.0
_NAME = 7.2
_UNMET = ("lost_emergency", "lost_urgent", "cancelled_elective", "waiting_days")


class _Point(NamedTuple):
    """Effort beyond the reference's and shortage of a variant, both in points."""

    variant: str
    effort: Interval
    shortage: Interval
    efficient: bool


def plot_cost_shortage(results: Results, *, ax: Axes | None = None, lang: Lang = "en") -> Chart:
    """Effort against shortage of every variant; those that no other beats on both are named.

    Both are parts of the one cost (points, never money). Shortage: emergency and urgent lost,
    elective cancelled, waiting. Effort: all the rest (donations, team-days, shipments,
    transport, outdates, stock run down), less that of the reference, replication by replication.

    Parameters
    ----------
    results : Results
        With two variants or more.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: variant, extra_effort, effort_half_width, shortage,
        shortage_half_width, efficient.
    """
    if len(results.variants) < 2:
        raise UndrawnError(
            "只有一个方案，比较至少需要两个", "there is one variant only; a comparison needs two"
        )
    points = _points(results)
    with house_style():
        on = canvas(ax, WIDTH_MM, HEIGHT_MM)
        _draw(on.ax, results, points, lang)
        frame(
            on,
            _headline(results, points, lang),
            _subtitle(results, lang),
            footer(results, lang),
            Margins(left=62.0, right=20.0, above=12.0, below=34.0),
        )
        _names(on.ax, points, results.variants, lang)
    return Chart(on.ax, _frame_of(points))


def _points(results: Results) -> list[_Point]:
    shortage = _shortage(results)
    effort = metrics.cost(results) - shortage
    extra = effort - effort.sel(variant=reference(results))
    means = {
        name: (float(extra.sel(variant=name).mean()), float(shortage.sel(variant=name).mean()))
        for name in results.variants
    }
    return [
        _Point(
            name,
            metrics.interval(extra.sel(variant=name).values),
            metrics.interval(shortage.sel(variant=name).values),
            efficient=not any(_beats(other, means[name]) for other in means.values()),
        )
        for name in results.variants
    ]


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one != other and one[0] <= other[0] and one[1] <= other[1]


def _shortage(results: Results) -> xr.DataArray:
    """Points for what patients did not get or waited for, by variant and replication."""
    weights = [coefficients(results.cost_weights(name)) for name in results.variants]
    points = sum(
        by_variant(results, [each[name] for each in weights]) * results.totals[name]
        for name in _UNMET
    )
    together: xr.DataArray = over(over(points, "product"), "region")
    return together.transpose("variant", "replication")


def _draw(ax: Axes, results: Results, points: list[_Point], lang: Lang) -> None:
    front = sorted((p for p in points if p.efficient), key=lambda p: p.effort.mean)
    ax.plot(
        [p.effort.mean for p in front],
        [p.shortage.mean for p in front],
        color=MUTED,
        linewidth=0.9,
        linestyle=(0, (4, 2)),
        zorder=1,
    )
    for point in points:
        colour = variant_colour(point.variant, results.variants)
        ax.errorbar(
            point.effort.mean,
            point.shortage.mean,
            xerr=_known(point.effort.half_width),
            yerr=_known(point.shortage.half_width),
            color=colour,
            linewidth=1.0,
            capsize=2,
            fmt="D" if point.efficient else "o",
            markersize=6 if point.efficient else 5,
            markerfacecolor=colour if point.efficient else "white",
            zorder=3,
        )
    ax.axvline(0, color="#bbbbbb", linewidth=0.6, zorder=0)
    _limits(ax, points)
    ax.xaxis.set_major_formatter(lambda value, _: tick(value, lang, signed=True))
    ax.yaxis.set_major_formatter(lambda value, _: tick(value, lang))
    ax.tick_params(labelsize=7.2)
    name = variant_label(reference(results), lang)
    ax.set_xlabel(
        pick(
            lang,
            f"比“{name}”多付出的代价（分）：献血、出车、调运、过期、期末库存不足",
            f"effort beyond {name} (points): donations, teams, transport, outdates, low end stock",
        ),
        fontsize=7.5,
    )
    ax.set_ylabel(
        pick(
            lang,
            "短缺代价（分）：未供应、取消、等待",
            "shortage (points): lost, cancelled, waiting",
        ),
        fontsize=7.5,
    )
    ax.grid(color="#eeeeee", linewidth=0.5)
    ax.set_axisbelow(True)


def _known(half_width: float) -> float:
    return 0.0 if math.isnan(half_width) else half_width


def _limits(ax: Axes, points: list[_Point]) -> None:
    low = min(p.effort.mean - _known(p.effort.half_width) for p in points)
    high = max(p.effort.mean + _known(p.effort.half_width) for p in points)
    room = max(high - low, 1.0)
    ax.set_xlim(low - 0.10 * room, high + 0.34 * room)
    top = max(p.shortage.mean + _known(p.shortage.half_width) for p in points)
    ax.set_ylim(0, 1.12 * max(top, 1.0))


def _names(ax: Axes, points: list[_Point], variants: tuple[str, ...], lang: Lang) -> None:
    """Names beside the points, each where it covers least of intervals and other names."""
    (low, high), top = ax.get_xlim(), ax.get_ylim()[1]
    across, up = width_of(ax) / (high - low), height_of(ax) / top
    taken = []
    for p in points:
        x, y = (p.effort.mean - low) * across, p.shortage.mean * up
        dx, dy = _known(p.effort.half_width) * across, _known(p.shortage.half_width) * up
        taken += [_Box(x - dx, y - 5, x + dx, y + 5), _Box(x - 3, y - dy, x + 3, y + dy)]
    for i, point in enumerate(points):
        name = variant_label(point.variant, lang)
        if point.efficient:
            name = pick(lang, f"{name}（非劣）", f"{name} (efficient)")
        length = text_width(name, _NAME)
        bar, pole = taken[2 * i], taken[2 * i + 1]
        middle = (bar.bottom + bar.top) / 2
        places = [
            (bar.right + 6, middle),
            (pole.right + 4, bar.top + 6),
            (pole.right + 4, bar.bottom - 6),
            (bar.left - 6 - length, middle),
            (pole.left - 4 - length, bar.top + 6),
            (pole.left - 4 - length, bar.bottom - 6),
            *((bar.right + 6, middle + step) for step in (12, -12, 24, -24, 36, -36)),
        ]
        boxes = [_Box(x, y - 5, x + length, y + 5) for x, y in places]
        frame_of = _Box(0, 0, width_of(ax) + 16, height_of(ax))
        best = min(
            boxes, key=lambda b: sum(b.meets(t) for t in taken) + 9 * (not b.inside(frame_of))
        )
        taken.append(best)
        ax.annotate(
            name,
            (0, 0),
            (best.left, best.bottom + 5),
            xycoords="axes fraction",
            textcoords="offset points",
            va="center",
            fontsize=_NAME,
            color=variant_colour(point.variant, variants),
            zorder=5,
        )


class _Box(NamedTuple):
    """A rectangle in points."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: _Box) -> bool:
        """Whether they have ground in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top

    def inside(self, other: _Box) -> bool:
        """Whether it lies within the other."""
        across = self.left >= other.left and self.right <= other.right
        return across and self.bottom >= other.bottom and self.top <= other.top


def _headline(results: Results, points: list[_Point], lang: Lang) -> str:
    base = next(p for p in points if p.variant == reference(results))
    best = min(points, key=lambda p: p.shortage.mean)
    if best.variant == base.variant or not base.shortage.mean:
        return pick(
            lang, "没有方案能减少短缺", "No variant leaves less shortage than the reference"
        )
    name, base_name = variant_label(best.variant, lang), variant_label(base.variant, lang)
    change = metrics.interval(_paired(results, best.variant, base.variant))
    share = percent(change.mean / base.shortage.mean, signed=True)
    half = percent(abs(change.half_width / base.shortage.mean))
    if not abs(change.mean) > change.half_width:
        return pick(
            lang,
            f"没有方案比“{base_name}”明确减少短缺；最低的“{name}”为 {share} ± {half}",
            f"No variant clearly leaves less shortage than {base_name}; the lowest, {name}: "
            f"{share} ± {half}",
        )
    extra, less = best.effort.mean, percent(-change.mean / base.shortage.mean)
    amount = quantity(rounded(abs(extra), 2), pick(lang, "分", "points"), lang)
    count = sum(p.efficient for p in points)
    more = pick(lang, "多付出", "more") if extra > 0 else pick(lang, "少付出", "less")
    verb = "is" if count == 1 else "are"
    return pick(
        lang,
        f"“{name}”使短缺代价减少 {less} ± {half}，{more} {amount}；"
        f"{len(points)} 个方案中 {count} 个非劣（帕累托前沿）",
        f"{name[:1].upper()}{name[1:]} cuts shortage by {less} ± {half} for {amount} {more} "
        f"effort; {count} of {len(points)} variants {verb} efficient",
    )


def _paired(results: Results, variant: str, base: str) -> np.ndarray:
    """Shortage of a variant less that of the reference, by replication."""
    shortage = _shortage(results)
    difference: np.ndarray = (shortage.sel(variant=variant) - shortage.sel(variant=base)).values
    return difference


def _subtitle(results: Results, lang: Lang) -> str:
    n = len(results.replications)
    return pick(
        lang,
        f"全部产品；{n} 次重复模拟的均值，十字为 95% 置信区间（横轴为配对差值）；"
        "分值为权重，不是金额；非劣（帕累托前沿，实心菱形）＝没有其他方案两项都更好",
        f"All products; mean of {n} replications, crosses: 95{NBSP}% intervals (effort: paired). "
        "Points are weights, never money. Efficient (filled diamond): no other is better on both",
    )


def _frame_of(points: list[_Point]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "variant": [p.variant for p in points],
            "extra_effort": [p.effort.mean for p in points],
            "effort_half_width": [p.effort.half_width for p in points],
            "shortage": [p.shortage.mean for p in points],
            "shortage_half_width": [p.shortage.half_width for p in points],
            "efficient": np.array([p.efficient for p in points]),
        }
    )
