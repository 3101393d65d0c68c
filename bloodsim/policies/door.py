"""The door that policies of others come through: each fault in one sentence that names it."""

from __future__ import annotations

import inspect

from bloodsim.decision import Plan, PlanError, Policy, Snapshot


def fault_of(policy: object) -> str:
    """Return what keeps *policy* from being one, or "" if nothing does."""
    if inspect.isclass(policy):
        return f"is the class {policy.__name__}, not an instance: write {policy.__name__}()"
    if not callable(policy):
        return f"is a {type(policy).__name__} and cannot be called with a Snapshot"
    days = getattr(policy, "review_days", None)
    if days is None:
        return "has no attribute review_days (days between two decisions)"
    if isinstance(days, bool) or not isinstance(days, int) or days < 1:
        return f"has review_days = {days!r}; it must be a whole number, 1 or more"
    back = getattr(policy, "history_days", 0)
    if isinstance(back, bool) or not isinstance(back, int) or back < 0:
        return f"has history_days = {back!r}; it must be a whole number, 0 or more"
    return ""


class AtTheDoor:
    """A policy whose answers are looked at before the simulation acts on them.

    Parameters
    ----------
    policy : Policy
        The policy that decides.
    role : str
        What an error calls it: "the policy of variant 'mine'".
    """

    def __init__(self, policy: Policy, role: str) -> None:
        self._policy, self._role = policy, role

    @property
    def review_days(self) -> int:
        """Days between two decisions."""
        return self._policy.review_days

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return the plan; `PlanError` if it is none."""
        try:
            plan = self._policy(snapshot)
        except Exception as error:
            error.add_note(f"raised by {self._role} on {snapshot.date}")
            raise
        if not isinstance(plan, Plan):
            raise PlanError(
                f"{self._role} returned {_said(plan)} on {snapshot.date}; "
                "it must return a bloodsim.Plan"
            )
        return plan


def _said(value: object) -> str:
    return "nothing (None)" if value is None else f"a {type(value).__name__}"
