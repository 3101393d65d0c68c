"""From a plan's flows to shipments that can be sent: whole lots, sizes, stock that is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.planning.lots import whole_lots
from bloodsim.planning.solve import Solved

Ints = NDArray[np.int64]
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Shipment:
    """What leaves along one road in one slot.

    Parameters
    ----------
    product : str
        Product.
    slot : int
        Slot in which it leaves.
    arc : int
        Road, by its place in the network.
    pieces : int array (n_groups,)
        Pieces per group.
    least_life_days : int array (n_groups,)
        Days of life that its oldest unit has left on arrival, at least.
    """

    product: str
    slot: int
    arc: int
    pieces: Ints
    least_life_days: Ints


@dataclass(frozen=True)
class Sendable:
    """Shipments of a product, and what rounding left out.

    Parameters
    ----------
    shipments : tuple of Shipment
        In the order of slots and roads.
    too_small : int
        Shipments left out because they are smaller than the smallest.
    left_out_pieces : float
        Pieces of the plan that are not sent: parts of lots, and shipments too small.
    """

    shipments: tuple[Shipment, ...]
    too_small: int
    left_out_pieces: float


def sendable(solved: Solved) -> Sendable:
    """Cut a plan's flows to whole lots and sizes; those of today also to what may leave."""
    today, network = solved.today, solved.today.network
    flows = solved.plan.transfers
    shipments: list[Shipment] = []
    too_small, left_out = 0, 0.0
    ages = today.state.by_life.copy()
    spare = np.floor(today.state.exportable + 1e-6)
    for slot, arc in zip(*np.nonzero(flows.sum(axis=2) > 1e-6), strict=True):
        origin = int(network.origin[arc])
        most = spare[origin] if slot == 0 else np.full(len(spare[origin]), np.inf)
        wanted = whole_lots(flows[slot, arc], np.maximum(most, 0), today.lot_pieces)
        total = int(wanted.sum())
        if total > today.largest_pieces:
            wanted = wanted * today.largest_pieces // total
            wanted -= wanted % today.lot_pieces
        if 0 < total < max(1, today.smallest_pieces):
            wanted[:] = 0
            too_small += 1
        left_out += float(flows[slot, arc].sum() - wanted.sum())
        if not wanted.any():
            continue
        lead = int(network.lead_days[arc])
        life = np.full(len(wanted), network.min_life_days)
        if slot == 0:
            spare[origin] -= wanted
            life = _sent_today(ages[:, origin], wanted, network.min_life_days + lead) - lead
        shipments.append(Shipment(today.product, int(slot), int(arc), wanted, life))
    return Sendable(tuple(shipments), too_small, left_out)


def _sent_today(ages: Floats, wanted: Ints, least_days: int) -> Ints:
    """Take pieces oldest first from what lives *least_days*; return the life of the oldest taken.

    ``ages`` (life_days, n_groups) is changed.
    """
    oldest = np.full(len(wanted), least_days)
    for group in np.flatnonzero(wanted).tolist():
        left, first = float(wanted[group]), True
        for index in range(least_days - 1, len(ages)):
            taken = min(left, float(ages[index, group]))
            if taken >= 0.5 and first:  # half a piece on average is none in most worlds
                oldest[group], first = index + 1, False
            ages[index, group] -= taken
            left -= taken
            if left <= 1e-9:
                break
    return oldest
