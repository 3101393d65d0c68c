"""The semantic pass over the order of a day, supply and ordering rules."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from bloodsim.scenario.ordering import BaseStock, LifeShares, OrderUpTo, supplier_of
from bloodsim.scenario.problems import Path, Problem, nearest
from bloodsim.scenario.run import DAY_ORDER

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario
    from bloodsim.scenario.ordering import Ordering

UNLIMITED = "unlimited"


def check_ordering(scenario: Scenario) -> Iterator[Problem]:
    """Return what cannot be meant about the order of a day, supply and ordering rules."""
    yield from _day(scenario)
    yield from _supply(scenario)
    for name, product in scenario.products.items():
        threshold = product.issue_threshold_days
        if (product.issue_order == "threshold") != (threshold is not None):
            message = "issue_order threshold and issue_threshold_days belong together"
            yield Problem(("products", name, "issue_order"), message, "give both, or neither")
        elif threshold is not None and threshold >= product.shelf_life_days:
            message = f"the threshold ({threshold} days) is not below the shelf life"
            hint = f"shelf_life_days is {product.shelf_life_days}"
            yield Problem(("products", name, "issue_threshold_days"), message, hint)
    seen: set[tuple[str, str]] = set()
    for index, item in enumerate(scenario.ordering):
        here: Path = ("ordering", str(index))
        yield from _rule(scenario, item, here)
        for region in item.regions:
            if (region, item.product) in seen:
                message = f"{region} has two rules for {item.product}"
                yield Problem((*here, "regions"), message, "one rule per region and product")
            seen.add((region, item.product))


def _day(scenario: Scenario) -> Iterator[Problem]:
    hours = scenario.run.phase_hours
    if sorted(scenario.run.day_order) != sorted(DAY_ORDER):
        message = "day_order must name every phase once"
        yield Problem(("run", "day_order"), message, ", ".join(DAY_ORDER))
        return

    def moment(phase: str, hour: float) -> tuple[float, int]:
        return hour, scenario.run.day_order.index(phase)

    issues = [
        moment(phase, hour) for phase in ("routine", "emergency") for hour in getattr(hours, phase)
    ]
    for before, after in (("release", "decide"), ("decide", "close"), ("order", "close")):
        if moment(before, getattr(hours, before)) > moment(after, getattr(hours, after)):
            message = f"{before} comes after {after}"
            hint = "the order of a day is release, decide, close"
            yield Problem(("run", "phase_hours", before), message, hint)
    if not issues:
        return
    if moment("close", hours.close) < max(issues):
        message = "the books close before the last requests are served"
        yield Problem(("run", "phase_hours", "close"), message, "such as 24")
    if min(issues) < moment("expire", hours.expire) < max(issues):
        message = "expire lies between two moments of issue"
        hint = "before the first of the day, or after the last"
        yield Problem(("run", "phase_hours", "expire"), message, hint)
    arrive, early = moment("arrive", hours.arrive), moment("decide", hours.decide)
    if scenario.ordering and early < arrive < moment("order", hours.order):
        message = "arrive lies between decide and order"
        yield Problem(("run", "phase_hours", "arrive"), message, "before both, or after both")


def _supply(scenario: Scenario) -> Iterator[Problem]:
    regions = scenario.regions
    if UNLIMITED in regions:
        message = "a region cannot be called 'unlimited'"
        yield Problem(("regions", UNLIMITED), message, "it stands for a supplier without limits")
    for name, region in regions.items():
        here = ("regions", name, "supply")
        if region.supply is None or region.supply == UNLIMITED:
            continue
        if region.supply not in regions:
            hint = nearest(region.supply, [*regions, UNLIMITED])
            yield Problem(here, f"unknown region '{region.supply}'", hint)
            continue
        parent: str | None = region.supply
        for _ in regions:
            if parent == name:
                message = f"{name} is supplied by itself, through {region.supply}"
                yield Problem(here, message, "supply must lead to unlimited, or to a collector")
                break
            parent = regions[parent].supply if parent in regions else None


def _suppliers(scenario: Scenario, product: str, name: str) -> set[str]:
    """Return a region and all that it is supplied from, directly or not, with a product."""
    found: set[str] = set()
    while name in scenario.regions and name not in found:
        found.add(name)
        item = next(
            (o for o in scenario.ordering if o.product == product and name in o.regions), None
        )
        if item is None:
            break
        name = supplier_of(item, scenario.regions[name].supply) or ""
    return found


def _rule(scenario: Scenario, item: Ordering, here: Path) -> Iterator[Problem]:
    for index, name in enumerate(item.regions):
        path = (*here, "regions", str(index))
        if name not in scenario.regions:
            hint = nearest(name, scenario.regions)
            yield Problem(path, f"unknown region '{name}'", hint)
        elif supplier_of(item, scenario.regions[name].supply) is None:
            message = f"{name} orders, but has no supply"
            yield Problem(path, message, f"give regions.{name}.supply: unlimited, or a region")
    if item.supplier not in (None, UNLIMITED, *scenario.regions):
        hint = nearest(str(item.supplier), [*scenario.regions, UNLIMITED])
        yield Problem((*here, "supplier"), f"unknown region '{item.supplier}'", hint)
    for name in item.regions if item.supplier in scenario.regions else ():
        if name in _suppliers(scenario, item.product, str(item.supplier)):
            message = f"{name} is supplied by itself, through {item.supplier}"
            yield Problem((*here, "supplier"), message, "supply must lead to a collector")
    product = scenario.products.get(item.product)
    if product is None:
        hint = nearest(item.product, scenario.products)
        yield Problem((*here, "product"), f"unknown product '{item.product}'", hint)
        return
    if isinstance(item, OrderUpTo) and item.reorder_units > item.up_to_units:
        message = f"reorder_units ({item.reorder_units:g}) is above up_to_units"
        yield Problem((*here, "reorder_units"), message, f"up_to_units is {item.up_to_units:g}")
    if isinstance(item, BaseStock) and item.target_units == 0:
        yield Problem((*here, "target_units"), "nothing is ever ordered", level="warning")
    if item.expedite and item.expedite.below_units > item.expedite.up_to_units:
        message = f"below_units ({item.expedite.below_units:g}) is above up_to_units"
        hint = f"up_to_units is {item.expedite.up_to_units:g}"
        yield Problem((*here, "expedite", "below_units"), message, hint)
    yield from _life(item, product.shelf_life_days, (*here, "life_on_arrival_days"))


def _life(item: Ordering, shelf_life_days: int, here: Path) -> Iterator[Problem]:
    life = item.life_on_arrival_days
    values = life.values if isinstance(life, LifeShares) else (life,) if life else ()
    if any(value > shelf_life_days for value in values):
        message = f"more than the shelf life ({shelf_life_days} days)"
        yield Problem(here, message, "days of issue left on arrival")
    if not isinstance(life, LifeShares):
        return
    if len(life.values) != len(life.shares) or not life.values:
        message = f"{len(life.values)} values, {len(life.shares)} shares"
        yield Problem(here, message, "one share per value")
    elif abs(sum(life.shares) - 1) > 1e-6:
        yield Problem(here, f"the shares sum to {sum(life.shares):.6g}", "they must sum to 1")
    if any(after <= before for before, after in pairwise(life.values)):
        yield Problem(here, "the values do not rise", "shortest life first")
