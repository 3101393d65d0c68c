"""Bounds in a result: added to the tables, and held against every policy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bloodsim import metrics
from bloodsim.results import Results, ResultsError


def with_bounds(results: Results, transfers: Mapping[str, NDArray[np.floating]]) -> Results:
    """Return the result with a table of bounds.

    Parameters
    ----------
    results : Results
        All variants of a block.
    transfers : mapping of variant to float array (R,)
        Bounds of the cost that depends on transfers.

    Raises
    ------
    ResultsError
        A policy that is cheaper than its bound: a fault of the bound, or of the books.
    """
    named = [name for name in results.variants if name in transfers]
    if not named:
        return results
    cost, effort = metrics.cost(results), metrics.collection_cost(results)
    bound = xr.DataArray(
        np.array([transfers[name] for name in named]),
        coords={"variant": named, "replication": results.totals["replication"]},
        dims=("variant", "replication"),
    ) + effort.sel(variant=named)
    _check(cost.sel(variant=named), bound)
    tables = dict(results.tables)
    tables["bounds"] = xr.Dataset({"transfers": bound.transpose("variant", "replication")})
    return Results(tables, results.manifest, results.timing)


def with_joint_bounds(
    results: Results,
    joint: Mapping[str, NDArray[np.floating]],
    equal_donations: Mapping[str, NDArray[np.floating]] | None = None,
) -> Results:
    """Return the result with a table of bounds on collection and transfers together.

    Parameters
    ----------
    results : Results
        All variants of a block.
    joint : mapping of variant to float array (R,)
        Bounds of the whole cost.
    equal_donations : mapping of variant to float array (R,), optional
        Those of all that takes as many donations as the variants and keeps their agreements.

    Raises
    ------
    ResultsError
        A policy that is cheaper than its bound.
    """
    named = [name for name in results.variants if name in joint]
    if not named:
        return results
    columns = {}
    for column, points in (("joint", joint), ("equal_donations", equal_donations or {})):
        if all(name in points for name in named):
            bound = xr.DataArray(
                np.array([points[name] for name in named]),
                coords={"variant": named, "replication": results.totals["replication"]},
                dims=("variant", "replication"),
            )
            _check(metrics.cost(results).sel(variant=named), bound)
            columns[column] = bound
    tables = dict(results.tables)
    tables["joint_bounds"] = xr.Dataset(columns)
    return Results(tables, results.manifest, results.timing)


def _check(cost: xr.DataArray, bound: xr.DataArray) -> None:
    """Raise an error where a policy costs less than its bound."""
    slack = cost - bound
    least = float(slack.min())
    if least < -1e-6 * float(np.abs(bound).max()):
        worst = slack.where(slack == slack.min(), drop=True)
        where = (
            f"variant {worst['variant'].values[0]}, replication {worst['replication'].values[0]}"
        )
        raise ResultsError(f"{where} costs {-least:.6g} points less than its bound")
