"""Tuning: ranges as typed, a search without leak, the override that it writes."""

import json

import numpy as np
import pytest
from matplotlib.text import Text
from worlds import three_provinces

import bloodsim
from bloodsim.cli import execute
from bloodsim.experiment import simulate
from bloodsim.load import load
from bloodsim.metrics import cost
from bloodsim.plots import plot_surface
from bloodsim.scenario import ScenarioError
from bloodsim.tuning import Journal, Luck, tune
from bloodsim.tuning.evaluate import costs_of
from bloodsim.tuning.override import comments
from bloodsim.tuning.ranges import candidate, grid, parameters, patch
from bloodsim.tuning.search import best_of, refinements
from bloodsim.tuning.start import starting_point

RANGES = ["above_days=4:10:3", "below_days=2:6:2"]


@pytest.fixture(scope="module")
def scenario():
    return three_provinces(run__score_end="2026-02-20", run__warmup_days=8)


@pytest.fixture(scope="module")
def found(scenario):
    return tune(scenario, "share_surplus", RANGES, replications=4, rounds=1)


@pytest.fixture(scope="module")
def moved(found):
    """A tuning whose cheapest point is not where it started, whatever luck has shown."""
    from dataclasses import replace

    point = next(p for p in reversed(found.costs) if p != found.start_point)
    return replace(found, costs={**found.costs, point: found.costs[found.winner] - 1})


def problem(scenario, policy, ranges=(), **options):
    with pytest.raises(ScenarioError) as caught:
        tune(scenario, policy, ranges, replications=2, **options)
    return str(caught.value)


def test_the_scoring_seed_is_refused(scenario):
    seed = scenario.run.seed
    for seeds in ({"seeds": [seed]}, {"fresh_seeds": [5, seed]}):
        assert "scored with" in problem(scenario, "proportional", **seeds)
    assert "serves the search" in problem(scenario, "proportional", seeds=[8], fresh_seeds=[8])


def test_no_world_of_the_search_or_the_check_is_one_of_scoring(scenario, found):
    scoring = simulate(scenario, 4, variants=["share_surplus"])
    scored = set(cost(scoring).values.ravel().tolist())
    searched = set(found.costs[found.start_point].tolist())
    checked = set(found.fresh_costs[found.start_point].tolist())
    assert not scored & searched
    assert not scored & checked
    assert not searched & checked
    # The luck of scoring could change what is found only through the numbers of its seed.
    other = scenario.set("run.seed", 99)
    seeds = {"seeds": found.luck.seeds, "fresh_seeds": found.fresh.seeds}
    again = tune(other, "share_surplus", RANGES, replications=4, rounds=1, **seeds)
    assert {p: c.tolist() for p, c in again.costs.items()} == {
        p: c.tolist() for p, c in found.costs.items()
    }


def test_costs_are_those_of_an_ordinary_run_on_that_seed(scenario, found):
    seed = found.luck.seeds[0]
    ordinary = simulate(scenario, 4, seed, variants=["share_surplus"])
    expected = cost(ordinary).sel(variant="share_surplus").values
    assert found.costs[found.start_point].tolist() == expected.tolist()


def test_the_winner_is_the_cheapest_and_nothing_is_looked_at_twice(found):
    means = {point: c.mean() for point, c in found.costs.items()}
    assert found.winner == min(means, key=means.get)
    assert found.surface()["mean_cost"].is_monotonic_increasing
    assert found.surface().iloc[0]["difference"] == 0
    assert len(found.costs) > len(grid(found.tuned))  # the start or a refinement came on top
    assert all(4 <= a <= 10 and 2 <= b <= 6 for a, b in found.costs if (a, b) != found.start_point)


def test_combinations_that_the_scenario_forbids_are_left_out_and_counted(found):
    # above_days 4 is less than fill_to_days 6, whatever below_days is.
    assert found.left_out > 0
    assert all(above >= 6 for above, _ in found.costs)


def test_the_surface_is_paired_world_by_world(found):
    row = found.surface().iloc[-1]
    point = tuple(row[p.name] for p in found.tuned)
    paired = found.costs[point] - found.costs[found.winner]
    assert row["difference"] == pytest.approx(paired.mean())
    spread = 3.182446 * paired.std(ddof=1) / 2  # t(3, 97.5 %) over the root of four
    assert row["half_width"] == pytest.approx(spread, rel=1e-5)


