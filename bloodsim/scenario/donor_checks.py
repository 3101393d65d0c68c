"""The semantic pass over donor pools and donors on call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from bloodsim.scenario.problems import Path, Problem, nearest
from bloodsim.scenario.span_checks import reversed_dates, unknown_regions

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario
    from bloodsim.scenario.donors import DonorPool

REPLACEMENT_STOPPED = date(2018, 3, 31)
"""Replacement donation ended nationwide by the end of March 2018."""


def check_donors(scenario: Scenario) -> Iterator[Problem]:
    """Return what cannot be meant about donors."""
    for gift in ("whole_blood", "apheresis"):
        pool: DonorPool | None = getattr(scenario.donor_pools, gift)
        if pool is not None:
            yield from _pool(scenario, gift, pool)
    for index, rule in enumerate(scenario.donor_pools.awareness):
        here = ("donor_pools", "awareness", str(index))
        yield from unknown_regions(scenario, rule.regions, here)
        yield from reversed_dates(here, rule.from_date, rule.to_date)
    yield from _conversion(scenario)
    yield from _teams(scenario)
    yield from _kinds(scenario)
    yield from _replacement(scenario)


def _pool(scenario: Scenario, gift: str, pool: DonorPool) -> Iterator[Problem]:
    here: Path = ("donor_pools", gift)
    channels = {n: c for n, c in scenario.channels.items() if c.gift == gift}
    if not any(channel.donor_kind == "voluntary" for channel in channels.values()):
        message = f"no channel of volunteers collects {gift.replace('_', ' ')}"
        yield Problem(here, message, "add a channel, or drop the pool")
    total = sum(pool.repeat_shares.values())
    if abs(total - 1) > 1e-6:
        message = f"repeat_shares sum to {total:.6g}"
        yield Problem((*here, "repeat_shares"), message, "they must sum to 1")
    yield from _renewal(here, pool, [channel.first_time_share for channel in channels.values()])
    for field in ("retention", "age_limits", "recall"):
        for index, rule in enumerate(getattr(pool, field)):
            path = (*here, field, str(index))
            yield from unknown_regions(scenario, rule.regions, path)
            yield from reversed_dates(path, rule.from_date, rule.to_date)
    if pool.max_per_year is not None:
        rate = 365 / (pool.interval_days + pool.mean_return_days)
        if rate > pool.max_per_year:
            message = f"donors would give {rate:.1f} times a year, {pool.max_per_year} are allowed"
            hint = "a longer interval_days or mean_return_days"
            yield Problem((*here, "mean_return_days"), message, hint)


def _conversion(scenario: Scenario) -> Iterator[Problem]:
    """Check platelet donors who come from the whole-blood pool."""
    whole_blood, platelets = scenario.donor_pools.whole_blood, scenario.donor_pools.apheresis
    if platelets is None or platelets.from_whole_blood_share == 0:
        return
    here = ("donor_pools", "apheresis", "from_whole_blood_share")
    if whole_blood is None:
        message = "there is no pool of whole-blood donors to come from"
        yield Problem(here, message, "add donor_pools.whole_blood: {}")


def _renewal(here: Path, pool: DonorPool, first_time: list[float]) -> Iterator[Problem]:
    """Warn where fewer donors enter a segment than give from it, and where a target is missed."""
    if not first_time:
        return
    shares = pool.repeat_shares
    once, twice = (shares.get(segment, 0.0) for segment in ("once", "twice"))
    newest = max(first_time) * (1 - pool.reactive_share)
    repeat = 1 - max(first_time)
    if once * repeat > newest + 1e-9:
        message = "more gifts by donors with one gift than first gifts in any channel"
        hint = "lower repeat_shares.once, or raise channels.*.first_time_share"
        yield Problem((*here, "repeat_shares", "once"), message, hint, level="warning")
    if twice > once + 1e-9:
        message = f"more gifts by donors with two gifts ({twice:g}) than with one ({once:g})"
        hint = "nobody gives a third time who did not give a second time"
        yield Problem((*here, "repeat_shares", "twice"), message, hint, level="warning")
    usual = shares.get("regular", 0.0) * (1 - min(first_time))
    if pool.target_regular_share is not None and usual < pool.target_regular_share:
        message = (
            f"at most {usual:.0%} of gifts come from regular donors on a normal day, "
            f"{pool.target_regular_share:.0%} are the target"
        )
        path = (*here, "target_regular_share")
        yield Problem(path, message, "see the KPI regular_donor_share", level="warning")


def _teams(scenario: Scenario) -> Iterator[Problem]:
    for name, team in scenario.donor_pools.teams.items():
        here = ("donor_pools", "teams", name)
        product = scenario.products.get(team.product)
        if product is None:
            hint = nearest(team.product, scenario.products)
            yield Problem((*here, "product"), f"unknown product '{team.product}'", hint)
        elif product.source != "whole_blood":
            message = f"{team.product} is not made from whole blood"
            yield Problem((*here, "product"), message, "teams give whole blood")
        if team.donors_per_call > team.size:
            message = f"a call asks for {team.donors_per_call} of {team.size} members"
            yield Problem((*here, "donors_per_call"), message, "at most size")
        yield from unknown_regions(scenario, team.regions, here)
        yield from reversed_dates(here, team.from_date, team.to_date)


def _kinds(scenario: Scenario) -> Iterator[Problem]:
    for name, channel in scenario.channels.items():
        here = ("channels", name)
        yield from reversed_dates(here, channel.from_date, channel.until_date, "until_date")
        late = channel.until_date is None or channel.until_date > REPLACEMENT_STOPPED
        if (
            channel.donor_kind == "mutual_aid"
            and late
            and scenario.run.score_end > REPLACEMENT_STOPPED
        ):
            message = "replacement donation ended nationwide by the end of March 2018"
            yield Problem((*here, "until_date"), message, "2018-03-31", level="warning")
        if channel.no_show_share > 0 and channel.booked_share == 0:
            message = "nobody books, so nobody can fail to come"
            yield Problem((*here, "no_show_share"), message, "raise booked_share", level="warning")


def _replacement(scenario: Scenario) -> Iterator[Problem]:
    """Check replacement donors: where they come to, and when."""
    for index, rule in enumerate(scenario.donor_pools.replacement):
        here: Path = ("donor_pools", "replacement", str(index))
        yield from unknown_regions(scenario, rule.regions, here)
        yield from reversed_dates(here, rule.from_date, rule.to_date)
        if rule.product not in scenario.products:
            hint = nearest(rule.product, scenario.products)
            yield Problem((*here, "product"), f"unknown product '{rule.product}'", hint)
        channel = scenario.channels.get(rule.channel)
        if channel is None:
            hint = nearest(rule.channel, scenario.channels)
            yield Problem((*here, "channel"), f"unknown channel '{rule.channel}'", hint)
            continue
        if channel.donor_kind != "mutual_aid":
            message = f"channel '{rule.channel}' is of {channel.donor_kind} donors"
            yield Problem((*here, "channel"), message, "a channel with donor_kind: mutual_aid")
        last = min(rule.to_date or date.max, channel.until_date or date.max)
        if scenario.run.score_end > REPLACEMENT_STOPPED < last:
            message = "replacement donation ended nationwide by the end of March 2018"
            yield Problem((*here, "to_date"), message, "to_date: 2018-03-31", level="warning")
