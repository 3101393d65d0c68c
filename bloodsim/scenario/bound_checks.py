"""The semantic pass over the bound of transfers: what its books do not hold would make it wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bloodsim.scenario.problems import Path, Problem

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario


def check_bound(scenario: Scenario) -> Iterator[Problem]:
    """Yield every way into or out of stock that run.bound_transfers does not count.

    The bound's balance is releases and receipts in, issues and outdates out. Where units come or go
    otherwise, a real trajectory is not feasible in it, and its value no bound.
    """
    if not scenario.run.bound_transfers:
        return
    for here, what in _unknown_flows(scenario):
        hint = f"leave it out, or set run.bound_transfers: false ({'.'.join(here)})"
        yield Problem(("run", "bound_transfers"), f"the bound does not know {what}", hint)


def _unknown_flows(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    if scenario.ordering:
        yield ("ordering",), "replenishment orders"
    if scenario.derivations:
        yield ("derivations",), "products made from stock"
    for name, shock in scenario.shocks.items():
        if shock.recall is not None:
            yield ("shocks", name, "recall"), "recalls"
    for name, demand in scenario.demand.items():
        for urgency, rule in demand.classes.items():
            crossmatch = rule.crossmatch
            if crossmatch is not None and crossmatch.extra_share > 0:
                path = ("demand", name, "classes", urgency, "crossmatch")
                yield path, "units that are issued beyond need and returned"
    for name, rules in scenario.routes.products.items():
        if rules.transit_loss_share > 0:
            here = ("routes", "products", name, "transit_loss_share")
            yield here, "losses on the way"
