"""The roads between regions as arrays, nearest first."""

from __future__ import annotations

import math

import numpy as np

from bloodsim.decision import RouteTable
from bloodsim.scenario import Scenario


def road_table(scenario: Scenario) -> RouteTable:
    """Return the routes of a scenario between its regions."""
    routes, index = scenario.routes, {name: i for i, name in enumerate(scenario.regions)}
    pairs: dict[tuple[str, str], tuple[float, int, int, float]] = {}
    for origin, row in routes.distances_km.items():
        for destination, straight_km in row.items():
            km = straight_km * routes.road_factor
            lead = next((t.days for t in routes.lead_times if km <= t.up_to_km), None)
            too_far = routes.longest_km is not None and km > routes.longest_km
            if origin != destination and lead is not None and not too_far:
                hours = km / routes.speed_km_per_hour
                pairs[origin, destination] = (km, lead, routes.approval_days, hours)
    for route in routes.extra:
        days = route.approval_days
        approval = routes.approval_days if days is None else days
        hours = route.hours or route.distance_km / routes.speed_km_per_hour
        pairs[route.origin, route.destination] = (
            route.distance_km,
            route.lead_days,
            approval,
            hours,
        )
    ordered = sorted(
        (km, origin, destination, lead, approval, hours)
        for (origin, destination), (km, lead, approval, hours) in pairs.items()
        if origin in index and destination in index
    )
    per_unit = {name: scenario.products[name].pieces_per_unit for name in routes.products}
    rules = routes.products.items()
    arrays = (
        np.array([index[o] for _, o, *_ in ordered], dtype=np.int64),
        np.array([index[d] for _, _, d, *_ in ordered], dtype=np.int64),
        np.array([km for km, *_ in ordered], dtype=np.float64),
        np.array([lead for _, _, _, lead, *_ in ordered], dtype=np.int64),
    )
    own = {(r.origin, r.destination): r.vehicles_per_day for r in routes.extra}
    stated = [own.get((origin, destination)) for _, origin, destination, *_ in ordered]
    for array in arrays:  # policies see this very table
        array.flags.writeable = False
    unlimited = np.iinfo(np.int32).max
    return RouteTable(
        origin=arrays[0],
        destination=arrays[1],
        distance_km=arrays[2],
        lead_days=arrays[3],
        lot_pieces={p: max(1, round(r.lot_units * per_unit[p])) for p, r in rules},
        smallest_pieces={p: math.ceil(r.smallest_shipment_units * per_unit[p]) for p, r in rules},
        largest_pieces={
            p: unlimited
            if r.largest_shipment_units is None
            else int(r.largest_shipment_units * per_unit[p])
            for p, r in rules
        },
        min_life_days={p: r.min_life_days for p, r in rules},
        approval_days=np.array([days for *_, days, _ in ordered], dtype=np.int64),
        barred={
            p: np.array([hours > r.max_transit_hours for *_, hours in ordered])
            for p, r in rules
            if r.max_transit_hours is not None
        },
        vehicles_per_day=np.array([-1 if n is None else n for n in stated], dtype=np.int64),
    )
