"""The tables of a plan: shipments, cover, prices and limits, in units and dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from bloodsim.optimize.problem import Slots
from bloodsim.planning.shipments import Sendable
from bloodsim.planning.solve import Solved

TRANSFER_COLUMNS = (
    "date",
    "until",
    "ask_by",
    "origin",
    "destination",
    "product",
    "group",
    "units",
    "arrival",
    "least_life_days",
    "firm",
)
"""Columns of the shipments; ``until`` is later than ``date`` where the plan names no single day,
``firm`` false where the shipment is an outlook, to be planned again."""
COVER_COLUMNS = (
    "date",
    "region",
    "product",
    "group",
    "stock_with",
    "stock_without",
    "cover_days_with",
    "cover_days_without",
    "unmet_with",
    "unmet_without",
)
"""Columns of the expected stock (units) and cover (days) at the close of each date, and of the
requests (units) lost or cancelled since the date before."""
PRICE_COLUMNS = ("date", "until", "region", "product", "group", "points_per_unit")
"""Columns of the shadow prices."""
HEADLINE_COLUMNS = ("date", "region", "product", "group", "points_per_unit", "gain", "loss")
"""Columns of the prices confirmed by solving again with 10 units more (gain) and fewer (loss)."""

ALL_GROUPS = "all"
"""Stands for all groups together."""


def transfers_table(
    solved: Sequence[Solved], sent: Sequence[Sendable], start: date, firm_days: int
) -> Any:
    """Return the shipments, one row per road, date and group."""
    rows: list[tuple[Any, ...]] = []
    for item, sendable in zip(solved, sent, strict=True):
        network, per_unit = item.today.network, item.today.per_unit
        firm_until = start + timedelta(days=item.today.firm_days(firm_days))
        for shipment in sendable.shipments:
            arc, (first, last) = shipment.arc, _days(network.slots, shipment.slot, start)
            asked = first - timedelta(days=int(network.approval_days[arc]))
            arrival = first + timedelta(days=int(network.lead_days[arc]))
            ends = (
                network.regions[network.origin[arc]],
                network.regions[network.destination[arc]],
            )
            for group in np.flatnonzero(shipment.pieces).tolist():
                units = shipment.pieces[group] / per_unit
                life = int(shipment.least_life_days[group])
                what = item.today.product, network.groups[group], units
                rows.append((first, last, asked, *ends, *what, arrival, life, first < firm_until))
    rows.sort(key=lambda row: (row[0], row[5], row[3], row[4]))
    return _table(rows, TRANSFER_COLUMNS)


def cover_table(solved: Sequence[Solved], start: date) -> Any:
    """Return the expected stock and cover with and without the plan, at the end of each slot."""
    rows: list[tuple[Any, ...]] = []
    for item in solved:
        network, per_unit = item.today.network, item.today.per_unit
        daily = np.concatenate([network.normal.sum(axis=1, keepdims=True), network.normal], axis=1)
        both = [
            np.concatenate([stock.sum(axis=2, keepdims=True), stock], axis=2)
            for stock in (item.plan.stock, item.without.stock)
        ]
        cover = [stock / np.where(daily > 0, daily, np.nan) for stock in both]
        unmet = [
            np.concatenate([short.sum(axis=2, keepdims=True), short], axis=2)
            for short in (item.plan.unmet.sum(axis=0), item.without.unmet.sum(axis=0))
        ]
        groups = (ALL_GROUPS, *network.groups)
        for slot in range(len(network.slots)):
            day = _days(network.slots, slot, start)[1]
            for region, name in enumerate(network.regions):
                for group, of in enumerate(groups):
                    at = slot, region, group
                    stock = [values[at] / per_unit for values in both]
                    days = [values[at] for values in cover]
                    short = [values[at] / per_unit for values in unmet]
                    rows.append((day, name, item.today.product, of, *stock, *days, *short))
    return _table(rows, COVER_COLUMNS)


def prices_table(solved: Sequence[Solved], start: date) -> Any:
    """Return what one more unit would be worth, by slot, region and group."""
    rows: list[tuple[Any, ...]] = []
    for item in solved:
        network = item.today.network
        points = item.plan.prices * item.today.per_unit
        for (slot, region, group), price in np.ndenumerate(points):
            span = _days(network.slots, slot, start)
            what = network.regions[region], item.today.product, network.groups[group]
            rows.append((*span, *what, float(price)))
    return _table(rows, PRICE_COLUMNS)


def headlines_table(solved: Sequence[Solved], start: date) -> Any:
    """Return the highest prices, each confirmed by solving again."""
    rows = [
        (
            _days(item.today.network.slots, worth.slot, start)[0],
            item.today.network.regions[worth.region],
            item.today.product,
            item.today.network.groups[worth.group],
            worth.price,
            worth.gain,
            worth.loss,
        )
        for item in solved
        for worth in item.worths
    ]
    return _table(rows, HEADLINE_COLUMNS)


def _days(slots: Slots, slot: int, start: date) -> tuple[date, date]:
    """Return the first and the last day of a slot."""
    first, last = int(slots.start[slot]), int(slots.end[slot])
    return start + timedelta(days=first), start + timedelta(days=last)


def _table(rows: list[tuple[Any, ...]], columns: Sequence[str]) -> Any:
    return pd.DataFrame(rows, columns=list(columns))


def records(table: Any) -> Iterator[dict[str, Any]]:
    """Yield a table's rows as JSON holds them: dates as text, what is not defined as None."""
    names = [str(name) for name in table.columns]
    for row in table.itertuples(index=False, name=None):
        yield {
            name: value.isoformat()
            if isinstance(value, date)
            else None
            if isinstance(value, float) and value != value
            else value
            for name, value in zip(names, row, strict=True)
        }
