"""The drives that may be placed, and what a day has room for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.integer]
FloatArray = NDArray[np.floating]


@dataclass(frozen=True)
class DriveTable:
    """The drives that may be placed: sources (organisations and pools of them) x open days.

    Parameters
    ----------
    names : tuple of str (n_sources)
        Organisations, then pools.
    region : int array (n_sources,)
        Region indices.
    channel : tuple of str (n_sources)
        Channels of the visits.
    donors_per_visit : float array (n_sources,)
        Donors expected at a turnout factor of 1.
    teams_per_visit, gap_days, organisations : int array (n_sources,)
        Teams that a visit takes; in any *gap_days* days at most *organisations* visits.
    most_per_year : int array (n_sources,)
        Most visits in any 365 days (pools).
    quota_per_year : float array (n_sources,)
        Donors a year asked for; 0 = none.
    candidate_source, candidate_day : int array (n_candidates,)
        Source and day of the run of every candidate.
    teams_per_day : int array (n_regions,)
        Teams that can be out on one day.
    commit_days : int
        Days ahead that a drive has to be committed.
    vehicles_per_visit : int array (n_sources,), optional
        Vehicles that a visit takes.
    vehicles_per_day : int array (n_regions,), optional
        Vehicles that can be out on one day; None = no limit.
    """

    names: tuple[str, ...]
    region: IntArray
    channel: tuple[str, ...]
    donors_per_visit: FloatArray
    teams_per_visit: IntArray
    gap_days: IntArray
    organisations: IntArray
    most_per_year: IntArray
    quota_per_year: FloatArray
    candidate_source: IntArray
    candidate_day: IntArray
    teams_per_day: IntArray
    commit_days: int
    vehicles_per_visit: IntArray | None = None
    vehicles_per_day: IntArray | None = None

    def fleet(self) -> Iterator[tuple[str, IntArray, IntArray]]:
        """Yield what visits take, per visit (n_sources,), of what is there a day (n_regions,)."""
        yield "teams", self.teams_per_visit, self.teams_per_day
        if self.vehicles_per_day is not None and self.vehicles_per_visit is not None:
            yield "vehicles", self.vehicles_per_visit, self.vehicles_per_day

    @property
    def at_once(self) -> IntArray:
        """Most visits of each source on one day (n_sources,)."""
        most = [there[self.region] // each for _, each, there in self.fleet()]
        return np.asarray(np.min(most, axis=0))

    def of_sources(self, own: IntArray) -> DriveTable:
        """Return the table of some sources alone, numbered anew; teams are as before."""
        kept = np.isin(self.candidate_source, own)
        number = np.zeros(len(self.names), dtype=int)
        number[own] = np.arange(len(own))
        vehicles = self.vehicles_per_visit
        return replace(
            self,
            names=tuple(self.names[k] for k in own),
            region=self.region[own],
            channel=tuple(self.channel[k] for k in own),
            donors_per_visit=self.donors_per_visit[own],
            teams_per_visit=self.teams_per_visit[own],
            gap_days=self.gap_days[own],
            organisations=self.organisations[own],
            most_per_year=self.most_per_year[own],
            quota_per_year=self.quota_per_year[own],
            candidate_source=number[self.candidate_source[kept]],
            candidate_day=self.candidate_day[kept],
            vehicles_per_visit=None if vehicles is None else vehicles[own],
        )


class DayRoom:
    """Teams and vehicles that are left, day by day and region by region.

    Parameters
    ----------
    table : DriveTable
        What is there, and what visits take.
    visits : int array (n_days, n_sources)
        Visits that stand.
    """

    def __init__(self, table: DriveTable, visits: IntArray) -> None:
        self.table = table
        self._left: list[tuple[IntArray, NDArray[np.int64]]] = []
        for _, each, there in table.fleet():
            left = np.repeat(there[None].astype(np.int64), len(visits), axis=0)
            for source, region in enumerate(table.region.tolist()):
                left[:, region] -= visits[:, source].astype(np.int64) * each[source]
            self._left.append((each, left))

    def visits(self, days: IntArray | slice, source: int) -> IntArray:
        """Return how many visits of a source still fit on some days (n_days,)."""
        region = self.table.region[source]
        return np.asarray(
            np.min([left[days, region] // each[source] for each, left in self._left], axis=0)
        )

    def take(self, day: int, source: int, count: int = 1) -> None:
        """Take what some visits need."""
        region = self.table.region[source]
        for each, left in self._left:
            left[day, region] -= count * each[source]

    def teams(self, days: IntArray, source: int) -> IntArray:
        """Return the teams that a source's region has left on some days (n_days,)."""
        return np.asarray(self._left[0][1][days, self.table.region[source]])
