"""The semantic pass over calendars that are planned before a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bloodsim.scenario.policies import OptimizedCollection
from bloodsim.scenario.problems import Problem, unknown_names

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

_HERE = ("policies", "collection")


def check_calendar(scenario: Scenario, policy: OptimizedCollection) -> Iterator[Problem]:
    """Yield what a calendar cannot be planned for."""
    yield from unknown_names([policy.product], scenario.products, "product", _HERE, "product")
    if policy.reference is not None:
        names = [policy.reference]
        yield from unknown_names(names, scenario.variants, "variant", _HERE, "reference")
    product = scenario.products.get(policy.product)
    if product is None:
        return
    resources = scenario.resources
    for kind in ("organisations", "organisation_pools"):
        for name, source in getattr(resources, kind).items():
            channel = scenario.channels.get(source.channel)
            if channel is not None and channel.gift != product.source:
                message = f"a calendar for {policy.product} places visits of {source.channel}"
                hint = (
                    f"{source.channel} collects {channel.gift}; make the calendar for its product"
                )
                yield Problem(("resources", kind, name, "channel"), message, hint)
    if policy.donor_value:
        if scenario.donor_pools.whole_blood is None or product.source != "whole_blood":
            message = f"no pool of donors stands behind {policy.product}"
            hint = "add donor_pools: {whole_blood: {}}, and plan a product of whole blood"
            yield Problem((*_HERE, "donor_value"), message, hint)
        if policy.rounds < 2:
            message = "donor_value is read off the second round's paths"
            yield Problem((*_HERE, "rounds"), message, "ask for 2 rounds or more")


def check_booking(scenario: Scenario, policy: OptimizedCollection) -> Iterator[Problem]:
    """Yield what bookings cannot be planned for."""
    yield from unknown_names([policy.product], scenario.products, "product", _HERE, "product")
    product = scenario.products.get(policy.product)
    if product is not None and product.source != "apheresis":
        message = f"donors of {policy.product} are not booked"
        yield Problem((*_HERE, "product"), message, "name a product of apheresis: platelets")
    if scenario.resources.drives is not None:
        message = "bookings leave drives to nobody"
        yield Problem((*_HERE, "placed_by"), message, "use placed_by: calendar, or no drives")
