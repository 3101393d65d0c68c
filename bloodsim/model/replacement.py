"""Replacement donors: relatives of patients who give some days after the request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.demand_world import DemandStream
from bloodsim.model.span import applies, applies_in

if TYPE_CHECKING:
    from bloodsim.model.luck import Chunk
    from bloodsim.model.world import World
    from bloodsim.scenario import Scenario

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ReplacementWorld:
    """One rule; ``active`` (n_days, n_regions) are the days of donation.

    ``streams`` are the demand streams that count, ``donors_per_piece`` invited for each piece.
    """

    number: int
    channel: int
    streams: tuple[int, ...]
    donors_per_piece: float
    delay_days: int
    active: NDArray[np.bool_]

    @property
    def purpose(self) -> str:
        """Name of the stream of uniforms that rounds its donors."""
        return f"replacement/{self.number}"

    def empty(self, n_regions: int, n: int) -> Ints:
        """Return the requests (delay_days + 1, n_regions, R) before the first day."""
        return np.zeros((self.delay_days + 1, n_regions, n), dtype=np.int32)

    def donors(self, world: World, asked: Ints, chunk: Chunk, uniform: Floats, day: int) -> Ints:
        """Take up today's requests; return who gives for those of *delay_days* ago.

        Parameters
        ----------
        asked : int array (delay_days + 1, n_regions, R)
            Pieces requested on the last days, by day; changed in place.
        uniform : float array (n_regions, R)
            Rounds donors.

        Returns
        -------
        int array (n_regions, 8, R)
            Donors, cumulated over groups: relatives have the groups of the region's donors.
        """
        ring = self.delay_days + 1
        today = chunk.requested[day - chunk.first_day, list(self.streams)]
        asked[day % ring] = np.add.reduce(today, axis=(0, 2), dtype=np.int32)
        came = asked[(day - self.delay_days) % ring] * self.active[day][:, None]
        upto = np.cumsum(world.group_shares, axis=1)
        mean = came[:, None] * (self.donors_per_piece * upto)[..., None]
        return np.where(mean > 0, mean + uniform[:, None], 0.0).astype(np.int32)


def compile_replacement(
    scenario: Scenario, demands: Sequence[DemandStream], dates: Sequence[date]
) -> tuple[ReplacementWorld, ...]:
    """Return the rules of a scenario."""
    products, channels = list(scenario.products), list(scenario.channels)
    regions, found = tuple(scenario.regions), []
    for number, rule in enumerate(scenario.donor_pools.replacement):
        product, channel = products.index(rule.product), scenario.channels[rule.channel]
        active = applies_in(dates, rule.from_date, rule.to_date, regions, rule.regions)
        active &= applies(dates, channel.from_date, channel.until_date)[:, None]
        found.append(
            ReplacementWorld(
                number=number,
                channel=channels.index(rule.channel),
                streams=tuple(
                    index
                    for index, demand in enumerate(demands)
                    if demand.product == product and demand.urgency in rule.classes
                ),
                donors_per_piece=rule.donors_per_unit
                / scenario.products[rule.product].pieces_per_unit,
                delay_days=rule.delay_days,
                active=active,
            )
        )
    return tuple(found)
