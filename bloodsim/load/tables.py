"""Tables beside a scenario file (CSV, XLSX) turned into blocks of it."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, NoReturn

from bloodsim.load.document import decoded
from bloodsim.scenario import Scenario
from bloodsim.scenario.merge import Tree, merge, nested
from bloodsim.scenario.messages import fields_at
from bloodsim.scenario.problems import Path, Place, Problem, ScenarioError, nearest, shown

LARGEST_BYTES = 20_000_000
"""Size that a table file may have, a workbook also unpacked times ten."""
MOST_CELLS = 1_000_000
"""Cells that a table may have."""

_WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_ERROR_VALUES = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"}
)


class Cell(NamedTuple):
    """A cell that is not empty."""

    value: Any
    place: Place


Row = dict[int, Cell]
"""Cells by column, from 0."""


@dataclass
class Table:
    """A table as a block of a scenario.

    Parameters
    ----------
    tree : dict
        Fields by row identifier.
    places : dict
        Where each row and cell stands, by path inside the block.
    problems : list
        What is wrong with it.
    """

    tree: Tree = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_table(data: bytes, name: str, sheet: str, target: Path) -> Table:
    """Return a table file as the block of the scenario at *target*.

    Parameters
    ----------
    data : bytes
        Contents of the file.
    name : str
        Its name in messages; its ending tells CSV from XLSX.
    sheet : str
        Sheet of a workbook; empty = the first.
    target : tuple of str
        Path of the block that the rows make up. The first column holds the rows' identifiers,
        the other columns' names are fields, dotted where they lie deeper; an empty cell is a
        field that is not given.

    Raises
    ------
    ScenarioError
        A file that cannot be read at all.
    """
    rows = list(read_rows(data, name, sheet))
    table = Table()
    if not rows:
        hint = "the first row names the columns, the first column the rows"
        table.problems.append(Problem(target, "the table is empty", hint, name))
        return table
    columns = _columns(rows[0], target, table)
    named = set(rows[0])
    first_seen: dict[str, Place] = {}
    for row in rows[1:]:
        _add_row(row, columns, named, first_seen, target, table)
    return table


def read_rows(data: bytes, name: str, sheet: str = "") -> Iterator[Row]:
    """Yield the rows of a CSV or XLSX file that are not empty, the header first."""
    if len(data) > LARGEST_BYTES:
        _stop(Place(name), f"larger than {LARGEST_BYTES // 1_000_000} MB", "split the table")
    is_workbook = name.lower().endswith((".xlsx", ".xlsm"))
    rows = _workbook_rows(data, name, sheet) if is_workbook else _csv_rows(data, name)
    count = 0
    for row in rows:
        count += len(row)
        if count > MOST_CELLS:
            _stop(Place(name), f"more than {MOST_CELLS:,} cells", "split the table")
        if row:
            yield row


def _csv_rows(data: bytes, name: str) -> Iterator[Row]:
    text = decoded(data, name)
    if "\0" in text:
        _stop(Place(name), "not a CSV file: it contains zero bytes", "is it a workbook (.xlsx)?")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    line = 1
    try:
        for values in reader:
            header = header or [value.strip() for value in values]
            names = [*header, *[""] * len(values)]
            yield {
                index: Cell(_parsed(value), Place(name, line, index + 1, names[index]))
                for index, value in enumerate(values)
                if value.strip()
            }
            line = reader.line_num + 1
    except csv.Error as error:
        _stop(Place(name, reader.line_num, 1), f"not valid CSV: {error}", "check the quotes")


def _parsed(text: str) -> Any:
    """Return a number where the whole text is one, else the text."""
    stripped = text.strip()
    if _WHOLE.fullmatch(stripped):
        return int(stripped)
    return float(stripped) if _DECIMAL.fullmatch(stripped) else stripped


def _workbook_rows(data: bytes, name: str, sheet: str) -> Iterator[Row]:
    stored = _cells(data, name, sheet, values_only=True)
    written = _cells(data, name, sheet, values_only=False)
    for values, formulas in zip(stored, written, strict=False):
        row: Row = {}
        for index, (value, formula) in enumerate(zip(values, formulas, strict=False)):
            if formula.value is None:
                continue
            place = Place(name, cell=f"[{formula.parent.title}]!{formula.coordinate}")
            row[index] = Cell(_stored(value.value, place), place)
        yield row


def _cells(data: bytes, name: str, sheet: str, *, values_only: bool) -> Iterator[tuple[Any, ...]]:
    """Yield a sheet's rows of cells: with the values of formulas, or with their texts."""
    import openpyxl  # late: most scenarios have no workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts, such as drop-down lists, that do not matter
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as parts:
                unpacked = sum(part.file_size for part in parts.infolist())
            if unpacked > 10 * LARGEST_BYTES:
                _stop(Place(name), "too large when unpacked", "split the workbook")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=values_only)
        except ScenarioError:
            raise
        except Exception as error:  # openpyxl lets whatever a broken file causes through
            reason = f"not a readable workbook ({type(error).__name__})"
            _stop(Place(name), reason, "save it again as .xlsx")
        if sheet and sheet not in book.sheetnames:
            _stop(Place(name), f"no sheet '{sheet}'", nearest(sheet, book.sheetnames))
        yield from (book[sheet] if sheet else book.worksheets[0]).iter_rows()


