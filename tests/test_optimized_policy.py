"""The policy that optimizes, inside the simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import bloodsim
from bloodsim.model.luck import Luck
from bloodsim.optimize.situation import _without_promised
from bloodsim.policies.optimized import Optimizing
from tests.worlds import three_provinces

WORLD = three_provinces(run__score_end="2026-02-21")


def _totals(replications, **options):
    policy = Optimizing()
    return bloodsim.simulate(
        WORLD, replications, variants=[], policies={"plan": policy}, **options
    ).totals


def test_a_replication_does_not_depend_on_its_block():
    many, one = _totals(16), _totals(1)
    assert many.isel(replication=[0]).equals(one)


def test_it_beats_every_region_for_itself():
    from bloodsim import metrics

    policy = Optimizing(long_lived_review_days=3)
    results = bloodsim.simulate(WORLD, 4, variants=["none"], policies={"plan": policy})
    cost = metrics.cost(results)
    assert (cost.sel(variant="plan") < cost.sel(variant="none")).all()


def test_a_failed_solve_is_served_by_the_proportional_rule(monkeypatch):
    from bloodsim.optimize.exchange import Exchanger
    from bloodsim.optimize.solver import NoSolutionError
    from bloodsim.policies.proportional import SharingProportionally

    def fail(self, problems, replication):
        raise NoSolutionError("made to fail")

    monkeypatch.setattr(Exchanger, "shipments", fail)
    rule = SharingProportionally(0.5, 7, (), 7)
    policy = Optimizing(short_lived_review_days=7)
    results = bloodsim.simulate(WORLD, 2, variants=[], policies={"plan": policy, "rule": rule})
    shipped = results.totals["shipped"].sel(product="red_cells")
    assert np.array_equal(shipped.sel(variant="plan"), shipped.sel(variant="rule"))
    assert shipped.sum() > 0
    assert (results.national["fallback_days"].sel(variant="plan") > 0).all()
    assert (results.national["fallback_days"].sel(variant="rule") == 0).all()


@dataclass(frozen=True)
class Watching:
    """Notes what a policy decides, day by day."""

    policy: Optimizing
    decided: dict[int, bytes]

    @property
    def review_days(self):
        return self.policy.review_days

    def __call__(self, snapshot):
        plan = self.policy(snapshot)
        self.decided[snapshot.day] = b"".join(
            np.ascontiguousarray(array).tobytes()
            for sent in plan.shipments
            for array in (sent.route, sent.replication, sent.pieces)
        )
        return plan


@pytest.mark.parametrize("method", ["exchange", "horizon"])
def test_decisions_do_not_know_the_future(monkeypatch, method):
    """Other luck from day 32 on: decisions until then are the same bytes."""
    change_day = 32
    drawn = Luck.next_chunk

    def tampered(luck):
        chunk = drawn(luck)
        days = slice(max(0, change_day - chunk.first_day), None)
        for name in ("requested", "invited"):
            getattr(chunk, name)[days] = getattr(chunk, name)[days][..., ::-1] * 2
        return chunk

    decided = []
    for tamper in (False, True):
        with monkeypatch.context() as patch:
            if tamper:
                patch.setattr(Luck, "next_chunk", tampered)
            watching = Watching(Optimizing(method, long_lived_review_days=3), {})
            bloodsim.simulate(WORLD, 2, variants=[], policies={"watched": watching})
        decided.append(watching.decided)
    before = [day for day in decided[0] if day <= change_day]
    assert len(before) >= 5
    assert all(decided[0][day] == decided[1][day] for day in before)
    assert any(decided[0][day] != decided[1][day] for day in decided[0] if day > change_day)


def test_the_horizon_method_does_not_depend_on_the_block():
    def totals(replications):
        policy = Optimizing("horizon", long_lived_review_days=7, short_lived_review_days=7)
        return bloodsim.simulate(WORLD, replications, variants=[], policies={"p": policy}).totals

    assert totals(3).isel(replication=[0]).equals(totals(1))


def test_the_horizon_method_does_not_depend_on_the_world_before():
    """Drawn worlds have one network, but other numbers: plans start from a basis of their own."""
    other = three_provinces(
        run__score_end="2026-02-21", regions__west__demand_per_day__red_cells=160.0
    )

    def totals(policy, world):
        return bloodsim.simulate(world, 2, variants=[], policies={"p": policy}).totals

    def fresh():
        return Optimizing("horizon", long_lived_review_days=3, short_lived_review_days=3)

    used = fresh()
    totals(used, other)
    assert totals(used, WORLD).equals(totals(fresh(), WORLD))


def test_roads_that_need_approval_are_asked_in_time():
    """The horizon method asks today for what leaves once it is approved."""
    world = three_provinces(run__score_end="2026-02-21", routes__approval_days=1)
    policy = Optimizing("horizon", ("red_cells",), long_lived_review_days=3)
    totals = bloodsim.simulate(world, 1, variants=[], policies={"p": policy}).totals
    assert totals["shipped"].sel(product="red_cells").sum() > 0


def test_what_is_promised_to_others_is_not_in_stock_too():
    by_life = np.array([5.0, 4.0, 3.0, 2.0]).reshape(4, 1, 1)
    promised = np.full((1, 1), 6)
    kept = _without_promised(by_life, promised, 2)
    assert kept.ravel().tolist() == [5, 0, 1, 2]
    assert np.array_equal(_without_promised(by_life, 0 * promised, 2), by_life)
