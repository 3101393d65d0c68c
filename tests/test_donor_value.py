"""What an eligible donor is worth, and what a calendar does with and without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bloodsim.optimize.donor_value import WEEKS, DonorYear, donor_value
from bloodsim.optimize.drive_problem import DonorPath, DriveProblem
from bloodsim.optimize.drives import plan_drives
from bloodsim.optimize.visit_value import (
    daily_prices,
    fatigue_steps,
    mean_units,
    pool_response,
    visit_value,
)


def one_segment(hazard: float, interval: int, price: np.ndarray, leaving: float = 1e-6):
    """Return donors of one kind who leave so rarely that it does not show."""
    return DonorYear(
        price=price,
        most_share=np.full((1, WEEKS), hazard),
        newcomers=np.ones(WEEKS),
        interval_weeks=interval,
        retention=np.full(1, (1 - leaving) ** interval),
        newcomer_retention=1.0,
        leaving_share=np.full(1, leaving),
    )


@pytest.mark.parametrize("hazard", [0.01, 0.05, 0.2, 0.9])
@pytest.mark.parametrize("interval", [3, 13, 26])
def test_a_gift_takes_what_the_closed_form_says(hazard, interval):
    found = donor_value(one_segment(hazard, interval, np.full(WEEKS, 2.0)))
    missed = hazard * (interval - 1)  # weeks strictly between the gift and the next chance
    np.testing.assert_allclose(found.loss, 2 * missed / (1 + missed), rtol=1e-4)


@pytest.mark.parametrize("hazard", [0.01, 0.1])
def test_the_closed_form_holds_for_the_mean_of_a_seasonal_price(hazard):
    price = 2 + np.cos(2 * np.pi * np.arange(WEEKS) / WEEKS)
    everyone = np.full((1, WEEKS), hazard)
    year = replace(one_segment(hazard, 26, price), least_share=everyone)
    missed = hazard * 25
    assert donor_value(year).loss.mean() == pytest.approx(2 * missed / (1 + missed), rel=1e-3)


def test_worth_is_what_one_more_donor_brings():
    year = seasonal_year()
    base = donor_value(year)
    step = 1.0
    newcomers = year.newcomers.copy()
    newcomers[7] += step
    more = donor_value(replace(year, newcomers=newcomers))
    back = (7 + year.interval_weeks) % WEEKS
    gain = (more.objective - base.objective) / step
    assert gain == pytest.approx(year.newcomer_retention * base.worth[0, back], rel=1e-3)


def seasonal_year(**changes) -> DonorYear:
    """Return three segments, a dear month, and worth that falls with what is collected."""
    price = np.where(np.isin(np.arange(WEEKS), range(4, 8)), 3.0, 1.0)
    year = DonorYear(
        price=price,
        most_share=np.full((3, WEEKS), 0.2),
        newcomers=np.full(WEEKS, 100.0),
        interval_weeks=26,
        retention=np.array([0.4, 0.6, 0.85]),
        newcomer_retention=0.3,
        leaving_share=np.full(3, 0.002),
        least_share=np.full((3, WEEKS), 0.02),
        step_gifts=np.outer([60.0, 120.0], np.ones(WEEKS)),
        step_fall=np.outer([0.3, 0.3], price),
    )
    return replace(year, **changes)


def test_a_dear_month_leaves_a_trough_of_one_interval():
    found = donor_value(seasonal_year())
    eligible, gifts = found.eligible.sum(axis=0), found.gifts.sum(axis=0)
    assert gifts[4:8].mean() > 1.5 * np.delete(gifts, range(4, 8)).mean()
    trough = eligible[8:30].mean()
    assert trough < 0.95 * np.delete(eligible, range(8, 30)).mean()
    gains = np.diff(eligible[26:36])
    assert gains.argmax() in (3, 4, 5, 6)  # weeks 30 to 33: those of weeks 4 to 7 are back
    before = found.worth[2, 3] - found.worth[2, 9]
    assert before > 0  # an eligible donor is worth most just before the dear month


def test_donors_balance_over_the_year():
    year = seasonal_year()
    found = donor_value(year)
    stays = 1 - year.leaving_share[:, None]
    back = np.roll(year.retention[:, None] * found.gifts, year.interval_weeks, axis=1)
    coming = np.stack([np.full(WEEKS, 30.0), back[0], back[1] + back[2]])
    rest = np.roll(stays * (found.eligible - found.gifts), 1, axis=1)
    np.testing.assert_allclose(found.eligible, rest + coming, atol=1e-3)
    assert (found.gifts <= 0.2 * found.eligible + 1e-6).all()
    assert (found.gifts >= 0.02 * found.eligible - 1e-6).all()


def test_capacity_holds_and_has_a_price_where_it_binds():
    found = donor_value(seasonal_year(capacity=np.full(WEEKS, 100.0)))
    assert found.gifts.sum(axis=0).max() <= 100 + 1e-6
    assert (found.capacity_price > 0).any()
    assert not donor_value(seasonal_year()).capacity_price.any()


def test_charge_is_worth_at_the_end_less_that_of_the_return():
    year = seasonal_year()
    found = donor_value(year)
    charge = found.charge(3.0, 42)
    assert charge.shape == (3, 42)
    np.testing.assert_allclose(
        charge[0, 7], found.worth[0, 9] - 0.4 * found.worth[1, (3 + 1 + 26) % WEEKS]
    )
    np.testing.assert_allclose(charge[2, 0], found.worth[2, 9] - 0.85 * found.worth[2, 29])
    credit = found.first_time_credit(3.0, 42)
    assert credit[0] == pytest.approx(0.3 * found.worth[0, 29])


def test_pools_have_to_settle():
    with pytest.raises(ValueError, match="leaving_share"):
        one_segment(0.1, 26, np.ones(WEEKS), leaving=0.0)
    with pytest.raises(ValueError, match="interval_weeks"):
        one_segment(0.1, 52, np.ones(WEEKS))


# --- a calendar with and without the worth of donors -------------------------------------------

WINDOW = range(24, 35)


def spring(charge: float) -> DriveProblem:
    """Return 12 places over 42 days with a dear window, and donors for about half the team-days."""
    n_sources, n_days = 12, 42
    source, day = (
        grid.ravel() for grid in np.meshgrid(np.arange(n_sources), np.arange(n_days), indexing="ij")
    )
    rng = np.random.default_rng(5)
    price = np.where(np.isin(np.arange(n_days), WINDOW), 3.0, 1.0)
    pool = DonorPath(
        gift="whole_blood",
        eligible=600 + 4.0 * np.outer(np.ones(1), np.arange(n_days)),
        shares=np.ones(1),
        charge=np.full((1, n_days), charge),
    )
    return DriveProblem(
        n_days=n_days,
        names=tuple(f"place {k}" for k in range(n_sources)),
        organisations=np.ones(n_sources, int),
        gap_days=rng.choice([7, 14], n_sources),
        teams_per_visit=np.ones(n_sources, int),
        candidate_source=source,
        candidate_day=day,
        donors=rng.uniform(30, 60, n_sources)[source],
        value=price[day],
        repeat_share=np.full(len(day), 0.6),
        teams=np.full(n_days, 1),
        pools=(pool,),
    )


def test_with_the_worth_of_donors_the_pool_is_kept_for_the_window_and_for_spring():
    worth = donor_value(
        replace(
            one_segment(0.2, 26, np.full(WEEKS, 2.5), leaving=0.002),
            newcomer_retention=0.5,
        )
    )
    charge = float(worth.charge(3.0, 42).mean())
    free, kept = plan_drives(spring(0.0)), plan_drives(spring(charge))
    early = slice(0, WINDOW[0])
    assert free.units[early].sum() > 5 * max(kept.units[early].sum(), 1)
    assert kept.units[WINDOW[0] : WINDOW[-1] + 1].sum() > 0.9 * kept.units.sum()
    left_free, left_kept = (found.eligible["whole_blood"][:, -1].sum() for found in (free, kept))
    assert left_free < 0.1 * left_kept


# --- numbers of a problem from plainer ones -----------------------------------------------------


def test_visits_are_worth_what_their_units_are_on_release():
    prices = {"red_cells": np.array([[1.0, 3], [2, 6], [3, 9]]), "plasma": np.full((3, 2), 0.1)}
    found = visit_value(
        prices,
        np.array([0.75, 0.25]),
        {"red_cells": 1.7, "plasma": 2.0, "platelets": 0.1},
        {"red_cells": 1, "plasma": 0},
        {"red_cells": 0.9},
        points_per_donation=0.5,
    )
    mean = np.array([3.0, 4.5, 4.5])  # released tomorrow; the last day's price holds on
    np.testing.assert_allclose(found, 1.7 * 0.9 * mean + 0.2 - 0.5)


def test_prices_of_slots_hold_for_their_days():
    slots = np.array([[1.0], [2.0], [3.0]])
    found = daily_prices(slots, np.array([0, 1, 4]), 7)
    assert found[:, 0].tolist() == [1, 2, 2, 2, 3, 3, 3]


def test_mean_units_of_gift_sizes():
    assert mean_units({200: 0.19, 300: 0.23, 400: 0.58}) == pytest.approx(1.695)


def test_pool_response_is_the_slope_of_turnout():
    natural, shares = np.array([20.0]), np.array([0.25, 0.75])
    usual = np.array([[400.0], [900.0]])

    def gifts(eligible):
        return (natural * shares[:, None] * (eligible / usual) ** 0.5)[:, 0]

    slope = (gifts(usual + 0.01) - gifts(usual - 0.01)) / 0.02
    np.testing.assert_allclose(pool_response(natural, shares, usual, 0.5)[:, 0], slope, rtol=1e-6)


def test_fatigue_falls_in_steps_to_its_floor():
    steps = fatigue_steps(0.1, 0.3, widths=(2, 4, 6, 8))
    assert steps[0] == (2.0, pytest.approx(0.95))
    effects = [effect for _, effect in steps]
    assert effects == sorted(effects, reverse=True)
    assert effects[-1] == pytest.approx(0.3)
    assert sum(days for days, _ in steps) == 20
