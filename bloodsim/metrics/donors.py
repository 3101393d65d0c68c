"""Who gave, and what it took: donor shares, team-days and donors per team-hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from bloodsim.metrics.sums import Scope, over, ratio

if TYPE_CHECKING:
    from bloodsim.results import Results


def first_time_share(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Gifts of first-time donors over all gifts: ``first_time / donations``.

    Unit: share of donations. Shape: (variant, replication[, region]).
    """
    return ratio(_sum(results, "first_time", by), _sum(results, "donations", by))


def regular_donor_share(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Gifts of donors with three earlier gifts or more over all gifts: ``regular / donations``.

    Not defined without donor pools. Unit: share of donations. Shape: (variant, replication[,
    region]).
    """
    return ratio(_sum(results, "regular", by), _sum(results, "donations", by))


def voluntary_share(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Gifts of volunteers over all gifts, replacement and paid ones included.

    Unit: share of donations. Shape: (variant, replication[, region]).
    """
    given = _sum(results, "donations", by)
    everyone = "voluntary" not in results.collection
    return ratio(given if everyone else _sum(results, "voluntary", by), given)


def team_days(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Team-days of collection: ``sum over sessions of the teams they take``.

    Unit: team-days. Shape: (variant, replication[, region]).
    """
    return _sum(results, "team_days", by)


def donors_per_team_hour(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Donors who came over the hours that teams worked: ``came / sum of teams x hours``.

    Unit: donors per team-hour. Shape: (variant, replication[, region]).
    """
    return ratio(_sum(results, "came", by), _sum(results, "team_hours", by))


def drives(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Drives held: visits of teams to organisations. Not defined where none are placed.

    Unit: drives. Shape: (variant, replication[, region]).
    """
    return _sum(results, "drives", by)


def quota_attainment(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Donors at drives over the quotas: ``sum of min(donors, quota) / sum of quotas``.

    Each organisation or pool by itself; a quota is the part of the year's that falls on the scored
    days. Not defined without drives.

    Unit: share of quotas. Shape: (variant, replication[, region]).
    """
    return ratio(_sum(results, "quota_met", by), _sum(results, "quota_due", by))


def _sum(results: Results, name: str, by: Scope) -> xr.DataArray:
    """Sum a column of the collection table; NaN where a result does not have it."""
    table = results.collection
    column = table[name] if name in table else xr.full_like(table["donations"], float("nan"), float)
    summed = over(column, "channel")
    return over(summed, "region") if by == "nation" else summed
