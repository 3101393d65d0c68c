"""Public holidays of mainland China, lunar New Years, and dates written relative to them."""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from bloodsim import data

__all__ = [
    "HOLIDAYS",
    "CalendarError",
    "HolidayYear",
    "holiday_year",
    "lunar_new_years",
    "parse_date",
    "spring_festival",
]

HOLIDAYS: dict[str, tuple[str, str]] = {
    "national_day": ("国庆节", "National Day"),
    "spring_festival": ("春节", "Spring Festival"),
    "labour_day": ("劳动节", "Labour Day"),
    "new_year": ("元旦", "New Year's Day"),
    "tomb_sweeping": ("清明节", "Tomb-sweeping Day"),
    "dragon_boat": ("端午节", "Dragon Boat Festival"),
    "mid_autumn": ("中秋节", "Mid-autumn Festival"),
    "victory_day": ("抗战胜利纪念日", "Victory Day (2015 only)"),
}
"""Names (Chinese, English) by key. Where two holidays share a block the earlier key names it."""

_LIBRARY_NAMES = {
    "National Day": "national_day",
    "Chinese New Year": "spring_festival",
    "Labor Day": "labour_day",
    "New Year's Day": "new_year",
    "Tomb-Sweeping Day": "tomb_sweeping",
    "Dragon Boat Festival": "dragon_boat",
    "Mid-Autumn Festival": "mid_autumn",
    "70th Anniversary": "victory_day",
}

_EXPECTED = (
    "expected a date such as 2026-02-17, a month and day such as 02-17, or "
    "'spring_festival', 'spring_festival - 21', 'spring_festival 2026 + 3'"
)
_RELATIVE = re.compile(r"spring_festival(?:\s+(\d{4}))?(?:\s*([+\-−–])\s*(\d{1,3}))?")
_MONTH_DAY = re.compile(r"(\d{1,2})-(\d{1,2})")


class CalendarError(ValueError):
    """A date, a year or a holiday that the calendar cannot make sense of."""


class HolidayYear(NamedTuple):
    """The holidays of one year.

    ``days_off`` maps statutory and substituted days off to a key of `HOLIDAYS` ("" for a day off
    in exchange for a worked weekend); ``make_up_days`` are those worked weekends; ``has_notice``
    says whether the State Council's notice for the year is known.
    """

    days_off: dict[date, str]
    make_up_days: frozenset[date]
    has_notice: bool


@lru_cache(maxsize=64)
def holiday_year(year: int) -> HolidayYear:
    """The holidays of a year, from the ``holidays`` library (MIT licence)."""
    from holidays.countries import China  # imported late: a scenario is read without it

    found = China(years=year, observed=True, language="en_US")
    days_off = {day: _key_of(name) for day, name in found.items() if day.year == year}
    make_up = frozenset(day for day in found.weekend_workdays if day.year == year)
    substituted = any("substituted" in name for name in found.values())
    return HolidayYear(days_off, make_up, bool(make_up) or substituted)


@lru_cache(maxsize=1)
def lunar_new_years() -> dict[int, date]:
    """Lunar New Year by year, from the bundled table ``spring_festival.csv``."""
    table = data.rows("spring_festival.csv")
    return {int(row["year"]): date.fromisoformat(row["lunar_new_year"]) for row in table}


def spring_festival(year: int) -> date:
    """The lunar New Year (first day of the first lunar month) of a year.

    Parameters
    ----------
    year : int
        2005 to 2040, the bundled table ``spring_festival.csv``.

    Raises
    ------
    CalendarError
        If the year is not in the table.

    Examples
    --------
    >>> spring_festival(2026).isoformat()
    '2026-02-17'
    """
    known = lunar_new_years()
    if year not in known:
        span = f"{min(known)} to {max(known)}"
        raise CalendarError(f"the lunar New Year of {year} is not known; the table has {span}")
    return known[year]


def parse_date(value: date | str, year: int | None = None) -> date:
    """A date from what a scenario file may say.

    Parameters
    ----------
    value : date or str
        A date; ``"2026-02-17"``; ``"02-17"`` (needs `year`); ``"spring_festival"``,
        ``"spring_festival - 21"`` or ``"spring_festival 2026 + 3"`` (days from the lunar New
        Year; the year from the text, else `year`).
    year : int, optional
        Year for texts that name none.

    Raises
    ------
    CalendarError
        If the text is no date, or needs a year that was not given.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = value.strip() if isinstance(value, str) else ""
    try:
        if match := _RELATIVE.fullmatch(text):
            written, sign, days = match.groups()
            feast = spring_festival(_year_for(text, int(written) if written else year))
            return feast + (1 if sign == "+" else -1) * int(days or 0) * timedelta(days=1)
        if match := _MONTH_DAY.fullmatch(text):
            return date(_year_for(text, year), int(match[1]), int(match[2]))
        return date.fromisoformat(text)
    except CalendarError:
        raise
    except ValueError as error:
        raise CalendarError(f"{value!r} is not a date ({error}); {_EXPECTED}") from error


def _year_for(text: str, year: int | None) -> int:
    """The year, or an error that says a year is needed."""
    if year is None:
        raise CalendarError(f"{text!r} needs a year, and none was given; {_EXPECTED}")
    return year


def _key_of(name: str) -> str:
    """Key of the foremost holiday in a name of the library; "" for a substituted day."""
    return next((key for text, key in _LIBRARY_NAMES.items() if text in name), "")
