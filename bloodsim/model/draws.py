"""How chance is drawn: in chunks of days, replication by replication, from named streams."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.model import poisson
from bloodsim.scenario import RegionalFactor
from bloodsim.scenario.horizon import CHUNK_DAYS

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


_COMMON = 4
"""Groups whose counts are drawn from normals: the RhD-positive ones, which come first. The others
are rare in most of the world, and cheaper by uniforms. Only speed depends on it."""
_CELLS_AT_ONCE = 16_384
"""Counts worked out in one go; more do not stay in the cache, fewer waste calls."""


class RegionalWalk:
    """Log-normal AR(1) multipliers of mean 1 per region, partly common to all regions.

    Parameters
    ----------
    settings : RegionalFactor
        Spread, persistence and common share.
    common : list of Generator (R,)
        Streams that all regions share.
    regional : list of list of Generator (n_regions, R)
        Streams of the regions.
    """

    def __init__(
        self,
        settings: RegionalFactor,
        common: list[np.random.Generator],
        regional: list[list[np.random.Generator]],
    ) -> None:
        self.settings, self.streams = settings, [common, *regional]
        self.level: Floats = np.full((len(self.streams), len(common)), np.nan)

    def next_chunk(self) -> Floats:
        """Return the multipliers of the next chunk, (n_regions, R, CHUNK_DAYS)."""
        normal = np.empty((*self.level.shape, CHUNK_DAYS))
        for row, per_replication in enumerate(self.streams):
            for column, generator in enumerate(per_replication):
                normal[row, column] = generator.standard_normal(CHUNK_DAYS)
        persistence = self.settings.autocorrelation
        innovation = np.sqrt(1 - persistence**2)
        level = self.level
        for day in range(CHUNK_DAYS):
            stepped = persistence * level + innovation * normal[:, :, day]
            level = np.where(np.isnan(level), normal[:, :, day], stepped)
            normal[:, :, day] = level
        self.level = level
        shared, own = self.settings.common_share, 1 - self.settings.common_share
        combined = np.sqrt(shared) * normal[:1] + np.sqrt(own) * normal[1:]
        return np.exp(self.settings.sd * combined - self.settings.sd**2 / 2)


class Buffers:
    """The arrays of a chunk by name; all chunks share them, for fresh pages cost time."""

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[np.generic]] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: type = np.float64) -> Any:
        """Return the array (CHUNK_DAYS, *shape) of that name, with whatever was in it."""
        if name not in self._arrays:
            self._arrays[name] = np.empty((CHUNK_DAYS, *shape), dtype=dtype)
        return self._arrays[name]


def replication_last(array: NDArray[Any]) -> NDArray[Any]:
    """Move the first axis to the end by one flat transposition, the fastest copy there is."""
    flat = np.ascontiguousarray(array.reshape(len(array), -1).T)
    return flat.reshape(*array.shape[1:], len(array))


def gamma_shapes(mean: Floats, excess: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return gamma shapes that give a Poisson count variance/mean = 1 + excess, and where not."""
    mixed = (excess > 0) & (mean > 0)
    return np.where(mixed, mean / np.where(excess > 0, excess, 1.0), 1.0), ~mixed


def gamma_mix(
    generators: list[np.random.Generator], shapes: tuple[Floats, NDArray[np.bool_]]
) -> Floats:
    """Return gamma multipliers of mean 1, first axis the generators; 1 where nothing is mixed."""
    shape, unmixed = shapes
    draws = np.empty((len(generators), *shape.shape))
    for generator, row in zip(generators, draws, strict=True):
        generator.standard_gamma(shape, out=row)
    draws /= shape
    draws[:, unmixed] = 1.0
    return draws


def group_counts(generators: list[np.random.Generator], rates: Floats, mix: Floats) -> Ints:
    """Return Poisson counts by group, from one number of the stream each.

    Parameters
    ----------
    generators : list of Generator (R,)
        Streams of the replications.
    rates : float array (8, n_cells)
        Means by group.
    mix : float array (R, n_cells)
        What a replication's means are multiplied by.

    Returns
    -------
    int array (8, n_cells, R)
    """
    n_groups, n_cells = rates.shape
    counts = np.empty((n_groups, n_cells, len(generators)), dtype=np.int32)
    common, rare = rates[:_COMMON], rates[_COMMON:]
    step = max(1, _CELLS_AT_ONCE // max(1, _COMMON * n_cells))
    for first in range(0, len(generators), step):
        block = slice(first, first + step)
        share, streams = mix[block, None], generators[block]
        chance = np.empty((len(streams), *common.shape))
        for generator, row in zip(streams, chance, strict=True):
            generator.standard_normal(out=row)
        found = poisson.from_normals(common * share, chance)
        counts[:_COMMON, :, block] = np.moveaxis(found, 0, -1)
        chance = np.empty((len(streams), *rare.shape))
        for generator, row in zip(streams, chance, strict=True):
            generator.random(out=row)
        found = poisson.from_uniforms(rare * share, chance)
        counts[_COMMON:, :, block] = np.moveaxis(found, 0, -1)
    return counts
