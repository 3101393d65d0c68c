"""The cumulative stock against a plain list of units, operation by operation."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bloodsim.model.bank import Roads
from bloodsim.model.crossmatch import issue_beyond_need, take_back
from bloodsim.model.ledger import Ledger
from bloodsim.model.stock import Stock

REGIONS, GROUPS, WORLDS = 2, 2, 3
SHAPE = (REGIONS, GROUPS, WORLDS)


class Books:
    """A ledger that adds up what it is told."""

    add_returned_weight = Ledger.add_returned_weight

    def __init__(self, bank):
        self.bank, self.flows = bank, {}
        self.expiry_weight = np.zeros((1, REGIONS, WORLDS), np.int64)

    def add(self, flow, product, pieces):
        self.flows[flow] = self.flows.get(flow, 0) + int(pieces.sum())


class ListsOfUnits(RuleBasedStateMachine):
    """Every unit is an entry (its expiry day) in a sorted list per region, group and world."""

    @initialize(life=st.integers(1, 7), delay=st.integers(0, 3))
    def begin(self, life, delay):
        self.life, self.delay = life, min(delay, life - 1)
        self.stock = Stock(life, SHAPE)
        self.units = {cell: [] for cell in np.ndindex(*SHAPE)}
        self.day = 0
        self.road = []  # (arrival day, expiry list per cell)
        self.arriving = np.zeros((4, *self.stock.upto.shape), np.int32)
        self.total = np.zeros((4, *SHAPE), np.int32)
        self.returns = Roads.empty(5, self.stock)
        self.bank = SimpleNamespace(stocks=[self.stock], returns=[self.returns])
        self.lent = []  # (day of return, cell, expiry list)
        self.open()

    def open(self):
        expiry = self.day - self.delay + self.life
        self.stock.open_day(expiry)
        self.arriving[:, self.stock.slot(expiry)] = self.total
        self.returns.arriving[:, self.stock.slot(expiry)] = self.returns.total
        self.newest = expiry

    def counts(self, data, most):
        return np.array(
            [data.draw(st.integers(0, int(m))) for m in np.ravel(most)], dtype=np.int32
        ).reshape(SHAPE)

    @rule(data=st.data())
    def receive(self, data):
        pieces = self.counts(data, np.full(SHAPE, 5))
        self.stock.receive(pieces)
        for cell in self.units:
            self.units[cell] += [self.newest] * pieces[cell]

    @rule(data=st.data(), youngest=st.booleans())
    def issue(self, data, youngest):
        pieces = self.counts(data, self.stock.on_hand())
        (self.stock.issue_youngest if youngest else self.stock.issue_oldest)(pieces)
        for cell, units in self.units.items():
            count = pieces[cell]
            self.units[cell] = units[: len(units) - count] if youngest else units[count:]

    @rule(data=st.data(), younger_than=st.integers(1, 9))
    def issue_young(self, data, younger_than):
        older = self.stock.older(self.day, younger_than)
        able = self.stock.received - older
        pieces = self.counts(data, able)
        for cell, units in self.units.items():
            young = [e for e in units if self.day - (e - self.life) < younger_than]
            assert able[cell] == len(young)
            for expiry in young[: pieces[cell]]:
                units.remove(expiry)
        self.stock.issue_oldest_above(pieces, older, self.day, younger_than)

    @rule(data=st.data(), days=st.integers(1, 5), youngest=st.booleans())
    def lend(self, data, days, youngest):
        pieces = self.counts(data, self.stock.on_hand())
        floor = self.stock.received - pieces if youngest else self.stock.gone.copy()
        demand = SimpleNamespace(product=0, return_days=days)
        issue_beyond_need(self.bank, Books(self.bank), demand, self.day, pieces, floor)
        for cell, units in self.units.items():
            count = pieces[cell]
            gone = units[len(units) - count :] if youngest else units[:count]
            self.units[cell] = units[: len(units) - count] if youngest else units[count:]
            self.lent.append((self.day + days, cell, gone))

    def get_back(self):
        books = Books(self.bank)
        take_back(self.bank, books, self.day, self.day)
        back = [entry for entry in self.lent if entry[0] == self.day]
        self.lent = [entry for entry in self.lent if entry[0] != self.day]
        outdated = 0
        for _, cell, units in back:
            good = [e for e in units if e > self.day]
            outdated += len(units) - len(good)
            self.units[cell] = sorted(self.units[cell] + good)
        assert books.flows.get("returned", 0) == sum(len(units) for _, _, units in back)
        assert books.flows.get("outdated", 0) == outdated
        assert books.expiry_weight.sum() == sum(
            e for _, _, units in back for e in units if e > self.day
        )

    @rule(data=st.data(), lead=st.integers(0, 2), min_life=st.integers(1, 3))
    def ship(self, data, lead, min_life):
        origin, world = (
            data.draw(st.integers(0, REGIONS - 1)),
            data.draw(st.integers(0, WORLDS - 1)),
        )
        cells = (np.array([origin]), np.array([world]))
        floor = self.stock.floor(cells, self.day, np.array([self.day + lead + min_life - 1]))
        able = (self.stock.received[origin, :, world] - floor)[0]
        for group in range(GROUPS):
            fit = [e for e in self.units[origin, group, world] if e >= self.day + lead + min_life]
            assert able[group] == len(fit)
        pieces = np.array([[data.draw(st.integers(0, int(a))) for a in able]], dtype=np.int32)
        taken = self.stock.take(cells, pieces, floor)
        slot = (self.day + lead) % 4
        self.arriving[slot, :, 1 - origin, :, world] += taken[0]
        self.total[slot, 1 - origin, :, world] += pieces[0]
        for group in range(GROUPS):
            units = self.units[origin, group, world]
            fit = [e for e in units if e >= self.day + lead + min_life][: pieces[0, group]]
            for expiry in fit:
                units.remove(expiry)
            self.road.append((self.day + lead, (1 - origin, group, world), fit))
        if lead == 0:
            self.arrive()

    def arrive(self):
        slot = self.day % 4
        self.stock.merge(self.arriving[slot], self.total[slot])
        self.arriving[slot] = 0
        self.total[slot] = 0
        for due, cell, fit in self.road:
            if due == self.day:
                self.units[cell] = sorted(self.units[cell] + fit)
        self.road = [entry for entry in self.road if entry[0] != self.day]

    @rule()
    def next_day(self):
        self.day += 1
        outdated = self.stock.expire(self.day)
        for cell, units in self.units.items():
            assert outdated[cell] == sum(e <= self.day for e in units)
            self.units[cell] = [e for e in units if e > self.day]
        self.open()
        self.get_back()
        self.arrive()

    @invariant()
    def the_same_units_are_there(self):
        first, last = self.day + 1, self.newest
        if last < first:
            return
        profile = self.stock.by_expiry(first, last)
        for cell, units in self.units.items():
            assert self.stock.on_hand()[cell] == len(units)
            expected = [sum(e == day for e in units) for day in range(first, last + 1)]
            assert profile[(slice(None), *cell)].tolist() == expected

    @invariant()
    def slots_of_past_days_hold_nothing(self):
        for expiry in range(self.newest - self.life, self.day + 1):
            assert (self.stock.upto[self.stock.slot(expiry)] <= self.stock.gone).all()


TestListsOfUnits = ListsOfUnits.TestCase
TestListsOfUnits.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
