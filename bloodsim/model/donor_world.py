"""Donor pools before the first day: the usual path of eligible donors, rules and rates by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.span import applies_in
from bloodsim.scenario.donors import SEGMENTS, DonorFactor, DonorPool, Span

if TYPE_CHECKING:
    from bloodsim.model.world import ChannelWorld
    from bloodsim.scenario import Scenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

LOWEST_USUAL = 0.1
"""Usual eligible donors never fall below this share of their start: no division by a long gap."""


@dataclass(frozen=True)
class PoolWorld:
    """The donors of one gift; arrays over segments (3), days and regions.

    Parameters
    ----------
    gift : str
        What they give.
    channels : tuple of int
        Voluntary channels that draw on the pool.
    weights : float array (3,)
        Shares of repeat gifts by segment on a normal day.
    usual : float array (n_days, 3, n_regions)
        Eligible donors on the planned path, at the start of the day.
    retention : float array (n_days, 3, n_regions)
        Share of those due on a day who become eligible, dated factors included.
    recall : float array (n_days, n_regions)
        Share of the lapsed won back on a day.
    due : tuple of range
        Days of gift whose donors fall due on a day.
    ring_days : int
        Length of the delay line.
    most_per_eligible : float
        Largest share of eligible donors who can give on one day.
    from_whole_blood_share : float
        Share of first-time donors who leave the pool of whole-blood donors.
    after_whole_blood_days : int
        Days since their last whole-blood gift, at least.
    opening_eligible, opening_lapsed : int array (3, n_regions)
        Donors at the start.
    opening_ring : int array (ring_days, 3, n_regions)
        Donors who gave in the days before the start, by day of gift.
    """

    gift: str
    channels: tuple[int, ...]
    weights: Floats
    elasticity: float
    reactive_share: float
    usual: Floats
    retention: Floats
    recall: Floats
    due: tuple[range, ...]
    ring_days: int
    most_per_eligible: float
    opening_eligible: Ints
    opening_lapsed: Ints
    opening_ring: Ints
    from_whole_blood_share: float = 0.0
    after_whole_blood_days: int = 0


def compile_pools(
    scenario: Scenario, channels: Sequence[ChannelWorld], dates: Sequence[date]
) -> tuple[PoolWorld, ...]:
    """Return the pools that a scenario has."""
    pools = []
    for gift in ("whole_blood", "apheresis"):
        pool: DonorPool | None = getattr(scenario.donor_pools, gift)
        fed_by = tuple(
            index
            for index, channel in enumerate(channels)
            if channel.gift == gift and channel.is_voluntary
        )
        if pool is not None and fed_by:
            leaving = _leaving(scenario, channels) if gift == "whole_blood" else None
            pools.append(_pool(scenario, pool, gift, fed_by, channels, dates, leaving))
    return tuple(pools)


def _leaving(scenario: Scenario, channels: Sequence[ChannelWorld]) -> Floats | None:
    """Return whole-blood donors a day who are planned to become platelet donors."""
    platelets = scenario.donor_pools.apheresis
    fed_by = [c for c in channels if c.gift == "apheresis" and c.is_voluntary]
    if platelets is None or platelets.from_whole_blood_share == 0 or not fed_by:
        return None
    return planned_gifts(fed_by)[0] * platelets.from_whole_blood_share


def _pool(
    scenario: Scenario,
    pool: DonorPool,
    gift: str,
    fed_by: tuple[int, ...],
    channels: Sequence[ChannelWorld],
    dates: Sequence[date],
    leaving: Floats | None,
) -> PoolWorld:
    regions = tuple(scenario.regions)
    first, repeat = planned_gifts([channels[index] for index in fed_by])
    weights = np.array([pool.repeat_shares.get(segment, 0.0) for segment in SEGMENTS])
    by_segment = weights[:, None] * repeat[:, None]  # (n_days, 3, n_regions)
    entering = _entered(first, by_segment) * (1 - pool.reactive_share)
    out = by_segment if leaving is None else by_segment + weights[:, None] * leaving[:, None]
    mean_gifts, mean_entering = by_segment.mean(axis=0), entering.mean(axis=0)
    returning = out.mean(axis=0) / np.where(mean_entering > 0, mean_entering, np.inf)
    retained = np.minimum(returning, 1.0)
    eligible = mean_gifts * days_at_risk(pool)[:, None]
    interval = pool.interval_days
    usual = _usual_path(eligible, mean_entering, entering, out, retained, interval)
    due, ring_days = _due_days(pool, dates)
    ring = np.zeros((ring_days, len(SEGMENTS), len(regions)), dtype=np.int32)
    for day in range(-interval, 0):  # whole donors, spread evenly over the days of the interval
        upto = np.floor(mean_entering * (day + interval + 1) + 0.5)
        ring[day % ring_days] = upto - np.floor(mean_entering * (day + interval) + 0.5)
    changes: list[DonorFactor] = [
        *pool.retention,
        *(DonorFactor(**_span(limit), factor=limit.factor) for limit in pool.age_limits),
    ]
    lapsing = mean_entering * (1 - retained) * 365 * pool.opening_lapsed_years
    return PoolWorld(
        gift=gift,
        channels=fed_by,
        weights=weights,
        elasticity=pool.elasticity,
        reactive_share=pool.reactive_share,
        usual=usual,
        retention=np.minimum(retained * _segment_factors(changes, dates, regions), 1.0),
        recall=_recall(pool, dates, regions),
        due=due,
        ring_days=ring_days,
        most_per_eligible=_most_per_eligible(pool),
        opening_eligible=np.floor(usual[0] - mean_entering * retained + 0.5).astype(np.int32),
        opening_lapsed=np.floor(lapsing + 0.5).astype(np.int32),
        opening_ring=ring,
        from_whole_blood_share=getattr(pool, "from_whole_blood_share", 0.0),
        after_whole_blood_days=getattr(pool, "after_whole_blood_days", 0),
    )


def planned_gifts(channels: Sequence[ChannelWorld]) -> tuple[Floats, Floats]:
    """Return gifts a day of first-time and of repeat donors (n_days, n_regions)."""
    first = np.zeros_like(channels[0].invited_mean)
    repeat = np.zeros_like(first)
    for channel in channels:
        gifts = channel.planned_mean * (1 - channel.no_show_share) * (1 - channel.deferral_share)
        first += gifts * channel.first_time_share
        repeat += gifts * (1 - channel.first_time_share)
    return first, repeat


def _entered(first: Floats, by_segment: Floats) -> Floats:
    """Return gifts by the segment their donors are in afterwards (n_days, 3, n_regions)."""
    once, twice, regular = by_segment[:, 0], by_segment[:, 1], by_segment[:, 2]
    return np.stack([first, once, twice + regular], axis=1)


def days_at_risk(pool: DonorPool) -> Floats:
    """Return eligible donors per gift a day: 1 / hazard; the first eligible day counts as 0."""
    factors = [pool.return_factor.get(segment, 1.0) for segment in SEGMENTS]
    return 1 + pool.mean_return_days * np.array(factors)


def _most_per_eligible(pool: DonorPool) -> float:
    """Return the largest hazard: gifts a year and donor stay within *max_per_year*."""
    if pool.max_per_year is None:
        return 1.0
    return 1 / (1 + max(0.0, 365 / pool.max_per_year - pool.interval_days))


def _usual_path(
    eligible: Floats,
    mean_entering: Floats,
    entering: Floats,
    leaving: Floats,
    retained: Floats,
    interval: int,
) -> Floats:
    """Follow the means: eligible donors of every day if turnout is as planned."""
    usual, level = np.empty_like(leaving), eligible.copy()
    for day in range(len(leaving)):
        if day > 0:
            due = entering[day - interval] if day >= interval else mean_entering
            level = level - leaving[day - 1] + retained * due
        usual[day] = level
    return np.maximum(usual, LOWEST_USUAL * eligible)


def _due_days(pool: DonorPool, dates: Sequence[date]) -> tuple[tuple[range, ...], int]:
    """Return the days of gift that fall due on each day, and the days a delay line holds."""
    changes = sorted((change.from_date, change.interval_days) for change in pool.interval_changes)
    longest = max([pool.interval_days, *(days for _, days in changes)])
    due, done = [], -pool.interval_days  # gifts before this day have fallen due
    for day, today in enumerate(dates):
        interval = pool.interval_days
        for start, days in changes:
            if today >= start:
                interval = days
        upto = max(done, day - interval + 1)
        due.append(range(done, upto))
        done = upto
    return tuple(due), longest + 1


def _segment_factors(
    changes: Iterable[DonorFactor], dates: Sequence[date], regions: Sequence[str]
) -> Floats:
    factors = np.ones((len(dates), len(SEGMENTS), len(regions)))
    for change in changes:
        chosen = [SEGMENTS.index(segment) for segment in change.segments or SEGMENTS]
        factors[:, chosen] *= np.where(_within(change, dates, regions), change.factor, 1.0)[:, None]
    return factors


def _recall(pool: DonorPool, dates: Sequence[date], regions: Sequence[str]) -> Floats:
    share = np.zeros((len(dates), len(regions)))
    for recall in pool.recall:
        share += np.where(_within(recall, dates, regions), recall.share_per_day, 0.0)
    return np.minimum(share, 1.0)


def _within(span: Span, dates: Sequence[date], regions: Sequence[str]) -> NDArray[np.bool_]:
    return applies_in(dates, span.from_date, span.to_date, regions, span.regions)


def _span(span: Span) -> dict[str, Any]:
    return {"from_date": span.from_date, "to_date": span.to_date, "regions": span.regions}
