"""Small tables for notebooks: everything in them is text, whatever a file called it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bloodsim.labels import shown

_LONGEST = 120


def both(zh: str, en: str, other: str = "") -> str:
    """A name in both languages, once where they agree; *other* where there is none."""
    names = [shown(name, _LONGEST) for name in dict.fromkeys((en, zh)) if name]
    return " · ".join(names) or shown(other, _LONGEST)


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> str:
    """Return an HTML table: the first column is a head, the others stand on the right."""
    head = "".join(f'<th scope="col" style="text-align:right">{_text(each)}</th>' for each in heads)
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{_text(row[0])}</th>'
        + "".join(f'<td style="text-align:right">{_text(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    below = f"<p>{_text(note)}</p>" if note else ""
    top = f"<thead><tr>{head}</tr></thead>" if heads else ""
    return f"<table><caption>{_text(caption)}</caption>{top}<tbody>{body}</tbody></table>{below}"


def _text(text: str) -> str:
    return escape(shown(text, 400))
