"""What a donor is worth on a day, and other numbers of a `DriveProblem` from plainer ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def visit_value(
    prices: Mapping[str, Floats],
    group_shares: Floats,
    units_per_gift: Mapping[str, float],
    test_delay_days: Mapping[str, int],
    sound_share: Mapping[str, float] | None = None,
    points_per_donation: float = 0.0,
) -> Floats:
    """Return the points per donor who gives, by day of collection (n_days,).

    Parameters
    ----------
    prices : mapping of product to float array (n_days, n_groups)
        Points per unit released on a day; the last day's hold for later ones.
    group_shares : float array (n_groups,)
        Groups of donors.
    units_per_gift : mapping of product to float
        Units of each product that a gift makes (`mean_units`).
    test_delay_days : mapping of product to int
        Days from collection to release.
    sound_share : mapping of product to float, optional
        Share of units that are released; default 1.
    points_per_donation : float
        Cost of a donation.
    """
    n_days = len(next(iter(prices.values())))
    total = np.full(n_days, -float(points_per_donation))
    for product, units in units_per_gift.items():
        if product not in prices:
            continue
        released = np.minimum(np.arange(n_days) + test_delay_days[product], n_days - 1)
        sound = 1.0 if sound_share is None else sound_share.get(product, 1.0)
        total += units * sound * (prices[product] @ group_shares)[released]
    return total


def daily_prices(slot_prices: Floats, start: NDArray[np.integer], n_days: int) -> Floats:
    """Return prices by day (n_days, ...) from prices by slot; days after the last slot keep its.

    Parameters
    ----------
    slot_prices : float array (n_slots, ...)
        For example ``TransferPlan.prices[:, region] * pieces_per_unit``.
    start : int array (n_slots,)
        First day of each slot (``Slots.start``).
    n_days : int
        Days.
    """
    slot = np.searchsorted(start, np.arange(n_days), side="right") - 1
    return slot_prices[np.maximum(slot, 0)]


def mean_units(gift_shares: Mapping[int, float], unit_ml: float = 200.0) -> float:
    """Return the mean units of a gift from shares of gift sizes in mL (1 unit = 200 mL)."""
    total = sum(gift_shares.values())
    return sum(size * share for size, share in gift_shares.items()) / unit_ml / total


def pool_response(natural: Floats, shares: Floats, usual: Floats, elasticity: float) -> Floats:
    """Return the gifts a day that one more eligible donor makes (n_segments, n_days).

    The derivative of natural x shares x (eligible / usual)^elasticity at the usual pool.

    Parameters
    ----------
    natural : float array (n_days,)
        Repeat gifts on the path.
    shares : float array (n_segments,)
        Their shares by segment.
    usual : float array (n_segments, n_days)
        Eligible donors on the path.
    elasticity : float
        Power of the pool in turnout.
    """
    gifts = natural * shares[:, None]
    return np.minimum(elasticity * gifts / np.maximum(usual, 1.0), 1.0)


def fatigue_steps(
    loss_per_day: float, lowest: float, widths: tuple[int, ...] = (7, 7, 14, 32)
) -> tuple[tuple[float, float], ...]:
    """Return (days, effect) of appeals that wear out: falling steps of mean effect.

    Day n of an appeal has the effect max((1 - loss)^n, lowest), from n = 0; *widths* are the days
    of the steps.
    """
    steps, day = [], 0
    for width in widths:
        effects = [max((1 - loss_per_day) ** (day + k), lowest) for k in range(width)]
        steps.append((float(width), sum(effects) / width))
        day += width
    return tuple(steps)
