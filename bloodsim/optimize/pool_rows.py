"""What a calendar takes out of the pools of repeat donors, and what newcomers bring."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.added_donors import AddedDonors
from bloodsim.optimize.drive_problem import DonorPath, DriveProblem
from bloodsim.optimize.program import ProgramBuilder

Floats = NDArray[np.floating]
Index = NDArray[np.integer]


def add_pool(builder: ProgramBuilder, pool: DonorPath, added: AddedDonors) -> None:
    """Add how many eligible donors are missing, what that costs, and that they do not run out."""
    n_segments, n_days = pool.eligible.shape
    hazard = np.zeros(pool.eligible.shape) if pool.hazard is None else pool.hazard
    value = np.zeros(n_days) if pool.natural_value is None else pool.natural_value
    retention = np.ones(n_segments) if pool.retention is None else pool.retention
    name = pool.gift
    # Net gifts, shares x gifts - hazard x missing, pay the charge: here is what each part pays.
    gifts = builder.add_columns(
        f"repeat_gifts_{name}", (n_days,), pool.shares @ pool.charge, lower=-np.inf
    )
    said = builder.add_rows(f"repeat_gifts_{name}", (n_days,), 0, 0)
    builder.add_terms(said, gifts, -1)
    for k, gift in enumerate(added.gift):
        if gift == name:
            builder.add_terms(said[added.day[k]], added.column[k], added.repeat[k])
    cost = np.concatenate([hazard * (value - pool.charge), np.zeros((n_segments, 1))], axis=1)
    free = np.where(np.arange(n_days + 1) == 0, 0.0, np.inf)  # nobody is missing on the first day
    missing = builder.add_columns(f"missing_{name}", cost.shape, cost, -free, free)
    balance = builder.add_rows(f"missing_{name}", (n_segments, n_days), 0, 0)
    builder.add_terms(balance, missing[:, 1:], 1)
    builder.add_terms(balance, missing[:, :-1], hazard - 1)
    builder.add_terms(balance, gifts, -pool.shares[:, None])
    late = pool.interval_days
    for segment in range(n_segments if late < n_days else 0):
        after, back = min(segment + 1, n_segments - 1), float(retention[segment])
        rows = balance[after, late:]
        builder.add_terms(rows, gifts[: n_days - late], back * pool.shares[segment])
        builder.add_terms(
            rows, missing[segment, : n_days - late], -back * hazard[segment, : n_days - late]
        )
    natural = np.zeros(n_days) if pool.natural is None else pool.natural
    room = pool.most_share * pool.eligible.sum(axis=0) - natural
    enough = builder.add_rows(f"pool_{name}", (n_days,), upper=np.maximum(room, 0))
    builder.add_terms(enough, gifts, 1)
    builder.add_terms(enough, missing[:, :-1], np.maximum(pool.most_share - hazard, 0))


def add_first_time_credit(
    builder: ProgramBuilder, problem: DriveProblem, added: AddedDonors
) -> None:
    """Add what first-time donors bring after the plan."""
    for pool in problem.pools:
        if pool.first_time_credit is None:
            continue
        new = builder.add_columns(
            f"first_time_{pool.gift}",
            (problem.n_days,),
            cost=-pool.first_time_credit,
            lower=-np.inf,
        )
        rows = builder.add_rows(f"first_time_{pool.gift}", (problem.n_days,), 0, 0)
        builder.add_terms(rows, new, -1)
        for k, gift in enumerate(added.gift):
            if gift == pool.gift:
                first = added.donors[k] - added.repeat[k]
                builder.add_terms(rows[added.day[k]], added.column[k], first)
