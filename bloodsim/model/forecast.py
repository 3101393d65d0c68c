"""What planners foresee: the true mean times an error path that all policies share."""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.draws import replication_last
from bloodsim.model.luck import Chunk
from bloodsim.model.outlook import usual_releases
from bloodsim.model.shocks import demand_factor
from bloodsim.model.world import World
from bloodsim.scenario.horizon import LOOK_AHEAD_DAYS
from bloodsim.streams import streams

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


class Forecaster:
    """Forecasts of demand with errors by (replication, region, product, target day, lead band).

    The log error of a target day is the sum of one normal per lead band up to the band of the lead
    time, so forecasts improve as the day comes nearer; neighbouring target days err alike. Errors
    have mean 1.
    Errors are drawn when first asked for, from streams of their own.
    """

    def __init__(self, world: World, seed: int, replications: range) -> None:
        self.world, self.seed, self.replications = world, seed, replications
        self._error: dict[int, Floats] = {}
        self._usual: dict[tuple[int, int], Floats] = {}
        self.drawn_ahead: dict[tuple[object, ...], Ints] = {}

    def demand(self, product: int, today: int, days: int) -> Floats:
        """Return forecast pieces requested on days today .. today+days-1 (n_regions, R).

        Requests that are booked by now are not in it: see `announced`.
        """
        # A plain running sum: NumPy's own may group terms differently for other block sizes.
        return reduce(np.add, self._by_day(product, today, days)) * self._pieces(product)

    def demand_by_day(self, product: int, today: int, days: int) -> Floats:
        """Return `demand` day by day (days, n_regions, R)."""
        return np.stack(self._by_day(product, today, days)) * self._pieces(product)

    def usual_releases(self, product: int, today: int, days: int) -> Floats:
        """Return what planned turnout releases, day by day (days, n_regions, n_groups)."""
        known = sum(today >= shock.known_from for shock in self.world.shocks)
        if (product, known) not in self._usual:
            self._usual[product, known] = usual_releases(self.world, product, today)
        per_day = self._usual[product, known][today : today + days]
        return per_day[..., None] * self.world.group_shares

    def _pieces(self, product: int) -> int:
        return self.world.products[product].pieces_per_unit

    def _by_day(self, product: int, today: int, days: int) -> list[Floats]:
        """Return the units foreseen on each day, (n_regions, R)."""
        settings, item = self.world.scenario.forecast, self.world.products[product]
        booked = announced_share(self.world, product)
        error = self._errors(product)
        # A shock that is not recognised yet is not foreseen, not even where it is going on.
        known = demand_factor(self.world.shocks, item.name, known_on=today)
        mean = item.calm_demand_units * known
        total = []
        for lead in range(days):
            target = today + lead
            band = sum(lead > end for end in settings.band_ends_days)
            expected = mean[target] * (1 - booked.get(lead, 0.0))
            total.append(expected[:, None] * error[target, band])
        return total

    def _errors(self, product: int) -> Floats:
        """Return exp of the cumulated errors, (n_days, n_bands, n_regions, R)."""
        if product not in self._error:
            world, n = self.world, len(self.replications)
            n_days, n_bands = world.n_days + LOOK_AHEAD_DAYS, len(world.scenario.forecast.error_sd)
            purpose = f"forecast/{world.products[product].name}"
            logs = np.empty((n_days, n_bands, world.n_regions, n))
            normal = np.empty((n, n_days, n_bands))
            found = streams(self.seed, self.replications, world.regions, purpose)
            for region, generators in enumerate(found):
                for row, generator in enumerate(generators):
                    # Day by day, so that a longer run begins with the errors of a shorter one.
                    generator.standard_normal(out=normal[row])
                logs[:, :, region] = replication_last(normal)
            persistence = world.scenario.forecast.autocorrelation
            for day in range(1, n_days):
                logs[day] *= np.sqrt(1 - persistence**2)
                logs[day] += persistence * logs[day - 1]
            for band, sd in enumerate(world.scenario.forecast.error_sd):
                logs[:, band] *= sd
                logs[:, band] -= sd**2 / 2
                if band:
                    logs[:, band] += logs[:, band - 1]
            self._error[product] = np.exp(logs, out=logs)
        return self._error[product]


def announced(world: World, chunk: Chunk, product: int, today: int, days: int) -> Ints:
    """Return pieces booked for days today .. today+days-1 (n_regions, 8, R), exactly.

    A class is known as many days ahead as the scenario says; nothing beyond is looked at.
    """
    n_days, found = len(chunk.requested), np.zeros_like(chunk.requested[0, 0])
    for number, demand in enumerate(world.demands):
        if demand.product != product or not demand.known_ahead_days:
            continue
        for lead in range(min(days, demand.known_ahead_days + 1)):
            index = today + lead - chunk.first_day
            if index < n_days:
                found += chunk.requested[index, number]
            else:
                assert chunk.requested_next is not None
                found += chunk.requested_next[index - n_days, number]
    return found


def announced_share(world: World, product: int) -> dict[int, float]:
    """Return the share of a product's requests that is booked by now, by lead time (days)."""
    known = [
        (world.classes[number][1], days)
        for number, days in {d.drawn: d.known_ahead_days for d in world.demands}.items()
        if days and world.classes[number][0] == product
    ]
    longest = max((days for _, days in known), default=-1)
    return {lead: sum(s for s, days in known if lead <= days) for lead in range(longest + 1)}
