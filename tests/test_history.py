"""What a planner remembers: closed days only, exact, for those who ask, and never the future."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from worlds import three_provinces

from bloodsim.decision import NOTHING, Plan, PlanError, Shipments, Snapshot
from bloodsim.experiment import simulate
from bloodsim.model.history import REMEMBERED, Recorder

SHORT = {"variants": None, "run__score_end": "2026-02-28", "run__daily_replications": 3}


@dataclass
class Rememberer:
    """Keeps what it is told of the last days; ships by it if *acts*."""

    history_days: int = 5
    reads_days: int = 5
    acts: bool = False
    review_days: int = 1
    told: list[dict[str, np.ndarray]] = field(default_factory=list)
    seen: list[Snapshot] = field(default_factory=list)

    def __repr__(self) -> str:
        return "Rememberer"

    def __call__(self, snapshot: Snapshot) -> Plan:
        self.seen.append(snapshot)
        self.told.append(dict(snapshot.history("red_cells", self.reads_days)))
        if not self.acts:
            return NOTHING
        # Who was asked for most yesterday gets a lot of O+ from the first road that can.
        busiest = self.told[-1]["requested"][-1].sum(axis=1).argmax(axis=0)
        rows = np.arange(snapshot.n_replications)
        roads = snapshot.routes.destination
        route = np.array([np.flatnonzero(roads == region)[0] for region in busiest])
        able = snapshot.shippable("red_cells", route, rows)[:, 2] >= 8
        pieces = np.zeros((int(able.sum()), 8), np.int32)
        pieces[:, 2] = 8
        return Plan((Shipments("red_cells", route[able], rows[able], pieces),))


@dataclass
class Idle:
    """Does nothing and asks for nothing."""

    review_days: int = 1

    def __call__(self, snapshot: Snapshot) -> Plan:
        return NOTHING


def run(policy, **changes):
    scenario = three_provinces(**{**SHORT, **changes})
    return simulate(scenario, replications=3, policies={"mine": policy}, variants=[])


def test_history_is_the_daily_table_of_the_days_before():
    """Row by row the closed days: what the tables say of them, the warm-up's before."""
    policy = Rememberer()
    daily = run(policy).daily.isel(variant=0).sel(product="red_cells")
    per_unit = 2
    for today, told in enumerate(policy.told):
        assert set(told) == set(REMEMBERED)
        for flow, array in told.items():
            assert array.shape == (5, 3, 8, 3)
            assert np.issubdtype(array.dtype, np.integer)
            for back in range(1, min(today, 5) + 1):
                columns = ("lost", "cancelled") if flow == "lost" else (flow,)
                table = sum(daily[c].isel(day=today - back).transpose("region", ...)
                            for c in columns)  # fmt: skip
                assert (array[-back].sum(axis=1) == table.values * per_unit).all(), (today, flow)
    # On the first scored day all five days are of the warm-up.
    assert (policy.told[0]["issued"].sum(axis=(1, 2)) > 0).all()


def test_early_in_a_run_there_is_less_to_remember():
    policy = Rememberer(history_days=30, reads_days=30)
    run(policy)
    lengths = [len(told["issued"]) for told in policy.told]
    assert lengths == [min(20 + day, 30) for day in range(28)]  # 20 days of warm-up
    alone = Rememberer()
    run(alone, run__warmup_days=0)
    assert [len(told["issued"]) for told in alone.told[:7]] == [0, 1, 2, 3, 4, 5, 5]


def test_history_answers_while_deciding_only_and_in_copies():
    policy = Rememberer()
    run(policy)
    with pytest.raises(PlanError, match="is over"):
        policy.seen[0].history("red_cells", 2)
    before = policy.told[10]["issued"][-1].copy()
    policy.told[9]["issued"][:] = -1
    assert np.array_equal(policy.told[10]["issued"][-1], before)


@pytest.mark.parametrize(("declares", "reads"), [(0, 1), (3, 4), (3, 0)])
def test_nobody_reads_more_than_was_declared(declares, reads):
    with pytest.raises(PlanError, match=f"history_days = {declares}"):
        run(Rememberer(declares, reads))


def test_another_policys_declaration_is_no_help():
    scenario = three_provinces(**SHORT)
    modest = Rememberer(history_days=2, reads_days=4)
    with pytest.raises(PlanError, match="history_days = 2"):
        simulate(scenario, replications=2, variants=[],
                 policies={"greedy": Rememberer(9, 9), "modest": modest})  # fmt: skip


def test_nothing_is_kept_or_summed_where_nobody_asks(monkeypatch):
    def never(self):
        raise AssertionError("history was summed")

    monkeypatch.setattr(Recorder, "_totals", never)
    simulate(three_provinces(**SHORT), replications=2)
    with pytest.raises(AssertionError, match="was summed"):
        run(Rememberer())


def test_reading_changes_nothing():
    assert run(Rememberer()).totals.equals(run(Idle()).totals)


def test_decisions_by_history_do_not_know_the_future():
    """What differs after a day leaves decisions up to it, made by history, as they are."""
    festival = [
        {"from_offset": -5, "to_offset": 8, "factor": 0.4},
        {"from_offset": 25, "to_offset": 40, "factor": 0.1},
    ]
    policies = Rememberer(acts=True), Rememberer(acts=True)
    long = {"run__score_end": "2026-03-31"}
    need = {"profiles__need__spring_festival": festival}
    calm = {"profiles__need__spring_festival": festival[:1]}
    one = run(policies[0], **long, **calm).daily
    other = run(policies[1], **long, **need).daily
    changed = np.datetime64("2026-02-17") + np.timedelta64(25, "D")
    before = one["day"] < changed
    assert float(one["shipped"].sum()) > 0
    same = int(before.sum()) + 1  # the morning of the change knows the days before it
    for mine, theirs in zip(policies[0].told[:same], policies[1].told[:same], strict=True):
        assert all(np.array_equal(mine[flow], theirs[flow]) for flow in REMEMBERED)
    assert one["shipped"][:, :, before].equals(other["shipped"][:, :, before])
    assert not np.array_equal(policies[0].told[-1]["requested"], policies[1].told[-1]["requested"])


def test_a_replication_remembers_the_same_in_any_block():
    whole, split = Rememberer(acts=True), Rememberer(acts=True)
    one = run(whole)
    two = run(split, run__block_replications=2)
    assert one.totals.equals(two.totals)
