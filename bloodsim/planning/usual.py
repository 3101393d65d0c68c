"""The default calendar beside what was held and agreed: what fits, and what breaks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

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
    return start.in_place_of(kept)


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


def odd_lines(start: DriveStart, held: HeldVisits) -> Iterator[str]:
    """Yield what is odd about visits that were agreed; they stay, for they are agreed."""
    assert start.world.drives is not None
    table, last = start.world.drives.table, start.first + timedelta(days=start.n_days - 1)
    known = np.concatenate([start.past, start.committed])
    number = {name: k for k, name in enumerate(table.names)}
    if not held.tells_past(start.first):
        yield (
            f"the list has no visit before {start.first}: those of the default calendar count as "
            "held (a line of 0 visits before then says that none was)"
        )
    for (name, when), count in sorted(held.visits.items(), key=lambda item: item[0][::-1]):
        day, source = (when - start.first).days, number[name]
        if day < 0 or not count:
            continue
        place = f"{held.places[name, when]}: " if (name, when) in held.places else ""
        said = f"{place}the visit agreed with '{name}' for {when}"
        if day >= start.n_days:
            yield f"{said} is after the plan's last day, {last}: it is not in the plan"
            continue
        for problem in _odd(start, known, day, source):
            yield f"{said} {problem}; it stays, for it is agreed"


def _odd(start: DriveStart, known: Ints, day: int, source: int) -> Iterator[str]:
    """Yield why a day's visits of a source could not have been planned."""
    assert start.world.drives is not None
    table, at = start.world.drives.table, len(start.past) + day
    if not start.open[day, source]:
        yield "is on a closed day or no working day"
    gap = int(table.gap_days[source])
    near = _most_near(known[:, source], at, gap)
    if near > table.organisations[source]:
        yield f"makes {near} in {gap} days (visit_gap_days)"
    year = _most_near(known[:, source], at, YEAR_DAYS)
    if year > table.most_per_year[source]:
        yield f"makes {year} in a year (visits_per_year)"
    own = table.region == table.region[source]
    for what, each, there in table.fleet():
        taken, most = int(start.committed[day, own] @ each[own]), there[table.region[source]]
        if taken > most:
            where = start.world.regions[table.region[source]]
            yield f"is on a day that takes {taken} {what}, {where} has {most} ({what}_per_day)"
