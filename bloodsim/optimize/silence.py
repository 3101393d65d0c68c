"""The standard output belongs to tables and JSON: HiGHS says its name where nobody reads it."""

from __future__ import annotations

import os
from functools import cache
from typing import Any


@cache
def start_silently(highspy: Any) -> None:
    """Make the process's first HiGHS object, which prints name and licence as soon as it is there.

    No option can be set before that (seen with highspy 1.16), and later objects do not say it
    again. The text is written below Python, to the file that is open as number 1.
    """
    try:
        output = os.dup(1)
    except OSError:  # nothing is open
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        highspy.Highs()
    finally:
        os.dup2(output, 1)
        os.close(output)
        os.close(nowhere)
