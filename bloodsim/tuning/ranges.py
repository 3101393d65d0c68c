"""What is tuned: names and ranges as they are typed, found in a scenario and checked against it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from bloodsim.scenario import Scenario, ScenarioError
from bloodsim.scenario.merge import Tree, merge
from bloodsim.scenario.messages import problems_of
from bloodsim.scenario.problems import Path, Problem, nearest, shown

Value = float
Point = tuple[Value, ...]
"""One value per parameter: a candidate."""

MOST_STEPS = 101
MOST_CANDIDATES = 2000

DEFAULT_RANGES: Mapping[str, tuple[str, ...]] = {
    "share_surplus": ("above_days=5:13:5", "below_days=3:9:4"),
    "proportional": ("tolerance_days=0:3:4", "review_days=1:7:4"),
    "ad_hoc": ("donor_above_days=7:15:5", "fill_to_days=5:11:4"),
    "move_ageing": ("below_life_days=2:14:5",),
    "pre_collect": ("uplift=0:0.16:5", "to_offset=-8:40:4"),
}
"""What is tuned where nothing else is said, by the kind of policy. The ranges are judgements."""

_TEXT = re.compile(r"\s*([^=\s]+)\s*=\s*([^:\s]+)\s*:\s*([^:\s]+)\s*(?::\s*([^:\s]+)\s*)?")
_BLOCKS = ("transfer", "collection")
_NOT_OF_A_RULE = {
    "cost": "it is the yardstick, and a shorter one makes everything look cheap",
    "run": "it says what is simulated and counted, not what is decided",
    "schema_version": "it tells how the file is read",
}
_STEPS = 5


@dataclass(frozen=True)
class Parameter:
    """A number of a scenario, or several that move together, and the range it is looked for in.

    Parameters
    ----------
    name : str
        As it was typed: a field of the policy, or a dotted path (``*`` = every name there).
    paths : tuple of paths
        Where it stands in the scenario.
    low, high : float
        Ends of the range.
    steps : int
        Values of the first grid.
    whole : bool
        Whole numbers only.
    """

    name: str
    paths: tuple[Path, ...]
    low: float
    high: float
    steps: int
    whole: bool

    @property
    def grid(self) -> list[Value]:
        """Values of the first grid, evenly spaced; whole numbers once each."""
        width = (self.high - self.low) / max(1, self.steps - 1)
        values = [self.tidy(self.low + i * width) for i in range(self.steps)]
        return list(dict.fromkeys(values))

    def tidy(self, value: float) -> Value:
        """Return the value within the range, with no more digits than a range of it deserves."""
        value = min(max(float(value), self.low), self.high)
        if self.whole:
            return round(value)
        if value in (self.low, self.high):
            return value
        return float(f"{value:.3g}") if abs(value) >= 1 else round(value, 3)


def parameters(scenario: Scenario, texts: Sequence[str]) -> tuple[Parameter, ...]:
    """Read ``name=low:high[:steps]`` and find each name in the scenario.

    Raises
    ------
    ScenarioError
        With everything that is wrong: what cannot be read, unknown names with the nearest
        spelling, values that are no numbers, ends that the field does not allow.
    """
    found: list[Parameter] = []
    problems: list[Problem] = []
    tree = scenario.resolved()
    for text in texts:
        try:
            parameter = _read(text, tree)
            _check_ends(scenario, parameter)
        except ScenarioError as error:
            problems += error.problems
            continue
        taken = {path for other in found for path in other.paths}
        if taken & set(parameter.paths):
            problems.append(Problem(("params", parameter.name), "is tuned twice", "name it once"))
        found.append(parameter)
    if problems:
        raise ScenarioError(problems)
    return tuple(found)


def policy_fields(scenario: Scenario) -> dict[str, Path]:
    """Return the numbers of the scenario's policies by short name, with their places."""
    tree = scenario.resolved()["policies"]
    return {
        field: ("policies", block, field)
        for block in reversed(_BLOCKS)  # a name that both have means the transfers
        for field, value in tree[block].items()
        if _is_number(value)
    }


def candidate(scenario: Scenario, tuned: Sequence[Parameter], point: Point) -> Scenario:
    """Return the scenario with the values of a candidate; `ScenarioError` if it forbids them."""
    return Scenario.from_mapping(
        merge(scenario.raw, patch(tuned, point)), scenario.variant_name, scenario.provenance
    )


def patch(tuned: Sequence[Parameter], point: Point) -> Tree:
    """Return the tree that sets a candidate's values."""
    tree: Tree = {}
    for parameter, value in zip(tuned, point, strict=True):
        for path in parameter.paths:
            inner: Any = value
            for key in reversed(path):
                inner = {key: inner}
            tree = merge(tree, inner)
    return tree


def values_of(scenario: Scenario, tuned: Sequence[Parameter]) -> Point:
    """Return the scenario's own values; of several that move together, the first."""
    tree = scenario.resolved()
    return tuple(_at(tree, parameter.paths[0]) for parameter in tuned)


