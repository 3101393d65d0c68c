"""Laws on random scenarios with all that moves stock switched on together."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import three_provinces

from bloodsim.experiment import simulate

WASHED = {
    "label": {"en": "Washed red cells"},
    "unit_label": {"en": "U"},
    "compatibility": "red_cells",
    "source": "derived",
    "pieces_per_unit": 2,
    "shelf_life_days": 5,
}


def everything(outage, patience, yield_, approval, loss, share, capacity, arrive, kind):
    """Pools, alerts, waiting, cross-match, fresh units, shocks, derivations, vehicles, swaps."""
    recall = {"product": "red_cells", "collected_from": "2026-01-25", "collected_to": "2026-02-05"}
    flow = {"origin": "west", "destination": "north", "product": "red_cells", "units_per_day": 8.0}
    cut = {"urgent_cut": 0.2, "elective_cut": 0.5, "turnout_lift": 0.2}
    return three_provinces(
        variants=None,
        overrides=None,
        run__score_end="2026-02-14",
        run__warmup_days=21,
        run__phase_hours={"arrive": arrive},
        run__block_replications=2,
        donor_pools={"whole_blood": {"interval_days": 90}, "apheresis": {}},
        products__red_cells__alerts=[{"level": "yellow", "below_days": 6, **cut}],
        products__red_cells__accessible_share=share,
        products__red_cells__reserve_units={"O_neg": 1.0},
        products__washed=WASHED,
        demand__washed={"profile": "need", "classes": {"urgent": {"share": 1.0}}},
        demand__red_cells__classes__elective__patience_days=patience,
        demand__red_cells__classes__urgent={
            "patience_days": 1,
            "crossmatch": {"extra_share": 0.3, "return_days": 2},
            "fresh": {"share": 0.2, "younger_than_days": 10},
        },
        regions__north__demand_per_day__washed=5.0,
        resources__laboratories=[{"weekdays": ["mon", "tue", "wed", "thu", "fri", "sat"]}],
        shocks={
            "fire": {
                "from_date": "2026-02-03",
                "to_date": "2026-02-06",
                "laboratory_share": outage,
                "regions": ["north", "west"],
            },
            "bag": {"from_date": "2026-02-04", "to_date": "2026-02-08", "recall": recall},
        },
        derivations=[
            {
                "of": "red_cells",
                "product": "washed",
                "units_per_unit": yield_,
                "up_to_cover_days": 2,
            }
        ],
        agreements=[flow | {"swap": True, "every_days": 2}],
        routes__approval_days=approval,
        routes__vehicles={
            "truck": {"products": ["red_cells", "platelets"], "units_per_vehicle": capacity}
        },
        routes__products__red_cells__floor_days=1.0,
        routes__products__red_cells__transit_loss_share=loss,
        policies__transfer={"kind": kind, "review_days": 1},
    )


@settings(max_examples=12, deadline=None)
@given(
    outage=st.sampled_from([0.0, 0.37, 0.8]),
    patience=st.integers(0, 5),
    yield_=st.sampled_from([0.3, 0.9, 1.0, 1.7]),
    approval=st.integers(0, 2),
    loss=st.sampled_from([0.0, 0.05]),
    share=st.sampled_from([1.0, 0.7]),
    capacity=st.sampled_from([10.0, 33.0, 400.0]),
    arrive=st.sampled_from([7, 24]),
    kind=st.sampled_from(["share_surplus", "proportional"]),
    seed=st.integers(0, 2**40),
)
def test_pieces_requests_and_replications_hold_with_everything_on(
    outage, patience, yield_, approval, loss, share, capacity, arrive, kind, seed
):
    """Conservation of pieces, requests, donors and ages is checked inside, at the end of a run."""
    scenario = everything(outage, patience, yield_, approval, loss, share, capacity, arrive, kind)
    totals = simulate(scenario, replications=3, seed=seed).totals
    alone = simulate(scenario.set("run.block_replications", 1), replications=3, seed=seed).totals
    assert totals.equals(alone)
    came = totals["opening"] + totals["released"] + totals["received"] + totals["returned"]
    left = totals["issued"] + totals["shipped"] + totals["outdated"]
    assert (came - left - totals["recalled"] - totals["processed"] == totals["stock"]).all()
    assert all((table >= 0).all() for name, table in totals.items() if name in COUNTED)
    used, made = totals["processed"].sum("region"), totals["made"].sum("region")
    # Three regions of eight groups may each hold a part of a piece of half a unit.
    gap = made.sel(product="washed") - yield_ * used.sel(product="red_cells")
    assert (abs(gap) <= 24 * 0.5).all()
    age = (totals["age_issued_days"] / totals["issued"]).values
    life = np.array([p.shelf_life_days for p in scenario.products.values()])
    known = np.isfinite(age)
    assert (age[known] >= 0).all()
    assert (age < life)[known].all()


COUNTED = ("stock", "in_test", "in_transit", "backlog", "recalled", "processed", "made", "lost")
