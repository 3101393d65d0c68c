"""Paired differences as a data frame that says what they show."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from bloodsim.html_table import table
from bloodsim.results.indicator_table import MAIN, amount, indicator_name

LOWER_IS_BETTER = (
    "shortage_rate",
    "emergency_shortage_rate",
    "elective_cancelled_rate",
    "outdate_rate",
    "days_below_yellow",
    "days_below_orange",
    "days_below_red",
    "equity_gini",
    "cost",
)
HIGHER_IS_BETTER = ("min_cover_days", "worst_region_fill_rate")
NEITHER = ("mean_cover_days", "transfer_units", "shipments", "donations")
"""Effort and state: what they show is a difference, not which side is better."""

_COLUMNS = ("variant", "kpi", "mean_difference", "half_width", "unit", "n")
_MOST_ROWS = 40
_VERDICTS = {
    "better": "better · 更好",
    "worse": "worse · 更差",
    "higher": "higher · 更高",
    "lower": "lower · 更低",
    "equal": "equal · 相同",
    "no difference shown": "no difference shown · 无明确差异",
}


class Comparison(pd.DataFrame):
    """A data frame of paired differences; Jupyter shows names, intervals and what they show."""

    @property
    def _constructor(self) -> Any:
        return Comparison

    def _repr_html_(self) -> str:
        if not set(_COLUMNS) <= set(self.columns):
            return str(pd.DataFrame(self).to_html(max_rows=_MOST_ROWS))
        rows = list(zip(*(self[name].tolist() for name in _COLUMNS), strict=True))
        main = rows
        if len(rows) > _MOST_ROWS:
            main = [row for row in rows if row[1].partition(".")[0] in MAIN]
        cells = [
            (
                indicator_name(kpi, unit),
                variant,
                f"{amount(mean, unit, signed=True)} ± {amount(half, unit)}",
                _VERDICTS[words(kpi.partition(".")[0], mean, half)],
            )
            for variant, kpi, mean, half, unit, _ in main
        ]
        worlds = max((int(row[5]) for row in rows), default=0)
        left = len(rows) - len(main)
        note = "difference ± half-width of the 95 % interval; an interval around 0 shows nothing"
        return table(
            f"paired differences over {worlds} replications · 逐次配对的差值",
            ("", "variant · 方案", "difference · 差值", ""),
            cells,
            f"{note}; {left} more rows in the frame" if left else note,
        )


def words(kpi: str, mean: float, half_width: float) -> str:
    """Return what a paired difference shows: better, worse, higher, lower, or nothing."""
    if mean == 0 and (half_width == 0 or math.isnan(half_width)):
        return "equal"
    if math.isnan(half_width) or math.isnan(mean) or abs(mean) <= half_width:
        return "no difference shown"
    if kpi in LOWER_IS_BETTER:
        return "better" if mean < 0 else "worse"
    if kpi in HIGHER_IS_BETTER:
        return "better" if mean > 0 else "worse"
    return "higher" if mean > 0 else "lower"
