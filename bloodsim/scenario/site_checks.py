"""The semantic pass over sites, candidates and how they are chosen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from bloodsim.scenario.organisation_checks import HERE, check_place
from bloodsim.scenario.problems import Path, Problem, nearest
from bloodsim.scenario.span_checks import reversed_dates

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario
    from bloodsim.scenario.sites import CandidateSite, Site


def check_sites(scenario: Scenario) -> Iterator[Problem]:
    """Return what cannot be meant about sites."""
    resources = scenario.resources
    here: Path
    for name, site in resources.sites.items():
        here = (HERE, "sites", name)
        yield from check_place(scenario, here, site.region, site.channel)
        yield from reversed_dates(here, site.from_date, site.until_date, "until_date")
        yield from _hours(here, site.first_hour, site.last_hour)
        yield from _areas(scenario, here, site)
    for name, candidate in resources.candidate_sites.items():
        here = (HERE, "candidate_sites", name)
        yield from check_place(scenario, here, candidate.region, candidate.channel)
        yield from _areas(scenario, here, candidate)
        yield from _candidate(scenario, here, candidate)
    for name, area in resources.residential_areas.items():
        if area.region not in scenario.regions:
            path = (HERE, "residential_areas", name, "region")
            hint = nearest(area.region, scenario.regions)
            yield Problem(path, f"unknown region '{area.region}'", hint)
    yield from _search(scenario)


def _candidate(scenario: Scenario, here: Path, candidate: CandidateSite) -> Iterator[Problem]:
    residents = [candidate.catchment[minutes] for minutes in sorted(candidate.catchment)]
    if any(far < near for near, far in pairwise(residents)):
        message = "fewer residents within a longer travel time"
        yield Problem((*here, "catchment"), message, "residents are counted from the site on")
    region = scenario.regions.get(candidate.region)
    if region and residents and 0 < region.population < max(residents):
        message = f"a catchment of {max(residents):,.0f}, more than its region's residents"
        yield Problem((*here, "catchment"), message, level="warning")
    if not candidate.catchment and not candidate.minutes_to:
        yield Problem(here, "nobody is within reach", "give catchment or minutes_to")
    if candidate.catchment and candidate.minutes_to:
        message = "both catchment and minutes_to: residents would count twice"
        yield Problem((*here, "catchment"), message, "give one of them")
    if candidate.permit_date is not None and candidate.permit != "pending":
        message = f"a date for a permit that is {candidate.permit}"
        yield Problem((*here, "permit_date"), message, "it goes with permit: pending")
    for name, hours in candidate.hours.items():
        yield from _hours((*here, "hours", name), hours.first_hour, hours.last_hour)


def _hours(here: Path, first: float, last: float) -> Iterator[Problem]:
    if first >= last:
        message = f"it opens at {first:g} h and closes at {last:g} h"
        yield Problem((*here, "first_hour"), message, "swap them")


def _areas(scenario: Scenario, here: Path, site: Site | CandidateSite) -> Iterator[Problem]:
    known = scenario.resources.residential_areas
    for area in site.minutes_to:
        if area not in known:
            message = f"unknown residential area '{area}'"
            yield Problem((*here, "minutes_to", area), message, nearest(area, known))


def _search(scenario: Scenario) -> Iterator[Problem]:
    """Check how candidates are chosen."""
    search = scenario.resources.site_plan
    here = (HERE, "site_plan")
    if search is None:
        return
    if search.most_sites is None and search.budget_per_year is None:
        message = "neither most_sites nor budget_per_year: every candidate would be opened"
        yield Problem(here, message, "give one of them")
    if search.by_need and search.most_sites is None:
        yield Problem((*here, "by_need"), "shares of most_sites, which is not given")
    candidates = scenario.resources.candidate_sites
    if not candidates:
        yield Problem(here, "there are no candidate_sites to choose from", level="warning")
    without = [name for name, one in candidates.items() if not one.minutes_to]
    if search.goal == "travel_time" and without:
        message = f"candidate '{without[0]}' has no travel times to residential areas"
        yield Problem((*here, "goal"), message, "give minutes_to, or goal: gifts")
