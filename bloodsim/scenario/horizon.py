"""The days that a run knows: its warm-up, the scored days, and what planners see beyond them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

LOOK_AHEAD_DAYS = 60
"""Days known beyond the last one, for planners look further than the run goes."""

CHUNK_DAYS = 56
"""Days of luck drawn at once; part of the streams' definition: another number, other results."""


def look_ahead_days(scenario: Scenario) -> int:
    """Return the days known beyond the last one: a chunk more where requests are announced."""
    known_ahead = any(
        c.known_ahead_days for d in scenario.demand.values() for c in d.classes.values()
    )
    return LOOK_AHEAD_DAYS + CHUNK_DAYS * known_ahead


def warmup_days(scenario: Scenario) -> int:
    """Return the warm-up: as given, or the longest shelf life of a product that steers (of any)."""
    if scenario.run.warmup_days != "auto":
        return scenario.run.warmup_days
    steering = {c.regulation.product for c in scenario.channels.values() if c.regulation}
    known = scenario.products
    lives = [known[name].shelf_life_days for name in steering or known if name in known]
    return max(lives, default=0)


def first_day(scenario: Scenario) -> date:
    """Return the first day of the warm-up."""
    return scenario.run.score_start - timedelta(days=warmup_days(scenario))


def starting(scenario: Scenario, start: date, days: int) -> Scenario:
    """Return the scenario with *days* scored days from *start* on, and no variants."""
    tree = scenario.raw
    tree["run"] = {
        **tree["run"],
        "score_start": start.isoformat(),
        "score_end": (start + timedelta(days=days - 1)).isoformat(),
    }
    return scenario.from_mapping(tree, scenario.variant_name, scenario.provenance)
