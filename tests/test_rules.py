"""Rules of stock, collection and steering on worlds without chance, to the piece."""

from __future__ import annotations

import pytest
from worlds_exact import ALL_GROUPS, Planned, by_group, daily, exact_world, play, road, total

# ------------------------------------------------------------------------------------ shelf life


def test_a_unit_is_last_issued_on_day_v_plus_life_less_one(monkeypatch):
    """Life 3, collected on day 0: issued on days 1 and 2, outdated on day 3."""
    world = exact_world(5, products__red_cells__shelf_life_days=3)
    wanted = {(0, 0): 5, (1, 0): 2, (2, 0): 3, (3, 0): 9}
    result = play(monkeypatch, world, donors={(0, 0): 10}, requests=wanted)
    assert daily(result, "issued") == [0, 2, 3, 0, 0]
    assert daily(result, "outdated") == [0, 0, 0, 5, 0]
    assert daily(result, "lost") == [5, 0, 0, 9, 0]


@pytest.mark.parametrize("delay", [0, 1, 2, 3])
def test_units_are_released_exactly_after_the_test_delay(monkeypatch, delay):
    """Collected on day 1, on the shelf on day 1 + delay (1 at least) and issued that day."""
    world = exact_world(6, products__red_cells__test_delay_days=delay)
    day = 1 + max(1, delay)
    wanted = {(d, 0): 2 for d in range(6)}
    result = play(monkeypatch, world, donors={(1, 0): 20}, requests=wanted)
    assert daily(result, "collected") == [0, 20, 0, 0, 0, 0]
    assert daily(result, "released") == [20 * (d == day) for d in range(6)]
    assert daily(result, "in_test") == [20 * (1 <= d < day) for d in range(6)]
    assert daily(result, "issued") == [2 * (d >= day) for d in range(6)]


def test_an_opening_stock_file_keeps_its_days_of_life(monkeypatch):
    """Units with 1 day left go today or never; those with 3 days left go on day 2 at the latest."""
    world = exact_world(5)
    result = play(monkeypatch, world, {(0, 1): 4, (0, 3): 6}, requests={(0, 0): 1, (2, 0): 2})
    assert total(result, "opening") == 10
    assert daily(result, "outdated") == [0, 3, 0, 4, 0]
    assert daily(result, "issued") == [1, 0, 2, 0, 0]


def test_the_warm_up_opens_with_the_newest_cohorts(monkeypatch):
    """3 days' cover of 10 U, life 5, delay 1: ten pieces outdate on each of days 1, 2 and 3."""
    world = exact_world(
        5, products__red_cells__shelf_life_days=5, products__red_cells__opening_cover_days=3
    )
    result = play(monkeypatch, world)
    assert total(result, "opening") == 30
    assert daily(result, "outdated") == [0, 10, 10, 10, 0]


@pytest.mark.parametrize(
    ("order", "outdated"), [("oldest", [0, 0, 0, 3, 0]), ("youngest", [0, 3, 0, 0, 0])]
)
def test_issue_order(monkeypatch, order, outdated):
    """3 old and 4 young units, 4 requested: what is left over is young, or old."""
    world = exact_world(5, products__red_cells__issue_order=order)
    result = play(monkeypatch, world, {(0, 1): 3, (0, 3): 4}, requests={(0, 0): 4})
    assert daily(result, "outdated") == outdated


@pytest.mark.parametrize(
    ("order", "age_sum"), [("oldest", 22 + 12 + 16), ("youngest", 12 + 4 + 12)]
)
def test_age_at_issue(monkeypatch, order, age_sum):
    """On day 0 two units are aged 9 and four aged 4; six collected then are released on day 1.

    Oldest first: day 0 takes 9, 9, 4; day 2 takes 6, 6; day 3 takes 7, 3, 3, 3. Youngest first:
    day 0 takes 4, 4, 4 (those aged 9 outdate on day 1); day 2 takes 2, 2; day 3 takes 3, 3, 3, 3.
    """
    world = exact_world(5, products__red_cells__issue_order=order)
    result = play(
        monkeypatch,
        world,
        {(0, 1): 2, (0, 6): 4},
        donors={(0, 0): 6},
        requests={(0, 0): 3, (2, 0): 2, (3, 0): 4},
    )
    assert total(result, "issued") == 9
    assert total(result, "age_issued_days") == age_sum


