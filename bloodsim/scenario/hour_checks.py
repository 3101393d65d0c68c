"""The semantic pass over the hours of a day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bloodsim.scenario.problems import Problem

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario


def check_hours(scenario: Scenario) -> Iterator[Problem]:
    """Yield requests without an hour, and sessions that begin too late.

    The order of the phases is checked beside the ordering rules.
    """
    hours = scenario.run.phase_hours
    for phase in ("routine", "emergency"):
        if not getattr(hours, phase):
            message = "no hour to serve requests at"
            yield Problem(("run", "phase_hours", phase), message, "give at least one hour")
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
