"""The joint bound at equal donations: below every variant, above the free one, as a hand finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_bounds import _apart, _roads
from test_joint import two_regions
from test_joint_bound import _planted
from worlds import three_provinces

from bloodsim import block, metrics
from bloodsim.cli.report_table import headlines
from bloodsim.cli.running import _avoided
from bloodsim.decision import RouteTable
from bloodsim.experiment import simulate
from bloodsim.hindsight import CommonTerms
from bloodsim.optimize import bound as bounding
from bloodsim.optimize.bound import bound_joint
from bloodsim.results import Results, ResultsError
from bloodsim.scenario import CostWeights, ScenarioError

BETWEEN = ("north", "south")
AGREED = {
    "origin": BETWEEN[0],
    "destination": BETWEEN[1],
    "product": "red_cells",
    "units_per_year": 3000,
    "every_days": 7,
}


def _provinces(bound="equal_donations", **changes):
    uplift = {"kind": "pre_collect", "from_offset": -40, "to_offset": 10, "uplift": 0.1}
    return three_provinces(
        run__score_end="2026-02-17",
        run__bound_joint=bound,
        agreements=[AGREED],
        overrides={
            "equal": {"policies": {"transfer": {"kind": "proportional"}}},
            "more": {"policies": {"collection": uplift}},
        },
        variants={"shared": ["equal"], "more": ["equal", "more"]},
        **changes,
    )


def _seen(scenario, variants, replications):
    """Return results, and the terms that their bound was held to."""
    terms, whole = [], block.common_terms

    def watched(*given):
        terms.append(whole(*given))
        return terms[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block, "common_terms", watched)
        found = simulate(scenario, replications, variants=list(variants))
    return found, terms[0]


@pytest.fixture(scope="module")
def seen():
    return _seen(_provinces(), ("shared", "more"), 3)


@pytest.fixture(scope="module")
def results(seen):
    return seen[0]


@pytest.fixture(scope="module")
def terms(seen):
    return seen[1]


def test_no_variant_is_cheaper_and_the_free_bound_lies_below(results):
    bounds = results.tables["joint_bounds"]
    assert (metrics.cost(results) >= bounds["equal_donations"]).all()
    assert (bounds["equal_donations"] > bounds["joint"]).all()
    # The fewest donations are paid, whole.
    paid = metrics.collection_cost(results).min("variant")
    assert (bounds["equal_donations"] >= paid).all()


def test_the_free_bound_is_the_same_whatever_else_is_asked_for(results):
    free = simulate(_provinces(bound=True), 1, variants=["shared", "more"])
    alone, both = free.tables["joint_bounds"], results.tables["joint_bounds"]
    assert "equal_donations" not in alone
    assert metrics.bound_of(free, "shared", joint="equal_donations") is None
    assert metrics.all_avoided(free, joint="equal_donations") == []
    with pytest.raises(KeyError, match=r"run\.bound_joint: equal_donations"):
        metrics.share_avoided(free, "more", "shared", joint="equal_donations")
    assert np.array_equal(alone["joint"].values, both["joint"].values[:, :1])


def test_it_does_not_depend_on_the_block(results):
    whole = results.tables["joint_bounds"]
    small = simulate(_provinces(run__block_replications=2), 3, variants=["shared", "more"])
    assert small.tables["joint_bounds"].equals(whole)


def test_what_all_kept_of_their_agreements_is_common(results, terms):
    assert (terms.agreed.sum(axis=(1, 2)) > 0).all()
    shipped = results.totals["shipped"].sel(product="red_cells", region=BETWEEN[0]) * 2
    assert (terms.agreed.sum(axis=(0, 1, 2)) <= shipped.min("variant").values).all()


def test_who_isolates_itself_leaves_no_agreement_in_common():
    apart = {"policies": {"transfer": {"kind": "none"}}}
    scenario = _provinces(overrides__alone=apart, variants__alone=["alone"])
    _, terms = _seen(scenario, ("shared", "alone"), 1)
    assert not terms.agreed.any()


def test_terms_are_those_of_the_variants(results, terms):
    given = results.collection["donations"].sum("region")
    for product, channel in ((0, "street"), (1, "apheresis")):
        of = given.sel(channel=channel)
        assert np.array_equal(terms.least[product], of.min("variant").values)
        assert np.array_equal(terms.most[product], of.max("variant").values)
    assert (terms.least[0] < terms.most[0]).all()
    assert terms.price.tolist() == [0.05, 0.05]


def test_drives_and_calendars_stay_above_it():
    results = simulate(two_regions(run__bound_joint="equal_donations"), 3)
    bounds = results.tables["joint_bounds"]
    assert (metrics.cost(results) >= bounds["equal_donations"]).all()
    assert (bounds["equal_donations"] >= bounds["joint"]).all()
    found = metrics.share_avoided(results, "calendar", "rule", joint="equal_donations")
    free = metrics.share_avoided(results, "calendar", "rule", joint=True)
    assert found.share > free.share
    assert "at equal donations" in found.says


@pytest.mark.parametrize(("field", "factor"), [("least", 1.5), ("per_piece", 3.0), ("price", 1.5)])
def test_terms_that_are_too_tight_are_found_out(monkeypatch, field, factor):
    """Half as many donations again, dearer ones, or fewer pieces of each: an error."""
    whole = block.common_terms

    def tight(*given):
        terms = whole(*given)
        changed = {field: getattr(terms, field) * factor}
        if field == "least":
            changed["most"] = terms.most * factor
        return replace(terms, **changed)

    monkeypatch.setattr(block, "common_terms", tight)
    with pytest.raises(ResultsError, match="less than its bound"):
        simulate(_provinces(cost__donation=5.0), 1, variants=["shared", "more"])


# --- a planted instance --------------------------------------------------------------------------


def _terms(least, most, price=0.5, per_piece=0.5, spare=0.0, flows=(), agreed=None):
    none = np.zeros((0, 3, 8, 1), dtype=np.int32)
    return CommonTerms(
        least=np.full((1, 1), float(least)),
        most=np.full((1, 1), float(most)),
        price=np.array([price]),
        per_piece=np.full((1, 2 if flows else 1), per_piece),
        spare=np.full((1, 1), spare),
        flows=flows,
        agreed=none if agreed is None else agreed,
    )


@pytest.mark.parametrize(
    ("terms", "points"),
    [
        (_terms(1, 1), 0.5 + 30),  # one donation, two pieces, three asked for
        (_terms(2, 2), 1.0),  # enough for all
        (_terms(0, 9), 0.75),  # one and a half are enough: 3 pieces
        (_terms(5, 9), 2.5),  # paid, though not needed
        (_terms(1, 1, spare=0.25), 0.5 + 0.5 * 30),  # half a piece more by rounding
        (_terms(0, 0), 90),
    ],
)
def test_a_planted_instance_costs_what_a_hand_finds(terms, points):
    hindsight, attainable = _planted(7.0, [3, 3, 3])  # that price is not asked for here
    assert bound_joint(hindsight, attainable, terms=terms) == pytest.approx(points)


def _two_ends():
    """Two regions, a piece asked for in the first each day; 2 in stock there, 1 in the second."""
    hindsight, attainable = _planted(0.0, [0, 0, 0])

    def twice(values, axis):
        return np.concatenate([values, np.zeros_like(values)], axis=axis)

    opening = np.zeros((1, 2, 8, 1), dtype=np.int32)
    opening[0, :, 0, 0] = [2, 1]
    one = np.array([0, 0])
    roads = RouteTable(
        origin=np.array([0, 1]),
        destination=np.array([1, 0]),
        distance_km=np.array([100.0, 100.0]),
        lead_days=one,
        lot_pieces={"red_cells": 1},
        smallest_pieces={"red_cells": 1},
        largest_pieces={"red_cells": 10},
        min_life_days={"red_cells": 1},
        approval_days=one,
        barred={},
        vehicles_per_day=one - 1,
    )
    hindsight = replace(
        hindsight,
        released=twice(hindsight.released, 2),
        requested=twice(hindsight.requested, 2),
        opening=opening,
        moving=np.zeros_like(opening),
        waiting=(np.zeros((2, 8, 1), dtype=np.int32),),
        normal=np.ones((1, 2)),
        routes=roads,
        weights=CostWeights(urgent_lost=30, unit_km=0.01, shipment=5).model_dump(),
    )
    attainable = replace(attainable, most=twice(attainable.most, 2), price=np.zeros((1, 2)))
    return hindsight, attainable


@pytest.mark.parametrize(
    ("day", "pieces", "points"),
    [
        # 100 km cost 1 point, a shipment 5 for up to 10 pieces: 1.5 a piece.
        (0, 0, 1.5),  # the third request is met from the second region
        (0, 2, 2 * 1.5 + 3 * 1.5),  # both leave and come back, with the one
        (2, 1, 1.5 + 2 * 1.5),  # one leaves on the last day
    ],
)
def test_what_is_agreed_leaves_and_is_paid(day, pieces, points):
    hindsight, attainable = _two_ends()
    agreed = np.zeros((1, 3, 8, 1), dtype=np.int32)
    agreed[0, day, 0, 0] = pieces
    terms = _terms(0, 0, flows=((0, 0),), agreed=agreed)
    assert bound_joint(hindsight, attainable, terms=terms) == pytest.approx(points)


@pytest.mark.parametrize(
    ("day", "points"),
    [
        # Three pieces for three days, gone by the end of the day after they come. If all are there
        # on the first, one has to go round to be fresh on the third: the bound lets it.
        (0, 2 * 1.5 + 2 * 1.5),
        (1, 2 * 1.5),  # those that come on the second day serve the third as they are
    ],
)
def test_what_is_agreed_does_not_outlive_its_life(day, points):
    hindsight, attainable = _two_ends()
    requested = np.roll(hindsight.requested, 1, axis=2)
    hindsight = replace(hindsight, requested=requested, life_days=(1,))
    agreed = np.zeros((1, 3, 8, 1), dtype=np.int32)
    agreed[0, day, 0, 0] = 2
    terms = _terms(0, 0, flows=((0, 0),), agreed=agreed)
    assert bound_joint(hindsight, attainable, terms=terms) == pytest.approx(points)


def test_shipments_count_once_a_day_and_road_where_roads_do_not_bear_them():
    """Twelve regions in a line: the prices of roads leave shipments out, so those agreed count."""
    hindsight, _ = _planted(0.0, [0, 0, 0])
    weights = CostWeights(unit_km=0.01, shipment=5).model_dump()
    roads = _roads(_apart("in a line"))
    hindsight = replace(hindsight, routes=roads, weights=weights)
    agreed = np.zeros((2, 3, 8, 1), dtype=np.int32)
    agreed[0, :2, 0] = 3  # on two days
    agreed[1, 1:, 1] = 2  # on two days, of which one is the same, on the same road
    for route in (0, len(roads.origin) - 1):
        terms = _terms(0, 0, flows=((0, route), (0, route)), agreed=agreed)
        by_km = 10 * 0.01 * roads.distance_km[route]
        assert bounding._agreed_points(hindsight, terms) == pytest.approx(by_km + 3 * 5)


# --- what users see ------------------------------------------------------------------------------


def test_summary_and_json_show_both_bounds(results, tmp_path):
    text = "\n".join(headlines(results))
    assert "the joint bound (any collection" in text
    assert "the joint bound at equal donations (agreements kept" in text
    assert "cost above the joint bound at equal donations)" in text
    parts = _avoided(results)
    for key in ("share_avoided", "value_of_information", "bound"):
        assert set(parts) >= {f"{key}_joint", f"{key}_equal_donations"}
    equal = parts["bound_equal_donations"]["shared"]
    assert equal == pytest.approx(
        float(results.tables["joint_bounds"]["equal_donations"].sel(variant="shared").mean())
    )
    results.save(tmp_path / "run")
    assert (
        Results.load(tmp_path / "run").tables["joint_bounds"].equals(results.tables["joint_bounds"])
    )


def test_another_word_is_refused():
    with pytest.raises(ScenarioError, match=r"run\.bound_joint"):
        _provinces(bound="equal")
