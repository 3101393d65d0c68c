"""The command that finds a rule's parameters: tune."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bloodsim.cli.checking import AsJson, Settings
from bloodsim.cli.output import print_json
from bloodsim.cli.running import progress_bar

if TYPE_CHECKING:
    from bloodsim.tuning import Journal, Tuning

_MOST_ROWS = 12
"""Candidates that are printed; the CSV file holds all."""


def tune(
    file_or_name: Annotated[str, typer.Argument(help="Scenario file or bundled name.")],
    policy: Annotated[str, typer.Option(help="Variant, or kind of policy, to tune.")],
    params: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=LOW:HIGH[:STEPS]",
            help="Range of a policy's field or of a dotted path; repeat, or separate by commas.",
        ),
    ] = None,
    seeds: Annotated[str, typer.Option(help="Seeds of the search, separated by commas.")] = "",
    fresh_seeds: Annotated[str, typer.Option(help="Seeds of the check afterwards.")] = "",
    replications: Annotated[
        int, typer.Option("-n", "--replications", min=2, help="Random worlds per seed.")
    ] = 16,
    rounds: Annotated[int, typer.Option(min=0, max=8, help="Rounds of refinement.")] = 2,
    workers: Annotated[
        int | None, typer.Option("-j", "--workers", min=1, help="Processes; default: all cores.")
    ] = None,
    study: Annotated[
        str, typer.Option(help="Overrides applied first, such as 'tight'; separate by commas.")
    ] = "",
    settings: Settings = None,
    out: Annotated[str, typer.Option(help="Override file to write.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace the override file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find the values of a rule's parameters that cost least, on other luck than it is scored by.

    Writes an override file that extends the scenario, the surface as CSV, and its chart.
    """
    import os

    from bloodsim.load import apply_settings, load
    from bloodsim.tuning import Journal
    from bloodsim.tuning import tune as search

    scenario = apply_settings(load(file_or_name), settings or [])
    studies = [name.strip() for name in study.split(",") if name.strip()]
    if studies:
        scenario = scenario.with_overrides(*studies)
    target = _target(out, scenario.name, policy, force=force)
    journal = Journal.at(target.with_name(f".{target.stem}.partial.json"))
    if journal.known and not as_json:
        print("going on from an interrupted search", file=sys.stderr)
    ranges = [text for given in params or () for text in given.replace(",", " ").split()]
    quiet = as_json
    try:
        with progress_bar("tuning", shown=not quiet and sys.stderr.isatty()) as progress:
            tuning = search(
                scenario,
                policy,
                ranges,
                seeds=_whole_numbers(seeds, "--seeds"),
                fresh_seeds=_whole_numbers(fresh_seeds, "--fresh-seeds"),
                replications=replications,
                rounds=rounds,
                workers=workers or os.cpu_count() or 1,
                journal=journal,
                progress=progress,
                told=None if quiet else lambda text: print(text, file=sys.stderr),
            )
    except KeyboardInterrupt:
        _say_kept(journal)
        raise typer.Exit(130) from None
    files = _written(tuning, file_or_name, target, studies)
    journal.remove()
    if as_json:
        print_json({**tuning.as_dict(), "files": [path.as_posix() for path in files]})
        return
    _print(tuning, files)


def _target(out: str, scenario: str, policy: str, *, force: bool) -> Path:
    """Return the file to write, before anything is simulated; an error if it cannot be."""
    import tempfile

    path = Path(out or f"{scenario}-{policy}-tuned.yaml").expanduser()
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise typer.BadParameter(f"--out names a YAML file, such as tuned.yaml; got {out}")
    if path.is_dir():
        raise typer.BadParameter(f"{path} is a folder; name a file")
    if path.exists() and not force:
        raise typer.BadParameter(f"{path} exists; --force replaces it, --out names another")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path.parent):
        return path


def _whole_numbers(text: str, option: str) -> list[int]:
    parts = text.replace(",", " ").split()
    if not all(part.isdigit() for part in parts):
        raise typer.BadParameter(f"{option} takes whole numbers separated by commas; got {text}")
    return [int(part) for part in parts]


def _say_kept(journal: Journal) -> None:
    kept = "; run the same command to go on" if journal.known else ""
    print(f"interrupted: {len(journal.known)} parts of the search kept{kept}", file=sys.stderr)


def _written(tuning: Tuning, scenario: str, target: Path, studies: Sequence[str]) -> list[Path]:
    """Write the override, the surface and, of one or two parameters, its chart."""
    from bloodsim.results.csvfile import csv_bytes
    from bloodsim.tuning.evaluate import replace_text
    from bloodsim.tuning.override import override_text

    replace_text(target, override_text(tuning, scenario, target, studies))
    stem = target.with_name(f"{target.stem}-surface")
    if len(tuning.tuned) > 2:
        table = stem.with_suffix(".csv")
        replace_text(table, csv_bytes(tuning.surface()).decode())
        return [target, table]
    from bloodsim.plots import plot_surface

    return [target, *plot_surface(tuning.as_dict()).save(stem)]


def _print(tuning: Tuning, files: Sequence[Path]) -> None:
    worlds = len(tuning.luck.seeds) * tuning.luck.replications
    names = [p.name for p in tuning.tuned]
    print(f"{tuning.start.name} in {tuning.start.scenario.name}: {len(tuning.costs)} candidates")
    print(f"cost in points, {worlds} random worlds; difference from the cheapest ± paired 95 %")
    print()
    surface = tuning.surface()
    rows = [[*names, "mean cost", "difference", ""]]
    for row in surface.head(_MOST_ROWS).to_dict("records"):
        point = tuple(row[name] for name in names)
        notes = [
            word
            for word, holds in (
                ("cheapest", point == tuning.winner),
                ("start", point == tuning.start_point),
                ("not told from it", row["as_good"] and point != tuning.winner),
            )
            if holds
        ]
        difference = f"{row['difference']:+,.0f} ± {row['half_width']:,.0f}"
        values = [f"{row[name]:g}" for name in names]
        rows.append([*values, f"{row['mean_cost']:,.0f}", difference, ", ".join(notes)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for texts in rows:
        cells = [c.rjust(w) for c, w in zip(texts[:-1], widths[:-1], strict=True)]
        print("  ".join([*cells, texts[-1]]).rstrip())
    if len(surface) > _MOST_ROWS:
        print(f"… and {len(surface) - _MOST_ROWS} dearer ones in the CSV file")
    if tuning.left_out:
        print(f"{tuning.left_out} combinations are forbidden by the scenario")
    print()
    mean, half_width, n = tuning.gain
    said = f"{mean:+,.0f} ± {half_width:,.0f} points over {n} worlds"
    print(f"cheapest less start in the search, which flatters it: {said}")
    print(tuning.verdict)
    for name in tuning.at_the_edge:
        print(f"cheapest {name} is at the end of its range: a wider one may hold something better")
    print(f"chosen: {', '.join(f'{k} {v:g}' for k, v in zip(names, tuning.chosen, strict=True))}")
    print(f"wrote {', '.join(path.as_posix() for path in files)}")
    print(f"next: bloodsim run {files[0].as_posix()}")
