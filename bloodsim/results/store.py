"""Results on disk: a Parquet file per table, a manifest that vouches for them, parts of blocks."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr

from bloodsim.results.csvfile import csv_bytes
from bloodsim.results.folder import SCHEMA_VERSION, claim, digest, read_manifest, replaced
from bloodsim.results.tables import TABLES, ResultsError

_ROWS_PER_GROUP = 1 << 17
_DIMS = b"bloodsim.dims"


# ------------------------------------------------------------------------------------- a folder


def write(
    folder: Path,
    tables: Mapping[str, xr.Dataset],
    kpi: Any,
    manifest: Mapping[str, Any],
    timing: Mapping[str, Any],
) -> None:
    """Write a result folder; the manifest comes last, so that it vouches for a whole result.

    The same result gives the same bytes, but for ``timing.json``.
    """
    claim(folder, manifest, int(manifest.get("replications", 0)))
    with replaced(folder) as stage:
        (stage / "tables").mkdir()
        files: dict[str, str] = {}
        for name, table in tables.items():
            path = stage / "tables" / f"{name}.parquet"
            with path.open("wb") as file:
                _write_parquet(file, table, TABLES[name].dims)
            files[f"tables/{path.name}"] = _sha256(path)
        path = stage / "tables" / "kpi.parquet"
        columns = {str(name): pa.array(kpi[name].to_numpy()) for name in kpi.columns}
        pq.write_table(pa.table(columns), path, compression="zstd")
        files["tables/kpi.parquet"] = _sha256(path)
        (stage / "kpi.csv").write_bytes(csv_bytes(kpi))
        _write_json(stage / "timing.json", dict(timing))
        whole = {**manifest, "schema_version": SCHEMA_VERSION, "files": files}
        said = json.loads(_json(whole))
        _write_json(stage / "manifest.json", {**said, "digest": digest(said)})


def read(folder: Path) -> tuple[dict[str, xr.Dataset], dict[str, Any], dict[str, Any]]:
    """Tables, manifest and timing of a result folder, each file checked against the manifest."""
    manifest = read_manifest(folder)
    tables: dict[str, xr.Dataset] = {}
    for relative, recorded in manifest.pop("files").items():
        path = folder / relative
        if not path.is_file():
            raise ResultsError(f"{path} is missing; run the scenario again to write it")
        if _sha256(path) != recorded:
            raise ResultsError(
                f"{path} has changed since it was written (its SHA-256 is not the manifest's); "
                "run the scenario again, or restore the file"
            )
        if path.stem in TABLES:
            tables[path.stem] = _read_parquet(path, TABLES[path.stem].dims)
    manifest.pop("digest", None)
    return tables, manifest, _timing(folder / "timing.json")


def _timing(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise ResultsError(f"{path} is damaged ({error}); remove it: it only holds times") from None


# --------------------------------------------------------------------------------------- Parquet


def _write_parquet(file: IO[bytes], table: xr.Dataset, dims: tuple[str, ...]) -> None:
    """Write the table long: one row per cell in the order of the axes, one column per variable.

    The labels of the axes go into the file's metadata too: an axis may be empty.
    """
    labels = {dim: _plain_labels(table[dim].values) for dim in dims}
    first = table[dims[0]].values
    # A table has a few variants, each long: only one of them is in memory twice at a time.
    stretches = [slice(i, i + 1) for i in range(len(first))] or [slice(0, 0)]
    parts = (_long(table.isel({dims[0]: stretch}), dims, first) for stretch in stretches)
    start = next(parts)
    schema = start.schema.with_metadata({_DIMS: json.dumps(labels).encode()})
    numbers = [field.name for field in schema if pa.types.is_floating(field.type)]
    # Numbers rarely repeat: split into bytes they pack better and read faster than as a dictionary.
    with pq.ParquetWriter(
        file,
        schema,
        compression="zstd",
        use_dictionary=list(dims),
        use_byte_stream_split=numbers,
    ) as writer:
        for part in chain([start], parts):
            writer.write_table(part.replace_schema_metadata(schema.metadata), _ROWS_PER_GROUP)


def _long(table: xr.Dataset, dims: tuple[str, ...], first_labels: np.ndarray) -> pa.Table:
    shape = tuple(table.sizes[dim] for dim in dims)
    columns: dict[str, pa.Array] = {}
    for axis, dim in enumerate(dims):
        along = [1] * len(dims)
        along[axis] = shape[axis]
        places = np.arange(shape[axis], dtype=np.int32).reshape(along)
        codes = np.broadcast_to(places, shape).ravel()
        labels = table[dim].values
        if dim == "day":
            columns[dim] = pa.array(labels.astype("datetime64[D]")[codes])
        elif dim == "replication":
            columns[dim] = pa.array(labels[codes])
        else:
            if axis == 0:
                codes = codes + np.int32(list(first_labels).index(labels[0]) if len(labels) else 0)
                labels = first_labels
            names = pa.array(labels.tolist(), pa.string())
            columns[dim] = pa.DictionaryArray.from_arrays(pa.array(codes), names)
    for name, array in table.data_vars.items():
        columns[str(name)] = pa.array(array.values.ravel(), from_pandas=False)
    return pa.table(columns)


def _read_parquet(path: Path, dims: tuple[str, ...]) -> xr.Dataset:
    try:
        table = pq.read_table(path)
        labels = json.loads(table.schema.metadata[_DIMS])
    except (pa.ArrowException, OSError, KeyError, TypeError) as error:
        raise ResultsError(f"{path} cannot be read: {error}") from None
    coords = {dim: _labels_from(dim, labels[dim]) for dim in dims}
    shape = tuple(len(coords[dim]) for dim in dims)
    variables = {
        name: (dims, table.column(name).to_numpy().reshape(shape))
        for name in table.column_names
        if name not in dims
    }
    return xr.Dataset(variables, coords=coords)


def _plain_labels(values: np.ndarray) -> list[Any]:
    if values.dtype.kind == "M":
        return list(np.datetime_as_string(values, unit="D").tolist())
    return list(values.tolist())


def _labels_from(dim: str, labels: list[Any]) -> np.ndarray:
    kinds: dict[str, Any] = {"day": "datetime64[ns]", "replication": np.int64}
    return np.array(labels, dtype=kinds.get(dim, object))


# ------------------------------------------------------------------------------- parts of a run


def write_part(path: Path, tables: Mapping[str, xr.Dataset], facts: Mapping[str, Any]) -> None:
    """Write the tables of one block into one file, atomically."""
    arrays: dict[str, np.ndarray] = {}
    axes: dict[str, Any] = {}
    for name, table in tables.items():
        axes[name] = {dim: _plain_labels(table[dim].values) for dim in TABLES[name].dims}
        for variable, array in table.data_vars.items():
            arrays[f"{name}/{variable}"] = array.values
    head = json.dumps({"schema_version": SCHEMA_VERSION, "axes": axes, **facts}, default=_plain)
    arrays["head"] = np.frombuffer(head.encode(), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _replacing(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_part(path: Path) -> tuple[dict[str, xr.Dataset], dict[str, Any]]:
    """Read what `write_part` wrote; `ResultsError` if the file is missing or damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            head = json.loads(archive["head"].tobytes())
            if head.pop("schema_version") != SCHEMA_VERSION:
                raise ResultsError(f"{path} is of another version")
            tables = {}
            for name, axes in head.pop("axes").items():
                dims = TABLES[name].dims
                variables = {
                    key.partition("/")[2]: (dims, archive[key])
                    for key in archive.files
                    if key.startswith(f"{name}/")
                }
                coords = {dim: _labels_from(dim, axes[dim]) for dim in dims}
                tables[name] = xr.Dataset(variables, coords=coords)
    except ResultsError:
        raise
    except Exception as error:  # whatever a damaged archive provokes: the block is simulated again
        raise ResultsError(f"{path} is missing or damaged ({type(error).__name__})") from error
    return tables, head


# ------------------------------------------------------------------------------------- files


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file that takes *path*'s place once it is complete."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_bytes(f"{_json(content)}\n".encode())


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(
        content, sort_keys=True, ensure_ascii=False, indent=2, allow_nan=False, default=_plain
    )


def _plain(value: Any) -> Any:
    """What JSON can hold of a numpy scalar, an array, a date or a frozen mapping."""
    convert: Callable[[], Any] | None = getattr(value, "tolist", None) or getattr(
        value, "isoformat", None
    )
    if convert is None:
        raise TypeError(f"a manifest cannot hold {type(value).__name__}")
    return convert()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
