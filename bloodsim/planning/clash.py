"""Which limits clash when no plan satisfies all of them."""

from __future__ import annotations

import numpy as np
from scipy import optimize, sparse

from bloodsim.optimize.program import Program

_TINY = 1e-6


def clashing_rows(program: Program, most: int = 10) -> list[tuple[str, float]]:
    """Return rows, and by how much each has to give way so that the rest can hold.

    The sum over rows is as small as can be; bounds of variables hold. Whole numbers are not asked
    for: empty if the rows clash only with them.

    Parameters
    ----------
    program : Program
        One without a solution.
    most : int
        Rows to return, largest first.
    """
    n_rows, n_columns = program.matrix.shape
    unit = sparse.eye_array(n_rows)
    relaxed = sparse.hstack([program.matrix, unit, -unit]).tocsr()
    cost = np.concatenate([np.zeros(n_columns), np.ones(2 * n_rows)])
    lower = np.concatenate([program.lower, np.zeros(2 * n_rows)])
    upper = np.concatenate([program.upper, np.full(2 * n_rows, np.inf)])
    found = optimize.milp(
        cost,
        bounds=optimize.Bounds(lower, upper),
        constraints=optimize.LinearConstraint(relaxed, program.row_lower, program.row_upper),
    )
    if found.x is None:
        return []
    slack = found.x[n_columns : n_columns + n_rows] + found.x[n_columns + n_rows :]
    order = np.argsort(-slack, kind="stable")[:most]
    return [(program.row_name(int(row)), float(slack[row])) for row in order if slack[row] > _TINY]
