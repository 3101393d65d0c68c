"""The first page: status in a sentence, decisions asked for, the main figures."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from bloodsim import metrics
from bloodsim.labels import (
    Lang,
    full_day_label,
    indicator_label,
    pick,
    unit_words,
    variant_label,
)
from bloodsim.metrics import KPIS
from bloodsim.metrics.intervals import Interval
from bloodsim.numbers import give_or_take, number, percent, quantity, rounded
from bloodsim.plots.choice import main_product, proposal, reference
from bloodsim.plots.collection_shift import beside_words, gain_words, shift_of
from bloodsim.plots.status import status_rows
from bloodsim.plots.status_words import status_finding
from bloodsim.plots.text import product_name, product_unit, region_label
from bloodsim.report.adoption import adoption, donations_words, effort_words
from bloodsim.report.figures import Figure
from bloodsim.results import Results, ResultsError

SHOWN = (
    "shortage_rate",
    "emergency_shortage_rate",
    "days_below_red",
    "worst_region_fill_rate",
    "outdate_rate",
    "transfer_units",
    "donations",
    "team_days",
    "drives",
    "cost",
)
_OF_DRIVES = ("team_days", "drives")
"""What is shown of runs in which a plan may place drives."""

_ASKED_SHARE = 0.01
"""Least gain of collection, as a share of what is collected then, that a decision asks for."""


class KeyFigure(NamedTuple):
    """A row of the main table: an indicator under two variants, and the paired difference."""

    name: str
    unit: str
    before: str
    after: str
    difference: str
    clear: bool


def key_figures(results: Results, lang: Lang) -> list[KeyFigure]:
    """The main indicators of the reference and the proposal."""
    product = main_product(results)
    base, best = reference(results), proposal(results, product)
    rows = []
    for name in SHOWN:
        if name in _OF_DRIVES and "drives" not in results.collection:
            continue
        kpi = KPIS[name]
        values = kpi.function(results)
        if kpi.by_product:
            values = values.sel(product=product)
        unit = kpi.unit.replace(metrics.PRODUCT_UNIT, product_unit(results, product, lang))
        before, after = values.sel(variant=base), values.sel(variant=best)
        paired = metrics.interval((after - before).values)
        rows.append(
            KeyFigure(
                indicator_label(name, lang),
                unit_words(unit, lang),
                _said(metrics.interval(before.values), unit, lang),
                _said(metrics.interval(after.values), unit, lang),
                _said(paired, unit, lang, signed=True),
                abs(paired.mean) > paired.half_width,
            )
        )
    return rows


def _said(value: Interval, unit: str, lang: Lang, signed: bool = False) -> str:
    if math.isnan(value.mean):
        return "–"
    if unit.startswith("share"):
        middle, half = percent(value.mean, signed), percent(value.half_width)
    else:
        middle, half = (
            number(value.mean, lang, signed),
            give_or_take(value.half_width, value.mean, lang),
        )
    return middle if math.isnan(value.half_width) else f"{middle} ± {half}"


def status_sentence(results: Results, board: Figure, lang: Lang) -> str:
    """Where things stand: the board's finding, or the share not met where there is no board."""
    if board.headline:
        return board.headline
    product = main_product(results)
    at = {"variant": reference(results), "product": product}
    unmet = percent(float(metrics.shortage_rate(results).sel(at).mean()))
    what = product_name(results, product, lang)
    return pick(lang, f"{what}：{unmet} 的申请未满足", f"{what}: {unmet} of requests are not met")


def others(results: Results, lang: Lang) -> list[str]:
    """Where the other products stand, those with alert levels and the worst supplied of all."""
    main, base = main_product(results), reference(results)
    unmet = metrics.shortage_rate(results).sel(variant=base).mean("replication").fillna(0.0)
    shares = {name: float(unmet.sel(product=name)) for name in results.products}
    worst = max(shares, key=lambda name: shares[name])
    lines = []
    for product in sorted(shares, key=lambda name: -shares[name]):
        levels = results.alert_levels(product, base)
        if product == main or not (levels or (product == worst and shares[product] > 0)):
            continue
        what, share = product_name(results, product, lang), percent(shares[product], smallest=1e-4)
        found = _finding(results, base, product, levels, lang) or what
        most = product == worst and shares[product] > 0
        zh, en = ("，为各产品之首", ", the most of all products") if most else ("", "")
        lines.append(
            pick(
                lang,
                f"{found}；{share} 的申请未满足{zh}",
                f"{found}; {share} of requests not met{en}",
            )
        )
    return lines


