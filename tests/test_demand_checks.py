"""Bad input about demand: what is well-formed but cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest
from test_checks import found, under

from bloodsim.load import load
from bloodsim.scenario import Scenario, ScenarioError
from bloodsim.scenario.merge import merge


def of_class(urgency: str, **values: Any) -> dict[str, Any]:
    return under("demand", "red_cells", "classes", urgency, **values)


def of_red_cells(**values: Any) -> dict[str, Any]:
    return under("demand", "red_cells", **values)


def trace(day: str, region: str, units: float, product: str = "red_cells") -> dict[str, Any]:
    return {"demand_trace": {product: {day: {region: units}}}}


MEASURE = {"from_date": "2026-02-01", "to_date": "2026-03-01", "factor": 0.9}
LISTED = {"kind": "empirical", "values": [1, 2]}


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (
            of_class("urgent", fresh={"share": 0.1, "younger_than_days": 36}),
            "longer than the shelf",
        ),
        (of_class("urgent", fresh={"share": 0.1, "younger_than_days": 1}), "release takes 1 days"),
        (of_class("urgent", fresh={"share": 1.1, "younger_than_days": 7}), "at most 1; got 1.1"),
        (of_class("urgent", fresh={"share": 0.1}), "'younger_than_days' is missing"),
        (of_class("urgent", crossmatch={"extra_share": 0.3, "return_days": 34}), "back outdated"),
        (of_class("urgent", crossmatch={"extra_share": -0.3}), "at least 0; got -0.3"),
        (of_class("urgent", crossmatch={"extra_share": 0.3, "return_days": 0}), "at least 1"),
        (of_class("emergency", known_ahead_days=3), "emergencies are not known ahead"),
        (of_class("elective", known_ahead_days=57), "at most 56; got 57"),
        (of_red_cells(distribution={"kind": "normal"}), "unknown kind 'normal'"),
        (of_red_cells(distribution={"kind": "gamma_rounded", "shape": 0, "scale": 1}), "than 0"),
        (of_red_cells(distribution={**LISTED, "shares": [1]}), "1 shares for 2 values"),
        (of_red_cells(distribution={**LISTED, "shares": [0.5, 0.4]}), "sum to 0.9"),
        (of_red_cells(distribution={"kind": "empirical", "values": [0, 0]}), "every value is 0"),
        (of_red_cells(measures=[{**MEASURE, "to_date": "2026-01-01"}]), "is before from_date"),
        (of_red_cells(measures=[{**MEASURE, "regions": ["BJJ"]}]), "did you mean 'BJ'?"),
        (of_red_cells(measures=[{**MEASURE, "factor": -1}]), "at least 0; got -1"),
        (
            under("regions", "BJ", demand_distribution={"plasma": LISTED}),
            "unknown product 'plasma'",
        ),
        (trace("2026-02-01", "BJJ", 3), "did you mean 'BJ'?"),
        (trace("2026-02-01", "BJ", 3, "red_cell"), "did you mean 'red_cells'?"),
        (trace("2026-02-01", "BJ", 3.25), "no whole number of pieces -> a multiple of 0.5"),
        (trace("2026-02-01", "BJ", -3), "at least 0; got -3"),
        (trace("2026-02-31", "BJ", 3), "2026-02-31"),
        (trace("soon", "BJ", 3), "soon"),
    ],
)
def test_errors(patch: dict[str, Any], said: str) -> None:
    matching = [line for line in found(patch) if said in line]
    assert matching, found(patch)
    assert matching[0].startswith("error")


def test_counts_without_a_mean_need_one() -> None:
    raw = load("minimal").raw
    raw = merge(
        raw, under("regions", "BJ", demand_distribution={"red_cells": {"kind": "constant"}})
    )
    Scenario.from_mapping(raw)
    del raw["regions"]["BJ"]["demand_per_day"]["red_cells"]
    with pytest.raises(ScenarioError, match="constant counts have no mean of their own"):
        Scenario.from_mapping(raw)


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (
            merge(
                of_class("urgent", patience_days=1),
                under("routes", lead_times=[{"up_to_km": 800, "days": 2}]),
            ),
            "gives up after 1 days",
        ),
        (
            merge(of_class("urgent", patience_days=2), under("routes", approval_days=2)),
            "takes at least 3, approval included",
        ),
        (of_red_cells(distribution=LISTED), "variance_to_mean does not apply to empirical"),
        (
            of_red_cells(
                measures=[{**MEASURE, "from_date": "2027-02-01", "to_date": "2027-03-01"}]
            ),
            "lies outside the run",
        ),
        (trace("2027-02-01", "BJ", 3), "1 of 1 dates lie outside the run"),
    ],
)
def test_warnings(patch: dict[str, Any], said: str) -> None:
    matching = [line for line in found(patch) if said in line]
    assert matching, found(patch)
    assert matching[0].startswith("warning")


def test_sound_demand_has_no_problems() -> None:
    patch = merge(
        of_class("urgent", patience_days=2, fresh={"share": 0.02, "younger_than_days": 7}),
        of_class(
            "elective",
            known_ahead_days=7,
            patience_days=10,
            crossmatch={"extra_share": 0.4, "return_days": 3},
        ),
    )
    patch = merge(patch, of_red_cells(measures=[MEASURE]))
    assert found(merge(patch, trace("2026-02-01", "BJ", 900.5))) == []
