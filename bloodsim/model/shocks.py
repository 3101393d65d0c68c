"""Shocks as multipliers by day and region, and what forecasts know of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bloodsim.scenario import Scenario, Shock

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ShockWorld:
    """One shock; ``strength`` (n_days, n_regions) is 0 outside it, 1 at its full size."""

    settings: Shock
    strength: Floats
    known_from: int

    def multiplier(self, factor: float) -> Floats:
        """Return the multipliers (n_days, n_regions) of a factor at full size."""
        return 1 + (factor - 1) * self.strength


def compile_shocks(scenario: Scenario, start: date, n_days: int) -> tuple[ShockWorld, ...]:
    """Return the shocks of a scenario as arrays from *start* on."""
    return tuple(_one(shock, scenario, start, n_days) for shock in scenario.shocks.values())


def _one(shock: Shock, scenario: Scenario, start: date, n_days: int) -> ShockWorld:
    first, last = (shock.from_date - start).days, (shock.to_date - start).days
    days = np.arange(n_days)
    rise = np.clip((days - first + 1) / (shock.ramp_days + 1), 0, 1)
    fall = np.clip((last - days + 1) / (shock.ramp_days + 1), 0, 1)
    where = np.array([not shock.regions or name in shock.regions for name in scenario.regions])
    return ShockWorld(
        shock, np.minimum(rise, fall)[:, None] * where, first + shock.recognised_after_days
    )


def turnout_factor(
    shocks: tuple[ShockWorld, ...], channel: str, known_on: int | None = None
) -> Floats | float:
    """Return the multiplier on a channel's turnout (n_days, n_regions); *known_on*: as seen."""
    factor: Floats | float = 1.0
    for shock in shocks:
        named = shock.settings.channels
        if known_on is not None and known_on < shock.known_from:
            continue
        if shock.settings.collection_factor != 1 and (not named or channel in named):
            factor = factor * shock.multiplier(shock.settings.collection_factor)
    return factor


def demand_factor(
    shocks: tuple[ShockWorld, ...], product: str, known_on: int | None = None
) -> Floats | float:
    """Return the multiplier on requests (n_days, n_regions); *known_on*: as seen on that day."""
    factor: Floats | float = 1.0
    for shock in shocks:
        change = shock.settings.demand_factor.get(product, 1.0)
        if change != 1 and (known_on is None or known_on >= shock.known_from):
            factor = factor * shock.multiplier(change)
    return factor


def closed_regions(shocks: tuple[ShockWorld, ...], day: int) -> NDArray[np.bool_] | None:
    """Return which regions no shipment may leave or be sent to on a day (n_regions,), or None."""
    closed = None
    for shock in shocks:
        if shock.settings.roads_closed and shock.strength[day].any():
            now = shock.strength[day] > 0
            closed = now if closed is None else closed | now
    return closed
