"""Scenarios x variants x replications: the same luck for all variants, in blocks, in parallel."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from bloodsim import policies as policies_of
from bloodsim.block import Block, partition, run_block
from bloodsim.decision import Policy
from bloodsim.provenance import OpeningStock, Variant, provenance
from bloodsim.results import Results, ResultsError
from bloodsim.results.bands import SUFFIX
from bloodsim.results.folder import claim
from bloodsim.scenario import Problem, Scenario, ScenarioError
from bloodsim.workers import run_blocks

Progress = Callable[[int, int], None]


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
    force: bool = False,
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
        Variants to compare; default: all of the scenario, or itself if it has none; ``[]`` for
        none but those of *policies*.
    policies : mapping of str to Policy, optional
        Further transfer policies by name, each compared as one more variant of the scenario.
    opening_stock : mapping of product to int array (n_regions, 8, shelf_life_days), optional
        Pieces on the shelf at the start of scoring, by days of life left less one; replaces the
        warm-up's stock of these products.
    out : path, optional
        Folder to save to. Finished blocks stay there if the run is interrupted, and are not run
        again; nor is a run that is complete there.
    force : bool, default False
        Simulate again what is complete in *out*.
    progress : callable (done, total), optional
        Told the replications finished so far.
    executor : concurrent.futures.Executor, optional
        Runs the blocks in place of new processes: a cluster's, for example.

    Raises
    ------
    ScenarioError
        An unknown variant, or a policy that is none.
    ResultsError
        A folder that holds something else.
    PlanError
        A policy planned what cannot be done.
    """
    run = prepare(
        scenario,
        replications,
        seed,
        variants=variants,
        policies=policies,
        opening_stock=opening_stock,
        out=out,
    )
    if not force and (there := run.complete()):
        return there
    return run.simulate(workers, progress=progress, executor=executor)


@dataclass(frozen=True)
class PreparedRun:
    """A run that is decided but not simulated: variants, blocks, and the folder it goes to."""

    variants: tuple[Variant, ...]
    manifest: Mapping[str, Any]
    count: int
    opening_stock: OpeningStock | None
    out: Path | None

    @cached_property
    def blocks(self) -> list[Block]:
        """The tasks, each with the file it leaves in the folder."""
        scenario, seed = self.variants[0].scenario, self.manifest["seed"]
        # Whatever changes a block's bytes is in the names of its parts.
        identity = dict(_identity(self.manifest))
        identity["daily_replications"] = scenario.run.daily_replications
        key = sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
        blocks = []
        for stretch in partition(scenario, self.count):
            first, last = stretch[0], stretch[-1]
            name = f"{key}-{first:06d}-{last:06d}.part"
            part = self.out / "parts" / name if self.out else None
            variants, manifest = self.variants, self.manifest
            blocks.append(Block(variants, seed, first, last, manifest, self.opening_stock, part))
        return blocks

    def complete(self) -> Results | None:
        """Return the result if the folder holds all of this run already."""
        if self.out is None:
            return None
        try:
            there = Results.load(self.out)
        except ResultsError:
            return None
        same = _identity(there.manifest) == _identity(self.manifest)
        kept = min(self.count, self.variants[0].scenario.run.daily_replications)
        days_kept = there.daily.sizes["replication"] if "daily" in there.tables else 0
        same = same and len(there.replications) == self.count and days_kept == kept
        return there if same else None

    def kept(self) -> int:
        """Return how many replications an interrupted run left finished in the folder."""
        return sum(len(block.replications) for block in self.blocks if _readable(block.part))

    def simulate(
        self,
        workers: int = 1,
        progress: Progress | None = None,
        executor: Executor | None = None,
    ) -> Results:
        """Simulate what is not finished yet, put all together and save it."""
        started = time.perf_counter()
        blocks = self.blocks
        with ExitStack() as stack:
            if self.out is None and (workers > 1 or executor):
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bloodsim-"))
                blocks = [replace(b, part=Path(folder) / f"{b.first}.part") for b in blocks]
            done: dict[int, Results | Path] = {
                block.first: block.part
                for block in blocks
                if block.part is not None and _readable(block.part)
            }
            todo = [block for block in blocks if block.first not in done]
            finished = sum(len(b.replications) for b in blocks if b.first in done)
            if progress:
                progress(finished, self.count)
            for block, result in run_blocks(todo, run_block, workers, executor):
                done[block.first] = result
                finished += len(block.replications)
                if progress:
                    progress(finished, self.count)
            parts = [_loaded(done[first]) for first in sorted(done)]
            results = parts[0] if len(parts) == 1 else Results.concatenate(parts)
        elapsed = time.perf_counter() - started
        timing = {
            "simulate_s": elapsed,
            "ms_per_replication": 1000 * elapsed / (self.count * len(self.variants)),
            "workers": workers,
        }
        results = Results(results.tables, self.manifest, timing)
        if self.out:
            results.save(self.out)
            self._clear_parts()
        return results

    def _clear_parts(self) -> None:
        """Remove this run's parts; those of other runs stay, and so does their folder."""
        for block in self.blocks:
            if block.part is not None:
                block.part.unlink(missing_ok=True)
                for torn in block.part.parent.glob(f".{block.part.name}-*.tmp"):
                    torn.unlink(missing_ok=True)
        if self.out:
            try:
                (self.out / "parts").rmdir()
            except OSError:
                return


