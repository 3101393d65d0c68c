"""The page of a saved plan: what leaves on its first day, what it is worth, where a unit helps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from bloodsim.labels import Lang, day_label, full_day_label, group_label, pick, shown
from bloodsim.numbers import give_or_take, number, percent, quantity, unit_noun
from bloodsim.plots.text import product_name, product_unit, region_label
from bloodsim.results import Results, ResultsError
from bloodsim.results.plan_file import SavedPlan

_MOST_ROWS = 25


class Table(NamedTuple):
    """A table of a page: heads, rows of text, and what to say below it."""

    heads: list[str]
    rows: list[list[str]]
    note: str


def refuse_strangers(results: Results, plan: SavedPlan) -> None:
    """Refuse a plan for other regions or products than the run's."""
    products = set(plan.prices["product"]) | set(plan.transfers["product"])
    for kind, names, known in (
        ("region", plan.regions, results.regions),
        ("product", sorted(products), results.products),
    ):
        for name in names:
            if name not in known:
                raise ResultsError(
                    f"the plan is for {kind} {name!r}, which the run {results.name} does not have"
                )


def lead(results: Results, plan: SavedPlan, lang: Lang) -> str:
    """What the plan asks for on its first day."""
    today = plan.transfers[plan.transfers["date"] == plan.start]
    amounts = []
    for product in dict.fromkeys(today["product"]):
        units = float(today.loc[today["product"] == product, "units"].sum())
        unit = unit_noun(product_unit(results, product, lang), units, lang)
        amounts.append(f"{product_name(results, product, lang)} {quantity(units, unit, lang)}")
    roads = len(today[["origin", "destination"]].drop_duplicates())
    day, gap = full_day_label(plan.start, lang), percent(plan.gap)
    sent = pick(lang, "、", ", ").join(amounts) or pick(lang, "无调剂", "nothing is sent")
    return pick(
        lang,
        f"{day}的优化计划（与最优相差不超过 {gap}）：当日沿 {roads} 条线路调出 {sent}。",
        f"Plan from {day}, within {gap} of the best: on that day {sent} on {roads} "
        f"road{'' if roads == 1 else 's'}.",
    )


def stated(results: Results, plan: SavedPlan, lang: Lang) -> tuple[str, ...]:
    """What must be read before the shipments: whose stock they are of, and what they are worth."""
    products = plan.check.get("products", ()) if plan.check else ()
    harmed = (each for each in products if each["warning"])
    return (
        _stock(results, plan, lang),
        _checked(plan.check, lang),
        *(_warning(results, plan.check or {}, each, lang) for each in harmed),
    )


def _stock(results: Results, plan: SavedPlan, lang: Lang) -> str:
    """Where the plan's stock comes from; the Chinese from the same facts as the English."""
    said, source = shown(str(plan.stock["says"]), 400), plan.stock.get("source")
    if source == "warm_up":
        count = plan.stock.get("worlds")
        worlds = f" {int(count)} 次模拟预热" if count else "各次模拟预热"
        return pick(
            lang,
            f"库存为模拟值，不是盘点数：未提供库存文件，取{worlds}的均值。"
            "执行前请以实际盘点（--stock）重新计划。",
            f"The stock is simulated, not counted ({said}): before anything is sent, plan again "
            "with a count (--stock).",
        )
    if source == "none":
        return pick(lang, "未计划调剂，未查看库存。", f"Stock: {said}.")
    return pick(lang, _of_file(results, plan.stock, said), f"Stock: {said}.")


def _of_file(results: Results, stock: Mapping[str, Any], said: str) -> str:
    """The stock file in Chinese; what the plan itself says where it holds no more."""
    if "day" not in stock:
        return f"库存：{said}。"
    day = full_day_label(date.fromisoformat(str(stock["day"])), "zh")
    read = [str(name) for name in stock["products"] if name in results.products]
    text = f"库存取自文件 {shown(str(stock['file']), 80)}（{day}）"
    text += f"：{'、'.join(product_name(results, name, 'zh') for name in read)}"
    if len(read) < len(results.products):
        text += "；其余产品为模拟预热后的库存，不是盘点数"
    return text + ("。" if stock["has_lives"] else "；文件未含库龄，按预热后的分布推算。")


