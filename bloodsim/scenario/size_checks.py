"""The semantic pass over quantities that would not fit the integers that count pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bloodsim.scenario.problems import Problem

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

_LARGEST_RATE = 1e6
_LARGEST_COUNT = 2**31
_GIFTS_PER_DONOR = 4  # pieces of a product that one gift can become, generously


def check_sizes(scenario: Scenario) -> Iterator[Problem]:
    """Yield daily rates that are out of this world, or whose sums over the run would overflow."""
    run = scenario.run
    warmup = 0 if run.warmup_days == "auto" else run.warmup_days
    days = max(1, (run.score_end - run.score_start).days + 1 + warmup)
    pieces = {name: product.pieces_per_unit for name, product in scenario.products.items()}
    gift = _GIFTS_PER_DONOR * max(pieces.values(), default=1)
    for field, size in (("donors_per_day", {}), ("demand_per_day", pieces)):
        for name, region in scenario.regions.items():
            for key, rate in getattr(region, field).items():
                path = ("regions", name, field, key)
                each = size.get(key, gift)
                if rate > _LARGEST_RATE:
                    yield Problem(path, f"{rate:g} a day", f"at most {_LARGEST_RATE:,.0f}")
                elif rate * days * each >= _LARGEST_COUNT:
                    message = f"{rate:g} a day over {days:,} days are too many to count"
                    hint = f"at most {_LARGEST_COUNT / days / each:,.0f} a day, or a shorter run"
                    yield Problem(path, message, hint)
    for name, product in scenario.products.items():
        for group, units in product.reserve_units.items():
            if units > _LARGEST_RATE:
                path = ("products", name, "reserve_units", group)
                yield Problem(path, f"{units:g} units", f"at most {_LARGEST_RATE:,.0f}")
    for name, trace in scenario.demand_trace.items():
        for day, row in trace.items():
            for where, units in row.items():
                if units > _LARGEST_RATE:
                    path = ("demand_trace", name, str(day), where)
                    yield Problem(path, f"{units:g} units", f"at most {_LARGEST_RATE:,.0f} a day")
