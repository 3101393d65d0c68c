"""The semantic pass over vehicles: what they carry, and how many a road has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bloodsim.scenario.problems import Problem, nearest

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario


def check_vehicles(scenario: Scenario) -> Iterator[Problem]:
    """Return what cannot be meant about vehicles."""
    yield from _kinds(scenario)
    yield from _own_numbers(scenario)


def _kinds(scenario: Scenario) -> Iterator[Problem]:
    """Find vehicles for what does not travel, and those too small for a shipment."""
    used: dict[str, str] = {}
    for kind, vehicle in scenario.routes.vehicles.items():
        here = ("routes", "vehicles", kind)
        capacity = vehicle.units_per_vehicle * vehicle.vehicles_per_day
        for index, name in enumerate(vehicle.products):
            path = (*here, "products", str(index))
            load = scenario.routes.products.get(name)
            if load is None:
                hint = nearest(name, scenario.routes.products)
                yield Problem(path, f"no route carries {name}", hint)
                continue
            if name in used:
                message = f"{name} already travels in '{used[name]}'"
                yield Problem(path, message, "one kind of vehicle per product")
            used[name] = kind
            least = max(load.lot_units, load.smallest_shipment_units)
            if capacity < least:
                message = f"{capacity:g} units a day are less than a shipment of {name}"
                hint = f"lots and smallest shipments are {least:g} units"
                yield Problem((*here, "units_per_vehicle"), message, hint)


def _own_numbers(scenario: Scenario) -> Iterator[Problem]:
    """Find roads whose own number of vehicles means nothing, or cannot carry a shipment."""
    routes = scenario.routes
    for index, route in enumerate(routes.extra):
        here = ("routes", "extra", str(index), "vehicles_per_day")
        if route.vehicles_per_day is None:
            continue
        if not routes.vehicles:
            message = "the road has a number of vehicles, but no kind of vehicle is described"
            yield Problem(here, message, "add routes.vehicles", level="warning")
        for vehicle in routes.vehicles.values():
            units = vehicle.units_per_vehicle * route.vehicles_per_day
            for name in filter(routes.products.__contains__, vehicle.products):
                load = routes.products[name]
                least = max(load.lot_units, load.smallest_shipment_units)
                if 0 < units < least:
                    message = f"{units:g} units a day are less than a shipment of {name}"
                    hint = f"lots and smallest shipments are {least:g} units; 0 closes the road"
                    yield Problem(here, message, hint)
