"""The semantic pass over collection resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from bloodsim.scenario.donor_checks import reversed_dates, unknown_regions
from bloodsim.scenario.problems import Path, Problem, nearest
from bloodsim.seasons import CalendarError, parse_date

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario
    from bloodsim.scenario.resources import Closure, Organisation

HERE = "resources"
_SOME_LEAP_YEAR = 2024  # closures without a year are tried on it


def check_resources(scenario: Scenario) -> Iterator[Problem]:
    """Return what cannot be meant about collection resources."""
    yield from _spans(scenario)
    yield from _sites(scenario)
    yield from _tables(scenario)
    for name, organisation in scenario.resources.organisations.items():
        yield from _organisation(scenario, (HERE, "organisations", name), organisation)
    for name, pool in scenario.resources.organisation_pools.items():
        here = (HERE, "organisation_pools", name)
        yield from _place(scenario, here, pool.region, pool.channel)
        yield from _closures(here, pool.closures)
        if (pool.visits_per_year - 1) * pool.visit_gap_days > 365:
            message = f"{pool.visits_per_year:g} visits a year leave less than visit_gap_days"
            hint = f"visit_gap_days is {pool.visit_gap_days}"
            yield Problem((*here, "visits_per_year"), message, hint)


def _spans(scenario: Scenario) -> Iterator[Problem]:
    """Check everything that has dates, channels and regions."""
    resources = scenario.resources
    here: Path
    for name, campaign in resources.campaigns.items():
        here = (HERE, "campaigns", name)
        yield from _channels(scenario, campaign.channels, here)
        if campaign.lift_first_time == campaign.lift_repeat == 0:
            message = "the campaign lifts nothing"
            hint = "give lift_first_time or lift_repeat"
            yield Problem(here, message, hint, level="warning")
        if campaign.cancel_probability > 0 and campaign.from_date is None:
            message = "a campaign that may be cancelled needs a first day"
            yield Problem((*here, "from_date"), message, "give from_date", level="warning")
    for field in ("session_places", "trends", "plans", "processing"):
        for index, rule in enumerate(getattr(resources, field)):
            here = (HERE, field, str(index))
            yield from _channels(scenario, getattr(rule, "channels", ()), here)
    for index, laboratory in enumerate(resources.laboratories):
        here = (HERE, "laboratories", str(index))
        yield from unknown_regions(scenario, laboratory.regions, here)
    rules = [((HERE, "campaigns", name), rule) for name, rule in resources.campaigns.items()]
    for field in ("session_places", "trends", "plans", "processing"):
        listed = getattr(resources, field)
        rules += [((HERE, field, str(index)), rule) for index, rule in enumerate(listed)]
    for here, rule in rules:
        yield from unknown_regions(scenario, rule.regions, here)
        yield from reversed_dates(here, rule.from_date, rule.to_date)


def _sites(scenario: Scenario) -> Iterator[Problem]:
    resources = scenario.resources
    for name, staffing in resources.staffing.items():
        here: Path = (HERE, "staffing", name)
        if name not in scenario.channels:
            yield Problem(here, f"unknown channel '{name}'", nearest(name, scenario.channels))
        yield from unknown_regions(scenario, staffing.teams_by_region, here)
    for name, site in resources.sites.items():
        here = (HERE, "sites", name)
        yield from _place(scenario, here, site.region, site.channel)
        yield from reversed_dates(here, site.from_date, site.until_date, "until_date")
        if site.first_hour >= site.last_hour:
            message = f"it opens at {site.first_hour:g} h and closes at {site.last_hour:g} h"
            yield Problem((*here, "first_hour"), message, "swap them")
    for name, candidate in resources.candidate_sites.items():
        here = (HERE, "candidate_sites", name)
        yield from _place(scenario, here, candidate.region, candidate.channel)
        residents = [candidate.catchment[minutes] for minutes in sorted(candidate.catchment)]
        if any(far < near for near, far in pairwise(residents)):
            message = "fewer residents within a longer travel time"
            yield Problem((*here, "catchment"), message, "residents are counted from the site on")
        region = scenario.regions.get(candidate.region)
        if region and residents and 0 < region.population < max(residents):
            message = f"a catchment of {max(residents):,.0f}, more than its region's residents"
            yield Problem((*here, "catchment"), message, level="warning")


def _tables(scenario: Scenario) -> Iterator[Problem]:
    """Check traces and planned months."""
    resources = scenario.resources
    for channel, regions in resources.traces.items():
        here = (HERE, "traces", channel)
        yield from _channels(scenario, [channel], here)
        for region, trace in regions.items():
            if region not in scenario.regions:
                hint = nearest(region, scenario.regions)
                yield Problem((*here, region), f"unknown region '{region}'", hint)
            first = scenario.run.score_start - timedelta(days=3660)
            if trace and (max(trace) < first or min(trace) > scenario.run.score_end):
                message = "no day of the trace lies in the run"
                yield Problem((*here, region), message, level="warning")
    for index, plan in enumerate(resources.plans):
        gifts = {
            scenario.channels[name].gift
            for name in plan.channels or scenario.channels
            if name in scenario.channels
        }
        if plan.counts == "units" and len(gifts) > 1:
            path = (HERE, "plans", str(index), "counts")
            message = "units of whole blood and of apheresis in one plan"
            yield Problem(path, message, "name channels of one gift")


def _organisation(scenario: Scenario, here: Path, one: Organisation) -> Iterator[Problem]:
    yield from _place(scenario, here, one.region, one.channel)
    yield from _closures(here, one.closures)
    cap = one.cap_share * one.headcount
    visits = len(one.visits) or one.min_visits
    if one.quota > cap * visits:
        message = (
            f"a quota of {one.quota} donors is above the cap of {cap * visits:.0f} "
            f"({one.cap_share:.0%} of {one.headcount} in {visits} visits)"
        )
        hint = "the quota will be missed: more visits, a lower quota or a higher cap_share"
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


def _closures(here: Path, closures: Iterable[Closure]) -> Iterator[Problem]:
    for index, closure in enumerate(closures):
        for field in ("from_date", "to_date"):
            try:
                parse_date(getattr(closure, field), year=_SOME_LEAP_YEAR)
            except CalendarError as error:
                path = (*here, "closures", str(index), field)
                yield Problem(path, str(error), "such as 07-05, or spring_festival - 20")


def _place(scenario: Scenario, here: Path, region: str, channel: str) -> Iterator[Problem]:
    if region not in scenario.regions:
        hint = nearest(region, scenario.regions)
        yield Problem((*here, "region"), f"unknown region '{region}'", hint)
    yield from _channels(scenario, [channel], (*here, "channel"), listed=False)


def _channels(
    scenario: Scenario, channels: Iterable[str], here: Path, listed: bool = True
) -> Iterator[Problem]:
    for index, name in enumerate(channels):
        if name not in scenario.channels:
            path = (*here, "channels", str(index)) if listed else here
            yield Problem(path, f"unknown channel '{name}'", nearest(name, scenario.channels))
