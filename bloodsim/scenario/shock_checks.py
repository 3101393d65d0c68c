"""The semantic pass over shocks and alert levels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bloodsim.scenario.problems import Path, Problem, nearest, unknown_names

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario
    from bloodsim.scenario.shocks import Shock, StockRecall


def check_shocks(scenario: Scenario) -> Iterator[Problem]:
    """Yield what is wrong with the shocks of a scenario."""
    run = scenario.run
    for name, shock in scenario.shocks.items():
        here = ("shocks", name)
        if shock.to_date < shock.from_date:
            message = f"to_date ({shock.to_date}) is before from_date ({shock.from_date})"
            yield Problem((*here, "to_date"), message, "the last day of the shock")
        elif shock.from_date > run.score_end or shock.to_date < run.score_start:
            message = "the shock is not within the scored days"
            hint = f"{run.score_start} to {run.score_end}"
            yield Problem((*here, "from_date"), message, hint, level="warning")
        yield from unknown_names(shock.regions, scenario.regions, "region", here, "regions")
        yield from unknown_names(shock.channels, scenario.channels, "channel", here, "channels")
        demands = (*here, "demand_factor")
        yield from unknown_names(shock.demand_factor, scenario.products, "product", demands)
        changes = shock.demand_factor, shock.roads_closed, shock.recall
        if shock.collection_factor == shock.laboratory_share == 1 and not any(changes):
            hint = "collection_factor, demand_factor, roads_closed, laboratory_share or recall"
            yield Problem(here, "the shock changes nothing", hint, level="warning")
        if shock.recall is not None:
            yield from _recall(scenario, shock, shock.recall, (*here, "recall"))


def _recall(scenario: Scenario, shock: Shock, recall: StockRecall, here: Path) -> Iterator[Problem]:
    product = scenario.products.get(recall.product)
    if product is None:
        hint = nearest(recall.product, scenario.products)
        yield Problem((*here, "product"), f"unknown product '{recall.product}'", hint)
        return
    first, last = recall.collected_from, recall.collected_to
    if last < first:
        message = f"collected_to ({last}) is before collected_from ({first})"
        yield Problem((*here, "collected_to"), message, "swap them")
    elif first > shock.to_date:
        message = f"units collected from {first} on are recalled until {shock.to_date}"
        yield Problem((*here, "collected_from"), message, "a day before the shock's last")
    elif (shock.from_date - last).days >= product.shelf_life_days:
        message = f"what was collected until {last} has expired by {shock.from_date}"
        hint = f"shelf_life_days of {recall.product} is {product.shelf_life_days}"
        yield Problem((*here, "collected_to"), message, hint, level="warning")


def check_alert_exits(scenario: Scenario) -> Iterator[Problem]:
    """Yield alert levels that are left before they are entered."""
    for name, product in scenario.products.items():
        for number, alert in enumerate(product.alerts):
            if alert.exit_above_days is not None and alert.exit_above_days < alert.below_days:
                path = ("products", name, "alerts", str(number), "exit_above_days")
                message = f"{alert.exit_above_days:g} is below below_days ({alert.below_days:g})"
                yield Problem(path, message, "the cover from which the level is left")
