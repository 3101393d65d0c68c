"""One task: all variants of some replications, on the same luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim import policies as policies_of
from bloodsim.decision import OrderRule, Policy
from bloodsim.model.attainable import Envelope
from bloodsim.model.bank import Bank
from bloodsim.model.collection_mode import CollectionMode, planned_uplift
from bloodsim.model.common_terms import common_terms
from bloodsim.model.forecast import Forecaster
from bloodsim.model.history import History
from bloodsim.model.luck import Luck
from bloodsim.model.simulation import Simulation
from bloodsim.model.tables import tabulate
from bloodsim.model.world import World, compile_world
from bloodsim.policies.door import AtTheDoor
from bloodsim.provenance import OpeningStock, Variant, world_key
from bloodsim.rehearsal import with_calendars
from bloodsim.results import Results
from bloodsim.results.bands import SUFFIX
from bloodsim.results.bounds import with_bounds, with_joint_bounds
from bloodsim.sampling import ParameterRanges
from bloodsim.scenario import (
    CostWeights,
    FrozenCollection,
    OptimizedCollection,
    PreCollect,
    Problem,
    Scenario,
    ScenarioError,
)

Points = NDArray[np.floating]

_LARGE_BLOCK = 64 * 170
"""Replications x regions above which a block's state outgrows the caches."""
_SMALLEST, _LARGEST = 8, 32
"""Replications of a block: fewer waste the vector units, more make progress coarse."""
_FEWEST_BLOCKS = 4
"""Blocks that a run is cut into, if they are not the smallest anyway."""


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


