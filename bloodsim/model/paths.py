"""What really came and was asked for, recorded day by day for those who judge with hindsight."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import FloatArray
from bloodsim.hindsight import Hindsight
from bloodsim.model.bank import Bank
from bloodsim.model.ledger import Ledger
from bloodsim.model.world import World
from bloodsim.scenario import CostWeights

Ints = NDArray[np.int32]


class Paths:
    """Releases and requests of one simulation from its first day on."""

    def __init__(self, world: World, bank: Bank, ledger: Ledger, first_day: int) -> None:
        self.world, self.bank, self.first_day = world, bank, first_day
        days, n = world.n_days - first_day, ledger.waiting_days.shape[-1]
        size = (world.n_regions, world.group_shares.shape[1], n)
        self.released: Ints = np.zeros((days, len(world.products), *size), np.int32)
        self.requested: Ints = np.zeros((days, len(world.demands), *size), np.int32)
        # By agreement, for who holds variants to the same terms.
        self.agreed: Ints = np.zeros((len(world.agreements), days, *size[1:]), np.int32)
        self.opening = np.stack([stock.on_hand() for stock in bank.stocks])
        self.moving = np.stack([bank.in_transit(i) for i in range(len(bank.stocks))])
        self.waiting = [np.add.reduce(waiting, axis=0) for waiting in bank.waiting]
        self._before = self._so_far(ledger)

    def _so_far(self, ledger: Ledger) -> tuple[Ints, Ints]:
        return ledger.flow("released").copy(), ledger.requested.copy()

    def record(self, ledger: Ledger, day: int) -> None:
        """Add what came and was asked for on a day."""
        now = self._so_far(ledger)
        self.released[day - self.first_day] = now[0] - self._before[0]
        self.requested[day - self.first_day] = now[1] - self._before[1]
        self._before = now

    def record_agreed(self, pieces: Ints, day: int) -> None:
        """Add what agreements shipped on a day (n_agreements, n_groups, R)."""
        self.agreed[:, day - self.first_day] = pieces

    def ahead(self, product: str, day: int, days: int) -> tuple[Ints, Ints]:
        """Return what is requested and released of a product from *day* on; fewer days at the end.

        Only a simulation that runs after the recorded one may ask.
        """
        number = [item.name for item in self.world.products].index(product)
        of = [row for row, demand in enumerate(self.world.demands) if demand.product == number]
        when = slice(day - self.first_day, day - self.first_day + days)
        return np.add.reduce(self.requested[when, of], axis=1), self.released[when, number]

    def hindsight(self, cost: CostWeights, normal_units: FloatArray) -> Hindsight:
        """Return what a planner who knew it all would have known.

        The demand (units a day, n_products x n_regions) is what the end of scoring is charged by.
        """
        world = self.world
        return Hindsight(
            products=tuple(p.name for p in world.products),
            pieces_per_unit=tuple(p.pieces_per_unit for p in world.products),
            life_days=tuple(p.life_days - p.test_delay_days for p in world.products),
            released=self.released,
            requested=self.requested,
            opening=self.opening,
            moving=self.moving,
            waiting=tuple(self.waiting),
            streams=tuple(
                (d.product, d.urgency, d.patience_days, d.substitutes) for d in world.demands
            ),
            normal=normal_units * np.array([[p.pieces_per_unit] for p in world.products]),
            routes=world.routes,
            weights=cost.model_dump(),
        )
