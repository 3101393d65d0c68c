"""What planning on paths and knowing the future are worth: by hand, and as a plan tells it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from networks import network, state
from worlds import three_provinces

from bloodsim import metrics
from bloodsim.cli import execute
from bloodsim.cli.report_table import headlines
from bloodsim.experiment import simulate
from bloodsim.metrics import Interval
from bloodsim.optimize.problem import ClassRule, State
from bloodsim.optimize.two_stage import summed_groups, without_groups, worth_of_stages
from bloodsim.planning.uncertainty import Uncertainty

LOST, ROAD = 30.0, 1.0
OF = network(
    2,
    [(0, 1, 1)],
    arc_price=ROAD,
    outdate_price=0.0,
    classes=(ClassRule("emergency", LOST, 0.0, 0, ((0, 0),)),),
)


def asked(pieces: float) -> State:
    """Twenty pieces in r0; r1 asks for some tomorrow, which only today's journey can serve."""
    by_life = np.zeros((9, 2, 1))
    by_life[8, 0] = 20
    demand = np.zeros((1, 2, 2, 1))
    demand[0, 1, 1] = pieces
    return state(OF, 9, by_life=by_life, demand=demand)


def test_two_stages_send_for_the_dear_path_and_the_mean_path_does_not() -> None:
    found = worth_of_stages(OF, asked(10), [asked(0), asked(20)], [asked(20), asked(0)])
    # The mean path sends 10, of which 10 are lost where 20 are asked for; two stages send 20.
    np.testing.assert_allclose(found.expected, [10 * ROAD + 10 * LOST, 10 * ROAD])
    np.testing.assert_allclose(found.two_stage, [20 * ROAD, 20 * ROAD])
    np.testing.assert_allclose(found.known, [20 * ROAD, 0])


def test_where_paths_are_alike_nothing_is_gained() -> None:
    found = worth_of_stages(OF, asked(7), [asked(7)] * 3, [asked(7)] * 2)
    assert found.expected == pytest.approx(found.known)
    assert found.two_stage == pytest.approx(found.known)


@pytest.mark.parametrize("seed", range(4))
def test_knowing_more_never_costs_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    paths = [asked(float(pieces)) for pieces in rng.integers(0, 25, 6)]
    mean = replace(paths[0], demand=np.mean([path.demand for path in paths], axis=0))
    found = worth_of_stages(OF, mean, paths, paths)  # judged where it was planned
    assert (found.known <= found.two_stage + 1e-9).all()
    assert found.two_stage.mean() <= found.expected.mean() + 1e-9


def test_groups_become_one() -> None:
    classes = (ClassRule("urgent", 30.0, 0.3, 0, ((0, 0), (1, 1), (0, 1))),)
    two = network(2, [(0, 1, 1)], groups=("O_pos", "A_pos"), classes=classes)
    by_life = np.arange(8.0).reshape(2, 2, 2)
    one = summed_groups(state(two, 2, by_life=by_life))
    assert one.by_life.shape == (2, 2, 1)
    assert one.by_life.sum() == by_life.sum()
    assert without_groups(two).classes[0].pairs == ((0, 0),)


@pytest.mark.parametrize(
    ("vss", "says"),
    [
        (Interval(5.0, 6.0, 20), "nothing that can be told from 0"),
        (Interval(5.0, 1.0, 20), "points (VSS); knowing"),
        (Interval(-5.0, 1.0, 20), "it does harm"),
        (Interval(0.0, 0.0, 20), "nothing that can be told from 0"),
    ],
)
def test_it_says_plainly_what_was_found(vss: Interval, says: str) -> None:
    assert says in Uncertainty("platelets", 10, 20, vss, Interval(9.0, 2.0, 20)).says


def test_a_plan_tells_both_worths(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["plan", "minimal", "--paths", "4", "-n", "0", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["uncertainty"]
    assert [each["product"] for each in found] == ["red_cells", "platelets"]
    assert all(each["judged"] == 8 for each in found)
    assert all(each["evpi"] >= -each["evpi_half_width"] - 1e-6 for each in found)


def test_information_is_worth_the_cost_above_the_bound() -> None:
    tree: dict[str, Any] = {
        "overrides": {
            "shared": {
                "policies": {
                    "transfer": {"kind": "proportional"},
                    "collection": {"kind": "frozen", "of": "practice"},
                }
            }
        },
        "variants": {"practice": [], "shared": ["shared"]},
    }
    scenario = three_provinces(run__score_end="2026-02-20", run__bound_transfers=True, **tree)
    results = simulate(scenario, 3)
    found = metrics.value_of_information(results, "shared")
    assert found is not None
    bound = results.tables["bounds"]["transfers"].sel(variant="shared")
    above = (metrics.cost(results).sel(variant="shared") - bound).values
    assert found.mean == pytest.approx(above.mean())
    assert found.n == 3
    assert found.mean >= 0
    said = [line for line in headlines(results) if "EVPI" in line]
    assert any(f"worth at most {found.mean:,.0f}" in line for line in said)
    plain = simulate(scenario.set("run.bound_transfers", False), 2)
    assert metrics.value_of_information(plain, "shared") is None
