"""Collection: sessions see donors, the laboratory turns a day's gifts into units in test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.model import laboratory
from bloodsim.model.alerts import Alerts
from bloodsim.model.bank import Bank
from bloodsim.model.collection_mode import CollectionMode
from bloodsim.model.donors import Donors, limit_total
from bloodsim.model.ledger import Ledger
from bloodsim.model.luck import Chunk
from bloodsim.model.world import ProductWorld, World

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


class Collection:
    """Donors of the day, and what becomes of their gifts.

    Counts are kept cumulated over the groups while the sessions run: rounding the running sum
    instead of each group keeps every group unbiased and a session's total within one donor.
    """

    def __init__(
        self, world: World, bank: Bank, ledger: Ledger, mode: CollectionMode | None = None
    ) -> None:
        self.world, self.bank, self.ledger = world, bank, ledger
        self.mode = mode or CollectionMode()
        self.donors = Donors(world, bank)
        n_regions, n = world.n_regions, bank.turnout_factor.shape[-1]
        self.invited: Ints = np.zeros((len(world.channels), n_regions, 8, n), dtype=np.int32)
        self.factor: Floats = np.ones((len(world.channels), n_regions, n))

    def set_factors(self, alerts: Alerts, chunk: Chunk, day: int) -> None:
        """Fix the day's turnout factors: regulation x donors x appeals x planned uplift."""
        for gift in ("whole_blood", "apheresis"):
            lift = alerts.turnout_lift(gift)
            for index, channel in enumerate(self.world.channels):
                if channel.gift == gift and not isinstance(lift, float):
                    self.donors.appeal(index, lift)
        self.donors.open_day(chunk, day)
        np.multiply(self.bank.turnout_factor, self.bank.pool_factor, out=self.factor)
        if self.mode.uplift is not None:
            self.factor *= self.mode.uplift[day][:, None, None]

    def hold_sessions(self, chunk: Chunk, day: int, channel: int, slot: int) -> None:
        """Add the donors of one session in every region: latent x factor, rounded without bias.

        Where no session is held nobody is latent, and no uniform makes a donor of nobody.
        """
        index = day - chunk.first_day
        latent = chunk.invited[index, slot]
        if channel in self.bank.group_factor:
            latent = np.diff(latent, axis=1, prepend=0) * self.bank.group_factor[channel]
            latent = np.cumsum(latent, axis=1)
        donors = latent * self.factor[channel][:, None]
        donors += chunk.session_uniform[index, slot][:, None]
        came = donors.astype(np.int32)
        if channel in self.world.resources.places:
            came = _seated(came, self.world.resources.places[channel][day])
        self.invited[channel] += came

    def process_day(self, chunk: Chunk, day: int) -> None:
        """Send the day's gifts to the laboratory and start an empty day."""
        self.mode.replay_or_record(day, self.invited)
        uniform = chunk.lab_uniform[day - chunk.first_day][:, :, None]
        nothing = np.zeros_like(self.invited[0])
        gifts = {"whole_blood": nothing, "apheresis": nothing}
        failing = {"whole_blood": 0.0 * nothing, "apheresis": 0.0 * nothing}
        came_and_gave: dict[int, tuple[Ints, Ints, Ints]] = {}
        for index, channel in enumerate(self.world.channels):
            no_show, deferral = uniform[3 * index : 3 * index + 2]
            invited = self.invited[index]
            came = invited - _rounded(invited, channel.no_show_share, no_show)
            donated = came - _rounded(came, channel.deferral_share, deferral)
            came_and_gave[index] = (invited, came, donated)
        kinds = self._draw_on_pools({i: gave for i, (_, _, gave) in came_and_gave.items()}, day)
        for index, channel in enumerate(self.world.channels):
            invited, came, donated = came_and_gave[index]
            first = _rounded(donated[:, -1], channel.first_time_share, uniform[3 * index + 2, :, 0])
            self.ledger.count_donors(index, invited, came, donated, first, kinds.get(index))
            gifts[channel.gift] = gifts[channel.gift] + donated
            failing[channel.gift] = failing[channel.gift] + channel.test_failure_share * donated
        if self.world.teams:
            gifts["whole_blood"] = gifts["whole_blood"] + self._call_teams(day)
        sizing, testing, *discarding = uniform[3 * len(self.world.channels) :]
        bags = {
            gift: self._bags(gift, count, failing[gift], sizing, testing, day)
            for gift, count in gifts.items()
        }
        for index, product in enumerate(self.world.products):
            if product.source == "derived":  # made from stock, not from gifts
                continue
            given, failed = bags[product.source]
            if product.source == "apheresis":
                pieces, sound = (
                    _per_group((donors * product.pieces_per_donation + sizing).astype(np.int32))
                    for donors in (
                        np.cumsum(given[:, :, 0], 1),
                        np.cumsum((given - failed)[:, :, 0], 1),
                    )
                )
                bad = np.maximum(pieces - sound, 0)
            else:
                sizes = np.floor(product.pieces_per_100_ml * np.array([2, 3, 4]))[:, None]
                pieces = np.add.reduce(given * sizes, axis=2).astype(np.int32)
                bad = np.add.reduce(failed * sizes, axis=2).astype(np.int32)
            self._into_test(index, product, day, pieces, bad, discarding[index])
        self.invited[:] = 0

    def _draw_on_pools(self, donated: dict[int, Ints], day: int) -> dict[int, Ints]:
        """Take the day's donors out of their pools; return first-time and regular donors."""
        if self.world.resources.processing is not None:
            self._limit_processing(donated, self.world.resources.processing[day])
        kinds: dict[int, Ints] = {}
        for pool in self.world.pools:
            kinds |= self.donors.give(pool.gift, {i: donated[i] for i in pool.channels}, day)
        return kinds

    def _call_teams(self, day: int) -> Ints:
        """Return the gifts of donors on call, cumulated over groups; none of them is deferred."""
        given = np.zeros_like(self.invited[0])
        for team, state in zip(self.world.teams, self.bank.donors.teams, strict=True):
            groups = list(team.groups)
            on_hand = self.bank.stocks[team.product].on_hand()[:, groups]
            given[:, groups] += state.call(team, on_hand, day)
        first = [channel.gift for channel in self.world.channels].index("whole_blood")
        self.ledger.count_team(first, np.add.reduce(given, axis=1))
        return np.cumsum(given, axis=1, dtype=np.int32)

    def _limit_processing(self, donated: dict[int, Ints], most: Ints) -> None:
        """Turn away, in place, donors whose blood the laboratory could not process today."""
        left = np.broadcast_to(most[:, None], donated[0][:, -1].shape)
        for index, channel in enumerate(self.world.channels):
            if channel.gift == "whole_blood":
                limit_total(donated[index], left)
                left = left - donated[index][:, -1]

    def _bags(
        self, gift: str, donated: Ints, failing: Floats, sizing: Floats, testing: Floats, day: int
    ) -> tuple[Floats, Floats]:
        """Return bags given and bags that fail a test, each (n_regions, 8, 3, R) by volume.

        A failed test takes the whole bag: red cells and plasma alike.
        """
        count = _per_group(donated).astype(np.float64)
        given = np.zeros((*count.shape[:2], 3, count.shape[2]))
        if gift == "apheresis":
            given[:, :, 0] = count
        else:
            dated = self.world.resources.gift_shares
            shares = (self.world.gift_shares if dated is None else dated[day])[:, None, None, :]
            given[:, :, 2] = np.floor(count * shares[..., 2] + sizing)
            large_or_medium = np.floor(count * (shares[..., 1] + shares[..., 2]) + sizing)
            given[:, :, 1] = large_or_medium - given[:, :, 2]
            given[:, :, 0] = count - large_or_medium
        share = failing[:, -1] / np.maximum(donated[:, -1], 1)
        flat = given.reshape(len(given), -1, given.shape[-1])
        upto = np.floor(np.cumsum(flat, axis=1) * share[:, None] + testing)
        return given, np.diff(upto, axis=1, prepend=0).reshape(given.shape)

    def _into_test(
        self, index: int, product: ProductWorld, day: int, pieces: Ints, bad: Ints, uniform: Floats
    ) -> None:
        """Put collected pieces into test; those that fail or are lost are known but not shown."""
        sound = np.cumsum(pieces - bad, axis=1)
        lost = _per_group((sound * product.discard_share + uniform).astype(np.int32)) + bad
        pipeline = self.bank.pipelines[index]
        slot = (day + product.test_delay_days) % (product.test_delay_days + 1)
        pipeline.good[slot] += pieces - lost
        pipeline.bad[slot] += lost
        self.ledger.add("collected", index, pieces)

    def release(self, day: int) -> None:
        """Move what has been tested into stock, and what failed out of the world."""
        for index, product in enumerate(self.world.products):
            pipeline, stock = self.bank.pipelines[index], self.bank.stocks[index]
            slot = day % (product.test_delay_days + 1)
            expiry = day - product.test_delay_days + product.life_days
            newest = expiry + stock.margin_days
            stock.open_day(newest)
            for roads in (self.bank.roads[index], self.bank.returns[index]):
                if roads is not None:  # what is away holds nothing newer than when it left
                    roads.arriving[:, stock.slot(newest)] = roads.total
            good = pipeline.good[slot]
            if pipeline.held is not None:
                good = self._keep_working_days(index, pipeline.held, good, day)
            self.ledger.add("discarded", index, pipeline.bad[slot])
            self.ledger.add("released", index, good)
            self.ledger.add_expiry_weight(index, good, expiry)
            if stock.margin_days:
                stock.insert(good, expiry)
            else:
                stock.receive(good)
            pipeline.good[slot] = 0
            pipeline.bad[slot] = 0

    def _keep_working_days(self, index: int, held: Ints, good: Ints, day: int) -> Ints:
        """Release what laboratories held back; return what they release of *good* today."""
        assert self.world.resources.kept_in_test is not None
        kept, product = self.world.resources.kept_in_test[day], self.world.products[index]
        life = product.life_days - product.test_delay_days
        for late in laboratory.let_go(held, self.bank.stocks[index], kept, day, life):
            self.ledger.add("released" if late.usable else "discarded", index, late.pieces)
            if late.usable:
                self.ledger.add_expiry_weight(index, late.pieces, late.expiry)
        return laboratory.hold(held, good, kept, day)


def _seated(cumulated: Ints, places: NDArray[np.integer]) -> Ints:
    """Return the donors (n_regions, 8, R), cumulated over groups, who find one of the *places*.

    All groups alike are turned away.
    """
    total = cumulated[:, -1:].astype(np.int64)
    most = places[:, None, None]
    if (total <= most).all():
        return cumulated
    return (cumulated * np.minimum(total, most) // np.maximum(total, 1)).astype(np.int32)


def _rounded(cumulated: Ints, share: float, uniform: Floats) -> Ints:
    """Return *share* of cumulated counts, rounded without bias and never decreasing."""
    if share == 0:
        return np.zeros_like(cumulated)
    return (cumulated * share + uniform).astype(np.int32)


def _per_group(cumulated: Ints) -> Ints:
    """Undo the cumulation over the group axis."""
    counts = cumulated.copy()
    counts[:, 1:] -= cumulated[:, :-1]
    return counts
