"""The bound of collection and transfers together: below every policy of the run."""

from __future__ import annotations

import numpy as np
import pytest
from test_joint import two_regions
from worlds import lone_region, three_provinces

from bloodsim import metrics
from bloodsim.block import Envelope
from bloodsim.decision import RouteTable
from bloodsim.experiment import simulate
from bloodsim.hindsight import Attainable, Hindsight
from bloodsim.model.world import compile_world
from bloodsim.optimize.bound import bound_joint
from bloodsim.results import ResultsError
from bloodsim.scenario import CostWeights, ScenarioError
from bloodsim.scenario.checks import check

UPLIFT = {"kind": "pre_collect", "from_offset": -40, "to_offset": 10, "uplift": 0.1}


def _provinces(**changes):
    return three_provinces(
        run__score_end="2026-02-28",
        run__bound_joint=True,
        overrides={
            "alone": {"policies": {"transfer": {"kind": "none"}}},
            "equal": {"policies": {"transfer": {"kind": "proportional"}}},
            "more": {"policies": {"collection": UPLIFT}},
        },
        variants={"practice": ["alone"], "shared": ["equal"], "more": ["equal", "more"]},
        **changes,
    )


@pytest.fixture(scope="module")
def results():
    return simulate(_provinces(), 4)


def test_no_policy_is_cheaper_than_the_joint_bound(results):
    bound = results.tables["joint_bounds"]["joint"]
    assert bound.sizes == {"variant": 6, "replication": 4}
    assert (metrics.cost(results) >= bound).all()
    assert (bound > 0).all()  # it says something
    assert (bound == bound.isel(variant=0)).all()  # one world, one bound


def test_shares_and_information_rest_on_it(results):
    found = metrics.share_avoided(results, "more", "practice", joint=True)
    assert found.share is not None
    assert found.share < 1
    assert "joint bound" in found.says
    worth = metrics.value_of_information(results, "more", joint=True)
    assert worth is not None
    assert worth.mean > 0
    assert metrics.value_of_information(results, "more") is None


def test_the_joint_bound_does_not_depend_on_the_block(results):
    alone = simulate(_provinces(), 1).tables["joint_bounds"]["joint"]
    whole = results.tables["joint_bounds"]["joint"]
    np.testing.assert_allclose(alone.values[:, 0], whole.values[:, 0])


def test_drives_and_calendars_stay_above_it():
    results = simulate(two_regions(run__bound_joint=True), 3)
    bound = results.tables["joint_bounds"]["joint"]
    assert set(bound["variant"].values) == {"rule", "calendar"}
    assert (metrics.cost(results) >= bound).all()
    # Nobody lives off the opening stock: most of the donations have to be paid.
    paid = metrics.collection_cost(results).sel(variant="rule")
    assert (bound.sel(variant="rule") > 0.5 * paid).all()


def test_groups_called_first_stay_above_it():
    gain = {"channels__street__regulation__group_gain": 1.0}
    results = simulate(_provinces(**gain), 2)
    assert (metrics.cost(results) >= results.tables["joint_bounds"]["joint"]).all()


def test_an_envelope_cut_short_is_found_out(monkeypatch):
    """With a fifth of the donors, no demand can be met that policies do meet: an error."""
    whole = Envelope.attainable

    def cut(self, cost):
        found = whole(self, cost)
        return Attainable(found.most / 5, found.fixed, found.price, found.rounding)

    monkeypatch.setattr(Envelope, "attainable", cut)
    with pytest.raises(ResultsError, match="less than its bound"):
        simulate(_provinces(), 2)


def test_every_release_lies_within_the_envelope(monkeypatch):
    """Day by day, product by product, group by group: what was released could be released."""
    seen = []
    whole = Envelope.attainable

    def watched(self, cost):
        seen.append(whole(self, cost))
        return seen[-1]

    monkeypatch.setattr(Envelope, "attainable", watched)
    results = simulate(_provinces(run__daily_replications=2), 2)
    (found,) = seen
    released = results.daily["released"].transpose(
        "variant", "day", "product", "region", "replication"
    )
    units = np.array([p.pieces_per_unit for p in compile_world(_provinces()).products])
    most = found.most.sum(axis=3)
    assert len(most) == released.sizes["day"]
    for values in released.values:
        pieces = np.where(found.fixed[:, :, None, None], 0, values * units[:, None, None])
        assert (pieces <= most + 1e-6).all()
        assert pieces.sum() > 0.4 * most.sum()  # and it is not just anything


def _planted(price: float, most: list[float]) -> tuple[Hindsight, Attainable]:
    """Return one region, three days, a unit asked for each day, none in stock."""
    shape = (3, 1, 1, 8, 1)
    requested = np.zeros(shape, dtype=np.int32)
    requested[:, 0, 0, 0, 0] = 1
    none = np.zeros((0,), dtype=np.int64)
    roads = RouteTable(none, none, none.astype(float), none, {}, {}, {}, {}, none, {}, none)
    hindsight = Hindsight(
        products=("red_cells",),
        pieces_per_unit=(1,),
        life_days=(30,),
        released=np.zeros(shape, dtype=np.int32),
        requested=requested,
        opening=np.zeros((1, 1, 8, 1), dtype=np.int32),
        moving=np.zeros((1, 1, 8, 1), dtype=np.int32),
        waiting=(np.zeros((1, 8, 1), dtype=np.int32),),
        streams=((0, "urgent", 0, tuple((g,) for g in range(8))),),
        normal=np.ones((1, 1)),
        routes=roads,
        weights=CostWeights(urgent_lost=30).model_dump(),
    )
    could = np.zeros(shape)
    could[:, 0, 0, 0, 0] = most
    free = np.zeros((3, 1), dtype=bool)
    return hindsight, Attainable(could, free, np.full((1, 1), price), np.zeros(1))


@pytest.mark.parametrize(
    ("most", "points"),
    [
        ([3, 0, 0], 3 * 0.5),  # all ahead
        ([1, 1, 1], 3 * 0.5),  # day by day
        ([0, 5, 0], 30 + 2 * 0.5),  # too late for the first
        ([1, 0.5, 0], 1.5 * 0.5 + 1.5 * 30),  # too little
        ([0, 0, 0], 90),
    ],
)
def test_a_planted_instance_costs_what_a_hand_finds(most, points):
    hindsight, attainable = _planted(0.5, most)
    assert bound_joint(hindsight, attainable) == pytest.approx(points)


def test_donations_dearer_than_patients_are_not_taken():
    hindsight, attainable = _planted(31.0, [3, 3, 3])
    assert bound_joint(hindsight, attainable) == pytest.approx(90)


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("closed on some days", {"resources__laboratories": [{"weekdays": ["mon", "tue"]}]}),
        ("losses on the way", {"routes__products__red_cells__transit_loss_share": 0.01}),
    ],
)
def test_the_joint_bound_is_refused_where_it_does_not_know(what, changes):
    try:
        problems = check(three_provinces(run__bound_joint=True, **changes))
    except ScenarioError as error:
        problems = error.problems
    assert any(what in each.message for each in problems)
    assert check(three_provinces(run__bound_joint=True)) == check(three_provinces())


def test_without_the_switch_there_is_no_joint_bound():
    assert "joint_bounds" not in simulate(lone_region(), 1).tables
