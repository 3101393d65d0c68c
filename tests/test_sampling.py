"""Drawn parameters: within their ranges, the same in any company, and off means off."""

import json

import numpy as np
import pytest
from worlds import three_provinces

from bloodsim.cli import execute
from bloodsim.experiment import simulate
from bloodsim.labels import variant_label
from bloodsim.load import load
from bloodsim.load.inputs import confidence_of
from bloodsim.plots import plot_fan
from bloodsim.results.bands import SUFFIX, band, bands
from bloodsim.sampling import ParameterRanges
from bloodsim.scenario import ScenarioError

SHORT = {"run__score_end": "2026-02-14", "run__warmup_days": 6}


def world(**changes):
    return three_provinces(**SHORT, **changes)


def totals(results, variant):
    return results.totals.sel(variant=variant).drop_vars("variant")


def test_the_confidence_of_a_number_is_that_of_the_last_note_that_speaks_of_it():
    scenario = load("national-2026")
    assert confidence_of(scenario, ("regions", "BJ", "donors_per_day", "street")) == "medium"
    assert confidence_of(scenario, ("regions", "TJ", "donors_per_day", "street")) == "low"
    assert confidence_of(scenario, ("regions", "TJ", "population")) == "high"
    assert confidence_of(world(), ("regions", "north", "demand_per_day", "red_cells")) == "low"


def test_draws_stay_within_their_ranges_and_use_them():
    notes = [{"path": "regions.south.donors_per_day.*", "kind": "read", "confidence": "high"}]
    scenario = world(inputs=notes)
    ranges = ParameterRanges.of(scenario)
    ratios = {name: [] for name in scenario.regions}
    for replication in range(300):
        drawn = ranges.draw(1, replication)
        for name, region in scenario.regions.items():
            other = drawn.regions[name]
            size = other.donors_per_day["street"] / region.donors_per_day["street"]
            use = other.demand_per_day["red_cells"] / region.demand_per_day["red_cells"]
            assert other.donors_per_day["apheresis"] / region.donors_per_day["apheresis"] == (
                pytest.approx(size)
            )
            assert abs(use / size - 1) <= 0.03 + 1e-12
            assert abs(other.feast_amplitude - 1) <= 0.15
            ratios[name].append(size)
    for name, half_width in (("north", 0.15), ("south", 0.02), ("west", 0.15)):
        spread = np.array(ratios[name]) - 1
        assert np.abs(spread).max() <= half_width + 1e-12
        assert spread.std() == pytest.approx(half_width / np.sqrt(3), rel=0.12)
        assert abs(spread.mean()) < 4 * half_width / np.sqrt(3 * 300)
    assert abs(np.corrcoef(ratios["north"], ratios["west"])[0, 1]) < 0.2


def test_a_draw_depends_on_seed_replication_and_region_alone():
    scenario = world()
    one = ParameterRanges.of(scenario).draw(1, 5)
    fewer = scenario.set("routes.distances_km", None).set("regions.west", None)
    alone = ParameterRanges.of(fewer).draw(1, 5)
    assert alone.regions["south"] == one.regions["south"]
    assert ParameterRanges.of(scenario).draw(1, 6).regions["south"] != one.regions["south"]
    assert ParameterRanges.of(scenario).draw(2, 5).regions["south"] != one.regions["south"]


def test_what_is_not_drawn_is_bit_identical_and_what_is_drawn_differs():
    off = simulate(world(), 3)
    on = simulate(world(run__parameters="sampled"), 3)
    assert on.variants == (*off.variants, *(f"{v}_sampled" for v in off.variants))
    for variant in off.variants:
        assert totals(on, variant).equals(totals(off, variant))
        assert not totals(on, f"{variant}_sampled").equals(totals(off, variant))


def test_drawn_numbers_do_not_depend_on_block_workers_or_number():
    scenario = world(run__parameters="sampled")
    names = ["proportional"]
    many = simulate(scenario, 5, variants=names)
    few = simulate(scenario, 2, variants=names)
    small = simulate(scenario.set("run.block_replications", 2), 5, variants=names, workers=2)
    name = "proportional_sampled"
    assert totals(many, name).equals(totals(small, name))
    assert totals(many, name).sel(replication=[0, 1]).equals(totals(few, name))
    assert many.daily.sel(variant=name).equals(small.daily.sel(variant=name))


def test_ranges_of_zero_give_the_stated_world():
    nothing = {"high": 0, "medium": 0, "low": 0}
    scenario = world(
        run__parameters="sampled",
        uncertainty={"size_share": nothing, "balance_share": nothing, "feast_amplitude": 0},
    )
    results = simulate(scenario, 2, variants=["none"])
    assert totals(results, "none").equals(totals(results, "none_sampled"))


def test_a_replay_repeats_its_drawn_twin():
    frozen = {"policies": {"collection": {"kind": "frozen", "of": "none"}}}
    scenario = world(
        run__parameters="sampled",
        overrides={"replay": frozen},
        variants={"none": ["alone"], "replayed": ["equal", "replay"]},
    )
    collection = simulate(scenario, 2, variants=["none", "replayed"]).collection
    drawn = [collection.sel(variant=v).drop_vars("variant") for v in ("none", "replayed")]
    sampled = [
        collection.sel(variant=f"{v}_sampled").drop_vars("variant") for v in ("none", "replayed")
    ]
    assert drawn[0].equals(drawn[1])
    assert sampled[0].equals(sampled[1])
    assert not drawn[0].equals(sampled[0])


def test_a_variant_may_not_have_the_name_of_a_drawn_one():
    scenario = world(
        run__parameters="sampled", variants={"none": ["alone"], "none_sampled": ["equal"]}
    )
    with pytest.raises(ScenarioError, match="has the name of one with drawn parameters"):
        simulate(scenario, 1)


def test_bands_by_hand():
    assert band(range(101)) == pytest.approx((5, 95))
    assert np.isnan(band([np.nan])).all()
    assert bands(simulate(world(), 1, variants=["none"])) == {}


def test_the_summary_and_the_fan_show_both_bands(tmp_path, capsys):
    from ruamel.yaml import YAML

    file = tmp_path / "s.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML().dump(json.loads(json.dumps({"schema_version": 1, **world().raw})), stream)
    line = ["run", str(file), "-s", "run.parameters=sampled", "-n", "3", "--variant", "none"]
    assert execute([*line, "--out", str(tmp_path / "r")]) == 0
    said = capsys.readouterr().out
    assert "by luck and parameters" in said
    assert "90 % of 3 worlds" in said
    assert "the true bands are wider" in said
    assert execute([*line, "--out", str(tmp_path / "r"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["bands_90_percent"]["none"]["cost"]
    results = simulate(world(run__parameters="sampled"), 3, variants=["none"])
    assert tuple(found["luck"]) == bands(results)["none"]["cost"].luck
    chart = plot_fan(results)
    assert variant_label(f"none{SUFFIX}", "en").endswith(", parameters drawn")
    assert set(chart.data["variant"]) == {"none", "none_sampled"}
