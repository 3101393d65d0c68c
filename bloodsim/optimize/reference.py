"""The exact plan by age, and the outer bound by windows: references for small instances.

`exact_cost` holds every unit by its last day of issue, in stock and on the road: exact for any
network and far too large for daily use. `outer_cost` counts what arrives as if it were new: a
bound from below. Together with the two-class plan, *outer <= exact <= inner*.
"""

from __future__ import annotations

import numpy as np

from bloodsim.optimize.problem import Network, State
from bloodsim.optimize.program import Floats, Index, ProgramBuilder
from bloodsim.optimize.solver import solve


def exact_cost(network: Network, state: State) -> float:
    """Return the cheapest cost of a problem in daily slots, every unit told apart by its age.

    Policy rows (floors, safety levels, targets) are not in it.
    """
    n_days, (n_regions, n_groups) = len(network.slots), state.by_life.shape[1:]
    life = max(len(state.by_life), state.release_life_days)
    builder = ProgramBuilder()
    shape = (n_days, life, n_regions, n_groups)  # by days of issue left, less one, on that day
    stock = builder.add_columns("stock", shape)
    sent = builder.add_columns(
        "sent",
        (n_days, life, len(network.origin), n_groups),
        cost=network.arc_price[:, None],
    )
    outdated = builder.add_columns(
        "outdated", (n_days, n_regions, n_groups), cost=network.outdate_price
    )
    coming = np.zeros(shape)
    coming[0, : len(state.by_life)] = state.by_life
    coming[:, state.release_life_days - 1] += state.receipts
    coming[:, network.min_life_days - 1] += state.arrivals
    balance = builder.add_rows("balance", shape, coming, coming)
    builder.add_terms(balance, stock, 1)
    builder.add_terms(balance[1:, :-1], stock[:-1, 1:], -1)
    builder.add_terms(balance[:, :, network.origin], sent, 1)
    for arc, (to, lead) in enumerate(zip(network.destination, network.lead_days, strict=True)):
        for day in range(n_days):
            for left in range(life):
                on_arrival = left - int(lead)
                if on_arrival + 1 < network.min_life_days:
                    builder.upper[1].reshape(sent.shape)[day, left, arc] = 0
                elif day + lead < n_days:
                    builder.add_terms(
                        balance[day + int(lead), on_arrival, to], sent[day, left, arc], -1
                    )
    # What could be issued today for the last time and stays is outdated.
    last = builder.add_rows("last_day", (n_days, n_regions, n_groups), 0, 0)
    builder.add_terms(last, stock[:, 0], 1)
    builder.add_terms(last, outdated, -1)
    _serve(builder, network, state, balance, by_age=True)
    return solve(builder.build()).objective


def outer_cost(network: Network, state: State) -> float:
    """Return a bound from below of the exact cost: what arrives counts as if it were new."""
    slots, (n_regions, n_groups) = network.slots, state.by_life.shape[1:]
    builder = ProgramBuilder()
    shape = (len(slots), n_regions, n_groups)
    stock = builder.add_columns("stock", shape)
    outdated = builder.add_columns("outdated", shape, cost=network.outdate_price)
    arcs = (len(slots), len(network.origin), n_groups)
    sent = builder.add_columns("sent", arcs, cost=network.arc_price[:, None])
    opening = state.by_life.sum(axis=0)
    coming = state.receipts + state.arrivals
    coming[0] += opening
    balance = builder.add_rows("balance", shape, coming, coming)
    builder.add_terms(balance, stock, 1)
    builder.add_terms(balance[1:], stock[:-1], -1)
    builder.add_terms(balance, outdated, 1)
    builder.add_terms(balance[:, network.origin], sent, 1)
    life = state.release_life_days
    received = state.receipts + state.arrivals
    alive = np.stack(
        [
            received[max(0, day - life + 2) : day + 1].sum(axis=0)
            + state.by_life[day + 1 :].sum(axis=0)
            for day in range(len(slots))
        ]
    )
    ages = builder.add_rows("age", shape, upper=alive)
    builder.add_terms(ages, stock, 1)
    for day in range(len(slots)):
        arrive = day + network.lead_days
        there = np.flatnonzero(arrive < len(slots))
        builder.add_terms(balance[arrive[there], network.destination[there]], sent[day, there], -1)
        for later in range(day, len(slots)):
            fresh = there[(arrive[there] <= later) & (arrive[there] > later - life + 1)]
            builder.add_terms(ages[later, network.destination[fresh]], sent[day, fresh], -1)
    _serve(builder, network, state, balance, by_age=False)
    return solve(builder.build()).objective


def _serve(
    builder: ProgramBuilder, network: Network, state: State, balance: Index, *, by_age: bool
) -> None:
    """Add requests: served from any unit at hand, waiting, or unmet."""
    slots, (n_regions, n_groups) = network.slots, state.by_life.shape[1:]
    shape = (len(slots), n_regions, n_groups)
    for number, rule in enumerate(network.classes):
        asked: Floats = state.demand[number].copy()
        asked[0] += state.backlog[number]
        rows = builder.add_rows(f"requests_{rule.name}", shape, asked, asked)
        unmet = builder.add_columns(f"unmet_{rule.name}", shape, cost=rule.lost_price)
        builder.add_terms(rows, unmet, 1)
        steps: dict[int, int] = {}
        for donor, patient in rule.pairs:
            if donor != patient:
                steps[patient] = steps.get(patient, 0) + 1
            price = rule.ladder * steps.get(patient, 0) if donor != patient else 0.0
            source = balance[..., donor]
            served = builder.add_columns(
                f"served_{rule.name}_{donor}_{patient}", source.shape, price
            )
            builder.add_terms(source, served, 1)
            at = rows[:, None, :, patient] if by_age else rows[:, :, patient]
            builder.add_terms(at, served, 1)
        if rule.patience_days:
            most = np.stack(
                [
                    state.demand[number][max(0, day - rule.patience_days + 1) : day + 1].sum(axis=0)
                    + state.backlog[number] * (day + 1 < rule.patience_days)
                    for day in range(len(slots))
                ]
            )
            waiting = builder.add_columns(
                f"waiting_{rule.name}", shape, cost=rule.waiting_price, upper=most
            )
            builder.add_terms(rows, waiting, 1)
            builder.add_terms(rows[1:], waiting[:-1], -1)
