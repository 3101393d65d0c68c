"""Which terms and limits clash when no calendar keeps all of them, and the smallest way out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bloodsim.optimize.calendar_rows import gap_windows, year_windows
from bloodsim.optimize.drive_problem import DriveProblem
from bloodsim.optimize.program import Program
from bloodsim.optimize.solver import Limits, SolverError, Status, solve

Floats = NDArray[np.floating]

_LIMITS = Limits(gap=1e-6, nodes=5_000)
_TINY = 1e-6
_LIMIT_BLOCKS = ("teams", "vehicles", "gap", "year", "processing", "testing", "pool_", "most_")


class NoCalendarError(SolverError):
    """No calendar keeps all terms: which clash, and the smallest way out."""

    status = Status.INFEASIBLE

    def __init__(self, message: str, clashes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.clashes = clashes


def clashes_in_words(problem: DriveProblem, program: Program) -> tuple[str, ...]:
    """Return what the terms, or else the limits, would have to give way, as little as can be.

    Both are solved again with slacks in whole visits: first only what is asked may fall, then only
    the limits may rise. Of the two ways out each is the smallest of its kind.
    """
    asked = [name for name in program.rows if name.startswith("least_")]
    limits = [name for name in program.rows if name.startswith(_LIMIT_BLOCKS)]
    said: list[str] = []
    for blocks, start in ((asked, "either"), (limits, "or")):
        found = _smallest(program, blocks)
        if found is None:
            said.append(f"{start}: no change of {'terms' if blocks is asked else 'limits'} helps")
            continue
        said.extend(f"{start}: {_in_words(problem, *one)}" for one in found)
    return tuple(said)


def _smallest(program: Program, blocks: list[str]) -> list[tuple[str, int, float]] | None:
    """Return (block, place, size) of the smallest relaxation of some blocks; None if none helps."""
    places = [(name, k) for name in blocks for k in range(program.rows[name].size)]
    if not places:
        return None
    rows = np.array([program.rows[name].ravel()[k] for name, k in places])
    sign = np.where(np.isfinite(program.row_lower[rows]), 1.0, -1.0)
    whole = np.array([_in_whole(name) for name, _ in places])
    # A visit of ten donors too many counts as much as a visit too many: sizes are relative.
    scale = np.array([1.0 if w else _largest(program, r) for w, r in zip(whole, rows, strict=True)])
    size, n_columns = len(rows), len(program.cost)
    slack = sparse.csr_array((sign, (rows, np.arange(size))), shape=(len(program.row_lower), size))
    relaxed = replace(
        program,
        matrix=sparse.csr_array(sparse.hstack([program.matrix, slack])),
        cost=np.concatenate([np.zeros(n_columns), 1 / scale]),
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


def _in_whole(name: str) -> bool:
    return name.startswith(("teams", "vehicles", "gap", "year")) or "_visits_" in name


def _largest(program: Program, row: int) -> float:
    """Return the largest coefficient of a row."""
    values = program.matrix.data[slice(*program.matrix.indptr[row : row + 2])]
    return float(np.abs(values).max(initial=1.0))


def _in_words(problem: DriveProblem, name: str, place: int, size: float) -> str:
    """Return a limit and by how much it gives way, as words."""
    if name in ("gap", "year"):
        windows = gap_windows(problem) if name == "gap" else year_windows(problem)
        window = windows[place]
        days = int(problem.gap_days[window.source]) if name == "gap" else 365
        return (
            f"'{problem.names[window.source]}' may have {size:g} more visits in the {days} days "
            f"up to day {window.end}"
        )
    if name in ("teams", "vehicles", "processing", "testing"):
        return f"{size:g} more {_MORE[name]} on day {place}"
    if name.startswith("pool_"):
        return f"{size:g} more eligible donors of {name.removeprefix('pool_')} on day {place}"
    side, what, number = name.split("_")
    change = "fewer" if side == "least" else "more"
    return f"{problem.terms[int(number)].name}: {size:g} {change} {what}"


_MORE = {
    "teams": "teams",
    "vehicles": "vehicles",
    "processing": "donations processed",
    "testing": "donations tested",
}
