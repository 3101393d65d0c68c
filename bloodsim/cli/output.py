"""How the commands print: problems, JSON and numbers."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bloodsim.scenario.problems import Problem


def print_problems(problems: Sequence[Problem], *, as_json: bool) -> None:
    """Print problems to stderr, or as one JSON object to stdout."""
    if as_json:
        print_json({"problems": [problem.as_dict() for problem in problems]})
        return
    for problem in problems:
        print(problem, file=sys.stderr)
    print(counted(problems), file=sys.stderr)


def counted(problems: Sequence[Problem]) -> str:
    """Return "3 problems, 1 warning"."""
    errors = sum(problem.level == "error" for problem in problems)
    parts = [(errors, "problem"), (len(problems) - errors, "warning")]
    said = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in parts if n]
    return ", ".join(said) or "no problems"


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object; numbers that are not defined become null."""
    print(json.dumps(_plain(value), ensure_ascii=False, indent=2, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
