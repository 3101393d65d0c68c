"""The look of every chart: fonts, colours, words in two languages, number and date formats."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from importlib.resources import as_file
from typing import Literal

import matplotlib as mpl
from matplotlib import font_manager

from bloodsim import data

Lang = Literal["zh", "en"]

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

NBSP = "\N{NO-BREAK SPACE}"

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

_VARIANTS = {
    "none": ("不调剂", "no transfers"),
    "practice": ("现行做法", "today's practice"),
    "share_surplus": ("余缺调剂", "sharing surplus"),
    "proportional": ("按比例均衡", "proportional sharing"),
    "optimized": ("优化方案", "optimized"),
    "pre_collect": ("节前增采", "pre-collection"),
}
_LEVELS = {
    "green": ("绿", "green"),
    "blue": ("蓝", "blue"),
    "yellow": ("黄", "yellow"),
    "orange": ("橙", "orange"),
    "red": ("红", "red"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@cache
def _register_font() -> None:
    # Stays registered: a figure is often drawn after the function that made it has returned.
    with as_file(data.path(FONT_FILE)) as path:
        font_manager.fontManager.addfont(path)


@contextmanager
def house_style() -> Iterator[None]:
    """Chart settings, fonts with Chinese among them; the caller's settings return afterwards."""
    _register_font()
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
        "savefig.facecolor": "white",
        # Identifiers inside an SVG are drawn from this salt instead of at random.
        "svg.hashsalt": "bloodsim",
    }
    with mpl.rc_context(settings):
        yield


def pick(lang: Lang, zh: str, en: str) -> str:
    """The text in the chart's language."""
    if lang not in ("zh", "en"):
        raise ValueError(f"unknown language {lang!r}; expected 'zh' or 'en'")
    return zh if lang == "zh" else en


def is_national(regions: Sequence[str]) -> bool:
    """Tell whether regions are the 31 provinces of mainland China."""
    return len(regions) == _PROVINCES


def level_label(level: str, lang: Lang) -> str:
    """Name of an alert level."""
    return pick(lang, *_LEVELS[level])


def variant_label(variant: str, lang: Lang) -> str:
    """Name of a variant; its identifier where it has no other name."""
    return pick(lang, *_VARIANTS.get(variant, (variant, variant)))


def variant_colour(variant: str, variants: tuple[str, ...]) -> str:
    """Colour of a variant: one policy, one colour in all charts."""
    if variant in _VARIANT_COLOURS:
        return _VARIANT_COLOURS[variant]
    others = [name for name in variants if name not in _VARIANT_COLOURS]
    return _FURTHER_COLOURS[others.index(variant) % len(_FURTHER_COLOURS)]


def day_label(day: date, lang: Lang) -> str:
    """A day within a year: 3月4日, 4 Mar."""
    return pick(lang, f"{day.month}月{day.day}日", f"{day.day}{NBSP}{_MONTHS[day.month - 1]}")


def month_label(day: date, lang: Lang, with_year: bool) -> str:
    """A month, on a second line its year if asked."""
    month = pick(lang, f"{day.month}月", _MONTHS[day.month - 1])
    return f"{month}\n{year_label(day, lang)}" if with_year else month


def year_label(day: date, lang: Lang) -> str:
    """A year: 2026年, 2026."""
    return pick(lang, f"{day.year}年", str(day.year))


def floored(value: float, digits: int = 1) -> str:
    """A number rounded down, so that 2.96 never reads 3.0 beside "below 3"."""
    scale = 10**digits
    # 2.9 * 10 is 28.999999999999996: a hair above counts as reached.
    return f"{math.floor(value * scale + 1e-6) / scale:.{digits}f}"


def plain(value: float) -> str:
    """A threshold as people write it: 5, 1.5."""
    return f"{value:g}"


def quantity(value: float, unit: str, lang: Lang) -> str:
    """A quantity with its unit: 1.2 万U, 12,000 U."""
    if lang == "zh" and abs(value) >= 1e4:
        return f"{value / 1e4:.1f} 万{unit}"
    return f"{value:,.0f} {unit}"
