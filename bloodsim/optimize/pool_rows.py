r"""What a calendar takes out of a pool of repeat donors, what that costs, and when it runs out.

How many eligible donors are missing is linear in the gifts, so a gift of day t has one cost, found
backwards from the last day: its charge, and :math:`M_{k,t+1}`, the cost of a missing donor,

.. math:: c_{kt} = \lambda_{kt} + M_{k,t+1} - \phi_k M_{k',t+I+1}, \qquad
          M_{kt} = M_{k,t+1} + h_{kt} (p_t - c_{kt}),

since a missing donor's own gift (worth p) does not happen, and then costs nothing either. The rows
of the program only keep the pool from running out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.drive_problem import DonorPath, DriveProblem
from bloodsim.optimize.program import ProgramBuilder

Floats = NDArray[np.floating]
Index = NDArray[np.integer]


def worth_of_donors(
    problem: DriveProblem, gift: str, day: Index, value: Floats, repeat_share: Floats | float
) -> Floats:
    """Return points per donor less what repeat donors cost, with what newcomers bring later."""
    number = problem.pool(gift)
    if number is None:
        return np.asarray(value, dtype=float)
    pool = problem.pools[number]
    cost = (pool.shares @ gift_cost(pool))[day]
    credit = 0.0 if pool.first_time_credit is None else pool.first_time_credit[day]
    worth: Floats = value - repeat_share * cost + (1 - np.asarray(repeat_share)) * credit
    return worth


def gift_cost(pool: DonorPath) -> Floats:
    """Return the points that a repeat gift costs beyond the day itself (n_segments, n_days)."""
    n_segments, n_days = pool.eligible.shape
    hazard, value, retention = _hazard(pool), pool.natural_value, _retention(pool)
    value = np.zeros(n_days) if value is None else value
    after = np.minimum(np.arange(n_segments) + 1, n_segments - 1)
    missing = np.zeros((n_segments, n_days + 1))
    cost = np.zeros((n_segments, n_days))
    for day in range(n_days - 1, -1, -1):
        back = min(day + pool.interval_days + 1, n_days)
        returns = retention * missing[after, back]
        cost[:, day] = pool.charge[:, day] + missing[:, day + 1] - returns
        stays_away = hazard[:, day] * (value[day] - cost[:, day])
        missing[:, day] = missing[:, day + 1] + stays_away
    return cost


def add_pool(builder: ProgramBuilder, pool: DonorPath, gifts: Index) -> None:
    """Add how many eligible donors are missing, and that they do not run out.

    Parameters
    ----------
    builder : ProgramBuilder
        The program.
    pool : DonorPath
        The pool.
    gifts : int array (n_days,)
        Columns of the repeat gifts that the plan adds.
    """
    n_segments, n_days = pool.eligible.shape
    hazard, retention, late = _hazard(pool), _retention(pool), pool.interval_days
    free = np.where(np.arange(n_days + 1) == 0, 0.0, np.inf)  # nobody is missing on the first day
    missing = builder.add_columns(f"missing_{pool.gift}", (n_segments, n_days + 1), 0, -free, free)
    balance = builder.add_rows(f"missing_{pool.gift}", (n_segments, n_days), 0, 0)
    builder.add_terms(balance, missing[:, 1:], 1)
    builder.add_terms(balance, missing[:, :-1], hazard - 1)
    builder.add_terms(balance, gifts, -pool.shares[:, None])
    for segment in range(n_segments if late < n_days else 0):
        after, back = min(segment + 1, n_segments - 1), float(retention[segment])
        rows = balance[after, late:]
        builder.add_terms(rows, gifts[: n_days - late], back * pool.shares[segment])
        builder.add_terms(
            rows, missing[segment, : n_days - late], -back * hazard[segment, : n_days - late]
        )
    natural = np.zeros(n_days) if pool.natural is None else pool.natural
    room = pool.most_share * pool.eligible.sum(axis=0) - natural
    enough = builder.add_rows(f"pool_{pool.gift}", (n_days,), upper=np.maximum(room, 0))
    builder.add_terms(enough, gifts, 1)
    builder.add_terms(enough, missing[:, :-1], np.maximum(pool.most_share - hazard, 0))


def _hazard(pool: DonorPath) -> Floats:
    return np.zeros(pool.eligible.shape) if pool.hazard is None else pool.hazard


def _retention(pool: DonorPath) -> Floats:
    return np.ones(len(pool.shares)) if pool.retention is None else pool.retention
