"""The semantic pass over the hours of a day."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from bloodsim.scenario.problems import Problem

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

_ORDER = ("expire", "release", "arrive", "decide", "close")


def check_hours(scenario: Scenario) -> Iterator[Problem]:
    """Yield phases out of order, and what would happen before the day opens or after it closes."""
    hours = scenario.run.phase_hours
    for before, after in pairwise(_ORDER):
        if getattr(hours, before) > getattr(hours, after):
            message = f"{before} comes after {after}"
            hint = "the order of a day is " + ", ".join(_ORDER)
            yield Problem(("run", "phase_hours", before), message, hint)
    for phase in ("routine", "emergency"):
        served = getattr(hours, phase)
        if not served:
            message = "no hour to serve requests at"
            yield Problem(("run", "phase_hours", phase), message, "give at least one hour")
        for index, hour in enumerate(served):
            if not hours.expire <= hour < hours.close:
                message = f"{hour:g} h is not between expire and close"
                hint = f"from {hours.expire:g} to before {hours.close:g} h"
                yield Problem(("run", "phase_hours", phase, str(index)), message, hint)
    for name, channel in scenario.channels.items():
        if channel.first_hour > channel.last_hour:
            message = f"the first session ({channel.first_hour:g} h) is after the last one"
            hint = f"last_hour is {channel.last_hour:g}"
            yield Problem(("channels", name, "first_hour"), message, hint)
        for field in ("first_hour", "last_hour"):
            hour = getattr(channel, field)
            if hour >= hours.close:
                message = f"{hour:g} h is not before the day closes ({hours.close:g} h)"
                yield Problem(("channels", name, field), message, "sessions end within the day")
