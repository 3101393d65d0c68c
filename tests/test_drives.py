"""Drives: luck belongs to the visit and not to the day, rules hold, plans are carried out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from test_checks import found, under
from worlds import lone_region

from bloodsim.decision import NOTHING, Plan, PlanError, Snapshot
from bloodsim.experiment import simulate
from bloodsim.metrics import drives, quota_attainment, team_days
from bloodsim.model.drive_luck import DriveLuck
from bloodsim.model.luck import Luck
from bloodsim.model.world import compile_world
from bloodsim.scenario import Scenario

MILL = {"region": "north", "channel": "apheresis", "headcount": 400, "visit_gap_days": 20}
OPTIMIZED = {"kind": "optimized"}


def world(**changes: Any) -> Scenario:
    """One region, 120 days of 2025 from a Saturday, nobody but those whom teams visit."""
    tree = {
        "regions__north__donors_per_day": {"apheresis": 0},
        "run__score_start": "2025-03-01",
        "run__score_end": "2025-06-28",
        "run__warmup_days": 0,
        "run__daily_replications": 8,
        "resources__organisations": {"mill": MILL},
        "resources__drives": {"teams_per_day": 1, "commit_days": 3},
    }
    return lone_region(0, 50.0, **{**tree, **changes})


@dataclass
class Visits:
    """A planner that commits drives on the first day: (source, day, visits)."""

    rows: list[tuple[int, int, int]]
    throttles: dict[str, float] = field(default_factory=dict)
    review_days: int = 300

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return all drives at once."""
        table, n = snapshot.drives, snapshot.n_replications
        mask = np.zeros((len(table.candidate_day), n), dtype=int)
        for source, day, visits in self.rows:
            where = (table.candidate_source == source) & (table.candidate_day == day)
            assert where.sum() == 1, (source, day)
            mask[where] = visits
        shape = len(snapshot.regions), n
        factors = {name: np.full(shape, factor) for name, factor in self.throttles.items()}
        return Plan(drives=mask, throttles=factors)


def planned(scenario: Scenario, *rows: tuple[int, int, int], **more: Any) -> Any:
    """Run with a calendar given by hand; return donors a day (n_days, R) and the results."""
    scenario = scenario.set("policies.collection", OPTIMIZED)
    results = simulate(
        scenario,
        replications=4,
        seed=5,
        policies={"planned": Visits(list(rows), **more)},
        variants=[],
    )
    daily = results.daily["collected"].isel(variant=0, product=0, region=0)
    return daily.transpose("day", "replication").values, results


def test_a_visit_brings_the_same_donors_whatever_the_day():
    early, _ = planned(world(), (0, 9, 1), (0, 40, 1))
    late, _ = planned(world(), (0, 27, 1), (0, 81, 1))
    assert np.array_equal(early[[9, 40]], late[[27, 81]])
    assert set(np.flatnonzero(early.any(axis=1))) == {9, 40}
    luck = DriveLuck(compile_world(world()), 5, range(4))
    assert np.array_equal(early[9], luck.upto[0][1, -1])
    assert np.array_equal(early[40], luck.upto[0][2, -1] - luck.upto[0][1, -1])
    assert early[9].mean() == pytest.approx(100, abs=20)  # cap_share of the headcount


def test_the_day_adds_regional_weather_and_nothing_else():
    scenario = world(regional_factors__collection={"sd": 0.4})
    donors, _ = planned(scenario, (0, 9, 1), (0, 40, 1))
    compiled = compile_world(scenario)
    chunk = Luck(compiled, 5, range(4)).next_chunk()
    drawn = chunk.drives
    for visit, day in enumerate((9, 40)):
        latent = drawn.upto[0][visit + 1, -1] - drawn.upto[0][visit, -1]
        expected = np.floor(latent * chunk.weather[day, 0] + drawn.uniform[0][visit])
        assert np.array_equal(donors[day], expected)
    assert len(set(chunk.weather[[9, 40], 0].ravel())) == 8


def test_a_shock_keeps_donors_away():
    shock = {"from_date": "2025-03-01", "to_date": "2025-03-20", "collection_factor": 0.0}
    donors, _ = planned(world(shocks={"flu": {"ramp_days": 0, **shock}}), (0, 9, 1), (0, 40, 1))
    assert not donors[9].any()
    assert donors[40].all()


