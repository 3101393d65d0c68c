"""Transfers: plans are checked on receipt, shipments leave oldest first and keep their ages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bloodsim.blood import GROUPS
from bloodsim.decision import Plan, PlanError, Shipments
from bloodsim.model.bank import Bank
from bloodsim.model.ledger import Ledger
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
        too_early = day + self._travel_days(route) + table.min_life_days[product] - 1
        floor = stock.floor((origin, replication), day, too_early)
        return stock.received[origin, :, replication] - floor

    def _travel_days(self, route: Index) -> Index:
        """Return days until shipments are on the shelf: one more if arrivals come late in a day."""
        lead = self.world.routes.lead_days[route]
        return lead + (lead > 0) if self.world.sequel.late_arrival else lead

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
        slot = (day + self._travel_days(route)) % len(roads.total)
        for rows in _turns(destination, replication):
            at = slot[rows], destination[rows], replication[rows]
            roads.arriving[at[0], :, at[1], :, at[2]] += taken[rows]
            roads.total[at[0], at[1], :, at[2]] += pieces[rows]
        self.ledger.count_shipments(index, route, replication, pieces)
        ends = origin, destination
        self.ledger.move_expiry_weight(index, ends, replication, pieces, taken)

    def move(
        self,
        product: int,
        ends: tuple[Index, Index],
        replication: Index,
        wanted: Ints,
        day: int,
        travel_days: int,
    ) -> Ints:
        """Ship as far as the stock goes, oldest first, without a road; return what was shipped.

        Rows (n_rows, n_groups) of *wanted* are of one origin and one destination.
        """
        stock, roads = self.bank.stocks[product], self.bank.roads[product]
        assert roads is not None
        cells = ends[0], replication
        floor = stock.floor(cells, day, np.full(len(replication), day + travel_days))
        able = stock.received[ends[0], :, replication] - floor
        pieces = np.minimum(wanted, able).astype(np.int32)
        taken = stock.take(cells, pieces, floor)
        slot = (day + travel_days) % len(roads.total)
        roads.arriving[slot][:, ends[1], :, replication] += taken
        roads.total[slot][ends[1], :, replication] += pieces
        self.ledger.count_moved(product, ends, replication, pieces)
        self.ledger.move_expiry_weight(product, ends, replication, pieces, taken)
        return pieces

    def arrive_same_day(self, day: int) -> None:
        """Add to stock what was sent today over roads of lead time 0."""
        self._land(day)

    def arrive(self, day: int) -> None:
        """Add to stock what arrives today; arrivals late in a day count for the next."""
        self._land(day + self.world.sequel.late_arrival)

    def _land(self, day: int) -> None:
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
        pieces, route = np.asarray(shipments.pieces), np.asarray(shipments.route)
        if product not in table.products:
            raise PlanError(f"{self.world.date(day)}: {product} does not travel")
        if not (np.issubdtype(pieces.dtype, np.integer) and np.issubdtype(route.dtype, np.integer)):
            raise PlanError(f"{self.world.date(day)}, {product}: pieces must be whole numbers")
        if route.min() < 0 or route.max() >= len(table):
            raise PlanError(f"{self.world.date(day)}, {product}: there is no such route")
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
