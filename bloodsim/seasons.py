"""Dates turned into daily multipliers: working days, holiday blocks, lunar offsets, closures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bloodsim.data.china import (
    HOLIDAYS,
    CalendarError,
    holiday_year,
    lunar_new_years,
    parse_date,
    spring_festival,
)

__all__ = [
    "HOLIDAYS",
    "WEEKDAYS",
    "Calendar",
    "CalendarError",
    "HolidayBlock",
    "daily_factors",
    "festival_offset",
    "festival_offsets",
    "parse_date",
    "spring_festival",
]

DayKind = Literal["workday", "weekend", "holiday", "adjusted_workday"]
FloatArray = npt.NDArray[np.float64]
DateArray = npt.NDArray[np.datetime64]
Mask = npt.NDArray[np.bool_]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Keys of a weekday index, Monday first."""

_MONTHS = tuple(range(1, 13))
_DAY = timedelta(days=1)
_HALF_LUNAR_YEAR_DAYS = 177
_MAKE_UP, _HOLIDAY = 7, 8  # places after mon..sun in a table of weekday factors


def festival_offset(day: date) -> int:
    """Days from the nearest lunar New Year (days), negative before it.

    Examples
    --------
    >>> festival_offset(date(2026, 2, 16)), festival_offset(date(2026, 3, 1))
    (-1, 12)
    """
    return int(_offsets(_as_days([day]))[0])


def festival_offsets(days: Sequence[date]) -> npt.NDArray[np.int64]:
    """Days from the nearest lunar New Year for many days at once (days); see `festival_offset`."""
    return _offsets(_as_days(days))


def _offsets(days: DateArray) -> npt.NDArray[np.int64]:
    """Days from the nearest lunar New Year, one per day (days)."""
    feasts = _as_days(lunar_new_years().values()).astype(np.int64)
    numbers = days.astype(np.int64)
    if numbers.size and (
        numbers.min() < feasts[0] - _HALF_LUNAR_YEAR_DAYS
        or numbers.max() > feasts[-1] + _HALF_LUNAR_YEAR_DAYS
    ):
        raise CalendarError(
            f"{days.min()} to {days.max()} reaches beyond the bundled lunar New Years "
            f"({min(lunar_new_years())} to {max(lunar_new_years())})"
        )
    middles = (feasts[:-1] + feasts[1:]) / 2
    return numbers - feasts[np.searchsorted(middles, numbers)]


# -------------------------------------------------------------------------- holidays, work days


class HolidayBlock(NamedTuple):
    """A maximal run of non-working days that contains a public holiday."""

    key: str
    name_zh: str
    name_en: str
    start: date
    end: date


@dataclass(frozen=True)
class Calendar:
    """Working days and public holidays of a country.

    Days come from the ``holidays`` library. Years with a published notice of the State Council
    (which weekends are worked in exchange for longer holidays) are `status` "official"; later
    years have the statutory days only and are "provisional": real blocks will be longer.

    Parameters
    ----------
    country : str, default "CN"
        Only mainland China so far.
    extra_days_off, extra_workdays : tuple of date
        Corrections, dates or ISO texts. A day off beside a public holiday lengthens its block.
    """

    country: str = "CN"
    extra_days_off: tuple[date, ...] = ()
    extra_workdays: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        if self.country != "CN":
            raise CalendarError(f"no calendar for country {self.country!r}; only 'CN' so far")
        for name in ("extra_days_off", "extra_workdays"):
            days = tuple(sorted(parse_date(day) for day in getattr(self, name)))
            object.__setattr__(self, name, days)
        if both := set(self.extra_days_off) & set(self.extra_workdays):
            raise CalendarError(f"{min(both)} is in both extra_days_off and extra_workdays")

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on a day: make-up weekends yes, holidays in lieu no."""
        if day in self.extra_workdays:
            return True
        if day in self.extra_days_off:
            return False
        known = holiday_year(day.year)
        if day in known.make_up_days:
            return True
        return day.weekday() < 5 and day not in known.days_off

    def kind(self, day: date) -> DayKind:
        """What sort of day it is.

        "holiday" is any day of a holiday block, its weekends included, and any extra day off.
        """
        if self.is_working_day(day):
            return "workday" if day.weekday() < 5 else "adjusted_workday"
        in_block = self.holiday_on(day) is not None
        return "holiday" if in_block or day in self.extra_days_off else "weekend"

    def status(self, year: int) -> Literal["official", "provisional"]:
        """Whether a notice on the holidays of a year is known, or only the statutory days."""
        return "official" if holiday_year(year).has_notice else "provisional"

    def holiday_blocks(self, start: date, end: date) -> list[HolidayBlock]:
        """Holiday blocks that touch the days from `start` to `end`, both included.

        A block is a maximal run of non-working days with a public holiday in it; it is given
        whole even where it sticks out of the span.
        """
        found = dict.fromkeys(
            block for year in range(start.year, end.year + 1) for block in _blocks(self, year)
        )
        return [block for block in found if block.end >= start and block.start <= end]

    def holiday_on(self, day: date) -> tuple[str, int] | None:
        """Key of the holiday block a day is in and the number of the day, from 1; else None."""
        for block in _blocks(self, day.year):
            if block.start <= day <= block.end:
                return block.key, (day - block.start).days + 1
        return None


@lru_cache(maxsize=256)
def _blocks(calendar: Calendar, year: int) -> tuple[HolidayBlock, ...]:
    """Holiday blocks that touch a year."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    while not calendar.is_working_day(first):
        first -= _DAY
    blocks: list[HolidayBlock] = []
    run: list[date] = []
    day = first
    while day <= last or run:
        if calendar.is_working_day(day):
            key = _key_of_run(calendar, run)
            if key:
                blocks.append(HolidayBlock(key, *HOLIDAYS[key], run[0], run[-1]))
            run = []
        else:
            run.append(day)
        day += _DAY
    return tuple(blocks)


