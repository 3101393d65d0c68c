"""What gifts become: bags by volume, bags that fail a test, pieces of a product.

Counts are cumulated over the groups wherever they are rounded, so that each group is unbiased and
the total within one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.world import ProductWorld

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Number = TypeVar("Number", np.int32, np.float64)


def cumulated(pieces: NDArray[Number]) -> NDArray[Number]:
    """Return running sums over the group axis (n_regions, 8, R)."""
    upto = pieces.copy()
    for group in range(1, upto.shape[1]):  # NumPy's own cumsum is slower along a middle axis
        upto[:, group] += upto[:, group - 1]
    return upto


def per_group(upto: NDArray[Number]) -> NDArray[Number]:
    """Undo `cumulated`."""
    counts = upto.copy()
    counts[:, 1:] -= upto[:, :-1]
    return counts


def rounded(upto: Ints, share: Floats | float, uniform: Floats) -> Ints:
    """Return *share* of cumulated counts, rounded without bias and never decreasing."""
    found: Ints = (upto * share + uniform).astype(np.int32)
    return found


@dataclass(frozen=True)
class WholeBlood:
    """A day's bags of 200, 300 and 400 mL: all, and those that fail, each (n_regions, 8, R)."""

    given: tuple[Ints, Ints, Ints]
    failed: tuple[Ints, Ints, Ints]

    def pieces(self, product: ProductWorld) -> tuple[Ints, Ints]:
        """Return the pieces of a product, and those of failed bags: parts of a piece are lost."""
        sizes = [int(np.floor(product.pieces_per_100_ml * volume)) for volume in (2, 3, 4)]
        return _weighted(sizes, self.given), _weighted(sizes, self.failed)


def whole_blood(
    donated: Ints, failing: Floats, shares: Floats, sizing: Floats, testing: Floats
) -> WholeBlood:
    """Return the bags of a day.

    Parameters
    ----------
    donated : int array (n_regions, 8, R)
        Donors, cumulated over groups.
    failing : float array (n_regions, R)
        Mean bags that fail, all groups.
    shares : float array (n_regions, 3)
        Shares of gifts of 200, 300 and 400 mL.
    sizing, testing : float array (n_regions, 1, R)
        Uniforms that round volumes and tests.
    """
    count = per_group(donated)
    large = rounded(count, shares[:, 2, None, None], sizing)
    not_small = rounded(count, (shares[:, 1] + shares[:, 2])[:, None, None], sizing)
    given = count - not_small, not_small - large, large
    # A failed test takes the whole bag, red cells and plasma alike. Bags stand in a row by group
    # and volume; running counts of failed bags, up to each volume of a group, are rounded.
    share = (failing / np.maximum(donated[:, -1], 1))[:, None]
    upto = [rounded(bags, share, testing) for bags in (donated - not_small, donated - large)]
    upto.append(rounded(donated, share, testing))
    first = upto[0].copy()
    first[:, 1:] -= upto[2][:, :-1]
    return WholeBlood(given, (first, upto[1] - upto[0], upto[2] - upto[1]))


def apheresis_pieces(
    product: ProductWorld, donated: Ints, failing: Floats, sizing: Floats, testing: Floats
) -> tuple[Ints, Ints]:
    """Return the pieces of an apheresis product, and those of failed gifts; see `whole_blood`."""
    share = (failing / np.maximum(donated[:, -1], 1))[:, None]
    sound = donated - rounded(donated, share, testing)
    pieces, good = (
        per_group(rounded(gifts, product.pieces_per_donation, sizing)) for gifts in (donated, sound)
    )
    return pieces, np.maximum(pieces - good, 0)


def _weighted(sizes: list[int], bags: tuple[Ints, Ints, Ints]) -> Ints:
    total = bags[0] * np.int32(sizes[0])
    for size, volume in zip(sizes[1:], bags[1:], strict=True):
        total += volume * np.int32(size)
    return total
