"""The same variants at several unmet shares: worlds, chart, and what is refused."""

from __future__ import annotations

import pytest
import typer
from synthetic_results import synthetic_results
from worlds import three_provinces

from bloodsim.cli.running import _at_levels
from bloodsim.experiment import simulate
from bloodsim.plots import plot_unmet_levels
from bloodsim.results import Results
from bloodsim.scenario import ScenarioError
from bloodsim.scenario.unmet import with_unmet_levels

RULES = {
    "overrides": {"share": {"policies": {"transfer": {"kind": "proportional"}}}},
    "variants": {"practice": [], "proportional": ["share"]},
}


def test_every_variant_at_every_level():
    scenario = with_unmet_levels(
        three_provinces(**RULES), [0, 0.03, 0.025], list(RULES["variants"])
    )
    assert list(scenario.variants) == [
        f"{rule}_unmet_{level}"
        for rule in ("practice", "proportional")
        for level in ("0", "3", "2p5")
    ]
    variant = scenario.variant("proportional_unmet_3")
    assert variant.policies.transfer.kind == "proportional"
    assert variant.demand["red_cells"].unmet_share == 0.03
    assert variant.demand["platelets"].unmet_share == 0
    only = with_unmet_levels(three_provinces(**RULES), variants=["practice"])
    assert [v.rpartition("_")[2] for v in only.variants] == ["0", "1", "3", "5"]


def test_more_is_asked_for_of_the_same_donors_and_the_manifest_says_so():
    results = simulate(with_unmet_levels(three_provinces(**RULES), [0, 0.2], ["practice"]), 2)
    asked = results.totals["requested"].sum(["region", "replication"]).sel(product="red_cells")
    assert float(asked[1] / asked[0]) == pytest.approx(1.25, rel=0.05)
    levels = [facts["unmet_share"]["red_cells"] for facts in results.manifest["variants"].values()]
    assert levels == [0, 0.2]


def test_variants_that_rest_on_another_rest_on_its_twin():
    again = {"policies": {"collection": {"kind": "frozen", "of": "practice"}}}
    calendar = {"policies": {"collection": {"kind": "optimized", "reference": "practice"}}}
    rules = {
        "overrides": {**RULES["overrides"], "again": again, "calendar": calendar},
        "variants": {"practice": [], "same": ["share", "again"], "planned": ["calendar"]},
    }
    scenario = with_unmet_levels(three_provinces(**rules), [0, 0.2])
    assert scenario.variant("same_unmet_20").policies.collection.of == "practice_unmet_20"
    assert scenario.variants["planned_unmet_0"] == ("calendar_unmet_0", "unmet_0")
    planned = scenario.overrides["calendar_unmet_0"]["policies"]["collection"]
    assert planned["reference"] == "practice_unmet_0"
    results = simulate(scenario, 2, variants=["practice_unmet_20", "same_unmet_20"])
    given = results.collection["donations"]
    assert (given[0] == given[1]).all()


def test_a_variant_that_rests_on_another_wants_it_compared_too():
    again = {"policies": {"collection": {"kind": "frozen", "of": "practice"}}}
    rules = {
        "overrides": {**RULES["overrides"], "again": again},
        "variants": {"practice": [], "same": ["share", "again"]},
    }
    with pytest.raises(ScenarioError) as caught:
        with_unmet_levels(three_provinces(**rules), [0, 0.2], ["same"])
    (problem,) = caught.value.problems
    assert problem.message == "rests on 'practice', which is not among the variants to compare"
    assert problem.hint == "compare practice,same"


@pytest.mark.parametrize(
    ("levels", "names", "message"),
    [
        ([0, 0.6], None, "unmet_share"),
        ([0, -0.1], None, "unmet_share"),
        ([0, 0.1], ["x"], "unknown"),
    ],
)
def test_nonsense_is_refused(levels, names, message):
    def every_variant():
        scenario = with_unmet_levels(three_provinces(**RULES), levels, names)
        return [scenario.variant(name) for name in scenario.variants]

    with pytest.raises(ScenarioError, match=message):
        every_variant()


@pytest.mark.parametrize("text", ["1", "1,1", "a,b", ""])
def test_the_command_wants_two_levels(text):
    with pytest.raises(typer.BadParameter):
        _at_levels(three_provinces(**RULES), text, None)


def test_the_chart_draws_what_was_simulated_in_both_languages(tmp_path):
    names = tuple(
        f"{rule}_unmet_{level}" for rule in ("practice", "proportional") for level in (0, 5)
    )
    made = synthetic_results(variants=names)
    facts = {name: {"unmet_share": {"red_cells": int(name[-1]) / 100}} for name in names}
    results = Results(made.tables, {**made.manifest, "variants": facts})
    chart = plot_unmet_levels(results)
    summary = results.kpi_summary()
    drawn = chart.data.set_index(["variant", "unmet_share", "kpi"])["mean"]
    kpi = "shortage_rate.red_cells"
    for name in names:
        key = (name.partition("_unmet_")[0], int(name[-1]) / 100, kpi)
        assert drawn[key] == pytest.approx(100 * summary[name][kpi]["mean"])
    assert len(chart.ax.child_axes) == 6
    for lang in ("en", "zh"):
        first = plot_unmet_levels(results, lang=lang).save(tmp_path / "one")
        again = plot_unmet_levels(results, lang=lang).save(tmp_path / "two")
        assert [a.read_bytes() for a in first] == [b.read_bytes() for b in again]
    with pytest.raises(ValueError, match="run --unmet"):
        plot_unmet_levels(made)


def test_intervals_end_at_zero_and_no_title_leaves_the_chart():
    names = ("practice_unmet_0", "practice_unmet_5")
    made = synthetic_results(variants=names)
    facts = {name: {"unmet_share": {"red_cells": int(name[-1]) / 100}} for name in names}
    for lang in ("en", "zh"):
        chart = plot_unmet_levels(
            Results(made.tables, {**made.manifest, "variants": facts}), lang=lang
        )
        figure = chart.ax.figure
        figure.canvas.draw()
        for panel in chart.ax.child_axes:
            bars = panel.collections[0].get_segments()
            assert min(float(end[1]) for bar in bars for end in bar) >= 0
            title = panel._left_title.get_window_extent()
            assert title.x1 <= figure.bbox.x1, panel.get_title(loc="left")
