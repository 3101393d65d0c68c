"""Transfers: plans are checked on receipt, shipments leave oldest first and keep their ages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bloodsim.blood import GROUPS
from bloodsim.decision import Plan, PlanError, Shipments
from bloodsim.model.bank import Bank
from bloodsim.model.ledger import Ledger
from bloodsim.model.shocks import closed_regions
from bloodsim.model.world import World

Ints = NDArray[np.int32]
Index = NDArray[np.integer]


class Transfers:
    """Shipments between regions."""

    def __init__(self, world: World, bank: Bank, ledger: Ledger) -> None:
        self.world, self.bank, self.ledger = world, bank, ledger
        self._products = {product.name: i for i, product in enumerate(world.products)}

    def shippable(self, product: str, route: Index, replication: Index, day: int) -> Ints:
        """Return pieces (n_rows, n_groups) that could leave today with life enough left."""
        table, stock = self.world.routes, self.bank.stocks[self._products[product]]
        origin = table.origin[route]
        too_early = day + table.lead_days[route] + table.min_life_days[product] - 1
        floor = stock.floor((origin, replication), day, too_early)
        able = stock.received[origin, :, replication] - floor
        closed = closed_regions(self.world.shocks, day)
        if closed is not None:
            able[closed[origin] | closed[table.destination[route]]] = 0
        return able

    def depart(self, plan: Plan, day: int) -> None:
        """Send every shipment of a plan on its way.

        Raises
        ------
        PlanError
            Naming region, group and day, if a shipment cannot be carried out.
        """
        for shipments in plan.shipments:
            if len(shipments) == 0:
                continue
            self._check(shipments, day)
            origin = self.world.routes.origin[shipments.route]
            # Rows of one origin and replication leave one after the other.
            for rows in _turns(origin, shipments.replication):
                self._send(
                    shipments.product,
                    shipments.route[rows],
                    shipments.replication[rows],
                    np.asarray(shipments.pieces[rows], dtype=np.int32),
                    day,
                )

    def _send(self, product: str, route: Index, replication: Index, pieces: Ints, day: int) -> None:
        index, table = self._products[product], self.world.routes
        stock, roads = self.bank.stocks[index], self.bank.roads[index]
        assert roads is not None
        origin, destination = table.origin[route], table.destination[route]
        able = self.shippable(product, route, replication, day)
        if (pieces > able).any():
            row, group = (int(axis[0]) for axis in np.nonzero(pieces > able))
            where = self._where(product, int(route[row]), day)
            raise PlanError(f"{where}: more {GROUPS[group]} is planned than the origin can send")
        floor = stock.received[origin, :, replication] - able
        taken = stock.take((origin, replication), pieces, floor)
        slot = (day + table.lead_days[route]) % len(roads.total)
        for rows in _turns(destination, replication):
            at = slot[rows], destination[rows], replication[rows]
            roads.arriving[at[0], :, at[1], :, at[2]] += taken[rows]
            roads.total[at[0], at[1], :, at[2]] += pieces[rows]
        self.ledger.count_shipments(index, route, replication, pieces)
        self.ledger.move_expiry_weight(index, route, replication, pieces, taken)

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

    def _where(self, product: str, route: int, day: int) -> str:
        table, regions = self.world.routes, self.world.regions
        ends = f"{regions[table.origin[route]]} to {regions[table.destination[route]]}"
        return f"{self.world.date(day)}, {ends}, {product}"

    def _check(self, shipments: Shipments, day: int) -> None:
        """Refuse what no road could carry."""
        table, product = self.world.routes, shipments.product
        what = f"{self.world.date(day)}, {product}"
        pieces, route = np.asarray(shipments.pieces), np.asarray(shipments.route)
        replication = np.asarray(shipments.replication)
        if product not in table.products:
            raise PlanError(f"{what}: this product does not travel")
        _, n_groups, n_replications = self.bank.stocks[0].received.shape
        if pieces.shape != (len(route), n_groups) or replication.shape != route.shape:
            raise PlanError(
                f"{what}: pieces must be (n_rows, {n_groups}), route and replication (n_rows,); "
                f"got {pieces.shape}, {route.shape}, {replication.shape}"
            )
        if replication.min() < 0 or replication.max() >= n_replications:
            raise PlanError(f"{what}: there is no such replication")
        if not (np.issubdtype(pieces.dtype, np.integer) and np.issubdtype(route.dtype, np.integer)):
            raise PlanError(f"{what}: pieces and routes must be whole numbers")
        if route.min() < 0 or route.max() >= len(table):
            raise PlanError(f"{what}: there is no such route")
        total = pieces.sum(axis=1)
        faults = {
            "pieces must not be negative": (pieces < 0).any(axis=1),
            "pieces must be whole lots": (pieces % table.lot_pieces[product] != 0).any(axis=1),
            "the shipment is too small": total < table.smallest_pieces[product],
            "the shipment is too large": total > table.largest_pieces[product],
        }
        for fault, rows in faults.items():
            if rows.any():
                row = int(np.argmax(rows))
                raise PlanError(f"{self._where(product, int(route[row]), day)}: {fault}")


def _turns(region: Index, replication: Index) -> Iterator[Index]:
    """Yield rows so that none has a (region, replication) twice, in order."""
    key = region.astype(np.int64) << 32 | replication
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    starts = np.flatnonzero(np.diff(ranked, prepend=ranked[:1] - 1))
    turn = np.empty(len(key), dtype=np.int64)
    lengths = np.diff(starts, append=len(key))
    turn[order] = np.arange(len(key)) - np.repeat(starts, lengths)
    for number in range(int(turn.max(initial=-1)) + 1):
        yield np.flatnonzero(turn == number)
