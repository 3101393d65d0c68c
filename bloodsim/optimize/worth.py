r"""What one more unit is worth to a region, from the forecast and its uncertainty.

Without further shipments, stock of a region and group after :math:`\tau` days is about normal,

.. math:: S_\tau \sim N\Big(P + \sum_{s \le \tau} (c_s - d_s),\;\; 2 v \sum_{s \le \tau} d_s
          + \big(\varepsilon \textstyle\sum_{s \le \tau} d_s\big)^2\Big)

with position P (stock, transit, less backlog), expected releases c and requests d, their variance
over mean v and a relative error :math:`\varepsilon`. A stock below level :math:`L_k` costs
:math:`p_k` points per unit and day, so one more unit saves

.. math:: m(x) = \sum_\tau n_\tau \sum_k p_k \Pr(S_\tau + x < L_k)

over the horizon, x being what is sent in; where scoring ends within it, the terminal charge counts
likewise. Levels and prices stand for what the service's own reserves and rationing do at these
covers; later transfers can still help, so days further ahead count for less (*fading_days*).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from bloodsim.decision import Snapshot
from bloodsim.optimize.situation import Settings, outlook

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Worth:
    """Levels, prices and horizon of the worth of a unit.

    Parameters
    ----------
    levels_days : tuple of float
        Covers (days of normal-day demand).
    prices : tuple of float
        Points per unit and day below each level, on top of those of higher levels.
    days : tuple of int
        Days ahead that are looked at.
    fading_days : float
        Days over which what is ahead loses 63 % of its weight.
    relative_error : float
        Standard deviation of the flows' relative error.
    handling : float
        Points per unit that a shipment has to be worth beyond the price of its way: what is sent
        cannot be sent back for nothing.
    """

    levels_days: tuple[float, ...] = (14.0, 12.0, 9.0, 7.0, 5.5, 3.0, 2.0, 1.0)
    prices: tuple[float, ...] = (0.03, 0.05, 0.05, 0.1, 0.2, 0.4, 3.0, 10.0)
    days: tuple[int, ...] = (2, 4, 7)
    fading_days: float = 21.0
    relative_error: float = 0.15
    handling: float = 0.3


PRICES = np.geomspace(0.02, 200.0, 28)
"""Worths (points per unit) between which stock is told apart."""


def stock_at_worth(
    snapshot: Snapshot, product: str, worth: Worth, settings: Settings
) -> tuple[Floats, Floats]:
    """Return by how much stock would have to change for a unit to be worth each of `PRICES`.

    Returns
    -------
    float array (n_prices, n_regions, n_groups, R), float array (n_regions, n_groups, R)
        Pieces to send in (negative: out), falling with the price; and the worth of a unit now.
    """
    facts, per_unit = snapshot.facts[product], snapshot.pieces_per_unit[product]
    days = np.array([d for d in worth.days if d < facts.life_days])
    ahead = outlook(snapshot, product, int(days[-1]) + 1, settings)
    normal = snapshot.normal_demand[product][..., None]
    position = snapshot.stock[product] - snapshot.promised_out[product] - snapshot.backlog[product]
    position = position + snapshot.in_transit[product] + snapshot.promised_in[product]
    asked = np.cumsum(ahead.demand, axis=0)[days - 1]
    stock = position + np.cumsum(ahead.releases, axis=0)[days] - asked
    # Who knows what comes has but the worth's own error: of what others will send.
    variance = per_unit * facts.variance_to_mean * 2 * asked * (snapshot.known is None)
    spread = np.sqrt(variance + (worth.relative_error * asked) ** 2 + 0.25)
    spans = np.diff(days, prepend=0) * np.exp(-days / worth.fading_days)
    scale = np.where(normal > 0, normal, 0.0)
    terms = [
        (price * float(span), level * scale - stock[k], spread[k])
        for level, price in zip(worth.levels_days, worth.prices, strict=True)
        for k, span in enumerate(spans)
    ]
    left = snapshot.days_left
    if 0 < left <= days[-1] and product in snapshot.target_days:
        end = int(np.argmin(np.abs(days - left)))
        target = snapshot.target_days[product] * scale
        terms.append((snapshot.weights["terminal_price"], target - stock[end], spread[end]))
    reach = _grid(facts.life_days)
    found = np.empty((len(reach), *scale.shape[:2], stock.shape[-1]))
    for row, cover in enumerate(reach):
        found[row] = 0.0
        for price, short, sd in terms:
            found[row] += price * ndtr((short - cover * scale) / sd)
    return _inverted(found, reach) * scale, found[len(reach) // 2]


def _grid(life_days: int) -> Floats:
    """Return the changes of cover (days) that are looked at, 0 in the middle."""
    half = np.geomspace(0.1, min(20.0, 2.0 * life_days), 14)
    return np.concatenate([-half[::-1], [0.0], half])


def _inverted(found: Floats, reach: Floats) -> Floats:
    """Return the cover changes at which the worth, falling along axis 0, equals each price."""
    logs = np.log(np.maximum(found, 1e-9))
    logs += np.linspace(1e-6, 0, len(reach))[:, None, None, None]  # strictly falling
    result = np.empty((len(PRICES), *found.shape[1:]))
    for row, price in enumerate(np.log(PRICES)):
        after = np.clip((logs > price).sum(axis=0), 1, len(reach) - 1)
        high = np.take_along_axis(logs, after[None] - 1, 0)[0]
        low = np.take_along_axis(logs, after[None], 0)[0]
        part = np.clip((high - price) / (high - low), 0, 1)
        result[row] = reach[after - 1] + part * (reach[after] - reach[after - 1])
    return np.minimum.accumulate(result, axis=0)
