"""The limits of a calendar: teams, vehicles, gaps between visits, and what was agreed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.drive_problem import DriveProblem, Term
from bloodsim.optimize.program import ProgramBuilder

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

YEAR_DAYS = 365


def add_limits(builder: ProgramBuilder, problem: DriveProblem, visits: Index) -> None:
    """Add teams and vehicles of each day, and the gaps between visits of a source."""
    source, day = problem.candidate_source, problem.candidate_day
    committed = _committed(problem)
    per_visit = problem.vehicles_per_visit
    each = np.ones(len(problem.names), dtype=int) if per_visit is None else per_visit
    for name, there, taken in (
        ("teams", problem.teams, problem.teams_per_visit),
        ("vehicles", problem.vehicles, each),
    ):
        if there is not None:
            left = np.maximum(there - taken @ committed, 0)
            rows = builder.add_rows(name, (problem.n_days,), upper=left)
            builder.add_terms(rows[day], visits, taken[source])
    for name, windows in (("gap", gap_windows(problem)), ("year", year_windows(problem))):
        if not windows:
            continue
        rows = builder.add_rows(name, (len(windows),), upper=[window.room for window in windows])
        for row, window in zip(rows, windows, strict=True):
            builder.add_terms(row, visits[window.candidates], 1)


@dataclass(frozen=True)
class Window:
    """Days up to *end* in which a source has room for so many visits of its candidates."""

    source: int
    end: int
    room: int
    candidates: Index


def gap_windows(problem: DriveProblem) -> list[Window]:
    """Return the windows of `gap_days`: at most *organisations* visits in each."""
    return _windows(problem, problem.gap_days, problem.organisations)


def year_windows(problem: DriveProblem) -> list[Window]:
    """Return the windows of 365 days: at most *most_per_year* visits in each."""
    if problem.most_per_year is None:
        return []
    return _windows(problem, np.full(len(problem.names), YEAR_DAYS), problem.most_per_year)


def _windows(problem: DriveProblem, span: Index, most: Index) -> list[Window]:
    """Return the windows that say something new.

    A window says nothing if its neighbour holds all of its candidates and has no more room.
    """
    past = np.zeros((len(problem.names), 0), int) if problem.past is None else problem.past
    known = np.concatenate([past, _committed(problem)], axis=1)
    upto = np.concatenate([np.zeros((len(known), 1), int), np.cumsum(known, axis=1)], axis=1)
    found: list[Window] = []
    for source, length in enumerate(span.tolist()):
        own = np.flatnonzero(problem.candidate_source == source)
        own = own[np.argsort(problem.candidate_day[own], kind="stable")]
        days = problem.candidate_day[own]
        last: tuple[int, int, int, int] | None = None  # first and end inside, room, last day
        for end in range(problem.n_days):
            first, stop = np.searchsorted(days, [end - length + 1, end + 1]).tolist()
            at = past.shape[1] + end + 1
            held = int(upto[source, at] - upto[source, max(0, at - length)])
            now = first, stop, max(0, int(most[source]) - held), end
            if first == stop or (last is not None and _says_more(last, now)):
                continue
            if last is not None and not _says_more(now, last):
                found.append(Window(source, last[3], last[2], own[last[0] : last[1]]))
            last = now
        if last is not None:
            found.append(Window(source, last[3], last[2], own[last[0] : last[1]]))
    return found


def _says_more(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    """Whether a window holds all candidates of another and has no more room."""
    return one[0] <= other[0] and other[1] <= one[1] and one[2] <= other[2]


def add_terms_of_agreement(
    builder: ProgramBuilder,
    problem: DriveProblem,
    visits: Index,
    away: Index | None,
    by_channel: dict[str, list[tuple[Index, Index, Floats]]],
) -> None:
    """Add least and most visits and donors of each term; rows are named after its place."""
    for number, term in enumerate(problem.terms):
        chosen = np.flatnonzero(_counts(problem, term))
        for name, lower, upper in (
            ("visits", term.least_visits, term.most_visits),
            ("donors", term.least_donors, term.most_donors),
        ):
            path = _on_path(problem, term) if name == "donors" else 0.0
            each = problem.donors[chosen] if name == "donors" else np.ones(len(chosen))
            for side, limit in (("least", lower), ("most", upper)):
                if (side == "least" and limit <= 0) or np.isinf(limit):
                    continue
                bound = {"lower" if side == "least" else "upper": limit - path}
                row = builder.add_rows(f"{side}_{name}_{number}", (1,), **bound)
                builder.add_terms(row, visits[chosen], each)
                if name == "visits":
                    continue
                if away is not None and side == "least":
                    builder.add_terms(row, np.unique(away[chosen]), -1)
                for channel in term.channels:
                    for days, column, donors in by_channel.get(channel, []):
                        inside = (days >= term.first_day) & (days <= term.last_day)
                        builder.add_terms(row, column[inside], donors[inside])


def _counts(problem: DriveProblem, term: Term) -> NDArray[np.bool_]:
    day = problem.candidate_day
    inside = (day >= term.first_day) & (day <= term.last_day)
    found: NDArray[np.bool_] = inside & np.isin(problem.candidate_source, term.sources)
    return found


def _on_path(problem: DriveProblem, term: Term) -> float:
    """Return the donors of the term's levers on the path."""
    days = slice(max(term.first_day, 0), term.last_day + 1)
    return float(
        sum(lever.donors[days].sum() for lever in problem.levers if lever.channel in term.channels)
    )


def _committed(problem: DriveProblem) -> Index:
    if problem.committed is None:
        return np.zeros((len(problem.names), problem.n_days), dtype=int)
    return problem.committed
