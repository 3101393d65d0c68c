"""The seasonal profiles of channels and products, derived from the published indices.

The indices in ``seasonality.csv`` are of ALL whole-blood collection. Three channels make it up
(street 60 %, group 25 %, campus 15 % of donations, ASSUMED), so street and group get what is left
when campus (closed in the vacations) and, on weekends and holidays, group (not working) are
taken out: at shares s, g and c the three add up to the published index.

* Month of street and group: (index - c t) / (1 - c), rescaled to mean 1, where t is the month mean
  of the campus profile over its yearly mean. The winter vacation counts as open here, because the
  festival factors already contain it.
* Festival of street and group: (factor - o k) / (1 - o), with o = c / yearly mean of the campus
  profile = the campus share of a day in term, and k = 0.15 while campus is closed (days -20 to
  +16), else 1. On days -1 to +5, always or nearly always public holidays, group does not work and
  street carries its part too: (factor - o k) / ((1 - o) s / (s + g)).
* Weekday of street: (index - g w - c) / s, rescaled to mean 1, with w = 7/5 from Monday to Friday
  and 0 at weekends.
* Holiday of street: (factor - c) / s, since group does not work. It comes out above the published
  factor of all collection, and below a weekend: street sites are busier on days off (read:
  Chengdu 2014-18, ``seasonality.csv``).
* Apheresis and demand follow their own published indices; platelet requests on holidays are
  ASSUMED to fall by 40 % of the fall of red cells. The month index of platelet demand contains the
  feast, so it is not used beside the festival factors (ASSUMED flat).

The rows for World Blood Donor Day and for the opening of university terms are left out: the
first is one week, the second is in the campus closures.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from typing import TypedDict, TypeVar

from bloodsim.data import rows
from bloodsim.seasons import WEEKDAYS, Calendar, FloatArray, daily_factors

__all__ = ["CHANNEL_SHARES", "Profile", "channel_profiles", "profiles_yaml"]

CHANNEL_SHARES = {"street": 0.60, "group": 0.25, "campus": 0.15}
"""ASSUMED shares of whole-blood donations; read: group 28 % of Beijing's units in 2022, colleges
21 % of Tianjin's donations in 2021 (``rates.csv``)."""

CAMPUS_CLOSED_FACTOR = 0.15
"""ASSUMED; read range 0.1-0.2 (``seasonality.csv``, term_factor)."""

SUMMER_VACATION = ("07-05", "08-31")
WINTER_VACATION = (-20, 16)
"""Days from the lunar New Year. Recalled (``seasonality.csv``, term_factor)."""

FEAST_DAYS_OFF = (-1, 5)
"""Days from the lunar New Year that are days off in (nearly) every year (``calendar.csv``)."""

PLATELET_HOLIDAY_WEIGHT = 0.4
"""ASSUMED: fall of platelet requests on a holiday per fall of red cells."""

K = TypeVar("K", int, str)

Festival = tuple[tuple[int, int, float], ...]
Holidays = tuple[tuple[str, int, int, float], ...]

_LAST_BLOCK_DAY = 9  # National Day with mid-autumn in it is the longest block
_YEAR = 2026


class Profile(TypedDict, total=False):
    """Keyword arguments of `bloodsim.seasons.daily_factors`; factors have four places."""

    month: dict[int, float]
    weekday: dict[str, float]
    festival: Festival
    holidays: Holidays
    closures: tuple[tuple[str, str], ...]
    closed_factor: float
    working_days_only: bool


@cache
def channel_profiles() -> dict[str, Profile]:
    """Return the profile of every channel and of every product's demand.

    Returns
    -------
    dict
        Keys ``street``, ``group``, ``campus``, ``apheresis``, ``demand_red_cells``,
        ``demand_platelets`` and ``demand_plasma``. Do not change it: it is cached.
    """
    month = _residual_month()
    red_cells = Profile(
        month={m: _series("rbc_demand_month_exSF")[str(m)] for m in range(1, 13)},
        weekday=_rescaled(_weekday("red_cell_demand")),
        festival=_festival("red_cell_demand"),
        holidays=_holidays("red_cell_demand", 1.0),
    )
    return {
        "street": Profile(
            month=month,
            weekday=_residual_weekday(),
            festival=_residual_festival(alone=True),
            holidays=_residual_holidays(),
        ),
        "group": Profile(
            month=month,
            weekday=dict.fromkeys(WEEKDAYS[:5], 1.0),
            festival=_residual_festival(alone=False),
            working_days_only=True,
        ),
        "campus": _campus(winter=True),
        "apheresis": Profile(
            weekday=_rescaled(_weekday("platelet_collection")),
            festival=_festival("platelet_collection"),
        ),
        "demand_red_cells": red_cells,
        "demand_platelets": Profile(
            weekday=_rescaled(_weekday("platelet_demand")),
            festival=_festival("platelet_demand"),
            holidays=_holidays("red_cell_demand", PLATELET_HOLIDAY_WEIGHT),
        ),
        "demand_plasma": red_cells,
    }


def _campus(winter: bool) -> Profile:
    """Open but for the vacations; without the winter one where the festival contains it."""
    first, last = WINTER_VACATION
    feast = (f"spring_festival - {-first}", f"spring_festival + {last}")
    closures = (SUMMER_VACATION, feast) if winter else (SUMMER_VACATION,)
    return Profile(closures=closures, closed_factor=CAMPUS_CLOSED_FACTOR)