def grid(tuned: Sequence[Parameter]) -> list[Point]:
    """Return all combinations of the first grid."""
    values = [parameter.grid for parameter in tuned]
    count = 1
    for each in values:
        count *= len(each)
    if count > MOST_CANDIDATES:
        message = f"the grid has {count:,} candidates; {MOST_CANDIDATES:,} is the most"
        raise ScenarioError([Problem(("params",), message, "take fewer steps")])
    return list(itertools.product(*values))


# ---------------------------------------------------------------------------- reading one range


def _read(text: str, tree: Tree) -> Parameter:
    match = _TEXT.fullmatch(text)
    if match is None:
        hint = "write name=low:high:steps, such as above_days=6:12:4"
        raise ScenarioError([Problem(("params",), f"cannot read the range {shown(text)}", hint)])
    name, *numbers = match.groups()
    paths = tuple(_paths(tree, name))
    values = [_at(tree, path) for path in paths]
    here = ("params", name)
    for path, value in zip(paths, values, strict=True):
        if not _is_number(value):
            message = f"{'.'.join(path)} is no number that can be tuned; it is {shown(value)}"
            raise ScenarioError([Problem(here, message, "tune a number")])
    whole = all(isinstance(value, int) for value in values)
    low, high = (_number(text, here, whole) for text in numbers[:2])
    steps = int(_number(numbers[2] or str(_STEPS), here, whole=True))
    if low >= high:
        raise ScenarioError([Problem(here, f"the range runs from {low:g} to {high:g}", "low:high")])
    if not 2 <= steps <= MOST_STEPS:
        message = f"must have 2 to {MOST_STEPS} steps; got {steps}"
        raise ScenarioError([Problem(here, message)])
    return Parameter(name, paths, low, high, steps, whole)


def _number(text: str, here: Path, whole: bool) -> float:
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        kind = "a whole number" if whole else "a number"
        raise ScenarioError([Problem(here, f"must be {kind}; got {shown(text)}")]) from None
    if not abs(value) < 1e12:
        raise ScenarioError([Problem(here, f"must be a finite number; got {shown(text)}")])
    return value


def _paths(tree: Tree, name: str) -> Iterator[Path]:
    """Yield the places that a name means: a field of the policies, or a dotted path."""
    if "." not in name:
        known = {
            field: ("policies", block, field)
            for block in reversed(_BLOCKS)
            for field in tree["policies"][block]
            if field != "kind"
        }
        if name not in known:
            kind = tree["policies"]["transfer"]["kind"]
            hint = nearest(name, known) or "or a dotted path of the scenario"
            message = f"the policy '{kind}' has no parameter '{name}'"
            raise ScenarioError([Problem(("params", name), message, hint)])
        yield known[name]
        return
    path = tuple(name.split("."))
    if path[0] in _NOT_OF_A_RULE:
        message = f"'{name}' is no parameter of a rule: {_NOT_OF_A_RULE[path[0]]}"
        raise ScenarioError([Problem(("params", name), message, "set it in the scenario")])
    yield from _walked(tree, path, (), name)


def _walked(tree: Any, rest: Path, done: Path, name: str) -> Iterator[Path]:
    if not rest:
        yield done
        return
    key, further = rest[0], rest[1:]
    if isinstance(tree, Mapping) and key == "*":
        inside = [inner for inner in tree if _leads(tree[inner], further)]
        for inner in inside:
            yield from _walked(tree[inner], further, (*done, inner), name)
        if inside:
            return
    elif isinstance(tree, Mapping) and key in tree:
        yield from _walked(tree[key], further, (*done, key), name)
        return
    here = ".".join(done) or "the scenario"
    if isinstance(tree, Mapping):
        message, hint = f"{here} has no '{key}'", nearest(key, tree)
    else:
        what = "a list, which is tuned as a whole or not at all" if isinstance(tree, list) else ""
        message, hint = f"{here} is {what or shown(tree)}", "name a number of the scenario"
    raise ScenarioError([Problem(("params", name), message, hint)])


def _leads(tree: Any, rest: Path) -> bool:
    """Tell whether a path goes on to a value, so that ``*`` skips what lacks it."""
    try:
        return bool(list(_walked(tree, rest, (), "")))
    except ScenarioError:
        return False


def _at(tree: Any, path: Path) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_ends(scenario: Scenario, parameter: Parameter) -> None:
    """Raise if a field does not allow an end of its range, whatever the other values."""
    for end in (parameter.low, parameter.high):
        try:
            Scenario.model_validate(merge(scenario.raw, patch([parameter], (end,))))
        except ValidationError as error:
            here = ("params", parameter.name)
            limits = problems_of(error, Scenario)
            raise ScenarioError([replace(problem, path=here) for problem in limits[:1]]) from None
