"""The calendar of drives of the coming weeks: prices from transfers, days from whole numbers.

Transfers and visits are first planned together as if visits could be divided: that says what a
unit is worth when and where, how much every region should collect in every week, and what no
calendar can beat. Then each region places whole visits on days (`bloodsim.optimize.drives`): a
donor is worth the price, less what it would give later (`bloodsim.planning.donor_price`), and less
the earlier it is than the amounts say. Transfers are planned
once more with that calendar, which gives the next round's prices; the best round is kept, or the
default calendar where none is better.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bloodsim.optimize.calendar_clash import NoCalendarError
from bloodsim.optimize.divisible import plan_divisible
from bloodsim.optimize.drive_problem import DriveProblem, ValueSteps
from bloodsim.optimize.drives import plan_drives
from bloodsim.optimize.solver import SolverError, SolverMissingError
from bloodsim.optimize.transfers import TransferModel
from bloodsim.planning.donor_price import DonorPrice, donor_prices
from bloodsim.planning.drive_start import WEEK_DAYS, DriveStart, blocks_of, drive_start, most_donors
from bloodsim.planning.drive_terms import agreed_terms
from bloodsim.planning.held import HeldVisits
from bloodsim.planning.solve import NoPlanError
from bloodsim.planning.tables import records
from bloodsim.scenario import Scenario

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

ROUNDS = 3
"""Times that a calendar is made."""
EARLY = 0.3
"""Part of a unit's worth that is lost for every week that it is collected too early (judgement)."""
DRIVE_COLUMNS = (
    "date", "region", "organisation", "channel", "visits", "teams", "donors", "units", "committed",
)  # fmt: skip
"""Columns of the drives: ``donors`` and ``units`` are expected; ``committed`` stood before."""


@dataclass(frozen=True)
class Calendar:
    """Visits, and the donors who give at them (n_days, n_sources)."""

    visits: Ints
    donors: Floats


@dataclass(frozen=True)
class DrivesProposal:
    """A calendar of drives.

    Parameters
    ----------
    start, last : date
        First day of the plan, and the last on which visits were placed.
    product : str
        Product whose shortages it was made for.
    gap : float
        Relative distance of its expected points from those that no calendar within the same teams
        and donors can beat.
    objective, objective_usual, bound : float
        Expected points (transfers, donations and team-days) with it, with the default calendar, and
        with visits that could be divided.
    table : pandas.DataFrame
        `DRIVE_COLUMNS`: committed visits and those of the plan.
    closed : mapping of str to tuple of date
        Days of the plan on which an organisation cannot be visited.
    donors : pandas.DataFrame
        `DONOR_COLUMNS`: what an eligible donor is worth by region; empty without donor pools.
    charged : bool
        Whether points count what donors called now would give later.
    """

    start: date
    last: date
    product: str
    gap: float
    objective: float
    objective_usual: float
    bound: float
    table: pd.DataFrame
    closed: Mapping[str, tuple[date, ...]]
    donors: pd.DataFrame
    charged: bool

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the plan's ``drives`` as JSON holds them."""
        return list(records(self.table))

    def facts(self) -> dict[str, Any]:
        """Return what the calendar costs and how good it is."""
        return {
            "product": self.product,
            "last": self.last.isoformat(),
            "gap": self.gap,
            "objective": self.objective,
            "objective_usual": self.objective_usual,
            "bound": self.bound,
            "donor_value": self.charged and not self.donors.empty,
            "donors": list(records(self.donors)),
        }

    def summary(self) -> list[str]:
        """Return what matters most as sentences."""
        new = self.table[~self.table["committed"]]
        committed = int(self.table["visits"].sum() - new["visits"].sum())
        saved = self.objective_usual - self.objective
        word = "less" if saved >= 0 else "more"
        return [
            f"drives: {int(new['visits'].sum()):,} visits until {self.last}, "
            f"{new['donors'].sum():,.0f} donors; {committed:,} visits are committed already",
            f"expected {self.objective:,.0f} points, {abs(saved):,.0f} {word} than the default "
            f"calendar with as many donors; at most {100 * self.gap:.2g} % above any calendar",
            *self._said_of_donors(),
        ]

    def _said_of_donors(self) -> list[str]:
        if self.donors.empty:
            return []
        before, after = self.donors["eligible_start"].sum(), self.donors["eligible_end"].sum()
        left = f"{before:,.0f} donors are eligible on {self.start}, {after:,.0f} on {self.last}"
        if not self.charged:
            return [f"what donors would give after the plan is not counted; {left}"]
        worth, gift = self.donors["points_per_donor"], self.donors["points_per_gift"].mean()
        return [
            f"an eligible donor is worth {worth.mean():.2g} points ({worth.min():.2g} to "
            f"{worth.max():.2g}) after the plan, a repeat donor's gift costs {gift:.2g}; {left}"
        ]


