"""Collection resources: what each does to turnout, and what is refused or warned of."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from test_checks import found, under
from worlds import lone_region, three_provinces
from worlds_exact import daily, exact_world, play

from bloodsim.experiment import simulate
from bloodsim.metrics import donors_per_team_hour, team_days, voluntary_share
from bloodsim.model.world import compile_world
from bloodsim.scenario import Scenario


def region(**changes: Any) -> Scenario:
    """One region, 100 apheresis donors a day, three months of 2025."""
    dates = {"run__score_start": "2025-03-01", "run__score_end": "2025-05-31"}
    return lone_region(100.0, 50.0, **{**dates, "run__warmup_days": 0, **changes})


def mean(scenario: Scenario, first: str, last: str) -> np.ndarray:
    """Planned donors a day of the first channel and region between two dates."""
    world = compile_world(scenario)
    days = [(date.fromisoformat(day) - world.start).days for day in (first, last)]
    return world.channels[0].invited_mean[days[0] : days[1] + 1, 0]


def test_places_limit_every_session():
    limit = {"places": 80, "from_date": "2025-04-01", "to_date": "2025-04-30"}
    scenario = region(resources__session_places=[limit])
    daily = simulate(scenario, replications=4).daily["collected"].isel(variant=0, product=0)
    april = daily.sel(day=slice("2025-04-01", "2025-04-30"))
    assert float(april.max()) == 80
    assert float(daily.sel(day=slice("2025-05-01", None)).max()) > 100
    teams = scenario.set("resources.staffing.apheresis", {"teams": 2})
    daily = simulate(teams, replications=4).daily["collected"].isel(variant=0, product=0)
    assert float(daily.max()) > 100  # two teams seat 160


def test_a_laboratory_takes_no_more_whole_blood_than_it_can_process():
    alone = three_provinces(
        variants=None, policies__transfer={"kind": "none"}, run__warmup_policy={"kind": "none"}
    )
    scenario = alone.set("resources.processing", [{"donations_per_day": 40}])
    results = simulate(scenario, replications=3)
    days = results.scored_days
    given = results.collection["donations"].sel(channel="street")
    assert float(given.max()) <= 40 * days
    plain = simulate(alone, replications=3).collection["donations"]
    assert (given < plain.sel(channel="street")).all()


def test_sites_come_on_top_while_they_are_open():
    site = {"region": "north", "channel": "apheresis", "donors_per_day": 30}
    site |= {"from_date": "2025-04-01", "until_date": "2025-04-30", "open_weekdays": ["mon"]}
    donors = mean(region(resources__sites={"house": site}), "2025-03-25", "2025-05-06")
    assert set(donors) == {100.0, 130.0}
    assert (donors > 100).sum() == 4  # Mondays of April 2025


def test_trends_grow_by_the_year_and_stop():
    trend = {"per_year": 0.1, "from_date": "2025-03-11", "to_date": "2025-04-10"}
    donors = mean(region(resources__trends=[trend]), "2025-03-01", "2025-05-31")
    assert (donors[:11] == 100).all()
    assert donors[25] == pytest.approx(100 * 1.1 ** (15 / 365))
    assert donors[-1] == pytest.approx(100 * 1.1 ** (30 / 365))


def test_a_trace_replaces_the_mean_on_its_dates():
    trace = {"apheresis": {"north": {"2025-03-10": 7, "2025-03-11": 0}}}
    donors = mean(region(resources__traces=trace), "2025-03-09", "2025-03-12")
    assert donors.tolist() == [100, 7, 0, 100]


def test_a_planned_month_is_followed():
    plan = {"months": {4: 599}, "counts": "units"}
    changes = {
        "resources__plans": [plan],
        "channels__apheresis__deferral_share": 0.2,
        "products__platelets__units_per_donation": 1.5,
    }
    scenario = region(**changes)
    april = mean(scenario, "2025-04-01", "2025-04-30")
    assert april.sum() * 0.8 * 1.5 == pytest.approx(599)
    daily = simulate(scenario, replications=40).daily["collected"].isel(variant=0, product=0)
    units = daily.sel(day=slice("2025-04-01", "2025-04-30")).sum("day")
    assert float(units.mean()) == pytest.approx(599, rel=0.04)
    assert mean(scenario, "2025-05-01", "2025-05-01") == 100


def caught_up(monkeypatch, donors, months=((6, 300),), **plan: Any) -> list[float]:
    """Donors a day of June 2025 from the 2nd on, where 10 a day are planned."""
    plan = {"months": dict(months), "catch_up_from_day": 16, **plan}
    scenario = exact_world(29, resources__plans=[plan])
    latent = {(day, 0): donors(day) for day in range(29)}
    return daily(play(monkeypatch, scenario, donors=latent, uniform=0.5), "collected")


def test_a_month_catches_up_from_its_day_on(monkeypatch):
    """P = 300 x 29/30 = 290; 5 a day until the 15th leave 220 for fifteen days of 10."""

    def donors(day):
        return 5 if day < 14 else 10

    free = caught_up(monkeypatch, donors, catch_up_max_factor=3)
    assert free[:14] == [5] * 14
    assert free[14] == 15  # 220 / 150 of 10, rounded
    given = 70 + np.cumsum(free[14:])
    for day in range(15, 29):
        left = 290 - given[day - 15]
        assert free[day] == np.floor(10 * left / (10 * (29 - day)) + 0.5)
    assert sum(free) == 290
    capped = caught_up(monkeypatch, donors, catch_up_max_factor=1.3)
    assert capped[14:] == [13] * 15
    assert caught_up(monkeypatch, lambda day: 5, catch_up_from_day=None) == [5] * 29


def test_what_is_too_much_is_kept(monkeypatch):
    assert caught_up(monkeypatch, lambda day: 12) == [12] * 29


def test_planned_units_are_counted_at_the_size_of_gifts(monkeypatch):
    plan = {"counts": "units", "months": {6: 600}, "catch_up_from_day": 16}
    gifts = {"ml_200": 0, "ml_300": 0, "ml_400": 1}
    scenario = exact_world(
        29, resources__plans=[plan | {"catch_up_max_factor": 3}], regions__north__gift_shares=gifts
    )
    latent = {(day, 0): 5 if day < 14 else 10 for day in range(29)}
    assert sum(daily(play(monkeypatch, scenario, donors=latent, uniform=0.5), "collected")) == 580


def test_a_new_month_begins_with_nothing_given(monkeypatch):
    plan = {"months": {6: 300, 7: 310}, "catch_up_from_day": 1, "catch_up_max_factor": 2}
    scenario = exact_world(60, resources__plans=[plan])
    latent = {(day, 0): 0 if day < 29 else 10 for day in range(60)}
    found = daily(play(monkeypatch, scenario, donors=latent, uniform=0.5), "collected")
    assert found == [0] * 29 + [10] * 31


def organisation(**changes: Any) -> Scenario:
    one = {"region": "north", "channel": "apheresis", "headcount": 1000, "quota": 300}
    return region(
        regions__north__donors_per_day={"apheresis": 0},
        resources__organisations={"mill": one | changes},
        run__score_end="2026-02-28",
    )


def test_visits_are_evenly_spaced_outside_closures_and_gaps_are_kept():
    closed = [{"from_date": "04-01", "to_date": "05-31"}]
    scenario = organisation(min_visits=3, visit_gap_days=60, cap_share=0.5, closures=closed)
    donors = compile_world(scenario).channels[0].invited_mean[:, 0]
    days = np.flatnonzero(donors)
    assert (donors[days] == 100).all()  # the quota over the visits
    assert (np.diff(days) >= 60).all()
    world = compile_world(scenario)
    dates = [world.date(int(day)) for day in days]
    assert not any(4 <= day.month <= 5 for day in dates)
    assert all(world.calendar.is_working_day(day) for day in dates)


def test_fixed_visits_and_caps():
    scenario = organisation(visits=["2025-03-10", "2025-10-08"], cap_share=0.1)
    donors = compile_world(scenario).channels[0].invited_mean[:, 0]
    assert np.flatnonzero(donors).tolist() == [9, 221]
    assert donors.max() == 100  # a tenth of the headcount, not half of the quota


def test_a_pool_of_organisations_gives_its_visits_over_the_year():
    pool = {"region": "north", "channel": "apheresis", "organisations": 240, "donors_per_visit": 50}
    scenario = region(
        regions__north__donors_per_day={"apheresis": 0},
        resources__organisation_pools={"mills": pool},
        run__score_end="2026-02-28",
    )
    donors = compile_world(scenario).channels[0].invited_mean[:, 0]
    assert donors.mean() * 365 == pytest.approx(240 * 50)
    assert (donors == 0).mean() == pytest.approx(0.31, abs=0.03)  # weekends and days off


def test_team_days_and_donors_per_team_hour():
    staffing = {"apheresis": {"teams": 4, "hours": 5}}
    results = simulate(region(resources__staffing=staffing), replications=4)
    days = results.scored_days
    assert (team_days(results) == 4 * days).all()
    assert float(donors_per_team_hour(results).mean()) == pytest.approx(100 / 20, rel=0.02)


def test_mutual_aid_ends_on_its_date_and_lowers_the_voluntary_share():
    aid = {
        "label": {"en": "Mutual aid"},
        "gift": "apheresis",
        "profile": "flat",
        "donor_kind": "mutual_aid",
        "until_date": "2018-03-31",
    }
    scenario = region(
        channels__mutual_aid=aid,
        regions__north__donors_per_day={"mutual_aid": 50},
        run__score_start="2018-03-01",
        run__score_end="2018-04-30",
    )
    results = simulate(scenario, replications=4)
    expected = 61 * 100 / (61 * 100 + 31 * 50)
    assert float(voluntary_share(results).mean()) == pytest.approx(expected, abs=0.01)


AID = {"label": {"en": "Mutual aid"}, "gift": "whole_blood", "profile": "flat"}
AID |= {"donor_kind": "mutual_aid"}
RULE = {"channel": "aid", "product": "red_cells", "donors_per_unit": 0.5, "delay_days": 2}


def relatives(monkeypatch, days=8, **changes: Any) -> list[float]:
    """Donors a day whom requests of 10, 8 and 4 U bring, from Monday 2 June 2025 on."""
    scenario = exact_world(
        days,
        channels__aid=AID,
        donor_pools__replacement=[{**RULE, **changes}],
    )
    requests = {(0, 0): 10, (1, 0): 8, (5, 0): 4}
    return daily(play(monkeypatch, scenario, requests=requests), "collected")


def test_relatives_give_some_days_after_the_request(monkeypatch):
    assert relatives(monkeypatch) == [0, 0, 5, 4, 0, 0, 0, 2]
    assert relatives(monkeypatch, delay_days=0) == [5, 4, 0, 0, 0, 2, 0, 0]
    assert relatives(monkeypatch, to_date="2025-06-04") == [0, 0, 5, 0, 0, 0, 0, 0]
    assert relatives(monkeypatch, classes=["elective"]) == [0] * 8


def test_relatives_are_no_volunteers_and_know_no_policy():
    scenario = three_provinces(
        channels__aid=AID | {"profile": "need"},
        donor_pools={"replacement": [RULE], "whole_blood": {}},
    )
    results = simulate(scenario, replications=3)
    aid = results.collection["donations"].sel(channel="aid")
    assert aid.sel(variant="none").equals(
        aid.sel(variant="proportional").assign_coords(variant="none")
    )
    requested = results.totals["requested"].sel(product="red_cells", variant="none").sum("region")
    emergencies = results.totals["requested_emergency"].sel(product="red_cells", variant="none")
    expected = 0.5 * float((requested - emergencies.sum("region")).mean())
    assert float(aid.sel(variant="none").sum("region").mean()) == pytest.approx(expected, rel=0.06)
    assert float(voluntary_share(results).max()) < 0.9
    assert results.collection["regular"].sel(channel="aid").sum() == 0


def test_a_world_without_channels_lives_on_its_opening_stock(monkeypatch):
    scenario = exact_world(3)
    raw = scenario.raw
    raw["channels"], raw["regions"]["north"]["donors_per_day"] = {}, {}
    alone = Scenario.from_mapping(raw)
    assert [p.message for p in alone.warnings()][:1] == ["nobody collects it and nobody orders it"]
    results = play(monkeypatch, alone, {(0, 5): 12}, requests={(0, 0): 5, (1, 0): 5, (2, 0): 5})
    assert daily(results, "issued") == [5, 5, 2]
    assert results.collection.sizes["channel"] == 0
    kpi = results.kpi().set_index("kpi")["mean"]
    assert kpi["donations"] == 0
    assert kpi["issued.red_cells"] == 12


def test_only_booked_donors_fail_to_come():
    changes = {"channels__apheresis__no_show_share": 0.4, "channels__apheresis__booked_share": 0.5}
    table = simulate(region(**changes), replications=4).collection.sum()
    assert float(table["came"] / table["invited"]) == pytest.approx(0.8, abs=0.01)


def test_awareness_moves_the_turnout_of_its_part_of_the_donors():
    rule = {"population_group": "students", "share_of_donors": 0.5, "factor": 1.4}
    rule |= {"from_date": "2025-04-01", "applies_to": "first_time"}
    changes = {"channels__apheresis__first_time_share": 0.6, "donor_pools__awareness": [rule]}
    plain, moved = (simulate(region(**c), replications=8) for c in ({}, changes))
    one, other = (
        r.daily["collected"].sel(day=slice("2025-04-01", None)).sum() for r in (plain, moved)
    )
    assert float(other / one) == pytest.approx(1 + 0.6 * 0.5 * 0.4, abs=0.005)


_ORGANISATION = {"region": "BJ", "channel": "street", "headcount": 100}
_ALWAYS_CLOSED = [
    {"from_date": "03-01", "to_date": "08-31"},
    {"from_date": "09-01", "to_date": "02-28"},
]
_CLOSED = [{"from_date": "07-05", "to_date": "08-31"}]


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (under("resources", "campaigns", "x", channels=["stret"]), "did you mean 'street'?"),
        (under("resources", "campaigns", "x", regions=["BJJ"]), "did you mean 'BJ'?"),
        (
            under("resources", "campaigns", "x", from_date="2026-02-02", to_date="2026-02-01"),
            "is before from_date",
        ),
        (under("resources", "campaigns", "x", effort=1), "lifts nothing"),
        (under("resources", session_places=[{"places": 9, "channels": ["x"]}]), "unknown channel"),
        (under("resources", "staffing", stret={}), "did you mean 'street'?"),
        (
            under("resources", "traces", "street", BB={"2026-02-02": 5}),
            "unknown region 'BB'",
        ),
        (
            under("resources", plans=[{"counts": "units", "months": {2: 599}}]),
            "channels of one gift",
        ),
        (
            under("resources", "organisations", mill={**_ORGANISATION, "quota": 90}),
            "warning resources.organisations.mill.quota: a quota of 90 donors is above the cap",
        ),
        (
            under("resources", "organisations", mill={**_ORGANISATION, "donors_per_visit": 900}),
            "warning resources.organisations.mill.donors_per_visit: 900 donors a visit are above",
        ),
        (
            under(
                "resources",
                "organisations",
                mill={**_ORGANISATION, "closures": _ALWAYS_CLOSED, "min_visits": 1},
            ),
            "warning resources.organisations.mill.closures: its closures leave no day",
        ),
        (
            under(
                "resources",
                "organisations",
                mill={**_ORGANISATION, "closures": _CLOSED, "visits": ["2026-07-20"]},
            ),
            "the visit of 2026-07-20 lies in a closure",
        ),
        (
            under(
                "resources",
                "organisations",
                mill={**_ORGANISATION, "visits": ["2026-01-20", "2026-02-20"]},
            ),
            "less than visit_gap_days apart",
        ),
        (
            under("resources", "organisations", mill={**_ORGANISATION, "min_visits": 5}),
            "do not fit gaps",
        ),
        (under("resources", "organisations", m={**_ORGANISATION, "cap_share": 1.2}), "cap_share"),
        (
            under(
                "resources",
                "candidate_sites",
                x={"region": "BJ", "channel": "street", "catchment": {15: 10, 30: 5}},
            ),
            "fewer residents within a longer travel time",
        ),
        (under("donor_pools", "whole_blood", interval_days=0), "interval_days"),
        (under("donor_pools", "whole_blood", repeat_shares={"once": 0.5}), "they must sum to 1"),
        (
            under("donor_pools", "whole_blood", target_regular_share=0.5),
            "50% are the target",
        ),
        (
            under("donor_pools", "apheresis", interval_days=7, mean_return_days=1),
            "24 are allowed",
        ),
        (
            under(
                "donor_pools",
                "teams",
                rare={
                    "product": "red_cell",
                    "groups": ["O_neg"],
                    "size": 5,
                    "below_units": 2,
                    "donors_per_call": 9,
                },
            ),
            "did you mean 'red_cells'?",
        ),
        (under("channels", "street", donor_kind="mutual_aid"), "March 2018"),
        (
            under("donor_pools", replacement=[RULE | {"channel": "street"}]),
            "channel 'street' is of voluntary donors",
        ),
        (under("donor_pools", replacement=[RULE]), "unknown channel 'aid'"),
        (under("donor_pools", replacement=[RULE | {"product": "red"}]), "unknown product 'red'"),
        (
            under("channels", "street", from_date="2026-03-01", until_date="2026-01-01"),
            "is before from_date",
        ),
    ],
)
def test_what_cannot_be_meant(patch, said):
    assert any(said in line for line in found(patch)), found(patch)


@pytest.mark.parametrize("life", [3, 35])
def test_laboratories_release_on_their_working_days_and_ages_go_on(life):
    changes = {
        "products__red_cells__shelf_life_days": life,
        "products__red_cells__test_delay_days": 1,
        "routes__products__red_cells__min_life_days": 1,
        "routes__lead_times": [{"up_to_km": 5000, "days": 1}],
        "run__warmup_days": 40,
        "variants": None,
    }
    laboratory = {"regions": ["south"], "weekdays": ["mon", "tue", "wed", "thu", "fri"]}
    scenario = three_provinces(**changes)
    closed = scenario.set("resources.laboratories", [laboratory])
    daily = simulate(closed, replications=3).daily.sel(product="red_cells")  # books are checked
    weekend = daily["day"].dt.dayofweek >= 5
    released = daily["released"].sum("replication")
    assert (released.sel(region="south")[:, weekend] == 0).all()
    assert (released.sel(region="north")[:, weekend] > 0).all()
    monday = released.sel(region="south")[:, daily["day"].dt.dayofweek == 0]
    assert float(monday.mean()) > 1.8 * float(released.sel(region="south").mean())
    discarded = daily["discarded"].sel(region="south").sum()
    plain = simulate(scenario, replications=3).daily["discarded"].sel(product="red_cells")
    lost_in_waiting = float(discarded / plain.sel(region="south").sum())
    assert lost_in_waiting > 2 if life == 3 else lost_in_waiting < 1.2


def test_gift_sizes_change_on_their_date():
    mix = {"from_date": "2026-02-20", "gift_shares": {"ml_200": 0, "ml_300": 0, "ml_400": 1}}
    scenario = three_provinces(variants=None, channels__street__regulation=None)
    one, other = (
        simulate(s, replications=2).daily["collected"].sel(product="red_cells")
        for s in (scenario, scenario.set("resources.gift_mix", [mix]))
    )
    before, after = slice(None, "2026-02-19"), slice("2026-02-20", None)
    assert one.sel(day=before).equals(other.sel(day=before))
    ratio = float(other.sel(day=after).sum() / one.sel(day=after).sum())
    assert ratio == pytest.approx(2 / (0.19 + 1.5 * 0.23 + 2 * 0.58), rel=0.02)
