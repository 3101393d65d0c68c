"""Files and scenarios: YAML with its parents and tables, checked, every value's place known."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from types import ModuleType

from bloodsim.load.document import Document, read_value
from bloodsim.load.inputs import AssumedInputs, assumed_inputs
from bloodsim.load.layers import Layers
from bloodsim.load.library import bundled
from bloodsim.load.misspelt import regions_meant
from bloodsim.scenario import Provenance, Scenario, ScenarioError
from bloodsim.scenario.merge import Tree, leaves, merge, patched
from bloodsim.scenario.problems import Place, Problem, located, nearest, place_of, shown

__all__ = [
    "AssumedInputs",
    "apply_settings",
    "assumed_inputs",
    "bundled",
    "load",
    "sources",
]

_FILE = re.compile(r".*\.(csv|xlsx|xlsm)(?=[:\[])", re.IGNORECASE)
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def load(path_or_name: str | FilePath) -> Scenario:
    """Read a scenario file, or a bundled scenario by its name.

    The file, its parents (`extends`) and its tables are laid over each other; the result and each
    of its variants are validated.

    Parameters
    ----------
    path_or_name : str or path
        ``"spring.yaml"``, or ``"national-2026"``.

    Raises
    ------
    ScenarioError
        With every problem found, each with its file, line and column.
    """
    path = _find(path_or_name)
    layers = Layers(path.resolve().parent)
    try:
        found = layers.read(path)
    except ScenarioError as error:
        raise ScenarioError([*layers.problems, *error.problems]) from None
    if layers.unreadable:
        raise ScenarioError(layers.problems)
    found.tree.setdefault("name", _UNSAFE.sub("-", path.stem).strip("-_")[:64] or "scenario")
    provenance = Provenance(found.places, layers.sources)
    problems = [*layers.problems, *_problems(found, provenance)]
    if problems:
        known = found.tree.get("regions")
        problems = regions_meant(problems, known if isinstance(known, Mapping) else {})
        raise ScenarioError(_collapsed(problems))
    return Scenario.from_mapping(found.tree, provenance=provenance)


def apply_settings(scenario: Scenario, settings: Iterable[str]) -> Scenario:
    """Return the scenario with settings such as ``run.seed=3`` over it and over its variants.

    Parameters
    ----------
    scenario : Scenario
        Left as it is.
    settings : iterable of str
        ``dotted.path=value`` each, the value as YAML would read it (``null`` deletes).

    Raises
    ------
    ScenarioError
        A path that the scenario does not have, or a value that does not fit.
    """
    patch: Tree = {}
    origins: dict[tuple[str, ...], Place] = {}
    problems = []
    for setting in settings:
        dotted, equals, text = setting.partition("=")
        place = Place(f"-s {setting}")
        keys = tuple(dotted.strip().split("."))
        if not equals or not all(keys):
            hint = "write -s path=value, such as -s run.seed=3"
            problems.append(Problem((), f"cannot read the setting {shown(setting)}", hint))
            continue
        try:
            value = read_value(text, f"-s {setting}")
        except ScenarioError as error:
            problems += [replace(p, path=keys, place=str(place)) for p in error.problems]
            continue
        _put(patch, keys, value)
        origins[keys] = place
        origins.update({(*keys, *inner): place for inner, _ in leaves(value)})
    if problems:
        raise ScenarioError(problems)
    known = scenario.provenance
    return Scenario.from_mapping(
        merge(scenario.raw, patch),
        scenario._variant_name,
        Provenance(
            {**known.origins, **origins}, known.sources, _stacked(dict(known.settings), patch)
        ),
    )


def sources(scenario: Scenario) -> dict[str, str]:
    """Return the SHA-256 (hex) of every file that a scenario was read from, by relative name."""
    return dict(scenario.provenance.sources)


def _find(path_or_name: str | FilePath) -> FilePath:
    """Return the file of a scenario that is given by path or bundled name."""
    path = FilePath(path_or_name)
    if path.is_file():
        return path
    known = bundled()
    name = str(path_or_name)
    if name in known:
        return known[name]
    beside = [str(p) for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
    message = f"no scenario file or bundled scenario {shown(name)}"
    raise ScenarioError([Problem((), message, nearest(name, [*known, *beside]))])


def _problems(found: Document, provenance: Provenance) -> list[Problem]:
    """Return what is wrong with the scenario and with each of its variants."""
    tree, places = found.tree, found.places
    problems = _invalid(tree, provenance)
    known = {(problem.path, problem.message) for problem in problems}
    for variant, names in _variants(tree):
        try:
            patched_tree = patched(tree, tree.get("overrides", {}), names, variant)
        except ScenarioError as error:
            problems += [
                p for p in located(error.problems, places) if (p.path, p.message) not in known
            ]
            continue
        for problem in _invalid(patched_tree, Provenance()):
            if (problem.path, problem.message) not in known:
                known.add((problem.path, problem.message))
                problems.append(_of_variant(problem, variant, names, places))
    return problems


def _invalid(tree: Tree, provenance: Provenance) -> list[Problem]:
    try:
        Scenario.from_mapping(tree, provenance=provenance)
    except ScenarioError as error:
        return list(error.problems)
    return []


def _variants(tree: Tree) -> Iterator[tuple[str, list[str]]]:
    """Yield the variants that are well-formed, and each override that none of them uses."""
    variants, overrides = tree.get("variants", {}), tree.get("overrides", {})
    if not isinstance(variants, Mapping) or not isinstance(overrides, Mapping):
        return
    if not all(isinstance(patch, Mapping) for patch in overrides.values()):
        return
    used = set()
    for variant, names in variants.items():
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            used.update(names)
            yield variant, names
    yield from (("", [name]) for name in overrides if name not in used)


def _of_variant(
    problem: Problem, variant: str, names: list[str], places: Mapping[tuple[str, ...], Place]
) -> Problem:
    """Return a variant's problem with the override and the line that cause it."""
    for length in range(len(problem.path), 0, -1):
        for name in reversed(names):
            origin = places.get(("overrides", name, *problem.path[:length]))
            if origin is not None:
                path = ("overrides", name, *problem.path)
                return replace(problem, path=path, place=str(origin), variant=variant)
    place = place_of(("variants", variant), places)
    return replace(problem, place=str(place), variant=variant)


