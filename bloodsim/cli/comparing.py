"""Commands on saved runs: compare, rerun."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bloodsim.cli.checking import AsJson, Settings
from bloodsim.cli.output import print_json

if TYPE_CHECKING:
    from bloodsim.results import Results
    from bloodsim.scenario import Scenario

Folder = Annotated[str, typer.Argument(metavar="RUN", help="Folder of a saved run.")]


def compare(
    run: Folder,
    baseline: Annotated[
        str, typer.Option(help="Variant to compare with; default: practice, else the first.")
    ] = "",
    every: Annotated[bool, typer.Option("--all", help="Every indicator.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the variants of a saved run, world by world on the same luck."""
    from bloodsim.results import Results

    results = Results.load(Path(run).expanduser())
    usual = "practice" if "practice" in results.variants else results.variants[0]
    bases = {v: baseline or baseline_of(v, results.variants, usual) for v in results.variants}
    base = baseline or usual
    rows = _against(results, bases, every=every)
    if as_json:
        print_json({"run": run, "baseline": base, "worlds": len(results.replications), **rows})
        return
    same = set(bases.values()) == {base}
    said = base if same else "the baseline in the same world"
    print(f"difference from {said}, paired over {len(results.replications)} worlds; ± 95 %")
    for variant, found in rows["variants"].items():
        print()
        print(_summary(variant, bases[variant], found["cost"]["words"]))
        wide = max(len(kpi) for kpi in found)
        for kpi, row in found.items():
            print(f"  {kpi.ljust(wide)}  {_shown(row):>24}  {row['words']}")
    if len(results.variants) == 1:
        print(f"{base} is the only variant: there is nothing to compare")


def baseline_of(variant: str, known: Sequence[str], usual: str) -> str:
    """Return the variant to compare with: at the same unmet share, with parameters drawn or not.

    A rule at another level of need, or in another country, differs by that and not by the rule.
    """
    from bloodsim.results.bands import SUFFIX
    from bloodsim.scenario.unmet import MARK

    drawn = SUFFIX if variant.endswith(SUFFIX) else ""
    rule = usual.removesuffix(SUFFIX).partition(MARK)[0]
    _, mark, level = variant.removesuffix(drawn).partition(MARK)
    same = f"{rule}{mark}{level}{drawn}"
    return same if same in known else usual


def _against(results: Results, bases: Mapping[str, str], *, every: bool) -> dict[str, Any]:
    """Return the differences of each variant from its own baseline."""
    found = {base: differences(results, base, every=every) for base in set(bases.values())}
    rows = {v: found[base]["variants"][v] for v, base in bases.items() if v != base}
    return {"baselines": {v: bases[v] for v in rows}, "variants": rows}


def differences(results: Results, baseline: str, *, every: bool = False) -> dict[str, Any]:
    """Return the paired differences of each variant from a baseline, with what they show."""
    from bloodsim.results.comparison import HIGHER_IS_BETTER, LOWER_IS_BETTER, NEITHER, words

    chosen = {*LOWER_IS_BETTER, *HIGHER_IS_BETTER, *NEITHER}
    found: dict[str, dict[str, Any]] = {v: {} for v in results.variants if v != baseline}
    for row in results.compare(baseline).to_dict("records"):
        name = row["kpi"].partition(".")[0]
        if row["n"] and (every or name in chosen):
            found[row["variant"]][row["kpi"]] = {
                "mean_difference": row["mean_difference"],
                "half_width": row["half_width"],
                "unit": row["unit"],
                "n": row["n"],
                "words": words(name, row["mean_difference"], row["half_width"]),
            }
    return {"variants": found}


