"""The command that checks an installation: doctor."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from bloodsim.cli.output import print_json

_OLDEST_PYTHON = (3, 11)
_PACKAGES = (
    "numpy", "scipy", "simpy", "pandas", "matplotlib", "pulp", "highspy", "pydantic",
    "ruamel.yaml", "typer", "rich", "holidays", "pyarrow", "xarray", "openpyxl",
)  # fmt: skip


class Finding(NamedTuple):
    """One thing that was checked."""

    check: str
    ok: bool
    said: str


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    facts: Annotated[
        bool, typer.Option("--facts", help="Does the baseline look like the country?")
    ] = False,
    replications: Annotated[
        int, typer.Option("-n", "--replications", min=2, max=1000, help="Of --facts.")
    ] = 16,
    seeds: Annotated[str, typer.Option(help="Of --facts, separated by commas.")] = "1",
    workers: Annotated[
        int | None, typer.Option("-j", "--workers", min=1, help="Processes of --facts.")
    ] = None,
) -> None:
    """Check Python, packages, calendar, fonts, worker processes and a small simulation.

    With --facts: run the national baseline, and show published figures beside it.
    """
    if facts:
        from bloodsim.cli.facts_table import report_facts

        report_facts(_seeds(seeds), replications, workers or os.cpu_count() or 1, as_json=as_json)
        return
    findings = list(_findings())
    well = all(finding.ok for finding in findings)
    if as_json:
        print_json({"ok": well, "checks": [finding._asdict() for finding in findings]})
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.check}: {finding.said}")
    raise typer.Exit(0 if well else 1)


def _seeds(text: str) -> list[int]:
    """Return the seeds of a list; `typer.BadParameter` where it is none."""
    try:
        seeds = [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"--seeds takes numbers such as 1,2,3, not {text!r}") from None
    if min(seeds) < 0:
        raise typer.BadParameter("a seed is 0 or more")
    return list(dict.fromkeys(seeds))


def _findings() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", sys.version_info >= _OLDEST_PYTHON, version)
    yield from (_package(name) for name in _PACKAGES)
    yield from (
        _checked(name, check)
        for name, check in (
            ("calendar", _calendar),
            ("bundled scenarios", _bundled),
            ("Chinese font", _font),
            ("worker processes", _worker),
            ("small simulation", _simulation),
        )
    )


def _package(name: str) -> Finding:
    from importlib import metadata

    try:
        return Finding(name, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, False, f"not installed: pip install {name}")


def _checked(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except Exception as error:  # whatever it is, it is what doctor is asked to find
        return Finding(name, False, f"{type(error).__name__}: {error}")


def _calendar() -> str:
    from datetime import date

    from bloodsim.seasons import Calendar

    calendar, year = Calendar(), date.today().year
    known = ", ".join(f"{y} {calendar.status(y)}" for y in (year, year + 1))
    return f"{known} (provisional: statutory days only, no make-up workdays)"


def _bundled() -> str:
    from bloodsim.load import bundled

    if not bundled():
        raise FileNotFoundError("the package holds no scenarios; install it again")
    return ", ".join(bundled())


def _font() -> str:
    import bloodsim

    fonts = sorted((Path(bloodsim.__file__).parent / "data" / "fonts").glob("*.[to]tf"))
    if not fonts:
        raise FileNotFoundError("bloodsim/data/fonts holds no font; install it again")
    return fonts[0].name


def _worker() -> str:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        if pool.submit(os.getpid).result(timeout=60) == os.getpid():
            raise RuntimeError("a worker is no process of its own")
    return f"can start; {os.cpu_count()} processors"


def _simulation() -> str:
    from bloodsim.experiment import simulate
    from bloodsim.load import load

    scenario = load("minimal").set("run.score_end", "2026-01-14").set("run.warmup_days", 7)
    results = simulate(scenario, replications=1)
    return f"{results.timing['simulate_s']:.1f} s, every unit accounted for"
