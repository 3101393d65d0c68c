"""Does the baseline look like the country? Published facts beside what a run gives.

``bloodsim doctor --facts`` prints the table. `data/facts.csv` holds the facts with their sources;
`measures.py` says how each is measured in a run, `worlds.py` which worlds are run.

Roles: an *input* was put in and comes out again; a *fitted* row was used to choose parameters, and
proves nothing; an *emergent* row was used for neither, and is the only kind that tests the model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from bloodsim.data import rows
from bloodsim.facts.measures import MEASURES
from bloodsim.facts.worlds import Progress, simulate_worlds
from bloodsim.metrics.intervals import Interval, interval

__all__ = ["Fact", "Finding", "Inside", "facts", "findings"]

Inside = Literal["yes", "unclear", "no", "–"]


@dataclass(frozen=True)
class Fact:
    """A published figure, or one that ought to be known; ``low`` and ``high`` NaN where open."""

    key: str
    fact: str
    unit: str
    low: float
    high: float
    read: str
    role: str
    source: str
    confidence: str
    note: str

    @property
    def has_target(self) -> bool:
        """Whether there is a range to be inside of."""
        return not (math.isnan(self.low) and math.isnan(self.high))

    def holds(self, found: Interval) -> Inside:
        """Return whether a mean is inside the target range, or at least its interval reaches in."""
        if not self.has_target or math.isnan(found.mean):
            return "–"
        if not (found.mean < self.low or found.mean > self.high):
            return "yes"
        half = 0.0 if math.isnan(found.half_width) else found.half_width
        apart = found.mean + half < self.low or found.mean - half > self.high
        return "no" if apart else "unclear"


@dataclass(frozen=True)
class Finding:
    """What a run gave for a fact: mean and interval over replications."""

    fact: Fact
    simulated: Interval

    @property
    def inside(self) -> Inside:
        """Whether it is inside the target range."""
        return self.fact.holds(self.simulated)


def facts() -> list[Fact]:
    """Return the facts in the order of their table."""
    return [
        Fact(
            row["key"],
            row["fact"],
            row["unit"],
            _number(row["low"]),
            _number(row["high"]),
            row["read"],
            row["role"],
            row["source"],
            row["confidence"],
            row["note"] or "",
        )
        for row in rows("facts.csv")
    ]


def findings(
    replications: int = 16, seed: int = 1, workers: int = 1, progress: Progress | None = None
) -> list[Finding]:
    """Simulate the worlds of the facts table and measure every fact in them.

    Parameters
    ----------
    replications : int
        Random worlds.
    seed : int
        Root of all luck.
    workers : int
        Processes.
    progress : callable (done, total), optional
        Told the replications finished so far.
    """
    worlds = simulate_worlds(replications, seed, workers, progress)
    return [Finding(fact, interval(MEASURES[fact.key](worlds))) for fact in facts()]


def _number(text: str) -> float:
    return float(text) if text else math.nan
