"""The semantic pass over what hospitals ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from bloodsim.scenario.demand import (
    ConstantCounts,
    Demand,
    DemandClass,
    Distribution,
    EmpiricalCounts,
    PoissonCounts,
)
from bloodsim.scenario.problems import Path, Problem, nearest

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario
    from bloodsim.scenario.collection import Product

_SHARE_TOLERANCE = 1e-6


def check_demand(scenario: Scenario, first_day: date) -> Iterator[Problem]:
    """Return what cannot be meant about requests; *first_day* begins the warm-up."""
    for name, demand in scenario.demand.items():
        here: Path = ("demand", name)
        product = scenario.products.get(name)
        for urgency, settings in demand.classes.items():
            path = (*here, "classes", urgency)
            if product is not None:
                yield from _ages(path, settings, product)
            yield from _waiting(scenario, path, settings, name)
        yield from _distribution((*here, "distribution"), demand.distribution)
        if demand.variance_to_mean != 1 and not isinstance(demand.distribution, PoissonCounts):
            message = f"variance_to_mean does not apply to {demand.distribution.kind} counts"
            hint = "leave it out, or take distribution: {kind: poisson}"
            yield Problem((*here, "variance_to_mean"), message, hint, level="warning")
        yield from _measures(scenario, (*here, "measures"), demand, first_day)
    yield from _regional(scenario)
    yield from _traces(scenario, first_day)


def _ages(path: Path, settings: DemandClass, product: Product) -> Iterator[Problem]:
    """Find windows of age that no unit, or every unit, is in."""
    delay, life = max(1, product.test_delay_days), product.shelf_life_days
    if settings.fresh is not None:
        younger, here = settings.fresh.younger_than_days, (*path, "fresh", "younger_than_days")
        if younger <= delay:
            message = f"no unit is younger than {younger} days: release takes {delay} days"
            yield Problem(here, message, f"more than {delay}")
        if younger > life:
            message = f"{younger} days are longer than the shelf life ({life} days)"
            yield Problem(here, message, "every unit is as young: leave fresh out, or lower it")
    if settings.crossmatch is not None and settings.crossmatch.return_days >= life - delay:
        days = settings.crossmatch.return_days
        message = f"units that are away for {days} days come back outdated"
        hint = f"less than {life - delay}: shelf life {life} days, of which {delay} until release"
        yield Problem((*path, "crossmatch", "return_days"), message, hint)


def _waiting(
    scenario: Scenario, path: Path, settings: DemandClass, product: str
) -> Iterator[Problem]:
    if path[-1] == "emergency" and settings.known_ahead_days:
        message = "emergencies are not known ahead"
        yield Problem((*path, "known_ahead_days"), message, "0; booked requests are elective")
    routes, patience = scenario.routes, settings.patience_days
    reactions = [step.days + routes.approval_days for step in routes.lead_times]
    if not routes.distances_km:
        reactions = []
    for road in routes.extra:
        own = road.approval_days
        reactions.append(road.lead_days + (routes.approval_days if own is None else own))
    if product in routes.products and reactions:
        shortest = min(reactions)
        if 0 < patience < shortest:
            message = (
                f"who waits gives up after {patience} days; help from other regions takes at "
                f"least {shortest}, approval included"
            )
            hint = "0 if nobody waits, else as long as approval and a shipment take"
            yield Problem((*path, "patience_days"), message, hint, level="warning")


def _distribution(here: Path, found: Distribution) -> Iterator[Problem]:
    if not isinstance(found, EmpiricalCounts):
        return
    if found.shares:
        total = sum(found.shares)
        if len(found.shares) != len(found.values):
            message = f"{len(found.shares)} shares for {len(found.values)} values"
            yield Problem((*here, "shares"), message, "one for each value, or none")
            return
        if abs(total - 1) > _SHARE_TOLERANCE:
            message = f"the shares of the values sum to {total:.6g}"
            yield Problem((*here, "shares"), message, "they must sum to 1")
    shares = found.shares or (1.0,) * len(found.values)
    if not any(v > 0 and s > 0 for v, s in zip(found.values, shares, strict=True)):
        yield Problem((*here, "values"), "every value is 0", "give a day with requests")


def _measures(scenario: Scenario, here: Path, demand: Demand, first_day: date) -> Iterator[Problem]:
    for index, measure in enumerate(demand.measures):
        path = (*here, str(index))
        if measure.to_date < measure.from_date:
            message = f"to_date ({measure.to_date}) is before from_date ({measure.from_date})"
            yield Problem((*path, "to_date"), message, "swap the two")
        elif measure.to_date < first_day or measure.from_date > scenario.run.score_end:
            message = f"{measure.from_date} to {measure.to_date} lies outside the run"
            hint = f"the run is {first_day} to {scenario.run.score_end}"
            yield Problem(path, message, hint, level="warning")
        yield from _unknown(measure.regions, scenario.regions, "region", (*path, "regions"))


def _regional(scenario: Scenario) -> Iterator[Problem]:
    for name, region in scenario.regions.items():
        here: Path = ("regions", name, "demand_distribution")
        yield from _unknown(region.demand_distribution, scenario.products, "product", here)
        for product, found in region.demand_distribution.items():
            path = (*here, product)
            yield from _distribution(path, found)
            has_mean = not isinstance(found, ConstantCounts | PoissonCounts)
            if not has_mean and product not in region.demand_per_day:
                message = f"{found.kind} counts have no mean of their own"
                yield Problem(path, message, f"give regions.{name}.demand_per_day.{product}")


def _traces(scenario: Scenario, first_day: date) -> Iterator[Problem]:
    here: Path = ("demand_trace",)
    yield from _unknown(scenario.demand_trace, scenario.products, "product", here)
    for name, trace in scenario.demand_trace.items():
        outside = [day for day in trace if not first_day <= day <= scenario.run.score_end]
        if outside:
            message = f"{len(outside)} of {len(trace)} dates lie outside the run: {min(outside)}"
            hint = f"the run is {first_day} to {scenario.run.score_end}; they are not used"
            yield Problem((*here, name), message, hint, level="warning")
        for region in sorted({region for row in trace.values() for region in row}):
            yield from _unknown([region], scenario.regions, "region", (*here, name))
        product = scenario.products.get(name)
        if product is not None:
            yield from _whole_pieces((*here, name), trace, product.pieces_per_unit)


def _whole_pieces(
    here: Path, trace: Mapping[date, Mapping[str, float]], per_unit: int
) -> Iterator[Problem]:
    for day, row in trace.items():
        for region, units in row.items():
            if abs(units * per_unit - round(units * per_unit)) > 1e-6:
                message = f"{units:g} units are no whole number of pieces"
                path = (*here, day.isoformat(), region)
                yield Problem(path, message, f"a multiple of {1 / per_unit:g}")


def _unknown(
    names: Iterable[str], known: Mapping[str, object], what: str, here: Path
) -> Iterator[Problem]:
    for name in names:
        if name not in known:
            yield Problem((*here, name), f"unknown {what} '{name}'", nearest(name, known))
