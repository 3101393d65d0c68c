"""The semantic pass over spans: regions that are not known, dates that are reversed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from bloodsim.scenario.problems import Path, Problem, nearest

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario


def unknown_regions(scenario: Scenario, regions: Iterable[str], here: Path) -> Iterator[Problem]:
    """Find regions that are not known, with the nearest that is."""
    for index, name in enumerate(regions):
        if name not in scenario.regions:
            path = (*here, "regions", str(index))
            yield Problem(path, f"unknown region '{name}'", nearest(name, scenario.regions))


def reversed_dates(
    here: Path, first: date | None, last: date | None, field: str = "to_date"
) -> Iterator[Problem]:
    """Find spans that end before they start."""
    if first is not None and last is not None and last < first:
        yield Problem(
            (*here, field), f"{field} ({last}) is before from_date ({first})", "swap them"
        )
