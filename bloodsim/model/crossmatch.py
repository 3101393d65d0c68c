"""Cross-match and return: units issued beyond need, back on the shelf days later at their age."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.bank import Bank
from bloodsim.model.demand_world import DemandStream
from bloodsim.model.ledger import Ledger

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


def extra_pieces(issued: Ints, extra_share: float, uniform: Floats) -> Ints:
    """Return the pieces that go beyond need (n_regions, 8, R) with *issued*.

    The share is rounded on counts cumulated over the groups by a uniform (n_regions, R) that was
    drawn ahead, so that each group is unbiased and the total within one piece.
    """
    cumulated = np.cumsum(issued, axis=1, dtype=np.int32) * extra_share
    cumulated += uniform[:, None]
    upto = cumulated.astype(np.int32)
    extra = upto.copy()
    extra[:, 1:] -= upto[:, :-1]
    return extra


def issue_beyond_need(
    bank: Bank, ledger: Ledger, demand: DemandStream, day: int, extra: Ints, floor: Ints
) -> None:
    """Send *extra* pieces to hospitals, the oldest above the running counts *floor*.

    Both are (n_regions, 8, R); they come back after the stream's return_days.
    """
    region, replication = np.nonzero(extra.any(axis=1))
    if len(region) == 0:
        return
    stock, returns = bank.stocks[demand.product], bank.returns[demand.product]
    assert returns is not None
    pieces = extra[region, :, replication]
    taken = stock.take((region, replication), pieces, floor[region, :, replication])
    slot = (day + demand.return_days) % len(returns.total)
    returns.arriving[slot][:, region, :, replication] += taken
    returns.total[slot] += extra
    ledger.add("issued", demand.product, extra)
    ledger.add("crossmatched", demand.product, extra)


def take_back(bank: Bank, ledger: Ledger, day: int, expired_by: int) -> None:
    """Put on the shelf what comes back today; what expires by *expired_by* is outdated."""
    for index, returns in enumerate(bank.returns):
        if returns is None:
            continue
        slot = day % len(returns.total)
        total, arriving = returns.total[slot], returns.arriving[slot]
        if not total.any():
            continue
        stock = bank.stocks[index]
        # Running counts of later days include all that expired: this one stands for all of it.
        expired = arriving[stock.slot(expired_by)].copy()
        ledger.add("returned", index, total)
        ledger.add("outdated", index, expired)
        arriving -= expired
        np.maximum(arriving, 0, out=arriving)
        total -= expired
        stock.merge(arriving, total)
        ledger.add_returned_weight(index, arriving, total)
        arriving[:] = 0
        total[:] = 0
