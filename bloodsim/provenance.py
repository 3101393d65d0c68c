"""What a result rests on: scenario, luck, policies, calendar, inputs; the same for every block."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import Policy
from bloodsim.load import assumed_inputs, sources
from bloodsim.model.world import World, compile_world
from bloodsim.policies.identity import identity
from bloodsim.results import environment
from bloodsim.scenario import Problem, Scenario, ScenarioError

OpeningStock = Mapping[str, NDArray[np.integer]]


@dataclass(frozen=True)
class Variant:
    """A complete scenario under a name, and the policies that decide in it and in its warm-up."""

    name: str
    scenario: Scenario
    policy: Policy
    warmup: Policy
    draws: bool = False
    """Whether each replication draws the numbers of its regions (see `sampling`)."""


def provenance(
    scenario: Scenario,
    variants: Sequence[Variant],
    seed: int,
    opening_stock: OpeningStock | None = None,
) -> dict[str, Any]:
    """Return the manifest of a run (see `results.Results` for its keys)."""
    world = compile_world(scenario)
    inputs = assumed_inputs(scenario)
    return {
        "scenario": {
            "name": scenario.name,
            "hash": scenario.hash,
            "title": scenario.title.model_dump(),
        },
        "run_hash": run_hash(variants, opening_stock),
        "seed": seed,
        "score_start": scenario.run.score_start.isoformat(),
        "score_end": scenario.run.score_end.isoformat(),
        "warmup_days": world.score_first,
        "conservation": "exact",
        "regions": {
            name: region.model_dump(include={"name_zh", "name_en", "tile_row", "tile_col"})
            for name, region in scenario.regions.items()
        },
        "products": _products(scenario),
        "normal_demand": _normal_demand(world),
        **_calendar(world),
        "cost_weights": scenario.cost.model_dump(mode="json"),
        "variants": {v.name: _variant(v) for v in variants},
        "assumed_inputs": inputs.assumed + inputs.unstated,
        "inputs": {kind: getattr(inputs, kind) for kind in ("read", "derived", "fitted", "total")},
        "input_hashes": sources(scenario),
        "warnings": [str(warning) for warning in scenario.warnings()],
        "environment": environment(),
    }


def run_hash(variants: Sequence[Variant], opening_stock: OpeningStock | None = None) -> str:
    """Return a hash (hex) of all that decides the numbers of a run, but for the seed."""
    digest = sha256()
    for variant in variants:
        deciders = f"{_identity(variant, variant.policy)}{_identity(variant, variant.warmup)}"
        digest.update(f"{variant.name}{variant.scenario.hash}{deciders}".encode())
    for product, pieces in (opening_stock or {}).items():
        digest.update(product.encode() + np.ascontiguousarray(pieces, dtype=np.int64).tobytes())
    return digest.hexdigest()


def _identity(variant: Variant, policy: Policy) -> str:
    try:
        return identity(policy)
    except TypeError as error:
        message = f"the policy of variant '{variant.name}' cannot be told from others: {error}"
        hint = "keep plain values and arrays in its attributes, or make it a dataclass"
        raise ScenarioError([Problem(("policies", variant.name), message, hint)]) from None


def _variant(variant: Variant) -> dict[str, Any]:
    """Return the facts of a variant that indicators and charts need."""
    scenario = variant.scenario
    reference = getattr(scenario.policies.collection, "reference", None)
    return {
        **({"parameters": "sampled"} if variant.draws else {}),
        **({"reference": reference} if reference else {}),
        "policy": _identity(variant, variant.policy),
        "collection": scenario.policies.collection.model_dump(mode="json"),
        **_setting(scenario),
        "hash": scenario.hash,
        "cost_weights": scenario.cost.model_dump(mode="json"),
        "unmet_share": {name: d.unmet_share for name, d in scenario.demand.items()},
        "alert_levels": {
            name: product["alert_levels"] for name, product in _products(scenario).items()
        },
        "normal_demand": _normal_demand(compile_world(scenario)),
    }


def world_key(scenario: Scenario) -> str:
    """Return what two scenarios share whose worlds are equal but for policies and cost."""
    return json.dumps(_world(scenario), sort_keys=True)


def _world(scenario: Scenario) -> dict[str, Any]:
    tree = scenario.resolved()
    for key in ("policies", "name", "title", "description", "inputs", "cost"):
        tree.pop(key)
    return tree


def _setting(scenario: Scenario) -> dict[str, Any]:
    """Return the world's hash, its alerts' cuts left out, and the cuts: what rationing is."""
    tree, cuts = _world(scenario), {}
    for name, product in tree["products"].items():
        held = {}
        for alert in product["alerts"]:
            shares = {urgency: alert.pop(f"{urgency}_cut") for urgency in ("urgent", "elective")}
            if any(shares.values()):
                held[alert["level"]] = shares
        if held:
            cuts[name] = held
    key = json.dumps(tree, sort_keys=True)
    return {"world": sha256(key.encode()).hexdigest(), "alert_cuts": cuts}


def _products(scenario: Scenario) -> dict[str, Any]:
    return {
        name: {
            "label": product.label.model_dump(),
            "unit_label": product.unit_label.model_dump(),
            "shelf_life_days": product.shelf_life_days,
            "alert_levels": {alert.level: alert.below_days for alert in product.alerts},
        }
        for name, product in scenario.products.items()
    }


def _normal_demand(world: World) -> dict[str, dict[str, float]]:
    scored = slice(world.score_first, world.score_last + 1)
    return {
        region: {
            p.name: round(float(p.normal_pieces[scored, i].mean()) / p.pieces_per_unit, 6)
            for p in world.products
        }
        for i, region in enumerate(world.regions)
    }


def _calendar(world: World) -> dict[str, Any]:
    run = world.scenario.run
    years = range(world.start.year, run.score_end.year + 1)
    return {
        "calendar": {"status": {str(year): world.calendar.status(year) for year in years}},
        "holiday_blocks": [
            {
                "key": block.key,
                "name_zh": block.name_zh,
                "name_en": block.name_en,
                "start": block.start.isoformat(),
                "end": block.end.isoformat(),
            }
            for block in world.calendar.holiday_blocks(run.score_start, run.score_end)
        ],
    }
