"""The semantic pass: what is well-formed but cannot be meant."""

from typing import Any

import pytest
from worlds import lone_region

from bloodsim.load import load
from bloodsim.model.world import compile_world
from bloodsim.scenario import Scenario, ScenarioError
from bloodsim.scenario.merge import merge

_SHARES = dict.fromkeys(["A_pos", "B_pos", "O_pos", "AB_pos"], 0.25)
_FEAST = [
    {"from_offset": -3, "to_offset": 2, "factor": 0.5},
    {"from_offset": 2, "to_offset": 5, "factor": 0.7},
]
_ALERTS = [{"level": "yellow", "below_days": 3}, {"level": "red", "below_days": 3}]
_ROUTE = {"origin": "BJ", "destination": "BJ", "distance_km": 1, "lead_days": 1}


def found(patch: dict[str, Any]) -> list[str]:
    """Return "path: message -> hint" of everything the patched minimal scenario gets told."""
    try:
        scenario = Scenario.from_mapping(merge(load("minimal").raw, patch))
    except ScenarioError as error:
        problems = list(error.problems)
    else:
        problems = scenario.warnings()
    return [f"{p.level} {p.dotted}: {p.message} -> {p.hint}" for p in problems]


def under(*keys: str, **values: Any) -> dict[str, Any]:
    tree: dict[str, Any] = values
    for key in reversed(keys):
        tree = {key: tree}
    return tree


def _varied(*keys: str, **values: Any) -> dict[str, Any]:
    return under("overrides", "odd", *keys, **values) | {"variants": {"odd": ["odd"]}}


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (under("products", "platelets", test_delay_days=5), "not longer than the test delay"),
        (under("routes", lead_times=[{"up_to_km": 9, "days": 5}]), "shelf life of platelets"),
        (under("routes", extra=[{**_ROUTE, "lead_days": 9}]), "shelf life of platelets"),
        (under("regions", "BJ", group_shares={**_SHARES, "A_pos": 0.3}), "they must sum to 1"),
        (under("regions", "BJ", gift_shares={"ml_200": 0.5}), "gift_shares sum to 1.31"),
        (under("demand", "platelets", "classes", "urgent", share=0.8), "classes sum to 1.05"),
        (under("channels", "street", profile="donor"), "did you mean 'donors'?"),
        (under("channels", "street", "regulation", product="red_cell"), "did you mean 'red_cells'"),
        (under("channels", "street", "regulation", product="platelets"), "not made from what"),
        (under("channels", "street", "regulation", min_factor=2), "above max_factor"),
        (under("channels", "street", first_hour=20), "after the last one"),
        (under("regions", "BJ", "donors_per_day", stret=1), "did you mean 'street'?"),
        (under("regions", "BJ", "demand_per_day", plasma=1), "unknown product 'plasma'"),
        (under("regions", "BJ", "net_import_per_year", plasma=1), "unknown product 'plasma'"),
        (under("routes", "products", plasma={}), "unknown product 'plasma'"),
        (under("routes", "distances_km", "BJ", TJJ=1), "did you mean 'TJ'?"),
        (under("routes", "distances_km", BJJ={"TJ": 1}), "did you mean 'BJ'?"),
        (under("routes", "distances_km", "BJ", BJ=5), "from BJ to itself"),
        (under("routes", extra=[_ROUTE]), "a route from BJ to itself"),
        (under("routes", extra=[{**_ROUTE, "destination": "XX"}]), "unknown region 'XX'"),
        (under("routes", "products", "red_cells", min_life_days=35), "nothing could travel"),
        (under("routes", "products", "red_cells", lot_units=0.3), "a multiple of 0.5"),
        (under("routes", "products", "red_cells", largest_shipment_units=10), "above the largest"),
        (
            under("routes", "products", "red_cells", largest_shipment_units=30, lot_units=40),
            "larger than the largest shipment",
        ),
        (under("demand", platelets=None), "the product 'platelets' has no demand"),
        (
            under("demand", plasma={"profile": "requests", "classes": {}}),
            "unknown product 'plasma'",
        ),
        (under("run", score_end="2025-12-31"), "is before score_start"),
        (under("run", score_end="2046-02-01"), "20 years"),
        (under("run", score_start="2045-01-01", score_end="2045-02-01"), "does not cover"),
        (under("run", score_start="2005-01-02", score_end="2005-02-01"), "does not cover"),
        (under("calendar", extra_workdays=["2026-01-03"], extra_days_off=["2026-01-03"]), "both"),
        (under("profiles", "donors", spring_festival=_FEAST), "-3..2 and 2..5 overlap"),
        (
            under(
                "profiles",
                "donors",
                holidays=[{"holiday": "national_day", "from_day": 5, "to_day": 2, "factor": 1}],
            ),
            "ends before it starts",
        ),
        (
            under("profiles", "donors", closures=[{"from_date": "7/5", "to_date": "08-31"}]),
            "'7/5' is not a date",
        ),
        (under("products", "red_cells", alerts=_ALERTS), "red begins below 3 days, but yellow"),
        (under("products", "red_cells", alerts=[_ALERTS[0]] * 2), "'yellow' stands twice"),
        (under("policies", transfer={"kind": "share_surplus", "above_days": 6}), "less than fill"),
        (under("policies", transfer={"kind": "share_surplus", "below_days": 8}), "more than fill"),
        (
            under("policies", transfer={"kind": "proportional", "products": ["plattelets"]}),
            "did you mean 'platelets'?",
        ),
        (under("cost", terminal_cover_days={"red_cell": 3}), "did you mean 'red_cells'?"),
        (under("variants", odd=["shar"]), "did you mean 'share'?"),
        (under("forecast", error_sd=[0.1]), "1 errors for 5 bands"),
        (under("forecast", band_ends_days=[1, 3, 3, 14]), "do not rise"),
        (under("run", phase_hours={"release": 9}), "release comes after decide"),
        (under("run", phase_hours={"routine": []}), "no hour"),
        (under("run", phase_hours={"close": 15}), "close before the last requests are served"),
        (under("channels", "street", last_hour=24), "24 h is not before the day closes"),
        (under("run", phase_hours={"close": 15}), "is not before the day closes (15 h)"),
        (
            under("products", "platelets", test_delay_days=0, shelf_life_days=1),
            "not longer than the test delay (0 days, but 1 at least)",
        ),
        (under("run", score_start="2040-10-01", score_end="2040-11-20"), "does not cover"),
        (under("regions", "BJ", "demand_per_day", red_cells=2e6), "2e+06 a day -> at most"),
        (
            under("regions", "BJ", "donors_per_day", street=9e5)
            | {"run": {"score_end": "2033-01-01"}},
            "are too many to count",
        ),
        (_varied("run", seed=3), "a variant cannot change run.seed"),
        (_varied("run", score_end="2026-02-01"), "cannot change run.score_end"),
        (_varied("run", warmup_days=3), "cannot change run.warmup_days"),
        (_varied("regions", HE=None), "cannot remove region 'HE'"),
        (_varied("products", plasma={}), "cannot add product 'plasma'"),
        (under("channels", apheresis=None), "no channel collects apheresis"),
    ],
)
def test_errors(patch: dict[str, Any], said: str) -> None:
    matching = [line for line in found(patch) if said in line]
    assert matching, found(patch)
    assert matching[0].startswith("error")


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (under("run", warmup_days=10), "shorter than the shelf life of red_cells"),
        (under("run", score_end="2027-01-31"), "holidays of 2027 are provisional"),
        (
            {"regions": {r: {"demand_per_day": {"platelets": 0}} for r in ("BJ", "TJ", "HE")}},
            "no region requests any platelets",
        ),
        (under("regions", "HE", "demand_per_day", red_cells=9000), "are requested"),
        ({"inputs": [{"path": "region.x", "kind": "read"}]}, "'regions'?"),
        (
            under("policies", transfer={"kind": "proportional", "products": ["platelets"]})
            | under("routes", "products", platelets=None),
            "no route carries platelets",
        ),
    ],
)
def test_warnings(patch: dict[str, Any], said: str) -> None:
    if "policies" in patch:
        patch = merge(patch, under("routes", "products", red_cells={"lot_units": 1}))
        raw = load("minimal").raw
        raw["routes"]["products"].pop("platelets")
        raw["policies"] = patch["policies"]
        lines = [f"{p.level}: {p.message}" for p in Scenario.from_mapping(raw).warnings()]
    else:
        lines = found(patch)
    matching = [line for line in lines if said in line]
    assert matching, lines
    assert matching[0].startswith("warning")


