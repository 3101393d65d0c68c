"""What `plan --what drives,street,appeals,throttles` prints: the collection of coming weeks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.planning.drives import DrivesProposal
    from bloodsim.planning.throttles import ThrottlesProposal

_MOST = 20
"""Rows unless all are asked for."""
_MOST_REGIONS = 5
"""Regions whose donors are shown, likewise."""


def print_drives(
    console: Console, drives: DrivesProposal, names: Mapping[str, str], *, every: bool = False
) -> None:
    """Print the visits that the plan adds, day by day; with *every* committed ones as well."""
    shown = drives.table if every else drives.table[~drives.table["committed"]]
    donation, team_day = drives.effort
    console.print(
        f"drives until {drives.last}, made for {drives.product}\nworth: points that one more donor "
        f"saves (a donation costs {donation:.3g}, a team-day {team_day:.3g})"
    )
    if shown.empty:
        console.print("  none\n")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    heads = ("date", "region", "organisation", "visits", "teams", "donors", "units", "worth")
    for column, head in enumerate((*heads, "")):
        table.add_column(head, justify="right" if 3 <= column < 8 else "left", overflow="fold")
    rows: Any = (shown if every else shown.head(_MOST)).itertuples(index=False)
    for row in rows:
        table.add_row(
            str(row.date), names.get(row.region, row.region), row.organisation, str(row.visits),
            str(row.teams), f"{row.donors:,.0f}", f"{row.units:,.0f}",
            f"{row.worth_per_donor:.2f}", "committed" if row.committed else "",
        )  # fmt: skip
    console.print(table)
    if not every and len(shown) > _MOST:
        console.print(f"and {len(shown) - _MOST} more; --all prints every one")
    _print_donors(console, drives, names, every=every)
    console.print()


def print_levers(
    console: Console, drives: DrivesProposal, names: Mapping[str, str], *, every: bool = False
) -> None:
    """Print the weeks of changed street turnout and the appeals, the largest first."""
    if drives.street is not None and not drives.street.empty:
        change = (drives.street["donors"] - drives.street["usual_donors"]).abs()
        weeks: list[tuple[str, ...]] = [
            (
                str(row.date), str(row.until), names.get(row.region, row.region), row.channel,
                f"{row.factor:.2f}", f"{row.usual_factor:.2f}", f"{row.donors:,.0f}",
                f"{row.usual_donors:,.0f}",
            )
            for row in _largest(drives.street, change, every)
        ]  # fmt: skip
        heads = ("date", "until", "region", "channel", "factor", "usual", "donors", "usual")
        _print_lines(console, "street turnout to aim at", heads, weeks, len(drives.street))
    if drives.appeals is not None and not drives.appeals.empty:
        days: list[tuple[str, ...]] = [
            (
                str(row.date), names.get(row.region, row.region), row.channel,
                f"+{100 * row.rise:.1f} %", f"{row.donors:,.0f}",
            )
            for row in _largest(drives.appeals, drives.appeals["donors"], every)
        ]  # fmt: skip
        called = ("date", "region", "channel", "turnout", "donors")
        _print_lines(console, "appeals to repeat donors", called, days, len(drives.appeals))


def _largest(table: pd.DataFrame, by: pd.Series[float], every: bool) -> Any:
    """Return the rows of the largest values in the table's order; all with *every*."""
    if not every and len(table) > _MOST:
        place = by.sort_values(ascending=False, kind="stable").index[:_MOST]
        table = table.loc[sorted(place)]
    return table.itertuples(index=False)


def _print_lines(
    console: Console, title: str, heads: tuple[str, ...], lines: list[tuple[str, ...]], total: int
) -> None:
    left = len(lines) < total
    console.print(f"{title}{f', the largest {len(lines)}' if left else ''}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        words = head in ("date", "until", "region", "channel")
        table.add_column(head, justify="left" if words else "right", overflow="fold")
    for line in lines:
        table.add_row(*line)
    console.print(table)
    if left:
        console.print(f"and {total - len(lines)} more; --all prints every one")
    console.print()


def _print_donors(
    console: Console, drives: DrivesProposal, names: Mapping[str, str], *, every: bool
) -> None:
    """Print what an eligible donor is worth where it is most."""
    if drives.donors.empty or not drives.charged:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("region", "points per donor", "per repeat gift", "eligible", "after"):
        table.add_column(head, justify="left" if head == "region" else "right", overflow="fold")
    dearest = drives.donors.sort_values("points_per_donor", ascending=False, kind="stable")
    rows: Any = (dearest if every else dearest.head(_MOST_REGIONS)).itertuples(index=False)
    for row in rows:
        table.add_row(
            names.get(row.region, row.region), f"{row.points_per_donor:.2f}",
            f"{row.points_per_gift:.2f}", f"{row.eligible_start:,.0f}", f"{row.eligible_end:,.0f}",
        )  # fmt: skip
    console.print("\nwhat an eligible donor is worth after the plan")
    console.print(table)


def print_throttles(console: Console, throttles: ThrottlesProposal, *, every: bool = False) -> None:
    """Print the donors to book, day by day over all regions; with *every* region by region."""
    console.print(f"donors to book for {throttles.product}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    heads = ("date", *(["region"] if every else []), "channel", "to book", "usual", "factor")
    for head in heads:
        right = head in ("to book", "usual", "factor")
        table.add_column(head, justify="right" if right else "left", overflow="fold")
    chosen = throttles.table if every else throttles.by_day()
    rows: Any = chosen.itertuples(index=False)
    for row in rows:
        where = [row.region] if every else []
        factor = f"{row.donors / row.usual_donors:.2f}" if row.usual_donors else "closed"
        numbers = f"{row.donors:,.0f}", f"{row.usual_donors:,.0f}", factor
        table.add_row(str(row.date), *where, row.channel, *numbers)
    console.print(table)
    console.print()