def test_age_at_issue_survives_the_road(monkeypatch):
    """Six units aged 4 leave north on day 0, reach south on day 2 and are issued there aged 6."""
    world = exact_world(4, ("north", "south"), routes=road(lead_days=2))
    result = play(
        monkeypatch,
        world,
        {(0, 6): 8, (1, 2): 1},
        requests={(0, 0): 2, (0, 1): 1, (2, 1): 4, (3, 1): 2},
        policy=Planned({0: [(0, 1, 6)]}),
    )
    assert total(result, "age_issued_days", region=0) == 2 * 4
    assert total(result, "age_issued_days", region=1) == 8 + 4 * 6 + 2 * 7


# ------------------------------------------------------------------------------------ collection


@pytest.mark.parametrize(("uniform", "came"), [(0.0, 4), (0.999, 3)])
def test_no_shows_are_rounded_without_bias(monkeypatch, uniform, came):
    """Half of 7 invited donors stay away: 3 or 4, by the uniform."""
    world = exact_world(2, channels__street__no_show_share=0.5)
    result = play(monkeypatch, world, donors={(0, 0): 7}, uniform=uniform)
    street = result.collection.isel(variant=0, replication=0, region=0, channel=0)
    assert (street["invited"], street["came"], street["deferred"]) == (7, came, 0)
    assert (street["donations"], total(result, "collected")) == (came, came)


@pytest.mark.parametrize(("uniform", "given"), [(0.0, 4), (0.999, 3)])
def test_deferrals_are_rounded_without_bias(monkeypatch, uniform, given):
    """Half of 7 donors are turned away at the desk: 3 or 4, by the uniform."""
    world = exact_world(2, channels__street__deferral_share=0.5)
    result = play(monkeypatch, world, donors={(0, 0): 7}, uniform=uniform)
    street = result.collection.isel(variant=0, replication=0, region=0, channel=0)
    assert (street["came"], street["deferred"], street["donations"]) == (7, 7 - given, given)
    assert total(result, "collected") == given


def test_shares_follow_each_other(monkeypatch):
    """100 invited, a tenth stays away, a fifth of the rest is deferred: 72 give 234 pieces.

    36 gifts of 400 mL, 18 of 300 and 18 of 200 make 36x4 + 18x3 + 18x2 = 234 pieces = 117 U; half
    fail a test: 58.5 U on the shelf the next day and 58.5 U discarded on that day.
    """
    world = exact_world(
        2,
        products__red_cells__pieces_per_unit=2,
        channels__street__no_show_share=0.1,
        channels__street__deferral_share=0.2,
        channels__street__test_failure_share=0.5,
        regions__north__gift_shares={"ml_200": 0.25, "ml_300": 0.25, "ml_400": 0.5},
    )
    result = play(monkeypatch, world, donors={(0, 0): 100})
    assert daily(result, "collected") == [117, 0]
    assert daily(result, "released") == [0, 58.5]
    assert daily(result, "discarded") == [0, 58.5]
    assert daily(result, "in_test") == [117, 0]


@pytest.mark.parametrize(("uniform", "pieces"), [(0.0, 2 + 3 + 4), (0.999, 2 * 4 + 3)])
def test_gift_sizes_are_rounded_from_the_large_end(monkeypatch, uniform, pieces):
    """Of 3 gifts, 1.5 are of 400 mL and 2.4 of 300 or more: 1, 1, 1 or 2, 1, 0 by the uniform."""
    world = exact_world(
        2,
        products__red_cells__pieces_per_unit=2,
        regions__north__gift_shares={"ml_200": 0.2, "ml_300": 0.3, "ml_400": 0.5},
    )
    result = play(monkeypatch, world, donors={(0, 0): 3}, uniform=uniform)
    assert total(result, "collected") == pieces / 2


def test_test_failures_and_discards_do_not_add_up(monkeypatch):
    """Half fail, half of the rest are lost: 6 of 8 leave on the day of release, 2 are released."""
    world = exact_world(
        4,
        channels__street__test_failure_share=0.5,
        products__red_cells__discard_share=0.5,
        products__red_cells__test_delay_days=2,
    )
    result = play(monkeypatch, world, donors={(0, 0): 8})
    assert daily(result, "discarded") == [0, 0, 6, 0]
    assert daily(result, "released") == [0, 0, 2, 0]
    assert daily(result, "stock") == [0, 0, 2, 2]


