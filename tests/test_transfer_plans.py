"""Transfer plans against exact references, published optima, hand cases and the simulator."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from networks import network, state
from worlds_exact import O_POS, exact_world, play

from bloodsim.decision import NOTHING, Plan, Shipments
from bloodsim.optimize.problem import ClassRule, TransferProblem
from bloodsim.optimize.reference import exact_cost, outer_cost
from bloodsim.optimize.transfers import TransferModel, plan_transfers

N_DAYS, LIFE = 9, 9
PER_WORLD = 72


def _random_problems(seed: int, min_life_days: int):
    """Two regions each, a road both ways, dips and surpluses at random."""
    rng = np.random.default_rng(seed)
    for _ in range(PER_WORLD):
        lead = int(rng.integers(0, 3))
        net = network(N_DAYS, [(0, 1, lead), (1, 0, lead)], min_life_days=min_life_days)
        by_life = rng.integers(0, 4, (LIFE, 2, 1)) * (rng.random((LIFE, 2, 1)) < 0.5)
        receipts = rng.integers(0, 12, (N_DAYS, 2, 1)) * (rng.random((N_DAYS, 2, 1)) < 0.8)
        receipts[0] = 0
        demand = rng.integers(0, 12, (1, N_DAYS, 2, 1)) * (rng.random((1, N_DAYS, 2, 1)) < 0.8)
        numbers = {"by_life": by_life, "receipts": receipts, "demand": demand}
        yield TransferProblem(
            net, state(net, LIFE, **{k: v.astype(float) for k, v in numbers.items()})
        )


@pytest.mark.parametrize("min_life_days", [1, 2, 4])
def test_outer_is_below_exact_is_below_the_plan(min_life_days):
    gaps = []
    for problem in _random_problems(7, min_life_days):
        outer = outer_cost(problem.network, problem.state)
        exact = exact_cost(problem.network, problem.state)
        plan = plan_transfers(problem).objective
        assert outer <= exact + 1e-6
        assert exact <= plan + 1e-6
        gaps.append((plan - exact, exact))
    # The safe form gives something away on such adversarial cases, but little.
    assert sum(gap for gap, _ in gaps) <= 0.05 * sum(cost for _, cost in gaps)


def test_the_bracket_holds_with_groups_that_serve_others_and_requests_that_wait():
    """Three regions, leads of their own, backlog, and shipments on their way."""
    days, life = 8, 8
    classes = (
        ClassRule("emergency", 50.0, 0.15, 0, ((0, 0), (1, 1), (1, 0))),
        ClassRule("elective", 5.0, 0.15, 3, ((0, 0), (1, 1))),
    )
    rng = np.random.default_rng(1)

    def pieces(most, often, *shape):
        return (rng.integers(0, most, shape) * (rng.random(shape) < often)).astype(float)

    for _ in range(24):
        leads = rng.integers(0, 3, 3).tolist()
        arcs = [(0, 1, leads[0]), (1, 0, leads[1]), (1, 2, leads[2]), (2, 0, 1)]
        net = network(
            days,
            arcs,
            n_regions=3,
            groups=("A_pos", "O_pos"),
            classes=classes,
            min_life_days=int(rng.integers(1, 4)),
        )
        receipts = pieces(12, 0.7, days, 3, 2)
        receipts[0] = 0
        now = state(
            net,
            life,
            by_life=pieces(4, 0.5, life, 3, 2),
            receipts=receipts,
            demand=pieces(8, 0.7, 2, days, 3, 2),
            backlog=np.stack([np.zeros((3, 2)), pieces(5, 1, 3, 2)]),
            arrivals=pieces(4, 0.2, days, 3, 2),
        )
        exact = exact_cost(net, now)
        assert outer_cost(net, now) <= exact + 1e-6
        assert exact <= plan_transfers(TransferProblem(net, now)).objective + 1e-6


@dataclass
class Replay:
    """Carries out the plans of many pairs of regions side by side."""

    plans: list[np.ndarray]
    review_days: int = 1

    def __call__(self, snapshot):
        rows = []
        for pair, sent in enumerate(self.plans):
            for arc, (a, b) in enumerate(((0, 1), (1, 0))):
                pieces = round(sent[snapshot.day, arc, 0])
                if pieces:
                    at = (snapshot.routes.origin == 2 * pair + a) & (
                        snapshot.routes.destination == 2 * pair + b
                    )
                    rows.append((int(np.flatnonzero(at)[0]), pieces))
        if not rows:
            return NOTHING
        n = snapshot.n_replications
        pieces = np.zeros((len(rows), 8), dtype=np.int32)
        pieces[:, O_POS] = [count for _, count in rows]
        return Plan(
            (
                Shipments(
                    "red_cells",
                    np.repeat([route for route, _ in rows], n),
                    np.tile(np.arange(n), len(rows)),
                    np.repeat(pieces, n, axis=0),
                ),
            )
        )


@pytest.mark.parametrize("min_life_days", [1, 2, 4])
def test_plans_replay_in_the_simulator_without_one_clipped_unit(monkeypatch, min_life_days):
    problems = [
        TransferProblem(replace(p.network, whole_slots=N_DAYS), p.state)
        for p in _random_problems(7, min_life_days)
    ]
    plans = [plan_transfers(problem) for problem in problems]
    names = tuple(f"r{k:03d}" for k in range(2 * PER_WORLD))
    roads = [
        {
            "origin": names[2 * pair + a],
            "destination": names[2 * pair + 1 - a],
            "distance_km": 100,
            "lead_days": int(problem.network.lead_days[0]),
        }
        for pair, problem in enumerate(problems)
        for a in (0, 1)
    ]
    world = exact_world(
        N_DAYS,
        names,
        routes={"extra": roads, "products": {"red_cells": {"min_life_days": min_life_days}}},
        demand__red_cells__classes={"urgent": {"share": 1.0, "patience_days": 0}},
    )
    stock, donors, requests = {}, {}, {}
    for pair, problem in enumerate(problems):
        for r in (0, 1):
            region = 2 * pair + r
            for left in range(LIFE):
                stock[region, left + 1] = problem.state.by_life[left, r, 0]
            for day in range(N_DAYS):
                if day:  # released the day after
                    donors[day - 1, region] = problem.state.receipts[day, r, 0]
                requests[day, region] = problem.state.demand[0, day, r, 0]
    result = play(
        monkeypatch,
        world,
        stock,
        donors=donors,
        requests=requests,
        policy=Replay([plan.transfers for plan in plans]),
    )
    totals = result.totals.isel(variant=0, replication=0, product=0)
    planned = sum(plan.transfers.sum() for plan in plans)
    assert planned > 0
    assert float(totals["shipped"].sum()) == pytest.approx(planned)
    for pair, plan in enumerate(plans):
        pair_of = slice(2 * pair, 2 * pair + 2)
        assert float(totals["lost"][pair_of].sum()) <= plan.unmet.sum() + 1e-6
        cost = 30 * totals["lost"][pair_of].sum() + 2 * totals["outdated"][pair_of].sum()
        assert float(cost) + 0.1 * plan.transfers.sum() <= plan.objective + 1e-6


def _transport(supply, demand, price):
    """One day, life of one day: supply at sources, demand at markets, unmet at a price of 1000."""
    n, m = len(supply), len(demand)
    arcs = [(i, n + j, 0) for i in range(n) for j in range(m)]
    net = network(
        1,
        arcs,
        n_regions=n + m,
        arc_price=[price[i][j] for i in range(n) for j in range(m)],
        classes=(ClassRule("urgent", 1000.0, 0.0, 0, ((0, 0),)),),
        outdate_price=0.0,
    )
    by_life = np.zeros((1, n + m, 1))
    by_life[0, :n, 0] = supply
    asked = np.zeros((1, 1, n + m, 1))
    asked[0, 0, n:, 0] = demand
    return TransferProblem(net, state(net, 1, by_life=by_life, demand=asked))


def test_published_optimum_of_the_transport_problem():
    """GAMS library, trnsport (Dantzig 1963): freight 90 $ per case and thousand miles."""
    miles = [[2.5, 1.7, 1.8], [2.5, 1.8, 1.4]]
    price = [[0.09 * d for d in row] for row in miles]
    plan = plan_transfers(_transport([350, 600], [325, 300, 275], price))
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(153.675)


def test_published_optimum_of_the_beer_distribution():
    """PuLP documentation, beer distribution problem."""
    price = [[2, 4, 5, 2, 1], [3, 1, 3, 2, 3]]
    plan = plan_transfers(_transport([1000, 4000], [500, 900, 1800, 200, 700], price))
    assert plan.objective == pytest.approx(8600)


def test_a_planted_gain_is_found():
    """A surplus of 15 a day meets a dip of 30 a day on days 20 to 33: nobody goes without.

    e = 15, f = 30, t1 = 20, n = 14, lead 1: covered = min(n f, e (t1 + n - 1)) = 420 units.
    """
    days, life = 34, 35
    net = network(days, [(0, 1, 1)], min_life_days=1, outdate_price=0.0)
    receipts = np.zeros((days, 2, 1))
    receipts[:, 0] = 15
    demand = np.zeros((1, days, 2, 1))
    demand[0, 20:, 1] = 30
    given = {"receipts": receipts, "demand": demand, "exportable": np.full((2, 1), 99.0)}
    plan = plan_transfers(TransferProblem(net, state(net, life, **given)))
    assert plan.unmet.sum() == pytest.approx(0)
    assert plan.objective == pytest.approx(0.1 * 14 * 30)
    without = plan_transfers(
        TransferProblem(replace(net, arc_price=np.array([1e4])), state(net, life, **given))
    )
    assert without.objective - plan.objective == pytest.approx(14 * 30 * (30 - 0.1))


def test_prices_are_what_one_more_unit_saves():
    problem = next(_random_problems(11, 2))
    model = TransferModel(problem.network)
    base = model.solve(problem.state)
    for day, region in [(1, 0), (3, 1), (5, 0), (7, 1)]:
        one = np.zeros_like(problem.state.receipts)
        one[day, region] = 0.5
        more = model.solve(replace(problem.state, receipts=problem.state.receipts + one))
        less = model.solve(replace(problem.state, receipts=problem.state.receipts - one))
        saved = 2 * (base.objective - more.objective), 2 * (less.objective - base.objective)
        price = base.prices[day, region, 0]
        assert saved[0] - 1e-6 <= price <= saved[1] + 1e-6


def test_a_solve_depends_on_its_own_numbers_alone():
    """The same state gives the same bytes, whatever was solved in between."""
    problems = list(_random_problems(3, 2))[:6]
    net = problems[0].network
    model = TransferModel(net)
    model.solve(problems[0].state)
    first = model.solve(problems[1].state)
    for problem in problems[2:]:
        model.solve(problem.state)
    again = model.solve(problems[1].state)
    assert first.transfers.tobytes() == again.transfers.tobytes()
    assert first.prices.tobytes() == again.prices.tobytes()
