"""A donor pool in the optimizer is the pool of the simulator."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import three_provinces

from bloodsim.model.world import compile_world
from bloodsim.optimize.donor_value import WEEKS, donor_value
from bloodsim.optimize.pool_facts import PoolFacts, YearSettings, donor_path, donor_year

AS_USUAL = YearSettings(least=1.0, most=1.0, leaving_per_week=1e-5, step_shares=())


@pytest.fixture(scope="module")
def pool():
    """Return the simulator's pool of whole-blood donors."""
    scenario = three_provinces(donor_pools={"whole_blood": {}}, variants=None)
    return compile_world(scenario).pools[0]


def facts_of(pool, region: int = 0) -> PoolFacts:
    """Return what the simulator knows of the pool of a region."""
    entering = pool.opening_ring[:, :, region].sum(axis=0) / (pool.ring_days - 1)
    usual = pool.usual[0, :, region]
    newcomers = entering[0] / (1 - pool.reactive_share)
    by_segment = usual / 121
    return PoolFacts(
        gift=pool.gift,
        repeat_per_day=float(by_segment.sum()),
        first_per_day=float(newcomers),
        shares=by_segment / by_segment.sum(),
        returning=pool.retention[0, :, region] * (1 - pool.reactive_share),
        days_at_risk=np.full(3, 121.0),
        interval_days=180,
        elasticity=pool.elasticity,
        most_share=pool.most_per_eligible,
    )


def test_a_usual_year_has_the_eligible_donors_of_the_simulator(pool):
    found = donor_value(donor_year(facts_of(pool), np.ones(WEEKS), AS_USUAL))
    usual = pool.usual[0, :, 0]
    np.testing.assert_allclose(found.eligible.mean(axis=1), usual, rtol=0.02)
    np.testing.assert_allclose(found.gifts.mean(axis=1), 7 * usual / 121, rtol=0.02)


def test_retention_belongs_to_the_segment_after_the_gift(pool):
    facts = facts_of(pool)
    given = facts.shares * facts.repeat_per_day
    # Who gave once or twice becomes the next segment: what enters it is what leaves it.
    assert given[0] * facts.retention[0] == pytest.approx(given[1], rel=0.02)
    assert given[1:] @ facts.retention[1:] == pytest.approx(given[2], rel=0.02)
    assert facts.first_per_day * facts.returning[0] == pytest.approx(given[0], rel=0.02)


def test_a_path_carries_what_donors_are_worth(pool):
    facts = facts_of(pool)
    price = np.where(np.isin(np.arange(WEEKS), range(4, 8)), 3.0, 1.0)
    worth = donor_value(donor_year(facts, price))
    eligible, natural = pool.usual[:42, :, 0].T, np.full(42, facts.repeat_per_day)
    path = donor_path(facts, eligible, natural, np.ones(42), worth, 3.0)
    free = donor_path(facts, eligible, natural, np.ones(42), None, 3.0)
    assert (path.charge > 0).all()
    assert (path.first_time_credit > 0).all()
    assert not free.charge.any()
    assert not free.first_time_credit.any()
    # Elasticity 0.5: one more eligible donor gives half as often as a usual one.
    np.testing.assert_allclose(path.hazard, 0.5 / 121, rtol=0.05)


def test_worth_falls_with_what_is_collected_so_gifts_spread(pool):
    facts = facts_of(pool)
    price = np.where(np.isin(np.arange(WEEKS), range(4, 8)), 3.0, 1.0)
    gifts = donor_value(donor_year(facts, price)).gifts.sum(axis=0)
    usual = 7 * facts.repeat_per_day
    assert gifts[4:8].min() > 1.05 * usual
    assert gifts.min() > 0.5 * usual
