"""A result folder: whose it is, whether a result may go there, and how it is replaced whole."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from bloodsim.results.tables import TABLES, ResultsError

SCHEMA_VERSION = 1
"""Version of the folder's layout."""

_MANIFEST = "manifest.json"
_NEEDED = (
    "seed",
    "files",
    "score_start",
    "score_end",
    "regions",
    "products",
    "normal_demand",
    "cost_weights",
)
"""Keys without which nothing can be said of a run."""
_MAPPINGS = ("files", "regions", "products")
_FILES = {_MANIFEST, "kpi.csv", "timing.json", "tables", "parts"}
_TABLES = {f"{name}.parquet" for name in (*TABLES, "kpi")}
_STAGE = ".new-"


def claim(folder: Path, manifest: Mapping[str, Any], count: int) -> None:
    """Make sure that a result may be written to a folder; make the folder.

    Parameters
    ----------
    folder : path
        Where the result is to go.
    manifest : mapping
        That of the result: scenario, seed and run hash.
    count : int
        Its replications.

    Raises
    ------
    ResultsError
        The folder holds the result of another scenario, seed or run, more replications of this
        one, or other files.
    OSError
        It cannot be written to.
    """
    if folder.exists() and not folder.is_dir():
        raise ResultsError(f"{folder.as_posix()} is a file; choose another folder")
    if (folder / _MANIFEST).exists():
        _refuse_another(folder, manifest, count)
    elif foreign := _foreign(folder):
        raise ResultsError(
            f"the folder {folder.as_posix()} holds other files ({foreign}); "
            "choose another folder, or remove this one"
        )
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        handle, probe = tempfile.mkstemp(dir=folder, prefix=_STAGE)
        os.close(handle)
        os.unlink(probe)
    finally:
        for path in new:  # what comes to nothing leaves nothing; writing makes it again
            path.rmdir()


def _foreign(folder: Path) -> str:
    """Return the first thing in a folder without manifest that no run of ours left, or ""."""
    if not folder.exists() or (folder / "parts").is_dir():
        return ""
    for entry in sorted(folder.iterdir()):
        if entry.name not in _FILES and not entry.name.startswith(_STAGE):
            return entry.name
        if entry.name == "tables":
            strange = [e.name for e in sorted(entry.iterdir()) if e.name not in _TABLES]
            if strange:
                return f"tables/{strange[0]}"
    return ""


def _refuse_another(folder: Path, manifest: Mapping[str, Any], count: int) -> None:
    there = read_manifest(folder)
    for what, old, new in (
        ("scenario", there["scenario"]["hash"], manifest["scenario"]["hash"]),
        ("seed", there["seed"], manifest["seed"]),
        ("set of variants or opening stock", there.get("run_hash"), manifest.get("run_hash")),
    ):
        if old != new:
            raise ResultsError(
                f"{folder.as_posix()} holds results of another {what} ({_short(old)}, these are "
                f"of {_short(new)}); choose another folder, or remove this one"
            )
    if count < there.get("replications", 0):
        raise ResultsError(
            f"{folder.as_posix()} holds {there['replications']} replications of this run, more "
            f"than {count}; choose another folder, or remove this one"
        )


def _short(value: Any) -> str:
    return str(value) if isinstance(value, int) else str(value)[:8]


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a result folder; `ResultsError` if it is missing or damaged."""
    path = folder / _MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
        version = manifest["schema_version"]
        if version == SCHEMA_VERSION:
            _ = manifest["scenario"]["hash"], manifest["scenario"]["name"]
            _ = [manifest[key] for key in _NEEDED]
            _ = [manifest[key].items() for key in _MAPPINGS]
            _ = [date.fromisoformat(manifest[key]) for key in ("score_start", "score_end")]
    except FileNotFoundError:
        raise ResultsError(
            f"{folder} holds no manifest.json: it is no result folder, or the run that wrote it "
            "was interrupted; run the scenario again"
        ) from None
    except NotADirectoryError:
        raise ResultsError(f"{folder} is a file, not a result folder") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResultsError(
            f"{path} is damaged ({error!r}); remove the folder and run the scenario again"
        ) from None
    if version == SCHEMA_VERSION and manifest.get("digest", "") not in ("", digest(manifest)):
        raise ResultsError(
            f"{path} has changed since it was written (its digest is another); run the scenario "
            "again, or restore the file"
        )
    if version != SCHEMA_VERSION:
        raise ResultsError(
            f"{path} has schema_version {version!r} and this bloodsim reads {SCHEMA_VERSION}: "
            "it was written by a newer bloodsim; update with 'pip install -U bloodsim', or run "
            "the scenario again with this one"
        )
    return dict(manifest)


def digest(manifest: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of what a manifest says, its own digest left out.

    It tells an edited or damaged manifest; it is no signature, for whoever can edit the file can
    compute it anew.
    """
    said = {key: value for key, value in manifest.items() if key != "digest"}
    return sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """Yield a folder to write to; at the end its files take the place of the older ones.

    The old manifest goes first and the new one comes last, so that a manifest always vouches for
    a whole result. An error while writing leaves the old result as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_STAGE}*"):  # of a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    stage = Path(tempfile.mkdtemp(dir=folder, prefix=_STAGE))
    try:
        yield stage
        (folder / _MANIFEST).unlink(missing_ok=True)
        files = [path.relative_to(stage) for path in sorted(stage.rglob("*")) if path.is_file()]
        for path in sorted(files, key=lambda path: path.name == _MANIFEST):
            (folder / path).parent.mkdir(exist_ok=True)
            if path.name == _MANIFEST:
                _drop_older_tables(folder, {file.name for file in files})
            os.chmod(stage / path, 0o644)
            os.replace(stage / path, folder / path)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _drop_older_tables(folder: Path, new: set[str]) -> None:
    for name in _TABLES - new:
        (folder / "tables" / name).unlink(missing_ok=True)
