"""Known answers: closed forms of perishable stock, reached by the simulator with rescaled time.

Poisson supply lambda and demand mu a day, fixed life T days, lost demand, continuous time
(Kaspi & Perry 1983; Graves 1982). A model day stands for 1/k day: rates / k, life k T.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ive
from worlds import ONE_GROUP, lone_region

from bloodsim.experiment import simulate


def fifo(supply: float, demand: float, life: float) -> dict[str, float]:
    """Shares outdated and lost, mean age at issue (days) and mean stock, oldest first."""
    delta = demand - supply
    if delta == 0:
        share = 1 / (1 + supply * life)
        age = life / 2
        outdated = lost = share
    else:
        outdated = delta / (demand * np.exp(delta * life) - supply)
        lost = delta / (demand - supply * np.exp(-delta * life))
        age = 1 / delta - life * np.exp(-delta * life) / (1 - np.exp(-delta * life))
    stock = supply * ((1 - outdated) * age + outdated * life)
    return {"outdated": outdated, "lost": lost, "age": age, "stock": stock}


def lifo_outdated(supply: float, demand: float, life: float) -> float:
    """Share outdated, youngest first (Bessel integral of the M/M/1 busy period)."""
    rho = supply / demand
    root = 2 * np.sqrt(supply * demand)
    total = supply + demand

    def density(t: float) -> float:
        return np.exp(-(total - root) * t) * ive(1, root * t) / (t * np.sqrt(rho))

    return 1 - quad(density, 0, life, limit=200)[0]


def measure(scenario, steps: int, replications: int) -> dict[str, tuple[float, float]]:
    """Mean and standard error over replications, in days and units of the unscaled world."""
    results = simulate(scenario, replications=replications, seed=11)
    totals = results.totals.isel(variant=0, product=0).sum("region")
    days = results.scored_days
    rows = {
        "outdated": totals["outdated"] / totals["collected"],
        "lost": totals["lost"] / totals["requested"],
        "age": totals["age_issued_days"] / totals["issued"] / steps,
        "stock": (totals["cover_days_sum"] / days) * (totals["requested"] / days).mean(),
    }
    return {
        name: (float(row.mean()), float(row.std(ddof=1) / np.sqrt(replications)))
        for name, row in rows.items()
    }


def scaled(supply, demand, life, steps, years, **changes):
    days = min(int(years * 365 * steps), 7000)
    start = np.datetime64("2010-01-01")
    return lone_region(
        supply / steps,
        demand / steps,
        # On the shelf from the next step on: one step more, so that T days of issue remain.
        life * steps + 1,
        run__score_start=str(start),
        run__score_end=str(start + np.timedelta64(days - 1, "D")),
        run__warmup_days=4 * life * steps,
        run__daily_replications=0,
        **changes,
    )


CASES = [(10, 9, 5), (10, 11, 5), (10, 10, 5)]


@pytest.mark.parametrize(("supply", "demand", "life"), CASES)
def test_oldest_first_reaches_the_closed_form(supply, demand, life):
    """24 steps a day are close to continuous time."""
    steps, replications = 24, 48
    found = measure(scaled(supply, demand, life, steps, 1), steps, replications)
    exact = fifo(supply, demand, life)
    for name in ("outdated", "lost", "stock"):
        mean, error = found[name]
        assert abs(mean - exact[name]) < 3.5 * error + 0.015 * exact[name], (name, mean, error)
    mean, error = found["age"]
    assert abs(mean - exact["age"]) < 3.5 * error + 1 / steps


def test_youngest_first_reaches_the_closed_form():
    steps, replications = 24, 48
    scenario = scaled(10, 10, 5, steps, 1, products__platelets__issue_order="youngest")
    mean, error = measure(scenario, steps, replications)["outdated"]
    exact = lifo_outdated(10, 10, 5)
    assert exact == pytest.approx(0.079689, abs=2e-6)
    # Within a step youngest-first cannot be seen: units of one step are alike. That bias is first
    # order in the step, unlike oldest-first.
    assert abs(mean - exact) < 3.5 * error + 0.03 * exact


@pytest.mark.slow
def test_finer_steps_converge_to_continuous_time():
    exact = fifo(10, 9, 5)["outdated"]
    errors = [
        abs(measure(scaled(10, 9, 5, steps, 3), steps, 1000)["outdated"][0] - exact)
        for steps in (2, 6, 24)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.02 * exact


def pooled(regions: int, kind: str):
    """Equal balanced regions with free same-day transfers of single units."""
    names = [f"r{i}" for i in range(regions)]
    one = {
        "group_shares": ONE_GROUP,
        "donors_per_day": {"apheresis": 10.0},
        "demand_per_day": {"platelets": 10.0},
    }
    return lone_region(
        10,
        10,
        6,  # five days of issue, since blood is on the shelf from the next day on
        run__score_end="2027-12-31",
        run__warmup_days=60,
        run__daily_replications=0,
        regions={"north": None} | dict.fromkeys(names, one),
        routes={
            "distances_km": {a: {b: 1.0 for b in names if b != a} for a in names},
            "lead_times": [{"up_to_km": 10, "days": 0}],
            "products": {"platelets": {}},
        },
        policies__transfer={"kind": kind}
        | ({"review_days": 1, "tolerance_days": 0, "horizon_days": 1} if kind != "none" else {}),
    )


def test_sharing_lies_between_isolated_and_pooled():
    """Pooling bound: r balanced regions that share freely lose 1/(1 + r lambda T)."""
    lost = {}
    for kind in ("none", "proportional"):
        totals = simulate(pooled(5, kind), replications=24, seed=2).totals.sum("region")
        share = (totals["lost"] / totals["requested"]).values.ravel()
        lost[kind] = share.mean(), share.std(ddof=1) / np.sqrt(share.size)
    one_big = pooled(1, "none").set("regions.r0.donors_per_day.apheresis", 50.0)
    one_big = one_big.set("regions.r0.demand_per_day.platelets", 50.0)
    totals = simulate(one_big, replications=24, seed=2).totals.sum("region")
    share = (totals["lost"] / totals["requested"]).values.ravel()
    bound = share.mean(), share.std(ddof=1) / np.sqrt(share.size)
    assert bound[0] - 3 * bound[1] < lost["proportional"][0] < lost["none"][0]
    # Daily steps: the isolated region behaves as with a life of 4 to 5 days in continuous time.
    assert fifo(10, 10, 5)["lost"] < lost["none"][0] < fifo(10, 10, 4)["lost"]
    assert lost["proportional"][0] < 0.6 * lost["none"][0]


def test_one_way_substitution_leaves_the_served_group_alone():
    """Group B may use A's stock; A's patients never use B's, so B's own outdates follow FIFO."""
    shares = ONE_GROUP | {"O_pos": 0.5, "A_pos": 0.5}
    scenario = lone_region(
        20,
        20,
        5,
        regions__north__group_shares=shares,
        products__platelets__compatibility="red_cells",
        demand__platelets__routine_substitution="universal",
        run__score_end="2029-12-31",
        run__daily_replications=0,
    )
    groups = simulate(scenario, replications=24).groups.sum("region").isel(variant=0, product=0)
    lost = (groups["unmet"] / groups["requested"]).mean("replication")
    alone = (
        simulate(scenario.set("demand.platelets.routine_substitution", "none"), replications=24)
        .groups.sum("region")
        .isel(variant=0, product=0)
    )
    lost_alone = (alone["unmet"] / alone["requested"]).mean("replication")
    assert float(lost.sel(group="A_pos")) < 0.5 * float(lost_alone.sel(group="A_pos"))
    assert float(lost.sel(group="O_pos")) > float(lost_alone.sel(group="O_pos"))
    outdated = groups["outdated"].sel(group="A_pos")
    assert (outdated == alone["outdated"].sel(group="A_pos")).all()