def test_a_dearer_winner_gives_way_to_the_start(moved):
    from dataclasses import replace

    losing = {moved.start_point: np.zeros(4), moved.winner: np.array([1.0, 2.0, 1.0, 2.0])}
    unlucky = replace(moved, fresh_costs=losing)
    assert unlucky.winner != unlucky.start_point
    assert unlucky.chosen == unlucky.start_point
    assert unlucky.verdict.startswith("not confirmed")
    noise = {moved.start_point: np.zeros(4), moved.winner: np.array([-9.0, 8.0, -7.0, 6.0])}
    unsure = replace(moved, fresh_costs=noise)
    assert unsure.fresh_gain.mean < 0  # cheaper on average, but the interval holds 0
    assert unsure.verdict.startswith("no difference")
    assert unsure.kept_start
    assert unsure.chosen == unsure.start_point
    assert "the start values stay" in unsure.verdict
    text = " ".join(comments(unsure))
    cheapest = [f"{p.name} {v:g}" for p, v in zip(moved.tuned, moved.winner, strict=True)]
    assert f"Cheapest in the search, not taken: {', '.join(cheapest)}" in text
    sure = {moved.start_point: np.zeros(4), moved.winner: np.array([-9.0, -8.0, -9.0, -8.0])}
    clear = replace(moved, fresh_costs=sure)
    assert clear.verdict.startswith("better")
    assert clear.chosen == clear.winner
    assert "not taken" not in " ".join(comments(clear))


@pytest.mark.parametrize(("lang", "stay"), [("en", "start values stay"), ("zh", "沿用起始值")])
def test_the_chart_says_what_was_chosen(moved, lang, stay):
    from dataclasses import replace

    noise = {moved.start_point: np.zeros(4), moved.winner: np.array([-9.0, 8.0, -7.0, 6.0])}
    sure = {moved.start_point: np.zeros(4), moved.winner: np.array([-9.0, -8.0, -9.0, -8.0])}
    for costs, says in ((noise, True), (sure, False)):
        told = plot_surface(replace(moved, fresh_costs=costs).as_dict(), lang=lang)
        words = " ".join(text.get_text() for text in told.ax.figure.findobj(Text))
        assert (stay in words) is says


def test_the_yardstick_and_the_run_are_not_tuned(scenario):
    for path in ("cost.emergency_lost", "run.seed", "run.warmup_days"):
        assert "is no parameter of a rule" in problem(scenario, "proportional", [f"{path}=1:9:3"])


def test_costs_do_not_depend_on_workers_or_company(scenario):
    base = starting_point(scenario, "share_surplus").scenario
    tuned = parameters(base, ["above_days=7:10:2", "below_days=2:6:2"])
    worlds = Luck((7,), 4)
    several = [candidate(base, tuned, point) for point in grid(tuned)]
    together = costs_of(several, worlds, workers=2)
    alone = costs_of(several[2:3], worlds)
    assert together[2].tolist() == alone[0].tolist()


def test_parameters_of_the_world_are_tuned_by_path(scenario):
    path = "channels.street.regulation.gain"
    found = tune(scenario, "share_surplus", [f"{path}=0.2:1.4:3"], replications=2, rounds=0)
    assert len({tuple(c.tolist()) for c in found.costs.values()}) == 4  # the grid and the start
    assert patch(found.tuned, (0.2,))["channels"]["street"]["regulation"] == {"gain": 0.2}


def test_a_star_means_every_name_that_has_the_field(scenario):
    base = starting_point(scenario, "proportional").scenario
    (tuned,) = parameters(base, ["regions.*.donors_per_day.street=10:90"])
    assert [path[1] for path in tuned.paths] == ["north", "south", "west"]
    (gain,) = parameters(base, ["channels.*.regulation.gain=0:1"])
    assert [path[1] for path in gain.paths] == ["street"]  # apheresis is not regulated


@pytest.mark.parametrize(
    ("policy", "ranges", "said"),
    [
        ("share_surpluss", [], "did you mean 'share_surplus'?"),
        ("none", [], "has no parameters"),
        ("none", ["above_days=1:2"], "the policy 'none' has no parameter 'above_days'"),
        ("share_surplus", ["above_day=1:2"], "did you mean 'above_days'?"),
        ("share_surplus", ["above_days=-1:5"], "must be greater than 0"),
        ("proportional", ["review_days=1:61"], "must be at most 60"),
        ("proportional", ["review_days=0:6"], "must be at least 1"),
        ("proportional", ["review_days=1.5:6"], "must be a whole number"),
        ("proportional", ["tolerance_days=a:6"], "must be a number"),
        ("proportional", ["tolerance_days=nan:6"], "finite"),
        ("proportional", ["tolerance_days=6:1"], "runs from 6 to 1"),
        ("proportional", ["tolerance_days=1:6:1"], "2 to 101 steps"),
        ("share_surplus", ["above_days=1:2:2"], "above_days (2) is less than fill_to_days"),
        ("proportional", ["tolerance_days"], "cannot read the range"),
        ("proportional", ["tolerance_days=1:2", "tolerance_days=1:3"], "tuned twice"),
        ("proportional", ["channels.stret.first_hour=1:2"], "did you mean 'street'?"),
        ("proportional", ["products.red_cells.alerts.0=1:2"], "a list"),
        ("proportional", ["products.red_cells.source=1:2"], "no number"),
        ("proportional", ["tolerance_days=0:3:60", "review_days=1:60:60"], "3,600 candidates"),
    ],
)
def test_bad_input_is_named(scenario, policy, ranges, said):
    assert said in problem(scenario, policy, ranges)


