"""The one door to the solver: PuLP builds, HiGHS solves, and every answer is checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.program import Program
from bloodsim.optimize.silence import start_silently

Floats = NDArray[np.floating]

TOLERANCE = 1e-6
"""Largest violation of a row (relative to its right-hand side, if above 1) that is accepted."""


_LINEAR = {"presolve": "off", "simplex_dual_edge_weight_strategy": 1}
"""How linear programs are solved: presolve costs more than it saves on these network-like programs,
and from a stored basis devex prices save the steepest-edge weights of every row: re-plans of
platelets took half the time (national, two-class)."""

_DUAL, _PRIMAL = 1, 4


class Status(StrEnum):
    """How a solve ended, as HiGHS itself says."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    NO_SOLUTION = "no_solution"


class SolverError(RuntimeError):
    """The solver gave no plan that can be used."""

    status = Status.NO_SOLUTION


class SolverMissingError(SolverError):
    """PuLP or HiGHS is not installed."""


class InfeasibleError(SolverError):
    """No plan satisfies the rows: a fault of the formulation, whose policy rows have slacks."""

    status = Status.INFEASIBLE


class UnboundedError(SolverError):
    """The cost has no lower end: a fault of the formulation."""

    status = Status.UNBOUNDED


class NoSolutionError(SolverError):
    """The solver stopped at a limit, or failed, before it had a plan."""


class WrongSolutionError(SolverError):
    """The solver's answer violates a row when checked."""


@dataclass(frozen=True)
class Limits:
    """When a solve stops. Node and iteration counts repeat exactly; seconds are a last resort.

    Parameters
    ----------
    gap : float
        Relative gap at which whole-number problems stop.
    nodes : int
        Nodes of the search tree.
    iterations : int
        Simplex iterations.
    seconds : float, optional
        Time limit; a plan that it cut short says ``feasible`` and its gap.
    gap_points : float
        Absolute gap at which whole-number problems stop as well.
    """

    gap: float = 1e-4
    nodes: int = 20_000
    iterations: int = 2_000_000
    seconds: float | None = None
    gap_points: float = 1e-6


@dataclass(frozen=True)
class Solution:
    """An accepted answer.

    Parameters
    ----------
    status : Status
        ``optimal``, or ``feasible`` with a gap.
    gap : float
        Relative gap of whole-number problems; 0 for linear ones.
    objective : float
        Value of the cost.
    x : float array (n_columns,)
        Values.
    row_price, reduced_cost : float array
        Change of the objective per unit of a row's right-hand side, or of a column's bound; zeros
        for whole-number problems.
    solver_status : str
        The solver's own words.
    iterations : int
        Simplex iterations.
    """

    status: Status
    gap: float
    objective: float
    x: Floats
    row_price: Floats
    reduced_cost: Floats
    solver_status: str
    iterations: int


