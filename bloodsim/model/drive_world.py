"""Drives before the first day: who can be visited when, and the default calendar of visits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bloodsim.drive_table import DayRoom, DriveTable
from bloodsim.model.shocks import ShockWorld, turnout_factor
from bloodsim.model.span import applies
from bloodsim.model.turnout import YEAR_DAYS
from bloodsim.scenario.organisations import Drives, Organisation, OrganisationPool
from bloodsim.seasons import Calendar, daily_factors

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

NO_LIMIT = 1_000_000
"""Vehicles of a region without a limit beside one that has one."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class DriveWorld:
    """Everything about drives that is fixed.

    Parameters
    ----------
    table : DriveTable
        What planners see.
    channel : int array (n_sources,)
        Channels of the visits.
    open : bool array (n_days, n_sources)
        Days on which a source may be visited: its candidates.
    turnout : float array (n_days, n_sources)
        Multiplier on donors by shocks.
    calendar : int array (n_days, n_sources)
        Visits of the default calendar.
    most_visits : int array (n_sources,)
        No calendar can have more visits in the run.
    """

    table: DriveTable
    channel: NDArray[np.integer]
    open: Mask
    turnout: Floats
    calendar: Ints
    most_visits: Ints

    def expected(self, channels: Sequence[str], n_regions: int) -> dict[str, Floats]:
        """Return mean donors of the default calendar (n_days, n_regions) by channel with drives."""
        donors: dict[str, Floats] = {}
        for source, number in enumerate(self.channel):
            shape = (len(self.calendar), n_regions)
            mean = donors.setdefault(channels[number], np.zeros(shape))
            visits = self.calendar[:, source] * self.turnout[:, source]
            mean[:, self.table.region[source]] += visits * self.table.donors_per_visit[source]
        return donors

    def of_sources(self, own: NDArray[np.integer]) -> DriveWorld:
        """Return the drives of some sources alone, numbered anew; teams are as before."""
        return DriveWorld(
            table=self.table.of_sources(own),
            channel=self.channel[own],
            open=self.open[:, own],
            turnout=self.turnout[:, own],
            calendar=self.calendar[:, own],
            most_visits=self.most_visits[own],
        )


def compile_drives(
    scenario: Scenario,
    dates: Sequence[date],
    calendar: Calendar,
    shocks: tuple[ShockWorld, ...],
) -> DriveWorld | None:
    """Return the drives of a scenario; None where visits only raise mean turnout."""
    settings = scenario.resources.drives
    named = scenario.resources.organisations
    pools = scenario.resources.organisation_pools
    if settings is None or not (named or pools):
        return None
    sources: list[Organisation | OrganisationPool] = [*named.values(), *pools.values()]
    regions, channels = list(scenario.regions), list(scenario.channels)
    region = np.array([regions.index(source.region) for source in sources])
    by_region = settings.teams_per_day_by_region
    teams = np.array([by_region.get(name, settings.teams_per_day) for name in regions])
    open_days = np.stack([_open(scenario, one, dates, calendar) for one in sources], axis=1)
    table = DriveTable(
        names=(*named, *pools),
        region=region,
        channel=tuple(source.channel for source in sources),
        donors_per_visit=np.array([visit_donors(source) for source in sources]),
        teams_per_visit=np.array([source.teams_per_visit for source in sources]),
        gap_days=np.array([source.visit_gap_days for source in sources]),
        organisations=np.array([getattr(source, "organisations", 1) for source in sources]),
        most_per_year=np.array([_most_per_year(source) for source in sources]),
        quota_per_year=np.array([_quota(source) for source in sources]),
        candidate_source=np.nonzero(open_days.T)[0],
        candidate_day=np.nonzero(open_days.T)[1],
        teams_per_day=teams,
        commit_days=settings.commit_days,
        vehicles_per_visit=np.array([source.vehicles_per_visit for source in sources]),
        vehicles_per_day=_vehicles(settings, regions),
    )
    turnout = np.ones(open_days.shape)
    for number, source in enumerate(sources):
        factor = turnout_factor(shocks, source.channel)
        turnout[:, number] = factor if isinstance(factor, float) else factor[:, region[number]]
    return DriveWorld(
        table=table,
        channel=np.array([channels.index(source.channel) for source in sources]),
        open=open_days,
        turnout=turnout,
        calendar=_default_calendar(sources, table, open_days, dates, calendar),
        most_visits=_most_visits(table, len(dates)),
    )


