"""Scenarios x variants x replications: the same luck for all variants, in blocks, in parallel."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bloodsim import policies as policies_of
from bloodsim.decision import Policy
from bloodsim.model.bank import Bank
from bloodsim.model.collection_mode import CollectionMode, planned_uplift
from bloodsim.model.forecast import Forecaster
from bloodsim.model.luck import Luck
from bloodsim.model.simulation import Simulation
from bloodsim.model.tables import tabulate
from bloodsim.model.world import World, compile_world
from bloodsim.provenance import OpeningStock, Variant, provenance
from bloodsim.results import Results, ResultsError
from bloodsim.scenario import FrozenCollection, PreCollect, Problem, Scenario, ScenarioError

Progress = Callable[[int, int], None]

_LARGE_BLOCK = 64 * 170
"""Replications x regions above which a block's state outgrows the caches."""


@dataclass(frozen=True)
class Block:
    """One task: all variants of some replications, and where the result goes (None: back)."""

    variants: tuple[Variant, ...]
    seed: int
    first: int
    last: int
    manifest: Mapping[str, Any]
    opening_stock: OpeningStock | None = None
    part: Path | None = None

    @property
    def replications(self) -> range:
        """Numbers of the replications."""
        return range(self.first, self.last + 1)


def simulate(
    scenario: Scenario,
    replications: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    *,
    variants: Sequence[str] | None = None,
    policies: Mapping[str, Policy] | None = None,
    opening_stock: OpeningStock | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Results:
    """Simulate a scenario and return what happened.

    Parameters
    ----------
    scenario : Scenario
        The world.
    replications : int, optional
        Random worlds; default: the scenario's.
    seed : int, optional
        Root of all luck; default: the scenario's.
    workers : int, default 1
        Processes; the results do not depend on it.
    variants : sequence of str, optional
        Variants to compare; default: all of the scenario, or itself if it has none.
    policies : mapping of str to Policy, optional
        Further transfer policies by name, each compared as a variant of the scenario.
    opening_stock : mapping of product to int array (n_regions, 8, shelf_life_days), optional
        Pieces on the shelf at the start of scoring, by days of life left less one; replaces the
        warm-up's stock of these products.
    out : path, optional
        Folder to save to. Finished blocks stay there if the run is interrupted, and are not run
        again.
    progress : callable (done, total), optional
        Told the replications finished so far.
    executor : concurrent.futures.Executor, optional
        Runs the blocks in place of new processes: a cluster's, for example.

    Raises
    ------
    ScenarioError
        An unknown variant or policy.
    PlanError
        A policy planned what cannot be done.
    """
    started = time.perf_counter()
    seed = scenario.run.seed if seed is None else seed
    count = scenario.run.replications if replications is None else replications
    if count < 1:
        raise ScenarioError(
            [Problem(("run", "replications"), "must be at least 1", f"got {count}")]
        )
    chosen = choose(scenario, variants, policies or {})
    manifest = provenance(scenario, chosen, seed, opening_stock)
    with ExitStack() as stack:
        parts = Path(out) / "parts" if out else None
        if parts is None and (workers > 1 or executor):
            parts = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bloodsim-")))
        blocks = _blocks(chosen, seed, count, workers, manifest, opening_stock, parts)
        done = {}
        for block, result in _run(blocks, workers, executor):
            done[block.first] = result if isinstance(result, Results) else Results.load_part(result)
            if progress:
                progress(sum(len(b.replications) for b in blocks if b.first in done), count)
        results = Results.concatenate([done[first] for first in sorted(done)])
    elapsed = time.perf_counter() - started
    timing = {
        "simulate_s": elapsed,
        "ms_per_replication": 1000 * elapsed / (count * len(chosen)),
        "workers": workers,
    }
    results = Results(results.tables, manifest, timing)
    if out:
        results.save(out)
        for block in blocks:
            if block.part:
                block.part.unlink(missing_ok=True)
        (Path(out) / "parts").rmdir()
    return results


def run_block(block: Block) -> Results | Path:
    """Simulate one block: shared warm-up, then every variant on the same luck.

    Variants whose worlds are equal but for their policies share warm-up and draws.
    """
    worlds: dict[str, list[Variant]] = {}
    for variant in block.variants:
        worlds.setdefault(_world_key(variant.scenario), []).append(variant)
    found: dict[str, Results] = {}
    for variants in worlds.values():
        world = compile_world(variants[0].scenario)
        for variant, simulation in zip(
            variants, _simulate_world(world, variants, block), strict=True
        ):
            simulation.ledger.check()
            tables = tabulate(
                world,
                simulation.ledger,
                variant.name,
                block.replications,
                variant.scenario.run.daily_replications,
            )
            found[variant.name] = Results(tables, block.manifest)
    results = Results.join([found[variant.name] for variant in block.variants])
    if block.part is None:
        return results
    results.save_part(block.part)
    return block.part


def _simulate_world(world: World, variants: Sequence[Variant], block: Block) -> list[Simulation]:
    replications = block.replications
    luck = Luck(world, block.seed, replications)
    forecaster = Forecaster(world, block.seed, replications)
    warmup_policy = policies_of.build(world.scenario.run.warmup_policy)
    bank = Bank.opening(world, len(replications))
    rules = policies_of.order_rules(world.scenario)
    warmup = Simulation(world, bank, warmup_policy, forecaster, first_day=0, order_rules=rules)
    keep_daily = block.first < world.scenario.run.daily_replications
    branches: list[Simulation] = []
    for first in range(0, world.n_days, luck.chunk_days):
        chunk = luck.next_chunk()
        last = min(first + luck.chunk_days, world.n_days) - 1
        if first < world.score_first:
            warmup.run(chunk, min(last, world.score_first - 1))
        if last >= world.score_first and not branches:
            if block.opening_stock:
                bank.restock(world, block.opening_stock, world.score_first)
            modes = _collection_modes(world, variants)
            start = world.score_first
            branches = [
                Simulation(
                    world,
                    bank.copy(),
                    v.policy,
                    forecaster,
                    start,
                    keep_daily,
                    modes[v.name],
                    rules,
                )
                for v in variants
            ]
        # A variant that replays another's collection runs after it.
        for simulation in sorted(branches, key=lambda s: s.collection.mode.source is not None):
            simulation.run(chunk, last)
    return branches


def _collection_modes(world: World, variants: Sequence[Variant]) -> dict[str, CollectionMode]:
    """Return how each variant collects; replays point at their source."""
    modes: dict[str, CollectionMode] = {}
    replays: dict[str, str] = {}
    for variant in variants:
        settings = variant.scenario.policies.collection
        modes[variant.name] = CollectionMode()
        if isinstance(settings, PreCollect):
            modes[variant.name] = CollectionMode(uplift=planned_uplift(world, settings))
        elif isinstance(settings, FrozenCollection):
            replays[variant.name] = settings.of
    for name, source in replays.items():
        if source not in modes or source in replays:
            path = ("variants", name, "policies", "collection", "of")
            hint = "run it together with a variant of the same world that collects by itself"
            raise ScenarioError(
                [Problem(path, f"cannot replay the collection of '{source}'", hint)]
            )
        modes[source].keep = True
        modes[name] = CollectionMode(source=modes[source])
    return modes


def _world_key(scenario: Scenario) -> str:
    tree = scenario.resolved()
    for key in ("policies", "name", "title", "description", "inputs", "cost"):
        tree.pop(key)
    return json.dumps(tree, sort_keys=True)


def choose(
    scenario: Scenario,
    names: Sequence[str] | None = None,
    extra: Mapping[str, Policy] | None = None,
) -> tuple[Variant, ...]:
    """Return what `simulate` compares: named variants, else all, else the scenario itself."""
    extra = extra or {}
    if names is None:
        names = () if extra else tuple(scenario.variants)
    scenarios = {name: scenario.variant(name) for name in names}
    if not scenarios and not extra:
        scenarios = {scenario.variant_name: scenario}
    named = {name: policies_of.build(s.policies.transfer) for name, s in scenarios.items()}
    chosen = [Variant(name, scenarios[name], named[name]) for name in scenarios]
    chosen += [Variant(name, scenario, policy) for name, policy in extra.items()]
    return tuple(chosen)


def _blocks(
    variants: tuple[Variant, ...],
    seed: int,
    count: int,
    workers: int,
    manifest: Mapping[str, Any],
    opening_stock: OpeningStock | None,
    parts: Path | None,
) -> list[Block]:
    first_variant = variants[0].scenario
    most = max(8, _LARGE_BLOCK // max(1, len(first_variant.regions)))
    size = min(first_variant.run.block_replications, most, -(-count // max(1, workers)))
    blocks = []
    for first in range(0, count, size):
        last = min(first + size, count) - 1
        name = f"{manifest['run_hash'][:16]}-{seed}-{first:06d}-{last:06d}.part"
        part = parts / name if parts else None
        blocks.append(Block(variants, seed, first, last, manifest, opening_stock, part))
    return blocks


def _run(
    blocks: Sequence[Block], workers: int, executor: Executor | None
) -> Iterator[tuple[Block, Results | Path]]:
    """Yield every block with its result, finished ones first."""
    todo = []
    for block in blocks:
        if block.part and block.part.exists() and _readable(block.part):
            yield block, block.part
        else:
            todo.append(block)
    if executor is None and (workers <= 1 or len(todo) <= 1):
        yield from ((block, run_block(block)) for block in todo)
        return
    finished: set[int] = set()
    try:
        with ExitStack() as stack:
            if executor is None:
                executor = stack.enter_context(_processes(min(workers, len(todo))))
            with _main_left_alone():
                futures = {executor.submit(run_block, block): block for block in todo}
            for future in as_completed(futures):
                result = future.result()
                finished.add(futures[future].first)
                yield futures[future], result
    except (BrokenProcessPool, AttributeError, TypeError, ImportError) as error:
        # Where processes cannot start (some notebooks), or a policy cannot travel to them.
        print(f"worker processes cannot be used ({error}); running in this one", file=sys.stderr)
        for block in todo:
            if block.first not in finished:
                yield block, run_block(block)


def _processes(workers: int) -> ProcessPoolExecutor:
    # One thread per process: the arrays are small, and threads would fight over the cores.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


@contextmanager
def _main_left_alone() -> Iterator[None]:
    """Start processes without importing the user's script again: the tasks live in this package.

    A spawned process otherwise runs the script once more, which in a script without an
    ``if __name__ == "__main__"`` line starts processes without end.
    """
    main = sys.modules["__main__"]
    names = ("__file__", "__spec__")
    hidden: dict[str, Any] = {name: vars(main).pop(name) for name in names if name in vars(main)}
    main.__spec__ = None
    try:
        yield
    finally:
        vars(main).update(hidden)


def _readable(part: Path) -> bool:
    try:
        Results.load_part(part)
    except ResultsError:
        return False
    return True
