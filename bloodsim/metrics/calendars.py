"""What a planned calendar is worth against its reference, and whether donations are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bloodsim.metrics.donors import team_days
from bloodsim.metrics.effort import collected, cost, donations
from bloodsim.metrics.settings import settings

if TYPE_CHECKING:
    import xarray as xr

    from bloodsim.results import Results

_RESAMPLES = 2000
_SEED = 20260217
EQUAL_SHARE = 0.002
"""Difference in donations up to which two variants are said to have the same."""
FEWEST_WORLDS = 8
"""Worlds below which no interval of a ratio is told: a bootstrap of a few is falsely narrow."""


class Ratio(NamedTuple):
    """A ratio of mean costs and its interval."""

    ratio: float
    low: float
    high: float


class CalendarWorth(NamedTuple):
    """A calendar against its reference: ratio of costs, relative differences in what it took."""

    variant: str
    reference: str
    cost: Ratio
    donations: float
    units: float
    team_days: float
    says: str


def cost_ratio(results: Results, variant: str, baseline: str, confidence: float = 0.95) -> Ratio:
    """Ratio of mean costs of two variants over the same worlds, with a paired bootstrap interval.

    Unit: ratio. Shape: one number.
    """
    points = cost(results)
    one, other = (points.sel(variant=name).values for name in (variant, baseline))
    draws = np.random.Generator(np.random.SFC64(_SEED)).integers(
        0, len(one), size=(_RESAMPLES, len(one))
    )
    ratios = one[draws].mean(axis=1) / other[draws].mean(axis=1)
    low, high = np.percentile(ratios, [50 * (1 - confidence), 50 * (1 + confidence)])
    return Ratio(float(one.mean() / other.mean()), float(low), float(high))


def calendar_worth(results: Results) -> list[CalendarWorth]:
    """Return what every variant with a calendar is worth against its reference in this result."""
    found = []
    variants = results.manifest.get("variants", {})
    for name in results.variants:
        reference = variants.get(name, {}).get("reference")
        if reference in results.variants:
            found.append(_of(results, name, reference))
    return found


def without_reference(results: Results) -> list[str]:
    """Return a sentence for every calendar whose reference is not in the result."""
    return [
        f"{name}: its cost is compared with none at equal donations; name a variant of the run as "
        "policies.collection.reference"
        for name, facts in settings(results).items()
        if facts["collection"].get("placed_by") == "calendar"
        and facts["collection"].get("reference") not in results.variants
    ]


def _of(results: Results, name: str, reference: str) -> CalendarWorth:
    ratio = cost_ratio(results, name, reference)

    def more(taken: xr.DataArray) -> float:
        means = taken.mean("replication")
        return float(means.sel(variant=name) / means.sel(variant=reference)) - 1

    given, units = more(donations(results)), more(collected(results).sum("product"))
    teams = more(team_days(results))
    n_worlds = cost(results).sizes["replication"]
    few = n_worlds < FEWEST_WORLDS
    interval = (
        f"({n_worlds} worlds, no interval)" if few else f"[{ratio.low:.3f}, {ratio.high:.3f}]"
    )
    says = (
        f"{name} costs {ratio.ratio:.3f} {interval} of {reference} with {100 * given:+.2f} % "
        f"donations ({100 * units:+.2f} % units) and {100 * teams:+.1f} % team-days"
    )
    if abs(given) > EQUAL_SHARE:
        says += f": not the same donations (± {100 * EQUAL_SHARE:g} %), so no fair comparison"
    elif not few and ratio.high >= 1:
        says += ": the calendar adds nothing here that is sure"
    return CalendarWorth(name, reference, ratio, given, units, teams, says)
