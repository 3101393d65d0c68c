r"""Poisson counts by inversion: exact, monotone in the rate, one number of chance for each count.

A count is the smallest k with :math:`u \le F_\lambda(k)`, F the distribution function and u a
uniform. So a count uses up one number of its stream whatever its rate: a change of rates shifts no
other luck, and with the same luck a higher rate never gives a smaller count.

Small rates walk up the probabilities :math:`p_0 = e^{-\lambda}, p_k = p_{k-1} \lambda / k`.

Large rates start from a normal :math:`z`, with :math:`u = \Phi(z)`. The function
:math:`C_\lambda(x) = \Gamma(x, \lambda) / \Gamma(x)` continues :math:`F_\lambda(k - 1) =
C_\lambda(k)` between the whole numbers, so that the count is :math:`\lfloor C_\lambda^{-1}(\Phi(z))
\rfloor`. Its Cornish-Fisher expansion, with Sheppard's corrections for the lattice, is

.. math:: x = \lambda + \sqrt\lambda z + \frac{z^2 + 2}{6} - \frac{z (z^2 + 2)}{72 \sqrt\lambda}
          + \frac{3 z^4 + 7 z^2 - 16}{810 \lambda}
          - \frac{z (207 z^4 + 548 z^2 - 2684)}{155520 \lambda^{3/2}} + O(\lambda^{-2}).

For :math:`\lambda \ge 3` and :math:`|z| \le 4` it errs by less than
:math:`(0.03 + 0.15 (z/3)^8) / \lambda`, and by less than a half (the tests measure it). Where x is
nearer than that to a whole number, and for larger z, the exact distribution function decides: one
count in some hundreds. The first five terms are those of Giles, Algorithm 955: approximation of
the inverse Poisson cumulative distribution function (ACM Transactions on Mathematical Software 42,
2016), who also explains the method.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

LARGE_RATE = 3.0
"""Rates from which the expansion is good."""
LARGEST_NORMAL = 4.0
"""Normals up to which it is, either way."""
LEAST_ERROR, GROWING_ERROR = 0.03, 0.15 / 9**4
"""A bound of its error times the rate: the first plus the second times the eighth power of z."""

_LATE = 16
"""Counts from which a walk may have come to the end of what doubles tell apart."""


def from_normals(rates: Floats, normals: Floats) -> Floats:
    """Return Poisson counts, one for each standard normal; best where rates are large.

    Parameters
    ----------
    rates : float array (...)
        Means, from 0; every replication's numbers depend on its own alone.
    normals : float array like rates
        What chance decided.

    Returns
    -------
    float array like rates
        Whole numbers.
    """
    found, unsure = _expanded(np.maximum(rates, LARGE_RATE), normals)
    flat, rate, z = found.reshape(-1), rates.reshape(-1), normals.reshape(-1)
    (places,) = unsure.nonzero()
    flat[places] = _decided(flat[places], rate[places], z[places])
    np.floor(found, out=found)
    if rate.size and rate.min() < LARGE_RATE:
        (places,) = (rate < LARGE_RATE).nonzero()
        flat[places] = _walked(rate.take(places), special.ndtr(z.take(places)))
    return found


def from_uniforms(rates: Floats, uniforms: Floats) -> Floats:
    """Return Poisson counts, one for each uniform; as `from_normals`, best where rates are small.

    Uniforms are at least 0 and less than 1.
    """
    found = _walked(np.minimum(rates, LARGE_RATE).reshape(-1), uniforms.reshape(-1))
    rate = rates.reshape(-1)
    (places,) = (rate > LARGE_RATE).nonzero()
    if places.size:
        # A uniform of 0 stands for all below 2 ** -53; its middle is a finite normal.
        normals = special.ndtri(np.maximum(uniforms.reshape(-1)[places], 2.0**-54))
        found[places] = from_normals(rate[places], normals)
    return found.reshape(rates.shape)


def _expanded(rates: Floats, z: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the expansion, and where it does not settle the count (flat)."""
    root = np.sqrt(rates)
    inverse = 1.0 / root
    square = z * z
    # Horner's scheme from the last term up: even and odd powers of z in turn.
    x = square * (-207 / 155520)
    x -= 548 / 155520
    x *= square
    x += 2684 / 155520
    x *= z
    x *= inverse
    term = square * (3 / 810)
    term += 7 / 810
    term *= square
    term -= 16 / 810
    x += term
    x *= inverse
    square += 2.0
    np.multiply(square, z, out=term)
    term *= 1 / 72
    x -= term
    x *= inverse
    square *= 1 / 6
    x += square
    root *= z
    x += root
    x += rates
    # Distance to the nearest whole number against the bound of the error.
    np.rint(x, out=term)
    term -= x
    np.abs(term, out=term)
    term *= rates
    np.multiply(z, z, out=square)
    np.multiply(square, square, out=root)
    root *= root
    root *= GROWING_ERROR
    root += LEAST_ERROR
    unsure = term < root
    unsure |= square > LARGEST_NORMAL**2
    return x, unsure.reshape(-1)


def _decided(x: Floats, rates: Floats, z: Floats) -> Floats:
    """Return the counts of cells that the expansion x does not settle."""
    counts = np.maximum(np.rint(x), 1.0)
    counts -= special.pdtr(counts - 1, rates) >= special.ndtr(z)
    for place in np.flatnonzero(np.abs(z) > LARGEST_NORMAL).tolist():
        counts[place] = _searched(counts[place], rates[place], z[place])
    return counts


def _searched(count: float, rate: float, z: float) -> float:
    """Return the first k with F(k) >= Phi(z), from a guess; compared in the smaller tail."""
    tail, share, sign = (
        (special.pdtr, special.ndtr(z), 1) if z < 0 else (special.pdtrc, special.ndtr(-z), -1)
    )
    while sign * tail(count, rate) < sign * share:
        count += 1
    while count > 0 and sign * tail(count - 1, rate) >= sign * share:
        count -= 1
    return count


def _walked(rates: Floats, uniforms: Floats) -> Floats:
    """Return counts by adding up probabilities until they exceed the uniforms (both flat)."""
    counts = np.zeros(rates.size)
    term = np.exp(-rates)
    (places,) = (uniforms >= term).nonzero()
    rate, rest, term = rates.take(places), uniforms.take(places), term.take(places)
    rest -= term
    k = 0
    while places.size:
        k += 1
        counts[places] = k
        term *= rate
        term *= 1 / k
        going = rest >= term
        if k > _LATE:  # a uniform stops where what is added is less than it can tell apart
            going &= term > 2.0**-55
        (here,) = going.nonzero()
        places, rate = places.take(here), rate.take(here)
        rest, term = rest.take(here), term.take(here)
        rest -= term
    return counts
