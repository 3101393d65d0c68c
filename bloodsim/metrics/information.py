"""What it would be worth at most to know the future."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bloodsim.metrics.avoided import Joint, bound_of
from bloodsim.metrics.effort import cost
from bloodsim.metrics.intervals import Interval, interval

if TYPE_CHECKING:
    from bloodsim.results import Results


def value_of_information(
    results: Results, policy: str, confidence: float = 0.95, *, joint: Joint = False
) -> Interval | None:
    """Points that a policy costs above the bound of its collection: no information is worth more.

    ``mean over r of (C_policy,r - C_bound,r)``, with its paired interval. The bound also drops
    reserves, rationing, lots and approval, so that this is the expected value of perfect
    information and of their removal together. With *joint* the bound is that of collection and
    transfers, or that at equal donations. None without `run.bound_transfers` (`run.bound_joint`).

    Unit: points. Shape: one number.

    References
    ----------
    .. [1] Birge & Louveaux, Introduction to Stochastic Programming, 2nd ed. 2011, chapter 4.
    """
    bound = bound_of(results, policy, joint=joint)
    if bound is None:
        return None
    above = cost(results).sel(variant=policy) - bound
    return interval(above.values, confidence)
