"""All chance of a block of replications, drawn ahead in chunks, before any decision is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.world import World
from bloodsim.scenario import RegionalFactor
from bloodsim.streams import stream

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

CHUNK_DAYS = 56
"""Days drawn at once. Part of the definition of the streams: changing it changes results."""

_STREAMS = tuple(
    f"{purpose}{kind}" for purpose in ("collection", "demand") for kind in ("", "/mix", "/count")
)
"""Counts and their gamma mixes use up a stream by what they are: with a stream each, drawn in the
order of days, a change of the scenario on one day leaves the luck of all earlier days alone."""

LAB_ROUNDINGS = 6
"""Uniforms a region's laboratory uses per day, one for each kind of rounding."""


@dataclass(frozen=True)
class Chunk:
    """The luck of `CHUNK_DAYS` days, until the next is drawn; R is the number of replications.

    Parameters
    ----------
    first_day : int
        Day of the run that index 0 stands for.
    invited : float array (n_days, n_slots, n_regions, 8, R)
        Donors a session would see at a turnout factor of 1, cumulated over the groups.
    session_uniform : float array (n_days, n_slots, n_regions, R)
        Rounds a session's donors after a factor is applied.
    lab_uniform : float array (n_days, LAB_ROUNDINGS, n_regions, R)
        Rounds deferral, gift sizes, tests and discards.
    requested : int array (n_days, n_streams, n_regions, 8, R)
        Requests in pieces per demand stream (product and class).
    slot_uniform : float array (n_days, n_products, n_regions, R)
        Spreads a day's emergencies over the moments of the day.
    campaign_uniform : float array (n_campaigns, R), None without campaigns
        Decides once and for all which campaigns are cancelled.
    """

    first_day: int
    invited: Floats
    session_uniform: Floats
    lab_uniform: Floats
    requested: Ints
    slot_uniform: Floats
    campaign_uniform: Floats | None = None


