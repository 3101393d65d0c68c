"""The state of drives: visits that are committed, and those that were held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.drive_world import DriveWorld

Ints = NDArray[np.int32]


@dataclass
class DriveState:
    """Visits by day of the run (n_days, n_sources, R), and those held so far (n_sources, R)."""

    visits: NDArray[np.int16]
    held: Ints

    @classmethod
    def opening(cls, drives: DriveWorld | None, n: int) -> DriveState | None:
        """Return the default calendar, nothing held; None without drives."""
        if drives is None:
            return None
        visits = np.repeat(drives.calendar[..., None].astype(np.int16), n, axis=-1)
        return cls(visits, np.zeros(visits.shape[1:], dtype=np.int32))

    def forget_from(self, day: int) -> None:
        """Drop what is not committed yet: a planner's calendar starts empty."""
        self.visits[day:] = 0

    def copy(self) -> DriveState:
        """Return an independent copy."""
        return DriveState(self.visits.copy(), self.held.copy())
