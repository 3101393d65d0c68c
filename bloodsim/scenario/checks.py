"""The semantic pass: what is well-formed but cannot be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bloodsim.scenario.problems import Problem

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario


def check(scenario: Scenario) -> list[Problem]:
    """Return every semantic problem of *scenario*, errors and warnings."""
    return []
