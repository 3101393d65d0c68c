"""How much hangs on what nobody knows: every headline at several unmet shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bloodsim.plots.chart import Chart, Margins, canvas, footer, frame
from bloodsim.plots.style import INK, MUTED, Lang, house_style, pick, variant_colour, variant_label

if TYPE_CHECKING:
    from bloodsim.results import Results

WIDTH_MM, HEIGHT_MM = 170.0, 125.0
_COLUMNS, _ROWS = 3, 2
_MARKS = ("o", "s", "^", "D", "v", "P")


class _Panel(NamedTuple):
    """One indicator: how it is called, and what it is multiplied by to be read."""

    kpi: str
    zh: str
    en: str
    scale: float


_PANELS = (
    _Panel("shortage_rate.{}", "未满足需求（%）", "Requests not met (%)", 100),
    _Panel("elective_cancelled_rate.{}", "择期取消（%）", "Elective cancelled (%)", 100),
    _Panel("min_cover_days.{}", "最低平均库存（天）", "Lowest mean cover (days)", 1),
    _Panel("days_below_orange.{}", "低于橙色（地区·天/年）", "Below orange (region-days/year)", 1),
    _Panel("transfer_units.{}", "地区间调剂（万U）", "Transfers (10,000 U)", 1e-4),
    _Panel("donations", "献血（百万人次；轴截断）", "Donations (million; axis cut)", 1e-6),
)


def plot_unmet_levels(
    results: Results,
    product: str = "red_cells",
    *,
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Chart:
    """Six headlines against the assumed unmet share, one line per rule, with 95 % intervals.

    Recorded use leaves out what was never issued, so the true need is not known (censored demand).

    Parameters
    ----------
    results : Results
        Of `bloodsim run --unmet`, or of `scenario.unmet.with_unmet_levels`: the same variants at
        several levels.
    product : str, default "red_cells"
        Name of the product.
    ax : matplotlib.axes.Axes, optional
        Axes whose place is taken; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data has a row per variant, level and indicator: variant, unmet_share, kpi,
        mean, half_width (as drawn).
    """
    rows = _rows(results, product)
    with house_style():
        on = canvas(ax, WIDTH_MM, HEIGHT_MM)
        on.ax.set_axis_off()
        names = tuple(dict.fromkeys(rows["variant"]))
        for number, panel in enumerate(_PANELS):
            _draw(
                _place(on.ax, number), rows[rows["kpi"] == panel.kpi.format(product)], panel, lang
            )
        _legend(on.ax, names, lang)
        frame(
            on,
            _headline(results, rows, product, lang),
            _subtitle(results, lang),
            footer(results, lang),
            Margins(left=26.0, right=10.0, above=16.0, below=34.0),
        )
    return Chart(on.ax, rows)


def _rows(results: Results, product: str) -> pd.DataFrame:
    """Return what is drawn, in the units of the panels."""
    shares = _levels(results, product)
    summary = results.kpi_summary()
    rows = []
    for variant, (rule, level) in shares.items():
        for panel in _PANELS:
            kpi = panel.kpi.format(product)
            found = summary[variant].get(kpi)
            if found is None or found["mean"] is None:
                continue
            half = found["half_width"] or 0.0
            rows.append((rule, level, kpi, panel.scale * found["mean"], panel.scale * half))
    return pd.DataFrame(rows, columns=["variant", "unmet_share", "kpi", "mean", "half_width"])


def _levels(results: Results, product: str) -> dict[str, tuple[str, float]]:
    """Return the rule and the unmet share of every variant."""
    facts: Mapping[str, Any] = results.manifest.get("variants", {})
    found = {}
    for variant in results.variants:
        rule, mark, _ = variant.rpartition("_unmet_")
        share = facts.get(variant, {}).get("unmet_share", {}).get(product)
        if mark and share is not None:
            found[variant] = (rule, float(share))
    if len({level for _, level in found.values()}) < 2:
        raise ValueError("these results hold no variants at several unmet shares: run --unmet")
    return found


def _place(ax: Axes, number: int) -> Axes:
    """Return the axes of a panel, inside the given ones."""
    row, column = divmod(number, _COLUMNS)
    width, height = 0.262, 0.36
    x = column * (1 - width) / (_COLUMNS - 1)
    return ax.inset_axes((x, (1 - row) * (1 - height) * 0.94, width, height))


def _draw(ax: Axes, rows: pd.DataFrame, panel: _Panel, lang: Lang) -> None:
    names = tuple(dict.fromkeys(rows["variant"]))
    for number, name in enumerate(names):
        of = rows[rows["variant"] == name].sort_values("unmet_share")
        # Rules stand side by side at a level, so that their intervals can be told apart.
        shift = 0.09 * (number - (len(names) - 1) / 2)
        ax.errorbar(
            100 * of["unmet_share"] + shift,
            of["mean"],
            yerr=(np.minimum(of["half_width"], of["mean"]), of["half_width"]),  # no share below 0
            color=variant_colour(name, names),
            marker=_MARKS[number % len(_MARKS)],
            markersize=3.2,
            linewidth=1.1,
            elinewidth=0.7,
            capsize=1.8,
        )
    if panel.kpi != "donations":
        ax.set_ylim(bottom=0)
    ax.set_title(pick(lang, panel.zh, panel.en), fontsize=8, color=INK, loc="left")
    ax.set_xticks(sorted(100 * rows["unmet_share"].unique()))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5))
    ax.tick_params(labelsize=7)
    ax.grid(axis="y", color=MUTED, alpha=0.18, linewidth=0.5)


def _legend(ax: Axes, names: tuple[str, ...], lang: Lang) -> None:
    for number, name in enumerate(names):
        ax.plot(
            [],
            [],
            color=variant_colour(name, names),
            marker=_MARKS[number % len(_MARKS)],
            markersize=3.2,
            linewidth=1.1,
            label=variant_label(name, lang),
        )
    ax.legend(
        loc="upper left", bbox_to_anchor=(0, -0.075), ncols=len(names), fontsize=7.5,
        borderaxespad=0, handlelength=2.2,
    )  # fmt: skip


def _headline(results: Results, rows: pd.DataFrame, product: str, lang: Lang) -> str:
    first = rows["variant"].iloc[0]
    of = rows[(rows["variant"] == first) & (rows["kpi"] == f"shortage_rate.{product}")]
    of = of.sort_values("unmet_share")
    low, high = of.iloc[0], of.iloc[-1]
    name = variant_label(first, lang)
    return pick(
        lang,
        f"若实际需求有 {100 * high['unmet_share']:g}% 未被记录，{name}下未满足需求为"
        f" {high['mean']:.2g}%；若无遗漏，为 {low['mean']:.2g}%",
        f"If records miss {100 * high['unmet_share']:g} % of true need, {name} leaves "
        f"{high['mean']:.2g} % of it unmet; if they miss "
        f"{'none' if low['unmet_share'] == 0 else format(100 * low['unmet_share'], 'g') + ' %'}, "
        f"{low['mean']:.2g} %",
    )


def _subtitle(results: Results, lang: Lang) -> str:
    count = len(results.replications)
    return pick(
        lang,
        "横轴：记录中看不到的需求比例（未供出的血不计入用血量，全国比例未知）。"
        f"各水平下愿意献血者相同，库存低时多招募；{count} 次重复模拟的均值与 95% 区间。",
        "Across: the share of true need that records do not show, since what was never issued is "
        "not counted; it is not known. Willing donors are the same at every level; regulation "
        f"calls more of them. Means of {count} replications with 95 % intervals.",
    )
