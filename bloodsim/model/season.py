"""Seasonal profiles as daily multipliers, by region."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bloodsim.scenario import Profile, Region, Scenario
from bloodsim.seasons import Calendar, daily_factors

Floats = NDArray[np.float64]


class SeasonalFactors:
    """Daily multipliers of a profile, remembered per festival amplitude."""

    def __init__(self, scenario: Scenario, dates: Sequence[date], calendar: Calendar) -> None:
        self.profiles, self.dates, self.calendar = scenario.profiles, dates, calendar
        self.days = np.array(dates, dtype="datetime64[D]")
        self.regions: list[Region] = list(scenario.regions.values())
        self.known: dict[tuple[str, float], Floats] = {}

    def by_region(self, profile: str, amplitude_share: float) -> Floats:
        """Return multipliers (n_days, n_regions)."""
        amplitudes = [1 + amplitude_share * (r.feast_amplitude - 1) for r in self.regions]
        return np.stack([self.one(profile, amplitude) for amplitude in amplitudes], axis=1)

    def one(self, profile: str, amplitude: float) -> Floats:
        """Return multipliers (n_days,) at one festival amplitude."""
        key = (profile, round(amplitude, 9))
        if key not in self.known:
            self.known[key] = profile_factors(
                self.profiles[profile], self.days, self.calendar, amplitude
            )
        return self.known[key]

    def months(self, profile: str) -> Floats:
        """Return the month index alone (n_days,): what remains of a profile on a normal day."""
        month = self.profiles[profile].month
        return np.array([month.get(day.month, 1.0) if month else 1.0 for day in self.dates])


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