def _residual_month() -> dict[int, float]:
    """Month index of street and group: what campus leaves of the published one."""
    campus = _campus_days()
    months = [(date(_YEAR, 1, 1) + timedelta(days=n)).month for n in range(campus.size)]
    published = _series("collection_month_exSF")
    share = CHANNEL_SHARES["campus"]
    left = {}
    for month in range(1, 13):
        there = campus[[each == month for each in months]].mean() / campus.mean()
        left[month] = (published[str(month)] - share * float(there)) / (1 - share)
    return _rescaled(left)


def _residual_festival(alone: bool) -> Festival:
    """Festival factors of street (alone on the days off) or group: what campus leaves.

    Blocks are split where campus closes and opens.
    """
    term = CHANNEL_SHARES["campus"] / float(_campus_days().mean())
    street = CHANNEL_SHARES["street"] / (CHANNEL_SHARES["street"] + CHANNEL_SHARES["group"])
    first, last = WINTER_VACATION
    spans = []
    for start, end, factor in _festival("whole_blood_collection"):
        cuts = [start, *(cut for cut in (first, last + 1) if start < cut <= end), end + 1]
        for low, high in pairwise(cuts):
            campus = term * (CAMPUS_CLOSED_FACTOR if first <= low <= last else 1.0)
            day_off = FEAST_DAYS_OFF[0] <= low and high - 1 <= FEAST_DAYS_OFF[1]
            carried = (1 - term) * (street if alone and day_off else 1.0)
            spans.append((low, high - 1, round((factor - campus) / carried, 4)))
    return tuple(spans)


def _campus_days() -> FloatArray:
    """Campus factor of every day, the winter vacation taken as open (n_days,)."""
    days = [date(_YEAR, 1, 1) + timedelta(days=n) for n in range(365)]
    return daily_factors(days, Calendar(), **_campus(winter=False))


def _residual_weekday() -> dict[str, float]:
    """Weekday index of street: what group and campus leave of the published one."""
    published = _rescaled(_weekday("whole_blood_collection"))
    left = {}
    for day, index in published.items():
        group = 7 / 5 if day in WEEKDAYS[:5] else 0.0
        others = CHANNEL_SHARES["group"] * group + CHANNEL_SHARES["campus"]
        left[day] = (index - others) / CHANNEL_SHARES["street"]
    return _rescaled(left)


def _residual_holidays() -> Holidays:
    """Holiday factors of street: what campus leaves of the published ones, group being off."""
    share = CHANNEL_SHARES["street"]
    return tuple(
        (key, first, last, round((factor - CHANNEL_SHARES["campus"]) / share, 4))
        for key, first, last, factor in _holidays("whole_blood_collection", 1.0)
    )


def _series(name: str) -> dict[str, float]:
    """Return a series of ``seasonality.csv``."""
    table = rows("seasonality.csv")
    return {row["key"]: float(row["value"]) for row in table if row["series"] == name}


def _weekday(name: str) -> dict[str, float]:
    return _series(f"day_of_week.{name}")


def _festival(name: str) -> Festival:
    """Festival blocks of a series: (first offset, last offset, factor)."""
    found = _series(f"spring_festival_offset.{name}")
    ends = {key: key.split("..") for key in found}
    return tuple((int(ends[key][0]), int(ends[key][1]), factor) for key, factor in found.items())


def _holidays(name: str, weight: float) -> Holidays:
    """Holiday blocks of a series, the fall below 1 multiplied by a weight."""
    spans = []
    for key, factor in _series(f"holiday_factor.{name}").items():
        if ".." not in key:
            continue  # World Blood Donor Day
        holiday, days = key.split(" ")
        first, last = (int(day) for day in days.split(".."))
        if (holiday, last) == ("national_day", 7):
            last = _LAST_BLOCK_DAY
        spans.append((holiday, first, last, round(1 - weight * (1 - factor), 4)))
    return tuple(spans)


def _rescaled(index: Mapping[K, float]) -> dict[K, float]:
    """Index scaled to mean 1 and rounded to four places."""
    mean = sum(index.values()) / len(index)
    return {key: round(value / mean, 4) for key, value in index.items()}


def profiles_yaml() -> str:
    """Return the profiles as the ``profiles`` block of a scenario file."""
    lines = ["profiles:"]
    for name, profile in channel_profiles().items():
        lines.append(f"  {name}:")
        if "month" in profile:
            lines.append(f"    month: {_inline(profile['month'])}")
        if "weekday" in profile:
            lines.append(f"    weekday: {_inline(profile['weekday'])}")
        lines += _span_lines(profile)
        if "closed_factor" in profile:
            lines.append(f"    closed_factor: {profile['closed_factor']}")
        if profile.get("working_days_only"):
            lines.append("    working_days_only: true")
    return "\n".join(lines) + "\n"


def _inline(index: Mapping[K, float]) -> str:
    """Mapping on one line."""
    return "{" + ", ".join(f"{key}: {value}" for key, value in index.items()) + "}"


def _span_lines(profile: Profile) -> list[str]:
    """Festival blocks, holiday blocks and closures, one line each."""
    blocks = {
        "spring_festival": [
            f"{{from_offset: {first}, to_offset: {last}, factor: {factor}}}"
            for first, last, factor in profile.get("festival", ())
        ],
        "holidays": [
            f"{{holiday: {key}, from_day: {first}, to_day: {last}, factor: {factor}}}"
            for key, first, last, factor in profile.get("holidays", ())
        ],
        "closures": [
            f'{{from_date: "{first}", to_date: "{last}"}}'
            for first, last in profile.get("closures", ())
        ],
    }
    return [
        line
        for field, spans in blocks.items()
        if spans
        for line in [f"    {field}:", *(f"      - {span}" for span in spans)]
    ]
