"""Mean turnout of every day: trends, sites, organisations, traces and planned month tables."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.resources import dated_gift_shares
from bloodsim.model.span import applies
from bloodsim.scenario.resources import MonthPlan, Organisation, OrganisationPool, Trend
from bloodsim.seasons import WEEKDAYS, Calendar, daily_factors

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

YEAR_DAYS = 365.0


class Turnout:
    """The donors that each channel may expect, before luck.

    In order: the region's base x season; trends; sites on top; visits to organisations on top; no
    donors outside the channel's dates; traces in place of all this; plans scale whole months.
    """

    def __init__(self, scenario: Scenario, dates: Sequence[date], calendar: Calendar) -> None:
        self.scenario, self.dates, self.calendar = scenario, dates, calendar
        self.regions = tuple(scenario.regions)

    def of_all(
        self, season: Callable[[str], Floats], drives: Mapping[str, Floats] | None = None
    ) -> dict[str, Floats]:
        """Return donors a day of every channel (n_days, n_regions).

        Parameters
        ----------
        season : callable
            Reads profiles.
        drives : mapping of channel to float array (n_days, n_regions), optional
            Donors of planned drives: they stand beside the means and are part of month plans.
        """
        means: dict[str, Floats] = {}
        regions = self.scenario.regions.values()
        for name, channel in self.scenario.channels.items():
            base = np.array([region.donors_per_day.get(name, 0.0) for region in regions])
            means[name] = self.of(name, base, season(channel.profile))
        self.follow_plans(means, drives or {})
        return means

    def of(self, channel: str, base: Floats, season: Floats) -> Floats:
        """Return donors a day of a channel (n_days, n_regions).

        Parameters
        ----------
        channel : str
            Its name.
        base : float array (n_regions,)
            Donors on a normal day.
        season : float array (n_days, n_regions)
            Multipliers of its profile.
        """
        resources = self.scenario.resources
        mean = base * season
        for trend in resources.trends:
            if not trend.channels or channel in trend.channels:
                mean = mean * self._growth(trend)
        for site in resources.sites.values():
            if site.channel == channel:
                column = self.regions.index(site.region)
                dated = applies(self.dates, site.from_date, site.until_date)
                open_days = dated & self._on_weekdays(site.open_weekdays)
                mean[:, column] += site.donors_per_day * season[:, column] * open_days
        if resources.drives is None:
            for name, day, donors in self._visits(channel):
                mean[day, self.regions.index(name)] += donors
        settings = self.scenario.channels[channel]
        if settings.from_date or settings.until_date:
            mean *= applies(self.dates, settings.from_date, settings.until_date)[:, None]
        index = {day: number for number, day in enumerate(self.dates)}
        for region, trace in resources.traces.get(channel, {}).items():
            for dated_on, traced in trace.items():
                if dated_on in index:
                    mean[index[dated_on], self.regions.index(region)] = traced
        return mean

    def _growth(self, trend: Trend) -> Floats:
        """Return multipliers that grow from the first to the last day of a trend."""
        first = trend.from_date or self.scenario.run.score_start
        last = trend.to_date or date.max
        days = [(min(day, last) - first).days for day in self.dates]
        if trend.from_date is not None:
            days = [max(0, count) for count in days]
        growth = (1 + trend.per_year) ** (np.array(days) / YEAR_DAYS)
        named = np.array([not trend.regions or region in trend.regions for region in self.regions])
        return np.where(named, growth[:, None], 1.0)

    def _on_weekdays(self, weekdays: Sequence[str]) -> Mask:
        return np.array([not weekdays or WEEKDAYS[day.weekday()] in weekdays for day in self.dates])

    # --- visits ---------------------------------------------------------------------------------

    def _visits(self, channel: str) -> Iterator[tuple[str, int, float]]:
        """Yield region, day and donors of the visits of a channel."""
        resources = self.scenario.resources
        for organisation in resources.organisations.values():
            if organisation.channel == channel:
                donors = donors_per_visit(organisation)
                for day in self._visit_days(organisation):
                    yield organisation.region, day, donors
        for pool in resources.organisation_pools.values():
            if pool.channel == channel:
                for day, visits in enumerate(self._pool_visits(pool)):
                    yield pool.region, day, visits * pool.donors_per_visit

    def _visit_days(self, organisation: Organisation) -> list[int]:
        """Return the days of the default calendar: evenly spaced, outside closures, gaps kept."""
        index = {day: number for number, day in enumerate(self.dates)}
        if organisation.visits:
            return sorted(index[day] for day in organisation.visits if day in index)
        working = daily_factors(
            self.dates,
            self.calendar,
            closures=[(c.from_date, c.to_date) for c in organisation.closures],
            working_days_only=True,
        )
        found: list[int] = []
        if organisation.min_visits == 0:
            return found
        step = YEAR_DAYS / organisation.min_visits
        for number in range(int(len(self.dates) / step) + 1):
            earliest = int((number + 0.5) * step)
            if found:
                earliest = max(earliest, found[-1] + organisation.visit_gap_days)
            later = np.flatnonzero(working[earliest:] > 0)
            if later.size:
                found.append(earliest + int(later[0]))
        return found

    def _pool_visits(self, pool: OrganisationPool) -> Floats:
        """Return mean visits a day: all of a year's, spread over its working days."""
        working = daily_factors(
            self.dates,
            self.calendar,
            closures=[(c.from_date, c.to_date) for c in pool.closures],
            working_days_only=True,
        )
        share = working.mean()
        daily = pool.organisations * pool.visits_per_year / YEAR_DAYS
        return working * (daily / share if share > 0 else 0.0)

    # --- plans ----------------------------------------------------------------------------------

    def follow_plans(self, means: dict[str, Floats], drives: Mapping[str, Floats]) -> None:
        """Scale the mean donors of channels, in place, to the planned months less *drives*."""
        for plan in self.scenario.resources.plans:
            chosen = [name for name in means if not plan.channels or name in plan.channels]
            columns = [
                number
                for number, region in enumerate(self.regions)
                if not plan.regions or region in plan.regions
            ]
            for days, planned in self.planned_months(plan):
                expected = sum(
                    self._worth(plan, name, days, columns, means[name]) for name in chosen
                )
                visited = sum(
                    self._worth(plan, name, days, columns, drives[name])
                    for name in chosen
                    if name in drives
                )
                if expected > 0:
                    for name in chosen:
                        scale = max(0.0, planned - visited) / expected
                        means[name][np.ix_(days, columns)] *= scale

    def planned_months(self, plan: MonthPlan) -> Iterator[tuple[list[int], float]]:
        """Yield the days of each planned month in the run and their part of the plan."""
        months = defaultdict(list)
        dated = applies(self.dates, plan.from_date, plan.to_date)
        for number, day in enumerate(self.dates):
            if dated[number] and day.month in plan.months and plan.year in (None, day.year):
                months[day.year, day.month].append(number)
        for (year, month), days in months.items():
            yield days, plan.months[month] * len(days) / monthrange(year, month)[1]

    def _worth(
        self, plan: MonthPlan, channel: str, days: list[int], columns: list[int], mean: Floats
    ) -> float:
        """Return what *mean* invited donors (n_days, n_regions) of some days are to give."""
        settings = self.scenario.channels[channel]
        gave = (1 - settings.missing_share) * (1 - settings.deferral_share)
        chosen = np.ix_(days, columns)
        return float((gave * mean[chosen] * self.worth_of_gifts(plan, channel)[chosen]).sum())

    def worth_of_gifts(self, plan: MonthPlan, channel: str) -> Floats:
        """Return what a mean donation counts in a plan (n_days, n_regions)."""
        settings, shape = self.scenario.channels[channel], (len(self.dates), len(self.regions))
        if plan.counts == "donations":
            return np.ones(shape)
        if settings.gift == "apheresis":
            made = [p for p in self.scenario.products.values() if p.source == "apheresis"]
            return np.full(shape, max((p.units_per_donation for p in made), default=1.0))
        usual = [tuple(r.gift_shares.model_dump().values()) for r in self.scenario.regions.values()]
        dated = dated_gift_shares(self.scenario, self.dates)
        shares = np.array(usual)[None] if dated is None else dated
        return np.broadcast_to(shares @ np.array([1.0, 1.5, 2.0]), shape)


def donors_per_visit(organisation: Organisation) -> float:
    """Return the donors invited to a visit: as given, or the quota over the visits, capped."""
    cap = organisation.cap_share * organisation.headcount
    if organisation.donors_per_visit is not None:
        return min(organisation.donors_per_visit, cap)
    visits = len(organisation.visits) or organisation.min_visits
    return min(organisation.quota / visits, cap) if visits and organisation.quota else cap
