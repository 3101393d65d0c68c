"""Demand: what waits and for how long, young units, cross-match, counts, traces, announcements."""

from __future__ import annotations

from datetime import date

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import MIXED, ONE_GROUP, lone_region, three_provinces

from bloodsim.blood import GROUPS
from bloodsim.experiment import simulate
from bloodsim.load import load
from bloodsim.model.bank import Bank
from bloodsim.model.demand import Requests
from bloodsim.model.forecast import Forecaster
from bloodsim.model.luck import Luck
from bloodsim.model.simulation import Simulation
from bloodsim.model.snapshot import Present
from bloodsim.model.world import compile_world
from bloodsim.policies import build
from bloodsim.scenario import NoTransfers
from bloodsim.scenario.horizon import CHUNK_DAYS

O_POS = GROUPS.index("O_pos")
ALL_ON = {
    "demand__red_cells__classes": {
        "emergency": {"share": 0.3, "fresh": {"share": 0.2, "younger_than_days": 7}},
        "urgent": {
            "share": 0.4,
            "reserve_days": 0.5,
            "patience_days": 2,
            "crossmatch": {"extra_share": 0.4, "return_days": 3},
        },
        "elective": {
            "share": 0.3,
            "reserve_days": 1,
            "patience_days": 5,
            "known_ahead_days": 7,
            "fresh": {"share": 0.1, "younger_than_days": 14},
            "crossmatch": {"extra_share": 0.2, "return_days": 5},
        },
    },
    "demand__red_cells__measures": [
        {"from_date": "2026-02-10", "to_date": "2026-02-20", "factor": 0.8, "regions": ["west"]}
    ],
    "demand__red_cells__routine_substitution": "compatible",
    "regions__south__demand_distribution": {
        "red_cells": {"kind": "gamma_rounded"} | {"shape": 9, "scale": 8}
    },
    "demand_trace": {"platelets": {"2026-02-12": {"north": 30}, "2026-02-13": {"north": 0}}},
}


def prepared(scenario, replications=2, seed=4):
    """A simulation from the first day, with its luck, for tests that lay hands on both."""
    world = compile_world(scenario)
    bank = Bank.opening(world, replications)
    forecaster = Forecaster(world, seed, range(replications))
    simulation = Simulation(world, bank, build(NoTransfers()), forecaster, first_day=0)
    return simulation, Luck(world, seed, range(replications)).next_chunk()


def by_hand(classes, stock, donors=(), requests=(), **changes):
    """A lone region whose stock (by days of life left, 1 = today), donors and requests are given.

    *requests* are one tuple per day, in the order of the demand streams.
    """
    scenario = lone_region(
        demand__platelets__classes={"urgent": None} | classes,
        run__phase_hours={"emergency": [8]},
        **changes,
    )
    simulation, chunk = prepared(scenario)
    product = simulation.world.products[0]
    life = np.zeros((1, 8, product.life_days), np.int64)
    for days, pieces in stock.items():
        life[0, O_POS, days - 1] = pieces
    simulation.bank.restock(simulation.world, {product.name: life}, 0)
    simulation.ledger.opening = simulation.ledger.states()
    simulation.ledger.opening_weight = simulation.ledger._stock_weight()
    chunk.invited[:] = 0
    chunk.requested[:] = 0
    for day, number in enumerate(donors):
        chunk.invited[day, 0, 0, O_POS:] = number
    for day, numbers in enumerate(requests):
        chunk.requested[day, :, 0, O_POS] = np.array(numbers)[:, None]
    return simulation, chunk


def flow(simulation, name):
    from bloodsim.model.ledger import FLOWS

    return int(simulation.ledger.flows[FLOWS.index(name), 0, 0, O_POS, 0])


# ------------------------------------------------------------------------------------- waiting


