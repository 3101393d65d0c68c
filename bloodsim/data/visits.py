"""Group and campus collection as visits of teams that a plan may place on other days.

``python -m bloodsim.data.visits`` prints the ``organisation_pools`` of a scenario.

All of it is ASSUMED but the donors of a year, which are those of ``donors_per_day`` under the
channel's profile. A province's workplaces and townships are one pool, its campuses another; one
"visit" stands for a third (campus: half) of what the province collects on an ordinary open day, so
that few numbers have to be drawn. Workplaces are closed around the feast, campuses in vacations.
"""

import math
import sys
from datetime import date, timedelta

from bloodsim.data.derive import region_rows
from bloodsim.data.profiles import channel_profiles
from bloodsim.seasons import Calendar, daily_factors

__all__ = ["VISITS_A_DAY", "main", "pools_yaml"]

_DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
VISITS_A_DAY = {"group": 3, "campus": 2}
"""ASSUMED: visits of a province on an open day of the default calendar, for coarse pools."""

CLOSURES = {
    "group": (("spring_festival - 4", "spring_festival + 8"),),
    "campus": (("07-05", "08-31"), ("spring_festival - 20", "spring_festival + 16")),
}
"""ASSUMED: weeks without visits; those of campuses are the profile's."""


def pools_yaml() -> str:
    """Return the pools as the ``organisation_pools`` block of a scenario file."""
    lines = ["  organisation_pools:"]
    profiles = channel_profiles()
    for row in region_rows():
        for channel, visits_a_day in VISITS_A_DAY.items():
            spans = CLOSURES[channel]
            open_days = daily_factors(_DAYS, Calendar(), closures=spans, working_days_only=True)
            visits = math.ceil(visits_a_day * float((open_days > 0).sum()))
            amplitude = float(row["feast_amplitude"])
            season = daily_factors(_DAYS, Calendar(), amplitude=amplitude, **profiles[channel])
            donors = float(row[f"donors_per_day.{channel}"]) * float(season.sum())
            closed = ", ".join(f"{{from_date: {a}, to_date: {b}}}" for a, b in _quoted(spans))
            region = row["region"]
            lines.append(
                f"    {region.lower()}_{channel}: {{region: {region}, channel: {channel}, "
                f"organisations: {visits}, donors_per_visit: {donors / visits:.1f}, "
                f"closures: [{closed}]}}"
            )
    return "\n".join(lines) + "\n"


def _quoted(spans: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Return dates as YAML has to write them: 07-05 would be a number to some readers."""
    return [tuple(f'"{end}"' if end[0].isdigit() else end for end in span) for span in spans]  # type: ignore[misc]


def main() -> None:
    """Print the pools as YAML."""
    sys.stdout.write(pools_yaml())


if __name__ == "__main__":
    main()
