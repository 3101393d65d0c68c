r"""What no policy can beat: the cheapest transfers, and collection, with all of the future known.

One linear program per replication and product, on the releases and requests that really came.
It drops rationing, reserves, lots, floors, approval and lead times, and prices the ways no dearer
than they are. Where there are many regions it pools the groups of one RhD sign and lets a slot's
units serve requests of any day of that slot (a week, or half the life of the product); all pay the
one cost, what the end falls short of its target included:

.. math:: I_k = I_{k-1} + c_k + \textstyle\sum y_{in} - \sum y_{out} - \sum u - w, \qquad
          \textstyle\sum_{j \le k} F_j \ge (\text{what surely expired by } k)

Every trajectory that the simulator can produce is feasible in it at no more than its own cost, so
its value is at most the cost of every policy on the same collection.

Tried to raise it (two worlds of `transfers-2026`, study `tight`): slots of three days in place of
seven add nothing, groups told apart add 5 to 40 points of some 850,000 and take 30 times as long.
What it lies below policies by is reserves, alerts and rationing, which hold back or cancel by steps
of stock: convex rows that every such trajectory keeps to say little, and are left out. See
`foresight: perfect` for an estimate with them.

`bound_joint` frees collection as well: what enters stock is a variable between 0 and what the luck
of the replication lets a day give at most (`hindsight.Attainable`, proved in `model.attainable`),

.. math:: c_k = r_k + x_k, \qquad 0 \le x_k \le X_k,

r what was given before the first day. Requests, opening stock and r are the same for all variants.
A trajectory's own releases are an x within X; its donations cost at least `price` per piece less
`rounding`; team-days are left out, and cost 0 or more. So it is feasible at no more than its own
cost, whole. Groups of a day come apart, donor pools never tire, and the visits of a year are not
counted: what is dropped makes the bound lower, never wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from bloodsim.cost import coefficients, terminal_price, terminal_target_units
from bloodsim.decision import RouteTable
from bloodsim.hindsight import Attainable, Hindsight
from bloodsim.optimize.program import Program, ProgramBuilder
from bloodsim.optimize.solver import Solver

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

_ROADS_PER_REGION = 5
_FEW_REGIONS = 6
"""Up to so many regions the bound is sharp: groups are told apart, and days taken one by one."""
_SLOT_DAYS = 7


_Stream = tuple[int, str, int, list[tuple[int, int]]]


@dataclass(frozen=True)
class _Ways:
    """A sparse set of roads over which no journey is dearer than over all roads."""

    origin: Index
    destination: Index
    price: Floats


def bound_transfers(hindsight: Hindsight, slot_days: int | None = None) -> Floats:
    """Return a lower bound of the transfer-dependent cost (R,), in points.

    Donations and team-days, which transfers do not change, are not in it.

    Parameters
    ----------
    hindsight : Hindsight
        What really happened.
    slot_days : int, optional
        Days that are taken together; fewer give a tighter bound and take longer. Default: a day
        for few regions, else a week, or half the life of the product.
    """
    total = np.zeros(hindsight.released.shape[-1])
    for product in range(len(hindsight.products)):
        days = slot_days or _slot_days(hindsight, product)
        total = total + _of_product(hindsight, product, days)
    return total


def bound_joint(
    hindsight: Hindsight, attainable: Attainable, slot_days: int | None = None
) -> Floats:
    """Return a lower bound of the whole cost (R,) of any collection with any transfers, in points.

    Parameters
    ----------
    hindsight : Hindsight
        What really happened under any variant.
    attainable : Attainable
        What collection could have given at most.
    slot_days : int, optional
        As for `bound_transfers`.
    """
    given = np.where(attainable.fixed[:, :, None, None, None], hindsight.released, 0)
    frozen = replace(hindsight, released=given)
    total = -attainable.rounding
    for product in range(len(hindsight.products)):
        days = slot_days or _slot_days(hindsight, product)
        total = total + _of_product(frozen, product, days, attainable)
    return np.asarray(total)


def _slot_days(hindsight: Hindsight, product: int) -> int:
    if hindsight.normal.shape[1] <= _FEW_REGIONS:
        return 1
    return max(1, min(_SLOT_DAYS, hindsight.life_days[product] // 2))


def _pool_of(hindsight: Hindsight) -> Index:
    """Return the pool of every group."""
    groups = np.arange(hindsight.released.shape[3])
    return groups if hindsight.normal.shape[1] <= _FEW_REGIONS else groups // 4


def _pooled(pieces: Floats | Index, pool: Index) -> Floats:
    """Sum the last axis, of groups, over the pools."""
    starts = np.flatnonzero(np.diff(pool, prepend=-1))
    return np.add.reduceat(pieces.astype(float), starts, axis=-1)


def _of_product(
    hindsight: Hindsight, product: int, slot_days: int, attainable: Attainable | None = None
) -> Floats:
    n_days = len(hindsight.released)
    ends = np.append(np.arange(slot_days - 1, n_days - 1, slot_days), n_days - 1)
    frame = _frame(hindsight, product, ends, attainable)
    solver = Solver(frame)
    values = []
    for replication in range(hindsight.released.shape[-1]):
        sides = _sides(hindsight, product, ends, frame, replication)
        if attainable is not None:
            _free_collection(hindsight, attainable, product, ends, frame, replication, sides)
        if replication == 0:
            solver.solve()  # on the empty frame: the start of all, whatever the block
        values.append(solver.resolve(**sides).objective)
    return np.array(values)


def _streams(hindsight: Hindsight, product: int) -> list[_Stream]:
    """Return (number, urgency, patience, pairs of pools) of a product's streams."""
    found = []
    for number, (of, urgency, patience, substitutes) in enumerate(hindsight.streams):
        if of != product:
            continue
        pool = _pool_of(hindsight).tolist()
        pairs = {(own, own) for own in pool}
        for patient, donors in enumerate(substitutes):
            pairs |= {(pool[donor], pool[patient]) for donor in donors}
        found.append((number, urgency, patience, sorted(pairs)))
    return found