def test_refinement_finds_the_low_between_the_points_of_a_grid(scenario):
    base = starting_point(scenario, "share_surplus").scenario
    tuned = parameters(base, ["above_days=4:12:5", "below_days=1:9:5"])

    def bowl(point):
        return (point[0] - 7.1) ** 2 + (point[1] - 4.3) ** 2

    means = {point: bowl(point) for point in grid(tuned)}
    before = best_of(means)
    for number in (1, 2):
        means |= {point: bowl(point) for point in refinements(tuned, means, number)}
    assert bowl(best_of(means)) < 0.05 < bowl(before)


def test_refinement_stays_inside_and_keeps_whole_numbers_whole(scenario):
    base = starting_point(scenario, "proportional").scenario
    tuned = parameters(base, ["review_days=1:7:3", "tolerance_days=0:2:3"])
    means = {point: point[0] + point[1] for point in grid(tuned)}
    for days, tolerance in refinements(tuned, means, 1):
        assert isinstance(days, int)
        assert 1 <= days <= 7
        assert 0 <= tolerance <= 2


def write(tmp_path, scenario):
    from ruamel.yaml import YAML

    path = tmp_path / "study" / "mine.yaml"
    path.parent.mkdir()
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(json.loads(json.dumps({"schema_version": 1, **scenario.raw})), file)
    return path


