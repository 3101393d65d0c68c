"""The parts of a plan: transfers, and what else was asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bloodsim import planning
from bloodsim.labels import within
from bloodsim.planning import tables
from bloodsim.planning.drive_levers import LEVERS
from bloodsim.planning.drive_start import WARM_UPS
from bloodsim.planning.drives import DrivesProposal, plan_calendar
from bloodsim.planning.held import read_visits
from bloodsim.planning.limits import limits_table
from bloodsim.planning.needs import check_parts
from bloodsim.planning.proposal import TransferProposal
from bloodsim.planning.sites import plan_sites
from bloodsim.planning.throttles import plan_throttles
from bloodsim.planning.uncertainty import plan_uncertainty
from bloodsim.scenario import Scenario
from bloodsim.stockfile import OpeningStock, read_stock_to_plan

PARTS = ("transfers", "drives", "street", "appeals", "throttles", "sites")
"""What can be planned; `LEVERS` are parts of a plan of drives."""
READ_STOCK = ("transfers", "drives")
"""Parts that start from a list of today's stock."""

APART = (
    "transfers are planned and checked with the scenario's own collection, without the drives, "
    "appeals and throttles of this plan"
)
"""Said of plans of transfers and of collection."""

NOT_CHECKED = (
    "drives, street, appeals, throttles and sites are not checked by simulation here: -n, "
    "--firm-days and --check-days are of transfers"
)
"""Said of plans without transfers."""


def plan_parts(
    scenario: Scenario,
    parts: Collection[str],
    start: date | None = None,
    *,
    weeks: int = 6,
    visits: str | Path | None = None,
    donor_value: bool = True,
    paths: int = 0,
    stock: str | Path | OpeningStock | None = None,
    appeal_rise: float | None = None,
    **options: Any,
) -> TransferProposal:
    """Plan the parts that are asked for.

    Parameters
    ----------
    scenario : Scenario
        The world.
    parts : collection of str
        Of `PARTS`.
    start : date, optional
        First day; see `bloodsim.planning.plan`.
    weeks : int
        Weeks of drives, after the days on which they are committed, and of throttles.
    visits : path, optional
        Visits held so far and agreed (CSV); default: those of the default calendar.
    donor_value : bool
        Whether donors called by drives cost what they would give later.
    paths : int
        Paths on which the worth of planning on paths is found; 0 = not asked for.
    stock : path or OpeningStock, optional
        Today's stock, from which transfers and drives start; default: as after the warm-up.
    appeal_rise : float, optional
        Largest relative rise of a day's turnout by an appeal; see `plan_calendar`.
    **options
        Of `bloodsim.planning.plan`, for transfers.
    """
    check_parts(scenario, parts, appeal_rise)
    held = read_visits(visits, scenario) if visits and "drives" in parts else None
    if isinstance(stock, str | Path):
        stock = read_stock_to_plan(stock, scenario, start)
    first = start or (stock.day if stock else scenario.run.score_start)
    if "transfers" in parts:
        proposal = planning.plan(scenario, stock, first, **options)
    else:
        proposal = without_transfers(scenario, first)
    if paths:
        worth = plan_uncertainty(
            scenario, proposal.start, paths, tuple(options.get("products", ()))
        )
        proposal = replace(proposal, uncertainty=worth)
    if "drives" in parts:
        calendar = plan_calendar(
            scenario,
            first,
            weeks,
            held,
            donor_value=donor_value,
            beside=[name for name in LEVERS if name in parts],
            appeal_rise=appeal_rise,
            stock=stock,
        )
        notes = *_first_day(scenario, first), *_start_of(scenario, calendar, stock), *calendar.notes
        proposal = replace(proposal, drives=calendar, notes=(*proposal.notes, *notes))
        if "transfers" not in parts:
            seen = planning.source_of(scenario, stock, WARM_UPS)
            proposal = replace(proposal, stock=seen)
    if "throttles" in parts:
        proposal = replace(proposal, throttles=plan_throttles(scenario, proposal.start, weeks))
    if "sites" in parts:
        proposal = replace(proposal, sites=plan_sites(scenario))
    unchecked = () if "transfers" in parts else (NOT_CHECKED,)
    collecting = proposal.drives is not None or proposal.throttles is not None
    said = (APART if collecting and n == planning.NO_COLLECTION else n for n in proposal.notes)
    notes = *outside(scenario, proposal.start), *_beyond(scenario, proposal), *said, *unchecked
    return replace(proposal, notes=notes, names_zh=_in_chinese(scenario))


