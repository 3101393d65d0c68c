"""The semantic pass over organisations: caps, quotas, gaps and terms."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from bloodsim.scenario.problems import Path, Problem, nearest
from bloodsim.seasons import CalendarError, daily_factors, parse_date

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario
    from bloodsim.scenario.collection import Closure
    from bloodsim.scenario.organisations import Organisation

HERE = "resources"
_SOME_LEAP_YEAR = 2024  # closures without a year are tried on it
_WORKING_DAYS = 250
"""Working days of a year."""


def check_organisations(scenario: Scenario) -> Iterator[Problem]:
    """Return what cannot be meant about organisations."""
    for name, organisation in scenario.resources.organisations.items():
        yield from _organisation(scenario, (HERE, "organisations", name), organisation)
    for name, pool in scenario.resources.organisation_pools.items():
        here = (HERE, "organisation_pools", name)
        yield from check_place(scenario, here, pool.region, pool.channel)
        yield from _closures(here, pool.closures)
        if (pool.visits_per_year - 1) * pool.visit_gap_days > 365:
            message = f"{pool.visits_per_year:g} visits a year leave less than visit_gap_days"
            hint = f"visit_gap_days is {pool.visit_gap_days}"
            yield Problem((*here, "visits_per_year"), message, hint)


def invited_a_day(scenario: Scenario) -> Iterator[tuple[str, str, float]]:
    """Yield region, channel and donors of a mean day, those of visits included."""
    for name, region in scenario.regions.items():
        for channel, donors in region.donors_per_day.items():
            if channel in scenario.channels:
                yield name, channel, donors
    known = scenario.regions, scenario.channels
    for pool in scenario.resources.organisation_pools.values():
        if pool.region in known[0] and pool.channel in known[1]:
            visits = pool.organisations * pool.visits_per_year
            yield pool.region, pool.channel, visits * pool.donors_per_visit / 365
    for one in scenario.resources.organisations.values():
        if one.region in known[0] and one.channel in known[1]:
            yield one.region, one.channel, max(one.quota, _visitors(one)) / 365


def _visitors(one: Organisation) -> float:
    """Return the donors of an organisation's agreed visits in a year."""
    visits = len(one.visits) or one.min_visits
    return visits * (one.donors_per_visit or 0.0)


def _organisation(scenario: Scenario, here: Path, one: Organisation) -> Iterator[Problem]:
    yield from check_place(scenario, here, one.region, one.channel)
    yield from _closures(here, one.closures)
    cap = one.cap_share * one.headcount
    visits = len(one.visits) or one.min_visits
    if one.quota > cap * visits:
        message = (
            f"a quota of {one.quota} donors is above the cap of {cap * visits:.0f} "
            f"({one.cap_share:.0%} of {one.headcount} in {visits} visits)"
        )
        hint = (
            "the quota will be missed, and plans of drives may not keep it: more visits, a lower "
            "quota or a higher cap_share"
        )
        yield Problem((*here, "quota"), message, hint, level="warning")
    if one.donors_per_visit is not None and one.donors_per_visit > cap:
        message = f"{one.donors_per_visit:g} donors a visit are above the cap of {cap:.0f}"
        hint = "cap_share x headcount come at most"
        yield Problem((*here, "donors_per_visit"), message, hint, level="warning")
    if one.min_visits > 1 and (one.min_visits - 1) * one.visit_gap_days > 365:
        message = f"{one.min_visits} visits a year do not fit gaps of {one.visit_gap_days} days"
        yield Problem((*here, "min_visits"), message, "fewer visits, or a shorter visit_gap_days")
    for before, after in pairwise(sorted(one.visits)):
        if (after - before).days < one.visit_gap_days:
            message = f"the visits of {before} and {after} are less than visit_gap_days apart"
            yield Problem((*here, "visits"), message, f"visit_gap_days is {one.visit_gap_days}")
    yield from _outside_terms(here, one)
    if one.closures and one.min_visits and not one.visits and _never_open(scenario, one):
        message = "its closures leave no day of the year for the visits agreed"
        yield Problem((*here, "closures"), message, "open terms, or min_visits: 0", level="warning")


def _outside_terms(here: Path, one: Organisation) -> Iterator[Problem]:
    """Find fixed visits that lie inside a closure."""
    for index, visit in enumerate(one.visits):
        for closure in one.closures:
            try:
                spans = [
                    (parse_date(closure.from_date, year), parse_date(closure.to_date, year + over))
                    for year, over in ((visit.year, 0), (visit.year - 1, 1), (visit.year, 1))
                ]
            except CalendarError:
                continue
            if any(first <= visit <= last and (last - first).days < 366 for first, last in spans):
                message = f"the visit of {visit} lies in a closure"
                hint = f"closed from {closure.from_date} to {closure.to_date}"
                yield Problem((*here, "visits", str(index)), message, hint)
                break


def _never_open(scenario: Scenario, one: Organisation) -> bool:
    """Whether the closures of an organisation cover the year from the first scored day."""
    first = scenario.run.score_start
    days = [first + timedelta(days=day) for day in range(365)]
    closures = [(closure.from_date, closure.to_date) for closure in one.closures]
    try:
        calendar = scenario.calendar.build()
        return not daily_factors(days, calendar, closures=closures, closed_factor=0.0).any()
    except CalendarError:  # said elsewhere
        return False


