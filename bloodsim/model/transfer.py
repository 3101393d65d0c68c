"""Transfers: plans are checked on receipt, shipments leave oldest first and keep their ages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bloodsim.blood import GROUPS
from bloodsim.decision import Plan, PlanError, Shipments
from bloodsim.model.allotment import allot
from bloodsim.model.bank import Bank, Roads
from bloodsim.model.ledger import Ledger
from bloodsim.model.shocks import closed_regions
from bloodsim.model.uniforms import Uniforms
from bloodsim.model.vehicles import Vehicles
from bloodsim.model.world import World

Ints = NDArray[np.int32]
Index = NDArray[np.integer]


class Transfers:
    """Shipments between regions."""

    def __init__(self, world: World, bank: Bank, ledger: Ledger, uniforms: Uniforms) -> None:
        self.world, self.bank, self.ledger, self.uniforms = world, bank, ledger, uniforms
        self.vehicles = Vehicles(world, bank.stocks[0].gone.shape[-1])
        self._products = {product.name: i for i, product in enumerate(world.products)}

    def shippable(self, product: str, route: Index, replication: Index, day: int) -> Ints:
        """Return pieces (n_rows, n_groups) that could leave today with life enough left."""
        table, stock = self.world.routes, self.bank.stocks[self._products[product]]
        origin = table.origin[route]
        floor = self._too_old(product, route, replication, day)
        able = stock.received[origin, :, replication] - floor
        kept = self.world.products[self._products[product]].kept_pieces
        if kept.any():
            free = stock.on_hand()[origin, :, replication] - kept
            able = np.minimum(able, np.maximum(free, 0))
        if product in table.barred:
            able[table.barred[product][route]] = 0
        closed = closed_regions(self.world.shocks, day)
        if closed is not None:
            able[closed[origin] | closed[table.destination[route]]] = 0
        return able

    def _too_old(self, product: str, route: Index, replication: Index, day: int) -> Ints:
        """Return the running counts (n_rows, n_groups) of pieces too old for the way."""
        table, stock = self.world.routes, self.bank.stocks[self._products[product]]
        too_early = day + self._travel_days(route) + table.min_life_days[product] - 1
        return stock.floor((table.origin[route], replication), day, too_early)

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
        for promise in plan.commitments:
            if len(promise):
                self.fulfil(promise, day)
        for shipments in plan.shipments:
            if len(shipments) == 0:
                continue
            self._check(shipments, day)
            shipments = self._approved(shipments, day)
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

    def _approved(self, shipments: Shipments, day: int) -> Shipments:
        """Put off rows that need approval; return those that leave at once."""
        wait = self.world.routes.approval_days[shipments.route]
        for days in np.unique(wait[wait > 0]).tolist():
            self.bank.pending.setdefault(day + days, []).append(_rows(shipments, wait == days))
        return shipments if not wait.any() else _rows(shipments, wait == 0)

    def fulfil(self, shipments: Shipments, day: int) -> Ints:
        """Ship what was promised, as far as the origin's stock stands above its floor.

        By group whole lots, no shipment smaller than the smallest, none larger than the largest
        or than the vehicles; the rest is not shipped. Return what was (n_rows, n_groups).
        """
        shipped = np.zeros(np.shape(shipments.pieces), dtype=np.int32)
        table, product = self.world.routes, shipments.product
        index = self._products[product]
        rule = self.world.scenario.routes.products[product]
        normal = self.world.products[index].normal_pieces[day][:, None] * self.world.group_shares
        floors = np.ceil(rule.floor_days * normal).astype(np.int32)
        for rows in _turns(table.origin[shipments.route], shipments.replication):
            route, replication = shipments.route[rows], shipments.replication[rows]
            origin = table.origin[route]
            wanted = np.asarray(shipments.pieces[rows], dtype=np.int32)
            on_hand = self.bank.stocks[index].on_hand()[origin, :, replication]
            able = self.shippable(product, route, replication, day)
            able = np.minimum(able, np.maximum(on_hand - floors[origin], 0))
            pieces = np.minimum(wanted, able)
            pieces -= pieces % table.lot_pieces[product]
            pieces = self._fitting(product, route, replication, pieces, day)
            pieces[pieces.sum(axis=1) < max(1, table.smallest_pieces[product])] = 0
            self.ledger.add_not_shipped(index, origin, replication, wanted - pieces)
            shipped[rows] = pieces
            going = pieces.any(axis=1)
            if going.any():
                self._send(product, route[going], replication[going], pieces[going], day)
        return shipped

    def _fitting(
        self, product: str, route: Index, replication: Index, pieces: Ints, day: int
    ) -> Ints:
        """Return what of whole lots (n_rows, 8) may travel at once, groups in proportion."""
        room = self.vehicles.room(product, route, replication, day)
        room = np.minimum(room, self.world.routes.largest_pieces[product])
        if (pieces.sum(axis=1) <= room).all():
            return pieces
        lot = self.world.routes.lot_pieces[product]
        return allot(room // lot, pieces.T // lot).T * lot

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
        total = pieces.sum(axis=1)
        full = total > self.vehicles.room(product, route, replication, day)
        if full.any():
            where = self._where(product, int(route[int(np.argmax(full))]), day)
            raise PlanError(f"{where}: more is planned than the vehicles of the road carry")
        self.vehicles.load(product, route, replication, total, day)
        floor = self._too_old(product, route, replication, day)
        taken = stock.take((origin, replication), pieces, floor)
        slot = (day + self._travel_days(route)) % len(roads.total)
        for rows in _turns(destination, replication):
            at = slot[rows], destination[rows], replication[rows]
            roads.arriving[at[0], :, at[1], :, at[2]] += taken[rows]
            roads.total[at[0], at[1], :, at[2]] += pieces[rows]
        self.ledger.count_shipments(index, route, replication, pieces)
        ends = origin, destination
        self.ledger.move_expiry_weight(index, ends, replication, pieces, taken)

    def movable(self, product: int, origin: int, day: int, travel_days: int) -> Ints:
        """Return pieces (n_groups, R) of a region that outlast a journey without a road."""
        stock = self.bank.stocks[product]
        return (stock.received - stock.through(day + travel_days, day))[origin]

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
                self._lose(index, roads, slot, day)
                self.bank.stocks[index].merge(roads.arriving[slot], roads.total[slot])
                self.ledger.add("received", index, roads.total[slot])
                roads.arriving[slot] = 0
                roads.total[slot] = 0

    def _lose(self, index: int, roads: Roads, slot: int, day: int) -> None:
        """Take out what was lost on the way, the oldest of each group."""
        name = self.world.products[index].name
        rule = self.world.scenario.routes.products.get(name)
        if rule is None or rule.transit_loss_share == 0:
            return
        total, arriving = roads.total[slot], roads.arriving[slot]
        uniform = self.uniforms.of(f"transit_loss/{name}", day)[:, None]
        upto = np.cumsum(total, axis=1) * rule.transit_loss_share + uniform
        lost = np.diff(np.floor(upto), axis=1, prepend=np.floor(uniform)).astype(np.int32)
        np.minimum(lost, total, out=lost)
        self.ledger.add_returned_weight(index, np.minimum(arriving, lost), lost, -1)
        self.ledger.add_further("lost_in_transit", index, lost)
        total -= lost
        np.maximum(arriving - lost, 0, out=arriving)

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


def _rows(shipments: Shipments, chosen: NDArray[np.bool_]) -> Shipments:
    """Return some rows of shipments."""
    rows = shipments.route[chosen], shipments.replication[chosen], shipments.pieces[chosen]
    return Shipments(shipments.product, *rows)


def _turns(region: Index, replication: Index) -> Iterator[Index]:
    """Yield rows so that none has a (region, replication) twice, in order."""
    key = region.astype(np.int64) << 32 | replication
    if len(key) and (np.diff(key) > 0).all():  # in order already, and each but once
        yield np.arange(len(key))
        return
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    starts = np.flatnonzero(np.diff(ranked, prepend=ranked[:1] - 1))
    turn = np.empty(len(key), dtype=np.int64)
    lengths = np.diff(starts, append=len(key))
    turn[order] = np.arange(len(key)) - np.repeat(starts, lengths)
    for number in range(int(turn.max(initial=-1)) + 1):
        yield np.flatnonzero(turn == number)
