"""What the plan could not keep, and what held it back, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bloodsim.blood import label
from bloodsim.planning.shipments import Sendable
from bloodsim.planning.solve import Solved

Floats = NDArray[np.floating]

LIMIT_COLUMNS = ("kind", "product", "region", "group", "date", "until", "units", "what", "says")
"""Columns of the limits; ``units`` is the largest shortfall of a day, for unmet requests the sum,
``what`` the limit in words and ``says`` all of it as a sentence.

Kinds: ``unmet`` (requests that nothing serves), ``safety`` (stock below a level), ``end`` (stock
below its target at the end), ``universal`` (a scarce group given to others beyond its share),
``floor`` (regions that give today all they may), ``size`` (shipments too small to send)."""

_LEAST_UNITS = 1.0
"""Shortfalls below this are not told."""


def limits_table(
    solved: Sequence[Solved], sent: Sequence[Sendable], start: date, names: dict[str, str]
) -> Any:
    """Return the limits that are missed or binding, largest first within a kind.

    Parameters
    ----------
    solved, sent : sequences
        What was found, by product.
    start : date
        First day.
    names : mapping of str to str
        Regions and products as people call them.
    """
    rows: list[tuple[Any, ...]] = []
    for item, sendable in zip(solved, sent, strict=True):
        for found in (_unmet, _safety, _end, _universal, _floors):
            here = list(found(item, start, names))
            rows += sorted(here, key=lambda row: -row[6])
        if sendable.too_small:
            units = sendable.left_out_pieces / item.today.per_unit
            smallest = item.today.smallest_pieces / item.today.per_unit
            says = (
                f"{sendable.too_small} shipments of {_called(item, names)} are smaller than "
                f"{smallest:g} and left out; with parts of lots {units:,.0f}"
            )
            what = "shipments too small to send"
            rows.append(("size", item.today.product, "", "", start, start, units, what, says))
    return pd.DataFrame(rows, columns=list(LIMIT_COLUMNS))


def _unmet(item: Solved, start: date, names: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    for number, rule in enumerate(item.today.network.classes):
        fate = "cancelled" if rule.name == "elective" else "lost"
        for region, group, first, last, _, total in _spells(item, item.plan.unmet[number], start):
            what = f"{rule.name} requests {fate}, in all"
            yield _row("unmet", item, names, (region, group), (first, last), total, what)


def _safety(item: Solved, start: date, names: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    """The deepest level that is missed, not those above it: they follow. The first is a wish."""
    told: set[tuple[int, int]] = set()
    for level in range(len(item.today.settings.safety_days) - 1, 0, -1):
        short = item.plan.slacks[f"below_level_{level}"]
        what = f"safety level of {item.today.settings.safety_days[level]:g} days missed by up to"
        for region, group, first, last, most, _ in _spells(item, short, start):
            if (region, group) not in told:
                told.add((region, group))
                yield _row("safety", item, names, (region, group), (first, last), most, what)


def _end(item: Solved, start: date, names: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    short = item.plan.slacks.get("end_short")
    if short is None:
        return
    last = start + timedelta(days=item.today.network.slots.days - 1)
    what = f"target of {item.today.settings.end_days:g} days at the end missed by"
    for region, group in np.argwhere(short >= _LEAST_UNITS * item.today.per_unit).tolist():
        units = float(short[region, group]) / item.today.per_unit
        yield _row("end", item, names, (region, group), (last, last), units, what)


def _universal(item: Solved, start: date, names: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    beyond = item.plan.slacks.get("beyond_share")
    if beyond is None:
        return
    donors = sorted({d for rule in item.today.network.classes for d, p in rule.pairs if d != p})
    spread = np.zeros((*beyond.shape[:2], len(item.today.network.groups)))
    spread[:, :, donors] = beyond
    what = "given to other groups beyond its share, up to"
    for region, group, first, last, most, _ in _spells(item, spread, start):
        yield _row("universal", item, names, (region, group), (first, last), most, what)


def _floors(item: Solved, start: date, names: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    """Regions that give today all that may leave: no row is missed, but it binds."""
    network, floor = item.today.network, item.today.floor_days
    sent = np.zeros_like(network.normal)
    np.add.at(sent, network.origin, item.plan.transfers[0])
    binds = (sent >= item.today.state.exportable - 1e-6) & (sent > 0)
    what = "gives all that may leave" + (f" above its floor of {floor:g} days" if floor else "")
    for region, group in np.argwhere(binds).tolist():
        units = float(sent[region, group]) / item.today.per_unit
        yield _row("floor", item, names, (region, group), (start, start), units, what)


def _spells(
    item: Solved, short: Floats, start: date
) -> Iterator[tuple[int, int, date, date, float, float]]:
    """Yield (region, group, first day, last day, most, sum) in units where something is short."""
    slots, units = item.today.network.slots, short / item.today.per_unit
    for region, group in np.argwhere(units.max(axis=0) >= _LEAST_UNITS).tolist():
        path = units[:, region, group]
        where = np.flatnonzero(path >= _LEAST_UNITS)
        first = start + timedelta(days=int(slots.start[where[0]]))
        last = start + timedelta(days=int(slots.end[where[-1]]))
        yield region, group, first, last, float(path.max()), float(path.sum())


def span(first: date, last: date) -> str:
    """Return "on 2026-02-10" or "2026-02-10 to 2026-02-12"."""
    return f"on {first}" if first == last else f"{first} to {last}"


def _called(item: Solved, names: dict[str, str]) -> str:
    return names.get(item.today.product, item.today.product)


def _row(
    kind: str,
    item: Solved,
    names: dict[str, str],
    where: tuple[int, int],
    days: tuple[date, date],
    units: float,
    what: str,
) -> tuple[Any, ...]:
    region, group = item.today.network.regions[where[0]], item.today.network.groups[where[1]]
    who = f"{names.get(region, region)} {label(group)} {_called(item, names)}"
    says = f"{who}: {what} {units:,.0f}, {span(*days)}"
    return (kind, item.today.product, region, group, *days, units, what, says)
