"""The found values as a scenario file that extends the one they were found in."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bloodsim.load import bundled
from bloodsim.scenario import SCHEMA_VERSION
from bloodsim.scenario.merge import Tree, merge
from bloodsim.tuning import Tuning
from bloodsim.tuning.ranges import patch

_WIDTH = 100


def override_text(tuning: Tuning, scenario: str, target: Path, study: Sequence[str] = ()) -> str:
    """Return the text of an override file.

    Parameters
    ----------
    tuning : Tuning
        What was found.
    scenario : str
        File or bundled name that was tuned.
    target : path
        Where the text will stand: it names the scenario relative to that.
    study : sequence of str
        Overrides that were applied before the search: the variant has them as well.
    """
    name = f"tuned_{tuning.start.name}"
    changes = merge(tuning.start.changes, patch(tuning.tuned, tuning.chosen))
    tree: Tree = {
        "schema_version": SCHEMA_VERSION,
        "extends": _reference(scenario, target),
        "overrides": {name: changes},
        "variants": {name: [*study, name]},
    }
    return "".join(f"# {line}\n" for line in comments(tuning)) + _yaml(tree)


def comments(tuning: Tuning) -> list[str]:
    """Return how the values were found, in lines for a scenario file."""
    ranges = ", ".join(f"{p.name} {p.low:g} to {p.high:g}" for p in tuning.tuned)
    luck, fresh = tuning.luck, tuning.fresh
    kept, found = tuning.kept_start, tuning.winner != tuning.start_point
    head = "NOT changed by tuning" if kept else "tuned"
    refused = f"Cheapest in the search, not taken: {_values(tuning, tuning.winner)}."
    return [
        f"{tuning.start.name}, {head}: {_values(tuning, tuning.chosen)}",
        f"({ranges}; {len(tuning.costs)} candidates; start: "
        f"{_values(tuning, tuning.start_point)}).",
        f"Search: {tuning.start.scenario.name}, seed {_listed(luck.seeds)}, "
        f"{luck.replications} worlds each; "
        f"scored with seed {tuning.start.scenario.run.seed}.",
        f"Check: seed {_listed(fresh.seeds)}, {fresh.replications} worlds each.",
        *([refused] if kept and found else []),
        f"{tuning.verdict[:1].upper()}{tuning.verdict[1:]}.",
    ]


def _values(tuning: Tuning, point: tuple[float, ...]) -> str:
    pairs = zip(tuning.tuned, point, strict=True)
    return ", ".join(f"{parameter.name} {value:g}" for parameter, value in pairs)


def _listed(seeds: tuple[int, ...]) -> str:
    return ", ".join(map(str, seeds))


def _reference(scenario: str, target: Path) -> str:
    """Return what `extends` calls the scenario: its bundled name, or its path from the target."""
    path = Path(scenario).expanduser()
    if not path.is_file() and scenario in bundled():
        return scenario
    relative = Path(os.path.relpath(path.resolve(), target.resolve().parent)).as_posix()
    return relative if "/" in relative or relative.endswith((".yaml", ".yml")) else f"./{relative}"


def _yaml(tree: Mapping[str, Any]) -> str:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = _WIDTH
    yaml.default_flow_style = False
    stream = io.StringIO()
    yaml.dump(_plain(tree), stream)
    return stream.getvalue()


def _plain(value: Any) -> Any:
    """Return what YAML can hold; offsets and months are numbers there, not text."""
    if isinstance(value, Mapping):
        return {_key(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _key(name: str) -> Any:
    return int(name) if name.lstrip("-").isdigit() else name
