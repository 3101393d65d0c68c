"""Can one trust it: precision, books and inputs of a run, for the appendix."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from bloodsim import metrics
from bloodsim.labels import NBSP, Lang, indicator_label, pick
from bloodsim.numbers import number, percent, unit_noun
from bloodsim.plots.chart import Chart, Margins, canvas, footer, frame
from bloodsim.plots.choice import main_product, reference
from bloodsim.plots.style import INK, MUTED, house_style, variant_colour, variant_label
from bloodsim.plots.text import product_name, product_unit, say
from bloodsim.results.undrawn import UndrawnError

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results

WIDTH_MM, HEIGHT_MM = 180.0, 112.0
_INPUTS = (
    ("read", ("读自来源", "read from sources"), "#1b6b93"),
    ("derived", ("由来源推算", "derived from them"), "#7fb3cf"),
    ("fitted", ("拟合", "fitted"), "#c9dfea"),
    ("assumed", ("假设", "assumed"), "#e07b1f"),
)


class _Precision(NamedTuple):
    """Running mean and half-width of an indicator, after 2, 3, … replications."""

    variant: str
    mean: np.ndarray
    half_width: np.ndarray


def plot_model_check(results: Results, *, ax: Axes | None = None, lang: Lang = "en") -> Chart:
    """Running mean of the shortage rate, balance of the books, and kinds of inputs.

    Parameters
    ----------
    results : Results
        With two replications or more.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: check, item, value (and for ``precision`` half_width and n).
    """
    if len(results.replications) < 2:
        raise UndrawnError(
            "一次模拟无法说明精度，请至少运行两次",
            "one replication says nothing of precision; run two or more",
        )
    product = main_product(results)
    runs = [_precision(results, variant, product) for variant in results.variants]
    books = {name: _imbalance(results, name) for name in results.products}
    with house_style():
        on = canvas(ax, WIDTH_MM, HEIGHT_MM)
        on.ax.axis("off")
        _draw_precision(on.ax.inset_axes((0.07, 0.14, 0.42, 0.72)), results, runs, product, lang)
        _draw_books(on.ax.inset_axes((0.69, 0.56, 0.31, 0.36)), results, books, lang)
        _draw_inputs(on.ax.inset_axes((0.69, 0.06, 0.31, 0.34)), results, lang)
        frame(
            on,
            _headline(results, runs, books, lang),
            _subtitle(results, lang),
            footer(results, lang),
            Margins(left=12.0, right=12.0, above=8.0, below=8.0),
        )
    return Chart(on.ax, _frame_of(results, runs, books))


def _precision(results: Results, variant: str, product: str) -> _Precision:
    values = metrics.shortage_rate(results).sel(variant=variant, product=product).values
    found = [metrics.interval(values[:n]) for n in range(2, len(values) + 1)]
    return _Precision(
        variant,
        np.array([each.mean for each in found]),
        np.array([each.half_width for each in found]),
    )


def _imbalance(results: Results, product: str) -> float:
    """Largest difference (units) of any region between what came in and what went out or stayed."""
    totals = results.totals.sel(product=product)
    inflow = totals["opening"] + totals["released"] + totals["received"] + totals["returned"]
    outflow = totals["issued"] + totals["shipped"] + totals["outdated"] + totals["stock"]
    return float(abs(inflow - outflow).max())


def _draw_precision(
    ax: Axes, results: Results, runs: list[_Precision], product: str, lang: Lang
) -> None:
    counts = np.arange(2, len(results.replications) + 1)
    for run in runs:
        colour = variant_colour(run.variant, results.variants)
        low = np.maximum(run.mean - run.half_width, 0)
        ax.fill_between(counts, low, run.mean + run.half_width, color=colour, alpha=0.15, lw=0)
        ax.plot(counts, run.mean, color=colour, linewidth=1.5, marker="o", markersize=2.2)
    top = max(float(np.nanmax((run.mean + run.half_width)[len(counts) // 3 :])) for run in runs)
    ax.set_ylim(0, max(1.15 * top, 1e-6))
    ax.set_xlim(1.8, counts[-1] + 0.2)
    step = max(1, len(counts) // 8)
    ax.set_xticks(counts[::step])
    free = -np.inf
    height = 0.055 * ax.get_ylim()[1]
    for run in sorted(runs, key=lambda run: run.mean[-1]):
        y = max(float(run.mean[-1]), free + height)
        free = y
        colour = variant_colour(run.variant, results.variants)
        ax.annotate(
            variant_label(run.variant, lang),
            (1, y),
            (4, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=6.5,
            color=colour,
            annotation_clip=False,
        )
    ax.yaxis.set_major_formatter(lambda value, _: percent(value))
    ax.tick_params(labelsize=7)
    ax.set_xlabel(pick(lang, "重复模拟次数", "replications"), fontsize=7.5)
    label = indicator_label("shortage_rate", lang)
    what = product_name(results, product, lang)
    ax.set_title(
        pick(
            lang,
            f"{what}{label}：累计均值与 95% 置信区间",
            f"{what}: {label}, running mean, 95{NBSP}% interval",
        ),
        fontsize=7.5,
    )


def _draw_books(ax: Axes, results: Results, books: dict[str, float], lang: Lang) -> None:
    ax.axis("off")
    ax.set_xlim(0, 1)
    ax.set_ylim(len(books) + 0.5, -1)
    title = pick(lang, "收支平衡：期初＋收入－支出－期末", "Books: opening + in − out − closing")
    say(ax, 0, -0.8, title, 7.5)
    for y, (product, error) in enumerate(books.items()):
        say(ax, 0, y + 0.1, product_name(results, product, lang), 7.0)
        unit = product_unit(results, product, lang)
        text = f"{number(error, lang)} {unit_noun(unit, error, lang)} {'✓' if error == 0 else '✗'}"
        say(ax, 1, y + 0.1, text, 7.0, ha="right")
    note = pick(
        lang, "任一方案、地区、模拟中的最大差额", "largest gap of any variant, region, replication"
    )
    say(ax, 0, len(books) + 0.1, note, 6.2, color=MUTED)


def _draw_inputs(ax: Axes, results: Results, lang: Lang) -> None:
    counts = _inputs(results)
    total = max(sum(counts.values()), 1)
    left = 0.0
    for key, _, colour in _INPUTS:
        ax.barh(0, counts[key], 0.5, left=left, color=colour, linewidth=0)
        left += counts[key]
    ax.set_xlim(0, total)
    ax.set_ylim(3.9, -1.1)
    ax.axis("off")
    title = pick(lang, f"{number(total, lang)} 项输入的来源", f"Where {total:,} inputs come from")
    say(ax, 0, -0.8, title, 7.5)
    for i, (key, words, colour) in enumerate(_INPUTS):
        y = 0.75 + 0.75 * i
        ax.plot(0.02 * total, y, "s", color=colour, markersize=5)
        say(ax, 0.06 * total, y, pick(lang, *words), 6.8)
        text = f"{number(counts[key], lang)}  ({percent(counts[key] / total)})"
        say(ax, total, y, text, 6.8, ha="right", color=INK)


def _inputs(results: Results) -> dict[str, int]:
    counts = {key: int(results.manifest.get("inputs", {}).get(key, 0)) for key, _, _ in _INPUTS}
    return counts | {"assumed": int(results.manifest.get("assumed_inputs", 0))}


def _headline(results: Results, runs: list[_Precision], books: dict[str, float], lang: Lang) -> str:
    run = next(run for run in runs if run.variant == reference(results))
    mean, half = percent(float(run.mean[-1])), percent(float(run.half_width[-1]))
    counts = _inputs(results)
    share = percent(counts["assumed"] / max(sum(counts.values()), 1))
    exact = not any(books.values())
    return pick(
        lang,
        f"{'收支完全平衡' if exact else '收支不平衡'}；未满足率 {mean} 的误差为 ±{half}；"
        f"{share} 的输入为假设值",
        f"{'Books balance exactly' if exact else 'Books do not balance'}; the share of "
        f"requests not met, {mean}, is known to ± {half}; {share} of inputs are assumed",
    )


def _subtitle(results: Results, lang: Lang) -> str:
    n, name = len(results.replications), variant_label(reference(results), lang)
    return pick(
        lang,
        f"误差只含模拟的随机性（“{name}”，{n} 次重复模拟），不含假设的不确定性；未与实测数据比较",
        f"± is chance in the simulation only ({name}, {n}{NBSP}replications), not doubt about the "
        "inputs; no comparison with observed data here",
    )


def _frame_of(results: Results, runs: list[_Precision], books: dict[str, float]) -> pd.DataFrame:
    import pandas as pd

    precision = [
        ("precision", run.variant, float(mean), float(half), n)
        for run in runs
        for n, (mean, half) in enumerate(zip(run.mean, run.half_width, strict=True), start=2)
    ]
    balance = [("imbalance_units", name, error, np.nan, 0) for name, error in books.items()]
    inputs = [("inputs", key, float(count), np.nan, 0) for key, count in _inputs(results).items()]
    columns = ["check", "item", "value", "half_width", "n"]
    return pd.DataFrame([*precision, *balance, *inputs], columns=columns)