def test_two_days_by_hand():
    """Ten units, then six: emergencies first, waiting before new, and who loses patience goes."""
    simulation, chunk = by_hand(
        {
            "emergency": {"share": 0.4},
            "urgent": {"share": 0.3, "patience_days": 2},
            "elective": {"share": 0.3, "patience_days": 1},
        },
        stock={4: 10},
        donors=(6,),
        requests=((3, 4, 5), (2, 3, 1)),
    )
    ledger, bank = simulation.ledger, simulation.bank
    simulation.run(chunk, 0)
    # 10 = 3 + 4 + 3: two electives wait.
    assert flow(simulation, "issued") == 10
    assert [int(w[:, 0, O_POS, 0].sum()) for w in bank.waiting] == [0, 0, 2]
    assert ledger.waiting_days[0, 0].tolist() == [2, 2]
    simulation.run(chunk, 1)
    # 6 = 2 + 3 + 1 that waited; the other one that waited is cancelled, the new one waits.
    assert flow(simulation, "issued") == 16
    assert ledger.unmet[:, 0, O_POS, 0].tolist() == [0, 0, 1]
    assert [int(w[:, 0, O_POS, 0].sum()) for w in bank.waiting] == [0, 0, 1]
    assert ledger.waiting_days[0, 0].tolist() == [3, 3]
    ledger.check()
    # requested 18 + opening 0 = issued 16 + cancelled 1 + closing 1
    assert int(ledger.requested[:, 0, O_POS, 0].sum()) == 18


@settings(max_examples=15, deadline=None)
@given(patience=st.integers(0, 6), supply=st.floats(0, 14), seed=st.integers(0, 2**30))
def test_nobody_waits_longer_than_the_patience_and_nobody_is_sent_away_earlier(
    patience, supply, seed
):
    scenario = lone_region(supply, 10, demand__platelets__classes__urgent__patience_days=patience)
    simulation, chunk = prepared(scenario, seed=seed)
    requested = np.cumsum(chunk.requested[:, 0].sum(axis=(1, 2)), axis=0)
    waited = 0
    for day in range(30):
        simulation.run(chunk, day)
        unmet = simulation.ledger.unmet[0].sum(axis=(0, 1))
        backlog = simulation.bank.waiting[0].sum(axis=(0, 1, 2))
        before = requested[day - patience] if day >= patience else 0 * requested[0]
        assert (unmet <= before).all()  # who asked less than the patience ago is not sent away
        assert (backlog <= requested[day] - before).all()  # who asked longer ago does not wait
        if supply == 0:
            assert (unmet == before).all()
        waited = waited + backlog
    assert (simulation.ledger.waiting_days.sum(axis=(0, 1)) == waited).all()
    simulation.ledger.check()


def test_emergencies_come_first_and_reserves_are_theirs():
    classes = {"emergency": {"share": 0.5}, "elective": {"share": 0.5, "patience_days": 3}}
    simulation, chunk = by_hand(classes, stock={5: 7}, requests=((5, 9),))
    simulation.run(chunk, 0)
    assert simulation.ledger.unmet[0].sum() == 0
    assert int(simulation.bank.waiting[1][0, 0, O_POS, 0]) == 7
    classes["elective"]["reserve_days"] = 0.2  # of ten units a day
    simulation, chunk = by_hand(classes, stock={5: 7}, requests=((1, 9),))
    simulation.run(chunk, 0)
    assert int(simulation.bank.waiting[1][0, 0, O_POS, 0]) == 5
    assert simulation.bank.stocks[0].on_hand()[0, O_POS].tolist() == [2, 2]


def test_every_stream_of_requests_is_conserved_with_everything_on(monkeypatch):
    served = {}
    issue = Requests._issue

    def counting(self, demand, day, wanted):
        before = wanted.copy()
        issued = issue(self, demand, day, wanted)
        assert (issued.sum(axis=1) == (before - wanted).sum(axis=1)).all()
        number = next(i for i, d in enumerate(self.world.demands) if d is demand)
        served[number] = served.get(number, 0) + (before - wanted)
        return issued

    monkeypatch.setattr(Requests, "_issue", counting)
    simulation, chunk = prepared(three_provinces(variants=None, **ALL_ON))
    simulation.run(chunk, 50)
    simulation.ledger.check()
    for number, waiting in enumerate(simulation.bank.waiting):
        closing = waiting.sum(axis=0)
        fate = served[number] + simulation.ledger.unmet[number] + closing
        assert (simulation.ledger.requested[number] == fate).all()
    assert len(simulation.world.demands) == 7