def _key_of_run(calendar: Calendar, run: Sequence[date]) -> str:
    """Key of the foremost public holiday in a run of days off; "" if there is none."""
    keys = {holiday_year(day.year).days_off.get(day, "") for day in run}
    return next((key for key in HOLIDAYS if key in keys), "")


# ------------------------------------------------------------------------------- multipliers


class _Features(NamedTuple):
    """What the calendar says of each day, as arrays of shape (n_days,)."""

    month: npt.NDArray[np.int64]
    weekday: npt.NDArray[np.int64]
    working: Mask
    holiday: npt.NDArray[np.int64]
    holiday_day: npt.NDArray[np.int64]


@lru_cache(maxsize=256)
def _year_features(calendar: Calendar, year: int) -> _Features:
    """Features of every day of a year."""
    length = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    days = [date(year, 1, 1) + n * _DAY for n in range(length)]
    keys = list(HOLIDAYS)
    kinds = [calendar.kind(day) for day in days]
    special: dict[str, int] = {"adjusted_workday": _MAKE_UP, "holiday": _HOLIDAY}
    spots = [calendar.holiday_on(day) for day in days]
    return _Features(
        np.array([day.month for day in days]),
        np.array([special.get(k, d.weekday()) for k, d in zip(kinds, days, strict=True)]),
        np.array([kind in ("workday", "adjusted_workday") for kind in kinds]),
        np.array([keys.index(spot[0]) if spot else -1 for spot in spots]),
        np.array([spot[1] if spot else 0 for spot in spots]),
    )


def _features(calendar: Calendar, days: DateArray) -> _Features:
    """Features of the given days, put together from cached years."""
    years = days.astype("datetime64[Y]")
    first = int(years.min().astype(np.int64)) + 1970
    last = int(years.max().astype(np.int64)) + 1970
    parts = [_year_features(calendar, year) for year in range(first, last + 1)]
    place = (days - np.datetime64(f"{first:04d}-01-01", "D")).astype(np.int64)
    return _Features(*(np.concatenate(columns)[place] for columns in zip(*parts, strict=True)))


