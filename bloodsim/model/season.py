"""Seasonal profiles as daily multipliers, by region."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bloodsim.scenario import Region, Scenario
from bloodsim.scenario.seasonal import profile_factors
from bloodsim.seasons import Calendar

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
