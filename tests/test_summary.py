"""The first page of a briefing: every product that may run short, and no benefit unshown."""

from __future__ import annotations

import pytest
from synthetic_results import synthetic_results

from bloodsim import metrics
from bloodsim.plots.choice import proposal, reference
from bloodsim.report.adoption import adoption
from bloodsim.report.summary import decisions, others, status_head
from bloodsim.results import Results


@pytest.fixture(scope="module")
def results() -> Results:
    return synthetic_results(days=40)


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "Platelets: cover lowest on"), ("zh", "血小板：")], ids=["en", "zh"]
)
def test_products_with_alert_levels_have_a_status_the_worst_supplied_first(
    results: Results, lang: str, said: str
) -> None:
    lines = others(results, lang)  # type: ignore[arg-type]
    assert [line for line in lines if line.startswith(said)]
    unmet = metrics.shortage_rate(results).sel(variant="none").mean("replication")
    worst = str(unmet["product"].values[int(unmet.argmax("product"))])
    most = "the most of all products" if lang == "en" else "为各产品之首"
    assert any(most in line for line in lines) == (worst != "red_cells")
    assert "2026" in status_head(results, lang)  # type: ignore[arg-type]


def test_the_reference_against_itself_shows_no_benefit(results: Results) -> None:
    said = adoption(results, "red_cells", "none", "none", "en")
    assert "no clear benefit shown (8 worlds)" in said
    assert "未显示明确收益（8 次模拟）" in adoption(results, "red_cells", "none", "none", "zh")


def test_adoption_says_what_the_paired_cost_shows(results: Results) -> None:
    base, best = reference(results), proposal(results, "red_cells")
    cost = metrics.cost(results)
    found = metrics.interval((cost.sel(variant=best) - cost.sel(variant=base)).values)
    clear = abs(found.mean) > found.half_width
    said = decisions(results, {}, "en")[0]
    assert said == adoption(results, "red_cells", base, best, "en")
    assert ("no clear benefit" in said) == (not clear)
    assert ("clearly costs" in said) == clear
    one = synthetic_results(days=20, replications=(0,))
    assert "no clear benefit shown (1 world)" in decisions(one, {}, "en")[0]
