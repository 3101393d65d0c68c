"""What `run` prints: headlines first, then the indicators of all variants side by side."""

from __future__ import annotations

import math
import os
import textwrap
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from bloodsim import metrics
from bloodsim.cli.worst_weeks import worst_weeks
from bloodsim.numbers import floored
from bloodsim.results.bands import ENOUGH, bands, stated

if TYPE_CHECKING:
    from bloodsim.results import Results
    from bloodsim.scenario import Scenario

_WIDTH_OF_A_PIPE = 100
"""Characters of a line where the output is no terminal and COLUMNS is not set."""


_FIXED_SPACE = "\u00a0"

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

_KINDS: tuple[tuple[metrics.Joint, str], ...] = (
    (False, ""),
    (True, ""),
    ("equal_donations", " at equal donations"),
)
"""Bounds, and what is said of them."""


def print_results(results: Results, scenario: Scenario, *, every: bool = False) -> None:
    """Print the headlines, the indicators block by block and what the numbers rest on."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        width = int(os.environ.get("COLUMNS", "0") or 0) or _WIDTH_OF_A_PIPE
        console = Console(highlight=False, markup=False, width=width)
    for line in headlines(results):
        for part in wrapped(line, console.width):
            console.print(part, no_wrap=True, overflow="ignore", crop=False)
    console.print()
    console.print("mean ± half-width of the 95 % interval")
    for line in indicator_lines(results, console.width, every=every):
        console.print(line, no_wrap=True, overflow="ignore", crop=False)
    for line in band_lines(results, every=every):
        console.print(line, no_wrap=True, overflow="ignore", crop=False)
    if not every:
        console.print("main indicators; --all prints every one, kpi.csv holds them")
    console.print(_basis(scenario))
    years = results.provisional_years
    if years:
        said = ", ".join(map(str, years))
        console.print(f"calendar of {said} is provisional: statutory days only")


def wrapped(line: str, width: int) -> list[str]:
    """Return a sentence in lines, the further ones set in; a number stays with its percent sign."""
    body = line.lstrip(" ")
    first = " " * (len(line) - len(body))
    parts = textwrap.wrap(
        body.replace(" %", f"{_FIXED_SPACE}%"),
        max(width, 20),
        initial_indent=first,
        subsequent_indent=first + "    ",
        break_on_hyphens=False,
        break_long_words=False,
    )
    return [part.replace(_FIXED_SPACE, " ") for part in parts] or [""]


def indicator_lines(results: Results, width: int, *, every: bool) -> list[str]:
    """Return the indicators, a block per product; variants side by side as far as they fit."""
    summary, names_of = results.kpi_summary(), stated(results)
    lines: list[str] = []
    for product in (*results.products, ""):
        names = [kpi for kpi in summary[names_of[0]] if _is_shown(kpi, product, every)]
        rows = {kpi: [summary[v][kpi] for v in names_of] for kpi in names}
        rows = {kpi: cells for kpi, cells in rows.items() if every or _says_something(cells)}
        if rows:
            title = results.product_label(product) if product else "All products"
            lines += ["", *_block(title, rows, names_of, width)]
    return lines


def band_lines(results: Results, *, every: bool) -> list[str]:
    """Return how far worlds spread, by luck and by luck and parameters; none if none were drawn."""
    found = bands(results)
    lines: list[str] = []
    for variant, rows in found.items():
        shown = {
            kpi: [_range(kpi, spread) for spread in both]
            for kpi, both in rows.items()
            if (every or kpi.partition(".")[0] in MAIN) and any(b > 0 for _, b in both)
        }
        worlds = len(results.replications)
        head = [f"{variant}: 90 % of {worlds} worlds", "by luck", "by luck and parameters"]
        table = [head, *([kpi, *cells] for kpi, cells in shown.items())]
        widths = [max(len(row[i]) for row in table) for i in range(3)]
        lines += ["", *("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)]
    if found and len(results.replications) < ENOUGH:
        few = f"so few worlds do not hold the outer 10 %: {ENOUGH} or more do"
        lines.append(f"{few}; the true bands are wider")
    return lines


def _range(kpi: str, spread: tuple[float, float]) -> str:
    low, high = spread
    if math.isnan(low):
        return "–"
    if kpi.partition(".")[0].endswith("_rate"):
        low, high = 100 * low, 100 * high
        return f"{_number(low, high)} to {_number(high, high)} %"
    return f"{_number(low, high)} to {_number(high, high)}"


def _is_shown(kpi: str, product: str, every: bool) -> bool:
    name, _, of = kpi.partition(".")
    return of == product and (every or name in MAIN)


def _says_something(cells: Sequence[dict[str, Any]]) -> bool:
    return any(cell["mean"] for cell in cells)


def _block(
    title: str,
    rows: dict[str, list[dict[str, Any]]],
    variants: tuple[str, ...],
    width: int,
) -> list[str]:
    """Return lines no wider than *width*; the variants that do not fit stand below."""
    names = {kpi: _named(kpi, cells[0]["unit"]) for kpi, cells in rows.items()}
    first = max(map(len, [title, *names.values()]))
    texts = {kpi: [_cell(cell) for cell in cells] for kpi, cells in rows.items()}
    column = [
        max(len(variant), *(len(cells[i]) for cells in texts.values()))
        for i, variant in enumerate(variants)
    ]
    lines: list[str] = []
    start = 0
    while start < len(variants):
        end = start + 1
        while end < len(variants) and first + sum(c + 2 for c in column[start : end + 1]) <= width:
            end += 1
        shown = range(start, end)
        lines += [""] if start else []
        lines.append(title.ljust(first) + "".join(f"  {variants[i]:>{column[i]}}" for i in shown))
        for kpi, cells in texts.items():
            numbers = "".join(f"  {cells[i]:>{column[i]}}" for i in shown)
            lines.append(names[kpi].ljust(first) + numbers)
        start = end
    return lines


def _named(kpi: str, unit: str) -> str:
    """Return an indicator's name with its unit; shares are shown in percent."""
    name = kpi.partition(".")[0]
    if unit.startswith("share"):
        return f"{name} (%)"
    return name if unit == name else f"{name} ({unit})"


