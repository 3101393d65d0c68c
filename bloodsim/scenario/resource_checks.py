"""The semantic pass over collection resources."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from bloodsim.scenario.horizon import first_day
from bloodsim.scenario.organisation_checks import (
    HERE,
    check_channels,
    check_drives,
    check_organisations,
    check_place,
)
from bloodsim.scenario.problems import Path, Problem, nearest
from bloodsim.scenario.span_checks import reversed_dates, unknown_regions

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario


def check_resources(scenario: Scenario) -> Iterator[Problem]:
    """Return what cannot be meant about collection resources."""
    yield from _spans(scenario)
    yield from _sites(scenario)
    yield from _tables(scenario)
    yield from check_organisations(scenario)
    yield from check_drives(scenario)


def _spans(scenario: Scenario) -> Iterator[Problem]:
    """Check everything that has dates, channels and regions."""
    resources = scenario.resources
    here: Path
    for name, campaign in resources.campaigns.items():
        here = (HERE, "campaigns", name)
        yield from check_channels(scenario, campaign.channels, here)
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
            yield from check_channels(scenario, getattr(rule, "channels", ()), here)
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
        yield from check_place(scenario, here, site.region, site.channel)
        yield from reversed_dates(here, site.from_date, site.until_date, "until_date")
        if site.first_hour >= site.last_hour:
            message = f"it opens at {site.first_hour:g} h and closes at {site.last_hour:g} h"
            yield Problem((*here, "first_hour"), message, "swap them")
    for name, candidate in resources.candidate_sites.items():
        here = (HERE, "candidate_sites", name)
        yield from check_place(scenario, here, candidate.region, candidate.channel)
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
        yield from check_channels(scenario, [channel], here)
        for region, trace in regions.items():
            if region not in scenario.regions:
                hint = nearest(region, scenario.regions)
                yield Problem((*here, region), f"unknown region '{region}'", hint)
            if trace and (max(trace) < first_day(scenario) or min(trace) > scenario.run.score_end):
                message = "no day of the trace lies in the run"
                yield Problem((*here, region), message, level="warning")
    for index, mix in enumerate(resources.gift_mix):
        here = (HERE, "gift_mix", str(index))
        yield from unknown_regions(scenario, mix.regions, here)
        total = sum(mix.gift_shares.model_dump().values())
        if abs(total - 1) > 1e-6:
            message = f"gift_shares sum to {total:.6g}"
            yield Problem((*here, "gift_shares"), message, "they must sum to 1")
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