@pytest.mark.parametrize("order", ["oldest", "youngest"])
@pytest.mark.parametrize("block", [1, 3])
def test_conserved_and_the_same_in_any_block_with_everything_on(order, block):
    scenario = three_provinces(products__red_cells__issue_order=order, **ALL_ON)
    whole = simulate(scenario, replications=4)
    split = simulate(scenario.set("run.block_replications", block), replications=4)
    for name in ("totals", "groups", "daily"):
        assert whole.tables[name].equals(split.tables[name])
    totals = whole.totals
    assert (totals["crossmatched"].sel(product="red_cells") > 0).all()
    flow_in = totals["opening"] + totals["released"] + totals["received"] + totals["returned"]
    flow_out = totals["issued"] + totals["shipped"] + totals["outdated"]
    assert (flow_in - flow_out == totals["stock"]).all()


# ------------------------------------------------------------------------------- what is off


def test_what_is_off_changes_nothing():
    plain = simulate(three_provinces(variants=None), replications=3)
    # What the engine gave before any of this existed, but for later changes of the draws.
    assert float(simulate(three_provinces(), replications=3).totals["issued"].sum()) == 88854.5
    off = three_provinces(
        variants=None,
        demand__red_cells__distribution={"kind": "poisson"},
        demand__red_cells__measures=[
            {"from_date": "2026-02-10", "to_date": "2026-02-20", "factor": 1.0}
        ],
        demand__red_cells__classes__urgent__crossmatch={"extra_share": 0},
        demand_trace={"red_cells": {"2027-01-01": {"north": 10}}},
    )
    assert simulate(off, replications=3).totals.equals(plain.totals)
    world = compile_world(three_provinces())
    chunk = Luck(world, 1, range(2)).next_chunk()
    assert (chunk.extra_uniform, chunk.requested_next) == (None, None)
    assert Bank.opening(world, 2).returns == [None, None]


def test_fresh_requests_are_part_of_the_same_requests():
    plain, fresh = (
        three_provinces(),
        three_provinces(
            demand__red_cells__classes__urgent__fresh={"share": 0.3, "younger_than_days": 7}
        ),
    )
    one, other = (
        Luck(compile_world(s), 3, range(3)).next_chunk().requested for s in (plain, fresh)
    )
    assert np.array_equal(one[:, 0], other[:, 0])
    assert np.array_equal(one[:, 1], other[:, 1] + other[:, 2])
    assert np.array_equal(one[:, 2:], other[:, 3:])
    assert (other[:, 1] % 2 == 0).all()
    assert other[:, 1].sum() / one[:, 1].sum() == pytest.approx(0.3, abs=0.01)


# ---------------------------------------------------------------------------------- young units


def test_young_units_by_hand():
    """Life 10: a unit with 8 days left may be issued on 8 more days, so its age is 2."""
    simulation, chunk = by_hand(
        {"urgent": {"share": 1, "fresh": {"share": 0.5, "younger_than_days": 5}}},
        stock={8: 2, 7: 3, 6: 4, 5: 5},  # ages 2, 3, 4, 5
        requests=((5, 6), (9, 0)),
        life_days=10,
    )
    simulation.run(chunk, 0)
    stock = simulation.bank.stocks[0]
    # Young: four of age 4, then one of age 3; the others get the five of age 5 and one of age 3.
    left = stock.by_expiry(1, 10)[:, 0, O_POS, 0].tolist()
    assert left == [0, 0, 0, 0, 0, 0, 1, 2, 0, 0]
    simulation.run(chunk, 1)
    assert simulation.ledger.unmet[:, 0, O_POS, 0].tolist() == [6, 0]
    simulation.ledger.check()


def test_old_stock_serves_no_newborns():
    totals = simulate(
        lone_region(
            10,
            9,
            life_days=12,
            products__platelets__opening_cover_days=9,
            products__platelets__test_delay_days=3,
            demand__platelets__classes__urgent__fresh={"share": 0.2, "younger_than_days": 4},
        ),
        replications=4,
    ).totals.isel(product=0)
    share = totals["requested_fresh"] / totals["requested"]
    assert float(share.mean()) == pytest.approx(0.2, abs=0.02)
    assert (totals["unmet_fresh"] <= totals["lost"]).all()


# --------------------------------------------------------------------------------- cross-match


