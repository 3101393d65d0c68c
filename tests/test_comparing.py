"""Commands on saved runs: paired differences in words, and a run repeated byte for byte."""

import json
import math

import pytest
from ruamel.yaml import YAML
from worlds import three_provinces

from bloodsim.cli import execute
from bloodsim.cli.comparing import _named, baseline_of
from bloodsim.results import Results
from bloodsim.results.comparison import words


@pytest.fixture
def saved(tmp_path):
    scenario = three_provinces(run__score_end="2026-02-14", run__warmup_days=6)
    file, folder = tmp_path / "s.yaml", tmp_path / "run"
    with file.open("w", encoding="utf-8") as stream:
        YAML().dump(json.loads(json.dumps({"schema_version": 1, **scenario.raw})), stream)
    assert execute(["run", str(file), "-n", "3", "--out", str(folder), "--quiet"]) == 0
    return file, folder


@pytest.mark.parametrize(
    ("kpi", "mean", "half_width", "said"),
    [
        ("cost", -5, 2, "better"),
        ("cost", 5, 2, "worse"),
        ("cost", 5, 6, "no difference shown"),
        ("cost", 5, 5, "no difference shown"),
        ("cost", 5, math.nan, "no difference shown"),
        ("cost", 0, 0, "equal"),
        ("min_cover_days", 1, 0.5, "better"),
        ("worst_region_fill_rate", -1, 0.5, "worse"),
        ("shipments", -9, 1, "lower"),
        ("donations", 9, 1, "higher"),
    ],
)
def test_a_difference_in_words(kpi, mean, half_width, said):
    assert words(kpi, mean, half_width) == said


def test_compare_gives_the_paired_differences(saved, capsys):
    _, folder = saved
    capsys.readouterr()
    assert execute(["compare", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["baseline"] == "none"
    frame = Results.load(folder).compare("none")
    for variant, rows in found["variants"].items():
        for kpi, row in rows.items():
            expected = frame[(frame.variant == variant) & (frame.kpi == kpi)].iloc[0]
            assert row["mean_difference"] == expected.mean_difference
            assert row["words"] == words(
                kpi.partition(".")[0], expected.mean_difference, expected.half_width
            )
    assert execute(["compare", str(folder), "--baseline", "proportional"]) == 0
    assert "share_surplus" in capsys.readouterr().out
    assert execute(["compare", str(folder), "--baseline", "proportionel"]) == 3
    assert "no variant 'proportionel'" in capsys.readouterr().err
    assert execute(["compare", str(folder.parent / "nothing")]) == 3


def test_rerun_finds_the_same_bytes_and_tells_others(saved, capsys):
    file, folder = saved
    capsys.readouterr()
    arguments = ["rerun", str(folder), "--scenario", str(file), "--json"]
    assert execute(arguments) == 0
    assert json.loads(capsys.readouterr().out)["same"] is True
    manifest = folder / "manifest.json"
    content = json.loads(manifest.read_text("utf-8"))
    content["seed"] += 1
    manifest.write_text(json.dumps(content), "utf-8")
    assert execute(arguments) == 3
    assert "manifest.json has changed" in capsys.readouterr().out
    del content["digest"]
    manifest.write_text(json.dumps(content), "utf-8")
    assert execute(arguments) == 3
    assert json.loads(capsys.readouterr().out)["files"][-1] == "tables/transfers.parquet"
    assert execute([*arguments[:-1], "-s", "cost.outdated=9"]) == 3
    assert "is not the one of" in capsys.readouterr().err
    content["scenario"]["name"] = "my-study"
    manifest.write_text(json.dumps(content), "utf-8")
    assert execute(["rerun", str(folder)]) == 3
    said = capsys.readouterr().err
    assert said.startswith("results\n")
    assert "--scenario my-study/scenario.yaml" in said


def test_a_rule_is_compared_at_its_own_level_of_need():
    known = ("practice_unmet_0", "practice_unmet_5", "proportional_unmet_0", "proportional_unmet_5")
    assert baseline_of("proportional_unmet_5", known, known[0]) == "practice_unmet_5"
    assert baseline_of("proportional_unmet_0", known, known[0]) == "practice_unmet_0"
    drawn = ("practice", "proportional", "practice_sampled", "proportional_sampled")
    assert baseline_of("proportional_sampled", drawn, "practice") == "practice_sampled"
    assert baseline_of("proportional", drawn, "practice") == "practice"


def test_a_run_at_several_unmet_shares_is_compared_and_repeated(saved, tmp_path, capsys):
    file, _ = saved
    folder = tmp_path / "levels"
    line = ["run", str(file), "-n", "2", "--unmet", "0,2.5", "--variant", "none,proportional"]
    assert execute([*line, "--out", str(folder), "--quiet"]) == 0
    capsys.readouterr()
    assert execute(["compare", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["baselines"]["proportional_unmet_2p5"] == "none_unmet_2p5"
    cost = found["variants"]["proportional_unmet_2p5"]["cost"]["mean_difference"]
    frame = Results.load(folder).compare("none_unmet_2p5")
    row = frame[(frame.variant == "proportional_unmet_2p5") & (frame.kpi == "cost")].iloc[0]
    assert cost == row.mean_difference
    assert execute(["rerun", str(folder), "--scenario", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["same"]


def test_the_name_of_a_run_says_its_study():
    assert _named("spring-festival-2026-tight") == ("spring-festival-2026", "tight")
    assert _named("spring-festival-2026-tight-wave") == ("spring-festival-2026", "tight,wave")
    assert _named("minimal") == ("minimal", "")
