r"""Two stages: today's transfers before the future is known, all else after; what that is worth.

With paths s of requests and releases, the same network on each of them, and today's transfers y:

.. math:: \min_y \frac1S \sum_s \min_{x_s} c\,(y, x_s)

solved whole, one copy of the network for each path and today's transfers equal in all of them. The
expected-value plan takes y from the mean path instead. Both are then judged on fresh paths:

* VSS = mean cost of the expected-value plan - mean cost of the two-stage plan;
* EVPI = mean cost of the two-stage plan - mean cost with y chosen for each path by itself.

After today everything is known in both, so these are worths of today's decision alone. It is always
possible: what leaves today is there today.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bloodsim.optimize.problem import ClassRule, Network, State
from bloodsim.optimize.program import Program
from bloodsim.optimize.solver import Limits, Solver, solve
from bloodsim.optimize.transfers import TransferModel

Floats = NDArray[np.floating]
Index = NDArray[np.integer]


@dataclass(frozen=True)
class TwoStage:
    """Costs on fresh paths (points), path by path.

    Parameters
    ----------
    expected, two_stage, known : float array (n_paths,)
        With today's transfers of the expected-value plan, of the two-stage plan, and chosen for the
        path by itself.
    """

    expected: Floats
    two_stage: Floats
    known: Floats


def worth_of_stages(
    network: Network,
    mean: State,
    planned_on: Sequence[State],
    judged_on: Sequence[State],
    limits: Limits | None = None,
) -> TwoStage:
    """Plan today's transfers in both ways, and judge them.

    Parameters
    ----------
    network : Network
        Roads, classes and prices; linear (no whole lots).
    mean : State
        The expected path.
    planned_on, judged_on : sequence of State
        Paths of the two-stage plan, and others.
    limits : Limits, optional
        When a solve stops.
    """
    model = TransferModel(network)
    today = model.frame.columns["transfer"][0]
    expected = solve(model.program(mean), limits).x[today]
    whole, first = _extensive([model.program(state) for state in planned_on], today.ravel())
    together = solve(whole, limits).x[first].reshape(today.shape)
    solver = Solver(model.program(mean), limits)
    solver.solve()
    costs = [
        [_cost(solver, model.program(state), today, sent) for state in judged_on]
        for sent in (expected, together, None)
    ]
    return TwoStage(*(np.array(each) for each in costs))


def _cost(solver: Solver, program: Program, today: Index, sent: Floats | None) -> float:
    """Return the cost of a path with today's transfers given, or free (None)."""
    lower, upper = program.lower.copy(), program.upper.copy()
    if sent is not None:
        lower[today] = upper[today] = np.maximum(sent, 0)
    return solver.resolve(lower, upper, program.row_lower, program.row_upper).objective


def _extensive(programs: Sequence[Program], today: Index) -> tuple[Program, Index]:
    """Return all paths as one program, today's transfers equal, and where those of the first are.

    All programs have the same matrix: they differ in bounds and right-hand sides.
    """
    one, n = programs[0], len(programs)
    n_columns = one.matrix.shape[1]
    copies = (np.arange(n) * n_columns)[1:, None] + today
    size = copies.size
    row = np.arange(size)
    signs = np.concatenate([np.ones(size), -np.ones(size)])
    places = np.concatenate([copies.ravel(), np.tile(today, n - 1)])
    equal = sparse.csr_array((signs, (np.tile(row, 2), places)), shape=(size, n * n_columns))
    alike = np.zeros(size)
    n_rows = n * one.matrix.shape[0]
    whole = Program(
        matrix=sparse.csr_array(sparse.vstack([sparse.block_diag([one.matrix] * n), equal])),
        cost=np.tile(one.cost, n) / n,
        lower=np.concatenate([program.lower for program in programs]),
        upper=np.concatenate([program.upper for program in programs]),
        row_lower=np.concatenate([*(program.row_lower for program in programs), alike]),
        row_upper=np.concatenate([*(program.row_upper for program in programs), alike]),
        integer=np.zeros(n * n_columns, dtype=bool),
        columns={"paths": np.arange(n * n_columns)},
        rows={"paths": np.arange(n_rows), "today_is_one": np.arange(n_rows, n_rows + size)},
    )
    return whole, today


def without_groups(network: Network) -> Network:
    """Return the network with all blood groups as one."""
    return replace(
        network,
        groups=("all",),
        classes=tuple(
            ClassRule(rule.name, rule.lost_price, rule.waiting_price, rule.patience_days, ((0, 0),))
            for rule in network.classes
        ),
        normal=network.normal.sum(axis=1, keepdims=True),
        universal_share=None,
    )


def summed_groups(state: State) -> State:
    """Return the state with all blood groups as one."""
    return replace(
        state,
        by_life=state.by_life.sum(axis=-1, keepdims=True),
        receipts=state.receipts.sum(axis=-1, keepdims=True),
        arrivals=state.arrivals.sum(axis=-1, keepdims=True),
        demand=state.demand.sum(axis=-1, keepdims=True),
        backlog=state.backlog.sum(axis=-1, keepdims=True),
        levels=state.levels.sum(axis=-1, keepdims=True),
        exportable=state.exportable.sum(axis=-1, keepdims=True),
        end_level=state.end_level.sum(axis=-1, keepdims=True),
    )
