"""Text in charts: how wide it is, where its lines break, and which characters can be drawn."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import as_file
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path

from bloodsim import data
from bloodsim.labels import Lang, shown
from bloodsim.plots.style import FAMILIES, FONT_FILE, INK, register_font

if TYPE_CHECKING:
    from bloodsim.results import Results

_NO_BREAK_BEFORE = "，。；：、）》”%,.;:)"
_NO_BREAK_AFTER = "（《“("
_WIDOW = 0.3
"""A last line shorter than this share of the width is a word left alone."""
_UNKNOWN = "□"


def region_label(results: Results, region: str, lang: Lang) -> str:
    """Name of a region as it may stand in a chart."""
    return drawable(shown(results.region_name(region, lang)) or region)


def product_name(results: Results, product: str, lang: Lang) -> str:
    """Name of a product as it may stand in a chart."""
    return drawable(shown(results.product_label(product, lang)) or product)


def product_unit(results: Results, product: str, lang: Lang) -> str:
    """Unit of a product as it may stand in a chart."""
    return drawable(shown(results.unit_label(product, lang), 12)) or "U"


def drawable(text: str) -> str:
    """The text, with a box for each character that neither font of the charts has."""
    known = _known_characters()
    return "".join(c if c in " \n" or ord(c) in known else _UNKNOWN for c in text)


@cache
def _known_characters() -> frozenset[int]:
    with as_file(data.path(FONT_FILE)) as path:
        own = get_font(str(path)).get_charmap()
    return frozenset(own) | frozenset(get_font(findfont(FAMILIES[-1])).get_charmap())


def say(ax: Axes, x: float, y: float, text: str, size: float = 7.0, **settings: Any) -> Any:
    """Write a text in the coordinates of the data, centred on the line."""
    chosen: dict[str, Any] = {"va": "center", "color": INK, "clip_on": False, **settings}
    return ax.text(x, y, text, fontsize=size, **chosen)


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Lines of *text* no wider than *width* points; breaks at spaces and between characters."""
    lines, line, taken = [], "", 0.0
    for piece in _pieces(text):
        if line and taken + text_width(piece.rstrip(" "), size) > width:
            lines.append(line.rstrip(" "))
            line, taken = "", 0.0
        line += piece
        taken += text_width(piece, size)
    return [*lines, line.rstrip(" ")]


def balanced(text: str, width: float, size: float) -> list[str]:
    """Lines as `wrapped` breaks them, narrower where the last one would hold a word or two."""
    lines = wrapped(text, width, size)
    if len(lines) == 1 or text_width(lines[-1], size) >= _WIDOW * width:
        return lines
    for share in (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65):
        narrower = wrapped(text, share * width, size)
        if len(narrower) > len(lines):
            break
        if text_width(narrower[-1], size) >= _WIDOW * width:
            return narrower
    return lines


def _pieces(text: str) -> list[str]:
    """Smallest stretches that stay on one line: a word with its space, or a Chinese character.

    A number keeps its unit (6.1 天, 67 万U), a bracket what it opens.
    """
    pieces: list[str] = []
    for character in text:
        piece = pieces[-1] if pieces else " "
        last = piece[-1]
        word = not _is_wide(character) and not _is_wide(last) and last != " "
        unit = _is_wide(character) and piece.endswith(" ") and piece[-2:-1].isdecimal()
        word = word or unit or last in _NO_BREAK_AFTER or (last in "万亿" and character == "U")
        if pieces and (word or character == " " or character in _NO_BREAK_BEFORE):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _is_wide(character: str) -> bool:
    return ord(character) >= 0x2E80


@lru_cache(maxsize=8192)
def text_width(text: str, size: float) -> float:
    """Width of a text in the chart's font (points)."""
    register_font()
    font = FontProperties(family=FAMILIES, size=size)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width)
