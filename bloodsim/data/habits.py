"""Today's habits between provinces, as assumptions: standing flows, and how much each one keeps.

``python -m bloodsim.data.habits`` prints the agreements as the ``agreements`` block of a scenario.

**Agreements.** The prior net imports of ``provinces.csv`` (Beijing's was read, the others are
ASSUMED) go along the roads that make the fewest unit-kilometres between provincial capitals: a
transport problem. Who really sends to whom is not known. The season is that of demand; a flow is
given per 365 days where the season is 1, so that the calendar year 2026 moves the prior.

**Cover.** Published averages of provincial centres spread over 8.1-14.0 days (quartiles,
``rates.csv``); which centre keeps how much is not known. ASSUMED: 31 quantiles of a lognormal
distribution, dealt to the provinces in the order of a hash of their names, an order without
meaning. Their mean is 1.
"""

import math
import sys
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from hashlib import blake2b
from statistics import NormalDist

from bloodsim.data import rows
from bloodsim.data.profiles import channel_profiles
from bloodsim.seasons import Calendar, daily_factors

__all__ = ["agreements_yaml", "cover_factors", "flows", "main"]

YEAR = 2026
WAN = 10_000

COVER_SD = 0.25
"""ASSUMED: sd of the log of provinces' usual covers; the quartiles read would allow 0.4."""

SEASON = "demand_red_cells"

WEEKLY_UNITS = 200.0
"""ASSUMED: a flow that moves less in a week goes every second or every fourth week."""

Flows = dict[tuple[str, str], float]


@cache
def cover_factors() -> Mapping[str, float]:
    """Return each province's usual cover over the national one (-); the mean is 1."""
    names = [row["abbr"] for row in rows("provinces.csv")]
    dealt = sorted(names, key=lambda name: blake2b(name.encode(), digest_size=8).digest())
    levels = [
        math.exp(COVER_SD * NormalDist().inv_cdf((rank + 0.5) / len(dealt)))
        for rank in range(len(dealt))
    ]
    mean = sum(levels) / len(levels)
    by_name = dict(zip(dealt, levels, strict=True))
    return {name: round(by_name[name] / mean, 3) for name in names}


def flows() -> Flows:
    """Return the units a year (origin, destination) that make the fewest unit-kilometres."""
    from scipy.optimize import linprog  # not needed to read the data

    imports = {
        row["abbr"]: float(row["net_import_rbc_wan_prior"]) * WAN for row in rows("provinces.csv")
    }
    giving = [name for name, units in imports.items() if units < 0]
    taking = [name for name, units in imports.items() if units > 0]
    km = {row["abbr"]: row for row in rows("distances_km.csv")}
    ways = [(origin, destination) for origin in giving for destination in taking]
    leaving = [[float(way[0] == name) for way in ways] for name in giving]
    entering = [[float(way[1] == name) for way in ways] for name in taking]
    found = linprog(
        [float(km[origin][destination]) for origin, destination in ways],
        A_ub=leaving,
        b_ub=[-imports[name] for name in giving],
        A_eq=entering,
        b_eq=[imports[name] for name in taking],
        method="highs",
    )
    moved = zip(ways, found.x, strict=True)
    return {way: round(units, 1) for way, units in moved if units > 1}


def agreements_yaml() -> str:
    """Return the flows as the ``agreements`` block of a scenario file."""
    days = [date(YEAR, 1, 1) + timedelta(days=n) for n in range(365)]
    mean = float(daily_factors(days, Calendar(), **channel_profiles()[SEASON]).mean())
    return "\n".join(["agreements:", *_lines(mean)]) + "\n"


def _lines(season_mean: float) -> Iterator[str]:
    for (origin, destination), units in sorted(flows().items(), key=lambda item: -item[1]):
        weekly = units * 7 / 365
        every = 7 if weekly >= WEEKLY_UNITS else 14 if 2 * weekly >= WEEKLY_UNITS else 28
        yield (
            f"  - {{origin: {origin}, destination: {destination}, product: red_cells, "
            f"units_per_year: {round(units / season_mean)}, season: {SEASON}, every_days: {every}}}"
        )


def main() -> None:
    """Print the agreements as YAML."""
    sys.stdout.write(agreements_yaml())


if __name__ == "__main__":
    main()
