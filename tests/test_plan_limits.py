"""What plans of drives keep to beside teams and gaps: vehicles, laboratories, months, years."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_drive_plans import COMMIT, START, resources, world
from test_joint import two_regions

from bloodsim.optimize.transfers import TransferModel
from bloodsim.planning import NO_COLLECTION
from bloodsim.planning.drive_start import drive_start
from bloodsim.planning.drive_terms import agreed_terms
from bloodsim.planning.drives import plan_calendar
from bloodsim.planning.held import HeldVisits
from bloodsim.planning.parts import APART, plan_parts
from bloodsim.plots.drive_calendar import plot_drive_calendar
from bloodsim.scenario import Scenario


def with_resources(**changes: Any) -> Scenario:
    return world().set("resources", resources(**changes))


def by_day(scenario: Scenario, column: str) -> pd.Series:
    """Return visits or donors of each region and day that the plan places."""
    table = plan_calendar(scenario, START, 4).table
    return table.groupby(["region", "date"])[column].sum()


def test_a_plan_keeps_within_vehicles():
    drives = {"teams_per_day": 3, "commit_days": COMMIT}
    assert by_day(with_resources(), "visits").max() > 1
    limited = with_resources(drives={**drives, "vehicles_per_day": 1})
    assert by_day(limited, "visits").max() == 1


def test_a_plan_leaves_laboratories_room_for_the_sessions():
    scenario = world()
    begun = drive_start(scenario, START, 4)
    assert begun.room(0) is None
    limited = with_resources(processing=[{"donations_per_day": 700}])
    start = drive_start(limited, START, 4)
    room = start.room(0)
    assert room is not None
    donors = by_day(limited, "donors")["BJ"]
    free = by_day(scenario, "donors")["BJ"]
    for day, given in donors.items():
        number = (day - START).days
        if number >= COMMIT:
            assert given <= room[number] + 1e-6
    over = [given > room[(day - START).days] for day, given in free.items()]
    assert any(over)  # without the limit more than that is placed on some day


def test_months_that_are_planned_keep_their_donors():
    """The plan would like other weeks; the plan of February holds its visits there."""
    freely = plan_calendar(with_resources(), START, 6).table
    plans = [{"months": {2: 90_000}}]
    held = plan_calendar(with_resources(plans=plans), START, 6).table
    start = drive_start(with_resources(plans=plans), START, 6)
    assert start.world.drives is not None
    first = (date(2026, 2, 1) - START).days
    for region, name in enumerate(start.world.regions):
        own = start.world.drives.table.region == region
        default = start.world.drives.calendar[start.world.score_first :][: start.n_days]
        usual = (default * start.donors)[first : first + 28, own].sum()
        mine = held[held["region"] == name]
        days = pd.to_datetime(mine["date"])
        given = mine["donors"][(days >= "2026-02-01") & (days < "2026-03-01")].sum()
        assert given >= usual - start.donors.max() - 1e-6
    assert not freely.equals(held)


def test_of_a_year_that_nobody_wrote_down_the_even_part_is_held():
    """In November, four visits a year and no list: three or more were held before."""
    mill = {
        "region": "BJ",
        "channel": "street",
        "headcount": 800,
        "donors_per_visit": 150,
        "min_visits": 4,
        "visit_gap_days": 60,
    }
    scenario = with_resources(organisations={"mill": mill})
    first = date(2026, 11, 2)
    start = drive_start(scenario, first, 4)
    own = np.flatnonzero(start.world.drives.table.region == 0)
    unknown = agreed_terms(start, 0, own, np.inf, None)
    assert [term for term in unknown if "mill" in term.name] == []
    none = HeldVisits({}, {})
    (due,) = [t for t in agreed_terms(start, 0, own, np.inf, none) if "mill" in t.name]
    assert due.least_visits >= 2


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_unseen_part_of_a_year_counts_as_held(share):
    from bloodsim.rehearsal.promises import visits_due
    from bloodsim.scenario.organisations import Organisation

    mill = Organisation(region="BJ", channel="street", headcount=900, min_visits=4, quota=400)
    assert visits_due(mill, 100.0, 0, 0, 0, share) == 4 * (1 - share)


def test_a_plan_of_both_says_that_they_are_planned_apart():
    options = {"check_replications": 0, "warmup_replications": 2}
    both = plan_parts(world(), ("transfers", "drives"), START, weeks=2, **options)
    assert APART in both.notes
    assert NO_COLLECTION not in both.notes
    rows = [text.get_text() for text in plot_drive_calendar(both, lang="zh").ax.get_yticklabels()]
    assert any("北京" in row for row in rows)
    assert not any("Beijing" in row for row in rows)
    alone = plan_parts(world(), ("transfers",), START, **options)
    assert NO_COLLECTION in alone.notes


@pytest.mark.parametrize("most", [560, 620])
def test_planned_months_ask_for_what_laboratories_have_room_for(most):
    """Laboratories turn away some of the default calendar's donors: it is no better for that."""
    plans, limit = [{"months": {2: 90_000}}], [{"donations_per_day": most}]
    tight = with_resources(plans=plans, processing=limit)
    start = drive_start(tight, START, 6)
    place, room = start.world.drives.table.region, np.stack([start.room(k) for k in range(3)], 1)
    assert ((start.usual * start.donors)[:, place == 2].sum(axis=1) > room[:, 2]).any()
    found = plan_calendar(tight, START, 6)
    assert found.bound <= found.objective + 1e-6
    given = found.table.query("not committed").groupby(["region", "date"])["donors"].sum()
    for region, name in enumerate(start.world.regions):
        if name in given:
            for day, donors in given[name].items():
                assert donors <= room[(day - START).days, region] + 1e-6
        own = np.flatnonzero(place == region)
        for term in agreed_terms(start, region, own, np.inf, None):
            if "planned" in term.name:
                assert given[name].sum() >= term.least_donors - 1e-6


def test_what_a_planned_month_lacks_is_not_asked_of_days_that_have_no_place_for_it():
    """Nothing was held in January, and three of its days are left."""
    scenario = with_resources(plans=[{"months": {1: 90_000}}])
    none = HeldVisits({}, {})
    start = drive_start(scenario, START, 4, none)
    usual = (start.usual * start.donors)[: (date(2026, 2, 1) - START).days]
    for region in range(start.world.n_regions):
        own = np.flatnonzero(start.world.drives.table.region == region)
        for term in agreed_terms(start, region, own, np.inf, none):
            assert term.least_donors <= usual[:, own].sum() + 1e-6
    assert len(plan_calendar(scenario, START, 4, none).table)


def test_the_default_calendar_brings_as_much_as_a_plan_with_the_same_visits():
    """Donors of drives alone: of some groups and weeks less was simulated than they would give."""
    scenario = two_regions()
    for name in scenario.regions:  # too much: another piece is worth something
        scenario = scenario.set(f"regions.{name}.demand_per_day", {"red_cells": 230.0})
    first = scenario.run.score_start
    start = drive_start(scenario, first, 6)
    usual = start.receipts(start.usual_donors)
    assert (usual > start.state.receipts).any()
    np.testing.assert_allclose(
        start.without_usual().receipts + usual, start.with_usual().receipts, atol=1e-9
    )
    donation, team_day = start.costs
    effort = donation * start.usual_donors.sum() + team_day * start.usual.sum()
    moved = TransferModel(start.network).solve(start.with_usual()).objective
    found = plan_calendar(scenario, first, 6, rounds=0)
    assert found.objective_usual == pytest.approx(moved + effort)
