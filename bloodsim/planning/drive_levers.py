r"""What a plan of drives may change beside visits: turnout in the street, and appeals.

Both belong to channels of whole blood without drives, where people come by themselves. *Street*
scales a channel's turnout week by week within the range of its regulation (`min_factor` to
`max_factor`), in place of what regulation is expected to do. An *appeal* calls repeat donors on a
day: it raises that day's turnout by up to `rise`, wears out with the days it lasts
(`donor_pools.fatigue`), and who comes does not come by themselves later.

Donors of both count against the donors of the region as visits do: a plan shows what better days
bring. No more is taken away than the expected path has; in a week with an appeal to a channel its
turnout is not lowered, nor in the last `KEPT_DAYS` of the plan, which does not see what comes then.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.world import ChannelWorld
from bloodsim.optimize.drive_problem import DriveCalendar, Lever
from bloodsim.optimize.pool_rows import gift_cost
from bloodsim.optimize.visit_value import fatigue_steps
from bloodsim.planning.donor_price import DonorPrice
from bloodsim.planning.drive_start import WEEK_DAYS, DriveStart, pieces_per_donor
from bloodsim.scenario import Problem, Scenario, ScenarioError

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

LEVERS = ("street", "appeals")
"""What a plan may change beside visits."""
APPEAL_RISE = 0.06
"""Largest rise of turnout by an appeal where the product's alert levels name none (judgement)."""
KEPT_DAYS = 14
"""Last days of a plan in which street turnout may be raised but not lowered (judgement)."""


@dataclass(frozen=True)
class Levers:
    """The channels of a plan's levers; days count from its first, on which nothing changes.

    Parameters
    ----------
    channels : tuple of str (n_channels)
        Their names.
    donors : float array (n_days, n_channels, n_regions)
        Donors who give on the expected path; 0 in regions without levers.
    unregulated : float array (n_days, n_channels, n_regions)
        The same at a regulation factor of 1.
    least, most : float array (n_weeks, n_channels, n_regions)
        Range of the relative change of turnout; 0 and 0 = not throttled.
    rise : float array (n_channels,)
        Largest relative rise of turnout by an appeal; 0 = none.
    repeat_share : float array (n_channels,)
        Share of repeat donors.
    pieces : float array (n_channels, n_regions)
        Pieces released per donor who gives.
    steps : tuple of (days, effect)
        How appeals wear out.
    window_days : int
        Days over which *steps* count.
    """

    channels: tuple[str, ...]
    donors: Floats
    unregulated: Floats
    least: Floats
    most: Floats
    rise: Floats
    repeat_share: Floats
    pieces: Floats
    steps: tuple[tuple[float, float], ...]
    window_days: int

    @property
    def regions(self) -> Ints:
        """Regions that have any."""
        return np.flatnonzero(self.donors.any(axis=(0, 1)))

    @property
    def week(self) -> Ints:
        """Week of every day."""
        return np.arange(len(self.donors)) // WEEK_DAYS

    @property
    def throttled(self) -> bool:
        """Whether turnout may change anywhere."""
        return bool(self.least.any() or self.most.any())

    @property
    def nothing(self) -> LeverUse:
        """Levers left alone."""
        return LeverUse(np.zeros_like(self.least), *np.zeros((2, *self.donors.shape)))


@dataclass(frozen=True)
class LeverUse:
    """How levers are used.

    Parameters
    ----------
    change : float array (n_weeks, n_channels, n_regions)
        Relative change of turnout.
    rise : float array (n_days, n_channels, n_regions)
        Relative rise of turnout that appeals ask for, before they wear out.
    called : float array (n_days, n_channels, n_regions)
        Donors whom appeals bring.
    """

    change: Floats
    rise: Floats
    called: Floats

    def moved(self, levers: Levers) -> Floats:
        """Return the donors that turnout brings more or less (n_days, n_channels, n_regions)."""
        change: Floats = self.change[levers.week] * levers.donors
        return change

    def repeat_gifts(self, levers: Levers) -> Floats:
        """Return the repeat gifts that are added (n_days, n_regions)."""
        by_turnout = self.moved(levers) * levers.repeat_share[:, None]
        return np.asarray((by_turnout + self.called).sum(axis=1))

    def pieces(self, levers: Levers) -> Floats:
        """Return the pieces of all donors, more or less (n_days, n_regions)."""
        donors = self.moved(levers) + self.called
        return np.asarray((donors * levers.pieces).sum(axis=1))


