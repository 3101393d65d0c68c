"""What `plan` prints: headlines, today's shipments, cover, limits and the check."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from bloodsim.blood import label
from bloodsim.cli.drives_table import print_drives, print_levers, print_throttles
from bloodsim.cli.sites_table import print_sites
from bloodsim.labels import within
from bloodsim.planning.limits import span

if TYPE_CHECKING:
    from bloodsim.planning import TransferProposal

_WIDTH_OF_A_PIPE = 100
"""Characters of a line where the output is no terminal and COLUMNS is not set."""
_MOST = 15
"""Rows of a table unless all are asked for."""
_MOST_LIMITS = 4
"""Limits of a kind and product that are told unless all are asked for."""


def print_proposal(proposal: TransferProposal, *, every: bool = False) -> None:
    """Print a proposal in the width of the terminal."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        width = int(os.environ.get("COLUMNS", "0") or 0) or _WIDTH_OF_A_PIPE
        console = Console(highlight=False, markup=False, width=width)
    _say(console, proposal.summary())
    console.print()
    if proposal.products:
        _shipments(console, proposal, every)
        _cover(console, proposal, every)
        _limits(console, proposal, every)
    if proposal.drives is not None:
        print_drives(console, proposal.drives, proposal.names, every=every)
        print_levers(console, proposal.drives, proposal.names, every=every)
    if proposal.throttles is not None:
        print_throttles(console, proposal.throttles, every=every)
    if proposal.sites is not None:
        print_sites(console, proposal.sites, proposal.names)
    if proposal.check is not None:
        _check(console, proposal)
    if proposal.notes:
        console.print("what it rests on")
        _say(console, proposal.notes)


def _grid(*columns: tuple[str, bool]) -> Table:
    """Return a plain table of (name, whether it holds numbers)."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, is_number in columns:
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    return table


def _shipments(console: Console, proposal: TransferProposal, every: bool) -> None:
    """One row per road and product: today's, or all."""
    chosen = proposal.transfers
    if not every:
        chosen = chosen[chosen["date"] == proposal.start]
    console.print("shipments" if every else f"shipments of today, {proposal.start}")
    keys = ["date", "product", "origin", "destination", "arrival"]
    rows: list[tuple[Any, pd.DataFrame]] = list(chosen.groupby(keys, sort=False))
    if not rows:
        console.print("  none\n")
        return
    table = _grid(
        ("date", False), ("product", False), ("from", False), ("to", False),
        ("units", True), ("arrives", False), ("by group", False),
    )  # fmt: skip
    shown = rows if every else rows[:_MOST]
    for key, lot in shown:
        day, product, origin, destination, arrival = (str(value) for value in key)
        groups = ", ".join(
            f"{label(g)} {u:g}" for g, u in zip(lot["group"], lot["units"], strict=True)
        )
        units = f"{lot['units'].sum():,.1f}"
        ends = (proposal.names.get(place, place) for place in (origin, destination))
        table.add_row(day, proposal.called(product), *ends, units, arrival, groups)
    console.print(table)
    if len(shown) < len(rows):
        console.print(f"and {len(rows) - len(shown)} more; --all prints every one")
    console.print()