def test_sound_scenarios_have_no_problems() -> None:
    assert found({}) == []


def test_the_calendar_covers_all_days_that_a_run_reads():
    """Warm-ups without regulation, and the chunk of luck that announced requests look ahead."""
    early = {"run__score_start": "2005-01-05", "run__score_end": "2005-02-05"}
    lone_region(**early, run__warmup_days=0)
    with pytest.raises(ScenarioError, match="the calendar does not cover 2004"):
        lone_region(**early, run__warmup_days="auto", products__platelets__shelf_life_days=100)
    late = {"run__score_start": "2040-05-01", "run__score_end": "2040-06-01"}
    lone_region(**late)
    booked = {"urgent": {"share": 1.0, "known_ahead_days": 7}}
    with pytest.raises(ScenarioError, match="116 days of forecasts"):
        lone_region(**late, demand__platelets__classes=booked)


def test_what_lies_outside_the_run_is_said():
    traced = {"resources": {"traces": {"street": {"BJ": {"2020-02-11": 10}}}}}
    assert any("no day of the trace lies in the run" in line for line in found(traced))
    shipment = {"origin": "BJ", "destination": "TJ", "product": "red_cells", "units": 100}
    for day, warned in (("2027-02-15", True), ("2026-02-15", False)):
        plan = {"kind": "fixed", "shipments": [shipment | {"date": day}]}
        told = found({"policies": {"transfer": plan}})
        assert any("nothing will be shipped" in line for line in told) == warned


@pytest.mark.parametrize(
    ("patch", "path"),
    [
        ({"resources": {"trends": [{"per_year": 2, "from_date": "2000-01-01"}]}}, "channels"),
        ({"profiles": {"donors": {"month": {2: 1e9}}}}, "channels"),
        (
            {
                "shocks": {
                    "surge": {
                        "from_date": "2026-02-12",
                        "to_date": "2026-02-20",
                        "demand_factor": {"red_cells": 1e9},
                    }
                }
            },
            "demand.red_cells",
        ),
        ({"products": {"red_cells": {"opening_cover_days": 1e9}}}, "products.red_cells"),
    ],
)
def test_worlds_too_large_to_count_are_refused_before_they_run(patch, path):
    scenario = Scenario.from_mapping(merge(load("minimal").raw, patch))
    with pytest.raises(ScenarioError, match="too many to count") as caught:
        compile_world(scenario)
    assert caught.value.problems[0].dotted.startswith(path)


def test_a_reserve_or_a_trace_that_no_integer_holds_is_refused():
    told = found({"products": {"red_cells": {"reserve_units": {"O_neg": 2e9}}}})
    assert any(line.startswith("error products.red_cells.reserve_units") for line in told)
    told = found({"demand_trace": {"red_cells": {"2026-02-15": {"BJ": 1e10}}}})
    assert any(line.startswith("error demand_trace.red_cells.2026-02-15.BJ") for line in told)
