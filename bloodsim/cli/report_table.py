"""What `run` prints: headlines first, then the indicators of all variants side by side."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bloodsim import metrics

if TYPE_CHECKING:
    from bloodsim.results import Results
    from bloodsim.scenario import Scenario

_NARROWEST = 100
"""Characters that a table gets where the output is no terminal."""


MAIN = (
    "shortage_rate",
    "emergency_shortage_rate",
    "elective_cancelled_rate",
    "outdate_rate",
    "mean_cover_days",
    "min_cover_days",
    "days_below_red",
    "worst_region_fill_rate",
    "transfer_units",
    "shipments",
    "donations",
    "cost",
)
"""Indicators that are printed unless all are asked for; all are saved."""


def print_results(results: Results, scenario: Scenario, *, every: bool = False) -> None:
    """Print the headlines, the table of indicators and what the numbers rest on."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        width = _NARROWEST + 16 * len(results.variants)
        console = Console(highlight=False, markup=False, width=width)
    for line in headlines(results):
        console.print(line)
    console.print()
    console.print(_table(results, every=every))
    if not every:
        console.print("main indicators; --all prints every one, kpi.csv holds them")
    console.print(_basis(scenario))
    years = results.provisional_years
    if years:
        said = ", ".join(map(str, years))
        console.print(f"calendar of {said} is provisional: statutory days only")


def headlines(results: Results) -> list[str]:
    """Return the sentences that matter most, of the first product."""
    product = results.products[0]
    label = results.product_label(product)
    lines = [_lowest_cover(results, variant, product, label) for variant in results.variants]
    return [*lines, _worst_regions(results, product, label)]


def _lowest_cover(results: Results, variant: str, product: str, label: str) -> str:
    lowest = results.national.sel(variant=variant, product=product)
    cover = float(lowest["min_cover_days"].mean())
    day = results.score_start + timedelta(days=round(float(lowest["min_cover_day"].median())))
    short = metrics.shortage_rate(results).sel(variant=variant, product=product)
    return (
        f"{variant}: {label} fall to {cover:.1f} days of cover (mean over regions, typically on "
        f"{day}); {100 * float(short.mean()):.2f} % of what was requested is not issued"
    )


def _worst_regions(results: Results, product: str, label: str) -> str:
    variant = results.variants[0]
    short = metrics.shortage_rate(results, by="region").sel(variant=variant, product=product)
    filled = 1 - short.mean("replication")
    order = np.argsort(filled.values, kind="stable")[:5]
    regions = [str(name) for name in filled["region"].values[order]]
    said = ", ".join(
        f"{results.region_name(region)} {100 * float(filled.sel(region=region)):.1f} %"
        for region in regions
    )
    return f"lowest fill rates of {label} under {variant}: {said}"


def _table(results: Results, *, every: bool) -> Table:
    table = Table(title="mean ± half-width of the 95 % interval", title_justify="left")
    table.add_column("indicator", no_wrap=True)
    table.add_column("unit")
    for variant in results.variants:
        table.add_column(Text(variant), justify="right", no_wrap=True)
    summary = results.kpi_summary()
    for kpi, first in summary[results.variants[0]].items():
        if not every and (kpi.split(".")[0] not in MAIN or first["mean"] is None):
            continue
        cells = [_cell(summary[variant][kpi]) for variant in results.variants]
        table.add_row(Text(kpi), Text(str(first["unit"])), *cells)
    return table


def _cell(row: dict[str, Any]) -> str:
    mean, half_width = row["mean"], row["half_width"]
    if mean is None:
        return "–"
    if half_width is None:
        return _number(mean, mean)
    return f"{_number(mean, mean)} ± {_number(half_width, mean)}"


def _number(value: float, scale: float) -> str:
    """Return a number with the digits that its size deserves."""
    size = abs(scale)
    if size >= 1000:
        return f"{value:,.0f}"
    digits = 1 if size >= 100 else 2 if size >= 1 or size == 0 else 4
    if 0 < size < 1e-3 and not math.isclose(value, 0):
        return f"{value:.1e}"
    return f"{value:.{digits}f}"


def _basis(scenario: Scenario) -> str:
    from bloodsim.load import assumed_inputs

    return str(assumed_inputs(scenario))
