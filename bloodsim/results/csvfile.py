"""CSV that people open in a spreadsheet: Excel's UTF-8, and no cell that becomes a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bloodsim.results.cells import looks_like_a_formula

if TYPE_CHECKING:
    import pandas as pd


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as CSV, texts that a spreadsheet would calculate marked with an apostrophe."""
    texts = {
        name: table[name].map(_plain_cell)
        for name in table.columns
        if any(isinstance(cell, str) for cell in table[name])
    }
    safe = table.assign(**texts)
    return bytes(safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"))


def _plain_cell(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and looks_like_a_formula(cell) else cell
