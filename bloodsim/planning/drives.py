"""The calendar of drives of the coming weeks: prices from transfers, days from whole numbers.

Transfers and visits are first planned together as if visits could be divided: that says what a
unit is worth when and where, how much every region should collect in every week, and what no
calendar can beat. Then each region places whole visits on days (`bloodsim.optimize.drives`): a
donor is worth the price, less what it would give later (`bloodsim.planning.donor_price`), and less
the earlier it is than the amounts say. Transfers are planned
once more with that calendar, which gives the next round's prices; the best round is kept, or the
default calendar where none is better.

Street turnout and appeals (`bloodsim.planning.drive_levers`) are planned with the visits of a
region where they are asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.calendar_clash import NoCalendarError
from bloodsim.optimize.divisible import Blocks, plan_divisible
from bloodsim.optimize.drive_problem import DriveProblem, ValueSteps
from bloodsim.optimize.drives import plan_drives
from bloodsim.optimize.problem import State
from bloodsim.optimize.solver import SolverError, SolverMissingError
from bloodsim.optimize.transfers import TransferModel
from bloodsim.planning.donor_price import DonorPrice, donor_prices
from bloodsim.planning.drive_levers import (
    Levers,
    add_use,
    check_levers,
    effort_of,
    levers_in,
    levers_of,
    netted,
    worn_out,
)
from bloodsim.planning.drive_proposal import (
    Calendar,
    DrivesProposal,
    appeals_table,
    closed_days,
    drives_table,
    street_table,
)
from bloodsim.planning.drive_start import WEEK_DAYS, DriveStart, blocks_of, drive_start, most_donors
from bloodsim.planning.drive_terms import agreed_terms, donors_as_usual, with_donors_of
from bloodsim.planning.held import HeldVisits
from bloodsim.planning.lever_blocks import best_street, with_levers, within_laboratories
from bloodsim.planning.solve import NoPlanError
from bloodsim.planning.usual import beside_what_stands, broken_by, odd_lines
from bloodsim.scenario import Scenario
from bloodsim.stockfile import OpeningStock

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

ROUNDS = 3
"""Times that a calendar is made."""
EARLY = 0.3
"""Part of a unit's worth that is lost for every week that it is collected too early (judgement)."""

__all__ = ["DrivesProposal", "plan_calendar"]


