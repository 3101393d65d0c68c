"""What tables a result has, and how tables of blocks and variants are put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

FLOWS = (
    "opening",
    "collected",
    "discarded",
    "released",
    "received",
    "issued",
    "substituted",
    "returned",
    "shipped",
    "outdated",
    "requested",
    "lost",
    "cancelled",
    "rationed",
)
"""Flows over a day or over the scored days (units); `substituted` is part of `issued`.

`issued` is gross: of it, `crossmatched` (a further column) was beyond need and comes back as
`returned`.
"""

CLOSING = ("in_test", "in_transit", "stock", "backlog")
"""States at the end (units); in transit counts where it is bound for."""


class ResultsError(ValueError):
    """A result that is incomplete, damaged, or does not belong with another one."""


class TableSpec(NamedTuple):
    """Axes of a table and the variables it must have."""

    dims: tuple[str, ...]
    variables: tuple[str, ...]
    required: bool = False


TABLES: Mapping[str, TableSpec] = {
    "totals": TableSpec(
        ("variant", "replication", "region", "product"),
        (
            *FLOWS,
            "waiting_days",
            *CLOSING,
            "requested_emergency",
            "requested_urgent",
            "requested_elective",
            "lost_emergency",
            "lost_urgent",
            "cancelled_elective",
            "cover_days_sum",
            "days_below_blue",
            "days_below_yellow",
            "days_below_orange",
            "days_below_red",
            "age_issued_days",
            "shipments",
            "shipped_unit_km",
            "not_shipped",
        ),
        required=True,
    ),
    "national": TableSpec(
        ("variant", "replication", "product"), ("min_cover_days", "min_cover_day"), required=True
    ),
    "collection": TableSpec(
        ("variant", "replication", "region", "channel"),
        ("sessions", "invited", "came", "deferred", "donations", "first_time"),
        required=True,
    ),
    "groups": TableSpec(
        ("variant", "replication", "region", "product", "group"),
        (
            "opening",
            "collected",
            "discarded",
            "released",
            "received",
            "issued",
            "substituted",
            "shipped",
            "outdated",
            "requested",
            "unmet",
            "stock",
        ),
    ),
    "transfers": TableSpec(
        ("variant", "replication", "origin", "destination", "product"), ("units", "shipments")
    ),
    "daily": TableSpec(
        ("variant", "replication", "day", "region", "product"),
        (*FLOWS, *CLOSING, "alert", "cover_days"),
    ),
    "bounds": TableSpec(("variant", "replication"), ("transfers",)),
    "joint_bounds": TableSpec(("variant", "replication"), ("joint",)),
    "normal_demand": TableSpec(("variant", "day", "region", "product"), ("units",)),
}
"""Every table of a result, by name.

`totals` are sums over the scored days: units; ``waiting_days`` and ``age_issued_days`` in
unit-days, ``cover_days_sum`` the sum over days of closing stock over normal-day demand,
``days_below_*`` the days on which any ABO D-positive group's cover was below the level (NaN for a
product without it), ``shipped_unit_km`` in unit-kilometres, ``shipments`` sent, closing states at
the last close. `national`: lowest mean cover over regions and the day of it, counted from the
first scored day. `collection`: persons, by channel. `bounds`, where asked for: the points below
which no transfer policy gets on the variant's collection. `joint_bounds`, likewise: those below
which no policy of collection and transfers gets in the variant's world; a further column,
``equal_donations``, is for those that take as many donations as the world's variants. `daily`: the
first replications only; ``alert`` is 0 green to 4 red. `normal_demand`: normal-day demand (U/day),
the divisor of cover; optional, the mean in the manifest stands in for it.
"""


def checked(tables: Mapping[str, xr.Dataset]) -> dict[str, xr.Dataset]:
    """Return the tables in canonical order of axes, read-only.

    Raises
    ------
    ResultsError
        If a table is unknown or missing, or lacks an axis or a variable.
    """
    unknown = [name for name in tables if name not in TABLES]
    if unknown:
        raise ResultsError(f"unknown table {unknown[0]!r}; a result has {', '.join(TABLES)}")
    missing = [name for name, spec in TABLES.items() if spec.required and name not in tables]
    if missing:
        raise ResultsError(f"the result lacks the table {missing[0]!r}")
    return {name: _canonical(name, tables[name]) for name in TABLES if name in tables}


def _canonical(name: str, table: xr.Dataset) -> xr.Dataset:
    spec = TABLES[name]
    absent = [dim for dim in spec.dims if dim not in table.coords]
    if absent:
        raise ResultsError(f"table {name!r} lacks the axis {absent[0]!r} with its labels")
    lacking = [variable for variable in spec.variables if variable not in table]
    if lacking:
        raise ResultsError(f"table {name!r} lacks {', '.join(lacking)}")
    variables = {}
    for variable in table.data_vars:
        array = table.variables[variable]  # lighter than a DataArray with all its labels
        if set(array.dims) != set(spec.dims):
            raise ResultsError(
                f"{name}.{variable} has axes {array.dims}, expected {', '.join(spec.dims)}"
            )
        # Sums run in the order of memory: one layout, one result.
        ordered = array if array.dims == spec.dims else array.transpose(*spec.dims)
        values = np.ascontiguousarray(ordered.values).view()
        values.flags.writeable = False
        variables[str(variable)] = (spec.dims, values)
    return xr.Dataset(variables, coords={dim: _labels(table, dim) for dim in spec.dims})


def _labels(table: xr.Dataset, dim: str) -> np.ndarray:
    values = table[dim].values
    if dim == "day":
        return values.astype("datetime64[ns]")
    return values.astype(np.int64) if dim == "replication" else values.astype(str).astype(object)


def put_together(parts: Sequence[Mapping[str, xr.Dataset]], along: str) -> dict[str, xr.Dataset]:
    """Tables of several parts as one, along ``"replication"`` or ``"variant"``.

    Replications that only some variants have are NaN for the others. Tables without the axis
    must agree and are taken from the first part that has them.
    """
    together: dict[str, xr.Dataset] = {}
    for name, spec in TABLES.items():
        pieces = [part[name] for part in parts if name in part]
        if not pieces:
            continue
        _same_axes(name, spec, pieces, along)
        if along not in spec.dims or len(pieces) == 1:
            together[name] = pieces[0]
            continue
        together[name] = xr.concat(
            pieces,
            dim=along,
            data_vars="all",
            coords="minimal",
            compat="override",
            join="outer" if along == "variant" else "exact",
        )
        if "replication" in spec.dims:
            together[name] = together[name].sortby("replication")
    return together


def _same_axes(name: str, spec: TableSpec, pieces: Sequence[xr.Dataset], along: str) -> None:
    """Refuse parts whose other axes differ, or that have the same variant or replication twice."""
    for dim in spec.dims:
        labels = [piece[dim].values for piece in pieces]
        if dim == along:
            everything = np.concatenate(labels)
            if len(set(everything.tolist())) < everything.size:
                raise ResultsError(f"table {name!r}: two parts have the same {dim}")
            continue
        may_differ = dim == "replication" and along == "variant"
        if not may_differ and any(not np.array_equal(labels[0], other) for other in labels):
            raise ResultsError(f"table {name!r}: the parts differ in {dim}")
