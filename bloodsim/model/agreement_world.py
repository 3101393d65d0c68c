"""Agreements as pieces a day: what comes due, in whole lots, on which road."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import RouteTable
from bloodsim.scenario import Scenario
from bloodsim.scenario.seasonal import agreed_units, shipping_days

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
        dates = seasons.dates[:n_days]
        out, back = agreed_units(item, dates, lambda name: seasons.one(name, 1.0)[:n_days])
        ships = shipping_days(item, dates)
        ways = [(origin, destination, out)] + [(destination, origin, back)] * item.swap
        for start, end, units in ways:
            per_unit = scenario.products[item.product].pieces_per_unit
            lot = routes.lot_pieces[item.product]
            pieces = _in_lots(units * per_unit, shares[start], lot, ships)
            flows.append(AgreementFlow(item.product, ends.index((start, end)), pieces))
    return tuple(flows)


def _in_lots(
    pieces: Floats, shares: Floats, lot: int, ships: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Return whole lots by day and group: what has come due since the last shipment."""
    due = np.cumsum(pieces)[:, None] * shares / lot
    whole = lot * np.floor(due + 1e-9)
    whole[~ships] = 0
    return np.diff(np.maximum.accumulate(whole, axis=0), axis=0, prepend=0).astype(np.int32)
