"""Sums and ratios that do not depend on how an array lies in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from bloodsim.results import Results

Scope = Literal["nation", "region"]
"""``"nation"``: one value over all regions; ``"region"``: one per region."""

YEAR_DAYS = 365.0


def over(array: xr.DataArray, dim: str) -> xr.DataArray:
    """Sum along an axis in the order of its labels.

    A running sum is strictly sequential, whereas numpy's sum groups terms by memory layout: the
    last bit would depend on how many replications lie beside each other.
    """
    if array.sizes[dim] == 0:
        return array.sum(dim)
    return array.cumsum(dim, skipna=False).isel({dim: -1}, drop=True)


def flow(results: Results, name: str, by: Scope = "nation") -> xr.DataArray:
    """A column of the totals, summed over regions unless asked by region."""
    array = results.totals[name]
    return over(array, "region") if by == "nation" else array


def ratio(numerator: xr.DataArray, denominator: xr.DataArray) -> xr.DataArray:
    """Numerator over denominator; not defined (NaN) where the denominator is 0."""
    return numerator / denominator.where(denominator != 0)


def by_variant(results: Results, values: Sequence[float]) -> xr.DataArray:
    """One value per variant, in their order."""
    coords = {"variant": results.totals["variant"]}
    return xr.DataArray(np.array(values, dtype=float), coords=coords, dims="variant")
