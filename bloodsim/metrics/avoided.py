"""How much of what transfers can avoid at all a policy avoids."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bloodsim.metrics.effort import cost

if TYPE_CHECKING:
    from bloodsim.results import Results

_RESAMPLES = 2000
_SEED = 20260217


class Avoided(NamedTuple):
    """A share avoided, its interval, and the sentence that goes with it.

    ``share``, ``low`` and ``high`` are None where the share is not defined.
    """

    policy: str
    baseline: str
    share: float | None
    low: float | None
    high: float | None
    says: str


def share_avoided(
    results: Results, policy: str, baseline: str, confidence: float = 0.95
) -> Avoided:
    """Share of the avoidable cost that a policy avoids, against a baseline.

    ``(C_baseline - C_policy) / (C_baseline - C_bound)``: a ratio of means over replications, with a
    paired bootstrap interval. Not defined where the interval of the denominator covers 0. The bound
    is that of `results.tables["bounds"]`: no transfer policy on the same collection costs less.

    Unit: share. Shape: one number.

    Raises
    ------
    KeyError
        A variant that is not in the result, or that has no bound.

    References
    ----------
    .. [1] Brown, Smith & Sun, Information relaxations and duality in stochastic dynamic programs,
       Operations Research 58 (2010) 785-801.
    """
    points = cost(results)
    for name in (policy, baseline):
        if name not in results.variants:
            raise KeyError(f"no variant {name!r}; there are {', '.join(results.variants)}")
    bounds = results.tables.get("bounds")
    if bounds is None or not {policy, baseline} <= set(bounds["variant"].values.tolist()):
        raise KeyError(f"no bound of {policy!r} and {baseline!r}: set run.bound_transfers")
    base = points.sel(variant=baseline).values
    gain = base - points.sel(variant=policy).values
    room = base - bounds["transfers"].sel(variant=baseline).values
    draws = np.random.Generator(np.random.SFC64(_SEED)).integers(
        0, len(base), size=(_RESAMPLES, len(base))
    )
    tails = 50 * (1 - confidence), 50 * (1 + confidence)
    rooms = room[draws].mean(axis=1)
    if len(base) < 2 or np.percentile(rooms, tails[0]) <= 0:
        says = f"share avoided by {policy}: not defined ({baseline} may leave nothing to avoid)"
        return Avoided(policy, baseline, None, None, None, says)
    low, high = np.percentile(gain[draws].mean(axis=1) / rooms, tails)
    share = float(gain.mean() / room.mean())
    says = (
        f"{policy} avoids {100 * share:.0f} % [{100 * low:.0f}, {100 * high:.0f}] of what "
        f"{baseline} costs above the bound (all known ahead, no reserves, no rationing)"
    )
    return Avoided(policy, baseline, share, float(low), float(high), says)


def baseline_of(results: Results) -> str | None:
    """Return the variant others are held against: ``practice``, else the first with a bound."""
    bounds = results.tables.get("bounds")
    if bounds is None:
        return None
    names = [name for name in results.variants if name in bounds["variant"].values.tolist()]
    return "practice" if "practice" in names else names[0]


def all_avoided(results: Results) -> list[Avoided]:
    """Return the share avoided of every variant with a bound, against `baseline_of`."""
    baseline = baseline_of(results)
    if baseline is None:
        return []
    names = results.tables["bounds"]["variant"].values.tolist()
    return [share_avoided(results, name, baseline) for name in names if name != baseline]


def adds_nothing(results: Results, optimized: str, confidence: float = 0.95) -> bool:
    """Whether an optimizing variant is not clearly cheaper than the best of all others."""
    from bloodsim.metrics.intervals import interval

    points = cost(results)
    others = [name for name in results.variants if name != optimized]
    if not others:
        return False
    best = min(others, key=lambda name: float(points.sel(variant=name).mean()))
    paired = points.sel(variant=optimized) - points.sel(variant=best)
    found = interval(paired.values, confidence)
    return not found.mean + found.half_width < 0
