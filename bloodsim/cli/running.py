"""The command that simulates: run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bloodsim.cli.checking import AsJson, Settings, warnings_of
from bloodsim.cli.output import print_json, print_problems

if TYPE_CHECKING:
    from bloodsim.results import Results
    from bloodsim.scenario import Scenario

Progress = Callable[[int, int], None]

_MS_PER_CELL = 0.005
"""Milliseconds per replication, variant, region, product and day: a rough guess."""
_WORTH_WORKERS_S = 5.0
"""Seconds of simulation above which starting more processes pays."""


def run(
    file_or_name: Annotated[str, typer.Argument(help="Scenario file or bundled name.")],
    variant: Annotated[str, typer.Option(help="Variants to run, separated by commas.")] = "",
    settings: Settings = None,
    replications: Annotated[
        int | None, typer.Option("-n", "--replications", min=1, help="Random worlds.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("-j", "--workers", min=1, help="Processes; default: all cores for long runs."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Root of all luck.")] = None,
    out: Annotated[str, typer.Option(help="Folder for the results.")] = "",
    stock: Annotated[str, typer.Option(help="Stock file (CSV, XLSX) to start from.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would run; run and write nothing.")
    ] = False,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no tables.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Print every indicator, not only the main ones.")
    ] = False,
) -> None:
    """Simulate a scenario and save the results."""
    from bloodsim.load import apply_settings, load
    from bloodsim.stockfile import read_stock

    scenario = apply_settings(load(file_or_name), settings or [])
    names = _chosen(scenario, variant)
    opening = read_stock(stock, scenario).as_arrays(scenario) if stock else None
    count = replications or scenario.run.replications
    root = scenario.run.seed if seed is None else seed
    run_hash = _run_hash(scenario, names, opening)
    folder = Path(out).expanduser() if out else _default_folder(scenario, run_hash, root)
    if dry_run:
        _print_plan(scenario, names, count, folder, as_json=as_json)
        return
    _refuse_other_results(folder, scenario, root, run_hash)
    warnings = warnings_of(scenario)
    if warnings and not as_json and not quiet:
        print_problems(warnings, as_json=False)
    processes = workers or _workers(_estimated_s(scenario, names, count))
    silent = quiet or as_json
    results, import_s = _simulated(
        scenario, names, count, root, processes, opening, folder, silent=silent
    )
    if as_json:
        print_json(_summary(results, folder, count, import_s))
    elif quiet:
        print(folder.as_posix())
    else:
        from bloodsim.cli.report_table import print_results

        print_results(results, scenario, every=every)
        print(f"saved in {folder.as_posix()}")
        print(f"next: bloodsim show {file_or_name} --origin")


def _simulated(
    scenario: Scenario,
    names: list[str] | None,
    count: int,
    seed: int,
    workers: int,
    opening: Mapping[str, Any] | None,
    folder: Path,
    *,
    silent: bool,
) -> tuple[Results, float]:
    """Return the results, and the seconds that importing the engine took."""
    started = time.perf_counter()
    from bloodsim.experiment import simulate
    from bloodsim.results import ResultsError
    from bloodsim.scenario.problems import Problem, ScenarioError

    import_s = time.perf_counter() - started
    with _progress(shown=not silent and sys.stderr.isatty()) as progress:
        try:
            results = simulate(
                scenario,
                count,
                seed,
                workers,
                variants=names,
                opening_stock=opening,
                out=folder,
                progress=progress,
            )
        except ResultsError as error:
            raise ScenarioError([Problem((), str(error), "", folder.as_posix())]) from None
    return results, import_s


def _chosen(scenario: Scenario, text: str) -> list[str] | None:
    """Return the variants that --variant names; None = all."""
    from bloodsim.scenario.problems import Problem, ScenarioError, nearest

    if not text:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    problems = [
        Problem(("variants", name), f"unknown variant '{name}'", nearest(name, scenario.variants))
        for name in names
        if name not in scenario.variants
    ]
    if problems:
        raise ScenarioError(problems)
    return list(dict.fromkeys(names))


def _run_hash(
    scenario: Scenario, names: list[str] | None, opening: Mapping[str, Any] | None
) -> str:
    from bloodsim.experiment import choose
    from bloodsim.provenance import run_hash

    return run_hash(choose(scenario, names), opening)


def _default_folder(scenario: Scenario, run_hash: str, seed: int) -> Path:
    """One folder per scenario, variants, opening stock and seed: nothing overwrites another."""
    return Path("results") / f"{scenario.name}-{run_hash[:8]}-seed{seed}"


def _refuse_other_results(folder: Path, scenario: Scenario, seed: int, run_hash: str) -> None:
    """Refuse a folder that something else is in, before an hour of simulation is lost on it."""
    import json

    from bloodsim.scenario.problems import Problem, ScenarioError

    manifest = folder / "manifest.json"
    if not folder.exists():
        return
    reason = ""
    if not folder.is_dir():
        reason = "is a file"
    elif manifest.is_file():
        try:
            there = json.loads(manifest.read_text("utf-8"))
            if there["scenario"]["hash"] != scenario.hash:
                reason = "holds results of another scenario"
            elif there["seed"] != seed:
                reason = f"holds results of seed {there['seed']}, this is seed {seed}"
            elif there["run_hash"] != run_hash:
                reason = "holds results of other variants or another opening stock"
        except (ValueError, KeyError, TypeError):
            reason = "holds results that cannot be read"
    elif any(entry.name != "parts" for entry in folder.iterdir()):
        reason = "holds other files"
    if reason:
        hint = "choose another folder with --out, or remove this one"
        problem = Problem((), f"the folder {reason}", hint, folder.as_posix())
        raise ScenarioError([problem])


def _workers(seconds: float) -> int:
    return (os.cpu_count() or 1) if seconds > _WORTH_WORKERS_S else 1


def _estimated_s(scenario: Scenario, names: list[str] | None, count: int) -> float:
    """Return roughly how long a run takes on one core (s)."""
    variants = len(scenario.variants if names is None else names) or 1
    days = (scenario.run.score_end - scenario.run.score_start).days + 1
    cells = len(scenario.regions) * len(scenario.products) * days
    return _MS_PER_CELL / 1000 * cells * count * variants


def _print_plan(
    scenario: Scenario, names: list[str] | None, count: int, folder: Path, *, as_json: bool
) -> None:
    variants = list(scenario.variants) if names is None else names
    variants = variants or [scenario.variant_name]
    days = (scenario.run.score_end - scenario.run.score_start).days + 1
    seconds = _estimated_s(scenario, names, count)
    if as_json:
        plan = {
            "scenario": scenario.name,
            "hash": scenario.hash,
            "out": folder.as_posix(),
            "variants": variants,
            "replications": count,
            "runs": count * len(variants),
            "estimated_s": round(seconds, 1),
        }
        print_json(plan)
        return
    print(
        f"{scenario.name}, hash {scenario.hash[:8]}: {scenario.run.score_start} to "
        f"{scenario.run.score_end} ({days} days), {len(scenario.regions)} regions"
    )
    print(f"{len(variants)} variants x {count} replications: {', '.join(variants)}")
    print(f"about {max(1, round(seconds))} s on one core; would save in {folder.as_posix()}")


def _summary(results: Results, folder: Path, count: int, import_s: float) -> dict[str, Any]:
    """Return what --json prints."""
    return {
        "scenario": results.name,
        "hash": results.scenario_hash,
        "out": folder.as_posix(),
        "replications": count,
        "seed": results.seed,
        "conservation": "exact",
        "variants": {
            name: {
                "kpi": {
                    kpi: {key: row[key] for key in ("mean", "half_width", "unit")}
                    for kpi, row in rows.items()
                }
            }
            for name, rows in results.kpi_summary().items()
        },
        "timing": {
            "import_s": round(import_s, 3),
            "simulate_s": round(results.timing["simulate_s"], 3),
            "ms_per_replication": round(results.timing["ms_per_replication"], 3),
        },
    }


@contextmanager
def _progress(*, shown: bool) -> Iterator[Progress | None]:
    """Yield what tells a bar on stderr how far the run is; None where nobody looks."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("simulating", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
