"""Donor pools: renewal, displacement, conservation, and nothing at all where they are off."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import lone_region, three_provinces

from bloodsim.experiment import simulate
from bloodsim.model.bank import Bank
from bloodsim.model.donors import Donors
from bloodsim.model.world import compile_world

CLOSED = {
    "mean_return_days": 16.0,
    "elasticity": 1.0,
    "reactive_share": 0.0,
    "repeat_shares": {"once": 0.0, "twice": 0.0, "regular": 1.0},
}
"""A pool that nobody enters or leaves."""


def closed_pool(interval, wait, supply=200.0, days=900, **changes):
    """One region whose donors are all regular: repeat gifts are all there is."""
    pool = {**CLOSED, "interval_days": interval, "mean_return_days": wait, "max_per_year": 365}
    return lone_region(
        supply,
        1.0,
        5,
        channels__apheresis__first_time_share=0.0,
        donor_pools__apheresis={**pool, **changes},
        run__score_start="2010-01-01",
        run__score_end=str(np.datetime64("2010-01-01") + np.timedelta64(days - 1, "D")),
        run__warmup_days=0,
        run__daily_replications=8,
    )


def donors_of(scenario):
    pool = compile_world(scenario).pools[0]
    return int(pool.opening_eligible.sum() + pool.opening_ring.sum())


def gifts_by_day(results):
    return results.daily["collected"].isel(variant=0, region=0, product=0).transpose("day", ...)


@pytest.mark.parametrize(
    ("interval", "wait", "expected"),
    [(180, 120, 1.2167), (90, 60, 2.4333), (14, 16, 12.1667)],
)
def test_gifts_per_donor_year_are_those_of_a_renewal_process(interval, wait, expected):
    scenario = closed_pool(interval, wait, days=4 * (interval + wait))
    results = simulate(scenario, replications=8, seed=3)
    years = results.scored_days / 365
    rate = gifts_by_day(results).sum("day") / donors_of(scenario) / years
    assert expected == pytest.approx(365 / (interval + wait), abs=1e-4)
    assert float(rate.mean()) == pytest.approx(expected, rel=0.004)


def test_a_higher_hazard_gives_the_renewal_rate_of_the_shorter_wait():
    """Twice the hazard for good: 365 / (180 + 60 - 0.5) gifts a donor-year, in daily slots."""
    campaign = {"lift_repeat": 1.0}
    scenario = closed_pool(180, 119, days=2400).set("resources.campaigns.always", campaign)
    results = simulate(scenario, replications=8, seed=3)
    late = gifts_by_day(results)[-3 * 240 :]
    rate = float(late.mean()) * 365 / donors_of(scenario)
    assert rate == pytest.approx(365 / (180 - 1 + 120 / 2), rel=0.01)


def appealed(interval=60, wait=39, days=1000, **campaign):
    """Gifts a day (mean over replications) with and without ten days of appeal from day 100."""
    base = closed_pool(interval, wait, supply=2000.0, days=days)
    dates = {"from_date": "2010-04-11", "to_date": "2010-04-20"}
    called = base.set("resources.campaigns.appeal", {**dates, "lift_repeat": 1.0, **campaign})
    one, other = (gifts_by_day(simulate(s, replications=8, seed=3)) for s in (base, called))
    return one.mean("replication").values, other.mean("replication").values


def test_an_appeal_is_paid_back_by_a_trough_one_interval_later():
    usual, called = appealed()
    change = called - usual
    assert (change[100:110] > 0.5 * usual[100:110]).all()
    # From its second day on the appeal draws on a smaller pool; the debt is deepest when it ends,
    # and is made good when the donors of the appeal are eligible again, an interval later.
    debt = change[110:160]
    assert (debt < 0).all()
    assert np.argmin(change[105:160]) < 10
    assert change[100:110].sum() + change[110:160].sum() < 0.5 * change[100:110].sum()


def test_the_net_gain_of_an_appeal_is_one_over_one_plus_h_i():
    """method.md §3 (viii), for daily slots: 1 / (1 + p (I - 1)) with p = 1 / (1 + mean wait)."""
    usual, called = appealed()
    change = called - usual
    # What the appeal took beyond the hazard of those days, not the gifts seen on them.
    eligible = 2000.0 * 40
    extra, level = 0.0, eligible
    for _ in range(10):
        gifts = min(2000.0 * 2 * level / eligible, level)
        extra += gifts / 2
        level += 2000.0 - gifts
    gain = change.sum() / extra
    assert gain == pytest.approx(1 / (1 + 59 / 40), rel=0.05)


def test_a_cancelled_campaign_does_nothing_and_chance_is_drawn_ahead():
    usual, cancelled = appealed(days=150, cancel_probability=1.0)
    assert np.array_equal(usual, cancelled)
    base = closed_pool(60, 39, days=150)
    half = base.set("resources.campaigns.x", {"lift_repeat": 0.5, "cancel_probability": 0.5})
    plain, drawn = (simulate(s, replications=8, seed=5).totals for s in (base, half))
    held = (drawn["collected"] > plain["collected"]).values.ravel()
    assert 0 < held.sum() < 8
    few = simulate(half, replications=3, seed=5).totals["collected"]
    assert few.equals(drawn["collected"].sel(replication=[0, 1, 2]))


def pooled_provinces(**changes):
    pools = {"whole_blood": {"elasticity": 0.8}, "apheresis": {"mean_return_days": 20}}
    return three_provinces(donor_pools=pools, variants=None, **changes)


def test_pools_are_off_by_default_and_neutral_without_elasticity():
    plain = simulate(three_provinces(variants=None), replications=3)
    neutral = {"elasticity": 0.0, "reactive_share": 0.0}
    pools = {"whole_blood": neutral, "apheresis": {**neutral, "max_per_year": 365}}
    shares = {"channels__street__first_time_share": 0.5}
    shares["channels__apheresis__first_time_share"] = 0.25
    plain = simulate(three_provinces(variants=None, **shares), replications=3)
    neutral = simulate(three_provinces(variants=None, donor_pools=pools, **shares), replications=3)
    for name in ("totals", "groups", "daily", "transfers"):
        assert plain.tables[name].equals(neutral.tables[name])
    assert "regular" not in plain.collection
    assert (neutral.collection["regular"] > 0).all()


def test_a_pool_starts_as_it_goes_on():
    """No boom in the first year: turnout with a pool is turnout without one, on average."""
    years = {"run__score_start": "2025-01-01", "run__score_end": "2026-12-31"}
    off = {"channels__street__regulation": None, "regional_factors__collection__sd": 0.0}
    plain = simulate(three_provinces(variants=None, **years, **off), replications=4)
    pooled = simulate(pooled_provinces(**years, **off), replications=4)
    one, other = (r.daily["collected"].sel(product="red_cells") for r in (plain, pooled))
    ratio = (other.sum(["region", "replication"]) / one.sum(["region", "replication"])).values
    quarters = [float(part.mean()) for part in np.array_split(ratio.ravel(), 8)]
    assert all(abs(quarter - 1) < 0.02 for quarter in quarters)


@pytest.mark.parametrize("block", [1, 3])
def test_pools_do_not_depend_on_the_block(block):
    scenario = pooled_provinces().set(
        "resources.campaigns.x", {"lift_repeat": 0.4, "cancel_probability": 0.5}
    )
    whole = simulate(scenario, replications=5)
    split = simulate(scenario.set("run.block_replications", block), replications=5)
    for name in ("totals", "collection", "daily"):
        assert whole.tables[name].equals(split.tables[name])


def test_lifted_turnout_never_takes_more_than_are_eligible():
    """A call ten times too loud: the pool runs dry, nobody gives twice, all donors are known."""
    scenario = closed_pool(14, 3, days=120).set("resources.campaigns.x", {"lift_repeat": 40.0})
    gifts = gifts_by_day(simulate(scenario, replications=4))  # the ledger checks donors
    donors = donors_of(scenario)
    window = gifts.values.cumsum(axis=0)
    assert ((window[14:] - window[:-14]) <= donors).all()
    assert float(gifts[30:114].sum("day").mean()) == pytest.approx(6 * donors, rel=0.01)


def test_fatigue_wears_an_appeal_out():
    scenario = closed_pool(14, 16)
    world = compile_world(scenario)
    bank = Bank.opening(world, 2)
    donors = Donors(world, bank)
    factors = []
    for day in range(30):
        donors.appeal(0, np.array([[0.5, 0.0]]))
        donors.open_day(None, day)  # type: ignore[arg-type]
        bank.donors.pools[0].eligible[:] = world.pools[0].opening_eligible[..., None]
        factors.append(bank.pool_factor[0, 0].copy())
    lifted = np.array(factors)[:, 0] / np.array(factors)[:, 1] - 1
    assert lifted[0] == pytest.approx(0.5)
    assert (np.diff(lifted) < 0).all()
    assert lifted[-1] == pytest.approx(0.5 * 0.97**29)


def test_donors_on_call_give_on_the_day_within_size_and_interval():
    team = {
        "product": "red_cells",
        "groups": ["AB_neg", "O_neg"],
        "size": 7,
        "below_units": 1e6,
        "donors_per_call": 3,
        "interval_days": 10,
        "regions": ["north"],
        "from_date": "2026-02-10",
    }
    plain = simulate(three_provinces(variants=None), replications=2)
    called = three_provinces(variants=None, donor_pools__teams__rare=team)
    results = simulate(called, replications=2)  # the ledger checks the members
    more = results.groups["collected"] - plain.groups["collected"]
    days = (np.datetime64("2026-03-15") - np.datetime64("2026-02-10")).astype(int) + 1
    calls = [min(3, 7 - 3 * (day % 10)) if day % 10 < 3 else 0 for day in range(days)]
    units = more.sel(region="north", product="red_cells").isel(variant=0)
    assert float(units.sel(group="AB_neg").min()) > 1.2 * sum(calls)
    assert float(units.sel(group="AB_neg").max()) < 2.5 * sum(calls)


def test_a_team_is_conserved_and_rests():
    from bloodsim.model.donor_teams import TeamState, TeamWorld

    team = TeamWorld(0, (1,), np.ones((40, 1), bool), 7, 10.0, 3, 10)
    state = TeamState.opening(team, 2)
    low = np.array([[[4, 12]]])
    given = [int(state.call(team, low, day)[0, 0, 0]) for day in range(25)]
    assert given == ([3, 3, 1] + 7 * [0]) * 2 + [3, 3, 1, 0, 0]
    assert state.known().tolist() == [[7, 7]]


def test_platelet_donors_who_come_from_the_whole_blood_pool_leave_it():
    platelets = {"from_whole_blood_share": 0.5}
    pools = {"whole_blood": {}, "apheresis": platelets}
    years = {"run__score_start": "2025-01-01", "run__score_end": "2026-12-31", "variants": None}
    years |= {"channels__apheresis__first_time_share": 0.4, "channels__street__regulation": None}
    scenario = three_provinces(donor_pools=pools, **years)
    plain = three_provinces(donor_pools={**pools, "apheresis": {}}, **years)
    one, other = (simulate(s, replications=2) for s in (plain, scenario))  # donors are checked
    ratio = other.collection["donations"].sum() / one.collection["donations"].sum()
    assert float(ratio) == pytest.approx(1, abs=0.01)  # the usual path knows of the loss


def test_the_eligible_leave_first_then_those_who_waited_longest():
    world = compile_world(pooled_provinces())
    state = Bank.opening(world, 1).donors.pools[0]
    known, eligible = state.known(), int(state.eligible[:, 0].sum())
    donors = np.array([[eligible + 30], [0], [5]], dtype=np.int32)
    state.leave(donors, range(-180, -90))
    assert state.eligible[:, 0].sum() == 0
    assert state.removed[:, 0].tolist() == [eligible + 30, 0, 5]
    assert np.array_equal(state.known(), known)


def test_a_shorter_interval_frees_donors_at_once_and_raises_turnout():
    law = [{"from_date": "2010-09-01", "interval_days": 90}]
    scenario = closed_pool(180, 120, days=1500, interval_changes=law)
    gifts = gifts_by_day(simulate(scenario, replications=8)).mean("replication").values
    before, after = gifts[:240].mean(), gifts[1000:].mean()
    assert after / before == pytest.approx((180 + 120) / (90 + 120), rel=0.02)
    assert gifts[243:260].mean() > 1.3 * before


def test_retention_and_recall_move_turnout():
    lost = {"retention": [{"from_date": "2010-03-01", "factor": 0.5}]}
    won = {**lost, "recall": [{"from_date": "2010-03-01", "share_per_day": 0.01}]}
    base, less, more = (
        float(gifts_by_day(simulate(closed_pool(30, 20, days=500, **c), replications=4)).sum())
        for c in ({}, lost, won)
    )
    assert less < 0.5 * base
    assert less < more < base


def test_an_appeal_without_a_pool_lifts_the_whole_turnout_for_one_day():
    world = compile_world(three_provinces(variants=None))
    bank = Bank.opening(world, 2)
    donors = Donors(world, bank)
    donors.appeal(0, np.full((3, 2), 0.06))
    donors.open_day(None, 0)  # type: ignore[arg-type]
    assert bank.pool_factor[0] == pytest.approx(1.06)
    assert (bank.pool_factor[1] == 1).all()
    donors.open_day(None, 1)  # type: ignore[arg-type]
    assert bank.pool_factor == pytest.approx(1.0)


def test_variants_with_and_without_pools_stand_side_by_side():
    scenario = three_provinces(
        overrides__pools={"donor_pools": {"whole_blood": {}}},
        variants={"without": ["alone"], "with_pools": ["pools"]},
    )
    results = simulate(scenario, replications=2)
    regular = results.collection["regular"].sel(channel="street")
    assert regular.sel(variant="without").isnull().all()
    assert (regular.sel(variant="with_pools") > 0).all()
    assert "regular_donor_share" in set(results.kpi()["kpi"])


def test_a_donor_who_gives_twice_is_noticed(monkeypatch):
    from bloodsim.model.donor_state import PoolState
    from bloodsim.model.ledger import ConservationError

    def forget(self, donors, ring_days):
        self.eligible[2] -= donors

    monkeypatch.setattr(PoolState, "leave", forget)
    pools = {"whole_blood": {}, "apheresis": {"from_whole_blood_share": 0.5}}
    with pytest.raises(ConservationError, match="donors"):
        simulate(three_provinces(donor_pools=pools, variants=None), replications=1)


def beyond_the_cap(interval: int, mean_wait: float, most: int) -> float:
    """Share of gifts that donors would give beyond *most* in a year, counted one by one.

    A donor waits *interval* days and then gives with probability 1 / (1 + mean wait) each day; the
    year begins anywhere in that. E[N - min(N, most)] / E[N] by convolution of the days of gifts.
    """
    hazard, longest = 1 / (1 + mean_wait), 366
    wait = np.zeros(longest)
    wait[interval:] = hazard * (1 - hazard) ** np.arange(longest - interval)
    later = 1 - np.cumsum(wait)  # P(more than d days between two gifts)
    day, expected, within = later[:365] / (interval + mean_wait), 0.0, 0.0
    for number in range(1, 60):
        expected += day.sum()
        within += day.sum() if number <= most else 0.0
        day = np.convolve(day, wait)[:365]
    assert expected == pytest.approx(365 / (interval + mean_wait))
    return 1 - within / expected


def test_the_cap_of_gifts_a_year_holds_on_average():
    """The pool caps the hazard, so that a mean donor gives 24 times; single donors vary around it.

    What the mean-field cap lets through is 0.8 % of gifts where it binds all year, and nothing
    where donors return after 30 days as by default.
    """
    scenario = closed_pool(14, 30.0, max_per_year=24)
    pool = compile_world(scenario).pools[0]
    mean_wait = 1 / pool.most_per_eligible - 1
    assert 365 / (14 + mean_wait) == pytest.approx(24)
    assert beyond_the_cap(14, mean_wait, 24) == pytest.approx(0.008, abs=0.001)
    assert beyond_the_cap(14, 30.0, 24) < 1e-9