@pytest.mark.parametrize(("donors", "uniform", "doses"), [(4, 0, 7), (3, 0, 5), (3, 0.999, 6)])
def test_apheresis_doses(monkeypatch, donors, uniform, doses):
    """1.75 doses a donation: 4 give 7, 3 give 5.25."""
    world = exact_world(
        2,
        products__red_cells__source="apheresis",
        products__red_cells__units_per_donation=1.75,
        channels__street__gift="apheresis",
    )
    result = play(monkeypatch, world, donors={(0, 0): donors}, uniform=uniform)
    assert total(result, "collected") == doses


def test_rounding_the_running_sum_keeps_the_total(monkeypatch):
    """Half of 5 A+ and 5 O+ stay away: 2 of A+, and 5 of both together, so 3 of O+."""
    world = exact_world(2, channels__street__no_show_share=0.5)
    world = world.set("regions.north.group_shares", ALL_GROUPS)
    result = play(monkeypatch, world, donors={(0, 0, 0): 5, (0, 0, 2): 5})
    assert by_group(result, "collected") == {"A_pos": 3, "O_pos": 2}


# ------------------------------------------------------------------------------------ regulation

STEER = {"product": "red_cells", "gain": 0.5, "min_factor": 0.1, "max_factor": 3}


def steered(days: int, lag: int, target, **changes):
    return exact_world(
        days,
        products__red_cells__opening_cover_days=4,
        products__red_cells__shelf_life_days=50,
        channels__street__regulation=STEER | {"lag_days": lag, "target_cover_days": target},
        **changes,
    )


@pytest.mark.parametrize(
    ("lag", "day", "invited"),
    [
        (2, 0, 1600),  # before the first close: as drawn
        (2, 1, 2000),  # opening cover 4 of target 8: 1 + 0.5 x 4 / 8
        (2, 2, 2000),
        (2, 3, 2100),  # 3 days at the close of day 0: 1 + 0.5 x 5 / 8
        (2, 4, 2300),  # 1 day at the close of day 1: 1 + 0.5 x 7 / 8
        (0, 1, 2100),
        (0, 2, 2300),
        (1, 3, 2300),
    ],
)
def test_turnout_answers_to_the_cover_of_the_lag(monkeypatch, lag, day, invited):
    """Cover 4, at the closes of days 0 and 1 then 3 and 1; 1600 donors are drawn on one day."""
    world = steered(6, lag, {0: 8})
    result = play(monkeypatch, world, donors={(day, 0): 1600}, requests={(0, 0): 10, (1, 0): 20})
    assert result.collection["invited"].values.tolist()[0] == [[[invited]]] * 2


@pytest.mark.parametrize(("uniform", "invited"), [(0.0, 13), (0.999, 14)])
def test_turnout_is_rounded_without_bias(monkeypatch, uniform, invited):
    """11 donors at a factor of 1.25 are 13.75: 13 or 14."""
    result = play(monkeypatch, steered(3, 2, {0: 8}), donors={(1, 0): 11}, uniform=uniform)
    assert result.collection["invited"].values.tolist()[0] == [[[invited]]] * 2


def test_the_target_is_that_of_the_day_whose_turnout_it_sets(monkeypatch):
    """Day 2 is 126 days after the New Year: target 16 there, 8 the day before, cover 4."""
    world = steered(4, 0, {125: 8, 126: 16, 127: 8})
    result = play(monkeypatch, world, donors={(2, 0): 1600})
    assert total_invited(result) == 1600 * (1 + 0.5 * 12 / 16)


def test_turnout_is_kept_within_its_limits(monkeypatch):
    """At 4 days of a target of 100 or 0.1 the factor would be 1.48 or -18.5."""
    limits = {"channels__street__regulation__min_factor": 0.25}
    low = play(monkeypatch, steered(2, 0, {0: 0.1}, **limits), donors={(1, 0): 1600})
    assert total_invited(low) == 400
    limits = {"channels__street__regulation__max_factor": 1.25}
    high = play(monkeypatch, steered(2, 0, {0: 100}, **limits), donors={(1, 0): 1600})
    assert total_invited(high) == 2000


