"""What a plan of drives proposes: visits, street turnout, appeals, and how good they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bloodsim.planning.drive_levers import Levers, LeverUse
from bloodsim.planning.drive_start import WEEK_DAYS, DriveStart
from bloodsim.planning.tables import records

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

DRIVE_COLUMNS = (
    "date", "region", "organisation", "channel", "visits", "teams", "donors", "units", "committed",
    "worth_per_donor",
)  # fmt: skip
"""Columns of the drives: ``donors`` and ``units`` are expected; ``committed`` stood before;
``worth_per_donor``: points that the units of one more donor of the day would save on the expected
path, at the prices the calendar was made from (the default calendar: at those it leads to), before
what the donation costs."""
STREET_COLUMNS = (
    "date", "until", "region", "channel", "factor", "usual_factor", "donors", "usual_donors",
)  # fmt: skip
"""Columns of the weeks in which street turnout changes: the turnout factor to aim at and the one
that regulation is expected to set, and the donors who give at each. Others stay regulated."""
APPEAL_COLUMNS = ("date", "region", "channel", "rise", "donors")
"""Columns of the appeals: relative rise of the day's turnout that is asked for, and the repeat
donors whom it brings after what appeals of the days before have worn out."""
LEAST_SHOWN = 1e-3
"""Relative changes of turnout below this are not worth a row."""
_SAME = 1e-6
"""Gaps below this are what rounding leaves."""
FAR_FEWER = 0.1
"""Part of the default calendar's donors that a plan may leave out without saying why."""


@dataclass(frozen=True)
class Calendar:
    """Visits, the donors who give at them (n_days, n_sources), and the levers beside them.

    ``worth`` (n_days, n_regions): points that the units of one more donor would save.
    """

    visits: Ints
    donors: Floats
    levers: LeverUse
    worth: Floats


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
    street, appeals : pandas.DataFrame, optional
        `STREET_COLUMNS`: weeks in which turnout changes; `APPEAL_COLUMNS`: appeals. None where they
        were not asked for.
    wanted : bool
        Whether another donor would be worth what a donation costs on any day of the expected path.
    rise : float
        Largest rise of turnout that an appeal could ask for.
    assumed : bool
        Whether committed visits are those of the default calendar, for nobody listed any.
    default_breaks : tuple of str
        What the default calendar does not keep of what was agreed; empty: it could be the plan.
    notes : tuple of str
        What is odd about visits that were agreed.
    usual : tuple of int and float
        Visits and donors of the default calendar that the plan takes the place of.
    effort : tuple of float
        Points per donation and per team-day.
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
    street: pd.DataFrame | None = None
    appeals: pd.DataFrame | None = None
    wanted: bool = True
    rise: float = 0.0
    assumed: bool = False
    default_breaks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    usual: tuple[int, float] = (0, 0.0)
    effort: tuple[float, float] = (0.0, 0.0)

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
            "levers": self._levers(),
            "committed_assumed": self.assumed,
            "default_breaks": list(self.default_breaks),
            "usual_visits": self.usual[0],
            "usual_donors": self.usual[1],
            "points_per_donation": self.effort[0],
            "points_per_team_day": self.effort[1],
        }

    def _levers(self) -> dict[str, Any] | None:
        """Return what was asked for beside visits and how much of it is used."""
        if self.street is None and self.appeals is None:
            return None
        return {
            "wanted": self.wanted,
            "street_donors": None if self.street is None else _moved(self.street),
            "appeal_donors": None if self.appeals is None else float(self.appeals["donors"].sum()),
            "appeal_rise": None if self.appeals is None else self.rise,
        }

    def summary(self) -> list[str]:
        """Return what matters most as sentences."""
        new = self.table[~self.table["committed"]]
        committed = int(self.table["visits"].sum() - new["visits"].sum())
        gap = self.gap if self.gap > _SAME else 0.0
        above = f"{100 * gap:.2g} %" if gap < 1 else f"{self.objective - self.bound:,.2f}"
        return [
            f"drives: {counted(int(new['visits'].sum()), 'visit')} until {self.last}, "
            f"{counted(new['donors'].sum(), 'donor')}; {self._said_of_committed(committed)}",
            f"expected {self.objective:,.0f} points, {self._against_default()}; at most "
            f"{above} above any calendar",
            *self._said_of_fewer(),
            *self._said_of_street(),
            *self._said_of_appeals(),
            *self._said_of_donors(),
        ]

    def _said_of_committed(self, visits: int) -> str:
        said = f"{counted(visits, 'visit')} {'is' if visits == 1 else 'are'} committed already"
        return f"{said}, assumed from the default calendar" if self.assumed and visits else said

    @property
    def as_usual(self) -> bool:
        """Whether the plan visits about as many donors as the default calendar in its place."""
        donors = float(self.table.loc[~self.table["committed"], "donors"].sum())
        return donors >= (1 - FAR_FEWER) * self.usual[1]

    def _said_of_fewer(self) -> list[str]:
        if self.as_usual:
            return []
        visits, usual = self.usual
        return [
            f"the default calendar has {counted(visits, 'visit')} and {counted(usual, 'donor')} in "
            "their place: on the expected path more of them would cost more than they save. What "
            f"comes after {self.last} is not seen, but for a target of stock at the end"
        ]

    def _against_default(self) -> str:
        saved = self.objective_usual - self.objective
        word = "less" if saved >= 0 else "more"
        said = f"{abs(saved):,.0f} {word} than the default calendar"
        said += " with as many donors" if self.as_usual else ""
        if saved >= 0 or not self.default_breaks:
            return said
        return f"{said}, which does not keep what was agreed: {'; '.join(self.default_breaks)}"

    def _said_of_street(self) -> list[str]:
        if self.street is None:
            return []
        if self.street.empty:
            return [f"street turnout stays as it is: {self._why_nothing()}"]
        change = self.street["donors"] - self.street["usual_donors"]
        up, down = change[change > 0], change[change < 0]
        return [
            f"street turnout: raised in {len(up)} weeks of a region and channel by {up.sum():,.0f} "
            f"donors, lowered in {len(down)} by {abs(down.sum()):,.0f}"
        ]

    def _said_of_appeals(self) -> list[str]:
        if self.appeals is None:
            return []
        if self.appeals.empty:
            return [f"no appeal: {self._why_nothing()}"]
        days, places = self.appeals["date"].nunique(), self.appeals["region"].nunique()
        return [
            f"appeals: on {days} days in {places} region{'' if places == 1 else 's'}, "
            f"{self.appeals['donors'].sum():,.0f} repeat donors; the largest asks for "
            f"+{100 * self.appeals['rise'].max():.2g} % (at most +{100 * self.rise:.2g} %)"
        ]

    def _why_nothing(self) -> str:
        if not self.wanted:
            return (
                "on no day of the expected path is one more donor worth what a donation costs, so "
                "nothing is short enough"
            )
        return "no change that was tried costs less"

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


