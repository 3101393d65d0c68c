"""What changes from plan to plan: bounds and right-hand sides of a state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.problem import Network, State
from bloodsim.optimize.program import Program

Floats = NDArray[np.floating]
Index = NDArray[np.integer]


@dataclass(frozen=True)
class Sides:
    """Bounds and right-hand sides of one state: what a re-solve changes."""

    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats


def sides_of(network: Network, frame: Program, state: State) -> Sides:
    """Return the bounds and right-hand sides of a state."""
    sides = Sides(
        frame.lower.copy(), frame.upper.copy(), frame.row_lower.copy(), frame.row_upper.copy()
    )

    def equal(name: str, value: Floats) -> None:
        sides.row_lower[frame.rows[name]] = value
        sides.row_upper[frame.rows[name]] = value

    young, due, old, expired = _opening(network, state)
    receipts, first = state.receipts, np.zeros_like(state.receipts)
    first[0] = 1
    equal("young_balance", receipts + first * young)
    equal("old_entry", state.arrivals)
    equal("old_balance", first * old)
    sides.row_upper[frame.rows["old_age"]] = old - expired
    cumulated = np.concatenate([np.zeros_like(receipts[:1]), np.cumsum(receipts, axis=0)])
    stay = state.release_life_days - network.min_life_days - network.longest_days + 1
    left = cumulated[gone_by(network, stay) + 1]
    sides.upper[frame.columns["young"]] = np.maximum(young + cumulated[1:] - due - left, 0)
    _request_sides(network, frame, state, sides, equal)
    sides.row_upper[frame.rows["donor_floor"]] = np.maximum(
        np.minimum(state.exportable, young + receipts[0]), 0
    )
    transfer = sides.upper[frame.columns["transfer"]]
    transfer[network.slots.start[:, None] < network.approval_days] = 0
    sides.upper[frame.columns["transfer"]] = transfer
    if network.has_vehicles:
        room = np.inf if state.room is None else state.room
        sides.row_upper[frame.rows["vehicle_room"]] = room
    if network.level_prices:
        deeper = np.concatenate([state.levels[1:], np.zeros_like(state.levels[:1])])
        for k in range(len(network.level_prices)):
            sides.upper[frame.columns[f"below_level_{k}"]] = state.levels[k] - deeper[k]
        sides.row_lower[frame.rows["safety"]] = state.levels[0]
    if network.end_price:
        sides.row_lower[frame.rows["end_level"]] = state.end_level
    if network.terminal_price:
        sides.row_lower[frame.rows["terminal"]] = state.terminal
    return sides


def _request_sides(
    network: Network, frame: Program, state: State, sides: Sides, equal: object
) -> None:
    """Requests of each class; what waits cannot be older than its patience."""
    assert callable(equal)
    slots = network.slots
    for number, rule in enumerate(network.classes):
        asked = state.demand[number].copy()
        asked[0] += state.backlog[number]
        equal(f"requests_{rule.name}", asked)
        if rule.patience_days:
            most = np.zeros_like(asked)
            for k, end in enumerate(slots.end.tolist()):
                from_day = end - rule.patience_days + 1
                overlap = np.minimum(slots.end, end) - np.maximum(slots.start, from_day) + 1
                share = np.clip(overlap / slots.length, 0, 1)
                most[k] = np.tensordot(share, state.demand[number], axes=1)
                if from_day < 0:
                    most[k] += state.backlog[number]
            sides.upper[frame.columns[f"waiting_{rule.name}"]] = most


def _opening(network: Network, state: State) -> tuple[Floats, Floats, Floats, Floats]:
    """Split the stock of today: young pieces and when they must have left the class, old ones."""
    end, life = network.slots.end, np.arange(1, len(state.by_life) + 1)
    last_young = life - network.min_life_days - network.longest_days
    is_young = last_young >= 0
    due = np.stack([state.by_life[is_young & (last_young <= day)].sum(axis=0) for day in end])
    expired = np.stack([state.by_life[~is_young & (life - 1 <= day)].sum(axis=0) for day in end])
    return state.by_life[is_young].sum(axis=0), due, state.by_life[~is_young].sum(axis=0), expired


def gone_by(network: Network, life_days: int) -> Index:
    """Return, per slot, the last slot whose entries must be gone by its end (-1: none)."""
    last_issue = network.slots.start + life_days - 1
    return np.searchsorted(last_issue, network.slots.end, side="right") - 1
