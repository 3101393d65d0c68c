"""Results in, numbers out: every indicator with its equation, unit, shape and source.

All are pure functions of `bloodsim.results.Results` that return one value per variant and
replication. `KPIS` lists those of the KPI table; `indicators` evaluates them, product by product.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import xarray as xr

from bloodsim.metrics.avoided import (
    Avoided,
    Joint,
    adds_nothing,
    all_avoided,
    all_of_foresight,
    baseline_of,
    bound_of,
    foresight_cost,
    share_avoided,
    share_of_foresight,
    told_family,
    with_foresight,
)
from bloodsim.metrics.calendars import calendar_worth, cost_ratio, without_reference
from bloodsim.metrics.decomposition import (
    Decomposition,
    decomposition,
    gain_parts,
    gap_parts,
    rationing_worth,
)
from bloodsim.metrics.donors import (
    donors_per_team_hour,
    drives,
    first_time_share,
    quota_attainment,
    regular_donor_share,
    team_days,
    voluntary_share,
)
from bloodsim.metrics.effort import (
    collected,
    collection_cost,
    cost,
    donations,
    not_shipped,
    shipments,
    terminal_charge,
    transfer_unit_km,
    transfer_units,
)
from bloodsim.metrics.events import event_cost_per_day, event_weights
from bloodsim.metrics.information import value_of_information
from bloodsim.metrics.intervals import Interval, interval
from bloodsim.metrics.shortage import (
    elective_cancelled_rate,
    emergency_shortage_rate,
    equity_gini,
    issued,
    requested,
    shortage_rate,
    worst_region_fill_rate,
)
from bloodsim.metrics.stock import (
    age_at_issue_days,
    days_below,
    days_below_orange,
    days_below_red,
    days_below_yellow,
    mean_cover_days,
    min_cover_days,
    outdate_rate,
)

if TYPE_CHECKING:
    from bloodsim.results import Results

__all__ = [
    "KPIS",
    "Avoided",
    "Decomposition",
    "Interval",
    "Joint",
    "Kpi",
    "adds_nothing",
    "age_at_issue_days",
    "all_avoided",
    "all_of_foresight",
    "baseline_of",
    "bound_of",
    "calendar_worth",
    "collected",
    "collection_cost",
    "cost",
    "cost_ratio",
    "days_below",
    "days_below_orange",
    "days_below_red",
    "days_below_yellow",
    "decomposition",
    "donations",
    "donors_per_team_hour",
    "drives",
    "elective_cancelled_rate",
    "emergency_shortage_rate",
    "equity_gini",
    "event_cost_per_day",
    "first_time_share",
    "foresight_cost",
    "gain_parts",
    "gap_parts",
    "indicators",
    "interval",
    "issued",
    "kpi_definitions",
    "mean_cover_days",
    "min_cover_days",
    "not_shipped",
    "outdate_rate",
    "quota_attainment",
    "rationing_worth",
    "regular_donor_share",
    "requested",
    "share_avoided",
    "share_of_foresight",
    "shipments",
    "shortage_rate",
    "team_days",
    "terminal_charge",
    "told_family",
    "transfer_unit_km",
    "transfer_units",
    "value_of_information",
    "voluntary_share",
    "with_foresight",
    "without_reference",
    "worst_region_fill_rate",
]

PRODUCT_UNIT = "{unit}"
"""Stands for the product's own unit (U, dose) in the unit of an indicator."""


class Kpi(NamedTuple):
    """An indicator of the KPI table."""

    function: Callable[[Results], xr.DataArray]
    unit: str
    by_product: bool = True


KPIS: dict[str, Kpi] = {
    "requested": Kpi(requested, PRODUCT_UNIT),
    "issued": Kpi(issued, PRODUCT_UNIT),
    "shortage_rate": Kpi(shortage_rate, "share of requested"),
    "emergency_shortage_rate": Kpi(emergency_shortage_rate, "share of emergency requested"),
    "elective_cancelled_rate": Kpi(elective_cancelled_rate, "share of elective requested"),
    "outdate_rate": Kpi(outdate_rate, "share of released"),
    "mean_cover_days": Kpi(mean_cover_days, "days"),
    "min_cover_days": Kpi(min_cover_days, "days"),
    "days_below_yellow": Kpi(days_below_yellow, "region-days/year"),
    "days_below_orange": Kpi(days_below_orange, "region-days/year"),
    "days_below_red": Kpi(days_below_red, "region-days/year"),
    "age_at_issue_days": Kpi(age_at_issue_days, "days"),
    "transfer_units": Kpi(transfer_units, PRODUCT_UNIT),
    "transfer_unit_km": Kpi(transfer_unit_km, f"{PRODUCT_UNIT}·km"),
    "shipments": Kpi(shipments, "shipments"),
    "not_shipped": Kpi(not_shipped, PRODUCT_UNIT),
    "equity_gini": Kpi(equity_gini, "0 to 1"),
    "worst_region_fill_rate": Kpi(worst_region_fill_rate, "share of requested"),
    "collected": Kpi(collected, PRODUCT_UNIT),
    "donations": Kpi(donations, "donations", by_product=False),
    "first_time_share": Kpi(first_time_share, "share of donations", by_product=False),
    "regular_donor_share": Kpi(regular_donor_share, "share of donations", by_product=False),
    "voluntary_share": Kpi(voluntary_share, "share of donations", by_product=False),
    "team_days": Kpi(team_days, "team-days", by_product=False),
    "donors_per_team_hour": Kpi(donors_per_team_hour, "donors/team-hour", by_product=False),
    "drives": Kpi(drives, "drives", by_product=False),
    "quota_attainment": Kpi(quota_attainment, "share of quotas", by_product=False),
    "cost": Kpi(cost, "points", by_product=False),
    "event_cost_per_day": Kpi(event_cost_per_day, "points/day", by_product=False),
}
"""The indicators of the KPI table, in its order; those by product are suffixed ``.product``."""


def indicators(results: Results) -> Iterator[tuple[str, str, xr.DataArray]]:
    """Name, unit and values (variant, replication) of every indicator, product by product.

    The costs by event are left out where no event has a weight, those of drives where none are.
    """
    for name, kpi in KPIS.items():
        if kpi.function is event_cost_per_day and not any(
            any(event_weights(results, variant).values()) for variant in results.variants
        ):
            continue
        if kpi.function in (drives, quota_attainment) and "drives" not in results.collection:
            continue
        values = kpi.function(results)
        if not kpi.by_product:
            yield name, kpi.unit, values
            continue
        for product in results.products:
            unit = kpi.unit.replace(PRODUCT_UNIT, results.unit_label(product))
            yield f"{name}.{product}", unit, values.sel(product=product)


def kpi_definitions() -> list[dict[str, str]]:
    """Name, unit and definition of every indicator, for the documentation.

    Returns
    -------
    list of dict
        Keys ``name`` (with ``.product`` where there is one value per product), ``unit`` and
        ``definition``: the first paragraph of the function's docstring.
    """
    return [
        {
            "name": f"{name}.product" if kpi.by_product else name,
            "unit": kpi.unit.replace(PRODUCT_UNIT, "product unit"),
            "definition": _first_paragraph(kpi.function),
        }
        for name, kpi in KPIS.items()
    ]


def _first_paragraph(function: Callable[..., object]) -> str:
    text = inspect.getdoc(function) or ""
    return " ".join(text.split("\n\n")[0].split())
