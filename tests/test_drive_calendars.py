"""Calendars of drives: the best one, every limit, the worth of donors, and what cannot be kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from drive_oracle import allowed, best, random_problem, worth

from bloodsim.cli import _no_plan
from bloodsim.optimize.calendar_clash import NoCalendarError
from bloodsim.optimize.drive_problem import DonorPath, DriveProblem, Lever, Term, ValueSteps
from bloodsim.optimize.drives import plan_drives
from bloodsim.optimize.solver import Limits, Status

EXACT = Limits(gap=1e-9, nodes=100_000)


def problem(n_sources: int = 2, n_days: int = 6, **changes: Any) -> DriveProblem:
    """Return organisations that are open every day, ten donors a visit, one point each."""
    source, day = (
        grid.ravel() for grid in np.meshgrid(np.arange(n_sources), np.arange(n_days), indexing="ij")
    )
    plain = DriveProblem(
        n_days=n_days,
        names=tuple(f"plant {k}" for k in range(n_sources)),
        organisations=np.ones(n_sources, int),
        gap_days=np.full(n_sources, 100),
        teams_per_visit=np.ones(n_sources, int),
        candidate_source=source,
        candidate_day=day,
        donors=np.full(len(day), 10.0),
        value=np.ones(len(day)),
        repeat_share=np.full(len(day), 0.5),
        teams=np.ones(n_days, int),
    )
    return replace(plain, **changes)


def test_visits_go_to_the_dearest_days():
    price = np.array([1.0, 2.0, 5.0, 4.0, 1.0, 1.0])
    plain = problem()
    found = plan_drives(replace(plain, value=price[plain.candidate_day]), EXACT)
    assert found.status == "optimal"
    assert found.objective == pytest.approx(90)
    assert sorted(plain.candidate_day[found.visits > 0]) == [2, 3]


def test_visits_that_do_not_fit_are_named_with_the_smallest_way_out():
    agreed = tuple(Term(f"min_visits of 'plant {k}'", (k,), least_visits=1) for k in range(3))
    teams = np.array([1, 1, 0, 0, 0, 0])
    easy = Term("quota of 'plant 0'", (0,), least_donors=5)
    asked = problem(3, terms=(easy, *agreed), teams=teams, first_date=date(2026, 2, 1))
    with pytest.raises(NoCalendarError) as caught:
        plan_drives(asked, EXACT)
    error = caught.value
    assert error.status == Status.INFEASIBLE
    asks = [way for way in error.ways_out if way.asked]
    limits = [way for way in error.ways_out if not way.asked]
    assert [(way.size, way.unit) for way in asks] == [(1, "visits")]
    assert [(way.size, way.unit) for way in limits] == [(1, "teams")]
    assert "2026-02-0" in limits[0].limit
    assert set(error.together) <= {term.name for term in (easy, *agreed)}
    assert {"min_visits of 'plant 1'", "min_visits of 'plant 2'"} <= set(error.together)
    assert len(error.together) == 3  # plant 0 counts once: by its quota or its visit
    assert len(error.clashes) == 3


def test_the_smallest_way_out_is_enough_and_less_is_not():
    gap = np.array([4, 100])
    quota = Term("quota of 'plant 0'", (0,), least_donors=27)
    visits = Term("min_visits of 'plant 1'", (1,), least_visits=1)
    asked = problem(gap_days=gap, terms=(quota, visits))  # two visits of plant 0 fit: 20 donors
    with pytest.raises(NoCalendarError) as caught:
        plan_drives(asked, EXACT)
    assert caught.value.together == ("quota of 'plant 0'",)
    (way,) = [way for way in caught.value.ways_out if way.asked]
    assert (way.limit, way.unit) == ("quota of 'plant 0'", "donors")
    assert way.size == pytest.approx(7)
    plan_drives(replace(asked, terms=(replace(quota, least_donors=20.0), visits)), EXACT)
    with pytest.raises(NoCalendarError):
        plan_drives(replace(asked, terms=(replace(quota, least_donors=20.1), visits)), EXACT)
    said = " ".join(caught.value.clashes)
    assert "visit_gap_days" in said
    assert "'plant 0' in the 4 days up to" in said


def test_no_open_day_is_said():
    never = problem(candidate_source=np.ones(12, int), gap_days=np.ones(2, int))
    with pytest.raises(NoCalendarError, match="too few open days"):
        plan_drives(replace(never, terms=(Term("min_visits", (0,), least_visits=1),)), EXACT)


def test_a_region_without_candidates_has_an_empty_calendar():
    none: dict[str, Any] = dict.fromkeys(("donors", "value", "repeat_share"), np.zeros(0))
    none |= dict.fromkeys(("candidate_source", "candidate_day"), np.zeros(0, int))
    found = plan_drives(problem(**none), prices=True)
    assert found.status == "optimal"
    assert found.objective == 0
    assert not found.visits.size
    assert not found.units.any()
    with pytest.raises(NoCalendarError) as caught:
        plan_drives(problem(**none, terms=(Term("min_visits", (0,), least_visits=1),)))
    assert caught.value.together == ("min_visits",)


def test_what_was_committed_too_much_is_let_be():
    full = problem(committed=np.ones((2, 6), int), processing=np.full(6, -3.0))
    assert not plan_drives(full, EXACT).visits.any()


@pytest.mark.parametrize("seed", range(64))
def test_ways_out_lead_out(seed):
    small = random_problem(seed)
    if best(small) is not None:
        return
    with pytest.raises(NoCalendarError) as caught:
        plan_drives(small, EXACT)
    fewer = {way.limit: way for way in caught.value.ways_out if way.asked}
    assert fewer
    assert caught.value.together
    terms = tuple(
        replace(
            term,
            least_visits=term.least_visits - (way.size if way.unit == "visits" else 0),
            least_donors=term.least_donors - (way.size + 1e-6 if way.unit == "donors" else 0),
        )
        if (way := fewer.get(term.name))
        else term
        for term in small.terms
    )
    assert best(replace(small, terms=terms)) is not None


@pytest.mark.parametrize("seed", range(64))
def test_best_of_all_calendars_is_found(seed):
    small = random_problem(seed)
    points = best(small)
    if points is None:
        with pytest.raises(NoCalendarError):
            plan_drives(small, EXACT)
        return
    found = plan_drives(small, EXACT)
    assert found.objective == pytest.approx(points, abs=1e-6)
    assert allowed(small, found.visits)
    if not found.turned_away.any():
        assert worth(small, found.visits) == pytest.approx(points, abs=1e-6)


def test_random_calendars_cover_both_outcomes():
    impossible = [seed for seed in range(64) if best(random_problem(seed)) is None]
    assert 3 <= len(impossible) <= 20


DEAR_LATE = np.array([1.0, 2.0, 5.0, 4.0, 1.0, 1.0])


def dear_late(**changes: Any) -> DriveProblem:
    """Return two plants that may come every day, with days 2 and 3 the dearest."""
    plain = problem(gap_days=np.ones(2, int), teams=np.full(6, 2))
    return replace(plain, value=DEAR_LATE[plain.candidate_day], **changes)


def by_day(which: DriveProblem, visits: np.ndarray) -> np.ndarray:
    """Return visits by source and day."""
    found = np.zeros((len(which.names), which.n_days), int)
    found[which.candidate_source, which.candidate_day] = visits
    return found


# The limit, and a check of the visits (n_sources, n_days) that only it makes true.
LIMITS_OF_VISITS = {
    "teams": ({"teams": np.array([2, 2, 1, 2, 2, 2])}, lambda v: v[:, 2].sum() == 1),
    "teams committed": (
        {"committed": np.eye(2, 6, 2, dtype=int) * [[1], [0]], "teams": np.full(6, 2)},
        lambda v: v[:, 2].sum() == 1,
    ),
    "vehicles": (
        {"vehicles": np.full(6, 3), "vehicles_per_visit": np.full(2, 2)},
        lambda v: v.sum(axis=0).max() == 1,
    ),
    "gap": ({"gap_days": np.array([1, 3])}, lambda v: v[1].tolist() == [0, 0, 1, 0, 0, 1]),
    "gap to the past": (
        {"gap_days": np.array([1, 4]), "past": np.array([[0, 0], [0, 1]])},
        lambda v: not v[1, :3].any() and v[1, 3],
    ),
    "year": ({"most_per_year": np.array([6, 1])}, lambda v: v[1].tolist() == [0, 0, 1, 0, 0, 0]),
    "most visits": ({"terms": (Term("cap", (0, 1), most_visits=3),)}, lambda v: v.sum() == 3),
    "most donors": ({"terms": (Term("cap", (1,), most_donors=25),)}, lambda v: v[1].sum() == 2),
    "month": (
        {"terms": (Term("March", (0,), 2, 4, most_visits=1),)},
        lambda v: v[0, 2:5].sum() == 1,
    ),
}


@pytest.mark.parametrize("name", LIMITS_OF_VISITS)
def test_each_limit_holds_and_is_what_holds(name):
    changes, keeps = LIMITS_OF_VISITS[name]
    limited, free = dear_late(**changes), dear_late()
    found = plan_drives(limited, EXACT)
    assert keeps(by_day(limited, found.visits))
    assert not keeps(by_day(free, plan_drives(free, EXACT).visits))
    assert found.objective < plan_drives(free, EXACT).objective


@pytest.mark.parametrize("asked", [{"least_visits": 2}, {"least_donors": 11}])
def test_what_is_agreed_is_visited_even_at_a_loss(asked):
    loss = problem(value=np.full(12, -1.0), gap_days=np.ones(2, int))
    assert plan_drives(loss, EXACT).visits.sum() == 0
    kept = replace(loss, terms=(Term("quota", (1,), 3, **asked),))
    visits = by_day(kept, plan_drives(kept, EXACT).visits)
    assert visits.sum() == visits[1, 3:].sum() == 2


@pytest.mark.parametrize("room", ["processing", "testing"])
def test_donors_beyond_the_laboratory_are_turned_away_and_worth_nothing(room):
    limited = dear_late(**{room: np.full(6, 14.0)})
    found = plan_drives(limited, EXACT)
    come = by_day(limited, found.visits).sum(axis=0) * 10
    kept = come - np.bincount(limited.candidate_day, found.turned_away, 6)
    assert kept.max() == pytest.approx(14)
    assert found.objective == pytest.approx((kept * DEAR_LATE).sum())
    np.testing.assert_allclose(found.units, kept)


def pool(n_days: int = 6, eligible: float = 20.0, **changes: Any) -> DonorPath:
    """Return one segment of donors, who take nothing from the future unless told."""
    given = np.full((1, n_days), eligible)
    return replace(DonorPath("whole_blood", given, np.ones(1), np.zeros((1, n_days))), **changes)


def test_donors_run_out_and_the_dearest_days_get_them():
    limited = dear_late(pools=(pool(),))  # half of ten donors are repeat donors: four visits' worth
    found = plan_drives(limited, EXACT)
    assert by_day(limited, found.visits).sum(axis=0)[2:4].tolist() == [2, 2]
    assert found.objective == pytest.approx(2 * 10 * (5 + 4))
    assert found.eligible["whole_blood"][0, -1] == pytest.approx(0)


def test_a_charge_leaves_donors_for_later():
    dear = dear_late(pools=(pool(eligible=1e4, charge=np.full((1, 6), 3.0)),))
    visits = by_day(dear, plan_drives(dear, EXACT).visits).sum(axis=0)
    assert visits.tolist() == [0, 2, 2, 2, 0, 0]  # half of the donors take 3 points: 1.5 a donor


def test_donors_return_one_interval_later():
    path = pool(n_days=6, interval_days=2, retention=np.array([0.5]))
    found = plan_drives(dear_late(pools=(path,)), EXACT).eligible["whole_blood"][0]
    given = -np.diff(np.append(found, np.nan))[:-1]
    assert found.min() >= -1e-9
    gifts = np.zeros(6)
    for day in range(6):
        gifts[day] = given[day] + (0.5 * gifts[day - 2] if day >= 2 else 0)
    assert gifts.sum() > 20  # more than there were at first


def test_donors_who_are_called_do_not_come_by_themselves():
    path = pool(eligible=1e3, hazard=np.full((1, 6), 0.1), natural_value=np.full(6, 6.0))
    found = plan_drives(dear_late(pools=(path,)), EXACT)
    free = plan_drives(dear_late(), EXACT)
    assert found.objective < free.objective - 1
    early = by_day(dear_late(), found.visits)[:, 0].sum()
    assert early == 0  # 10 points a visit, but 2 of 5 called donors are missed later, at 6 points


def lever(n_days: int = 6, **changes: Any) -> Lever:
    """Return a street channel of ten donors a day."""
    return replace(
        Lever("street", "whole_blood", np.full(n_days, 10.0), DEAR_LATE[:n_days]), **changes
    )


def nothing_to_visit(**changes: Any) -> DriveProblem:
    """Return a region whose plants are never worth a visit."""
    return problem(value=np.full(12, -1.0), **changes)


def test_throttles_follow_the_worth_within_their_range_by_periods():
    street = lever(min_factor=0.5, max_factor=1.2, period_days=2, repeat_share=1.0)
    path = pool(eligible=1e4, charge=np.full((1, 6), 2.0))
    found = plan_drives(nothing_to_visit(levers=(street,), pools=(path,)), EXACT)
    np.testing.assert_allclose(found.throttles["street"], [0.5, 0.5, 1.2, 1.2, 0.5, 0.5])
    np.testing.assert_allclose(found.units, [-5, -5, 2, 2, -5, -5])


def test_effort_beyond_usual_has_to_pay():
    street = lever(max_factor=1.2, period_days=1, above_cost=4.5)
    found = plan_drives(nothing_to_visit(levers=(street,)), EXACT)
    np.testing.assert_allclose(found.throttles["street"], [1, 1, 1.2, 1, 1, 1])
    assert found.objective == pytest.approx(2 * 0.5)


def test_appeals_wear_out_in_steps():
    street = lever(appeal_max=0.3, appeal_steps=((1.0, 1.0), (1.0, 0.5), (60.0, 0.25)))
    street = replace(street, appeal_cost=1.1)
    found = plan_drives(nothing_to_visit(levers=(street,)), EXACT)
    np.testing.assert_allclose(found.appeals["street"], [0, 0.3, 0.3, 0.3, 0, 0])
    # Full effect on the dearest day, half on the next, a quarter on the third.
    assert found.objective == pytest.approx(3 * (3.9 + 0.5 * 2.9 + 0.25 * 0.9))


def test_appeals_recover_after_a_quiet_window():
    street = lever(appeal_max=0.3, appeal_steps=((1.0, 1.0),), appeal_window_days=2)
    found = plan_drives(nothing_to_visit(levers=(street,)), EXACT)
    assert (found.appeals["street"][1:] + found.appeals["street"][:-1]).max() <= 0.3 + 1e-9
    assert found.objective == pytest.approx(3 * (5 + 1 + 1))


def test_appeals_empty_the_pool():
    street = lever(appeal_max=1.0)
    rich = plan_drives(nothing_to_visit(levers=(street,), pools=(pool(eligible=1e3),)), EXACT)
    poor = plan_drives(nothing_to_visit(levers=(street,), pools=(pool(eligible=12.0),)), EXACT)
    assert rich.units.sum() == pytest.approx(60)
    np.testing.assert_allclose(poor.units, [0, 0, 10, 2, 0, 0], atol=1e-6)


def test_month_plans_count_the_donors_of_channels():
    street = lever(max_factor=1.5, period_days=1, above_cost=10.0)
    plan = Term("plan of March", (), 0, 5, least_donors=64, channels=("street",))
    found = plan_drives(nothing_to_visit(levers=(street,), terms=(plan,)), EXACT)
    np.testing.assert_allclose(found.throttles["street"], [1, 1, 1.4, 1, 1, 1])


def test_worth_falls_with_what_is_collected():
    steps = ValueSteps(np.array([2]), np.array([3]), np.array([20.0]), np.array([4.5]))
    found = by_day(dear_late(), plan_drives(dear_late(steps=steps), EXACT).visits).sum(axis=0)
    assert found.tolist() == [2, 2, 2, 0, 2, 2]  # day 3 would be worth 4 - 4.5


def test_newcomers_bring_their_credit():
    path = pool(eligible=1e4, first_time_credit=np.full(6, 1.5))
    poor = problem(value=np.full(12, -0.5), pools=(path,))
    assert plan_drives(poor, EXACT).objective == pytest.approx(2 * 10 * (0.5 * 1.5 - 0.5))


def test_prices_say_what_a_team_is_worth():
    short = dear_late(teams=np.ones(6, int))
    found = plan_drives(short, EXACT, prices=True)
    np.testing.assert_allclose(found.prices["teams"], 10 * DEAR_LATE)
    assert plan_drives(short, EXACT).prices == {}


def test_a_calendar_repeats_exactly():
    assert plan_drives(random_problem(1)).visits.tolist() == (
        plan_drives(random_problem(1)).visits.tolist()
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"teams": np.ones(5, int)}, "teams must have shape"),
        ({"candidate_day": np.full(12, 6)}, "candidate_day must be 0 to 5"),
        ({"committed": np.zeros((2, 5), int)}, "committed must have shape"),
        ({"levers": (lever(min_factor=1.1),)}, "min_factor"),
        ({"levers": (lever(appeal_steps=((1, 0.5), (1, 1.0))),)}, "must fall"),
        (
            {"steps": ValueSteps(np.zeros(1, int), np.ones(1, int), np.ones(1), -np.ones(1))},
            "must not rise",
        ),
    ],
)
def test_nonsense_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        problem(**changes)


def test_the_command_line_says_what_clashes_and_exits_with_4(capsys):
    with pytest.raises(NoCalendarError) as caught:
        plan_drives(problem(terms=(Term("quota of 'plant 0'", (0,), least_visits=3),)), EXACT)
    assert _no_plan(caught.value, as_json=False) == 4
    said = capsys.readouterr().err
    assert "no plan (infeasible): no calendar of drives" in said
    assert "-> smallest way out by asking less: quota of 'plant 0': 2 fewer visits" in said
    assert _no_plan(caught.value, as_json=True) == 4
    assert "quota of 'plant 0'" in json.loads(capsys.readouterr().out)["clashes"][0]
