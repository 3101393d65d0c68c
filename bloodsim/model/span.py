"""Days and regions that a dated rule of a scenario applies to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def applies(dates: Sequence[date], first: date | None, last: date | None) -> Mask:
    """Return which days lie from *first* to *last*, both included; None = open (n_days,)."""
    return np.array(
        [(first is None or first <= day) and (last is None or day <= last) for day in dates]
    )


def applies_in(
    dates: Sequence[date],
    first: date | None,
    last: date | None,
    regions: Sequence[str],
    chosen: Sequence[str],
) -> Mask:
    """Return days and regions (n_days, n_regions); no region chosen = all."""
    named = np.array([not chosen or region in chosen for region in regions])
    return applies(dates, first, last)[:, None] & named
