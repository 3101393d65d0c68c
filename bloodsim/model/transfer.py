"""Transfers: plans are checked on receipt, shipments leave oldest first and keep their ages."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import Plan, PlanError, Shipment
from bloodsim.model.bank import Bank
from bloodsim.model.ledger import Ledger
from bloodsim.model.world import World

Ints = NDArray[np.int32]


class Transfers:
    """Shipments between regions."""

    def __init__(self, world: World, bank: Bank, ledger: Ledger) -> None:
        self.world, self.bank, self.ledger = world, bank, ledger
        self._products = {product.name: i for i, product in enumerate(world.products)}

    def shippable(self, product: str, route: int, day: int) -> Ints:
        """Return pieces (n_groups, R) that *route* could carry today with life enough left."""
        index = self._products[product]
        origin = int(self.world.routes.origin[route])
        return self.bank.stocks[index].received[origin] - self._floor(index, route, day)

    def depart(self, plan: Plan, day: int) -> None:
        """Send every shipment of a plan on its way.

        Raises
        ------
        PlanError
            Naming region, group and day, if a shipment cannot be carried out.
        """
        for shipment in plan.shipments:
            self._check(shipment, day)
            index, route = self._products[shipment.product], shipment.route
            roads = self.bank.roads[index]
            assert roads is not None
            stock, table = self.bank.stocks[index], self.world.routes
            origin, destination = int(table.origin[route]), int(table.destination[route])
            pieces = shipment.pieces.astype(np.int32)
            taken = stock.take(origin, pieces, self._floor(index, route, day))
            slot = (day + int(table.lead_days[route])) % len(roads.total)
            roads.arriving[slot, :, destination] += taken
            roads.total[slot, destination] += pieces
            self.ledger.count_shipment(index, route, pieces)
            self.ledger.move_expiry_weight(index, origin, destination, taken, pieces, stock)

    def arrive(self, day: int) -> None:
        """Add to stock what arrives today."""
        for index, roads in enumerate(self.bank.roads):
            if roads is None:
                continue
            slot = day % len(roads.total)
            if roads.total[slot].any():
                self.bank.stocks[index].merge(roads.arriving[slot], roads.total[slot])
                self.ledger.add("received", index, roads.total[slot])
                roads.arriving[slot] = 0
                roads.total[slot] = 0

    def _floor(self, index: int, route: int, day: int) -> Ints:
        table, product = self.world.routes, self.world.products[index]
        arrival = day + int(table.lead_days[route])
        oldest_allowed = arrival + table.min_life_days[product.name]
        return self.bank.stocks[index].floor(int(table.origin[route]), day, oldest_allowed - 1)

    def _check(self, shipment: Shipment, day: int) -> None:
        table, pieces = self.world.routes, np.asarray(shipment.pieces)
        if not 0 <= shipment.route < len(table):
            raise PlanError(f"day {day}: there is no route {shipment.route}")
        origin = self.world.regions[int(table.origin[shipment.route])]
        destination = self.world.regions[int(table.destination[shipment.route])]
        where = f"{self.world.date(day)}: {origin} to {destination}, {shipment.product}"
        if shipment.product not in table.products:
            raise PlanError(f"{where}: this product does not travel")
        if not np.issubdtype(pieces.dtype, np.integer):
            raise PlanError(f"{where}: pieces must be whole numbers")
        if pieces.min(initial=0) < 0:
            raise PlanError(f"{where}: pieces must not be negative")
        if np.any(pieces % table.lot_pieces[shipment.product]):
            raise PlanError(f"{where}: pieces must be multiples of the lot")
        total = pieces.sum(axis=0)
        too_small = (total > 0) & (total < table.smallest_pieces[shipment.product])
        if np.any(too_small | (total > table.largest_pieces[shipment.product])):
            raise PlanError(f"{where}: a shipment is smaller or larger than the route allows")
        over = pieces > self.shippable(shipment.product, shipment.route, day)
        if over.any():
            from bloodsim.blood import GROUPS

            group = GROUPS[int(np.argmax(over.any(axis=1)))]
            raise PlanError(f"{where}: more {group} is planned than {origin} can send")
