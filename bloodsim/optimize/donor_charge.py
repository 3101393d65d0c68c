r"""How a calendar of a run is charged for what its donors would give after the scored days.

What a day's gift is worth is read off the planning paths: a unit released on day t keeps cover
higher for as long as it lives,

.. math:: \pi_t = \min\Big(\sum_{s=t}^{t+L-1} w_s,\ z\Big), \qquad
          w_s = \sum_j p_j P(\text{cover}_s < L_j),

with the prices p of low cover and z of a unit that nobody can serve (`cover_price`), as in the
program of the calendar; days after the last count as a mean one. From that
a year of the pool that repeats gives the worth of a donor (`donor_value`), and
`CollectionWorld.later_points` what a donation takes from after the plan.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.cover_price import LEVELS_DAYS, UNSERVED, Weeks, cover_prices
from bloodsim.optimize.donor_value import DonorValue
from bloodsim.optimize.pool_facts import PoolFacts, donor_path
from bloodsim.optimize.pool_rows import gift_cost
from bloodsim.planning_paths import CollectionWorld, PlanningPaths

Floats = NDArray[np.floating]


def unit_prices(world: CollectionWorld, paths: PlanningPaths) -> Floats:
    """Return the points that one more unit released on a day is worth (n_days, n_regions)."""
    prices = cover_prices(world, paths)
    found: Floats = np.zeros(world.normal.shape)
    for component in np.unique(world.component):
        own = world.component == component
        cover = paths.usable[:, own].sum(axis=1) / world.normal[:, own].sum(axis=1)[:, None]
        low = cover[..., None] < np.array(LEVELS_DAYS)
        by_day = low.mean(axis=1) @ prices
        after = np.full(world.life_days, by_day.mean())
        upto = np.concatenate([[0.0], np.cumsum(np.concatenate([by_day, after]))])
        lasting = upto[world.life_days :] - upto[: -world.life_days]
        found[:, own] = np.minimum(lasting[: len(by_day), None], UNSERVED)
    return found


def points_after(
    worth: DonorValue, facts: PoolFacts, eligible: Floats, natural: Floats
) -> tuple[Floats, Floats]:
    """Return what a gift takes from after the plan, and what a first-time donor brings (n_days,).

    What a gift takes from the days of the plan itself is not in it: rehearsals show that.

    Parameters
    ----------
    worth : DonorValue
        The year that begins with the plan.
    facts : PoolFacts
        The pool.
    eligible : float array (n_segments, n_days)
        Eligible donors on the usual path.
    natural : float array (n_days,)
        Repeat gifts on it.
    """
    path = donor_path(facts, eligible, natural, np.zeros(len(natural)), worth, 0.0)
    taken: Floats = facts.shares @ gift_cost(path)
    return taken, worth.first_time_credit(0.0, len(natural))


def visit_charge(world: CollectionWorld, paths: PlanningPaths, weeks: Weeks) -> Floats:
    """Return points per mean visit of a week (n_weeks, n_sources), against a usual donation's."""
    later = _against_usual(world, paths)[:, world.source_channel, world.drives.region]
    given = world.visit_donations * paths.willing[:, world.source_channel, world.drives.region]
    days = np.maximum(weeks.sums(world.open.astype(float)), 1)
    return np.asarray(weeks.sums(given * later * world.open) / days)


def session_charge(world: CollectionWorld, paths: PlanningPaths, weeks: Weeks) -> Floats:
    """Return points of a week's sessions at a factor of 1 (n_weeks, n_channels, n_regions)."""
    return weeks.sums(world.sessions * paths.willing * _against_usual(world, paths))


def _against_usual(world: CollectionWorld, paths: PlanningPaths) -> Floats:
    """Return later points less those of a usual donation: a plan gives as many as the reference."""
    if world.later_points is None:
        return np.zeros(paths.willing.shape)
    given = world.sessions * paths.willing
    visits = world.default_visits * world.visit_donations
    for source, (channel, region) in enumerate(
        zip(world.source_channel.tolist(), world.drives.region.tolist(), strict=True)
    ):
        given[:, channel, region] += visits[:, source] * paths.willing[:, channel, region]
    mean = (given * world.later_points).sum() / max(float(given.sum()), 1e-9)
    return np.asarray(world.later_points - mean)
