"""A stock file (CSV, XLSX): what is on the shelves at the start of a day."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bloodsim.blood import GROUPS
from bloodsim.load.tables import LARGEST_BYTES, Cell, Row, read_rows
from bloodsim.scenario import Product, Scenario
from bloodsim.scenario.problems import Place, Problem, ScenarioError, gathered, nearest, shown
from bloodsim.stock_words import (
    HEADINGS,
    day_of,
    group_hint,
    group_labels,
    product_names,
    region_names,
)

COLUMNS = ("region", "product", "group", "units")
"""Columns that a stock file must have, in any order."""
LIFE_COLUMNS = ("expiry_date", "life_days")
"""Columns of which it has one: last day of issue, or days of life left counting today."""
DAY_COLUMN = "date"
"""Column that it may have: the day of the stock, the same in every row."""

_TINY = 1e-9


class StockKey(NamedTuple):
    """A cell of the shelves."""

    region: str
    group: str
    life_days: int
    """Days of life left, counting the day of the stock: 1 = may be issued today only; 0 = the file
    does not say."""


@dataclass(frozen=True)
class OpeningStock:
    """Stock at the start of a day, before anything is issued."""

    day: date
    """The day of the stock, that life is counted from."""
    pieces: Mapping[str, Mapping[StockKey, int]]
    """Smallest pieces by product and cell."""

    file: str = ""
    """Name of the file it was read from."""
    sha256: str = ""
    """Digest (hex) of the file."""
    rows: int = 0
    """Rows of the file."""

    @property
    def has_lives(self) -> bool:
        """Whether the file says how long its units live."""
        return all(key.life_days for cells in self.pieces.values() for key in cells)

    def facts(self, scenario: Scenario) -> dict[str, Any]:
        """Return what the manifest says of it."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "rows": self.rows,
            "day": self.day.isoformat(),
            "products": list(self.pieces),
            "regions": len(scenario.regions),
        }

    def summary(self, scenario: Scenario) -> str:
        """Return the sentence that says how far the file replaces the warm-up's stock."""
        regions, products = len(scenario.regions), len(scenario.products)
        said = (
            f"started from {self.file} ({self.day}): {regions} of {regions} regions, "
            f"{len(self.pieces)} of {products} products"
        )
        if len(self.pieces) < products:
            others = ", ".join(name for name in scenario.products if name not in self.pieces)
            said += f"; {others} as after the warm-up"
        return said

    def totals(self, scenario: Scenario) -> dict[str, npt.NDArray[np.int64]]:
        """Return pieces by product, shape (n_regions, 8), whatever their life."""
        rows = {region: index for index, region in enumerate(scenario.regions)}
        found = {}
        for name, cells in self.pieces.items():
            found[name] = np.zeros((len(rows), len(GROUPS)), dtype=np.int64)
            for key, pieces in cells.items():
                found[name][rows[key.region], GROUPS.index(key.group)] += pieces
        return found

    def as_arrays(self, scenario: Scenario) -> dict[str, npt.NDArray[np.int64]]:
        """Return pieces by product, shape (n_regions, 8, shelf_life_days).

        Regions in the scenario's order, groups in that of `bloodsim.blood.GROUPS`; life index 0
        is stock on its last day. The file must say how long its units live.
        """
        rows = {region: index for index, region in enumerate(scenario.regions)}
        arrays = {}
        for name, cells in self.pieces.items():
            life = scenario.products[name].shelf_life_days
            array = np.zeros((len(rows), len(GROUPS), life), dtype=np.int64)
            for key, pieces in cells.items():
                array[rows[key.region], GROUPS.index(key.group), key.life_days - 1] = pieces
            arrays[name] = array
        return arrays


def read_stock(path: str | Path, scenario: Scenario) -> OpeningStock:
    """Read a stock file that a run starts from: the stock of the scenario's first scored day.

    Parameters
    ----------
    path : str or path
        CSV (UTF-8) or XLSX with the columns `COLUMNS` and one of `LIFE_COLUMNS`.
    scenario : Scenario
        Its regions and products.

    Raises
    ------
    ScenarioError
        With every problem of the file, each with its cell.
    """
    return _read(Path(path), scenario, _Reader(scenario, Path(path).name))


def read_stock_to_plan(
    path: str | Path, scenario: Scenario, start: date | None = None
) -> OpeningStock:
    """Read the stock file that a plan starts from: any day, life optional, every group given.

    Parameters
    ----------
    path : str or path
        CSV (UTF-8) or XLSX with the columns `COLUMNS`, at most one of `LIFE_COLUMNS`, and
        `DAY_COLUMN` if it likes.
    scenario : Scenario
        Its regions and products.
    start : date, optional
        The day of the stock; default: what the file says, else the first scored day.

    Raises
    ------
    ScenarioError
        With every problem of the file, each with its cell.
    """
    return _read(Path(path), scenario, _Reader(scenario, Path(path).name, start, to_plan=True))


