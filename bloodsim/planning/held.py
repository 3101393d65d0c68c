"""The file of visits that were held, or that are agreed: what a plan in the year starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.load.tables import read_rows
from bloodsim.scenario import Problem, Scenario, ScenarioError
from bloodsim.scenario.problems import nearest

Ints = NDArray[np.int64]

COLUMNS = ("organisation", "date", "visits", "donors")
"""Columns of the file: organisation (or pool) and date; visits (1) and donors may be left out."""


@dataclass(frozen=True)
class HeldVisits:
    """Visits by organisation and date: held before the plan's first day, agreed from it on.

    Parameters
    ----------
    visits : mapping of (name, date) to int
        How many.
    donors : mapping of (name, date) to float
        Donors who came, where the file says so.
    """

    visits: dict[tuple[str, date], int]
    donors: dict[tuple[str, date], float]

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
    """Read a CSV or XLSX file of visits.

    Raises
    ------
    ScenarioError
        With every line that cannot be meant.
    """
    file = Path(path).expanduser()
    rows = list(read_rows(file.read_bytes(), file.name))
    columns = {str(cell.value): at for at, cell in rows[0].items()} if rows else {}
    for column in COLUMNS[:2]:
        if column not in columns:
            message = f"the file has no column '{column}'"
            hint = f"columns: {', '.join(COLUMNS)}"
            raise ScenarioError([Problem((), message, hint, place=file.name)])
    resources = scenario.resources
    known = [*resources.organisations, *resources.organisation_pools]
    visits: dict[tuple[str, date], int] = {}
    donors: dict[tuple[str, date], float] = {}
    problems: list[Problem] = []
    for row in rows[1:]:
        where = str(next(iter(row.values())).place)
        given = {column: row[at].value for column, at in columns.items() if at in row}
        try:
            key, count, came = _visit(given)
        except ValueError as error:
            problems.append(Problem((), str(error), place=where))
            continue
        if key[0] not in known:
            message = f"unknown organisation '{key[0]}'"
            problems.append(Problem((), message, nearest(key[0], known), place=where))
            continue
        visits[key] = visits.get(key, 0) + count
        if came is not None:
            donors[key] = donors.get(key, 0.0) + came
    if problems:
        raise ScenarioError(problems)
    return HeldVisits(visits, donors)


def _visit(given: dict[str, Any]) -> tuple[tuple[str, date], int, float | None]:
    """Return the organisation and date, visits and donors of a line; `ValueError` if unclear."""
    for column in COLUMNS[:2]:
        if column not in given:
            raise ValueError(f"no {column} on this line")
    day = date.fromisoformat(str(given["date"]))
    count = float(given.get("visits", 1))
    came = float(given["donors"]) if "donors" in given else None
    if not count >= 0 or (came is not None and not 0 <= came < float("inf")):
        raise ValueError("visits and donors must be 0 or more")
    if not count.is_integer():
        raise ValueError("visits must be whole")
    return (str(given["organisation"]), day), int(count), came
