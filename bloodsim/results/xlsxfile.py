"""Excel files made of tables: number formats, frozen headers, columns wide enough, inert texts."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, NamedTuple

from bloodsim.results.cells import inert, looks_like_a_formula, width_of

FORMATS: Mapping[str, str] = {
    "text": "@",
    "date": "yyyy-mm-dd",
    "count": "#,##0",
    "fine": "#,##0.0",
    "finest": "#,##0.00",
    "weight": "0.0###",
    "share": "0.0%",
    "fine_share": "0.00%",
    "finest_share": "0.0000%",
    "signed_count": "+#,##0;-#,##0;0",
    "signed_fine": "+#,##0.0;-#,##0.0;0",
    "signed_finest": "+#,##0.00;-#,##0.00;0",
    "signed_share": "+0.0%;-0.0%;0%",
    "signed_fine_share": "+0.00%;-0.00%;0%",
    "signed_finest_share": "+0.0000%;-0.0000%;0%",
}
"""How the numbers of a column look, by name."""

_NARROWEST, _WIDEST = 6.0, 64.0
_HEAD_WIDTH = 11.0
"""Characters after which the words of a header go on in the next line."""
_LINE_HEIGHT = 15.0
_HEADER: Mapping[str, Any] = {
    "bold": True,
    "text_wrap": True,
    "valign": "top",
    "bottom": 1,
    "bg_color": "#eef1f4",
    "border_color": "#888888",
}


class Rule(NamedTuple):
    """What marks a cell: ``below`` a number, ``says`` a text, ``bars``, or a ``scale`` around 0.

    `value` is that number or text, `colour` what the cell is filled with.
    """

    kind: str
    value: float | str = 0.0
    colour: str = ""
    ink: str = "#222222"


class Column(NamedTuple):
    """A column of a table; `form` names its `FORMATS`, one for all or one a cell."""

    head: str
    values: Sequence[Any]
    form: str | Sequence[str] = "text"
    rules: Sequence[Rule] = ()
    summed: bool = False


class Table(NamedTuple):
    """A block of a sheet: what it shows, a remark (units, basis), its columns."""

    title: str
    note: str
    columns: Sequence[Column]

    @property
    def rows(self) -> int:
        """Number of rows below the header."""
        return max((len(column.values) for column in self.columns), default=0)


class Sheet(NamedTuple):
    """A sheet: its tab, its tables one below the other, and how many columns stay in sight."""

    name: str
    tables: Sequence[Table]
    frozen_columns: int = 1


def xlsx_bytes(sheets: Sequence[Sheet], title: str, created: date, total: str) -> bytes:
    """Return a workbook; the same sheets give the same bytes, and texts stay texts.

    Parameters
    ----------
    sheets : sequence of Sheet
        In the order of the tabs.
    title : str
        Of the file's properties.
    created : date
        Of the file's properties: a day of the result, not today's.
    total : str
        What stands before sums.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    book = xlsxwriter.Workbook(buffer, options)
    book.set_properties({"title": inert(title, 200), "created": datetime.combine(created, time())})
    book.set_size(2400, 1500)
    writer = _Writer(book, total)
    for sheet in sheets:
        writer.write(sheet)
    book.close()
    return buffer.getvalue()