def _checked(check: Mapping[str, Any] | None, lang: Lang) -> str:
    """What the plan costs against the proportional rule, replayed on the same luck."""
    if check is None:
        return pick(lang, "未经模拟检验。", "Not checked by simulation.")
    if check.get("adds") == "untested":
        return pick(
            lang,
            "确定期内无调出，检验无从判断。",
            "Nothing leaves in the firm days: the check tests nothing.",
        )
    mean, half = _difference(check, "cost")
    days, worlds = check["days"], check["replications"]
    before = pick(
        lang,
        f"模拟 {days} 天、{worlds} 次，与按比例均衡规则相比",
        f"Simulated for {days} days in {worlds} worlds against proportional sharing",
    )
    if mean is None or half is None:
        return pick(lang, f"{before}：一次模拟无法判断。", f"{before}: one world cannot tell.")
    amount = f"{number(mean, lang, signed=True)} ± {give_or_take(half, mean, lang)}"
    said = pick(lang, f"代价 {amount} 分", f"cost {amount} points")
    at_end, _ = _difference(check, "of it for low stock at the end")
    if at_end is not None:
        end = number(at_end, lang, signed=True)
        said += pick(
            lang, f"（其中期末库存偏低的代价 {end} 分）", f" ({end} of it for low stock at the end)"
        )
    found = {
        0: ("未显示优化有额外收益", "the optimizer adds nothing that shows"),
        -1: ("优化计划代价更低", "the plan costs less"),
        1: ("简单规则代价更低，应采用规则", "the rule costs less: use the rule"),
    }[0 if abs(mean) <= half else -1 if mean < 0 else 1]
    return pick(lang, f"{before}：{found[0]}；{said}。", f"{before}: {found[1]}; {said}.")


def _difference(check: Mapping[str, Any], indicator: str) -> tuple[float | None, float | None]:
    """A difference from the rule, and its half-width; none where the check does not have it."""
    for row in check["table"]:
        if row["indicator"] == indicator:
            return row["plan_minus_proportional"], row["plan_minus_proportional_half_width"]
    return None, None


def _warning(
    results: Results, check: Mapping[str, Any], verdict: Mapping[str, Any], lang: Lang
) -> str:
    """Say that the plan of a product does harm: more requests lost, or more cost."""
    product = verdict["product"]
    unit = unit_noun(product_unit(results, product, lang), 2, lang)
    rows = {row["indicator"]: row for row in check["table"] if row["product"] == product}
    said = []
    for key, column, of_zh, of_en in (
        ("against_nothing", "plan_minus_without", "不调剂", "doing nothing"),
        ("against_rule", "plan_minus_proportional", "按比例均衡规则", "the proportional rule"),
    ):
        if verdict[key] != "worse":
            continue
        lost, cost = (
            f"{number(row[column], lang, signed=True)} ± "
            f"{give_or_take(row[f'{column}_half_width'], row[column], lang)}"
            for row in (rows["emergency and urgent lost"], rows["cost of this product"])
        )
        said.append(
            pick(
                lang,
                f"比{of_zh}更差（急诊和紧急未满足 {lost} {unit}，代价 {cost} 分）",
                f"worse than {of_en} (requests lost {lost} {unit}, cost {cost} points)",
            )
        )
    name = product_name(results, product, lang)
    better = verdict["against_rule"] == "better"
    return pick(
        lang,
        f"警告：{name}的计划{'，'.join(said)}；"
        + ("不宜调剂。" if better else "应按比例均衡规则调剂。"),
        f"Warning: the plan of {name} is {' and '.join(said)}; "
        + ("send none." if better else "share it by the proportional rule."),
    )


def shipments(results: Results, plan: SavedPlan, lang: Lang) -> Table:
    """The first day's shipments, a row per road and product, the largest first."""
    today = plan.transfers[plan.transfers["date"] == plan.start]
    keys = ["product", "origin", "destination", "arrival"]
    lots: list[tuple[Any, Any]] = list(today.groupby(keys, sort=False))
    order = {name: i for i, name in enumerate(results.products)}
    lots.sort(key=lambda lot: (order[lot[0][0]], -float(lot[1]["units"].sum())))
    rows = []
    for (product, origin, destination, arrival), lot in lots[:_MOST_ROWS]:
        units = float(lot["units"].sum())
        unit = unit_noun(product_unit(results, product, lang), units, lang)
        groups = ", ".join(
            f"{group_label(g)} {number(u, lang)}"
            for g, u in zip(lot["group"], lot["units"], strict=True)
        )
        ends = f"{region_label(results, origin, lang)} → {region_label(results, destination, lang)}"
        what = product_name(results, product, lang)
        rows.append([ends, what, quantity(units, unit, lang), day_label(arrival, lang), groups])
    heads = pick(
        lang, "线路\0产品\0数量\0到达\0血型", "Road\0Product\0Amount\0Arrives\0By group"
    ).split("\0")
    more = len(lots) - len(rows)
    note = pick(lang, f"另有 {more} 条较小的调剂。", f"And {more} smaller ones.") if more else ""
    return Table(heads, rows, note)
