"""Donors on call: a walking blood bank, a rare-group or reserve team that gives on the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bloodsim.blood import GROUPS
from bloodsim.model.span import applies_in

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class TeamWorld:
    """One team; ``active`` (n_days, n_regions), members are counted per region and group."""

    product: int
    groups: tuple[int, ...]
    active: NDArray[np.bool_]
    size: int
    below_pieces: float
    donors_per_call: int
    interval_days: int


@dataclass
class TeamState:
    """Members of one team.

    ``free`` (n_regions, n_groups, R) may be called; ``away`` (interval_days, n_regions, n_groups,
    R) wait, by the day they are free again.
    """

    free: Ints
    away: Ints

    @classmethod
    def opening(cls, team: TeamWorld, n: int) -> TeamState:
        """Return a team that nobody has called yet."""
        present: NDArray[np.bool_] = np.logical_or.reduce(team.active, axis=0)
        free = np.zeros((len(present), len(team.groups), n), dtype=np.int32)
        free[present] = team.size
        return cls(free, np.zeros((team.interval_days, *free.shape), dtype=np.int32))

    def call(self, team: TeamWorld, on_hand: Ints, day: int) -> Ints:
        """Call members where stock is low; return who gives today (n_regions, n_groups, R).

        *on_hand* (n_regions, n_groups, R) are pieces of the team's groups.
        """
        slot = day % team.interval_days
        self.free += self.away[slot]
        low = (on_hand < team.below_pieces) & team.active[day][:, None, None]
        giving = np.minimum(self.free, team.donors_per_call) * low
        self.free -= giving
        self.away[slot] = giving
        return giving

    def known(self) -> Ints:
        """Return all members (n_regions, R)."""
        return np.add.reduce(self.free + np.add.reduce(self.away, axis=0), axis=1)

    def copy(self) -> TeamState:
        """Return an independent copy."""
        return TeamState(self.free.copy(), self.away.copy())


def compile_teams(scenario: Scenario, dates: Sequence[date]) -> tuple[TeamWorld, ...]:
    """Return the teams of a scenario."""
    regions, products = tuple(scenario.regions), list(scenario.products)
    return tuple(
        TeamWorld(
            product=products.index(team.product),
            groups=tuple(GROUPS.index(group) for group in team.groups),
            active=applies_in(dates, team.from_date, team.to_date, regions, team.regions),
            size=team.size,
            below_pieces=team.below_units * scenario.products[team.product].pieces_per_unit,
            donors_per_call=team.donors_per_call,
            interval_days=team.interval_days,
        )
        for team in scenario.donor_pools.teams.values()
    )
