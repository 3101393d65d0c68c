"""Further luck, drawn ahead when first asked for: uniforms by region, day and replication."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.world import World
from bloodsim.streams import stream


class Uniforms:
    """Uniforms of rare features, from a stream of their own per (replication, region, purpose).

    A purpose that nobody asks for draws nothing; days are drawn in order, so that a longer run
    begins like a shorter one.
    """

    def __init__(self, world: World, seed: int, replications: range) -> None:
        self.world, self.seed, self.replications = world, seed, replications
        self._drawn: dict[str, NDArray[np.float64]] = {}

    def of(self, purpose: str, day: int) -> NDArray[np.float64]:
        """Return the uniforms of a day (n_regions, R)."""
        if purpose not in self._drawn:
            n_days = self.world.n_days + 1
            shape = (n_days, self.world.n_regions, len(self.replications))
            drawn = np.empty(shape)
            for row, region in enumerate(self.world.regions):
                for column, r in enumerate(self.replications):
                    drawn[:, row, column] = stream(self.seed, r, region, purpose).random(n_days)
            self._drawn[purpose] = drawn
        return self._drawn[purpose][day]