def _closures(here: Path, closures: Iterable[Closure]) -> Iterator[Problem]:
    for index, closure in enumerate(closures):
        for field in ("from_date", "to_date"):
            try:
                parse_date(getattr(closure, field), year=_SOME_LEAP_YEAR)
            except CalendarError as error:
                path = (*here, "closures", str(index), field)
                yield Problem(path, str(error), "such as 07-05, or spring_festival - 20")


def check_place(scenario: Scenario, here: Path, region: str, channel: str) -> Iterator[Problem]:
    """Find a region or a channel that is not known."""
    if region not in scenario.regions:
        hint = nearest(region, scenario.regions)
        yield Problem((*here, "region"), f"unknown region '{region}'", hint)
    yield from check_channels(scenario, [channel], (*here, "channel"), listed=False)


def check_channels(
    scenario: Scenario, channels: Iterable[str], here: Path, listed: bool = True
) -> Iterator[Problem]:
    """Find channels that are not known, with the nearest that is."""
    for index, name in enumerate(channels):
        if name not in scenario.channels:
            path = (*here, "channels", str(index)) if listed else here
            yield Problem(path, f"unknown channel '{name}'", nearest(name, scenario.channels))


def check_drives(scenario: Scenario) -> Iterator[Problem]:
    """Find drives without anybody to visit, and calendars that no teams could carry out."""
    resources, drives = scenario.resources, scenario.resources.drives
    here: Path = (HERE, "drives")
    if drives is None:
        return
    places = [one.region for one in resources.organisations.values()]
    places += [pool.region for pool in resources.organisation_pools.values()]
    if not places:
        message = "no organisations and no pools of them to visit"
        yield Problem(here, message, "add resources.organisations", level="warning")
    by_region = drives.teams_per_day_by_region
    for field in ("teams_per_day_by_region", "vehicles_per_day_by_region"):
        for region in getattr(drives, field):
            if region not in scenario.regions:
                hint = nearest(region, scenario.regions)
                yield Problem((*here, field, region), f"unknown region '{region}'", hint)
    yield from _too_large(scenario)
    for name, one in resources.organisations.items():
        yield from _quota_in_gaps(scenario, (HERE, "organisations", name), one)
    for region in dict.fromkeys(places):
        teams = by_region.get(region, drives.teams_per_day)
        needed = sum(
            one.teams_per_visit * one.organisations * one.visits_per_year
            for one in resources.organisation_pools.values()
            if one.region == region
        )
        fixed: Counter[date] = Counter()
        for name, one in resources.organisations.items():
            if one.region != region:
                continue
            needed += one.teams_per_visit * (len(one.visits) or one.min_visits)
            for visit in one.visits:
                fixed[visit] += one.teams_per_visit
                if fixed[visit] > teams:
                    path = (HERE, "organisations", name, "visits")
                    message = f"{fixed[visit]} teams are needed on {visit}, {region} has {teams}"
                    yield Problem(path, message, "other dates, or more teams_per_day")
        if needed > teams * _WORKING_DAYS:
            message = (
                f"the visits in {region} take {needed:.0f} team-days a year, "
                f"{teams * _WORKING_DAYS} are there"
            )
            hint = "quotas will be missed: more teams_per_day, or fewer visits"
            yield Problem((*here, "teams_per_day"), message, hint, level="warning")


def _too_large(scenario: Scenario) -> Iterator[Problem]:
    """Find visits that take more teams or vehicles than their region ever has."""
    resources, drives = scenario.resources, scenario.resources.drives
    assert drives is not None
    for block in ("organisations", "organisation_pools"):
        for name, one in getattr(resources, block).items():
            for what, there in (
                ("teams", drives.teams_per_day_by_region.get(one.region, drives.teams_per_day)),
                (
                    "vehicles",
                    drives.vehicles_per_day_by_region.get(one.region, drives.vehicles_per_day),
                ),
            ):
                taken = getattr(one, f"{what}_per_visit")
                if there is not None and taken > there:
                    message = f"a visit takes {taken} {what}, {one.region} has {there}"
                    hint = f"it is never visited: more {what}_per_day, or fewer {what}_per_visit"
                    path = (HERE, block, name, f"{what}_per_visit")
                    yield Problem(path, message, hint, level="warning")


def _quota_in_gaps(scenario: Scenario, here: Path, one: Organisation) -> Iterator[Problem]:
    """Find quotas that take more visits than gaps and closures of a year leave room for."""
    cap = one.cap_share * one.headcount
    each = min(one.donors_per_visit or cap, cap)
    if not one.quota or one.visits or each <= 0:
        return
    needed = math.ceil(one.quota / each - 1e-9)
    year = scenario.run.score_start.year
    days = [date(year, 1, 1) + timedelta(days=day) for day in range(365)]
    closures = [(closure.from_date, closure.to_date) for closure in one.closures]
    try:
        calendar = scenario.calendar.build()
        working = daily_factors(days, calendar, closures=closures, working_days_only=True)
    except CalendarError:  # said elsewhere
        return
    most, earliest = 0, 0
    for day in working.nonzero()[0].tolist():
        if day >= earliest:
            most, earliest = most + 1, day + one.visit_gap_days
    if needed > most:
        message = (
            f"a quota of {one.quota} donors takes {needed} visits of {each:g}, gaps of "
            f"{one.visit_gap_days} days and closures leave room for {most} in {year}"
        )
        hint = "the quota will be missed: a lower quota, a shorter visit_gap_days or larger visits"
        yield Problem((*here, "quota"), message, hint, level="warning")
