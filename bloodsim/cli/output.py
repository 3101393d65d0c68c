"""How the commands print: problems, JSON and numbers."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bloodsim.scenario.problems import Problem

_STARTED = time.perf_counter()
"""When the command line was imported: the next best to when the process began."""


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
    said = [numbered(n, word) for n, word in parts if n]
    return ", ".join(said) or "no problems"


def numbered(count: int, word: str) -> str:
    """Return "1 region", "2 regions"."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def cold_start_s() -> float:
    """Return the seconds from the start of this process until now, imports included."""
    try:
        with open("/proc/self/stat", encoding="utf-8") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        with open("/proc/uptime", encoding="utf-8") as file:
            up = float(file.read().split()[0])
        return up - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):  # not Linux
        return time.perf_counter() - _STARTED


def speak_any_language() -> None:
    """Let a terminal that knows few characters show the others as "?", instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


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
