"""Levers as blocks of the divisible plan: a week of street turnout each, and a day of appeals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.divisible import Blocks, plan_divisible
from bloodsim.optimize.problem import State
from bloodsim.planning.donor_price import DonorPrice
from bloodsim.planning.drive_levers import Levers, by_week, costs_of
from bloodsim.planning.drive_start import WEEK_DAYS, DriveStart

Floats = NDArray[np.floating]


def with_levers(blocks: Blocks, start: DriveStart, levers: Levers, later: DonorPrice) -> Blocks:
    """Return the blocks of visits with those of levers.

    Appeals do not wear out here: every day has the effect of the first step.
    """
    if not levers.channels:
        return blocks
    street = _street_blocks(blocks, start, levers, later)
    return _joined(blocks, street, _appeal_blocks(blocks, start, levers, later))


def best_street(
    blocks: Blocks, start: DriveStart, levers: Levers, later: DonorPrice, state: State, left: Floats
) -> Floats:
    """Return the best change of street turnout (n_weeks, n_channels, n_regions), all else as it is.

    Parameters
    ----------
    blocks : Blocks
        Visits; only what they say of teams counts.
    start, levers, later : DriveStart, Levers, DonorPrice
        The plan.
    state : State
        With what visits and appeals release.
    left : float array (n_regions,)
        Donors that may still be added.
    """
    street = replace(_street_blocks(blocks, start, levers, later), most_donors=left)
    change = np.zeros_like(levers.least)
    if len(street.day):
        change[_throttled(levers)] = plan_divisible(start.network, state, street)[1]
    return change


def within_laboratories(start: DriveStart, levers: Levers, taken: Floats) -> Levers:
    """Return the levers, turnout raised by no more than laboratories have room for.

    Channels share the room of a day in proportion to their donors, and a week keeps to the tightest
    of its days.

    Parameters
    ----------
    start, levers : DriveStart, Levers
        The plan.
    taken : float array (n_days, n_regions)
        Donors of its visits and appeals.
    """
    rooms = [start.room(region) for region in range(start.world.n_regions)]
    if any(room is None for room in rooms):
        return levers
    left = np.maximum(np.stack([room for room in rooms if room is not None], axis=1) - taken, 0)
    come = levers.donors.sum(axis=1)
    share = np.where(come > 0, left / np.where(come > 0, come, 1), np.inf)
    by_week = np.minimum.reduceat(share, np.arange(0, start.n_days, WEEK_DAYS))
    return replace(levers, most=np.minimum(levers.most, by_week[:, None]))


def _throttled(levers: Levers) -> tuple[NDArray[np.intp], ...]:
    """Return weeks, channels and regions whose turnout may change."""
    return np.nonzero((levers.least < 0) | (levers.most > 0))


def _street_blocks(like: Blocks, start: DriveStart, levers: Levers, later: DonorPrice) -> Blocks:
    """Return one block per week, channel and region; a visit is a change by all of its turnout."""
    at, firsts = _throttled(levers), np.arange(0, start.n_days, WEEK_DAYS)
    pieces = by_week(start, levers.donors * levers.pieces)
    return replace(
        like,
        region=at[2],
        day=firsts[at[0]],
        teams=np.zeros(len(at[0]), dtype=np.int64),
        least=levers.least[at],
        most=levers.most[at],
        cost=np.add.reduceat(costs_of(start, levers, later)[0] * levers.donors, firsts)[at],
        donors=np.add.reduceat(levers.donors, firsts)[at],
        pieces=np.moveaxis(pieces, (3, 4), (1, 2))[at],
    )


def _appeal_blocks(like: Blocks, start: DriveStart, levers: Levers, later: DonorPrice) -> Blocks:
    """Return one block per day, channel and region; a visit is a rise by all of its turnout."""
    called = levers.steps[0][1] * levers.donors
    at = np.nonzero(called * levers.rise[:, None])
    day, channel, region = at
    slot = start.network.slots.holding(day + start.release_days)
    pieces: Floats = np.zeros((len(day), len(start.network.slots) + 1, like.pieces.shape[2]))
    given = called[at] * levers.pieces[channel, region]
    pieces[np.arange(len(day)), slot] = given[:, None] * start.world.group_shares[region]
    return replace(
        like,
        region=region,
        day=day,
        teams=np.zeros(len(day), dtype=np.int64),
        least=np.zeros(len(day)),
        most=levers.rise[channel],
        cost=(costs_of(start, levers, later)[1] * called)[at],
        donors=called[at],
        pieces=pieces[:, :-1],
    )


def _joined(*parts: Blocks) -> Blocks:
    """Return all blocks as one; teams and donors are those of the first."""
    names = ("region", "day", "teams", "most", "cost", "donors", "pieces")
    least = [np.zeros(len(part.day)) if part.least is None else part.least for part in parts]
    return replace(
        parts[0],
        least=np.concatenate(least),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names},
    )
