"""The worst weeks in words: right week, right region, nothing where nothing was missing."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_results import synthetic_results

from bloodsim.cli.worst_weeks import worst_weeks
from bloodsim.results import Results


def with_unmet(unmet):
    """A result with *unmet*: (day, region) -> share of that day's requests; both are indices."""
    made = synthetic_results(days=60)
    daily = made.daily.copy(deep=True)
    for name in ("lost", "cancelled"):
        daily[name] = daily[name] * 0.0
    daily["requested"] = daily["requested"] * 0 + 100.0
    lost = daily["lost"].transpose("day", "region", "variant", "replication", "product").copy()
    for (day, region), share in unmet.items():
        lost[day, region] = 100.0 * share
    daily["lost"] = lost.transpose(*made.daily["lost"].dims)
    return Results({**made.tables, "daily": daily}, made.manifest)


def test_the_worst_week_and_region_are_named():
    made = synthetic_results(days=60)
    days = made.daily["day"].values.astype("datetime64[D]")
    found = with_unmet({(20, 2): 0.5, (40, 1): 0.1})
    lines = worst_weeks(found, found.variants[0], "red_cells")
    for line, day, region, share in ((lines[1], 20, 2, 50), (lines[2], 40, 1, 10)):
        monday = days[day] - (days[day].astype(int) + 3) % 7
        assert monday.item().weekday() == 0
        assert line.strip().startswith(f"{monday} to {monday + np.timedelta64(6, 'D')}")
        name = found.region_name(found.regions[region])
        assert f"most units in {name} ({share / 7:.2g} % of its own)" in line
    assert len(lines) == 3


def test_a_run_without_shortage_says_so():
    found = with_unmet({})
    assert worst_weeks(found, found.variants[0], "red_cells") == [
        f"no week in which {found.variants[0]} leaves 0.01 % of requests for "
        f"{found.product_label('red_cells').lower()} unmet"
    ]


@pytest.mark.parametrize("share", [0.5])
def test_weeks_near_the_feast_are_counted_from_it(share):
    found = with_unmet({(20, 0): share})
    line = worst_weeks(found, found.variants[0], "red_cells")[1]
    assert "days before the lunar New Year" in line or "days after the lunar New Year" in line
