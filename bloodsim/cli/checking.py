"""Commands that look at scenarios without running them: validate, show."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bloodsim.cli.output import counted, print_json, print_problems

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario
    from bloodsim.scenario.problems import Problem

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("-s", "--set", metavar="KEY=VALUE", help="Set a value: -s run.seed=3."),
]


def validate(
    files: Annotated[list[str], typer.Argument(help="Scenario files or bundled names.")],
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are errors.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check scenario files and all their variants; never runs them."""
    from bloodsim.load import assumed_inputs, load
    from bloodsim.scenario.problems import ScenarioError

    found: list[Problem] = []
    reports = []
    for file in files:
        try:
            scenario = load(file)
        except ScenarioError as error:
            problems, summary = list(error.problems), ""
        else:
            problems = [*warnings_of(scenario), *_custom_policies(scenario)]
            summary = f"{_outline(scenario)}\n    {assumed_inputs(scenario)}"
        if strict:
            problems = [replace(problem, level="error") for problem in problems]
        found += problems
        reports.append({"file": file, "problems": [problem.as_dict() for problem in problems]})
        if not as_json:
            for problem in problems:
                print(problem, file=sys.stderr)
            print(f"{file}: {counted(problems)}")
            if summary:
                print(f"    {summary}")
    bad = any(problem.level == "error" for problem in found)
    if as_json:
        print_json({"problems": [problem.as_dict() for problem in found], "files": reports})
    raise typer.Exit(3 if bad else 0)


def show(
    file_or_name: Annotated[str, typer.Argument(help="Scenario file or bundled name.")],
    variant: Annotated[str, typer.Option(help="Show this variant.")] = "",
    diff: Annotated[
        str, typer.Option(help="Show only what differs from this file, name or variant.")
    ] = "",
    origin: Annotated[
        bool, typer.Option("--origin", help="Tell where each value comes from.")
    ] = False,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Print the complete scenario: parents, tables, settings and defaults put together."""
    from bloodsim.load import apply_settings, assumed_inputs, load

    base = load(file_or_name)
    scenario = apply_settings(base, settings or [])
    if variant:
        scenario = scenario.variant(variant)
    if diff:
        _print_difference(_other(base, diff), scenario, as_json=as_json)
        return
    tree = scenario.resolved()
    origins = _origins(scenario, tree)
    if as_json:
        content: dict[str, Any] = {"hash": scenario.hash, "scenario": tree}
        print_json({**content, "origins": origins} if origin else content)
        return
    print(f"# {scenario.name}, hash {scenario.hash[:8]}; {assumed_inputs(scenario)}")
    print(_yaml(tree, origins if origin else {}), end="")
    warnings = warnings_of(scenario)
    if warnings:
        print_problems(warnings, as_json=False)


def warnings_of(scenario: Scenario) -> list[Problem]:
    """Return the warnings of a scenario and of its variants, each once."""
    found = scenario.warnings()
    known = {(problem.path, problem.message) for problem in found}
    for name in scenario.variants:
        for problem in scenario.variant(name).warnings():
            if (problem.path, problem.message) not in known:
                known.add((problem.path, problem.message))
                found.append(replace(problem, variant=name))
    return found


def _custom_policies(scenario: Scenario) -> Iterator[Problem]:
    """Yield a warning per policy that only Python knows."""
    from bloodsim.scenario.problems import Problem

    worlds = [scenario, *(scenario.variant(name) for name in scenario.variants)]
    settings = [s for w in worlds for s in (w.policies.transfer, w.run.warmup_policy)]
    for name in dict.fromkeys(s.name for s in settings if s.kind == "custom"):
        message = f"custom policy '{name}': known only when run"
        hint = "bloodsim run ... --policies FILE.py"
        yield Problem(("policies", "transfer", "name"), message, hint, level="warning")


def _outline(scenario: Scenario) -> str:
    variants = ", ".join(scenario.variants) or "none"
    return (
        f"{len(scenario.regions)} regions, {len(scenario.products)} products, "
        f"{scenario.run.score_start} to {scenario.run.score_end}; variants: {variants}"
    )


def _other(scenario: Scenario, name: str) -> Scenario:
    """Return what --diff names: a variant, the scenario without any, or another scenario."""
    from bloodsim.load import load

    if name in scenario.variants:
        return scenario.variant(name)
    return scenario if name == "base" else load(name)


def _print_difference(old: Scenario, new: Scenario, *, as_json: bool) -> None:
    changes = list(_changes(old.resolved(), new.resolved()))
    if as_json:
        print_json({"changes": [{"path": p, "old": a, "new": b} for p, a, b in changes]})
        return
    for path, before, after in changes:
        print(f"{path}: {_short(before)} → {_short(after)}")
    if not changes:
        print("no differences")


def _changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the paths at which two trees differ, with both values (None: not there)."""
    from bloodsim.scenario.merge import leaves

    before, after = (dict(leaves(tree)) for tree in (old, new))
    for path in dict.fromkeys([*before, *after]):
        if before.get(path) != after.get(path) and path != ("name",):
            yield ".".join(path), before.get(path), after.get(path)


def _short(value: Any) -> str:
    text = "(not there)" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _origins(scenario: Scenario, tree: dict[str, Any]) -> dict[str, str]:
    """Return the place of every value, by dotted path."""
    from bloodsim.scenario.merge import leaves

    known = scenario.provenance.origins
    return {".".join(path): str(known.get(path, "default")) for path, _ in leaves(tree)}


def _yaml(tree: dict[str, Any], origins: dict[str, str]) -> str:
    """Return a tree as YAML, each value followed by its origin as a comment."""
    import io

    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 100
    stream = io.StringIO()
    yaml.dump(_commented(tree, origins, ()), stream)
    return stream.getvalue()


def _commented(value: Any, origins: dict[str, str], path: tuple[str, ...]) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, dict):
        block = CommentedMap()
        for key, inner in value.items():
            name: Any = int(key) if key.lstrip("-").isdigit() else key
            block[name] = _commented(inner, origins, (*path, key))
            place = origins.get(".".join((*path, key)))
            if place:
                block.yaml_add_eol_comment(place, name)
        return block
    if isinstance(value, list):
        items = CommentedSeq(_commented(v, origins, (*path, str(i))) for i, v in enumerate(value))
        for index in range(len(value)):
            place = origins.get(".".join((*path, str(index))))
            if place:
                items.yaml_add_eol_comment(place, index)
        return items
    return value