def _vehicles(settings: Drives, regions: Sequence[str]) -> NDArray[np.integer] | None:
    """Return the vehicles of each region; None where none has a limit."""
    usual, by_region = settings.vehicles_per_day, settings.vehicles_per_day_by_region
    if usual is None and not by_region:
        return None
    return np.array([by_region.get(name, NO_LIMIT if usual is None else usual) for name in regions])


def visits_a_year(organisation: Organisation) -> int:
    """Return the visits that an organisation's quota takes, at least those agreed."""
    cap = organisation.cap_share * organisation.headcount
    each = min(organisation.donors_per_visit or cap, cap)
    needed = math.ceil(organisation.quota / each - 1e-9) if each > 0 else 0
    return max(organisation.min_visits, needed)


def visit_donors(source: Organisation | OrganisationPool) -> float:
    """Return the donors expected at a visit: as given, or the quota over the visits, capped."""
    if isinstance(source, OrganisationPool):
        return source.donors_per_visit
    cap = source.cap_share * source.headcount
    if source.donors_per_visit is not None:
        return min(source.donors_per_visit, cap)
    visits = len(source.visits) or visits_a_year(source)
    return min(source.quota / visits, cap) if visits and source.quota else cap


def visits_that_fit(scenario: Scenario, organisation: Organisation, first: date, last: date) -> int:
    """Return how many visits open days have room for, first to last day included, gaps kept."""
    days = range((last - first).days + 1)
    dates = [first + timedelta(days=day) for day in days]
    if not dates:
        return 0
    count, earliest = 0, 0
    is_open = _open(scenario, organisation, dates, scenario.calendar.build())
    for day in np.flatnonzero(is_open).tolist():
        if day >= earliest:
            count, earliest = count + 1, day + organisation.visit_gap_days
    return count


def _most_per_year(source: Organisation | OrganisationPool) -> int:
    if isinstance(source, OrganisationPool):
        return math.ceil(source.organisations * source.visits_per_year - 1e-9)
    return 365


def _quota(source: Organisation | OrganisationPool) -> float:
    if isinstance(source, OrganisationPool):
        return source.organisations * source.visits_per_year * source.donors_per_visit
    return float(source.quota)


