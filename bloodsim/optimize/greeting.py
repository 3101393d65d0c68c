"""HiGHS 1.16 greets on standard output when it is first used: kept out of tables and JSON."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any


@cache
def swallow_greeting(highspy: Any) -> None:
    """Let HiGHS greet once where nobody reads it.

    It writes to the process's standard output itself, before its own options can forbid it.
    """
    sys.stdout.flush()
    try:
        out = os.dup(1)
    except OSError:  # there is no standard output to keep clean
        highspy.Highs()
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        highspy.Highs()
    finally:
        os.dup2(out, 1)
        os.close(out)
        os.close(nowhere)
