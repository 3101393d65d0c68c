"""Laboratories with working days and outages: what is tested waits until it is released."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.stock import Stock
from bloodsim.seasons import WEEKDAYS, Calendar

if TYPE_CHECKING:
    from bloodsim.model.shocks import ShockWorld
    from bloodsim.scenario import Scenario

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Released(NamedTuple):
    """Held pieces (n_regions, 8, R) of one expiry day that leave the laboratory."""

    pieces: Ints
    expiry: int
    usable: bool


def kept_shares(
    scenario: Scenario,
    dates: Sequence[date],
    calendar: Calendar,
    shocks: Sequence[ShockWorld] = (),
) -> Floats | None:
    """Return the share of what is due that waits (n_days, n_regions); None if nothing ever does."""
    kept = np.zeros((len(dates), len(scenario.regions)))
    for shock in shocks:
        if shock.settings.laboratory_share < 1:
            here = np.where(shock.strength > 0, 1 - shock.settings.laboratory_share, 0.0)
            np.maximum(kept, here, out=kept)
    kept[_closed_days(scenario, dates, calendar)] = 1
    return kept if kept.any() else None


def _closed_days(scenario: Scenario, dates: Sequence[date], calendar: Calendar) -> Mask:
    """Return days without release by the working days of laboratories (n_days, n_regions)."""
    closed = np.zeros((len(dates), len(scenario.regions)), dtype=bool)
    for rule in scenario.resources.laboratories:
        off = np.array(
            [
                WEEKDAYS[day.weekday()] not in rule.weekdays
                or (not rule.on_holidays and calendar.holiday_on(day) is not None)
                for day in dates
            ]
        )
        named = np.array([not rule.regions or name in rule.regions for name in scenario.regions])
        closed |= off[:, None] & named
    return closed


def longest_run(kept: Floats | None) -> int:
    """Return the most days in a row on which something is kept back, in any region."""
    longest = 0
    if kept is not None:
        run = np.zeros(kept.shape[1], dtype=int)
        for day in kept > 0:
            run = (run + 1) * day
            longest = max(longest, int(run.max(initial=0)))
    return longest


def hold(held: Ints, good: Ints, kept: Floats, day: int) -> Ints:
    """Keep back, in *held*, the share *kept* (n_regions,) of what is due; return the rest."""
    waits = _part(good, kept)
    held[day % len(held)] += waits
    return good - waits


def let_go(held: Ints, stock: Stock, kept: Floats, day: int, life: int) -> list[Released]:
    """Release what was held, but for the share *kept*, each piece to its own cohort.

    *life* is the days from a unit's regular release to its expiry day. Pieces that expired in the
    meantime are not usable.
    """
    found = []
    for due in range(day - len(held) + 1, day):
        waited = held[due % len(held)]
        if not waited.any():
            continue
        pieces = waited - _part(waited, kept)
        if not pieces.any():
            continue
        waited -= pieces
        expiry = due + life
        usable = expiry > day
        if usable:
            arriving = np.zeros_like(stock.upto)
            for later in range(expiry, stock.newest_expiry + 1):
                arriving[stock.slot(later)] = pieces
            stock.merge(arriving, pieces)
        found.append(Released(pieces, expiry, usable))
    return found


def _part(pieces: Ints, share: Floats) -> Ints:
    """Return a share (n_regions,) of pieces (n_regions, 8, R), rounded up over the groups."""
    if not (share % 1).any():
        return pieces * share.astype(np.int32)[:, None, None]
    upto = np.ceil(np.cumsum(pieces, axis=1) * share[:, None, None]).astype(np.int32)
    upto[:, 1:] -= upto[:, :-1].copy()
    return upto