def partition(scenario: Scenario, count: int) -> list[range]:
    """Return the blocks that *count* replications are simulated in.

    It does not depend on the number of workers, so that finished blocks are found again whatever
    ``-j`` a run is resumed with.
    """
    size = _SMALLEST
    while size < _LARGEST and size * _FEWEST_BLOCKS < count:
        size *= 2
    memory = max(_SMALLEST, _LARGE_BLOCK // max(1, len(scenario.regions)))
    size = min(size, memory, scenario.run.block_replications)
    return [range(first, min(first + size, count)) for first in range(0, count, size)]


def run_block(block: Block) -> Results | Path:
    """Simulate one block: shared warm-up, then every variant on the same luck.

    Variants whose worlds are equal but for their policies share warm-up and draws. Those that draw
    the numbers of their regions are simulated one replication at a time: no two share a world.
    """
    block = replace(block, variants=with_calendars(block.variants, block.opening_stock))
    found = _results_of([v for v in block.variants if not v.draws], block)
    drawing = [v for v in block.variants if v.draws]
    if drawing:
        found |= _drawn(drawing, block, found)
    one_by_one = [found[variant.name] for variant in block.variants]
    results = one_by_one[0] if len(one_by_one) == 1 else Results.join(one_by_one)
    if block.part is None:
        return results
    results.save_part(block.part)
    return block.part


def _drawn(
    variants: Sequence[Variant], block: Block, stated: Mapping[str, Results]
) -> dict[str, Results]:
    """Return the results of variants that draw their parameters; normal demand is as stated."""
    ranges = [ParameterRanges.of(variant.scenario) for variant in variants]
    parts: dict[str, list[Results]] = {variant.name: [] for variant in variants}
    for r in block.replications:
        worlds = [
            # Under the twin's name, for it is what other variants replay.
            replace(v, name=v.name.removesuffix(SUFFIX), scenario=each.draw(block.seed, r))
            for v, each in zip(variants, ranges, strict=True)
        ]
        alone = _results_of(worlds, replace(block, first=r, last=r))
        for variant, world in zip(variants, worlds, strict=True):
            tables = dict(alone[world.name].tables)
            tables["normal_demand"] = stated[world.name].tables["normal_demand"]
            named = {
                name: table.assign_coords(variant=np.array([variant.name], dtype=object))
                for name, table in tables.items()
            }
            parts[variant.name].append(Results(named, block.manifest))
    return {name: Results.concatenate(each) for name, each in parts.items()}


def _results_of(variants: Sequence[Variant], block: Block) -> dict[str, Results]:
    """Simulate variants on the luck of a block and return their results by name."""
    worlds: dict[str, list[Variant]] = {}
    for variant in variants:
        worlds.setdefault(world_key(variant.scenario), []).append(variant)
    found: dict[str, Results] = {}
    for alike in worlds.values():
        world = compile_world(alike[0].scenario)
        simulations = _simulate_world(world, alike, block)
        for variant, simulation in zip(alike, simulations, strict=True):
            simulation.ledger.check()
            tables = tabulate(
                world,
                simulation.ledger,
                variant.name,
                block.replications,
                variant.scenario.run.daily_replications,
            )
            found[variant.name] = Results(tables, block.manifest)
        named = {v.name: s for v, s in zip(alike, simulations, strict=True)}
        if world.scenario.run.bound_transfers:
            bounds = _bounds(named, found)
            found |= {v.name: with_bounds(found[v.name], bounds) for v in alike}
        if world.scenario.run.bound_joint:
            bounds, equal = _joint_bounds(named, found)
            found |= {v.name: with_joint_bounds(found[v.name], bounds, equal) for v in alike}
    return found


def _simulate_world(world: World, variants: Sequence[Variant], block: Block) -> list[Simulation]:
    replications = block.replications
    luck = Luck(world, block.seed, replications)
    forecaster = Forecaster(world, block.seed, replications)
    bank = Bank.opening(world, len(replications))
    bank.history = History.asked_by([variants[0].warmup, *(v.policy for v in variants)])
    warmup_policy = _watched(variants[0].warmup, "the warm-up's policy")
    rules = policies_of.order_rules(world.scenario)
    warmup = Simulation(world, bank, warmup_policy, forecaster, first_day=0, order_rules=rules)
    keep_daily = block.first < world.scenario.run.daily_replications
    branches: list[Simulation] = []
    envelope = Envelope(world, len(replications)) if world.scenario.run.bound_joint else None
    for first in range(0, world.n_days, luck.chunk_days):
        chunk = luck.next_chunk()
        if envelope is not None:
            envelope.see(chunk)
        last = min(first + luck.chunk_days, world.n_days) - 1
        if first < world.score_first:
            warmup.run(chunk, min(last, world.score_first - 1))
        if last >= world.score_first and not branches:
            warmup.ledger.check()
            if block.opening_stock:
                bank.restock(world, block.opening_stock, world.score_first)
            modes = _collection_modes(world, variants)
            branches = _branches(
                world, variants, bank, forecaster, rules, modes, keep_daily, envelope
            )
        # A variant that replays another's collection runs after it.
        for simulation in sorted(branches, key=lambda s: s.collection.mode.source is not None):
            if simulation.foresight is None:
                simulation.run(chunk, last)
    _run_with_foresight([s for s in branches if s.foresight is not None], block)
    return branches


def _branches(
    world: World,
    variants: Sequence[Variant],
    bank: Bank,
    forecaster: Forecaster,
    rules: Sequence[tuple[OrderRule, OrderRule | None]],
    modes: Mapping[str, CollectionMode],
    keep_daily: bool,
    envelope: Envelope | None,
) -> list[Simulation]:
    """Return the variants' simulations; those that are told the future after their sources."""
    run = world.scenario.run
    bounded = run.bound_transfers or bool(run.bound_joint)
    recorded = bounded or any(_foresees(v) for v in variants)
    made: dict[str, Simulation] = {}
    for variant in sorted(variants, key=_foresees):
        mode = modes[variant.name]
        source = next((s for s in made.values() if s.collection.mode is mode.source), None)
        made[variant.name] = Simulation(
            world,
            _branch(bank, variant.policy),
            _watched(variant.policy, f"the policy of variant '{variant.name}'"),
            forecaster,
            world.score_first,
            keep_daily,
            mode,
            rules,
            variant.scenario.cost,
            recorded,
            source.paths if source is not None and _foresees(variant) else None,
            envelope,
        )
    return [made[variant.name] for variant in variants]


def _foresees(variant: Variant) -> bool:
    """Whether a variant is told what will come: the scenario has to ask for it in so many words."""
    settings = variant.scenario.policies
    own = type(variant.policy).__module__ == "bloodsim.policies.optimized"
    wanted = settings.transfer.kind == "optimized" and settings.transfer.foresight == "perfect"
    return own and wanted and isinstance(settings.collection, FrozenCollection)


def _run_with_foresight(simulations: Sequence[Simulation], block: Block) -> None:
    """Run those who know what came, now that it has come, on the same luck drawn once more."""
    if not simulations:
        return
    world = simulations[0].world
    luck = Luck(world, block.seed, block.replications)
    for first in range(0, world.n_days, luck.chunk_days):
        chunk = luck.next_chunk()
        last = min(first + luck.chunk_days, world.n_days) - 1
        for simulation in simulations if last >= world.score_first else ():
            simulation.run(chunk, last)


def _bounds(
    simulations: Mapping[str, Simulation], results: Mapping[str, Results]
) -> dict[str, NDArray[np.floating]]:
    """Return what no transfer policy could beat, of all variants on one and the same collection."""
    found: dict[int, NDArray[np.floating]] = {}
    costs: dict[int, CostWeights] = {}
    for name, simulation in simulations.items():
        if simulation.paths is not None and simulation.collection.mode.keep:
            from bloodsim.optimize.bound import bound_transfers

            # The end is charged by the demand that the result states, whatever is drawn.
            normal = results[name].normal_demand.sel(variant=name).values.T
            hindsight = simulation.paths.hindsight(simulation.cost, normal)
            found[id(simulation.collection.mode)] = bound_transfers(hindsight)
            costs[id(simulation.collection.mode)] = simulation.cost
    bounds = {}
    for name, simulation in simulations.items():
        family = id(simulation.collection.mode.source or simulation.collection.mode)
        if family in found and simulation.cost == costs[family]:
            bounds[name] = found[family]
    return bounds


def _joint_bounds(
    simulations: Mapping[str, Simulation], results: Mapping[str, Results]
) -> tuple[dict[str, Points], dict[str, Points]]:
    """Return what no policy of collection and transfers could beat, of all variants of a world.

    The second is at equal donations: empty unless the scenario asks for it. Requests, opening stock
    and luck are the same for all: one of them stands for each cost.
    """
    from bloodsim.optimize.bound import bound_joint

    first = next(iter(simulations.values()))
    wanted = first.world.scenario.run.bound_joint == "equal_donations"
    found: list[tuple[CostWeights, Points, Points | None]] = []
    bounds, equal = {}, {}
    for name, simulation in simulations.items():
        known = next((each for each in found if each[0] == simulation.cost), None)
        if known is None:
            assert simulation.paths is not None
            assert simulation.envelope is not None
            normal = results[name].normal_demand.sel(variant=name).values.T
            hindsight = simulation.paths.hindsight(simulation.cost, normal)
            could = simulation.envelope.attainable(simulation.cost)
            free, alike = bound_joint(hindsight, could), None
            if wanted:
                terms = common_terms(list(simulations.values()), could, simulation.cost)
                # What is dropped may leave the first the higher one, by what roundings add.
                alike = np.maximum(free, bound_joint(hindsight, could, terms=terms))
            known = simulation.cost, free, alike
            found.append(known)
        bounds[name] = known[1]
        if known[2] is not None:
            equal[name] = known[2]
    return bounds, equal


def _branch(bank: Bank, policy: Policy) -> Bank:
    """Return a copy of the state, with as much history as the policy asks for."""
    branch = bank.copy()
    branch.history = bank.history.for_policy(policy) if bank.history else None
    return branch


def _watched(policy: Policy, role: str) -> Policy:
    """Return the policy with a check of what it plans; those that come with bloodsim as is."""
    return policy if type(policy).__module__.startswith("bloodsim.") else AtTheDoor(policy, role)


def _collection_modes(world: World, variants: Sequence[Variant]) -> dict[str, CollectionMode]:
    """Return how each variant collects; replays point at their source."""
    modes: dict[str, CollectionMode] = {}
    replays: dict[str, str] = {}
    for variant in variants:
        settings = variant.scenario.policies.collection
        modes[variant.name] = CollectionMode()
        if isinstance(settings, PreCollect):
            modes[variant.name] = CollectionMode(uplift=planned_uplift(world, settings))
        elif isinstance(settings, OptimizedCollection):
            modes[variant.name] = CollectionMode(plans_drives=True)
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
