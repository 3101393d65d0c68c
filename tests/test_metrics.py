"""Metrics: each equation against numbers worked out by hand."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from synthetic_results import COST_WEIGHTS, synthetic_results

from bloodsim import metrics
from bloodsim.results import TABLES, Results


def books(scored_days: int = 73, **totals: Any) -> Results:
    """One variant, one product, one replication; named totals by region, the rest 0."""
    regions = len(next(iter(totals.values()))) if totals else 2
    names = [f"R{i}" for i in range(regions)]
    labels: dict[str, Any] = {
        "variant": ["only"],
        "replication": [0],
        "region": names,
        "product": ["red_cells"],
        "channel": ["street", "group"],
    }
    tables = {}
    for name in ("totals", "national", "collection"):
        dims, variables, _ = TABLES[name]
        shape = [len(labels[dim]) for dim in dims]
        tables[name] = xr.Dataset(
            {variable: (dims, np.zeros(shape)) for variable in variables},
            coords={dim: labels[dim] for dim in dims},
        )
    for name, values in totals.items():
        tables["totals"][name].values[0, 0, :, 0] = values
    tables["collection"]["donations"].values[:] = 10
    tables["collection"]["sessions"].values[:] = 3
    end = date(2026, 1, 1) + timedelta(days=scored_days - 1)
    label = {"zh": "U", "en": "U"}
    return Results(
        tables,
        {
            "scenario": {"name": "hand", "hash": "0" * 64},
            "seed": 1,
            "score_start": "2026-01-01",
            "score_end": str(end),
            "products": {"red_cells": {"label": label, "unit_label": label}},
            "normal_demand": {name: {"red_cells": 10.0} for name in names},
            "cost_weights": COST_WEIGHTS,
        },
    )


def value(array: xr.DataArray) -> float:
    return float(array.values.squeeze())


def test_shortage_rate_is_lost_and_cancelled_over_requested() -> None:
    result = books(requested=[100, 300], lost=[5, 0], cancelled=[0, 15])
    assert value(metrics.shortage_rate(result)) == 20 / 400
    assert metrics.shortage_rate(result, by="region").values.ravel().tolist() == [0.05, 0.05]


def test_rates_by_class_have_their_own_denominator() -> None:
    result = books(
        requested=[100.0],
        requested_emergency=[20.0],
        lost_emergency=[1.0],
        requested_elective=[50.0],
        cancelled_elective=[5.0],
    )
    assert value(metrics.emergency_shortage_rate(result)) == 0.05
    assert value(metrics.elective_cancelled_rate(result)) == 0.1


def test_nothing_requested_is_not_a_rate_of_zero() -> None:
    result = books()
    for metric in (metrics.shortage_rate, metrics.outdate_rate, metrics.age_at_issue_days):
        assert math.isnan(value(metric(result)))
    assert value(metrics.worst_region_fill_rate(result)) == 1
    assert value(metrics.equity_gini(result)) == 0


def test_stock_metrics() -> None:
    result = books(
        scored_days=73,
        cover_days_sum=[730.0, 146.0],
        days_below_yellow=[3.0, 4.0],
        outdated=[1.0, 2.0],
        released=[100.0, 200.0],
        age_issued_days=[1000.0, 500.0],
        issued=[100.0, 50.0],
    )
    assert value(metrics.mean_cover_days(result)) == (10 + 2) / 2
    assert value(metrics.days_below_yellow(result)) == 7 * 365 / 73
    assert value(metrics.outdate_rate(result)) == 0.01
    assert value(metrics.age_at_issue_days(result)) == 10


def test_a_product_without_levels_has_no_days_below() -> None:
    result = synthetic_results(days=20)
    red = metrics.days_below(result, "red")
    assert red.sel(product="plasma").isnull().all()
    assert red.sel(product="red_cells").notnull().all()


def test_the_worst_region_counts_however_small() -> None:
    result = books(requested=[1000, 10, 0], issued=[1000, 4, 0])
    assert value(metrics.worst_region_fill_rate(result)) == 0.4


def test_gini_of_two_regions_by_hand() -> None:
    # 40 % of requests bear everything: 1 - (0.6 * 0 + 0.4 * 1) = 0.6.
    result = books(requested=[60, 40], lost=[0, 8])
    assert value(metrics.equity_gini(result)) == pytest.approx(0.6)
    even = books(requested=[60, 40, 7], lost=[6, 4, 0.7])
    assert value(metrics.equity_gini(even)) == pytest.approx(0, abs=1e-12)


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda p: (max(p), min(p))),
        min_size=1,
        max_size=8,
    )
)
def test_gini_is_the_mean_absolute_difference_over_twice_the_mean(
    regions: list[tuple[int, int]],
) -> None:
    asked = np.array([a for a, _ in regions], dtype=float)
    short = np.array([s for _, s in regions], dtype=float)
    found = value(metrics.equity_gini(books(requested=asked, lost=short)))
    expected = 0.0
    if short.sum() > 0:
        rate = np.divide(short, asked, out=np.zeros_like(short), where=asked > 0)
        spread = (np.outer(asked, asked) * np.abs(rate[:, None] - rate[None, :])).sum()
        expected = spread / (2 * asked.sum() * short.sum())
    assert found == pytest.approx(expected, abs=1e-12)


def test_cost_by_hand() -> None:
    result = books(
        lost_emergency=[1, 0],
        lost_urgent=[2, 0],
        cancelled_elective=[3, 0],
        waiting_days=[10, 0],
        outdated=[4, 0],
        shipments=[5, 0],
        shipped_unit_km=[1000, 0],
        # Target 7 days of 10 U: region 0 is 70 - (50 + 4 - 2) = 18 U short, region 1 has enough.
        stock=[50, 500],
        in_transit=[4, 0],
        backlog=[2, 0],
    )
    flows = 100 * 1 + 30 * 2 + 10 * 3 + 0.3 * 10 + 2 * 4 + 2 * 5 + 0.0002 * 1000
    donations = 0.05 * 10 * 2 * 2
    assert value(metrics.cost(result)) == pytest.approx(flows + donations + 5 * 18)
    assert metrics.cost(result).dims == ("variant", "replication")
    assert metrics.terminal_charge(result).values.ravel().tolist() == [90, 0]


def test_every_indicator_has_a_shape_a_unit_and_a_definition() -> None:
    result = synthetic_results(days=30)
    for name, kpi in metrics.KPIS.items():
        dims = (
            ("variant", "replication", "product") if kpi.by_product else ("variant", "replication")
        )
        assert kpi.function(result).dims == dims, name
    definitions = metrics.kpi_definitions()
    assert [d["name"].removesuffix(".product") for d in definitions] == list(metrics.KPIS)
    assert all(d["definition"].endswith(".") and "\n" not in d["definition"] for d in definitions)
    names = [name for name, _, _ in metrics.indicators(result)]
    assert names[:3] == ["requested.red_cells", "requested.platelets", "requested.plasma"]
    assert names[-1] == "cost"


def test_a_replication_has_the_same_indicators_in_any_company() -> None:
    together = synthetic_results(days=30)
    alone = synthetic_results(days=30, replications=(5,), variants=("proportional",))
    for (name, _, many), (_, _, one) in zip(
        metrics.indicators(together), metrics.indicators(alone), strict=True
    ):
        there = many.sel(variant="proportional", replication=5)
        np.testing.assert_array_equal(there, one.squeeze(), err_msg=name)


# ----------------------------------------------------------------------------------- intervals


def test_interval_is_students() -> None:
    values = np.random.default_rng(3).normal(10, 2, size=12)
    mean, half_width, n = metrics.interval(values, confidence=0.9)
    low, high = stats.t.interval(0.9, 11, loc=values.mean(), scale=stats.sem(values))
    assert (mean, n) == (pytest.approx(values.mean()), 12)
    assert half_width == pytest.approx((high - low) / 2)
    assert metrics.interval(values[::-1], 0.9) == metrics.interval(values, 0.9)


def test_interval_of_few_values() -> None:
    assert metrics.interval([3.0, math.nan]) == (3.0, pytest.approx(math.nan, nan_ok=True), 1)
    assert metrics.interval([]).n == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        metrics.interval([1.0, 2.0], confidence=95)
