"""What a briefing asks, page by page, and the charts that answer."""

from __future__ import annotations

from typing import NamedTuple

from bloodsim.labels import Lang, pick
from bloodsim.report import plan_page
from bloodsim.report.figures import Figure, figure
from bloodsim.report.plan_page import Table
from bloodsim.results import Results
from bloodsim.results.plan_file import SavedPlan


class Page(NamedTuple):
    """A question, what to look for, and its charts."""

    key: str
    question: str
    lead: str
    figures: list[Figure]
    table: Table | None = None
    stated: tuple[str, ...] = ()
    """What must be read before the table."""


_PAGES: tuple[tuple[str, tuple[str, str], tuple[str, str], tuple[str, ...]], ...] = (
    (
        "status",
        ("现状与风险：谁会缺血？", "Where do we stand, and who runs short?"),
        (
            "每个地区一行：当前与今后最低的库存天数、出现预警的概率、未满足的申请。",
            "One line per region: cover now and at its lowest, chances of an alert, requests not "
            "met.",
        ),
        ("status_board",),
    ),
    (
        "when",
        ("何时何地短缺？", "Who is short when?"),
        (
            "按日看各地库存水平，以及全国低谷的深度、长度与不确定性。",
            "Cover day by day in every region, and how deep, how long and how sure the dip is.",
        ),
        ("calendar_heatmap", "fan", "shortage_tiles"),
    ),
    (
        "why",
        ("库存为什么下降？", "Why does stock fall?"),
        (
            "把库存的变化分解为入库、用量、过期与调剂。",
            "The change of stock, split into supply, use, outdates and transfers.",
        ),
        ("flows",),
    ),
    (
        "plan",
        ("方案有用吗？", "Does the plan work?"),
        (
            "同一随机序列下各方案与参照方案逐次配对比较。",
            "Every variant against the reference, on the same luck, replication by replication.",
        ),
        ("comparison",),
    ),
    (
        "transfers",
        ("谁支援谁？", "Who helps whom?"),
        ("最大的流向与完整的调出—调入表。", "The largest flows, and all of them as a table."),
        ("transfers_map", "transfer_matrix"),
    ),
    (
        "collection",
        ("各中心应采多少？", "What should each centre collect?"),
        ("按周的采集量及其变化。", "Units by week, and the change."),
        ("collection_plan",),
    ),
    (
        "cost",
        ("代价是什么，由谁承担？", "What does it cost, and whom?"),
        (
            "短缺与付出、地区之间的公平，以及调剂是否造成浪费。",
            "Shortage against effort, fairness between regions, and whether blood is wasted.",
        ),
        ("cost_shortage", "equity", "ageing"),
    ),
    (
        "trust",
        ("结果可信吗？", "How far can one trust it?"),
        (
            "模拟误差、收支平衡与输入的来源。",
            "Chance in the simulation, the balance of the books, and where inputs come from.",
        ),
        ("model_check",),
    ),
)


def pages(results: Results, lang: Lang, plan: SavedPlan | None = None) -> list[Page]:
    """Draw all pages; that of a plan comes after the status."""
    drawn = [
        Page(
            key, pick(lang, *question), pick(lang, *lead), [figure(results, n, lang) for n in names]
        )
        for key, question, lead, names in _PAGES
    ]
    return drawn if plan is None else [drawn[0], _today(results, plan, lang), *drawn[1:]]


def _today(results: Results, plan: SavedPlan, lang: Lang) -> Page:
    return Page(
        "today",
        pick(lang, "今天做什么？", "What to do now?"),
        plan_page.lead(results, plan, lang),
        [figure(results, "prices", lang, plan)],
        plan_page.shipments(results, plan, lang),
        plan_page.stated(results, plan, lang),
    )
