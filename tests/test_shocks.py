"""Shocks: dated changes that forecasts learn of late, and that leave all earlier luck alone."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import three_provinces
from worlds_exact import O_POS, by_group, daily, exact_world, play, total

from bloodsim.blood import GROUPS
from bloodsim.experiment import simulate
from bloodsim.model.forecast import Forecaster
from bloodsim.model.world import compile_world
from bloodsim.scenario import ScenarioError

EPIDEMIC = {
    "from_date": "2026-02-20",
    "to_date": "2026-03-05",
    "regions": ["north"],
    "collection_factor": 0.3,
    "demand_factor": {"red_cells": 2.0},
    "recognised_after_days": 5,
}


def shocked(**changes):
    shock = EPIDEMIC | changes
    return three_provinces(variants=None, shocks={"epidemic": shock})


def test_collection_and_demand_change_by_the_factor_there_and_then():
    calm = compile_world(three_provinces(variants=None))
    world = compile_world(shocked(ramp_days=1))
    first, last = (np.datetime64(EPIDEMIC[k]) - np.datetime64(world.start) for k in
                   ("from_date", "to_date"))  # fmt: skip
    first, last = int(first.astype(int)), int(last.astype(int))
    ratio = world.channels[0].invited_mean / calm.channels[0].invited_mean
    assert ratio[first - 1 : first + 2, 0] == pytest.approx([1, 0.65, 0.3])
    assert ratio[last - 1 : last + 2, 0] == pytest.approx([0.3, 0.65, 1])
    assert (ratio[:, 1:] == 1).all()
    more = world.products[0].demand_mean_units / calm.products[0].demand_mean_units
    assert more[first + 1, 0] == pytest.approx(2)
    assert (world.products[1].demand_mean_units == calm.products[1].demand_mean_units).all()


def test_forecasts_learn_of_a_shock_after_its_recognition():
    world, calm = compile_world(shocked()), compile_world(three_provinces(variants=None))
    first = int((np.datetime64(EPIDEMIC["from_date"]) - np.datetime64(world.start)).astype(int))
    seen = [
        Forecaster(w, 1, range(2)).demand(0, day, 3)
        for day in (first + 4, first + 5)
        for w in (world, calm)
    ]
    assert np.array_equal(seen[0], seen[1])
    assert seen[2][0] == pytest.approx(2 * seen[3][0])
    assert np.array_equal(seen[2][1:], seen[3][1:])


def test_days_before_a_shock_are_as_without_it():
    with_shock = simulate(shocked(recognised_after_days=0), replications=3).daily
    without = simulate(three_provinces(variants=None), replications=3).daily
    before = with_shock["day"] < np.datetime64("2026-02-20")
    for name in ("stock", "collected", "requested", "issued"):
        assert with_shock[name][:, :, before].equals(without[name][:, :, before])
    assert with_shock["lost"].sum() > without["lost"].sum()


def test_closed_roads_carry_nothing():
    closed = shocked(roads_closed=True, collection_factor=1, demand_factor={})
    daily = simulate(closed, replications=3).daily
    span = (daily["day"] >= np.datetime64("2026-02-20")) & (
        daily["day"] <= np.datetime64("2026-03-05")
    )
    there = daily.sel(region="north")
    assert (there["shipped"][:, :, span] == 0).all()
    arrived = there["received"].sum(("product", "replication", "variant"))
    assert float(arrived[span][4:].sum()) == 0  # what was on the road before may still arrive
    assert float(arrived[~span].sum()) > 0
    assert float(daily["shipped"][:, :, span].sum()) > 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"to_date": "2026-02-01"}, "before from_date"),
        ({"regions": ["nort"]}, "did you mean 'north'"),
        ({"channels": ["stret"]}, "did you mean 'street'"),
        ({"demand_factor": {"red_cell": 1.1}}, "did you mean 'red_cells'"),
        ({"collection_factor": -1}, "must be at least 0"),
    ],
)
def test_bad_shocks_are_refused(change, said):
    with pytest.raises(ScenarioError, match=said):
        shocked(**change)


# ------------------------------------------------------------------- laboratory outage and recall


def stopped(share, first="2025-06-03", last="2025-06-05", **more):
    return {"from_date": first, "to_date": last, "laboratory_share": share, **more}


def test_an_outage_stops_release_and_what_waited_follows_at_its_age(monkeypatch):
    """Gifts of days 0 to 3 are due on 1 to 4; no release on 1, 2, 3; life 10 days goes on."""
    world = exact_world(12, shocks={"fire": stopped(0.0)})
    donors = {(0, 0): 5, (1, 0): 4, (2, 0): 3, (3, 0): 2}
    result = play(monkeypatch, world, donors=donors)
    assert daily(result, "released") == [0, 0, 0, 0, 14, 0, 0, 0, 0, 0, 0, 0]
    assert daily(result, "in_test")[:5] == [5, 9, 12, 14, 0]
    assert daily(result, "outdated") == [0] * 10 + [5, 4]


def test_a_slow_laboratory_releases_its_share_of_all_that_is_due(monkeypatch):
    """Half of what is due, the rest rounded up waits: 8 -> 4, 4 -> 2, 2 -> 1; then the last one."""
    world = exact_world(6, shocks={"slow": stopped(0.5)})
    result = play(monkeypatch, world, donors={(0, 0): 8})
    assert daily(result, "released") == [0, 4, 2, 1, 1, 0]
    assert daily(result, "in_test") == [8, 4, 2, 1, 0, 0]


def test_an_outage_elsewhere_changes_nothing(monkeypatch):
    world = exact_world(6, ("north", "south"), shocks={"fire": stopped(0.0, regions=["south"])})
    donors = {(day, r): 3 for day in range(5) for r in (0, 1)}
    result = play(monkeypatch, world, donors=donors)
    assert daily(result, "released", 0) == [0, 3, 3, 3, 3, 3]
    assert daily(result, "released", 1) == [0, 0, 0, 0, 12, 3]


def test_units_that_expire_while_the_laboratory_is_closed_are_discarded(monkeypatch):
    """Life 3 days: collected on day 0, due on 1, may be issued on 1 and 2; the outage ends on 5."""
    world = exact_world(
        7, products__red_cells__shelf_life_days=3, shocks={"fire": stopped(0.0, last="2025-06-06")}
    )
    result = play(monkeypatch, world, donors={(0, 0): 7, (3, 0): 2})
    assert daily(result, "discarded") == [0, 0, 0, 0, 0, 7, 0]
    assert daily(result, "released") == [0, 0, 0, 0, 0, 2, 0]


def recalled(first, last, from_date="2025-06-05", to_date="2025-06-05", **more):
    recall = {"product": "red_cells", "collected_from": first, "collected_to": last, **more}
    return {"bag": {"from_date": from_date, "to_date": to_date, "recall": recall}}


def test_a_recall_withdraws_units_of_its_days_and_no_others(monkeypatch):
    """Gifts of 1, 2, 4, 8 U on days 0 to 3; on day 3 (5 June) those of days 0 and 1 leave.

    The gift of day 3 is still in test. Of 3 U wanted on day 4 the oldest left is served first.
    """
    world = exact_world(8, shocks=recalled("2025-06-02", "2025-06-03"))
    donors = {(0, 0): 1, (1, 0): 2, (2, 0): 4, (3, 0): 8}
    result = play(monkeypatch, world, donors=donors, requests={(4, 0): 5})
    assert daily(result, "recalled") == [0, 0, 0, 3, 0, 0, 0, 0]
    assert daily(result, "stock") == [0, 1, 3, 4, 7, 7, 7, 7]
    assert total(result, "recalled") == 3
    # 4 U collected on day 2 and 1 U of day 3 are issued on day 4: 2, 2, 2, 2 and 1 days old.
    assert total(result, "age_issued_days") == 4 * 2 + 1


def test_a_recall_that_lasts_finds_units_that_come_out_of_test(monkeypatch):
    """Recalled on days 1 to 3: the gift of day 1 leaves on day 2 when its test is done."""
    shock = recalled("2025-06-02", "2025-06-03", from_date="2025-06-03")
    result = play(monkeypatch, exact_world(6, shocks=shock), donors={(0, 0): 5, (1, 0): 6})
    assert daily(result, "recalled") == [0, 5, 6, 0, 0, 0]
    assert daily(result, "released") == [0, 5, 6, 0, 0, 0]


def test_a_recall_keeps_to_its_groups_and_regions(monkeypatch):
    world = exact_world(
        5,
        ("north", "south"),
        shocks={"bag": recalled("2025-06-02", "2025-06-03", groups=["A_pos"])["bag"]
                | {"regions": ["south"]}},
    )  # fmt: skip
    a_pos = GROUPS.index("A_pos")
    donors = {(0, r, g): 3 for r in (0, 1) for g in (a_pos, O_POS)}
    result = play(monkeypatch, world, donors=donors)
    assert total(result, "recalled", 0) == 0
    assert total(result, "recalled", 1) == 3
    assert by_group(result, "stock", 1) == {"O_pos": 3}


def test_a_world_without_a_recall_has_no_such_column():
    assert "recalled" not in simulate(three_provinces(variants=None), replications=1).totals


@pytest.mark.parametrize(
    ("recall", "said"),
    [
        ({"product": "red_cell"}, "did you mean 'red_cells'"),
        ({"collected_to": "2026-02-01"}, "before collected_from"),
        ({"collected_from": "2026-03-20", "collected_to": "2026-03-21"}, "are recalled until"),
        ({"groups": ["C_pos"]}, "groups"),
    ],
)
def test_bad_recalls_are_refused(recall, said):
    good = {"product": "red_cells", "collected_from": "2026-02-10", "collected_to": "2026-02-12"}
    assert shocked(recall=good).shocks["epidemic"].recall
    with pytest.raises(ScenarioError, match=said):
        shocked(recall=good | recall)


def test_a_new_donor_law_is_a_patch_of_the_rules():
    """From 1 March three months instead of six, older donors, larger gifts: more is collected."""
    pools = {"interval_days": 180, "mean_return_days": 20}
    law = {
        "donor_pools": {
            "whole_blood": {
                "interval_changes": [{"from_date": "2026-02-25", "interval_days": 90}],
                "age_limits": [{"from_date": "2026-02-25", "upper_age_years": 65, "factor": 1.05}],
            }
        },
        "resources": {
            "gift_mix": [
                {
                    "from_date": "2026-02-25",
                    "gift_shares": {"ml_200": 0.1, "ml_300": 0.1, "ml_400": 0.8},
                }
            ]
        },
    }
    scenario = three_provinces(
        donor_pools__whole_blood=pools,
        overrides__law=law,
        variants={"today": ["alone"], "law": ["alone", "law"]},
    )
    daily = simulate(scenario, replications=3).daily["collected"].sel(product="red_cells")
    by_day = daily.sum(("region", "replication"))
    before = by_day["day"] < np.datetime64("2026-02-25")
    assert by_day.sel(variant="law")[before].equals(
        by_day.sel(variant="law").copy(data=by_day.sel(variant="today").values)[before]
    )
    today, new = (float(by_day.sel(variant=v)[~before].sum()) for v in ("today", "law"))
    assert new > 1.2 * today
