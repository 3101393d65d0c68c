"""The worlds in which facts are measured: today's practice, an epidemic, a surge, a hold-out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bloodsim.experiment import simulate
from bloodsim.load import load
from bloodsim.results import Results
from bloodsim.scenario import Scenario

Progress = Callable[[int, int], None]

WHOLE_BLOOD = ["street", "group", "campus"]

EPIDEMIC = ("2026-02-15", "2026-03-15")
"""Four weeks from two days before the feast, as in 2020 (23 January, the feast on the 25th)."""
ZHEJIANG_FACTOR, ELSEWHERE_FACTOR = 0.33, 0.60
"""Turnout in the epidemic: read for Zhejiang (donors -67 %, Vox Sang 2020); elsewhere ASSUMED
within the -5 to -86 % of the review (Transfus Med 2024)."""

SURGE = ("2026-05-12", "2026-05-18")
SURGE_FACTOR = 1.68
"""Read: five centres in the first week after the earthquake of 2008 (Transfusion 2010)."""


@dataclass(frozen=True)
class Worlds:
    """What was simulated.

    Parameters
    ----------
    year : Results
        2026 in the variants ``practice``, ``epidemic`` and ``surge``, on the same luck.
    earlier : Results
        December 2024 to December 2025 under ``practice``: a year that nothing was fitted on.
    """

    year: Results
    earlier: Results


def simulate_worlds(
    replications: int, seed: int, workers: int, progress: Progress | None = None
) -> Worlds:
    """Run the worlds; they keep every replication day by day."""
    national = load("national-2026").set("run.daily_replications", replications)
    names = ["practice", "epidemic", "surge"]
    year = simulate(
        shocked(national), replications, seed, workers, variants=names, progress=progress
    )
    before = national.set("run.score_start", "2024-12-01").set("run.score_end", "2025-12-31")
    earlier = simulate(
        before, replications, seed, workers, variants=["practice"], progress=progress
    )
    return Worlds(year, earlier)


def shocked(national: Scenario) -> Scenario:
    """Return the national year with the variants ``epidemic`` and ``surge`` beside its own."""
    elsewhere = [region for region in national.regions if region != "ZJ"]
    overrides = {
        "facts_epidemic": {
            "shocks": {
                "zhejiang": _shock(EPIDEMIC, ["ZJ"], ZHEJIANG_FACTOR),
                "elsewhere": _shock(EPIDEMIC, elsewhere, ELSEWHERE_FACTOR),
            }
        },
        "facts_surge": {"shocks": {"surge": _shock(SURGE, [], SURGE_FACTOR)}},
    }
    habits = list(national.variants["practice"])
    variants = {
        "epidemic": [*habits, "facts_epidemic"],
        "surge": [*habits, "facts_surge"],
    }
    return national.set("overrides", overrides).set("variants", variants)


def _shock(dates: tuple[str, str], regions: list[str], factor: float) -> dict[str, Any]:
    first, last = dates
    return {
        "from_date": first,
        "to_date": last,
        "regions": regions,
        "channels": WHOLE_BLOOD,
        "collection_factor": factor,
    }
