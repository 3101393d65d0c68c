"""What donors called now would give later: the pool of each region as a plan of drives charges it.

The worth of an eligible donor, lambda, comes from a year of the pool that repeats
(`bloodsim.optimize.donor_value`) and begins on the plan's first day. Its prices of a gift are

* within the plan: the mean of each week, by the prices of transfers with the default calendar;
* after it: the mean price of the region's weeks in the plan x (scarcity of the week / scarcity of
  the plan's days) to the power `SCARCITY_POWER` (`bloodsim.rehearsal.donor_outlook`). Scarcity is
  what all regions are expected to need over one shelf life from the week on, against what donors
  are planned to give in that time, by the scenario's own seasons, feasts and closures.

So a plan that ends before a dip keeps donors for it, as far as its own weeks have a price at all:
where blood is plentiful throughout, a donor is worth little. Whether keeping them pays depends on
how deep the dip is (`tests/test_donor_worth_simulated.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bloodsim.model.donor_world import PoolWorld, planned_gifts
from bloodsim.optimize.donor_value import DonorValue, donor_value
from bloodsim.optimize.drive_problem import WHOLE_BLOOD, DonorPath
from bloodsim.optimize.pool_facts import PoolFacts, donor_path, donor_year
from bloodsim.optimize.pool_rows import gift_cost
from bloodsim.planning.drive_start import WEEK_DAYS as DAYS
from bloodsim.planning.drive_start import DriveStart, donors_of
from bloodsim.rehearsal.donor_outlook import (
    facts_of_pool,
    scarcity,
    weekly_prices,
    year_ahead,
)

Floats = NDArray[np.floating]

DONOR_COLUMNS = (
    "region", "points_per_donor", "points_per_gift", "eligible_start", "eligible_end",
)  # fmt: skip
"""Columns of the donors: lambda (points per eligible donor) after the plan's last day, what a
repeat donor's gift costs (mean of the plan's days), eligible donors before and after the plan."""


@dataclass(frozen=True)
class DonorPrice:
    """What the donors of each region's calendar cost later.

    Parameters
    ----------
    charged : bool
        Whether they cost what they would give after the plan.
    paths : tuple of DonorPath or None (n_regions)
        The pool without the visits that the plan takes the place of; None without a pool.
    repeat_share : float array (n_sources,)
        Share of repeat donors at a visit; 0 without a pool.
    cost : float array (n_days, n_sources)
        Points per donor who gives, with what first-time donors bring later taken off.
    worth : float array (n_regions,)
        Points per eligible donor after the last day.
    """

    charged: bool
    paths: tuple[DonorPath | None, ...]
    repeat_share: Floats
    cost: Floats
    worth: Floats

    def pools(self, region: int) -> tuple[DonorPath, ...]:
        """Return the pools of a region's `DriveProblem`."""
        path = self.paths[region]
        return () if path is None else (path,)

    def room(self, region: int, gifts: Floats) -> Floats:
        """Return how many more could give on each day (n_days,) after repeat gifts (n_days,)."""
        path = self.paths[region]
        if path is None:
            return np.full(len(gifts), np.inf)
        assert path.hazard is not None
        assert path.natural is not None
        missing = missing_donors(path, gifts)[:, :-1]
        able = path.most_share * (path.eligible - missing).sum(axis=0)
        by_themselves = path.natural - (path.hazard * missing).sum(axis=0)
        room: Floats = able - by_themselves - gifts
        return room

    def table(self, start: DriveStart, donors: Floats, beside: Floats) -> pd.DataFrame:
        """Return `DONOR_COLUMNS` after the plan.

        Parameters
        ----------
        start : DriveStart
            Where the plan starts.
        donors : float array (n_days, n_sources)
            Donors who give at the plan's visits.
        beside : float array (n_days, n_regions)
            Repeat gifts that the plan adds beside visits.
        """
        assert start.world.drives is not None
        place, rows = start.world.drives.table.region, []
        for region, path in enumerate(self.paths):
            if path is None:
                continue
            own = place == region
            gifts = donors[:, own] @ self.repeat_share[own] + beside[:, region]
            missing = missing_donors(path, gifts)
            before, after = path.eligible[:, 0].sum(), path.eligible[:, -1].sum()
            cost = float((path.shares @ gift_cost(path)).mean())
            left = float(after - missing[:, -2].sum())
            rows.append(
                (start.world.regions[region], float(self.worth[region]), cost, before, left)
            )
        return pd.DataFrame(rows, columns=list(DONOR_COLUMNS))


