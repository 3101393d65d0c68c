"""How much of what transfers can avoid at all a policy avoids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from bloodsim.decision import FloatArray
from bloodsim.metrics.effort import cost
from bloodsim.metrics.settings import in_another_world, planned, same_collection

if TYPE_CHECKING:
    import xarray as xr

    from bloodsim.results import Results

Joint = bool | Literal["equal_donations"]
"""Which bound: of transfers, of collection and transfers, or that one at equal donations."""

_ABOVE = {
    False: "the bound (",
    True: "the joint bound (any collection, ",
    "equal_donations": "the joint bound at equal donations (agreements kept, ",
}
_FIELDS = {
    False: "run.bound_transfers",
    True: "run.bound_joint",
    "equal_donations": "run.bound_joint: equal_donations",
}
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


def bound_of(results: Results, variant: str, *, joint: Joint = False) -> xr.DataArray | None:
    """Points (R,) that no transfer policy beats on a variant's collection; None without such.

    With *joint*: that no policy of collection and transfers beats in its world; with
    ``"equal_donations"``: none with as many donations as the world's variants.
    """
    bounds = results.tables.get("joint_bounds" if joint else "bounds")
    column = joint if isinstance(joint, str) else "joint" if joint else "transfers"
    if bounds is None or column not in bounds or variant not in bounds["variant"].values.tolist():
        return None
    found = bounds[column].sel(variant=variant)
    return None if np.isnan(found.values).all() else found


def share_avoided(
    results: Results,
    policy: str,
    baseline: str,
    confidence: float = 0.95,
    *,
    joint: Joint = False,
) -> Avoided:
    """Share of the avoidable cost that a policy avoids, against a baseline.

    ``(C_baseline - C_policy) / (C_baseline - C_bound)``: a ratio of means over replications, with a
    paired bootstrap interval. Not defined where the interval of the denominator covers 0. The bound
    is that of `results.tables["bounds"]`: no transfer policy on the same collection costs less;
    with *joint* of `results.tables["joint_bounds"]`: no collection with any transfers does, or none
    with as many donations (``"equal_donations"``).

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
    bound = bound_of(results, baseline, joint=joint)
    if bound is None or bound_of(results, policy, joint=joint) is None:
        raise KeyError(f"no bound of {policy!r} and {baseline!r}: set {_FIELDS[joint]}")
    base = points.sel(variant=baseline).values
    gain = base - points.sel(variant=policy).values
    room = base - bound.values
    found = _ratio(gain, room, confidence)
    if found is None:
        says = f"share avoided by {policy}: not defined ({baseline} may leave nothing to avoid)"
        return Avoided(policy, baseline, None, None, None, says)
    says = (
        f"{policy} avoids {_percent(found)} of what {baseline} costs above "
        f"{_ABOVE[joint]}all known ahead, no reserves, no rationing)"
    )
    return Avoided(policy, baseline, *found, says)


def foresight_cost(results: Results, foresight: str) -> FloatArray:
    """Cost (R,) that knowing the future reaches at least: in every world the cheapest of all plans.

    Plans are those of the variant *foresight* and of all policies on the same collection: who knows
    the world knows which of them serves it best. An estimate from above, and no bound: reserves,
    alerts and rationing are the scenario's, and better plans may exist.
    """
    alike = same_collection(results, foresight)
    return np.asarray(cost(results).sel(variant=alike).min("variant").values)


def share_of_foresight(
    results: Results, policy: str, baseline: str, foresight: str, confidence: float = 0.95
) -> Avoided:
    """Share that a policy avoids of what is avoided by knowing the future (`foresight_cost`).

    ``(C_baseline - C_policy) / (C_baseline - C_foresight)``, with an interval as in
    `share_avoided`.

    Unit: share. Shape: one number.
    """
    points = cost(results)
    base = points.sel(variant=baseline).values
    gain = base - points.sel(variant=policy).values
    found = _ratio(gain, base - foresight_cost(results, foresight), confidence)
    if found is None:
        says = f"{policy} against {foresight}: not defined ({foresight} may avoid nothing)"
        return Avoided(policy, baseline, None, None, None, says)
    says = (
        f"{policy} avoids {_percent(found)} of what knowing all ahead avoids (estimate, no bound: "
        f"{foresight} or the cheapest of all, world by world; same reserves, alerts, rationing)"
    )
    return Avoided(policy, baseline, *found, says)


