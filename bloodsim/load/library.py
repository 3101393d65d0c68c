"""The scenarios that come with the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def bundled() -> dict[str, Path]:
    """Return the bundled scenario files by name."""
    package = Path(__file__).resolve().parent.parent
    # A wheel holds them inside the package, a source checkout beside it.
    for folder in (package / "scenarios", package.parent / "scenarios"):
        files = sorted(folder.glob("*.yaml"))
        if files:
            return {file.stem: file for file in files}
    return {}
