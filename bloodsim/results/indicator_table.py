"""Indicators in rows: as a data frame, as JSON, as HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bloodsim.html_table import both, table
from bloodsim.labels import indicator_label, variant_label
from bloodsim.metrics import Interval
from bloodsim.numbers import number, percent

if TYPE_CHECKING:
    import pandas as pd

MAIN = (
    "shortage_rate",
    "outdate_rate",
    "mean_cover_days",
    "days_below_red",
    "transfer_units",
    "cost",
)


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
    """A small table of the main indicators, a column per variant, names in both languages."""
    cells: dict[str, list[str]] = {}
    for row in rows:
        if row.kpi.split(".")[0] in MAIN:
            cells.setdefault(row.kpi, [indicator_name(row.kpi, row.unit)]).append(_shown(row))
    variants = dict.fromkeys(row.variant for row in rows)
    heads = ["", *(both(variant_label(v, "zh"), variant_label(v, "en")) for v in variants)]
    note = "mean ± half-width of the 95 % interval over replications; .kpi() has all indicators"
    return table(caption, heads, list(cells.values()), note)


def indicator_name(kpi: str, unit: str) -> str:
    """An indicator as people call it in both languages, its unit, and its name in the tables."""
    name = kpi.partition(".")[0]
    named = both(indicator_label(name, "zh"), indicator_label(name, "en"))
    return f"{named} [{kpi}]" if unit.startswith("share") else f"{named} ({unit}) [{kpi}]"


def amount(value: float, unit: str, *, signed: bool = False) -> str:
    """A value: shares in per cent; – where it is not defined."""
    if math.isnan(value):
        return "–"
    if unit.startswith("share"):
        return percent(value, signed)
    return number(value, "en", signed)


def _shown(row: Row) -> str:
    mean, half, n = row.interval
    if n <= 1 or math.isnan(half):
        return amount(mean, row.unit) if n else "–"
    return f"{amount(mean, row.unit)} ± {amount(half, row.unit)}"
