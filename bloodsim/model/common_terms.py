r"""What the variants of a run have in common, so that a bound may be held to it.

Variants are compared at equal donations. With :math:`D_v` the donations of a gift that variant v
took on the scored days, in one replication and all regions,

.. math:: \min_v D_v \le D \le \max_v D_v

holds for each of them, and for every policy with as many. They also keep the same agreements, which
ship what is due as far as the origin's stock goes: :math:`A = \min_v A_v`, flow by flow, day by day
and group by group, is what each of them shipped at least.

Donations are counted on the day on which they are given. Those of the last days are tested after
the end: they count in D and release nothing, so that with p pieces released,

.. math:: \textstyle\sum_r p_r / \rho_r - e \le D_{\text{released in time}} \le D,

:math:`\rho_r` being the most pieces of a donation and e what roundings add (`attainable`). What was
given before the first day is released in the window and not in D: it is none of p. A gift makes
pieces of several products, and each product by itself keeps the row; points are paid once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bloodsim.hindsight import Attainable, CommonTerms
from bloodsim.scenario import CostWeights

if TYPE_CHECKING:
    from bloodsim.model.simulation import Simulation


def common_terms(
    simulations: Sequence[Simulation], attainable: Attainable, cost: CostWeights
) -> CommonTerms:
    """Return the terms on which simulations of one world and one luck are compared.

    Parameters
    ----------
    simulations : sequence of Simulation
        All variants that the bound is for, at their end, with paths recorded.
    attainable : Attainable
        What their collection could have given at most.
    cost : CostWeights
        Points per donation.
    """
    world, envelope = simulations[0].world, simulations[0].envelope
    assert envelope is not None
    n_products, n = len(world.products), attainable.rounding.shape[-1]
    least, most, spare = (np.zeros((n_products, n)) for _ in range(3))
    price, per_piece = np.zeros(n_products), np.zeros((n_products, world.n_regions))
    charged: set[str] = set()
    for index, product in enumerate(world.products):
        rate, over = envelope.pieces_per_donor(product)
        per_piece[index] = 1 / np.where(rate > 0, rate, np.inf)
        could = np.add.reduce(attainable.most[:, index] > 0, axis=(0, 2))
        spare[index] = over * (per_piece[index] @ could)
        of = [i for i, channel in enumerate(world.channels) if channel.gift == product.source]
        given = np.array([s.ledger.donors[2, of].sum(axis=(0, 1)) for s in simulations])
        least[index], most[index] = given.min(axis=0), given.max(axis=0)
        if product.source not in charged:
            price[index] = cost.donation
            charged.add(product.source)
    paths = [simulation.paths for simulation in simulations]
    agreed = np.array([each.agreed for each in paths if each is not None]).min(axis=0)
    numbers = {product.name: index for index, product in enumerate(world.products)}
    flows = tuple((numbers[flow.product], flow.route) for flow in world.agreements)
    return CommonTerms(least, most, price, per_piece, spare, flows, agreed)
