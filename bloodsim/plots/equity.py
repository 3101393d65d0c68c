"""Who bears the shortage: what each region's patients did not get, ranked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bloodsim import metrics
from bloodsim.labels import NBSP, Lang, pick
from bloodsim.numbers import percent
from bloodsim.plots.chart import Chart, Margins, canvas, chosen, footer, frame, legend_rows
from bloodsim.plots.choice import main_product, proposal, reference
from bloodsim.plots.style import INK, MUTED, house_style, variant_colour, variant_label
from bloodsim.plots.text import product_name, region_label, text_width

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results

WIDTH_MM, ROW_MM = 170.0, 3.9
_MARKS = ("o", "D")


class _Share(NamedTuple):
    """Unmet share of one variant: by region (mean, half-width), nation and Gini."""

    variant: str
    mean: np.ndarray
    half_width: np.ndarray
    nation: float
    gini: float


def plot_equity(
    results: Results,
    variants: tuple[str, ...] | None = None,
    product: str | None = None,
    *,
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Chart:
    """Share of units requested that each region did not get, ranked, under two variants.

    Parameters
    ----------
    results : Results
        Any.
    variants : tuple of str, optional
        One or two; default: the reference and the variant that leaves least unmet.
    product : str, optional
        Default: red cells.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: variant, region, name, unmet_share, half_width.
    """
    product = chosen("product", product or main_product(results), results.products)
    names = variants or tuple(dict.fromkeys((reference(results), proposal(results, product))))
    shares = [_share(results, chosen("variant", n, results.variants), product) for n in names[:2]]
    order = np.argsort(-np.nan_to_num(shares[0].mean), kind="stable")
    with house_style():
        on = canvas(ax, WIDTH_MM, 48 + ROW_MM * max(len(order), 8))
        labels = [region_label(results, results.regions[i], lang) for i in order]
        _draw(on.ax, results, shares, order, labels, lang)
        below = 30 + _legend(on.ax, results, shares, lang)
        frame(
            on,
            _headline(results, shares, order, product, lang),
            _subtitle(results, shares, lang),
            footer(results, lang),
            Margins(
                left=max(text_width(label, 7.0) for label in labels) + 16,
                right=74.0,
                above=14.0,
                below=below + 6,
            ),
        )
    return Chart(on.ax, _frame_of(results, shares, order, lang))


def _share(results: Results, variant: str, product: str) -> _Share:
    share = metrics.shortage_rate(results, by="region").sel(variant=variant, product=product)
    found = [metrics.interval(share.sel(region=region).values) for region in results.regions]
    nation = metrics.shortage_rate(results).sel(variant=variant, product=product)
    gini = metrics.equity_gini(results).sel(variant=variant, product=product)
    return _Share(
        variant,
        np.array([each.mean for each in found]),
        np.array([each.half_width for each in found]),
        float(nation.mean()),
        float(gini.mean()),
    )


def _draw(
    ax: Axes,
    results: Results,
    shares: list[_Share],
    order: np.ndarray,
    labels: list[str],
    lang: Lang,
) -> None:
    rows = np.arange(len(order))
    if len(shares) == 2:
        ax.hlines(rows, shares[0].mean[order], shares[1].mean[order], color="#cccccc", linewidth=1)
    for share, mark in reversed(list(zip(shares, _MARKS, strict=False))):
        colour = variant_colour(share.variant, results.variants)
        mean, half = share.mean[order], np.nan_to_num(share.half_width[order])
        low = np.maximum(mean - half, 0)
        ax.hlines(rows, low, mean + half, color=colour, linewidth=2.2, alpha=0.45)
        ax.plot(mean, rows, mark, color=colour, markersize=4, zorder=4)
        ax.axvline(share.nation, color=colour, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    for y, i in enumerate(order):
        said = " → ".join(percent(float(share.mean[i]), smallest=0.01) for share in shares)
        ax.annotate(
            said,
            (1, y),
            (6, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=6.3,
            color=INK if max(share.mean[i] for share in shares) >= 0.001 else MUTED,
        )
    ax.set_yticks(rows, labels=labels, fontsize=7)
    ax.set_ylim(len(order) - 0.4, -0.6)
    top = max(float(np.nanmax(s.mean + np.nan_to_num(s.half_width))) for s in shares)
    ax.set_xlim(0, max(1.04 * top, 0.001))
    ax.xaxis.set_major_formatter(lambda x, _: f"{100 * x:g}{NBSP}%")
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color="#eeeeee", linewidth=0.5)
    ax.set_axisbelow(True)
    ax.set_xlabel(
        pick(lang, "未满足的申请量占比", "share of units requested that patients did not get"),
        fontsize=7.5,
    )


def _legend(ax: Axes, results: Results, shares: list[_Share], lang: Lang) -> float:
    handles, texts = [], []
    for share, mark in zip(shares, _MARKS, strict=False):
        colour = variant_colour(share.variant, results.variants)
        handles.append(Line2D([], [], color=colour, marker=mark, markersize=4, alpha=0.9))
        name, gini = variant_label(share.variant, lang), f"{share.gini:.2f}"
        texts.append(pick(lang, f"{name}（基尼系数 {gini}）", f"{name} (Gini {gini})"))
    handles.append(Line2D([], [], color=MUTED, linewidth=0.8, linestyle=(0, (4, 2))))
    texts.append(pick(lang, "全部地区合计", "all regions together"))
    return legend_rows(ax, handles, texts, 32)


def _headline(
    results: Results, shares: list[_Share], order: np.ndarray, product: str, lang: Lang
) -> str:
    what = product_name(results, product, lang)
    worst = [int(np.nanargmax(np.nan_to_num(share.mean))) for share in shares]
    names = [region_label(results, results.regions[i], lang) for i in worst]
    values = [percent(float(share.mean[i])) for share, i in zip(shares, worst, strict=True)]
    if not shares[0].nation > 0:
        return pick(
            lang,
            f"{what}：没有地区出现未满足的申请",
            f"{what}: every request is met in every region",
        )
    tail_zh = tail_en = ""
    if len(shares) == 2:
        other = variant_label(shares[1].variant, lang)
        tail_zh = f"；“{other}”下最差为{names[1]}，{values[1]}"
        tail_en = f"; with {other} the worst is {names[1]}, {values[1]}"
    return pick(
        lang,
        f"{what}：{names[0]}缺口最大，{values[0]} 的申请未满足{tail_zh}",
        f"{what}: {names[0]} bears most, {values[0]} of its requests are not met{tail_en}",
    )


def _subtitle(results: Results, shares: list[_Share], lang: Lang) -> str:
    n = len(results.replications)
    names = [variant_label(share.variant, lang) for share in shares]
    return pick(
        lang,
        f"未满足＝急诊、紧急未供应与择期取消；{n} 次重复模拟的均值与 95% 置信区间；"
        f"按“{names[0]}”排序；基尼系数 0 表示各地相同",
        f"Not met = lost or cancelled; mean and 95{NBSP}% interval of {n} replications; sorted by "
        f"{names[0]}; a Gini coefficient of 0 means all regions alike",
    )


def _frame_of(
    results: Results, shares: list[_Share], order: np.ndarray, lang: Lang
) -> pd.DataFrame:
    import pandas as pd

    regions = [results.regions[i] for i in order]
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "variant": share.variant,
                    "region": regions,
                    "name": [region_label(results, region, lang) for region in regions],
                    "unmet_share": share.mean[order],
                    "half_width": share.half_width[order],
                }
            )
            for share in shares
        ],
        ignore_index=True,
    )
