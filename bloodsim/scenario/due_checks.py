"""The semantic pass over what agreements have due: nothing, too little, too much, no way back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from bloodsim.scenario.agreements import Agreement
from bloodsim.scenario.problems import Path, Problem
from bloodsim.scenario.seasonal import Floats, agreed_units, profile_factors, shipping_days
from bloodsim.seasons import Calendar, CalendarError

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

_TOLERANCE = 1e-6


def check_due(scenario: Scenario, first_day: date) -> Iterator[Problem]:
    """Warn of agreements that cannot ship what they have due, and of swaps left unbalanced."""
    days = (scenario.run.score_end - first_day).days + 1
    known = [
        (index, item)
        for index, item in enumerate(scenario.agreements)
        if all(n in scenario.profiles for n in (item.season, item.return_season) if n)
        and item.product in scenario.routes.products
    ]
    if days < 1 or not known:
        return
    dates = [first_day + timedelta(days=day) for day in range(days)]
    try:
        factors = _Factors(scenario, dates, scenario.calendar.build())
        for index, item in known:
            yield from _agreement(scenario, item, ("agreements", str(index)), dates, factors)
    except CalendarError:  # said elsewhere
        return


class _Factors:
    """Daily multipliers of profiles, each worked out once."""

    def __init__(self, scenario: Scenario, dates: list[date], calendar: Calendar) -> None:
        self.scenario, self.calendar = scenario, calendar
        self.days = np.array(dates, dtype="datetime64[D]")
        self.found: dict[str, Floats] = {}

    def __call__(self, name: str) -> Floats:
        if name not in self.found:
            profile = self.scenario.profiles[name]
            self.found[name] = profile_factors(profile, self.days, self.calendar)
        return self.found[name]


def _agreement(
    scenario: Scenario, item: Agreement, here: Path, dates: list[date], factors: _Factors
) -> Iterator[Problem]:
    out, back = agreed_units(item, dates, factors)
    if not out.any():
        message = f"nothing of {item.origin} to {item.destination} is due within the run"
        hint = f"the run, with its warm-up, lasts from {dates[0]} to {dates[-1]}"
        yield Problem(here, message, hint, level="warning")
        return
    if item.swap and not back.any():
        message = (
            f"the swap cannot balance: {item.destination} owes {out.sum():,.0f} units, but "
            "return_season is 0 on all its dates within the run"
        )
        hint = "later dates, or a season that is open within them"
        yield Problem((*here, "return_season"), message, hint, level="warning")
    ships = shipping_days(item, dates)
    ways = [(item.origin, item.destination, out)]
    if item.swap:
        ways.append((item.destination, item.origin, back))
    for origin, destination, due in ways:
        yield from _loads(scenario, item, here, (origin, destination), _at_once(due, ships))


def _at_once(due: Floats, ships: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    """Return what comes due by each shipping day since the one before (units)."""
    return np.diff(np.cumsum(due)[ships], prepend=0.0)


def _loads(
    scenario: Scenario, item: Agreement, here: Path, way: tuple[str, str], loads: Floats
) -> Iterator[Problem]:
    """Warn where shipments are above what may travel at once, or below the smallest."""
    origin, destination = way
    rule = scenario.routes.products[item.product]
    most, least = _largest(scenario, item.product, way), rule.smallest_shipment_units
    unbalanced = ": the swap cannot balance" if item.swap else ""
    largest = float(loads.max(initial=0.0))
    if largest > most + _TOLERANCE:
        message = (
            f"up to {largest:,.4g} units from {origin} to {destination} come due at once, "
            f"{most:,.4g} may travel{unbalanced}"
        )
        hint = "smaller every_days, longer seasons, or larger shipments and vehicles"
        yield Problem(here, message, hint, level="warning")
    elif 0 < largest < least:
        message = (
            f"no more than {largest:,.4g} units from {origin} to {destination} come due at once, "
            f"less than the smallest shipment of {least:,.4g}{unbalanced}"
        )
        yield Problem(here, message, "larger every_days: nothing is shipped", level="warning")
    hours = _hours(scenario, way)
    if rule.max_transit_hours is not None and hours > rule.max_transit_hours:
        message = (
            f"{origin} to {destination} takes {hours:,.4g} hours, {item.product} may travel "
            f"{rule.max_transit_hours:g}{unbalanced}"
        )
        yield Problem(here, message, "nothing would be shipped", level="warning")


def _largest(scenario: Scenario, product: str, way: tuple[str, str]) -> float:
    """Return the units that may travel at once on a road."""
    routes = scenario.routes
    stated = routes.products[product].largest_shipment_units
    most = float("inf") if stated is None else stated
    own = {(road.origin, road.destination): road.vehicles_per_day for road in routes.extra}
    for vehicle in routes.vehicles.values():
        if product in vehicle.products:
            number = own.get(way)
            number = vehicle.vehicles_per_day if number is None else number
            most = min(most, vehicle.units_per_vehicle * number)
    return most


def _hours(scenario: Scenario, way: tuple[str, str]) -> float:
    """Return how long a road takes; 0 where there is none."""
    routes, hours = scenario.routes, 0.0
    straight = routes.distances_km.get(way[0], {}).get(way[1])
    if straight is not None:
        hours = straight * routes.road_factor / routes.speed_km_per_hour
    for road in routes.extra:
        if (road.origin, road.destination) == way:
            hours = road.hours or road.distance_km / routes.speed_km_per_hour
    return hours
