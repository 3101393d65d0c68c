"""All chance of a block of replications, drawn ahead in chunks, before any decision is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.draws import (
    Buffers,
    RegionalWalk,
    gamma_mix,
    gamma_shapes,
    group_counts,
    replication_last,
)
from bloodsim.model.drive_luck import DriveLuck
from bloodsim.model.requests_drawn import RequestLuck
from bloodsim.model.world import World
from bloodsim.scenario.horizon import CHUNK_DAYS
from bloodsim.streams import stream, streams

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_STREAMS = ("collection", "collection/mix", "collection/count")
"""Counts use up one number of their stream each, gamma mixes more or fewer: with a stream each,
drawn in the order of days, a change of the scenario on one day leaves earlier luck alone."""

LAB_STEPS = ("no_show", "deferral", "first_time")
"""Roundings of every channel; gift sizes, tests and each product's discards have their own."""


def lab_roundings(world: World) -> int:
    """Return the uniforms a region's laboratory uses per day, one for each rounding."""
    return len(LAB_STEPS) * len(world.channels) + 2 + len(world.products)


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
    lab_uniform : float array (n_days, n_roundings, n_regions, R)
        Rounds deferral, gift sizes, tests and discards.
    requested : int array (n_days, n_streams, n_regions, 8, R)
        Requests in pieces per demand stream (product and class).
    slot_uniform : float array (n_days, n_products, n_regions, R)
        Spreads a day's emergencies over the moments of the day.
    extra_uniform : float array (n_days, n_products, n_regions, R), or None
        Rounds units issued beyond need, where some are.
    requested_next : int array like requested, or None
        Requests of the next chunk, where some are announced.
    campaign_uniform : float array (n_campaigns, R), None without campaigns
        Decides once and for all which campaigns are cancelled.
    weather : float array (n_days, n_regions, R), None without drives
        Regional factor of turnout, for drives; sessions have it in ``invited``.
    drives : DriveLuck, None without drives
        Latent donors of all visits of the run, by visit number.
    """

    first_day: int
    invited: Floats
    session_uniform: Floats
    lab_uniform: Floats
    requested: Ints
    slot_uniform: Floats
    extra_uniform: Floats | None = None
    requested_next: Ints | None = None
    campaign_uniform: Floats | None = None
    weather: Floats | None = None
    drives: DriveLuck | None = None


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
            purpose: streams(seed, replications, world.regions, purpose) for purpose in _STREAMS
        }
        (common,) = streams(seed, replications, ("",), "collection")
        settings = world.scenario.regional_factors.collection
        self._walk = RegionalWalk(settings, common, self._streams["collection"])
        self._requests = RequestLuck(world, seed, replications)
        self._next_day = 0
        self._campaigns = self._campaign_uniforms()
        self._drives = DriveLuck(world, seed, replications) if world.drives else None
        self.draws += self._drives.draws if self._drives else 0
        self._buffers = Buffers()

    def next_chunk(self) -> Chunk:
        """Draw the next chunk of days."""
        first = self._next_day
        days = np.arange(first, first + CHUNK_DAYS)  # all within the world's look-ahead
        self._next_day = first + CHUNK_DAYS
        factor = self._walk.next_chunk()
        self.draws += factor.size + CHUNK_DAYS * len(self.replications)
        invited, session_uniform, lab_uniform = self._collection(days, factor)
        before = self._requests.draws
        requests, requested_next = self._requests.next_chunk()
        self.draws += self._requests.draws - before
        return Chunk(
            first,
            invited,
            session_uniform,
            lab_uniform,
            requests.requested,
            requests.slot_uniform,
            requests.extra_uniform,
            requested_next,
            self._campaigns,
            np.moveaxis(factor, 2, 0) if self._drives else None,
            self._drives,
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

    def _collection(self, days: NDArray[np.int_], factor: Floats) -> tuple[Floats, Floats, Floats]:
        world, n = self.world, len(self.replications)
        mean = np.concatenate(  # donors per session, (n_days, n_slots, n_regions)
            [np.empty((len(days), 0, world.n_regions))]  # also where there is no channel
            + [
                np.repeat(
                    c.invited_mean[days, None] / len(c.session_hours), len(c.session_hours), 1
                )
                for c in world.channels
            ],
            axis=1,
        )
        excess = np.concatenate(
            [np.empty(0)]
            + [np.full(len(c.session_hours), c.variance_to_mean - 1) for c in world.channels]
        )
        roundings = lab_roundings(world)
        invited = self._buffers.get("invited", (world.n_slots, world.n_regions, 8, n))
        session_uniform = self._buffers.get("session_uniform", (world.n_slots, world.n_regions, n))
        lab_uniform = self._buffers.get("lab_uniform", (roundings, world.n_regions, n))
        uniforms = np.empty((n, CHUNK_DAYS, world.n_slots + roundings))
        for region in range(world.n_regions):
            means = mean[:, :, region]
            shapes = gamma_shapes(means, excess)
            mixing, counting, uniform = (
                self._streams[f"collection{kind}"][region] for kind in ("/mix", "/count", "")
            )
            mix = gamma_mix(mixing, shapes)
            for r in range(n):
                uniform[r].random(out=uniforms[r])
            mix *= factor[region, :, :, None]
            rates = world.group_shares[region][:, None] * means.ravel()
            counts = group_counts(counting, rates, mix.reshape(n, means.size))
            for group in range(1, 8):  # NumPy's own cumsum is slower along a middle axis
                counts[group] += counts[group - 1]
            by_group = counts.reshape(8, *means.shape, n)
            invited[:, :, region] = np.moveaxis(by_group, 0, 2)
            session_uniform[:, :, region] = replication_last(uniforms[:, :, : world.n_slots])
            lab_uniform[:, :, region] = replication_last(uniforms[:, :, world.n_slots :])
        self.draws += invited.size + int((excess > 0).sum()) * CHUNK_DAYS * world.n_regions * n
        return invited, session_uniform, lab_uniform
