"""What a planner of collection may count on: worlds rehearsed on luck that no run ever has.

Planning paths are replications of their own (`rehearsal`), simulated once before a run. A planner
of calendars sees their means and how they scatter, never the replications that it is judged on, so
that its calendar is one and the same for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import DriveTable, FloatArray

Ints = NDArray[np.integer]


@dataclass(frozen=True)
class PlanningPaths:
    """One product along the planning paths, in units, from the first day of planning on.

    Parameters
    ----------
    opening : float array (n_regions,)
        Mean stock and transit before the first day.
    usable : float array (n_days, n_regions, n_paths)
        Stock and transit at close.
    harm : float array (n_days, n_regions, n_paths)
        Points of the day: requests lost or cancelled, and waiting.
    collected, asked : float array (n_days, n_regions)
        Means over the paths: units collected, and new requests.
    held : float array (n_days, n_regions)
        Mean of stock + in test + in transit at `decide`: what throttles steer on.
    willing : float array (n_days, n_channels, n_regions)
        Mean turnout against usual as donor pools and measures allow, by channel.
    given : float array (n_regions,)
        Mean donations of the channels that feed the product, over all days.
    """

    opening: FloatArray
    usable: FloatArray
    harm: FloatArray
    collected: FloatArray
    asked: FloatArray
    held: FloatArray
    willing: FloatArray
    given: FloatArray

    @property
    def donations(self) -> float:
        """Mean donations over all regions."""
        return float(self.given.sum())


@dataclass(frozen=True)
class Promise:
    """Visits that some sources have to have in some days, committed ones included.

    Parameters
    ----------
    name : str
        In words, for messages.
    sources : tuple of int
        Sources that count, all of one region.
    first_day, last_day : int
        Days of planning that count, both included.
    least_visits : float
        Fewest visits.
    as_usual : bool
        Whether the visits have to bring as many donors as those of the default calendar, within
        one visit.
    """

    name: str
    sources: tuple[int, ...]
    first_day: int
    last_day: int
    least_visits: float = 0.0
    as_usual: bool = False

    def least_donors(self, usual: NDArray[Any], donors: FloatArray) -> float:
        """Return the donors asked for, of visits and donors at a visit (n_days, n_sources)."""
        if not self.as_usual:
            return 0.0
        each, visits = self.within(donors), self.within(usual)
        return max(0.0, float((visits * each).sum()) - float(each.max(initial=0.0)))

    def within(self, daily: NDArray[Any]) -> NDArray[Any]:
        """Return the part of daily values (n_days, n_sources) that counts."""
        return daily[self.first_day : self.last_day + 1][:, list(self.sources)]


@dataclass(frozen=True)
class CollectionWorld:
    """What is fixed for a planner of collection: one product and the channels that feed it.

    Day 0 is the first day of planning; amounts are units a day.

    Parameters
    ----------
    first_day : int
        Day of the run that is day 0 here.
    normal : float array (n_days, n_regions)
        Normal-day demand.
    agreed : float array (n_days, n_regions)
        What agreements bring in, less what they take out.
    channels : tuple of str
        Channels that feed the product.
    sessions : float array (n_days, n_channels, n_regions)
        Donations of their sessions at a factor of 1 (no drives).
    visit_donations : float array (n_days, n_sources)
        Donations of one visit at its planned factor.
    visit_factor : float
        Turnout that visits are planned with.
    same_team_days : bool
        Whether visits may take no more team-days than the default calendar.
    source_channel : int array (n_sources,)
        Position of the visits' channel in *channels*.
    open : bool array (n_days, n_sources)
        Days on which a source may be visited.
    default_visits : int array (n_days, n_sources)
        The default calendar.
    visits_before : int array (n_earlier_days, n_sources)
        Visits of the default calendar before day 0, the day before it last.
    units_per_donation : float array (n_regions,)
        Collected units of a mean donation.
    sound_share : float
        Of collected units, the share that is released.
    test_delay_days : int
        Days from collection to release.
    least_factor, largest_factor : float array (n_channels,)
        Limits of turnout.
    drives : DriveTable
        Gaps, teams and years of the visits.
    origin, destination : int array (n_roads,)
        Roads that the product may take.
    road_price : float array (n_roads,)
        Points per unit.
    component : int array (n_regions,)
        Regions that roads connect share a number.
    terminal_price, terminal_days : float
        Points per unit short of so many days of cover at the end.
    life_days : int
        Days on which a released unit may be issued.
    outdate_price : float
        Points per unit outdated.
    patience_days : int
        Longest that a request waits.
    promises : tuple of Promise
        What was agreed with organisations, and month plans.
    room : float array (n_days, n_regions), optional
        Donors whom the laboratories of a region can take; None = no limit.
    later_points : float array (n_days, n_channels, n_regions), optional
        Points per donation that its donors would give after the last day, less what first-time
        donors among them bring then; None = 0.
    first_date : datetime.date, optional
        Date of the first day, for messages.
    """

    first_day: int
    normal: FloatArray
    agreed: FloatArray
    channels: tuple[str, ...]
    sessions: FloatArray
    visit_donations: FloatArray
    visit_factor: float
    same_team_days: bool
    source_channel: Ints
    open: NDArray[np.bool_]
    default_visits: Ints
    visits_before: Ints
    units_per_donation: FloatArray
    sound_share: float
    test_delay_days: int
    least_factor: FloatArray
    largest_factor: FloatArray
    drives: DriveTable
    origin: Ints
    destination: Ints
    road_price: FloatArray
    component: Ints
    terminal_price: float
    terminal_days: float
    life_days: int
    outdate_price: float
    patience_days: int
    promises: tuple[Promise, ...] = ()
    room: FloatArray | None = None
    later_points: FloatArray | None = None
    first_date: date | None = None


@dataclass(frozen=True)
class CollectionPlan:
    """A calendar of drives, and the turnout that sessions are steered around.

    Parameters
    ----------
    visits : int array (n_days, n_sources)
        Visits by day of planning.
    factors : float array (n_days, n_channels, n_regions)
        Planned turnout of sessions and visits; regulation and throttles move around it.
    target_days : float array (n_days, n_regions)
        Cover (stock + in test + in transit over normal-day demand) that is planned.
    limits : tuple of (channel, least factor, largest factor)
        Channels along the axis of *factors*, and how far turnout can be steered.
    """

    visits: Ints
    factors: FloatArray
    target_days: FloatArray
    limits: tuple[tuple[str, float, float], ...]