def donor_prices(
    start: DriveStart, prices: Floats, *, charged: bool = True, beside: Collection[int] = ()
) -> DonorPrice:
    """Return what donors cost later.

    Parameters
    ----------
    start : DriveStart
        Where the plan starts.
    prices : float array (n_slots, n_regions, n_groups)
        Points per piece with the default calendar.
    charged : bool
        False: donors cost nothing after the plan; how many are eligible still counts.
    beside : collection of int
        Regions in which the plan calls donors beside visits.
    """
    assert start.world.drives is not None
    drives = start.world.drives
    n_sources, n_regions = len(drives.channel), start.world.n_regions
    nothing = DonorPrice(
        charged=charged,
        paths=(None,) * n_regions,
        repeat_share=np.zeros(n_sources),
        cost=np.zeros((start.n_days, n_sources)),
        worth=np.zeros(n_regions),
    )
    pool = next((pool for pool in start.world.pools if pool.gift == WHOLE_BLOOD), None)
    if pool is None:
        return nothing
    first_time = np.array([start.world.channels[k].first_time_share for k in drives.channel])
    repeat = np.where(np.isin(drives.channel, pool.channels), 1 - first_time, 0.0)
    year = year_ahead(start.scenario, start.first)
    per_unit = start.world.products[start.world.product_index(start.product)].pieces_per_unit
    scarce = scarcity(year, start.product, start.pieces / per_unit, start.n_days)
    paths, cost, worth = list(nothing.paths), nothing.cost, nothing.worth
    visited = np.unique(drives.table.region[repeat > 0]).tolist()
    for region in sorted({*visited, *beside}):
        own = drives.table.region == region
        facts = facts_of_pool(start.world, year, pool, region)
        value = start.value(region, prices)
        found = donor_value(donor_year(facts, weekly_prices(value, *scarce))) if charged else None
        path = _path(start, pool, facts, region, repeat * own, value, found)
        paths[region] = path
        cost[:, own] = np.outer(path.shares @ gift_cost(path), repeat[own])
        if found is not None:
            credit = found.first_time_credit(0.0, start.n_days)
            cost[:, own] -= np.outer(credit, np.where(repeat[own] > 0, 1 - repeat[own], 0))
            here = path.eligible[:, -1] / max(float(path.eligible[:, -1].sum()), 1e-9)
            worth[region] = float(here @ found.at(np.array([start.n_days / DAYS]))[:, 0])
    return DonorPrice(charged, tuple(paths), repeat, cost, worth)


def _path(
    start: DriveStart,
    pool: PoolWorld,
    facts: PoolFacts,
    region: int,
    repeat: Floats,
    value: Floats,
    found: DonorValue | None,
) -> DonorPath:
    """Return the pool as it is if only what stands is held.

    The scenario's usual path is that of the default calendar. Who gave or gives there at visits
    that do not stand is still eligible, less those who come by themselves.
    """
    first, n_days = start.world.score_first, start.n_days
    n_past = min(first, len(start.past))
    assert start.world.drives is not None
    span = slice(first - n_past, first + n_days)
    stands = np.concatenate([start.past[len(start.past) - n_past :], start.committed])
    differs = start.world.drives.calendar[span] - stands
    freed = (differs * donors_of(start.world)[span]) @ repeat
    planned = planned_gifts([start.world.channels[k] for k in pool.channels])[1][span, region]
    natural = np.maximum(planned - freed, 0)
    usual = np.maximum(pool.usual[span, :, region].T, 0)
    worth = np.concatenate([np.zeros(n_past), value])
    whole = donor_path(facts, usual, natural, worth, None, 0.0)
    assert whole.hazard is not None
    more = missing_donors(whole, freed)[:, :-1]
    natural = natural + (whole.hazard * more).sum(axis=0)
    path = donor_path(facts, (usual + more)[:, n_past:], natural[n_past:], value, found, 0.0)
    # Near the usual path: what the default calendar takes leads back to it.
    return replace(path, hazard=whole.hazard[:, n_past:])


def missing_donors(path: DonorPath, gifts: Floats) -> Floats:
    """Return the eligible donors missing after repeat gifts (n_days,): (n_segments, n_days + 1)."""
    assert path.hazard is not None
    assert path.retention is not None
    n_segments, n_days = path.eligible.shape
    after = np.minimum(np.arange(n_segments) + 1, n_segments - 1)
    missing = np.zeros((n_segments, n_days + 1))
    taken = np.zeros((n_segments, n_days))
    for day in range(n_days):
        taken[:, day] = path.shares * gifts[day] - path.hazard[:, day] * missing[:, day]
        missing[:, day + 1] = missing[:, day] + taken[:, day]
        if day >= path.interval_days:
            back = path.retention * taken[:, day - path.interval_days]
            np.subtract.at(missing[:, day + 1], after, back)
    return missing
