"""The command that plans: transfers, and what else is asked for."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bloodsim.cli.checking import AsJson, Settings, warnings_of
from bloodsim.cli.output import print_json, print_problems

if TYPE_CHECKING:
    from bloodsim.planning.proposal import TransferProposal


def plan(
    file_or_name: Annotated[str, typer.Argument(help="Scenario file or bundled name.")],
    stock: Annotated[str, typer.Option(help="Today's stock (CSV, XLSX); life optional.")] = "",
    start: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day; default: the stock's.")
    ] = "",
    variant: Annotated[str, typer.Option(help="Variant to plan for.")] = "",
    settings: Settings = None,
    what: Annotated[
        str,
        typer.Option(
            help="What to plan, separated by commas: transfers, drives (with them street, "
            "appeals), throttles, sites."
        ),
    ] = "transfers",
    weeks: Annotated[int, typer.Option(min=1, max=26, help="Weeks of drives and throttles.")] = 6,
    visits: Annotated[
        str,
        typer.Option(
            help="Visits held in the past year, and agreed: CSV or XLSX of organisation, date, "
            "visits, donors (the last two may be empty), instead of the default calendar's."
        ),
    ] = "",
    paths: Annotated[
        int,
        typer.Option(min=0, max=50, help="Paths to find the worth of planning on paths; 0 = no."),
    ] = 0,
    donor_value: Annotated[
        bool,
        typer.Option(
            "--donor-value/--no-donor-value", help="Charge drives what donors would give later."
        ),
    ] = True,
    appeal_rise: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Largest rise of a day's turnout by an appeal; default: that of the alert levels.",
        ),
    ] = None,
    products: Annotated[
        str, typer.Option(help="Products to plan, separated by commas; default: all.")
    ] = "",
    out: Annotated[str, typer.Option(help="New folder for tables, JSON and workbook.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Replace the plan in that folder.")
    ] = False,
    firm_days: Annotated[
        int, typer.Option(min=1, max=7, help="First days whose shipments are promised.")
    ] = 7,
    check_days: Annotated[int, typer.Option(min=1, max=42, help="Days of the check.")] = 14,
    replications: Annotated[
        int, typer.Option("-n", "--replications", min=0, help="Worlds of the check; 0 = none.")
    ] = 32,
    time_limit: Annotated[
        float | None, typer.Option(min=0.001, metavar="S", help="Seconds per product.")
    ] = None,
    gap: Annotated[
        float, typer.Option(min=0, max=1, help="Gap at which whole-number problems stop.")
    ] = 1e-4,
    objective: Annotated[
        str, typer.Option(help="cost, or lexicographic: lost, cancelled, waiting, outdated, cost.")
    ] = "cost",
    fairness: Annotated[
        str, typer.Option(help="Between regions: none, min-max or proportional; says its price.")
    ] = "none",
    robust: Annotated[
        float, typer.Option(metavar="GAMMA", help="Days of high demand to stand; 0 = expected.")
    ] = 0.0,
    as_json: AsJson = False,
    every: Annotated[bool, typer.Option("--all", help="Print all rows of the tables.")] = False,
) -> None:
    """Propose transfers from today's stock, with reasons and a check by simulation."""
    from bloodsim.load import apply_settings, load
    from bloodsim.planning.files import claim, save
    from bloodsim.planning.parts import READ_STOCK, outside, plan_parts

    first, parts = _day(start), _parts(what)
    for option, given, readers in (
        ("--stock", bool(stock), READ_STOCK),
        ("--visits", bool(visits), ("drives",)),
        ("--appeal-rise", appeal_rise is not None, ("appeals",)),
    ):
        if given and not set(readers) & set(parts):
            message = f"is for {' and '.join(readers)}, which --what leaves out"
            raise typer.BadParameter(message, param_hint=option)
    _known(objective, fairness, robust)
    if out:
        claim(Path(out), force=force)  # before the work, not after it
    scenario = apply_settings(load(file_or_name), settings or [])
    if variant:
        scenario = scenario.variant(variant)
    if not as_json and (warnings := warnings_of(scenario)):
        print_problems(warnings, as_json=False)
    proposal = plan_parts(
        scenario,
        parts,
        first,
        weeks=weeks,
        visits=visits or None,
        donor_value=donor_value,
        paths=paths,
        stock=stock or None,
        appeal_rise=appeal_rise,
        products=[name.strip() for name in products.split(",") if name.strip()],
        firm_days=firm_days,
        check_days=check_days,
        check_replications=replications,
        time_limit_s=time_limit,
        gap=gap,
        objective=objective,
        fairness=fairness,
        robust_gamma=robust,
    )
    folder = save(proposal, Path(out), force=force, charts=_charts(proposal)) if out else None
    if as_json:
        print_json({**proposal.to_dict(), "out": folder.as_posix() if folder else None})
        return
    from bloodsim.cli.plan_table import print_proposal

    print(proposal.stock["says"], file=sys.stderr)
    for warning in outside(scenario, proposal.start):
        print(f"warning: {warning}", file=sys.stderr)
    print_proposal(proposal, every=every)
    if folder:
        print(f"saved in {folder.as_posix()}")
    else:
        print("--out DIR saves tables (CSV), JSON and an Excel workbook")


def _known(objective: str, fairness: str, robust: float) -> None:
    """Refuse aims that there are not."""
    from bloodsim.optimize.aims import FAIRNESS, OBJECTIVES

    for name, value, known in (
        ("--objective", objective, OBJECTIVES),
        ("--fairness", fairness, FAIRNESS),
    ):
        if value not in known:
            message = f"'{value}' is not known; there are {', '.join(known)}"
            raise typer.BadParameter(message, param_hint=name)
    if not 0 <= robust < float("inf"):
        raise typer.BadParameter("a number of days, 0 or more", param_hint="--robust")


def _parts(text: str) -> tuple[str, ...]:
    from bloodsim.planning.drive_levers import LEVERS
    from bloodsim.planning.parts import PARTS

    parts = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in parts or ("",):
        if name not in PARTS:
            message = f"'{name}' cannot be planned; there are {', '.join(PARTS)}"
            raise typer.BadParameter(message, param_hint="--what")
    levers = [name for name in parts if name in LEVERS]
    if levers and "drives" not in parts:
        message = f"'{levers[0]}' is planned with drives: --what drives,{','.join(levers)}"
        raise typer.BadParameter(message, param_hint="--what")
    return parts


def _charts(proposal: TransferProposal) -> dict[str, bytes]:
    """Return the charts of the parts, by file name."""
    charts = {}
    if proposal.drives is not None:
        from bloodsim.plots.drive_calendar import plot_drive_calendar

        charts["drives.svg"] = plot_drive_calendar(proposal).content("svg")
    if proposal.sites is not None:
        from bloodsim.plots.sites import plot_sites

        charts["sites.svg"] = plot_sites(proposal).content("svg")
    return charts


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"'{text}' is not a date such as 2026-02-10"
        raise typer.BadParameter(message, param_hint="--from") from None
