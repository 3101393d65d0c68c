"""Which candidate sites to open: from a scenario to a table, and to the patch that opens them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bloodsim.model.demand_world import base_units
from bloodsim.optimize.sites import ChosenSites, SiteChoices, choose_sites, site_program
from bloodsim.optimize.solver import InfeasibleError, SolverError, SolverMissingError
from bloodsim.planning.clash import clashing_rows
from bloodsim.planning.needs import check_sites
from bloodsim.planning.solve import NoPlanError
from bloodsim.planning.tables import records
from bloodsim.scenario import Scenario
from bloodsim.scenario.seasonal import profile_factors
from bloodsim.scenario.sites import CandidateSite, SiteHours, SitePlan
from bloodsim.seasons import WEEKDAYS

Floats = NDArray[np.floating]

YEAR_DAYS = 365
EVERY_DAY = "every_day"
"""Opening hours of candidates that name none."""
SITE_COLUMNS = (
    "site", "region", "city", "hours", "decision", "opens_on", "residents_served",
    "gifts_per_year", "donors_per_day", "cost_per_year", "says",
)  # fmt: skip
"""Columns of the sites, one row per candidate: as planned, or where it is not opened, with the
hours that would bring most gifts if it alone were."""


@dataclass(frozen=True)
class _Option:
    """A candidate with one of its opening hours."""

    name: str
    candidate: CandidateSite
    hours_name: str
    hours: SiteHours
    opens_on: date

    def days_open(self, first: date) -> list[date]:
        """Return the days of the year from *first* on which it is open."""
        days = [first + timedelta(days=k) for k in range(YEAR_DAYS)]
        weekdays = self.hours.open_weekdays
        return [
            day
            for day in days
            if day >= self.opens_on and (not weekdays or WEEKDAYS[day.weekday()] in weekdays)
        ]


@dataclass(frozen=True)
class SitesProposal:
    """Which sites to open, why, and how to open them in a scenario.

    Parameters
    ----------
    goal, status : str
        What was sought, and how the solve ended.
    gap : float
        Relative distance from the best choice that was proved.
    gifts_per_year, cost_per_year, mean_minutes : float
        Of what is opened; mean travel time to the nearest open site (NaN where no area has one).
    table : pandas.DataFrame
        `SITE_COLUMNS`, one row per candidate.
    patch : mapping
        Scenario tree that opens the chosen sites.
    """

    goal: str
    status: str
    gap: float
    gifts_per_year: float
    cost_per_year: float
    mean_minutes: float
    table: pd.DataFrame
    patch: Mapping[str, Any]

    @property
    def opened(self) -> tuple[str, ...]:
        """Names of the sites to open."""
        return tuple(self.table.loc[self.table["decision"] == "open", "site"])

    def to_dict(self) -> dict[str, Any]:
        """Return the plan's ``sites`` as JSON holds them."""
        return {
            "goal": self.goal,
            "status": self.status,
            "gap": self.gap,
            "gifts_per_year": self.gifts_per_year,
            "cost_per_year": self.cost_per_year,
            "mean_minutes": self.mean_minutes if self.mean_minutes == self.mean_minutes else None,
            "sites": list(records(self.table)),
            "patch": self.patch,
        }

    def summary(self) -> list[str]:
        """Return what matters most as sentences."""
        count = len(self.opened)
        names = ", ".join(self.opened) or "none"
        line = f"open {count} of {len(self.table)} candidate sites: {names}"
        said = f"{self.gifts_per_year:,.0f} gifts a year (judgement), cost {self.cost_per_year:g}"
        if self.mean_minutes == self.mean_minutes:
            said += f", {self.mean_minutes:.1f} minutes to the nearest site on average"
        return [line, said]

    def patch_yaml(self) -> str:
        """Return the patch as YAML, to be added to a scenario."""
        import io

        from ruamel.yaml import YAML

        yaml, stream = YAML(), io.StringIO()
        yaml.default_flow_style = False
        yaml.dump(_plain(self.patch), stream)
        return stream.getvalue()


def plan_sites(scenario: Scenario) -> SitesProposal:
    """Choose among a scenario's candidate sites.

    Gifts are counted over the year from the first scored day, a site whose permit comes later only
    from then on. Areas within reach of a site that is open on that day bring nothing new.

    Raises
    ------
    ScenarioError
        There is nothing to choose, or no `site_plan`.
    NoPlanError
        The fewest per place do not fit the budget or the number of sites.
    """
    check_sites(scenario)
    search = scenario.resources.site_plan
    assert search is not None
    first = scenario.run.score_start
    options = _options(scenario, first)
    choices, places = _choices(scenario, search, options, first)
    try:
        chosen = choose_sites(choices)
    except InfeasibleError as error:
        said = tuple(
            f"{_in_words(row, places)} would have to give way by {excess:g}"
            for row, excess in clashing_rows(site_program(choices))
        )
        raise NoPlanError(error.status, f"sites: {error}", said) from error
    except SolverMissingError:
        raise
    except SolverError as error:
        raise NoPlanError(error.status, f"sites: {error}") from error
    rows = _rows(scenario, choices, options, chosen, first)
    return SitesProposal(
        goal=search.goal,
        status=chosen.status,
        gap=chosen.gap,
        gifts_per_year=chosen.gifts,
        cost_per_year=chosen.cost,
        mean_minutes=_mean_minutes(choices, chosen, len(scenario.resources.residential_areas)),
        table=pd.DataFrame(rows, columns=list(SITE_COLUMNS)),
        patch=_patch([options[k] for k in chosen.opened.tolist()], rows),
    )


