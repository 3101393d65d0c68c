"""The bound of transfers is refused where its books would not hold."""

from __future__ import annotations

import pytest
from worlds import three_provinces

from bloodsim.scenario import ScenarioError
from bloodsim.scenario.checks import check

BAG = {
    "from_date": "2026-02-10",
    "to_date": "2026-02-10",
    "recall": {
        "product": "red_cells",
        "collected_from": "2026-02-01",
        "collected_to": "2026-02-02",
    },
}
UNKNOWN = {
    "replenishment orders": {
        "regions__west__supply": "unlimited",
        "ordering": [
            {"kind": "base_stock", "regions": ["west"], "product": "red_cells", "target_units": 9}
        ],
    },
    "products made from stock": {
        "products__washed": {
            "label": {"en": "Washed red cells"},
            "unit_label": {"en": "U"},
            "compatibility": "red_cells",
            "source": "derived",
            "shelf_life_days": 2,
            "test_delay_days": 1,
            "opening_cover_days": 0,
        },
        "demand__washed": {"profile": "need", "classes": {"urgent": {"share": 1.0}}},
        **{f"regions__{name}__demand_per_day__washed": 4.0 for name in ("north", "south", "west")},
        "derivations": [
            {
                "of": "red_cells",
                "product": "washed",
                "units_per_unit": 0.9,
                "share_per_day": 0.1,
            }
        ],
    },
    "recalls": {"shocks": {"bag": BAG}},
    "issued beyond need": {
        "demand__red_cells__classes__urgent__crossmatch": {"extra_share": 0.4},
    },
    "losses on the way": {"routes__products__red_cells__transit_loss_share": 0.01},
}


def _said(**changes):
    """Return what is said of the bound."""
    try:
        problems = check(three_provinces(**changes))
    except ScenarioError as error:
        problems = error.problems
    assert {each.path for each in problems if each.level == "error"} <= {("run", "bound_transfers")}
    return [each for each in problems if each.path == ("run", "bound_transfers")]


@pytest.mark.parametrize("flow", UNKNOWN)
def test_the_bound_is_refused_where_it_does_not_know_a_flow(flow):
    (problem,) = _said(run__bound_transfers=True, **UNKNOWN[flow])
    assert flow in problem.message
    assert problem.level == "error"
    assert _said(**UNKNOWN[flow]) == []


def test_the_bound_is_fine_without_such_flows():
    assert _said(run__bound_transfers=True) == []
    assert _said(run__bound_transfers=True, shocks={"bag": {**BAG, "recall": None}}) == []


def test_a_variant_that_adds_such_a_flow_is_refused_too():
    lossy = {"routes": {"products": {"red_cells": {"transit_loss_share": 1}}}}
    changes = {"overrides": {"lossy": lossy}, "variants": {"plain": [], "lossy": ["lossy"]}}
    with pytest.raises(ScenarioError, match="does not know losses on the way"):
        three_provinces(run__bound_transfers=True, **changes).variant("lossy")
