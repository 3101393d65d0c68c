"""Shares of whole numbers without chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass
class Carry:
    """Shares of whole numbers without chance: what rounding leaves over waits for the next day.

    Every sequence of counts is within one of its exact share, and nothing has to be drawn.
    """

    rest: Floats

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> Carry:
        """Return a carry that begins half-way, so that no rounding is favoured."""
        return cls(np.full(shape, 0.5))

    def take(self, counts: Ints, share: Floats | float) -> Ints:
        """Return *share* of the counts in whole numbers, never more than there are."""
        self.rest += counts * share
        whole = np.minimum(np.floor(self.rest), counts)
        self.rest -= whole
        return whole.astype(np.int32)

    def copy(self) -> Carry:
        """Return an independent copy."""
        return Carry(self.rest.copy())
