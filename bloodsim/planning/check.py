"""The plan in the simulator, on the same luck as no plan and as the proportional rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bloodsim import metrics, policies
from bloodsim.cost import coefficients
from bloodsim.decision import Plan, Policy, Shipments, Snapshot
from bloodsim.experiment import prepare
from bloodsim.planning.shipments import Sendable
from bloodsim.planning.solve import Solved
from bloodsim.planning.verdict import (
    AT_THE_END,
    COST,
    COST_OF_PRODUCT,
    LOST,
    ProductVerdict,
    verdict,
    verdict_on_products,
)
from bloodsim.provenance import OpeningStock
from bloodsim.results import Results
from bloodsim.scenario import Proportional, Scenario

WITHOUT, RULE, PLAN = "without", "proportional", "plan"
"""Variants of the check: agreements alone; the proportional rule; the plan's firm shipments, after
which the rule follows."""

CHECK_COLUMNS = (
    "indicator",
    "product",
    "unit",
    "without",
    "proportional",
    "plan",
    "plan_minus_without",
    "plan_minus_without_half_width",
    "plan_minus_proportional",
    "plan_minus_proportional_half_width",
)
"""Columns of the check: means, and paired differences with half-widths of 95 % intervals."""


@dataclass(frozen=True)
class Promise:
    """One row of a replayed plan: pieces per group along a route of the route table."""

    product: str
    route: int
    pieces: tuple[int, ...]


@dataclass(frozen=True)
class Replay:
    """Promise a plan's shipments on their dates, whatever the stocks are; then follow rules.

    Parameters
    ----------
    promises : mapping of ISO date to promises
        What leaves on which day; floors and lots of the origin cut it.
    later : tuple of (date, policy)
        What decides from a day on, each every so many days as it likes.
    review_days : int
        Days between two looks at the list.
    """

    promises: Mapping[str, tuple[Promise, ...]]
    later: tuple[tuple[date, Policy], ...] = ()
    review_days: int = 1

    @property
    def products(self) -> frozenset[str]:
        """Products of which something is promised."""
        return frozenset(each.product for day in self.promises.values() for each in day)

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return today's promises, and what the rules decide."""
        n = snapshot.n_replications
        shipments: list[Shipments] = []
        for start, policy in self.later:
            days = (snapshot.date - start).days
            if days >= 0 and days % policy.review_days == 0:
                shipments += policy(snapshot).shipments
        return Plan(
            shipments=tuple(shipments),
            commitments=tuple(
                Shipments(
                    promise.product,
                    np.full(n, promise.route),
                    np.arange(n),
                    np.tile(np.array(promise.pieces, np.int32), (n, 1)),
                )
                for promise in self.promises.get(snapshot.date.isoformat(), ())
            ),
        )


def replay(
    solved: Sequence[Solved],
    sent: Sequence[Sendable],
    start: date,
    firm_days: int,
    rule: Proportional,
) -> Replay:
    """Return the policy that sends a plan's firm shipments, and then follows the rule."""
    by_day: dict[str, list[Promise]] = {}
    later = []
    for item, sendable in zip(solved, sent, strict=True):
        network = item.today.network
        firm = item.today.firm_days(firm_days)
        own = rule.model_copy(update={"products": (item.today.product,)})
        later.append((start + timedelta(days=firm), policies.build(own)))
        for shipment in sendable.shipments:
            if network.slots.start[shipment.slot] < firm:
                day = start + timedelta(days=int(network.slots.start[shipment.slot]))
                pieces = tuple(shipment.pieces.tolist())
                promise = Promise(shipment.product, int(network.route[shipment.arc]), pieces)
                by_day.setdefault(day.isoformat(), []).append(promise)
    return Replay({day: tuple(promises) for day, promises in by_day.items()}, tuple(later))


@dataclass(frozen=True)
class Check:
    """What the simulator says of a plan.

    Parameters
    ----------
    days, replications : int
        First days of the plan that were simulated, in how many random worlds.
    table : pandas.DataFrame
        `CHECK_COLUMNS`.
    regions : pandas.DataFrame
        Mean cover over these days by region and product: ``without``, ``plan``, and their paired
        ``difference`` with ``half_width``.
    adds : str
        ``better``, ``worse`` or ``undecided``: the plan's cost beside the rule's, by the interval
        of their paired difference; ``untested`` where nothing leaves in the firm days.
    verdict : str
        The same in a sentence, and the warnings of products.
    products : tuple of ProductVerdict
        Each product by its own requests and points: the large ones drown the small in the cost.
    results : Results
        The runs, for charts: variants ``without``, ``proportional`` and ``plan``.
    """

    days: int
    replications: int
    table: pd.DataFrame
    regions: pd.DataFrame
    adds: str
    verdict: str
    products: tuple[ProductVerdict, ...]
    results: Results


