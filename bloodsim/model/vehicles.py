"""Vehicles: what the roads carry in a day, over the products that share them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.world import World
from bloodsim.supply import UNLIMITED

Index = NDArray[np.integer]
Longs = NDArray[np.int64]


class Vehicles:
    """Loads of the day, by kind of vehicle, route and replication.

    Loads count in parts of a unit, so fine that pieces of all products are whole parts.
    """

    def __init__(self, world: World, n_replications: int) -> None:
        self.kinds = world.scenario.routes.vehicles
        self._own = world.routes.vehicles_per_day
        sizes = [product.pieces_per_unit for product in world.products]
        self._parts = math.lcm(*sizes)
        self._each = {p.name: self._parts // p.pieces_per_unit for p in world.products}
        self._of = {name: kind for kind, rule in self.kinds.items() for name in rule.products}
        self._load: dict[str, Longs] = {}
        self._day = -1
        self._shape = len(world.routes), n_replications

    def room(self, product: str, route: Index, replication: Index, day: int) -> NDArray[Any]:
        """Return pieces (n_rows,) of a product that roads still carry today."""
        kind = self._of.get(product)
        if kind is None:
            return np.full(len(route), UNLIMITED, dtype=np.int64)
        rule = self.kinds[kind]
        numbers = np.where(self._own[route] < 0, rule.vehicles_per_day, self._own[route])
        most = np.floor(rule.units_per_vehicle * self._parts * numbers + 1e-9).astype(np.int64)
        left = most - self._today(kind, day)[route, replication]
        return left // self._each[product]

    def fair_room(self, product: str, route: Index, replication: Index, day: int) -> NDArray[Any]:
        """Return a product's equal part of the room, where several share a vehicle."""
        room = self.room(product, route, replication, day)
        kind = self._of.get(product)
        return room if kind is None else room // len(self.kinds[kind].products)

    def load(
        self, product: str, route: Index, replication: Index, pieces: NDArray[Any], day: int
    ) -> None:
        """Put pieces (n_rows,) on the vehicles of roads."""
        kind = self._of.get(product)
        if kind is not None:
            parts = pieces.astype(np.int64) * self._each[product]
            np.add.at(self._today(kind, day), (route, replication), parts)

    def _today(self, kind: str, day: int) -> Longs:
        if day != self._day:
            self._day, self._load = day, {}
        return self._load.setdefault(kind, np.zeros(self._shape, np.int64))
