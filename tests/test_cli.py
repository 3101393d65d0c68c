"""The command line: exit codes, JSON, files written, and how light --help is."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bloodsim
from bloodsim.cli import execute
from bloodsim.load import load

BROKEN = Path(__file__).parent / "broken"
QUICK = ["-n", "2", "-j", "1", "-s", "run.score_end=2026-01-10", "-s", "run.warmup_days=36"]
STOCK = [("BJ", 5), ("TJ", 0), ("HE", 0)]


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = execute(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code, out, _ = said(capsys, *arguments)
    return code, json.loads(out)


def alone(program: str) -> str:
    """Return what a Python program prints in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(bloodsim.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from bloodsim.cli import execute; execute(['--help']);"
        "heavy = {'numpy', 'pandas', 'scipy', 'matplotlib', 'pulp', 'simpy', 'pydantic',"
        " 'ruamel', 'openpyxl', 'rich', 'xarray'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    assert "validate" in alone(program)


def test_validating_imports_neither_engine_nor_tables() -> None:
    program = (
        "import sys; from bloodsim.cli import execute; execute(['validate', 'minimal']);"
        "heavy = {'pandas', 'scipy', 'matplotlib', 'pulp', 'simpy', 'xarray'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    assert "no problems" in alone(program)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["scenarios"], 0),
        (["validate", "minimal", "spring-festival-2026"], 0),
        (["show", "minimal"], 0),
        (["schema"], 0),
        (["run", "minimal", "--dry-run"], 0),
        ([], 2),
        (["rum"], 2),
        (["run"], 2),
        (["run", "minimal", "--sead", "3"], 2),
        (["run", "minimal", "-n", "0"], 2),
        (["schema", "--md", "--json"], 2),
        (["run", "minimal", "--seed", "3", "-s", "run.seed=4"], 2),
        (["run", "minimal", "--policies", "nowhere.py"], 3),
        (["run", "minimal", "--out", "/proc/nowhere"], 3),
        (["new", "x", "--template", "giant"], 2),
        (["validate", str(BROKEN / "semantic.yaml")], 3),
        (["run", "nowhere.yaml"], 3),
        (["run", "minimal", "--variant", "nome"], 3),
        (["run", "minimal", "-s", "run.sed=3"], 3),
        (["run", "minimal", "--stock", "nothing.csv"], 3),
        (["show", "minimal", "--variant", "x"], 3),
        (["show", "minimal", "--diff", "x"], 3),
    ],
)
def test_exit_codes_and_no_traces(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    got, _, err = said(capsys, *arguments)
    assert got == code
    assert "Traceback" not in err
    assert list(Path().iterdir()) == []  # nothing is written


def test_internal_errors_are_short_unless_debugged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(_: object) -> None:
        raise RuntimeError("the floor is gone")

    monkeypatch.setattr("bloodsim.load.load", fall)
    code, _, err = said(capsys, "show", "minimal")
    assert (code, err.splitlines()[0]) == (1, "internal error: RuntimeError: the floor is gone")
    with pytest.raises(RuntimeError):
        execute(["show", "minimal", "--debug"])


def test_interruption(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bloodsim.load.load", interrupt)
    assert said(capsys, "show", "minimal")[0] == 130


def test_an_interrupted_run_says_what_is_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bloodsim.experiment.PreparedRun.simulate", interrupt)
    code, _, err = said(capsys, "run", "minimal", "-n", "16", "-s", "run.block_replications=4")
    assert code == 130
    assert "0 of 16 replications kept; no block of 4 was finished" in err


def test_problems_as_text_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(BROKEN / "unknown_key.yaml")
    code, _, err = said(capsys, "run", file)
    assert (code, err) == (3, (BROKEN / "unknown_key.txt").read_text("utf-8"))
    for command in ("run", "validate", "show"):
        code, found = as_json(capsys, command, file, "--json")
        assert code == 3
        assert found["problems"] == [
            {
                "place": "unknown_key.yaml:5:5",
                "path": "products.red_cells.shelf_lif_days",
                "message": "unknown key 'shelf_lif_days'",
                "hint": "did you mean 'shelf_life_days'?",
                "level": "error",
            }
        ]


def test_strict_makes_warnings_errors(capsys: pytest.CaptureFixture[str]) -> None:
    Path("s.yaml").write_text(
        "schema_version: 1\nextends: minimal\nrun: {score_end: 2027-03-01}\n", encoding="utf-8"
    )
    code, out, err = said(capsys, "validate", "s.yaml")
    assert (code, out.splitlines()[0]) == (0, "s.yaml: 1 warning")
    assert "warning: the holidays of 2027 are provisional" in err
    assert "baseline rests on" in out
    assert said(capsys, "validate", "s.yaml", "--strict")[0] == 3


@pytest.mark.parametrize("template", ["minimal", "national-2026", "spring-festival-2026"])
def test_new_writes_what_validates_and_refuses_to_overwrite(
    template: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, made = as_json(capsys, "new", "mine", "--template", template, "--json")
    assert code == 0
    file = Path(made["file"])
    assert file.read_text("utf-8").startswith("# yaml-language-server: $schema=./schema.json\n")
    assert json.loads(Path("mine/schema.json").read_text("utf-8"))["required"] == ["schema_version"]
    assert said(capsys, "validate", str(file))[0] == 0
    before = file.read_text("utf-8")
    assert said(capsys, "new", "mine")[0] == 2
    assert file.read_text("utf-8") == before
    assert [path.name for path in Path().iterdir()] == ["mine"]


def test_the_commands_that_new_names_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "new", "my study")
    assert code == 0
    quoted = '"my study\\scenario.yaml"' if os.name == "nt" else "'my study/scenario.yaml'"
    assert f"bloodsim run {quoted}" in out


def test_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    _, found = as_json(capsys, "scenarios", "--json")
    names = [entry["name"] for entry in found["scenarios"]]
    assert {"minimal", "national-2026", "spring-festival-2026"} <= set(names)


def test_show_differences_and_origins(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = said(
        capsys,
        "show",
        "minimal",
        "--variant",
        "share_surplus",
        "-s",
        "run.seed=5",
        "--diff",
        "none",
    )
    assert "run.seed: 20260101 → 5\n" in out
    assert "policies.transfer.kind: none → share_surplus\n" in out
    _, out, _ = said(capsys, "show", "minimal", "--origin", "-s", "run.seed=5")
    assert "seed: 5  # -s run.seed=5" in " ".join(out.split()).replace("# -s", " # -s")
    assert "# default" in out
    assert "# minimal.yaml:9:3" in out
    _, found = as_json(capsys, "show", "spring-festival-2026", "--json", "--origin")
    origins = found["origins"]
    assert origins["regions.BJ.population"] == "tables/regions-2023.csv:2:5 column 'population'"


def test_shown_scenario_can_be_run_again(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = said(capsys, "show", "minimal", "--variant", "proportional")
    Path("again.yaml").write_text(out, encoding="utf-8")
    assert load("again.yaml").hash == load("minimal").variant("proportional").hash


def test_schema_and_manual(capsys: pytest.CaptureFixture[str]) -> None:
    _, schema = as_json(capsys, "schema", "--json")
    assert {"extends", "tables", "overrides", "variants"} <= set(schema["properties"])
    _, out, _ = said(capsys, "schema", "--md")
    assert "| `shelf_life_days` | whole number 1 to 3660 | required |" in out
    assert "| `shortage_rate.product` |" in out


def test_schema_beside_the_bundled_scenarios_is_current(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = Path(__file__).parent.parent / "scenarios" / "schema.json"
    _, schema = as_json(capsys, "schema")
    assert json.loads(path.read_text("utf-8")) == schema, "bloodsim schema > scenarios/schema.json"


def test_run_saves_and_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = as_json(capsys, "run", "minimal", *QUICK, "--json")
    assert code == 0
    assert set(found) == {
        "scenario", "hash", "out", "replications", "seed", "conservation", "assumed_inputs",
        "inputs", "variants", "timing",
    }  # fmt: skip
    assert re.fullmatch(r"results/minimal-[0-9a-f]{8}-seed20260101-n2", found["out"])
    assert (Path(found["out"]) / "manifest.json").is_file()
    assert list(found["variants"]) == list(load("minimal").variants)
    kpi = found["variants"]["none"]["kpi"]["shortage_rate.red_cells"]
    assert set(kpi) == {"mean", "half_width", "unit"}
    assert set(found["timing"]) == {"import_s", "simulate_s", "ms_per_replication"}


def test_run_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(
        capsys, "run", "minimal", *QUICK, "--variant", "none,proportional", "--out", "there"
    )
    assert (code, err) == (0, "")
    assert "lowest regional-mean cover of red cells" in out.splitlines()[0]
    for part in ("lowest fill rates", "shortage_rate (%)", "±", "baseline rests on",
                 "saved in there", "next: "):  # fmt: skip
        assert part in out
    assert "share_surplus" not in out
    code, _, err = said(capsys, "run", "minimal", *QUICK, "--seed", "9", "--out", "there")
    assert code == 3
    assert "holds results of another seed (20260101, these are of 9)" in err
    code, _, err = said(capsys, "run", "minimal", "-n", "1", "--out", "there")
    assert "holds results of another scenario" in err
    code, _, err = said(capsys, "run", "minimal", *QUICK, "--out", "there")
    assert (code, "holds results of another set of variants" in err) == (3, True)
    again = (*QUICK, "--variant", "none,proportional", "--out", "there", "--quiet")
    assert said(capsys, "run", "minimal", *again)[1] == "there\n"


def test_run_never_writes_over_other_files(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years of work", encoding="utf-8")
    code, _, err = said(capsys, "run", "minimal", *QUICK, "--out", "mine")
    assert (code, "holds other files" in err) == (3, True)
    assert [path.name for path in Path("mine").iterdir()] == ["thesis.txt"]


def test_run_from_a_stock_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("stock.csv").write_text(
        "region,product,group,units,life_days\n"
        + "".join(f"{region},red_cells,O_pos,{n},1\n" for region, n in STOCK),
        encoding="utf-8",
    )
    code, poor = as_json(
        capsys, "run", "minimal", *QUICK, "--stock", "stock.csv", "--json", "--variant", "none"
    )
    assert code == 0
    assert poor["variants"]["none"]["kpi"]["shortage_rate.red_cells"]["mean"] > 0.02
    facts = json.loads((Path(poor["out"]) / "manifest.json").read_text("utf-8"))["opening_stock"]
    assert (facts["file"], facts["rows"], facts["day"]) == ("stock.csv", 3, "2026-01-01")
    code, _, err = said(
        capsys, "run", "minimal", *QUICK, "--stock", "stock.csv", "--variant", "none"
    )
    assert "started from stock.csv (2026-01-01): 3 of 3 regions, 1 of 2 products" in err
    assert "already complete in results/minimal-" in err


def test_dry_run_tells_what_would_run(capsys: pytest.CaptureFixture[str]) -> None:
    _, plan = as_json(capsys, "run", "minimal", "--dry-run", "-n", "10", "--json")
    variants = list(load("minimal").variants)
    assert len(variants) > 1
    assert (plan["runs"], plan["variants"]) == (10 * len(variants), variants)
    assert list(Path().iterdir()) == []


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = as_json(capsys, "doctor", "--json")
    checks = {check["check"]: check["ok"] for check in found["checks"]}
    assert {"calendar", "Chinese font", "worker processes", "small simulation"} <= set(checks)
    assert (code == 0) == found["ok"] == all(checks.values())


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_numbers_are_never_cut_off(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    _, out, _ = said(capsys, "run", "minimal", *QUICK)
    table = out.partition("95 % interval\n")[2].partition("main indicators")[0]
    assert max(map(len, table.splitlines())) <= width
    assert "…" not in table
    assert table.count("cost (points)") >= (2 if width == 60 else 1)
    assert "not_shipped" not in table  # nothing but zeros


def test_places_that_cannot_be_written_are_told_before_the_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bloodsim.experiment.PreparedRun.simulate", None)
    Path("file").write_text("x", encoding="utf-8")
    for out in ("file", "file/below", "/proc/nowhere"):
        code, _, err = said(capsys, "run", "minimal", *QUICK, "--out", out)
        assert (code, "internal error" in err) == (3, False), err


def test_a_narrow_terminal_and_a_closed_pipe_are_no_errors() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(bloodsim.__file__).parent.parent)}
    command = [sys.executable, "-m", "bloodsim", "scenarios"]
    narrow = {**environment, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, env=narrow)
    assert (done.returncode, done.stderr) == (0, "")
    shell = f"{sys.executable} -m bloodsim show national-2026 | head -1"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, env=environment)
    assert done.stderr == ""


def test_a_new_scenario_bears_the_name_of_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "new", "my study")[0] == 0
    assert load("my study/scenario.yaml").name == "my-study"


def test_the_scenario_of_the_readme_is_what_it_says() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
    Path("s.yaml").write_text(readme.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    assert list(load("s.yaml").variants) == ["weekly", "daily"]


def test_manual_begins_with_contents_and_follows_the_fields(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out, _ = said(capsys, "schema", "--md")
    sections = [line[3:] for line in out.splitlines() if line.startswith("## ")]
    assert sections[:3] == ["Scenario (the top of the file)", "Text", "Run"]
    assert sections.index("Run") < sections.index("Product") < sections.index("Region")
    assert "* [Run](#run)" in out
    assert "| `extends` |" in out
    assert "| `tables` |" in out
