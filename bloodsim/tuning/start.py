"""Where a search starts: the scenario of a variant, or of a kind of policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from bloodsim.scenario import Scenario, ScenarioError
from bloodsim.scenario.merge import Tree, merge, nested
from bloodsim.scenario.policies import CollectionPolicy, TransferPolicy
from bloodsim.scenario.problems import Problem, nearest
from bloodsim.tuning.ranges import policy_fields

_BLOCKS = ("transfer", "collection")


@dataclass(frozen=True)
class Start:
    """The scenario whose values are tuned.

    Parameters
    ----------
    name : str
        Policy as it was named.
    scenario : Scenario
        Complete, without variants.
    variant : str
        Variant that it is, or "" for the scenario with a kind of policy set.
    changes : dict
        Tree of what it changes in the scenario.
    """

    name: str
    scenario: Scenario
    variant: str
    changes: Tree

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of its policies, the one that was named first."""
        policies = self.scenario.policies
        kinds = (policies.transfer.kind, policies.collection.kind)
        return tuple(sorted(kinds, key=lambda kind: kind != self.name))

    @property
    def fields(self) -> tuple[str, ...]:
        """Numbers of its policies."""
        return tuple(policy_fields(self.scenario))


def starting_point(scenario: Scenario, name: str) -> Start:
    """Return where to start for the name of a variant or of a kind of policy.

    A kind stands for the first variant that has it, else for the scenario with the kind's
    defaults.

    Raises
    ------
    ScenarioError
        A name that is neither, with the nearest spelling.
    """
    kinds = {kind: block for block in _BLOCKS for kind in _kinds(block)}
    if name not in scenario.variants and name not in kinds:
        known = dict.fromkeys([*scenario.variants, *kinds])
        message = f"no variant and no policy '{name}'"
        raise ScenarioError([Problem(("policy",), message, nearest(name, known))])
    variant = name if name in scenario.variants else ""
    for other in scenario.variants if not variant else ():
        block = kinds[name]
        if getattr(scenario.variant(other).policies, block).kind == name:
            variant = other
            break
    changes: Tree = {}
    if variant:
        for override in scenario.variants[variant]:
            changes = merge(changes, scenario.overrides[override])
        found = scenario.variant(variant)
    else:
        changes = nested(f"policies.{kinds[name]}", {"kind": name})
        found = Scenario.from_mapping(merge(scenario.raw, changes), provenance=scenario.provenance)
    return Start(name, _alone(found), variant, changes)


def _alone(scenario: Scenario) -> Scenario:
    """Return the scenario without variants: candidates are quicker to check."""
    tree = scenario.raw
    tree.pop("overrides", None)
    tree.pop("variants", None)
    return Scenario.from_mapping(tree, scenario.variant_name, scenario.provenance)


def _kinds(block: str) -> Iterator[str]:
    """Yield the kinds that a block of policies may have."""
    union = TransferPolicy if block == "transfer" else CollectionPolicy
    for form in get_args(get_args(union)[0]):
        yield form.model_fields["kind"].default
