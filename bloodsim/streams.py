"""Named random streams: the same name gives the same luck, whatever else exists."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import numpy as np


@lru_cache(maxsize=65536)
def stable_hash(name: str) -> int:
    """Return a 64-bit hash of *name* that no interpreter setting changes.

    The top bit is always set, so that every hash fills the same number of words in a seed and two
    different (region, purpose) pairs cannot spell the same sequence of words.
    """
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") | 1 << 63


def stream(seed: int, replication: int, region: str, purpose: str) -> np.random.Generator:
    """Return the random generator of one purpose in one region and replication.

    Parameters
    ----------
    seed : int
        Root seed of the run.
    replication : int
        Which random world.
    region : str
        Region identifier; empty for luck that all regions share.
    purpose : str
        What is decided by chance, such as ``collection``.

    Notes
    -----
    SFC64 is the fastest bit generator of NumPy; `SeedSequence` keyed by name (not spawned by
    position) keeps the luck of a region when others are added or removed.
    """
    key = (replication, stable_hash(region), stable_hash(purpose))
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=key)))
