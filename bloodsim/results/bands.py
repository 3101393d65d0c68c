"""How far worlds spread: by luck alone, and by luck and by what is not known of the inputs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from bloodsim.results import Results

SUFFIX = "_sampled"
"""What the name of a variant with drawn parameters adds to that of its twin."""
SHARE = 0.9
"""Share of worlds that a band holds, as the bands of the fan chart do."""
ENOUGH = 20
"""Worlds from which on one of them is expected outside either end of a band (5 % of 20)."""


class Bands(NamedTuple):
    """The middle 90 % of worlds of an indicator, by luck alone, and with drawn parameters."""

    luck: tuple[float, float]
    luck_and_parameters: tuple[float, float]


def stated(results: Results) -> tuple[str, ...]:
    """Return the variants whose parameters are as stated."""
    known = results.variants
    return tuple(v for v in known if not _is_twin(v, known))


def bands(results: Results) -> dict[str, dict[str, Bands]]:
    """Return the bands of every indicator by variant; empty where no parameters were drawn."""
    from bloodsim.metrics import indicators

    found: dict[str, dict[str, Bands]] = {
        v: {} for v in stated(results) if f"{v}{SUFFIX}" in results.variants
    }
    if not found:
        return {}
    for name, _, values in indicators(results):
        for variant, rows in found.items():
            rows[name] = Bands(
                band(values.sel(variant=variant).values),
                band(values.sel(variant=f"{variant}{SUFFIX}").values),
            )
    return found


def band(values: npt.ArrayLike, share: float = SHARE) -> tuple[float, float]:
    """Return the quantiles that leave half of 1 - *share* on either side; NaN without values."""
    known = np.asarray(values, dtype=float).ravel()
    known = known[~np.isnan(known)]
    if known.size == 0:
        return math.nan, math.nan
    low, high = np.quantile(known, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def _is_twin(variant: str, known: tuple[str, ...]) -> bool:
    return variant.endswith(SUFFIX) and variant.removesuffix(SUFFIX) in known
