"""What a calendar of drives is planned from, and the calendar: one region, some weeks of days.

Days count from the first day of the plan. *Donors* are donors who give: those turned away at the
desk are taken off before. Everything that happens anyway (committed visits, street donors at a
factor of 1) is in the paths that the problem is given; a plan is what it adds to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.drive_table import DriveTable

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

WHOLE_BLOOD = "whole_blood"


@dataclass(frozen=True)
class DonorPath:
    """The repeat donors of one gift on the path without the plan.

    Parameters
    ----------
    gift : str
        What they give.
    eligible : float array (n_segments, n_days)
        Eligible donors, known returns included.
    shares : float array (n_segments,)
        Shares of repeat gifts by segment; they sum to 1.
    charge : float array (n_segments, n_days)
        Points of the future that a repeat gift takes (`donor_value.DonorValue.charge`); 0 = the
        pool has no worth.
    hazard : float array (n_segments, n_days), optional
        Gifts a day that one more eligible donor would make on the path (`pool_response`): donors
        called today do not come by themselves tomorrow. Default 0.
    natural : float array (n_days,), optional
        Repeat gifts on the path. Default 0.
    natural_value : float array (n_days,), optional
        Points per such gift. Default 0.
    most_share : float
        Largest share of eligible donors who can give on one day.
    interval_days : int
        Days from a gift to the first day of the next.
    retention : float array (n_segments,), optional
        Share of those who gave who become eligible again, one segment further. Default 1.
    first_time_credit : float array (n_days,), optional
        Points of the future that a first-time donor brings. Default 0.
    """

    gift: str
    eligible: Floats
    shares: Floats
    charge: Floats
    hazard: Floats | None = None
    natural: Floats | None = None
    natural_value: Floats | None = None
    most_share: float = 1.0
    interval_days: int = 180
    retention: Floats | None = None
    first_time_credit: Floats | None = None


@dataclass(frozen=True)
class Lever:
    """A channel whose turnout the plan may scale or appeal to.

    Parameters
    ----------
    channel, gift : str
        Name, and the pool it draws on.
    donors : float array (n_days,)
        Donors on the path: at a factor of 1, without appeals.
    value : float array (n_days,)
        Points per donor.
    repeat_share : float
        Share of repeat donors among them.
    units_per_donor : float
        Units that count in `ValueSteps`.
    min_factor, max_factor : float or float array (n_periods,)
        Range of the turnout factor; 1 and 1 = not throttled.
    period_days : int
        Days over which the factor stays the same.
    above_cost : float
        Points per donor beyond a factor of 1.
    appeal_max : float
        Largest relative rise of turnout by an appeal; 0 = no appeals.
    appeal_steps : tuple of (days, effect)
        In any *appeal_window_days* days, the first so many days of full appeals have that effect,
        the next days the next (falling) effect, and so on (`visit_value.fatigue_steps`).
    appeal_window_days : int
        See above.
    appeal_cost : float
        Points per donor whom an appeal brings.
    """

    channel: str
    gift: str
    donors: Floats
    value: Floats
    repeat_share: float = 0.0
    units_per_donor: float = 1.0
    min_factor: float | Floats = 1.0
    max_factor: float | Floats = 1.0
    period_days: int = 7
    above_cost: float = 0.0
    appeal_max: float = 0.0
    appeal_steps: tuple[tuple[float, float], ...] = ((365.0, 1.0),)
    appeal_window_days: int = 60
    appeal_cost: float = 0.0

    def check(self, n_days: int) -> None:
        """Raise ValueError if factors, effects or lengths make no sense."""
        lowest, highest = np.asarray(self.min_factor), np.asarray(self.max_factor)
        if not ((lowest >= 0) & (lowest <= 1) & (highest >= 1)).all():
            raise ValueError(f"{self.channel}: min_factor <= 1 <= max_factor, both 0 or more")
        effects = [effect for _, effect in self.appeal_steps]
        if effects != sorted(effects, reverse=True):
            raise ValueError(f"{self.channel}: effects of appeal_steps must fall")
        if np.shape(self.donors) != (n_days,) or np.shape(self.value) != (n_days,):
            raise ValueError(f"{self.channel}: donors and value must have shape ({n_days},)")


@dataclass(frozen=True)
class Term:
    """What was agreed or planned over some days: visits and donors of some sources.

    One form for ``min_visits`` and quota of an organisation, its yearly cap, the visits a year of
    a pool, and month plans.

    Parameters
    ----------
    name : str
        In words, for messages: ``min_visits of 'plant'``.
    sources : tuple of int
        Sources that count.
    first_day, last_day : int
        Days that count, both included.
    least_visits, most_visits, least_donors, most_donors : float
        What the plan has to add, at least and at most; take off what is committed or done. Donors
        turned away count at most, not at least.
    channels : tuple of str
        Levers whose donors count as well, those of the path included.
    """

    name: str
    sources: tuple[int, ...] = ()
    first_day: int = 0
    last_day: int = 10_000
    least_visits: float = 0.0
    most_visits: float = np.inf
    least_donors: float = 0.0
    most_donors: float = np.inf
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValueSteps:
    """How the worth of a unit falls the more the plan adds; one row a step.

    Beyond *units* that the plan adds from *first_day* to *last_day* (both included; spans may
    overlap) each unit is worth *fall* points less than its donors' value says. Steps add up.

    Parameters
    ----------
    first_day, last_day : int array (n_steps,)
        Days of collection.
    units, fall : float array (n_steps,)
        Units, and points per unit; both 0 or more.
    """

    first_day: Ints
    last_day: Ints
    units: Floats
    fall: Floats


@dataclass(frozen=True)
class DriveProblem:
    """One region's drives, appeals and throttles over *n_days* days.

    Parameters
    ----------
    n_days : int
        Days of the plan.
    names : tuple of str (n_sources)
        Organisations and pools of them.
    organisations, gap_days, teams_per_visit : int array (n_sources,)
        Visits take teams; in any *gap_days* days at most *organisations* visits.
    candidate_source, candidate_day : int array (n_candidates,)
        What may be visited when: open days only.
    donors, value, repeat_share : float array (n_candidates,)
        Donors expected to give at a visit, points per donor, share of repeat donors among them.
    teams : int array (n_days,)
        Teams that can be out, committed ones included.
    units_per_donor, visit_cost : float array (n_candidates,), optional
        Units that count in *steps* (default 1); points per visit (default 0).
    vehicles : int array (n_days,), optional
        Vehicles; None = no limit.
    vehicles_per_visit : int array (n_sources,), optional
        Default 1.
    committed : int array (n_sources, n_days), optional
        Visits committed already; they take teams and gaps, and their donors are on the path.
    past : int array (n_sources, n_past), optional
        Visits before the first day, yesterday last.
    terms : tuple of Term
        Agreed visits, quotas, caps, month plans.
    processing, testing : float array (n_days,), optional
        Donors that can still be received beyond the path: whole blood, and all gifts.
    pools : tuple of DonorPath
        Repeat donors; sources draw on ``whole_blood``. Gifts without a pool are free.
    levers : tuple of Lever
        Channels to throttle and to appeal to.
    steps : ValueSteps, optional
        How worth falls with what is collected.
    most_per_year : int array (n_sources,), optional
        Most visits in any 365 days, as far as *past* goes back.
    first_date : datetime.date, optional
        Date of the first day, for messages.
    """

    n_days: int
    names: tuple[str, ...]
    organisations: Ints
    gap_days: Ints
    teams_per_visit: Ints
    candidate_source: Ints
    candidate_day: Ints
    donors: Floats
    value: Floats
    repeat_share: Floats
    teams: Ints
    units_per_donor: Floats | None = None
    visit_cost: Floats | None = None
    vehicles: Ints | None = None
    vehicles_per_visit: Ints | None = None
    committed: Ints | None = None
    past: Ints | None = None
    terms: tuple[Term, ...] = ()
    processing: Floats | None = None
    testing: Floats | None = None
    pools: tuple[DonorPath, ...] = ()
    levers: tuple[Lever, ...] = ()
    steps: ValueSteps | None = None
    most_per_year: Ints | None = None
    first_date: date | None = None

    def __post_init__(self) -> None:
        n_sources, n_candidates = len(self.names), len(self.candidate_day)
        for size, names in (
            (n_sources, ("organisations", "gap_days", "teams_per_visit", "vehicles_per_visit")),
            (n_sources, ("most_per_year",)),
            (n_candidates, ("candidate_source", "donors", "value", "repeat_share")),
            (n_candidates, ("units_per_donor", "visit_cost")),
            (self.n_days, ("teams", "vehicles", "processing", "testing")),
        ):
            for name in names:
                given = getattr(self, name)
                if given is not None and np.shape(given) != (size,):
                    raise ValueError(f"{name} must have shape ({size},), not {np.shape(given)}")
        if self.committed is not None and self.committed.shape != (n_sources, self.n_days):
            raise ValueError(f"committed must have shape ({n_sources}, {self.n_days})")
        for name, upper in (("candidate_day", self.n_days), ("candidate_source", n_sources)):
            given = getattr(self, name)
            if given.size and (given.min() < 0 or given.max() >= upper):
                raise ValueError(f"{name} must be 0 to {upper - 1}")
        for lever in self.levers:
            lever.check(self.n_days)
        if self.steps is not None and np.min(self.steps.fall, initial=0) < 0:
            raise ValueError("steps: the worth of a unit must not rise with what is collected")

    @classmethod
    def of_region(
        cls, table: DriveTable, region: int, able: NDArray[np.bool_], **more: Any
    ) -> DriveProblem:
        """Return the problem of a region's sources, with the limits that a table of drives has.

        Parameters
        ----------
        table : DriveTable
            All regions.
        region : int
            Which.
        able : bool array (n_days, n_own_sources)
            Days on which its sources may be visited: the candidates, day by day.
        **more
            All other fields.
        """
        own, n_days = np.flatnonzero(table.region == region), len(able)
        day, source = np.nonzero(able)
        fleet: dict[str, Any] = {}
        for name, each, there in table.fleet():
            fleet[name] = np.full(n_days, int(there[region]))
            fleet[f"{name}_per_visit"] = each[own]
        return cls(
            n_days=n_days,
            names=tuple(table.names[k] for k in own),
            organisations=table.organisations[own],
            gap_days=table.gap_days[own],
            candidate_source=source,
            candidate_day=day,
            most_per_year=table.most_per_year[own],
            **fleet,
            **more,
        )

    @property
    def n_candidates(self) -> int:
        """Candidates."""
        return len(self.candidate_day)

    def pool(self, gift: str) -> int | None:
        """Return the place of a gift's pool; None without."""
        return next((k for k, pool in enumerate(self.pools) if pool.gift == gift), None)


