"""The policy that optimizes, inside the simulation."""

from __future__ import annotations

import numpy as np

import bloodsim
from bloodsim.policies.optimized import Optimizing
from tests.worlds import three_provinces

WORLD = three_provinces(run__score_end="2026-02-21")


def _totals(replications, **options):
    policy = Optimizing()
    return bloodsim.simulate(
        WORLD, replications, variants=[], policies={"plan": policy}, **options
    ).totals


def test_a_replication_does_not_depend_on_its_block():
    many, one = _totals(4), _totals(1)
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
    shipped = results.totals["shipped"]
    assert np.array_equal(shipped.sel(variant="plan"), shipped.sel(variant="rule"))
    assert shipped.sum() > 0
