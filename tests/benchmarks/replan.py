"""How fast transfer plans are: python tests/benchmarks/replan.py [--json].

Plans of the bundled national spring scenario as `bloodsim plan` makes them (31 regions, 8 groups,
red cells in daily, then weekly slots over 42 days, platelets day by day), and the exchange that the
policy uses.
Compare ratios of one run; seconds are of the processor, and depend on the machine. Re-plans are of
the state a week later, from the basis of the first plan. What was tried, and what it gave, is told
in `bloodsim.optimize.transfers`; here, on one machine, with entries cumulated and a week of days
for platelets: 8.1 s, 1800 ms, 3.4 times faster than building anew; as they are now: 4.0 s, 1220 ms,
3.7 times, 1.1 of bare HiGHS, 470 MB. With platelets planned for 5 days instead of 6: 3.3 s, 630 ms,
5.3 times; for 4 days, as long as a new unit lives: 250 ms, 17 times, but such plans did harm
(`bloodsim.planning.today.SHORT_MORE_DAYS`).
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import highspy
import numpy as np

import bloodsim
from bloodsim.decision import NOTHING, Plan, Snapshot
from bloodsim.optimize.exchange import Exchanger
from bloodsim.optimize.program import Program
from bloodsim.optimize.situation import network_of, outlook, state_of
from bloodsim.optimize.transfers import TransferModel
from bloodsim.planning.today import settings_of

PRODUCTS = ("red_cells", "platelets")


@dataclass
class Probe:
    """Keeps the states of some reviews, and how long exchanges take."""

    reviews: int
    review_days: int = 7
    states: dict[str, list[Any]] = field(default_factory=dict)
    networks: dict[str, Any] = field(default_factory=dict)
    exchange_s: list[float] = field(default_factory=list)

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Note the state; plan nothing."""
        for product in PRODUCTS:
            settings = settings_of(snapshot, product)
            seen = self.states.setdefault(product, [])
            if len(seen) >= self.reviews:
                continue
            network = self.networks.setdefault(product, network_of(snapshot, product, settings))
            ahead = outlook(snapshot, product, network.slots.days, settings)
            seen.append(state_of(snapshot, product, ahead, network, 0, settings))
            exchanger = Exchanger()
            exchanger.problems(snapshot, product)
            started = time.process_time()
            problems = exchanger.problems(snapshot, product)
            for replication in range(snapshot.n_replications):
                exchanger.shipments(problems, replication)
            self.exchange_s.append((time.process_time() - started) / snapshot.n_replications)
        return NOTHING


def raw_highs(program: Program) -> highspy.Highs:
    """Return HiGHS with a program passed in one piece, presolve off, one thread."""
    highs = highspy.Highs()
    # The same way of solving as behind the solver's door: what is compared is the overhead.
    plain = {"output_flag": False, "threads": 1, "presolve": "off"}
    for option, value in (plain | {"simplex_dual_edge_weight_strategy": 1}).items():
        highs.setOptionValue(option, value)
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = program.matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    columns = program.matrix.tocsc()
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = columns.indptr, columns.indices
    lp.a_matrix_.value_ = columns.data
    highs.passModel(lp)
    return highs


def bare_resolves(programs: list[Program]) -> float:
    """Return the seconds of the same re-solves, from the same basis, in bare HiGHS."""
    highs, total = raw_highs(programs[0]), 0.0
    highs.run()
    basis = highs.getBasis()
    for program in programs[1:]:
        rows, columns = (np.arange(n, dtype=np.int32) for n in program.matrix.shape)
        started = time.process_time()
        highs.changeColsBounds(len(columns), columns, program.lower, program.upper)
        highs.changeRowsBounds(len(rows), rows, program.row_lower, program.row_upper)
        highs.clearSolver()
        highs.setBasis(basis)
        highs.run()
        total += time.process_time() - started
    return total


def timed(call: Any) -> tuple[float, Any]:
    """Return the seconds a call takes, and its result."""
    started = time.process_time()
    result = call()
    return time.process_time() - started, result


def measure(reviews: int) -> dict[str, float]:
    """Return the figures of all products together."""
    probe = Probe(reviews)
    scenario = bloodsim.load("spring-festival-2026")
    days = np.timedelta64(7 * reviews - 1, "D")
    run = {"score_end": str(np.datetime64(str(scenario.run.score_start)) + days)}
    scenario = type(scenario).from_mapping(
        scenario.resolved() | {"run": scenario.resolved()["run"] | run}
    )
    bloodsim.simulate(scenario, 2, variants=[], policies={"probe": probe})
    first = again = raw = rebuilt = 0.0
    for product, states in probe.states.items():
        model = TransferModel(probe.networks[product])
        seconds, _ = timed(lambda model=model, states=states: model.solve(states[0]))
        first += seconds
        for state in states[1:]:
            seconds, _ = timed(lambda model=model, state=state: model.solve(state))
            again += seconds
        raw += bare_resolves([model.program(state) for state in states])
        fresh = TransferModel(replace(probe.networks[product]))
        rebuilt += timed(lambda fresh=fresh, states=states: fresh.solve(states[1]))[0]
    plans = reviews - 1
    return {
        "first_s": first,
        "replan_ms": 1000 * again / plans,
        "ratio_to_raw_highs": again / raw,
        "ratio_to_rebuild": rebuilt / (again / plans),
        "exchange_ms": 1000 * float(np.mean(probe.exchange_s)),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--reviews", type=int, default=3)
    arguments = parser.parse_args()
    figures = {name: round(value, 3) for name, value in measure(arguments.reviews).items()}
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:20} {value:10.3f}")


if __name__ == "__main__":
    main()