@dataclass(frozen=True)
class DriveCalendar:
    """The calendar of one region.

    Parameters
    ----------
    status : str
        ``optimal`` (within the gap asked for) or ``feasible``.
    gap : float
        Relative gap to the solver's bound.
    objective : float
        Points gained over doing nothing (higher is better).
    visits : int array (n_candidates,)
        Visits to add.
    turned_away : float array (n_candidates,)
        Donors for whom laboratories or the pool have no room.
    throttles : mapping of channel to float array (n_days,)
        Turnout factors of the levers that have a range.
    appeals : mapping of channel to float array (n_days,)
        Relative rise of turnout asked for, before it wears out.
    eligible : mapping of gift to float array (n_segments, n_days + 1)
        Eligible donors at the start of each day, and after the last.
    units : float array (n_days,)
        Units that the plan adds, by day of collection.
    prices : mapping of str to float array
        What one more team, vehicle or place in the laboratory is worth on each day, by the linear
        relaxation (``teams``, ``vehicles``, ``processing``, ``testing``); where asked for.
    called : mapping of channel to float array (n_days,)
        Donors whom appeals bring, as they wear out.
    """

    status: str
    gap: float
    objective: float
    visits: Ints
    turned_away: Floats
    throttles: Mapping[str, Floats]
    appeals: Mapping[str, Floats]
    eligible: Mapping[str, Floats]
    units: Floats
    prices: Mapping[str, Floats] = field(default_factory=dict)
    called: Mapping[str, Floats] = field(default_factory=dict)
