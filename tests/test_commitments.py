"""Commitments: approvals, agreements, fixed shipments, floors, what cannot travel or be reached."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import three_provinces

from bloodsim.experiment import simulate
from bloodsim.scenario import ScenarioError

FLOW = {
    "origin": "west",
    "destination": "north",
    "product": "red_cells",
    "units_per_day": 10.0,
    "every_days": 2,
}


def red(table):
    return table.isel(variant=0).sel(product="red_cells")


def run(replications=3, **changes):
    changes = {"variants": None, "overrides": None} | changes
    return simulate(three_provinces(**changes), replications=replications)


def fixed(*shipments):
    return {"kind": "fixed", "shipments": list(shipments), "review_days": None}


def one(day, units, origin="west", destination="north"):
    return {
        "date": day,
        "origin": origin,
        "destination": destination,
        "product": "red_cells",
        "units": units,
    }


def test_a_plan_leaves_when_it_is_approved():
    """With k days of approval, what leaves on day t was planned on t - k."""
    at_once = run(policies__transfer={"kind": "share_surplus", "review_days": 9}).daily
    waited = run(
        policies__transfer={"kind": "share_surplus", "review_days": 9}, routes__approval_days=2
    ).daily
    days = [
        np.flatnonzero(red(table)["shipped"].sum(("region", "replication")).values)
        for table in (at_once, waited)
    ]
    assert len(days[0])
    assert (days[0] % 9 == 0).all()
    # The warm-up's approved plan may leave on the first days of scoring.
    late = days[1][days[1] > 2]
    assert len(late)
    assert (late % 9 == 2).all()


def test_policies_count_what_waits_for_approval():
    """Daily reviews do not send the same help twice while the first waits."""
    rule = {"kind": "share_surplus", "above_days": 6, "fill_to_days": 5, "below_days": 4}
    direct = run(policies__transfer=rule | {"review_days": 1}).totals
    waiting = run(policies__transfer=rule | {"review_days": 1}, routes__approval_days=3).totals
    assert (
        red(waiting)["shipped"].sum("region") < 2 * red(direct)["shipped"].sum("region") + 200
    ).all()


def test_a_fixed_shipment_ships_what_there_is_and_counts_the_rest():
    results = run(policies__transfer=fixed(one("2026-02-10", 30), one("2026-02-20", 1e6)))
    daily, totals = red(results.daily), red(results.totals)
    shipped = daily["shipped"].sel(region="west")
    assert (shipped.sel(day="2026-02-10") == 30).all()
    assert (shipped.sel(day="2026-02-20") > 100).all()
    days = np.flatnonzero(shipped.sum("replication").values)
    assert len(days) == 2
    promised = totals["shipped"] + totals["not_shipped"]
    assert (promised.sel(region="west") == 30 + 1e6).all()


def test_an_exporter_keeps_its_floor():
    plan = fixed(one("2026-02-20", 1e6))
    free = red(run(policies__transfer=plan).daily)
    kept = red(run(policies__transfer=plan, routes__products__red_cells__floor_days=3).daily)
    day = "2026-02-20"
    more = free["shipped"] - kept["shipped"]
    # About three days of the 80 U requested on a normal day stay.
    assert (more.sel(region="west", day=day) > 150).all()
    assert (more.sel(region="west", day=day) <= 3 * 80 + 8).all()


def test_an_agreement_runs_in_every_variant_but_none():
    scenario = three_provinces(agreements=[FLOW])
    totals = simulate(scenario, replications=2).totals.sel(product="red_cells")
    moved = totals["shipped"] + totals["not_shipped"]
    assert (moved.sel(variant="none") == 0).all()
    for name in ("share_surplus", "proportional"):
        assert (moved.sel(variant=name, region="west") >= 10 * 42 - 20).all()
    alone = run(agreements=[FLOW], policies__transfer=fixed()).totals
    due = (red(alone)["shipped"] + red(alone)["not_shipped"]).sel(region="west")
    assert (abs(due - 10 * 43) <= 20).all()  # 43 scored days, whole lots every other day


def test_a_swap_closes_over_the_year():
    out = {"month": {m: float(m <= 6) for m in range(1, 13)}}
    back = {"month": {m: float(m > 6) for m in range(1, 13)}}
    swap = FLOW | {"season": "out", "swap": True, "return_season": "back"}
    swap |= {"from_date": "2026-01-15"}
    results = run(
        agreements=[swap],
        policies__transfer=fixed(),
        run__score_end="2027-01-14",
        profiles__out=out,
        profiles__back=back,
        replications=2,
    )
    totals = red(results.totals)
    promised = totals["shipped"] + totals["not_shipped"]
    assert (promised.sel(region="west") > 1500).all()
    # Up to what left in the warm-up and a lot per group.
    gap = promised.sel(region="west") - promised.sel(region="north")
    assert (abs(gap) <= 10 * 17 + 16).all()
    daily = red(results.daily)["shipped"].isel(replication=0)
    assert float(daily.sel(region="north", day=slice("2026-02-01", "2026-06-30")).sum()) == 0


def test_roads_that_are_too_long_carry_nothing():
    """At 60 km/h 700 and 900 km take more than 10 hours."""
    results = run(routes__products__red_cells__max_transit_hours=10)
    sent = results.transfers["units"].isel(variant=0).sel(product="red_cells")
    assert float(sent.sel(origin="north", destination="south").sum()) > 0
    for origin, destination in (("west", "north"), ("west", "south"), ("south", "west")):
        assert float(sent.sel(origin=origin, destination=destination).sum()) == 0


def test_losses_on_the_way_are_counted_and_close():
    whole = run(replications=4)
    lossy = run(replications=4, routes__products__red_cells__transit_loss_share=0.1)
    assert "lost_in_transit" not in whole.totals
    totals = red(lossy.totals).sum("region")
    share = (totals["lost_in_transit"] / totals["shipped"]).values
    assert abs(share.mean() - 0.1) < 0.02
    age = red(lossy.totals)["age_issued_days"] / red(lossy.totals)["issued"]
    assert ((age > 2) & (age < 21)).all()


def test_what_is_out_of_reach_is_not_issued():
    full = red(run(policies__transfer={"kind": "none"}).totals)
    half = red(
        run(policies__transfer={"kind": "none"}, products__red_cells__accessible_share=0.1).totals
    )
    assert (half["issued"].sum("region") < full["issued"].sum("region")).all()
    daily = red(
        run(policies__transfer={"kind": "none"}, products__red_cells__accessible_share=0.1).daily
    )
    on_hand = daily["opening"] + daily["released"] + daily["received"] - daily["outdated"]
    # Emergencies at 8 are served after decide: all issues of a day lie within the share.
    assert (daily["issued"] <= 0.1 * on_hand + 1e-3).all()


def test_the_reserve_of_a_rare_group_is_for_emergencies_alone():
    changes = {
        "policies__transfer": {"kind": "proportional"},
        "demand__red_cells__classes": {"emergency": None, "urgent": {"share": 0.7}},
        "regions__north__donors_per_day__street": 1.0,
    }
    keep = {"products__red_cells__reserve_units": {"O_pos": 20.0}}
    closing = []
    for reserve in ({}, keep):
        groups = run(4, run__score_end="2026-02-12", **changes, **reserve).groups
        stock = groups["stock"].sel(product="red_cells", group="O_pos", region="north")
        closing.append(stock.isel(variant=0).values)
    assert (closing[1] >= 0).all()
    assert closing[1].sum() > closing[0].sum()


@settings(max_examples=15, deadline=None)
@given(
    approval=st.integers(0, 4),
    floor=st.floats(0, 6),
    loss=st.sampled_from([0.0, 0.02, 0.5]),
    share=st.sampled_from([1.0, 0.6]),
    arrive=st.sampled_from([7, 24]),
    kind=st.sampled_from(["none", "share_surplus", "proportional"]),
    seed=st.integers(0, 2**30),
)
def test_pieces_are_conserved_with_all_commitments(
    approval, floor, loss, share, arrive, kind, seed
):
    scenario = three_provinces(
        variants=None,
        overrides=None,
        run__score_end="2026-02-28",
        run__phase_hours={"arrive": arrive},
        agreements=[FLOW, FLOW | {"origin": "south", "swap": True, "every_days": 5}],
        routes__approval_days=approval,
        routes__products__red_cells__floor_days=floor,
        routes__products__red_cells__transit_loss_share=loss,
        products__red_cells__accessible_share=share,
        products__red_cells__reserve_units={"O_neg": 1.0},
        policies__transfer={"kind": kind} | ({"review_days": 2} if kind != "none" else {}),
    )
    totals = simulate(scenario, replications=3, seed=seed).totals
    split = simulate(scenario.set("run.block_replications", 2), replications=3, seed=seed).totals
    assert totals.equals(split)
    balance = totals["opening"] + totals["released"] + totals["received"]
    lost = totals.get("lost_in_transit", 0)
    gone = totals["issued"] + totals["shipped"] + totals["outdated"]
    assert (balance - gone == totals["stock"]).all()
    assert ((totals["not_shipped"] >= 0) & (lost >= 0)).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"agreements": [FLOW | {"origin": "wset"}]}, "unknown region 'wset'"),
        ({"agreements": [FLOW | {"product": "plasma"}]}, "no route carries plasma"),
        ({"agreements": [FLOW | {"units_per_year": 3.0}]}, "how much flows?"),
        ({"agreements": [FLOW | {"season": "wintr"}]}, "unknown profile 'wintr'"),
        ({"agreements": [FLOW | {"return_season": "need"}]}, "nothing flows back"),
        (
            {"agreements": [FLOW | {"from_date": "2026-03-01", "to_date": "2026-02-01"}]},
            "is before from_date",
        ),
        (
            {
                "agreements": [FLOW | {"swap": True, "return_season": "shut"}],
                "profiles__shut": {"month": dict.fromkeys(range(1, 13), 0.0)},
            },
            "the swap cannot balance",
        ),
        ({"policies__transfer": fixed(one("2026-02-10", 2))}, "less than the smallest shipment"),
        ({"policies__transfer": fixed(one("2026-02-10", 9, "east"))}, "unknown region 'east'"),
        ({"products__red_cells__reserve_units": {"O_neg": 0.3}}, "no whole number of pieces"),
    ],
)
def test_nonsense_is_refused(changes, message):
    with pytest.raises(ScenarioError) as caught:
        three_provinces(variants=None, overrides=None, **changes)
    assert any(message in str(problem) for problem in caught.value.problems), caught.value


def test_a_floor_above_the_target_is_a_warning():
    scenario = three_provinces(routes__products__red_cells__floor_days=9.0)
    assert any("above the highest target" in str(problem) for problem in scenario.warnings())
