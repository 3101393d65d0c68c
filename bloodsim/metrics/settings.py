"""What the manifest tells of variants: who shares a world, a collection, a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from bloodsim.results import Results

Facts = dict[str, Any]

_NEEDED = {"collection", "world", "alert_cuts", "policy", "cost_weights"}


def settings(results: Results) -> dict[str, Facts]:
    """Return the facts of every variant that the manifest knows well enough.

    Variants of drawn parameters are left out: their worlds are not one.
    """
    variants = results.manifest.get("variants", {})
    return {
        name: variants[name]
        for name in results.variants
        if set(variants.get(name, {})) >= _NEEDED and "parameters" not in variants[name]
    }


def same_world(one: Facts, other: Facts) -> bool:
    """Whether two variants differ in nothing but policies."""
    return all(one[key] == other[key] for key in ("world", "alert_cuts", "cost_weights"))


def is_told(facts: Facts) -> bool:
    """Whether a variant was told the future: an estimate, and no policy."""
    return "foresight='perfect'" in str(facts.get("policy", ""))


def plans_transfers(facts: Facts) -> bool:
    """Whether transfers are planned by an optimizer that was not told the future."""
    return "policies.optimized.Optimizing" in str(facts["policy"]) and not is_told(facts)


def planned(results: Results) -> set[str]:
    """Return the variants whose transfers or collection an optimizer plans, as far as known."""
    return {
        name
        for name, facts in settings(results).items()
        if plans_transfers(facts) or facts["collection"].get("kind") == "optimized"
    }


def in_another_world(results: Results, name: str) -> set[str]:
    """Return the variants that surely differ from one in more than policies."""
    known = settings(results)
    if name not in known:
        return set()
    return {other for other in known if not same_world(known[name], known[other])}


def same_collection(results: Results, name: str) -> list[str]:
    """Return the variants, itself included, with the same donors in every region and channel."""
    given = results.collection["donations"]
    own, apart = given.sel(variant=name).values, in_another_world(results, name)
    return [
        other
        for other in results.variants
        if other not in apart and np.array_equal(given.sel(variant=other).values, own)
    ]
