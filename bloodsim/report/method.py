"""The last page: how it was done, what it rests on, and how to do it again."""

from __future__ import annotations

from typing import Any, NamedTuple

from bloodsim.labels import Lang, full_day_label, pick, variant_label
from bloodsim.numbers import number, percent
from bloodsim.plots.text import product_name
from bloodsim.results import Results


class Item(NamedTuple):
    """A line of a list of facts."""

    name: str
    text: str


_KINDS = (
    ("read", ("读自来源", "read from sources"), ("高", "high")),
    ("derived", ("由来源推算", "derived from sources"), ("中", "medium")),
    ("fitted", ("拟合于统计数据", "fitted to statistics"), ("中", "medium")),
    ("assumed", ("假设", "assumed"), ("低", "low")),
)


_MEAN_COVER = (
    ("平均库存天数", "Mean cover"),
    (
        "各地区不加权平均：同样多的血在小地区合更多天数，因此从小地区或余量大的地区调往大地区"
        "会降低平均天数，即使短缺减少；在途的血也不计入库存。",
        "Mean over regions, each counting alike: a unit is more days of cover in a small "
        "region than in a large one, so sharing can lower the mean while fewer requests "
        "go unmet; units on the road are in nobody's stock.",
    ),
)
"""Why more sharing can lower the headline mean."""


def stress_items(results: Results, lang: Lang) -> list[Item]:
    """The items of the STRESS-DES reporting guideline that a run can fill in itself."""
    m = results.manifest
    start, end = (full_day_label(day, lang) for day in (results.score_start, results.score_end))
    days, n = number(results.scored_days, lang), len(results.replications)
    warm_up = m.get("warmup_days", "–")
    names = pick(lang, "、", ", ").join(variant_label(name, lang) for name in results.variants)
    products = pick(lang, "、", ", ").join(product_name(results, p, lang) for p in results.products)
    said = [
        (
            ("目的", "Purpose"),
            (
                "比较不同调剂与采集方案下各地区血液短缺、过期与代价。",
                "Compare shortage, outdates and effort by region under transfer and collection "
                "variants.",
            ),
        ),
        (
            ("模型", "Model"),
            (
                "离散事件模拟：采集、检测、分血型库存（先进先出）、分级需求、预警、地区间调剂。",
                "Discrete-event simulation: collection, testing, stock by group (oldest first), "
                "demand by class, alerts, transfers.",
            ),
        ),
        (
            ("范围", "Scope"),
            (
                f"{len(results.regions)} 个地区；{products}；{start}至{end}（{days} 天）。",
                f"{len(results.regions)} regions; {products}; {start} to {end} ({days} days).",
            ),
        ),
        (("方案", "Variants"), (names, names)),
        (
            ("试验", "Experimentation"),
            (
                f"预热 {warm_up} 天，各方案共用；{n} 次重复模拟；随机种子 {results.seed}；"
                "所有方案使用同一随机序列，差值逐次配对。",
                f"Warm-up of {warm_up} days, shared by all variants; {n} replications; seed "
                f"{results.seed}; the same luck for all variants, differences paired.",
            ),
        ),
        (
            ("区间", "Intervals"),
            (
                "均值的 95% 学生 t 区间；色带为重复模拟的分位数。只反映随机性，"
                "不反映输入的不确定性。",
                "Student 95 % intervals of means; bands are quantiles of replications. They show "
                "chance only, not doubt about inputs.",
            ),
        ),
        _MEAN_COVER,
        (
            ("验证", "Verification"),
            (
                "每次运行按产品与血型核对收支平衡，差额不为零即报错。",
                "Every run checks the books by product and group; any gap is an error.",
            ),
        ),
    ]
    return [Item(pick(lang, *name), pick(lang, *text)) for name, text in said]


def inputs(results: Results, lang: Lang) -> list[tuple[str, str, str, str]]:
    """Kinds of inputs: what, how many, share, confidence."""
    return [
        (pick(lang, *words), number(count, lang), percent(share), pick(lang, *confidence))
        for (_, words, confidence), count, share in zip(_KINDS, *input_counts(results), strict=True)
    ]


def input_counts(results: Results) -> tuple[list[int], list[float]]:
    """Inputs of each kind, and their shares, in the order of `inputs`."""
    known = {**results.manifest.get("inputs", {})}
    known["assumed"] = results.manifest.get("assumed_inputs", 0)
    counts = [int(known.get(kind, 0)) for kind, _, _ in _KINDS]
    total = max(sum(counts), 1)
    return counts, [count / total for count in counts]


def manifest(results: Results, lang: Lang) -> list[Item]:
    """What identifies the run: hashes, seed, versions, input files."""
    m = results.manifest
    environment = m.get("environment", {})
    items: list[tuple[tuple[str, str], Any]] = [
        (("情景", "Scenario"), results.name),
        (("情景哈希", "Scenario hash"), results.scenario_hash),
        (("运行哈希", "Run hash"), m.get("run_hash", "–")),
        (("随机种子", "Seed"), results.seed),
        (("bloodsim 版本", "bloodsim version"), environment.get("bloodsim", "–")),
        (("程序摘要", "Program digest"), environment.get("source", "–")),
        (("Python", "Python"), environment.get("python", "–")),
        (("平台", "Platform"), environment.get("platform", "–")),
    ]
    packages = environment.get("packages", {})
    if packages:
        text = ", ".join(f"{name} {version}" for name, version in sorted(packages.items()))
        items.append((("软件包", "Packages"), text))
    for name, digest in sorted(m.get("input_hashes", {}).items()):
        items.append(((f"输入 {name}", f"Input {name}"), digest))
    return [Item(pick(lang, *name), str(value)) for name, value in items]


def calendar(results: Results, lang: Lang) -> str:
    """Whether the holidays of the run are published."""
    years = ", ".join(map(str, results.provisional_years))
    if not years:
        return pick(lang, "放假安排已公布。", "Public holidays as published.")
    return pick(
        lang,
        f"{years} 年放假安排未公布，按法定假日暂定，无调休。",
        f"Holidays of {years} are not published yet: statutory days only, no swaps.",
    )
