r"""A cautious path: requests as high as a budget of uncertainty allows.

Requests of a day lie within :math:`\bar d \pm \sigma`. What is asked for up to day n can then
exceed its mean by at most (Bertsimas & Sim 2004, with a budget of :math:`\Gamma` days)

.. math::
    A_n = \max\Bigl\{\textstyle\sum_{\tau \le n} z_\tau \sigma_\tau :
        0 \le z_\tau \le 1,\ \sum_\tau z_\tau \le \Gamma\Bigr\},

the :math:`\Gamma` largest deviations. A plan whose stock survives every such path is the plan for
the one path :math:`\bar d_n + A_n - A_{n-1}` (Bertsimas & Thiele 2006, for shortage far dearer than
keeping): only the demand of the linear program changes.

Beside the safety levels, which are priced, this is hard caution without a price. The two meet: with
:math:`\sigma` the standard deviation of a day and equal days, :math:`A_n = \Gamma \sigma` for
:math:`\Gamma \le n`, the variance-based safety stock :math:`z \sigma \sqrt n` with
:math:`z \sqrt n` replaced by :math:`\Gamma`. So :math:`\Gamma = 1.64 \sqrt n` covers n days in 19
of 20 cases, and more days less often. :math:`\Gamma = 0` is the expected path; from the number of
days on, every day is at its worst.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.problem import Slots, State

Floats = NDArray[np.floating]


def cautious(state: State, slots: Slots, gamma: float, variance_to_mean: float) -> State:
    """Return the state with the requests of the cautious path.

    Parameters
    ----------
    state : State
        The expected one.
    slots : Slots
        The horizon.
    gamma : float
        Budget (days) of each region and patient group.
    variance_to_mean : float
        Variance over mean of a day's requests (pieces); its root deviation is the range of a day.
    """
    by_slot = state.demand.sum(axis=0)
    daily = np.repeat(by_slot / slots.length[:, None, None], slots.length, axis=0)
    sigma = np.sqrt(variance_to_mean * daily)
    extra = slots.sums(np.diff(excess(sigma, gamma), axis=0, prepend=0.0))
    shares = state.demand / np.where(by_slot > 0, by_slot, 1)
    return replace(state, demand=state.demand + shares * extra)


def excess(sigma: Floats, gamma: float) -> Floats:
    """Return by how much requests up to each day can exceed their mean (n_days, ...)."""
    upto = np.empty_like(sigma)
    whole, part = int(gamma), gamma - int(gamma)
    for day in range(len(sigma)):
        falling = -np.sort(-sigma[: day + 1], axis=0)
        upto[day] = falling[:whole].sum(axis=0)
        if part and whole <= day:
            upto[day] += part * falling[whole]
    return upto
