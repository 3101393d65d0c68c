"""Laboratories with working days: what is tested waits for the next day that releases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.stock import Stock
from bloodsim.seasons import WEEKDAYS, Calendar

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]


class Released(NamedTuple):
    """Held pieces (n_regions, 8, R) of one expiry day that leave the laboratory."""

    pieces: Ints
    expiry: int
    usable: bool


def closed_days(scenario: Scenario, dates: Sequence[date], calendar: Calendar) -> Mask | None:
    """Return days without release (n_days, n_regions); None if there are none."""
    if not scenario.resources.laboratories:
        return None
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


def longest_run(closed: Mask | None) -> int:
    """Return the most closed days in a row in any region."""
    longest = 0
    if closed is not None:
        run = np.zeros(closed.shape[1], dtype=int)
        for day in closed:
            run = (run + 1) * day
            longest = max(longest, int(run.max(initial=0)))
    return longest


def hold(held: Ints, good: Ints, closed: NDArray[np.bool_], day: int) -> Ints:
    """Keep back, in *held*, what is due where the laboratory is closed; return what is released."""
    kept = good * closed[:, None, None]
    held[day % len(held)] += kept
    return good - kept


def let_go(
    held: Ints, stock: Stock, closed: NDArray[np.bool_], day: int, life: int
) -> list[Released]:
    """Release what was held where the laboratory is open, each piece to its own cohort.

    *life* is the days from a unit's regular release to its expiry day. Pieces that expired in the
    meantime are not usable.
    """
    found = []
    for due in range(day - len(held) + 1, day):
        pieces = held[due % len(held)] * ~closed[:, None, None]
        if not pieces.any():
            continue
        held[due % len(held)] -= pieces
        expiry = due + life
        usable = expiry > day
        if usable:
            arriving = np.zeros_like(stock.upto)
            for later in range(expiry, stock.newest_expiry + 1):
                arriving[stock.slot(later)] = pieces
            stock.merge(arriving, pieces)
        found.append(Released(pieces, expiry, usable))
    return found