def test_cross_match_by_hand():
    """Ten needed, five more out; two days later they are back, those that expired are outdated."""
    simulation, chunk = by_hand(
        {"urgent": {"share": 1, "crossmatch": {"extra_share": 0.5, "return_days": 2}}},
        stock={2: 13, 5: 20},
        requests=((10,),),
        life_days=8,
    )
    ledger = simulation.ledger
    simulation.run(chunk, 0)
    # Oldest first: the ten of the first cohort, then its last three and two younger ones.
    assert [flow(simulation, f) for f in ("issued", "crossmatched", "returned")] == [15, 5, 0]
    assert simulation.bank.stocks[0].on_hand()[0, O_POS, 0] == 18
    simulation.run(chunk, 2)
    assert [flow(simulation, f) for f in ("returned", "outdated")] == [5, 3]
    assert simulation.bank.stocks[0].by_expiry(3, 5)[:, 0, O_POS, 0].tolist() == [0, 0, 20]
    assert ledger.unmet.sum() == 0
    assert ledger.age_issued_days()[0, 0, 0] == 13 * 6 + 2 * 3  # collected 6 and 3 days before
    ledger.check()


def test_cross_match_takes_only_what_is_spare():
    simulation, chunk = by_hand(
        {"urgent": {"share": 1, "crossmatch": {"extra_share": 1.0, "return_days": 1}}},
        stock={5: 12},
        requests=((10,), (2,)),
        life_days=8,
    )
    simulation.run(chunk, 1)
    assert [flow(simulation, f) for f in ("issued", "crossmatched", "returned")] == [14, 2, 2]
    assert simulation.ledger.unmet.sum() == 0
    simulation.ledger.check()


# ------------------------------------------------------------------------------ distributions


def drawn(scenario, replications=400):
    """Day totals of the first product in units, (n_days x R) per region."""
    chunk = Luck(compile_world(scenario), 9, range(replications)).next_chunk()
    return chunk.requested.sum(axis=(1, 3)).transpose(1, 0, 2).reshape(chunk.requested.shape[2], -1)


HOSPITALS = {  # Dehghani, Abbasi & Oliveira 2021, means as checked in validation.md section 3
    "H1": (0.6, 4, 0.60, 1.0667),
    "H2": (0.6, 3, 0.57, 0.9053),
    "H3": (0.25, 15, 0.57, 8.4868),
    "H4": (0.25, 15, 0.48, 12.1875),
}


def test_the_four_hospitals_can_be_written_down():
    one = {"group_shares": ONE_GROUP, "donors_per_day": {"apheresis": 1}, "demand_per_day": {}}
    regions = {
        name: one
        | {
            "demand_distribution": {
                "platelets": {
                    "kind": "zero_inflated_negative_binomial",
                    "zero_share": zero,
                    "shape": shape,
                    "success_share": success,
                }
            }
        }
        for name, (zero, shape, success, _) in HOSPITALS.items()
    }
    scenario = lone_region(regions={"north": None} | regions)
    totals = drawn(scenario)
    normal = compile_world(scenario).products[0].normal_pieces[0]
    for row, (zero, shape, success, mean) in enumerate(HOSPITALS.values()):
        assert normal[row] == pytest.approx(mean, abs=5e-5)
        error = totals[row].std() / np.sqrt(totals[row].size)
        assert abs(totals[row].mean() - mean) < 4 * error
        none = zero + (1 - zero) * success**shape
        assert (totals[row] == 0).mean() == pytest.approx(none, abs=0.015)
        spread = mean / success + zero / (1 - zero) * mean**2
        assert totals[row].var() == pytest.approx(spread, rel=0.06)


def test_gamma_rounded_constant_and_empirical_counts():
    gamma = drawn(
        lone_region(
            10,
            4,
            demand__platelets__distribution={"kind": "gamma_rounded", "shape": 4, "scale": 1},
        )
    )
    assert gamma.mean() == pytest.approx(4, abs=0.06)  # De Moor et al. 2022
    assert gamma.var() == pytest.approx(4 + 1 / 12, rel=0.05)
    constant = lone_region(10, 4, demand__platelets__distribution={"kind": "constant"})
    assert (drawn(constant, 8) == 4).all()
    half = drawn(constant.set("regions.north.demand_per_day.platelets", 4.5))
    assert set(np.unique(half)) == {4, 5}
    assert half.mean() == pytest.approx(4.5, abs=0.02)
    listed = {"kind": "empirical", "values": [0, 3, 10], "shares": [0.5, 0.3, 0.2]}
    observed = drawn(lone_region(10, 2.9, demand__platelets__distribution=listed))
    assert set(np.unique(observed)) == {0, 3, 10}
    assert (observed == 3).mean() == pytest.approx(0.3, abs=0.015)
    scaled = drawn(lone_region(10, 5.8, demand__platelets__distribution=listed))
    assert set(np.unique(scaled)) == {0, 6, 20}


