"""Whole lots of a flow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.floating]


def whole_lots(flow: Floats, most: Floats, lot: int) -> Ints:
    """Round a flow per group to whole lots, the sum as near below as the most per group allows."""
    lots = np.floor(np.minimum(flow + 1e-6, most) / lot)
    missing = int(np.floor((flow.sum() + 1e-6) / lot) - lots.sum())
    rest = flow / lot - lots
    for group in np.argsort(-rest, kind="stable").tolist():
        if missing > 0 and rest[group] > 1e-6 and (lots[group] + 1) * lot <= most[group]:
            lots[group] += 1
            missing -= 1
    return (lots * lot).astype(np.int64)
