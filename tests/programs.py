"""Programs that a few tests start, and what to do where one is missing."""

from __future__ import annotations

import os
import shutil

import pytest

NEEDED = "BLOODSIM_NEED_PROGRAMS"
"""Where this is set, as in `.ci/run`, a missing program is a failure and not a reason to skip."""


def program(*names: str) -> str:
    """Path of the first of *names* that is installed; else the test is skipped, or fails."""
    for name in names:
        if found := shutil.which(name):
            return found
    return absent(f"none of {', '.join(names)} is installed")


def absent(reason: str) -> str:
    """Skip for a reason; fail where everything must be there."""
    if os.environ.get(NEEDED):
        pytest.fail(f"{reason}, and {NEEDED} is set")
    pytest.skip(reason)
