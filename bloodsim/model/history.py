"""What a planner may remember: the flows of the days that are closed, for policies that ask."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bloodsim.model.ledger import Ledger

Ints = NDArray[np.int32]

REMEMBERED = ("requested", "issued", "collected", "lost")
"""Flows of a closed day; ``lost`` is all that was given up, cancelled requests included."""


@dataclass
class History:
    """The flows of the last closed days, oldest first; rows are never changed once written.

    Parameters
    ----------
    days : int
        Most days remembered.
    rows : deque of mapping of flow to int array (n_products, n_regions, n_groups, R)
        One for every day.
    """

    days: int
    rows: deque[dict[str, Ints]] = field(default_factory=deque)

    @classmethod
    def asked_by(cls, policies: Iterable[object]) -> History | None:
        """Return an empty history as long as the longest that a policy declares; None for 0."""
        days = max((getattr(policy, "history_days", 0) for policy in policies), default=0)
        return cls(days) if days > 0 else None

    def copy(self) -> History:
        """Return a history that goes its own way from here."""
        return History(self.days, self.rows.copy())

    def for_policy(self, policy: object) -> History | None:
        """Return a copy that holds what *policy* declares, None if it declares nothing."""
        own = History.asked_by([policy])
        if own is not None:
            own.rows.extend(list(self.rows)[-own.days :])
        return own

    def last(self, product: int, days: int, shape: tuple[int, ...]) -> dict[str, Ints]:
        """Return copies of the last days of a product (days, n_regions, n_groups, R)."""
        rows = list(self.rows)[-days:]
        found = {flow: np.zeros((len(rows), *shape), np.int32) for flow in REMEMBERED}
        for flow, array in found.items():
            for day, row in enumerate(rows):
                array[day] = row[flow][product]
        return found


class Recorder:
    """Writes a bank's history at each close, from the running totals of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.bank = ledger, ledger.bank
        self._before = self._totals() if self.bank.history else {}

    def close(self) -> None:
        """Write the day that closes, if anybody asks for it."""
        history = self.bank.history
        if history is None:
            return
        totals = self._totals()
        history.rows.append({flow: totals[flow] - self._before[flow] for flow in REMEMBERED})
        self._before = totals
        while len(history.rows) > history.days:
            history.rows.popleft()

    def _totals(self) -> dict[str, Ints]:
        """Return running totals by flow (n_products, n_regions, n_groups, R)."""
        ledger = self.ledger
        totals = {flow: ledger.flow(flow).copy() for flow in ("issued", "collected")}
        for flow, streams in (("requested", ledger.requested), ("lost", ledger.unmet)):
            totals[flow] = np.zeros_like(totals["issued"])
            for number, demand in enumerate(ledger.world.demands):
                totals[flow][demand.product] += streams[number]
        return totals
