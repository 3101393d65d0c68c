"""Floors, doors and sizes: the structure that the design promises."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import bloodsim

PACKAGE = Path(bloodsim.__file__).parent
ROOT = PACKAGE.parent
MODULES = sorted(PACKAGE.rglob("*.py"))


def test_imports_go_down_only_and_through_their_doors():
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as c; c()",
            "--no-cache",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 broken" in run.stdout


def test_modules_stay_readable():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    too_long = {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > 400}
    assert not too_long
    assert statistics.median(lengths.values()) <= 140


def test_functions_stay_short():
    too_long = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body and body[-1].end_lineno - body[0].lineno >= 60:
                    too_long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert not too_long


@pytest.mark.parametrize("name", bloodsim.__all__)
def test_public_names_exist_and_are_documented(name):
    assert getattr(bloodsim, name).__doc__


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, bloodsim\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'matplotlib', 'pulp', 'simpy', 'xarray'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_top_level_is_the_agreed_one():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    top = {name.split("/")[0] for name in tracked if not name.startswith(".")}
    agreed = {
        "pyproject.toml",
        "bloodsim",
        "scenarios",
        "notebooks",
        "tests",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
    }
    assert top <= agreed
