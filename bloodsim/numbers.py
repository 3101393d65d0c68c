"""Numbers as people read them, in both languages."""

from __future__ import annotations

import math

from bloodsim.labels import MINUS, NBSP, Lang


def floored(value: float, digits: int = 1) -> str:
    """A number rounded down, so that 2.96 never reads 3.0 beside "below 3"."""
    scale = 10**digits
    # 2.9 * 10 is 28.999999999999996: a hair above counts as reached.
    return f"{math.floor(value * scale + 1e-6) / scale:.{digits}f}"


def plain(value: float) -> str:
    """A threshold as people write it: 5, 1.5."""
    return f"{value:g}"


def number(value: float, lang: Lang, signed: bool = False) -> str:
    """A count: 1.2万, 12,000; three digits of small ones."""
    size = abs(value)
    if lang == "zh" and size >= 1e8:
        text = f"{size / 1e8:.1f}亿"
    elif lang == "zh" and size >= 1e4:
        text = f"{size / 1e4:.1f}万"
    else:
        text = f"{size:,.{0 if size >= 99.5 else 1 if size >= 9.95 else 2}f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    sign = "" if text == "0" or (value > 0 and not signed) else "+" if value > 0 else MINUS
    return f"{sign}{text}"


def tick(value: float, lang: Lang, signed: bool = False) -> str:
    """A number of an axis: 100万 where a count would be 100.0万."""
    return number(value, lang, signed).replace(".0万", "万").replace(".0亿", "亿")


def give_or_take(half_width: float, mean: float, lang: Lang) -> str:
    """Half of an interval in the scale in which its mean is written: 4.69万 ± 0.08万."""
    if lang == "zh" and abs(mean) >= 1e4 > half_width:
        scaled = half_width / 1e4
        return f"{scaled:.1g}万" if scaled >= 0.005 else "0" if not scaled else "<0.01万"
    return number(half_width, lang)


def rounded(value: float, digits: int = 3) -> float:
    """A value with the digits a headline needs: 706031 becomes 706000."""
    return float(f"{value:.{digits}g}")


def quantity(value: float, unit: str, lang: Lang, signed: bool = False) -> str:
    """A quantity with its unit: 1.2 万U, 12,000 U."""
    text = number(value, lang, signed)
    if lang == "zh" and text[-1:] in ("万", "亿"):
        return f"{text[:-1]} {text[-1]}{unit}"
    return f"{text}{NBSP}{unit}"


def percent(share: float, signed: bool = False, smallest: float = 0.0001) -> str:
    """A share in per cent, with the digits that its size deserves: 0.82 %, 12 %, <0.01 %."""
    if math.isnan(share):
        return "–"
    value = 100 * abs(share)
    if 0 < value < smallest:
        return f"<{smallest:g}{NBSP}%"
    if 0 < value < 0.0995:
        return f"{MINUS if share < 0 else '+' if signed else ''}{value:.2g}{NBSP}%"
    if 98.95 <= value < 99.9999:  # 99.96 % is not yet all
        return f"{MINUS if share < 0 else '+' if signed else ''}{floored(value, 1)}{NBSP}%"
    digits = 2 if value < 0.995 else 1 if value < 9.95 else 0
    text = f"{value:.{digits}f}" if value else "0"
    sign = MINUS if share < 0 else "+" if signed and share > 0 else ""
    return f"{sign}{text}{NBSP}%"


def unit_noun(unit: str, count: float, lang: Lang) -> str:
    """A unit in the number of what is counted: 1 dose, 2 doses; U never changes."""
    plain_noun = lang == "en" and unit.isalpha() and unit.islower() and unit[-1:] != "s"
    return f"{unit}s" if plain_noun and count != 1 else unit
