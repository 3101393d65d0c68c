"""A Python file that defines policies, for `run --policies`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from bloodsim.policies import faults, register
from bloodsim.scenario.problems import Problem, ScenarioError


def read_policies(file: str) -> None:
    """Import a Python file; register what its ``POLICIES`` (name to policy) holds.

    The file may call `bloodsim.register_policy` itself instead. Its folder joins the module search
    path, so that worker processes find the file too.

    Raises
    ------
    ScenarioError
        No such file, an error in it, or a policy that is none.
    """
    path = Path(file).expanduser().resolve()
    if not path.is_file() or path.suffix != ".py" or not path.stem.isidentifier():
        message = f"no Python file '{file}'"
        raise ScenarioError([Problem((), message, "--policies my_policies.py")])
    known = sys.modules.get(path.stem) or importlib.util.find_spec(path.stem)
    origin = getattr(known, "origin", None) or getattr(known, "__file__", None)
    if known is not None and (origin is None or Path(origin).resolve() != path):
        message = f"a module '{path.stem}' exists already"
        raise ScenarioError([Problem((), message, "give the file another name", file)])
    sys.path.insert(0, str(path.parent))
    try:
        module = importlib.import_module(path.stem)
    except Exception as error:  # whatever a stranger's file provokes
        message = f"the file cannot be imported: {type(error).__name__}: {error}"
        raise ScenarioError([Problem((), message, "", file)]) from error
    policies = getattr(module, "POLICIES", {})
    problems = faults(policies)
    if problems:
        raise ScenarioError(problems)
    for name, policy in policies.items():
        try:
            register(name, policy)
        except (TypeError, ValueError) as error:
            raise ScenarioError([Problem((), str(error), "", file)]) from None
