r"""What collection could have given at most, whoever steers it: the envelope of a joint bound.

The luck of a run does not depend on what is decided, and neither does the opening state. What a
policy of collection has in hand is the factor f on latent donors, and which visits are held when.
With F the largest factor that any of the run's variants had on any day, per replication, region,
channel and group, and N the latent donors of a session,

.. math:: \lfloor f \textstyle\sum_{h \le g} N_h + u \rfloor -
          \lfloor f \sum_{h < g} N_h + u \rfloor \le F N_g + 1.

Visits of a day take at most the region's teams. Those of one source are consecutive in its row of
latent visits, so that v of them bring at most the largest sum of v neighbours, times F, weather and
shocks; over the sources that are open a knapsack of teams takes the most of each group by itself.

Desk, laboratory and tests take shares, each rounded on running counts, so that a share s leaves at
most (1 - s) n + 1 of n; places, processing and pools only turn donors away. From n donors of
a group come at most (m - a s) (1 - d) n + e pieces, with m the mean pieces of a gift, a those of
the smallest, s failed tests, d discards, and e the roundings. Turned round, a piece takes at least
1 / ((m - a s) (1 - d)) donations, but for e pieces a day.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.hindsight import Attainable
from bloodsim.model.luck import Chunk
from bloodsim.model.world import ProductWorld, World
from bloodsim.scenario import CostWeights

Floats = NDArray[np.float64]


class Envelope:
    """Latent donors of the scored days, and the largest factors that variants put on them."""

    def __init__(self, world: World, n_replications: int) -> None:
        self.world, self.first_day = world, world.score_first
        n_days = world.n_days - world.score_first
        shape = (len(world.channels), world.n_regions, 8, n_replications)
        self.latent: NDArray[np.int32] = np.zeros((n_days, *shape), dtype=np.int32)
        self.weather: Floats = np.ones((n_days, world.n_regions, n_replications))
        self.peak: Floats = np.zeros(shape)
        self.chunk: Chunk

    def see(self, chunk: Chunk) -> None:
        """Keep the latent donors of a chunk's scored days."""
        self.chunk = chunk
        for index in range(len(chunk.invited)):
            day = chunk.first_day + index - self.first_day
            if not 0 <= day < len(self.latent):
                continue
            for number, channel in enumerate(self.world.channels):
                slots = slice(channel.first_slot, channel.first_slot + len(channel.session_hours))
                upto = np.add.reduce(chunk.invited[index, slots], axis=0)
                self.latent[day, number] = np.diff(upto, axis=1, prepend=0)
            if chunk.weather is not None:
                self.weather[day] = chunk.weather[index]

    def rise(self, factor: Floats, by_group: dict[int, Floats]) -> None:
        """Take note of a day's turnout factors (n_channels, n_regions, R) of one variant."""
        for channel, whole in enumerate(factor):
            each = whole[:, None] * by_group.get(channel, 1.0)
            np.maximum(self.peak[channel], each, out=self.peak[channel])

    def attainable(self, cost: CostWeights) -> Attainable:
        """Return what could enter stock at most, and what that takes at least."""
        world = self.world
        gifts = {gift: self._gifts(gift) for gift in ("whole_blood", "apheresis")}
        n_days, (_, n_regions, _, n) = len(self.latent), self.peak.shape
        most = np.zeros((n_days, len(world.products), n_regions, 8, n))
        fixed = np.zeros((n_days, len(world.products)), dtype=bool)
        price, rounding = np.zeros((len(world.products), n_regions)), np.zeros(n)
        charged: set[str] = set()
        for index, product in enumerate(world.products):
            donors = gifts[product.source]
            rate, over = self.pieces_per_donor(product)
            wait = max(1, product.test_delay_days)
            pieces = donors * rate[:, None, None] + over * (donors > 0)
            most[wait:, index] = pieces[: n_days - wait]
            fixed[:wait, index] = True
            if product.source not in charged:  # a gift is paid once, whatever is made of it
                price[index] = cost.donation / np.where(rate > 0, rate, np.inf)
                held = np.add.reduce(donors[: n_days - wait] > 0, axis=(0, 2))
                rounding += np.add.reduce(held * (over * price[index])[:, None], axis=0)
                charged.add(product.source)
        return Attainable(most, fixed, price, rounding)

    def _gifts(self, gift: str) -> Floats:
        """Return the donors of a kind of gift who could give (n_days, n_regions, 8, R)."""
        total: Floats = np.zeros((len(self.latent), *self.peak.shape[1:]))
        for number, channel in enumerate(self.world.channels):
            if channel.gift != gift:
                continue
            latent = self.latent[:, number]
            sessions = len(channel.session_hours)
            invited = latent * self.peak[number] + np.minimum(latent, sessions)
            invited += self._visitors(number)
            kept = (1 - channel.no_show_share) * (1 - channel.deferral_share)
            total += invited * kept + 2 * (invited > 0)
        return total

    def _visitors(self, channel: int) -> Floats:
        """Return whom the teams of each region could bring a day (n_days, n_regions, 8, R)."""
        found: Floats = np.zeros((len(self.latent), *self.peak.shape[1:]))
        drives = self.world.drives
        if drives is None:
            return found
        for region in range(self.world.n_regions):
            own = np.flatnonzero((drives.table.region == region) & (drives.channel == channel))
            if not len(own):
                continue
            days = slice(self.first_day, self.world.n_days)
            reach = drives.open[days, own] * drives.turnout[days, own]
            kinds, which = np.unique(reach, axis=0, return_inverse=True)
            by_kind = np.array([self._knapsack(own[k > 0], k[k > 0]) for k in kinds])
            visitors = by_kind[which.ravel()] * self.peak[channel, region]
            visitors *= self.weather[:, region, None]
            found[:, region] = visitors + len(own) * (visitors > 0)
        return found

    def _knapsack(self, sources: NDArray[np.integer], turnout: Floats) -> Floats:
        """Return the most latent donors of each group (8, R) that the teams of a day can see."""
        drives, luck = self.world.drives, self.chunk.drives
        assert drives is not None
        assert luck is not None
        table, shape = drives.table, self.peak.shape[2:]
        teams = int(table.teams_per_day[table.region[sources[0]]]) if len(sources) else 0
        best = np.zeros((teams + 1, *shape))
        for source, factor in zip(sources.tolist(), turnout.tolist(), strict=True):
            each = int(table.teams_per_visit[source])
            upto = np.diff(luck.upto[source], axis=1, prepend=0)  # of groups, not cumulated
            rivals = best.copy()
            limit = min(teams // each, int(table.organisations[source]), len(upto) - 1)
            for visits in range(1, limit + 1):
                brought = factor * (upto[visits:] - upto[:-visits]).max(axis=0)
                taken = visits * each
                np.maximum(best[taken:], rivals[: teams + 1 - taken] + brought, out=best[taken:])
        return np.asarray(best.max(axis=0))

    def pieces_per_donor(self, product: ProductWorld) -> tuple[Floats, float]:
        """Return sound pieces per donor of each region, and those that rounding may add."""
        world = self.world
        failing = min(
            (c.test_failure_share for c in world.channels if c.gift == product.source), default=0.0
        )
        kept = 1 - product.discard_share
        if product.source == "apheresis":
            rate = np.full(world.n_regions, product.pieces_per_donation * (1 - failing) * kept)
            return rate, product.pieces_per_donation + 2
        sizes = np.floor(product.pieces_per_100_ml * np.array([2, 3, 4]))
        dated = world.resources.gift_shares
        shares = world.gift_shares if dated is None else dated
        mean = (shares * sizes).sum(axis=-1)
        mean = mean if dated is None else mean[self.first_day : world.n_days].max(axis=0)
        return (mean - sizes[0] * failing) * kept, float(sizes[2] + 1)
