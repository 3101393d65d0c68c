"""Recalls: units of some days of collection are withdrawn from stock, wherever they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bloodsim.blood import GROUPS
from bloodsim.model.shocks import ShockWorld
from bloodsim.model.stock import Stock
from bloodsim.scenario import Scenario

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class RecallWorld:
    """One recall.

    Parameters
    ----------
    product : int
        Product withdrawn.
    first_collected, last_collected : int
        Days of collection concerned.
    active : bool array (n_days, n_regions)
        Where and when units are withdrawn.
    groups : bool array (n_groups,)
        Blood groups concerned.
    """

    product: int
    first_collected: int
    last_collected: int
    active: NDArray[np.bool_]
    groups: NDArray[np.bool_]

    def withdraw(self, stock: Stock, day: int) -> tuple[Ints, Ints]:
        """Take what is concerned off the shelf; return it as running counts, and in all."""
        first, last = (d + stock.life_days for d in (self.first_collected, self.last_collected))
        below, upto = stock.through(first - 1, day), stock.through(last, day)
        mask = self.active[day][:, None, None] & self.groups[:, None]
        pieces = np.where(mask, upto - below, 0).astype(np.int32)
        return stock.withdraw(pieces, below), pieces


def compile_recalls(
    scenario: Scenario, shocks: Sequence[ShockWorld], start: date
) -> tuple[RecallWorld, ...]:
    """Return the recalls among the shocks of a scenario."""
    products, found = list(scenario.products), []
    for shock in shocks:
        recall = shock.settings.recall
        if recall is not None:
            found.append(
                RecallWorld(
                    product=products.index(recall.product),
                    first_collected=(recall.collected_from - start).days,
                    last_collected=(recall.collected_to - start).days,
                    active=shock.strength > 0,
                    groups=np.array([not recall.groups or g in recall.groups for g in GROUPS]),
                )
            )
    return tuple(found)
