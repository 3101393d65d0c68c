"""The balances that hold exactly on every run: pieces, requests, ages and donors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bloodsim.model.ledger import Ledger

_CHECKED = (
    "collected",
    "discarded",
    "released",
    "received",
    "issued",
    "substituted",
    "crossmatched",
    "returned",
    "shipped",
    "outdated",
)


class ConservationError(AssertionError):
    """Pieces or requests appeared or vanished: a defect of the model, never of the input."""


def check_conservation(ledger: Ledger) -> None:
    """Check conservation of pieces and of requests, exactly.

    Raises
    ------
    ConservationError
        Naming the identity, product and region that do not add up.
    """
    opening, closing = ledger.opening, ledger.states()
    flow = {name: ledger.flow(name) for name in _CHECKED}
    stock = opening["stock"] + flow["released"] + flow["received"] + flow["returned"]
    stock = stock - flow["issued"] - flow["shipped"] - flow["outdated"]
    for name in ("recalled", "processed"):
        if name in ledger.further:
            stock = stock - ledger.further[name]
    _same("stock", stock, closing["stock"])
    tested = opening["in_test"] + flow["collected"] - flow["released"] - flow["discarded"]
    if "made" in ledger.further:
        tested = tested + ledger.further["made"]
    _same("in test", tested, closing["in_test"])
    for item, making in zip(ledger.world.derivations, ledger.bank.making, strict=True):
        made = making.made * item.used_pieces + making.rest
        _same("what is made from stock", making.taken * item.made_pieces, made)
    road = opening["in_transit"] + ledger.bound_for - flow["received"]
    if "supplied" in ledger.further:
        road = road + ledger.further["supplied"]
    if "lost_in_transit" in ledger.further:
        road = road - ledger.further["lost_in_transit"]
    _same("in transit", road, closing["in_transit"])
    _same("sent", flow["shipped"].sum(axis=1), ledger.bound_for.sum(axis=1))
    away = ledger.opening_returns + flow["crossmatched"] - flow["returned"]
    _same("units issued beyond need", away, ledger.away())
    _check_ages(ledger)
    for name, state in closing.items():
        if state.min(initial=0) < 0:
            raise ConservationError(f"{name} is negative")
    for before, after in zip(ledger.opening_donors, ledger.bank.donors.known(), strict=True):
        _same("donors", before, after)
    if not ledger.bank.donors.is_sound():
        raise ConservationError("donors are negative")
    for index in range(len(ledger.world.products)):
        streams = [n for n, d in enumerate(ledger.world.demands) if d.product == index]
        requested = opening["backlog"][index] + ledger.requested[streams].sum(axis=0)
        rest = requested - ledger.unmet[streams].sum(axis=0) - closing["backlog"][index]
        own_group = flow["issued"][index] - flow["substituted"][index]
        own_group = own_group - flow["crossmatched"][index]
        _same("requests", rest, own_group + ledger.served_otherwise[index])


def _check_ages(ledger: Ledger) -> None:
    """Check that every piece on hand has an age, and none is past its last day of issue."""
    for stock in ledger.bank.stocks:
        upto = np.maximum(np.maximum.reduce(stock.upto, axis=0), stock.gone)
        _same("ages", upto - stock.gone, stock.on_hand())


def _same(what: str, expected: NDArray[np.generic], found: NDArray[np.generic]) -> None:
    if not np.array_equal(expected, found):
        where = [int(axis[0]) for axis in np.nonzero(expected != found)]
        raise ConservationError(f"{what} is not conserved, first at index {where}")
