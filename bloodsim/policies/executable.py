"""From wished pieces to shipments that can leave: whole lots, sizes, and what origins have."""

from __future__ import annotations

import numpy as np

from bloodsim.decision import IntArray, Shipments, Snapshot

Rows = tuple[IntArray, IntArray, IntArray]
"""Routes, replications and wished pieces (n_rows, n_groups)."""

WORTH_A_SHIPMENT = 0.3
"""Share of the smallest shipment from which on a wish is raised to it: a small region that needs
less at a time than a lorry carries would else never be sent anything."""


def executable(snapshot: Snapshot, product: str, rows: list[Rows]) -> Shipments:
    """Cut wishes down to shipments that the simulator carries out as they are.

    Rows are served in their order; what an origin has sent is gone for the next.
    """
    if not rows or not sum(len(route) for route, _, _ in rows):
        nothing = np.zeros(0, dtype=np.intp)
        return Shipments(product, nothing, nothing, np.zeros((0, len(snapshot.groups)), np.int32))
    route, replication, pieces = (np.concatenate(column) for column in zip(*rows, strict=True))
    table, lot = snapshot.routes, snapshot.routes.lot_pieces[product]
    least = max(1, table.smallest_pieces[product])
    room = snapshot.room(product, route, replication)
    room = np.minimum(room, table.largest_pieces[product]).tolist()
    able = snapshot.shippable(product, route, replication)
    sent: dict[tuple[int, int], IntArray] = {}
    origin = table.origin[route]
    for row in range(len(route)):
        key = int(origin[row]), int(replication[row])
        spare = np.maximum(able[row] - sent.get(key, 0), 0) // lot * lot
        cut = np.minimum(pieces[row] // lot * lot, spare)
        total = int(cut.sum())
        if WORTH_A_SHIPMENT * least <= total < least:
            cut = np.minimum(-(-cut * least // total // lot) * lot, spare)
            total = int(cut.sum())
        if total < least:
            cut = np.zeros_like(cut)
        elif total > room[row]:
            cut = cut * room[row] // total // lot * lot
            if int(cut.sum()) < least:
                cut = np.zeros_like(cut)
        sent[key] = sent.get(key, 0) + cut
        pieces[row] = cut
    going = pieces.any(axis=1)
    return Shipments(product, route[going], replication[going], pieces[going].astype(np.int32))