def _in_chinese(scenario: Scenario) -> dict[str, str]:
    """Return regions and channels that have a Chinese name."""
    regions = {name: region.name_zh for name, region in scenario.regions.items()}
    channels = {name: channel.label.zh for name, channel in scenario.channels.items()}
    return {name: said for name, said in {**channels, **regions}.items() if said}


def _first_day(scenario: Scenario, start: date) -> tuple[str, ...]:
    """Say on which day the first drive can be held that is not agreed yet."""
    drives = scenario.resources.drives
    if drives is None or not drives.commit_days:
        return ()
    first = start + timedelta(days=drives.commit_days)
    return (
        f"first possible day of a new drive: {first}, because drives are committed "
        f"{drives.commit_days} days ahead",
    )


def _start_of(
    scenario: Scenario, calendar: DrivesProposal, stock: OpeningStock | None
) -> tuple[str, ...]:
    """Say which stock the drives were planned from."""
    product = within(scenario.products[calendar.product].label.en or calendar.product)
    if stock is None:
        said = f"the stock of {product} is the mean of {WARM_UPS} simulated warm-ups, not a count"
    elif calendar.product in stock.pieces:
        said = f"the stock of {product} is that of {stock.file or 'the list'} ({stock.day})"
    else:
        said = f"the stock list does not hold {product}: planned on simulated stock"
    others = "what is in test, on the way and waiting is simulated"
    return (f"drives: {said}; {others}",)


def outside(scenario: Scenario, day: date) -> tuple[str, ...]:
    """Say so where a plan starts on a day that the scenario does not score."""
    run = scenario.run
    if run.score_start <= day <= run.score_end:
        return ()
    return (
        f"{day} is outside the scenario's scored days, {run.score_start} to {run.score_end}: what "
        "it says of seasons, shocks and agreements need not hold then",
    )


def _beyond(scenario: Scenario, proposal: TransferProposal) -> tuple[str, ...]:
    """Say so where a plan of collection goes on after the scenario's last scored day."""
    until = [proposal.drives.last] if proposal.drives else []
    until += [max(proposal.throttles.table["date"])] if proposal.throttles else []
    end = scenario.run.score_end
    if proposal.start > end or max(until, default=end) <= end:
        return ()
    return (
        f"collection is planned until {max(until)}, beyond the scenario's last scored day, {end}: "
        "what it says of seasons, shocks and month plans need not hold then",
    )


def without_transfers(scenario: Scenario, start: date) -> TransferProposal:
    """Return a proposal in which no transfers were planned, to which other parts are added."""
    return TransferProposal(
        scenario=scenario.name,
        scenario_hash=scenario.hash,
        start=start,
        stock={"source": "none", "says": "transfers were not planned, stock was not looked at"},
        status="optimal",
        gap=0.0,
        objective=0.0,
        objective_without=0.0,
        products={},
        transfers=tables.transfers_table([], [], start, 0),
        prices=tables.prices_table([], start),
        headlines=tables.headlines_table([], start),
        cover=tables.cover_table([], start),
        limits=limits_table([], [], start, {}),
        check=None,
        notes=(),
        names={name: r.name_en or r.name_zh or name for name, r in scenario.regions.items()},
        units={name: product.unit_label.en or "U" for name, product in scenario.products.items()},
    )