def plan_calendar(
    scenario: Scenario,
    start: date | None = None,
    weeks: int = 6,
    held: HeldVisits | None = None,
    rounds: int = ROUNDS,
    *,
    donor_value: bool = True,
    beside: Collection[str] = (),
    appeal_rise: float | None = None,
    stock: OpeningStock | None = None,
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
        The default calendar is then what of its later visits still fits beside these.
    rounds : int
        Calendars that are made, each from the prices of the one before.
    donor_value : bool
        Whether a donor costs what they would give later; of scenarios with a pool of whole blood.
    beside : collection of str
        Of `bloodsim.planning.drive_levers.LEVERS`: what may change beside visits.
    appeal_rise : float, optional
        Largest relative rise of a day's turnout by an appeal; default: that of the strongest alert
        level of the product, where there is none `bloodsim.planning.drive_levers.APPEAL_RISE`.
    stock : OpeningStock, optional
        What is on the shelves on the first day; default: as after the warm-up.

    Raises
    ------
    ScenarioError
        No drives to plan, or nothing that could change beside them.
    NoPlanError
        Agreed visits that no calendar can hold, with what clashes and the smallest way out.
    """
    check_levers(scenario, beside, appeal_rise)
    first = start or (stock.day if stock else scenario.run.score_start)
    begun = drive_start(scenario, first, weeks, held, stock=stock)
    begun = begun if held is None else beside_what_stands(begun)
    try:
        found = _best(begun, held, rounds, _Asked(donor_value, beside, appeal_rise))
    except (NoPlanError, SolverMissingError):
        raise
    except SolverError as error:
        raise NoPlanError(error.status, f"drives: {error}") from error
    return found if held is None else replace(found, notes=tuple(odd_lines(begun, held)))


@dataclass(frozen=True)
class _Asked:
    """What a plan counts, and may change beside visits."""

    charged: bool
    beside: Collection[str]
    appeal_rise: float | None


@dataclass(frozen=True)
class _Task:
    """What every region's calendar is made from."""

    start: DriveStart
    held: HeldVisits | None
    later: DonorPrice
    levers: Levers

    @property
    def origin(self) -> int:
        """First day that may change."""
        return 0 if self.levers.regions.size else self.start.n_commit


Tried = list[tuple[float, Calendar]]
"""Points and calendars."""


def _best(start: DriveStart, held: HeldVisits | None, rounds: int, asked: _Asked) -> DrivesProposal:
    base, model = start.without_usual(), TransferModel(start.network)
    default = model.solve(start.with_usual())
    regions = range(start.world.n_regions)
    worth = np.stack([start.value(region, default.prices) for region in regions], axis=1)
    levers = levers_of(start, asked.beside, asked.appeal_rise, worth)
    called = levers.regions.tolist()
    later = donor_prices(start, default.prices, charged=asked.charged, beside=called)
    task = _Task(start, held, later, levers)
    visits = replace(blocks_of(start, later.cost), most_donors=donors_as_usual(start, held))
    given = start.usual_donors
    standing = Calendar(start.usual, given, levers.nothing, worth + start.costs[0])
    usual = default.objective + _effort(task, standing)
    breaks = tuple(_breaks(task, standing))
    tried: Tried = [] if breaks else [(usual, standing)]
    bound, found = _rounds(task, visits, model, rounds)
    if called and rounds:  # levers beside the best visits without them are tried too
        alone = replace(task, levers=levers_of(start, (), None, worth))
        found += [
            (points, replace(calendar, levers=levers.nothing))
            for points, calendar in _rounds(alone, visits, model, rounds)[1]
        ]
    if levers.throttled:
        for _, calendar in (*tried, *sorted(found, key=_points)[:1]):
            better = _steered(task, base, calendar, visits)
            if _pool_holds(task, better):
                points = model.solve(_with(task, base, better)).objective
                found.append((points + _effort(task, better), better))
    best, calendar = min((*tried, *found), key=_points, default=(np.inf, standing))
    found_ = _proposal(task, asked, calendar, (best, usual, bound))
    return replace(found_, default_breaks=breaks)


def _rounds(task: _Task, visits: Blocks, model: TransferModel, rounds: int) -> tuple[float, Tried]:
    """Return the bound, and a calendar of each round."""
    start, tried = task.start, []
    base, blocks = start.without_usual(), with_levers(visits, start, task.levers, task.later)
    relaxed, amounts = plan_divisible(start.network, base, blocks)
    n_weeks = -(-(start.n_days - task.origin) // WEEK_DAYS)
    weekly: Floats = np.zeros((len(start.pieces), n_weeks))
    week = (blocks.day - task.origin) // WEEK_DAYS
    np.add.at(weekly, (blocks.region, week), amounts * blocks.donors)
    prices = relaxed.prices
    for _ in range(rounds):
        found = _calendars(task, prices, weekly)
        plan = model.solve(_with(task, base, found))
        tried.append((plan.objective + _effort(task, found), found))
        prices = (prices + plan.prices) / 2
    return relaxed.objective, tried


def _points(tried: tuple[float, Calendar]) -> float:
    return tried[0]


def _with(task: _Task, base: State, calendar: Calendar) -> State:
    """Return the state with what a calendar brings."""
    receipts = base.receipts + task.start.receipts(calendar.donors)
    if task.levers.regions.size:
        receipts = receipts + task.start.released(calendar.levers.pieces(task.levers))
    return replace(base, receipts=receipts)


def _steered(task: _Task, base: State, calendar: Calendar, visits: Blocks) -> Calendar:
    """Return a calendar with the best street turnout for its visits and appeals."""
    start, levers, use = task.start, task.levers, calendar.levers
    assert start.world.drives is not None
    taken = use.called.sum(axis=1)
    np.add.at(taken.T, start.world.drives.table.region, calendar.donors.T)
    given = use.called.sum(axis=(0, 1))
    np.add.at(given, start.world.drives.table.region, (calendar.visits * start.donors).sum(axis=0))
    left = np.maximum(visits.most_donors - given, use.moved(levers).sum(axis=(0, 1)))
    still = replace(use, change=np.zeros_like(use.change))
    state = _with(task, base, replace(calendar, levers=still))
    appealed = np.add.reduceat(use.called, np.arange(0, start.n_days, WEEK_DAYS)) > 0
    range_left = replace(levers, least=np.where(appealed, 0, levers.least))
    range_left = within_laboratories(start, range_left, taken)
    change = best_street(visits, start, range_left, task.later, state, left)
    return replace(calendar, levers=replace(use, change=change))


def _proposal(
    task: _Task, asked: _Asked, calendar: Calendar, points: tuple[float, float, float]
) -> DrivesProposal:
    """Return the proposal of a calendar that costs so many points, as usual, and at least."""
    start, levers, (best, usual, bound) = task.start, task.levers, points
    told = start, levers, calendar.levers
    return DrivesProposal(
        start=start.first,
        last=start.first + timedelta(days=start.n_days - 1),
        product=start.product,
        gap=max(0.0, (best - bound) / max(abs(bound), 1e-9)),
        objective=best,
        objective_usual=usual,
        bound=bound,  # visits are part of it
        table=drives_table(start, calendar),
        closed=closed_days(start),
        assumed=task.held is None,
        usual=(int(start.usual.sum()), float(start.usual_donors.sum())),
        effort=start.costs,
        donors=task.later.table(start, calendar.donors, calendar.levers.repeat_gifts(levers)),
        charged=asked.charged,
        street=street_table(*told) if "street" in asked.beside else None,
        appeals=appeals_table(*told) if "appeals" in asked.beside else None,
        wanted=bool(levers.regions.size),
        rise=float(levers.rise.max(initial=0.0)),
    )


def _breaks(task: _Task, standing: Calendar) -> Iterator[str]:
    """Yield why the default calendar is no plan: what it breaks, beside what stands."""
    yield from broken_by(task.start, standing.visits, standing.donors, task.held)
    if not _pool_holds(task, standing):
        yield "no more donors give than are eligible"


def _pool_holds(task: _Task, calendar: Calendar) -> bool:
    """Tell whether no more donors give than are eligible."""
    start, later = task.start, task.later
    assert start.world.drives is not None
    place, beside = start.world.drives.table.region, calendar.levers.repeat_gifts(task.levers)
    for region in range(start.world.n_regions):
        own = place == region
        gifts = calendar.donors[:, own] @ later.repeat_share[own] + beside[:, region]
        if (later.room(region, gifts)[gifts > 0] < -1).any():
            return False
    return True


def _effort(task: _Task, calendar: Calendar) -> float:
    """Return the points of donations, of what their donors cost later, and of team-days."""
    start, later = task.start, task.later
    assert start.world.drives is not None
    donation, team_day = start.costs
    teams = calendar.visits @ start.world.drives.table.teams_per_visit
    donors = float(((donation + later.cost) * calendar.donors).sum())
    visits = donors + team_day * float(teams.sum())
    return visits + effort_of(start, task.levers, later, calendar.levers)


def _calendars(task: _Task, prices: Floats, weekly: Floats) -> Calendar:
    """Return the visits that every region places at these prices."""
    start, use = task.start, task.levers.nothing
    assert start.world.drives is not None
    table = start.world.drives.table
    visits, donors = np.zeros_like(start.usual), np.zeros(start.usual.shape)
    clashes: list[str] = []
    for region in np.union1d(table.region, task.levers.regions).tolist():
        own = np.flatnonzero(table.region == region)
        problem = _problem(task, region, own, prices, weekly[region])
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
        add_use(use, task.levers, region, found)
    if clashes:
        message = "drives: no calendar keeps all that was agreed"
        raise NoPlanError(NoCalendarError.status, message, tuple(clashes))
    used = worn_out(start, task.levers, netted(task.levers, use))
    worth = [start.value(region, prices) for region in range(start.world.n_regions)]
    return Calendar(visits, donors, used, np.stack(worth, axis=1) + start.costs[0])


def _problem(task: _Task, region: int, own: Ints, prices: Floats, weekly: Floats) -> DriveProblem:
    """Return the problem of one region."""
    start, later = task.start, task.later
    assert start.world.drives is not None
    table, team_day = start.world.drives.table, start.costs[1]
    value = start.value(region, prices)
    ahead = start.open[:, own] & (np.arange(start.n_days) >= start.n_commit)[:, None]
    day, source = np.nonzero(ahead)
    first = np.arange(task.origin, start.n_days, WEEK_DAYS)
    last = np.minimum(first + WEEK_DAYS, start.n_days) - 1
    worth = np.maximum(value + start.costs[0], 0)  # of the blood, whatever it costs to collect
    fall = EARLY * np.array([worth[a : b + 1].mean() for a, b in zip(first, last, strict=True)])
    # At the prices of the divisible plan the last visit is worth what it costs: who collects up to
    # the amounts, and no more, gains a little, or chance would decide between none and all.
    follow = EARLY * float(worth[start.n_commit :].mean())
    fall[-1:] += follow
    levers = levers_in(start, task.levers, region, value, follow)
    terms = agreed_terms(start, region, own, float(most_donors(start)[region]), task.held)
    return DriveProblem.of_region(
        table,
        region,
        ahead,
        donors=start.donors[day, own[source]],
        value=value[day] + follow,
        repeat_share=later.repeat_share[own[source]],
        processing=start.room(region),
        visit_cost=team_day * table.teams_per_visit[own[source]].astype(float),
        committed=start.committed[:, own].T,
        past=start.past[:, own].T,
        terms=with_donors_of(levers, terms),
        steps=ValueSteps(
            np.full_like(first, task.origin),
            last,
            np.cumsum(weekly),
            fall,
        ),
        pools=later.pools(region),
        levers=levers,
        first_date=start.first,
    )
