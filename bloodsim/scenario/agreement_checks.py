"""The semantic pass over agreements, fixed shipments and what roads carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bloodsim.scenario.agreements import Agreement, FixedShipment
from bloodsim.scenario.horizon import first_day
from bloodsim.scenario.problems import Path, Problem, nearest

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

YEAR_DAYS = 365


def check_agreements(scenario: Scenario) -> Iterator[Problem]:
    """Return what cannot be meant about agreements, fixed shipments and floors."""
    for index, item in enumerate(scenario.agreements):
        yield from _agreement(scenario, item, ("agreements", str(index)))
    policy = scenario.policies.transfer
    for index, shipment in enumerate(getattr(policy, "shipments", ())):
        here = ("policies", "transfer", "shipments", str(index))
        if not first_day(scenario) <= shipment.date <= scenario.run.score_end:
            message = f"{shipment.date} is not within the run: nothing will be shipped"
            hint = f"{first_day(scenario)} to {scenario.run.score_end}"
            yield Problem((*here, "date"), message, hint, level="warning")
        yield from _way(scenario, shipment, here)
        yield from _size(scenario, shipment, here)
    yield from _ageing(scenario)
    yield from _floors(scenario)
    yield from _reserves(scenario)


def _agreement(scenario: Scenario, item: Agreement, here: Path) -> Iterator[Problem]:
    yield from _way(scenario, item, here)
    if (item.units_per_day is None) == (item.units_per_year is None):
        yield Problem(here, "how much flows?", "give units_per_day or units_per_year, not both")
    for field in ("season", "return_season"):
        name = getattr(item, field)
        if name is not None and name not in scenario.profiles:
            hint = nearest(name, scenario.profiles)
            yield Problem((*here, field), f"unknown profile '{name}'", hint)
    if item.from_date and item.to_date and item.to_date < item.from_date:
        message = f"to_date ({item.to_date}) is before from_date ({item.from_date})"
        yield Problem((*here, "to_date"), message, "the last day of the flow")
    if not item.swap:
        if item.return_season is not None:
            yield Problem((*here, "return_season"), "nothing flows back", "add swap: true")
        return
    back = (item.destination, item.origin)
    if back not in _roads(scenario):
        message = f"no road leads back from {item.destination} to {item.origin}"
        yield Problem((*here, "swap"), message, "a swap needs both ways")
    if _never(scenario, item.return_season):
        message = "the swap cannot balance: its return season is 0 on every day"
        yield Problem((*here, "return_season"), message, "a profile that is open at some time")
    first = max(filter(None, (item.from_date, scenario.run.score_start)))
    last = min(filter(None, (item.to_date, scenario.run.score_end)))
    if (last - first).days + 1 < YEAR_DAYS:
        message = "the swap balances within less than a year"
        hint = "what flows back is scaled to what flowed out within the dates and the run"
        yield Problem((*here, "swap"), message, hint, level="warning")


def _never(scenario: Scenario, name: str | None) -> bool:
    """Whether a profile is 0 throughout."""
    profile = scenario.profiles.get(name or "")
    return profile is not None and len(profile.month) == 12 and not any(profile.month.values())


def _way(scenario: Scenario, item: Agreement | FixedShipment, here: Path) -> Iterator[Problem]:
    """Find unknown ends, missing roads and products that do not travel."""
    unknown = False
    for end in ("origin", "destination"):
        name = getattr(item, end)
        if name not in scenario.regions:
            unknown = True
            hint = nearest(name, scenario.regions)
            yield Problem((*here, end), f"unknown region '{name}'", hint)
    if not unknown and (item.origin, item.destination) not in _roads(scenario):
        message = f"no road leads from {item.origin} to {item.destination}"
        yield Problem((*here, "destination"), message, "add one under routes")
    if item.product not in scenario.routes.products:
        message = f"no route carries {item.product}"
        hint = nearest(item.product, scenario.routes.products)
        yield Problem((*here, "product"), message, hint)


def _size(scenario: Scenario, shipment: FixedShipment, here: Path) -> Iterator[Problem]:
    load = scenario.routes.products.get(shipment.product)
    if load is None:
        return
    if load.largest_shipment_units is not None and shipment.units > load.largest_shipment_units:
        message = f"{shipment.units:g} units are more than the largest shipment"
        hint = f"largest_shipment_units is {load.largest_shipment_units:g}"
        yield Problem((*here, "units"), message, hint)
    if shipment.units < load.smallest_shipment_units:
        message = f"{shipment.units:g} units are less than the smallest shipment"
        hint = f"smallest_shipment_units is {load.smallest_shipment_units:g}"
        yield Problem((*here, "units"), message, hint)


def _ageing(scenario: Scenario) -> Iterator[Problem]:
    policy = scenario.policies.transfer
    if policy.kind != "move_ageing":
        return
    seen: set[str] = set()
    for index, route in enumerate(policy.routes):
        here = ("policies", "transfer", "routes", str(index))
        if (route.origin, route.destination) not in _roads(scenario):
            message = f"no road leads from {route.origin} to {route.destination}"
            yield Problem(here, message, "add one under routes")
        if route.origin in seen:
            message = f"{route.origin} sends to two regions"
            yield Problem(here, message, "one road per origin: it takes all that is ageing")
        seen.add(route.origin)


def _roads(scenario: Scenario) -> set[tuple[str, str]]:
    """Return the pairs of regions with a road."""
    routes = scenario.routes
    longest = routes.longest_km or float("inf")
    steps = max((step.up_to_km for step in routes.lead_times), default=0.0)
    pairs = {
        (origin, destination)
        for origin, row in routes.distances_km.items()
        for destination, km in row.items()
        if km * routes.road_factor <= min(longest, steps)
    }
    return pairs | {(route.origin, route.destination) for route in routes.extra}


def _floors(scenario: Scenario) -> Iterator[Problem]:
    """Warn of floors that a region does not aim to be above."""
    for name, load in scenario.routes.products.items():
        for channel, found in scenario.channels.items():
            rule = found.regulation
            if rule is None or rule.product != name or not rule.target_cover_days:
                continue
            target = max(rule.target_cover_days.values())
            if load.floor_days > target:
                message = f"a floor of {load.floor_days:g} days is above the highest target cover"
                hint = f"'{channel}' aims at {target:g} days: hardly any commitment could ship"
                path = ("routes", "products", name, "floor_days")
                yield Problem(path, message, hint, level="warning")
        hours = load.max_transit_hours
        shortest = min((r.hours for r in scenario.routes.extra if r.hours), default=None)
        only = not scenario.routes.distances_km and shortest is not None
        if hours is not None and only and shortest is not None and shortest > hours:
            path = ("routes", "products", name, "max_transit_hours")
            message = f"every road takes longer than {hours:g} hours"
            yield Problem(path, message, f"nothing carries {name}", level="warning")


def _reserves(scenario: Scenario) -> Iterator[Problem]:
    for name, product in scenario.products.items():
        for group, units in product.reserve_units.items():
            pieces = units * product.pieces_per_unit
            if abs(pieces - round(pieces)) > 1e-9:
                message = f"{units:g} units are no whole number of pieces"
                hint = f"a multiple of {1 / product.pieces_per_unit:g}"
                yield Problem(("products", name, "reserve_units", group), message, hint)
