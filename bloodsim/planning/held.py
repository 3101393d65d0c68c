"""The file of visits that were held, or that are agreed: what a plan in the year starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bloodsim.load.tables import Cell, read_rows
from bloodsim.scenario import Problem, Scenario, ScenarioError
from bloodsim.scenario.problems import nearest, shown
from bloodsim.stock_words import day_of

Ints = NDArray[np.int64]

COLUMNS = ("organisation", "date", "visits", "donors")
"""Columns of the file: organisation (or pool) and date; visits (1) and donors may be left out."""
HEADINGS = {
    "单位": "organisation",
    "机构": "organisation",
    "日期": "date",
    "场次": "visits",
    "人次": "donors",
}
"""The same by their Chinese headings; other columns are not read."""


@dataclass(frozen=True)
class HeldVisits:
    """Visits by organisation and date: held before the plan's first day, agreed from it on.

    Parameters
    ----------
    visits : mapping of (name, date) to int
        How many.
    donors : mapping of (name, date) to float
        Donors who came, where the file says so.
    places : mapping of (name, date) to str
        Where the file says so first.
    """

    visits: dict[tuple[str, date], int]
    donors: dict[tuple[str, date], float]
    places: dict[tuple[str, date], str] = field(default_factory=dict)

    def tells_past(self, first: date) -> bool:
        """Whether the list says what was held before a day: agreed visits alone do not.

        An empty list says that nothing was held, and so does a line of 0 visits before the day.
        """
        return not self.visits or any(day < first for _, day in self.visits)

    def before(self, first: date, names: Sequence[str], n_days: int) -> Ints:
        """Return visits (n_days, n_names) of the days before *first*, yesterday last."""
        return self._on(first - timedelta(days=n_days), names, n_days)

    def after(self, first: date, names: Sequence[str], n_days: int) -> Ints:
        """Return visits (n_days, n_names) of the days from *first* on."""
        return self._on(first, names, n_days)

    def _on(self, start: date, names: Sequence[str], n_days: int) -> Ints:
        index = {name: k for k, name in enumerate(names)}
        found = np.zeros((n_days, len(names)), dtype=np.int64)
        for (name, day), count in self.visits.items():
            row = (day - start).days
            if 0 <= row < n_days:
                found[row, index[name]] += count
        return found

    def donors_in(self, name: str, first: date, last: date, usual: float) -> float:
        """Return the donors of an organisation in a span; *usual* a visit where not counted."""
        return sum(
            self.donors.get(key, usual * count)
            for key, count in self.visits.items()
            if key[0] == name and first <= key[1] <= last
        )


def read_visits(path: str | Path, scenario: Scenario) -> HeldVisits:
    """Read a CSV or XLSX file of visits; headings may be Chinese (`HEADINGS`).

    Raises
    ------
    ScenarioError
        With every line that cannot be meant.
    """
    file = Path(path).expanduser()
    rows = list(read_rows(file.read_bytes(), file.name))
    titles = {at: str(cell.value).strip() for at, cell in rows[0].items()} if rows else {}
    columns = {HEADINGS.get(title, title): at for at, title in titles.items()}
    for column in COLUMNS[:2]:
        if column not in columns:
            message = f"the file has no column '{column}'"
            hint = f"columns: {', '.join(COLUMNS)}"
            raise ScenarioError([Problem((), message, hint, place=file.name)])
    known = [*scenario.resources.organisations, *scenario.resources.organisation_pools]
    found = HeldVisits({}, {})
    problems: list[Problem] = []
    for row in rows[1:]:
        given = {column: row[at] for column, at in columns.items() if at in row}
        line = Line(given, str(next(iter(row.values())).place))
        try:
            key, count, came = _visit(line, known)
        except ScenarioError as error:
            problems += error.problems
            continue
        found.visits[key] = found.visits.get(key, 0) + count
        found.places.setdefault(key, line.place)
        if came is not None:
            found.donors[key] = found.donors.get(key, 0.0) + came
    if problems:
        raise ScenarioError(problems)
    return found


@dataclass(frozen=True)
class Line:
    """The cells of a line by column, and where it is."""

    cells: dict[str, Cell]
    place: str

    def wrong(self, column: str, message: str, hint: str = "") -> ScenarioError:
        """Return what is wrong with a cell."""
        place = str(self.cells[column].place) if column in self.cells else self.place
        return ScenarioError([Problem((), message, hint, place=place)])

    def number(self, column: str) -> float | None:
        """Return a number, 0 or more; None where the cell is empty."""
        if column not in self.cells:
            return None
        value = self.cells[column].value
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise self.wrong(column, f"{column} must be a number; got {shown(value)}") from None
        if not 0 <= number < float("inf"):
            raise self.wrong(column, f"{column} must be 0 or more; got {shown(value)}")
        return number


def _visit(line: Line, known: Sequence[str]) -> tuple[tuple[str, date], int, float | None]:
    """Return the organisation and date, visits and donors of a line; `ScenarioError` if unclear."""
    for column in COLUMNS[:2]:
        if column not in line.cells:
            raise line.wrong(column, f"no {column} on this line")
    name, written = (line.cells[column].value for column in COLUMNS[:2])
    name = str(name).strip()
    if name not in known:
        raise line.wrong(
            "organisation", f"unknown organisation {shown(name)}", nearest(name, known)
        )
    day = day_of(written)
    if day is None:
        raise line.wrong("date", f"must be a date such as 2026-02-10; got {shown(written)}")
    count = line.number("visits")
    if count is not None and not count.is_integer():
        raise line.wrong("visits", f"visits must be whole; got {count:g}")
    return (name, day), 1 if count is None else int(count), line.number("donors")
