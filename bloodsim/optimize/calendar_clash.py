"""Which terms and limits clash when no calendar keeps all of them, and the smallest way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bloodsim.optimize.calendar_rows import YEAR_DAYS, gap_windows, year_windows
from bloodsim.optimize.drive_problem import DriveProblem
from bloodsim.optimize.program import Program
from bloodsim.optimize.solver import Limits, SolverError, Status, solve

Floats = NDArray[np.floating]

_LIMITS = Limits(gap=1e-6, nodes=5_000)
_TINY = 1e-6
_LATER = 0.01
"""By how much the last of all rows gives way less willingly than the first."""
_IN_VISITS = ("teams", "vehicles", "gap", "year")
_LIMIT_BLOCKS = (*_IN_VISITS, "processing", "testing", "pool_", "most_visits_", "most_donors_")
_SAID = {
    "teams": ("teams on", "teams_per_day"),
    "vehicles": ("vehicles on", "vehicles"),
    "processing": ("donations processed on", "processing"),
    "testing": ("donations tested on", "testing"),
}


@dataclass(frozen=True)
class GiveWay:
    """A term or limit that has to give way.

    Parameters
    ----------
    limit : str
        Which, in words.
    size : float
        By how much.
    unit : str
        Of what.
    asked : bool
        Whether it is something asked for, that falls, or a limit, that rises.
    """

    limit: str
    size: float
    unit: str
    asked: bool

    def __str__(self) -> str:
        return f"{self.limit}: {self.size:,.4g} {'fewer' if self.asked else 'more'} {self.unit}"


class NoCalendarError(SolverError):
    """No calendar keeps all terms.

    Parameters
    ----------
    message : str
        In a sentence.
    together : tuple of str
        Terms that no calendar keeps together, while it can keep any of them less one.
    ways_out : tuple of GiveWay
        The least that what is asked would have to fall in all; then the least that limits would
        have to rise instead.
    """

    status = Status.INFEASIBLE

    def __init__(
        self, message: str, together: tuple[str, ...] = (), ways_out: tuple[GiveWay, ...] = ()
    ) -> None:
        super().__init__(message)
        self.together, self.ways_out = together, ways_out

    @property
    def clashes(self) -> tuple[str, ...]:
        """What clashes, and the ways out, a line each."""
        asked = "; ".join(str(way) for way in self.ways_out if way.asked)
        limits = "; ".join(str(way) for way in self.ways_out if not way.asked)
        lines = (
            ("no calendar keeps all of: ", ", ".join(self.together)),
            ("smallest way out by asking less: ", asked),
            ("smallest way out by raising limits: ", limits),
        )
        return tuple(start + said for start, said in lines if said)


def explain(problem: DriveProblem, program: Program) -> NoCalendarError | None:
    """Return why no calendar keeps all terms; None if one does.

    Both ways out are found by solving again with slacks, whole where visits are whole: first only
    what is asked may fall, then only the limits may rise.
    """
    asked = [name for name in program.rows if name.startswith("least_")]
    limits = [name for name in program.rows if name.startswith(_LIMIT_BLOCKS)]
    fall, rise = _smallest(program, asked), _smallest(program, limits)
    if fall == [] or not (asked or rise):  # nothing was asked for: to visit nobody keeps it
        return None
    ways = [_way(problem, *one, asked=True) for one in fall or ()]
    ways += [_way(problem, *one, asked=False) for one in rise or ()]
    together = tuple(problem.terms[k].name for k in _together(program, asked))
    message = "no calendar of drives keeps everything that is asked"
    if rise is None and fall is not None:
        message += "; raising limits would not help: there are too few open days"
    return NoCalendarError(message, together, tuple(ways))


def _smallest(program: Program, blocks: list[str]) -> list[tuple[str, int, float]] | None:
    """Return (block, place, size) of the smallest relaxation of some blocks; None if none helps."""
    places = [(name, k) for name in blocks for k in range(program.rows[name].size)]
    if not places:
        return None
    rows = np.array([program.rows[name].ravel()[k] for name, k in places])
    sign = np.where(np.isfinite(program.row_lower[rows]), 1.0, -1.0)
    whole = np.array([name.startswith(_IN_VISITS) or "_visits_" in name for name, _ in places])
    # Donors count as the visits that they take: sizes are compared in visits.
    scale = np.where(whole, 1.0, [_largest(program, row) for row in rows.tolist()])
    size, n_columns = len(rows), len(program.cost)
    # Of ways of one size the first is told, whatever the solver's version would have picked.
    later = 1 + _LATER * np.arange(size) / size
    slack = sparse.csr_array((sign, (rows, np.arange(size))), shape=(len(program.row_lower), size))
    relaxed = replace(
        program,
        matrix=sparse.csr_array(sparse.hstack([program.matrix, slack])),
        cost=np.concatenate([np.zeros(n_columns), later / scale]),
        lower=np.concatenate([program.lower, np.zeros(size)]),
        upper=np.concatenate([program.upper, np.full(size, 1e9)]),
        integer=np.concatenate([program.integer, whole]),
        columns={**program.columns, "slack": np.arange(n_columns, n_columns + size)},
    )
    try:
        found = solve(relaxed, _LIMITS).x[n_columns:]
    except SolverError:
        return None
    order = np.argsort(-found / scale, kind="stable")
    return [(*places[k], float(found[k])) for k in order if found[k] > _TINY]


def _together(program: Program, asked: Sequence[str]) -> list[int]:
    """Return the terms of a smallest clash: each is dropped unless the rest could be kept then."""
    kept = list(asked)
    for name in asked:
        fewer = [other for other in kept if other != name]
        if not _can_keep(program, asked, fewer):
            kept = fewer
    return sorted({int(name.rsplit("_", 1)[1]) for name in kept})


def _can_keep(program: Program, asked: Sequence[str], kept: Sequence[str]) -> bool:
    """Whether some calendar keeps the limits and a part of what is asked."""
    dropped = [program.rows[name].ravel() for name in asked if name not in kept]
    rows = np.setdiff1d(np.arange(len(program.row_lower)), np.concatenate([[], *dropped]))
    part = replace(
        program,
        matrix=program.matrix[rows],
        cost=np.zeros_like(program.cost),
        row_lower=program.row_lower[rows],
        row_upper=program.row_upper[rows],
        rows={"row": np.arange(len(rows))},
    )
    try:
        solve(part, _LIMITS)
    except SolverError:
        return False
    return True


def _largest(program: Program, row: int) -> float:
    """Return the largest coefficient of a row."""
    values = program.matrix.data[slice(*program.matrix.indptr[row : row + 2])]
    return float(np.abs(values).max(initial=1.0))


def _way(problem: DriveProblem, name: str, place: int, size: float, *, asked: bool) -> GiveWay:
    """Return a row as a limit in words."""
    if name in ("gap", "year"):
        window = (gap_windows(problem) if name == "gap" else year_windows(problem))[place]
        days = int(problem.gap_days[window.source]) if name == "gap" else YEAR_DAYS
        field = "visit_gap_days" if name == "gap" else "visits_per_year"
        said = (
            f"visits of '{problem.names[window.source]}' in the {days} days up to "
            f"{_date(problem, window.end)} ({field})"
        )
        return GiveWay(said, size, "visits", asked)
    if name in _SAID:
        what, field = _SAID[name]
        said = f"{what} {_date(problem, place)} ({field})"
        return GiveWay(said, size, what.removesuffix(" on"), asked)
    if name.startswith("pool_"):
        said = f"eligible donors of {name.removeprefix('pool_')} on {_date(problem, place)}"
        return GiveWay(said, size, "donors", asked)
    _, unit, number = name.split("_")
    return GiveWay(problem.terms[int(number)].name, size, unit, asked)


def _date(problem: DriveProblem, day: int) -> str:
    if problem.first_date is None:
        return f"day {day}"
    return str(problem.first_date + timedelta(days=day))