def check(
    scenario: Scenario,
    plan: Replay,
    sharing: Proportional,
    replications: int,
    shelves: OpeningStock | None,
    workers: int = 1,
) -> Check:
    """Simulate the scored days with the plan, without it and with the proportional rule.

    All collect what is collected without transfers, so that nobody gains by donations: a region
    that gives has less stock, and would call more donors.

    Parameters
    ----------
    scenario : Scenario
        Its scored days are those of the check.
    plan : Replay
        The plan's shipments.
    sharing : Proportional
        The rule it is compared with.
    replications : int
        Random worlds, the same for all three.
    shelves : mapping of product to int array, optional
        Stock at the start.
    workers : int
        Processes.
    """
    compared: dict[str, Policy] = {
        WITHOUT: Replay({}),
        RULE: policies.build(sharing),
        PLAN: plan,
    }
    run = prepare(scenario, replications, variants=[], policies=compared, opening_stock=shelves)
    frozen = scenario.set(f"variants.{WITHOUT}", []).set(
        "policies.collection", {"kind": "frozen", "of": WITHOUT}
    )
    variants = tuple(
        variant if variant.name == WITHOUT else replace(variant, scenario=frozen)
        for variant in run.variants
    )
    results = replace(run, variants=variants).simulate(workers)
    table = _table(results)
    planned = sharing.products or tuple(scenario.routes.products)
    own = verdict_on_products(
        table,
        {name: scenario.products[name].label.en or name for name in planned},
        {name: results.unit_label(name) for name in planned},
        plan.products,
    )
    adds, says = verdict(table, bool(plan.products))
    says = "; ".join([says, *(each.says for each in own if each.warning)])
    regions = _regions(results)
    return Check(results.scored_days, replications, table, regions, adds, says, own, results)


def rule(scenario: Scenario) -> Proportional:
    """Return the proportional rule of the scenario or its variants, else with default settings."""
    own = [scenario, *(scenario.variant(name) for name in scenario.variants)]
    for one in own:
        if isinstance(one.policies.transfer, Proportional):
            return one.policies.transfer
    return Proportional()


def _table(results: Results) -> pd.DataFrame:
    totals = results.totals
    unmet = (totals["lost_emergency"] + totals["lost_urgent"]).sum("region")
    flows: list[tuple[str, xr.DataArray, str]] = [
        (LOST, unmet, ""),
        ("elective cancelled", totals["cancelled_elective"].sum("region"), ""),
        ("outdated", totals["outdated"].sum("region"), ""),
        ("mean cover", metrics.mean_cover_days(results), "days"),
        ("region-days below red", totals["days_below_red"].sum("region"), "region-days"),
        ("shipped", metrics.transfer_units(results), ""),
        ("shipments", metrics.shipments(results), "shipments"),
        ("not shipped of what was promised", metrics.not_shipped(results), ""),
        (COST_OF_PRODUCT, _cost_by_product(results), "points"),
    ]
    rows = []
    for product in results.products:
        for name, values, unit in flows:
            one = values.sel(product=product)
            rows.append(_row(name, product, unit or results.unit_label(product), one))
    ends = metrics.terminal_charge(results).sum(["region", "product"])
    rows.append(_row(COST, "", "points", metrics.cost(results)))
    rows.append(_row(AT_THE_END, "", "points", ends))
    return pd.DataFrame(rows, columns=list(CHECK_COLUMNS))


def _cost_by_product(results: Results) -> xr.DataArray:
    """Return the points of flows and of low stock at the end; weights are one for all variants."""
    weights = coefficients(results.cost_weights(WITHOUT))
    points = metrics.terminal_charge(results)
    for flow, weight in weights.items():
        points = points + weight * results.totals[flow]
    return points.sum("region")


def _row(name: str, product: str, unit: str, values: xr.DataArray) -> tuple[Any, ...]:
    means = [float(values.sel(variant=variant).mean()) for variant in (WITHOUT, RULE, PLAN)]
    paired: list[float] = []
    for other in (WITHOUT, RULE):
        difference = values.sel(variant=PLAN) - values.sel(variant=other)
        interval = metrics.interval(difference.values)
        paired += [interval.mean, interval.half_width]
    return (name, product, unit, *means, *paired)


def _regions(results: Results) -> pd.DataFrame:
    cover = results.totals["cover_days_sum"] / results.scored_days
    rows = []
    for product in results.products:
        for region in results.regions:
            one = cover.sel(product=product, region=region)
            difference = metrics.interval((one.sel(variant=PLAN) - one.sel(variant=WITHOUT)).values)
            means = [float(one.sel(variant=variant).mean()) for variant in (WITHOUT, PLAN)]
            rows.append((region, product, *means, difference.mean, difference.half_width))
    columns = ["region", "product", "without", "plan", "difference", "half_width"]
    return pd.DataFrame(rows, columns=columns)
