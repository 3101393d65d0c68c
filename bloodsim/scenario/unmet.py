"""The same variants at several levels of the unmet share, which nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bloodsim.scenario.problems import Problem, ScenarioError, nearest

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

LEVELS = (0.0, 0.01, 0.03, 0.05)
"""Unmet shares to compare: none is known, the true one may lie anywhere between."""

MARK = "_unmet_"
"""Stands between the name of a variant and the level in percent: ``practice_unmet_3``."""

_KEYS = ("of", "reference")
"""Where a collection names another variant."""


def with_unmet_levels(
    scenario: Scenario, levels: Sequence[float] = LEVELS, variants: Sequence[str] | None = None
) -> Scenario:
    """Return the scenario with every variant at every level of the red cells' unmet share.

    Variants are named ``VARIANT_unmet_PERCENT`` and take the place of all others. Donors are the
    same at every level: what records do not show is asked for on top.

    Parameters
    ----------
    scenario : Scenario
        With variants.
    levels : sequence of float
        Unmet shares, 0 to 0.5.
    variants : sequence of str, optional
        Which; default: all.

    Raises
    ------
    ScenarioError
        No or unknown variants, or a level out of range.
    """
    names = list(scenario.variants if variants is None else variants)
    problems = [
        Problem(("variants", name), f"unknown variant '{name}'", nearest(name, scenario.variants))
        for name in names
        if name not in scenario.variants
    ]
    problems += [] if problems else _missing(scenario, names)
    if not names:
        problems.append(Problem(("variants",), "there is no variant to compare at several levels"))
    if problems:
        raise ScenarioError(problems)
    products = [n for n, p in scenario.products.items() if p.compatibility == "red_cells"]
    patches: dict[str, Any] = {}
    chosen: dict[str, list[str] | None] = dict.fromkeys(scenario.variants)
    for name in names:
        for level in levels:
            label = level_name(level)
            patches[label] = {"demand": {p: {"unmet_share": level} for p in products}}
            mark = f"{MARK}{label.rpartition('_')[2]}"
            own = _at_level(scenario, name, names, mark)
            patches |= own
            kept = [each + mark if each + mark in own else each for each in scenario.variants[name]]
            chosen[name + mark] = [*kept, label]
    return scenario.set("overrides", patches).set("variants", chosen)


def _rests_on(scenario: Scenario, variant: str) -> dict[str, str]:
    """Return the other variants that a variant's collection names, by key."""
    collection: dict[str, Any] = {}
    trees = (scenario.raw, *(scenario.overrides.get(n, {}) for n in scenario.variants[variant]))
    for tree in trees:
        patch = (tree.get("policies") or {}).get("collection") or {}
        if patch.get("kind", collection.get("kind")) != collection.get("kind"):
            collection = {}  # another kind replaces all
        collection = collection | patch
    return {key: collection[key] for key in _KEYS if collection.get(key)}


def _missing(scenario: Scenario, names: Sequence[str]) -> list[Problem]:
    """Find variants that rest on one which is not to be compared."""
    return [
        Problem(
            ("variants", name),
            f"rests on '{other}', which is not among the variants to compare",
            f"compare {other},{name}",
        )
        for name in names
        for other in _rests_on(scenario, name).values()
        if other in scenario.variants and other not in names
    ]


def _at_level(
    scenario: Scenario, variant: str, names: Sequence[str], mark: str
) -> dict[str, dict[str, Any]]:
    """Return the patches of a variant that point at another one, pointed at its twin instead."""
    found = {}
    for patch in scenario.variants[variant]:
        tree = scenario.overrides.get(patch, {})
        collection = (tree.get("policies") or {}).get("collection") or {}
        twins = {key: collection[key] + mark for key in _KEYS if collection.get(key) in names}
        if twins:
            policies = {**tree["policies"], "collection": {**collection, **twins}}
            found[patch + mark] = {**tree, "policies": policies}
    return found


def level_name(level: float) -> str:
    """Return the name of the override of a level: ``unmet_3`` for 0.03, ``unmet_2p5``."""
    return f"unmet_{100 * level:g}".replace(".", "p").replace("-", "minus")
