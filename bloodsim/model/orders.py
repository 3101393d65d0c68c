"""Orders: placed by rule, shipped by a parent or sent from outside, received fresh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import OrderRule
from bloodsim.model.bank import Bank
from bloodsim.model.ledger import Ledger
from bloodsim.model.order_world import OUTSIDE, OrderWorld, order_sequence
from bloodsim.model.transfer import Transfers
from bloodsim.model.uniforms import Uniforms
from bloodsim.model.world import World

Ints = NDArray[Any]
Index = NDArray[np.integer]


class Orders:
    """Replenishment orders of a day: children first, so that parents know what they have sent."""

    def __init__(
        self,
        world: World,
        bank: Bank,
        ledger: Ledger,
        transfers: Transfers,
        rules: Sequence[tuple[OrderRule, OrderRule | None]],
        uniforms: Uniforms,
    ) -> None:
        self.world, self.bank, self.ledger, self.transfers = world, bank, ledger, transfers
        self.rules, self.uniforms = rules, uniforms
        self.sequence = order_sequence(world.scenario) if world.orders else []
        self.products = sorted({item.product for item in world.orders})
        hours = world.sequel
        # Where an order of lead 0 lands: with the late arrivals, with same-day transfers, at once.
        self.lands_at_once = not hours.late_arrival and not hours.same_day_after_order

    def place(self, day: int) -> None:
        """Place the orders of a day."""
        for number in self.sequence:
            item, (routine, expedite) = self.world.orders[number], self.rules[number]
            if expedite is not None:
                on_hand = self.bank.stocks[item.product].on_hand() - self._backlog(item.product)
                wanted = expedite(on_hand[item.regions], day)
                self._send(item, wanted, day, item.expedite_lead_days, "expedited")
            position = self.bank.position(item.product) - self._backlog(item.product)
            wanted = routine(position[item.regions], day)
            self._send(item, wanted, day, item.lead_days, "ordered")
        if self.lands_at_once:
            self.land(day, "order")
            self.transfers.arrive_same_day(day)

    def _backlog(self, product: int) -> Ints:
        backlog = np.zeros_like(self.bank.stocks[product].gone)
        for number, demand in enumerate(self.world.demands):
            if demand.product == product and demand.patience_days:
                backlog += np.add.reduce(self.bank.waiting[number], axis=0)
        return backlog

    def _send(self, item: OrderWorld, ordered: Ints, day: int, lead_days: int, flow: str) -> None:
        """Send what was ordered, from outside in full, from a parent as far as it has."""
        wanted = np.asarray(ordered, dtype=np.int32)
        if not wanted.any():
            return
        due = self.bank.on_order[item.product]
        assert due is not None
        sent = np.zeros_like(due[0])
        slot = (day + lead_days) % len(due)
        for row, (region, supplier) in enumerate(zip(item.regions, item.suppliers, strict=True)):
            if supplier == OUTSIDE:
                due[slot, region] += wanted[row]
                sent[region] = wanted[row]
            else:
                sent[region] = self._ship(item, supplier, region, wanted[row], day, lead_days)
        self.ledger.add_order(flow, item.product, sent, item.regions[item.suppliers == OUTSIDE])

    def _ship(
        self, item: OrderWorld, origin: int, region: int, wanted: Ints, day: int, lead_days: int
    ) -> Ints:
        """Ship the oldest of a parent's stock that lasts; return what was shipped (8, R)."""
        replication = np.flatnonzero(wanted.any(axis=0))
        if len(replication) == 0:
            return wanted
        ends = np.full(len(replication), origin), np.full(len(replication), region)
        lead = lead_days + (self.world.sequel.late_arrival and lead_days >= 0)
        asked = wanted[:, replication].T
        shipped = self.transfers.move(item.product, ends, replication, asked, day, lead)
        self.ledger.add_not_shipped(item.product, ends[0], replication, asked - shipped)
        sent = np.zeros_like(wanted)
        sent[:, replication] = shipped.T
        return sent

    def arrive(self, day: int, phase: str) -> None:
        """Receive what is due today, in the phases where orders land."""
        if phase == "arrive" or not (self.world.sequel.late_arrival or self.lands_at_once):
            self.land(day, phase)

    def land(self, day: int, phase: str) -> None:
        """Put what is due today into stock, at the life it has left."""
        first_issue = day + self.world.sequel.issue_after[phase]
        for product in self.products:
            due = self.bank.on_order[product]
            assert due is not None
            pieces = due[day % len(due)]
            if not pieces.any():
                continue
            self.ledger.add("received", product, pieces)
            for life, part in self._by_life(product, pieces, day):
                self.bank.stocks[product].insert(part, first_issue + life)
                self.ledger.add_expiry_weight(product, part, first_issue + life)
            pieces[:] = 0

    def _by_life(self, product: int, pieces: Ints, day: int) -> Iterator[tuple[int, Ints]]:
        """Yield the lives that deliveries have left, and the pieces (n_regions, 8, R) of each."""
        life = np.zeros((pieces.shape[0], pieces.shape[2]), dtype=np.int64)
        for item in self.world.orders:
            if item.product != product:
                continue
            if len(item.life_days) == 1:
                life[item.regions] = item.life_days[0]
                continue
            purpose = f"life_on_arrival/{self.world.products[product].name}"
            uniform = self.uniforms.of(purpose, day)[item.regions]
            chosen = np.searchsorted(item.life_upto[:-1], uniform, side="right")
            life[item.regions] = item.life_days[chosen]
        for value in np.unique(life[pieces.any(axis=1)]).tolist():
            yield value, np.where((life == value)[:, None], pieces, 0).astype(np.int32)