def _cover(console: Console, proposal: TransferProposal, every: bool) -> None:
    """Print the expected cover and unmet requests of each region, most helped first."""
    cover = proposal.cover[proposal.cover["group"] == "all"]
    console.print("expected over the horizon: mean cover (days); requests lost or cancelled")
    table = _grid(
        ("product", False), ("region", False), ("cover without", True), ("with", True),
        ("unmet without", True), ("with", True),
    )  # fmt: skip
    for product in proposal.products:
        mine = cover[cover["product"] == product].groupby("region", sort=False)
        means = mine[["cover_days_without", "cover_days_with"]].mean()
        sums = mine[["unmet_without", "unmet_with"]].sum()
        change = (means["cover_days_with"] - means["cover_days_without"]).abs()
        order = change.sort_values(ascending=False, kind="stable").index
        for region in order if every else order[: _MOST // len(proposal.products)]:
            row = (*(f"{v:.1f}" for v in means.loc[region]), *map(_number, sums.loc[region]))
            table.add_row(
                proposal.called(str(product)), proposal.names.get(str(region), str(region)), *row
            )
    console.print(table)
    console.print()


def _limits(console: Console, proposal: TransferProposal, every: bool) -> None:
    """Print the limits in words: every group's, or region by region with the largest first."""
    if proposal.limits.empty:
        return
    console.print("limits missed or binding on the expected path")
    if every:
        _say(console, proposal.limits["says"])
        return
    parts: list[tuple[Any, pd.DataFrame]] = list(
        proposal.limits.groupby(["kind", "product"], sort=False)
    )
    for key, rows in parts:
        kind, product = (str(name) for name in key)
        lines = [
            (float(mine["units"].sum()), _of_region(mine, proposal))
            for _, mine in rows.groupby(["region", "what"], sort=False)
        ]
        lines.sort(key=lambda line: -line[0])
        _say(console, (says for _, says in lines[:_MOST_LIMITS]))
        if len(lines) > _MOST_LIMITS:
            what = within(proposal.called(product))
            console.print(f"  and {len(lines) - _MOST_LIMITS} more of {what} ({kind})")
    console.print("--all prints every group's\n")


def _of_region(rows: pd.DataFrame, proposal: TransferProposal) -> str:
    """Return one limit of a region, its groups added up, the largest named."""
    first = rows.iloc[0]
    if not first["group"]:
        return str(first["says"])
    ranked = rows.sort_values("units", ascending=False, kind="stable").head(3)
    named = [
        f"{label(group)} {units:,.0f}"
        for group, units in zip(ranked["group"], ranked["units"], strict=True)
    ]
    more = f", {len(rows) - 3} more" if len(rows) > 3 else ""
    return (
        f"{proposal.names.get(first['region'], first['region'])} "
        f"{within(proposal.called(first['product']))}: {first['what']} "
        f"{rows['units'].sum():,.0f} ({', '.join(named)}{more}), "
        f"{span(rows['date'].min(), rows['until'].max())}"
    )


def _say(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        said = textwrap.wrap(line, console.width - 4, subsequent_indent="  ")
        console.print("\n".join(f"  {part}" for part in said))


def _check(console: Console, proposal: TransferProposal) -> None:
    check = proposal.check
    assert check is not None
    console.print(
        f"check by simulation: {check.days} days, {check.replications} worlds on the same luck; "
        "paired differences ± half-width of the 95 % interval"
    )
    table = _grid(
        ("", False), ("without", True), ("rule", True), ("plan", True),
        ("plan - without", True), ("plan - rule", True),
    )  # fmt: skip
    for key, rows in check.table.groupby("product", sort=False):
        product = str(key)
        if product:
            table.add_row(f"{proposal.called(product)} ({proposal.units[product]})")
        for row in _telling(rows):
            table.add_row(*row)
    console.print(table)
    console.print("rule = proportional sharing\n")


def _telling(rows: pd.DataFrame) -> Iterable[tuple[str, ...]]:
    """Yield the rows in which anything happens, as text."""
    listed: Iterable[Any] = rows.itertuples(index=False)
    for row in listed:
        values = (row.without, row.proportional, row.plan)
        if any(values):
            yield (
                f"  {row.indicator}",
                *(_number(value) for value in values),
                _difference(row.plan_minus_without, row.plan_minus_without_half_width),
                _difference(row.plan_minus_proportional, row.plan_minus_proportional_half_width),
            )


def _difference(mean: float, half_width: float) -> str:
    if mean != mean:
        return "–"
    text = f"{'+' if mean > 0 else ''}{_number(mean)}"
    return f"{text} ± {_number(half_width)}" if half_width == half_width else text


def _number(value: float) -> str:
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}"
