"""Where a product stands, in a sentence: its lowest cover and when, and who is likely short."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from bloodsim.labels import NBSP, Lang, day_label, full_day_label, level_label, pick
from bloodsim.numbers import floored, percent, plain
from bloodsim.plots.status import StatusRow
from bloodsim.plots.text import product_name, region_label

if TYPE_CHECKING:
    from bloodsim.results import Results

LIKELY = 2 / 3
"""Share of the worlds from which something is called likely (judgement; the usual verbal scale)."""
TOLD = ("red", "orange", "yellow")
"""Levels that are told, the gravest first; the board has a column for each."""
_MOST_NAMES = 4


def status_finding(
    results: Results,
    rows: list[StatusRow],
    levels: dict[str, float],
    product: str,
    today: date,
    lang: Lang,
) -> str:
    """Say the lowest cover ahead, who is likely to fall below which level, and how it begins."""
    lowest, count = rows[0], len(rows)
    what, worlds = product_name(results, product, lang), len(results.daily["replication"])
    name, on = region_label(results, lowest.region, lang), day_label(lowest.day, lang)
    cover = floored(lowest.lowest)
    likely = _likely(results, rows, levels, worlds, lang)
    now = sum(row.now < levels.get("yellow", 0.0) for row in rows)
    day, days = full_day_label(today, lang), plain(levels.get("yellow", 0.0))
    start = pick(lang, "（模拟期首日）", " (start of the simulated period)")
    start = start if today == results.score_start else ""
    zh, en = ("", "") if count == 1 else (name, f" in {name}")
    return pick(
        lang,
        f"{what}：{zh}{on}库存最低，{cover} 天；"
        f"{likely}；{day}{start}有 {now} 个地区低于 {days} 天",
        f"{what}: cover lowest on {on}, {cover}{NBSP}days{en}; {likely}; on {day}{start} {now} "
        f"of {count} regions below {days}{NBSP}days",
    )


def _likely(
    results: Results, rows: list[StatusRow], levels: dict[str, float], worlds: int, lang: Lang
) -> str:
    """Who falls below the gravest level that anybody is likely to reach, each with its share."""
    told = [level for level in TOLD if level in levels]
    for level in told:
        likely = [row for row in rows if row.risks[level] >= LIKELY]
        if not likely:
            continue
        likely.sort(key=lambda row: -row.risks[level])
        names = [_with_share(results, row, level, lang) for row in likely[:_MOST_NAMES]]
        more, days = len(likely) - len(names), plain(levels[level])
        said = level_label(level, lang)
        return pick(
            lang,
            f"{len(likely)} 个地区很可能低于 {days} 天（{said}；{worlds} 次模拟中的占比）："
            f"{'、'.join(names)}{'等' if more else ''}",
            f"{len(likely)} of {len(rows)} regions likely below {days}{NBSP}days ({said}; share of "
            f"{worlds} worlds): {', '.join(names)}{f' and {more} more' if more else ''}",
        )
    if not told:
        return pick(lang, "没有可告的预警级别", "no level to warn of")
    level = told[-1]
    top = max(rows, key=lambda row: row.risks[level])
    share, said = percent(top.risks[level]), level_label(level, lang)
    return pick(
        lang,
        f"没有地区很可能（≥2/3）降至{said}（最高 {share}，{worlds} 次模拟）",
        f"no region likely (2/3 of worlds) to reach {said} (at most {share} of {worlds} worlds)",
    )


def _with_share(results: Results, row: StatusRow, level: str, lang: Lang) -> str:
    share = percent(row.risks[level])
    return f"{region_label(results, row.region, lang)} {share}"
