"""A linear program as coefficient arrays, built block by block under opaque names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

Floats = NDArray[np.floating]
Index = NDArray[np.integer]


@dataclass(frozen=True)
class Program:
    """Minimise ``cost @ x`` with ``row_lower <= matrix @ x <= row_upper`` and bounds on x.

    Parameters
    ----------
    matrix : sparse.csr_array (n_rows, n_columns)
        Coefficients.
    cost, lower, upper : float array (n_columns,)
        Objective and bounds.
    row_lower, row_upper : float array (n_rows,)
        Right-hand sides.
    integer : bool array (n_columns,)
        Which columns are whole numbers.
    columns, rows : mapping of str to index array
        The blocks by name: where each variable and constraint of the formulation stands.
    """

    matrix: sparse.csr_array
    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    integer: NDArray[np.bool_]
    columns: Mapping[str, Index]
    rows: Mapping[str, Index]

    def column_name(self, column: int) -> str:
        """Return what stands behind an opaque column: block and position."""
        return _named(self.columns, column)

    def row_name(self, row: int) -> str:
        """Return what stands behind an opaque row: block and position."""
        return _named(self.rows, row)

    def violation(self, x: Floats) -> tuple[float, int]:
        """Return the largest violation of a row, bound or whole number, and its row (-1: bound).

        Violations are relative to the size of the right-hand side where that is above 1.
        """
        activity = self.matrix @ x
        sides = np.where(np.isfinite(self.row_lower), np.abs(self.row_lower), 0)
        sides = np.maximum(sides, np.where(np.isfinite(self.row_upper), np.abs(self.row_upper), 0))
        excess = np.maximum(self.row_lower - activity, activity - self.row_upper)
        excess = excess / np.maximum(1.0, sides)
        bound = np.maximum(self.lower - x, x - self.upper)
        whole = np.where(self.integer, np.abs(x - np.round(x)), 0.0)
        worst_bound = float(max(bound.max(initial=0), whole.max(initial=0)))
        if not len(excess) or worst_bound >= excess.max():
            return worst_bound, -1
        return float(excess.max()), int(excess.argmax())


@dataclass
class ProgramBuilder:
    """Collects blocks of columns and rows, then makes a `Program` of them."""

    cost: list[Floats] = field(default_factory=list)
    lower: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    integer: list[NDArray[np.bool_]] = field(default_factory=list)
    row_lower: list[Floats] = field(default_factory=list)
    row_upper: list[Floats] = field(default_factory=list)
    columns: dict[str, Index] = field(default_factory=dict)
    rows: dict[str, Index] = field(default_factory=dict)
    terms: list[tuple[Index, Index, Floats]] = field(default_factory=list)
    n_columns: int = 0
    n_rows: int = 0

    @classmethod
    def of(cls, program: Program) -> ProgramBuilder:
        """Return a builder that adds to a program, behind what is there."""
        there = program.matrix.tocoo()
        return cls(
            cost=[program.cost],
            lower=[program.lower],
            upper=[program.upper],
            integer=[program.integer],
            row_lower=[program.row_lower],
            row_upper=[program.row_upper],
            columns=dict(program.columns),
            rows=dict(program.rows),
            terms=[(there.row, there.col, there.data)],
            n_columns=program.matrix.shape[1],
            n_rows=program.matrix.shape[0],
        )

    def add_columns(
        self,
        name: str,
        shape: tuple[int, ...],
        cost: ArrayLike = 0.0,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = np.inf,
        integer: bool = False,
    ) -> Index:
        """Add a block of columns and return its indices, in the block's shape."""
        size = int(np.prod(shape))
        for store, value in ((self.cost, cost), (self.lower, lower), (self.upper, upper)):
            store.append(np.broadcast_to(np.asarray(value, dtype=float), shape).ravel())
        self.integer.append(np.full(size, integer))
        found = np.arange(self.n_columns, self.n_columns + size).reshape(shape)
        self.columns[name] = found
        self.n_columns += size
        return found

    def add_rows(
        self,
        name: str,
        shape: tuple[int, ...],
        lower: ArrayLike = -np.inf,
        upper: ArrayLike = np.inf,
    ) -> Index:
        """Add a block of rows and return its indices, in the block's shape."""
        size = int(np.prod(shape))
        for store, value in ((self.row_lower, lower), (self.row_upper, upper)):
            store.append(np.broadcast_to(np.asarray(value, dtype=float), shape).ravel())
        found = np.arange(self.n_rows, self.n_rows + size).reshape(shape)
        self.rows[name] = found
        self.n_rows += size
        return found

    def add_terms(self, rows: Index, columns: Index, coefficient: ArrayLike) -> None:
        """Add coefficients where rows and columns, broadcast together, meet."""
        row, column, value = np.broadcast_arrays(rows, columns, np.asarray(coefficient, float))
        self.terms.append((row.ravel(), column.ravel(), value.ravel()))

    def build(self) -> Program:
        """Return the program; coefficients of the same place add up."""
        row, column, value = (
            np.concatenate([term[k] for term in self.terms] or [np.zeros(0)]) for k in range(3)
        )
        place = row.astype(np.intp), column.astype(np.intp)
        matrix = sparse.csr_array((value, place), shape=(self.n_rows, self.n_columns))
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        return Program(
            matrix=matrix,
            cost=_joined(self.cost),
            lower=_joined(self.lower),
            upper=_joined(self.upper),
            row_lower=_joined(self.row_lower),
            row_upper=_joined(self.row_upper),
            integer=np.concatenate(self.integer or [np.zeros(0, bool)]),
            columns=self.columns,
            rows=self.rows,
        )


def _joined(parts: list[Floats]) -> Floats:
    return np.concatenate(parts or [np.zeros(0)])


def _named(blocks: Mapping[str, Index], position: int) -> str:
    for name, indices in blocks.items():
        if indices.size and indices.flat[0] <= position <= indices.flat[-1]:
            where = np.unravel_index(position - int(indices.flat[0]), indices.shape)
            return f"{name}[{','.join(str(int(k)) for k in where)}]"
    raise IndexError(position)
