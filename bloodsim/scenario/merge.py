"""Merging of raw trees: mappings merge, lists replace, null deletes, a new kind replaces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from bloodsim.scenario.problems import Path, Problem, ScenarioError, nearest

Tree = dict[str, Any]


def merge(
    base: Mapping[str, Any],
    patch: Mapping[str, Any],
    on_set: Callable[[Path], None] | None = None,
    _path: Path = (),
) -> Tree:
    """Return *base* with *patch* laid over it; neither is changed.

    Parameters
    ----------
    base, patch : mapping
        Raw trees of mappings, lists and scalars.
    on_set : callable, optional
        Told the path of every value that *patch* sets or deletes.

    Returns
    -------
    dict
        A new tree, all of whose keys are text. Mappings merge key by key, lists replace, ``None``
        deletes the key, and a mapping that changes ``kind`` replaces the block it patches.
    """
    merged: Tree = {str(key): value for key, value in base.items()}
    for key, value in patch.items():
        name = str(key)
        here = (*_path, name)
        old = merged.get(name)
        if value is None:
            if _in_override(here):
                merged[name] = None  # it deletes when the override is applied, not before
            else:
                merged.pop(name, None)
            if on_set:
                on_set(here)
        elif isinstance(value, Mapping):
            replaces = not isinstance(old, Mapping) or _changes_kind(old, value)
            start: Mapping[str, Any] = {} if replaces else old  # type: ignore[assignment]
            if on_set and (replaces or not value):
                on_set(here)
            merged[name] = merge(start, value, on_set, here)
        else:
            merged[name] = value
            if on_set:
                on_set(here)
    return merged


def _in_override(path: Path) -> bool:
    return len(path) > 2 and path[0] == "overrides"


def _changes_kind(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return "kind" in new and new["kind"] != old.get("kind", new["kind"])


def leaves(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the path and value of every scalar of *tree*."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from leaves(value, (*path, str(key)))
    elif isinstance(tree, list | tuple):
        for index, value in enumerate(tree):
            yield from leaves(value, (*path, str(index)))
    else:
        yield path, tree


def nested(dotted: str, value: Any) -> Tree:
    """Return the tree that sets one dotted path: ``nested("run.seed", 3)``."""
    tree: Any = value
    for part in reversed(dotted.split(".")):
        tree = {part: tree}
    return dict(tree)


def patched(
    tree: Mapping[str, Any], overrides: Mapping[str, Any], names: Iterable[str], variant: str
) -> Tree:
    """Return *tree* with the named overrides laid over it, one after the other.

    Parameters
    ----------
    tree : mapping
        The scenario that the overrides patch.
    overrides : mapping
        Patches by name.
    names : iterable of str
        The overrides to apply.
    variant : str
        Variant that names them, for messages.

    Raises
    ------
    ScenarioError
        An override that does not exist, or two that set one key.
    """
    result = merge({}, tree)
    set_by: dict[Path, str] = {}
    problems = []
    for index, name in enumerate(names):
        if name not in overrides:
            here = ("variants", variant, str(index))
            problems.append(Problem(here, f"unknown override '{name}'", nearest(name, overrides)))
            continue
        patch = overrides[name]
        result = merge(result, patch)
        for path in _paths_set(patch):
            clash = next((other for other in set_by if _overlap(other, path)), None)
            if clash is not None:
                problems.append(_conflict(variant, path, set_by[clash], name))
        set_by.update(dict.fromkeys(_paths_set(patch), name))
    if problems:
        raise ScenarioError(problems)
    return result


def _paths_set(patch: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of the values that a patch sets: its scalars, lists and empty mappings."""
    if isinstance(patch, Mapping) and patch:
        for key, value in patch.items():
            yield from _paths_set(value, (*path, str(key)))
    elif path:  # an override that is empty as a whole sets nothing
        yield path


def _overlap(one: Path, other: Path) -> bool:
    short = min(len(one), len(other))
    return one[:short] == other[:short]


def _conflict(variant: str, path: Path, first: str, second: str) -> Problem:
    return Problem(
        ("variants", variant),
        f"overrides '{first}' and '{second}' both set {'.'.join(path)}",
        "drop one, or write a third override",
    )
