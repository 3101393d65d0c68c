"""Calendars of collection planned before a run, from worlds rehearsed on luck of their own.

A variant whose drives are placed by calendar is planned once: its reference variant is simulated on
dedicated planning paths, a linear program finds when and where to collect (`optimize.joint`), the
plan itself is rehearsed, and so on for a few rounds. Each shock that becomes known within the run
makes a further edition of the plan, from a rehearsal that knows it; what is committed by then
stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from bloodsim.decision import Policy
from bloodsim.model.world import World, compile_world
from bloodsim.planning_paths import CollectionPlan, PlanningPaths
from bloodsim.policies.optimized_collection import EPOCH_DAYS, Edition, carrying_out
from bloodsim.provenance import OpeningStock, Variant
from bloodsim.rehearsal.booking import booking_editions
from bloodsim.rehearsal.paths import Staging, collection_world, rehearse
from bloodsim.scenario import (
    FrozenCollection,
    OptimizedCollection,
    PreCollect,
    Problem,
    Scenario,
    ScenarioError,
)

_known: dict[str, tuple[Edition, ...]] = {}


def with_calendars(
    variants: Sequence[Variant], opening_stock: OpeningStock | None = None
) -> tuple[Variant, ...]:
    """Return the variants; those placed by calendar with a policy that carries out their plan.

    Raises
    ------
    ScenarioError
        A reference variant that is not simulated along, or cannot be one.
    """
    by_name = {variant.name: variant for variant in variants}
    return tuple(_planned(variant, by_name, opening_stock) for variant in variants)


def _planned(
    variant: Variant, by_name: Mapping[str, Variant], opening_stock: OpeningStock | None
) -> Variant:
    settings = variant.scenario.policies.collection
    if not isinstance(settings, OptimizedCollection) or settings.placed_by == "policy":
        return variant
    if settings.placed_by == "booking":
        planned = booking_editions(variant.scenario, settings, variant.policy)
        return replace(variant, policy=carrying_out(variant.policy, planned, settings))
    reference = _reference(variant, settings, by_name)
    key = _key(variant.scenario, settings, reference, opening_stock)
    if key not in _known:
        _known[key] = _editions(variant.scenario, settings, reference, opening_stock)
    return replace(variant, policy=carrying_out(variant.policy, _known[key], settings))


def _reference(
    variant: Variant, settings: OptimizedCollection, by_name: Mapping[str, Variant]
) -> Variant:
    """Return whose donations the plan may use: the named variant, or regulated collection."""
    if settings.reference is None:
        tree = variant.scenario.raw
        tree.setdefault("policies", {})["collection"] = {"kind": "regulated"}
        return replace(variant, scenario=Scenario.from_mapping(tree, variant.name))
    found = by_name.get(settings.reference)
    kinds = (FrozenCollection, OptimizedCollection)
    if found is None or isinstance(found.scenario.policies.collection, kinds):
        path = ("variants", variant.name, "policies", "collection", "reference")
        hint = "run it together with a variant whose collection is regulated or pre_collect"
        message = f"'{settings.reference}' cannot be the reference of a calendar"
        raise ScenarioError([Problem(path, message, hint)])
    return found


def _key(
    scenario: Scenario,
    settings: OptimizedCollection,
    reference: Variant,
    opening_stock: OpeningStock | None,
) -> str:
    tree = scenario.resolved()
    for part in ("policies", "name", "title", "description", "inputs"):
        tree.pop(part)
    tree["run"].pop("seed")
    tree["run"].pop("replications")
    stock = {name: sha256(a.tobytes()).hexdigest() for name, a in (opening_stock or {}).items()}
    with_policies = [
        tree,
        settings.model_dump(mode="json"),
        reference.scenario.hash,
        stock,
    ]
    return json.dumps(with_policies, sort_keys=True)


# --- editions -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Planner:
    """One world as known on a day, and the variant whose donations count."""

    world: World
    settings: OptimizedCollection
    reference: Policy
    reference_world: World
    warmup: Policy
    uplift: PreCollect | None
    opening_stock: OpeningStock | None

    def rehearsed(self, plan: CollectionPlan | None) -> PlanningPaths:
        """Return the planning paths under a plan, or under the reference (None)."""
        if plan is None:
            return rehearse(
                self.reference_world,
                self.settings.product,
                range(self.settings.paths),
                Staging(self.reference, self.warmup, self.uplift, False, self.opening_stock),
            )
        first = Edition(self.world.score_first, plan)
        policy = carrying_out(self.reference, (first,), self.settings)
        return rehearse(
            self.world,
            self.settings.product,
            range(self.settings.paths),
            Staging(policy, self.warmup, None, True, self.opening_stock),
        )


def _editions(
    scenario: Scenario,
    settings: OptimizedCollection,
    reference: Variant,
    opening_stock: OpeningStock | None,
) -> tuple[Edition, ...]:
    from bloodsim.optimize.joint import Agreed  # its libraries are loaded where a plan is made

    collection = reference.scenario.policies.collection
    uplift = collection if isinstance(collection, PreCollect) else None
    whole = compile_world(scenario)
    editions: list[Edition] = []
    for day in _days_of_news(whole):
        planner = _Planner(
            compile_world(_as_known(scenario, whole, day)),
            settings,
            reference.policy,
            compile_world(_as_known(reference.scenario, compile_world(reference.scenario), day)),
            reference.warmup,
            uplift,
            opening_stock,
        )
        agreed = None
        if editions:
            since = day - whole.score_first
            commit = whole.drives.table.commit_days if whole.drives else 0
            review = -(-since // EPOCH_DAYS) * EPOCH_DAYS
            agreed = Agreed(editions[-1].plan, review + commit, review)
        plan = _rounds(planner, agreed)
        editions.append(Edition(day, plan))
    return tuple(editions)


def _days_of_news(world: World) -> list[int]:
    """Return the first day of planning, and the days on which a shock becomes known."""
    first = world.score_first
    later = {s.known_from for s in world.shocks if first < s.known_from < world.n_days}
    return [first, *sorted(later)]


def _as_known(scenario: Scenario, world: World, day: int) -> Scenario:
    """Return the scenario with those shocks alone that are known on a day."""
    unknown = [
        name
        for name, shock in zip(scenario.shocks, world.shocks, strict=True)
        if shock.known_from > day
    ]
    if not unknown:
        return scenario
    tree: dict[str, Any] = scenario.raw
    tree["shocks"] = {k: v for k, v in tree.get("shocks", {}).items() if k not in unknown}
    return Scenario.from_mapping(tree, scenario.variant_name)


def _rounds(planner: _Planner, agreed: Any) -> CollectionPlan:
    """Return the plan after a few rounds of planning and rehearsing it."""
    from bloodsim.optimize.joint import plan_collection
    from bloodsim.rehearsal.donor_outlook import later_points

    fixed = collection_world(planner.world, planner.settings, planner.reference)
    reference = planner.rehearsed(None)
    donations = reference.donations
    plan = plan_collection(fixed, reference, reference, agreed, donations)
    for _ in range(planner.settings.rounds - 1):
        latest = planner.rehearsed(plan)
        # Turnout is clipped and donors tire: plan for more, or less, by what came too little.
        donations += reference.donations - latest.donations
        if planner.settings.donor_value and fixed.later_points is None:
            later = later_points(planner.world, planner.settings.product, fixed, latest)
            fixed = replace(fixed, later_points=later)
        plan = plan_collection(fixed, reference, latest, agreed, donations)
    return plan