def levers_of(
    start: DriveStart, asked: Collection[str], rise: float | None, worth: Floats
) -> Levers:
    """Return the levers that were asked for, where another donor is worth what a donation costs.

    Parameters
    ----------
    start : DriveStart
        Where the plan starts.
    asked : collection of str
        Of `LEVERS`.
    rise : float, optional
        Largest relative rise by an appeal; default: that of the scenario (`appeal_rise`).
    worth : float array (n_days, n_regions)
        Points per donor with the default calendar, the donation taken off.
    """
    world, days = start.world, slice(start.world.score_first, None)
    chosen = [(n, c) for n, c in enumerate(world.channels) if _may_change(start, c, asked)]
    n_weeks = -(-start.n_days // WEEK_DAYS)
    shape = start.n_days, len(chosen), world.n_regions
    at_one, donors = np.zeros(shape), np.zeros(shape)
    least, most = np.zeros((2, n_weeks, *shape[1:]))
    needed = (worth > 0).any(axis=0)
    for k, (_, channel) in enumerate(chosen):
        gives = (1 - channel.no_show_share) * (1 - channel.deferral_share)
        invited = channel.invited_mean[days][: start.n_days] * gives * needed
        invited[0] = 0  # today's turnout stands
        donors[:, k], at_one[:, k] = invited * start.turnout[channel.name][:, : start.n_days]
        rule = start.scenario.channels[channel.name].regulation
        if rule is None or "street" not in asked:
            continue
        usual, one = (
            np.add.reduceat(x[:, k], np.arange(0, start.n_days, WEEK_DAYS))
            for x in (donors, at_one)
        )
        ratio = np.where(usual > 0, one / np.where(usual > 0, usual, 1), 1)
        early = (np.arange(1, n_weeks + 1) * WEEK_DAYS <= start.n_days - KEPT_DAYS)[:, None]
        lowest = np.minimum(rule.min_factor * ratio - 1, 0)
        least[:, k] = np.where(early & (usual > 0), lowest, 0)
        most[:, k] = np.where(usual > 0, np.maximum(rule.max_factor * ratio - 1, 0), 0)
    fatigue = start.scenario.donor_pools.fatigue
    largest = appeal_rise(start.scenario, start.product) if rise is None else rise
    found = Levers(
        channels=tuple(channel.name for _, channel in chosen),
        donors=donors,
        unregulated=at_one,
        least=least,
        most=most,
        rise=np.array([largest * _may_appeal(c, asked) for _, c in chosen]),
        repeat_share=np.array([1 - c.first_time_share for _, c in chosen]),
        pieces=np.array([pieces_per_donor(world, start.product, [n]) for n, _ in chosen]).reshape(
            shape[1:]
        ),
        steps=fatigue_steps(fatigue.loss_per_day, fatigue.lowest),
        window_days=max(1, round(fatigue.recovery_days)),
    )
    return replace(found, least=found.least * _share_there(start, found))


def appeal_rise(scenario: Scenario, product: str) -> float:
    """Return the largest rise by an appeal: that of the strongest alert level, if any."""
    lifts = [level.turnout_lift for level in scenario.products[product].alerts]
    return max(lifts, default=0.0) or APPEAL_RISE


def check_levers(scenario: Scenario, asked: Collection[str], rise: float | None) -> None:
    """Raise `ScenarioError` for each lever that no channel has."""
    visited = {
        source.channel
        for sources in (scenario.resources.organisations, scenario.resources.organisation_pools)
        for source in sources.values()
    }
    free = [
        channel
        for name, channel in scenario.channels.items()
        if channel.gift == "whole_blood"
        and name not in visited
        and channel.donor_kind == "voluntary"
    ]
    problems = []
    if "street" in asked and not any(channel.regulation for channel in free):
        message = "planning street turnout needs a channel of whole blood that has a regulation"
        problems.append(Problem(("channels",), message, "channels of drives do not count"))
    if "appeals" in asked and not any(channel.first_time_share < 1 for channel in free):
        message = "planning appeals needs a channel of whole blood that has repeat donors"
        problems.append(Problem(("channels",), message, "channels of drives do not count"))
    if rise is not None and not 0 < rise <= 1:
        message = f"the largest rise by an appeal must be above 0 and at most 1; got {rise:g}"
        problems.append(Problem((), message))
    if problems:
        raise ScenarioError(problems)


def _may_change(start: DriveStart, channel: ChannelWorld, asked: Collection[str]) -> bool:
    drives, rule = start.world.drives, start.scenario.channels[channel.name].regulation
    assert drives is not None
    if channel.gift != "whole_blood" or not channel.is_voluntary:
        return False
    if channel.name in drives.table.channel:
        return False
    return ("street" in asked and rule is not None) or _may_appeal(channel, asked)


def _may_appeal(channel: ChannelWorld, asked: Collection[str]) -> bool:
    return "appeals" in asked and channel.first_time_share < 1


def _share_there(start: DriveStart, levers: Levers) -> Floats:
    """Return the part of `Levers.least` (n_weeks, n_channels, n_regions) that the path can give.

    Expected releases are simulated and split as demand is, donors are not: neither need hold all
    that donors of a week would release.
    """
    taken = by_week(start, -levers.least[levers.week] * levers.donors * levers.pieces)
    there = start.without_usual().receipts.transpose(0, 2, 1)  # n_slots, n_groups, n_regions
    total = taken.sum(axis=(0, 3))
    part = np.where(total > 0, np.minimum(there / np.where(total > 0, total, 1), 1), 1.0)
    counted = np.where(taken > 0, part[None, :, :, None, :], 1.0)
    return np.asarray(counted.min(axis=(1, 2)))


def by_week(start: DriveStart, pieces: Floats) -> Floats:
    """Return what pieces (n_days, n_channels, n_regions) of each week release.

    Shape (n_weeks, n_slots, n_groups, n_channels, n_regions).
    """
    days = np.arange(start.n_days)
    slot = start.network.slots.holding(days + start.release_days)
    n_slots, n_groups = len(start.network.slots), start.world.group_shares.shape[1]
    n_weeks = -(-start.n_days // WEEK_DAYS)
    total: Floats = np.zeros((n_weeks, n_slots + 1, n_groups, *pieces.shape[1:]))
    shares = start.world.group_shares.T[:, None, :]
    np.add.at(total, (days // WEEK_DAYS, slot), pieces[:, None] * shares)
    return total[:, :-1]


def costs_of(start: DriveStart, levers: Levers, later: DonorPrice) -> tuple[Floats, Floats]:
    """Return points per donor of turnout and of appeals (n_days, n_channels, n_regions).

    The donation, and what repeat donors would give later less what newcomers bring.
    """
    shape = levers.donors.shape
    repeat, credit = np.zeros((shape[0], shape[2])), np.zeros((shape[0], shape[2]))
    for region, path in enumerate(later.paths):
        if path is not None:
            repeat[:, region] = path.shares @ gift_cost(path)
            if path.first_time_credit is not None:
                credit[:, region] = path.first_time_credit
    share = levers.repeat_share[:, None]
    street = start.costs[0] + share * repeat[:, None] - (1 - share) * credit[:, None]
    appeals = start.costs[0] + np.broadcast_to(repeat[:, None], shape)
    return street, appeals


# --- in the problem of a region ------------------------------------------------------------------


def levers_in(
    start: DriveStart, levers: Levers, region: int, worth: Floats, follow: float
) -> tuple[Lever, ...]:
    """Return a region's levers.

    Parameters
    ----------
    start : DriveStart
        Where the plan starts.
    levers : Levers
        All of them.
    region : int
        Which.
    worth : float array (n_days,)
        Points per donor who gives at a visit, the donation taken off.
    follow : float
        Points per donor for following the amounts.
    """
    donation = start.costs[0]
    found = []
    for k, name in enumerate(levers.channels):
        donors = levers.donors[:, k, region]
        if not donors.any():
            continue
        per_donor = levers.pieces[k, region] / max(float(start.pieces[region]), 1e-9)
        found.append(
            Lever(
                channel=name,
                gift="whole_blood",
                donors=donors,
                value=(worth + donation) * per_donor - donation + follow,
                repeat_share=float(levers.repeat_share[k]),
                min_factor=1 + levers.least[:, k, region],
                max_factor=1 + levers.most[:, k, region],
                period_days=WEEK_DAYS,
                appeal_max=float(levers.rise[k]),
                appeal_steps=levers.steps,
                appeal_window_days=levers.window_days,
            )
        )
    return tuple(found)


def add_use(use: LeverUse, levers: Levers, region: int, found: DriveCalendar) -> None:
    """Write what a region's calendar makes of its levers into *use*, in place."""
    for k, name in enumerate(levers.channels):
        if name in found.throttles:
            use.change[:, k, region] = found.throttles[name][::WEEK_DAYS] - 1
        if name in found.appeals:
            use.rise[:, k, region] = found.appeals[name]
            use.called[:, k, region] = found.called[name]


def effort_of(start: DriveStart, levers: Levers, later: DonorPrice, use: LeverUse) -> float:
    """Return the points of the donors that levers bring, more or less."""
    street, appeals = costs_of(start, levers, later)
    return float((street * use.moved(levers) + appeals * use.called).sum())


def netted(levers: Levers, use: LeverUse) -> LeverUse:
    """Return the use of levers without appeals in weeks in which the same turnout is lowered.

    What is lowered and what is called cancel as far as they go; the donors of the week stay.
    """
    firsts = np.arange(0, len(levers.donors), WEEK_DAYS)
    usual, called = (np.add.reduceat(x, firsts) for x in (levers.donors, use.called))
    both = np.minimum(called, np.maximum(-use.change * usual, 0))
    change = use.change + both / np.where(usual > 0, usual, 1)
    kept = (1 - both / np.where(called > 0, called, 1))[levers.week]
    return LeverUse(change, use.rise * kept, use.called * kept)


def worn_out(start: DriveStart, levers: Levers, use: LeverUse) -> LeverUse:
    """Return the use of levers with no more donors than appeals bring that wear out day by day.

    A calendar's steps let appeals of half the size last twice as long; the simulator tires donors
    by every day that has one, whatever its size.
    """
    rule, left = start.scenario.donor_pools.fatigue, np.ones(use.rise.shape[1:])
    called = np.zeros_like(use.called)
    for day, rise in enumerate(use.rise):
        called[day] = np.minimum(use.called[day], rise * left * levers.donors[day])
        tired = np.maximum(left * (1 - rule.loss_per_day), rule.lowest)
        left = np.where(rise > 0, tired, left + (1 - left) / rule.recovery_days)
    return replace(use, called=called)