def headlines(results: Results) -> list[str]:
    """Return the sentences that matter most: of the first product, then of each other one."""
    product = results.products[0]
    label = results.product_label(product)
    lines = [_lowest_cover(results, variant, product, label) for variant in stated(results)]
    return [
        *lines,
        _worst_regions(results, product, label),
        *worst_weeks(results, results.variants[0], product),
        *_others(results),
        *_plans(results),
    ]


def _others(results: Results) -> list[str]:
    """Return how the other products fare under the first variant, where any is not issued."""
    first, lines = results.variants[0], []
    for product in results.products[1:]:
        label = results.product_label(product)
        short = metrics.shortage_rate(results).sel(variant=first, product=product)
        if float(short.mean()) > 0 or results.alert_levels(product, first):
            lines.append(_lowest_cover(results, first, product, label))
            lines.append(_worst_regions(results, product, label))
    return lines


def _plans(results: Results) -> list[str]:
    """Return what is to be said of plans: shares avoided, fallbacks, and when they add nothing."""
    lines = [each.says for each in metrics.all_avoided(results)]
    lines += [each.says for each in metrics.all_avoided(results, joint=True)]
    lines += [each.says for each in metrics.all_avoided(results, joint="equal_donations")]
    lines += _information(results)
    lines += [each.says for each in metrics.all_of_foresight(results)]
    lines += [each.says for each in metrics.calendar_worth(results)]
    lines += metrics.without_reference(results)
    lines += [each.says for part in metrics.decomposition(results) for each in part]
    told = metrics.with_foresight(results)
    for variant in [name for name in results.variants if name not in told]:
        policy = str(results.manifest.get("variants", {}).get(variant, {}).get("policy", ""))
        optimizes = "policies.optimized.Optimizing" in policy
        if not optimizes and "policies.sampled.Sampling" not in policy:
            continue
        if optimizes and len(results.variants) > 1 and metrics.adds_nothing(results, variant):
            lines.append(
                f"{variant}: the optimizer adds nothing here that is sure: its cost is not clearly "
                "below that of the best rule"
            )
        days = results.national.sel(variant=variant).get("fallback_days")
        if days is not None and float(days.max()) > 0:
            mean = float(days.isel(product=0).mean())
            lines.append(f"{variant}: on {mean:.1f} days no plan was found and a rule served")
    return lines


