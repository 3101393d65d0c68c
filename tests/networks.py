"""Small planning problems for tests of the optimizer."""

from __future__ import annotations

from typing import Any

import numpy as np

from bloodsim.optimize.problem import ClassRule, Network, Slots, State


def network(
    n_days: int,
    arcs: list[tuple[int, int, int]],
    *,
    n_regions: int = 2,
    groups: tuple[str, ...] = ("O_pos",),
    classes: tuple[ClassRule, ...] = (ClassRule("urgent", 30.0, 0.3, 0, ((0, 0),)),),
    min_life_days: int = 1,
    arc_price: float | list[float] = 0.1,
    outdate_price: float = 2.0,
    **more: Any,
) -> Network:
    """Return daily slots and arcs (origin, destination, lead)."""
    ends = np.array(arcs, dtype=int).reshape(-1, 3)
    return Network(
        regions=tuple(f"r{k}" for k in range(n_regions)),
        groups=groups,
        slots=Slots.of(((1, n_days),)),
        origin=ends[:, 0],
        destination=ends[:, 1],
        lead_days=ends[:, 2],
        approval_days=np.zeros(len(ends), dtype=int),
        route=np.arange(len(ends)),
        arc_price=np.broadcast_to(np.asarray(arc_price, dtype=float), len(ends)),
        classes=classes,
        min_life_days=min_life_days,
        outdate_price=outdate_price,
        **more,
    )


def state(of: Network, life: int, **given: Any) -> State:
    """Return a state that is zero but for what is given."""
    shape = (len(of.slots), len(of.regions), len(of.groups))
    by_life = given.pop("by_life", np.zeros((life, *shape[1:])))
    values = {
        "by_life": by_life,
        "receipts": np.zeros(shape),
        "release_life_days": life,
        "arrivals": np.zeros(shape),
        "demand": np.zeros((len(of.classes), *shape)),
        "backlog": np.zeros((len(of.classes), *shape[1:])),
        "levels": np.zeros((len(of.level_prices), *shape)),
        "exportable": by_life.sum(axis=0),
        "terminal": np.zeros(len(of.regions)),
        "end_level": np.zeros(shape[1:]),
    }
    return State(**(values | given))
