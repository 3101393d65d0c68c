"""Words of charts and reports in both languages: one table of labels, units and formats.

Texts that stand in one chart only are written there; what stands in several is here, so that one
thing has one name in each language.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Literal, get_args

Lang = Literal["zh", "en"]

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

VARIANTS: Mapping[str, tuple[str, str]] = {
    "none": ("不调剂", "no transfers"),
    "practice": ("现行做法", "today's practice"),
    "share_surplus": ("余缺调剂", "sharing surplus"),
    "proportional": ("按比例均衡", "proportional sharing"),
    "pre_collect": ("提前采集", "collecting early"),
    "optimized": ("优化方案", "optimized"),
    "foresight": ("已知未来（估计）", "knowing the future"),
    "best_rule": ("最佳规则", "best rule"),
    "optimized_transfers": ("优化调剂", "planned transfers"),
    "optimized_collection": ("优化采集", "planned collection"),
    "joint": ("联合优化", "joint plan"),
    "collection_same_teams": ("优化采集（同等队·天）", "planned collection, same team-days"),
    "joint_same_teams": ("联合优化（同等队·天）", "joint plan, same team-days"),
    "rule_without_cuts": ("最佳规则（预警不限供）", "best rule, no rationing"),
    "joint_without_cuts": ("联合优化（预警不限供）", "joint plan, no rationing"),
    "rule_foresight": ("最佳规则采集，已知未来（估计）", "rule's collection, knowing the future"),
    "joint_foresight": ("联合优化采集，已知未来（估计）", "joint collection, knowing the future"),
    "practice_no_heat": ("现行做法（无高温）", "today's practice, no heat"),
}
LEVELS: Mapping[str, tuple[str, str]] = {
    "green": ("绿", "green"),
    "blue": ("蓝", "blue"),
    "yellow": ("黄", "yellow"),
    "orange": ("橙", "orange"),
    "red": ("红", "red"),
}
INDICATORS: Mapping[str, tuple[str, str]] = {
    "shortage_rate": ("未满足率", "requests not met"),
    "emergency_shortage_rate": ("急诊未满足率", "emergency requests not met"),
    "elective_cancelled_rate": ("择期取消率", "elective requests cancelled"),
    "outdate_rate": ("过期率", "units outdated"),
    "mean_cover_days": ("平均库存天数", "mean cover"),
    "min_cover_days": ("最低平均库存天数", "lowest mean cover"),
    "days_below_yellow": ("黄色以下地区·天", "region-days below yellow"),
    "days_below_orange": ("橙色以下地区·天", "region-days below orange"),
    "days_below_red": ("红色地区·天", "region-days below red"),
    "age_at_issue_days": ("发出时平均储存天数", "mean age at issue"),
    "transfer_units": ("调剂量", "units transferred"),
    "transfer_unit_km": ("调剂运输量", "transport work"),
    "shipments": ("调运批次", "shipments"),
    "not_shipped": ("未能调出量", "promised, not shipped"),
    "equity_gini": ("地区不均（基尼系数）", "inequality (Gini)"),
    "worst_region_fill_rate": ("最差地区满足率", "worst region's fill rate"),
    "requested": ("申请量", "units requested"),
    "issued": ("发出量", "units issued"),
    "collected": ("采集量", "units collected"),
    "donations": ("献血人次", "donations"),
    "first_time_share": ("首次献血者占比", "first-time donors"),
    "regular_donor_share": ("固定献血者占比", "regular donors"),
    "voluntary_share": ("自愿无偿占比", "voluntary donors"),
    "team_days": ("采血队·天", "team-days"),
    "donors_per_team_hour": ("每队每小时献血者", "donors per team-hour"),
    "drives": ("团体献血场次", "drives"),
    "quota_attainment": ("团体献血完成率", "quota attained"),
    "event_cost_per_day": ("日均事件代价", "cost of events per day"),
    "cost": ("综合代价", "cost"),
}
UNITS: Mapping[str, tuple[str, str]] = {
    "share of requested": ("占申请量", "of units requested"),
    "share of emergency requested": ("占急诊申请量", "of emergency units requested"),
    "share of elective requested": ("占择期申请量", "of elective units requested"),
    "share of released": ("占入库量", "of units released"),
    "share of donations": ("占献血人次", "of donations"),
    "days": ("天", "days"),
    "region-days/year": ("地区·天/年", "region-days/year"),
    "shipments": ("批", "shipments"),
    "donations": ("人次", "donations"),
    "team-days": ("队·天", "team-days"),
    "donors/team-hour": ("人/队·小时", "donors/team-hour"),
    "drives": ("场", "drives"),
    "share of quotas": ("占指标", "of quotas"),
    "points": ("分", "points"),
    "points/day": ("分/天", "points/day"),
    "0 to 1": ("0–1", "0 to 1"),
    "dose": ("治疗量", "dose"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONGEST_NAME = 24


def pick(lang: Lang, zh: str, en: str) -> str:
    """The text in the language asked for."""
    if lang not in get_args(Lang):
        raise ValueError(f"unknown language {lang!r}; expected 'zh' or 'en'")
    return zh if lang == "zh" else en


def level_label(level: str, lang: Lang) -> str:
    """Name of an alert level."""
    return pick(lang, *LEVELS[level])


_DRAWN = "_sampled"
"""Ends the name of a variant whose parameters were drawn (results.bands.SUFFIX)."""

_LEVEL = "_unmet_"
"""Stands between the name of a variant and its unmet share in percent (scenario.unmet.MARK)."""


def variant_label(variant: str, lang: Lang) -> str:
    """Name of a variant; its identifier, as words, where it has no other name."""
    own = shown(variant.replace("_", " "))
    if variant.endswith(_DRAWN):
        twin = variant_label(variant.removesuffix(_DRAWN), lang)
        return pick(lang, f"{twin}（含参数不确定性）", f"{twin}, parameters drawn")
    rule, _, level = variant.partition(_LEVEL)
    level = level.replace("p", ".", 1)
    if rule and level.replace(".", "", 1).isdecimal():
        twin = variant_label(rule, lang)
        return pick(lang, f"{twin}（假设 {level}% 未满足）", f"{twin}, {level} % unmet")
    return pick(lang, *VARIANTS.get(variant, (own, own)))


def indicator_label(name: str, lang: Lang) -> str:
    """Name of an indicator (without its product); its identifier where it has no other name."""
    own = name.replace("_", " ")
    return pick(lang, *INDICATORS.get(name, (own, own)))


def unit_words(unit: str, lang: Lang) -> str:
    """Words of a unit as the table of indicators names it."""
    return pick(lang, *UNITS.get(unit, (unit, unit)))


def group_label(group: str) -> str:
    """Name of a blood group: A+, O−."""
    abo, _, rh = group.partition("_")
    return f"{abo}{'+' if rh == 'pos' else MINUS}"


def shown(name: str, longest: int = _LONGEST_NAME) -> str:
    """A name from a file as it may stand in a picture: no control characters, not too long.

    Marks that turn the direction of writing around are control characters too.
    """
    kept = "".join(c for c in name if unicodedata.category(c)[0] != "C" or c in "\n\t ")
    kept = " ".join(kept.split())
    return kept if len(kept) <= longest else f"{kept[: longest - 1].rstrip()}…"


def within(name: str) -> str:
    """An English name inside a sentence: Red cells, red cells; RBC stays RBC."""
    return f"{name[:1].lower()}{name[1:]}" if name[1:2].islower() else name


def day_label(day: date, lang: Lang) -> str:
    """A day within a year: 3月4日, 4 Mar."""
    return pick(lang, f"{day.month}月{day.day}日", f"{day.day}{NBSP}{_MONTHS[day.month - 1]}")


def full_day_label(day: date, lang: Lang) -> str:
    """A day with its year: 2026年3月4日, 4 Mar 2026."""
    return pick(lang, f"{day.year}年{day_label(day, 'zh')}", f"{day_label(day, 'en')} {day.year}")


def month_label(day: date, lang: Lang, with_year: bool) -> str:
    """A month, on a second line its year if asked."""
    month = pick(lang, f"{day.month}月", _MONTHS[day.month - 1])
    return f"{month}\n{year_label(day, lang)}" if with_year else month


def year_label(day: date, lang: Lang) -> str:
    """A year: 2026年, 2026."""
    return pick(lang, f"{day.year}年", str(day.year))