def test_regulation_counts_units_in_test_and_on_the_road_but_cover_does_not(monkeypatch):
    """40 units in test bring north from 4 to 8 days; 20 on the road bring south from 4 to 6."""
    world = steered(2, 0, {0: 16})
    north = world.raw["regions"]["north"]
    world = world.set("regions", {"north": north, "south": north}).set("routes", road(lead_days=3))
    world = world.set("products.red_cells.test_delay_days", 5)
    donors = {(0, 0): 40, (1, 0): 1600, (1, 1): 1600}
    result = play(monkeypatch, world, donors=donors, policy=Planned({0: [(0, 1, 20)]}))
    covers = [daily(result, "cover_days", region)[0] for region in (0, 1)]
    assert covers == [2, 4]
    # North has 20 on the shelf and 40 in test (6 days), south 40 and 20 on the road (6 days).
    one = 1600 * (1 + 0.5 * 10 / 16)
    invited = result.collection["invited"].isel(variant=0, replication=0, channel=0)
    assert invited.values.tolist() == [40 + one, one]
    assert total(result, "cover_days_sum", 0) == 2 + 2
    assert total(result, "cover_days_sum", 1) == 4 + 4


def total_invited(result) -> float:
    return float(result.collection["invited"].isel(variant=0, replication=0).sum())


# ---------------------------------------------------------------------------------------- covers

ALERTS = [
    {"level": "blue", "below_days": 4},
    {"level": "yellow", "below_days": 3},
    {"level": "red", "below_days": 1},
]


def test_days_below_are_strictly_below_in_any_rhd_positive_group(monkeypatch):
    """Half O+, half A-: 15 U of O+ are 3.0 days, not below yellow; 14 are, and A- never counts."""
    world = exact_world(3, products__red_cells__alerts=ALERTS)
    shares = dict.fromkeys(ALL_GROUPS, 0.0) | {"O_pos": 0.5, "A_neg": 0.5}
    world = world.set("regions.north.group_shares", shares)
    result = play(monkeypatch, world, {(0, 9): 15}, requests={(1, 0): 1, (2, 0): 9})
    assert total(result, "days_below_blue") == 3
    assert total(result, "days_below_yellow") == 2  # 15, 14 and 5 pieces at the closes
    assert total(result, "days_below_red") == 0  # 5 pieces are 1.0 days
    assert result.totals["days_below_orange"].isnull().all()


@pytest.mark.parametrize("group", ["A_pos", "B_pos", "O_pos", "AB_pos"])
def test_the_lowest_rhd_positive_group_decides(monkeypatch, group):
    """Ten days of everything but one group, which has none: one region-day below, not several."""
    world = exact_world(1, products__red_cells__alerts=ALERTS)
    world = world.set("regions.north.group_shares", ALL_GROUPS)
    stock = {(0, 9, i): 13 * (name != group) for i, name in enumerate(ALL_GROUPS)}
    result = play(monkeypatch, world, stock)
    assert total(result, "days_below_red") == 1


def test_national_cover_is_the_unweighted_mean_of_the_regions(monkeypatch):
    """3 and 1 days, then 2 and 0.5, then the same again: the minimum 1.25 is first on day 1."""
    world = exact_world(3, ("north", "south"), regions__south__demand_per_day__red_cells=40)
    world = world.set("run.warmup_days", 2)
    result = play(
        monkeypatch,
        world,
        {(0, 9): 30, (1, 9): 40},
        requests={(3, 0): 10, (3, 1): 20},
    )
    national = result.tables["national"].isel(variant=0, replication=0, product=0)
    assert float(national["min_cover_days"]) == 1.25
    assert int(national["min_cover_day"]) == 1  # counted from the first scored day
    assert total(result, "cover_days_sum", 0) == 3 + 2 + 2
    assert total(result, "cover_days_sum", 1) == 1 + 0.5 + 0.5


def test_a_region_that_asks_for_nothing_has_no_cover(monkeypatch):
    """South requests no red cells: the national cover is north's three days alone."""
    world = exact_world(1, ("north", "south"), regions__south__demand_per_day__red_cells=0)
    result = play(monkeypatch, world, {(0, 9): 30, (1, 9): 50})
    national = result.tables["national"].isel(variant=0, replication=0, product=0)
    assert float(national["min_cover_days"]) == 3
    assert result.totals["cover_days_sum"].sel(region="south").isnull().all()