def prepare(
    scenario: Scenario,
    replications: int | None = None,
    seed: int | None = None,
    *,
    variants: Sequence[str] | None = None,
    policies: Mapping[str, Policy] | None = None,
    opening_stock: OpeningStock | None = None,
    stock_file: Mapping[str, Any] | None = None,
    out: str | Path | Callable[[Mapping[str, Any], int], Path] | None = None,
) -> PreparedRun:
    """Decide all of a run but simulate nothing: `simulate` explains the parameters.

    Parameters
    ----------
    stock_file : mapping, optional
        What the manifest says of the file that *opening_stock* was read from.
    out : path or callable, optional
        The folder, or what names it from the manifest and the number of replications.
    """
    seed = scenario.run.seed if seed is None else seed
    count = scenario.run.replications if replications is None else replications
    if count < 1:
        problem = Problem(("run", "replications"), "must be at least 1", f"got {count}")
        raise ScenarioError([problem])
    chosen = choose(scenario, variants, policies or {})
    manifest = provenance(scenario, chosen, seed, opening_stock)
    if stock_file:
        manifest["opening_stock"] = dict(stock_file)
    folder = out(manifest, count) if callable(out) else Path(out).expanduser() if out else None
    if folder is not None:
        claim(folder, manifest, count)
    return PreparedRun(chosen, manifest, count, opening_stock, folder)


def choose(
    scenario: Scenario,
    names: Sequence[str] | None = None,
    extra: Mapping[str, Policy] | None = None,
) -> tuple[Variant, ...]:
    """Return what `simulate` compares: the named variants (None: all), then the extra policies.

    The scenario itself stands for its variants where it has none.
    """
    extra = extra or {}
    scenarios = {
        name: scenario.variant(name) for name in (scenario.variants if names is None else names)
    }
    if not scenarios and not (extra and names is not None):
        scenarios = {scenario.variant_name: scenario}
    faults = policies_of.faults(extra)
    for name in extra:
        if name in scenarios:
            hint = "give the policy another name, or choose the variants with variants=[...]"
            message = f"the policy '{name}' has the name of a variant"
            faults.append(Problem(("policies", name), message, hint))
    if faults:
        raise ScenarioError(faults)
    chosen = [
        Variant(name, s, policies_of.build(s.policies.transfer), _warmup(s))
        for name, s in scenarios.items()
    ]
    chosen += [Variant(name, scenario, policy, _warmup(scenario)) for name, policy in extra.items()]
    return (*chosen, *_twins(scenario, chosen))


def _twins(scenario: Scenario, chosen: Sequence[Variant]) -> list[Variant]:
    """Return the variants once more, to be simulated with drawn parameters, if a run draws them."""
    if scenario.run.parameters == "fixed":
        return []
    names = [variant.name for variant in chosen]
    taken = [f"{name}{SUFFIX}" for name in names if f"{name}{SUFFIX}" in names]
    if taken:
        message = f"the variant '{taken[0]}' has the name of one with drawn parameters"
        hint = "give it another name, or set run.parameters to fixed"
        raise ScenarioError([Problem(("variants", taken[0]), message, hint)])
    return [replace(each, name=f"{each.name}{SUFFIX}", draws=True) for each in chosen]


def _identity(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides the numbers: the run, the luck and the programs."""
    environment = manifest.get("environment", {})
    programs = {key: environment.get(key) for key in ("bloodsim", "source", "packages")}
    return {"run_hash": manifest.get("run_hash"), "seed": manifest["seed"], **programs}


def _warmup(scenario: Scenario) -> Policy:
    return policies_of.build(scenario.run.warmup_policy, ("run", "warmup_policy"))


def _loaded(result: Results | Path) -> Results:
    return result if isinstance(result, Results) else Results.load_part(result)


def _readable(part: Path | None) -> bool:
    if part is None or not part.exists():
        return False
    try:
        Results.load_part(part)
    except ResultsError:
        return False
    return True
