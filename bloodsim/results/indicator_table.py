"""Indicators in rows: as a data frame, as JSON, as HTML."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bloodsim.metrics import Interval

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = ("shortage_rate", "outdate_rate", "mean_cover_days", "days_below_red", "transfer_units")


class Row(NamedTuple):
    """One indicator of one variant."""

    variant: str
    kpi: str
    unit: str
    interval: Interval


def as_frame(rows: Sequence[Row], column: str) -> pd.DataFrame:
    """Columns variant, kpi, *column* (the mean), half_width, unit, n."""
    import pandas as pd

    return pd.DataFrame(
        {
            "variant": [row.variant for row in rows],
            "kpi": [row.kpi for row in rows],
            column: [row.interval.mean for row in rows],
            "half_width": [row.interval.half_width for row in rows],
            "unit": [row.unit for row in rows],
            "n": [row.interval.n for row in rows],
        }
    )


def as_json(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, Any]]]:
    """By variant and indicator; what is not defined is None, since JSON has no NaN."""
    summary: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        mean, half_width, n = row.interval
        summary.setdefault(row.variant, {})[row.kpi] = {
            "mean": None if math.isnan(mean) else mean,
            "half_width": None if math.isnan(half_width) else half_width,
            "unit": row.unit,
            "n": n,
        }
    return summary


def as_html(rows: Sequence[Row], caption: str) -> str:
    """A small table of the main indicators, a column per variant."""
    cells: dict[str, list[str]] = {}
    for row in rows:
        if row.kpi.split(".")[0] in _SHOWN:
            cells.setdefault(f"{row.kpi} ({row.unit})", []).append(_shown(row.interval))
    variants = dict.fromkeys(row.variant for row in rows)
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("", *variants))
    body = "".join(
        f"<tr><td>{html.escape(name)}</td>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
        for name, row in cells.items()
    )
    note = "mean ± half-width of the 95 % interval over replications"
    return (
        f"<p>{html.escape(caption)}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{note}</p>"
    )


def _shown(interval: Interval) -> str:
    if interval.n == 0:
        return "–"
    if interval.n == 1:
        return f"{interval.mean:.4g}"
    return f"{interval.mean:.4g} ± {interval.half_width:.2g}"
