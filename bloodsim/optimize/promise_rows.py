"""What was promised, and what laboratories can take, as rows of a weekly plan of visits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.cover_price import Weeks
from bloodsim.optimize.program import ProgramBuilder
from bloodsim.planning_paths import CollectionWorld, Promise

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

_BROKEN = 1000.0
"""Points per visit, or per visit's donors, that a weekly plan leaves out of a promise: far above
what one is worth. Whether visits on days can keep it is found out when they are placed."""


def donors_asked(
    world: CollectionWorld, promise: Promise, stands: Index, donors: Floats, taken: Floats
) -> float:
    """Return the fewest donors of a promise: the default calendar's, within one visit.

    Of them laboratories take what they can, and no more is asked for than the earlier calendar
    brings, whose days may be over: it can be held still, whatever donors have become.

    Parameters
    ----------
    world : CollectionWorld
        The default calendar, and laboratories.
    promise : Promise
        What was promised.
    stands : int array (n_days, n_sources)
        An earlier calendar.
    donors : float array (n_days, n_sources)
        Donors expected to give at a visit.
    taken : float array (n_days, n_regions)
        Donors expected at sessions.
    """
    usual = promise.least_donors(_processed(world, world.default_visits, donors, taken), donors)
    before = promise.within(_processed(world, stands, donors, taken) * donors).sum()
    return min(usual, float(before))


def _processed(
    world: CollectionWorld, visits: Index, donors: Floats, taken: Floats
) -> Floats | Index:
    """Return visits (n_days, n_sources), in part where laboratories turn donors away."""
    if world.room is None:
        return visits
    region = world.drives.region
    come: Floats = np.zeros(world.room.shape)
    np.add.at(come.T, region, (visits * donors).T)
    left = np.maximum(world.room - taken, 0)
    part = np.where(come > left, left / np.where(come > 0, come, 1), 1)
    return np.asarray(visits * part[:, region])


def keep_promises(
    builder: ProgramBuilder,
    world: CollectionWorld,
    donors: Floats,
    weeks: Weeks,
    visits: Index,
    asked: Sequence[float],
) -> None:
    """Ask for the visits and donors of every promise; a week counts by its open days.

    Parameters
    ----------
    builder : ProgramBuilder
        The weekly plan.
    world : CollectionWorld
        Promises and open days.
    donors : float array (n_days, n_sources)
        Donors expected to give at a visit.
    weeks : Weeks
        Slots.
    visits : int array (n_weeks, n_sources)
        Columns of visits.
    asked : sequence of float
        Fewest donors of each promise (`donors_asked`).
    """
    open_days = world.open.astype(float)
    all_week = weeks.sums(open_days)
    for number, promise in enumerate(world.promises):
        own = list(promise.sources)
        dated = np.zeros_like(open_days)
        dated[promise.first_day : promise.last_day + 1] = 1
        part = weeks.sums(open_days * dated) / np.maximum(all_week, 1)
        mean = weeks.sums(donors * open_days * dated) / np.maximum(all_week, 1)
        largest = max(float(promise.within(donors).max(initial=0.0)), 1e-9)
        for name, least, worth, one in (
            ("visits", promise.least_visits, part, 1.0),
            ("donors", asked[number], mean, largest),
        ):
            if least <= 0:
                continue
            row = builder.add_rows(f"promised_{name}_{number}", (1,), lower=least)
            builder.add_terms(row, visits[:, own], worth[:, own])
            broken = builder.add_columns(f"broken_{name}_{number}", (1,), cost=_BROKEN)
            builder.add_terms(row, broken, one)


def within_laboratories(
    builder: ProgramBuilder,
    world: CollectionWorld,
    taken: Floats,
    donors: Floats,
    weeks: Weeks,
    visits: Index,
    stands: Floats,
) -> None:
    """Keep visits within what sessions leave of the room of laboratories, week by week.

    Parameters
    ----------
    builder, world, donors, weeks, visits
        As for `keep_promises`.
    taken : float array (n_days, n_regions)
        Donors expected at sessions of usual turnout.
    stands : float array (n_weeks, n_sources)
        Visits that are kept whatever the room.
    """
    if world.room is None:
        return
    region = world.drives.region
    mean = weeks.sums(donors) / weeks.lengths[:, None]
    room = weeks.sums(np.maximum(world.room - taken, 0))
    kept = np.zeros_like(room)
    for source, place in enumerate(region.tolist()):
        kept[:, place] += (stands * mean)[:, source]
    rows = builder.add_rows("laboratories", room.shape, upper=np.maximum(room, kept))
    builder.add_terms(rows[:, region], visits, mean)
