"""Today's plan: who sends what to whom, why, and whether the simulator agrees.

`plan` looks at the stock of a day (a file, or what the scenario's warm-up leads to expect), solves
one transfer problem per product (`bloodsim.optimize`), cuts it to shipments that can be sent, and
replays its first days in the simulator beside no plan and beside the proportional rule.

What the plan sees is an expectation: mean stock, releases, arrivals and backlog over some worlds
of another seed, and forecast demand; its cover and prices are those of that expected path. The
check is not: it runs through chance. The plan's firm shipments are promised on their dates as they
stand, while the rule sees each day's stock; so the check is on the side of the rule. After the firm
days the rule follows in both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from bloodsim.labels import within
from bloodsim.optimize.aims import Aims
from bloodsim.optimize.situation import Settings
from bloodsim.optimize.solver import Limits
from bloodsim.planning import check as checking
from bloodsim.planning import tables
from bloodsim.planning.beside import facts_of_stages, notes_on
from bloodsim.planning.limits import limits_table
from bloodsim.planning.proposal import TransferProposal
from bloodsim.planning.shipments import sendable
from bloodsim.planning.solve import NoPlanError, Solved, solve
from bloodsim.planning.today import look, on_shelves, starting, travelling
from bloodsim.scenario import Scenario
from bloodsim.stockfile import OpeningStock, read_stock_to_plan

NO_COLLECTION = "collection is not planned: it follows the scenario"
"""Said of plans of transfers alone."""

__all__ = ["NoPlanError", "TransferProposal", "plan"]


def plan(
    scenario: Scenario,
    stock: str | Path | OpeningStock | None = None,
    start: date | None = None,
    *,
    products: Sequence[str] = (),
    firm_days: int = 7,
    check_days: int = 14,
    check_replications: int = 32,
    warmup_replications: int = 16,
    time_limit_s: float | None = None,
    gap: float = 1e-4,
    settings: Mapping[str, Settings] | None = None,
    workers: int = 1,
    objective: str = "cost",
    fairness: str = "none",
    robust_gamma: float = 0.0,
) -> TransferProposal:
    """Propose transfers for the days from *start* on.

    Parameters
    ----------
    scenario : Scenario
        The world.
    stock : path or OpeningStock, optional
        Today's stock; default: what the warm-up leads to expect.
    start : date, optional
        First day; default: the stock file's, else the first scored day.
    products : sequence of str
        Products to plan; default: all that travel, of a stock list those that it holds.
    firm_days : int
        First days whose shipments are promised; of products of short life at most half a life.
        Later ones are an outlook, to be planned again.
    check_days : int
        Days that the simulator replays: the firm shipments, then the proportional rule.
    check_replications : int
        Random worlds of the check; 0 = no check.
    warmup_replications : int
        Warm-ups that the expected state is the mean of.
    time_limit_s : float, optional
        Seconds per product after which the solver stops; a plan that it cut short says so.
    gap : float
        Relative gap at which whole-number problems stop.
    settings : mapping of product to Settings, optional
        Slots, safety levels and targets.
    workers : int
        Processes of the check.
    objective : str
        ``cost``, or ``lexicographic``: first requests lost, then electives cancelled, days of
        waiting, units outdated, and the cost last; each held while the next is brought down.
    fairness : str
        ``none``, ``min-max`` (the largest unmet share of a region is brought down first) or
        ``proportional`` (the sum of what regions ask for times the logarithm of the share served is
        brought up first); the proposal says what it costs.
    robust_gamma : float
        Budget of uncertainty (days at their worst, of each region and group): requests of the
        cautious path instead of the expected one; see `bloodsim.optimize.caution`.

    Raises
    ------
    ValueError
        An unknown objective or fairness, a negative budget.
    ScenarioError
        A stock file with problems, or a scenario in which nothing travels.
    NoPlanError
        No feasible plan, or none in time.
    SolverMissingError
        PuLP or HiGHS is not installed.
    """
    aims = Aims(objective, fairness, robust_gamma)
    chosen = travelling(scenario, tuple(products))
    if isinstance(stock, str | Path):
        stock = read_stock_to_plan(stock, scenario, start)
    left_out: tuple[str, ...] = ()
    if stock and not products:
        listed = tuple(name for name in chosen if name in stock.pieces) or chosen
        left_out, chosen = tuple(name for name in chosen if name not in listed), listed
    first = start or (stock.day if stock else scenario.run.score_start)
    world = starting(scenario, first, check_days)
    today = look(world, stock, warmup_replications, chosen, settings)
    limits = Limits(gap=gap, seconds=time_limit_s)
    solved = [solve(today[product], limits, aims=aims, firm_days=firm_days) for product in chosen]
    sent = [sendable(item) for item in solved]
    found = None
    if check_replications:
        shelves = on_shelves(world, stock, warmup_replications) if stock else None
        rule = checking.rule(world).model_copy(update={"products": chosen})
        replay = checking.replay(solved, sent, first, firm_days, rule)
        found = checking.check(world, replay, rule, check_replications, shelves, workers)
    names = {
        name: region.name_en or region.name_zh or name for name, region in scenario.regions.items()
    }
    labels = {name: product.label.en or name for name, product in scenario.products.items()}
    called = {**{name: within(label) for name, label in labels.items()}, **names}
    return TransferProposal(
        scenario=scenario.name,
        scenario_hash=world.hash,
        start=first,
        stock=source_of(scenario, stock, warmup_replications),
        status="optimal" if all(i.plan.status == "optimal" for i in solved) else "feasible",
        gap=max(item.plan.gap for item in solved),
        objective=sum(item.plan.objective for item in solved),
        objective_without=sum(item.without.objective for item in solved),
        aims=aims,
        products={item.today.product: _facts(item) for item in solved},
        transfers=tables.transfers_table(solved, sent, first, firm_days),
        prices=tables.prices_table(solved, first),
        headlines=tables.headlines_table(solved, first),
        cover=tables.cover_table(solved, first),
        limits=limits_table(solved, sent, first, called),
        check=found,
        notes=(
            *_listed(stock, chosen, left_out, labels),
            *_notes(stock, warmup_replications),
            *notes_on(aims),
        ),
        names=names,
        units={name: product.unit_label.en or "U" for name, product in scenario.products.items()},
        labels=labels,
    )


def _facts(item: Solved) -> dict[str, Any]:
    return {
        "status": item.plan.status,
        "gap": item.plan.gap,
        "objective": item.plan.objective,
        "objective_without": item.without.objective,
        "days": item.today.network.slots.days,
        "rows": item.n_rows,
        "columns": item.n_columns,
        "stages": facts_of_stages(item),
        "fairness": asdict(item.fairness) if item.fairness else None,
        "caution_points": item.caution_points,
    }


def source_of(scenario: Scenario, stock: OpeningStock | None, replications: int) -> dict[str, Any]:
    """Return what a proposal says of where its stock comes from."""
    if stock is None:
        says = f"no stock file: the mean of {replications} simulated warm-ups, not a count"
        return {"source": "warm_up", "worlds": replications, "says": says}
    says = stock.summary(scenario)
    if not stock.has_lives:
        says += "; ages are not in the file: spread as after the warm-up"
    return {
        "source": "file",
        "file": stock.file,
        "sha256": stock.sha256,
        "day": stock.day.isoformat(),
        "products": list(stock.pieces),
        "has_lives": stock.has_lives,
        "says": says,
    }


def _listed(
    stock: OpeningStock | None,
    chosen: Sequence[str],
    left_out: Sequence[str],
    labels: Mapping[str, str],
) -> tuple[str, ...]:
    """Say which products the stock list does not hold: left out, or planned on simulated stock."""
    called = ", ".join(within(labels[name]) for name in left_out)
    unseen = [within(labels[name]) for name in chosen if stock and name not in stock.pieces]
    notes = []
    if left_out:
        notes.append(f"not in the stock list, and not planned: {called}; --products names them")
    if unseen:
        notes.append(f"not in the stock list, planned on simulated stock: {', '.join(unseen)}")
    return tuple(notes)


def _notes(stock: OpeningStock | None, replications: int) -> tuple[str, ...]:
    what = "tests, releases, arrivals and backlog"
    return (
        f"{what if stock else f'stock, {what}'} are the mean of {replications} simulated worlds",
        "stock is that of the start of the day; what is released this morning comes to it",
        "other plans may cost the same: this is one of them",
        "cover and prices are those of the expected path; points are the scenario's cost weights",
        "the check promises the plan's firm shipments as they stand, after which the rule follows; "
        "all collect what is collected without transfers",
        NO_COLLECTION,
    )
