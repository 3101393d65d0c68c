"""From whom to whom: transferred units by origin and destination."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle

from bloodsim.labels import NBSP, Lang, pick
from bloodsim.numbers import number, percent, quantity, rounded, unit_noun
from bloodsim.plots.chart import Chart, Margins, canvas, footer, frame
from bloodsim.plots.choice import of_plan
from bloodsim.plots.style import INK, MUTED, house_style, variant_label
from bloodsim.plots.text import product_name, product_unit, region_label, say, text_width

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results

WIDTH_MM, ROW_MM = 180.0, 6.2
LARGEST = 12
_REST = ""


class _Matrix(NamedTuple):
    """Mean units by origin (rows) and destination (columns), the largest first, then the rest."""

    origins: list[str]
    destinations: list[str]
    units: np.ndarray


def plot_transfer_matrix(
    results: Results,
    variant: str | None = None,
    product: str | None = None,
    *,
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Chart:
    """Transferred units by origin and destination: twelve regions each, the rest together.

    Parameters
    ----------
    results : Results
        With the table `transfers`.
    variant : str, optional
        Default: the variant that leaves least unmet.
    product : str, optional
        Default: red cells.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: origin, destination (empty for the others together), units (mean
        over replications).
    """
    variant, product = of_plan(results, variant, product)
    matrix = _matrix(results, variant, product)
    with house_style():
        on = canvas(ax, WIDTH_MM, 52 + ROW_MM * max(len(matrix.origins), 5))
        rows = [_name(results, region, lang) for region in matrix.origins]
        _draw(on.ax, results, matrix, rows, lang)
        tallest = max(
            (text_width(_name(results, d, lang), 6.5) for d in matrix.destinations), default=0.0
        )
        frame(
            on,
            _headline(results, matrix, variant, product, lang),
            _subtitle(results, variant, product, lang),
            footer(results, lang),
            Margins(
                left=max([text_width(name, 7.0) for name in rows], default=30.0) + 14,
                right=14.0,
                above=tallest * 0.71 + 20,
                below=8.0,
            ),
        )
    return Chart(on.ax, _frame_of(matrix))


def _name(results: Results, region: str, lang: Lang) -> str:
    return region_label(results, region, lang) if region else pick(lang, "其他地区", "all others")


def _matrix(results: Results, variant: str, product: str) -> _Matrix:
    table = results.transfers["units"].sel(variant=variant, product=product)
    units = table.mean("replication").transpose("origin", "destination").values
    rows, columns = _largest(units.sum(axis=1)), _largest(units.sum(axis=0))
    parts = np.array(
        [[units[np.ix_(i, j)].sum() for j in columns] for i in rows], dtype=float
    ).reshape(len(rows), len(columns))

    def names(kept: list[list[int]]) -> list[str]:
        return [results.regions[i[0]] if k < LARGEST else _REST for k, i in enumerate(kept)]

    return _Matrix(names(rows), names(columns), parts)


def _largest(sums: np.ndarray) -> list[list[int]]:
    """Places of the largest, one by one, and of the others that are not 0, together."""
    order = [int(i) for i in np.argsort(-sums, kind="stable") if sums[i] > 0]
    rest = order[LARGEST:]
    return [[i] for i in order[:LARGEST]] + ([rest] if rest else [])


def _draw(ax: Axes, results: Results, matrix: _Matrix, rows: list[str], lang: Lang) -> None:
    single = matrix.units[:LARGEST, :LARGEST]
    largest = float(single.max()) if single.size else 1.0
    shades = colormaps["Blues"]
    cells, colours = [], []
    right = len(matrix.destinations)
    for i, row in enumerate(matrix.units):
        for j, value in enumerate(row):
            strength = min(1.0, np.sqrt(value / largest)) if largest else 0.0
            cells.append(Rectangle((j - 0.47, i - 0.47), 0.94, 0.94))
            colours.append(shades(0.05 + 0.8 * strength) if value > 0 else "#f7f7f7")
            if value >= 0.5:
                colour = "white" if strength > 0.62 else INK
                say(ax, j, i, number(round(value), lang), 5.8, ha="center", color=colour)
        say(ax, right + 0.45, i, number(round(row.sum()), lang), 6.2, ha="right")
    ax.add_collection(PatchCollection(cells, facecolors=colours, linewidths=0))
    for j, total in enumerate(matrix.units.sum(axis=0) if matrix.units.size else ()):
        say(ax, j, len(rows), number(round(total), lang), 6.2, ha="center")
    total = pick(lang, "合计", "total")
    say(ax, -0.6, len(rows), total, 6.5, ha="right", color=MUTED)
    ax.set_xlim(-0.5, right + 0.55)
    ax.set_ylim(len(rows) + 0.5, -0.5)
    ax.set_yticks(range(len(rows)), labels=rows, fontsize=7)
    names = [_name(results, region, lang) for region in matrix.destinations]
    ax.set_xticks([*range(right), right + 0.2], labels=[*names, total], fontsize=6.5)
    ax.xaxis.tick_top()
    for label in ax.get_xticklabels():
        label.set(rotation=45, ha="left", va="bottom", rotation_mode="anchor")
    ax.tick_params(length=0, pad=3)
    ax.spines[:].set_visible(False)


def _headline(results: Results, matrix: _Matrix, variant: str, product: str, lang: Lang) -> str:
    what, unit = product_name(results, product, lang), product_unit(results, product, lang)
    total = float(matrix.units.sum())
    if total == 0:
        return pick(
            lang,
            f"{what}：方案“{variant_label(variant, lang)}”没有地区间调剂",
            f"{what}: nothing moves between regions with {variant_label(variant, lang)}",
        )
    sent = matrix.units.sum(axis=1)
    three = percent(float(sent[:3].sum()) / total)
    names = [_name(results, region, lang) for region in matrix.origins[:3]]
    moved = quantity(rounded(total), unit_noun(unit, total, lang), lang)
    return pick(
        lang,
        f"{what}：调剂的 {moved} 中，{three} 由{'、'.join(names)}调出",
        f"{what}: {', '.join(names)} send {three} of the {moved} that move",
    )


def _subtitle(results: Results, variant: str, product: str, lang: Lang) -> str:
    name, n = variant_label(variant, lang), len(results.replications)
    unit = product_unit(results, product, lang)
    return pick(
        lang,
        f"方案“{name}”；行＝调出地区，列＝调入地区；{n} 次重复模拟的均值（{unit}）",
        f"Variant: {name}. Rows send, columns receive; mean of {n}{NBSP}replications ({unit})",
    )


def _frame_of(matrix: _Matrix) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "origin": np.repeat(matrix.origins, len(matrix.destinations)),
            "destination": np.tile(matrix.destinations, len(matrix.origins)),
            "units": matrix.units.ravel(),
        }
    )
