"""Texts that leave for a spreadsheet or a document: nothing in them acts, nothing runs on."""

from __future__ import annotations

import unicodedata

LONGEST_CELL = 4000
"""Characters of a text that a cell keeps."""

_STARTS_A_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""What makes a spreadsheet calculate a text; the full-width signs do in Chinese and Japanese."""


def looks_like_a_formula(text: str) -> bool:
    """Whether a spreadsheet would calculate a text that somebody types or imports."""
    return text[:1] in _STARTS_A_FORMULA


def inert(text: object, longest: int = LONGEST_CELL) -> str:
    """A text without control and text-direction characters (line breaks stay), not too long."""
    kept = "".join(c for c in str(text) if c == "\n" or unicodedata.category(c)[0] != "C")
    return kept if len(kept) <= longest else f"{kept[: longest - 1].rstrip()}…"


def width_of(text: str) -> float:
    """Characters a text takes in a column, a Chinese one counted as two; of its widest line."""
    return max(
        (
            sum(2.0 if unicodedata.east_asian_width(c) in "WF" else 1.0 for c in line)
            for line in text.split("\n")
        ),
        default=0.0,
    )