def _stored(value: Any, place: Place) -> Any:
    """Return a workbook cell's value as YAML would give it."""
    if value is None:
        _stop(place, "a formula without a stored value", "open the workbook, save it, try again")
    if value in _ERROR_VALUES:
        _stop(place, f"the cell holds the error {value}", "mend the formula")
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    return _parsed(value) if isinstance(value, str) else value


def _columns(header: Row, target: Path, table: Table) -> dict[int, str]:
    """Return the fields that the columns hold, leaving out those the schema does not know."""
    columns: dict[int, str] = {}
    for index, cell in header.items():
        name = str(cell.value)
        if index == 0:
            continue
        parts = name.split(".")
        known = fields_at(Scenario, (*target, "*", *parts[:-1]))
        problem = ""
        if name in columns.values():
            problem, hint = f"column {shown(name)} stands twice", "keep one of the two"
        elif known and parts[-1] not in known:
            problem, hint = f"unknown column {shown(name)}", nearest(parts[-1], known)
        elif not all(parts):
            problem, hint = f"unknown column {shown(name)}", "write field or block.field"
        if problem:
            table.problems.append(Problem(target, problem, hint, str(cell.place)))
        else:
            columns[index] = name
    if 0 not in header:
        hint = "the first column holds the rows' identifiers, such as 'region'"
        table.problems.append(Problem(target, "the first column has no name", hint))
    return columns


def _add_row(
    row: Row,
    columns: dict[int, str],
    named: set[int],
    seen: dict[str, Place],
    target: Path,
    table: Table,
) -> None:
    """Add one row to the table's block."""
    first = next(iter(row.values())).place
    if 0 not in row:
        message, hint = "a row without identifier", "fill its first cell, or clear the row"
        table.problems.append(Problem(target, message, hint, str(first)))
        return
    name = str(row[0].value)
    if name in seen:
        message = f"row '{name}' stands twice, first at {seen[name]}"
        table.problems.append(Problem((*target, name), message, "keep one of them", str(first)))
        return
    seen[name] = first
    fields: Tree = {}
    table.places[(name,)] = first
    for index, cell in row.items():
        if index in columns:
            fields = merge(fields, nested(columns[index], cell.value))
            table.places[(name, *columns[index].split("."))] = cell.place
        elif index not in named:
            message = "a cell in a column without a name"
            problem = Problem((*target, name), message, "name the column", str(cell.place))
            table.problems.append(problem)
    table.tree[name] = fields


def _stop(place: Place, message: str, hint: str = "") -> NoReturn:
    raise ScenarioError([Problem((), message, hint, str(place))])
