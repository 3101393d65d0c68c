r"""How many apheresis donors to book for each day, so that platelets last through closed days.

Of what is collected on day v, :math:`b_v`, units leave on the days t on which they may be issued,
:math:`v + \delta \le t \le v + L - 1` with test delay :math:`\delta` and life L:

.. math:: \min \sum_t \big(p\, m_t + \textstyle\sum_k q_k h_{kt} + \kappa(b_t - c_t)\big)
              + \sum_v \big(w\, o_v + g\, b_v + \textstyle\sum_t \eta (t - v) u_{vt}\big)

.. math:: \sum_t u_{vt} + o_v = b_v, \qquad \sum_v u_{vt} + m_t = D_t, \qquad
          \textstyle\sum_v (b_v - \sum_{t' \le t} u_{vt'}) + \sum_k h_{kt} \ge \ell_0 D_{t+1}

.. math:: f_{min} c_t \le b_t \le \min(f_{max} c_t,\ \text{chairs}_t), \qquad
          \textstyle\sum_{t' = t}^{t + I - 1} b_{t'} \le \text{donors}_t

with expected requests D, missing ones m, outdates o, units c at usual turnout (0 on closed days),
and safety levels of tomorrow's stock in days of tomorrow's demand, each step h at its price,
:math:`\kappa` convex, and a price :math:`\eta` of lying in stock. Over an interval I no donor gives
twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.program import Program, ProgramBuilder
from bloodsim.optimize.solver import Limits, solve

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

SAFETY_DAYS = (2.6, 1.5, 0.7)
SAFETY_PRICES = (0.3, 1.5, 5.0)
"""Safety levels (days of tomorrow's demand), highest first, and points per unit and day below each
(judgement)."""
CHANGE_STEPS = ((0.1, 0.01), (0.2, 0.03), (0.3, 0.06), (np.inf, 0.1))
"""Points per unit that bookings differ from usual turnout, by the share of it that they differ: of
like plans the one that calls a little more on many days (judgement)."""
HOLDING_PRICE = 0.05
"""Points per unit and day in stock: what lies longer outdates sooner if luck is bad (judgement)."""


@dataclass(frozen=True)
class BookingProblem:
    """One stock of a short-lived product, in units by day.

    Parameters
    ----------
    demand : float array (n_days,)
        Expected requests.
    usual : float array (n_days,)
        Sound units collected at usual turnout; 0 on closed days.
    least_factor, largest_factor : float
        Range of turnout that calling donors reaches.
    life_days, test_delay_days : int
        Days from collection on which units may be issued, the first included, and until release.
    missing_price, outdate_price, unit_price : float
        Points per request that is not met, per unit outdated, and per unit collected.
    chairs : float array (n_days,), optional
        Most units that chairs and machines can take.
    interval_days : int
        Days in which a donor gives once.
    donors : float array (n_days,), optional
        Units that all eligible donors of the interval from each day on could give.
    safety_days, safety_prices : tuple of float
        Safety levels, highest first.
    """

    demand: Floats
    usual: Floats
    least_factor: float
    largest_factor: float
    life_days: int
    test_delay_days: int
    missing_price: float
    outdate_price: float
    unit_price: float = 0.0
    chairs: Floats | None = None
    interval_days: int = 14
    donors: Floats | None = None
    safety_days: tuple[float, ...] = SAFETY_DAYS
    safety_prices: tuple[float, ...] = SAFETY_PRICES


@dataclass(frozen=True)
class Bookings:
    """What to book.

    Parameters
    ----------
    status : str
        ``optimal``.
    objective : float
        Points.
    booked : float array (n_days,)
        Units to collect.
    factor : float array (n_days,)
        The same against usual turnout; 1 on closed days.
    position : float array (n_days,)
        Units in stock and in test at the start of each day, before its requests.
    missing, outdated : float array (n_days,)
        Requests not met by day, and units outdated by day of collection.
    """

    status: str
    objective: float
    booked: Floats
    factor: Floats
    position: Floats
    missing: Floats
    outdated: Floats


def plan_bookings(problem: BookingProblem, limits: Limits | None = None) -> Bookings:
    """Return the best bookings of one stock."""
    program = booking_program(problem)
    solution = solve(program, limits)
    x, columns = solution.x, program.columns
    booked = x[columns["booked"]]
    lags = np.arange(_first(problem), problem.life_days)
    used = x[columns["used"]]
    n_days = len(problem.demand)
    position = np.zeros(n_days)
    for day in range(n_days):
        for back in range(1, min(day, problem.life_days) + 1):
            made = day - back
            if back <= problem.life_days - 1:
                left = booked[made] - used[made, lags < back].sum()
                position[day] += max(left, 0.0)
    return Bookings(
        status=str(solution.status),
        objective=solution.objective,
        booked=booked,
        factor=np.where(
            problem.usual > 0, booked / np.where(problem.usual > 0, problem.usual, 1), 1
        ),
        position=position,
        missing=x[columns["missing"]],
        outdated=x[columns["outdated"]],
    )


def booking_program(problem: BookingProblem) -> Program:
    """Return the linear program of one stock."""
    builder = ProgramBuilder()
    n_days = len(problem.demand)
    days = np.arange(n_days)
    most = problem.largest_factor * problem.usual
    if problem.chairs is not None:
        most = np.minimum(most, problem.chairs)
    least = np.minimum(problem.least_factor * problem.usual, most)
    booked = builder.add_columns(
        "booked", (n_days,), cost=problem.unit_price, lower=least, upper=most
    )
    width, price = np.array(CHANGE_STEPS).T
    apart = builder.add_columns(
        "apart",
        (len(price), n_days),
        cost=price[:, None],
        upper=np.where(np.isinf(width), np.inf, width)[:, None] * np.maximum(problem.usual, 1e-9),
    )
    for sign in (1.0, -1.0):
        rows = builder.add_rows(f"apart_{sign:+.0f}", (n_days,), upper=sign * problem.usual)
        builder.add_terms(rows, booked, sign)
        builder.add_terms(rows[None], apart, -1)
    lags = np.arange(_first(problem), problem.life_days)
    within = days[:, None] + lags < n_days
    used = builder.add_columns(
        "used", within.shape, HOLDING_PRICE * lags, upper=np.where(within, np.inf, 0.0)
    )
    # What may still be issued after the last day is neither used nor outdated within the plan.
    free = days + problem.life_days > n_days
    outdated = builder.add_columns(
        "outdated", (n_days,), cost=np.where(free, 0.0, problem.outdate_price)
    )
    balance = builder.add_rows("collected", (n_days,), 0, 0)
    builder.add_terms(balance[:, None], used, 1)
    builder.add_terms(balance, outdated, 1)
    builder.add_terms(balance, booked, -1)
    missing = builder.add_columns("missing", (n_days,), cost=problem.missing_price)
    asked = builder.add_rows("requests", (n_days,), problem.demand, problem.demand)
    builder.add_terms(asked, missing, 1)
    made, lag = np.nonzero(within)
    builder.add_terms(asked[made + lags[lag]], used[made, lag], 1)
    _add_safety(builder, problem, booked, used, lags)
    if problem.donors is not None:
        rows = builder.add_rows("interval", (n_days,), upper=problem.donors)
        for ahead in range(min(problem.interval_days, n_days)):
            builder.add_terms(rows[: n_days - ahead], booked[ahead:], 1)
    return builder.build()


def _first(problem: BookingProblem) -> int:
    """Return the days from collection to the first issue: 0 and 1 both mean the next morning."""
    return max(1, problem.test_delay_days)


def _add_safety(
    builder: ProgramBuilder, problem: BookingProblem, booked: Index, used: Index, lags: Index
) -> None:
    """Price what tomorrow's stock falls short of each level."""
    n_days = len(problem.demand)
    tomorrow = np.append(problem.demand[1:], problem.demand[-1])
    levels = np.array(problem.safety_days)
    steps = levels - np.append(levels[1:], 0.0)
    below = builder.add_columns(
        "below",
        (len(levels), n_days),
        cost=np.array(problem.safety_prices)[:, None],
        upper=steps[:, None] * tomorrow,
    )
    rows = builder.add_rows("safety", (n_days,), lower=levels[0] * tomorrow)
    builder.add_terms(rows[None], below, 1)
    for back in range(_first(problem) - 1, problem.life_days - 1):
        # Collected so many days ago, released by tomorrow and not yet too old for it.
        builder.add_terms(rows[back:], booked[: n_days - back], 1)
        for k in np.flatnonzero(lags <= back):
            builder.add_terms(rows[back:], used[: n_days - back, k], -1)
