"""Costs by event, as the literature on ordering states them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bloodsim.metrics.sums import Scope, by_variant, over

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


def event_weights(results: Results, variant: str) -> Mapping[str, float]:
    """Return the points per event of a variant; empty where it has none."""
    weights: Mapping[str, float] = results.cost_weights(variant).get("events", {})
    return weights


def event_cost_per_day(
    results: Results, by: Scope = "nation", discount: float = 1.0
) -> xr.DataArray:
    """Costs by event, per scored day: holding, orders, shortage, outdates and transfers, weighted.

    ``holding x closing stock + ordered_unit x ordered + expedited_unit x expedited + order x
    orders + short_unit x (lost + cancelled) + outdated_unit x outdated + transferred_unit x
    (shipped - delivered on order)``, with the weights of ``cost.events``. With *discount* below 1
    it is the sum over days of ``discount^t x cost of day t`` (t = 0 on the first scored day), from
    the daily tables and so for the replications that have them.

    Unit: points per day (points, if discounted). Shape: (variant, replication[, region]).
    """
    weights = [event_weights(results, variant) for variant in results.variants]

    def weight(name: str) -> xr.DataArray:
        return by_variant(results, [each.get(name, 0.0) for each in weights])

    table = results.totals if discount == 1 else results.tables["daily"]
    columns = EVENTS if discount == 1 else EVENTS | {"holding_unit_day": "stock"}
    points = weight("short_unit") * (table["lost"] + table["cancelled"])
    moved = table["shipped"] - table["delivered"] if "delivered" in table else table["shipped"]
    points = points + weight("transferred_unit") * moved
    for name, column in columns.items():
        if column in table:
            points = points + weight(name) * table[column]
    points = over(points, "product")
    if discount == 1:
        points = points / results.scored_days
    else:
        factor = discount ** np.arange(table.sizes["day"])
        points = over(points * xr.DataArray(factor, dims="day"), "day")
    return over(points, "region") if by == "nation" else points
