r"""What a plan is asked for beside its cost: stages in order of urgency, and fairness.

Stages are solved one after the other; each is held at what it reached, within a small tolerance,
while the next is brought down. The last stage is always the cost. Fairness, if asked for, is the
first:

.. math::
    \text{min-max}:\quad & \min \theta, \qquad \textstyle\sum_{q,t,h} s_{qtrh} \le \theta\, D_r \\
    \text{proportional}:\quad & \min \textstyle\sum_r \lambda_r, \qquad
        \lambda_r \ge D_r (-\log f_k) - (D_r - \textstyle\sum s_r - f_k D_r) / f_k

with s what is lost or cancelled and D what is asked for over the horizon, backlog included. The
second maximises :math:`\sum D_r \log(\text{share served})`, whose logarithm is held by tangents at
the shares :math:`f_k` (`TANGENTS`): exact there, below the truth by little in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.problem import Network, State
from bloodsim.optimize.program import Program, ProgramBuilder
from bloodsim.optimize.solver import Solution, Solver

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

OBJECTIVES = ("cost", "lexicographic")
"""Orders of a plan: the weighted cost alone, or what is most urgent first and the cost last."""
FAIRNESS = ("none", "min-max", "proportional")
"""Kinds of fairness between regions."""
TANGENTS = (1.0, 0.99, 0.98, 0.96, 0.93, 0.9, 0.85, 0.8, 0.7, 0.6, 0.45, 0.3, 0.15, 0.05)
"""Served shares at which the logarithm of proportional fairness is touched."""
COST, WORST_SHARE = "cost", "worst region's unmet share"
"""Names of the stages that do not count units."""

_MOST_LOSS = 1 / TANGENTS[-1] - 1 - float(np.log(TANGENTS[-1]))
"""Well above the tangents' loss where nothing at all is served, 1 - log of the last."""
_FREE = 1e9
"""Side of the row of a stage that is not held yet."""
_REL = 1e-6
"""By how much of itself a stage may give way to those after it."""
_PIECES, _SHARE = 1e-3, 1e-6
"""By how much, at least, a stage may give way: pieces, and the worst region's share."""


@dataclass(frozen=True)
class Aims:
    """What a plan is asked for.

    Parameters
    ----------
    objective : str
        One of `OBJECTIVES`.
    fairness : str
        One of `FAIRNESS`.
    robust_gamma : float
        Budget of uncertainty (days), see `caution`; 0 = the expected path.
    """

    objective: str = "cost"
    fairness: str = "none"
    robust_gamma: float = 0.0

    def __post_init__(self) -> None:
        for name, known in (("objective", OBJECTIVES), ("fairness", FAIRNESS)):
            if getattr(self, name) not in known:
                said = f"{name} '{getattr(self, name)}' is not known"
                raise ValueError(f"{said}: one of {', '.join(known)}")
        if not 0 <= self.robust_gamma < np.inf:
            raise ValueError("the budget of uncertainty is a number of days, 0 or more")


@dataclass(frozen=True)
class Stage:
    """One thing that is brought down as far as it goes.

    Parameters
    ----------
    name : str
        What it is.
    cost : float array (n_columns,)
        What it counts.
    gives_way : float
        By how much it may give way to the stages after it, at least.
    """

    name: str
    cost: Floats
    gives_way: float


Part = tuple[str, Sequence[tuple[Index, Floats]], float]


def staged(
    program: Program, network: Network, state: State, aims: Aims
) -> tuple[Program, tuple[Stage, ...]]:
    """Return the program with what the aims need, and its stages, the cost last.

    Columns and rows are added behind those that are there.
    """
    builder = ProgramBuilder.of(program)
    parts: list[Part] = []
    if aims.fairness != "none":
        parts.append(_fairness(builder, network, program, asked_for(state), aims.fairness))
    if aims.objective == "lexicographic":
        parts += _urgency(network, program)
    if not parts:
        return program, (Stage(COST, program.cost, 0.0),)
    held = builder.add_rows("held", (len(parts),), upper=_FREE)
    for row, (_, terms, _) in zip(held, parts, strict=True):
        for columns, counts in terms:
            builder.add_terms(row, columns, counts)
    whole = builder.build()
    stages = [
        Stage(name, whole.matrix[[row]].toarray()[0], gives_way)
        for row, (name, _, gives_way) in zip(held.tolist(), parts, strict=True)
    ]
    return whole, (*stages, Stage(COST, whole.cost, 0.0))


