"""What is wrong with a scenario: where, what, what was expected, and the nearest spelling."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

Path = tuple[str, ...]
"""Keys from the top of a scenario tree to a value."""

_MOST_SHOWN = 80  # characters of a value that a message repeats


class Place(NamedTuple):
    """Where a value was written: a place in a YAML file, a table's cell, a setting."""

    file: str
    line: int = 0
    column: int = 0
    cell: str = ""
    """Cell of a workbook (``[sheet]!D7``), or the name of a CSV file's column."""

    def __str__(self) -> str:
        if not self.line:
            return f"{self.file}{self.cell}"
        column = f" column '{printable(self.cell)}'" if self.cell else ""
        return f"{self.file}:{self.line}:{self.column}{column}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or worth a warning.

    Parameters
    ----------
    path : tuple of str
        Where in the scenario tree.
    message : str
        What is wrong.
    hint : str
        What was expected, or the nearest spelling.
    place : str
        File, line and column, or workbook cell, once known.
    level : {"error", "warning"}
        Errors stop; warnings are printed.
    variant : str
        Variant that the problem breaks, where the scenario itself is sound.
    """

    path: Path
    message: str
    hint: str = ""
    place: str = ""
    level: Literal["error", "warning"] = "error"
    variant: str = ""

    @property
    def dotted(self) -> str:
        """The path as it is printed, with the variant that it breaks."""
        within = f"variants.{self.variant}: " if self.variant else ""
        return printable(within + ".".join(self.path))

    def __str__(self) -> str:
        where = "  ".join(part for part in (printable(self.place), self.dotted) if part)
        prefix = "warning: " if self.level == "warning" else ""
        lines = [where or "scenario", f"    {prefix}{printable(self.message)}"]
        if self.hint:
            lines.append(f"    -> {printable(self.hint)}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, str]:
        """Return the problem as plain texts, for machines."""
        return {
            "place": printable(self.place),
            "path": self.dotted,
            "message": printable(self.message),
            "hint": printable(self.hint),
            "level": self.level,
        }


@dataclass
class ScenarioError(ValueError):
    """A scenario that cannot be used; carries every problem that was found at once."""

    problems: Sequence[Problem] = field(default_factory=tuple)

    def __str__(self) -> str:
        count = len(self.problems)
        total = f"{count} problem{'s' if count != 1 else ''}"
        return "\n".join([*(str(problem) for problem in self.problems), total])

    def __reduce__(self) -> tuple[type, tuple[Sequence[Problem]]]:
        """Pickle by the problems, so that the error can leave a worker process."""
        return (ScenarioError, (tuple(self.problems),))


def gathered(problems: Iterable[Problem]) -> list[Problem]:
    """Return the first of the problems that say the same of several rows, with their number."""
    alike: dict[Problem, list[Problem]] = {}
    for problem in problems:
        alike.setdefault(replace(problem, place=""), []).append(problem)
    return [
        replace(first, message=f"{first.message}; so in {len(more)} more rows") if more else first
        for first, *more in alike.values()
    ]


def nearest(word: object, known: Iterable[object]) -> str:
    """Return "did you mean ...?" for the known spelling nearest to *word*, else the choices."""
    choices = [str(choice) for choice in known]
    folded = {choice.lower(): choice for choice in choices}
    match = difflib.get_close_matches(str(word).lower(), folded, n=1, cutoff=0.6)
    parts = []
    if match:
        parts.append(f"did you mean '{folded[match[0]]}'?")
    elif choices and len(choices) <= 12:
        parts.append("one of: " + ", ".join(choices))
    return " ".join(parts)


def printable(text: str) -> str:
    """Return *text* with control and text-direction characters escaped, so that none acts."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(value: Any) -> str:
    """Return *value* as a message repeats it: quoted, harmless and short."""
    text = f"'{printable(value)}'" if isinstance(value, str) else printable(repr(value))
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 3] + "..."


def located(problems: Iterable[Problem], origins: Mapping[Path, Place]) -> list[Problem]:
    """Return the problems with the place of each, or of the nearest block that has one."""
    return [
        problem if problem.place else replace(problem, place=str(place_of(problem.path, origins)))
        for problem in problems
    ]


def place_of(path: Path, origins: Mapping[Path, Place]) -> Place:
    """Return where *path*, or the nearest block around it, was written."""
    for length in range(len(path), -1, -1):
        place = origins.get(path[:length])
        if place is not None:
            return place
    return Place("")


def unknown_names(
    names: Iterable[str], known: Mapping[str, object], what: str, here: Path, *field: str
) -> Iterator[Problem]:
    """Find names that are not known, with the nearest that is."""
    for name in names:
        if name not in known:
            path = (*here, *(field or (name,)))
            yield Problem(path, f"unknown {what} '{name}'", nearest(name, known))
