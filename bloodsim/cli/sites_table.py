"""What `plan --what sites` prints: the candidates, and the patch that opens the chosen ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from bloodsim.planning.sites import SitesProposal


def print_sites(console: Console, sites: SitesProposal, names: Mapping[str, str]) -> None:
    """Print what to open, what not and why, and the patch."""
    goal = "most gifts" if sites.goal == "gifts" else "least travel time"
    console.print(f"sites ({goal}; {sites.status})")
    table = Table(box=None, pad_edge=False, header_style="bold")
    heads = ("site", "where", "hours", "decision", "served", "gifts/year", "donors/day", "cost")
    for column, head in enumerate((*heads, "")):
        table.add_column(head, justify="right" if 4 <= column < 8 else "left", overflow="fold")
    listed: Any = sites.table.sort_values(
        ["decision", "gifts_per_year"], key=_order, kind="stable"
    ).itertuples(index=False)
    for row in listed:
        where = row.city or names.get(row.region, row.region)
        table.add_row(
            row.site, where, row.hours, row.decision, f"{row.residents_served:,.0f}",
            f"{row.gifts_per_year:,.0f}", f"{row.donors_per_day:.1f}", f"{row.cost_per_year:g}",
            row.says,
        )  # fmt: skip
    console.print(table)
    if sites.opened:
        console.print("\nadd this to the scenario to simulate them")
        print(sites.patch_yaml())  # as it is: a file, not a table


def _order(values: Any) -> Any:
    """Sort opened sites first, barred ones last, larger ones before smaller ones."""
    if values.name == "decision":
        return values.map({"open": 0, "not opened": 1, "barred": 2})
    return -values
