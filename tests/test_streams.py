"""Many random streams at once are those that NumPy makes one by one."""

import numpy as np
import pytest

from bloodsim.streams import seed_states, stable_hash, stream, streams


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**32, 2**64 + 5, 2**127 + 3, 2**140 + 9])
def test_seed_states_are_those_of_numpy(seed):
    keys = [(0, 2**63 + 5, 2**63 + 11), (4711, stable_hash("BJ"), stable_hash("demand"))]
    words = [
        np.array(column, dtype=np.uint32)
        for r, a, b in [tuple(zip(*keys, strict=True))]
        for column in (
            r,
            [x & 0xFFFFFFFF for x in a],
            [x >> 32 for x in a],
            [x & 0xFFFFFFFF for x in b],
            [x >> 32 for x in b],
        )
    ]
    expected = [
        np.random.SeedSequence(seed, spawn_key=k).generate_state(3, np.uint64) for k in keys
    ]
    assert np.array_equal(seed_states(seed, words), expected)


def test_streams_are_the_same_as_one_by_one():
    found = streams(7, range(3, 6), ("north", ""), "collection")
    for region, row in zip(("north", ""), found, strict=True):
        for r, generator in zip(range(3, 6), row, strict=True):
            expected = stream(7, r, region, "collection")
            assert np.array_equal(generator.random(5), expected.random(5))
            assert np.array_equal(generator.poisson(20, 5), expected.poisson(20, 5))
