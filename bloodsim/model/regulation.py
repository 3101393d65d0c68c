"""Regulation: centres throttle and boost turnout by the distance of their cover from a target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.bank import Bank
from bloodsim.model.world import RegulationWorld, World

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


def regulate(world: World, bank: Bank, day: int) -> None:
    """Set the turnout factors of the day after *day* from the cover of *lag_days* ago.

    .. math:: f = clip(1 + gain (target - cover) / target, f_{min}, f_{max})

    Cover is (stock + in test + in transit) over normal-day demand: on forward demand it would
    double in a feast and throttle collection at the wrong moment.
    """
    if not world.regulations:
        return
    history = bank.cover_history
    history[1:] = history[:-1].copy()
    positions = {p: bank.position(p) for p in {rule.product for rule in world.regulations}}
    by_group: dict[tuple[int, float, bytes], Floats] = {}
    for product, pieces in positions.items():
        position = np.add.reduce(pieces, axis=1, dtype=np.int32)
        normal = world.products[product].normal_pieces[day][:, None]
        history[0, product] = position / np.where(normal > 0, normal, np.inf)
    for rule in world.regulations:
        target = rule.target_days[day + 1][:, None]
        cover = history[rule.lag_days, rule.product]
        factor = 1 + rule.gain * (target - cover) / target
        np.clip(factor, rule.min_factor, rule.max_factor, out=bank.turnout_factor[rule.channel])
        if rule.group_gain:
            # Channels that steer alike, as those of whole blood often do, are worked out once.
            alike = rule.product, rule.group_gain, target.tobytes()
            if alike not in by_group:
                by_group[alike] = _by_group(world, positions[rule.product], rule, day)
            bank.group_factor[rule.channel][:] = by_group[alike]


def _by_group(world: World, position: Ints, rule: RegulationWorld, day: int) -> Floats:
    r"""Return the turnout of each group relative to the region's (n_regions, n_groups, R).

    .. math:: f_g = clip(1 + gain_g (C - C_g) / T, 0.5, 1.5) / \sum_h p_h f_h

    with the covers C of the region and C_g of the group today, and the shares p of the groups:
    calling one group more means calling the others less. The clip is a judgement.
    """
    shares = world.group_shares[..., None]
    normal = world.products[rule.product].normal_pieces[day][:, None]
    safe = np.where(normal > 0, normal, np.inf)
    cover = np.add.reduce(position, axis=1, dtype=np.int32) / safe
    need = safe[..., None] * shares
    cover_of = position / np.where(need > 0, need, np.inf)
    target = rule.target_days[day + 1][:, None, None]
    factor = np.clip(1 + rule.group_gain * (cover[:, None] - cover_of) / target, 0.5, 1.5)
    mean = factor[:, 0] * shares[:, 0]
    for group in range(1, factor.shape[1]):  # group by group: the same bits for any block size
        mean = mean + factor[:, group] * shares[:, group]
    return factor / mean[:, None]
