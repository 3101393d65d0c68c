"""The semantic pass over plans on sampled paths: small networks, and what they take for granted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bloodsim.scenario.policies import SampledPlan
from bloodsim.scenario.problems import Path, Problem

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

SMALL_NETWORK = 12
"""Regions of the largest network that is planned on sampled paths: roads grow with their square."""


def check_sampled(scenario: Scenario, policy: SampledPlan, here: Path) -> Iterator[Problem]:
    """Yield networks that are too large, products not issued oldest first, nothing to plan."""
    if len(scenario.regions) > SMALL_NETWORK:
        message = f"{len(scenario.regions)} regions are too many to plan on sampled paths"
        yield Problem((*here, "kind"), message, f"up to {SMALL_NETWORK}; or kind: optimized")
    planned = {item.product for item in scenario.ordering} | set(scenario.routes.products)
    if not planned:
        message = "there is nothing to plan: no region orders and nothing travels"
        yield Problem((*here, "kind"), message, "add ordering, or routes.products")
    for name in sorted(planned & set(policy.products or planned) & set(scenario.products)):
        order = scenario.products[name].issue_order
        if order != "oldest":
            message = f"plans on sampled paths take {name} to be issued oldest first, not {order}"
            hint = "on one hospital they then cost more than ordering up to a tuned target"
            yield Problem((*here, "kind"), message, hint, level="warning")
