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
counted: what is dropped makes the bound lower, never wrong. It is loose: with the largest
turnout in hand on any day nobody goes short, and little more than donations is left to pay.

Held to the terms of a comparison (`hindsight.CommonTerms`, proved in `model.common_terms`) it is a
bound at equal donations: N donations of a gift are a variable between the fewest and the most that
any of the variants took, paid whole, those of the last days included, whose pieces come too late;
and what each of them shipped by agreement, A, is shipped and paid,

.. math:: D_{min} \le N \le D_{max}, \qquad \textstyle\sum_r x_r / \rho_r - e \le N, \qquad
          I_k = I_{k-1} + c_k + A_{in} - A_{out} + \dots

A variant's own N lies within the limits and is charged exactly, so that `rounding` is not taken
off; what it ships by agreement is A and a rest of 0 or more, which goes with the other transfers of
that slot; shipments are paid for A once a day and road, or, where the price of a road bears its
part of a shipment, by the piece. So every variant of the run stays feasible at no more than its own
cost, as does any policy that takes as many donations and keeps the agreements as far as all of them
did.

Tried to raise that one (four worlds of `collection-2026`, study `tight`, without practice): slots
of three days or one add 0 to 75 points of some 546,000, an envelope of six tenths 0 to 280,
donations limited region by region nothing to 750. It is what donations and agreements cost: all
else could be avoided by who knows the future and collects where it will be used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.cost import coefficients, terminal_price, terminal_target_units
from bloodsim.hindsight import Attainable, CommonTerms, Hindsight
from bloodsim.optimize.program import Program, ProgramBuilder
from bloodsim.optimize.roads import few_ways
from bloodsim.optimize.solver import Solver

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

_FEW_REGIONS = 6
"""Up to so many regions the bound is sharp: groups are told apart, and days taken one by one."""
_SLOT_DAYS = 7


_Stream = tuple[int, str, int, list[tuple[int, int]]]


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
    hindsight: Hindsight,
    attainable: Attainable,
    slot_days: int | None = None,
    terms: CommonTerms | None = None,
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
    terms : CommonTerms, optional
        Terms that collection and transfers are held to; default: none.
    """
    given = np.where(attainable.fixed[:, :, None, None, None], hindsight.released, 0)
    frozen = replace(hindsight, released=given)
    total = -attainable.rounding if terms is None else _agreed_points(hindsight, terms)
    for product in range(len(hindsight.products)):
        days = slot_days or _slot_days(hindsight, product)
        total = total + _of_product(frozen, product, days, attainable, terms)
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
    hindsight: Hindsight,
    product: int,
    slot_days: int,
    attainable: Attainable | None = None,
    terms: CommonTerms | None = None,
) -> Floats:
    n_days = len(hindsight.released)
    ends = np.append(np.arange(slot_days - 1, n_days - 1, slot_days), n_days - 1)
    frame = _frame(hindsight, product, ends, attainable, terms)
    solver = Solver(frame)
    values = []
    for replication in range(hindsight.released.shape[-1]):
        sides = _sides(hindsight, product, ends, frame, replication)
        if attainable is not None:
            _free_collection(hindsight, attainable, product, ends, frame, replication, sides)
        if terms is not None:
            _hold_to_terms(hindsight, terms, product, ends, frame, replication, sides)
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


def _hold_to_terms(
    hindsight: Hindsight,
    terms: CommonTerms,
    product: int,
    ends: Index,
    frame: Program,
    replication: int,
    sides: Mapping[str, Floats],
) -> None:
    """Limit donations, and move what agreements ship between the regions, in place."""
    sides["lower"][frame.columns["donations"]] = terms.least[product, replication]
    sides["upper"][frame.columns["donations"]] = terms.most[product, replication]
    sides["row_upper"][frame.rows["donations"]] = terms.spare[product, replication]
    balance, starts = frame.rows["balance"], np.concatenate([[0], ends[:-1] + 1])
    into, out_of = np.zeros(balance.shape), np.zeros(balance.shape)
    for (of, route), pieces in zip(terms.flows, terms.agreed[..., replication], strict=True):
        if of == product:
            moved = np.add.reduceat(_pooled(pieces, _pool_of(hindsight)), starts, axis=0)
            into[:, hindsight.routes.destination[route]] += moved
            out_of[:, hindsight.routes.origin[route]] += moved
    for side in ("row_lower", "row_upper"):
        sides[side][balance] += into - out_of
    if "age" in frame.rows:
        before = _expired(ends, hindsight.life_days[product])
        upto = np.concatenate([np.zeros_like(into[:1]), np.cumsum(into, axis=0)])
        sides["row_upper"][frame.rows["age"]] += upto[1:] - upto[before + 1]


def _agreed_points(hindsight: Hindsight, terms: CommonTerms) -> Floats:
    """Return what agreements cost on the road (R,)."""
    points, routes = coefficients(hindsight.weights), hindsight.routes
    total = np.zeros(terms.agreed.shape[-1])
    left: dict[tuple[int, int], NDArray[np.bool_]] = {}
    for (product, route), pieces in zip(terms.flows, terms.agreed, strict=True):
        name, per_unit = hindsight.products[product], hindsight.pieces_per_unit[product]
        each_day = pieces.sum(axis=1)  # (n_days, R)
        price = points["shipped_unit_km"] * routes.distance_km[route] / per_unit
        ways = few_ways(routes, name, hindsight.weights, per_unit)
        if ways is not None and ways.with_shipments:
            price += points["shipments"] / routes.largest_pieces[name]
        else:
            leaves = each_day > 0
            left[product, route] = leaves | left.get((product, route), np.False_)
        total += price * each_day.sum(axis=0)
    return total + sum(points["shipments"] * days.sum(axis=0) for days in left.values())


def _frame(
    hindsight: Hindsight,
    product: int,
    ends: Index,
    attainable: Attainable | None = None,
    terms: CommonTerms | None = None,
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
        price = attainable.price[product][:, None] if terms is None else 0.0
        collected = builder.add_columns("collected", shape, cost=price)
        builder.add_terms(balance, collected, -1)
        if terms is not None:
            given = builder.add_columns("donations", (1,), cost=terms.price[product])
            limit = builder.add_rows("donations", (1,), upper=0)
            builder.add_terms(limit, collected, terms.per_piece[product][:, None])
            builder.add_terms(limit, given, -1)
    ways = few_ways(hindsight.routes, name, hindsight.weights, per_unit)
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
