"""A scenario file, the files it extends and its tables, laid over each other."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, NoReturn

from bloodsim.load import document, tables
from bloodsim.load.document import Document, decoded, read_document
from bloodsim.load.library import bundled
from bloodsim.scenario import SCHEMA_VERSION
from bloodsim.scenario.merge import Tree, merge, nested
from bloodsim.scenario.problems import Path, Place, Problem, ScenarioError, nearest, shown

DEEPEST_EXTENDS = 8
"""Files that may extend each other in a row."""

_DIRECTIVES = ("extends", "tables")
_OWN_KEYS = ("name", *_DIRECTIVES)
_TABLE_ENDINGS = (".csv", ".xlsx", ".xlsm")


@dataclass
class Layers:
    """Reads a file with all that it rests on, and keeps what it read.

    Parameters
    ----------
    folder : path
        Folder of the scenario file; names of files are told relative to it.
    sources : dict
        SHA-256 (hex) of every file read, by name.
    problems : list
        What is wrong, short of making a file unreadable.
    unreadable : bool
        Whether a file could not be read at all, so that what is missing says nothing.
    """

    folder: FilePath
    sources: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unreadable: bool = False

    def read(self, path: FilePath, chain: tuple[FilePath, ...] = ()) -> Document:
        """Return the values of *path* over those of its tables and parents."""
        path = path.resolve()
        name = self._name(path)
        own = read_document(decoded(self._bytes(path, document.LARGEST_BYTES), name), name)
        self._check_version(own)
        chain = (*chain, path)
        result = Document()
        for key, parent in self._parents(own, path):
            place = own.places[key]
            if parent in chain:
                names = " -> ".join(self._name(link) for link in (*chain, parent))
                self._fail(key, f"files extend each other in a circle: {names}", place)
            elif len(chain) >= DEEPEST_EXTENDS:
                self._fail(key, f"more than {DEEPEST_EXTENDS} files extend each other", place)
            else:
                self._extend(result, parent, chain, key, place)
        for block, places in self._tables(own, path):
            _lay(result, block, places)
        _lay(
            result,
            {key: value for key, value in own.tree.items() if key not in _DIRECTIVES},
            own.places,
        )
        return result

    def _extend(
        self, result: Document, parent: FilePath, chain: tuple[FilePath, ...], key: Path, at: Place
    ) -> None:
        try:
            above = self.read(parent, chain)
        except ScenarioError as error:
            self.unreadable = True
            self.problems += [p if p.place else _at(p, key, at) for p in error.problems]
            return
        inherited = {k: value for k, value in above.tree.items() if k not in _OWN_KEYS}
        _lay(result, inherited, above.places)

    def _parents(self, own: Document, path: FilePath) -> list[tuple[Path, FilePath]]:
        """Return the files that a file extends, with the key that names each."""
        names = own.tree.get("extends", [])
        keys: list[tuple[Path, Any]] = [(("extends",), names)]
        if isinstance(names, list):
            keys = [(("extends", str(index)), name) for index, name in enumerate(names)]
        found = []
        for key, name in keys:
            if not isinstance(name, str) or not name:
                hint = "write a file beside this one, a bundled name, or a list of them"
                self._fail(key, "extends must name files", own.places[key], hint)
                continue
            parent = _parent(name, path.parent)
            if parent is None:
                hint = nearest(name, bundled()) if not _is_path(name) else "write a relative path"
                message = f"no file or bundled scenario {shown(name)}"
                self._fail(key, message, own.places[key], hint)
            else:
                found.append((key, parent.resolve()))
        return found

    def _tables(self, own: Document, path: FilePath) -> list[tuple[Tree, dict[Path, Place]]]:
        """Return the blocks that a file's tables hold, with their places."""
        named = own.tree.get("tables", {})
        if not isinstance(named, Mapping):
            hint = "such as {regions: tables/regions.csv}"
            message = "tables must map fields to files"
            self._fail(("tables",), message, own.places[("tables",)], hint)
            return []
        blocks = []
        for dotted, file in named.items():
            key = ("tables", dotted)
            target = tuple(dotted.split("."))
            try:
                table = self._table(file, path.parent, target)
            except ScenarioError as error:
                self.unreadable = True
                at = own.places[key]
                self.problems += [_at(p, key, at) for p in error.problems]
                continue
            self.problems += [_at(p, target, own.places[key]) for p in table.problems]
            places = {(*target, *inner): place for inner, place in table.places.items()}
            places[target] = own.places[key]
            blocks.append((nested(dotted, table.tree), places))
        return blocks

    def _table(self, file: Any, folder: FilePath, target: Path) -> tables.Table:
        if not isinstance(file, str) or not file:
            _refuse("a table must be a file name", "such as tables/regions.csv")
        name, _, sheet = file.partition("#")
        if PureWindowsPath(name).is_absolute() or PurePosixPath(name).is_absolute():
            _refuse(f"the table {shown(name)} has an absolute path", _INSIDE)
        table_path = (folder / name).resolve()
        if ".." in PureWindowsPath(name).parts or not table_path.is_relative_to(folder.resolve()):
            _refuse(f"the table {shown(name)} is outside the scenario's folder", _INSIDE)
        if not name.lower().endswith(_TABLE_ENDINGS):
            _refuse(f"cannot read {shown(name)} as a table", "save it as .csv (UTF-8) or .xlsx")
        if not table_path.is_file():
            beside = table_path.parent.glob("*") if table_path.parent.is_dir() else ()
            _refuse(f"no file {shown(name)}", nearest(table_path.name, (p.name for p in beside)))
        data = self._bytes(table_path, tables.LARGEST_BYTES)
        return tables.read_table(data, self._name(table_path), sheet, target)

    def _bytes(self, path: FilePath, largest: int) -> bytes:
        """Return a file's contents, remembering its hash."""
        name = self._name(path)
        try:
            size = path.stat().st_size
            if size > largest:
                hint = "move large tables to CSV files and name them under 'tables:'"
                _refuse(f"{name} is larger than {largest // 1_000_000} MB", hint, name)
            data = path.read_bytes()
        except OSError as error:
            _refuse(f"cannot read {name}: {error.strerror}", "", name)
        self.sources[name] = hashlib.sha256(data).hexdigest()
        return data

    def _name(self, path: FilePath) -> str:
        """Return a file's name as messages show it: relative, or inside the bundled folder."""
        for file in bundled().values():
            if path.is_relative_to(file.parent) and not self.folder.is_relative_to(file.parent):
                return f"bundled:{path.relative_to(file.parent).as_posix()}"
        try:
            return FilePath(os.path.relpath(path, self.folder)).as_posix()
        except ValueError:  # another drive of a Windows machine
            return path.name

    def _check_version(self, own: Document) -> None:
        version = own.tree.get("schema_version")
        reads = f"this bloodsim reads schema_version {SCHEMA_VERSION}"
        key = ("schema_version",)
        if version is None:
            hint = f"{reads}: write 'schema_version: {SCHEMA_VERSION}' at the top"
            self._problem(key, "'schema_version' is missing", own.places[()], hint)
            own.tree["schema_version"] = SCHEMA_VERSION
        elif version != SCHEMA_VERSION or isinstance(version, bool):
            newer = isinstance(version, int) and version > SCHEMA_VERSION
            todo = "install a newer bloodsim" if newer else "write the file anew for it"
            message = f"unknown schema_version {shown(version)}"
            place = str(own.places[key])
            # Whatever else looks wrong may be right in that version, so nothing more is said.
            raise ScenarioError([Problem(key, message, f"{reads}; {todo}", place)])

    def _fail(self, path: Path, message: str, place: Place, hint: str = "") -> None:
        self.unreadable = True
        self._problem(path, message, place, hint)

    def _problem(self, path: Path, message: str, place: Place, hint: str = "") -> None:
        self.problems.append(Problem(path, message, hint, str(place)))


_INSIDE = "tables lie in the folder of the scenario file or below it"


def _lay(result: Document, tree: Mapping[str, Any], places: Mapping[Path, Place]) -> None:
    """Lay a tree over the result; places of what is replaced may stay, nobody looks them up."""
    result.tree = merge(result.tree, tree)
    result.places.update(places)


def _parent(name: str, folder: FilePath) -> FilePath | None:
    """Return the file that `extends` names."""
    if not _is_path(name):
        return bundled().get(name)
    if PureWindowsPath(name).is_absolute() or PurePosixPath(name).is_absolute():
        return None
    path = folder / name
    return path if path.is_file() else None


def _is_path(name: str) -> bool:
    return "/" in name or "\\" in name or name.lower().endswith((".yaml", ".yml"))


def _at(problem: Problem, path: Path, place: Place) -> Problem:
    """Return a problem of a file with the key that names the file, where it has no own place."""
    return Problem(problem.path or path, problem.message, problem.hint, problem.place or str(place))


def _refuse(message: str, hint: str, place: str = "") -> NoReturn:
    raise ScenarioError([Problem((), message, hint, place)])
