"""What supply took: donations, collected units, transfers, and the one cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from bloodsim.cost import coefficients
from bloodsim.metrics.sums import Scope, by_variant, flow, over

if TYPE_CHECKING:
    from bloodsim.results import Results


def collected(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Units collected on the scored days, before tests and discards.

    Unit: product units. Shape: (variant, replication[, region], product).
    """
    return flow(results, "collected", by)


def donations(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Donations of all channels on the scored days; those deferred at the desk are none.

    Unit: donations. Shape: (variant, replication[, region]).
    """
    given = over(results.collection["donations"], "channel")
    return over(given, "region") if by == "nation" else given


def transfer_units(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Units sent to other regions on the scored days.

    Unit: product units. Shape: (variant, replication[, region of origin], product).
    """
    return flow(results, "shipped", by)


def transfer_unit_km(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Transport work: sum over shipments of units x road distance.

    Unit: unit-kilometres. Shape: (variant, replication[, region of origin], product).
    """
    return flow(results, "shipped_unit_km", by)


def shipments(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Shipments sent on the scored days, each product of a consignment counted by itself.

    Unit: shipments. Shape: (variant, replication[, region of origin], product).
    """
    return flow(results, "shipments", by)


def not_shipped(results: Results, by: Scope = "nation") -> xr.DataArray:
    """Units a commitment promised and could not ship: ordered less what stood above the floor.

    Unit: product units. Shape: (variant, replication[, region of origin], product).
    """
    return flow(results, "not_shipped", by)


def cost(results: Results, by: Scope = "nation") -> xr.DataArray:
    """The one cost of the scored days, in points: lower is better, never money.

    ``sum of flows x weights + donations x w + team-days x w + terminal charge``. Flows are
    emergency lost, urgent lost, elective cancelled, unit-days of waiting, outdated, shipments
    and unit-km; a session takes one team-day per team. The terminal charge is ``price x max(0,
    target cover x normal-day demand - (stock + in transit - backlog))`` at the end, per region
    and product that has a target. Weights and demand are those of
    the variant.

    Unit: points. Shape: (variant, replication[, region]).
    """
    totals = results.totals
    points = terminal_charge(results)
    weights = [coefficients(results.cost_weights(variant)) for variant in results.variants]
    for name in weights[0]:
        points = points + by_variant(results, [each[name] for each in weights]) * totals[name]
    by_region = over(points, "product")
    for name, weight in (("donations", "donation"), (_team_days(results), "team_day")):
        price = [results.cost_weights(variant)[weight] for variant in results.variants]
        by_region = by_region + by_variant(results, price) * over(
            results.collection[name], "channel"
        )
    by_region = by_region.transpose("variant", "replication", "region")
    return over(by_region, "region") if by == "nation" else by_region


def _team_days(results: Results) -> str:
    """Return the column of team-days; results of old count a session as one."""
    return "team_days" if "team_days" in results.collection else "sessions"


def terminal_charge(results: Results) -> xr.DataArray:
    """Points for stock run down: price x shortfall below target cover at the end, 0 or more.

    Unit: points. Shape: (variant, replication, region, product).
    """
    totals = results.totals
    weights = [results.cost_weights(variant) for variant in results.variants]
    target_days = xr.DataArray(
        [
            [float(each["terminal_cover_days"].get(p, 0.0)) for p in results.products]
            for each in weights
        ],
        coords={name: totals[name] for name in ("variant", "product")},
        dims=("variant", "product"),
    )
    at_hand = totals["stock"] + totals["in_transit"] - totals["backlog"]
    wanted = (target_days * results.normal_demand).where(target_days > 0, 0.0)
    shortfall = (wanted - at_hand).where(target_days > 0, 0.0).clip(min=0)
    charge = by_variant(results, [each["terminal_price"] for each in weights]) * shortfall
    return charge.transpose("variant", "replication", "region", "product")
