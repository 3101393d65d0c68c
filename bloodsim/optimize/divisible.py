r"""Visits that could be divided: a transfer plan that also says how much to collect, and when.

To the program of `bloodsim.optimize.transfers` visits v of blocks j (a source on a day) are added:

.. math:: \text{young}_{t} - \text{young}_{t-1} + \dots = \text{receipts}_t + \sum_j b_{jt} v_j,
          \qquad \sum_{j \in r,d} \tau_j v_j \le T_{rd}, \qquad \sum_{j \in r} d_j v_j \le M_r

with b the pieces of a visit by slot, region and group, :math:`\tau` the teams that it takes and T
those there are on the day, d its donors and M the most of the region. Blocks without teams are
other donors: turnout that is raised or lowered, appeals. Visits need be neither whole nor apart,
and young stock may be as large as with all visits that teams allow: no calendar within the same
limits costs less. Its prices and amounts are what calendars are made from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bloodsim.optimize.problem import Network, State, TransferPlan
from bloodsim.optimize.program import Program
from bloodsim.optimize.solver import Limits, Solver
from bloodsim.optimize.transfers import TransferModel, plan_of

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]


@dataclass(frozen=True)
class Blocks:
    """Visits by source and day, and other donors that a plan may add.

    Parameters
    ----------
    region, day, teams : int array (n_blocks,)
        Where and when, and the teams that a visit takes.
    most : float array (n_blocks,)
        Most visits.
    cost : float array (n_blocks,)
        Points per visit.
    donors : float array (n_blocks,)
        Donors who give at a visit.
    pieces : float array (n_blocks, n_slots, n_groups)
        Pieces released in the block's region, by slot.
    team_days : float array (n_regions, n_days)
        Teams that can go.
    most_donors : float array (n_regions,)
        Most donors of a region over all days; infinite = no limit.
    least : float array (n_blocks,), optional
        Fewest visits, or below 0 what may be taken away; default 0.
    """

    region: Ints
    day: Ints
    teams: Ints
    most: Floats
    cost: Floats
    donors: Floats
    pieces: Floats
    team_days: Floats
    most_donors: Floats
    least: Floats | None = None


def receipts_of(blocks: Blocks, visits: Floats, shape: tuple[int, ...]) -> Floats:
    """Return the pieces (n_slots, n_regions, n_groups) that visits of blocks release."""
    total: Floats = np.zeros(shape)
    for block in np.flatnonzero(visits):
        total[:, blocks.region[block]] += visits[block] * blocks.pieces[block]
    return total


def plan_divisible(
    network: Network, state: State, blocks: Blocks, limits: Limits | None = None
) -> tuple[TransferPlan, Floats]:
    """Return the best transfers and visits (n_blocks,), were visits divisible."""
    model = TransferModel(network)
    everything = receipts_of(blocks, blocks.most, state.receipts.shape)
    wide = model.program(replace(state, receipts=state.receipts + everything))
    program = model.program(state)
    upper = program.upper.copy()
    young = program.columns["young"]
    upper[young] = wide.upper[young]
    joined = _with_blocks(replace(program, upper=upper), blocks)
    solution = Solver(joined, limits).solve()
    visits = solution.x[joined.columns["visits"]]
    return plan_of(network, joined, solution), visits


def _with_blocks(program: Program, blocks: Blocks) -> Program:
    """Add the columns of visits, and the rows of teams and donors."""
    n_blocks = len(blocks.region)
    balance = program.rows["young_balance"]
    block, slot, group = np.nonzero(blocks.pieces)
    pieces = -blocks.pieces[block, slot, group]
    rows = balance[slot, blocks.region[block], group]
    beside = sparse.csr_array((pieces, (rows, block)), shape=(program.matrix.shape[0], n_blocks))
    n_regions, n_days = blocks.team_days.shape
    teams = sparse.csr_array(
        (blocks.teams.astype(float), (blocks.region * n_days + blocks.day, np.arange(n_blocks))),
        shape=(n_regions * n_days, n_blocks),
    )
    donors = sparse.csr_array(
        (blocks.donors, (blocks.region, np.arange(n_blocks))), shape=(n_regions, n_blocks)
    )
    limited = np.flatnonzero(np.isfinite(blocks.most_donors))
    below = sparse.vstack([teams, donors[limited]])
    empty = sparse.csr_array((below.shape[0], program.matrix.shape[1]))
    n_columns, n_rows = program.matrix.shape[1], program.matrix.shape[0]
    least = np.zeros(n_blocks) if blocks.least is None else blocks.least
    more = np.concatenate([blocks.team_days.ravel(), blocks.most_donors[limited]])
    return Program(
        matrix=sparse.csr_array(
            sparse.vstack([sparse.hstack([program.matrix, beside]), sparse.hstack([empty, below])])
        ),
        cost=np.concatenate([program.cost, blocks.cost]),
        lower=np.concatenate([program.lower, least]),
        upper=np.concatenate([program.upper, blocks.most]),
        row_lower=np.concatenate([program.row_lower, np.full(len(more), -np.inf)]),
        row_upper=np.concatenate([program.row_upper, more]),
        integer=np.concatenate([program.integer, np.zeros(n_blocks, bool)]),
        columns={**program.columns, "visits": np.arange(n_columns, n_columns + n_blocks)},
        rows={**program.rows, "teams_and_donors": np.arange(n_rows, n_rows + len(more))},
    )
