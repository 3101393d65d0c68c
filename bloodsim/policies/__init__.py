"""Who decides: transfer policies by the kind a scenario names, and those registered from Python."""

from __future__ import annotations

from collections.abc import Callable

from bloodsim.decision import Policy
from bloodsim.policies.fixed import fixed
from bloodsim.policies.move_ageing import move_ageing
from bloodsim.policies.none import none
from bloodsim.policies.ordering import order_rules
from bloodsim.policies.proportional import proportional
from bloodsim.policies.share_surplus import share_surplus
from bloodsim.scenario import CustomPolicy, Problem, ScenarioError, TransferPolicy, nearest

__all__ = ["KINDS", "build", "order_rules", "register"]

KINDS: dict[str, Callable[..., Policy]] = {
    "none": none,
    "share_surplus": share_surplus,
    "proportional": proportional,
    "move_ageing": move_ageing,
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
    if not isinstance(policy, Policy):
        raise TypeError("a policy is a callable Snapshot -> Plan with an attribute review_days")
    _registered[name] = policy


def build(settings: TransferPolicy) -> Policy:
    """Return the policy that a scenario's settings describe.

    Raises
    ------
    ScenarioError
        A custom policy that nobody registered.
    """
    if isinstance(settings, CustomPolicy):
        if settings.name not in _registered:
            path = ("policies", "transfer", "name")
            hint = nearest(settings.name, _registered) or "bloodsim.register_policy(name, policy)"
            raise ScenarioError([Problem(path, f"no policy '{settings.name}' is registered", hint)])
        return _registered[settings.name]
    return KINDS[settings.kind](settings)
