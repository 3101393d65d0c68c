"""The moments of a day, named and in order; ties never depend on who started first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bloodsim.scenario import PhaseHours

TIE = 1e-6
"""Days between two phases of the same hour: far below a minute, far above rounding."""

DAY_ORDER = (
    "close",
    "expire",
    "release",
    "arrive",
    "order",
    "decide",
    "arrive_same_day",
    "emergency",
    "routine",
    "collect",
)
"""Order of phases that share an hour. ``close`` of day t stands before ``expire`` of day t + 1."""


@dataclass(frozen=True)
class Moment:
    """One phase of one day; ``index`` counts the emergency (or routine) moments of the day."""

    time: float
    phase: str
    index: int = 0


def at(day: int, hour: float, phase: str) -> float:
    """Return the model time (days) of a phase at an hour of a day."""
    return day + hour / 24 + DAY_ORDER.index(phase) * TIE


def moments(day: int, hours: PhaseHours) -> list[Moment]:
    """Return the phases of a day in the order they happen."""
    found = [
        Moment(at(day, hours.expire, "expire"), "expire"),
        Moment(at(day, hours.release, "release"), "release"),
        Moment(at(day, hours.arrive, "arrive"), "arrive"),
        Moment(at(day, hours.decide, "decide"), "decide"),
        Moment(at(day, hours.decide, "arrive_same_day"), "arrive_same_day"),
        Moment(at(day, hours.close, "close"), "close"),
    ]
    for phase in ("emergency", "routine"):
        for index, hour in enumerate(sorted(getattr(hours, phase))):
            found.append(Moment(at(day, hour, phase), phase, index))
    return sorted(found, key=lambda moment: moment.time)


def dawn(day: int) -> float:
    """Return a time before anything of *day* and after `end_of` the day before."""
    return day + 0.75 * TIE


def days_from(first: int, last: int) -> Iterator[int]:
    """Yield the days of a run."""
    yield from range(first, last + 1)


def end_of(day: int) -> float:
    """Return a time after the close of *day* and before anything of the next day."""
    return day + 1 + TIE / 2
