"""Planned months that catch up: what is missing so far raises turnout on the days that are left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.turnout import Turnout

if TYPE_CHECKING:
    from bloodsim.model.world import ChannelWorld

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

MILLI = 1000
"""Gifts are counted in thousandths of what a plan counts, as whole numbers: sums are exact."""


@dataclass(frozen=True)
class MonthPlanWorld:
    """A plan that catches up; arrays (n_days,) unless said otherwise.

    Parameters
    ----------
    channels, regions : int array
        Where it counts and where it raises turnout.
    worth : int array (n_days, n_channels, n_regions)
        What a donation counts, in thousandths; all channels and regions, 0 outside the plan.
    begins : bool array
        First days of planned months (in the run).
    counts : bool array
        Days of planned months.
    catches_up : bool array
        Days on which turnout may be raised.
    planned, rest : float array
        The month's plan, and what is expected from the day to the month's end, in thousandths.
    max_factor : float
        Largest rise.
    """

    channels: NDArray[np.int_]
    regions: NDArray[np.int_]
    worth: Longs
    begins: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    catches_up: NDArray[np.bool_]
    planned: Floats
    rest: Floats
    max_factor: float

    def factor(self, given: Longs, day: int) -> Floats:
        """Return the multiplier of turnout (R,): what is missing over what is expected."""
        if self.rest[day] <= 0:
            return np.ones(given.shape)
        missing = self.planned[day] - given
        return np.clip(missing / self.rest[day], 1.0, self.max_factor)

    def gifts(self, donated: Mapping[int, Ints], day: int) -> Longs:
        """Return what a day's donors, by channel (n_regions, 8, R) cumulated, count (R,)."""
        total = np.zeros(next(iter(donated.values())).shape[-1], dtype=np.int64)
        for channel in self.channels.tolist():
            given = donated[channel][:, -1] * self.worth[day, channel][:, None]
            total += np.add.reduce(given, axis=0, dtype=np.int64)
        return total


def compile_month_plans(
    turnout: Turnout, channels: Sequence[ChannelWorld]
) -> tuple[MonthPlanWorld, ...]:
    """Return the plans of a scenario that catch up."""
    scenario, dates, found = turnout.scenario, turnout.dates, []
    for plan in scenario.resources.plans:
        if plan.catch_up_from_day is None:
            continue
        rows = [n for n, c in enumerate(channels) if not plan.channels or c.name in plan.channels]
        columns = [
            n for n, name in enumerate(turnout.regions) if not plan.regions or name in plan.regions
        ]
        worth = np.zeros((len(dates), len(channels), len(turnout.regions)), dtype=np.int64)
        expected = np.zeros(len(dates))
        for row in rows:
            channel = channels[row]
            each = np.floor(MILLI * turnout.worth_of_gifts(plan, channel.name) + 0.5)
            worth[:, row, columns] = each[:, columns]
            gave = (1 - channel.no_show_share) * (1 - channel.deferral_share)
            expected += gave * (channel.planned_mean * worth[:, row]).sum(axis=1)
        begins, counts, catches_up = np.zeros((3, len(dates)), dtype=bool)
        planned, rest = np.zeros((2, len(dates)))
        for days, amount in turnout.planned_months(plan):
            begins[days[0]], counts[days] = True, True
            catches_up[days] = [dates[day].day >= plan.catch_up_from_day for day in days]
            planned[days] = MILLI * amount
            rest[days] = np.cumsum(expected[days][::-1])[::-1]
        found.append(
            MonthPlanWorld(
                channels=np.array(rows),
                regions=np.array(columns),
                worth=worth,
                begins=begins,
                counts=counts,
                catches_up=catches_up,
                planned=planned,
                rest=rest,
                max_factor=plan.catch_up_max_factor,
            )
        )
    return tuple(found)