def _read(path: Path, scenario: Scenario, reader: _Reader) -> OpeningStock:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            problem = Problem((), f"larger than {LARGEST_BYTES:,} bytes", "", path.name)
            raise ScenarioError([problem])
        content = path.read_bytes()
        rows = list(read_rows(content, path.name))
    except OSError as error:
        message = f"cannot read the stock file: {error.strerror}"
        raise ScenarioError([Problem((), message, "", path.name)]) from None
    if not rows:
        columns = ", ".join(COLUMNS)
        reader.problem(Place(path.name), "the file is empty", f"columns: {columns}, expiry_date")
    else:
        columns_at = reader.columns(rows[0])
        if not reader.problems:
            reader.find_day(rows[1:], columns_at)
        for row in rows[1:] if not reader.problems else ():
            reader.add(row, columns_at)
        if not reader.problems:
            reader.missing(Place(path.name))
    if reader.problems:
        raise ScenarioError(gathered(reader.problems))
    digest = sha256(content).hexdigest()
    return OpeningStock(reader.day, reader.pieces, path.name, digest, len(rows) - 1)


def _row_of(place: Place) -> Place:
    """Return the row of a cell: what is missing from a row is in none of its columns."""
    if place.line:
        return Place(place.file, place.line, 1)
    return place._replace(cell=re.sub(r"![A-Z]+(\d+)$", r"! row \1", place.cell))


def _column(heading: Cell) -> str:
    """Return the column that a heading names, in either language."""
    text = str(heading.value).strip()
    return HEADINGS.get(text, text)


