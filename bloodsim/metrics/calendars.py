"""What a planned calendar is worth against its reference, and whether donations are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bloodsim.metrics.effort import collected, cost, donations

if TYPE_CHECKING:
    from bloodsim.results import Results

_RESAMPLES = 2000
_SEED = 20260217
EQUAL_SHARE = 0.002
"""Difference in donations up to which two variants are said to have the same."""


class Ratio(NamedTuple):
    """A ratio of mean costs and its interval."""

    ratio: float
    low: float
    high: float


class CalendarWorth(NamedTuple):
    """A calendar against its reference: ratio of costs, relative difference in what was given."""

    variant: str
    reference: str
    cost: Ratio
    donations: float
    units: float
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


def _of(results: Results, name: str, reference: str) -> CalendarWorth:
    ratio = cost_ratio(results, name, reference)
    given = donations(results).mean("replication")
    more = float(given.sel(variant=name) / given.sel(variant=reference)) - 1
    units = collected(results).sum("product").mean("replication")
    more_units = float(units.sel(variant=name) / units.sel(variant=reference)) - 1
    says = (
        f"{name} costs {ratio.ratio:.3f} [{ratio.low:.3f}, {ratio.high:.3f}] of {reference} with "
        f"{100 * more:+.2f} % donations ({100 * more_units:+.2f} % units)"
    )
    if abs(more) > EQUAL_SHARE:
        says += ": not the same donations, so no fair comparison"
    elif ratio.high >= 1:
        says += ": the calendar adds nothing here that is sure"
    return CalendarWorth(name, reference, ratio, more, more_units, says)
