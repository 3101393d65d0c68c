"""How fast calendars of drives are: python tests/benchmarks/drives.py [--json] [--regions 31].

Regions of 12 organisations x 42 days (half of them campuses that open after two weeks) with a pool
of 240 small ones, one street channel to throttle and appeal to, donors in three segments, and a
feast. Seconds are of the processor and depend on the machine; gaps do not.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from bloodsim.optimize.donor_value import WEEKS, DonorValue, DonorYear, donor_value
from bloodsim.optimize.drive_problem import (
    WHOLE_BLOOD,
    DonorPath,
    DriveProblem,
    Lever,
    Term,
    ValueSteps,
)
from bloodsim.optimize.drives import plan_drives
from bloodsim.optimize.visit_value import fatigue_steps, pool_response

N_DAYS = 42
FEAST = range(24, 31)
SHARES = np.array([0.35, 0.2, 0.45])


def year(price: float = 1.0) -> DonorValue:
    """Return the worth of donors where a gift of a usual week is worth *price* points."""
    week = np.arange(WEEKS)
    dear = np.where((week >= 3) & (week <= 6), 3.0, 1.0)
    share = np.broadcast_to(0.06, (3, WEEKS))
    levels = 100.0 * np.array([1.0, 1.3, 1.6])[:, None] * np.ones(WEEKS)
    return donor_value(
        DonorYear(
            price=price * dear,
            most_share=3 * share,
            newcomers=np.full(WEEKS, 200.0),
            interval_weeks=26,
            retention=np.array([0.45, 0.6, 0.8]),
            newcomer_retention=0.3,
            leaving_share=np.full(3, 0.003),
            least_share=share / 2,
            step_gifts=levels,
            step_fall=np.broadcast_to(0.25 * price * dear, levels.shape),
        )
    )


def region(seed: int, worth: DonorValue | None, pooled: bool = True) -> DriveProblem:
    """Return a region; without a worth its donors are free."""
    rng = np.random.default_rng(seed)
    n_named, days = 12, np.arange(N_DAYS)
    opens = np.where(np.arange(n_named) % 2, 0, 14)
    open_days = (days[None] >= opens[:, None]) & ((days + seed) % 7 < 6) & ~np.isin(days, FEAST)
    donors = rng.uniform(40, 160, n_named)
    organisations, gap = np.ones(n_named, int), rng.choice([14, 21, 90, 180], n_named)
    if pooled:
        open_days = np.vstack([open_days, open_days[1]])
        donors = np.append(donors, 35.0)
        organisations, gap = np.append(organisations, 240), np.append(gap, 180)
    source, day = np.nonzero(open_days)
    price = np.where((days >= 17) & (days < 31), 3.0, 1.0) * rng.uniform(0.95, 1.05, N_DAYS)
    natural = rng.uniform(30, 60) * np.ones(N_DAYS)
    usual = 121 * SHARES[:, None] * natural
    charge = credit = None
    if worth is not None:
        charge, credit = worth.charge(3.0, N_DAYS), worth.first_time_credit(3.0, N_DAYS)
    pool = DonorPath(
        gift=WHOLE_BLOOD,
        eligible=usual,
        shares=SHARES,
        charge=np.zeros_like(usual) if charge is None else charge,
        hazard=pool_response(natural, SHARES, usual, 0.5),
        natural=natural,
        natural_value=1.7 * price,
        first_time_credit=credit,
    )
    street = Lever(
        channel="street",
        gift=WHOLE_BLOOD,
        donors=2 * natural,
        value=1.7 * price,
        repeat_share=0.5,
        units_per_donor=1.7,
        min_factor=0.8,
        max_factor=1.2,
        above_cost=0.2,
        appeal_max=0.3,
        appeal_steps=fatigue_steps(0.03, 0.3),
    )
    first, last = np.repeat(days[::7], 2), np.repeat(days[6::7], 2)
    units = np.tile([4.0, 8.0], len(first) // 2) * natural[0] * 1.7
    return DriveProblem(
        n_days=N_DAYS,
        names=tuple(f"organisation {k}" for k in range(len(donors))),
        organisations=organisations,
        gap_days=gap,
        teams_per_visit=np.where(donors > 120, 2, 1),
        candidate_source=source,
        candidate_day=day,
        donors=donors[source],
        value=1.7 * price[day],
        repeat_share=np.full(len(day), 0.5),
        teams=np.full(N_DAYS, 3),
        units_per_donor=np.full(len(day), 1.7),
        visit_cost=np.full(len(day), 5.0),
        processing=3.5 * natural,
        terms=tuple(
            Term(f"min_visits of 'organisation {k}'", (k,), least_visits=1) for k in range(n_named)
        ),
        pools=(pool,),
        levers=(street,),
        steps=ValueSteps(first, last, units, np.full(len(first), 0.4)),
    )


def measure(regions: int) -> dict[str, float]:
    """Return the figures."""
    started = time.process_time()
    worth = year()
    annual = time.process_time() - started
    seconds, gaps, sizes = [], [], []
    for seed in range(regions):
        problem = region(seed, worth)
        started = time.process_time()
        found = plan_drives(problem)
        seconds.append(time.process_time() - started)
        gaps.append(found.gap)
        sizes.append(problem.n_candidates)
    named = region(0, worth, pooled=False)
    started = time.process_time()
    gaps_named = plan_drives(named).gap
    named_s = time.process_time() - started
    started = time.process_time()
    free = plan_drives(replace(region(0, None, pooled=False)))
    free_s = time.process_time() - started
    return {
        "candidates": float(np.mean(sizes)),
        "annual_s": annual,
        "named_only_s": named_s,
        "named_only_gap": gaps_named,
        "named_only_free_donors_s": free_s,
        "named_only_free_donors_gap": free.gap,
        "region_mean_s": float(np.mean(seconds)),
        "region_worst_s": float(np.max(seconds)),
        "worst_gap": float(np.max(gaps)),
        "national_s_two_cores": float(np.sum(seconds)) / 2 * 31 / regions,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--regions", type=int, default=31)
    arguments = parser.parse_args()
    figures = {name: round(value, 4) for name, value in measure(arguments.regions).items()}
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:28} {value:10.4f}")


if __name__ == "__main__":
    main()
