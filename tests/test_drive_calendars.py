"""Calendars of drives: the best one, every limit, the worth of donors, and what cannot be kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bloodsim.optimize.calendar_clash import NoCalendarError
from bloodsim.optimize.drive_problem import DriveProblem, Term
from bloodsim.optimize.drives import plan_drives
from bloodsim.optimize.solver import Limits

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
    agreed = tuple(Term(f"min_visits of 'plant {k}'", (k,), least_visits=1) for k in range(2))
    teams = np.array([1, 0, 0, 0, 0, 0])
    with pytest.raises(NoCalendarError) as caught:
        plan_drives(problem(terms=agreed, teams=teams), EXACT)
    assert any("min_visits of 'plant" in said for said in caught.value.clashes)
    assert any("teams" in said for said in caught.value.clashes)
