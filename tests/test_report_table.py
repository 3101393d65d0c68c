"""Layout of what `run` prints: sentences that wrap, tables that do not fit, fill rates."""

from __future__ import annotations

import math

from synthetic_results import synthetic_results

from bloodsim import metrics
from bloodsim.cli.report_table import headlines, indicator_lines, wrapped


def test_a_sentence_wraps_set_in_and_keeps_number_and_percent_sign_together() -> None:
    line = "  some week: 12.5 % of requests given up, most units in Beijing (1.5 % of its own)"
    for width in range(24, 90):
        parts = wrapped(line, width)
        assert all(len(part) <= width and not part.lstrip().startswith("%") for part in parts)
        assert all(part.startswith("      ") for part in parts[1:])
        assert " ".join(part.strip() for part in parts) == line.strip()
    assert wrapped(line, 200) == [line]


def test_a_fill_rate_that_is_not_full_is_not_shown_as_full() -> None:
    results = synthetic_results(days=20)
    said = next(line for line in headlines(results) if line.startswith("lowest fill rates"))
    short = metrics.shortage_rate(results, by="region")
    short = short.sel(variant=results.variants[0], product=results.products[0])
    filled = 100 * (1 - float(short.mean("replication").max()))
    assert f"{math.floor(10 * filled) / 10:.1f} %" in said


def test_variants_that_do_not_fit_stand_below_an_empty_line() -> None:
    results = synthetic_results(days=20)
    lines = indicator_lines(results, 20, every=False)
    heads = [i for i, line in enumerate(lines) if line.endswith(tuple(results.variants))]
    assert len(heads) > len(results.products)
    assert all(lines[i - 1] == "" for i in heads)


def test_every_product_with_alert_levels_has_its_headlines() -> None:
    results = synthetic_results(days=20)
    said = "\n".join(headlines(results))
    assert "lowest fill rates of red cells under none" in said
    assert "lowest fill rates of platelets under none" in said
    assert "none: lowest regional-mean cover of platelets" in said
