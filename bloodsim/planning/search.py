"""The search for one product's plan: one program, solved under changing limits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.aims import Aims, Stage, best, staged
from bloodsim.optimize.problem import State, TransferPlan
from bloodsim.optimize.program import Program
from bloodsim.optimize.sides import sides_of
from bloodsim.optimize.solver import Limits, Solution, Solver
from bloodsim.optimize.transfers import TransferModel, plan_of
from bloodsim.planning.today import ProductToday

Floats = NDArray[np.floating]
Closed = NDArray[np.bool_]


@dataclass(frozen=True)
class Found:
    """A plan, what each stage reached, and the solver's answer behind it."""

    plan: TransferPlan
    reached: tuple[float, ...]
    solution: Solution


@dataclass(frozen=True)
class Search:
    """The program of a product, built once.

    Parameters
    ----------
    today : ProductToday
        The problem.
    frame, program : Program
        Coefficients of the network alone, and with what the aims add to it.
    stages : tuple of Stage
        What is brought down, in order; the cost last.
    solver : Solver
        Of the program.
    """

    today: ProductToday
    frame: Program
    program: Program
    stages: tuple[Stage, ...]
    solver: Solver

    @classmethod
    def of(cls, today: ProductToday, aims: Aims, limits: Limits | None = None) -> Search:
        """Build the program; nothing is solved yet."""
        model = TransferModel(today.network)
        plain = model.program(today.state)
        program, stages = staged(plain, today.network, today.state, aims)
        return cls(today, model.frame, program, stages, Solver(program, limits, presolve=True))

    def start(self) -> Found:
        """Solve for the cost alone: what everything after it starts from."""
        return self._found(self.solver.solve(), ())

    def best(
        self,
        closed: Closed | None = None,
        state: State | None = None,
        transfers: Floats | None = None,
    ) -> Found:
        """Return the best plan of a state.

        Parameters
        ----------
        closed : bool array (n_slots, n_arcs), optional
            Roads that carry nothing, by slot.
        state : State, optional
            Other than today's.
        transfers : float array (n_slots, n_arcs, n_groups), optional
            Shipments that stand as they are; NaN = free.
        """
        sides = self._sides(state)
        lower, upper = sides["lower"], sides["upper"]
        sent = self.program.columns["transfer"]
        if closed is not None:
            upper[sent[closed]] = 0
        if transfers is not None:
            fixed = ~np.isnan(transfers)
            lower[sent[fixed]] = upper[sent[fixed]] = transfers[fixed]
        solution, reached = best(self.solver, self.program, self.stages, **sides)
        return self._found(solution, reached)

    def _sides(self, state: State | None) -> dict[str, Floats]:
        """Return all bounds and sides of a state, those that the aims added as they stand.

        All of them: what the solver is not told stays as the last solve left it.
        """
        if state is None:
            names = ("lower", "upper", "row_lower", "row_upper")
            return {name: getattr(self.program, name).copy() for name in names}
        sides = vars(sides_of(self.today.network, self.frame, state))
        return {
            name: np.concatenate([values, getattr(self.program, name)[len(values) :]])
            for name, values in sides.items()
        }

    def _found(self, solution: Solution, reached: tuple[float, ...]) -> Found:
        plan = plan_of(self.today.network, self.frame, solution)
        cost = float(self.program.cost @ solution.x)
        return Found(replace(plan, objective=cost), reached, solution)