def rerun(
    run: Folder,
    scenario: Annotated[
        str, typer.Option(help="Scenario file; default: the bundled one of the run's name.")
    ] = "",
    study: Annotated[str, typer.Option(help="Study of the run; default: what its name says.")] = "",
    settings: Settings = None,
    workers: Annotated[int, typer.Option("-j", "--workers", min=1, help="Processes.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Repeat a saved run from its manifest, and say whether the bytes agree."""
    from bloodsim.experiment import simulate
    from bloodsim.load import apply_settings, bundled, load
    from bloodsim.results import Results, ResultsError
    from bloodsim.results.bands import stated
    from bloodsim.results.folder import read_manifest

    old = read_manifest(Path(run).expanduser())
    if "opening_stock" in old:
        raise ResultsError(f"{run} started from a stock file; run it again with --stock")
    of_the_name, studied = _named(old["scenario"]["name"])
    if not scenario and of_the_name not in bundled() and not Path(of_the_name).is_file():
        raise ResultsError(
            f"{run} is of the scenario '{of_the_name}', which is not a bundled one: name its file, "
            f"such as: bloodsim rerun {run} --scenario {of_the_name}/scenario.yaml"
        )
    world = apply_settings(load(scenario or of_the_name), settings or [])
    if studies := study or ("" if scenario else studied):
        world = world.with_overrides(*(name.strip() for name in studies.split(",")))
    if world.hash != old["scenario"]["hash"]:
        raise ResultsError(
            f"the scenario is not the one of {run} ({world.hash[:8]}, the run's is "
            f"{old['scenario']['hash'][:8]}): name its file with --scenario, its settings with -s"
        )
    names = list(stated(Results.load(Path(run).expanduser())))  # the manifest has no order
    world = _at_its_levels(world, names, old)
    if not world.variants and names == [world.variant_name]:
        names = []
    elif unknown := [name for name in names if name not in world.variants]:
        raise ResultsError(f"{run} has variants that the scenario has not: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="bloodsim-") as folder:
        count = int(old["replications"])
        simulate(world, count, old["seed"], workers, variants=names or None, out=folder)
        new = read_manifest(Path(folder))
    changed = sorted(
        name
        for name in {*old["files"], *new["files"]}
        if old["files"].get(name) != new["files"].get(name)
    )
    programs = _programs_changed(old, new)
    if as_json:
        print_json({"run": run, "same": not changed, "files": changed, "programs": programs})
    else:
        said = "agree, byte for byte" if not changed else f"differ in {', '.join(changed)}"
        print(f"{run}: {len(new['files'])} files {said}")
        for line in programs:
            print(f"  since then: {line}")
    raise typer.Exit(3 if changed else 0)


def _named(name: str) -> tuple[str, str]:
    """Return the bundled scenario and the studies that a run's name stands for."""
    from bloodsim.load import bundled

    for known in sorted(bundled(), key=len, reverse=True):
        if name.startswith(f"{known}-"):
            return known, name.removeprefix(f"{known}-").replace("-", ",")
    return name, ""


def _at_its_levels(world: Scenario, names: Sequence[str], old: Mapping[str, Any]) -> Scenario:
    """Return the scenario with the variants of ``run --unmet``, if the run has such."""
    from bloodsim.scenario.unmet import MARK, with_unmet_levels

    marked = [name for name in names if MARK in name and name not in world.variants]
    rules = list(dict.fromkeys(name.rpartition(MARK)[0] for name in marked))
    if not rules or not set(rules) <= set(world.variants):
        return world
    red = [name for name, p in world.products.items() if p.compatibility == "red_cells"]
    shares = (old["variants"][name]["unmet_share"] for name in marked)
    return with_unmet_levels(world, list(dict.fromkeys(s[red[0]] for s in shares)), rules)


def _programs_changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what of the programs is not as it was."""
    before, after = old.get("environment", {}), new["environment"]
    flat = [
        {k: v for k, v in each.items() if k in ("bloodsim", "source", "python", "platform")}
        | dict(each.get("packages", {}))
        for each in (before, after)
    ]
    return [
        f"{name} {flat[0].get(name)} -> {flat[1].get(name)}"
        for name in dict.fromkeys([*flat[0], *flat[1]])
        if flat[0].get(name) != flat[1].get(name)
    ]


def _summary(variant: str, baseline: str, verdict: str) -> str:
    if verdict in ("better", "worse"):
        return f"{variant} is {verdict} than {baseline} by the one cost"
    return f"{variant} and {baseline}: {verdict} in the one cost"


def _shown(row: Mapping[str, Any]) -> str:
    from bloodsim.cli.report_table import difference

    return difference(row["mean_difference"], row["half_width"], str(row["unit"]))
