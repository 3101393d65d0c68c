"""The plan as an Excel workbook: definitions, summary, transfers, cover, prices, limits, check."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import pandas as pd

from bloodsim.results.cells import inert, looks_like_a_formula, width_of

if TYPE_CHECKING:
    from bloodsim.planning.proposal import TransferProposal

SHEETS = ("definitions", "summary", "transfers", "cover", "prices", "limits", "check")
"""Sheets, in order; ``check`` only with a check; ``drives``, ``street``, ``appeals``, ``throttles``
and ``sites`` follow where they were planned."""

DEFINITIONS: Mapping[str, str] = {
    "transfers.date, until": "day a shipment leaves; where until is later, some day of the span",
    "transfers.ask_by": "day by which it must be asked for, approval taken into account",
    "transfers.origin, destination": "region that sends, region that receives",
    "transfers.units": "units of the product and group, in whole lots",
    "transfers.arrival": "day it arrives if it leaves on date",
    "transfers.least_life_days": "days of issue its oldest unit has left on arrival, at least",
    "transfers.firm": "promised; the others are an outlook, to be planned again",
    "cover.stock_with, stock_without": "expected stock (units) at the close, with and without plan",
    "cover.cover_days_with, cover_days_without": "that stock over normal-day demand (days)",
    "cover.unmet_with, unmet_without": "requests lost or cancelled since the date before (units)",
    "prices.points_per_unit": "what one more unit released there and then would save (points of "
    "the scenario's cost, never money), by the plan's shadow prices",
    "prices confirmed: gain, loss": "points per unit that 10 more save and 10 fewer cost, by "
    "solving again",
    "limits.kind": "unmet, safety, end, universal: missed by so many units; floor: binding; size: "
    "shipments too small to send",
    "drives.donors, units": "donors expected to give at the visits, and units of the product that "
    "the calendar was made for",
    "donors.points_per_donor, points_per_gift": "what one more eligible donor is worth after the "
    "plan's last day, and what a repeat donor's gift in the plan costs later (points)",
    "donors.eligible_start, eligible_end": "donors whose interval is over, on the first and the "
    "last day of the plan",
    "drives.worth_per_donor": "points that the units of one more donor there and then would save "
    "on the expected path, before what the donation costs: the price the calendar was made from",
    "drives.committed": "stood before the plan: no longer to be changed",
    "street.factor, usual_factor": "turnout factor to aim at from date to until, and the one that "
    "regulation is expected to set; weeks that are not listed stay regulated",
    "street.donors, usual_donors": "donors expected to give at each",
    "appeals.rise": "relative rise of the day's turnout that the appeal asks repeat donors for",
    "appeals.donors": "donors expected to follow it, after what earlier appeals have worn out",
    "throttles.factor": "turnout to aim at: donors to book over usual donors",
    "throttles.cover_days": "stock, in test and on the way that is planned for the morning (days)",
    "sites.gifts_per_year": "gifts of a year from residents served; of sites that are not opened, "
    "what they would bring alone",
    "sites.donors_per_day": "donors to invite on a normal open day for these gifts",
    "check": "the plan's first shipments replayed in the simulator, on the same luck as no plan "
    "and as the proportional rule; differences are paired, half-widths of 95 % intervals",
}
"""What the columns mean."""

_WIDEST = 60


def workbook_bytes(proposal: TransferProposal) -> bytes:
    """Return the workbook; texts stay texts, whatever they begin with."""
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
    created = datetime.combine(proposal.start, time())  # the same plan, the same bytes
    book.set_properties({"title": f"{proposal.scenario}: transfer plan", "created": created})
    formats = {
        "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
        "number": book.add_format({"num_format": "#,##0.0"}),
        "text": book.add_format({"text_wrap": True, "valign": "top"}),
        "quoted": book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True}),
    }
    defined = pd.DataFrame(list(DEFINITIONS.items()), columns=["column", "meaning"])
    _write(book.add_worksheet("definitions"), defined, formats)
    summary = [*proposal.summary(), str(proposal.stock["says"]), *proposal.notes]
    _write(book.add_worksheet("summary"), pd.DataFrame({"plan": summary}), formats)
    _write(book.add_worksheet("transfers"), proposal.transfers, formats)
    _write(book.add_worksheet("cover"), proposal.cover, formats)
    prices = book.add_worksheet("prices")
    _write(prices, proposal.prices, formats)
    confirmed = proposal.headlines.rename(columns={"gain": "10 more", "loss": "10 fewer"})
    _write(prices, confirmed, formats, first_column=len(proposal.prices.columns) + 1)
    _write(book.add_worksheet("limits"), proposal.limits, formats)
    if proposal.check is not None:
        checked = book.add_worksheet("check")
        _write(checked, proposal.check.table, formats)
        _write(checked, proposal.check.regions, formats, first_row=len(proposal.check.table) + 2)
    if proposal.drives is not None:
        _write(book.add_worksheet("drives"), proposal.drives.table, formats)
        if not proposal.drives.donors.empty:
            _write(book.add_worksheet("donors"), proposal.drives.donors, formats)
    for name, levers in (("street", proposal.street), ("appeals", proposal.appeals)):
        if levers is not None:
            _write(book.add_worksheet(name), levers, formats)
    if proposal.throttles is not None:
        _write(book.add_worksheet("throttles"), proposal.throttles.table, formats)
    if proposal.sites is not None:
        _write(book.add_worksheet("sites"), proposal.sites.table, formats)
    book.close()
    return buffer.getvalue()


def _write(
    sheet: Any,
    table: pd.DataFrame,
    formats: Mapping[str, Any],
    first_row: int = 0,
    first_column: int = 0,
) -> None:
    """Write a table, its columns wide enough, the header kept in sight."""
    for number, name in enumerate(table.columns):
        column = first_column + number
        sheet.write_string(first_row, column, str(name), formats["head"])
        longest = len(str(name)) * 0.8
        for row, value in enumerate(table[name].tolist(), start=first_row + 1):
            longest = max(longest, _write_cell(sheet, row, column, value, formats))
        if first_row == 0:
            sheet.set_column(column, column, min(_WIDEST, longest + 2))
    if first_row == 0 and first_column == 0:
        sheet.freeze_panes(1, 0)
        if len(table) > 1:
            sheet.autofilter(0, 0, len(table), len(table.columns) - 1)


def _write_cell(sheet: Any, row: int, column: int, value: Any, formats: Mapping[str, Any]) -> int:
    """Write one cell by its kind; return the characters it takes."""
    if isinstance(value, date):
        sheet.write_datetime(row, column, datetime.combine(value, time()), formats["date"])
        return 10
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
        return 5
    if isinstance(value, int):
        sheet.write_number(row, column, value)
        return len(str(value))
    if isinstance(value, float):
        if value == value:  # what is not defined stays empty
            sheet.write_number(row, column, value, formats["number"])
        return len(f"{value:,.1f}")
    text = inert(value)
    kind = "quoted" if looks_like_a_formula(text) else "text"
    sheet.write_string(row, column, text, formats[kind])
    return math.ceil(width_of(text))
