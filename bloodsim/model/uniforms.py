"""Further luck, drawn ahead when first asked for: uniforms by region, day and replication."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.world import World
from bloodsim.streams import streams


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
            found = streams(self.seed, self.replications, self.world.regions, purpose)
            for row, generators in enumerate(found):
                for column, generator in enumerate(generators):
                    drawn[:, row, column] = generator.random(n_days)
            self._drawn[purpose] = drawn
        return self._drawn[purpose][day]
