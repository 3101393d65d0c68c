"""Agreements as pieces a day: what comes due, in whole lots, on which road."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import RouteTable
from bloodsim.scenario import Agreement, Scenario

Floats = NDArray[np.float64]


class Seasons(Protocol):
    """Gives the daily multipliers of a profile."""

    dates: Sequence[date]

    def one(self, profile: str, amplitude: float) -> Floats:
        """Return multipliers (n_days,)."""
        ...


@dataclass(frozen=True)
class AgreementFlow:
    """One direction of an agreement; ``pieces`` (n_days, 8) leave along ``route``."""

    product: str
    route: int
    pieces: NDArray[np.int32]


def agreement_flows(
    scenario: Scenario, routes: RouteTable, shares: Floats, seasons: Seasons, n_days: int
) -> tuple[AgreementFlow, ...]:
    """Return the flows of all agreements, those back of swaps included."""
    index = {name: i for i, name in enumerate(scenario.regions)}
    ends = list(zip(routes.origin.tolist(), routes.destination.tolist(), strict=True))
    flows = []
    for item in scenario.agreements:
        origin, destination = index[item.origin], index[item.destination]
        out, back = _daily_units(item, seasons, n_days)
        ways = [(origin, destination, out)] + [(destination, origin, back)] * item.swap
        for start, end, units in ways:
            per_unit = scenario.products[item.product].pieces_per_unit
            lot = routes.lot_pieces[item.product]
            pieces = _in_lots(units * per_unit, shares[start], lot, item.every_days)
            flows.append(AgreementFlow(item.product, ends.index((start, end)), pieces))
    return tuple(flows)


def _daily_units(item: Agreement, seasons: Seasons, n_days: int) -> tuple[Floats, Floats]:
    """Return units a day out and back; a swap sends back what came, within the dates."""
    days = seasons.dates[:n_days]
    runs = np.array(
        [
            (item.from_date is None or day >= item.from_date)
            and (item.to_date is None or day <= item.to_date)
            for day in days
        ]
    )
    even = np.ones(n_days)
    base = item.units_per_day or (item.units_per_year or 0.0) / 365
    out = base * runs * (seasons.one(item.season, 1.0)[:n_days] if item.season else even)
    back = runs * (seasons.one(item.return_season, 1.0)[:n_days] if item.return_season else even)
    total = back.sum()
    return out, back * (out.sum() / total if total > 0 else 0.0)


def _in_lots(pieces: Floats, shares: Floats, lot: int, every_days: int) -> NDArray[np.int32]:
    """Return whole lots by day and group: what has come due since the last shipment."""
    due = np.cumsum(pieces)[:, None] * shares / lot
    whole = lot * np.floor(due + 1e-9)
    ships = np.arange(len(pieces)) % every_days == every_days - 1
    whole[~ships] = 0
    return np.diff(np.maximum.accumulate(whole, axis=0), axis=0, prepend=0).astype(np.int32)
