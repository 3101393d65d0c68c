r"""When and where to collect: one linear program on the expected path and how paths scatter.

Weeks k, regions r, sources s of drives, channels c, planning paths :math:`\omega`. Blood that roads
connect is pooled: all regions of a component hold the same cover :math:`x_k`.

.. math:: \min \sum_{k,j,\omega} \frac{p_j D_k n_k}{|\Omega|} h_{kj\omega}
              + \sum_{a,k} \kappa_a y_{ak} + \pi\, \text{(short at the end)} + \varepsilon |\Delta|

.. math:: d_{rk} x_k - d_{r,k-1} x_{k-1} = \sigma C_{r,k-lag} - u_{rk} + g_{rk} + z_{rk} - w_{rk}
              + \textstyle\sum y_{in} - \sum y_{out}, \qquad
          C_{rk} = q_r \Big( \sum_s b_{sk} v_{sk} + \sum_c S_{crk} f_{crk} \Big)

.. math:: x_k + e_{k\omega} \ge L_j - h_{kj\omega}, \qquad
          \sum_s \tau_s v_{sk} \le T_r n_k, \qquad \sum C / q = \text{donations}, \qquad
          \sum C \le \text{units}

with visits v, turnout factors f of sessions, expected requests u, agreements g, what nobody can
serve z, outdates w (stock stays within what a shelf life collects), and the scatter e of pooled
cover among the paths. The price of low cover is not assumed but read off the paths: non-negative
least squares of the points of a day on :math:`\max(0, L_j - \text{cover})`; where the paths never
were, small default prices keep the curve rising. Donations and units are those of the reference,
those of a region nearly so: a plan can only gain by when, and a little by where. The change
:math:`\Delta` against the reference costs little: of like plans the most usual is taken. Visits and
sessions are charged what their donors would give after the last day (`donor_charge`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.cover_price import SLOT_DAYS, UNSERVED, Weeks, charge_cover
from bloodsim.optimize.donor_charge import session_charge, visit_charge
from bloodsim.optimize.placing import WeeklyPlan, place
from bloodsim.optimize.program import ProgramBuilder
from bloodsim.optimize.promise_rows import donors_asked, keep_promises, within_laboratories
from bloodsim.optimize.solver import solve
from bloodsim.planning_paths import CollectionPlan, CollectionWorld, PlanningPaths

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

LAST_DAYS = 14
"""Days before the end in which a plan collects no less than usual: what comes too late to be used
or counted would otherwise be collected earlier, for nothing but the look of it."""
_CHANGE = 0.01
"""Points per donation that a plan differs from the reference: it decides between like plans."""
_REGION_SHARE = 0.03
"""Share by which a region's donations may differ from the reference's: products that do not travel
come from the same gifts, and donors of one province are not to give for all (judgement)."""
_MISSING = 20.0
"""Points per donation that no calendar can place: far above what one is worth."""
_SPARE = 1e4
"""Points per donation beyond the reference's: only what stands already may bring more, for no want
of blood is a reason to."""


@dataclass(frozen=True)
class Agreed:
    """What of an earlier plan stands: its visits before one day, its factors before another."""

    plan: CollectionPlan
    visits_until: int
    factors_until: int


@dataclass(frozen=True)
class _Columns:
    visits: Index
    factors: Index
    cover: Index


def plan_collection(
    world: CollectionWorld,
    reference: PlanningPaths,
    latest: PlanningPaths,
    agreed: Agreed | None = None,
    donations: float | None = None,
) -> CollectionPlan:
    """Return the calendar of drives and the turnout that sessions are planned at.

    Parameters
    ----------
    world : CollectionWorld
        What is fixed.
    reference : PlanningPaths
        Whose donations and units the plan may use, and whose issues are expected.
    latest : PlanningPaths
        The paths under the plan so far: how willing donors then are, and how cover scatters.
    agreed : Agreed, optional
        What of an earlier plan is kept.
    donations : float, optional
        Donations to plan for; default: the reference's.
    """
    weeks, table = Weeks.of(len(world.normal)), world.drives
    builder = ProgramBuilder()
    columns = _collection(builder, world, latest, weeks, agreed)
    total = reference.donations if donations is None else donations
    _equal_amounts(builder, world, reference, latest, weeks, columns, total)
    _balances(builder, world, reference, latest, weeks, columns)
    charge_cover(builder, world, reference, latest, weeks, columns.cover)
    found = solve(builder.build()).x
    slot = np.arange(len(world.normal)) // SLOT_DAYS
    factors = found[columns.factors][slot]
    if agreed:
        factors[: agreed.factors_until] = agreed.plan.factors[: agreed.factors_until]
    weekly = WeeklyPlan(
        visits=found[columns.visits],
        starts=weeks.starts,
        donors=donors_at_visits(world, latest),
        donors_by_week=_visit_donations(world, latest, weeks),
        taken=(world.sessions * latest.willing * factors).sum(axis=1),
        stands=agreed.plan.visits if agreed else world.default_visits,
        until=agreed.visits_until if agreed else table.commit_days,
    )
    visits = place(world, weekly)
    target = _targets(world, latest, weeks, found[columns.cover], visits, factors)
    limits = zip(
        world.channels, world.least_factor.tolist(), world.largest_factor.tolist(), strict=True
    )
    return CollectionPlan(visits, factors, target, tuple(limits))


def _collection(
    builder: ProgramBuilder,
    world: CollectionWorld,
    paths: PlanningPaths,
    weeks: Weeks,
    agreed: Agreed | None,
) -> _Columns:
    """Add visits, factors and cover, within teams, gaps, years and what stands already."""
    table, n_weeks = world.drives, len(weeks.starts)
    usual = weeks.sums(world.default_visits.astype(float))
    stands, until = (
        (weeks.sums(agreed.plan.visits.astype(float)), agreed.visits_until)
        if agreed
        else (usual, table.commit_days)
    )
    open_days = weeks.sums(world.open.astype(float))
    most = open_days * table.at_once
    fixed = (weeks.starts < until)[:, None]
    # Blood of the last weeks is of no use to a plan that ends: they stay as usual.
    ending = (weeks.ends >= len(world.normal) - LAST_DAYS)[:, None]
    kept = np.where(fixed, stands, np.where(ending, np.minimum(usual, most), 0))
    visits = builder.add_columns(
        "visits",
        usual.shape,
        cost=visit_charge(world, paths, weeks),
        lower=kept,
        upper=np.where(fixed, np.maximum(stands, most), most),
    )
    _deviation(builder, "visit_change", visits, usual, _visit_donations(world, paths, weeks))
    least, largest = world.least_factor, world.largest_factor
    low = np.broadcast_to(least[:, None], (n_weeks, len(least), world.normal.shape[1])).copy()
    high = np.broadcast_to(largest[:, None], low.shape).copy()
    low[ending[:, 0]] = np.minimum(1.0, high[ending[:, 0]])
    driven = np.unique(world.source_channel)
    low[:, driven] = high[:, driven] = world.visit_factor
    if agreed:
        stand = weeks.starts < agreed.factors_until
        low[stand] = high[stand] = agreed.plan.factors[weeks.starts[stand]]
    later = session_charge(world, paths, weeks)
    factors = builder.add_columns("factors", low.shape, cost=later, lower=low, upper=high)
    given = _session_donations(world, paths, weeks)
    _deviation(builder, "factor_change", factors, np.ones_like(low), given)
    n_components = int(world.component.max()) + 1
    cover = builder.add_columns("cover", (n_weeks, n_components))
    _within_teams(builder, world, weeks, visits, kept, usual)
    _rests(builder, world, visits, kept)
    donors = donors_at_visits(world, paths)
    taken = (world.sessions * paths.willing).sum(axis=1)
    earlier = agreed.plan.visits if agreed else world.default_visits
    asked = [donors_asked(world, each, earlier, donors, taken) for each in world.promises]
    keep_promises(builder, world, donors, weeks, visits, asked)
    within_laboratories(builder, world, taken, donors, weeks, visits, kept)
    return _Columns(visits, factors, cover)


def _within_teams(
    builder: ProgramBuilder,
    world: CollectionWorld,
    weeks: Weeks,
    visits: Index,
    kept: Floats,
    usual: Floats,
) -> None:
    """Keep teams, vehicles and team-days, as far as what is kept in any case does."""
    table = world.drives
    any_open = np.zeros((len(weeks.starts), len(table.teams_per_day)))
    for region in range(any_open.shape[1]):
        own = np.flatnonzero(table.region == region)
        if own.size:
            any_open[:, region] = weeks.sums(world.open[:, own].any(axis=1).astype(float))
    for name, each, there in table.fleet():
        room = np.maximum(any_open * there, _by_region(world, kept * each))
        rows = builder.add_rows(name, any_open.shape, upper=room)
        builder.add_terms(rows[:, table.region], visits, each)
    if world.same_team_days:
        budgets = usual * table.teams_per_visit, kept * table.teams_per_visit
        budget = float(max(each.sum() for each in budgets))
        every = builder.add_rows("team_days", (1,), upper=budget)
        builder.add_terms(every, visits, table.teams_per_visit)


def _by_region(world: CollectionWorld, taken: Floats) -> Floats:
    """Return what sources take (n_weeks, n_sources) summed by region (n_weeks, n_regions)."""
    table = world.drives
    belongs = table.region[:, None] == np.arange(len(table.teams_per_day))
    return np.asarray(taken @ belongs.astype(float))


def _rests(builder: ProgramBuilder, world: CollectionWorld, visits: Index, kept: Floats) -> None:
    """Keep gaps and years, as far as what is kept in any case (n_weeks, n_sources) does."""
    table, n_weeks = world.drives, len(visits)
    windows = np.maximum(1, -(-table.gap_days // SLOT_DAYS))
    for source, window in enumerate(windows.tolist()):
        n = max(1, n_weeks - window + 1)
        upto = np.concatenate([[0.0], np.cumsum(kept[:, source])])
        for first in range(n):
            last = min(n_weeks, first + window)
            most = max(float(table.organisations[source]), upto[last] - upto[first])
            row = builder.add_rows(f"gap_{source}_{first}", (1,), upper=most)
            builder.add_terms(row, visits[first:last, source], 1)
    left = np.maximum(
        table.most_per_year - world.visits_before[-365:].sum(axis=0), kept.sum(axis=0)
    )
    year = builder.add_rows("year", (visits.shape[1],), upper=left)
    builder.add_terms(year[None], visits, 1)


def _deviation(
    builder: ProgramBuilder, name: str, columns: Index, usual: Floats, donations: Floats
) -> None:
    """Price every donation that differs from the usual."""
    over = builder.add_columns(name, columns.shape, cost=_CHANGE * donations)
    for sign in (1, -1):
        rows = builder.add_rows(f"{name}_{sign}", columns.shape, upper=sign * usual)
        builder.add_terms(rows, columns, sign)
        builder.add_terms(rows, over, -1)


def _visit_donations(world: CollectionWorld, paths: PlanningPaths, weeks: Weeks) -> Floats:
    """Return donations of a mean visit in each week (n_weeks, n_sources)."""
    donors = donors_at_visits(world, paths)
    given = weeks.sums(donors * world.open)
    days = weeks.sums(world.open.astype(float))
    return np.where(days > 0, given / np.maximum(days, 1), donors.mean(axis=0))


def donors_at_visits(world: CollectionWorld, paths: PlanningPaths) -> Floats:
    """Return donors expected to give at a visit (n_days, n_sources)."""
    willing = paths.willing[:, world.source_channel, world.drives.region]
    return np.asarray(world.visit_donations * willing)


def _session_donations(world: CollectionWorld, paths: PlanningPaths, weeks: Weeks) -> Floats:
    """Return donations of sessions in each week at a factor of 1 (n_weeks, n_channels, ...)."""
    return weeks.sums(world.sessions * paths.willing)


def _equal_amounts(
    builder: ProgramBuilder,
    world: CollectionWorld,
    reference: PlanningPaths,
    latest: PlanningPaths,
    weeks: Weeks,
    columns: _Columns,
    donations: float,
) -> None:
    """Ask for the reference's donations, nearly so in every region, and for no more units.

    What stands already may bring more than that, and what can be placed less: both are priced.
    """
    usual = reference.donations or 1.0  # nobody gives where no visit can be held
    units = float(reference.collected.sum()) * donations / usual
    total = builder.add_rows("donations", (1,), donations, donations)
    missing = builder.add_columns("missing", (1,), cost=_MISSING)
    builder.add_terms(total, missing, 1)
    spare = builder.add_columns("spare", (1,), cost=_SPARE)
    builder.add_terms(total, spare, -1)
    expected = reference.given * donations / usual
    region = builder.add_rows("region_least", expected.shape, (1 - _REGION_SHARE) * expected)
    far = builder.add_rows("region_most", expected.shape, upper=(1 + _REGION_SHARE) * expected)
    builder.add_terms(region, missing, 1)
    builder.add_terms(far, spare, -1)
    most = builder.add_rows("units", (1,), upper=units)
    per_visit = _visit_donations(world, latest, weeks)
    per_session = _session_donations(world, latest, weeks)
    worth = world.units_per_donation
    builder.add_terms(most, spare, -float(worth.max()))
    builder.add_terms(total, columns.visits, per_visit)
    builder.add_terms(total, columns.factors, per_session)
    for rows in (region, far):
        builder.add_terms(rows[world.drives.region], columns.visits, per_visit)
        builder.add_terms(rows, columns.factors, per_session)
    builder.add_terms(most, columns.visits, per_visit * worth[world.drives.region])
    builder.add_terms(most, columns.factors, per_session * worth)


def _balances(
    builder: ProgramBuilder,
    world: CollectionWorld,
    reference: PlanningPaths,
    latest: PlanningPaths,
    weeks: Weeks,
    columns: _Columns,
) -> None:
    """Balance every region week by week; those that roads connect keep one cover."""
    normal, n_weeks = world.normal[weeks.ends], len(weeks.starts)
    delay = world.test_delay_days
    before = reference.collected[: max(1, delay)].mean(axis=0) * delay
    right = weeks.sums(reference.asked) - weeks.sums(world.agreed)
    right[0] -= reference.opening + world.sound_share * before
    rows = builder.add_rows("balance", right.shape, -right, -right)
    outdated = builder.add_columns("outdated", right.shape, cost=world.outdate_price)
    builder.add_terms(rows, outdated, 1)
    unserved = builder.add_columns("unserved", right.shape, cost=UNSERVED)
    builder.add_terms(rows, unserved, -1)
    builder.add_terms(rows, columns.cover[:, world.component], normal)
    builder.add_terms(rows[1:], columns.cover[:-1, world.component], -normal[:-1])
    late = np.minimum(1.0, world.test_delay_days / weeks.lengths)[:, None]
    worth = world.sound_share * world.units_per_donation
    visits = _visit_donations(world, latest, weeks) * worth[world.drives.region]
    sessions = _session_donations(world, latest, weeks) * worth
    at = rows[:, world.drives.region]
    builder.add_terms(at, columns.visits, -(1 - late) * visits)
    builder.add_terms(at[1:], columns.visits[:-1], -(late * visits)[:-1])
    builder.add_terms(rows[:, None], columns.factors, -(1 - late)[..., None] * sessions)
    builder.add_terms(rows[1:, None], columns.factors[:-1], -(late[..., None] * sessions)[:-1])
    if len(world.origin):
        sent = builder.add_columns("sent", (n_weeks, len(world.origin)), cost=world.road_price)
        builder.add_terms(rows[:, world.origin], sent, 1)
        builder.add_terms(rows[:, world.destination], sent, -1)
    _rotation(builder, world, weeks, columns, visits, sessions)


def _rotation(
    builder: ProgramBuilder,
    world: CollectionWorld,
    weeks: Weeks,
    columns: _Columns,
    visits: Floats,
    sessions: Floats,
) -> None:
    """Keep the stock of every component within what was collected in a shelf life."""
    span = -(-(world.life_days + world.test_delay_days) // SLOT_DAYS)
    normal, n_components = world.normal[weeks.ends], columns.cover.shape[1]
    rows = builder.add_rows("rotation", columns.cover.shape, upper=0)
    lasting = np.arange(len(weeks.starts)) >= span  # opening stock is gone by then
    for component in range(n_components):
        own = world.component == component
        sources = np.flatnonzero(own[world.drives.region])
        total = normal[:, own].sum(axis=1)
        for week in np.flatnonzero(lasting).tolist():
            window = slice(week - span + 1, week + 1)
            row = rows[week, component]
            builder.add_terms(row, columns.cover[week, component], total[week])
            builder.add_terms(row, columns.visits[window][:, sources], -visits[window][:, sources])
            builder.add_terms(row, columns.factors[window][..., own], -sessions[window][..., own])


def _targets(
    world: CollectionWorld,
    paths: PlanningPaths,
    weeks: Weeks,
    cover: Floats,
    visits: Index,
    factors: Floats,
) -> Floats:
    """Return the planned cover of every day and region, what is in test included."""
    days = np.arange(len(world.normal))
    pooled = np.stack(
        [np.interp(days, weeks.ends, column) for column in cover[:, world.component].T], axis=1
    )
    given = collected_units(world, paths, visits, factors)
    window = world.test_delay_days
    upto = np.concatenate([np.zeros_like(given[:1]), np.cumsum(given, axis=0)])
    in_test = upto[days] - upto[np.maximum(0, days - window)]
    return pooled + in_test / world.normal


def collected_units(
    world: CollectionWorld, paths: PlanningPaths, visits: Index, factors: Floats
) -> Floats:
    """Return the units that a plan is expected to collect (n_days, n_regions)."""
    given = (world.sessions * paths.willing * factors).sum(axis=1)
    by_visit = visits * donors_at_visits(world, paths)
    for source, region in enumerate(world.drives.region):
        given[:, region] += by_visit[:, source]
    return np.asarray(given * world.units_per_donation)
