"""The worst weeks in words: when requests were not met, and in which provinces."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from bloodsim.seasons import festival_offset

if TYPE_CHECKING:
    import xarray as xr

    from bloodsim.results import Results

WEEKS, REGIONS = 3, 3
"""How many weeks, and how many regions of each, are named."""
_NEAR_THE_FEAST_DAYS = 60
_SMALL_SHARE = 1e-4
"""Shares of requests below this (0.01 %) are no headline."""


def worst_weeks(results: Results, variant: str, product: str) -> list[str]:
    """Return sentences on the weeks with most unmet requests; none where hardly any are unmet.

    Weeks run from Monday to Sunday. Requests count as unmet on the day they are given up, so an
    elective operation that waited ten days counts ten days later. Only replications that are kept
    day by day are looked at.
    """
    if "daily" not in results.tables or results.daily.sizes["replication"] == 0:
        return []
    daily = results.daily.sel(variant=variant, product=product)
    unmet = (daily["lost"] + daily["cancelled"]).mean("replication")
    asked = daily["requested"].mean("replication")
    monday = _mondays(daily["day"].values)
    unmet, asked = _by_week(unmet, monday), _by_week(asked, monday)
    total, whole = unmet.sum("region"), asked.sum("region")
    label = results.product_label(product).lower()
    lines = []
    for week in np.argsort(-total.values, kind="stable")[:WEEKS]:
        share = float(total[week]) / max(float(whole[week]), 1e-9)
        if share < _SMALL_SHARE:
            break
        lines.append(
            f"{_named(total['week'].values[week])}: {100 * share:.2g} % of requests given up, "
            f"most units in {_most(results, unmet.isel(week=week), asked.isel(week=week))}"
        )
    if not lines:
        return [f"no week in which {variant} leaves 0.01 % of requests for {label} unmet"]
    return [f"worst weeks of {label} under {variant}:", *("  " + line for line in lines)]


def _mondays(days: np.ndarray) -> np.ndarray:
    """Return the Monday of every day."""
    numbers = days.astype("datetime64[D]").astype(np.int64)
    return (numbers - (numbers + 3) % 7).astype("datetime64[D]")  # day 0, 1970-01-01, a Thursday


def _by_week(daily: xr.DataArray, monday: np.ndarray) -> xr.DataArray:
    """Sum days by week (week, region)."""
    dated = daily.assign_coords(week=("day", monday.astype("datetime64[ns]")))
    return dated.groupby("week").sum().transpose("week", "region")


def _named(monday: np.datetime64) -> str:
    """Return a week by its dates, and by where it lies from the lunar New Year if that is near."""
    first: date = monday.astype("datetime64[D]").item()
    last = first + timedelta(days=6)
    offset = festival_offset(first)
    if abs(offset) > _NEAR_THE_FEAST_DAYS:
        return f"{first} to {last}"
    side = "after" if offset >= 0 else "before"
    return f"{first} to {last} ({abs(offset)} days {side} the lunar New Year)"


def _most(results: Results, unmet: xr.DataArray, asked: xr.DataArray) -> str:
    """Return the regions that give up most units, with their shares of requests."""
    order = np.argsort(-unmet.values, kind="stable")[:REGIONS]
    share = 100 * unmet.values / np.maximum(asked.values, 1e-9)
    names = unmet["region"].values
    most = [i for i in order if unmet[i] > 0]
    said = [f"{results.region_name(str(names[i]))} ({share[i]:.2g} %" for i in most]
    return "), ".join([f"{said[0]} of its own", *said[1:]]) + ")"