def _mean_minutes(choices: SiteChoices, chosen: ChosenSites, n_areas: int) -> float:
    """Return the mean over residents of the named areas, which stand first."""
    residents = choices.residents[:n_areas]
    total = float(residents.sum())
    return float(residents @ chosen.minutes[:n_areas]) / total if total > 0 else float("nan")


def _options(scenario: Scenario, first: date) -> list[_Option]:
    """Return every way of opening every candidate whose permit comes within the year."""
    found = []
    for name, candidate in scenario.resources.candidate_sites.items():
        opens = _opens_on(candidate, first)
        if opens is None or (opens - first).days >= YEAR_DAYS:
            continue
        ways = candidate.hours or {EVERY_DAY: SiteHours()}
        found += [_Option(name, candidate, way, hours, opens) for way, hours in ways.items()]
    return found


def _opens_on(candidate: CandidateSite, first: date) -> date | None:
    """Return the first day on which a candidate may be open; None if it never may."""
    if candidate.permit == "held":
        return first
    if candidate.permit == "refused" or candidate.permit_date is None:
        return None
    return max(first, candidate.permit_date)


def _choices(
    scenario: Scenario, search: SitePlan, options: list[_Option], first: date
) -> tuple[SiteChoices, list[str]]:
    """Return the problem, and the names of its places."""
    residents, minutes, already = _travel(scenario, options, first)
    names = list(dict.fromkeys(option.name for option in options))
    least = _least(scenario, search, options)
    in_place = [
        [place in (("city", _city(o.candidate)), ("region", o.candidate.region)) for o in options]
        for place in least
    ]
    per_year = np.array([_per_1000(option, first) for option in options]) / 1000
    within = (minutes <= search.reach_minutes) & (already > search.reach_minutes)
    choices = SiteChoices(
        goal=search.goal,
        site=np.array([names.index(option.name) for option in options], dtype=int),
        cost=np.array([option.hours.cost_per_year for option in options], dtype=float),
        gifts=per_year[:, None] * residents * within,
        minutes=minutes,
        residents=residents,
        minutes_already=already,
        in_place=np.array(in_place, dtype=bool).reshape(len(least), len(options)),
        least=np.array(list(least.values()), dtype=int),
        most=search.most_sites,
        budget=search.budget_per_year,
    )
    return choices, [name for _, name in least]


def _city(candidate: CandidateSite) -> str:
    return candidate.city or candidate.region


def _least(
    scenario: Scenario, search: SitePlan, options: list[_Option]
) -> dict[tuple[str, str], int]:
    """Return the fewest sites in every city, and by need in every region, that has candidates."""
    candidates = scenario.resources.candidate_sites.values()
    least = {("city", _city(one)): search.least_per_place for one in candidates}
    if search.by_need:
        regions = list(dict.fromkeys(one.region for one in candidates))
        counts = _by_need(scenario, search, regions).tolist()
        for name, count in zip(regions, counts, strict=True):
            there = {option.name for option in options if option.candidate.region == name}
            least["region", name] = min(count, len(there))
    return least


def _by_need(scenario: Scenario, search: SitePlan, regions: list[str]) -> NDArray[np.integer]:
    """Return each region's share of the sites, rounded down, by demand for whole blood."""
    total = np.zeros(len(scenario.regions))
    for name, product in scenario.products.items():
        if product.source == "whole_blood" and name in scenario.demand:
            total += base_units(scenario, name)
    index = {name: k for k, name in enumerate(scenario.regions)}
    need = total[[index[name] for name in regions]]
    shares = need / need.sum() if need.sum() > 0 else np.zeros(len(need))
    return np.floor(shares * (search.most_sites or 0) + 1e-9).astype(int)


def _per_1000(option: _Option, first: date) -> float:
    """Return gifts from each thousand residents in the year, after a late permit."""
    one = option.candidate
    rate = one.gifts_per_1000_residents_year * one.comfort_factor * one.parking_factor
    late = (option.opens_on - first).days
    return rate * option.hours.gifts_factor * (YEAR_DAYS - late) / YEAR_DAYS


