"""How collection is decided: regulated, with a planned uplift, or replaying another variant."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.ledger import Ledger
from bloodsim.model.world import World
from bloodsim.scenario import PreCollect
from bloodsim.seasons import festival_offset

Ints = NDArray[np.int32]


@dataclass
class CollectionMode:
    """The collection policy of one variant.

    Parameters
    ----------
    uplift : float array (n_days, n_channels), optional
        Multiplier on turnout on top of regulation.
    source : CollectionMode, optional
        Whose invited donors are replayed, day by day; it has to be ahead in time.
    recorded : dict of day to int array (n_channels, n_regions, 8, R)
        Donors invited, kept where another variant will replay them.
    plans_drives : bool
        The policy places drives; their channels are not regulated.
    recorded_visits : dict of day to int array (2, n_sources, R)
        Drives held so far and who came to them, kept likewise.
    """

    uplift: NDArray[np.float64] | None = None
    source: CollectionMode | None = None
    keep: bool = False
    recorded: dict[int, Ints] = field(default_factory=dict)
    plans_drives: bool = False
    recorded_visits: dict[int, Ints] = field(default_factory=dict)

    def replay_or_record(self, day: int, invited: Ints) -> None:
        """Replace the day's invited donors by the source's, or keep them for others."""
        if self.source is not None:
            invited[:] = self.source.recorded[day]
        if self.keep:
            self.recorded[day] = invited.copy()

    def replay_or_record_visits(self, day: int, ledger: Ledger) -> None:
        """Take over the source's count of drives up to today, or keep this one's for others."""
        if ledger.visits is None:
            return
        if self.source is not None:
            ledger.visits[:] = self.source.recorded_visits[day]
        if self.keep:
            self.recorded_visits[day] = ledger.visits.copy()


def planned_uplift(world: World, settings: PreCollect) -> NDArray[np.float64]:
    """Return the multipliers (n_days, n_channels) of a pre-collection policy."""
    offsets = np.array([festival_offset(world.date(day)) for day in range(world.n_days)])
    when = (offsets >= settings.from_offset) & (offsets <= settings.to_offset)
    names = settings.channels or [c.name for c in world.channels if c.gift == "whole_blood"]
    which = np.array([channel.name in names for channel in world.channels])
    return 1 + settings.uplift * (when[:, None] & which)
