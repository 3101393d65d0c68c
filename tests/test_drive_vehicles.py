"""Vehicles of drives: as teams are, in the default calendar, in commitments and in plans."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from test_checks import found, under
from test_drives import busy, planned, world
from test_joint import weekly_world

from bloodsim.decision import PlanError
from bloodsim.drive_table import DayRoom
from bloodsim.model.world import compile_world
from bloodsim.optimize.joint import plan_collection

POOL = {"region": "north", "channel": "apheresis", "organisations": 40, "donors_per_visit": 30}


def with_vehicles(drives: dict[str, Any], **pool: Any) -> Any:
    return world(
        resources__organisation_pools={"mills": {**POOL, **pool}},
        resources__drives={"teams_per_day": 4, "commit_days": 0, **drives},
    )


def test_a_visit_beyond_the_vehicles_of_a_day_is_refused():
    limited = with_vehicles({"vehicles_per_day": 3}, vehicles_per_visit=2)
    planned(limited, (1, 9, 1), (0, 9, 1))
    with pytest.raises(PlanError, match=r"2025-03-10: 4 vehicles are needed and 3 there \(vehicl"):
        planned(limited, (1, 9, 2))
    planned(with_vehicles({}, vehicles_per_visit=2), (1, 9, 2))  # no limit without the setting


def test_a_limit_of_one_region_leaves_others_free():
    drives = {"vehicles_per_day_by_region": {"north": 1}}
    table = compile_world(with_vehicles(drives)).drives.table
    assert table.vehicles_per_day.tolist() == [1]
    assert table.at_once.tolist() == [1, 1]
    assert compile_world(with_vehicles({})).drives.table.at_once.tolist() == [4, 4]


def test_the_default_calendar_keeps_within_vehicles():
    free = compile_world(busy()).drives.calendar
    tight = busy(resources__drives={"teams_per_day": 2, "vehicles_per_day": 1})
    limited = compile_world(tight).drives.calendar
    assert free.sum(axis=1).max() == 2
    assert limited.sum(axis=1).max() == 1
    assert (limited[:, :3].sum(axis=0) > 0).all()


def test_room_of_a_day_counts_teams_and_vehicles():
    world_, _ = weekly_world(1)
    table = replace(world_.drives, vehicles_per_visit=np.array([3]), vehicles_per_day=np.array([7]))
    room = DayRoom(table, np.zeros((7, 1), dtype=int))
    assert room.visits(np.arange(2), 0).tolist() == [2, 2]
    room.take(1, 0)
    assert room.visits(np.arange(2), 0).tolist() == [2, 1]
    room.take(1, 0)
    assert room.visits(np.arange(2), 0).tolist() == [2, 0]
    assert room.teams(np.arange(2), 0).tolist() == [2, 0]


def test_calendars_of_runs_keep_within_vehicles():
    world_, paths = weekly_world()
    table = replace(world_.drives, vehicles_per_visit=np.array([2]), vehicles_per_day=np.array([3]))
    freely = plan_collection(world_, paths, paths).visits
    limited = plan_collection(replace(world_, drives=table), paths, paths).visits
    assert freely.max() == 2
    assert limited.max() == 1


def test_what_cannot_be_meant():
    mill = {"region": "BJ", "channel": "street", "headcount": 100, "vehicles_per_visit": 3}
    patch = under("resources", drives={"vehicles_per_day": 2}, organisations={"mill": mill})
    assert any("a visit takes 3 vehicles, BJ has 2" in line for line in found(patch))
    patch = under("resources", drives={"vehicles_per_day_by_region": {"BB": 2}})
    assert any("unknown region 'BB'" in line for line in found(patch))


@pytest.mark.parametrize(("teams", "warns"), [(2, True), (3, False)])
def test_visits_that_take_more_teams_than_there_are(teams: int, warns: bool) -> None:
    mill = {"region": "BJ", "channel": "street", "headcount": 100, "teams_per_visit": 3}
    drives = {"teams_per_day": 9, "teams_per_day_by_region": {"BJ": teams}}
    said = found(under("resources", drives=drives, organisations={"mill": mill}))
    assert any("a visit takes 3 teams, BJ has 2" in line for line in said) is warns


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, 5),  # 15 April to 31 December
        ({"closures": []}, None),
        ({"visit_gap_days": 50}, None),
        ({"donors_per_visit": 120}, None),
        ({"quota": 480}, None),
    ],
)
def test_quotas_that_take_more_visits_than_gaps_allow(
    changes: dict[str, Any], most: int | None
) -> None:
    mill = {
        "region": "BJ",
        "channel": "street",
        "headcount": 900,
        "quota": 600,
        "donors_per_visit": 100,
        "min_visits": 1,
        "visit_gap_days": 60,
        "closures": [{"from_date": "01-01", "to_date": "04-14"}],
        **changes,
    }
    said = found(under("resources", drives={}, organisations={"mill": mill}))
    lines = [line for line in said if "closures leave room for" in line]
    assert bool(lines) is (most is not None)
    assert all(
        f"takes 6 visits of 100, gaps of 60 days and closures leave room for {most} in" in n
        for n in lines
    )
