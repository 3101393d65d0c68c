"""A scenario as Jupyter shows it: what it is about, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bloodsim.html_table import both, table
from bloodsim.labels import variant_label

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

_MOST = 8


def as_html(scenario: Scenario) -> str:
    """A small table: span, regions, products, channels, variants, luck."""
    run = scenario.run
    regions = [both(r.name_zh, r.name_en, name) for name, r in scenario.regions.items()]
    more = f" … {len(regions) - _MOST} more" if len(regions) > _MOST else ""
    products = [
        f"{both(p.label.zh, p.label.en, name)} ({p.unit_label.en or 'U'})"
        for name, p in scenario.products.items()
    ]
    channels = [both(c.label.zh, c.label.en, name) for name, c in scenario.channels.items()]
    variants = [both(variant_label(v, "zh"), variant_label(v, "en")) for v in scenario.variants]
    days = (run.score_end - run.score_start).days + 1
    rows = [
        ("scored days · 计分时段", f"{run.score_start} – {run.score_end} ({days})"),
        (f"regions · 地区 ({len(regions)})", ", ".join(regions[:_MOST]) + more),
        ("products · 产品", ", ".join(products)),
        ("channels · 采集渠道", ", ".join(channels) or "–"),
        ("variants · 方案", ", ".join(variants) or "–"),
        ("seed · 随机种子", str(run.seed)),
    ]
    title = both(scenario.title.zh, scenario.title.en, scenario.name)
    return table(f"{title} [{scenario.name}, {scenario.variant_name}]", (), rows)
