"""Donors: who of the pool may give today, how many turn out, and when they may again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.bank import Bank
from bloodsim.model.donor_state import PoolState
from bloodsim.model.donor_world import PoolWorld
from bloodsim.model.luck import Chunk
from bloodsim.model.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

CHANCES_OF_REPEAT = 1e-9
"""Share of repeat donors below which a channel has nobody to appeal to."""


class Donors:
    """Turnout factors of the day and the pools behind them.

    ``first_share`` (n_channels, n_regions, R) is the share of first-time donors among those who
    turn out today.
    """

    def __init__(self, world: World, bank: Bank) -> None:
        self.world, self.bank = world, bank
        shape = bank.pool_factor.shape
        measures = world.resources.campaigns or world.resources.awareness is not None
        self.active = bool(world.pools or measures)
        self.pool_of = {c: i for i, pool in enumerate(world.pools) for c in pool.channels}
        self.usual_first = np.array([c.first_time_share for c in world.channels])
        self.first_share: Floats = np.broadcast_to(self.usual_first[:, None, None], shape).copy()
        self.lifts: dict[int, Floats] = {}
        self.lifted = bool((bank.pool_factor != 1).any())

    # --- appeals --------------------------------------------------------------------------------

    def appeal(self, channel: int, lift: Floats) -> None:
        """Call the repeat donors of a channel for the next day whose factors are set.

        Parameters
        ----------
        channel : int
            Which channel.
        lift : float array (n_regions, R)
            Relative rise of the channel's turnout, all of it from repeat donors: 0.06 = +6 %. Rises
            of several appeals add up. Where there is a pool the gifts are pulled forward (the
            donors are missing one interval later) and appeals day after day wear out.
        """
        self.lifts[channel] = self.lifts.get(channel, 0.0) + lift

    def _called(self, channel: int) -> Floats | float:
        """Return today's multiplier of repeat donors from appeals, and let them tire."""
        lift, repeat = self.lifts.pop(channel, None), 1 - self.usual_first[channel]
        effect = self.bank.donors.effect
        if effect is None or channel not in self.pool_of:
            return 1.0 if lift is None or repeat < CHANCES_OF_REPEAT else 1 + lift / repeat
        rule, left = self.world.scenario.donor_pools.fatigue, effect[channel]
        if lift is None:
            left += (1 - left) / rule.recovery_days
            return 1.0
        factor = 1 + lift * left / repeat if repeat >= CHANCES_OF_REPEAT else 1.0
        tired = np.maximum(left * (1 - rule.loss_per_day), rule.lowest)
        left[:] = np.where(lift > 0, tired, left + (1 - left) / rule.recovery_days)
        return factor

    # --- the morning ----------------------------------------------------------------------------

    def open_day(self, chunk: Chunk, day: int) -> None:
        """Let donors whose interval is over return, and set the day's turnout factors."""
        if not self.active and not self.lifts and not self.lifted:
            return
        self.lifted = bool(self.lifts)  # the day after an appeal sets the factors back
        scarcity = [
            self._return(pool, state, day)
            for pool, state in zip(self.world.pools, self.bank.donors.pools, strict=True)
        ]
        for channel, usual in enumerate(self.usual_first):
            repeat: Floats | float = (1 - usual) * self._called(channel)
            if channel in self.pool_of:
                repeat = repeat * scarcity[self.pool_of[channel]]
            first: Floats | float = usual
            for lift_first, lift_repeat in self._measures(chunk, channel, day):
                first, repeat = first * lift_first, repeat * lift_repeat
            total = first + repeat
            self.bank.pool_factor[channel] = total
            self.first_share[channel] = first / np.where(total > 0, total, np.inf)

    def _measures(self, chunk: Chunk, channel: int, day: int) -> Iterator[tuple[Floats, Floats]]:
        """Yield today's multipliers of first-time and repeat donors (n_regions, R or 1)."""
        resources = self.world.resources
        if resources.awareness is not None:
            willing = resources.awareness
            yield willing.first_time[day][:, None], willing.repeat[day][:, None]
        for index, campaign in enumerate(resources.campaigns):
            if channel in campaign.channels and campaign.active[day].any():
                assert chunk.campaign_uniform is not None
                held = chunk.campaign_uniform[index] >= campaign.cancel_probability
                running = campaign.active[day][:, None] & held
                yield 1 + campaign.lift_first_time * running, 1 + campaign.lift_repeat * running

    def _return(self, pool: PoolWorld, state: PoolState, day: int) -> Floats:
        """Move donors who are due; return turnout against usual (n_regions, R)."""
        for given in pool.due[day]:
            slot = given % pool.ring_days
            counts = state.ring[slot]
            back = state.returning.take(counts, pool.retention[day][..., None])
            state.eligible += back
            state.lapsed += counts - back
            state.ring[slot] = 0
        if pool.recall[day].any():
            back = state.recalled.take(state.lapsed, pool.recall[day][:, None])
            state.eligible += back
            state.lapsed -= back
        shares = self._segment_turnout(pool, state, day)
        return shares[0] + shares[1] + shares[2]

    def _segment_turnout(self, pool: PoolWorld, state: PoolState, day: int) -> Floats:
        """Return turnout of each segment as a share of usual repeat turnout (3, n_regions, R)."""
        usual = pool.usual[day][..., None]
        ratio = state.eligible / np.where(usual > 0, usual, np.inf)
        if pool.elasticity != 1:
            ratio **= pool.elasticity
        ratio *= pool.weights[:, None, None]
        return ratio

    # --- the evening ----------------------------------------------------------------------------

    def give(self, gift: str, donated: dict[int, Ints], day: int) -> dict[int, Ints]:
        """Take the day's donors out of their pool.

        Parameters
        ----------
        donated : mapping of channel to int array (n_regions, 8, R)
            Donors of all channels of a gift, cumulated over groups; those for whom nobody in the
            pool is eligible are taken off in place.

        Returns
        -------
        mapping of channel to int array (2, n_regions, R)
            First-time donors and regular donors among them.
        """
        index = next((i for i, pool in enumerate(self.world.pools) if pool.gift == gift), None)
        if index is None:
            return {}
        pool, state = self.world.pools[index], self.bank.donors.pools[index]
        first, repeat = self._first_and_repeat(pool, state, donated)
        zero = np.zeros_like(state.entered)
        gifts = self._by_segment(pool, state, sum(repeat.values(), zero), day)
        newcomers = sum(first.values(), zero)
        self._convert(pool, state, newcomers, day)
        entering = np.stack([newcomers, gifts[0], gifts[1] + gifts[2]])
        removed = state.reactive.take(entering, pool.reactive_share)
        state.eligible -= gifts
        state.ring[day % pool.ring_days] += entering - removed
        state.entered += newcomers
        state.removed += np.add.reduce(removed, axis=0)
        return _with_regulars(first, repeat, gifts)

    def _convert(self, pool: PoolWorld, state: PoolState, newcomers: Ints, day: int) -> None:
        """Take those newcomers out of the whole-blood pool who gave whole blood before."""
        others = [i for i, other in enumerate(self.world.pools) if other.gift == "whole_blood"]
        if pool.from_whole_blood_share == 0 or not others:
            return
        converted = state.converted.take(newcomers, pool.from_whole_blood_share)
        oldest = day - self.world.pools[others[0]].ring_days + 1
        rested = range(oldest, day - pool.after_whole_blood_days + 1)
        self.bank.donors.pools[others[0]].leave(converted, rested)

    def _first_and_repeat(
        self, pool: PoolWorld, state: PoolState, donated: dict[int, Ints]
    ) -> tuple[dict[int, Ints], dict[int, Ints]]:
        """Split the donors of each channel; no more repeat donors than are eligible."""
        carry = self.bank.donors.first_time
        assert carry is not None
        eligible = np.add.reduce(state.eligible, axis=0)
        left = np.floor(eligible * pool.most_per_eligible).astype(np.int32)
        first: dict[int, Ints] = {}
        repeat: dict[int, Ints] = {}
        for channel in pool.channels:
            if channel not in donated:
                continue
            total = donated[channel][:, -1]
            rest, share = carry.rest[channel], self.first_share[channel]
            rest += total * share
            first[channel] = np.minimum(np.floor(rest), total).astype(np.int32)
            rest -= first[channel]
            wanted = total - first[channel]
            repeat[channel] = np.minimum(wanted, left)
            left = left - repeat[channel]
            if (repeat[channel] < wanted).any():
                limit_total(donated[channel], first[channel] + repeat[channel])
        return first, repeat

    def _by_segment(self, pool: PoolWorld, state: PoolState, repeat: Ints, day: int) -> Ints:
        """Split repeat gifts over the segments, each within its eligible donors."""
        shares = self._segment_turnout(pool, state, day)
        total = shares[0] + shares[1] + shares[2]
        shares = shares / np.where(total > 0, total, np.inf)
        state.split.rest += repeat * shares
        gifts = np.minimum(np.floor(state.split.rest), state.eligible).astype(np.int32)
        gifts = np.maximum(gifts, 0)
        excess = np.add.reduce(gifts, axis=0) - repeat
        for segment in (2, 1, 0):  # what rounding leaves over falls to the most regular
            change = np.clip(-excess, -gifts[segment], state.eligible[segment] - gifts[segment])
            gifts[segment] += change
            excess += change
        state.split.rest -= gifts
        np.clip(state.split.rest, -2.0, 2.0, out=state.split.rest)
        return gifts


def limit_total(cumulated: Ints, allowed: Ints) -> None:
    """Cut counts cumulated over groups (n_regions, 8, R) to a total, all groups alike, in place."""
    total = np.maximum(cumulated[:, -1:], 1).astype(np.int64)
    keep = np.minimum(allowed[:, None], cumulated[:, -1:])
    cumulated[:] = cumulated * keep // total


def _with_regulars(first: dict[int, Ints], repeat: dict[int, Ints], gifts: Ints) -> dict[int, Ints]:
    """Return first-time and regular donors of each channel; regulars in proportion to repeats."""
    total = np.maximum(np.add.reduce(gifts, axis=0), 1).astype(np.int64)
    running = np.zeros_like(total)
    before = np.zeros_like(gifts[2])
    found = {}
    for channel, donors in repeat.items():
        running = running + donors
        upto = (gifts[2] * running // total).astype(np.int32)
        found[channel] = np.stack([first[channel], upto - before])
        before = upto
    return found
