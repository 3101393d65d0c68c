"""What a result was made with: versions, platform, state of the checkout."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

import bloodsim

_PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "xarray",
    "simpy",
    "pyarrow",
    "pulp",
    "highspy",
    "pydantic",
    "ruamel.yaml",
    "holidays",
    "matplotlib",
)
_GIT_SECONDS = 5


def environment() -> dict[str, Any]:
    """Versions of bloodsim, Python and the packages below it, platform, and git state.

    Returns
    -------
    dict
        ``bloodsim``, ``source`` (digest of bloodsim's own files), ``python``, ``packages`` (name
        to version), ``platform`` (system and machine) and ``git`` (``{"commit", "dirty"}``, or
        None outside a checkout of bloodsim). No paths, no names of users or machines.
    """
    return {
        "bloodsim": bloodsim.__version__,
        "source": source_digest(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": f"{platform.system()} {platform.machine()}",
        "git": _git_state(Path(bloodsim.__file__).resolve().parent.parent),
    }


@cache
def source_digest() -> str:
    """Return a digest (hex) of the program text and the data pack of this bloodsim.

    A commit does not tell what a changed checkout computes; the files do.
    """
    root = Path(bloodsim.__file__).resolve().parent
    digest = sha256()
    for path in sorted([*root.rglob("*.py"), *(root / "data").glob("*.csv")]):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _git_state(root: Path) -> dict[str, Any] | None:
    """Commit and dirtiness of the checkout at *root*; None where it is none.

    An installed package may lie inside somebody else's repository, so only a repository whose
    top is *root* itself counts.
    """
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        dirty = bool(_git(root, "status", "--porcelain"))
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "dirty": dirty}


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_GIT_SECONDS, check=True)
    return done.stdout.strip()
