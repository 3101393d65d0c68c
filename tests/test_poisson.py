"""Poisson counts by inversion are exact, whatever the rate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special, stats

from bloodsim.model import poisson
from bloodsim.model.draws import group_counts

N = 40_000
RATES = [0.0, 1e-9, 0.01, 0.3, 1.0, 2.9, 3.0, 3.1, 5.0, 8.0, 10.0, 40.0, 350.0, 2000.0, 1e5]


def chance(seed: int = 3) -> np.random.Generator:
    """Return a generator for a test."""
    return np.random.Generator(np.random.SFC64(seed))


@pytest.mark.parametrize("rate", RATES)
def test_counts_are_the_quantiles_of_what_was_drawn(rate: float) -> None:
    normals, uniforms = chance().standard_normal(N), chance().random(N)
    rates = np.full(N, rate)
    found = poisson.from_normals(rates, normals.copy())
    assert np.array_equal(found, stats.poisson.ppf(special.ndtr(normals), rate).clip(0))
    found = poisson.from_uniforms(rates, uniforms)
    assert np.array_equal(found, stats.poisson.ppf(uniforms, rate).clip(0))


@pytest.mark.parametrize("rate", [0.05, 0.7, 2.0, 3.0, 4.5, 12.0, 90.0, 600.0])
@pytest.mark.parametrize("drawn", ["normals", "uniforms"])
def test_counts_have_poisson_shares(rate: float, drawn: str) -> None:
    rates = np.full(N, rate)
    if drawn == "normals":
        counts = poisson.from_normals(rates, chance(7).standard_normal(N))
    else:
        counts = poisson.from_uniforms(rates, chance(7).random(N))
    law = stats.poisson(rate)
    edges = np.unique(law.ppf(np.linspace(0, 1, 22)[1:-1]))  # of classes of about a twentieth
    expected = np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]])) * N
    seen = np.bincount(np.searchsorted(edges, counts), minlength=len(edges) + 1)
    kept = expected > 5
    assert expected[~kept].sum() < 5
    misfit = ((seen - expected)[kept] ** 2 / expected[kept]).sum()
    assert stats.chi2.sf(misfit, max(kept.sum() - 1, 1)) > 1e-4


def test_far_out_the_distribution_function_decides() -> None:
    far = np.array([-8.0, -6.0, -4.5, -4.0, 4.0, 4.5, 6.0, 8.0])
    for rate in (3.0, 3.5, 6.0, 20.0, 500.0):
        found = poisson.from_normals(np.full(far.size, rate), far.copy())
        for z, count in zip(far, found, strict=True):
            law = stats.poisson(rate)
            if z < 0:
                assert law.cdf(count) >= special.ndtr(z)
                assert count == 0 or law.cdf(count - 1) < special.ndtr(z)
            else:  # in the tail that doubles tell apart
                assert law.sf(count) <= special.ndtr(-z) * (1 + 1e-12)
                assert law.sf(count - 1) > special.ndtr(-z)


def test_the_edges_of_uniforms() -> None:
    edges = np.array([0.0, 2.0**-53, 0.5, 1 - 2.0**-53])
    assert not poisson.from_uniforms(np.zeros(edges.size), edges).any()
    for rate in (0.2, 2.9, 3.0, 3.1, 60.0):
        found = poisson.from_uniforms(np.full(edges.size, rate), edges)
        assert (np.diff(found) >= 0).all()
        assert found[0] <= stats.poisson.ppf(2.0**-53, rate).clip(0)
        assert stats.poisson.sf(found[-1] - 1, rate) > 2.0**-57  # no further out than chance goes


def beyond(x: float, z: float, rate: float) -> float:
    """Return how far C(x) is above Phi(z), in its smaller tail."""
    if z < 0:
        return float(special.gammaincc(x, rate) / special.ndtr(z) - 1)
    return float(1 - special.gammainc(x, rate) / special.ndtr(-z))


def test_the_expansion_errs_less_than_its_bound() -> None:
    """The point C(x) = Phi(z), by solving, against the expansion."""
    normals = np.linspace(-poisson.LARGEST_NORMAL, poisson.LARGEST_NORMAL, 33)
    for rate in (3.0, 3.3, 4.0, 5.0, 5.5, 6.0, 8.0, 12.0, 30.0, 300.0, 3000.0):
        found, _ = poisson._expanded(np.full(normals.size, rate), normals)
        for z, x in zip(normals, found, strict=True):
            true = optimize.brentq(beyond, max(x - 1, 1e-9), x + 1, (z, rate), xtol=1e-13)
            bound = (poisson.LEAST_ERROR + poisson.GROWING_ERROR * z**8) / rate
            assert abs(true - x) < min(bound, 0.5)


def test_with_the_same_luck_a_higher_rate_gives_no_fewer() -> None:
    normals, uniforms = chance().standard_normal(500), chance().random(500)
    rates = np.concatenate([np.linspace(0, 20, 401), np.linspace(20, 800, 100)])
    for luck, draw in ((normals, poisson.from_normals), (uniforms, poisson.from_uniforms)):
        cells = np.broadcast_to(luck, (rates.size, luck.size)).copy()
        found = draw(np.broadcast_to(rates[:, None], cells.shape).copy(), cells)
        assert (np.diff(found, axis=0) >= 0).all()


def test_a_replication_is_the_same_in_any_block() -> None:
    rates = chance(1).gamma(0.4, 30.0, (8, 700))
    mix = chance(2).gamma(5.0, 0.2, (40, 700))
    mix[:, :50] = 0.0
    whole = group_counts([chance(r) for r in range(40)], rates, mix)
    assert whole.dtype == np.int32
    assert not whole[:, :50].any()
    for r in (0, 3, 17, 39):
        alone = group_counts([chance(r)], rates, mix[r : r + 1])
        assert np.array_equal(alone[..., 0], whole[..., r])


def test_a_change_of_one_rate_leaves_all_other_counts() -> None:
    rates, mix = np.full((8, 60), 6.0), np.ones((1, 60))
    before = group_counts([chance()], rates, mix)
    rates[:, 30] = 900.0
    after = group_counts([chance()], rates, mix)
    changed = (before != after).any(axis=(0, 2))
    assert changed[30]
    assert not np.delete(changed, 30).any()
