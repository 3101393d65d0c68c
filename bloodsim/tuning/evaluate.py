"""What candidates cost: all of them on the same luck, in parallel, kept as they finish."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim import metrics
from bloodsim import policies as policies_of
from bloodsim.block import Block, run_block
from bloodsim.policies.identity import identity
from bloodsim.provenance import Variant, provenance
from bloodsim.results import Results, environment
from bloodsim.scenario import Scenario
from bloodsim.workers import run_blocks

Costs = NDArray[np.float64]
Progress = Callable[[int, int], None]

_LARGEST_BLOCK = 32
"""Replications simulated together; large blocks cost less per replication."""
_VARIANTS_PER_TASK = 6
"""Candidates that share one drawing of luck; more would make progress coarse and leave cores idle
at the end."""


@dataclass
class Journal:
    """Costs that are known already, in a file that is always whole.

    Parameters
    ----------
    path : path, optional
        Where to keep them; None = in memory only.
    known : dict
        Candidate, seed and replications to their costs.
    """

    path: Path | None = None
    known: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def at(cls, path: Path) -> Journal:
        """Return the journal of an interrupted search; an empty one if it is of other programs."""
        try:
            kept = json.loads(path.read_text("utf-8"))
            if kept["programs"] == _programs():
                return cls(path, dict(kept["costs"]))
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return cls(path)

    def add(self, costs: Mapping[str, list[float]]) -> None:
        """Note costs, and write the file anew."""
        self.known.update(costs)
        if self.path is None:
            return
        text = json.dumps({"programs": _programs(), "costs": self.known}, allow_nan=False)
        replace_text(self.path, text)

    def remove(self) -> None:
        """Remove the file: the search is over."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Luck:
    """The random worlds that candidates are compared on."""

    seeds: tuple[int, ...]
    replications: int

    @property
    def stretches(self) -> list[range]:
        """Replications of each block; at least two blocks, so that two cores have work."""
        size = min(_LARGEST_BLOCK, -(-self.replications // 2))
        starts = range(0, self.replications, size)
        return [range(first, min(first + size, self.replications)) for first in starts]


def costs_of(
    candidates: Sequence[Scenario],
    luck: Luck,
    workers: int = 1,
    journal: Journal | None = None,
    progress: Progress | None = None,
) -> list[Costs]:
    """Return the cost of every candidate in every random world (points).

    Parameters
    ----------
    candidates : sequence of Scenario
        Complete scenarios that differ in what is tuned. Those that differ in policies alone share
        the draws and the warm-up.
    luck : Luck
        The worlds; all candidates meet the same.
    workers : int, default 1
        Processes; the costs do not depend on it.
    journal : Journal, optional
        Costs known already, and where to note new ones.
    progress : callable (done, total), optional
        Told the finished tasks.

    Returns
    -------
    list of array (n_seeds * replications,)
        In the order of the candidates; world by world comparable.
    """
    journal = journal or Journal()
    keys = [_key(scenario) for scenario in candidates]
    pending = {
        key: scenario
        for key, scenario in zip(keys, candidates, strict=True)
        if any(_name(key, seed, r) not in journal.known for seed, r in _worlds(luck))
    }
    tasks = _tasks(pending, luck, journal)
    total = len(tasks)
    if progress:
        progress(0, total)
    for done, (_, costs) in enumerate(run_blocks(tasks, score_block, workers), start=1):
        journal.add(costs)
        if progress:
            progress(done, total)
    return [
        np.concatenate([journal.known[_name(key, seed, r)] for seed, r in _worlds(luck)])
        for key in keys
    ]


def score_block(block: Block) -> dict[str, list[float]]:
    """Simulate a block and return its costs alone, by candidate, seed and replications."""
    results = run_block(block)
    assert isinstance(results, Results)
    costs = metrics.cost(results)
    return {
        _name(variant.name, block.seed, block.replications): costs.sel(variant=variant.name)
        .values.astype(float)
        .tolist()
        for variant in block.variants
    }


def replace_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _tasks(pending: Mapping[str, Scenario], luck: Luck, journal: Journal) -> list[Block]:
    variants = [
        Variant(
            key,
            scenario,
            policies_of.build(scenario.policies.transfer),
            policies_of.build(scenario.run.warmup_policy, ("run", "warmup_policy")),
        )
        for key, scenario in pending.items()
    ]
    if not variants:
        return []
    manifest = provenance(variants[0].scenario, variants, luck.seeds[0])
    tasks = []
    for seed, stretch in _worlds(luck):
        todo = [v for v in variants if _name(v.name, seed, stretch) not in journal.known]
        for start in range(0, len(todo), _VARIANTS_PER_TASK):
            part = tuple(todo[start : start + _VARIANTS_PER_TASK])
            facts = {**manifest, "seed": seed}
            tasks.append(Block(part, seed, stretch[0], stretch[-1], facts))
    return tasks


def _worlds(luck: Luck) -> list[tuple[int, range]]:
    return [(seed, stretch) for seed in luck.seeds for stretch in luck.stretches]


def _key(scenario: Scenario) -> str:
    """Return what tells a candidate from all others."""
    policy = policies_of.build(scenario.policies.transfer)
    return sha256(f"{scenario.hash}{identity(policy)}".encode()).hexdigest()[:16]


def _name(key: str, seed: int, replications: range) -> str:
    return f"{key}/{seed}/{replications[0]}-{replications[-1]}"


def _programs() -> dict[str, Any]:
    known = environment()
    return {name: known[name] for name in ("bloodsim", "source", "packages")}