class _Writer:
    """Writes sheets into one workbook, each format made once."""

    def __init__(self, book: Any, total: str) -> None:
        self._book = book
        self._total = total
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def write(self, sheet: Sheet) -> None:
        page = self._book.add_worksheet(sheet.name[:31])
        page.hide_gridlines(2)
        page.set_paper(9)  # A4
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        page.set_footer("&L&A&R&P / &N")
        row, widths = 0, dict[int, float]()
        for number, table in enumerate(sheet.tables):
            head = row + 1 + bool(table.note)
            if number == 0:
                page.freeze_panes(head + 1, sheet.frozen_columns)
                page.repeat_rows(0, head)
            row = self._table(page, table, row, widths) + 2
        for column, width in widths.items():
            page.set_column(column, column, min(max(width + 2, _NARROWEST), _WIDEST))

    def _table(self, page: Any, table: Table, row: int, widths: dict[int, float]) -> int:
        """Write a table from *row* on; return its last row."""
        self._text(page, row, 0, inert(table.title, 200), bold=True, font_size=13)
        if table.note:
            row += 1
            self._text(page, row, 0, inert(table.note), font_color="#595959")
        head = row + 1
        last = head + table.rows
        summed = any(column.summed for column in table.columns)
        heads = [math.ceil(width_of(column.head) * 1.25 / _HEAD_WIDTH) for column in table.columns]
        page.set_row(head, _LINE_HEIGHT * max(1, min(max(heads, default=1), 4)))
        for number, column in enumerate(table.columns):
            self._text(page, head, number, inert(column.head, 200), **_HEADER)
            widest = min(width_of(column.head), _HEAD_WIDTH)
            for offset, value in enumerate(column.values):
                widest = max(
                    widest, self._cell(page, head + 1 + offset, number, value, column, offset)
                )
            widths[number] = max(widths.get(number, 0.0), widest)
            if summed:
                self._sum(page, head + 1, last, number, column)
            for rule in column.rules if table.rows else ():
                page.conditional_format(head + 1, number, last, number, self._condition(rule))
        if row <= 1 and table.rows > 1:
            page.autofilter(head, 0, last, len(table.columns) - 1)
        return last + summed

    def _cell(self, page: Any, row: int, at: int, value: Any, column: Column, offset: int) -> float:
        """Write one cell by its kind; return the characters it takes."""
        form = column.form if isinstance(column.form, str) else column.form[offset]
        if isinstance(value, date):
            page.write_datetime(
                row,
                at,
                datetime.combine(value, time()),
                self._number("date", align="left", indent=1),
            )
            return 10.0
        if isinstance(value, bool):
            page.write_boolean(row, at, value)
            return 6.0
        if isinstance(value, int | float):
            if math.isfinite(value):  # what is not defined stays empty
                page.write_number(row, at, value, self._number(form))
            return _width_of_number(value, form)
        text = inert(value)
        indent = {"align": "left", "indent": 1} if at else {}
        self._text(page, row, at, text, text_wrap=True, valign="top", **indent)
        lines = sum(max(1, math.ceil(width_of(line) / _WIDEST)) for line in text.split("\n"))
        if lines > 1:  # not every program finds the height by itself
            page.set_row(row, _LINE_HEIGHT * min(lines, 20))
        return width_of(text) + bool(at)

    def _text(self, page: Any, row: int, at: int, text: str, **settings: Any) -> None:
        # A marked text stays one when somebody edits the cell.
        quoted = {"quote_prefix": True} if looks_like_a_formula(text) else {}
        page.write_string(row, at, text, self._format(**settings, **quoted))

    def _sum(self, page: Any, first: int, last: int, at: int, column: Column) -> None:
        rule = {"bold": True, "top": 1, "border_color": "#888888"}
        if not column.summed:
            page.write_string(last + 1, at, self._total if at == 0 else "", self._format(**rule))
            return
        from xlsxwriter.utility import xl_range

        form = column.form if isinstance(column.form, str) else "count"
        known = [float(v) for v in column.values if math.isfinite(float(v))]
        cells = xl_range(first, at, last, at)
        page.write_formula(
            last + 1, at, f"=SUM({cells})", self._number(form, **rule), math.fsum(known)
        )

    def _number(self, form: str, **settings: Any) -> Any:
        return self._format(num_format=FORMATS[form], valign="top", **settings)

    def _format(self, **settings: Any) -> Any:
        key = tuple(sorted(settings.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(settings)
        return self._made[key]

    def _condition(self, rule: Rule) -> dict[str, Any]:
        if rule.kind == "bars":
            ends = {"min_type": "num", "min_value": 0, "max_type": "num", "max_value": rule.value}
            return {"type": "data_bar", "bar_color": rule.colour, **ends}
        if rule.kind == "scale":
            ends = {f"{end}_type": "num" for end in ("min", "mid", "max")}
            size = float(rule.value)
            values = {"min_value": -size, "mid_value": 0, "max_value": size}
            colours = {"min_color": "#e6a36a", "mid_color": "#ffffff", "max_color": "#7fb3d9"}
            return {"type": "3_color_scale", **ends, **values, **colours}
        filled = self._format(bg_color=rule.colour, font_color=rule.ink)
        if rule.kind == "says":
            quoted = str(rule.value).replace('"', '""')
            return {"type": "cell", "criteria": "==", "value": f'"{quoted}"', "format": filled}
        below = {"criteria": "between", "minimum": -1e9, "maximum": float(rule.value) - 1e-9}
        return {"type": "cell", **below, "format": filled, "stop_if_true": True}


def _width_of_number(value: float, form: str) -> float:
    shown = 100 * value if "share" in form else value
    pattern = FORMATS[form].partition(";")[0]
    decimals = len(pattern.partition(".")[2].rstrip("%"))
    return len(f"{shown:,.{decimals}f}") + ("share" in form) + form.startswith("signed")
