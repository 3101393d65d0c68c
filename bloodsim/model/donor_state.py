"""The state of donor pools: who may give, who has to wait, who no longer comes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.carry import Carry
from bloodsim.model.donor_teams import TeamState, TeamWorld
from bloodsim.model.donor_world import PoolWorld

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass
class PoolState:
    """Whole donors of one pool by segment (3), region and replication.

    ``ring`` (ring_days, 3, n_regions, R) is the delay line by day of gift; ``entered`` and
    ``removed`` (n_regions, R) count first-time donors and removals since the start.
    """

    eligible: Ints
    ring: Ints
    lapsed: Ints
    entered: Ints
    removed: Ints
    returning: Carry
    reactive: Carry
    recalled: Carry
    split: Carry
    converted: Carry

    @classmethod
    def opening(cls, pool: PoolWorld, n: int) -> PoolState:
        """Return the pool in its stationary state."""

        def spread(counts: Ints) -> Ints:
            return np.repeat(counts[..., None], n, axis=-1)

        eligible = spread(pool.opening_eligible)
        nobody = np.zeros_like(eligible[0])
        return cls(
            eligible=eligible,
            ring=spread(pool.opening_ring),
            lapsed=spread(pool.opening_lapsed),
            entered=nobody,
            removed=nobody.copy(),
            returning=Carry.of(eligible.shape),
            reactive=Carry.of(eligible.shape),
            recalled=Carry.of(eligible.shape),
            split=Carry.of(eligible.shape),
            converted=Carry.of(nobody.shape),
        )

    def deferred(self) -> Ints:
        """Return donors within their interval (3, n_regions, R)."""
        return np.add.reduce(self.ring, axis=0)

    def leave(self, donors: Ints, ring_days: range) -> None:
        """Take donors (n_regions, R) out: the eligible first, then of days of gift, in order."""
        total = np.add.reduce(self.eligible, axis=0).astype(np.int64)
        taken = np.minimum(donors, total)
        running, before = np.zeros_like(total), np.zeros_like(donors)
        for segment in range(len(self.eligible)):
            running = running + self.eligible[segment]
            upto = (taken * running // np.maximum(total, 1)).astype(np.int32)
            self.eligible[segment] -= upto - before
            before = upto
        rest = donors - before
        for day in ring_days if rest.any() else ():
            for waiting in self.ring[day % len(self.ring)]:
                found = np.minimum(rest, waiting)
                waiting -= found
                rest -= found
        self.removed += donors - rest

    def known(self) -> Ints:
        """Return all donors that are or were in the pool, less those who entered (conserved)."""
        people = self.eligible + self.deferred() + self.lapsed
        return np.add.reduce(people, axis=0) + self.removed - self.entered

    def copy(self) -> PoolState:
        """Return an independent copy."""
        return PoolState(**{name: value.copy() for name, value in vars(self).items()})


@dataclass
class DonorState:
    """All that donors carry from day to day.

    ``first_time`` rounds first-time donors, ``effect`` (n_channels, n_regions, R) is what is left
    of the effect of an appeal; both are None without pools.
    """

    pools: list[PoolState] = field(default_factory=list)
    teams: list[TeamState] = field(default_factory=list)
    first_time: Carry | None = None
    effect: Floats | None = None

    @classmethod
    def opening(
        cls,
        pools: tuple[PoolWorld, ...],
        teams: tuple[TeamWorld, ...],
        shape: tuple[int, int, int],
    ) -> DonorState:
        """Return the state at the start of the warm-up; *shape* is (n_channels, n_regions, R)."""
        on_call = [TeamState.opening(team, shape[2]) for team in teams]
        if not pools:
            return cls(teams=on_call)
        return cls(
            pools=[PoolState.opening(pool, shape[2]) for pool in pools],
            teams=on_call,
            first_time=Carry.of(shape),
            effect=np.ones(shape),
        )

    def known(self) -> list[Ints]:
        """Return what is conserved of each pool and team (n_regions, R)."""
        return [pool.known() for pool in self.pools] + [team.known() for team in self.teams]

    def is_sound(self) -> bool:
        """Whether no count of donors is negative."""
        counts = [c for p in self.pools for c in (p.eligible, p.ring, p.lapsed)]
        counts += [c for team in self.teams for c in (team.free, team.away)]
        return all(count.min(initial=0) >= 0 for count in counts)

    def copy(self) -> DonorState:
        """Return an independent copy."""
        return DonorState(
            pools=[pool.copy() for pool in self.pools],
            teams=[team.copy() for team in self.teams],
            first_time=self.first_time.copy() if self.first_time else None,
            effect=None if self.effect is None else self.effect.copy(),
        )
