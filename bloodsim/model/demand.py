"""Demand: requests by urgency, served own group first, then by substitution; the rest waits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.alerts import Alerts
from bloodsim.model.bank import Bank
from bloodsim.model.crossmatch import extra_pieces, issue_beyond_need
from bloodsim.model.demand_world import DemandStream
from bloodsim.model.ledger import Ledger
from bloodsim.model.luck import Chunk
from bloodsim.model.world import World

Ints = NDArray[np.int32]


class Requests:
    """The requests of the day and how they are served."""

    def __init__(self, world: World, bank: Bank, ledger: Ledger, alerts: Alerts) -> None:
        self.world, self.bank, self.ledger, self.alerts = world, bank, ledger, alerts
        self._uniform: NDArray[np.float64]
        self._held: dict[int, Ints] = {}
        self.open: list[Ints] = []
        self.inaccessible: dict[int, Ints] = {}
        self.chunk: Chunk
        self._spread: dict[int, list[Ints]] = {}
        hours = world.scenario.run.phase_hours
        self._emergency_moments = len(hours.emergency)
        self._several_moments = len(hours.routine) > 1
        self._kept_back: dict[tuple[int, int], Ints | None] = {}

    def arrive(self, chunk: Chunk, day: int) -> None:
        """Take up the day's new requests: routine ones at once, emergencies spread over the day."""
        index = day - chunk.first_day
        self.chunk = chunk
        self.inaccessible = {}
        self.open = []
        self._uniform = chunk.slot_uniform[index][:, :, None]
        self._held = {}
        self._kept_back = {}
        for number, demand in enumerate(self.world.demands):
            requested = chunk.requested[index, number]
            self.ledger.add_requests(number, requested)
            if demand.urgency == "emergency":
                uniform = chunk.slot_uniform[index, demand.product][:, None]
                self._spread[number] = _spread(requested, uniform, self._emergency_moments)
                self.open.append(np.zeros_like(requested))
            else:
                self.open.append(requested.copy())

    def set_aside(self) -> None:
        """Keep back the part of each stock that requests do not reach today."""
        for index, product in enumerate(self.world.products):
            if product.accessible_share < 1:
                on_hand = self.bank.stocks[index].on_hand()
                reached = np.floor(on_hand * product.accessible_share).astype(np.int32)
                self.inaccessible[index] = on_hand - reached

    def serve_emergencies(self, day: int, moment: int) -> None:
        """Serve the emergencies of one moment of the day."""
        for number, demand in enumerate(self.world.demands):
            if demand.urgency == "emergency":
                self.open[number] += self._spread[number][moment]
                self._serve(number, demand, day)

    def serve_routine(self, day: int) -> None:
        """Serve urgent, then elective requests."""
        for number, demand in enumerate(self.world.demands):
            if demand.urgency != "emergency":
                self._serve(number, demand, day)

    def close(self) -> None:
        """Age what waits by a day; what has no patience left is lost (cancelled if elective)."""
        for number, demand in enumerate(self.world.demands):
            waiting, unmet = self.bank.waiting[number], self.open[number]
            given_up = unmet if demand.patience_days == 0 else waiting[-1]
            self.ledger.add_unmet(number, given_up, self._held.get(number))
            if demand.patience_days == 0:
                continue
            if waiting.any():
                waiting[1:] = waiting[:-1].copy()
            waiting[0] = unmet

    def _serve(self, number: int, demand: DemandStream, day: int) -> None:
        """Serve who waits, the longest waiting first, then who is new."""
        waiting, to_patients = self.bank.waiting[number], None
        if waiting.any():
            if any(demand.substitutes) or self._several_moments:
                to_patients = self._serve_turn_by_turn(number, demand, day)
            else:
                to_patients = self._serve_own_group(number, demand, day)
        held, issued = self._serve_some(number, 0, day, self.open[number])
        if held is not None and demand.patience_days == 0:
            self._held[number] = held
        if demand.extra_share:
            to_patients = issued if to_patients is None else to_patients + issued
            self._issue_beyond_need(demand, day, to_patients)

    def _serve_turn_by_turn(self, number: int, demand: DemandStream, day: int) -> Ints | None:
        """Serve who waits in place, each day's requests in turn; return what was issued."""
        waiting, to_patients = self.bank.waiting[number], None
        for waited in range(demand.patience_days - 1, -1, -1):
            if waiting[waited].any():
                held, issued = self._serve_some(number, waited + 1, day, waiting[waited])
                to_patients = issued if to_patients is None else to_patients + issued
                if held is not None and waited == demand.patience_days - 1:
                    self._held[number] = held
        return to_patients

    def _serve_own_group(self, number: int, demand: DemandStream, day: int) -> Ints:
        """Do as `_serve_turn_by_turn` where only the own group serves: all turns at once."""
        older = self._older(demand, day)
        available = self._available(demand, day, older)
        waiting = self.bank.waiting[number]
        # Few cells have anyone who waits: work on those alone, by days waited.
        cells = np.flatnonzero(np.add.reduce(waiting, axis=0, dtype=np.int32))
        rows = waiting.reshape(len(waiting), -1)
        wanted = rows[:, cells]
        uniform = self._uniform[demand.product]
        held = self.alerts.held_back(demand.product, demand.urgency, wanted, uniform, cells)
        asked = wanted if held is None else wanted - held
        upto = np.cumsum(asked[::-1], axis=0, dtype=np.int32)
        np.minimum(upto, available.reshape(-1)[cells], out=upto)
        served = upto.copy()
        served[1:] -= upto[:-1]
        rows[:, cells] = wanted - served[::-1]
        issued = np.zeros_like(available)
        issued.reshape(-1)[cells] = upto[-1]
        if held is not None:
            self._held[number] = np.zeros_like(available)
            self._held[number].reshape(-1)[cells] = held[-1]
        self._take(demand, day, issued, older)
        return issued

    def _serve_some(
        self, number: int, waited: int, day: int, wanted: Ints
    ) -> tuple[Ints | None, Ints]:
        """Serve *wanted* in place; return what an alert held back of it, and what was issued.

        *waited* are the days that it has waited so far.
        """
        demand = self.world.demands[number]
        held = self._keep_back(number, waited, wanted)
        if held is None:
            return None, self._issue(demand, day, wanted)
        wanted -= held
        issued = self._issue(demand, day, wanted)
        wanted += held
        return held, issued

    def _keep_back(self, number: int, waited: int, wanted: Ints) -> Ints | None:
        """Return what an alert holds back of *wanted*: a cut is of the day, not of each moment."""
        key = number, waited
        if key in self._kept_back:
            return self._kept_back[key]
        demand = self.world.demands[number]
        uniform = self._uniform[demand.product]
        held = self.alerts.held_back(demand.product, demand.urgency, wanted, uniform)
        if self._several_moments:
            self._kept_back[key] = held
        return held

    def _issue(self, demand: DemandStream, day: int, wanted: Ints) -> Ints:
        """Issue to *wanted* in place, from what stands above the class's reserve; return it."""
        older = self._older(demand, day)
        available = self._available(demand, day, older)
        issued = np.minimum(wanted, available)
        wanted -= issued
        if any(demand.substitutes) and wanted.any():
            available -= issued
            self._substitute(demand, wanted, available, issued)
        self._take(demand, day, issued, older)
        return issued

    def _take(self, demand: DemandStream, day: int, issued: Ints, older: Ints | None) -> None:
        """Take what is issued out of stock, in the product's order of ages."""
        stock, product = self.bank.stocks[demand.product], self.world.products[demand.product]
        if product.youngest_first:
            stock.issue_youngest(issued)
        elif product.issue_threshold_days and older is None:
            stock.issue_threshold(issued, day, product.issue_threshold_days)
        elif older is not None:
            stock.issue_oldest_above(issued, older, day, demand.younger_than_days)
        else:
            stock.issue_oldest(issued)
        self.ledger.add("issued", demand.product, issued)

    def _older(self, demand: DemandStream, day: int) -> Ints | None:
        """Return the running counts above which units are young enough; None where all are."""
        if demand.fresh_share is None:
            return None
        return self.bank.stocks[demand.product].older(day, demand.younger_than_days)

    def _available(self, demand: DemandStream, day: int, older: Ints | None) -> Ints:
        """Return the pieces that a stream may be served from (n_regions, 8, R)."""
        stock = self.bank.stocks[demand.product]
        available = stock.received - stock.gone
        if demand.reserve_pieces[day].any():
            available -= demand.reserve_pieces[day][..., None]
            np.maximum(available, 0, out=available)
        if demand.product in self.inaccessible:
            reached = stock.received - stock.gone - self.inaccessible[demand.product]
            np.minimum(available, np.maximum(reached, 0), out=available)
        if older is not None:
            np.minimum(available, stock.received - older, out=available)
        return available

    def _issue_beyond_need(self, demand: DemandStream, day: int, issued: Ints) -> None:
        """Send the units of cross-matches that patients will not need; they leave in turn."""
        uniform = self.chunk.extra_uniform
        assert uniform is not None
        stock, older = self.bank.stocks[demand.product], self._older(demand, day)
        extra = extra_pieces(
            issued, demand.extra_share, uniform[day - self.chunk.first_day, demand.product]
        )
        np.minimum(extra, self._available(demand, day, older), out=extra)
        if self.world.products[demand.product].youngest_first:
            floor = stock.received - extra
        else:
            floor = stock.gone if older is None else older
        issue_beyond_need(self.bank, self.ledger, demand, day, extra, floor)

    def _substitute(
        self, demand: DemandStream, wanted: Ints, available: Ints, issued: Ints
    ) -> None:
        """Serve what is left of each patient group from other groups, in order of preference."""
        # Few regions of few replications fall short: work on those rows alone.
        region, replication = np.nonzero(wanted.any(axis=1))
        short, spare = wanted[region, :, replication], available[region, :, replication]
        given_by, asked = np.zeros_like(short), short.copy()
        for patient in np.flatnonzero(np.logical_or.reduce(asked, axis=0)).tolist():
            for donor in demand.substitutes[patient]:
                given = np.minimum(short[:, patient], spare[:, donor])
                short[:, patient] -= given
                spare[:, donor] -= given
                given_by[:, donor] += given
        wanted[region, :, replication] = short
        issued[region, :, replication] += given_by
        self.ledger.add_substituted(demand.product, region, replication, given_by, asked - short)


def _spread(requested: Ints, uniform: NDArray[np.float64], moments: int) -> list[Ints]:
    """Split a day's requests over its moments: equal shares, rounded without bias."""
    parts, before = [], np.zeros_like(requested)
    for moment in range(1, moments):
        upto = (requested * (moment / moments) + uniform).astype(np.int32)
        parts.append(upto - before)
        before = upto
    parts.append(requested - before)
    return parts
