"""Profiles of a scenario as daily multipliers, and what agreements have due by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bloodsim.seasons import Calendar, daily_factors

if TYPE_CHECKING:
    from bloodsim.scenario.agreements import Agreement
    from bloodsim.scenario.collection import Profile

Floats = NDArray[np.float64]


def profile_factors(
    profile: Profile,
    dates: Sequence[date] | NDArray[np.datetime64],
    calendar: Calendar,
    amplitude: float = 1.0,
) -> Floats:
    """Return the daily multipliers (n_days,) of a scenario's profile."""
    return np.asarray(
        daily_factors(
            dates,
            calendar,
            month=profile.month or None,
            weekday={str(day): index for day, index in profile.weekday.items()} or None,
            festival=[(b.from_offset, b.to_offset, b.factor) for b in profile.spring_festival],
            holidays=[(b.holiday, b.from_day, b.to_day, b.factor) for b in profile.holidays],
            closures=[(c.from_date, c.to_date) for c in profile.closures],
            closed_factor=profile.closed_factor,
            working_days_only=profile.working_days_only,
            amplitude=amplitude,
        )
    )


def agreed_units(
    item: Agreement, dates: Sequence[date], season: Callable[[str], Floats]
) -> tuple[Floats, Floats]:
    """Return units due a day out and back (n_days,); a swap sends back what came, by its dates.

    Where the return season is 0 on all these dates nothing flows back.
    """
    runs = np.array(
        [
            (item.from_date is None or day >= item.from_date)
            and (item.to_date is None or day <= item.to_date)
            for day in dates
        ]
    )
    base = item.units_per_day or (item.units_per_year or 0.0) / 365
    out = base * runs * (season(item.season) if item.season else np.ones(len(dates)))
    back = runs * (season(item.return_season) if item.return_season else np.ones(len(dates)))
    total = back.sum()
    return out, back * (out.sum() / total if total > 0 else 0.0)


def shipping_days(item: Agreement, dates: Sequence[date]) -> NDArray[np.bool_]:
    """Return the days (n_days,) on which an agreement ships what has come due.

    Every *every_days* days from the first of the run, and on the last of its own dates, so that
    nothing that came due within them is left.
    """
    days = np.arange(len(dates)) % item.every_days == item.every_days - 1
    return np.asarray(days | np.array([day == item.to_date for day in dates]))
