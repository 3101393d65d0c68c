"""Who decides: transfer policies by the kind a scenario names, and those registered from Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bloodsim.decision import Policy
from bloodsim.policies.ad_hoc import ad_hoc
from bloodsim.policies.door import fault_of
from bloodsim.policies.fixed import fixed
from bloodsim.policies.move_ageing import move_ageing
from bloodsim.policies.none import none
from bloodsim.policies.ordering import order_rules
from bloodsim.policies.proportional import proportional
from bloodsim.policies.share_surplus import share_surplus
from bloodsim.scenario import (
    CustomPolicy,
    Optimized,
    Problem,
    SampledPlan,
    ScenarioError,
    TransferPolicy,
    nearest,
)

__all__ = ["KINDS", "build", "faults", "order_rules", "register", "registered"]


def _optimized(settings: Optimized) -> Policy:
    """Return the policy that optimizes; its libraries are loaded where one is asked for."""
    from bloodsim.policies.optimized import optimized

    return optimized(settings)


def _sampled(settings: SampledPlan) -> Policy:
    """Return the policy that plans on sampled paths."""
    from bloodsim.policies.sampled import sampled

    return sampled(settings)


KINDS: dict[str, Callable[..., Policy]] = {
    "none": none,
    "share_surplus": share_surplus,
    "proportional": proportional,
    "optimized": _optimized,
    "ad_hoc": ad_hoc,
    "move_ageing": move_ageing,
    "sampled": _sampled,
    "fixed": fixed,
}
"""Functions that make a policy of a scenario's parameters, by kind."""

_registered: dict[str, Policy] = {}


def register(name: str, policy: Policy) -> None:
    """Make *policy* available to scenarios as ``{kind: custom, name: NAME}``.

    Parameters
    ----------
    name : str
        Name to use in scenarios.
    policy : callable
        ``Snapshot -> Plan`` with an attribute ``review_days``. To run in several worker processes
        it must be importable there: define its class in a module, not in a notebook cell.
    """
    if not isinstance(name, str) or not name:
        raise TypeError(f"a policy is registered under a name, not {name!r}")
    if name in KINDS:
        raise ValueError(f"'{name}' is a policy of bloodsim; register yours under another name")
    fault = fault_of(policy)
    if fault:
        raise TypeError(f"the policy '{name}' {fault}")
    _registered[name] = policy


def registered() -> tuple[str, ...]:
    """Return the names of the policies registered from Python."""
    return tuple(_registered)


def faults(policies: Mapping[str, object]) -> list[Problem]:
    """Return what keeps each of *policies* from being one, by name."""
    return [
        Problem(("policies", str(name)), f"the policy '{name}' {fault}")
        for name, policy in policies.items()
        if (fault := fault_of(policy))
    ]


def build(settings: TransferPolicy, path: tuple[str, ...] = ("policies", "transfer")) -> Policy:
    """Return the policy that a scenario's settings describe.

    Raises
    ------
    ScenarioError
        A custom policy that nobody registered.
    """
    if isinstance(settings, CustomPolicy):
        if settings.name not in _registered:
            hint = nearest(settings.name, _registered) or (
                "run --policies FILE.py, or bloodsim.register_policy(name, policy)"
            )
            message = f"no policy '{settings.name}' is registered"
            raise ScenarioError([Problem((*path, "name"), message, hint)])
        return _registered[settings.name]
    return KINDS[settings.kind](settings)
