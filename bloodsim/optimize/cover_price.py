"""What low cover costs, as planning paths show it, and how a plan is charged for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from bloodsim.optimize.program import ProgramBuilder
from bloodsim.planning_paths import CollectionWorld, PlanningPaths

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

SLOT_DAYS = 7
LEVELS_DAYS = (12.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0)
"""Covers at which the price of low cover may bend."""
_PARTS = (0.3, 1.0)
"""Where in a week cover is looked at: after its weekend, and at its end."""
_DEFAULT_PRICES = (0.0, 0.0, 0.0, 0.0, 0.005, 0.01, 0.03, 0.1, 0.4, 2.0, 6.0)
"""Points per unit and day below each level, on top of what the paths show (judgement)."""
UNSERVED = 20.0
"""Points per unit that nobody can serve (judgement: between urgent and elective)."""


@dataclass(frozen=True)
class Weeks:
    """Slots of a horizon: first days, lengths, and the last day of each."""

    starts: Index
    lengths: Index

    @classmethod
    def of(cls, n_days: int) -> Weeks:
        """Return the weeks of a horizon."""
        starts = np.arange(0, n_days, SLOT_DAYS)
        return cls(starts, np.diff(np.append(starts, n_days)))

    def sums(self, daily: Floats) -> Floats:
        """Return weekly sums of daily values, along the first axis."""
        return np.add.reduceat(daily, self.starts, axis=0)

    @property
    def ends(self) -> Index:
        """Last days of the weeks."""
        return self.starts + self.lengths - 1


def cover_prices(world: CollectionWorld, paths: PlanningPaths) -> Floats:
    """Return points per unit and day below each of `LEVELS_DAYS`, as the paths show them.

    A day's points are put down to the cover of as many days as a request waits: what is held back
    is given up later.
    """
    normal = world.normal.sum(axis=1)[:, None]
    cover = paths.usable.sum(axis=1) / normal
    points = paths.harm.sum(axis=1) / normal
    levels = np.array(LEVELS_DAYS)
    short = np.maximum(0, levels[:, None, None] - cover[None])
    upto = np.cumsum(np.concatenate([np.zeros_like(short[:, :1]), short], axis=1), axis=1)
    days = np.arange(1, cover.shape[0] + 1)
    first = np.maximum(0, days - 1 - world.patience_days)
    mean = (upto[:, days] - upto[:, first]) / (days - first)[None, :, None]
    found, _ = nnls(mean.reshape(len(levels), -1).T, points.ravel())
    return np.asarray(found + np.array(_DEFAULT_PRICES))


def charge_cover(
    builder: ProgramBuilder,
    world: CollectionWorld,
    reference: PlanningPaths,
    latest: PlanningPaths,
    weeks: Weeks,
    cover_columns: Index,
) -> None:
    """Price cover below every level, path by path, and what is short at the end."""
    prices = cover_prices(world, reference)
    used = np.flatnonzero(prices > 0)
    n_paths = latest.usable.shape[-1]
    for component in range(cover_columns.shape[1]):
        own = world.component == component
        normal = world.normal[:, own].sum(axis=1)
        cover = latest.usable[:, own].sum(axis=1) / normal[:, None]
        mean = cover[weeks.ends].mean(axis=1)
        x = cover_columns[:, component]
        for part in _PARTS:
            # Between the ends of two weeks, what is planned runs straight; paths scatter about it.
            weight = np.where(np.arange(len(x)) > 0, part, 1.0)
            between = weight * mean + (1 - weight) * np.roll(mean, 1)
            days = np.minimum(
                weeks.starts + np.rint(weight * weeks.lengths).astype(int) - 1, weeks.ends
            )
            apart = cover[days] - between[:, None]
            cost = normal[weeks.ends] * weeks.lengths / (n_paths * len(_PARTS))
            for level in used:
                height = LEVELS_DAYS[level] - apart
                price = (prices[level] * cost)[:, None]
                _below(builder, f"{component}_{level}_{part}", x, weight, height, price)
        if world.terminal_days:
            price = np.array([[world.terminal_price * normal[-1] / n_paths]])
            height = world.terminal_days - (cover[-1:] - mean[-1])
            _below(builder, f"{component}_end", x[-1:], np.ones(1), height, price)


def _below(
    builder: ProgramBuilder,
    name: str,
    cover: Index,
    weight: Floats,
    height: Floats,
    cost: Floats,
) -> None:
    """Charge what a cover (n,), *weight* of the way from the one before, is below heights."""
    short = builder.add_columns(f"short_{name}", height.shape, cost=cost)
    rows = builder.add_rows(f"level_{name}", height.shape, lower=height)
    builder.add_terms(rows, cover[:, None], weight[:, None])
    builder.add_terms(rows[1:], cover[:-1, None], 1 - weight[1:, None])
    builder.add_terms(rows, short, 1)
