"""Where a gain comes from: transfers, timing of collection, both together, and rationing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from bloodsim.metrics.avoided import bound_of, foresight_cost, with_foresight
from bloodsim.metrics.donors import team_days
from bloodsim.metrics.effort import cost, donations
from bloodsim.metrics.intervals import Interval, interval
from bloodsim.metrics.settings import Facts, is_told, plans_transfers, same_world, settings

if TYPE_CHECKING:
    from bloodsim.results import Results


class GainParts(NamedTuple):
    """What planned transfers, a planned calendar and both save of a baseline's cost (points).

    ``effort``: mean donations and team-days of each of the four variants.
    """

    baseline: str
    transfers: str
    timing: str
    both: str
    by_transfers: Interval
    by_timing: Interval
    interaction: Interval
    by_both: Interval
    effort: dict[str, dict[str, float]]
    says: str


class RationingWorth(NamedTuple):
    """What the cuts of alerts save (points; below 0: they cost), and what they held back (units).

    ``effort``: mean donations and team-days with and without them.
    """

    variant: str
    without: str
    saves: Interval
    held_back: dict[str, float]
    effort: dict[str, dict[str, float]]
    says: str


class GapParts(NamedTuple):
    """What lies between the best policy on a collection and the bounds (points).

    ``collection`` and ``terms`` are None without the bound that they need.
    """

    policy: str
    foresight: str
    knowing: Interval
    rules: Interval
    collection: Interval | None
    terms: Interval | None
    whole: Interval
    says: str


class Decomposition(NamedTuple):
    """All that a result lets say of the parts of its gains and gaps."""

    gains: list[GainParts]
    rationing: list[RationingWorth]
    gaps: list[GapParts]


def decomposition(results: Results) -> Decomposition:
    """Return gains, rationing and gaps in parts: `gain_parts`, `rationing_worth`, `gap_parts`.

    Variants are recognised by their settings in the manifest, not by name; a set that lacks one of
    its variants or bounds is left out. Unit: points. Shape: paired means over replications with
    their intervals.
    """
    return Decomposition(
        list(gain_parts(results)), list(rationing_worth(results)), list(gap_parts(results))
    )


def gain_parts(results: Results, confidence: float = 0.95) -> Iterator[GainParts]:
    r"""Yield the gain of planned transfers and a planned calendar over a baseline, in parts.

    With b a baseline that plans neither, t the planned transfers on its collection (``frozen``), c
    the calendar made for b's donations with b's transfers, and j both,

    .. math:: C_b - C_j = (C_b - C_t) + (C_b - C_c) + \text{interaction},

    so that the interaction is what both save beyond the sum of either alone (below 0: they save
    the same points). All on one world, luck and cost. Unit: points. Shape: paired means over
    replications, with Student intervals.
    """
    known = settings(results)
    for base, timing in ((b, c) for b in known for c in known):
        if not _is_calendar_for(known, timing, base):
            continue
        for moved in known:
            frozen = known[moved]["collection"] == {"kind": "frozen", "of": base}
            if (
                not frozen
                or not plans_transfers(known[moved])
                or not same_world(known[base], known[moved])
            ):
                continue
            for both in known:
                same = known[both]["collection"] == known[timing]["collection"]
                if (
                    same
                    and same_world(known[base], known[both])
                    and known[both]["policy"] == known[moved]["policy"]
                ):
                    yield _gain(results, (base, moved, timing, both), confidence)


def _gain(results: Results, names: tuple[str, str, str, str], confidence: float) -> GainParts:
    base, moved, timing, both = names
    points = {name: cost(results).sel(variant=name).values for name in names}
    saved = {name: points[base] - points[name] for name in names}
    more = saved[both] - saved[moved] - saved[timing]
    by_transfers, by_timing, interaction, by_both = (
        interval(each, confidence) for each in (saved[moved], saved[timing], more, saved[both])
    )
    effort = _effort(results, names)
    says = (
        f"{both} saves {_points(by_both, sign='')} points of {base}: {moved} alone "
        f"{_points(by_transfers)} (transfers), {timing} alone {_points(by_timing)} (timing of "
        f"collection), interaction {_points(interaction)}; {both} takes "
        f"{_relative(effort, both, base)}"
    )
    return GainParts(
        base, moved, timing, both, by_transfers, by_timing, interaction, by_both, effort, says
    )


def rationing_worth(results: Results, confidence: float = 0.95) -> Iterator[RationingWorth]:
    r"""Yield what the cuts of alerts are worth to every variant that is also there without them.

    :math:`C_{\text{without}} - C_{\text{with}}`, the same policies in worlds that differ in nothing
    but the shares of requests that alert levels hold back; levels, and the donors whom they call,
    stay. Collection answers to stock and may differ, which ``effort`` shows. Unit: points. Shape: a
    paired mean over replications, with its Student interval.
    """
    known = settings(results)
    for name, other in ((v, w) for v in known for w in known):
        one, two = known[name], known[other]
        same = one["world"] == two["world"] and one["cost_weights"] == two["cost_weights"]
        if not same or not one["alert_cuts"] or two["alert_cuts"] or is_told(one):
            continue
        if known[name]["policy"] == known[other]["policy"] and _named(known, name) == _named(
            known, other
        ):
            points = cost(results)
            saved = points.sel(variant=other).values - points.sel(variant=name).values
            found = interval(saved, confidence)
            held = results.totals["rationed"].sel(variant=name).sum("region").mean("replication")
            held_back = {str(p): float(held.sel(product=p)) for p in one["alert_cuts"]}
            effort = _effort(results, (name, other))
            units = " and ".join(
                f"{units:,.0f} {results.unit_label(product)} of {results.product_label(product)}"
                for product, units in held_back.items()
            )
            says = (
                f"rationing by alerts {_verb(found)} {name} {_size(found)} points "
                f"against {other}{_unsure(found)}: requests for {units} were held back and given "
                f"up; without it {_relative(effort, other, name)}"
            )
            yield RationingWorth(name, other, found, held_back, effort, says)


def gap_parts(results: Results, confidence: float = 0.95) -> Iterator[GapParts]:
    r"""Yield what lies between the cheapest policy on a collection and the bounds, in parts.

    With P the cheapest policy of those on the collection of one variant, F the cheapest plan of all
    that were told the future (`foresight_cost`: same reserves, rationing and lots),
    :math:`B_T` the bound of transfers on that collection (none of these), :math:`B_J` that of any
    collection and :math:`B_E` the latter at equal donations and with agreements kept,

    .. math:: C_P - B_J = (C_P - C_F) + (C_F - B_T) + (B_T - B_J),

    knowledge, rules (and whatever plans are better than F), and collection. ``terms`` is
    :math:`B_E - B_J`: what of it is donations and agreements that stay. Where no joint bound was
    computed the whole ends at :math:`B_T`. Unit: points. Shape: paired means over replications,
    with Student intervals.
    """
    known, points = settings(results), cost(results)
    for told in with_foresight(results):
        source = known[told]["collection"].get("of") if told in known else None
        if source not in known:
            continue
        own = {"kind": "frozen", "of": source}
        family = [name for name in known if name == source or known[name]["collection"] == own]
        family = [
            n for n in family if same_world(known[source], known[n]) and not is_told(known[n])
        ]
        bound = bound_of(results, source)
        if not family or bound is None:
            continue
        best = min(family, key=lambda name: float(points.sel(variant=name).mean()))
        free = bound_of(results, source, joint=True)
        equal = bound_of(results, source, joint="equal_donations")
        yield _gap(results, (best, told), (bound.values, _values(free), _values(equal)), confidence)


def _gap(
    results: Results, names: tuple[str, str], bounds: tuple[Any, Any, Any], confidence: float
) -> GapParts:
    policy, told = names
    bound, free, equal = bounds
    paid, ahead = cost(results).sel(variant=policy).values, foresight_cost(results, told)
    knowing, rules = interval(paid - ahead, confidence), interval(ahead - bound, confidence)
    whole = interval(paid - (bound if free is None else free), confidence)
    collection = None if free is None else interval(bound - free, confidence)
    terms = None if free is None or equal is None else interval(equal - free, confidence)
    says = (
        f"{policy} costs {_points(whole, sign='')} points above the "
        f"{'' if free is None else 'joint '}bound: {_points(knowing, sign='')} that knowing all "
        f"ahead would save ({told}), {_points(rules, sign='')} by reserves, rationing and what no "
        f"plan reached"
    )
    if collection is not None:
        says += f", {_points(collection, sign='')} by what is collected when and where"
    if terms is not None:
        says += (
            f"; {_points(terms, sign='')} of all this cannot be had at equal donations and with "
            "agreements kept"
        )
    return GapParts(policy, told, knowing, rules, collection, terms, whole, says)


# --- who is who ----------------------------------------------------------------------------------


def _is_calendar_for(known: dict[str, Facts], timing: str, base: str) -> bool:
    """Whether a variant has the baseline's transfers and a calendar made for its donations."""
    planned, own = known[timing]["collection"], known[base]["collection"]
    return (
        planned["kind"] == "optimized"
        and planned.get("reference") == base
        and own["kind"] in ("regulated", "pre_collect")
        and not plans_transfers(known[base])
        and known[base]["policy"] == known[timing]["policy"]
        and same_world(known[base], known[timing])
    )