def _most_visits(table: DriveTable, n_days: int) -> Ints:
    """Return how many visits of each source its gaps and its year allow in *n_days*."""
    by_gap = table.organisations * (-(-n_days // table.gap_days))
    by_year = table.most_per_year * (-(-n_days // 365))
    by_day = n_days * table.at_once
    return np.minimum(np.minimum(by_gap, by_year), by_day).astype(np.int32)


def _open(
    scenario: Scenario,
    source: Organisation | OrganisationPool,
    dates: Sequence[date],
    calendar: Calendar,
) -> Mask:
    """Return working days outside closures within the channel's dates, and fixed visits."""
    channel = scenario.channels[source.channel]
    dated = applies(dates, channel.from_date, channel.until_date)
    open_days: Mask = (_working(source, dates, calendar) > 0) & dated
    fixed = set(getattr(source, "visits", ()))
    return open_days | (np.array([day in fixed for day in dates]) & dated)


def _working(
    source: Organisation | OrganisationPool, dates: Sequence[date], calendar: Calendar
) -> Floats:
    closures = [(closure.from_date, closure.to_date) for closure in source.closures]
    return np.asarray(daily_factors(dates, calendar, closures=closures, working_days_only=True))


# --- the default calendar ---------------------------------------------------------------------


def _default_calendar(
    sources: Sequence[Organisation | OrganisationPool],
    table: DriveTable,
    open_days: Mask,
    dates: Sequence[date],
    calendar: Calendar,
) -> Ints:
    """Place visits day by day: fixed ones, then organisations in order, then pools.

    The n visits a year of the m organisations of a region aim at evenly spaced days, each
    organisation a little later than the one before, and take the first open day from there on
    that keeps the gap and has teams (and vehicles) left. Pools follow an even pace over their open
    days; what finds no team waits for the next day.
    """
    visits = np.zeros(open_days.shape, dtype=np.int32)
    room = DayRoom(table, visits)
    index = {day: number for number, day in enumerate(dates)}
    spread: list[int] = []
    for number, source in enumerate(sources):
        if isinstance(source, Organisation) and source.visits:
            days = sorted(index[day] for day in source.visits if day in index)
            _place(visits, room, number, [day for day in days if open_days[day, number]])
        elif isinstance(source, Organisation):
            spread.append(number)
    for number in spread:
        source = sources[number]
        assert isinstance(source, Organisation)
        rivals = [other for other in spread if table.region[other] == table.region[number]]
        phase = (rivals.index(number) + 0.5) / len(rivals)
        _spread(source, phase, number, open_days, visits, room)
    for number, source in enumerate(sources):
        if isinstance(source, OrganisationPool):
            year = _open_days_a_year(source, dates, calendar)
            _pace(source, year, number, table, open_days, visits, room)
    return visits


def _open_days_a_year(source: OrganisationPool, dates: Sequence[date], calendar: Calendar) -> float:
    """Return a pool's open days in the year that begins with the run (whatever its length)."""
    first = dates[0].toordinal()
    year = [date.fromordinal(first + number) for number in range(int(YEAR_DAYS))]
    return float(_working(source, year, calendar).sum())


def _place(visits: Ints, room: DayRoom, source: int, days: Iterable[int]) -> None:
    for day in days:
        visits[day, source] += 1
        room.take(day, source)


def _spread(
    organisation: Organisation,
    phase: float,
    number: int,
    open_days: Mask,
    visits: Ints,
    room: DayRoom,
) -> None:
    """Place the visits of one organisation, *phase* (0 to 1) of a step after the start."""
    per_year = visits_a_year(organisation)
    if per_year == 0:
        return
    step = YEAR_DAYS / per_year
    able = open_days[:, number] & (room.visits(slice(None), number) > 0)
    earliest = 0
    for turn in range(int(len(visits) / step) + 1):
        later = np.flatnonzero(able[max(earliest, int((turn + phase) * step)) :])
        if not later.size:
            return
        day = max(earliest, int((turn + phase) * step)) + int(later[0])
        _place(visits, room, number, [day])
        earliest = day + organisation.visit_gap_days


def _pace(
    pool: OrganisationPool,
    open_days_a_year: float,
    number: int,
    table: DriveTable,
    open_days: Mask,
    visits: Ints,
    room: DayRoom,
) -> None:
    """Place the visits of a pool at an even pace over its open days."""
    if open_days_a_year == 0:
        return
    rate = pool.organisations * pool.visits_per_year / open_days_a_year
    due = np.floor(np.cumsum(open_days[:, number]) * rate + 1e-9).astype(int)
    column, placed = visits[:, number], 0
    fit = room.visits(slice(None), number)  # a pool takes its own days one by one
    for day in np.flatnonzero(open_days[:, number]).tolist():
        in_gap = int(column[max(0, day - pool.visit_gap_days + 1) : day].sum())
        in_year = int(column[max(0, day - 364) : day].sum())
        count = min(
            due[day] - placed,
            int(fit[day]),
            pool.organisations - in_gap,
            int(table.most_per_year[number]) - in_year,
        )
        if count > 0:
            column[day] = count
            room.take(day, number, count)
            placed += count