class Solver:
    """A program that PuLP built once; re-solved by changing bounds and right-hand sides.

    Every re-solve starts from the reference basis, never from the solve before it: an answer
    depends on its own numbers alone.

    Parameters
    ----------
    program : Program
        Coefficients, bounds and names.
    limits : Limits
        When to stop.
    presolve : bool
        Whether the first solve of a linear program may shorten it before it is solved.
    """

    def __init__(
        self, program: Program, limits: Limits | None = None, *, presolve: bool = False
    ) -> None:
        self.program, self.limits, self._presolve = program, limits or Limits(), presolve
        self._highs: Any = None
        self._reference: Any = None

    def solve(self) -> Solution:
        """Build with PuLP and solve; the basis becomes the reference of what follows."""
        pulp, highspy = _libraries()
        problem = pulp_problem(self.program)
        options: dict[str, object] = {"msg": False, "threads": 1, "gapRel": self.limits.gap}
        if self.limits.seconds is not None:
            options["timeLimit"] = self.limits.seconds
        linear = not self.program.integer.any()
        own: dict[str, object] = dict(_LINEAR) if linear else {"mip_max_nodes": self.limits.nodes}
        if linear and self._presolve:
            own["presolve"] = "on"
        own["simplex_iteration_limit"] = self.limits.iterations
        options["gapAbs"] = self.limits.gap_points
        try:
            problem.solve(pulp.HiGHS(**options, **own))
        except KeyError:  # PuLP 3.3 does not know every status; what counts is HiGHS's own
            if getattr(problem, "solverModel", None) is None:
                raise
        self._highs = problem.solverModel
        if linear:
            self._highs.setOptionValue("presolve", _LINEAR["presolve"])
        self._check_order()
        solution = self._accepted(highspy)
        if linear:
            self._reference = self._highs.getBasis()
        return solution

    def resolve(
        self,
        lower: Floats | None = None,
        upper: Floats | None = None,
        row_lower: Floats | None = None,
        row_upper: Floats | None = None,
        cost: Floats | None = None,
    ) -> Solution:
        """Solve again with other bounds, right-hand sides or costs, from the reference basis."""
        highspy = self._take(lower, upper, row_lower, row_upper, cost)
        self._highs.clearSolver()  # nothing of the last solve may show
        if self._reference is not None:
            self._highs.setBasis(self._reference)
        self._highs.run()
        return self._accepted(highspy)

    def go_on(self, row_upper: Floats, cost: Floats) -> Solution:
        """Solve the next stage of a plan from the basis of the stage before.

        Stages follow each other in the same order whatever was solved before the first of them.
        """
        highspy = self._take(row_upper=row_upper, cost=cost)
        self._highs.run()
        return self._accepted(highspy)

    def _take(
        self,
        lower: Floats | None = None,
        upper: Floats | None = None,
        row_lower: Floats | None = None,
        row_upper: Floats | None = None,
        cost: Floats | None = None,
    ) -> Any:
        """Tell HiGHS what differs; what is not given stays. Return the solver's library."""
        if self._highs is None:
            raise RuntimeError("solve() comes before resolve()")
        _, highspy = _libraries()
        old, highs = self.program, self._highs
        new = replace(
            old,
            lower=old.lower if lower is None else lower,
            upper=old.upper if upper is None else upper,
            row_lower=old.row_lower if row_lower is None else row_lower,
            row_upper=old.row_upper if row_upper is None else row_upper,
            cost=old.cost if cost is None else cost,
        )
        _change(highs.changeColsBounds, (old.lower, old.upper), (new.lower, new.upper))
        _change(
            highs.changeRowsBounds, (old.row_lower, old.row_upper), (new.row_lower, new.row_upper)
        )
        differ = np.flatnonzero(old.cost != new.cost).astype(np.int32)
        if len(differ):
            highs.changeColsCost(len(differ), differ, new.cost[differ])
        # Other costs leave the basis feasible; primal simplex goes on from it, ten times faster.
        highs.setOptionValue("simplex_strategy", _DUAL if cost is None else _PRIMAL)
        self.program = new
        return highspy

    def _check_order(self) -> None:
        """Make sure that columns and rows stand in HiGHS as they stand in the program."""
        model = self._highs.getLp()
        same = (
            model.num_col_ == len(self.program.cost)
            and model.num_row_ == len(self.program.row_lower)
            and np.array_equal(np.asarray(model.col_cost_), self.program.cost)
            and np.array_equal(np.asarray(model.row_upper_), self.program.row_upper)
        )
        if not same:
            raise SolverError("PuLP handed columns or rows to HiGHS in another order")

    def _accepted(self, highspy: Any) -> Solution:
        """Return the answer if it is one and holds when checked; raise what it is otherwise."""
        highs = self._highs
        said, status = _status(highs, highspy, bool(self.program.integer.any()))
        info = highs.getInfo()
        match status:
            case Status.INFEASIBLE:
                raise InfeasibleError(f"no plan satisfies all rows (HiGHS: {said})")
            case Status.UNBOUNDED:
                raise UnboundedError(f"the cost has no lower end (HiGHS: {said})")
            case Status.NO_SOLUTION:
                raise NoSolutionError(f"the solver stopped without a plan (HiGHS: {said})")
        answer = highs.getSolution()
        x, integer = np.array(answer.col_value), self.program.integer
        x[integer] = np.round(x[integer])
        worst, row = self.program.violation(x)
        if not worst <= TOLERANCE:
            where = self.program.row_name(row) if row >= 0 else "a bound"
            raise WrongSolutionError(f"the solver's plan violates {where} by {worst:.2g}")
        linear = not integer.any()
        return Solution(
            status=status,
            gap=0.0 if linear else float(info.mip_gap),
            objective=float(self.program.cost @ x),
            x=x,
            row_price=np.array(answer.row_dual) if linear else np.zeros(len(answer.row_value)),
            reduced_cost=np.array(answer.col_dual) if linear else np.zeros_like(x),
            solver_status=said,
            iterations=int(info.simplex_iteration_count),
        )


