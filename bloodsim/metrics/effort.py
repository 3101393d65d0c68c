"""What supply took: donations, collected units, transfers, and the one cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from bloodsim.cost import (
    coefficients,
    collection_coefficients,
    terminal_price,
    terminal_shortfall,
    terminal_target_units,
)
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
    weights = [results.cost_weights(variant) for variant in results.variants]
    linear = [coefficients(each) for each in weights]
    for name in linear[0]:
        points = points + by_variant(results, [each[name] for each in linear]) * totals[name]
    by_region = over(points, "product") + collection_cost(results, "region")
    by_region = by_region.transpose("variant", "replication", "region")
    return over(by_region, "region") if by == "nation" else by_region


def collection_cost(results: Results, by: Scope = "nation") -> xr.DataArray:
    """The part of the one cost that collection makes: donations and team-days.

    Unit: points. Shape: (variant, replication[, region]).
    """
    effort = [collection_coefficients(results.cost_weights(v)) for v in results.variants]
    by_region: xr.DataArray | float = 0.0
    for name in effort[0]:
        column = _team_days(results) if name == "team_days" else name
        price = by_variant(results, [each[name] for each in effort])
        by_region = by_region + price * over(results.collection[column], "channel")
    assert isinstance(by_region, xr.DataArray)
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
    demand = results.normal_demand
    target = demand.copy()
    for v, each in enumerate(weights):
        for p, product in enumerate(results.products):
            target[v, :, p] = terminal_target_units(each, product, demand[v, :, p].values)
    target, stock = xr.broadcast(target, totals["stock"])
    dims = ("variant", "replication", "region", "product")
    short = stock.transpose(*dims).copy(
        data=terminal_shortfall(
            target.transpose(*dims).values,
            *(totals[name].transpose(*dims).values for name in ("stock", "in_transit", "backlog")),
        )
    )
    charge = by_variant(results, [terminal_price(each) for each in weights]) * short
    return charge.transpose(*dims)