def daily_factors(
    dates: Sequence[date] | DateArray,
    calendar: Calendar,
    *,
    month: Mapping[int, float] | None = None,
    weekday: Mapping[str, float] | None = None,
    festival: Sequence[tuple[int, int, float]] = (),
    holidays: Sequence[tuple[str, int, int, float]] = (),
    closures: Sequence[tuple[date | str, date | str]] = (),
    closed_factor: float = 0.0,
    working_days_only: bool = False,
    amplitude: float = 1.0,
) -> FloatArray:
    """Multiplier of a normal day for each date (-), the product of the parts that are given.

    Parameters
    ----------
    dates : sequence of date, or array of datetime64
        Days, in any order.
    calendar : Calendar
        Working days and holidays.
    month : mapping of 1..12 to float, optional
        Month index (-); a month that is left out counts 1.
    weekday : mapping of "mon".."sun" to float, optional
        Weekday index (-); a day that is left out counts 1. Not applied on days of a holiday
        block (the holiday and festival factors say what those are like). A make-up workday
        counts as the mean of Monday to Friday.
    festival : sequence of (from_offset, to_offset, factor)
        Factors by days from the lunar New Year, both ends included; may not overlap.
    holidays : sequence of (key, from_day, to_day, factor)
        Factors by holiday block (key of `HOLIDAYS`) and day of the block, counted from 1.
    closures : sequence of (from, to)
        Spans, both ends included, as `parse_date` reads them, taken in every year they touch; a
        span whose end lies before its start runs into the next year.
    closed_factor : float, default 0
        Factor inside a closure (-).
    working_days_only : bool, default False
        0 on every day that is not worked.
    amplitude : float, default 1
        Depth of the festival (-): its factors become 1 + amplitude x (factor - 1), at least 0.

    Returns
    -------
    array of float, shape (n_days,)
        Multiplier (-), 0 or more.
    """
    days = _as_days(dates)
    factors = np.ones(days.size)
    if not days.size:
        return factors
    seen = _features(calendar, days)
    if month:
        factors *= _table(month, _MONTHS, "month")[seen.month - 1]
    if weekday:
        week = _table(weekday, WEEKDAYS, "weekday")
        factors *= np.concatenate([week, [week[:5].mean(), 1.0]])[seen.weekday]
    if festival:
        factors *= _festival_factors(_offsets(days), festival, amplitude)
    for key, from_day, to_day, factor in holidays:
        if key not in HOLIDAYS:
            raise CalendarError(f"no holiday {key!r}; expected one of {', '.join(HOLIDAYS)}")
        inside = (seen.holiday_day >= from_day) & (seen.holiday_day <= to_day)
        factors[inside & (seen.holiday == list(HOLIDAYS).index(key))] *= factor
    if closures:
        factors[_closed(days, closures)] *= closed_factor
    if working_days_only:
        factors *= seen.working
    return factors


def _as_days(dates: Iterable[date] | DateArray) -> DateArray:
    """Dates as an array of datetime64[D]."""
    if isinstance(dates, np.ndarray):
        return dates.astype("datetime64[D]")
    return np.array(list(dates), dtype="datetime64[D]")


def _table(given: Mapping[Any, float], keys: Sequence[Any], what: str) -> FloatArray:
    """Factors in the order of the keys, 1 where none is given."""
    if strange := [key for key in given if key not in keys]:
        known = ", ".join(str(key) for key in keys)
        raise CalendarError(f"unknown {what} {strange[0]!r}; expected one of {known}")
    return np.array([given.get(key, 1.0) for key in keys], dtype=np.float64)


def _festival_factors(
    offsets: npt.NDArray[np.int64],
    festival: Sequence[tuple[int, int, float]],
    amplitude: float,
) -> FloatArray:
    """Factor of each day by its offset from the lunar New Year, 1 outside the given spans."""
    factors = np.ones(offsets.size)
    last = None
    for from_offset, to_offset, factor in sorted(festival):
        if to_offset < from_offset or (last is not None and from_offset <= last):
            raise CalendarError(
                f"festival span {from_offset}..{to_offset} ends before it starts or overlaps "
                "the span before it"
            )
        inside = (offsets >= from_offset) & (offsets <= to_offset)
        factors[inside] = max(0.0, factor + (amplitude - 1.0) * (factor - 1.0))
        last = to_offset
    return factors


def _closed(days: DateArray, closures: Sequence[tuple[date | str, date | str]]) -> Mask:
    """Which days lie inside a closure."""
    closed = np.zeros(days.size, dtype=bool)
    first, last = (int(str(edge)[:4]) for edge in (days.min(), days.max()))
    for start, end in closures:
        for year in range(first - 1, last + 2):
            span = _closure(start, end, year, year in (first, last))
            if span is not None:
                closed |= (days >= span[0]) & (days <= span[1])
    return closed


@lru_cache(maxsize=512)
def _closure(
    start: date | str, end: date | str, year: int, needed: bool
) -> tuple[np.datetime64, np.datetime64] | None:
    """First and last day of a closure that starts in a year; None beyond the lunar table."""
    try:
        first = parse_date(start, year)
        last = parse_date(end, first.year)
        if last < first:
            last = parse_date(end, first.year + 1)
    except CalendarError:
        if needed:
            raise
        return None
    if last < first:
        raise CalendarError(f"closure from {start} to {end} ends before it starts")
    return np.datetime64(first, "D"), np.datetime64(last, "D")