def test_a_distribution_changes_nobody_elses_luck_and_splits_by_the_shares():
    plain = three_provinces()
    changed = three_provinces(
        regions__south__demand_distribution={"red_cells": {"kind": "constant"}}
    )
    one, other = (Luck(compile_world(s), 3, range(3)).next_chunk() for s in (plain, changed))
    different = one.requested != other.requested
    assert different[:, :3, 1].any()
    different[:, :3, 1] = False
    assert not different.any()
    assert np.array_equal(one.slot_uniform, other.slot_uniform)
    pieces = other.requested[:, :3, 1].sum(axis=(0, 1, 3))
    shares = pieces / pieces.sum()
    assert shares == pytest.approx(list(MIXED.values()), abs=0.02)
    assert (other.requested[:, :3, 1] % 2 == 0).all()


# ------------------------------------------------------------------------- traces and measures


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_trace_replaces_the_draws_on_its_dates(tmp_path, ending):
    rows = [("date", "BJ", "HE"), (date(2026, 2, 3), 1000, 2000.5), (date(2026, 2, 4), None, 0)]
    table = tmp_path / f"trace.{ending}"
    if ending == "csv":
        lines = (",".join("" if cell is None else str(cell) for cell in row) for row in rows)
        table.write_text("\n".join(lines), encoding="utf-8")
    else:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(table)
    (tmp_path / "mine.yaml").write_text(
        "schema_version: 1\nextends: minimal\n"
        f"tables: {{demand_trace.red_cells: trace.{ending}}}\n"
        "run: {score_start: 2026-02-01, score_end: 2026-02-07, warmup_days: 20}\n",
        encoding="utf-8",
    )
    with_trace = load(tmp_path / "mine.yaml")
    plain = with_trace.set("demand_trace", None)
    one, other = (simulate(s, replications=2, variants=["none"]).daily for s in (with_trace, plain))
    asked, drawn_before = one["requested"].isel(variant=0), other["requested"].isel(variant=0)
    red = asked.sel(product="red_cells")
    assert (red.sel(region="BJ", day="2026-02-03") == 1000).all()
    assert (red.sel(region="HE", day="2026-02-03") == 2000.5).all()
    assert (red.sel(region="HE", day="2026-02-04") == 0).all()
    same = asked == drawn_before
    assert bool(same.sel(product="platelets").all())
    assert bool(same.sel(region="TJ").all())
    assert bool(same.sel(region="BJ", day="2026-02-04").all())
    assert int((~same).sum()) == 3 * 2


def test_measures_act_in_their_days_and_regions_only():
    measure = {"from_date": "2026-02-11", "to_date": "2026-02-20", "factor": 0.5}
    plain = three_provinces(variants=None)
    changed = plain.set("demand.red_cells.measures", [measure | {"regions": ["west"]}])
    worlds = compile_world(plain), compile_world(changed)
    ratio = worlds[1].products[0].demand_mean_units / worlds[0].products[0].demand_mean_units
    first = (np.datetime64("2026-02-11") - np.datetime64(worlds[0].start)).astype(int)
    expected = np.ones_like(ratio)
    expected[first : first + 10, 2] = 0.5
    assert ratio == pytest.approx(expected)
    assert np.array_equal(worlds[0].products[0].normal_pieces, worlds[1].products[0].normal_pieces)
    asked = [
        Luck(world, 2, range(40)).next_chunk().requested[:, :3].sum(axis=(1, 3)) for world in worlds
    ]
    assert np.array_equal(asked[0][:first], asked[1][:first])
    assert np.array_equal(asked[0][:, :2], asked[1][:, :2])
    days = slice(first, first + 10)
    assert asked[1][days, 2].sum() / asked[0][days, 2].sum() == pytest.approx(0.5, abs=0.03)


