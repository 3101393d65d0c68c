"""How far the numbers of a region may be off, by how far they can be trusted."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bloodsim.scenario.base import Model

HalfWidth = Annotated[float, Field(ge=0, le=0.9)]


class ByConfidence(Model):
    """Half-widths of ranges, by the confidence that a note of ``inputs`` states."""

    high: HalfWidth
    """Where a number is read from a source that counts (-)."""
    medium: HalfWidth
    """Where a number rests on a source and on arithmetic or recall (-)."""
    low: HalfWidth
    """Where a number is a prior, or no note speaks of it (-)."""


class Uncertainty(Model):
    """Ranges of the numbers of a region, from which ``run.parameters: sampled`` draws."""

    size_share: ByConfidence = ByConfidence(high=0.02, medium=0.07, low=0.15)
    """Half-width of a region's size: donors and requests alike (-), by the confidence of its
    donors_per_day. Low: "single provinces can be wrong by 15 % or more" (bloodsim/data/README.md);
    high and medium are judgements."""
    balance_share: ByConfidence = ByConfidence(high=0.005, medium=0.01, low=0.03)
    """Half-width of requests against donors (-), by the confidence of demand_per_day; a judgement,
    small because stocks that neither fill up nor run dry over years tie use to supply."""
    feast_amplitude: Annotated[float, Field(ge=0, le=1)] = 0.15
    """Half-width of a region's feast_amplitude (-); a judgement."""
