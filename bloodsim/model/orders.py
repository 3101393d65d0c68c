"""Orders: placed by rule, shipped by a parent or sent from outside, received fresh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import OrderRule, Plan, PlanError
from bloodsim.model.allotment import allot
from bloodsim.model.bank import Bank
from bloodsim.model.ledger import Ledger
from bloodsim.model.order_world import OUTSIDE, OrderWorld, order_batches
from bloodsim.model.shocks import closed_regions
from bloodsim.model.transfer import Transfers
from bloodsim.model.uniforms import Uniforms
from bloodsim.model.world import World

Ints = NDArray[Any]
Index = NDArray[np.integer]


class _Placed(NamedTuple):
    """Orders by one rule: pieces (its regions, 8, R), None where none are placed."""

    item: OrderWorld
    wanted: Ints | None
    lead_days: int


class _Child(NamedTuple):
    """What one region ordered from its parent (8, R), and where to note what was sent."""

    region: int
    wanted: Ints
    lead_days: int
    sent: Ints


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
        self.batches = order_batches(world.scenario) if world.orders else []
        self.products = sorted({item.product for item in world.orders})
        hours = world.sequel
        # Where an order of lead 0 lands: with the late arrivals, with same-day transfers, at once.
        self.lands_at_once = not hours.late_arrival and not hours.same_day_after_order

    def place(self, day: int) -> None:
        """Place the orders of a day: of each batch the emergency orders, then the routine ones."""
        shut = closed_regions(self.world.shocks, day)
        self.shut = np.zeros(self.world.n_regions, bool) if shut is None else shut
        for batch in self.batches:
            self._send_all([self._expedited(number, day) for number in batch], day, "expedited")
            self._send_all([self._routine(number, day) for number in batch], day, "ordered")
        self.bank.planned_orders.clear()
        if self.lands_at_once:
            self.land(day, "order")
            self.transfers.arrive_same_day(day)

    def plan(self, plan: Plan, day: int) -> None:
        """Keep what a plan orders until the next moment of ordering.

        Raises
        ------
        PlanError
            Naming product and day, if it cannot be ordered.
        """
        for name, pieces in plan.orders.items():
            what = f"{self.world.date(day)}, {name}"
            index = {product.name: i for i, product in enumerate(self.world.products)}.get(name)
            if index is None or index not in self.products:
                raise PlanError(f"{what}: no region orders this product")
            wanted, shape = np.asarray(pieces), self.bank.stocks[index].gone.shape
            if wanted.shape != shape or not np.issubdtype(wanted.dtype, np.integer):
                raise PlanError(
                    f"{what}: orders must be whole numbers {shape}; "
                    f"got {wanted.dtype} {wanted.shape}"
                )
            ordering = np.zeros(self.world.n_regions, dtype=bool)
            for item in self.world.orders:
                ordering[item.regions[[item.product == index] * len(item.regions)]] = True
            if (wanted[~ordering] > 0).any():
                region = self.world.regions[
                    int(np.argmax((wanted > 0).any(axis=(1, 2)) & ~ordering))
                ]
                raise PlanError(f"{what}: {region} has no rule that says where it orders")
            if (wanted < -1).any():
                raise PlanError(f"{what}: orders must not be negative (-1 = by rule)")
            self.bank.planned_orders[index] = wanted.astype(np.int32)

    def _expedited(self, number: int, day: int) -> _Placed:
        """Return emergency orders, on stock on hand less backlog."""
        item, (_, rule) = self.world.orders[number], self.rules[number]
        if rule is None:
            return _Placed(item, None, item.expedite_lead_days)
        backlog = self.bank.backlog(self.world, item.product)
        on_hand = self.bank.stocks[item.product].on_hand() - backlog
        return _Placed(item, rule(on_hand[item.regions], day), item.expedite_lead_days)

    def _routine(self, number: int, day: int) -> _Placed:
        """Return routine orders, on the position, where no plan says how much."""
        item, (rule, _) = self.world.orders[number], self.rules[number]
        backlog = self.bank.backlog(self.world, item.product)
        position = self.bank.position(item.product) - backlog
        wanted = rule(position[item.regions], day)
        planned = self.bank.planned_orders.get(item.product)
        if planned is not None:
            wanted = np.where(planned[item.regions] >= 0, planned[item.regions], wanted)
        return _Placed(item, wanted, item.lead_days)

    def _send_all(self, placed: Sequence[_Placed], day: int, flow: str) -> None:
        """Send what was ordered, from outside in full, from a parent as far as it has."""
        from_parents: dict[int, list[_Child]] = {}
        sent = [np.zeros_like(self.bank.stocks[order.item.product].gone) for order in placed]
        for order, row_sent in zip(placed, sent, strict=True):
            if order.wanted is None or not order.wanted.any():
                continue
            item, due = order.item, self.bank.on_order[order.item.product]
            assert due is not None
            slot = (day + order.lead_days) % len(due)
            for row, (region, parent) in enumerate(zip(item.regions, item.suppliers, strict=True)):
                wanted = np.asarray(order.wanted[row], dtype=np.int32)
                if parent == OUTSIDE:
                    if not self.shut[region]:
                        due[slot, region] += wanted
                        row_sent[region] = wanted
                else:
                    child = _Child(region, wanted, order.lead_days, row_sent)
                    from_parents.setdefault(int(parent), []).append(child)
        for parent, children in from_parents.items():
            self._serve(placed[0].item.product, parent, children, day)
        for order, row_sent in zip(placed, sent, strict=True):
            if order.wanted is not None and order.wanted.any():
                outside = order.item.regions[order.item.suppliers == OUTSIDE]
                self.ledger.add_order(flow, order.item.product, row_sent, outside)

    def _serve(self, product: int, parent: int, children: list[_Child], day: int) -> None:
        """Ship a parent's stock to its children, rationed where it does not go round."""
        children.sort(key=lambda child: child.lead_days)  # the oldest go where they still last
        granted = [
            np.zeros_like(child.wanted) if self.shut[[parent, child.region]].any() else child.wanted
            for child in children
        ]
        rule = list(self.world.scenario.regions.values())[parent].rationing
        if len(children) > 1 and rule == "proportional":
            shortest = children[0].lead_days
            able = self.transfers.movable(product, parent, day, self._travel_days(shortest))
            granted = list(allot(able, np.stack(granted)))
        for child, pieces in zip(children, granted, strict=True):
            child.sent[child.region] = self._ship(product, parent, child, pieces, day)

    def _travel_days(self, lead_days: int) -> int:
        return lead_days + (self.world.sequel.late_arrival and lead_days >= 0)

    def _ship(self, product: int, origin: int, child: _Child, granted: Ints, day: int) -> Ints:
        """Ship the oldest of a parent's stock that lasts; return what was shipped (8, R)."""
        replication = np.flatnonzero(child.wanted.any(axis=0))
        sent = np.zeros_like(child.wanted)
        if len(replication) == 0:
            return sent
        ends = np.full(len(replication), origin), np.full(len(replication), child.region)
        lead = self._travel_days(child.lead_days)
        asked = child.wanted[:, replication].T
        shipped = self.transfers.move(
            product, ends, replication, granted[:, replication].T, day, lead
        )
        self.ledger.add_not_shipped(product, ends[0], replication, asked - shipped)
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
