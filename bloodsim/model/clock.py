"""The moments of a day, named and in order; ties never depend on who started first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bloodsim.scenario import DAY_ORDER, PhaseHours

TIE = 1e-6
"""Days between two phases of the same hour: far below a minute, far above rounding."""

MIDNIGHT = 24.0


@dataclass(frozen=True)
class Moment:
    """One phase of one day; ``index`` counts the emergency (or routine) moments of the day."""

    time: float
    phase: str
    index: int = 0


def at(day: int, hour: float, phase: str, order: Sequence[str] = DAY_ORDER) -> float:
    """Return the model time (days) of a phase at an hour of a day.

    Phases of one hour follow *order*. Those of hour 24 belong to the day: they come just before
    the hour 0 of the next one.
    """
    tie = order.index(phase) - (len(order) + 1 if hour >= MIDNIGHT else 0)
    return day + hour / 24 + tie * TIE


def moments(day: int, hours: PhaseHours, order: Sequence[str] = DAY_ORDER) -> list[Moment]:
    """Return the phases of a day in the order they happen."""
    single = ("expire", "release", "arrive", "order", "decide", "close")
    found = [Moment(at(day, getattr(hours, phase), phase, order), phase) for phase in single]
    same_day = at(day, hours.decide, "arrive_same_day", order)
    found.append(Moment(same_day, "arrive_same_day"))
    for phase in ("emergency", "routine"):
        for index, hour in enumerate(sorted(getattr(hours, phase))):
            found.append(Moment(at(day, hour, phase, order), phase, index))
    return sorted(found, key=lambda moment: moment.time)


@dataclass(frozen=True)
class Sequel:
    """What of a day comes before what, from its hours and order.

    Parameters
    ----------
    late_arrival : bool
        ``arrive`` comes after planners decide and orders are placed: what travels lands for the
        next day.
    expires_ahead : int
        1 if ``expire`` comes after the last issue of a day, so that it removes what could be
        issued today for the last time; 0 if it comes before the first.
    issue_after : mapping of phase to int
        Days from ``arrive``, ``arrive_same_day`` and ``order`` to the first routine issue after.
    same_day_after_order : bool
        ``arrive_same_day`` comes after ``order``.
    """

    late_arrival: bool
    expires_ahead: int
    issue_after: dict[str, int]
    same_day_after_order: bool


def sequel(hours: PhaseHours, order: Sequence[str]) -> Sequel:
    """Return what of a day comes before what."""
    times: dict[str, list[float]] = {}
    for moment in moments(0, hours, order):
        times.setdefault(moment.phase, []).append(moment.time)
    first = {phase: min(found) for phase, found in times.items()}
    issue = times["routine"] + times["emergency"]
    return Sequel(
        late_arrival=first["arrive"] > max(first["decide"], first["order"]),
        expires_ahead=int(first["expire"] > max(issue)),
        issue_after={
            phase: int(first[phase] > max(times["routine"]))
            for phase in ("arrive", "arrive_same_day", "order")
        },
        same_day_after_order=first["arrive_same_day"] > first["order"],
    )


def dawn(day: int) -> float:
    """Return a time before anything of *day* and after `end_of` the day before."""
    return day + 0.75 * TIE


def days_from(first: int, last: int) -> Iterator[int]:
    """Yield the days of a run."""
    yield from range(first, last + 1)


def end_of(day: int) -> float:
    """Return a time after all of *day* and before anything of the next day."""
    return day + 1 - TIE / 2
