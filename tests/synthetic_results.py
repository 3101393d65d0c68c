"""Small results made up from balanced books, for tests of results, metrics and charts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import xarray as xr

from bloodsim.results import TABLES, Results
from bloodsim.results.tables import CLOSING, FLOWS

LEVELS = {
    "red_cells": {"blue": 7.0, "yellow": 5.0, "orange": 3.0, "red": 2.0},
    "platelets": {"blue": 2.0, "yellow": 1.5, "orange": 1.0, "red": 0.5},
    "plasma": {},
}
LABELS = {
    "red_cells": {"zh": "红细胞", "en": "Red cells"},
    "platelets": {"zh": "血小板", "en": "Platelets"},
    "plasma": {"zh": "血浆", "en": "Plasma"},
}
UNITS = {
    "red_cells": {"zh": "U", "en": "U"},
    "platelets": {"zh": "治疗量", "en": "dose"},
    "plasma": {"zh": "U", "en": "U"},
}
REGIONS = {
    "BJ": ("北京", "Beijing", 4000.0),
    "HE": ("河北", "Hebei", 3700.0),
    "SD": ("山东", "Shandong", 5200.0),
    "GD": ("广东", "Guangdong", 6800.0),
    "SC": ("四川", "Sichuan", 4300.0),
    "XZ": ("西藏", "Tibet", 60.0),
}
GROUPS = ("A_pos", "B_pos", "O_pos", "AB_pos", "A_neg", "B_neg", "O_neg", "AB_neg")
GROUP_SHARES = np.array([0.285, 0.28, 0.34, 0.088, 0.002, 0.002, 0.0025, 0.0005])
SPRING_FESTIVAL = date(2026, 2, 17)
COST_WEIGHTS = {
    "emergency_lost": 100.0,
    "urgent_lost": 30.0,
    "elective_cancelled": 10.0,
    "waiting_day": 0.3,
    "outdated": 2.0,
    "donation": 0.05,
    "team_day": 0.0,
    "shipment": 2.0,
    "unit_km": 0.0002,
    "terminal_price": 5.0,
    "terminal_cover_days": {"red_cells": 7.0},
}
DISTANCE_KM = 800.0


def synthetic_results(
    *,
    variants: tuple[str, ...] = ("none", "proportional"),
    replications: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6, 7),
    daily_replications: int | None = None,
    regions: tuple[str, ...] = tuple(REGIONS),
    products: tuple[str, ...] = ("red_cells", "platelets", "plasma"),
    start: date = date(2026, 1, 1),
    days: int = 90,
    seed: int = 7,
) -> Results:
    """A result whose books balance day by day; replication r is the same in any company."""
    shape = (len(variants), len(replications), days, len(regions), len(products))
    demand = np.array([[_scale(r, p) for p in products] for r in regions])
    books = _books(variants, replications, start, days, demand, seed)
    coords = {
        "variant": list(variants),
        "replication": list(replications),
        "day": np.datetime64(start) + np.arange(days),
        "region": list(regions),
        "product": list(products),
    }
    dims = tuple(coords)
    assert books["stock"].shape == shape
    everyday = xr.Dataset({name: (dims, array) for name, array in books.items()}, coords=coords)
    kept = len(replications) if daily_replications is None else daily_replications
    tables = {
        "totals": _totals(everyday, demand, products),
        "national": _national(everyday),
        "collection": _collection(everyday),
        "groups": _groups(everyday),
        "transfers": _transfers(everyday, regions),
        "daily": everyday.isel(replication=slice(0, kept)),
        "normal_demand": _normal_demand(everyday, demand),
    }
    return Results(tables, _manifest(variants, regions, products, start, days, demand, seed))


def _scale(region: str, product: str) -> float:
    share = {"red_cells": 1.0, "platelets": 0.08, "plasma": 0.6}[product]
    return max(round(REGIONS[region][2] * share), 2.0)


def _halves(values: np.ndarray) -> np.ndarray:
    return np.floor(np.maximum(values, 0) * 2) / 2


def _books(
    variants: tuple[str, ...],
    replications: tuple[int, ...],
    start: date,
    days: int,
    demand: np.ndarray,
    seed: int,
) -> dict[str, np.ndarray]:
    """Daily flows: opening + released + received - issued - shipped - outdated = closing."""
    shape = (len(variants), len(replications), days, *demand.shape)
    luck = np.stack(
        [np.random.default_rng([seed, r]).normal(size=(days, *demand.shape)) for r in replications]
    )
    feast = np.array([(start + timedelta(days=d) - SPRING_FESTIVAL).days for d in range(days)])
    dip = 1 - 0.75 * np.exp(-((feast - 2) ** 2) / 180)
    ease = 1 - 0.25 * np.exp(-((feast - 1) ** 2) / 60)
    depth = np.linspace(0.9, 1.1, demand.shape[0])[:, None]
    keys = (*FLOWS, *CLOSING, "alert", "cover_days")
    books = {key: np.zeros(shape) for key in keys}
    stock = np.broadcast_to(_halves(demand * 9.5), shape[:2] + demand.shape).copy()
    share = np.array([0.4 if name != "none" else 0.0 for name in variants])[:, None, None, None]
    in_transit = np.zeros_like(stock)
    for day in range(days):
        noise = 1 + 0.08 * luck[:, day]
        collected = _halves(demand * 1.06 * (1 - (1 - dip[day]) * depth) * noise)[None]
        requested = _halves(demand * ease[day] * (1 + 0.05 * np.roll(luck[:, day], 1, 1)))[None]
        collected = np.broadcast_to(collected, stock.shape)
        requested = np.broadcast_to(requested, stock.shape)
        discarded = _halves(collected * 0.02)
        opening, received = stock, in_transit
        stock = stock + collected - discarded + received
        # The best stocked region helps the least stocked one, a day on the way.
        cover = stock / demand
        give = cover == cover.max(axis=2, keepdims=True)
        need = cover == cover.min(axis=2, keepdims=True)
        amount = _halves(share * (cover.max(2, keepdims=True) - cover.min(2, keepdims=True)))
        sent = np.minimum(
            _halves(amount * np.where(give, demand, 0)).sum(2, keepdims=True),
            _halves(0.2 * np.where(give, stock, 0)).sum(2, keepdims=True),
        )
        one_each = (give.sum(2, keepdims=True) == 1) & (need.sum(2, keepdims=True) == 1)
        sent = np.where(one_each, sent, 0.0)
        shipped, in_transit = sent * give, sent * need
        stock = stock - shipped
        usable = np.maximum(stock - _halves(0.8 * demand), 0)
        issued = np.minimum(requested, usable)
        outdated = _halves(0.001 * (stock - issued))
        stock = stock - issued - outdated
        unmet = requested - issued
        now = {
            "opening": opening,
            "collected": collected,
            "discarded": discarded,
            "released": collected - discarded,
            "received": received,
            "issued": issued,
            "shipped": shipped,
            "outdated": outdated,
            "requested": requested,
            "lost": _halves(unmet * 0.25),
            "cancelled": unmet - _halves(unmet * 0.25),
            "in_transit": in_transit,
            "stock": stock,
            "cover_days": stock / demand,
        }
        for key, values in now.items():
            books[key][:, :, day] = values
    books["alert"] = (books["cover_days"][..., None] < np.array([7, 5, 3, 2])).sum(-1) * 1.0
    return books


def _totals(everyday: xr.Dataset, demand: np.ndarray, products: tuple[str, ...]) -> xr.Dataset:
    sums = everyday.sum("day")
    last = everyday.isel(day=-1, drop=True)
    out = sums.drop_vars(["alert", "cover_days"])
    for state in ("in_test", "in_transit", "stock", "backlog"):
        out[state] = last[state]
    out["opening"] = everyday["opening"].isel(day=0, drop=True)
    emergency = np.floor(sums["lost"] * 0.2 * 2) / 2
    out = out.assign(
        waiting_days=sums["lost"] * 0,
        requested_emergency=np.floor(sums["requested"] * 0.2),
        requested_urgent=np.floor(sums["requested"] * 0.3),
        lost_emergency=emergency,
        lost_urgent=sums["lost"] - emergency,
        cancelled_elective=sums["cancelled"],
        cover_days_sum=sums["cover_days"],
        age_issued_days=sums["issued"] * 11.5,
        shipments=(everyday["shipped"] > 0).sum("day") * 1.0,
        shipped_unit_km=sums["shipped"] * DISTANCE_KM,
        not_shipped=sums["shipped"] * 0,
    )
    out["requested_elective"] = (
        out["requested"] - out["requested_emergency"] - out["requested_urgent"]
    )
    for level in ("blue", "yellow", "orange", "red"):
        below = [LEVELS[product].get(level, np.nan) for product in products]
        threshold = xr.DataArray(below, coords={"product": list(products)})
        count = (everyday["cover_days"] < threshold).sum("day") * 1.0
        out[f"days_below_{level}"] = count.where(threshold.notnull())
    return out


def _national(everyday: xr.Dataset) -> xr.Dataset:
    mean = everyday["cover_days"].mean("region")
    return xr.Dataset(
        {"min_cover_days": mean.min("day"), "min_cover_day": mean.argmin("day").astype(np.int64)}
    )


def _collection(everyday: xr.Dataset) -> xr.Dataset:
    donations = np.floor(everyday["collected"].sum(["day", "product"]) / 1.7)
    street = np.floor(donations * 0.6)
    given = xr.concat([street, donations - street], dim="channel", coords="minimal")
    given = given.assign_coords(channel=["street", "group"])
    return xr.Dataset(
        {
            "sessions": given * 0 + everyday.sizes["day"],
            "invited": given + 20,
            "came": given + 10,
            "deferred": given * 0 + 10,
            "donations": given,
            "first_time": np.floor(given * 0.4),
        }
    )


def _groups(everyday: xr.Dataset) -> xr.Dataset:
    """Split by group in whole halves; the last group takes what rounding leaves."""
    names = [name for name in TABLES["groups"].variables if name != "unmet"]
    sums = everyday[names].sum("day")
    sums["opening"] = everyday["opening"].isel(day=0, drop=True)
    sums["stock"] = everyday["stock"].isel(day=-1, drop=True)
    sums["unmet"] = (everyday["lost"] + everyday["cancelled"]).sum("day")
    shares = xr.DataArray(GROUP_SHARES, coords={"group": list(GROUPS)})
    split = np.floor(sums * shares * 2) / 2
    rest = sums - split.isel(group=slice(1, None)).sum("group")
    return xr.where(split["group"] == GROUPS[0], rest, split)


def _transfers(everyday: xr.Dataset, regions: tuple[str, ...]) -> xr.Dataset:
    """The sender and the receiver of each day (at most one pair a day and product)."""
    sent = everyday["shipped"].rename(region="origin")
    bound = everyday["in_transit"].rename(region="destination")
    pair = (sent > 0) & (bound > 0)
    return xr.Dataset(
        {"units": bound.where(pair, 0.0).sum("day"), "shipments": pair.sum("day") * 1.0}
    )


def _normal_demand(everyday: xr.Dataset, demand: np.ndarray) -> xr.Dataset:
    coords = {name: everyday[name] for name in ("variant", "day", "region", "product")}
    shape = tuple(len(values) for values in coords.values())
    return xr.Dataset({"units": (tuple(coords), np.broadcast_to(demand, shape))}, coords=coords)


def _manifest(
    variants: tuple[str, ...],
    regions: tuple[str, ...],
    products: tuple[str, ...],
    start: date,
    days: int,
    demand: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    return {
        "scenario": {
            "name": "made-up-festival",
            "hash": "3fa91c7d" * 8,
            "title": {"zh": "虚构的春节", "en": "A made-up festival"},
        },
        "seed": seed,
        "score_start": start.isoformat(),
        "score_end": (start + timedelta(days=days - 1)).isoformat(),
        "regions": {
            r: {"name_zh": REGIONS[r][0], "name_en": REGIONS[r][1], "tile_row": 1, "tile_col": i}
            for i, r in enumerate(regions)
        },
        "products": {
            p: {"label": LABELS[p], "unit_label": UNITS[p], "alert_levels": LEVELS[p]}
            for p in products
        },
        "normal_demand": {
            r: {p: float(demand[i, j]) for j, p in enumerate(products)}
            for i, r in enumerate(regions)
        },
        "calendar": {"status": {"2026": "official"}},
        "holiday_blocks": [
            {
                "key": "new_year",
                "name_zh": "元旦",
                "name_en": "New Year's Day",
                "start": "2026-01-01",
                "end": "2026-01-03",
            },
            {
                "key": "spring_festival",
                "name_zh": "春节",
                "name_en": "Spring Festival",
                "start": "2026-02-15",
                "end": "2026-02-23",
            },
        ],
        "cost_weights": COST_WEIGHTS,
        "variants": {name: {"transfer": {"kind": name}} for name in variants},
        "assumed_inputs": 17,
        "environment": {"bloodsim": "0.1.0"},
    }