def test_visits_of_a_pool_are_one_another_s_sequel():
    pool = {"region": "north", "channel": "apheresis", "organisations": 40, "donors_per_visit": 30}
    scenario = world(
        resources__organisation_pools={"mills": pool},
        resources__drives={"teams_per_day": 4, "commit_days": 0},
    )
    donors, results = planned(scenario, (1, 9, 3), (1, 10, 1), (0, 10, 1))
    luck = DriveLuck(compile_world(scenario), 5, range(4))
    upto, mill = luck.upto[1][:, -1], luck.upto[0][1, -1]
    assert np.array_equal(donors[9], upto[3])
    assert np.array_equal(donors[10], upto[4] - upto[3] + mill)
    assert (drives(results) == 5).all()
    assert (team_days(results) == 5).all()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(0, 2, 1)], "drive of 'mill' on 2025-03-03: drives are committed 3 days ahead"),
        ([(0, 9, 1), (0, 27, 1)], r"'mill' on 2025-03-28: at most 1 in 20 days"),
        ([(0, 9, 2)], r"'mill' on 2025-03-10: at most 1 in 20 days"),
        ([(0, 9, 1), (1, 9, 1)], r"'school' on 2025-03-10: 2 teams are needed and 1 there"),
        ([(2, 9, 1), (2, 10, 1), (2, 11, 1)], r"'mills' on 2025-03-12: at most 2 a year"),
        ([(0, 9, -1)], "cannot be taken back"),
    ],
)
def test_a_plan_that_breaks_a_rule_raises(rows, said):
    pool = {"region": "north", "channel": "apheresis", "organisations": 2, "donors_per_visit": 30}
    scenario = world(
        resources__organisations={"mill": MILL, "school": MILL},
        resources__organisation_pools={"mills": {**pool, "visit_gap_days": 1}},
    )
    with pytest.raises(PlanError, match=said):
        planned(scenario, *rows)


def test_weekends_and_closures_are_no_candidates():
    closed = [{"from_date": "04-01", "to_date": "05-31"}]
    table = compile_world(
        world(resources__organisations={"school": {**MILL, "closures": closed}})
    ).drives.table
    days = np.datetime64("2025-03-01") + table.candidate_day
    assert not ((days >= np.datetime64("2025-04-01")) & (days <= np.datetime64("2025-05-31"))).any()
    assert not {0, 1, 7, 8} & set(table.candidate_day.tolist())


def test_drives_need_their_policy():
    with pytest.raises(PlanError, match="optimized"):
        simulate(world(), replications=1, policies={"p": Visits([(0, 9, 1)])}, variants=[], seed=5)
    patch = under("policies", collection=OPTIMIZED)
    assert any("there are no drives to place" in line for line in found(patch))


def busy(**changes: Any) -> Scenario:
    """Three organisations and a pool that compete for two teams over a year."""
    closed = [{"from_date": "07-05", "to_date": "08-31"}]
    named = {
        "mill": {**MILL, "quota": 500, "visit_gap_days": 60},
        "school": {**MILL, "min_visits": 2, "closures": closed},
        "office": {**MILL, "visits": ["2025-05-12", "2025-11-12"]},
    }
    pool = {"region": "north", "channel": "apheresis", "organisations": 300, "donors_per_visit": 30}
    dates = {"run__score_end": "2026-02-28", "resources__organisations": named}
    return world(
        resources__organisation_pools={"mills": pool},
        **{"resources__drives": {"teams_per_day": 2}, **dates, **changes},
    )


def test_the_default_calendar_keeps_all_rules():
    compiled = compile_world(busy())
    table, calendar = compiled.drives.table, compiled.drives.calendar[: compiled.n_days]
    assert (calendar.sum(axis=1) <= 2).all()
    assert not calendar[~compiled.drives.open[: compiled.n_days]].any()
    assert calendar.sum(axis=0).tolist() == [5, 2, 2, 300]  # a quota of 500 takes five visits
    for source, gap in enumerate(table.gap_days[:3]):
        assert (np.diff(np.flatnonzero(calendar[:, source])) >= gap).all()
    cumulated = np.cumsum(calendar[:, 3])
    pace = np.cumsum(compiled.drives.open[: compiled.n_days, 3]) * 300 / 250
    assert np.abs(cumulated - pace).max() < 6
    assert [str(compiled.date(int(d))) for d in np.flatnonzero(calendar[:, 2])] == [
        "2025-05-12",
        "2025-11-12",
    ]


def test_too_few_teams_show_in_the_quotas():
    full, short = (
        simulate(busy(resources__drives={"teams_per_day": teams}), replications=4)
        for teams in (2, 1)
    )
    assert float(quota_attainment(full).mean()) == pytest.approx(0.99, abs=0.015)
    assert float(quota_attainment(short).mean()) < 0.87
    working = compile_world(busy()).drives.open[:365, 3].sum()
    assert (team_days(short) <= working).all()


