"""The command that simulates: run."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bloodsim.cli.checking import AsJson, Settings, warnings_of
from bloodsim.cli.output import cold_start_s, numbered, print_json, print_problems

if TYPE_CHECKING:
    from bloodsim.experiment import PreparedRun
    from bloodsim.results import Results
    from bloodsim.scenario import Scenario
    from bloodsim.stockfile import OpeningStock

Progress = Callable[[int, int], None]

_MS_PER_CELL = 0.005
"""Milliseconds per replication, variant, region, product and day: a rough guess."""
_WORTH_WORKERS_S = 5.0
"""Seconds of simulation above which starting more processes pays."""


def run(
    file_or_name: Annotated[str, typer.Argument(help="Scenario file or bundled name.")],
    variant: Annotated[str, typer.Option(help="Variants to run, separated by commas.")] = "",
    study: Annotated[
        str, typer.Option(help="Overrides of the scenario for all variants, separated by commas.")
    ] = "",
    unmet: Annotated[
        str,
        typer.Option(
            metavar="PERCENT,…",
            help="Compare the variants at unmet shares of red cells such as 0,1,3,5; with a chart.",
        ),
    ] = "",
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
    policies: Annotated[
        str, typer.Option(metavar="FILE.py", help="Python file that defines custom policies.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Run again what is complete.")] = False,
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

    _know_policies(policies)
    if seed is not None and any(
        text.partition("=")[0].strip() == "run.seed" for text in settings or ()
    ):
        raise typer.BadParameter("--seed and -s run.seed exclude each other")
    scenario = apply_settings(load(file_or_name), settings or [])
    if study:
        scenario = scenario.with_overrides(*(name.strip() for name in study.split(",")))
    names = _chosen(scenario, variant)
    if unmet:
        scenario, names = _at_levels(scenario, unmet, names), None
    count = replications or scenario.run.replications
    opening = read_stock(stock, scenario) if stock else None
    if dry_run:
        run = _prepared(scenario, names, count, seed, opening, "", dry=True)
        _print_plan(scenario, run, _folder(out, scenario)(run.manifest, count), as_json=as_json)
        return
    run = _prepared(scenario, names, count, seed, opening, _folder(out, scenario))
    import_s = cold_start_s()
    silent = quiet or as_json
    if not silent:
        warnings = warnings_of(scenario)
        if warnings:
            print_problems(warnings, as_json=False)
        if opening:
            print(opening.summary(scenario), file=sys.stderr)
    processes = workers or _workers(_estimated_s(scenario, run))
    results = _simulated(run, processes, force=force, silent=silent)
    assert run.out is not None
    if unmet:
        from bloodsim.plots import plot_unmet_levels

        charts = plot_unmet_levels(results).save(run.out / "charts" / "unmet_levels")
        print(f"chart in {charts[1].as_posix()}", file=sys.stderr)
    if as_json:
        print_json(_summary(results, run.out, import_s, scenario))
    elif quiet:
        print(run.out.as_posix())
    else:
        from bloodsim.cli.report_table import print_results

        print_results(results, scenario, every=every)
        print(f"saved in {run.out.as_posix()}")
        print(f"next: bloodsim report {run.out.as_posix()} --lang zh")
        print(f"      bloodsim show {file_or_name} --origin")


def _at_levels(scenario: Scenario, text: str, names: list[str] | None) -> Scenario:
    """Return the scenario with its variants at the unmet shares of a list in percent."""
    from bloodsim.scenario.unmet import with_unmet_levels

    try:
        levels = [float(part) / 100 for part in text.split(",")]
    except ValueError:
        message = f"--unmet takes shares in percent such as 0,1,3,5, not {text!r}"
        raise typer.BadParameter(message) from None
    if len(set(levels)) < 2:
        raise typer.BadParameter("--unmet compares at least two levels, such as 0,1,3,5")
    return with_unmet_levels(scenario, levels, names)


def _know_policies(file: str) -> None:
    """Import a Python file, and register the policies that it defines."""
    if not file:
        return
    from bloodsim.cli.policy_file import read_policies

    read_policies(file)


def _folder(out: str, scenario: Scenario) -> Callable[[Mapping[str, Any], int], Path]:
    """Return what names the folder of a run: nothing overwrites another."""

    def name(manifest: Mapping[str, Any], count: int) -> Path:
        if out:
            return Path(out).expanduser()
        run = f"{manifest['run_hash'][:8]}-seed{manifest['seed']}-n{count}"
        return Path("results") / f"{scenario.name}-{run}"

    return name


def _prepared(
    scenario: Scenario,
    names: list[str] | None,
    count: int,
    seed: int | None,
    opening: OpeningStock | None,
    out: Any,
    *,
    dry: bool = False,
) -> PreparedRun:
    from bloodsim.experiment import prepare

    return prepare(
        scenario,
        count,
        seed,
        variants=names,
        opening_stock=opening.as_arrays(scenario) if opening else None,
        stock_file=opening.facts(scenario) if opening else None,
        out=None if dry else out,
    )


def _simulated(run: PreparedRun, workers: int, *, force: bool, silent: bool) -> Results:
    """Return the results, of now or of an earlier run; leave in good order on Ctrl-C."""
    assert run.out is not None
    there = None if force else run.complete()
    if there is not None:
        if not silent:
            message = f"already complete in {run.out.as_posix()}; --force simulates it again"
            print(message, file=sys.stderr)
        return there
    kept = run.kept()
    if kept and not silent:
        print(f"resuming: {kept} of {run.count} replications done", file=sys.stderr)
    try:
        with progress_bar("simulating", shown=not silent and sys.stderr.isatty()) as progress:
            return run.simulate(workers, progress=progress)
    except KeyboardInterrupt:
        kept = run.kept()
        place = f" in {run.out.as_posix()}; run the same command to go on"
        said = place if kept else f"; no block of {len(run.blocks[0].replications)} was finished"
        print(f"interrupted: {kept} of {run.count} replications kept{said}", file=sys.stderr)
        raise typer.Exit(130) from None


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


def _workers(seconds: float) -> int:
    return (os.cpu_count() or 1) if seconds > _WORTH_WORKERS_S else 1


def _estimated_s(scenario: Scenario, run: PreparedRun) -> float:
    """Return roughly how long a run takes on one core (s)."""
    days = (scenario.run.score_end - scenario.run.score_start).days + 1
    cells = len(scenario.regions) * len(scenario.products) * days
    return _MS_PER_CELL / 1000 * cells * run.count * len(run.variants)


def _print_plan(scenario: Scenario, run: PreparedRun, folder: Path, *, as_json: bool) -> None:
    variants = [variant.name for variant in run.variants]
    days = (scenario.run.score_end - scenario.run.score_start).days + 1
    seconds = _estimated_s(scenario, run)
    if as_json:
        plan = {
            "scenario": scenario.name,
            "hash": scenario.hash,
            "out": folder.as_posix(),
            "variants": variants,
            "replications": run.count,
            "runs": run.count * len(variants),
            "estimated_s": round(seconds, 1),
        }
        print_json(plan)
        return
    print(
        f"{scenario.name}, hash {scenario.hash[:8]}: {scenario.run.score_start} to "
        f"{scenario.run.score_end} ({numbered(days, 'day')}), "
        f"{numbered(len(scenario.regions), 'region')}"
    )
    print(
        f"{numbered(len(variants), 'variant')} x {numbered(run.count, 'replication')}: "
        f"{', '.join(variants)}"
    )
    planned = sum(_plans_before(variant.scenario) for variant in run.variants)
    first = f", after planning {numbered(planned, 'calendar')}, up to a minute each" * bool(planned)
    print(f"about {max(1, round(seconds))} s on one core{first}; would save in {folder.as_posix()}")


def _plans_before(scenario: Scenario) -> bool:
    """Whether a variant's collection is planned before the run."""
    return getattr(scenario.policies.collection, "placed_by", "policy") != "policy"


