"""Features that meet: what one says, another keeps."""

from __future__ import annotations

import pytest
from worlds import three_provinces

from bloodsim.experiment import simulate

ALL_DOUBLE = {"ml_200": 0, "ml_300": 0, "ml_400": 1}


@pytest.mark.parametrize("catch_up_from_day", [None, 1])
def test_a_month_planned_in_units_knows_the_dated_sizes_of_gifts(catch_up_from_day):
    plan = {"months": {4: 3000.0}, "counts": "units", "channels": ["street"]}
    scenario = three_provinces(
        variants=None,
        overrides=None,
        run__score_start="2026-04-01",
        run__score_end="2026-04-30",
        channels__street__regulation=None,
        regional_factors=None,
        resources__plans=[plan | {"catch_up_from_day": catch_up_from_day}],
        resources__gift_mix=[{"from_date": "2026-04-11", "gift_shares": ALL_DOUBLE}],
    )
    units = simulate(scenario, replications=8).totals["collected"].sel(product="red_cells")
    assert float(units.sum("region").mean()) == pytest.approx(3000, rel=0.02)


def test_closed_roads_stop_orders_and_they_are_asked_for_again():
    def shipped(closed, supply="north"):
        totals = simulate(
            three_provinces(
                variants=None,
                overrides=None,
                run__score_end="2026-02-12",
                policies__transfer={"kind": "none"},
                regions__west__supply=supply,
                ordering=[
                    {
                        "kind": "base_stock",
                        "regions": ["west"],
                        "product": "red_cells",
                        "target_units": 900,
                    }
                ],
                shocks=closed and {"snow": {"roads_closed": True, **closed}},
            ),
            replications=2,
        ).totals.sel(product="red_cells")
        return totals.sum("region")

    all_days = {"from_date": "2026-01-31", "to_date": "2026-02-12"}
    usual = shipped(None)
    assert (usual["shipped"] > 0).all()
    for where in ([], ["west"], ["north"]):
        closed = shipped(all_days | {"regions": where})
        assert (closed["shipped"] == 0).all()
        assert (closed["not_shipped"] > usual["not_shipped"]).all()
    elsewhere = shipped(all_days | {"regions": ["south"]})
    assert elsewhere["shipped"].equals(usual["shipped"])
    assert (shipped(all_days, "unlimited")["supplied"] == 0).all()
    reopened = shipped(all_days | {"to_date": "2026-02-10"})
    assert (reopened["shipped"] > 0).all()
