"""Means and Student intervals over replications."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Interval(NamedTuple):
    """A mean, the half-width of its confidence interval, and how many values it rests on."""

    mean: float
    half_width: float
    n: int


def interval(values: npt.ArrayLike, confidence: float = 0.95) -> Interval:
    """Mean of independent values and the half-width of its interval.

    ``half_width = t(n - 1, (1 + confidence) / 2) * s / sqrt(n)``, s the sample standard
    deviation. Values that are not defined (NaN) are left out; the half-width is NaN below two.
    Sums are rounded once (`math.fsum`), so the order of the values does not matter.

    Parameters
    ----------
    values : array_like
        One value per replication; for a comparison, one paired difference per replication.
    confidence : float, default 0.95
        Between 0 and 1.

    References
    ----------
    .. [1] Law, Simulation Modeling and Analysis, 5th ed. 2015, section 4.5.
    """
    from scipy.special import stdtrit

    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    known = [value for value in np.asarray(values, dtype=float).ravel().tolist() if value == value]
    n = len(known)
    if n == 0:
        return Interval(math.nan, math.nan, 0)
    mean = math.fsum(known) / n
    if n == 1:
        return Interval(mean, math.nan, 1)
    variance = math.fsum((value - mean) ** 2 for value in known) / (n - 1)
    quantile = float(stdtrit(n - 1, (1 + confidence) / 2))
    return Interval(mean, quantile * math.sqrt(variance / n), n)
