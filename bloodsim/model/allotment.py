"""Scarce whole pieces split among those who asked, in proportion and exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[Any]


def allot(available: Ints, wanted: Ints) -> Ints:
    """Return what each may have of what is available, by largest remainders.

    Where all can be served, all are. Otherwise the whole of what is available is split in
    proportion to what was asked for; the pieces that rounding down leaves go to the largest
    remainders, the first in order among equals. Nobody gets more than was asked for.

    Parameters
    ----------
    available : int array (...)
        Pieces there are.
    wanted : int array (n, ...)
        Pieces asked for, none negative.
    """
    total = np.add.reduce(wanted, axis=0, dtype=np.int64)
    share = np.minimum(available, total).astype(np.int64) * wanted
    safe = np.maximum(total, 1)
    whole, remainder = share // safe, share % safe
    left = np.minimum(available, total) - np.add.reduce(whole, axis=0)
    turn = np.argsort(np.argsort(-remainder, axis=0, kind="stable"), axis=0, kind="stable")
    return (whole + (turn < left)).astype(np.int32)
