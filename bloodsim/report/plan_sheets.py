"""Sheets of what is to be done: units to collect by week, units to move by route."""

from __future__ import annotations

from bloodsim.labels import Lang, pick, variant_label
from bloodsim.plots import CHARTS
from bloodsim.plots.choice import main_product, reference
from bloodsim.plots.collection_shift import beside_words, gain_words, shift_of
from bloodsim.plots.text import product_name, product_unit, region_label
from bloodsim.results import Results, ResultsError
from bloodsim.results.undrawn import why
from bloodsim.results.xlsxfile import Column, Rule, Table

_SMALLEST_FLOW = 1.0
"""Mean units below which a route is not listed."""
_LARGEST_CHANGE = 0.25
"""Change of a week's collection at which the colour is full."""


def collection(results: Results, lang: Lang) -> list[Table]:
    """Units to collect by region and week, and the change against what it is compared with."""
    product = main_product(results)
    name, unit = product_name(results, product, lang), product_unit(results, product, lang)
    title = f"{pick(lang, '采集计划', 'Collection plan')} · {name}"
    try:
        chart = CHARTS["collection_plan"](results, lang=lang, product=product)
    except (ValueError, ResultsError) as error:
        return [Table(title, why(error, lang), [])]
    after, before = str(chart.data["variant"].iloc[0]), reference(results)
    title = f"{title} · {variant_label(after, lang)}"
    units = chart.data.pivot(index="name", columns="week", values="units")
    change = chart.data.pivot(index="name", columns="week", values="change")
    order = list(dict.fromkeys(chart.data["name"].tolist()))
    units, change = units.loc[order], change.loc[order]
    heads = [str(week)[:10] for week in units]
    of = pick(lang, "地区", "Region")
    compared = pick(
        lang,
        f"与“{variant_label(before, lang)}”相比的变化",
        f"Change against {variant_label(before, lang)}",
    )
    if after == before:
        compared = pick(lang, "与各周平均相比的变化", "Change against the mean of all weeks")
    week = pick(lang, "列为各周第一天", "columns are the first days of weeks")
    shift = None if after == before else shift_of(chart.data)
    moved = ""
    if shift is not None:
        gain, beside = gain_words(shift, unit, lang), beside_words(shift, unit, lang)
        moved = pick(lang, f"。{gain}：{beside}", f". {gain}: {beside}")
    return [
        Table(
            title,
            pick(lang, f"{unit}，均值；{week}{moved}", f"{unit}, mean; {week}{moved}"),
            [
                Column(of, order),
                *(
                    Column(head, units[key].astype(float).tolist(), "count", summed=True)
                    for head, key in zip(heads, units, strict=True)
                ),
            ],
        ),
        Table(
            compared,
            week,
            [
                Column(of, order),
                *(
                    Column(
                        head,
                        change[key].astype(float).tolist(),
                        "signed_share",
                        [Rule("scale", _LARGEST_CHANGE)],
                    )
                    for head, key in zip(heads, change, strict=True)
                ),
            ],
        ),
    ]


def transfers(results: Results, lang: Lang) -> Table:
    """Mean units and shipments by route, of every product and variant that moves any."""
    title = pick(lang, "地区间调剂", "Transfers between regions")
    note = pick(
        lang,
        "计分期内的合计，重复模拟的均值；只列均值不小于 1 的方向。数量单位随产品。",
        "Totals of the scored days, means over replications; routes with a mean of 1 or more. "
        "Quantities are in the product's unit.",
    )
    if "transfers" not in results.tables:
        return Table(
            title, pick(lang, "本次运行没有保存调剂表。", "This run kept no transfers."), []
        )
    means = results.transfers.mean("replication").to_dataframe().reset_index()
    means = means[means["units"] >= _SMALLEST_FLOW]
    variants = {name: i for i, name in enumerate(results.variants)}
    products = {name: i for i, name in enumerate(results.products)}
    means = means.assign(
        by_variant=means["variant"].map(variants), by_product=means["product"].map(products)
    ).sort_values(["by_variant", "by_product", "units"], ascending=[True, True, False])
    largest = max(float(means["units"].max()), 1.0) if len(means) else 1.0
    return Table(
        title,
        note,
        [
            Column(
                pick(lang, "方案", "Variant"),
                [variant_label(name, lang) for name in means["variant"]],
            ),
            Column(
                pick(lang, "产品", "Product"),
                [product_name(results, name, lang) for name in means["product"]],
            ),
            Column(
                pick(lang, "调出", "From"),
                [region_label(results, r, lang) for r in means["origin"]],
            ),
            Column(
                pick(lang, "调入", "To"),
                [region_label(results, r, lang) for r in means["destination"]],
            ),
            Column(
                pick(lang, "数量", "Quantity"),
                means["units"].astype(float).tolist(),
                "fine",
                [Rule("bars", largest, "#7fb3d9")],
            ),
            Column(
                pick(lang, "单位", "Unit"),
                [product_unit(results, name, lang) for name in means["product"]],
            ),
            Column(
                pick(lang, "批次", "Shipments"), means["shipments"].astype(float).tolist(), "fine"
            ),
        ],
    )