def counted(number: float, what: str) -> str:
    """Return a count with its noun: 1 visit, 2 visits."""
    said = f"{number:,.0f}"
    return f"{said} {what}" if said == "1" else f"{said} {what}s"


def drives_table(start: DriveStart, calendar: Calendar) -> pd.DataFrame:
    """Return `DRIVE_COLUMNS`."""
    assert start.world.drives is not None
    table, per_unit = start.world.drives.table, start.world.products
    pieces = per_unit[start.world.product_index(start.product)].pieces_per_unit
    rows = []
    agreed = start.committed, start.committed * start.donors
    for stands, visits, given in ((True, *agreed), (False, calendar.visits, calendar.donors)):
        for day, source in zip(*np.nonzero(visits), strict=True):
            count, region = int(visits[day, source]), int(table.region[source])
            donors = float(given[day, source])
            units = donors * float(start.pieces[region]) / pieces
            rows.append((
                start.first + timedelta(days=int(day)), start.world.regions[region],
                table.names[source], table.channel[source], count,
                count * int(table.teams_per_visit[source]), donors, units, stands,
                round(float(calendar.worth[day, region]), 9) + 0.0,
            ))  # fmt: skip
    rows.sort(key=lambda row: (row[0], row[1], row[2]))
    return pd.DataFrame(rows, columns=list(DRIVE_COLUMNS)).astype({"committed": bool})


def closed_days(start: DriveStart) -> dict[str, tuple[date, ...]]:
    """Return the days of the plan on which each organisation cannot be visited."""
    assert start.world.drives is not None
    days = [start.first + timedelta(days=k) for k in range(start.n_days)]
    return {
        name: tuple(day for k, day in enumerate(days) if not start.open[k, source])
        for source, name in enumerate(start.world.drives.table.names)
    }


def street_table(start: DriveStart, levers: Levers, use: LeverUse) -> pd.DataFrame:
    """Return `STREET_COLUMNS`."""

    def rows() -> Iterator[tuple[Any, ...]]:
        moved = use.moved(levers)
        for week, region, k in np.argwhere(np.abs(use.change).transpose(0, 2, 1) > LEAST_SHOWN):
            first, last = week * WEEK_DAYS, min((week + 1) * WEEK_DAYS, start.n_days) - 1
            first = max(first, 1)  # today's turnout stands
            at = slice(first, last + 1), k, region
            usual, one = float(levers.donors[at].sum()), float(levers.unregulated[at].sum())
            donors = usual + float(moved[at].sum())
            days = (start.first + timedelta(days=int(day)) for day in (first, last))
            where = start.world.regions[region], levers.channels[k]
            yield (*days, *where, donors / one, usual / one, donors, usual)

    return pd.DataFrame(list(rows()), columns=list(STREET_COLUMNS))


def appeals_table(start: DriveStart, levers: Levers, use: LeverUse) -> pd.DataFrame:
    """Return `APPEAL_COLUMNS`."""

    def rows() -> Iterator[tuple[Any, ...]]:
        for day, region, k in np.argwhere(use.rise.transpose(0, 2, 1) > LEAST_SHOWN):
            when = start.first + timedelta(days=int(day))
            where = start.world.regions[region], levers.channels[k]
            yield when, *where, float(use.rise[day, k, region]), float(use.called[day, k, region])

    return pd.DataFrame(list(rows()), columns=list(APPEAL_COLUMNS))


def _moved(street: pd.DataFrame) -> float:
    """Return the donors that street turnout brings more or, below 0, less."""
    return round(float((street["donors"] - street["usual_donors"]).sum()), 6) + 0.0
