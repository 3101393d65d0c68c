"""The semantic pass over routes and what travels on them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from bloodsim.scenario.problems import Path, Problem, nearest
from bloodsim.scenario.vehicle_checks import check_vehicles

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario


def check_routes(scenario: Scenario) -> Iterator[Problem]:
    """Return what cannot be meant about routes and what travels on them."""
    yield from _ends(scenario)
    yield from _lead_times(scenario)
    yield from _loads(scenario)
    yield from check_vehicles(scenario)


def _ends(scenario: Scenario) -> Iterator[Problem]:
    here: Path = ("routes", "distances_km")
    path: Path
    for origin, row in scenario.routes.distances_km.items():
        if origin not in scenario.regions:
            yield _unknown(scenario, origin, (*here, origin))
        for destination, km in row.items():
            path = (*here, origin, destination)
            if destination not in scenario.regions:
                yield _unknown(scenario, destination, path)
            elif origin == destination and km > 0:
                message = f"a distance of {km:g} km from {origin} to itself"
                yield Problem(path, message, "leave it out, or write 0")
    for index, route in enumerate(scenario.routes.extra):
        path = ("routes", "extra", str(index))
        for end in ("origin", "destination"):
            name = getattr(route, end)
            if name not in scenario.regions:
                yield _unknown(scenario, name, (*path, end))
        if route.origin == route.destination:
            message = f"a route from {route.origin} to itself"
            yield Problem((*path, "destination"), message, "name another region")


def _unknown(scenario: Scenario, name: str, path: Path) -> Problem:
    return Problem(path, f"unknown region '{name}'", nearest(name, scenario.regions))


def _lead_times(scenario: Scenario) -> Iterator[Problem]:
    """Find lead times out of order, and travel that outlasts what travels."""
    steps = scenario.routes.lead_times
    here: Path = ("routes", "lead_times")
    if any(after.up_to_km <= before.up_to_km for before, after in pairwise(steps)):
        yield Problem(here, "up_to_km does not rise", "write the nearest first")
    lives = {
        name: scenario.products[name].shelf_life_days
        for name in scenario.routes.products
        if name in scenario.products
    }
    leads: list[tuple[Path, int]] = [
        ((*here, str(index), "days"), step.days) for index, step in enumerate(steps)
    ]
    leads += [
        (("routes", "extra", str(index), "lead_days"), route.lead_days)
        for index, route in enumerate(scenario.routes.extra)
    ]
    for path, days in leads:
        for name, life in lives.items():
            if days >= life:
                message = (
                    f"a lead time of {days} days is not shorter than the shelf life of {name} "
                    f"({life} days): nothing would arrive usable"
                )
                hint = f"shorten it, or take {name} out of routes.products"
                yield Problem(path, message, hint)


def _loads(scenario: Scenario) -> Iterator[Problem]:
    for name, load in scenario.routes.products.items():
        here = ("routes", "products", name)
        product = scenario.products.get(name)
        if product is None:
            yield Problem(here, f"unknown product '{name}'", nearest(name, scenario.products))
            continue
        if load.min_life_days >= product.shelf_life_days:
            message = (
                f"min_life_days ({load.min_life_days}) is not below the shelf life "
                f"({product.shelf_life_days} days): nothing could travel"
            )
            yield Problem((*here, "min_life_days"), message, "days of life left on arrival")
        pieces = load.lot_units * product.pieces_per_unit
        if abs(pieces - round(pieces)) > 1e-9:
            message = f"a lot of {load.lot_units:g} units is no whole number of pieces"
            hint = f"a multiple of {1 / product.pieces_per_unit:g}"
            yield Problem((*here, "lot_units"), message, hint)
        largest = load.largest_shipment_units
        if largest is None:
            continue
        if load.smallest_shipment_units > largest:
            message = (
                f"the smallest shipment ({load.smallest_shipment_units:g}) is above the largest"
            )
            hint = f"largest_shipment_units is {largest:g}"
            yield Problem((*here, "smallest_shipment_units"), message, hint)
        if load.lot_units > largest:
            message = f"a lot ({load.lot_units:g} units) is larger than the largest shipment"
            hint = f"largest_shipment_units is {largest:g}"
            yield Problem((*here, "lot_units"), message, hint)
