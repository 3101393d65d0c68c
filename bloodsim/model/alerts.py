"""Alerts act: a level holds back urgent and elective requests and lifts donor turnout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.bank import Bank
from bloodsim.model.world import World

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

D_POSITIVE_GROUPS = 4
"""The first groups of `blood.GROUPS`; stocks of RhD-negative blood are too small for levels."""


@dataclass
class Alerts:
    """Alert levels per product, region and group, evaluated at close, in force the next day.

    A level is entered when cover has been below *below_days* at *for_days* closes in a row, and
    left when cover reaches *exit_above_days*. The level shown is the highest one entered.
    """

    world: World
    bank: Bank

    def __post_init__(self) -> None:
        levels = [product.alert_levels for product in self.world.products]
        self.cuts = {
            urgency: [np.array([0.0, *(getattr(a, f"{urgency}_cut") for a in of)]) for of in levels]
            for urgency in ("urgent", "elective")
        }
        self.lifts = [np.array([0.0, *(alert.turnout_lift for alert in of)]) for of in levels]
        self.acting = {
            urgency: [bool(cut.any()) for cut in cuts] for urgency, cuts in self.cuts.items()
        }
        self.lifting = [bool(lift.any()) for lift in self.lifts]
        self._today: dict[tuple[int, str], tuple[NDArray[np.intp], Floats]] = {}

    def evaluate(self, day: int) -> None:
        """Set tomorrow's levels from today's closing stock."""
        self._today.clear()
        for index, product in enumerate(self.world.products):
            if not product.alert_levels:
                continue
            stock = self.bank.stocks[index].on_hand()[:, :D_POSITIVE_GROUPS].astype(np.float64)
            need = product.normal_pieces[day][:, None] * self.world.group_shares
            need = need[:, :D_POSITIVE_GROUPS, None]
            level = np.zeros(stock.shape, np.int8)
            for number, alert in enumerate(product.alert_levels):
                streak = self.bank.alert_streak[index, number]
                entered = self.bank.alert_entered[index, number]
                streak += 1
                streak *= stock < alert.below_days * need
                entered |= streak >= alert.for_days
                entered &= stock < alert.exit_above_days * need
                np.copyto(level, number + 1, where=entered)
            self.bank.alert_level[index][:, :D_POSITIVE_GROUPS] = level

    def held_back(
        self,
        product: int,
        urgency: str,
        wanted: Ints,
        uniform: Floats,
        cells: NDArray[np.intp] | None = None,
    ) -> Ints | None:
        """Return what levels hold back of *wanted*, None if no level does.

        *uniform* is (n_regions, 1, R). *wanted* is (n_regions, 8, R), or (n_days, n_cells) by days
        waited for some *cells* of the flat product, region-major.
        """
        if urgency == "emergency" or not self.acting[urgency][product]:
            return None
        level = self.bank.alert_level[product]
        where, cut = self._cut_cells(product, urgency)
        if not len(where):
            return None
        if cells is None:
            held = np.zeros_like(wanted)
            upto = wanted.reshape(-1)[where] * cut + _at(uniform, where, level.shape)
            held.reshape(-1)[where] = upto
            return held
        cut = self.cuts[urgency][product][level.reshape(-1)[cells]]
        return (wanted * cut + _at(uniform, cells, level.shape)).astype(np.int32)

    def _cut_cells(self, product: int, urgency: str) -> tuple[NDArray[np.intp], Floats]:
        """Return today's flat cells (n_regions, 8, R) where requests are cut, and the cuts."""
        key = product, urgency
        if key not in self._today:
            level = self.bank.alert_level[product].reshape(-1)
            where = np.flatnonzero(level)
            cut = self.cuts[urgency][product][level[where]]
            self._today[key] = where[cut > 0], cut[cut > 0]
        return self._today[key]

    def turnout_lift(self, gift: str) -> Floats | float:
        """Return the relative lift of turnout (n_regions, R) for channels of one kind of gift."""
        lift: Floats | float = 0.0
        for index, product in enumerate(self.world.products):
            if product.source == gift and self.lifting[index]:
                worst = np.maximum.reduce(self.bank.alert_level[index], axis=1)
                lift = np.maximum(lift, self.lifts[index][worst])
        return lift


def _at(uniform: Floats, cells: NDArray[np.intp], shape: tuple[int, ...]) -> Floats:
    """Return the uniforms (n_regions, 1, R) that belong to flat *cells* of (n_regions, 8, R)."""
    _, groups, n = shape
    return uniform.reshape(-1)[cells // (groups * n) * n + cells % n]