def asked_for(state: State) -> Floats:
    """Return what each region asks for over the horizon (n_regions,), backlog included."""
    total: Floats = state.demand.sum(axis=(0, 1, 3)) + state.backlog.sum(axis=(0, 2))
    return total


def _urgency(network: Network, program: Program) -> list[Part]:
    """Return the stages of urgency: lost, cancelled, waiting, outdated."""
    blocks, days = program.columns, network.slots.length.astype(float)
    one = np.ones(())
    urgent = [rule.name for rule in network.classes if rule.name != "elective"]
    lost = [(blocks[f"unmet_{name}"], one) for name in urgent]
    parts: list[Part] = [("emergency and urgent requests lost", lost, _PIECES)]
    if "unmet_elective" in blocks:
        parts.append(("elective requests cancelled", [(blocks["unmet_elective"], one)], _PIECES))
    waiting = [name for name in blocks if name.startswith("waiting_")]
    if waiting:
        # As the cost counts it: requests wait half of the slot that they fall in.
        waited = ((1 + days) / 2)[:, None, None]
        parts.append(("days of waiting", [(blocks[name], waited) for name in waiting], _PIECES))
    parts.append(("outdated", [(blocks["outdated"], one)], _PIECES))
    return parts


def _fairness(
    builder: ProgramBuilder, network: Network, program: Program, asked: Floats, kind: str
) -> Part:
    """Add the rows of fairness; return its stage."""
    scale = np.maximum(asked, 1.0)
    unmet = [program.columns[f"unmet_{rule.name}"] for rule in network.classes]
    n_regions = len(network.regions)
    if kind == "min-max":
        worst = builder.add_columns("worst_share", (1,), upper=1)
        rows = builder.add_rows("fairness", (n_regions,), upper=0)
        for block in unmet:
            builder.add_terms(rows[None, :, None], block, 1)
        builder.add_terms(rows, worst, -scale)
        return WORST_SHARE, [(worst, np.ones(1))], _SHARE
    loss = builder.add_columns("lost_log", (n_regions,), upper=_MOST_LOSS * scale)
    share = np.array(TANGENTS)
    side = (1 - np.log(share) - 1 / share)[:, None] * scale
    rows = builder.add_rows("fairness", (len(share), n_regions), lower=side)
    builder.add_terms(rows, loss[None], 1)
    for block in unmet:
        builder.add_terms(rows[:, None, :, None], block[None], -1 / share[:, None, None, None])
    what = "pieces asked for x -log of the share served, all regions"
    return what, [(loss, np.ones(n_regions))], _PIECES


def best(
    solver: Solver, program: Program, stages: Sequence[Stage], **sides: Floats
) -> tuple[Solution, tuple[float, ...]]:
    """Solve stage after stage from the reference basis; return the last and what each reached.

    Parameters
    ----------
    solver : Solver
        Of the program, solved once.
    program, stages : Program, sequence of Stage
        As `staged` returned them.
    **sides : float arrays
        Bounds and right-hand sides that differ from the program's.

    Raises
    ------
    SolverError
        A stage has no plan.
    """
    if len(stages) == 1:
        solution = solver.resolve(**sides)
        return solution, (solution.objective,)
    row_upper = sides.pop("row_upper", program.row_upper)
    reached: list[float] = []
    for number, stage in enumerate(stages):
        solution = (
            solver.go_on(row_upper, stage.cost)
            if number
            else solver.resolve(**sides, row_upper=row_upper, cost=stage.cost)
        )
        reached.append(solution.objective)
        if number + 1 < len(stages):
            gives_way = max(stage.gives_way, _REL * abs(solution.objective))
            row_upper = row_upper.copy()  # the solver knows what changed by what it had
            row_upper[program.rows["held"][number]] = solution.objective + gives_way
    return solution, tuple(reached)
