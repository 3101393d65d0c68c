"""A finished simulation as result tables: pieces become units, the replication axis comes first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bloodsim.blood import GROUPS
from bloodsim.model.demand_world import CLASSES
from bloodsim.model.ledger import FLOWS, FURTHER, Ledger
from bloodsim.model.world import World

Array = NDArray[Any]


def tabulate(
    world: World, ledger: Ledger, variant: str, replications: range, daily_replications: int
) -> dict[str, xr.Dataset]:
    """Return the tables of one variant of one block.

    Parameters
    ----------
    world : World
        The compiled scenario.
    ledger : Ledger
        Its ledger after the last day.
    variant : str
        Name of the variant.
    replications : range
        Numbers of the block's replications.
    daily_replications : int
        Replications below this number have daily values.
    """
    labels = {
        "variant": [variant],
        "replication": list(replications),
        "region": list(world.regions),
        "product": [product.name for product in world.products],
        "group": list(GROUPS),
        "channel": [channel.name for channel in world.channels],
        "origin": list(world.regions),
        "destination": list(world.regions),
    }
    per_unit = np.array([product.pieces_per_unit for product in world.products], dtype=float)
    by_product = per_unit[:, None, None]
    tables = {
        "totals": _dataset(_totals(world, ledger, by_product), "product region", labels),
        "national": _dataset(
            {
                "min_cover_days": ledger.min_cover,
                "min_cover_day": ledger.min_cover_day - world.score_first,
                "fallback_days": np.broadcast_to(ledger.fallback_days, ledger.min_cover.shape),
            },
            "product",
            labels,
        ),
        "collection": _dataset(_collection(world, ledger), "channel region", labels),
        "groups": _dataset(
            _groups(world, ledger, by_product[..., None]), "product region group", labels
        ),
        "transfers": _dataset(_od(world, ledger, by_product), "product origin destination", labels),
        "normal_demand": _normal_demand(world, labels),
    }
    kept = [r for r in replications if r < daily_replications]
    if ledger.daily is not None and kept:
        labels |= {"replication": kept, "day": _days(world)}
        tables["daily"] = _dataset(
            _daily(world, ledger, by_product, len(kept)), "day product region", labels
        )
    return tables


def _dataset(values: Mapping[str, Array], dims: str, labels: Mapping[str, Any]) -> xr.Dataset:
    """Label arrays (*dims*, R) and add the variant axis."""
    names = ("variant", *dims.split(), "replication")
    return xr.Dataset(
        {name: (names, array[None]) for name, array in values.items()},
        coords={name: labels[name] for name in names},
    )


def _sum_groups(pieces: Array) -> Array:
    return np.add.reduce(pieces, axis=2, dtype=np.int64)


def _totals(world: World, ledger: Ledger, per_unit: Array) -> dict[str, Array]:
    closing = {name: _sum_groups(state) / per_unit for name, state in ledger.states().items()}
    table = {name: _sum_groups(ledger.flows[i]) / per_unit for i, name in enumerate(FLOWS)}
    zero = np.zeros_like(table["issued"])
    table |= closing | {"opening": _sum_groups(ledger.opening["stock"]) / per_unit}
    table |= {"rationed": zero.copy(), "not_shipped": zero}
    for number, demand in enumerate(world.demands):
        rationed = ledger.rationed[number].sum(axis=1) / per_unit[demand.product]
        table["rationed"][demand.product] += rationed
    further = {name: _sum_groups(flow) / per_unit for name, flow in ledger.further.items()}
    table |= {"stock_unit_days": ledger.stock_days / per_unit}
    if ledger.orders is not None:
        table |= {"orders": ledger.orders.astype(float)}
    # The columns follow from the world, so that all its blocks have the same ones.
    table |= dict.fromkeys(_further(world), zero) | further
    table |= {"requested_fresh": zero.copy(), "unmet_fresh": zero.copy()}
    for urgency in CLASSES:
        fate = "cancelled" if urgency == "elective" else "lost"
        requested, unmet = zero.copy(), zero.copy()
        for number, demand in enumerate(world.demands):
            if demand.urgency == urgency:
                one = per_unit[demand.product]
                requested[demand.product] += ledger.requested[number].sum(axis=1) / one
                unmet[demand.product] += ledger.unmet[number].sum(axis=1) / one
                if demand.fresh_share is not None:
                    fresh = ledger.requested[number], ledger.unmet[number]
                    table["requested_fresh"][demand.product] += fresh[0].sum(axis=1) / one
                    table["unmet_fresh"][demand.product] += fresh[1].sum(axis=1) / one
        table |= {f"requested_{urgency}": requested, f"{fate}_{urgency}": unmet}
    table["requested"] = sum(table[f"requested_{urgency}"] for urgency in CLASSES)  # type: ignore[assignment]
    table["lost"] = table["lost_emergency"] + table["lost_urgent"]
    table["cancelled"] = table["cancelled_elective"]
    table["waiting_days"] = ledger.waiting_days / per_unit
    table["cover_days_sum"] = ledger.cover_sum
    for i, colour in enumerate(("blue", "yellow", "orange", "red")):
        known = np.array([not np.isnan(p.alert_below_days[i]) for p in world.products])
        table[f"days_below_{colour}"] = np.where(
            known[:, None, None], ledger.days_below[i].astype(float), np.nan
        )
    table["age_issued_days"] = ledger.age_issued_days() / per_unit
    return table | _sent(world, ledger, per_unit)


def _further(world: World) -> list[str]:
    """Return the flows of `FURTHER` that a world can have."""
    losses = any(rule.transit_loss_share for rule in world.scenario.routes.products.values())
    found = {"lost_in_transit"} if losses else set()
    if world.orders:
        found |= {"ordered", "expedited", "supplied", "delivered", "not_shipped", "lost_in_transit"}
    if world.recalls:
        found.add("recalled")
    if world.derivations:
        found |= {"processed", "made"}
    return [name for name in FURTHER if name in found]


def _sent(world: World, ledger: Ledger, per_unit: Array) -> dict[str, Array]:
    """Return shipments and unit-kilometres by region of origin (n_products, n_regions, R)."""
    shape = ledger.cover_sum.shape
    shipments, unit_km = np.zeros(shape), np.zeros(shape)
    for route, origin in enumerate(world.routes.origin):
        shipments[:, origin] += ledger.shipments[:, route]
        km = world.routes.distance_km[route]
        unit_km[:, origin] += ledger.sent[:, route] / per_unit[:, 0] * km
    return {"shipments": shipments, "shipped_unit_km": unit_km}


def _collection(world: World, ledger: Ledger) -> dict[str, Array]:
    invited, came, donations, first_time, regular = ledger.donors
    open_days = np.zeros(invited.shape[:2], dtype=int)
    for row, channel in enumerate(world.channels):
        mean = channel.invited_mean[world.score_first : world.score_last + 1]
        open_days[row] = np.count_nonzero(mean, axis=0) * len(channel.session_hours)
    resources = world.resources
    voluntary = np.array([channel.is_voluntary for channel in world.channels], dtype=bool)
    table = {
        "sessions": np.broadcast_to(open_days[..., None], invited.shape),
        "invited": invited,
        "came": came,
        "deferred": came - donations,
        "donations": donations,
        "first_time": first_time,
        "team_days": np.broadcast_to((open_days * resources.teams)[..., None], invited.shape),
        "team_hours": np.broadcast_to((open_days * resources.team_hours)[..., None], invited.shape),
    }
    if world.pools:
        table["regular"] = regular
    if ledger.visits is not None:
        table = _with_drives(world, ledger.visits, table)
    if not voluntary.all():
        table["voluntary"] = donations * voluntary[:, None, None]
    return table


def _with_drives(world: World, visits: Array, table: dict[str, Array]) -> dict[str, Array]:
    """Add drives to sessions, team-days and team-hours, and what quotas were met."""
    assert world.drives is not None
    drives, shape = world.drives, table["invited"].shape
    held, donors = visits
    years = (world.score_last - world.score_first + 1) / 365
    due = (drives.table.quota_per_year * years)[:, None]
    teams = held * drives.table.teams_per_visit[:, None]
    at = drives.channel, drives.table.region
    added = {
        "sessions": held,
        "team_days": teams,
        "team_hours": teams * world.resources.hours[drives.channel][:, None],
        "drives": held,
        "quota_due": np.broadcast_to(due, held.shape),
        "quota_met": np.minimum(donors, due),
    }
    for name, counts in added.items():
        total = np.zeros(shape)
        np.add.at(total, at, counts)
        table[name] = table.get(name, 0) + total
    return table


def _groups(world: World, ledger: Ledger, per_unit: Array) -> dict[str, Array]:
    table = {name: ledger.flows[i] / per_unit for i, name in enumerate(FLOWS)}
    requested, unmet = np.zeros_like(table["issued"]), np.zeros_like(table["issued"])
    for number, demand in enumerate(world.demands):
        requested[demand.product] += ledger.requested[number]
        unmet[demand.product] += ledger.unmet[number]
    return table | {
        "opening": ledger.opening["stock"] / per_unit,
        "stock": ledger.states()["stock"] / per_unit,
        "requested": requested / per_unit,
        "unmet": unmet / per_unit,
    }


def _od(world: World, ledger: Ledger, per_unit: Array) -> dict[str, Array]:
    n_products, _, n = ledger.sent.shape
    units = np.zeros((n_products, world.n_regions, world.n_regions, n))
    shipments = np.zeros_like(units)
    routes = world.routes
    units[:, routes.origin, routes.destination] = ledger.sent / per_unit
    shipments[:, routes.origin, routes.destination] = ledger.shipments
    return {"units": units, "shipments": shipments}


def _daily(world: World, ledger: Ledger, per_unit: Array, kept: int) -> dict[str, Array]:
    assert ledger.daily is not None
    record = {name: np.stack(rows)[..., :kept] for name, rows in ledger.daily.items()}
    per_unit = per_unit.astype(np.float32)
    table = {}
    for name in FLOWS:
        table[name] = np.diff(record[name], axis=0, prepend=0) / per_unit
    for name in ("stock", "in_test", "in_transit", "backlog"):
        table[name] = record[name] / per_unit
    for name in _further(world):
        late = np.zeros_like(record["issued"])  # nothing is recorded before it first happens
        if name in record:
            late[len(late) - len(record[name]) :] = record[name]
        table[name] = np.diff(late, axis=0, prepend=0) / per_unit
    if "orders" in record:
        table["orders"] = np.diff(record["orders"], axis=0, prepend=0)
    opening = _sum_groups(ledger.opening["stock"])[..., :kept] / per_unit
    table["opening"] = np.concatenate([opening[None], table["stock"][:-1]])
    for fate in ("requested", "lost", "cancelled", "rationed"):
        table[fate] = np.zeros_like(table["stock"])
    for number, demand in enumerate(world.demands):
        fate = "cancelled" if demand.urgency == "elective" else "lost"
        one = per_unit[demand.product]
        requested = np.diff(record["requested"][:, number], axis=0, prepend=0) / one
        unmet = np.diff(record["unmet"][:, number], axis=0, prepend=0) / one
        table["requested"][:, demand.product] += requested
        table[fate][:, demand.product] += unmet
        rationed = np.diff(record["rationed"][:, number], axis=0, prepend=0) / one
        table["rationed"][:, demand.product] += rationed
    normal = _normal(world).transpose(0, 2, 1)[..., None]
    table["cover_days"] = table["stock"] / np.where(normal > 0, normal, np.inf)
    return {name: array.astype(np.float32, copy=False) for name, array in table.items()} | {
        "alert": record["alert"].astype(np.int8)
    }


def _days(world: World) -> Array:
    start = world.date(world.score_first)
    count = world.score_last - world.score_first + 1
    return np.array([start + timedelta(days=i) for i in range(count)], dtype="datetime64[ns]")


def _normal(world: World) -> Array:
    """Return normal-day demand on scored days (n_days, n_regions, n_products), units a day."""
    scored = slice(world.score_first, world.score_last + 1)
    return np.stack([p.normal_pieces[scored] / p.pieces_per_unit for p in world.products], axis=-1)


def _normal_demand(world: World, labels: Mapping[str, Any]) -> xr.Dataset:
    return xr.Dataset(
        {"units": (("variant", "day", "region", "product"), _normal(world)[None])},
        coords={"day": _days(world)} | {n: labels[n] for n in ("variant", "region", "product")},
    )
