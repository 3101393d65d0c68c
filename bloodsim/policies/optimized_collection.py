"""Collection by a plan made beforehand: drives by calendar, turnout steered around the plan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import NOTHING, Plan, Policy, Snapshot
from bloodsim.planning_paths import CollectionPlan
from bloodsim.scenario import OptimizedCollection

Floats = NDArray[np.floating]

EPOCH_DAYS = 7
"""Days of drives that are committed at once, each *commit_days* ahead."""


@dataclass(frozen=True)
class Edition:
    """A plan, and the day of the run from which it counts."""

    day: int
    plan: CollectionPlan


@dataclass(frozen=True)
class CollectingToPlan:
    r"""Commit the drives of a plan, and steer turnout by how far cover is from what is planned.

    .. math:: f = \mathrm{clip}\Big(\phi_{ct} \big(1 + \gamma (T_{rt} - C) / T_{rt}\big),\
                                    f_{min}, f_{max}\Big), \qquad
              (T - C) / T = w\,\text{(all regions)} + (1 - w)\,\text{(the region)}

    The calendar is the same in every replication; the factors answer to each one's own cover. What
    they would have to exceed :math:`f_{max}` by is asked for by appeals, as far as those may go:
    repeat donors come earlier, are missing one interval later, and tire.

    Parameters
    ----------
    transfers : Policy
        Who decides what is sent.
    editions : tuple of Edition
        Plans by the day from which they count, earliest first.
    product : str
        Product whose cover is steered.
    gain, lower_gain : float
        Relative rise of turnout for a cover that is so much too low; relative fall for one that is
        too high.
    pooled_share : float
        Weight of the cover of all regions together.
    appeal_max : float
        Largest relative rise of turnout by appeals; 0 = none.
    """

    transfers: Policy
    editions: tuple[Edition, ...]
    product: str
    gain: float
    lower_gain: float
    pooled_share: float
    appeal_max: float = 0.0
    review_days: int = 1
    counts_fallbacks: bool = field(default=False)

    @property
    def isolates(self) -> bool:
        """Whether agreements rest, as the transfer policy says."""
        return bool(getattr(self.transfers, "isolates", False))

    @property
    def history_days(self) -> int:
        """Days of history that the transfer policy reads."""
        return int(getattr(self.transfers, "history_days", 0))

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return today's shipments, drives to commit, and tomorrow's throttles."""
        sends = snapshot.days_run % self.transfers.review_days == 0
        plan = self.transfers(snapshot) if sends else NOTHING
        current = [edition for edition in self.editions if edition.day <= snapshot.day][-1].plan
        today = snapshot.days_run
        drives = None
        if snapshot.drives is not None and today % EPOCH_DAYS == 0:
            drives = _due(snapshot, current, today)
        wanted = self._wanted(snapshot, current, today)
        limits = {channel: (low, high) for channel, low, high in current.limits}
        throttles = {channel: np.clip(f, *limits[channel]) for channel, f in wanted.items()}
        return replace(
            plan, drives=drives, throttles=throttles, appeals=self._appeals(wanted, limits)
        )

    def _appeals(
        self, wanted: dict[str, Floats], limits: dict[str, tuple[float, float]]
    ) -> dict[str, Floats]:
        """Return what turnout should rise beyond its limit, by channel (n_regions, R)."""
        if not self.appeal_max:
            return {}
        beyond = {
            channel: np.clip(factor / limits[channel][1] - 1, 0, self.appeal_max)
            for channel, factor in wanted.items()
            if limits[channel][1] > 0  # who must not come is not called
        }
        return {channel: rise for channel, rise in beyond.items() if rise.any()}

    def _wanted(self, snapshot: Snapshot, plan: CollectionPlan, today: int) -> dict[str, Floats]:
        """Return tomorrow's factors of turnout by channel (n_regions, R), whatever their limits."""
        name = self.product
        pieces = snapshot.stock[name] + snapshot.in_test[name] + snapshot.in_transit[name]
        position = np.add.reduce(pieces, axis=1)
        normal = snapshot.normal_demand[name].sum(axis=1)[:, None]
        target = plan.target_days[today][:, None] * normal
        gap = (target - position) / np.maximum(target, 1e-9)
        if self.pooled_share:
            held = np.add.reduce(position, axis=0)  # whole numbers: the same for any block size
            wanted = float(target.sum())
            gap = (
                self.pooled_share * (wanted - held) / max(wanted, 1e-9)
                + (1 - self.pooled_share) * gap
            )
        gain = np.where(gap > 0, self.gain, self.lower_gain)
        tomorrow = min(today + 1, len(plan.factors) - 1)
        return {
            channel: plan.factors[tomorrow, row][:, None] * (1 + gain * gap)
            for row, (channel, _, _) in enumerate(plan.limits)
        }


def carrying_out(
    transfers: Policy, editions: tuple[Edition, ...], settings: OptimizedCollection
) -> CollectingToPlan:
    """Return the policy that carries out a plan by a scenario's settings."""
    return CollectingToPlan(
        transfers=transfers,
        editions=editions,
        product=settings.product,
        gain=settings.gain,
        lower_gain=settings.gain if settings.lower_gain is None else settings.lower_gain,
        pooled_share=settings.pooled_share,
        appeal_max=settings.appeal_max,
    )


def _due(snapshot: Snapshot, plan: CollectionPlan, today: int) -> NDArray[np.int64]:
    """Return the visits (n_candidates, R) of the epoch that has to be committed now."""
    table = snapshot.drives
    assert table is not None
    first = snapshot.day - today
    from_day = today + table.commit_days
    day = table.candidate_day - first
    due = (day >= from_day) & (day < from_day + EPOCH_DAYS) & (day < len(plan.visits))
    visits = np.zeros(len(day), dtype=np.int64)
    visits[due] = plan.visits[day[due], table.candidate_source[due]]
    return np.repeat(visits[:, None], snapshot.n_replications, axis=1)