def _free_collection(
    hindsight: Hindsight,
    attainable: Attainable,
    product: int,
    ends: Index,
    frame: Program,
    replication: int,
    sides: Mapping[str, Floats],
) -> None:
    """Let what enters stock in a slot be anything up to the most of its days, in place."""
    starts = np.concatenate([[0], ends[:-1] + 1])
    most = _pooled(attainable.most[:, product, ..., replication], _pool_of(hindsight))
    sides["upper"][frame.columns["collected"]] = np.add.reduceat(most, starts, axis=0)


def _frame(
    hindsight: Hindsight, product: int, ends: Index, attainable: Attainable | None = None
) -> Program:
    """Return the coefficients of a product: the same for all replications."""
    builder = ProgramBuilder()
    per_unit, name = hindsight.pieces_per_unit[product], hindsight.products[product]
    points = {k: v / per_unit for k, v in coefficients(hindsight.weights).items()}
    n_regions = hindsight.normal.shape[1]
    shape = (len(ends), n_regions, int(_pool_of(hindsight)[-1]) + 1)
    stock = builder.add_columns("stock", shape)
    outdated = builder.add_columns("outdated", shape, cost=points["outdated"])
    balance = builder.add_rows("balance", shape, 0, 0)
    builder.add_terms(balance, stock, 1)
    builder.add_terms(balance[1:], stock[:-1], -1)
    builder.add_terms(balance, outdated, 1)
    collected = None
    if attainable is not None:
        price = attainable.price[product][:, None]
        collected = builder.add_columns("collected", shape, cost=price)
        builder.add_terms(balance, collected, -1)
    ways = _ways(hindsight.routes, name, hindsight.weights, per_unit)
    if ways is not None:
        sent = builder.add_columns(
            "sent", (len(ends), len(ways.origin), shape[2]), cost=ways.price[:, None]
        )
        builder.add_terms(balance[:, ways.origin], sent, 1)
        builder.add_terms(balance[:, ways.destination], sent, -1)
        ages = builder.add_rows("age", shape, upper=0)
        builder.add_terms(ages, stock, 1)
        for slot, before in enumerate(_expired(ends, hindsight.life_days[product]).tolist()):
            for entered in range(before + 1, slot + 1) if before >= 0 else ():
                builder.add_terms(ages[slot, ways.destination], sent[entered], -1)
                if collected is not None:
                    builder.add_terms(ages[slot], collected[entered], -1)
    for number, urgency, patience, pairs in _streams(hindsight, product):
        fate = "cancelled_elective" if urgency == "elective" else f"lost_{urgency}"
        served = builder.add_columns(f"served_{number}", (*shape[:2], len(pairs)))
        unmet = builder.add_columns(f"unmet_{number}", shape, cost=points[fate])
        rows = builder.add_rows(f"requests_{number}", shape, 0, 0)
        builder.add_terms(rows, unmet, 1)
        for k, (donor, patient) in enumerate(pairs):
            builder.add_terms(rows[:, :, patient], served[:, :, k], 1)
            builder.add_terms(balance[:, :, donor], served[:, :, k], 1)
        if patience:
            waiting = builder.add_columns(f"waiting_{number}", shape, cost=points["waiting_days"])
            builder.add_terms(rows, waiting, 1)
            builder.add_terms(rows[1:], waiting[:-1], -1)
    _terminal_rows(builder, hindsight, product, stock)
    return builder.build()


def _expired(ends: Index, life_days: int) -> Index:
    """Return, per slot, the last slot whose units have surely left by its end (-1: none)."""
    return np.searchsorted(ends + life_days, ends, side="right") - 1


