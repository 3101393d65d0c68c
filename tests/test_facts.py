"""The facts table: every fact is measured, roles are honest, ranges decide."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import typer

from bloodsim import facts as facts_of
from bloodsim.cli import facts_table
from bloodsim.cli.doctor import _seeds, doctor
from bloodsim.data import rows
from bloodsim.facts import Fact, Finding, facts
from bloodsim.facts.measures import FEAST, MEASURES
from bloodsim.facts.worlds import EPIDEMIC, SURGE, shocked
from bloodsim.load import load
from bloodsim.metrics.intervals import Interval
from bloodsim.model.world import compile_world


def fact(low=1.0, high=2.0, **changes):
    base = {"key": "k", "fact": "f", "unit": "%", "read": "1-2", "role": "emergent", "source": "s",
            "confidence": "high", "note": "why"}  # fmt: skip
    return Fact(low=low, high=high, **(base | changes))


def test_every_fact_has_a_measure_a_role_and_a_source():
    table = facts()
    assert [f.key for f in table] == list(MEASURES)
    assert {f.role for f in table} == {"input", "fitted", "emergent"}
    assert all(f.source and f.confidence and f.unit and f.read for f in table)
    assert all(not f.has_target or not f.low > f.high for f in table)
    feasts = {row["lunar_new_year"] for row in rows("spring_festival.csv")}
    assert {day.isoformat() for day in FEAST.values()} <= feasts


@pytest.mark.parametrize(
    ("mean", "half", "expected"),
    [(1.5, 0.1, "yes"), (1, 0.1, "yes"), (2.1, 0.2, "unclear"), (2.3, 0.2, "no"), (0.7, 0.2, "no"),
     (0.9, math.nan, "no"), (math.nan, 0.1, "–")],
)  # fmt: skip
def test_a_fact_holds_where_the_mean_is_inside(mean, half, expected):
    assert Finding(fact(), Interval(mean, half, 8)).inside == expected


def test_open_ranges():
    assert fact(math.nan, 0.0).holds(Interval(-3, 0.1, 8)) == "yes"
    assert fact(math.nan, math.nan).holds(Interval(-3, 0.1, 8)) == "–"


def test_the_table_says_what_is_outside_and_marks_the_roles():
    inside = Finding(fact(fact="good"), Interval(1.5, 0.1, 8))
    outside = Finding(fact(key="o", fact="bad", role="fitted"), Interval(9, 0.1, 8))
    text = "\n".join(facts_table.table({1: [inside, outside], 2: [inside, outside]}))
    assert "seed 1" in text
    assert "seed 2" in text
    assert "outside: bad: 1-2 % was read (why)" in text
    assert "outside: good" not in text
    assert "with care: good: why" in text
    reaching = Finding(fact(fact="near"), Interval(2.05, 0.1, 8))
    long = Finding(fact(fact="a fact of many words " * 4), Interval(1.5, 0.1, 8))
    assert max(map(len, facts_table.table({1: [long]})[:6])) <= 120
    assert "unclear: near: 1-2 % was read" in "\n".join(facts_table.table({1: [reaching]}))
    assert (
        text.index("Emergent") < text.index("good") < text.index("Fitted") < text.index("bad (%)")
    )


def test_the_shocks_of_the_facts_change_turnout_alone():
    national = shocked(load("national-2026"))
    usual, epidemic, surge = (
        compile_world(national.variant(name)) for name in ("practice", "epidemic", "surge")
    )
    assert np.array_equal(
        usual.products[0].demand_mean_units, epidemic.products[0].demand_mean_units
    )
    zhejiang = usual.regions.index("ZJ")
    campus = [channel.name for channel in usual.channels].index("campus")
    ratio = epidemic.channels[campus].invited_mean / usual.channels[campus].invited_mean
    day = (date.fromisoformat(EPIDEMIC[0]) - usual.start).days
    assert ratio[day, zhejiang] == pytest.approx(0.33)
    assert ratio[day, zhejiang - 1] == pytest.approx(0.6)
    assert ratio[day - 1, zhejiang] == 1
    ratio = surge.channels[campus].invited_mean / usual.channels[campus].invited_mean
    assert ratio[(date.fromisoformat(SURGE[0]) - usual.start).days] == pytest.approx(1.68)


def test_the_facts_are_measured_in_a_run():
    """Two replications: what is an input comes out, and no figure is missing."""
    found = {f.fact.key: f for f in facts_of.findings(replications=2, seed=3)}
    assert all(math.isfinite(f.simulated.mean) for f in found.values())
    for key in ("gift", "usable_share", "into_beijing", "platelets_issued", "red_cells_issued"):
        assert found[key].inside == "yes", key
    shares = [found[key].simulated.mean for key in ("green", "blue", "yellow", "orange", "red")]
    assert sum(shares) == pytest.approx(100)
    assert found["surge_week"].simulated.mean > 30
    assert found["surge_trough"].simulated.mean < 0
    assert found["epidemic_year"].simulated.mean > 0


def test_doctor_prints_the_facts_as_json(monkeypatch, capsys):
    seen = []

    def findings(replications, seed, workers):
        seen.append((replications, seed, workers))
        return [Finding(fact(), Interval(1.5, 0.1, replications))]

    monkeypatch.setattr(facts_of, "findings", findings)
    doctor(as_json=True, facts=True, replications=4, seeds="7,8", workers=1)
    assert seen == [(4, 7, 1), (4, 8, 1)]
    row = json.loads(capsys.readouterr().out)["facts"][0]
    assert [each["seed"] for each in row["simulated"]] == [7, 8]
    assert row["simulated"][0]["inside"] == "yes"
    for text in ("1,x", "-2"):
        with pytest.raises(typer.BadParameter):
            _seeds(text)


def test_what_the_month_index_was_made_from_is_not_emergent():
    made_from = next(
        r["source"] for r in rows("seasonality.csv") if r["series"] == "collection_month"
    )
    roles = {f.key: f.role for f in facts()}
    for key, words in (
        ("share_2025", "Jan-Apr 2021 30.6%"),
        ("share_may_2025", "Jan-May 2021 39.3%"),
    ):
        assert words in made_from
        assert roles[key] == "input"
    assert roles["share_2026"] != "emergent"
    assert roles["fall_2026"] == "fitted"
    assert roles["fall_2025"] == "emergent"


def test_the_printed_table_has_the_roles_of_the_facts():
    import bloodsim.data

    page = (Path(bloodsim.data.__file__).parent / "README.md").read_text("utf-8")
    for f in facts():
        line = next(x for x in page.splitlines() if x.startswith(f"| {f.fact} ({f.unit}) |"))
        assert line.endswith(f"| {f.role} |"), f.key


def test_a_derived_figure_is_not_said_to_be_read():
    derived = Finding(fact(source="derived from profiles"), Interval(9, 0.1, 8))
    assert "was derived (why)" in "\n".join(facts_table.table({1: [derived]}))