def _named(known: dict[str, Facts], name: str) -> dict[str, Any]:
    """Return a variant's collection, the variants that it names replaced by what they do."""
    found = dict(known[name]["collection"])
    for key in ("of", "reference"):
        if found.get(key) in known:
            other = found[key]
            found[key] = (known[other]["policy"], _named(known, other))
    return found


def _effort(results: Results, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    given, teams = donations(results), team_days(results)
    return {
        name: {
            "donations": float(given.sel(variant=name).mean()),
            "team_days": float(teams.sel(variant=name).mean()),
        }
        for name in names
    }


def _values(bound: Any) -> Any:
    return None if bound is None else bound.values


# --- words ---------------------------------------------------------------------------------------


def _points(found: Interval, *, sign: str = "+") -> str:
    said = f"{found.mean:{sign},.0f}"
    return said if math.isnan(found.half_width) else f"{said} ± {found.half_width:,.0f}"


def _size(found: Interval) -> str:
    return _points(found._replace(mean=abs(found.mean)), sign="")


def _verb(found: Interval) -> str:
    return "saves" if found.mean >= 0 else "costs"


def _unsure(found: Interval) -> str:
    return "" if found.half_width < abs(found.mean) else ", not told from 0"


def _relative(effort: dict[str, dict[str, float]], one: str, other: str) -> str:
    """Return differences in effort in percent."""
    parts = []
    for key, label in (("donations", "donations"), ("team_days", "team-days")):
        base = effort[other][key]
        if base > 0:
            parts.append(f"{100 * (effort[one][key] / base - 1):+.2f} % {label}")
    return " and ".join(parts)
