"""Benchmark: the national year, as costs per replication and ratios within this one run.

Run ``python tests/benchmarks/national_year.py [--json] [--replications 64] [--no-features]`` from
the top folder, on a quiet machine; it keeps to one core and takes some minutes (most of them
for the features). Every figure is CPU time of this machine, now; only the ratios travel.

The year has everything on but variants: the scenario under proportional sharing. ``features`` is
what each feature costs on top of a plain year (no transfers, alerts, pools, patience, weather), in
ms and as a ratio to it; ``frozen collection`` is a second variant that replays the first one's;
``all`` has all of the features at once and is what the target of 80 ms is meant for.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np
from features import patches, plain, with_features

from bloodsim import block, load, simulate
from bloodsim.block import Block, run_block
from bloodsim.experiment import prepare
from bloodsim.model import collection, demand, forecast, ledger, luck, simulation, transfer
from bloodsim.scenario import Scenario

SPLIT: dict[str, list[tuple[Any, str]]] = {
    "draws": [(luck.Luck, "__init__"), (luck.Luck, "next_chunk"), (forecast.Forecaster, "_errors")],
    "events": [(collection.Collection, "hold_sessions")],
    "stock": [
        (collection.Collection, "process_day"),
        (collection.Collection, "release"),
        (simulation.Simulation, "expire"),
    ],
    "issue": [
        (demand.Requests, "arrive"),
        (demand.Requests, "serve_emergencies"),
        (demand.Requests, "serve_routine"),
        (demand.Requests, "close"),
    ],
    "transfers": [(simulation.Simulation, "decide"), (transfer.Transfers, "arrive")],
    "metrics": [(ledger.Ledger, "close"), (block, "tabulate"), (ledger.Ledger, "check")],
}
DAYS = 365
RULE = ["proportional"]
"""The variant that is measured."""


@contextmanager
def timed(spent: dict[str, float]) -> Iterator[None]:
    """Add up the CPU time inside the parts of `SPLIT`; nested parts count once."""
    originals, inside = [], [0]

    def wrap(function: Callable[..., Any], part: str) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if inside[0] and part != "draws":
                return function(*args, **kwargs)
            started, before = time.process_time(), spent["draws"]
            inside[0] += 1
            try:
                return function(*args, **kwargs)
            finally:
                inside[0] -= 1
                elapsed = time.process_time() - started
                drawn = spent["draws"] - before if part != "draws" else 0.0
                spent[part] += elapsed - drawn

        return wrapper

    for part, places in SPLIT.items():
        for owner, name in places:
            originals.append((owner, name, getattr(owner, name)))
            setattr(owner, name, wrap(getattr(owner, name), part))
    try:
        yield
    finally:
        for owner, name, function in originals:
            setattr(owner, name, function)


def cpu(action: Callable[[], Any]) -> float:
    """Return CPU seconds of one call."""
    started = time.process_time()
    action()
    return time.process_time() - started


def run(scenario: Scenario, replications: int, variants: list[str] | None = None) -> float:
    """Return CPU milliseconds per replication and 365 days, warm-up included in both.

    All in one block: a run is cut more finely, so that progress moves.
    """
    world_days = (scenario.run.score_end - scenario.run.score_start).days + 1
    world_days += int(scenario.run.warmup_days)

    def whole() -> None:
        decided = prepare(scenario, replications, variants=variants)
        seed = decided.manifest["seed"]
        run_block(Block(decided.variants, seed, 0, replications - 1, decided.manifest))

    return 1000 * cpu(whole) / replications * DAYS / world_days


def feature_costs(national: Scenario, rounds: int = 3) -> dict[str, tuple[float, float]]:
    """Return what each feature costs: ms per replication, and that over the plain year's.

    The worlds take turns, and the least of all rounds counts: a busy machine hits them alike.
    """
    base = plain(national.set("run.score_end", "2026-03-31").set("run.warmup_days", 30))
    features = patches(national)
    worlds = {"plain": with_features(base)}
    worlds |= {name: with_features(base, feature) for name, feature in features.items()}
    replay = worlds["plain"].set("overrides", {"as_is": {}, "replay": _FROZEN})
    worlds["frozen collection"] = replay.set("variants", {"first": ["as_is"], "second": ["replay"]})
    worlds["all"] = with_features(base, *features.values())
    found = {name: float("inf") for name in worlds}
    for _ in range(rounds):
        for name, world in worlds.items():
            found[name] = min(found[name], run(world, 32))
    bare = found["plain"]
    costs = {name: (ms - bare, (ms - bare) / bare) for name, ms in found.items()}
    return costs | {name: (found[name], found[name] / bare) for name in ("plain", "all")}


_FROZEN = {"policies": {"collection": {"kind": "frozen", "of": "first"}}}


def floor_ms(draws: float) -> tuple[float, float]:
    """Return the floor (ms per replication) and this machine's cost of a draw (ns).

    The floor is what the model's own draws cost in one flat call of the same generator, plus the
    arithmetic of a national year (6.7 million int32 operations at the measured rate).
    """
    generator = np.random.Generator(np.random.SFC64(1))
    scenario = load("national-2026")
    from bloodsim.model.world import compile_world

    world = compile_world(scenario)
    day = world.score_first + 100
    rates = [
        c.invited_mean[day][:, None] / len(c.session_hours) * world.group_shares
        for c in world.channels
        for _ in c.session_hours
    ]
    rates += [
        world.products[product].demand_mean_units[day][:, None] * share * world.group_shares
        for product, share in world.classes
    ]
    flat = np.concatenate([rate.ravel() for rate in rates])
    flat = np.tile(flat, 20)
    ns = min(cpu(lambda: generator.poisson(flat)) for _ in range(5)) / flat.size * 1e9
    left, right = np.ones(4096, np.int32), np.ones(4096, np.int32)
    rate = min(
        cpu(lambda: [np.minimum(left, right, out=left) for _ in range(2000)]) for _ in range(5)
    )
    arithmetic = 6.7e6 / (2000 * 4096 / rate) * 1000
    return draws * ns / 1e6 + arithmetic, ns


def many_regions(scenario: Scenario, copies: int) -> Scenario:
    """Return the scenario with every region split into *copies*, each with a share of its life."""
    tree = scenario.resolved() | {"agreements": []}
    regions, distances = {}, {}
    for name, region in tree["regions"].items():
        for copy in range(copies):
            small = {**region}
            for key in ("donors_per_day", "demand_per_day"):
                small[key] = {k: v / copies for k, v in region[key].items()}
            regions[f"{name}_{copy}"] = small
            row = tree["routes"]["distances_km"][name]
            # Each part keeps the roads of its province to the parts of the same number.
            distances[f"{name}_{copy}"] = {f"{k}_{copy}": v for k, v in row.items() if k != name}
    tree["regions"], tree["routes"]["distances_km"] = regions, distances
    return Scenario.from_mapping(tree)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--replications", type=int, default=64)
    parser.add_argument("--no-features", action="store_true")
    options = parser.parse_args()
    year = load("national-2026").set("run.daily_replications", 0)
    short = year.set("run.score_end", "2026-01-20").set("run.warmup_days", 20)
    simulate(short, replications=2, variants=RULE)

    spent: dict[str, float] = defaultdict(float)
    n = options.replications
    whole = run(year, n, RULE)
    draws = drawn_per_replication_year(year)
    with timed(spent):
        split_total = run(year, n, RULE)
    one = run(year, 1, RULE)
    started = time.perf_counter()
    simulate(year, replications=1, variants=RULE)
    interactive = time.perf_counter() - started
    small = short.variant("proportional").set("agreements", [])
    large = many_regions(small, 11)
    growth = run(large, 32) / run(small, 32)
    floor, ns = floor_ms(draws)
    total_spent = sum(spent.values())
    scale = split_total / (total_spent + 1e-9) if total_spent > split_total else 1.0
    days = (year.run.score_end - year.run.score_start).days + 1 + int(year.run.warmup_days)
    split = {part: 1000 * spent[part] / n * DAYS / days * scale for part in SPLIT}
    split["other"] = split_total - sum(split.values())
    figures = {
        "replications": n,
        "ms_per_replication": whole,
        "draws_per_replication": draws,
        "ns_per_draw": ns,
        "floor_ms": floor,
        "ratio_to_floor": whole / floor,
        "block_gain": one / whole,
        "interactive_s": interactive,
        "growth_340": growth,
        "regions_340": len(large.regions),
        "state_mb_per_replication": state_mb(year),
        "split_ms": split,
        "split_overhead": split_total / whole,
    }
    if not options.no_features:
        costs = feature_costs(year)
        figures["features_ms"] = {name: ms for name, (ms, _) in costs.items()}
        figures["features_ratio"] = {name: ratio for name, (_, ratio) in costs.items()}
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        if name == "split_ms":
            for part, ms in value.items():
                print(f"  {part:<24} {ms:10.2f} ms  {ms / split_total:6.1%}")
        elif name == "features_ms":
            for feature, ms in value.items():
                print(f"  {feature:<24} {ms:10.2f} ms  {figures['features_ratio'][feature]:6.2f}")
        elif name != "features_ratio":
            print(f"{name:<26} {value:10,.3f}")


def drawn_per_replication_year(scenario: Scenario) -> float:
    """Return non-uniform draws per replication and 365 days."""
    from bloodsim.model.world import compile_world

    luck_of_one = luck.Luck(compile_world(scenario), 1, range(1))
    luck_of_one.next_chunk()
    forecasts = 2 * DAYS * len(scenario.regions) * len(scenario.forecast.error_sd)
    return luck_of_one.draws / luck.CHUNK_DAYS * DAYS + forecasts


def state_mb(scenario: Scenario) -> float:
    """Return the size of the state that a branch copies (MB per replication)."""
    import pickle

    from bloodsim.model.bank import Bank
    from bloodsim.model.world import compile_world

    return len(pickle.dumps(Bank.opening(compile_world(scenario), 8))) / 8 / 1e6


if __name__ == "__main__":
    main()
