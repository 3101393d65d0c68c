"""What patients did not get, and how unevenly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

from bloodsim.metrics.sums import Scope, flow, ratio

if TYPE_CHECKING:
    from bloodsim.results import Results


def requested(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Units that hospitals asked for on the scored days; the denominator of every shortage rate.

    Unit: product units. Shape: (variant, replication[, region], product).
    """
    return flow(results, "requested", by)


def issued(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Units issued on the scored days, of the patient's own or another group.

    Gross: units of a cross-match that come back are in it (see `returned` of the totals).

    Unit: product units. Shape: (variant, replication[, region], product).
    """
    return flow(results, "issued", by)


def shortage_rate(
    results: Results,
    by: Scope = "nation",
    of: Literal["emergency", "urgent", "elective"] | None = None,
) -> xr.DataArray:
    """Units lost or cancelled per unit requested: (lost + cancelled) / requested.

    Emergency and urgent units unmet at the end of patience are lost, elective ones cancelled;
    `of` gives the rate of one class, over the requests of that class. Units still waiting at the
    end are in neither.

    Unit: share of units requested; NaN where none were.
    Shape: (variant, replication[, region], product).
    Source: definition of the project (design, section 6).
    """
    if of is None:
        unmet = flow(results, "lost", by) + flow(results, "cancelled", by)
        return ratio(unmet, flow(results, "requested", by))
    unmet = flow(results, "cancelled_elective" if of == "elective" else f"lost_{of}", by)
    return ratio(unmet, flow(results, f"requested_{of}", by))


def emergency_shortage_rate(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Emergency units lost per emergency unit requested.

    Unit: share of emergency units requested; NaN where none were.
    Shape: (variant, replication[, region], product).
    """
    return shortage_rate(results, by, of="emergency")


def elective_cancelled_rate(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Elective units cancelled per elective unit requested.

    Unit: share of elective units requested; NaN where none were.
    Shape: (variant, replication[, region], product).
    """
    return shortage_rate(results, by, of="elective")


def equity_gini(results: Results) -> xr.DataArray:
    """Gini coefficient of the regions' unmet share, weighted by their requests; 0 = all alike.

    With the regions sorted by unmet share ``x = (lost + cancelled) / requested``, p the
    cumulated share of requests and L the cumulated share of unmet units,
    ``G = 1 - sum((p[k] - p[k-1]) * (L[k] + L[k-1]))``. 0 where nothing is unmet; near 1 where one
    small region bears it all.

    Unit: none, 0 to 1. Shape: (variant, replication, product).

    References
    ----------
    .. [1] Lerman and Yitzhaki, Improving the accuracy of estimates of Gini coefficients,
       J Econometrics 1989;42:43 (weighted form).
    """
    totals = results.totals
    unmet = totals["lost"] + totals["cancelled"]
    axis = unmet.get_axis_num("region")
    asked, short = totals["requested"].values, unmet.values
    share = np.divide(short, asked, out=np.zeros(short.shape), where=asked > 0)
    order = np.argsort(share, axis=axis, kind="stable")
    asked = np.moveaxis(np.take_along_axis(asked, order, axis), axis, 0).cumsum(axis=0)
    short = np.moveaxis(np.take_along_axis(short, order, axis), axis, 0).cumsum(axis=0)
    steps = np.diff(asked, axis=0, prepend=0)
    before = np.concatenate([np.zeros_like(short[:1]), short[:-1]])
    twice_area = (steps * (before + short)).cumsum(axis=0)[-1]
    whole = asked[-1] * short[-1]
    even = np.divide(twice_area, whole, out=1 + 0 * whole, where=whole > 0)
    # Equal shares leave rounding dust on either side of 0.
    return unmet.isel(region=0, drop=True).copy(data=np.clip(1 - even, 0, None))


def worst_region_fill_rate(results: Results) -> xr.DataArray:
    """Lowest fill rate of any region: min over regions of (issued - crossmatched) / requested.

    What was issued beyond need, to be returned, fills no request.
    A region that asked for nothing counts as filled (1).

    Unit: share of units requested. Shape: (variant, replication, product).
    """
    asked = results.totals["requested"]
    needed = results.totals["issued"] - results.totals.get("crossmatched", 0.0)
    filled = ratio(needed, asked).where(asked != 0, 1.0)
    return filled.min("region")
