"""A plan in a folder: JSON, CSV tables and the workbook, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bloodsim.planning.workbook import workbook_bytes
from bloodsim.results import ResultsError
from bloodsim.results.csvfile import csv_bytes

if TYPE_CHECKING:
    from bloodsim.planning.proposal import TransferProposal

JSON_FILE, WORKBOOK = "plan.json", "plan.xlsx"
"""Names of the JSON file, which makes a folder that of a plan, and of the workbook."""
TABLES = ("transfers", "prices", "headlines", "cover", "limits")
"""CSV tables, by the proposal's attribute; with a check also ``check`` and ``check_regions``."""
PARTS = ("drives", "throttles", "sites")
"""CSV tables of the parts that were asked for."""
LEVERS = ("street", "appeals")
"""CSV tables of what a plan of drives may change beside visits."""
CHARTS = ("drives.svg", "sites.svg")
"""Charts that may lie beside them."""

_TABLES = (*TABLES, *PARTS, *LEVERS, "check", "check_regions")
_FILES = {JSON_FILE, WORKBOOK, *(f"{name}.csv" for name in _TABLES), *CHARTS}


def save(
    proposal: TransferProposal,
    folder: Path,
    *,
    force: bool,
    charts: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a proposal; see `TransferProposal.save`."""
    folder = folder.expanduser()
    claim(folder, force=force)
    contents = {f"{name}.csv": csv_bytes(getattr(proposal, name)) for name in TABLES}
    if proposal.check is not None:
        contents["check.csv"] = csv_bytes(proposal.check.table)
        contents["check_regions.csv"] = csv_bytes(proposal.check.regions)
    for name in PARTS:
        if (part := getattr(proposal, name)) is not None:
            contents[f"{name}.csv"] = csv_bytes(part.table)
    for name in LEVERS:
        if (table := getattr(proposal, name)) is not None:
            contents[f"{name}.csv"] = csv_bytes(table)
    contents.update(charts or {})
    contents[WORKBOOK] = workbook_bytes(proposal)
    text = json.dumps(proposal.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
    contents[JSON_FILE] = f"{text}\n".encode()
    parent = folder.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(dir=parent, prefix=f".{folder.name}-new-"))
    try:
        for name, content in contents.items():
            (stage / name).write_bytes(content)
        os.chmod(stage, 0o755)
        _replace(folder, stage)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return folder


def claim(folder: Path, *, force: bool) -> None:
    """Make sure that a plan may be written to a folder.

    Raises
    ------
    ResultsError
        It is a file, holds other files, or holds a plan and *force* is not set.
    """
    folder = folder.expanduser()
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ResultsError(f"{folder.as_posix()} is a file; choose another folder")
    foreign = sorted(entry.name for entry in folder.iterdir() if entry.name not in _FILES)
    if foreign:
        raise ResultsError(
            f"the folder {folder.as_posix()} holds other files ({foreign[0]}); choose another"
        )
    if any(folder.iterdir()) and not force:
        raise ResultsError(
            f"{folder.as_posix()} holds a plan; --force replaces it, or choose another folder"
        )


def _replace(folder: Path, stage: Path) -> None:
    """Put *stage* in the place of *folder*; what was there goes last."""
    old: Path | None = None
    if folder.exists():
        old = Path(tempfile.mkdtemp(dir=folder.absolute().parent, prefix=f".{folder.name}-old-"))
        os.replace(folder, old / folder.name)
    try:
        os.replace(stage, folder)
    except OSError:
        if old is not None:
            os.replace(old / folder.name, folder)
        raise
    finally:
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)
