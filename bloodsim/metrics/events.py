"""Costs by event, as the literature on ordering states them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bloodsim.metrics.sums import Scope, over

if TYPE_CHECKING:
    from bloodsim.results import Results

EVENTS = {
    "holding_unit_day": "stock_unit_days",
    "ordered_unit": "ordered",
    "expedited_unit": "expedited",
    "order": "orders",
    "outdated_unit": "outdated",
}
"""Column of the totals that each weight applies to, beside shortage and transfers."""


def event_weights(results: Results) -> Mapping[str, float]:
    """Return the points per event of the scenario; empty where it has none."""
    weights: Mapping[str, float] = results.cost_weights.get("events", {})
    return weights


def event_cost_per_day(
    results: Results, by: Scope = "nation", discount: float = 1.0
) -> xr.DataArray:
    """Costs by event, per scored day: holding, orders, shortage, outdates and transfers, weighted.

    ``holding x closing stock + ordered_unit x ordered + expedited_unit x expedited + order x
    orders + short_unit x (lost + cancelled) + outdated_unit x outdated + transferred_unit x
    (shipped - delivered on order)``, with the weights of ``cost.events``. With *discount* below 1
    it is the sum over days of ``discount^t x cost of day t`` (t = 0 on the first scored day), from
    the daily tables, without what is charged per order.

    Unit: points per day (points, if discounted). Shape: (variant, replication[, region]).
    """
    weights = event_weights(results)
    table = results.totals if discount == 1 else results.tables["daily"]
    columns = EVENTS if discount == 1 else EVENTS | {"holding_unit_day": "stock"}
    points = weights.get("short_unit", 0.0) * (table["lost"] + table["cancelled"])
    moved = table["shipped"] - table["delivered"] if "delivered" in table else table["shipped"]
    points = points + weights.get("transferred_unit", 0.0) * moved
    for weight, column in columns.items():
        if column in table:
            points = points + weights.get(weight, 0.0) * table[column]
    points = over(points, "product")
    if discount == 1:
        points = points / results.scored_days
    else:
        factor = discount ** np.arange(table.sizes["day"])
        points = over(points * xr.DataArray(factor, dims="day"), "day")
    return over(points, "region") if by == "nation" else points
