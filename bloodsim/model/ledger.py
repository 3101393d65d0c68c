"""The ledger: every flow counted once, per region, product and group, and checked at the end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.bank import Bank
from bloodsim.model.conservation import ConservationError, check_conservation
from bloodsim.model.world import World

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]
Index = NDArray[np.integer]

__all__ = ["COLOURS", "FLOWS", "FURTHER", "STATES", "ConservationError", "Ledger"]

FLOWS = (
    "collected",
    "discarded",
    "released",
    "received",
    "issued",
    "crossmatched",
    "returned",
    "substituted",
    "shipped",
    "outdated",
)
"""Flows of pieces per region, product and group.

``issued`` is gross: ``crossmatched`` of it was beyond need and comes back as ``returned``.
"""

COLOURS = ("blue", "yellow", "orange", "red")
"""Alert levels from mild to severe."""
FURTHER = {
    "ordered": "sent off on routine orders, at the region that ordered",
    "expedited": "sent off on emergency orders, at the region that ordered",
    "supplied": "of both, what came from outside the regions",
    "delivered": "shipped to regions that ordered it (part of shipped), at the parent",
    "not_shipped": "promised and not there, at the region that should have sent it",
    "lost_in_transit": "lost on the way, at the region that should have received it",
    "processed": "taken from stock to make another product",
    "made": "made from the stock of another product; it enters test",
    "recalled": "withdrawn from stock by a recall",
}
"""Flows that only some worlds have."""

STATES = ("stock", "in_test", "in_transit", "backlog")
"""States at the close of a day."""


class Ledger:
    """Counts of one run from its first day on; R is the number of replications.

    ``flows`` (n_flows, n_products, n_regions, 8, R), ``requested`` and ``unmet`` (n_streams,
    n_regions, 8, R) are running totals in pieces.
    """

    def __init__(self, world: World, bank: Bank, keep_daily: bool) -> None:
        self.world, self.bank = world, bank
        n_regions, n_groups, n = bank.stocks[0].received.shape
        n_products, n_streams = len(world.products), len(world.demands)
        self.flows: Ints = np.zeros((len(FLOWS), n_products, n_regions, n_groups, n), np.int32)
        self.requested: Ints = np.zeros((n_streams, n_regions, n_groups, n), np.int32)
        self.unmet: Ints = np.zeros_like(self.requested)
        self.rationed: Ints = np.zeros_like(self.requested)
        self.waiting_days: Longs = np.zeros((n_products, n_regions, n), np.int64)
        self.served_otherwise: Ints = np.zeros((n_products, n_regions, n_groups, n), np.int32)
        self.bound_for: Ints = np.zeros_like(self.served_otherwise)
        self.donors: Ints = np.zeros((5, len(world.channels), n_regions, n), np.int32)
        self.opening_donors = bank.donors.known()
        self.visits: Ints | None = None
        if bank.drives is not None:
            self.visits = np.zeros((2, *bank.drives.held.shape), np.int32)
        self.sent: Ints = np.zeros((n_products, len(world.routes), n), np.int32)
        self.shipments: Ints = np.zeros((n_products, len(world.routes), n), np.int32)
        self.cover_sum: Floats = np.zeros((n_products, n_regions, n))
        self.days_below: Ints = np.zeros((4, n_products, n_regions, n), np.int32)
        self.min_cover: Floats = np.full((n_products, n), np.inf)
        self.min_cover_day: Ints = np.zeros((n_products, n), np.int32)
        self.expiry_weight: Longs = np.zeros((n_products, n_regions, n), np.int64)
        self.issued_so_far: Longs = np.zeros((n_products, n_regions, n), np.int64)
        self.further: dict[str, Ints] = {}
        self.orders: Ints | None = None
        if world.orders:
            self.orders = np.zeros((n_products, n_regions, n), np.int32)
        self.fallback_days: Ints = np.zeros(n, np.int32)
        self.stock_days: Longs = np.zeros((n_products, n_regions, n), np.int64)
        self.opening = self.states()
        self.opening_returns = self.away()
        self.opening_weight = self._stock_weight()
        self.daily: dict[str, list[NDArray[np.generic]]] | None = {} if keep_daily else None

    # --- counting -------------------------------------------------------------------------------

    def add(self, flow: str, product: int, pieces: Ints) -> None:
        """Count a flow of a product in all regions."""
        self.flows[FLOWS.index(flow), product] += pieces

    def add_further(self, flow: str, product: int, pieces: Ints) -> None:
        """Count a flow that few worlds have (see `FURTHER`): it takes no room in the others."""
        self.further.setdefault(flow, np.zeros_like(self.flows[0]))[product] += pieces

    def add_order(self, flow: str, product: int, sent: Ints, from_outside: Index) -> None:
        """Count orders (n_regions, 8, R), and what of them enters the world from outside."""
        self.add_further(flow, product, sent)
        entering = np.zeros_like(sent)
        entering[from_outside] = sent[from_outside]
        self.add_further("supplied", product, entering)
        assert self.orders is not None
        self.orders[product] += sent.any(axis=1)

    def add_not_shipped(
        self, product: int, origin: Index, replication: Index, pieces: Ints
    ) -> None:
        """Count pieces (n_rows, 8) that were promised and not there."""
        if pieces.any():
            short = np.zeros_like(self.flows[0, 0])
            np.add.at(short, (origin[:, None], np.arange(8), replication[:, None]), pieces)
            self.add_further("not_shipped", product, short)

    def add_substituted(
        self, product: int, region: Index, replication: Index, by_donor: Ints, by_patient: Ints
    ) -> None:
        """Count pieces (n_rows, 8) issued to another group than their own (part of ``issued``)."""
        self.flows[FLOWS.index("substituted"), product][region, :, replication] += by_donor
        self.served_otherwise[product][region, :, replication] += by_patient

    def add_requests(self, stream: int, pieces: Ints) -> None:
        """Count new requests of a demand stream."""
        self.requested[stream] += pieces

    def add_unmet(self, stream: int, pieces: Ints, held_back: Ints | None = None) -> None:
        """Count requests lost or cancelled for good, and what of them an alert held back."""
        self.unmet[stream] += pieces
        if held_back is not None:
            self.rationed[stream] += np.minimum(pieces, held_back)

    def count_donors(
        self,
        channel: int,
        invited: Ints,
        came: Ints,
        donated: Ints,
        first_time: Ints,
        kinds: Ints | None = None,
    ) -> None:
        """Count donors of a channel; the first three are cumulated over groups (n_regions, 8, R).

        *first_time* (n_regions, R) are first-time donors by the channel's share; *kinds*
        (2, n_regions, R) are first-time and regular donors where a pool knows them.
        """
        for row, counted in enumerate((invited, came, donated)):
            self.donors[row, channel] += counted[:, -1]
        if kinds is not None:
            self.donors[3:, channel] += kinds
        else:
            self.donors[3, channel] += first_time

    def count_team(self, channel: int, donors: Ints) -> None:
        """Count donors on call (n_regions, R), all of them regular, with a channel."""
        self.donors[[0, 1, 2, 4], channel] += donors

    def count_visits(self, source: int, visits: NDArray[np.integer], donors: Ints) -> None:
        """Count drives to a source, and who came to them (R,)."""
        assert self.visits is not None
        self.visits[0, source] += visits
        self.visits[1, source] += donors

    def count_shipments(self, product: int, route: Index, replication: Index, pieces: Ints) -> None:
        """Count shipments (n_rows, n_groups) at their origins."""
        np.add.at(self.sent[product], (route, replication), np.add.reduce(pieces, axis=1))
        np.add.at(self.shipments[product], (route, replication), 1)
        shipped = self.flows[FLOWS.index("shipped"), product]
        groups = np.arange(shipped.shape[1])
        origin = self.world.routes.origin[route]
        np.add.at(shipped, (origin[:, None], groups, replication[:, None]), pieces)
        destination = self.world.routes.destination[route]
        bound_for = self.bound_for[product]
        np.add.at(bound_for, (destination[:, None], groups, replication[:, None]), pieces)

    # --- ages -----------------------------------------------------------------------------------
    # The mean age at issue follows from a balance of expiry days: what was issued is what came in
    # minus what left otherwise and what is still there. No scan of ages is needed in between.

    def add_expiry_weight(self, product: int, pieces: Ints, expiry: int) -> None:
        """Count pieces (n_regions, 8, R) that enter (negative: leave) with one expiry day."""
        total = np.add.reduce(pieces, axis=1, dtype=np.int32)
        self.expiry_weight[product] += total * np.int64(expiry)

    def count_moved(
        self, product: int, ends: tuple[Index, Index], replication: Index, pieces: Ints
    ) -> None:
        """Count an order (n_rows, n_groups) that a region ships: no transfer, no road."""
        shipped = self.flows[FLOWS.index("shipped"), product]
        groups = np.arange(shipped.shape[1])
        np.add.at(shipped, (ends[0][:, None], groups, replication[:, None]), pieces)
        delivered = np.zeros_like(shipped)
        np.add.at(delivered, (ends[0][:, None], groups, replication[:, None]), pieces)
        self.add_further("delivered", product, delivered)
        bound_for = self.bound_for[product]
        np.add.at(bound_for, (ends[1][:, None], groups, replication[:, None]), pieces)

    def move_expiry_weight(
        self,
        product: int,
        ends: tuple[Index, Index],
        replication: Index,
        pieces: Ints,
        taken: Ints,
    ) -> None:
        """Count the expiry days of shipments; they weigh at the destination from the start."""
        # Sum of expiry days = newest x pieces - sum of running counts below the newest.
        newest = self.bank.stocks[product].newest_expiry
        total = np.add.reduce(pieces, axis=1, dtype=np.int64)
        running = np.add.reduce(taken, axis=(1, 2), dtype=np.int64)
        weight = newest * total - (running - total)
        weights = self.expiry_weight[product]
        np.subtract.at(weights, (ends[0], replication), weight)
        np.add.at(weights, (ends[1], replication), weight)

    def add_returned_weight(self, product: int, arriving: Ints, total: Ints, sign: int = 1) -> None:
        """Count the expiry days of what comes back (sign -1: is lost), as running counts."""
        newest = self.bank.stocks[product].newest_expiry
        pieces = np.add.reduce(total, axis=1, dtype=np.int64)
        running = np.add.reduce(arriving, axis=(0, 2), dtype=np.int64)
        self.expiry_weight[product] += sign * (newest * pieces - (running - pieces))

    def _stock_weight(self) -> Longs:
        """Return the sum of expiry days over stock and roads (n_products, n_regions, R)."""
        rows = []
        for index, stock in enumerate(self.bank.stocks):
            # Sum of expiry days = newest x pieces - sum of running counts below the newest.
            running = np.add.reduce(np.maximum(stock.upto, stock.gone), axis=(0, 2), dtype=np.int64)
            gone = np.add.reduce(stock.gone, axis=1, dtype=np.int64) * stock.n_slots
            total = np.add.reduce(stock.on_hand(), axis=1, dtype=np.int64)
            weight = stock.newest_expiry * total - (running - gone - total)
            roads = self.bank.roads[index]
            if roads is not None:
                running = np.add.reduce(roads.arriving, axis=(0, 1, 3), dtype=np.int64)
                total = np.add.reduce(roads.total, axis=(0, 2), dtype=np.int64)
                weight += stock.newest_expiry * total - (running - total)
            rows.append(weight)
        return np.stack(rows)

    def age_issued_days(self) -> Longs:
        """Return the summed age (days) of all pieces issued (n_products, n_regions, R)."""
        weight = self.opening_weight + self.expiry_weight - self._stock_weight()
        life = np.array([product.life_days for product in self.world.products])
        return self.issued_so_far + life[:, None, None] * self._issued_total() - weight

    def _issued_total(self) -> Longs:
        return np.add.reduce(self.flows[FLOWS.index("issued")], axis=2, dtype=np.int64)

    # --- closing --------------------------------------------------------------------------------

    def close(self, day: int) -> None:
        """Close the books of a day."""
        issued = self._issued_total()
        # Sum of issue days = sum over days of day x issued that day; here by running totals.
        self.issued_so_far += day * (issued - getattr(self, "_issued_before", 0))
        self._issued_before = issued
        for number, demand in enumerate(self.world.demands):
            if demand.patience_days:
                self.waiting_days[demand.product] += np.add.reduce(
                    self.bank.waiting[number], axis=(0, 2), dtype=np.int32
                )
        for stock in self.bank.stocks:  # a piece without an age would show here at once
            if not np.array_equal(stock.upto[stock.slot(stock.newest_expiry)], stock.received):
                raise ConservationError(f"pieces have lost their ages on day {day}")
        self._covers(day)
        if self.daily is not None:
            self._record()

    def _covers(self, day: int) -> None:
        """Add the day's covers."""
        for index, product in enumerate(self.world.products):
            on_hand = self.bank.stocks[index].on_hand()
            normal = product.normal_pieces[day]
            safe = np.where(normal > 0, normal, np.inf)
            by_region = np.add.reduce(on_hand, axis=1, dtype=np.int32)
            self.stock_days[index] += by_region
            cover = by_region / safe[:, None]
            asked_for = normal > 0  # cover means nothing where nothing is asked for
            self.cover_sum[index] += np.where(asked_for[:, None], cover, np.nan)
            mean = _ordered_sum(cover) / (int(asked_for.sum()) or 1)
            lower = mean < self.min_cover[index]
            self.min_cover[index][lower] = mean[lower]
            self.min_cover_day[index][lower] = day
            if np.isnan(product.alert_below_days).all():
                continue
            need = safe[:, None] * self.world.group_shares[:, :4]
            per_group = on_hand[:, :4] / np.where(need > 0, need, np.inf)[..., None]
            per_group[need == 0] = np.inf
            lowest = np.minimum.reduce(per_group, axis=1)
            for colour, threshold in enumerate(product.alert_below_days):
                below = lowest < threshold
                self.days_below[colour, index] += below

    def backlog(self) -> list[Ints]:
        """Return what waits, per product (n_regions, 8, R)."""
        bank = self.bank
        backlog = [np.zeros_like(stock.gone) for stock in bank.stocks]
        for number, demand in enumerate(self.world.demands):
            if demand.patience_days:
                backlog[demand.product] += np.add.reduce(
                    bank.waiting[number], axis=0, dtype=np.int32
                )
        return backlog

    def states(self) -> dict[str, Ints]:
        """Return the states of all products (n_products, n_regions, 8, R)."""
        bank = self.bank
        roads = [bank.in_transit(index) for index in range(len(bank.stocks))]
        return {
            "stock": np.stack([stock.on_hand() for stock in bank.stocks]),
            "in_test": np.stack([pipeline.in_test() for pipeline in bank.pipelines]),
            "in_transit": np.stack(roads),
            "backlog": np.stack(self.backlog()),
        }

    def _alerts(self) -> NDArray[np.int8]:
        """Return the worst alert over groups (n_products, n_regions, R), 0 green to 4 red."""
        worst = np.maximum.reduce(self.bank.alert_level, axis=2)
        for index, product in enumerate(self.world.products):
            colours = [0, *(COLOURS.index(rule.colour) + 1 for rule in product.alert_levels)]
            worst[index] = np.array(colours, np.int8)[worst[index]]
        return worst

    def away(self) -> Ints:
        """Return what is at hospitals and will come back (n_products, n_regions, 8, R)."""
        return np.stack(
            [
                returns.in_transit() if returns else np.zeros_like(stock.gone)
                for returns, stock in zip(self.bank.returns, self.bank.stocks, strict=True)
            ]
        )

    def _record(self) -> None:
        assert self.daily is not None
        rows: dict[str, NDArray[np.generic]] = {
            name: np.add.reduce(self.flows[i], axis=2, dtype=np.int32)
            for i, name in enumerate(FLOWS)
        }
        rows |= {
            name: np.add.reduce(state, axis=2, dtype=np.int32)
            for name, state in self.states().items()
        }
        rows |= {
            name: np.add.reduce(pieces, axis=2, dtype=np.int32)
            for name, pieces in self.further.items()
        }
        if self.orders is not None:
            rows["orders"] = self.orders.copy()
        rows["requested"] = np.add.reduce(self.requested, axis=2, dtype=np.int32)
        rows["unmet"] = np.add.reduce(self.unmet, axis=2, dtype=np.int32)
        rows["rationed"] = np.add.reduce(self.rationed, axis=2, dtype=np.int32)
        rows["alert"] = self._alerts()
        for name, row in rows.items():
            self.daily.setdefault(name, []).append(row)

    def flow(self, name: str) -> Ints:
        """Return the running totals of a flow (n_products, n_regions, 8, R)."""
        return self.flows[FLOWS.index(name)]

    def check(self) -> None:
        """Check conservation exactly; `ConservationError` where something does not add up."""
        check_conservation(self)


def _ordered_sum(rows: Floats) -> Floats:
    """Sum over the first axis row by row: the same bits for any number of replications."""
    return np.add.accumulate(rows, axis=0)[-1]
