"""The look of every chart: fonts, colours and settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import as_file

import matplotlib as mpl
from matplotlib import font_manager

from bloodsim import data
from bloodsim.labels import (
    NBSP,
    Lang,
    day_label,
    level_label,
    month_label,
    pick,
    variant_label,
    year_label,
)
from bloodsim.numbers import floored, plain, quantity

__all__ = [
    "FAMILIES",
    "FONT_FILE",
    "HOLIDAY",
    "INK",
    "LEVEL_COLOURS",
    "LEVEL_TEXT_COLOURS",
    "MUTED",
    "NBSP",
    "Lang",
    "day_label",
    "floored",
    "house_style",
    "is_national",
    "level_label",
    "month_label",
    "pick",
    "plain",
    "quantity",
    "register_font",
    "variant_colour",
    "variant_label",
    "year_label",
]

FONT_FILE = "fonts/NotoSansSC-gb2312.ttf"

FAMILIES = ["Noto Sans SC", "DejaVu Sans"]
"""Fonts in order; as a list of families, each missing glyph is looked for in the next one."""

LEVEL_COLOURS = {
    "green": "#e3eee6",
    "blue": "#a6cbe6",
    "yellow": "#f3d34a",
    "orange": "#e07b1f",
    "red": "#8f1029",
}
"""Alert levels, darker as they get worse: the order survives grey print and colour blindness."""

LEVEL_TEXT_COLOURS = {
    "green": "#3f6b4c",
    "blue": "#2b6a96",
    "yellow": "#8a6d00",
    "orange": "#b1560a",
    "red": "#8f1029",
}
"""The same levels, dark enough for text and lines on white."""

_PROVINCES = 31

INK = "#222222"
MUTED = "#666666"
HOLIDAY = "#d9d3e6"

_VARIANT_COLOURS = {
    "none": "#5f5f5f",
    "practice": "#009e73",
    "share_surplus": "#d55e00",
    "proportional": "#0072b2",
    "optimized": "#aa3377",
}
_FURTHER_COLOURS = ("#b8860b", "#56b4e9", "#117733", "#882255", "#332288")


@cache
def register_font() -> None:
    """Make the bundled font known to matplotlib."""
    # Stays registered: a figure is often drawn after the function that made it has returned.
    with as_file(data.path(FONT_FILE)) as path:
        font_manager.fontManager.addfont(path)


@contextmanager
def house_style() -> Iterator[None]:
    """Chart settings, fonts with Chinese among them; the caller's settings return afterwards."""
    register_font()
    settings = {
        "font.family": FAMILIES,
        "font.size": 8.0,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.labelsize": 8.0,
        "ytick.labelsize": 8.0,
        "legend.frameon": False,
        "figure.facecolor": "white",
        # Names come from files: a dollar sign is a dollar sign.
        "text.parse_math": False,
        # Hinted letters stand farther apart than their widths say, and lines would not fit.
        "text.hinting": "none",
        "savefig.facecolor": "white",
        # Identifiers inside an SVG are drawn from this salt instead of at random.
        "svg.hashsalt": "bloodsim",
        "pdf.fonttype": 42,
    }
    with mpl.rc_context(settings):
        yield


def is_national(regions: Sequence[str]) -> bool:
    """Tell whether regions are the 31 provinces of mainland China."""
    return len(regions) == _PROVINCES


def variant_colour(variant: str, variants: tuple[str, ...]) -> str:
    """Colour of a variant: one policy, one colour in all charts."""
    if variant in _VARIANT_COLOURS:
        return _VARIANT_COLOURS[variant]
    others = [name for name in variants if name not in _VARIANT_COLOURS]
    return _FURTHER_COLOURS[others.index(variant) % len(_FURTHER_COLOURS)]