class Luck:
    """The random worlds of a block.

    Every draw comes from the stream of its (replication, region, purpose); nothing here depends on
    stock, on a policy, on the other regions or on how many replications a block holds.
    """

    def __init__(self, world: World, seed: int, replications: range) -> None:
        self.world, self.seed, self.replications = world, seed, replications
        self.draws = 0
        self.chunk_days = CHUNK_DAYS
        self._streams = {
            purpose: [
                [stream(seed, r, region, purpose) for r in replications] for region in world.regions
            ]
            for purpose in _STREAMS
        }
        self._common = {
            purpose: [stream(seed, r, "", purpose) for r in replications]
            for purpose in ("collection", "demand")
        }
        shape = (world.n_regions + 1, len(replications))
        self._walks = {purpose: np.full(shape, np.nan) for purpose in ("collection", "demand")}
        self._next_day = 0
        self._campaigns = self._campaign_uniforms()
        self._buffers: dict[str, NDArray[np.generic]] = {}

    def next_chunk(self) -> Chunk:
        """Draw the next chunk of days."""
        first = self._next_day
        days = np.arange(first, first + CHUNK_DAYS)  # all within the world's look-ahead
        self._next_day = first + CHUNK_DAYS
        collection_factor = self._regional_factor("collection")
        demand_factor = self._regional_factor("demand")
        invited, session_uniform, lab_uniform = self._collection(days, collection_factor)
        requested, slot_uniform = self._demand(days, demand_factor)
        return Chunk(
            first,
            invited,
            session_uniform,
            lab_uniform,
            requested,
            slot_uniform,
            self._campaigns,
        )

    def _campaign_uniforms(self) -> Floats | None:
        """Draw one number per campaign and replication, from the campaign's own stream."""
        names = [campaign.name for campaign in self.world.resources.campaigns]
        if not names:
            return None
        return np.array(
            [
                [stream(self.seed, r, "", f"campaign/{name}").random() for r in self.replications]
                for name in names
            ]
        )

    def _regional_factor(self, purpose: str) -> Floats:
        """Return log-normal AR(1) multipliers of mean 1, (n_regions, R, CHUNK_DAYS)."""
        settings: RegionalFactor = getattr(self.world.scenario.regional_factors, purpose)
        streams = [self._common[purpose], *self._streams[purpose]]
        normal = np.empty((len(streams), len(self.replications), CHUNK_DAYS))
        for row, per_replication in enumerate(streams):
            for column, generator in enumerate(per_replication):
                normal[row, column] = generator.standard_normal(CHUNK_DAYS)
        self.draws += normal.size
        persistence = settings.autocorrelation
        innovation = np.sqrt(1 - persistence**2)
        level = self._walks[purpose]
        for day in range(CHUNK_DAYS):
            stepped = persistence * level + innovation * normal[:, :, day]
            level = np.where(np.isnan(level), normal[:, :, day], stepped)
            normal[:, :, day] = level
        self._walks[purpose] = level
        shared, own = settings.common_share, 1 - settings.common_share
        combined = np.sqrt(shared) * normal[:1] + np.sqrt(own) * normal[1:]
        return np.exp(settings.sd * combined - settings.sd**2 / 2)

    def _collection(self, days: NDArray[np.int_], factor: Floats) -> tuple[Floats, Floats, Floats]:
        world, n = self.world, len(self.replications)
        mean = np.concatenate(  # donors per session, (n_days, n_slots, n_regions)
            [
                np.repeat(
                    c.invited_mean[days, None] / len(c.session_hours), len(c.session_hours), 1
                )
                for c in world.channels
            ],
            axis=1,
        )
        excess = np.concatenate(
            [np.full(len(c.session_hours), c.variance_to_mean - 1) for c in world.channels]
        )
        invited = self._buffer("invited", (world.n_slots, world.n_regions, 8, n))
        session_uniform = self._buffer("session_uniform", (world.n_slots, world.n_regions, n))
        lab_uniform = self._buffer("lab_uniform", (LAB_ROUNDINGS, world.n_regions, n))
        counts = np.empty((n, CHUNK_DAYS, world.n_slots, 8), dtype=np.int32)
        uniforms = np.empty((n, CHUNK_DAYS, world.n_slots + LAB_ROUNDINGS))
        for region in range(world.n_regions):
            means = mean[:, :, region]
            rates = means[..., None] * world.group_shares[region]
            shapes = _gamma_shapes(means, excess)
            for r in range(n):
                mixing, counting, uniform = (
                    self._streams[f"collection{kind}"][region][r] for kind in ("/mix", "/count", "")
                )
                mix = _gamma_mix(mixing, shapes) * factor[region, r][:, None]
                counts[r] = counting.poisson(rates * mix[..., None])
                uniform.random(out=uniforms[r])
            invited[:, :, region] = _replication_last(counts)
            session_uniform[:, :, region] = _replication_last(uniforms[:, :, : world.n_slots])
            lab_uniform[:, :, region] = _replication_last(uniforms[:, :, world.n_slots :])
        for group in range(1, 8):  # NumPy's own cumsum is slower along a middle axis
            invited[:, :, :, group] += invited[:, :, :, group - 1]
        self.draws += invited.size + int((excess > 0).sum()) * CHUNK_DAYS * world.n_regions * n
        return invited, session_uniform, lab_uniform

    def _demand(self, days: NDArray[np.int_], factor: Floats) -> tuple[Ints, Floats]:
        world, n = self.world, len(self.replications)
        n_streams, n_products = len(world.demands), len(world.products)
        mean = np.stack([p.demand_mean_units[days] for p in world.products], axis=1)
        excess = np.array([p.demand_variance_to_mean - 1 for p in world.products])
        product_of = [demand.product for demand in world.demands]
        class_share = np.array([demand.share for demand in world.demands])
        pieces = np.array([world.products[p].pieces_per_unit for p in product_of], dtype=np.int32)
        requested = self._buffer("requested", (n_streams, world.n_regions, 8, n), np.int32)
        slot_uniform = self._buffer("slot_uniform", (n_products, world.n_regions, n))
        counts = np.empty((n, CHUNK_DAYS, n_streams, 8), dtype=np.int32)
        uniforms = np.empty((n, CHUNK_DAYS, n_products))
        for region in range(world.n_regions):
            means = mean[:, :, region]
            split = class_share[:, None] * world.group_shares[region]
            rates = means[:, product_of, None] * split
            shapes = _gamma_shapes(means, excess)
            for r in range(n):
                mixing, counting, uniform = (
                    self._streams[f"demand{kind}"][region][r] for kind in ("/mix", "/count", "")
                )
                mix = _gamma_mix(mixing, shapes) * factor[region, r][:, None]
                counts[r] = counting.poisson(rates * mix[:, product_of, None])
                uniform.random(out=uniforms[r])
            counts *= pieces[:, None]
            requested[:, :, region] = _replication_last(counts)
            slot_uniform[:, :, region] = _replication_last(uniforms)
        self.draws += requested.size + int((excess > 0).sum()) * CHUNK_DAYS * world.n_regions * n
        return requested, slot_uniform

    def _buffer(self, name: str, shape: tuple[int, ...], dtype: type = np.float64) -> Any:
        """Return the array of a chunk; all chunks share it, for fresh pages cost time."""
        if name not in self._buffers:
            self._buffers[name] = np.empty((CHUNK_DAYS, *shape), dtype=dtype)
        return self._buffers[name]


def _replication_last(array: NDArray[Any]) -> NDArray[Any]:
    """Move the first axis to the end by one flat transposition, the fastest copy there is."""
    flat = np.ascontiguousarray(array.reshape(len(array), -1).T)
    return flat.reshape(*array.shape[1:], len(array))


def _gamma_shapes(mean: Floats, excess: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return gamma shapes that give a mixed Poisson count variance/mean = 1 + excess, and where."""
    mixed = (excess > 0) & (mean > 0)
    return np.where(mixed, mean / np.where(excess > 0, excess, 1.0), 1.0), mixed


def _gamma_mix(generator: np.random.Generator, shapes: tuple[Floats, NDArray[np.bool_]]) -> Floats:
    """Return gamma multipliers of mean 1; 1 where nothing is mixed."""
    shape, mixed = shapes
    draws = generator.standard_gamma(shape)
    draws /= shape
    draws[~mixed] = 1.0
    return draws
