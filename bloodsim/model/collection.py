"""Collection: sessions see donors, the laboratory turns a day's gifts into units in test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import Plan, PlanError
from bloodsim.model import laboratory
from bloodsim.model.alerts import Alerts
from bloodsim.model.attainable import Envelope
from bloodsim.model.bags import apheresis_pieces, cumulated, per_group, rounded, whole_blood
from bloodsim.model.bank import Bank
from bloodsim.model.collection_mode import CollectionMode
from bloodsim.model.donors import Donors, limit_total
from bloodsim.model.drives import commit, visitors
from bloodsim.model.ledger import Ledger
from bloodsim.model.luck import Chunk
from bloodsim.model.uniforms import Uniforms
from bloodsim.model.world import ProductWorld, World

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


class Collection:
    """Donors of the day, and what becomes of their gifts.

    Counts are kept cumulated over the groups while the sessions run: rounding the running sum
    instead of each group keeps every group unbiased and a session's total within one donor.
    """

    def __init__(
        self,
        world: World,
        bank: Bank,
        ledger: Ledger,
        uniforms: Uniforms,
        mode: CollectionMode | None = None,
        envelope: Envelope | None = None,
    ) -> None:
        self.envelope = envelope
        self.world, self.bank, self.ledger, self.uniforms = world, bank, ledger, uniforms
        self.mode = mode or CollectionMode()
        self.donors = Donors(world, bank)
        n_regions, n = world.n_regions, bank.turnout_factor.shape[-1]
        self.invited: Ints = np.zeros((len(world.channels), n_regions, 8, n), dtype=np.int32)
        self.factor: Floats = np.ones((len(world.channels), n_regions, n))
        self.called_by_group = dict(bank.group_factor)
        self.unregulated: list[int] = []
        if self.mode.plans_drives and world.drives is not None:
            self.unregulated = np.unique(world.drives.channel).tolist()
            for channel in self.unregulated:
                self.called_by_group.pop(channel, None)

    def set_factors(self, alerts: Alerts, chunk: Chunk, day: int) -> None:
        """Fix the day's turnout factors: regulation or throttle x donors x appeals x uplift."""
        for gift in ("whole_blood", "apheresis"):
            lift = alerts.turnout_lift(gift)
            for index, channel in enumerate(self.world.channels):
                if channel.gift == gift and not isinstance(lift, float):
                    self.donors.appeal(index, lift)
        self.donors.open_day(chunk, day)
        np.multiply(self.bank.turnout_factor, self.bank.pool_factor, out=self.factor)
        for index in self.unregulated:
            self.factor[index] = self.bank.pool_factor[index]
        for index, throttle in self.bank.throttles.items():
            self.factor[index] = throttle * self.bank.pool_factor[index]
        if self.mode.uplift is not None:
            self.factor *= self.mode.uplift[day][:, None, None]
        for number, plan in enumerate(self.world.month_plans):
            if plan.catches_up[day] and number in self.bank.given_in_month:
                rise = plan.factor(self.bank.given_in_month[number], day)
                self.factor[np.ix_(plan.channels, plan.regions)] *= rise
        if self.envelope is not None and self.mode.source is None:  # a replay's factor is idle
            self.envelope.rise(self.factor, self.called_by_group)

    def hold_sessions(self, chunk: Chunk, day: int, channel: int, slot: int) -> None:
        """Add the donors of one session in every region: latent x factor, rounded without bias.

        Where no session is held nobody is latent, and no uniform makes a donor of nobody.
        """
        index = day - chunk.first_day
        latent = chunk.invited[index, slot]
        if channel in self.called_by_group:
            latent = cumulated(per_group(latent) * self.called_by_group[channel])
        donors = latent * self.factor[channel][:, None]
        donors += chunk.session_uniform[index, slot][:, None]
        came = donors.astype(np.int32)
        if channel in self.world.resources.places:
            places = self.world.resources.places[channel][day]
            came = _seated(came, places[:, None, None])
        self.invited[channel] += came

    def hold_drives(self, chunk: Chunk, day: int, channel: int) -> None:
        """Add the donors of all drives of a channel that are committed for today."""
        drives, state, resources = self.world.drives, self.bank.drives, self.world.resources
        assert drives is not None
        assert state is not None
        due = state.visits[day].any(axis=1) & (drives.channel == channel)
        for source in np.flatnonzero(due).tolist():
            region = int(drives.table.region[source])
            apart = self.called_by_group.get(channel)
            factor = self.factor[channel, region]
            by_group = None if apart is None else apart[region]
            donors = visitors(self.world, state, chunk, day, source, factor, by_group)
            visits = state.visits[day, source]
            if channel in resources.team_places:
                teams = visits * drives.table.teams_per_visit[source]
                donors = _seated(donors, resources.team_places[channel][day, region] * teams)
            self.invited[channel, region] += donors
            self.ledger.count_visits(source, visits, donors[-1])

    def plan(self, plan: Plan, day: int) -> None:
        """Carry out what a planner decided about collection."""
        if plan.drives is None and not plan.throttles and not plan.appeals:
            return
        if not self.mode.plans_drives:
            raise PlanError("a plan for collection needs policies.collection: {kind: optimized}")
        if plan.drives is not None:
            commit(self.world, self.bank.drives, np.asarray(plan.drives), day)
        names = [channel.name for channel in self.world.channels]
        for what, factors in (("throttle", plan.throttles), ("appeal", plan.appeals)):
            for name, factor in factors.items():
                if name not in names:
                    raise PlanError(f"{what} of '{name}', which is no channel: {', '.join(names)}")
                if np.shape(factor) != self.factor.shape[1:] or not np.min(factor) >= 0:
                    shape = self.factor.shape[1:]
                    raise PlanError(f"{what} of '{name}' must be {shape} numbers, 0 or more")
        if plan.throttles:
            self.bank.throttles = {
                names.index(name): np.asarray(factor, float).copy()
                for name, factor in plan.throttles.items()
            }
        for name, lift in plan.appeals.items():
            self.donors.appeal(names.index(name), np.asarray(lift, float))

    def process_day(self, chunk: Chunk, day: int) -> None:
        """Send the day's gifts to the laboratory and start an empty day."""
        for rule, asked in zip(self.world.replacement, self.bank.asked, strict=True):
            drawn = self.uniforms.of(rule.purpose, day)
            self.invited[rule.channel] += rule.donors(self.world, asked, chunk, drawn, day)
        self.mode.replay_or_record(day, self.invited)
        self.mode.replay_or_record_visits(day, self.ledger)
        uniform = chunk.lab_uniform[day - chunk.first_day][:, :, None]
        gifts = {
            gift: np.zeros(self.invited.shape[1:], dtype=np.int32)
            for gift in ("whole_blood", "apheresis")
        }
        failing = {gift: np.zeros(self.factor.shape[1:]) for gift in gifts}
        came_and_gave: dict[int, tuple[Ints, Ints, Ints]] = {}
        for index, channel in enumerate(self.world.channels):
            no_show, deferral = uniform[3 * index : 3 * index + 2]
            invited = self.invited[index]
            came = _less(invited, channel.no_show_share, no_show)
            donated = _less(came, channel.deferral_share, deferral)
            came_and_gave[index] = (invited, came, donated)
        giving = {i: gave for i, (_, _, gave) in came_and_gave.items()}
        kinds = self._draw_on_pools(giving, day)
        self._count_in_month(giving, day)
        for index, channel in enumerate(self.world.channels):
            invited, came, donated = came_and_gave[index]
            total = donated[:, -1]
            first = rounded(total, channel.first_time_share, uniform[3 * index + 2, :, 0])
            self.ledger.count_donors(index, invited, came, donated, first, kinds.get(index))
            gifts[channel.gift] += donated
            failing[channel.gift] += channel.test_failure_share * total
        if self.world.teams:
            gifts["whole_blood"] += self._call_teams(day)
        self._separate(gifts, failing, uniform[3 * len(self.world.channels) :], day)
        self.invited[:] = 0

    def _count_in_month(self, donated: dict[int, Ints], day: int) -> None:
        """Count the day's donors in the planned months that catch up."""
        for number, plan in enumerate(self.world.month_plans):
            if plan.counts[day]:
                before = self.bank.given_in_month.get(number, 0)
                given = plan.gifts(donated, day)
                self.bank.given_in_month[number] = given + (0 if plan.begins[day] else before)

    def _separate(
        self, gifts: dict[str, Ints], failing: dict[str, Floats], uniform: Floats, day: int
    ) -> None:
        """Turn the day's gifts into pieces of every product, and send them to be tested."""
        sizing, testing, *discarding = uniform
        dated = self.world.resources.gift_shares
        shares = self.world.gift_shares if dated is None else dated[day]
        donated, failed = gifts["whole_blood"], failing["whole_blood"]
        bags = whole_blood(donated, failed, shares, sizing, testing)
        for index, product in enumerate(self.world.products):
            if product.source == "derived":  # made from stock, not from gifts
                continue
            if product.source == "apheresis":
                donated, failed = gifts["apheresis"], failing["apheresis"]
                pieces, bad = apheresis_pieces(product, donated, failed, sizing, testing)
            else:
                pieces, bad = bags.pieces(product)
            self._into_test(index, product, day, pieces, bad, discarding[index])

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
        given = np.zeros(self.invited.shape[1:], dtype=np.int32)
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

    def _into_test(
        self, index: int, product: ProductWorld, day: int, pieces: Ints, bad: Ints, uniform: Floats
    ) -> None:
        """Put collected pieces into test; those that fail or are lost are known but not shown."""
        sound = cumulated(pieces - bad)
        lost = per_group(rounded(sound, product.discard_share, uniform)) + bad
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
    """Return the donors (..., 8, R), cumulated over groups, who find one of the *places*.

    All groups alike are turned away.
    """
    total = cumulated[..., -1:, :].astype(np.int64)
    if (total <= places).all():
        return cumulated
    return (cumulated * np.minimum(total, places) // np.maximum(total, 1)).astype(np.int32)


def _less(upto: Ints, share: float, uniform: Floats) -> Ints:
    """Return a copy of cumulated counts less a *share* of them."""
    return upto - rounded(upto, share, uniform) if share else upto.copy()
