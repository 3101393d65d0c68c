"""What a planner sees: the present in copies, consistent, and nothing once the moment is over."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from worlds import three_provinces

from bloodsim.decision import NOTHING, Plan, PlanError, Shipments, Snapshot
from bloodsim.experiment import simulate


@dataclass
class Watcher:
    """Keeps the snapshots it sees, after looking at them with *look*."""

    look: object = None
    review_days: int = 1
    seen: list[Snapshot] = field(default_factory=list)

    def __repr__(self) -> str:
        return "Watcher"

    def __call__(self, snapshot: Snapshot) -> Plan:
        if self.look:
            plan = self.look(snapshot)
            if plan is not None:
                return plan
        self.seen.append(snapshot)
        return NOTHING


def watch(look=None, **changes):
    policy = Watcher(look)
    simulate(
        three_provinces(variants=None, **changes),
        replications=2,
        policies={"watcher": policy},
        variants=[],
    )
    return policy.seen


def test_the_parts_of_a_snapshot_agree():
    def look(snapshot):
        for product, stock in snapshot.stock.items():
            assert np.array_equal(snapshot.stock_by_life(product).sum(axis=0), stock)
            assert np.array_equal(snapshot.releases(product).sum(axis=0), snapshot.in_test[product])
            on_road = snapshot.arrivals(product).sum(axis=0)
            assert np.array_equal(on_road, snapshot.in_transit[product])
            assert snapshot.alert_level[product].shape == stock.shape

    assert len(watch(look)) == 43


def test_a_snapshot_is_a_copy_and_says_nothing_later():
    seen = watch()
    with pytest.raises(PlanError, match="is over"):
        seen[0].forecast("red_cells", 7)
    with pytest.raises(PlanError, match="is over"):
        seen[0].stock_by_life("red_cells")
    assert not np.array_equal(seen[0].stock["red_cells"], seen[20].stock["red_cells"])


def test_what_a_policy_does_to_its_snapshot_stays_there():
    def spoil(snapshot):
        for arrays in (snapshot.stock, snapshot.in_test, snapshot.in_transit, snapshot.backlog):
            for array in arrays.values():
                array[:] = -1
        with pytest.raises(ValueError, match="read-only"):
            snapshot.routes.lead_days[:] = 0

    watch(spoil)  # conservation is checked at the end of the run


def shipments(snapshot, **changes):
    rows = {
        "product": "red_cells",
        "route": np.array([0]),
        "replication": np.array([0]),
        "pieces": np.array([[0, 0, 8, 0, 0, 0, 0, 0]]),
    }
    return Plan((Shipments(**(rows | changes)),))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"replication": np.array([-1])}, "no such replication"),
        ({"replication": np.array([2])}, "no such replication"),
        ({"route": np.array([99])}, "no such route"),
        ({"pieces": np.array([[8] * 7])}, "pieces must be"),
        ({"pieces": np.array([[0, 0, 8.0, 0, 0, 0, 0, 0]])}, "whole numbers"),
        ({"pieces": np.array([[0, 0, -8, 16, 0, 0, 0, 0]])}, "negative"),
        ({"pieces": np.array([[0, 0, 9, 0, 0, 0, 0, 0]])}, "whole lots"),
        ({"pieces": np.array([[0, 0, 4, 0, 0, 0, 0, 0]])}, "too small"),
        ({"pieces": np.array([[0, 0, 40000, 0, 0, 0, 0, 0]])}, "more O_pos is planned"),
        ({"product": "plasma"}, "does not travel"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(changes, said):
    with pytest.raises(PlanError, match=said):
        watch(lambda snapshot: shipments(snapshot, **changes))
