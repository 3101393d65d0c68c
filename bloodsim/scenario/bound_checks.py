"""The semantic pass over the bound of transfers: what its books do not hold would make it wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from bloodsim.scenario.problems import Path, Problem

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario


def check_bound(scenario: Scenario) -> Iterator[Problem]:
    """Yield every way into or out of stock that a bound that is asked for does not count.

    The bound's balance is releases and receipts in, issues and outdates out. Where units come or go
    otherwise, a real trajectory is not feasible in it, and its value no bound. That of collection
    also has to know all donors, and when what they give is released.
    """
    if scenario.run.bound_transfers:
        yield from _refused("bound_transfers", _unknown_flows(scenario))
    if scenario.run.bound_joint:
        unknown = [*_unknown_flows(scenario), *_unknown_donors(scenario)]
        yield from _refused("bound_joint", unknown)


def _refused(field: str, unknown: Iterable[tuple[Path, str]]) -> Iterator[Problem]:
    for here, what in unknown:
        hint = f"leave it out, or set run.{field}: false ({'.'.join(here)})"
        yield Problem(("run", field), f"the bound does not know {what}", hint)


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


def _unknown_donors(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    if scenario.resources.laboratories:
        yield ("resources", "laboratories"), "laboratories that are closed on some days"
    for name, shock in scenario.shocks.items():
        if shock.laboratory_share < 1:
            yield ("shocks", name, "laboratory_share"), "outages of laboratories"
    if scenario.donor_pools.teams:
        yield ("donor_pools", "teams"), "donors on call"
    if scenario.donor_pools.replacement:
        yield ("donor_pools", "replacement"), "relatives who give"
