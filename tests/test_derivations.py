"""Products made from stock: exact small worlds, conservation, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import three_provinces
from worlds_exact import O_POS, by_group, daily, exact_world, play, total

from bloodsim.blood import GROUPS
from bloodsim.experiment import simulate
from bloodsim.model.ledger import ConservationError
from bloodsim.scenario import ScenarioError

RED, WASHED = 0, 1

PRODUCT = {
    "label": {"en": "Washed red cells"},
    "unit_label": {"en": "U"},
    "compatibility": "red_cells",
    "source": "derived",
    "shelf_life_days": 3,
    "test_delay_days": 1,
}
DEMAND = {
    "profile": "flat",
    "classes": {"urgent": {"share": 1.0}},
    "emergency_substitution": "none",
}


def washing(days=5, names=("north",), rules=None, **rule):
    rule = {"of": "red_cells", "product": "washed", "units_per_unit": 1.0} | rule
    changes = {f"regions__{name}__demand_per_day__washed": 4.0 for name in names}
    return exact_world(
        days,
        names,
        products__washed=PRODUCT,
        demand__washed=DEMAND,
        derivations=rules or [rule],
        **changes,
    )


def test_a_stock_is_filled_up_at_the_close_and_ready_the_next_day(monkeypatch):
    """Up to 6 U: made on day 0, ready on day 1, outdated on day 3, made anew at each close."""
    world = washing(5, up_to_units=6)
    result = play(monkeypatch, world, {(0, 9): 20}, requests={(1, 0, O_POS, 1): 2})
    assert daily(result, "processed", 0, RED) == [6, 2, 0, 4, 2]
    assert daily(result, "made", 0, WASHED) == [6, 2, 0, 4, 2]
    assert daily(result, "released", 0, WASHED) == [0, 6, 2, 0, 4]
    assert daily(result, "issued", 0, WASHED) == [0, 2, 0, 0, 0]
    # Made on day 0 with a life of 3 days, they may be issued up to day 2.
    assert daily(result, "outdated", 0, WASHED) == [0, 0, 0, 4, 2]
    assert daily(result, "in_test", 0, WASHED) == [6, 2, 0, 4, 2]
    assert daily(result, "stock", 0, RED) == [14, 12, 12, 8, 6]
    assert total(result, "collected", 0, WASHED) == 0
    assert total(result, "age_issued_days", 0, WASHED) == 2 * 1


def test_the_oldest_are_used_and_never_more_than_there_are(monkeypatch):
    """Of 4 U with 2 days left and 3 U with 9, five are asked for: the four oldest and one more."""
    world = washing(4, up_to_units=5)
    result = play(monkeypatch, world, {(0, 2): 4, (0, 9): 3})
    assert daily(result, "processed", 0, RED) == [5, 0, 0, 2]
    assert daily(result, "outdated", 0, RED) == [0, 0, 0, 0]
    few = play(monkeypatch, world, {(0, 9): 3})
    assert daily(few, "processed", 0, RED) == [3, 0, 0, 0]


def test_a_share_of_the_free_stock_is_used_and_the_rest_is_left_alone(monkeypatch):
    """10 U need a day: 2 days are 20 U. Of the 10 U above, half: 5, then 2.5 by turns, ..."""
    world = washing(4, share_per_day=0.5, keep_days=2)
    result = play(monkeypatch, world, {(0, 9): 30})
    used = daily(result, "processed", 0, RED)
    assert used[0] == 5
    assert used[1] in (2, 3)
    assert sum(used) <= 10


def test_two_bags_make_one_and_what_is_over_waits(monkeypatch):
    """Half a unit of one: 3 used make 1 and leave a half, which the next one completes."""
    world = washing(3, units_per_unit=0.5, share_per_day=1.0)
    donors = {(0, 0): 1}
    result = play(monkeypatch, world, {(0, 9): 3}, donors=donors)
    assert daily(result, "processed", 0, RED) == [3, 1, 0]
    assert daily(result, "made", 0, WASHED) == [1, 1, 0]


def test_units_and_pieces_of_different_size(monkeypatch):
    """0.8 doses of a unit of two pieces: 5 U = 10 pieces make 4 doses."""
    world = washing(2, units_per_unit=0.8, share_per_day=1.0).set(
        "products.red_cells.pieces_per_unit", 2
    )
    result = play(monkeypatch, world, {(0, 9): 10})
    assert daily(result, "processed", 0, RED) == [5, 0]
    assert daily(result, "made", 0, WASHED) == [4, 0]


def test_working_days_regions_and_groups(monkeypatch):
    """Monday 2 June and Tuesday rest; only south makes; each group makes its own."""
    world = exact_two()
    a_pos = GROUPS.index("A_pos")
    stock = {(r, 9, g): 8 for r in (0, 1) for g in (a_pos, O_POS)}
    result = play(monkeypatch, world, stock)
    assert daily(result, "made", 0, WASHED) == [0, 0, 0, 0]
    assert daily(result, "made", 1, WASHED) == [0, 0, 16, 0]
    assert by_group(result, "stock", 1) == {}


def exact_two():
    rule = {
        "of": "red_cells",
        "product": "washed",
        "units_per_unit": 1.0,
        "share_per_day": 1.0,
        "regions": ["south"],
        "weekdays": ["wed", "thu", "fri"],
    }
    return washing(4, ("north", "south"), rules=[rule])


def test_cover_of_the_product_made_and_its_backlog_steer(monkeypatch):
    """2 days x 4 U = 8 U; three requests that wait raise what is made to 11 U."""
    world = washing(2, up_to_cover_days=2)
    calm = play(monkeypatch, world, {(0, 9): 30})
    assert daily(calm, "made", 0, WASHED) == [8, 0]
    patient = world.set("demand.washed.classes.urgent.patience_days", 2)
    asked = play(monkeypatch, patient, {(0, 9): 30}, requests={(0, 0, O_POS, 1): 3})
    assert daily(asked, "made", 0, WASHED) == [11, 0]
    assert daily(asked, "issued", 0, WASHED) == [0, 3]


def test_random_worlds_conserve_and_do_not_depend_on_the_block():
    scenario = three_provinces(
        variants=None,
        run__score_end="2026-02-20",
        products__washed=PRODUCT | {"pieces_per_unit": 2, "shelf_life_days": 5},
        demand__washed=DEMAND | {"profile": "need"},
        regions__north__demand_per_day__washed=6.0,
        regions__south__demand_per_day__washed=3.0,
        routes__products__washed={"lot_units": 1},
        derivations=[
            {"of": "red_cells", "product": "washed", "units_per_unit": 0.9, "up_to_cover_days": 2},
            {"of": "platelets", "product": "washed", "units_per_unit": 0.3, "share_per_day": 0.1},
        ],
    )
    whole = simulate(scenario, replications=3).totals
    split = simulate(scenario.set("run.block_replications", 1), replications=3).totals
    assert whole.equals(split)
    washed = whole.sel(product="washed")
    assert (washed["made"].sum("region") > 50).all()
    gap = washed["issued"] + washed["outdated"] + washed["shipped"] + washed["stock"]
    assert (washed["opening"] + washed["released"] + washed["received"] == gap).all()


def test_a_piece_made_of_nothing_is_noticed(monkeypatch):
    from bloodsim.model.making import MakingState

    true = MakingState.make

    def cheat(self, item, pieces):
        made = true(self, item, pieces)
        self.made += 1
        return made

    monkeypatch.setattr(MakingState, "make", cheat)
    with pytest.raises(ConservationError, match="made from stock"):
        simulate(washing(3, up_to_units=6), replications=1)


def test_off_is_off():
    totals = simulate(three_provinces(variants=None), replications=1).totals
    assert not {"made", "processed"} & set(totals.data_vars)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"of": "red_cell", "up_to_units": 3}, "did you mean 'red_cells'"),
        ({"product": "wash", "up_to_units": 3}, "unknown product 'wash'"),
        ({"product": "red_cells", "up_to_units": 3}, "cannot be made of itself"),
        ({}, "how much is made"),
        ({"up_to_units": 3, "share_per_day": 0.1}, "are given"),
        ({"up_to_units": 3, "regions": ["nort"]}, "did you mean 'north'"),
        ({"up_to_units": 3, "units_per_unit": 0}, "greater than 0|above 0|more than 0"),
    ],
)
def test_nonsense_is_refused(rule, said):
    with pytest.raises(ScenarioError, match=said):
        washing(**rule)


def test_a_derived_product_needs_a_rule():
    with pytest.raises(ScenarioError, match="nothing makes it"):
        washing(up_to_units=3).set("derivations", [])


def test_derived_stock_is_seen_while_it_is_made(monkeypatch):
    from worlds_exact import Planned

    plan = Planned({})
    play(monkeypatch, washing(3, up_to_units=6), {(0, 9): 20}, policy=plan)
    assert [int(np.sum(s.in_test["washed"][0, :, 0])) for s in plan.seen] == [0, 0, 0]
    assert [int(np.sum(s.stock["washed"][0, :, 0])) for s in plan.seen] == [0, 6, 6]
