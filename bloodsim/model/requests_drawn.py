"""The demand half of luck: requests of all demand streams, drawn ahead by the chunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.day_totals import DayTotals
from bloodsim.model.draws import (
    Buffers,
    RegionalWalk,
    gamma_mix,
    gamma_shapes,
    group_counts,
    replication_last,
)
from bloodsim.model.world import World
from bloodsim.scenario.horizon import CHUNK_DAYS
from bloodsim.streams import streams

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_STREAMS = ("demand", "demand/mix", "demand/count")
"""Counts use up one number of their stream each, gamma mixes more or fewer: with a stream each,
drawn in the order of days, a change of the scenario on one day leaves earlier luck alone."""


@dataclass(frozen=True)
class DrawnRequests:
    """The requests of one chunk; see `bloodsim.model.luck.Chunk` for the arrays."""

    requested: Ints
    slot_uniform: Floats
    extra_uniform: Floats | None


class RequestLuck:
    """Requests of a block of replications, whatever stock or policies do.

    Where a class is known ahead, each chunk is drawn when the one before it begins. The streams of
    demand serve nothing else, so that drawing earlier changes no number.
    """

    def __init__(self, world: World, seed: int, replications: range) -> None:
        self.world, self.replications = world, replications
        self.draws = 0
        self._streams = {
            purpose: streams(seed, replications, world.regions, purpose) for purpose in _STREAMS
        }
        (common,) = streams(seed, replications, ("",), "demand")
        settings = world.scenario.regional_factors.demand
        self._walk = RegionalWalk(settings, common, self._streams["demand"])
        self._totals = [
            [
                DayTotals(world, product, region, seed, replications)
                for product, counts in enumerate(world.counts)
                if counts.drawn_as_total(region)
            ]
            for region in range(world.n_regions)
        ]
        self._fresh = {  # drawn class -> streams that pick its requests for young units
            demand.drawn: streams(seed, replications, world.regions, f"demand/fresh/{name}")
            for demand in world.demands
            if demand.fresh_share is not None
            for name in [f"{world.products[demand.product].name}/{demand.urgency}"]
        }
        self._extra = {
            product: streams(seed, replications, world.regions, f"demand/extra/{name}")
            for product, name in enumerate(item.name for item in world.products)
            if any(d.extra_share and d.product == product for d in world.demands)
        }
        self._looks_ahead = any(demand.known_ahead_days for demand in world.demands)
        self._buffers = (Buffers(), Buffers())
        self._count = 0
        self._pending: DrawnRequests | None = None

    def next_chunk(self) -> tuple[DrawnRequests, Ints | None]:
        """Return the next chunk, and the requests of the one after it where some are announced."""
        if not self._looks_ahead:
            return self._draw(), None
        drawn = self._pending or self._draw()
        self._pending = self._draw()
        return drawn, self._pending.requested

    def _draw(self) -> DrawnRequests:
        world, n = self.world, len(self.replications)
        first = self._count * CHUNK_DAYS
        days = np.arange(first, first + CHUNK_DAYS)  # all within the world's look-ahead
        buffers = self._buffers[self._count % 2 if self._looks_ahead else 0]
        self._count += 1
        factor = self._walk.next_chunk()
        n_streams, n_products = len(world.demands), len(world.products)
        requested = buffers.get("requested", (n_streams, world.n_regions, 8, n), np.int32)
        slot_uniform = buffers.get("slot_uniform", (n_products, world.n_regions, n))
        uniforms = np.empty((n, CHUNK_DAYS, n_products))
        for region in range(world.n_regions):
            counts = self._class_counts(region, days, factor[region], uniforms)
            requested[:, :, region] = np.moveaxis(self._by_stream(region, counts), 0, -1)
            slot_uniform[:, :, region] = replication_last(uniforms)
        mixed = sum(p.demand_variance_to_mean > 1 for p in world.products)
        self.draws += requested.size + (factor.size + CHUNK_DAYS * n)
        self.draws += mixed * CHUNK_DAYS * world.n_regions * n
        return DrawnRequests(requested, slot_uniform, self._extra_uniform(buffers))

    def _class_counts(
        self, region: int, days: NDArray[np.int_], factor: Floats, uniforms: Floats
    ) -> Ints:
        """Return pieces requested of every class (R, n_days, n_classes, 8); fill *uniforms*."""
        world, n = self.world, len(self.replications)
        classes = world.classes
        product_of = [product for product, _ in classes]
        mean = np.stack([p.demand_mean_units[days, region] for p in world.products], axis=1)
        excess = np.array([p.demand_variance_to_mean - 1 for p in world.products])
        pieces = np.array([world.products[p].pieces_per_unit for p in product_of], dtype=np.int32)
        split = np.array([share for _, share in classes])[:, None] * world.group_shares[region]
        rates = np.moveaxis(mean[:, product_of, None] * split, -1, 0)
        shapes = gamma_shapes(mean, excess)
        mixing, counting, uniform = (
            self._streams[f"demand{kind}"][region] for kind in ("/mix", "/count", "")
        )
        mix = gamma_mix(mixing, shapes)
        for r in range(n):
            uniform[r].random(out=uniforms[r])
        mix *= factor[:, :, None]
        by_class = mix[:, :, product_of].reshape(n, -1)
        drawn = group_counts(counting, rates.reshape(8, -1), by_class)
        counts = drawn.reshape(8, CHUNK_DAYS, len(classes), n).transpose(3, 1, 2, 0)
        counts *= pieces[:, None]
        for totals in self._totals[region]:
            totals.replace(counts, days, factor)
            self.draws += counts[:, :, totals.classes].size
        return counts

    def _by_stream(self, region: int, counts: Ints) -> Ints:
        """Return requests by demand stream: classes, or their parts for young and other units."""
        if not self._fresh:
            return counts
        demands = self.world.demands
        n, n_days, _, _ = counts.shape
        found = np.empty((8, n_days, len(demands), n), dtype=np.int32).transpose(3, 1, 2, 0)
        for number, demand in enumerate(demands):
            if demand.fresh_share is None:
                found[:, :, number] = counts[:, :, demand.drawn]
                continue
            # The stream for young units stands right before the rest of its class.
            size = self.world.products[demand.product].pieces_per_unit
            for r, generator in enumerate(self._fresh[demand.drawn][region]):
                units = generator.binomial(counts[r, :, demand.drawn] // size, demand.fresh_share)
                found[r, :, number] = units * size
            counts[:, :, demand.drawn] -= found[:, :, number]
            self.draws += found[:, :, number].size
        return found

    def _extra_uniform(self, buffers: Buffers) -> Floats | None:
        if not self._extra:
            return None
        shape = (len(self.world.products), self.world.n_regions, len(self.replications))
        uniform: Floats = buffers.get("extra_uniform", shape)
        for product, regions in self._extra.items():
            for region, generators in enumerate(regions):
                for r, generator in enumerate(generators):
                    uniform[:, product, region, r] = generator.random(CHUNK_DAYS)
        return uniform
