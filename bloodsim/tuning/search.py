"""Where to look next: a grid, then points near the best and at the low of a smooth surface."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.optimize import minimize

from bloodsim.tuning.ranges import Parameter, Point

Floats = NDArray[np.float64]

_STARTS = 3
"""Best points from which the surface is descended."""


def refinements(
    tuned: Sequence[Parameter], means: Mapping[Point, float], round_number: int
) -> list[Point]:
    """Return new candidates for a round of refinement, each once.

    They are the neighbours of the best one at 1/2, 1/4, … of the grid's step, along each axis and
    each diagonal of two, and the lows of a thin-plate spline through all mean costs.

    Parameters
    ----------
    tuned : sequence of Parameter
        What is tuned.
    means : mapping
        Mean cost of every candidate so far.
    round_number : int
        1 for the first round.
    """
    best = best_of(means)
    steps = [(p.high - p.low) / max(1, p.steps - 1) / 2**round_number for p in tuned]
    points = [_tidy(tuned, np.add(best, np.multiply(d, steps))) for d in _directions(len(tuned))]
    points += [_tidy(tuned, low) for low in _lows(tuned, means)]
    return [point for point in dict.fromkeys(points) if point not in means]


def best_of(means: Mapping[Point, float]) -> Point:
    """Return the candidate of lowest mean cost; of equals, the smallest."""
    return min(means, key=lambda point: (means[point], point))


def _directions(count: int) -> list[tuple[int, ...]]:
    """Return steps along one axis, and along two at once (more would be too many)."""
    found = itertools.product((-1, 0, 1), repeat=count)
    return [d for d in found if 0 < sum(map(abs, d)) <= 2]


def _lows(tuned: Sequence[Parameter], means: Mapping[Point, float]) -> list[Floats]:
    """Return lows of a smooth surface through the means, in the parameters' own units."""
    low = np.array([p.low for p in tuned], dtype=float)
    width = np.array([p.high for p in tuned], dtype=float) - low
    places = (np.array(list(means), dtype=float) - low) / width
    inside = ((places >= 0) & (places <= 1)).all(axis=1)
    places, heights = places[inside], np.array(list(means.values()))[inside]
    # A plane needs one point more than it has axes, and they must not lie on a line.
    if len(places) <= len(tuned) or np.linalg.matrix_rank(places - places[0]) < len(tuned):
        return []
    scale = float(np.ptp(heights)) or 1.0
    surface = RBFInterpolator(places, heights / scale, kernel="thin_plate_spline", smoothing=1e-3)
    starts = places[np.argsort(heights, kind="stable")[:_STARTS]]
    bounds = [(0.0, 1.0)] * len(tuned)
    found = [
        minimize(lambda x: float(surface(x[None])[0]), start, method="L-BFGS-B", bounds=bounds)
        for start in starts
    ]
    return [low + width * descent.x for descent in found]


def _tidy(tuned: Sequence[Parameter], values: Floats) -> Point:
    return tuple(p.tidy(float(value)) for p, value in zip(tuned, values, strict=True))
