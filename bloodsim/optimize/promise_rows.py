"""What was promised, and what laboratories can take, as rows of a weekly plan of visits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.cover_price import Weeks
from bloodsim.optimize.program import ProgramBuilder
from bloodsim.planning_paths import CollectionWorld

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

_BROKEN = 1000.0
"""Points per visit, or per visit's donors, that a weekly plan leaves out of a promise: far above
what one is worth. Whether visits on days can keep it is found out when they are placed."""


def keep_promises(
    builder: ProgramBuilder,
    world: CollectionWorld,
    donors: Floats,
    weeks: Weeks,
    visits: Index,
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
    """
    open_days = world.open.astype(float)
    all_week = weeks.sums(open_days)
    for number, promise in enumerate(world.promises):
        own = list(promise.sources)
        dated = np.zeros_like(open_days)
        dated[promise.first_day : promise.last_day + 1] = 1
        part = weeks.sums(open_days * dated) / np.maximum(all_week, 1)
        mean = weeks.sums(donors * open_days * dated) / np.maximum(all_week, 1)
        least = promise.least_donors(world.default_visits, donors)
        largest = max(float(promise.within(donors).max(initial=0.0)), 1e-9)
        for name, asked, worth, one in (
            ("visits", promise.least_visits, part, 1.0),
            ("donors", least, mean, largest),
        ):
            if asked <= 0:
                continue
            row = builder.add_rows(f"promised_{name}_{number}", (1,), lower=asked)
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
