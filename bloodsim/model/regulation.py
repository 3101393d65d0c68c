"""Regulation: centres throttle and boost turnout by the distance of their cover from a target."""

from __future__ import annotations

import numpy as np

from bloodsim.model.bank import Bank
from bloodsim.model.world import World


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
    for product in {rule.product for rule in world.regulations}:
        position = np.add.reduce(bank.position(product), axis=1)
        normal = world.products[product].normal_pieces[day][:, None]
        history[0, product] = position / np.where(normal > 0, normal, np.inf)
    for rule in world.regulations:
        target = rule.target_days[day + 1]
        cover = history[rule.lag_days, rule.product]
        factor = 1 + rule.gain * (target - cover) / target
        np.clip(factor, rule.min_factor, rule.max_factor, out=bank.turnout_factor[rule.channel])