def plan_calendar(
    scenario: Scenario,
    start: date | None = None,
    weeks: int = 6,
    held: HeldVisits | None = None,
    rounds: int = ROUNDS,
    *,
    donor_value: bool = True,
) -> DrivesProposal:
    """Place the drives of the coming weeks.

    Parameters
    ----------
    scenario : Scenario
        With `resources.drives`.
    start : date, optional
        First day; default: the first scored day. Drives are placed `commit_days` after it.
    weeks : int
        Weeks of drives.
    held : HeldVisits, optional
        What was held and agreed so far; default: the default calendar up to the days committed.
    rounds : int
        Calendars that are made, each from the prices of the one before.
    donor_value : bool
        Whether a donor costs what they would give later; of scenarios with a pool of whole blood.

    Raises
    ------
    ScenarioError
        No drives to plan.
    NoPlanError
        Agreed visits that no calendar can hold, with what clashes and the smallest way out.
    """
    begun = drive_start(scenario, start or scenario.run.score_start, weeks, held)
    try:
        return _best(begun, held, rounds, donor_value)
    except (NoPlanError, SolverMissingError):
        raise
    except SolverError as error:
        raise NoPlanError(error.status, f"drives: {error}") from error


def _best(start: DriveStart, held: HeldVisits | None, rounds: int, charged: bool) -> DrivesProposal:
    base = start.without_usual()
    model = TransferModel(start.network)
    default = model.solve(start.state)
    later = donor_prices(start, default.prices, charged=charged)
    blocks = blocks_of(start, later.cost)
    relaxed, amounts = plan_divisible(start.network, base, blocks)
    n_weeks = -(-(start.n_days - start.n_commit) // WEEK_DAYS)
    weekly: Floats = np.zeros((len(start.pieces), n_weeks))
    week = (blocks.day - start.n_commit) // WEEK_DAYS
    np.add.at(weekly, (blocks.region, week), amounts * blocks.donors)
    calendar = Calendar(start.usual, start.usual * start.donors)
    usual = default.objective + _effort(start, later, calendar)
    best = usual if _keeps(start, held, later) else np.inf
    prices = relaxed.prices
    for _ in range(rounds):
        found = _calendars(start, prices, weekly, held, later)
        receipts = base.receipts + start.receipts(found.donors)
        plan = model.solve(replace(base, receipts=receipts))
        points = plan.objective + _effort(start, later, found)
        if points < best:
            best, calendar = points, found
        prices = (prices + plan.prices) / 2
    bound = relaxed.objective  # visits are part of it
    return DrivesProposal(
        start=start.first,
        last=start.first + timedelta(days=start.n_days - 1),
        product=start.product,
        gap=max(0.0, (best - bound) / max(abs(bound), 1e-9)),
        objective=best,
        objective_usual=usual,
        bound=bound,
        table=_table(start, calendar),
        closed=_closed(start),
        donors=later.table(start, calendar.donors),
        charged=charged,
    )


def _keeps(start: DriveStart, held: HeldVisits | None, later: DonorPrice) -> bool:
    """Tell whether the default calendar holds what is due, beside what stands, with donors left."""
    assert start.world.drives is not None
    table = start.world.drives.table
    together = start.committed + start.usual
    for region in np.unique(table.region).tolist():
        own = np.flatnonzero(table.region == region)
        if (together[:, own] @ table.teams_per_visit[own] > table.teams_per_day[region]).any():
            return False
        gifts = (start.usual * start.donors)[:, own] @ later.repeat_share[own]
        if (later.room(region, gifts)[gifts > 0] < -1).any():
            return False
        for term in agreed_terms(start, region, own, np.inf, held):
            placed = start.usual[:, own[list(term.sources)]].sum()
            if placed < term.least_visits:
                return False
    return held is None or not held.visits


def _effort(start: DriveStart, later: DonorPrice, calendar: Calendar) -> float:
    """Return the points of donations, of what their donors cost later, and of team-days."""
    assert start.world.drives is not None
    donation, team_day = start.costs
    teams = calendar.visits @ start.world.drives.table.teams_per_visit
    donors = float(((donation + later.cost) * calendar.donors).sum())
    return donors + team_day * float(teams.sum())


def _calendars(
    start: DriveStart,
    prices: Floats,
    weekly: Floats,
    held: HeldVisits | None,
    later: DonorPrice,
) -> Calendar:
    """Return the visits that every region places at these prices."""
    assert start.world.drives is not None
    table = start.world.drives.table
    visits, donors = np.zeros_like(start.usual), np.zeros(start.usual.shape)
    clashes: list[str] = []
    for region in np.unique(table.region).tolist():
        own = np.flatnonzero(table.region == region)
        problem = _problem(start, region, own, prices, weekly[region], held, later)
        try:
            found = plan_drives(problem)
        except NoCalendarError as error:
            name = start.scenario.regions[start.world.regions[region]].name_en
            where = name or start.world.regions[region]
            clashes += [f"{where}: {said}" for said in error.clashes]
            continue
        at = (problem.candidate_day, own[problem.candidate_source])
        np.add.at(visits, at, found.visits)
        np.add.at(donors, at, problem.donors * found.visits - found.turned_away)
    if clashes:
        message = "drives: no calendar keeps all that was agreed"
        raise NoPlanError(NoCalendarError.status, message, tuple(clashes))
    return Calendar(visits, donors)


def _problem(
    start: DriveStart,
    region: int,
    own: Ints,
    prices: Floats,
    weekly: Floats,
    held: HeldVisits | None,
    later: DonorPrice,
) -> DriveProblem:
    """Return the problem of one region."""
    assert start.world.drives is not None
    table, team_day = start.world.drives.table, start.costs[1]
    value = start.value(region, prices)
    ahead = start.open[:, own] & (np.arange(start.n_days) >= start.n_commit)[:, None]
    day, source = np.nonzero(ahead)
    first = np.arange(start.n_commit, start.n_days, WEEK_DAYS)
    last = np.minimum(first + WEEK_DAYS, start.n_days) - 1
    worth = np.maximum(value + start.costs[0], 0)  # of the blood, whatever it costs to collect
    fall = EARLY * np.array([worth[a : b + 1].mean() for a, b in zip(first, last, strict=True)])
    # At the prices of the divisible plan the last visit is worth what it costs: who collects up to
    # the amounts, and no more, gains a little, or chance would decide between none and all.
    follow = EARLY * float(worth[start.n_commit :].mean())
    fall[-1:] += follow
    return DriveProblem(
        n_days=start.n_days,
        names=tuple(table.names[k] for k in own),
        organisations=table.organisations[own],
        gap_days=table.gap_days[own],
        teams_per_visit=table.teams_per_visit[own],
        candidate_source=source,
        candidate_day=day,
        donors=start.donors[day, own[source]],
        value=value[day] + follow,
        repeat_share=later.repeat_share[own[source]],
        teams=np.full(start.n_days, int(table.teams_per_day[region])),
        visit_cost=team_day * table.teams_per_visit[own[source]].astype(float),
        committed=start.committed[:, own].T,
        past=start.past[:, own].T,
        terms=agreed_terms(start, region, own, float(most_donors(start)[region]), held),
        steps=ValueSteps(
            np.full_like(first, start.n_commit),
            last,
            np.cumsum(weekly),
            fall,
        ),
        pools=later.pools(region),
        most_per_year=table.most_per_year[own],
        first_date=start.first,
    )


def _table(start: DriveStart, calendar: Calendar) -> pd.DataFrame:
    assert start.world.drives is not None
    table, per_unit = start.world.drives.table, start.world.products
    pieces = per_unit[start.world.product_index(start.product)].pieces_per_unit
    rows = []
    agreed = Calendar(start.committed, start.committed * start.donors)
    for stands, placed in ((True, agreed), (False, calendar)):
        for day, source in zip(*np.nonzero(placed.visits), strict=True):
            count, region = int(placed.visits[day, source]), int(table.region[source])
            donors = float(placed.donors[day, source])
            units = donors * float(start.pieces[region]) / pieces
            rows.append((
                start.first + timedelta(days=int(day)), start.world.regions[region],
                table.names[source], table.channel[source], count,
                count * int(table.teams_per_visit[source]), donors, units, stands,
            ))  # fmt: skip
    rows.sort(key=lambda row: (row[0], row[1], row[2]))
    return pd.DataFrame(rows, columns=list(DRIVE_COLUMNS)).astype({"committed": bool})


def _closed(start: DriveStart) -> dict[str, tuple[date, ...]]:
    assert start.world.drives is not None
    days = [start.first + timedelta(days=k) for k in range(start.n_days)]
    return {
        name: tuple(day for k, day in enumerate(days) if not start.open[k, source])
        for source, name in enumerate(start.world.drives.table.names)
    }
