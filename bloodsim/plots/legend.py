"""Legends below the axes, in as many rows as they need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from bloodsim.plots.canvas import POINTS, figure_of, width_of
from bloodsim.plots.text import text_width


def legend_below(ax: Axes, points: float) -> dict[str, Any]:
    """Where a legend in one row goes: left-aligned, *points* below the axes."""
    down = ScaledTranslation(0, -points / POINTS, figure_of(ax).dpi_scale_trans)
    return {
        "loc": "upper left",
        "bbox_to_anchor": (0, 0),
        "bbox_transform": ax.transAxes + down,
        "borderaxespad": 0,
        "borderpad": 0,
        "fontsize": 7,
        "handlelength": 1.8,
        "handletextpad": 0.5,
        "columnspacing": 1.1,
    }


def legend_rows(
    ax: Axes, handles: Sequence[Any], texts: Sequence[str], points: float, **settings: Any
) -> float:
    """Draw a legend below the axes, in as many rows as it needs; return its height (points).

    Entries are read row by row.
    """
    room = width_of(ax) + 20
    for columns in range(len(texts), 0, -1):
        widths = [
            max(text_width(text, 7.0) for text in texts[column::columns]) + 27.0
            for column in range(columns)
        ]
        if sum(widths) <= room or columns == 1:
            break
    # matplotlib fills column by column.
    order = [i for column in range(columns) for i in range(column, len(texts), columns)]
    ax.legend(
        [handles[i] for i in order],
        [texts[i] for i in order],
        ncols=columns,
        **legend_below(ax, points),
        **settings,
    )
    return -(-len(texts) // columns) * 11.5
