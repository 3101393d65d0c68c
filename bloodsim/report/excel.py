"""The briefing as an Excel workbook: definitions, status, indicators, plans, assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bloodsim.labels import Lang, indicator_label, level_label, pick, unit_words
from bloodsim.metrics import KPIS
from bloodsim.plots.text import product_name
from bloodsim.report import figure_sheets, method, plan_sheets
from bloodsim.report.brief import Own
from bloodsim.report.definitions import definition, weight_label
from bloodsim.report.wording import WORDS, span_words, title_of
from bloodsim.results import Results
from bloodsim.results.xlsxfile import Column, Sheet, Table, xlsx_bytes

TABS = {
    "own": ("简报", "Briefing"),
    "definitions": ("说明", "Definitions"),
    "status": ("状态", "Status"),
    "indicators": ("指标", "Indicators"),
    "comparison": ("方案比较", "Comparison"),
    "collection": ("采集计划", "Collection plan"),
    "transfers": ("调剂", "Transfers"),
    "assumptions": ("假设", "Assumptions"),
}
"""Names of the sheets, in order; of several runs, each with the run's number before it."""


def write_xlsx(
    runs: Results | Sequence[Results], path: str | Path, lang: Lang = "en", own: Own | None = None
) -> Path:
    """Write the workbook of one run or several; the same runs give the same bytes.

    Of `own`, title, organisation and paragraphs stand on a sheet of their own, the first.
    """
    runs = [runs] if isinstance(runs, Results) else list(runs)
    own = own or Own()
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    sheets = [_own(runs, lang, own)] if own.title or own.organisation or own.passages else []
    sheets += [_runs(runs, lang)] if len(runs) > 1 else []
    for number, results in enumerate(runs, start=1):
        sheets += _sheets(results, lang, f"{number} " if len(runs) > 1 else "")
    title = " · ".join(filter(None, [own.organisation, own.title or title_of(runs[0], lang)]))
    total = pick(lang, "合计", "Total")
    target.write_bytes(xlsx_bytes(sheets, title, runs[0].score_start, total))
    return target


def _own(runs: Sequence[Results], lang: Lang, own: Own) -> Sheet:
    """What somebody adds to the briefing: title, organisation, and a line per paragraph."""
    spans = dict.fromkeys(span_words(run, lang) for run in runs)
    facts = [pick(lang, "；", "; ").join(spans), pick(lang, *WORDS["simulated"])]
    lines = [("", " · ".join(facts))]
    for _, passage in own.passages:
        lines += [(passage.heading, line) for line in passage.lines[:1] or [""]]
        lines += [("", line) for line in passage.lines[1:]]
    return Sheet(
        pick(lang, *TABS["own"]),
        [
            Table(
                own.title or title_of(runs[0], lang),
                own.organisation,
                [
                    Column(pick(lang, "标题", "Heading"), [heading for heading, _ in lines]),
                    Column(pick(lang, "内容", "Text"), [text for _, text in lines]),
                ],
            )
        ],
    )


def _runs(runs: Sequence[Results], lang: Lang) -> Sheet:
    """What the runs are, in columns, and the indicators of each run's variants, in rows."""
    said = [dict(method.manifest(run, lang)) for run in runs]
    numbers = [str(number) for number in range(1, len(runs) + 1)]
    worlds = [len(run.replications) for run in runs]
    facts = Table(
        pick(lang, *WORDS["runs"]),
        pick(lang, *WORDS["not_paired"]),
        [
            Column(pick(lang, "运行", "Run"), numbers),
            Column(pick(lang, "标题", "Title"), [title_of(run, lang) for run in runs]),
            Column(pick(lang, "时段", "Period"), [span_words(run, lang) for run in runs]),
            Column(pick(lang, "重复次数", "Replications"), worlds, "count"),
            Column(pick(lang, "地区", "Regions"), [len(run.regions) for run in runs], "count"),
            *(
                Column(name, [items.get(name, "") for items in said])
                for name in (item.name for item in method.manifest(runs[0], lang)[:4])
            ),
        ],
    )
    columns: dict[str, Column] = {}
    labels: list[str] = []
    for number, run in zip(numbers, runs, strict=True):
        table = figure_sheets.indicators(run, lang)
        labels += [number] * table.rows
        for column in table.columns:
            old = columns.get(column.head)
            columns[column.head] = column if old is None else _longer(old, column)
    every = Table(
        pick(lang, *TABS["indicators"]),
        pick(lang, *WORDS["interval_note"]),
        [Column(pick(lang, "运行", "Run"), labels), *columns.values()],
    )
    return Sheet(pick(lang, *WORDS["runs"]), [facts, every])


