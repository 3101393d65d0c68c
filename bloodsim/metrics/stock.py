"""How long stock lasts, how often it is low, and how old it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import xarray as xr

from bloodsim.metrics.sums import YEAR_DAYS, Scope, flow, over, ratio

if TYPE_CHECKING:
    from bloodsim.results import Results


def mean_cover_days(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Mean cover over regions (unweighted) and scored days: closing stock / normal-day demand.

    Normal-day demand is base x month x growth, without feast and weekday. Every region counts
    the same, however large.

    Unit: days. Shape: (variant, replication[, region], product).
    Source: Zhao 2023, doi:10.3969/j.issn.1671-2587.2023.01.020, for the level to compare with
    (provincial centres 2014-2021: 10.2 days, 8.1 to 14.0).
    """
    mean = results.totals["cover_days_sum"] / results.scored_days
    if by == "region":
        return mean
    # A region that asks for none of a product has no cover of it.
    return over(mean.fillna(0.0), "region") / mean.notnull().sum("region")


def min_cover_days(results: Results) -> xr.DataArray:
    """Lowest regional-mean cover on any scored day: min over days of the mean over regions.

    The mean is unweighted; the fan chart shows national stock over national demand instead.

    Unit: days of normal-day demand. Shape: (variant, replication, product).
    """
    return results.national["min_cover_days"]


def days_below(
    results: Results,
    level: Literal["blue", "yellow", "orange", "red"],
    by: Scope = "nation",
) -> xr.DataArray:
    """Region-days a year with the cover of any ABO D-positive group below an alert level.

    ``sum over regions of the scored days below x 365 / scored days``. The level's threshold is
    the product's own (`Results.alert_levels`); NaN for a product that has no such level.

    Unit: region-days per year (days per year by region).
    Shape: (variant, replication[, region], product).
    Source: thresholds in bloodsim/data/warning_levels.csv, "Proposed default".
    """
    return flow(results, f"days_below_{level}", by) * (YEAR_DAYS / results.scored_days)


def days_below_yellow(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Region-days a year with the cover of any ABO D-positive group below yellow.

    Unit: region-days per year. Shape: (variant, replication[, region], product).
    """
    return days_below(results, "yellow", by)


def days_below_orange(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Region-days a year with the cover of any ABO D-positive group below orange.

    Unit: region-days per year. Shape: (variant, replication[, region], product).
    """
    return days_below(results, "orange", by)


def days_below_red(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Region-days a year with the cover of any ABO D-positive group below red.

    Unit: region-days per year. Shape: (variant, replication[, region], product).
    """
    return days_below(results, "red", by)


def outdate_rate(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Units outdated per unit released into usable stock: outdated / released.

    By region the release of other regions is not counted, though their units may outdate here.

    Unit: share of units released; NaN where none were.
    Shape: (variant, replication[, region], product).
    """
    return ratio(flow(results, "outdated", by), flow(results, "released", by))


def age_at_issue_days(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Mean age of issued units, from collection: unit-days of age at issue / issued.

    Unit: days; NaN where nothing was issued. Shape: (variant, replication[, region], product).
    """
    return ratio(flow(results, "age_issued_days", by), flow(results, "issued", by))
