"""Turnout to steer apheresis around in the coming weeks: how many donors to book for each day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from bloodsim.model.world import compile_world
from bloodsim.planning.solve import NoPlanError
from bloodsim.planning.tables import records
from bloodsim.planning.today import starting
from bloodsim.policies import build
from bloodsim.rehearsal.booking import booking_plan
from bloodsim.rehearsal.paths import collection_world
from bloodsim.scenario import OptimizedCollection, Problem, Scenario, ScenarioError

WEEK_DAYS = 7
LATER_DAYS = 14
"""Days beyond the plan that are looked at: nothing is sold off on its last day."""
THROTTLE_COLUMNS = ("date", "region", "channel", "factor", "donors", "usual_donors", "cover_days")
"""Columns of the throttles: factor of turnout, donors to book at it and at usual turnout, and the
cover (stock, in test and on the way) that is planned for the day."""


@dataclass(frozen=True)
class ThrottlesProposal:
    """Turnout to aim at, by day, region and channel.

    Parameters
    ----------
    product : str
        Product that donors are booked for.
    table : pandas.DataFrame
        `THROTTLE_COLUMNS`.
    """

    product: str
    table: pd.DataFrame

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the plan's ``throttles`` as JSON holds them."""
        return list(records(self.table))

    def by_day(self) -> pd.DataFrame:
        """Return donors booked and usual over all regions, by date and channel."""
        keys = ["date", "channel"]
        total = self.table.groupby(keys, sort=False)[["donors", "usual_donors"]].sum()
        return total.reset_index()

    def summary(self) -> list[str]:
        """Return what matters most as a sentence."""
        total = self.by_day()
        more = total["donors"] - total["usual_donors"]
        most = total.iloc[int(more.to_numpy().argmax())]
        return [
            f"{self.product}: {total['donors'].sum():,.0f} donors to book until "
            f"{total['date'].max()}, {more.sum():+,.0f} against usual turnout; most on "
            f"{most['date']}: {most['donors']:,.0f} for {most['usual_donors']:,.0f}"
        ]


def plan_throttles(
    scenario: Scenario, start: date | None = None, weeks: int = 6
) -> ThrottlesProposal:
    """Plan the bookings of apheresis for the coming weeks.

    Parameters
    ----------
    scenario : Scenario
        With a product of apheresis.
    start : date, optional
        First day; default: the first scored day.
    weeks : int
        Weeks to plan.

    Raises
    ------
    ScenarioError
        Nothing is collected by apheresis.
    NoPlanError
        The solver gave no plan.
    """
    from bloodsim.optimize.solver import SolverError, SolverMissingError

    settings = booking_of(scenario)
    first = start or scenario.run.score_start
    n_days = WEEK_DAYS * weeks
    world = compile_world(starting(scenario, first, n_days + LATER_DAYS))
    transfers = build(scenario.policies.transfer)
    try:
        plan = booking_plan(world, settings, transfers)
    except SolverMissingError:
        raise
    except SolverError as error:
        raise NoPlanError(error.status, f"throttles: {error}") from error
    usual = collection_world(world, settings, transfers).sessions

    def rows() -> Iterator[tuple[Any, ...]]:
        for (day, row, region), factor in np.ndenumerate(plan.factors[:n_days]):
            donors, channel = float(usual[day, row, region]), plan.limits[row][0]
            cover = float(plan.target_days[day, region])
            when = first + timedelta(days=day)
            where = world.regions[region]
            yield when, where, channel, float(factor), factor * donors, donors, cover

    return ThrottlesProposal(
        settings.product, pd.DataFrame(list(rows()), columns=list(THROTTLE_COLUMNS))
    )


def booking_of(scenario: Scenario) -> OptimizedCollection:
    """Return the scenario's booking, or that of its first product of apheresis."""
    chosen = scenario.policies.collection
    if isinstance(chosen, OptimizedCollection) and chosen.placed_by == "booking":
        return chosen
    gifts = {channel.gift for channel in scenario.channels.values()}
    for name, product in scenario.products.items():
        if product.source == "apheresis" and "apheresis" in gifts:
            return OptimizedCollection(placed_by="booking", product=name)
    message = "planning throttles needs a product of apheresis and a channel that collects it"
    raise ScenarioError([Problem(("products",), message)])
