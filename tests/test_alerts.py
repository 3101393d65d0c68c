"""Alerts act: entered after days below, left above, holding back requests and lifting turnout."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import lone_region, three_provinces

from bloodsim.experiment import simulate
from bloodsim.model.alerts import Alerts
from bloodsim.model.bank import Bank
from bloodsim.model.world import compile_world

LEVELS = [
    {"level": "yellow", "below_days": 5, "for_days": 3, "exit_above_days": 6},
    {
        "level": "red",
        "below_days": 2,
        "urgent_cut": 0.5,
        "elective_cut": 1.0,
        "turnout_lift": 0.1,
    },
]


def lone(levels=LEVELS, **changes):
    return lone_region(10, 10, 9, products__platelets__alerts=levels, **changes)


def levels_after(covers):
    """The level shown at each close of a region whose stock is *covers* days of demand."""
    world = compile_world(lone())
    bank = Bank.opening(world, 1)
    alerts, shown = Alerts(world, bank), []
    stock = bank.stocks[0]
    for cover in covers:
        stock.received[:] = 0
        stock.gone[:] = 0
        stock.received[0, 2] = 10 * cover  # group O_pos, the only one there
        alerts.evaluate(0)
        shown.append(int(bank.alert_level[0, 0, 2, 0]))
    return shown


def test_a_level_needs_its_days_and_has_its_exit():
    assert levels_after([4, 4, 6, 4, 4, 4, 5, 5, 6, 4]) == [0, 0, 0, 0, 0, 1, 1, 1, 0, 0]


def test_the_highest_level_counts_and_falls_back_to_the_one_below():
    assert levels_after([4, 4, 4, 1, 3, 7]) == [1 - 1, 0, 1, 2, 1, 0]


def test_rhd_negative_groups_have_no_levels():
    world = compile_world(three_provinces(variants=None))
    bank = Bank.opening(world, 2)
    for stock in bank.stocks:
        stock.received[:] = 0
    Alerts(world, bank).evaluate(0)
    assert (bank.alert_level[0, :, :4] == 2).all()
    assert (bank.alert_level[0, :, 4:] == 0).all()


def test_levels_that_only_show_change_nothing():
    def totals(levels):
        return simulate(lone(levels), replications=4).totals.drop_vars(
            [f"days_below_{c}" for c in ("blue", "yellow", "orange", "red")]
        )

    shown = [{"level": "yellow", "below_days": 5}, {"level": "red", "below_days": 2}]
    assert totals(shown).equals(totals([]))


def two_classes(**changes):
    classes = {
        "emergency": {"share": 0.5, "patience_days": 0},
        "elective": {"share": 0.5, "patience_days": changes.pop("patience", 0)},
    }
    return lone(
        demand__platelets__classes=classes | {"urgent": None},
        regions__north__donors_per_day__apheresis=7.0,
        **changes,
    )


@pytest.mark.parametrize("patience", [0, 3])
def test_an_alert_saves_blood_for_emergencies(patience):
    """With a red level that stops elective use, emergencies lose less, electives more."""
    acting = two_classes(patience=patience)
    shown = two_classes(patience=patience, levels=[{"level": "red", "below_days": 2}])
    with_cuts, without = (
        simulate(s, replications=16).totals.sum("region") for s in (acting, shown)
    )
    assert (with_cuts["requested"] == without["requested"]).all()
    assert with_cuts["lost_emergency"].sum() < 0.5 * without["lost_emergency"].sum()
    assert with_cuts["cancelled_elective"].sum() > without["cancelled_elective"].sum()
    assert (without["rationed"] == 0).all()
    assert (with_cuts["rationed"] > 0).any()
    assert (with_cuts["rationed"] <= with_cuts["lost"] + with_cuts["cancelled"]).all()


def test_day_by_day_an_alert_changes_allocation():
    """Day by day: after a close below two days of cover, no elective unit leaves the next day."""
    daily = simulate(two_classes(), replications=1).daily.isel(
        variant=0, replication=0, region=0, product=0
    )
    red = daily["alert"].values[:-1] == 4
    requested = daily["requested"].values[1:]
    issued, lost = daily["issued"].values[1:], daily["lost"].values[1:]
    assert red.any()
    assert not red.all()
    # On a day after red every unit issued goes to an emergency: the rest is cancelled.
    assert (daily["cancelled"].values[1:][red] == daily["rationed"].values[1:][red]).all()
    assert (issued[red] + lost[red] + daily["cancelled"].values[1:][red] == requested[red]).all()
    assert (daily["rationed"].values[1:][~red] == 0).all()


def test_an_appeal_lifts_turnout():
    always = [{"level": "red", "below_days": 1000, "turnout_lift": 0.2}]
    lifted, plain = (simulate(lone(levels), replications=16) for levels in (always, []))
    ratio = lifted.collection["invited"].sum() / plain.collection["invited"].sum()
    assert float(ratio) == pytest.approx(1.2, abs=0.003)


def test_the_alert_shown_in_results_is_the_one_in_force():
    """Colours are the same whatever levels a product has: 2 is yellow, 4 is red."""
    daily = simulate(two_classes(), replications=2).daily.isel(product=0, region=0, variant=0)
    low = daily["cover_days"] < 2
    assert np.all((daily["alert"] == 4) == low)
    assert set(np.unique(daily["alert"])) == {2, 4}


@pytest.mark.parametrize("patience", [0, 3])
def test_a_cut_is_of_the_day_and_not_of_each_moment(patience):
    """Half of the requests stay back, in however many turns the rest is served."""
    cut = [{"level": "red", "below_days": 99, "urgent_cut": 0.5}]
    classes = {"urgent": {"share": 1.0, "patience_days": patience}}
    flows = ("issued", "lost", "rationed", "backlog")
    once, thrice = (
        simulate(
            lone_region(
                60,
                20,
                9,
                products__platelets__alerts=cut,
                demand__platelets__classes=classes,
                run__phase_hours={"routine": hours},
                run__score_end="2025-04-30",
            ),
            replications=3,
        ).totals[list(flows)]
        for hours in ([9], [9, 12, 15])
    )
    assert (once["rationed"] > 0).all()
    assert once.equals(thrice)