def test_the_command_writes_a_file_that_extends_and_runs(tmp_path, scenario, capsys):
    file, out = write(tmp_path, scenario), tmp_path / "found" / "tuned.yaml"
    line = f"tune {file} --policy share_surplus --params {','.join(RANGES)} -n 2 --rounds 0 -j 1"
    assert execute([*line.split(), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    written = load(out)
    assert list(written.variants)[-1] == "tuned_share_surplus"
    transfer = written.variant("tuned_share_surplus").policies.transfer
    assert {name: getattr(transfer, name) for name in said["chosen"]} == said["chosen"]
    assert transfer.fill_to_days == 6  # what was not tuned is the variant's
    assert written.variant("none").hash == scenario.variant("none").hash
    assert sorted(p.name for p in out.parent.iterdir()) == [
        "tuned-surface.csv",
        "tuned-surface.png",
        "tuned-surface.svg",
        "tuned.yaml",
    ]
    assert f"scored with seed {scenario.run.seed}" in out.read_text("utf-8")
    assert execute([*line.split(), "--out", str(out)]) == 2  # never over a file without --force
    assert "--force" in capsys.readouterr().err


def test_a_study_is_what_is_searched(tmp_path, scenario, capsys):
    """Half the collection costs more, and the same as the override written into the scenario."""
    half = {region: {"donors_per_day": {"street": 40}} for region in scenario.regions}
    file = write(tmp_path, scenario.set("overrides", {"half": {"regions": half}}))
    line = f"tune {file} --policy share_surplus --params above_days=4:10:2 -n 2 --rounds 0 -j 1"
    means = {}
    for study in ("", "half"):
        out = tmp_path / f"of{study}.yaml"
        assert execute([*line.split(), "--study", study, "--out", str(out), "--json"]) == 0
        means[study] = json.loads(capsys.readouterr().out)
    assert means["half"]["surface"] != means[""]["surface"]
    tuned = load(tmp_path / "ofhalf.yaml")
    region = next(iter(scenario.regions))
    assert tuned.variant("tuned_share_surplus").regions[region].donors_per_day["street"] == 40
    assert execute([*line.split(), "--study", "hlaf", "--out", str(tmp_path / "t.yaml")]) == 3
    assert "half" in capsys.readouterr().err


def test_a_bad_range_leaves_nothing_behind(tmp_path, scenario, capsys):
    file = write(tmp_path, scenario)
    out = tmp_path / "found" / "t.yaml"
    line = ["tune", str(file), "--policy", "proportional", "--params", "review_days=1:99"]
    assert execute([*line, "--out", str(out)]) == 3
    assert "params.review_days" in capsys.readouterr().err
    assert not out.parent.exists() or not any(out.parent.iterdir())


def test_an_interrupted_search_goes_on_where_it_was(tmp_path, scenario, monkeypatch, capsys):
    from bloodsim.tuning import evaluate

    file, out = write(tmp_path, scenario), tmp_path / "t.yaml"
    line = f"tune {file} --policy share_surplus --params {','.join(RANGES)} -n 2 --rounds 0 -j 1"
    arguments = [*line.split(), "--out", str(out)]
    whole, calls = evaluate.score_block, []

    def interrupted(block):
        calls.append(block)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(block)

    monkeypatch.setattr(evaluate, "score_block", interrupted)
    assert execute(arguments) == 130
    assert "run the same command to go on" in capsys.readouterr().err
    assert [p.name for p in tmp_path.glob("*t.*")] == [".t.partial.json"]
    monkeypatch.setattr(evaluate, "score_block", lambda block: calls.append(block) or whole(block))
    assert execute(arguments) == 0
    done, lost, *rest = [(block.seed, block.first) for block in calls]
    assert done not in rest  # not simulated again
    assert lost in rest
    assert not list(tmp_path.glob("*.partial.json"))
    text = out.read_text("utf-8")
    out.unlink()
    monkeypatch.setattr(evaluate, "score_block", whole)
    assert execute(arguments) == 0
    assert out.read_text("utf-8") == text


def test_a_journal_of_other_programs_is_not_believed(tmp_path):
    path = tmp_path / "j.json"
    Journal(path).add({"a/1/0-1": [1.0, 2.0]})
    assert Journal.at(path).known == {"a/1/0-1": [1.0, 2.0]}
    path.write_text(path.read_text("utf-8").replace(bloodsim.__version__, "0.0.0", 1), "utf-8")
    assert Journal.at(path).known == {}
    path.write_text("{", "utf-8")
    assert Journal.at(path).known == {}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_surface_is_drawn_and_holds_what_was_found(found, lang, tmp_path):
    chart = plot_surface(found.as_dict(), lang=lang)
    assert len(chart.data) == len(found.costs)
    one, two = (plot_surface(found.as_dict(), lang=lang).save(tmp_path / n)[0] for n in "ab")
    assert one.read_bytes() == two.read_bytes()
    single = {**found.as_dict(), "parameters": {"above_days": {"low": 4, "high": 10}}}
    assert plot_surface(single, lang=lang).ax.get_xlabel() == "above_days"
    three = {**found.as_dict(), "parameters": dict.fromkeys("abc")}
    with pytest.raises(ValueError, match="one or two"):
        plot_surface(three)


def test_a_value_at_the_end_of_a_range_that_could_be_wider_is_said(scenario, found):
    end = found.tuned[0].high
    cheap = {point: costs * (0 if point[0] == end else 1) for point, costs in found.costs.items()}
    best = min((p for p in cheap if p[0] == end), key=lambda p: (0, p))
    from dataclasses import replace

    fresh = {found.start_point: np.ones(4), best: np.zeros(4)}
    assert "above_days" in replace(found, costs=cheap, fresh_costs=fresh).at_the_edge
    natural = tune(scenario, "proportional", ["review_days=1:3:3"], replications=2, rounds=0)
    first = {point: np.full(2, float(point[0])) for point in natural.costs}
    assert replace(natural, costs=first, fresh_costs=first).at_the_edge == ()  # 0 is no interval


def test_the_end_of_a_range_is_said_of_the_cheapest_even_if_the_start_stays(found):
    from dataclasses import replace

    end = found.tuned[0].high
    cheap = {point: costs * (0 if point[0] == end else 1) for point, costs in found.costs.items()}
    best = min((p for p in cheap if p[0] == end), key=lambda p: (0, p))
    noise = {found.start_point: np.zeros(4), best: np.array([-9.0, 8.0, -7.0, 6.0])}
    unsure = replace(found, costs=cheap, fresh_costs=noise)
    assert unsure.kept_start
    assert "above_days" in unsure.at_the_edge


@pytest.mark.parametrize(("lang", "blank"), [("en", "forbidden by the scenario"), ("zh", "空白")])
def test_the_map_explains_its_blank_cells(found, lang, blank):
    assert found.left_out > 0
    for told, says in (
        (found.as_dict(), True),
        ({**found.as_dict(), "forbidden_combinations": 0}, False),
    ):
        texts = plot_surface(told, lang=lang).ax.figure.findobj(Text)
        assert any(blank in " ".join(text.get_text().split()) for text in texts) is says
