"""Every region for itself."""

from __future__ import annotations

from dataclasses import dataclass

from bloodsim.decision import NOTHING, Plan, Snapshot
from bloodsim.scenario import NoTransfers


@dataclass(frozen=True)
class Nothing:
    """Plan nothing. Importing regions starve: a yardstick, not an alternative."""

    review_days: int = 3660
    isolates: bool = True
    """Agreements rest as well."""

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return the empty plan."""
        return NOTHING


def none(settings: NoTransfers) -> Nothing:
    """Return the policy for a scenario's settings."""
    return Nothing()
