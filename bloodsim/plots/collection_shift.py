"""How a plan moves collection in time: one sum and one span for chart, decision and workbook."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from bloodsim.labels import Lang, day_label, pick
from bloodsim.metrics.calendars import EQUAL_SHARE
from bloodsim.numbers import percent, quantity, rounded

if TYPE_CHECKING:
    import pandas as pd


class Shift(NamedTuple):
    """The weeks in a row that gain most together, and what is collected beside them.

    Units are means over replications, all regions together, against what the plan is compared
    with; weeks of the span that lose are counted. Shares are of what that collects in the same
    weeks. Of the pairs, the first counts the regions that collect more by over `EQUAL_SHARE` of
    theirs, the second those that collect less.
    """

    first: date
    last: date
    units: float
    share: float
    regions: tuple[int, int]
    rest_units: float
    """Outside the span; 0 where it is everything, and its share is not defined."""
    rest_share: float
    whole_share: float
    whole_regions: tuple[int, int]
    known: int
    """Number of regions."""


def shift_of(plan: pd.DataFrame) -> Shift | None:
    """Return how a plan moves collection; none where no week gains.

    Parameters
    ----------
    plan : DataFrame
        The data of `plot_collection_plan`: region, week, until, units, compared_units.
    """
    after = plan.pivot(index="region", columns="week", values="units")
    before = plan.pivot(index="region", columns="week", values="compared_units")
    more, usual = (after - before).to_numpy(), before.to_numpy()
    first, end = _longest_gain(more.sum(axis=0).tolist())
    if end <= first:
        return None
    inside = slice(first, end)
    units, of = float(more[:, inside].sum()), float(usual[:, inside].sum())
    rest, of_rest = float(more.sum()) - units, float(usual.sum()) - of
    everything = end - first == more.shape[1]
    last = plan.loc[plan["week"] == after.columns[end - 1], "until"].iloc[0]
    return Shift(
        first=after.columns[first].date(),
        last=last.date(),
        units=units,
        share=_ratio(units, of),
        regions=_counts(more[:, inside].sum(axis=1).tolist(), usual[:, inside].sum(axis=1)),
        rest_units=0.0 if everything else rest,
        rest_share=math.nan if everything else _ratio(rest, of_rest),
        whole_share=_ratio(float(more.sum()), float(usual.sum())),
        whole_regions=_counts(more.sum(axis=1).tolist(), usual.sum(axis=1)),
        known=len(after),
    )


def _longest_gain(by_week: list[float]) -> tuple[int, int]:
    """The stretch of weeks whose gains add up to most: first, and one past its last."""
    best, place, total, start = 0.0, (0, 0), 0.0, 0
    for i, value in enumerate(by_week):
        if total <= 0:
            total, start = 0.0, i
        total += value
        if total > best:
            best, place = total, (start, i + 1)
    return place


def _ratio(more: float, usual: float) -> float:
    return more / usual if usual else math.nan


def _counts(more: list[float], usual: list[float]) -> tuple[int, int]:
    bounds = [EQUAL_SHARE * of for of in usual]
    return (
        sum(value > bound for value, bound in zip(more, bounds, strict=True)),
        sum(value < -bound for value, bound in zip(more, bounds, strict=True)),
    )


def gain_words(shift: Shift, unit: str, lang: Lang) -> str:
    """How much more, and from when to when: 397,000 U more (+4.0 %) from 15 Oct to 3 Mar."""
    amount, share = quantity(rounded(shift.units), unit, lang), percent(shift.share, signed=True)
    first, last = day_label(shift.first, lang), day_label(shift.last, lang)
    return pick(
        lang,
        f"{first}至{last}合计多采 {amount}（{share}）",
        f"{amount} more ({share}) from {first} to {last}",
    )


def beside_words(shift: Shift, unit: str, lang: Lang) -> str:
    """What stands beside the gain: regions with more and less, the other weeks, the whole."""
    within = _region_words(shift.regions, shift.known, lang)
    said = [pick(lang, f"其间 {within}", f"in these weeks {within}")]
    if not math.isnan(shift.rest_share):
        amount = quantity(rounded(abs(shift.rest_units)), unit, lang)
        share = percent(shift.rest_share, signed=True)
        less = shift.rest_units < 0
        verb = pick(lang, "少采", "less") if less else pick(lang, "多采", "more")
        whole = percent(shift.whole_share, signed=True)
        regions = _region_words(shift.whole_regions, shift.known, lang)
        said += [
            pick(
                lang,
                f"其余各周合计{verb} {amount}（{share}）",
                f"in the others {amount} {verb} ({share})",
            ),
            pick(lang, f"全期 {whole}，{regions}", f"over the whole period {whole}, {regions}"),
        ]
    return pick(lang, "；", "; ").join(said)


def _region_words(counts: tuple[int, int], known: int, lang: Lang) -> str:
    more, less = counts
    if known in counts:
        zh_verb, en_verb = ("多采", "more") if more else ("少采", "less")
        return pick(lang, f"{known} 个地区均{zh_verb}", f"all {known} regions {en_verb}")
    noun = "region" if more == 1 else "regions"
    zh, en = f"{more} 个地区多采、{less} 个少采", f"{more} {noun} more, {less} less"
    alike = known - more - less
    if alike:
        zh, en = f"{zh}、{alike} 个基本不变", f"{en}, {alike} about the same"
    return pick(lang, zh, en)