def _collapsed(problems: list[Problem]) -> list[Problem]:
    """Return the problems in the order they were found, a table column's repeated one once."""
    kept: dict[object, Problem] = {}
    repeats: Counter[object] = Counter()
    for problem in problems:
        file = _FILE.match(problem.place)
        in_table = problem.path[:1] == ("regions",) and file is not None
        what = (file[0], problem.message, problem.path[2:]) if file and in_table else problem
        kept.setdefault(what, problem)
        repeats[what] += 1
    return [
        replace(problem, message=f"{problem.message} (and so in {repeats[what] - 1} other rows)")
        if isinstance(what, tuple) and repeats[what] > 1
        else problem
        for what, problem in kept.items()
    ]


def _put(tree: Tree, keys: tuple[str, ...], value: object) -> None:
    for key in keys[:-1]:
        inner = tree.get(key)
        tree[key] = inner if isinstance(inner, dict) else {}
        tree = tree[key]
    tree[keys[-1]] = value


def _stacked(under: Tree, over: Tree) -> Tree:
    """Lay settings over earlier ones, keeping the nulls that delete."""
    for key, value in over.items():
        old = under.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        under[key] = _stacked(dict(old), value) if both else value  # type: ignore[arg-type]
    return under


class _CallableModule(ModuleType):
    """Lets ``bloodsim.load(...)`` work after this module was imported under the same name."""

    def __call__(self, path_or_name: str | FilePath) -> Scenario:
        return load(path_or_name)


sys.modules[__name__].__class__ = _CallableModule
