"""Calendars of the optimizer in the simulator: every rule is read alike on both sides."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from test_drives import OPTIMIZED, world

from bloodsim.decision import Plan, Snapshot
from bloodsim.experiment import simulate
from bloodsim.optimize.drive_problem import DriveProblem, Term
from bloodsim.optimize.drives import plan_drives

N_DAYS = 120


@dataclass
class Rolling:
    """Plans six weeks every two weeks, at prices of its own, beside what it committed before."""

    seed: int
    gaps_kept: bool = True
    review_days: int = 14
    visits: int = 0
    donors: float = 0.0
    price: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.price = np.random.default_rng(self.seed).uniform(-0.3, 3, 2 * N_DAYS)

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Add the visits of the next six weeks that may still be committed."""
        table = snapshot.drives
        start, held = snapshot.day, snapshot.visits()[..., 0]
        n_days = min(42, len(held) - start)
        ahead = (table.candidate_day >= start + table.commit_days) & (
            table.candidate_day < start + n_days
        )
        own, day = table.candidate_source[ahead], table.candidate_day[ahead] - start
        found = plan_drives(
            DriveProblem(
                n_days=n_days,
                names=table.names,
                organisations=table.organisations,
                gap_days=table.gap_days if self.gaps_kept else np.ones_like(table.gap_days),
                teams_per_visit=table.teams_per_visit,
                candidate_source=own,
                candidate_day=day,
                donors=table.donors_per_visit[own],
                value=self.price[day + start],
                repeat_share=np.zeros(len(day)),
                teams=np.full(n_days, table.teams_per_day[0]),
                committed=held[start : start + n_days].T.astype(int),
                past=held[:start].T.astype(int),
                most_per_year=table.most_per_year,
                terms=(Term("quota", (0,), least_visits=0 if start else 1),),
            )
        )
        mask = np.zeros((len(ahead), snapshot.n_replications), dtype=int)
        mask[ahead] = found.visits[:, None]
        self.visits += int(found.visits.sum())
        scored = found.visits * (day + start < N_DAYS)
        self.donors += float(scored @ table.donors_per_visit[own])
        return Plan(drives=mask)


def scenario():
    """Return three organisations and a pool that outgrow two teams."""
    plant = {"region": "north", "channel": "apheresis", "headcount": 400}
    pool = {**plant, "organisations": 9, "donors_per_visit": 30, "visit_gap_days": 15}
    del pool["headcount"]
    return world(
        resources__organisations={
            "mill": {**plant, "visit_gap_days": 20},
            "dock": {**plant, "visit_gap_days": 33, "teams_per_visit": 2},
            "bank": {**plant, "visit_gap_days": 90},
        },
        resources__organisation_pools={"shops": {**pool, "visits_per_year": 1.5}},
        resources__drives={"teams_per_day": 2, "commit_days": 7},
    ).set("policies.collection", OPTIMIZED)


@pytest.mark.parametrize("seed", range(3))
def test_calendars_are_carried_out_as_planned(seed):
    policy = Rolling(seed)
    results = simulate(scenario(), 6, seed=seed, policies={"planned": policy}, variants=[])
    collected = results.daily["collected"].isel(variant=0, product=0, region=0).sum("day")
    assert policy.visits > 15  # the shops alone have 14 a year
    assert float(collected.mean()) == pytest.approx(policy.donors, rel=0.05)


def test_a_calendar_without_gaps_is_refused_by_the_simulator():
    with pytest.raises(Exception, match="visit_gap_days"):
        simulate(scenario(), 2, policies={"planned": Rolling(0, gaps_kept=False)}, variants=[])
