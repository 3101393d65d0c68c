"""From what is known of a donor pool to its year (`DonorYear`) and its path (`DonorPath`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.donor_value import WEEKS, DonorValue, DonorYear
from bloodsim.optimize.drive_problem import DonorPath
from bloodsim.optimize.visit_value import pool_response

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class PoolFacts:
    """The pool of one region and gift in a usual year.

    Parameters
    ----------
    gift : str
        What its donors give.
    repeat_per_day, first_per_day : float
        Gifts a day of repeat and of first-time donors.
    shares : float array (n_segments,)
        Shares of repeat gifts by segment.
    returning : float array (n_segments,)
        Share of donors by segment *after* a gift who become eligible (retained, test not reactive):
        first-time donors are in the first then, donors of a segment in the next.
    days_at_risk : float array (n_segments,)
        Eligible donors per gift a day: 1 + mean days from the first eligible day to the next gift.
    interval_days : int
        Days from a gift to the first day of the next.
    elasticity : float
        Power of the pool in turnout.
    most_share : float
        Largest share of eligible donors who can give on one day.
    """

    gift: str
    repeat_per_day: float
    first_per_day: float
    shares: Floats
    returning: Floats
    days_at_risk: Floats
    interval_days: int
    elasticity: float = 0.5
    most_share: float = 1.0

    @property
    def retention(self) -> Floats:
        """Share of those who give in a segment who become eligible again, in the next one."""
        after = np.minimum(np.arange(len(self.shares)) + 1, len(self.shares) - 1)
        return self.returning[after]


@dataclass(frozen=True)
class YearSettings:
    """What a plan may make of a usual year; all judgements.

    Parameters
    ----------
    least, most : float
        Range of the hazard of a gift against usual.
    leaving_per_week : float
        Share of eligible donors who leave for good; above 0. It sets how far ahead a donor's worth
        looks: 0.003 = about six years.
    step_shares : tuple of float
        Weekly gifts (against usual) beyond which one more is worth *step_fall* of its price less,
        each time.
    step_fall : float
        See above.
    """

    least: float = 0.5
    most: float = 1.5
    leaving_per_week: float = 0.003
    step_shares: tuple[float, ...] = (0.8, 1.0, 1.2, 1.4)
    step_fall: float = 0.2


def donor_year(facts: PoolFacts, price: Floats, settings: YearSettings | None = None) -> DonorYear:
    """Return the year of a pool at points per gift by week (52,)."""
    use = settings or YearSettings()
    hazard = np.repeat((7 / facts.days_at_risk)[:, None], WEEKS, axis=1)
    usual = 7 * facts.repeat_per_day * np.array(use.step_shares)
    return DonorYear(
        price=price,
        most_share=np.minimum(use.most * hazard, 1.0),
        newcomers=np.full(WEEKS, 7 * facts.first_per_day),
        interval_weeks=max(1, round(facts.interval_days / 7)),
        retention=facts.retention,
        newcomer_retention=float(facts.returning[0]),
        leaving_share=np.full(len(facts.shares), use.leaving_per_week),
        least_share=np.minimum(use.least * hazard, 1.0),
        step_gifts=np.repeat(usual[:, None], WEEKS, axis=1),
        step_fall=np.repeat(use.step_fall * price[None], len(usual), axis=0),
    )


def donor_path(
    facts: PoolFacts,
    eligible: Floats,
    natural: Floats,
    natural_value: Floats,
    worth: DonorValue | None,
    first_week: float,
) -> DonorPath:
    """Return the path of a pool over the days of a plan.

    Parameters
    ----------
    facts : PoolFacts
        The pool.
    eligible : float array (n_segments, n_days)
        Eligible donors without the plan, known returns included.
    natural, natural_value : float array (n_days,)
        Repeat gifts without the plan, and points per gift.
    worth : DonorValue, optional
        Worth of donors; None = they take nothing from the future.
    first_week : float
        Week of the year (from 0) of the first day, as in the prices of *worth*.
    """
    n_days = len(natural)
    charge: Floats = np.zeros(eligible.shape)
    credit: Floats = np.zeros(n_days)
    if worth is not None:
        charge = worth.charge(first_week, n_days)
        credit = worth.first_time_credit(first_week, n_days)
    return DonorPath(
        gift=facts.gift,
        eligible=eligible,
        shares=facts.shares,
        charge=charge,
        hazard=pool_response(natural, facts.shares, eligible, facts.elasticity),
        natural=natural,
        natural_value=natural_value,
        most_share=facts.most_share,
        interval_days=facts.interval_days,
        retention=facts.retention,
        first_time_credit=credit,
    )
