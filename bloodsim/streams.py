"""Named random streams: the same name gives the same luck, whatever else exists."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

_POOL = 4
"""Words of entropy that `SeedSequence` keeps."""


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


def streams(
    seed: int, replications: range, regions: Sequence[str], purpose: str
) -> list[list[np.random.Generator]]:
    """Return the generators of one purpose by region and replication: `stream` for many at once."""
    if not regions or not len(replications):
        return [[] for _ in regions]
    hashes = np.array([stable_hash(region) for region in regions], dtype=np.uint64)[:, None]
    shape = (len(regions), len(replications))
    where = np.broadcast_to(hashes, shape)
    what = np.full(shape, stable_hash(purpose), dtype=np.uint64)
    which = np.broadcast_to(np.array(replications, dtype=np.uint32), shape)
    words = [which, *_words(where), *_words(what)]
    states = seed_states(seed, words)
    return [[_seeded(state) for state in row] for row in states]


def _seeded(state: NDArray[np.uint64]) -> np.random.Generator:
    sequence: Any = _Seeded(state)  # any ISeedSequence will do, though NumPy's types do not say so
    return np.random.Generator(np.random.SFC64(sequence))


class _Seeded(np.random.bit_generator.ISeedSequence):
    """A seed whose state is worked out already."""

    def __init__(self, state: NDArray[np.uint64]) -> None:
        self.state = state

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[np.uint64]:
        """Return the state, of the three words that SFC64 asks for."""
        assert (n_words, dtype) == (len(self.state), np.uint64)
        return self.state


def _words(numbers: NDArray[np.uint64]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Split 64-bit numbers into their words, low first."""
    return (numbers & 0xFFFFFFFF).astype(np.uint32), (numbers >> np.uint64(32)).astype(np.uint32)


def seed_states(seed: int, words: Sequence[NDArray[np.uint32]]) -> NDArray[np.uint64]:
    """Return ``SeedSequence(seed, spawn_key).generate_state(3, uint64)`` for many keys at once.

    The hash is NumPy's, whose numbers are promised not to change; tests compare the two.

    Parameters
    ----------
    seed : int
        Root seed.
    words : sequence of uint32 array (...)
        The words of the spawn keys, each an array over the keys.

    Returns
    -------
    uint64 array (..., 3)
    """
    entropy: list[Any] = [seed >> 32 * i & 0xFFFFFFFF for i in range(max(1, _n_words(seed)))]
    entropy += [0] * (_POOL - len(entropy))
    mixer = _Hash(0x43B0D7E5, 0x931E8875)
    zero = np.zeros_like(words[0])
    entropy = [zero + np.uint32(word) for word in entropy] + list(words)
    pool = [mixer.hashed(word) for word in entropy[:_POOL]]
    for source in range(_POOL):
        for target in range(_POOL):
            if source != target:
                pool[target] = _mixed(pool[target], mixer.hashed(pool[source]))
    for word in entropy[_POOL:]:
        for target in range(_POOL):
            pool[target] = _mixed(pool[target], mixer.hashed(word))
    out = _Hash(0x8B51F9DD, 0x58F38DED)
    halves = np.stack([out.hashed(pool[i % _POOL]) for i in range(6)], axis=-1).astype(np.uint64)
    return halves[..., 0::2] | halves[..., 1::2] << np.uint64(32)


def _n_words(seed: int) -> int:
    return -(-seed.bit_length() // 32)


class _Hash:
    """The running multiplicative hash of `SeedSequence`."""

    def __init__(self, constant: int, multiplier: int) -> None:
        self.constant, self.multiplier = constant, multiplier

    def hashed(self, word: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return the hash of the next word."""
        word = word ^ np.uint32(self.constant)
        self.constant = self.constant * self.multiplier & 0xFFFFFFFF
        word = word * np.uint32(self.constant)
        return word ^ word >> np.uint32(16)


def _mixed(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> NDArray[np.uint32]:
    word = one * np.uint32(0xCA01F9DD) - other * np.uint32(0x4973F715)
    return word ^ word >> np.uint32(16)
