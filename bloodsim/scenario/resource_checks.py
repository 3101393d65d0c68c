"""The semantic pass over collection resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bloodsim.scenario.horizon import first_day
from bloodsim.scenario.organisation_checks import (
    HERE,
    check_channels,
    check_drives,
    check_organisations,
)
from bloodsim.scenario.problems import Path, Problem, nearest
from bloodsim.scenario.site_checks import check_sites
from bloodsim.scenario.span_checks import reversed_dates, unknown_regions

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario


def check_resources(scenario: Scenario) -> Iterator[Problem]:
    """Return what cannot be meant about collection resources."""
    yield from _spans(scenario)
    yield from _staffing(scenario)
    yield from check_sites(scenario)
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


def _staffing(scenario: Scenario) -> Iterator[Problem]:
    resources = scenario.resources
    for name, staffing in resources.staffing.items():
        here: Path = (HERE, "staffing", name)
        if name not in scenario.channels:
            yield Problem(here, f"unknown channel '{name}'", nearest(name, scenario.channels))
        yield from unknown_regions(scenario, staffing.teams_by_region, here)


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