def solve(program: Program, limits: Limits | None = None) -> Solution:
    """Solve a program once."""
    return Solver(program, limits).solve()


def pulp_problem(
    program: Program,
    name: str = "bloodsim",
    names: tuple[Sequence[str], Sequence[str]] | None = None,
) -> Any:
    """Return the program as a PuLP problem, columns and rows in order.

    Parameters
    ----------
    program : Program
        What to solve.
    name : str
        Of the problem.
    names : (columns, rows), optional
        Names to write; default: opaque ones, which no name of a region can break.
    """
    pulp, _ = _libraries()
    expression = getattr(pulp.LpAffineExpression, "from_list", pulp.LpAffineExpression)
    problem = pulp.LpProblem(name, pulp.LpMinimize)
    infinite = np.isinf
    column_names, row_names = names or _opaque(program)
    columns = [
        _add_variable(
            pulp,
            problem,
            column_names[column],
            None if infinite(low) else float(low),
            None if infinite(high) else float(high),
            whole,
        )
        for column, (low, high, whole) in enumerate(
            zip(program.lower, program.upper, program.integer, strict=True)
        )
    ]
    problem += expression(
        [(variable, float(c)) for variable, c in zip(columns, program.cost, strict=True)]
    )
    pointer, indices = program.matrix.indptr.tolist(), program.matrix.indices.tolist()
    values = program.matrix.data.tolist()
    sides = zip(program.row_lower.tolist(), program.row_upper.tolist(), strict=True)
    for row, (low, high) in enumerate(sides):
        span = range(pointer[row], pointer[row + 1])
        terms = expression([(columns[indices[k]], values[k]) for k in span])
        if low == high:
            problem += terms == high, row_names[row]
        elif np.isinf(low):
            problem += terms <= high, row_names[row]
        elif np.isinf(high):
            problem += terms >= low, row_names[row]
        else:
            raise ValueError(f"row {program.row_name(row)} has two different sides")
    return problem


def _opaque(program: Program) -> tuple[list[str], list[str]]:
    """Return names of columns and rows that say nothing and stand in order when sorted."""
    digits = len(str(max(program.matrix.shape)))
    rows, columns = program.matrix.shape
    return [f"x{k:0{digits}d}" for k in range(columns)], [f"r{k:0{digits}d}" for k in range(rows)]


def _add_variable(
    pulp: Any, problem: Any, name: str, low: float | None, high: float | None, whole: bool
) -> Any:
    """Add a variable in the way of PuLP 3.3 and 4."""
    kind = pulp.LpInteger if whole else pulp.LpContinuous
    if hasattr(problem, "add_variable"):
        return problem.add_variable(name, low, high, kind)
    variable = pulp.LpVariable(name, low, high, kind)
    problem.addVariable(variable)
    return variable


def _libraries() -> tuple[Any, Any]:
    try:
        import highspy
        import pulp
    except ImportError as error:
        raise SolverMissingError(
            f"planning needs PuLP and HiGHS ({error.name} is missing): pip install pulp highspy"
        ) from error
    start_silently(highspy)
    return pulp, highspy


def _change(change: Any, old: tuple[Floats, Floats], new: tuple[Floats, Floats]) -> None:
    """Tell HiGHS the bounds that differ."""
    differ = np.flatnonzero((old[0] != new[0]) | (old[1] != new[1])).astype(np.int32)
    if len(differ):
        change(len(differ), differ, new[0][differ], new[1][differ])


def _status(highs: Any, highspy: Any, integer: bool) -> tuple[str, Status]:
    """Return HiGHS's own words and what they mean for us."""
    found = highs.getModelStatus()
    said = str(highs.modelStatusToString(found))
    kinds = highspy.HighsModelStatus
    if found == kinds.kOptimal:
        return said, Status.OPTIMAL
    if found in (kinds.kInfeasible,):
        return said, Status.INFEASIBLE
    if found in (kinds.kUnbounded,):
        return said, Status.UNBOUNDED
    if found == kinds.kUnboundedOrInfeasible:
        return said, Status.INFEASIBLE
    feasible = int(highs.getInfo().primal_solution_status) == 2
    if integer and feasible and np.isfinite(highs.getInfo().mip_gap):
        return said, Status.FEASIBLE
    return said, Status.NO_SOLUTION
