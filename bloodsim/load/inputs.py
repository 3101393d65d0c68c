"""How many of a scenario's numbers are read from sources, and how many are assumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from bloodsim.scenario import Scenario
from bloodsim.scenario.problems import Path

DOMAIN_SECTIONS = (
    "products",
    "profiles",
    "channels",
    "demand",
    "demand_trace",
    "regions",
    "routes",
    "regional_factors",
    "forecast",
)
"""Sections whose numbers describe the world, as against settings of a run."""

_Rest = tuple[int, Path]
"""A note by its number, and the segments of its path that are still to be matched."""


@dataclass(frozen=True)
class AssumedInputs:
    """What the numbers of a scenario rest on, as counts.

    Parameters
    ----------
    read, derived, fitted, assumed : int
        Numbers whose last matching note says so.
    unstated : int
        Numbers that no note speaks of; the headline counts them as assumed.
    """

    read: int = 0
    derived: int = 0
    fitted: int = 0
    assumed: int = 0
    unstated: int = 0

    @property
    def total(self) -> int:
        """All numbers that describe the world."""
        return self.read + self.derived + self.fitted + self.assumed + self.unstated

    def __str__(self) -> str:
        return (
            f"baseline rests on {self.assumed + self.unstated:,} assumed inputs (of "
            f"{self.total:,} numbers: {self.read:,} read, {self.derived:,} derived, "
            f"{self.fitted:,} fitted)"
        )


def assumed_inputs(scenario: Scenario) -> AssumedInputs:
    """Count the numbers of a scenario by what the last matching note of `inputs` says."""
    tree = scenario.resolved()
    counts: Counter[int] = Counter()
    notes = [(index, tuple(note.path.split("."))) for index, note in enumerate(scenario.inputs)]
    for section in DOMAIN_SECTIONS:
        _count(tree.get(section), _after(notes, section), -1, counts)
    kinds: Counter[str] = Counter()
    for index, count in counts.items():
        kinds["unstated" if index < 0 else scenario.inputs[index].kind] += count
    return AssumedInputs(**kinds)


def confidence_of(scenario: Scenario, path: Path) -> str:
    """Return the confidence that the last note on a number states; low where none speaks of it."""
    decided = "low"
    for note in scenario.inputs:
        rest: list[_Rest] = [(0, tuple(note.path.split(".")))]
        for key in path:
            if any(left in ((), ("**",)) for _, left in rest):
                break
            rest = _after(rest, key)
        if any(left in ((), ("**",)) for _, left in rest):
            decided = note.confidence
    return decided


def _count(value: Any, notes: list[_Rest], decided: int, counts: Counter[int]) -> None:
    """Add up the numbers below *value* by the note that decides each.

    Walking the tree with the notes that still match shares the work between all numbers of a
    block; a note whose path ends at a block speaks of everything in it.
    """
    decided = max([decided, *(index for index, rest in notes if rest in ((), ("**",)))])
    open_notes = [(index, rest) for index, rest in notes if index > decided]
    if isinstance(value, Mapping | list):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, inner in items:
            _count(inner, _after(open_notes, str(key)), decided, counts)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        counts[decided] += 1


def _after(notes: Iterable[_Rest], key: str) -> list[_Rest]:
    """Return the notes that match *key*, with what remains of their paths."""
    return [
        (index, rest if rest[0] == "**" else rest[1:])
        for index, rest in notes
        if rest and (rest[0] == "**" or fnmatchcase(key, rest[0]))
    ]
