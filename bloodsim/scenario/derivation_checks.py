"""The semantic pass over products that are made from stock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bloodsim.scenario.problems import Path, Problem, unknown_names
from bloodsim.scenario.span_checks import unknown_regions

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario
    from bloodsim.scenario.derivations import Derivation

_TRIGGERS = ("share_per_day", "up_to_units", "up_to_cover_days")


def check_derivations(scenario: Scenario) -> Iterator[Problem]:
    """Return what cannot be meant about products made from stock."""
    made = {rule.product for rule in scenario.derivations}
    for name, product in scenario.products.items():
        if product.source == "derived" and name not in made:
            message = "nothing makes it"
            hint = f"add an item to derivations with product: {name}"
            yield Problem(("products", name, "source"), message, hint)
    for index, rule in enumerate(scenario.derivations):
        yield from _rule(scenario, rule, ("derivations", str(index)))


def _rule(scenario: Scenario, rule: Derivation, here: Path) -> Iterator[Problem]:
    yield from unknown_names([rule.of], scenario.products, "product", here, "of")
    yield from unknown_names([rule.product], scenario.products, "product", here, "product")
    yield from unknown_regions(scenario, rule.regions, here)
    given = [name for name in _TRIGGERS if getattr(rule, name) is not None]
    if len(given) != 1:
        message = f"{' and '.join(given)} are given" if given else "how much is made?"
        yield Problem(here, message, f"give one of {', '.join(_TRIGGERS)}")
    elif not getattr(rule, given[0]):
        yield Problem((*here, given[0]), "nothing is ever made", level="warning")
    product = scenario.products.get(rule.product)
    if rule.of == rule.product:
        yield Problem((*here, "product"), "a product cannot be made of itself", "name another")
    elif product is not None and product.source != "derived":
        message = f"the source of {rule.product} is {product.source.replace('_', ' ')}"
        yield Problem((*here, "product"), message, f"products.{rule.product}.source: derived")
    used, seen = rule.of, {rule.product}
    while used not in seen:  # a chain must begin with something that is collected
        seen.add(used)
        used = next((r.of for r in scenario.derivations if r.product == used), used)
    if used == rule.product and rule.of != rule.product:
        message = f"{rule.product} is made of itself, through {rule.of}"
        yield Problem((*here, "of"), message, "a chain begins with what is collected")
