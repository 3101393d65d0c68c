"""Plans in stages, fair and cautious ones, on problems whose answers are known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from networks import network, state

from bloodsim.cli import execute
from bloodsim.optimize.aims import TANGENTS, Aims
from bloodsim.optimize.caution import cautious, excess
from bloodsim.optimize.problem import ClassRule, Network, Slots, State
from bloodsim.optimize.situation import Settings
from bloodsim.planning.shipments import sendable
from bloodsim.planning.solve import Solved, solve, unmet_shares
from bloodsim.planning.today import ProductToday

LOST = ClassRule("urgent", 30.0, 0.3, 0, ((0, 0),))


def today(net: Network, now: State, **changes: float) -> ProductToday:
    """Return a problem in pieces that travel one by one."""
    plain = ProductToday(
        product="red_cells",
        network=replace(net, normal=np.ones((len(net.regions), 1))),
        state=now,
        lot_pieces=1,
        smallest_pieces=0,
        largest_pieces=1_000_000,
        per_unit=1,
        settings=Settings(),
        floor_days=0.0,
        life_days=35,
    )
    return replace(plain, **changes)


def giver(asked: tuple[float, ...], stock: float, prices: tuple[float, ...]) -> ProductToday:
    """Return region 0 with stock, the others without, asked for pieces tomorrow."""
    n = len(asked)
    net = network(
        2,
        [(0, to, 1) for to in range(1, n + 1)],
        n_regions=n + 1,
        arc_price=list(prices),
        classes=(LOST,),
    )
    by_life = np.zeros((5, n + 1, 1))
    by_life[4, 0] = stock
    demand = np.zeros((1, 2, n + 1, 1))
    demand[0, 1, 1:, 0] = asked
    return today(net, state(net, 5, by_life=by_life, demand=demand))


def sent(found: Solved) -> list[float]:
    return found.plan.transfers.sum(axis=(0, 2)).round(6).tolist()


# --------------------------------------------------------------------------------- fairness


def test_min_max_splits_equally_what_the_cheapest_plan_gives_to_the_nearest() -> None:
    problem = giver((100, 100), 60, (0.1, 0.2))
    assert sent(solve(problem, headlines=0)) == [60, 0]
    fair = solve(problem, headlines=0, aims=Aims(fairness="min-max"))
    assert sent(fair) == pytest.approx([30, 30], abs=1e-3)
    assert unmet_shares(fair.today, fair.plan) == pytest.approx([0, 0.7, 0.7], abs=1e-5)
    found = fair.fairness
    assert found is not None
    assert found.price_points == pytest.approx(30 * 0.1, abs=1e-3)
    assert found.price_share == pytest.approx(3 / (140 * 30 + 60 * 0.1), rel=1e-3)
    assert (found.worst_before, found.share_before) == ("r2", 1)
    assert found.share_after == pytest.approx(0.7, abs=1e-5)


def test_min_max_is_of_shares_not_of_pieces() -> None:
    fair = solve(giver((200, 50), 50, (0.1, 0.2)), headlines=0, aims=Aims(fairness="min-max"))
    assert sent(fair) == pytest.approx([40, 10], abs=1e-3)


def test_proportional_fairness_cares_where_the_worst_cannot_be_helped() -> None:
    """No road leads to region 3: min-max is content with what is cheapest for the others."""
    problem = giver((100, 100, 100), 90, (0.1, 0.2, 0.3))
    net = problem.network
    two = replace(
        net,
        origin=net.origin[:2],
        destination=net.destination[:2],
        lead_days=net.lead_days[:2],
        approval_days=net.approval_days[:2],
        route=net.route[:2],
        arc_price=net.arc_price[:2],
    )
    problem = replace(problem, network=two)
    assert sent(solve(problem, headlines=0, aims=Aims(fairness="min-max"))) == [90, 0]
    shared = sent(solve(problem, headlines=0, aims=Aims(fairness="proportional")))
    assert sum(shared) == pytest.approx(90)
    # Equal shares of 0.45 touch a tangent: both regions stand between its meetings with the next.
    at = TANGENTS.index(0.45)
    above, share, below = TANGENTS[at - 1 : at + 2]
    assert meeting(below, share) - 1e-3 <= min(shared) / 100
    assert max(shared) / 100 <= meeting(share, above) + 1e-3


def meeting(low: float, high: float) -> float:
    """Return where the tangents of the logarithm at two points meet."""
    return float((np.log(high) - np.log(low)) / (1 / low - 1 / high))


def test_fairness_without_shortage_costs_nothing() -> None:
    for kind in ("min-max", "proportional"):
        found = solve(giver((20, 20), 60, (0.1, 0.2)), headlines=0, aims=Aims(fairness=kind))
        assert found.fairness is not None
        assert found.fairness.price_points == pytest.approx(0, abs=1e-3)
        assert (found.fairness.share_before, found.fairness.share_after) == (0, 0)


# ----------------------------------------------------------------------------------- stages


def test_without_transfers_costs_the_same_whatever_is_asked_for() -> None:
    """Waiting costs more than cancelling: stages alone would wait, at another cost."""
    rule = ClassRule("elective", 1.0, 5.0, 2, ((0, 0),))
    net = network(3, [(0, 1, 1)], classes=(rule,))
    demand, receipts = np.zeros((1, 3, 2, 1)), np.zeros((3, 2, 1))
    demand[0, 0, 0] = receipts[1, 0] = 8
    problem = today(net, state(net, 5, demand=demand, receipts=receipts))
    costs = [
        solve(problem, headlines=0, aims=aims).without.objective
        for aims in (Aims(), Aims("lexicographic"), Aims(fairness="min-max"))
    ]
    assert costs == pytest.approx([costs[0]] * 3)


@pytest.mark.parametrize("fairness", ["none", "min-max", "proportional"])
def test_caution_never_costs_less_than_the_cheapest_plan(fairness: str) -> None:
    found = solve(giver((200, 50), 150, (0.1, 40.0)), headlines=0, aims=Aims("cost", fairness, 1.0))
    assert found.caution_points is not None
    assert found.caution_points >= -1e-6


def two_classes() -> ProductToday:
    """Return an emergency far away, an elective next door, and pieces for one of them.

    The way to the emergency costs more than its weight: only stages send there.
    """
    classes = (
        ClassRule("emergency", 50.0, 0.3, 0, ((0, 0),)),
        ClassRule("elective", 5.0, 0.3, 0, ((0, 0),)),
    )
    net = network(2, [(0, 1, 1), (0, 2, 1)], n_regions=3, arc_price=[60, 0.1], classes=classes)
    by_life = np.zeros((5, 3, 1))
    by_life[4, 0] = 10
    demand = np.zeros((2, 2, 3, 1))
    demand[0, 1, 1] = 10
    demand[1, 1, 2] = 10
    return today(net, state(net, 5, by_life=by_life, demand=demand))


def test_stages_serve_the_emergency_that_the_weighted_sum_gives_up() -> None:
    weighted = solve(two_classes(), headlines=0)
    assert sent(weighted) == [0, 10]
    stages = solve(two_classes(), headlines=0, aims=Aims("lexicographic"))
    assert sent(stages) == pytest.approx([10, 0], abs=2e-3)
    reached = list(stages.stages.values())
    assert reached[:2] == pytest.approx([0, 10], abs=2e-3)
    assert stages.plan.objective == pytest.approx(10 * 60 + 10 * 5, abs=0.2)
    assert weighted.plan.objective == pytest.approx(10 * 0.1 + 10 * 50)


def test_stages_cancel_nothing_to_save_waiting() -> None:
    """Waiting that costs more than cancelling: the weighted sum cancels, stages wait."""
    rule = ClassRule("elective", 1.0, 5.0, 2, ((0, 0),))
    net = network(3, [(0, 1, 1)], classes=(rule,))
    demand = np.zeros((1, 3, 2, 1))
    demand[0, 0, 0] = 8
    receipts = np.zeros((3, 2, 1))
    receipts[1, 0] = 8
    problem = today(net, state(net, 5, demand=demand, receipts=receipts))
    assert solve(problem, headlines=0).plan.unmet.sum() == pytest.approx(8)
    stages = solve(problem, headlines=0, aims=Aims("lexicographic"))
    assert stages.plan.unmet.sum() == pytest.approx(0, abs=1e-2)
    assert stages.plan.waiting[0, 0].sum() == pytest.approx(8, abs=1e-2)


def test_one_stage_is_the_plan_of_the_cost() -> None:
    plain, named = solve(two_classes()), solve(two_classes(), aims=Aims("cost", "none", 0.0))
    assert np.array_equal(plain.plan.transfers, named.plan.transfers)
    assert (plain.stages, plain.fairness, plain.caution_points) == ({}, None, None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"objective": "cheap"}, "cost, lexicographic"),
        ({"fairness": "fair"}, "none, min-max, proportional"),
        ({"robust_gamma": -1.0}, "0 or more"),
        ({"robust_gamma": float("nan")}, "0 or more"),
    ],
)
def test_unknown_aims_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Aims(**given)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------- caution


def test_excess_takes_the_largest_deviations() -> None:
    sigma = np.array([2.0, 1.0, 4.0])
    assert excess(sigma, 0).tolist() == [0, 0, 0]
    assert excess(sigma, 1).tolist() == [2, 2, 4]
    assert excess(sigma, 1.5).tolist() == [2, 2.5, 5]
    assert excess(sigma, 99).tolist() == [2, 3, 7]


def test_on_equal_days_the_budget_takes_the_place_of_z_root_n() -> None:
    z, days, sigma = 1.64, 9, 3.0
    budget = z * np.sqrt(days)
    assert excess(np.full(days, sigma), budget)[-1] == pytest.approx(z * sigma * np.sqrt(days))


def test_cautious_requests_lie_between_the_expected_and_the_worst() -> None:
    net = network(4, [(0, 1, 1)], classes=(LOST, replace(LOST, name="elective")))
    demand = np.full((2, 4, 2, 1), 8.0)
    demand[1] *= 3  # 32 a day in all, a quarter of it urgent
    now = state(net, 5, demand=demand)
    slots = Slots.of(((1, 2), (2, 1)))
    coarse = replace(now, demand=np.stack([slots.sums(part) for part in demand]))
    assert np.array_equal(cautious(now, net.slots, 0, 2.0).demand, demand)
    assert cautious(now, net.slots, 99, 2.0).demand == pytest.approx(demand * 1.25)
    some = cautious(now, net.slots, 1.5, 2.0).demand.sum(axis=(0, 3))[:, 0]
    assert some.tolist() == pytest.approx([40, 36, 32, 32])
    by_slot = cautious(coarse, slots, 1.5, 2.0).demand.sum(axis=(0, 3))[:, 0]
    assert by_slot.tolist() == pytest.approx([40, 36, 64])


def cautious_problem() -> ProductToday:
    """Return region 1 that asks for 16 a day (deviation 4), served from region 0."""
    net = network(4, [(0, 1, 1)], arc_price=0.5)
    by_life = np.zeros((6, 2, 1))
    by_life[5, 0], by_life[5, 1] = 200, 16
    demand = np.zeros((1, 4, 2, 1))
    demand[0, :, 1] = 16
    return today(net, state(net, 6, by_life=by_life, demand=demand))


def test_no_budget_is_the_nominal_plan_and_a_large_one_that_of_the_worst_case() -> None:
    problem = cautious_problem()
    nominal = solve(problem, headlines=0)
    assert sent(nominal) == pytest.approx([3 * 16])
    assert solve(problem, headlines=0, aims=Aims(robust_gamma=1e-9)).plan.objective == (
        pytest.approx(nominal.plan.objective)
    )
    worst_case = replace(
        problem, state=replace(problem.state, demand=problem.state.demand * 20 / 16)
    )
    told = solve(worst_case, headlines=0)
    large = solve(problem, headlines=0, aims=Aims(robust_gamma=4))
    assert large.plan.objective == pytest.approx(told.plan.objective)
    assert sent(large) == sent(told) == pytest.approx([3 * 20])
    # 12 more travel and outdate, as what arrives may be issued on that day alone.
    assert large.caution_points == pytest.approx(12 * 0.5 + 12 * 2)


def test_a_budget_between_covers_what_it_says() -> None:
    some = solve(cautious_problem(), headlines=0, aims=Aims(robust_gamma=1.5))
    assert some.plan.unmet.sum() == pytest.approx(4)  # today's four, which nothing can reach
    assert sent(some) == pytest.approx([3 * 16 + 2])


# ------------------------------------------------------------------------------- whole lots


def test_small_plans_are_searched_for_whole_lots_and_proved() -> None:
    """Two regions ask for 15; lots of 10 from 40: two lots each, or one and 5 lost at 30 points."""
    problem = giver((15, 15), 40, (0.1, 0.2))
    problem = replace(problem, lot_pieces=10, smallest_pieces=10)
    found = solve(problem, headlines=0, firm_days=1)
    assert sent(found) == [20, 20]
    # What is too much outdates, at 2 points.
    assert found.plan.objective == pytest.approx(20 * 0.1 + 20 * 0.2 + 10 * 2)
    assert sendable(found).left_out_pieces == 0
    assert (found.plan.status, found.plan.gap) == ("optimal", pytest.approx(0, abs=1e-4))


def test_rounding_alone_finds_lots_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from bloodsim.planning import sizes

    monkeypatch.setattr(sizes, "MOST_SEARCHED", 0)
    problem = replace(giver((15, 25), 40, (0.1, 0.2)), lot_pieces=10, smallest_pieces=10)
    found = solve(problem, headlines=0, firm_days=1)
    assert all(pieces % 10 == 0 for pieces in sent(found))
    assert sum(sent(found)) == 40
    assert found.plan.gap > 0


# --------------------------------------------------------------------------------- the command


def test_the_command_prints_and_tells_what_was_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ("--objective", "lexicographic", "--fairness", "min-max", "--robust", "2")
    few = ("plan", "minimal", "-n", "0", "--products", "platelets", *asked)
    assert execute([*few]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for said in ("in this order: worst region's unmet share", "price of fairness", "price of caut"):
        assert said in out
    assert execute([*few, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["aims"] == {"objective": "lexicographic", "fairness": "min-max", "robust_gamma": 2}
    facts = found["products"]["platelets"]
    assert list(facts["stages"]) == [
        "worst region's unmet share",
        "emergency and urgent requests lost",
        "outdated",
        "cost",
    ]
    assert facts["fairness"]["price_points"] >= -1e-6
    assert facts["fairness"]["share_after"] <= facts["fairness"]["share_before"] + 1e-6
    assert facts["stages"]["worst region's unmet share"] == pytest.approx(
        facts["fairness"]["share_after"], abs=1e-5
    )
    assert facts["caution_points"] >= -1e-6


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--fairness", "fair"), "none, min-max, proportional"),
        (("--objective", "cheap"), "cost, lexicographic"),
        (("--robust", "-1"), "0 or more"),
    ],
)
def test_the_command_refuses_aims_that_there_are_not(
    capsys: pytest.CaptureFixture[str], given: tuple[str, str], said: str
) -> None:
    assert execute(["plan", "minimal", *given]) == 2
    assert said in capsys.readouterr().err