def _terminal_rows(
    builder: ProgramBuilder, hindsight: Hindsight, product: int, stock: Index
) -> None:
    """Charge what stock, less backlog, falls short of its target at the end."""
    per_unit, name = hindsight.pieces_per_unit[product], hindsight.products[product]
    n_regions = stock.shape[1]
    if not float(terminal_target_units(hindsight.weights, name, 1.0)):
        return
    price = terminal_price(hindsight.weights) / per_unit
    short = builder.add_columns("terminal_short", (n_regions,), cost=price)
    rows = builder.add_rows("terminal", (n_regions,), lower=0)
    builder.add_terms(rows, short, 1)
    builder.add_terms(rows[:, None], stock[-1], 1)
    for column, indices in list(builder.columns.items()):
        if column.startswith("waiting_"):
            builder.add_terms(rows[:, None], indices[-1], -1)


def _sides(
    hindsight: Hindsight, product: int, ends: Index, frame: Program, replication: int
) -> dict[str, Floats]:
    """Return bounds and right-hand sides of one replication."""
    lower, upper = frame.lower.copy(), frame.upper.copy()
    row_lower, row_upper = frame.row_lower.copy(), frame.row_upper.copy()
    starts = np.concatenate([[0], ends[:-1] + 1])
    pool = _pool_of(hindsight)
    released = _pooled(hindsight.released[:, product, ..., replication].astype(float), pool)
    receipts = np.add.reduceat(released, starts, axis=0)
    receipts[0] += _pooled(hindsight.opening[product, ..., replication], pool)
    receipts[0] += _pooled(hindsight.moving[product, ..., replication], pool)
    row_lower[frame.rows["balance"]] = receipts
    row_upper[frame.rows["balance"]] = receipts
    if "terminal" in frame.rows:
        name, normal = hindsight.products[product], hindsight.normal[product]
        row_lower[frame.rows["terminal"]] = terminal_target_units(hindsight.weights, name, normal)
    if "age" in frame.rows:
        before = _expired(ends, hindsight.life_days[product])
        upto = np.concatenate([np.zeros_like(receipts[:1]), np.cumsum(receipts, axis=0)])
        most = upto[1:] - upto[before + 1]
        most[before < 0] = np.inf
        row_upper[frame.rows["age"]] = most
    for number, _, patience, _ in _streams(hindsight, product):
        asked = _pooled(hindsight.requested[:, number, ..., replication].astype(float), pool)
        new = np.add.reduceat(asked, starts, axis=0)
        waiting = _pooled(hindsight.waiting[number][..., replication], pool)
        new[0] += waiting
        row_lower[frame.rows[f"requests_{number}"]] = new
        row_upper[frame.rows[f"requests_{number}"]] = new
        if patience:
            upto = np.concatenate([np.zeros_like(asked[:1]), np.cumsum(asked, axis=0)])
            most = upto[ends + 1] - upto[np.maximum(ends + 1 - patience, 0)]
            most[ends + 1 < patience] += waiting
            upper[frame.columns[f"waiting_{number}"]] = most
    return {"lower": lower, "upper": upper, "row_lower": row_lower, "row_upper": row_upper}


def _ways(
    routes: RouteTable, product: str, weights: Mapping[str, object], per_unit: int
) -> _Ways | None:
    """Return few roads whose shortest journeys cost no more than the direct ones.

    Of every region the nearest roads stay, and those of no length; their prices are lowered by the
    largest detour, so that going round over them is never dearer than going straight. What a
    shipment costs counts only where all roads stay: going round would pay it more than once.
    """
    if product not in routes.products:
        return None
    usable = np.flatnonzero(~routes.barred.get(product, np.zeros(len(routes), bool)))
    if not len(usable):
        return None
    origin, destination = routes.origin[usable], routes.destination[usable]
    long_km = routes.distance_km[usable]
    km = np.maximum(long_km, 1e-3)  # no length is no road to the search
    n = int(max(origin.max(), destination.max())) + 1
    rank = np.zeros(len(usable), dtype=int)
    for ends in (origin, destination):
        seen = np.zeros(n, dtype=int)
        nearest = np.zeros(len(usable), dtype=int)
        for row, region in enumerate(ends):
            nearest[row] = seen[region]
            seen[region] += 1
        rank = nearest if ends is origin else np.minimum(rank, nearest)
    kept = (rank < _ROADS_PER_REGION) | (long_km <= 0)
    graph = sparse.csr_array((km[kept], (origin[kept], destination[kept])), shape=(n, n))
    shortest = dijkstra(graph)[origin, destination]
    unreachable = ~np.isfinite(shortest)
    kept |= unreachable  # what the near roads do not connect keeps its own road
    detour = float(np.max((shortest / km)[~unreachable & ~kept], initial=1.0))
    points = coefficients(weights)
    price = points["shipped_unit_km"] * long_km[kept] / detour / per_unit
    if kept.all():
        price = price + points["shipments"] / routes.largest_pieces[product]
    return _Ways(origin[kept], destination[kept], price)
