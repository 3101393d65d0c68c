"""Fixed words of the briefing in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from bloodsim.labels import Lang, full_day_label, pick, shown
from bloodsim.results import Results

WORDS: Mapping[str, tuple[str, str]] = {
    "briefing": ("血液供应简报", "Blood supply briefing"),
    "simulated": ("模拟结果，非实测", "Simulated, not observed"),
    "decisions": ("请决定", "Decisions asked for"),
    "no_decision": ("本次运行没有提出需要决定的事项。", "This run asks for no decision."),
    "figures": ("主要指标", "Main figures"),
    "indicator": ("指标", "Indicator"),
    "unit": ("单位", "Unit"),
    "difference": ("差值（配对）", "Difference (paired)"),
    "is_clear": ("明确", "clear"),
    "not_clear": ("不明确", "not clear"),
    "effect": ("效果", "Effect"),
    "interval_note": (
        "均值 ± 95% 置信区间半宽；差值区间不含 0 为“明确”。代价为权重分，不是金额。",
        "Mean ± half-width of the 95 % interval; clear: the interval of the difference leaves out "
        "0. Cost is in points, never money.",
    ),
    "runs": ("各次运行的比较", "The runs compared"),
    "not_paired": (
        "各次运行彼此独立展示，不配对。",
        "The runs are separate, not paired with each other.",
    ),
    "logo": ("标识", "Logo"),
    "replications": ("次重复模拟", "replications"),
    "contents": ("问题", "Questions"),
    "omitted": ("本次运行无法绘制：", "Not drawn for this run: "),
    "method": ("方法", "Method"),
    "stress": ("按 STRESS-DES 报告清单", "After the STRESS-DES reporting guideline"),
    "inputs": ("输入及可信度", "Inputs and confidence"),
    "kind": ("来源", "Kind"),
    "count": ("数量", "Count"),
    "share": ("占比", "Share"),
    "confidence": ("可信度", "Confidence"),
    "warnings": ("情景的提示", "Warnings of the scenario"),
    "manifest": ("运行记录", "Manifest of the run"),
}
"""Texts by key, Chinese and English."""

CHART_NAMES: Mapping[str, tuple[str, str]] = {
    "status_board": ("库存状态一览", "Status of stocks"),
    "prices": ("一个单位的价值", "What one more unit is worth"),
    "calendar_heatmap": ("逐日库存水平", "Cover by region and day"),
    "fan": ("库存走势与不确定性", "Cover and its spread"),
    "flows": ("库存变化的来源", "Why stock changes"),
    "shortage_tiles": ("各地短缺概率", "Chance of shortage by region"),
    "comparison": ("方案比较", "Variants compared"),
    "transfers_map": ("主要调剂流向", "Largest transfers"),
    "transfer_matrix": ("调出—调入表", "Transfers by origin and destination"),
    "collection_plan": ("各周采集计划", "Collection plan by week"),
    "cost_shortage": ("短缺与付出", "Shortage and effort"),
    "equity": ("地区之间的公平", "Fairness between regions"),
    "ageing": ("储存时间与过期", "Age at issue and outdates"),
    "model_check": ("模型检验", "Check of the model"),
}
"""Short names of the charts, for captions."""


def title_of(results: Results, lang: Lang) -> str:
    """The scenario's title in a language, else its name."""
    title = results.manifest["scenario"].get("title") or {}
    return shown(str(title.get(lang) or results.name), 120)


def span_words(results: Results, lang: Lang) -> str:
    """The scored days, from and to."""
    first, last = (full_day_label(d, lang) for d in (results.score_start, results.score_end))
    return pick(lang, f"{first}至{last}", f"{first} to {last}")
