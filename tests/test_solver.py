"""The door to the solver: each way a solve can end, and that answers are checked."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bloodsim.optimize import solver
from bloodsim.optimize.program import ProgramBuilder
from bloodsim.optimize.solver import (
    InfeasibleError,
    Limits,
    NoSolutionError,
    Solver,
    SolverMissingError,
    UnboundedError,
    WrongSolutionError,
    solve,
)


def _program(cost=-1.0, upper=10.0, most=4.0, integer=False):
    """Minimise cost * x with 0 <= x <= upper and 2 x <= most."""
    builder = ProgramBuilder()
    x = builder.add_columns("x", (1,), cost=cost, upper=upper, integer=integer)
    row = builder.add_rows("most", (1,), upper=most)
    builder.add_terms(row, x, 2)
    return builder.build()


def _knapsack(n=40):
    """A whole-number program that takes branching."""
    rng = np.random.default_rng(5)
    builder = ProgramBuilder()
    worth = rng.integers(50, 150, n)
    x = builder.add_columns("x", (n,), cost=-worth.astype(float), upper=1, integer=True)
    rows = builder.add_rows("weight", (5,), upper=rng.integers(400, 600, 5).astype(float))
    builder.add_terms(rows[:, None], x, rng.integers(20, 80, (5, n)))
    return builder.build()


def test_optimal():
    found = solve(_program())
    assert (found.status, found.objective, found.x.tolist()) == ("optimal", -2.0, [2.0])
    assert found.row_price.tolist() == [-0.5]


def test_whole_numbers():
    assert solve(_program(most=5.0, integer=True)).x.tolist() == [2.0]


def test_infeasible():
    with pytest.raises(InfeasibleError, match="Infeasible"):
        solve(_program(most=-1.0))


@pytest.mark.parametrize("integer", [False, True])
def test_unbounded(integer):
    builder = ProgramBuilder()
    x = builder.add_columns("x", (2,), cost=-1.0, integer=integer)
    row = builder.add_rows("balance", (1,), 0, 0)
    builder.add_terms(row, x, [1, -1])
    with pytest.raises((UnboundedError, InfeasibleError) if integer else UnboundedError):
        solve(builder.build())


def test_stopped_without_a_plan():
    with pytest.raises(NoSolutionError, match="limit"):
        solve(_knapsack(), Limits(seconds=0.0))


def test_stopped_with_a_plan_says_feasible_and_its_gap():
    found = solve(_knapsack(120), Limits(gap=0.0, nodes=1))
    assert found.status in ("feasible", "optimal")
    assert (found.gap > 0) == (found.status == "feasible")


def test_a_missing_solver_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "highspy", None)
    with pytest.raises(SolverMissingError, match="highspy"):
        solve(_program())


def test_an_answer_that_breaks_a_row_is_refused(monkeypatch):
    monkeypatch.setattr(solver, "TOLERANCE", -1.0)
    with pytest.raises(WrongSolutionError, match=r"most\[0\]|bound"):
        solve(_program())


def test_violations_are_found_by_row():
    program = _program()
    assert program.violation(np.array([2.5])) == (pytest.approx(0.25), 0)
    assert program.violation(np.array([-1.0])) == (1.0, -1)
    assert program.row_name(0) == "most[0]"


def test_resolving_changes_sides_only():
    door = Solver(_program())
    assert door.solve().x.tolist() == [2.0]
    assert door.resolve(row_upper=np.array([6.0])).x.tolist() == [3.0]
    assert door.resolve(upper=np.array([1.0])).x.tolist() == [1.0]
    assert door.resolve(upper=np.array([10.0]), row_upper=np.array([4.0])).x.tolist() == [2.0]


def test_an_infeasible_re_solve_does_not_spoil_the_next():
    door = Solver(_program())
    door.solve()
    with pytest.raises(InfeasibleError):
        door.resolve(row_upper=np.array([-6.0]))
    assert door.resolve(row_upper=np.array([4.0])).x.tolist() == [2.0]


def test_nothing_but_what_is_printed_comes_out_of_a_process_that_solves():
    """HiGHS 1.16 prints its name when its first object is made, before it can be told not to."""
    code = (
        "from bloodsim.optimize.program import ProgramBuilder\n"
        "from bloodsim.optimize.solver import solve\n"
        "builder = ProgramBuilder()\n"
        "builder.add_columns('x', (1,), cost=1.0, upper=2.0)\n"
        "builder.add_terms(builder.add_rows('r', (1,), lower=1.0), builder.columns['x'], 1.0)\n"
        "print(solve(builder.build()).objective)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1.0\n"