def _travel(
    scenario: Scenario, options: list[_Option], first: date
) -> tuple[Floats, Floats, Floats]:
    """Return residents of areas, minutes (n_options, n_areas), and minutes to what is open.

    The rings of a candidate's catchment are areas that only it reaches.
    """
    areas: dict[tuple[str, int], float] = {
        (name, -1): area.residents for name, area in scenario.resources.residential_areas.items()
    }
    for option in options:
        before = 0.0
        for minute in sorted(option.candidate.catchment):
            areas[f"catchment of {option.name}", minute] = (
                option.candidate.catchment[minute] - before
            )
            before = option.candidate.catchment[minute]
    index = {key: column for column, key in enumerate(areas)}
    minutes = np.full((len(options), len(areas)), np.inf)
    for row, option in enumerate(options):
        for area, time in option.candidate.minutes_to.items():
            minutes[row, index[area, -1]] = time
        for ring in option.candidate.catchment:
            minutes[row, index[f"catchment of {option.name}", ring]] = ring
    already = np.full(len(areas), np.inf)
    for site in scenario.resources.sites.values():
        if (site.from_date or first) <= first <= (site.until_date or first):
            for area, time in site.minutes_to.items():
                already[index[area, -1]] = min(already[index[area, -1]], time)
    return np.array(list(areas.values()), dtype=float), minutes, already


def _rows(
    scenario: Scenario,
    choices: SiteChoices,
    options: list[_Option],
    chosen: ChosenSites,
    first: date,
) -> list[tuple[Any, ...]]:
    """Return one row per candidate: as planned, or as it would be if it alone were opened."""
    rows: list[tuple[Any, ...]] = []
    for name, candidate in scenario.resources.candidate_sites.items():
        mine = [k for k, option in enumerate(options) if option.name == name]
        where = (name, candidate.region, candidate.city)
        if not mine:
            said = "no permit" if candidate.permit == "refused" else "permit without a date in time"
            rows.append((*where, "", "barred", None, 0.0, 0.0, 0.0, 0.0, said))
            continue
        opened = [k for k in mine if k in chosen.opened]
        if opened:
            best = opened[0]
            share = chosen.serves[best]
            gifts, decision, said = float(choices.gifts[best] @ share), "open", "as planned"
        else:
            best = max(mine, key=lambda k: float(choices.gifts[k].sum()))
            share = (choices.gifts[best] > 0).astype(float)
            gifts, decision = float(choices.gifts[best].sum()), "not opened"
            said = "gifts if it alone were opened"
        option = options[best]
        if option.opens_on > first:
            said += f"; permit expected {option.opens_on}"
        rows.append((
            *where, option.hours_name, decision, option.opens_on,
            float(choices.residents @ share), gifts,
            _donors_per_day(scenario, option, gifts, first), float(choices.cost[best]), said,
        ))  # fmt: skip
    return rows


def _donors_per_day(scenario: Scenario, option: _Option, gifts: float, first: date) -> float:
    """Return the donors to invite on a normal open day, so that the year brings these gifts."""
    channel = scenario.channels[option.candidate.channel]
    region = scenario.regions[option.candidate.region]
    amplitude = region.feast_amplitude
    days = option.days_open(first)
    season = profile_factors(
        scenario.profiles[channel.profile], days, scenario.calendar.build(), amplitude
    )
    comes = (1 - channel.missing_share) * (1 - channel.deferral_share)
    total = float(season.sum()) * comes
    return gifts / total if total > 0 else 0.0


def _patch(opened: list[_Option], rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Return the scenario tree that opens sites: an override, and a variant with it."""
    donors = {row[0]: row[SITE_COLUMNS.index("donors_per_day")] for row in rows}
    sites = {
        option.name: {
            "kind": option.candidate.kind,
            "region": option.candidate.region,
            "channel": option.candidate.channel,
            "donors_per_day": round(donors[option.name], 3),
            "from_date": option.opens_on.isoformat(),
            **_given(option),
        }
        for option in opened
    }
    return {
        "overrides": {"open_sites": {"resources": {"sites": sites}}},
        "variants": {"with_sites": ["open_sites"]},
    }


def _given(option: _Option) -> dict[str, Any]:
    """Return the hours and travel times, where they are given."""
    hours = option.hours
    found: dict[str, Any] = {"first_hour": hours.first_hour, "last_hour": hours.last_hour}
    if hours.open_weekdays:
        found["open_weekdays"] = list(hours.open_weekdays)
    if option.candidate.minutes_to:
        found["minutes_to"] = dict(option.candidate.minutes_to)
    return found


def _plain(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: _plain(inner) for key, inner in value.items()}


def _in_words(row: str, places: list[str]) -> str:
    """Return a row such as "fewest_in[3]" as words."""
    block, _, where = row.partition("[")
    at = int(where.rstrip("]").split(",")[0])
    match block:
        case "fewest_in":
            return f"the fewest sites in {places[at]}"
        case "most_sites":
            return "site_plan.most_sites"
        case "budget":
            return "site_plan.budget_per_year"
    return block.replace("_", " ")