def _information(results: Results) -> list[str]:
    """Return what knowing the future could be worth at most to each policy that has a bound."""
    return [
        f"{name}: knowing all ahead is worth at most {found.mean:,.0f} ± {found.half_width:,.0f} "
        f"points (EVPI: mean cost above the {'joint ' * bool(joint)}bound{said})"
        for joint, said in _KINDS
        for name in results.variants
        if (found := metrics.value_of_information(results, name, joint=joint)) is not None
    ]


def _lowest_cover(results: Results, variant: str, product: str, label: str) -> str:
    lowest = results.national.sel(variant=variant, product=product)
    cover = float(lowest["min_cover_days"].mean())
    day = results.score_start + timedelta(days=round(float(lowest["min_cover_day"].median())))
    short = metrics.shortage_rate(results).sel(variant=variant, product=product)
    place = "cover" if len(results.regions) == 1 else "regional-mean cover"
    return (
        f"{variant}: lowest {place} of {label.lower()} {cover:.1f} days, typically on "
        f"{day}; {100 * float(short.mean()):.2f} % of what was requested is not issued"
    )


def _worst_regions(results: Results, product: str, label: str) -> str:
    variant = results.variants[0]
    short = metrics.shortage_rate(results, by="region").sel(variant=variant, product=product)
    filled = 1 - short.mean("replication")
    order = np.argsort(filled.values, kind="stable")[:5]
    regions = [str(name) for name in filled["region"].values[order]]
    said = ", ".join(
        f"{results.region_name(region)} {floored(100 * float(filled.sel(region=region)))} %"
        for region in regions
    )
    return f"lowest fill rates of {label.lower()} under {variant}: {said}"


def _cell(row: dict[str, Any]) -> str:
    mean, half_width = row["mean"], row["half_width"]
    if mean is None:
        return "–"
    if str(row["unit"]).startswith("share"):
        mean, half_width = 100 * mean, None if half_width is None else 100 * half_width
    if half_width is None:
        return _number(mean, mean)
    return f"{_number(mean, mean)} ± {_number(half_width, mean)}"


def _number(value: float, scale: float) -> str:
    """Return a number with the digits that its size deserves."""
    size = abs(scale)
    if value == 0:
        return "0"
    if size >= 1000:
        return f"{value:,.0f}"
    digits = 1 if size >= 100 else 2 if size >= 1 or size == 0 else 4
    if 0 < size < 1e-3 and not math.isclose(value, 0):
        return f"{value:.1e}"
    return f"{value:.{digits}f}"


def _basis(scenario: Scenario) -> str:
    from bloodsim.load import assumed_inputs

    return str(assumed_inputs(scenario))


def difference(mean: float, half_width: float, unit: str) -> str:
    """Return a signed difference with its half-width; shares in percentage points."""
    points = unit.startswith("share")
    scale = 100 if points else 1
    size = max(abs(mean), 0 if math.isnan(half_width) else half_width) * scale
    said = f"{'+' if mean >= 0 else '-'}{_number(abs(mean) * scale, size)}"
    if not math.isnan(half_width):
        said += f" ± {_number(half_width * scale, size)}"
    return f"{said} pp" if points else said