def test_drives_stand_beside_sessions_and_count_in_the_planned_path_of_pools():
    scenario = busy(donor_pools__apheresis={"interval_days": 14})
    with_drives = compile_world(scenario)
    assert not with_drives.channels[0].invited_mean.any()
    planned_donors = with_drives.channels[0].planned_mean[:, 0].sum()
    assert planned_donors == pytest.approx(with_drives.channels[0].drive_mean.sum())
    assert (with_drives.pools[0].usual > 0).all()
    simulate(scenario, replications=2)  # books are checked


def test_regulation_is_off_for_planned_drives_and_throttles_replace_it():
    steer = {"product": "platelets", "target_cover_days": {0: 10}, "gain": 1, "lag_days": 0}
    steer |= {"min_factor": 0.5, "max_factor": 2}
    scenario = world(channels__apheresis__regulation=steer)
    plain, _ = planned(world(), (0, 9, 1), (0, 40, 1))
    regulated, _ = planned(scenario, (0, 9, 1), (0, 40, 1))
    assert np.array_equal(plain, regulated)
    throttled, _ = planned(scenario, (0, 9, 1), (0, 40, 1), throttles={"apheresis": 0.5})
    luck = DriveLuck(compile_world(scenario), 5, range(4))
    expected = np.floor(luck.upto[0][1, -1] * 0.5 + luck.uniform[0][0])
    assert np.array_equal(throttled[9], expected)
    default = scenario.set("resources.organisations.mill.visits", ["2025-03-10", "2025-04-10"])
    steered = simulate(default, replications=4, seed=5).daily["collected"]
    steered = steered.isel(variant=0, product=0, region=0).transpose("day", "replication").values
    assert (steered[9] > 1.5 * plain[9]).all()  # there is no stock: turnout is lifted


@pytest.mark.parametrize("what", ["appeals", "throttles"])
def test_appeals_and_throttles_are_checked(what):
    @dataclass
    class Careless:
        channel: str
        review_days: int = 300

        def __call__(self, snapshot: Snapshot) -> Plan:
            return Plan(**{what: {self.channel: np.ones(3)}})

    scenario = world(policies__collection=OPTIMIZED)
    for channel, said in (("street", "which is no channel"), ("apheresis", "0 or more")):
        with pytest.raises(PlanError, match=said):
            simulate(scenario, replications=2, policies={"p": Careless(channel)}, variants=[])


def test_a_replay_holds_the_drives_of_its_source():
    overrides = {
        "copy": {"policies": {"collection": {"kind": "frozen", "of": "default"}}},
        "plan": {"policies": {"collection": OPTIMIZED}},
    }
    scenario = busy(
        overrides=overrides, variants={"default": [], "again": ["copy"], "planned": ["plan"]}
    )
    results = simulate(scenario, replications=3)
    table = results.collection
    one, other = (table.sel(variant=name).drop_vars("variant") for name in ("default", "again"))
    assert one.equals(other)
    # Without a planner only what was committed before the branch is held: 28 days of it.
    default = compile_world(scenario).drives.calendar[:28]
    assert (drives(results).sel(variant="planned") == default.sum()).all()


def test_replications_with_drives_do_not_depend_on_the_block():
    whole = simulate(busy(), replications=5, seed=2).collection
    parts = simulate(busy(run__block_replications=2), replications=5, seed=2).collection
    assert whole.equals(parts)


def test_another_organisation_changes_nobody_else_s_luck():
    more = busy().set("resources.organisations.shop", MILL)
    one, other = (DriveLuck(compile_world(s), 5, range(2)) for s in (busy(), more))
    assert np.array_equal(one.upto[3], other.upto[4])
    longer = busy(run__score_end="2026-09-30")
    n = len(one.upto[0])
    assert np.array_equal(one.upto[0], DriveLuck(compile_world(longer), 5, range(2)).upto[0][:n])


def test_nothing_planned_is_nothing_done():
    assert NOTHING.drives is None
    assert compile_world(world(resources__drives=None)).drives is None


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (under("resources", drives={}), "no organisations"),
        (
            under("resources", drives={"teams_per_day_by_region": {"BB": 2}}),
            "unknown region 'BB'",
        ),
        (
            under(
                "resources",
                drives={"teams_per_day": 1},
                organisation_pools={
                    "all": {
                        "region": "BJ",
                        "channel": "street",
                        "organisations": 900,
                        "donors_per_visit": 30,
                    }
                },
            ),
            "take 900 team-days a year",
        ),
        (
            under(
                "resources",
                drives={"teams_per_day": 1},
                organisations={
                    name: {
                        "region": "BJ",
                        "channel": "street",
                        "headcount": 100,
                        "visits": ["2026-03-10"],
                    }
                    for name in ("mill", "school")
                },
            ),
            "2 teams are needed on 2026-03-10",
        ),
    ],
)
def test_what_cannot_be_meant(patch, said):
    assert any(said in line for line in found(patch)), found(patch)