def _longer(first: Column, second: Column) -> Column:
    """Two columns of one kind, one below the other."""
    forms = [
        [column.form] * len(column.values) if isinstance(column.form, str) else [*column.form]
        for column in (first, second)
    ]
    return Column(first.head, [*first.values, *second.values], forms[0] + forms[1])


def _sheets(results: Results, lang: Lang, number: str) -> list[Sheet]:
    made: dict[str, tuple[list[Table], int]] = {
        "definitions": (_definitions(results, lang), 1),
        "status": ([figure_sheets.status(results, lang)], 1),
        "indicators": ([figure_sheets.indicators(results, lang)], 3),
        "comparison": ([figure_sheets.comparison(results, lang)], 3),
        "collection": (plan_sheets.collection(results, lang), 1),
        "transfers": ([plan_sheets.transfers(results, lang)], 0),
        "assumptions": (_assumptions(results, lang), 1),
    }
    if len(results.variants) == 1:
        del made["comparison"]
    return [
        Sheet(f"{number}{pick(lang, *TABS[key])}", tables, frozen)
        for key, (tables, frozen) in made.items()
    ]


def _definitions(results: Results, lang: Lang) -> list[Table]:
    simulated = pick(lang, *WORDS["simulated"])
    facts = method.stress_items(results, lang)
    return [
        Table(
            title_of(results, lang),
            f"{span_words(results, lang)} · {len(results.replications)} "
            f"{pick(lang, *WORDS['replications'])} · {simulated}",
            [
                Column(pick(lang, "指标", "Indicator"), [indicator_label(k, lang) for k in KPIS]),
                Column(pick(lang, "含义", "Meaning"), [definition(k, lang) for k in KPIS]),
                Column(
                    pick(lang, "单位", "Unit"),
                    [_unit(kpi.unit, lang) for kpi in KPIS.values()],
                ),
            ],
        ),
        _listed(pick(lang, *WORDS["method"]), pick(lang, *WORDS["stress"]), facts, lang),
        _listed(pick(lang, *WORDS["manifest"]), "", method.manifest(results, lang), lang),
    ]


def _unit(unit: str, lang: Lang) -> str:
    own = pick(lang, "产品单位", "product unit")
    return unit_words(unit, lang).replace("{unit}", own)


def _listed(title: str, note: str, items: Sequence[method.Item], lang: Lang) -> Table:
    return Table(
        title,
        note,
        [
            Column(pick(lang, "项目", "Item"), [item.name for item in items]),
            Column(pick(lang, "内容", "What"), [item.text for item in items]),
        ],
    )


def _assumptions(results: Results, lang: Lang) -> list[Table]:
    kinds = method.inputs(results, lang)
    heads = [pick(lang, *WORDS[key]) for key in ("kind", "count", "share", "confidence")]
    counts, shares = method.input_counts(results)
    levels = [
        (product_name(results, product, lang), level_label(level, lang), float(below))
        for product in results.products
        for level, below in results.alert_levels(product).items()
    ]
    weights = [
        (weight_label(key, lang), float(value))
        for key, value in results.manifest["cost_weights"].items()
        if isinstance(value, int | float)
    ]
    warnings = [str(text) for text in results.manifest.get("warnings", ())]
    tables = [
        Table(
            pick(lang, *WORDS["inputs"]),
            method.calendar(results, lang),
            [
                Column(heads[0], [kind for kind, *_ in kinds]),
                Column(heads[1], counts, "count", summed=True),
                Column(heads[2], shares, "share"),
                Column(heads[3], [confidence for *_, confidence in kinds]),
            ],
        ),
        Table(
            pick(lang, "预警级别", "Alert levels"),
            pick(lang, "库存天数低于此值即进入该级别", "Cover in days below which a level applies"),
            [
                Column(pick(lang, "产品", "Product"), [row[0] for row in levels]),
                Column(pick(lang, "级别", "Level"), [row[1] for row in levels]),
                Column(
                    pick(lang, "低于（天）", "Below (days)"), [row[2] for row in levels], "fine"
                ),
            ],
        ),
        Table(
            pick(lang, "代价权重", "Cost weights"),
            pick(lang, "权重分，不是金额", "Points, never money"),
            [
                Column(pick(lang, "每项", "Each"), [row[0] for row in weights]),
                Column(pick(lang, "分", "Points"), [row[1] for row in weights], "weight"),
            ],
        ),
    ]
    if warnings:
        head = pick(lang, *WORDS["warnings"])
        tables.append(Table(head, "", [Column(head, warnings)]))
    return tables
