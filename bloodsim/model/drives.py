"""Drives: what was committed, who comes, and what a plan may not do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import PlanError
from bloodsim.model.drive_state import DriveState
from bloodsim.model.luck import Chunk
from bloodsim.model.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


def visitors(
    world: World,
    state: DriveState,
    chunk: Chunk,
    day: int,
    source: int,
    factor: Floats,
    by_group: Floats | None = None,
) -> Ints:
    """Return who comes to a source today (8, R), cumulated over groups, and count its visits.

    *factor* (R,) is today's turnout, *by_group* (8, R) that of groups that are called first.
    """
    assert world.drives is not None
    assert chunk.drives is not None
    assert chunk.weather is not None
    visits, done = state.visits[day, source], state.held[source]
    region, column = world.drives.table.region[source], np.arange(len(done))
    upto = chunk.drives.upto[source]
    latent = (upto[done + visits, :, column] - upto[done, :, column]).T
    weather = chunk.weather[day - chunk.first_day, region] * world.drives.turnout[day, source]
    if by_group is not None:
        latent = np.cumsum(np.diff(latent, axis=0, prepend=0) * by_group, axis=0)
    donors = latent * (factor * weather) + chunk.drives.uniform[source][done, column]
    state.held[source] += visits
    return np.where(visits > 0, donors, 0.0).astype(np.int32)


def commit(world: World, state: DriveState | None, plan: NDArray[np.integer], day: int) -> None:
    """Add the visits of a plan.

    Parameters
    ----------
    plan : int array (n_candidates, R)
        Visits to add, by candidate of the drive table.

    Raises
    ------
    PlanError
        Naming organisation, day and limit, if a visit breaks a rule; nothing is added then.
    """
    drives = world.drives
    if drives is None or state is None:
        raise PlanError("the plan has drives, and the scenario has none: see resources.drives")
    table = drives.table
    shape = (len(table.candidate_day), state.held.shape[-1])
    if plan.shape != shape or not np.issubdtype(plan.dtype, np.integer):
        raise PlanError(f"drives must be whole numbers of shape {shape}, not {plan.shape}")
    if plan.min(initial=0) < 0:
        raise PlanError("a committed drive cannot be taken back: drives must be 0 or more")
    rows = np.flatnonzero(plan.any(axis=1))
    days, sources = table.candidate_day[rows], table.candidate_source[rows]
    early = days < day + table.commit_days
    if early.any():
        row = int(np.argmax(early))
        limit = f"drives are committed {table.commit_days} days ahead"
        raise _broken(world, int(sources[row]), int(days[row]), limit)
    visits = state.visits.copy()
    visits[days, sources] += plan[rows].astype(np.int16)
    for source in np.unique(sources).tolist():
        _check_rests(world, visits[:, source], source)
    _check_fleet(world, visits, np.unique(days))
    state.visits[:] = visits


def _check_rests(world: World, visits: NDArray[np.int16], source: int) -> None:
    """Check the visits (n_days, R) of one source against its gap and its year."""
    assert world.drives is not None
    table = world.drives.table
    gap, most = int(table.gap_days[source]), int(table.organisations[source])
    per_year = int(table.most_per_year[source])
    for days, limit, said in (
        (gap, most, f"at most {most} in {gap} days (visit_gap_days)"),
        (365, per_year, f"at most {per_year} a year (visits_per_year)"),
    ):
        over = _within(visits, days) > limit
        if over.any():
            raise _broken(world, source, int(np.argmax(over.any(axis=1))), said)


def _within(visits: NDArray[np.int16], days: int) -> Ints:
    """Return visits of the last *days* days, today included (n_days, R)."""
    total = np.cumsum(visits, axis=0, dtype=np.int32)
    total[days:] -= total[:-days].copy()
    return total


def _check_fleet(world: World, visits: NDArray[np.int16], days: NDArray[np.integer]) -> None:
    """Check the teams and vehicles of some days, region by region."""
    assert world.drives is not None
    table = world.drives.table
    for what, each, there in table.fleet():
        for region in np.unique(table.region).tolist():
            own = np.flatnonzero(table.region == region)
            taken = np.add.reduce(visits[np.ix_(days, own)] * each[own, None], axis=1)
            over = taken > there[region]
            if over.any():
                row, replication = (int(axis[0]) for axis in np.nonzero(over))
                busy = own[visits[days[row], own, replication] > 0]
                limit = (
                    f"{int(taken[row, replication])} {what} are needed and "
                    f"{int(there[region])} there ({what}_per_day)"
                )
                raise _broken(world, int(busy[-1]), int(days[row]), limit)


def _broken(world: World, source: int, day: int, limit: str) -> PlanError:
    assert world.drives is not None
    name = world.drives.table.names[source]
    return PlanError(f"drive of '{name}' on {world.date(day)}: {limit}")
