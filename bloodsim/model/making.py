"""Products made from stock: units of one leave the shelf, units of another enter test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.carry import Carry
from bloodsim.seasons import WEEKDAYS, Calendar

if TYPE_CHECKING:
    from bloodsim.model.bank import Bank
    from bloodsim.model.ledger import Ledger
    from bloodsim.model.world import World
    from bloodsim.scenario import Derivation, Scenario

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


@dataclass(frozen=True)
class DerivationWorld:
    """One way of making a product.

    Parameters
    ----------
    used, product : int
        Products taken from the shelf, and made.
    made_pieces, used_pieces : int
        So many pieces are made of so many used.
    rule : Derivation
        When, and how much.
    works : bool array (n_days, n_regions)
        Where and when it is made.
    """

    used: int
    product: int
    made_pieces: int
    used_pieces: int
    rule: Derivation
    works: NDArray[np.bool_]


@dataclass
class MakingState:
    """What one derivation carries from day to day, (n_regions, n_groups, R).

    ``taken`` and ``made`` are pieces since the start, ``rest`` what is too little for a piece yet
    (in parts of a piece), so that taken x made_pieces = made x used_pieces + rest, exactly.
    """

    taken: Longs
    made: Longs
    rest: Longs
    share: Carry

    @classmethod
    def opening(cls, shape: tuple[int, int, int]) -> MakingState:
        """Return the state in which nothing has been made yet."""
        taken, made, rest = (np.zeros(shape, np.int64) for _ in range(3))
        return cls(taken, made, rest, Carry.of(shape))

    def make(self, item: DerivationWorld, pieces: Ints) -> Ints:
        """Use up *pieces*; return the whole pieces made."""
        made, rest = np.divmod(self.rest + pieces * np.int64(item.made_pieces), item.used_pieces)
        self.taken += pieces
        self.made += made
        self.rest = rest
        return made.astype(np.int32)

    def copy(self) -> MakingState:
        """Return an independent copy."""
        return MakingState(self.taken.copy(), self.made.copy(), self.rest.copy(), self.share.copy())


def compile_derivations(
    scenario: Scenario, dates: Sequence[date], calendar: Calendar
) -> tuple[DerivationWorld, ...]:
    """Return the derivations of a scenario, in the order of the file."""
    names, products = list(scenario.products), scenario.products
    found = []
    for rule in scenario.derivations:
        ratio = Fraction(rule.units_per_unit).limit_denominator(1000)
        ratio *= Fraction(products[rule.product].pieces_per_unit, products[rule.of].pieces_per_unit)
        open_days = np.array(
            [
                WEEKDAYS[day.weekday()] in rule.weekdays
                and (rule.on_holidays or calendar.holiday_on(day) is None)
                for day in dates
            ]
        )
        here = np.array([not rule.regions or name in rule.regions for name in scenario.regions])
        found.append(
            DerivationWorld(
                used=names.index(rule.of),
                product=names.index(rule.product),
                made_pieces=ratio.numerator,
                used_pieces=ratio.denominator,
                rule=rule,
                works=open_days[:, None] & here,
            )
        )
    return tuple(found)


class Making:
    """The day's making of products from stock."""

    def __init__(self, world: World, bank: Bank, ledger: Ledger) -> None:
        self.world, self.bank, self.ledger = world, bank, ledger

    def work(self, day: int) -> None:
        """Make what is due today, rule by rule: the oldest units are used."""
        for item, state in zip(self.world.derivations, self.bank.making, strict=True):
            if not item.works[day].any():
                continue
            pieces = self._to_use(item, state, day) * item.works[day][:, None, None]
            stock = self.bank.stocks[item.used]
            running = stock.withdraw(pieces, stock.gone)
            self.ledger.add_further("processed", item.used, pieces)
            self.ledger.add_returned_weight(item.used, running, pieces, -1)
            made = state.make(item, pieces)
            delay = self.world.products[item.product].test_delay_days
            self.bank.pipelines[item.product].good[(day + delay) % (delay + 1)] += made
            self.ledger.add_further("made", item.product, made)

    def _to_use(self, item: DerivationWorld, state: MakingState, day: int) -> Ints:
        """Return pieces to use up (n_regions, n_groups, R), never more than are free."""
        free = self._free(item, day)
        if item.rule.share_per_day is not None:
            return state.share.take(free, item.rule.share_per_day * item.works[day][:, None, None])
        target = self._target(item, day)[..., None]
        position = self.bank.position(item.product) - self.bank.backlog(self.world, item.product)
        short = np.maximum(target - position, 0).astype(np.int64) * item.used_pieces - state.rest
        needed = np.maximum(-(-short // item.made_pieces), 0)
        return np.minimum(needed, free).astype(np.int32)

    def _free(self, item: DerivationWorld, day: int) -> Ints:
        """Return pieces above the emergency reserve and what is left alone."""
        product = self.world.products[item.used]
        normal = product.normal_pieces[day][:, None] * self.world.group_shares
        kept = np.maximum(np.ceil(item.rule.keep_days * normal), product.kept_pieces)
        free = self.bank.stocks[item.used].on_hand() - kept.astype(np.int32)[..., None]
        return np.maximum(free, 0)

    def _target(self, item: DerivationWorld, day: int) -> Ints:
        """Return the position (n_regions, n_groups) to fill up to, in pieces."""
        product, shares = self.world.products[item.product], self.world.group_shares
        if item.rule.up_to_units is None:
            daily = product.normal_pieces[day][:, None] * shares
            return np.ceil((item.rule.up_to_cover_days or 0.0) * daily).astype(np.int32)
        upto = np.cumsum(shares, axis=1) * item.rule.up_to_units * product.pieces_per_unit
        whole = np.floor(upto + 0.5)
        return np.diff(whole, axis=1, prepend=0).astype(np.int32)