def test_hospitals_that_stock_up_before_a_feast_are_a_profile():
    """Twelve days at 1.25 pay for six days at 0.5: the year's requests stay, the peak moves."""
    feast = [
        {"from_offset": -14, "to_offset": -3, "factor": 1.25},
        {"from_offset": -2, "to_offset": 3, "factor": 0.5},
    ]
    dates = {"run__score_start": "2026-01-15", "run__score_end": "2026-03-10"}
    plain = lone_region(40, 40, **dates)
    stocked = plain.set("profiles.stocked", {"spring_festival": feast})
    stocked = stocked.set("demand.platelets.profile", "stocked")
    one, other = (
        simulate(s, replications=16).daily.isel(variant=0, product=0, region=0)
        for s in (plain, stocked)
    )
    before = slice("2026-02-03", "2026-02-14")
    within = slice("2026-02-15", "2026-02-20")
    for span, factor in ((before, 1.25), (within, 0.5)):
        sums = [float(d["requested"].sel(day=span).sum()) for d in (one, other)]
        assert sums[1] / sums[0] == pytest.approx(factor, rel=0.05)
    whole = [float(d["requested"].sum()) for d in (one, other)]
    assert whole[1] == pytest.approx(whole[0], rel=0.02)


# ------------------------------------------------------------------------------- announcements


def known_ahead(days, **changes):
    return three_provinces(
        variants=None,
        run__score_end="2026-06-30",
        demand__red_cells__classes__elective__known_ahead_days=days,
        **changes,
    )


def test_looking_ahead_changes_no_draw():
    plain, ahead = (Luck(compile_world(known_ahead(days)), 6, range(2)) for days in (0, CHUNK_DAYS))
    later = None
    for _ in range(3):
        one, other = plain.next_chunk(), ahead.next_chunk()
        for name in ("requested", "slot_uniform", "invited", "session_uniform", "lab_uniform"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
        if later is not None:
            assert np.array_equal(later, other.requested)
        later = other.requested_next.copy()
    none = {"policies__transfer": {"kind": "none"}, "run__warmup_policy": {"kind": "none"}}
    kinds = [simulate(known_ahead(days, **none), replications=2).totals for days in (0, 9)]
    assert kinds[0].equals(kinds[1])


class Watcher:
    """A planner that does nothing but write down what it is told."""

    review_days = 1

    def __init__(self, days=10):
        self.days, self.announced, self.forecast = days, {}, {}

    def __call__(self, snapshot):
        from bloodsim.decision import NOTHING

        self.announced[snapshot.day] = snapshot.announced("red_cells", self.days)
        self.forecast[snapshot.day] = snapshot.forecast("red_cells", self.days)
        assert not snapshot.announced("platelets", self.days).any()
        return NOTHING


def test_what_is_booked_is_known_exactly_and_nothing_else():
    """Also across the border of two chunks; what lies beyond may be anything."""
    scenario = known_ahead(7)
    world = compile_world(scenario)
    told = []
    for shuffled in (False, True):
        luck, watcher = Luck(world, 4, range(2)), Watcher()
        bank, forecaster = Bank.opening(world, 2), Forecaster(world, 4, range(2))
        simulation = Simulation(world, bank, watcher, forecaster, first_day=0)
        chunk = luck.next_chunk()
        elective = np.concatenate([chunk.requested[:, 2], chunk.requested_next[:, 2]])
        if shuffled:  # all but what is booked by day 53, and all of what is not elective
            chunk.requested_next[5:] = chunk.requested_next[5:][::-1].copy()
            chunk.requested_next[:, [0, 1, 3, 4]] = 0
        simulation.run(chunk, 53)
        told.append((watcher, elective))
    for day in range(54):
        expected = told[0][1][day : day + 8].sum(axis=0)
        for watcher, _ in told:
            assert np.array_equal(watcher.announced[day], expected)
        assert np.array_equal(told[0][0].forecast[day], told[1][0].forecast[day])


def test_the_forecast_of_what_is_booked_has_no_error():
    sharp = known_ahead(
        56,
        demand__red_cells__classes={
            "emergency": None,
            "urgent": None,
            "elective": {"share": 1.0, "known_ahead_days": 56},
        },
    )
    simulation, chunk = prepared(sharp)
    exact = chunk.requested[3:13, 0].sum(axis=(0, 2))
    snapshot = Present(
        simulation.world,
        simulation.bank,
        simulation.ledger,
        simulation.transfers,
        simulation.forecaster,
        chunk,
        3,
        simulation.cost,
    ).snapshot()
    assert np.array_equal(snapshot.forecast("red_cells", 10), exact)