def _summary(results: Results, folder: Path, import_s: float, scenario: Scenario) -> dict[str, Any]:
    """Return what --json prints."""
    from bloodsim.load import assumed_inputs

    inputs = assumed_inputs(scenario)
    return {
        "scenario": results.name,
        "hash": results.scenario_hash,
        "out": folder.as_posix(),
        "replications": len(results.replications),
        "seed": results.seed,
        "conservation": "exact",
        "assumed_inputs": inputs.assumed + inputs.unstated,
        "inputs": inputs.total,
        "variants": {
            name: {
                "kpi": {
                    kpi: {key: row[key] for key in ("mean", "half_width", "unit")}
                    for kpi, row in rows.items()
                }
            }
            for name, rows in results.kpi_summary().items()
        },
        **_avoided(results),
        **_parts(results),
        **_bands(results),
        "timing": {
            "import_s": round(import_s, 3),
            "simulate_s": round(results.timing["simulate_s"], 3),
            "ms_per_replication": round(results.timing["ms_per_replication"], 3),
        },
    }


def _avoided(results: Results) -> dict[str, Any]:
    """Return the shares avoided, where bounds were computed or a variant was told the future."""
    from bloodsim import metrics

    parts: dict[str, Any] = {}
    kinds: dict[str, metrics.Joint] = {
        "": False,
        "_joint": True,
        "_equal_donations": "equal_donations",
    }
    shares = {f"share_avoided{s}": metrics.all_avoided(results, joint=j) for s, j in kinds.items()}
    for key, found in {**shares, "share_of_foresight": metrics.all_of_foresight(results)}.items():
        if found:
            each = {e.policy: {"share": e.share, "low": e.low, "high": e.high} for e in found}
            parts[key] = {"baseline": found[0].baseline, "variants": each}
    for suffix, joint in kinds.items():
        worth = {
            name: {"points": above.mean, "half_width": above.half_width}
            for name in results.variants
            if (above := metrics.value_of_information(results, name, joint=joint)) is not None
        }
        if worth:
            parts[f"value_of_information{suffix}"] = worth
        bounds = {name: metrics.bound_of(results, name, joint=joint) for name in results.variants}
        known = {name: float(b.mean()) for name, b in bounds.items() if b is not None}
        if joint and known:
            parts[f"bound{suffix}"] = known
    if family := metrics.told_family(results):
        parts["share_of_foresight"] |= {"foresight": family[0], "estimate": True}
    return parts


def _parts(results: Results) -> dict[str, Any]:
    """Return gains, rationing and gaps in parts, where the variants are there; else nothing."""
    from bloodsim import metrics

    found = metrics.decomposition(results)
    parts = {
        name: [_plain(each._asdict()) for each in of] for name, of in found._asdict().items() if of
    }
    return {"decomposition": parts} if parts else {}


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Return intervals as points and half-width, which one world does not have (null)."""
    from bloodsim import metrics

    return {
        name: {
            "points": value.mean,
            "half_width": None if math.isnan(value.half_width) else value.half_width,
        }
        if isinstance(value, metrics.Interval)
        else value
        for name, value in fields.items()
        if name != "says"
    }


def _bands(results: Results) -> dict[str, Any]:
    """Return how far worlds spread, where parameters were drawn; else nothing."""
    from bloodsim.results.bands import bands

    found = {
        variant: {kpi: both._asdict() for kpi, both in rows.items()}
        for variant, rows in bands(results).items()
    }
    return {"bands_90_percent": found} if found else {}


@contextmanager
def progress_bar(title: str, *, shown: bool) -> Iterator[Progress | None]:
    """Yield what tells a bar on stderr how far the run is; None where nobody looks."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