def _ratio(
    gain: FloatArray, room: FloatArray, confidence: float
) -> tuple[float, float, float] | None:
    """Return the ratio of means with a paired bootstrap interval; None where room may be 0."""
    draws = np.random.Generator(np.random.SFC64(_SEED)).integers(
        0, len(room), size=(_RESAMPLES, len(room))
    )
    tails = 50 * (1 - confidence), 50 * (1 + confidence)
    rooms = room[draws].mean(axis=1)
    if len(room) < 2 or np.percentile(rooms, tails[0]) <= 0:
        return None
    low, high = np.percentile(gain[draws].mean(axis=1) / rooms, tails)
    return float(gain.mean() / room.mean()), float(low), float(high)


def _percent(found: tuple[float, float, float]) -> str:
    share, low, high = (f"{100 * number:.0f}" for number in found)
    return f"{share} % [{low}, {high}]"


def with_foresight(results: Results) -> list[str]:
    """Return the variants that were told the future: estimates, not policies."""
    variants = results.manifest.get("variants", {})
    asked = "foresight='perfect'"
    return [v for v in results.variants if asked in str(variants.get(v, {}).get("policy", ""))]


def all_of_foresight(results: Results) -> list[Avoided]:
    """Return `share_of_foresight` of the policies of `told_family`; empty without estimate."""
    family = told_family(results)
    if family is None:
        return []
    told, baseline, *others = family
    return [share_of_foresight(results, name, baseline, told) for name in others]


def told_family(results: Results) -> list[str] | None:
    """Return a variant told the future, a baseline and other policies, all on one collection.

    The baseline is ``practice``, or the first; None where no two policies share a collection with
    an estimate.
    """
    told = with_foresight(results)
    for name in told:
        others = [each for each in same_collection(results, name) if each not in told]
        if len(others) > 1:
            baseline = "practice" if "practice" in others else others[0]
            return [name, baseline, *(each for each in others if each != baseline)]
    return None


def baseline_of(results: Results, *, joint: Joint = False) -> str | None:
    """Return the variant others are held against: ``practice``, else the first with a bound."""
    names = _bounded(results, joint=joint)
    return "practice" if "practice" in names else next(iter(names), None)


def all_avoided(results: Results, *, joint: Joint = False) -> list[Avoided]:
    """Return the share avoided of every variant with a bound, against `baseline_of`."""
    baseline = baseline_of(results, joint=joint)
    if baseline is None:
        return []
    names = _bounded(results, joint=joint)
    return [
        share_avoided(results, name, baseline, joint=joint) for name in names if name != baseline
    ]


def _bounded(results: Results, *, joint: Joint) -> list[str]:
    return [v for v in results.variants if bound_of(results, v, joint=joint) is not None]


def adds_nothing(results: Results, optimized: str, confidence: float = 0.95) -> bool:
    """Whether an optimizing variant is not clearly cheaper than the best rule.

    Other plans are no rivals: that a joint plan is cheaper does not make planned transfers worth
    nothing. Where the result has no rule, or does not tell, all other variants are.
    """
    from bloodsim.metrics.intervals import interval

    points = cost(results)
    told = with_foresight(results)
    apart = in_another_world(results, optimized) | {optimized, *told}
    others = [name for name in results.variants if name not in apart]
    others = [name for name in others if name not in planned(results)] or others
    if not others:
        return False
    best = min(others, key=lambda name: float(points.sel(variant=name).mean()))
    paired = points.sel(variant=optimized) - points.sel(variant=best)
    found = interval(paired.values, confidence)
    return not found.mean + found.half_width < 0
