"""The default calendar beside what was held and agreed: what still fits, and what it breaks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bloodsim.drive_table import DayRoom
from bloodsim.planning.drive_start import YEAR_DAYS, DriveStart
from bloodsim.planning.drive_terms import agreed_terms
from bloodsim.planning.held import HeldVisits

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


def beside_what_stands(start: DriveStart) -> DriveStart:
    """Return a start whose usual visits are those of the default calendar that still fit.

    Day by day, in the order of the sources, as many visits are kept as leave the gaps and years of
    the source whole and have teams and vehicles, beside those held and agreed. What is expected
    changes with them.
    """
    assert start.world.drives is not None
    table, n_past = start.world.drives.table, len(start.past)
    known = np.concatenate([start.past, start.committed])
    room = DayRoom(table, start.committed)
    kept = np.zeros_like(start.usual)
    for day, source in zip(*np.nonzero(start.usual), strict=True):
        most = min(
            int(start.usual[day, source]),
            int(room.visits(np.array([day]), source)[0]),
            *(
                int(limit[source]) - _most_near(known[:, source], n_past + day, int(days[source]))
                for days, limit in (
                    (table.gap_days, table.organisations),
                    (np.full(len(table.names), YEAR_DAYS), table.most_per_year),
                )
            ),
        )
        if most > 0:
            kept[day, source] = most
            known[n_past + day, source] += most
            room.take(day, source, most)
    return start.with_usual(kept)


def _most_near(column: Ints, day: int, length: int) -> int:
    """Return the most visits in any *length* days that hold a day."""
    near = column[max(0, day - length + 1) : day + length]
    upto = np.concatenate([np.zeros(length, dtype=np.int64), np.cumsum(near)])
    ends = min(day, length - 1)  # the day's place: windows before it do not hold it
    return int((upto[length:] - upto[:-length])[ends : ends + length].max(initial=0))


def broken_by(
    start: DriveStart, visits: Ints, donors: Floats, held: HeldVisits | None
) -> Iterator[str]:
    """Yield what visits and their donors (n_days, n_sources) do not keep of what was agreed."""
    assert start.world.drives is not None
    table = start.world.drives.table
    together = start.committed + visits
    for region in np.unique(table.region).tolist():
        own = np.flatnonzero(table.region == region)
        placed = visits[:, own].any(axis=1)
        for what, each, there in table.fleet():
            if ((together[:, own] @ each[own] > there[region]) & placed).any():
                yield f"{what} of {start.world.regions[region]}"
        for term in agreed_terms(start, region, own, np.inf, held):
            inside = slice(term.first_day, term.last_day + 1), own[list(term.sources)]
            given = donors[inside].sum()
            if visits[inside].sum() < term.least_visits or given < term.least_donors - 1e-6:
                yield term.name