def _finding(
    results: Results, base: str, product: str, levels: dict[str, float], lang: Lang
) -> str:
    """The board's sentence of a product; none where there are no levels or no daily values."""
    today = results.score_start
    try:
        rows = status_rows(results, base, product, base, today, levels) if levels else []
    except (ValueError, ResultsError):
        return ""
    return status_finding(results, rows, levels, product, today, lang) if rows else ""


def status_head(results: Results, lang: Lang) -> str:
    """Heading of the status, with its day."""
    day = full_day_label(results.score_start, lang)
    return pick(
        lang,
        f"{day}（模拟期首日）的现状与此后",
        f"Status on {day} (start of the simulated period) and after",
    )


def decisions(results: Results, drawn: dict[str, Figure], lang: Lang) -> list[str]:
    """What the briefing asks to be decided, as far as this run speaks of it."""
    product = main_product(results)
    base, best = reference(results), proposal(results, product)
    asked = []
    if base != best:
        asked.append(adoption(results, product, base, best, lang))
        asked += _transfers(results, drawn, product, base, best, lang)
        asked += _collection(results, drawn, product, base, best, lang)
    asked += _remaining(results, product, best, lang)
    count = int(results.manifest.get("assumed_inputs", 0))
    if count:
        text = number(count, lang)
        asked.append(
            pick(
                lang,
                f"指定谁核实 {text} 项假设输入中最关键的几项。",
                f"Name who confirms the most important of the {text} assumed inputs.",
            )
        )
    return asked


def _transfers(
    results: Results, drawn: dict[str, Figure], product: str, base: str, best: str, lang: Lang
) -> list[str]:
    units = metrics.transfer_units(results).sel(product=product).mean("replication")
    more = float(units.sel(variant=best) - units.sel(variant=base))
    flows = _data(drawn, "transfers_map")
    if flows is None or not len(flows) or abs(more) < 1:
        return []
    unit, name = product_unit(results, product, lang), variant_label(best, lang)
    total = quantity(rounded(float(units.sel(variant=best))), unit, lang)
    change = quantity(rounded(more), unit, lang, signed=True)
    than = variant_label(base, lang)
    first = f"{flows['origin_name'].iloc[0]} → {flows['destination_name'].iloc[0]}"
    return [
        pick(
            lang,
            f"若采用“{name}”，是否批准调剂 {total}（比“{than}”{change}；最大流向 {first}）。",
            f"If '{name}': whether to transfer {total} ({change} against '{than}'; largest flow "
            f"{first}).",
        )
    ]


def _collection(
    results: Results, drawn: dict[str, Figure], product: str, base: str, best: str, lang: Lang
) -> list[str]:
    plan = _data(drawn, "collection_plan")
    shift = None if plan is None else shift_of(plan)
    if shift is None or not shift.share >= _ASKED_SHARE:
        return []
    variant, unit = str(plan["variant"].iloc[0]), product_unit(results, product, lang)
    name, than = variant_label(variant, lang), variant_label(base, lang)
    gain, beside = gain_words(shift, unit, lang), beside_words(shift, unit, lang)
    beside += pick(lang, "；", "; ") + donations_words(results, base, variant, lang)
    # Of the proposal it is said where its adoption is asked for.
    effort = "" if variant == best else effort_words(results, base, variant, lang)
    beside += pick(lang, f"；{effort}", f"; {effort}") if effort else ""
    return [
        pick(
            lang,
            f"是否按“{name}”要求各地区（与“{than}”相比）{gain}：{beside}。",
            f"Whether the regions together collect {gain}, as in '{name}' against '{than}': "
            f"{beside}.",
        )
    ]


def _remaining(results: Results, product: str, best: str, lang: Lang) -> list[str]:
    share = metrics.shortage_rate(results, by="region").sel(variant=best, product=product)
    mean = share.mean("replication").fillna(0.0)
    worst = str(mean["region"].values[int(mean.argmax("region"))])
    if not float(mean.max()) > 0:
        return []
    name, text = region_label(results, worst, lang), percent(float(mean.max()))
    return [
        pick(
            lang,
            f"是否接受仍存的短缺：最差为{name}，{text} 的申请未满足。",
            f"Whether to accept what remains: worst in {name}, {text} of requests not met.",
        )
    ]


def _data(drawn: dict[str, Figure], name: str) -> Any:
    found = drawn.get(name)
    return None if found is None or found.chart is None else found.chart.data
