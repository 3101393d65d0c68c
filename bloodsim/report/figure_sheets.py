"""Sheets of figures: status by region, indicators, comparison with the reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from bloodsim import metrics
from bloodsim.labels import (
    Lang,
    full_day_label,
    group_label,
    indicator_label,
    level_label,
    pick,
    unit_words,
    variant_label,
)
from bloodsim.metrics import KPIS
from bloodsim.metrics.calendars import EQUAL_SHARE
from bloodsim.numbers import percent
from bloodsim.plots import CHARTS
from bloodsim.plots.choice import main_product, reference
from bloodsim.plots.style import LEVEL_COLOURS
from bloodsim.plots.text import product_name, product_unit
from bloodsim.report.adoption import more_donations
from bloodsim.report.wording import WORDS
from bloodsim.results import Results, ResultsError
from bloodsim.results.undrawn import why
from bloodsim.results.xlsxfile import Column, Rule, Table

_CLEAR = Rule("says", "", "#cfe3f3")


def status(results: Results, lang: Lang) -> Table:
    """Regions in the order of their lowest cover: now, lowest, chances of alerts, unmet."""
    product, variant = main_product(results), reference(results)
    title = pick(lang, "库存状态", "Status of stocks")
    title = f"{title} · {product_name(results, product, lang)} · {variant_label(variant, lang)}"
    try:
        rows = CHARTS["status_board"](results, lang=lang, product=product).data
    except (ValueError, ResultsError) as error:
        return Table(title, why(error, lang), [])
    note = pick(lang, *_STATUS_NOTE)
    return Table(
        title,
        note,
        [*_cover(results, rows, lang), *_unmet(rows, product_unit(results, product, lang), lang)],
    )


def _cover(results: Results, rows: pd.DataFrame, lang: Lang) -> list[Column]:
    """Names of the regions, their cover and the chances of alerts."""
    levels = results.alert_levels(main_product(results))
    rules = [
        Rule("below", below, LEVEL_COLOURS[level], _ink(level))
        for level, below in sorted(levels.items(), key=lambda item: item[1])
    ]
    named = [Rule("says", level_label(key, lang), LEVEL_COLOURS[key], _ink(key)) for key in levels]
    first, days = full_day_label(results.score_start, lang), pick(lang, "天", "days")

    def cover(key: str, zh: str, en: str, marks: Sequence[Rule] = ()) -> Column:
        return Column(pick(lang, zh, en), _list(rows[key]), "fine", marks)

    def level(key: str, zh: str, en: str) -> Column:
        return Column(pick(lang, zh, en), _levels(rows[key], lang), rules=named)

    return [
        Column(pick(lang, "地区", "Region"), _list(rows["name"])),
        Column(pick(lang, "代码", "Code"), _list(rows["region"])),
        cover("cover_days", f"{first} ({days})", f"{first} ({days})", rules),
        level("level", "当日级别", "Level then"),
        cover("lowest_days", "最低（天，中位数）", "Lowest (days, median)", rules),
        cover("low_5", "5% 分位（天）", "5 % quantile (days)"),
        cover("high_95", "95% 分位（天）", "95 % quantile (days)"),
        Column(pick(lang, "最低日", "Lowest on"), _dates(rows["lowest_day"]), "date"),
        level("lowest_level", "最低级别", "Lowest level"),
        *(
            Column(
                pick(lang, f"降至{level_label(key, lang)}的概率", f"Chance of {key}"),
                _list(rows[f"chance_{key}"]),
                "share",
                [Rule("bars", 1.0, LEVEL_COLOURS[key])],
            )
            for key in levels
            if f"chance_{key}" in rows
        ),
    ]


def _unmet(rows: pd.DataFrame, unit: str, lang: Lang) -> list[Column]:
    """What is not met, altogether and by group, and what others send."""
    not_met = pick(lang, "未满足", "Not met")
    of = pick(lang, "占申请量", "of requests")
    net = rows["net_help_units"]
    return [
        Column(f"{not_met} ({unit})", _list(rows["unmet_units"]), "fine", summed=True),
        Column(f"{not_met} ({of})", _list(rows["unmet_share"]), "fine_share"),
        *(
            Column(f"{group_label(group)} {not_met.lower()}", _list(rows[key]), "fine_share")
            for key in rows
            if (group := str(key).removeprefix("unmet_share_")) != key
        ),
        Column(
            f"{pick(lang, '净调入', 'Net help')} ({unit})",
            _list(net),
            "signed_count",
            [Rule("scale", max(float(net.abs().max()), 1.0))],
        ),
    ]


_STATUS_NOTE = (
    "库存天数 = 可用库存 ÷ 平日需求；中位数与分位数取自重复模拟。模拟结果，非实测。",
    "Cover (days) = usable stock / normal-day demand; median and quantiles over replications. "
    "Simulated, not observed.",
)


class _Row(NamedTuple):
    """An indicator of a product under a variant."""

    product: str
    name: str
    unit: str
    variant: str
    values: tuple[float, float, int]
    change: tuple[float, float, int]


def _rows(results: Results, lang: Lang) -> list[_Row]:
    """All indicators of all variants, with the paired difference from the reference."""
    base, rows = reference(results), []
    for key, unit, values in metrics.indicators(results):
        name, _, product = key.partition(".")
        if product:
            generic = KPIS[name].unit
            unit = generic.replace(metrics.PRODUCT_UNIT, product_unit(results, product, lang))
        for variant in results.variants:
            own = values.sel(variant=variant)
            paired = metrics.interval((own - values.sel(variant=base)).values)
            rows.append(_Row(product, name, unit, variant, metrics.interval(own.values), paired))
    return rows


def indicators(results: Results, lang: Lang) -> Table:
    """Every indicator of every variant, in rows."""
    rows = [row for row in _rows(results, lang) if row.values[2]]
    forms = [form(row.values[0], row.unit) for row in rows]
    return Table(
        pick(lang, "指标", "Indicators"),
        pick(lang, *WORDS["interval_note"]),
        [
            *_names(results, rows, lang),
            Column(pick(lang, "均值", "Mean"), [row.values[0] for row in rows], forms),
            Column(
                pick(lang, "± 95% 半宽", "± 95 % half-width"),
                [row.values[1] for row in rows],
                forms,
            ),
            Column(pick(lang, "单位", "Unit"), [unit_words(row.unit, lang) for row in rows]),
            Column(
                pick(lang, "重复次数", "Replications"), [row.values[2] for row in rows], "count"
            ),
        ],
    )


def comparison(results: Results, lang: Lang) -> Table:
    """The other variants against the reference, paired replication by replication."""
    base = reference(results)
    every = _rows(results, lang)
    known = {(r.product, r.name): r.values[0] for r in every if r.variant == base}
    rows = [row for row in every if row.variant != base and row.change[2]]
    forms = [form(known[row.product, row.name], row.unit) for row in rows]
    signed = [f"signed_{name}" for name in forms]
    said = pick(lang, *WORDS["is_clear"]), pick(lang, *WORDS["not_clear"])
    effect = [said[0] if _is_clear(row.change) else said[1] for row in rows]
    name = variant_label(base, lang)
    return Table(
        pick(lang, f"与“{name}”比较", f"Compared with {name}"),
        pick(lang, *WORDS["interval_note"]) + _unequal(results, base, lang),
        [
            *_names(results, rows, lang),
            Column(name, [known[row.product, row.name] for row in rows], forms),
            Column(pick(lang, "本方案", "This variant"), [row.values[0] for row in rows], forms),
            Column(
                pick(lang, "差值（配对）", "Difference (paired)"),
                [r.change[0] for r in rows],
                signed,
            ),
            Column(
                pick(lang, "± 95% 半宽", "± 95 % half-width"),
                [row.change[1] for row in rows],
                forms,
            ),
            Column(pick(lang, "效果", "Effect"), effect, rules=[_CLEAR._replace(value=said[0])]),
            Column(pick(lang, "单位", "Unit"), [unit_words(row.unit, lang) for row in rows]),
        ],
    )


def _unequal(results: Results, base: str, lang: Lang) -> str:
    """The variants whose donations differ from those of the reference; nothing if none do."""
    more = {name: more_donations(results, base, name) for name in results.variants}
    said = [
        f"{variant_label(name, lang)} {percent(share, signed=True)}"
        for name, share in more.items()
        if abs(share) > EQUAL_SHARE
    ]
    if not said:
        return ""
    return pick(
        lang,
        f"献血人次不同，并非同等献血量下的比较：{'、'.join(said)}。",
        f" Donations differ, so the comparison is not at equal donations: {', '.join(said)}.",
    )


def _names(results: Results, rows: Sequence[_Row], lang: Lang) -> list[Column]:
    all_products = pick(lang, "全部", "all")
    products = [product_name(results, r.product, lang) if r.product else all_products for r in rows]
    return [
        Column(pick(lang, "产品", "Product"), products),
        Column(pick(lang, "指标", "Indicator"), [indicator_label(row.name, lang) for row in rows]),
        Column(pick(lang, "方案", "Variant"), [variant_label(row.variant, lang) for row in rows]),
    ]


def form(value: float, unit: str) -> str:
    """Name of the number format that an indicator's size deserves."""
    size = abs(value)
    if unit.startswith("share"):
        return "finest_share" if size < 1e-3 else "fine_share" if size < 0.1 else "share"
    return "finest" if size < 10 else "fine" if size < 1000 else "count"


def _is_clear(change: tuple[float, float, int]) -> bool:
    mean, half, _ = change
    return not math.isnan(half) and abs(mean) > half


def _ink(level: str) -> str:
    return "#ffffff" if level in ("red", "orange") else "#222222"


def _levels(values: Any, lang: Lang) -> list[str]:
    return [level_label(str(level), lang) for level in values]


def _list(values: pd.Series) -> list[Any]:
    return list(values.tolist())


def _dates(values: pd.Series) -> list[Any]:
    return [day.date() for day in pd.to_datetime(values)]
