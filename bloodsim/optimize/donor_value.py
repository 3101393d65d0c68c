r"""What an eligible donor is worth: a year of a region's donor pool, week by week, that repeats.

.. math:: \max \sum_{k,w} \pi_w y_{kw}, \quad
          E_{k,w+1} = (1 - a_k)(E_{kw} - y_{kw}) + b_{k,w+1}, \quad
          y_{kw} \le \rho_{kw} E_{kw}, \quad \sum_k y_{kw} \le c_w

E eligible donors of segment k in week w (of 52, in a circle), y their gifts, :math:`\rho` the share
of them who come in a week at most, :math:`\pi` points per gift, a the share who leave in a week, c
what a week can collect. Donors who gave return one interval I later, one segment further:

.. math:: b_{kw} = \sum_{k' \to k} \phi_{k'}\, y_{k',w-I} + \phi_0\, new_{w-I} [k = once]

The dual of the row of E is :math:`\lambda_{kw}`, the worth of one eligible donor more. Who gives in
week w takes :math:`(1 - a)\lambda_{k,w+1} - \phi \lambda_{k',w+I}` from the future. At a constant
price, when all who may give do so and nobody leaves (:math:`a \to 0, \phi \to 1`), that is
:math:`hI / (1 + hI)` of the price, with h the hazard of a return and I the weeks missed (those
strictly between the gift and the first week in which the donor may give again).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.program import Program, ProgramBuilder
from bloodsim.optimize.solver import Limits, solve

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

WEEKS = 52


@dataclass(frozen=True)
class DonorYear:
    """The pool of a region and gift over a year of weeks.

    Parameters
    ----------
    price : float array (52,)
        Points per gift.
    most_share : float array (n_segments, 52)
        Largest share of eligible donors who give in a week: hazard x availability (term times).
    newcomers : float array (52,)
        First-time gifts, whatever the plan.
    interval_weeks : int
        Weeks from a gift to the first in which the donor may give again (26 = 6 months).
    retention : float array (n_segments,)
        Share of those who gave who return after the interval, one segment further.
    newcomer_retention : float
        The same for first-time donors, who return to the first segment.
    leaving_share : float array (n_segments,)
        Share of eligible donors who leave for good in a week; above 0.
    capacity : float array (52,), optional
        Most repeat gifts in a week.
    least_share : float array (n_segments, 52), optional
        Share of eligible donors who come in a week whatever the plan; default 0.
    step_gifts, step_fall : float array (n_steps, 52), optional
        Beyond so many repeat gifts in a week each is worth so many points less; steps add up.
        Without steps all gifts go to the dearest weeks.
    """

    price: Floats
    most_share: Floats
    newcomers: Floats
    interval_weeks: int
    retention: Floats
    newcomer_retention: float
    leaving_share: Floats
    capacity: Floats | None = None
    least_share: Floats | None = None
    step_gifts: Floats | None = None
    step_fall: Floats | None = None

    def __post_init__(self) -> None:
        if not (np.all(self.leaving_share > 0) and np.all(self.leaving_share < 1)):
            raise ValueError("leaving_share must be above 0 and below 1: pools have to settle")
        if not 1 <= self.interval_weeks < WEEKS:
            raise ValueError(f"interval_weeks must be 1 to {WEEKS - 1}")


@dataclass(frozen=True)
class DonorValue:
    """The best year of a pool.

    Parameters
    ----------
    year : DonorYear
        The problem.
    eligible, gifts : float array (n_segments, 52)
        Donors who may give at the start of a week, and those who do.
    worth : float array (n_segments, 52)
        Points that one more eligible donor at the start of the week is worth.
    capacity_price : float array (52,)
        Points that one more gift of capacity is worth.
    objective : float
        Points a year.
    """

    year: DonorYear
    eligible: Floats
    gifts: Floats
    worth: Floats
    capacity_price: Floats
    objective: float

    @property
    def loss(self) -> Floats:
        """Points of the future that a gift of a week takes (n_segments, 52)."""
        stays = 1 - self.year.leaving_share[:, None]
        return stays * np.roll(self.worth, -1, axis=1) - self._returning(self.year.interval_weeks)

    def _returning(self, weeks: int) -> Floats:
        """Return the worth of one who gave, some weeks later (n_segments, 52)."""
        after = np.minimum(np.arange(len(self.worth)) + 1, len(self.worth) - 1)
        later: Floats = np.roll(self.worth[after], -weeks, axis=1)
        return self.year.retention[:, None] * later

    def charge(self, first_week: float, n_days: int) -> Floats:
        """Return what a gift on each day of a plan takes from after its end (n_segments, n_days).

        The donor's worth on the last day less that of the return; what the donor could have given
        within the plan is for the plan to weigh. For `DonorPath.charge`.

        Parameters
        ----------
        first_week : float
            Week of the year (from 0) of the plan's first day.
        n_days : int
            Days of the plan.
        """
        last = first_week + n_days / 7
        back = np.maximum(first_week + np.arange(n_days) / 7 + self.year.interval_weeks, last)
        after = np.minimum(np.arange(len(self.worth)) + 1, len(self.worth) - 1)
        returns = self.year.retention[:, None] * self.at(back)[after]
        return self.at(np.full(n_days, last)) - returns

    def first_time_credit(self, first_week: float, n_days: int) -> Floats:
        """Return what a first-time donor on each day of a plan brings later (n_days,)."""
        last = first_week + n_days / 7
        back = np.maximum(first_week + np.arange(n_days) / 7 + self.year.interval_weeks, last)
        credit: Floats = self.year.newcomer_retention * self.at(back)[0]
        return credit

    def at(self, week: Floats) -> Floats:
        """Return worth at some times, between weeks in proportion (n_segments, n)."""
        grid = np.arange(WEEKS)
        return np.stack([np.interp(week % WEEKS, grid, row, period=WEEKS) for row in self.worth])


def donor_value(year: DonorYear, limits: Limits | None = None) -> DonorValue:
    """Return the best gifts of every week, and what an eligible donor is worth."""
    scale = max(float(year.newcomers.sum()), 1.0)  # donors in thousands would cost digits
    program = donor_program(_scaled(year, 1 / scale))
    solution = solve(program, limits)
    columns, rows = program.columns, program.rows
    price: Floats = np.zeros(WEEKS)
    if "capacity" in rows:
        price = -solution.row_price[rows["capacity"]]
    return DonorValue(
        year=year,
        eligible=scale * solution.x[columns["eligible"]],
        gifts=scale * solution.x[columns["gifts"]],
        worth=-solution.row_price[rows["pool"]],
        capacity_price=price,
        objective=-scale * solution.objective,
    )


def _scaled(year: DonorYear, factor: float) -> DonorYear:
    def times(donors: Floats | None) -> Floats | None:
        return None if donors is None else donors * factor

    return replace(
        year,
        newcomers=year.newcomers * factor,
        capacity=times(year.capacity),
        step_gifts=times(year.step_gifts),
    )


def donor_program(year: DonorYear) -> Program:
    """Return the linear program of a year; the row of a week fixes its eligible donors."""
    n_segments = len(year.retention)
    shape = (n_segments, WEEKS)
    builder = ProgramBuilder()
    eligible = builder.add_columns("eligible", shape)
    gifts = builder.add_columns("gifts", shape, cost=-np.broadcast_to(year.price, shape))
    new = np.zeros(shape)
    new[0] = year.newcomer_retention * np.roll(year.newcomers, year.interval_weeks)
    pool = builder.add_rows("pool", shape, new, new)
    before = np.roll(np.arange(WEEKS), 1)
    stays = 1 - year.leaving_share[:, None]
    builder.add_terms(pool, eligible, 1)
    builder.add_terms(pool, eligible[:, before], -stays)
    builder.add_terms(pool, gifts[:, before], stays)
    given = np.roll(np.arange(WEEKS), year.interval_weeks)
    for segment in range(n_segments):
        after = min(segment + 1, n_segments - 1)
        builder.add_terms(pool[after], gifts[segment, given], -float(year.retention[segment]))
    most = builder.add_rows("most", shape, upper=0)
    builder.add_terms(most, gifts, 1)
    builder.add_terms(most, eligible, -np.broadcast_to(year.most_share, shape))
    if year.capacity is not None:
        capacity = builder.add_rows("capacity", (WEEKS,), upper=year.capacity)
        builder.add_terms(capacity, gifts, 1)
    if year.least_share is not None:
        least = builder.add_rows("least", shape, lower=0)
        builder.add_terms(least, gifts, 1)
        builder.add_terms(least, eligible, -np.broadcast_to(year.least_share, shape))
    if year.step_gifts is not None and year.step_fall is not None:
        size = year.step_gifts.shape
        beyond = builder.add_columns("beyond_step", size, cost=year.step_fall)
        steps = builder.add_rows("beyond_step", size, upper=year.step_gifts)
        builder.add_terms(steps, beyond, -1)
        for segment in range(n_segments):
            builder.add_terms(steps, gifts[segment], 1)
    return builder.build()