class _Reader:
    """Collects the pieces and the problems of a file."""

    def __init__(
        self, scenario: Scenario, name: str, start: date | None = None, *, to_plan: bool = False
    ) -> None:
        self.scenario = scenario
        self.name = name
        self.day = start or scenario.run.score_start
        self._day_is_given = start is not None or not to_plan
        self._to_plan = to_plan
        self.problems: list[Problem] = []
        self.pieces: dict[str, dict[StockKey, int]] = {}
        self._first: dict[tuple[str, StockKey], Place] = {}
        self._region_names = region_names(scenario)
        self._product_names = product_names(scenario)
        self._group_labels = group_labels()
        self._regions: dict[str, set[str]] = {}

    def missing(self, place: Place) -> None:
        """Tell which regions a product has no row of: nothing is guessed."""
        if not self._regions:
            self.problem(place, "the file has no rows of stock", "one row per region and product")
        for product, regions in self._regions.items():
            absent = [region for region in self.scenario.regions if region not in regions]
            if absent:
                message = f"{product}: no row for {', '.join(absent)}"
                hint = "write a row with 0 units where there is none"
                self.problem(place, message, hint)
            for region in regions if self._to_plan else ():
                there = {key.group for key in self.pieces[product] if key.region == region}
                groups = [group for group in GROUPS if group not in there]
                if groups:
                    message = f"{product} in {region}: no row for {', '.join(groups)}"
                    self.problem(place, message, "write a row with 0 units where there is none")

    def find_day(self, rows: Sequence[Row], columns: Mapping[str, int]) -> None:
        """Find the one day that all rows name; a day that was given must be it."""
        if DAY_COLUMN not in columns:
            return
        first: Cell | None = None
        for row in rows:
            cell = row.get(columns[DAY_COLUMN])
            if cell is None:
                continue  # the row's own problem
            day = day_of(cell.value)
            if day is None:
                self.problem(cell.place, f"must be a date; got {shown(cell.value)}", "2026-02-10")
            elif first is None:
                first = cell
                if self._day_is_given and day != self.day:
                    self.problem(
                        cell.place,
                        f"the stock is of {day}, what it starts is of {self.day}",
                        "take the stock of that day, or start from the day of the stock",
                    )
                self.day = day
            elif day != self.day:
                where = f"the rows before are of {self.day}, first at {first.place}"
                self.problem(cell.place, f"another day: {day}", where)

    def problem(self, place: Place, message: str, hint: str = "") -> None:
        self.problems.append(Problem((), message, hint, str(place)))

    def columns(self, header: Row) -> dict[str, int]:
        """Return where each column is."""
        known = (*COLUMNS, *LIFE_COLUMNS, DAY_COLUMN)
        found: dict[str, int] = {}
        columns = ", ".join((*COLUMNS, "expiry_date or life_days"))
        titles = {i: _column(cell) for i, cell in header.items()}
        if not any(title in known for title in titles.values()):
            place = next(iter(header.values())).place
            self.problem(_row_of(place), "no column is that of a stock file", f"columns: {columns}")
            return {}
        for index, cell in header.items():
            column = titles[index]
            if column not in known:
                self.problem(cell.place, f"unknown column {shown(column)}", nearest(column, known))
            elif column in found:
                self.problem(cell.place, f"column '{column}' stands twice", "keep one of the two")
            found[column] = index
        place = _row_of(next(iter(header.values())).place)
        for column in COLUMNS:
            if column not in found:
                self.problem(place, f"column '{column}' is missing", f"columns: {columns}")
        lives = sum(column in found for column in LIFE_COLUMNS)
        if lives > 1 or (not lives and not self._to_plan):
            hint = "expiry_date is the last day of issue, life_days counts today"
            self.problem(place, "one of expiry_date and life_days is needed, not both", hint)
        return found

    def add(self, row: Row, columns: Mapping[str, int]) -> None:
        """Add a row, or what is wrong with it."""
        before = len(self.problems)
        place = _row_of(next(iter(row.values())).place)
        for index, cell in row.items():
            if index not in columns.values():
                self.problem(cell.place, "a cell in a column without a name", "name the column")
        cells: dict[str, Cell] = {}
        for column, index in columns.items():
            if index in row:
                cells[column] = row[index]
            else:
                self.problem(place, f"the row has no {column}", "fill the cell")
        if len(self.problems) > before:
            return
        regions, groups = self._region_names, self._group_labels
        region = self._known(cells["region"], self.scenario.regions, "region", regions)
        products = self._product_names
        name = self._known(cells["product"], self.scenario.products, "product", products)
        group = self._known(cells["group"], GROUPS, "group", groups)
        if not name:
            return
        product = self.scenario.products[name]
        pieces = self._pieces(cells["units"], product)
        life = self._life(cells, product)
        if len(self.problems) == before:
            self._put(name, StockKey(region, group, life), pieces, place)

    def _put(self, product: str, key: StockKey, pieces: int, place: Place) -> None:
        first = self._first.setdefault((product, key), place)
        if first is not place:
            message = f"the same region, product, group and life stand twice, first at {first}"
            self.problem(place, message, "is it a second delivery or a copy? write one row")
            return
        self.pieces.setdefault(product, {})[key] = pieces
        self._regions.setdefault(product, set()).add(key.region)

    def _known(
        self,
        cell: Cell,
        known: Mapping[str, Any] | Sequence[str],
        what: str,
        aliases: Mapping[str, str] | None = None,
    ) -> str:
        name = str(cell.value).strip()
        name = (aliases or {}).get(name, name)
        if name in known:
            return name
        like = nearest(name, [*known, *(aliases or {})])
        hint = like if like.startswith("did you mean") else nearest(name, known)
        if what == "group":
            hint = group_hint(name)
        self.problem(cell.place, f"unknown {what} {shown(name)}", hint)
        return ""

    def _pieces(self, cell: Cell, product: Product) -> int:
        value = cell.value
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.problem(cell.place, f"must be a number of units; got {shown(value)}")
            return 0
        pieces = value * product.pieces_per_unit
        if not 0 <= value < 1e9:
            self.problem(cell.place, f"must be 0 or more units, below 1e9; got {shown(value)}")
        elif abs(pieces - round(pieces)) > _TINY:
            smallest = 1 / product.pieces_per_unit
            self.problem(cell.place, f"must be a multiple of {smallest:g} units; got {value}")
        else:
            return round(pieces)
        return 0

    def _life(self, cells: Mapping[str, Cell], product: Product) -> int:
        """Return the days of life left, counting the day of the stock."""
        today = self.day
        cell = cells.get("life_days") or cells.get("expiry_date")
        if cell is None:
            return 0
        if "life_days" in cells:
            life = cell.value
            if not isinstance(life, int) or isinstance(life, bool):
                self.problem(cell.place, f"must be a whole number of days; got {shown(life)}")
                return 0
        else:
            expiry = day_of(cell.value)
            if expiry is None:
                self.problem(cell.place, f"must be a date such as {today}; got {shown(cell.value)}")
                return 0
            life = (expiry - today).days + 1
        if life < 1:
            hint = f"life counts from the day of the stock, {today}; leave expired units out"
            self.problem(cell.place, f"already expired: {shown(cell.value)}", hint)
        elif life > product.shelf_life_days:
            last = today + timedelta(days=product.shelf_life_days - 1)
            hint = f"shelf life is {product.shelf_life_days} days: at most until {last}"
            self.problem(cell.place, f"outlives the shelf life: {shown(cell.value)}", hint)
        return int(life)
