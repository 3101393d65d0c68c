"""Requests drawn, or given, as one total of a region-day and split over classes and groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.world import World
from bloodsim.scenario import (
    Distribution,
    EmpiricalCounts,
    GammaRoundedCounts,
    PoissonCounts,
    ZeroInflatedNegativeBinomialCounts,
)
from bloodsim.streams import stream

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

_PURPOSES = ("count", "second", "split", "rest")
_SNAP = 9  # decimals: what season and growth add to a whole number is no fraction of a unit


class DayTotals:
    """One product in one region: its day totals and their split, from streams of their own."""

    def __init__(
        self, world: World, product: int, region: int, seed: int, replications: range
    ) -> None:
        self.item, self.region = world.products[product], region
        counts = world.counts[product]
        self.distribution, self.own_mean = counts.distributions[region], counts.own_means[region]
        self.trace = None if counts.trace is None else counts.trace[:, region]
        self.classes = [i for i, (owner, _) in enumerate(world.classes) if owner == product]
        shares = [world.classes[i][1] for i in self.classes]
        cells = np.outer(shares, world.group_shares[region])
        self.shares = cells.ravel() / cells.sum()
        self._streams = [
            [
                stream(seed, r, world.regions[region], f"demand/{self.item.name}/{purpose}")
                for purpose in _PURPOSES
            ]
            for r in replications
        ]

    def replace(self, counts: Ints, days: NDArray[np.int_], factor: Floats) -> None:
        """Write pieces into *counts* (R, n_days, n_classes, 8) where this region-day has a total.

        *factor* (R, n_days) is the regional factor.
        """
        mean = self.item.demand_mean_units[days, self.region]
        given = np.full(len(days), np.nan)
        if self.trace is not None:
            known = days < len(self.trace)
            given[known] = self.trace[days[known]]
        traced = np.isfinite(given)
        drawn = not isinstance(self.distribution, PoissonCounts)
        here = traced | drawn
        size = self.item.pieces_per_unit
        for r, (count, second, split, rest) in enumerate(self._streams):
            units = np.where(traced, np.floor(given), 0.0)
            if drawn:
                scale = mean * factor[r] / self.own_mean
                totals = draw_totals(self.distribution, scale, count, second)
                units = np.where(traced, units, totals)
            cells = split.multinomial(units.astype(np.int64), self.shares) * size
            if traced.any():  # what a trace has beyond whole units is one more request
                beyond = np.where(traced, np.rint((given - units) * size), 0).astype(np.int64)
                cells += rest.multinomial(beyond > 0, self.shares) * beyond[:, None]
            shaped = cells.reshape(len(days), len(self.classes), 8)
            for column, number in enumerate(self.classes):
                counts[r, here, number] = shaped[here, column]


def draw_totals(
    distribution: Distribution,
    scale: Floats,
    count: np.random.Generator,
    second: np.random.Generator,
) -> Longs:
    """Return day totals (n_days,) in units; their mean is the distribution's own times *scale*."""
    scale = np.where(np.abs(scale - 1) < 10.0**-_SNAP, 1.0, scale)
    match distribution:
        case ZeroInflatedNegativeBinomialCounts(shape=shape, success_share=success):
            inflated = second.random(len(scale)) < distribution.zero_share
            failures = scale * shape * (1 - success) / success
            counts = count.negative_binomial(shape, shape / (shape + failures))
            return np.where(inflated, 0, counts)
        case GammaRoundedCounts(shape=shape, scale=unit):
            return np.rint(count.standard_gamma(shape, len(scale)) * unit * scale).astype(np.int64)
        case EmpiricalCounts(values=values, shares=shares):
            ends = np.cumsum(shares or np.ones(len(values)))
            place = np.searchsorted(ends / ends[-1], count.random(len(scale)), side="right")
            return _rounded(np.array(values)[place] * scale, second)
        case _:
            return _rounded(scale, second)


def _rounded(units: Floats, generator: np.random.Generator) -> Longs:
    """Return whole units, fractions rounded by chance without bias."""
    uniform = generator.random(len(units))
    return np.floor(np.round(units, _SNAP) + uniform).astype(np.int64)
