"""Runs that stop and go on: folders, parts, interruptions, policies of others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from worlds import three_provinces

import bloodsim
from bloodsim.block import partition, run_block
from bloodsim.cli import execute
from bloodsim.decision import NOTHING, PlanError
from bloodsim.experiment import choose, prepare, simulate
from bloodsim.policies import register
from bloodsim.policies.identity import identity
from bloodsim.provenance import run_hash
from bloodsim.results import Results, ResultsError
from bloodsim.scenario import ScenarioError

SMALL = three_provinces(
    run__score_end="2026-02-10", run__warmup_days=5, overrides=None, variants=None
)
FOLDER = {"PYTHONPATH": str(Path(bloodsim.__file__).parent.parent)}


@dataclass
class Mine:
    """Plans nothing."""

    review_days: int = 2

    def __call__(self, snapshot: Any) -> Any:
        return NOTHING


class Faulty(Mine):
    def __call__(self, snapshot: Any) -> Any:
        raise AttributeError("my own mistake")


class Silent(Mine):
    def __call__(self, snapshot: Any) -> Any:
        return None


# ------------------------------------------------------------------------- resuming, folders


def test_blocks_depend_on_the_run_not_on_the_machine() -> None:
    assert [len(r) for r in partition(SMALL, 16)] == [8, 8]
    assert {len(r) for r in partition(SMALL, 320)} == {32}
    assert [len(r) for r in partition(SMALL.set("run.block_replications", 3), 7)] == [3, 3, 1]


def test_finished_blocks_are_not_run_again(tmp_path: Path, monkeypatch: Any) -> None:
    run = prepare(SMALL, 20, out=tmp_path / "run")
    run_block(run.blocks[1])
    (tmp_path / "run" / "parts" / ".other.part-x.tmp").write_text("another run's")
    assert prepare(SMALL, 20, out=tmp_path / "run").kept() == 8
    ran: list[int] = []

    def counted(block: Any) -> Any:
        ran.append(block.first)
        return run_block(block)

    monkeypatch.setattr("bloodsim.experiment.run_block", counted)
    told: list[tuple[int, int]] = []
    simulate(SMALL, 20, out=tmp_path / "run", progress=lambda *state: told.append(state))
    assert (ran, told) == ([0, 16], [(8, 20), (16, 20), (20, 20)])
    assert [p.name for p in (tmp_path / "run" / "parts").iterdir()] == [".other.part-x.tmp"]
    simulate(SMALL, 20, out=tmp_path / "run")
    assert ran == [0, 16]  # complete
    simulate(SMALL, 20, out=tmp_path / "run", force=True)
    assert ran == [0, 16, 0, 8, 16]


def test_parts_of_another_program_or_daily_depth_are_not_taken(
    tmp_path: Path, monkeypatch: Any
) -> None:
    run_block(prepare(SMALL, 8, out=tmp_path / "run").blocks[0])
    shallow = SMALL.set("run.daily_replications", 2)
    assert prepare(SMALL, 8, out=tmp_path / "run").kept() == 8
    assert prepare(shallow, 8, out=tmp_path / "run").kept() == 0
    monkeypatch.setattr("bloodsim.results.provenance.source_digest", lambda: "changed")
    assert prepare(SMALL, 8, out=tmp_path / "run").kept() == 0


def test_a_run_interrupted_while_saving_goes_on(tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "run"

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("bloodsim.results.folder._drop_older_tables", killed)
        with pytest.raises(KeyboardInterrupt):
            simulate(SMALL, 2, out=folder)
    assert not (folder / "manifest.json").exists()
    assert (folder / "tables" / "totals.parquet").exists()
    simulate(SMALL, 2, out=folder)
    assert Results.load(folder).replications == (0, 1)


def test_other_files_and_larger_results_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ResultsError, match=r"other files \(thesis.txt\)"):
        simulate(SMALL, 2, out=tmp_path)
    results = simulate(SMALL, 2)
    with pytest.raises(ResultsError, match="other files"):
        results.save(tmp_path)
    simulate(SMALL, 3, out=tmp_path / "run")
    with pytest.raises(ResultsError, match="holds 3 replications of this run, more than 2"):
        simulate(SMALL, 2, out=tmp_path / "run")
    with pytest.raises(ResultsError, match="more than 2"):
        results.save(tmp_path / "run")
    simulate(SMALL, 4, out=tmp_path / "run")
    assert len(Results.load(tmp_path / "run").replications) == 4


def test_ctrl_c_keeps_what_is_done_and_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bloodsim", "run", "minimal", "-n", "400", "-j", "2"]
    running = subprocess.Popen(
        [*command, "--out", "run"],
        cwd=tmp_path,
        env={**os.environ, **FOLDER},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("run/parts/*.part")) and time.monotonic() < deadline:
        time.sleep(0.05)
    begun = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 130, err
    assert time.monotonic() - begun < 5
    assert "of 400 replications kept in run; run the same command to go on" in err
    assert "Traceback" not in err


# ---------------------------------------------------------------------- policies of others


def test_policies_are_compared_beside_the_variants() -> None:
    scenario = three_provinces()
    assert [v.name for v in choose(scenario, None, {"mine": Mine()})] == [
        "none", "share_surplus", "proportional", "mine",
    ]  # fmt: skip
    assert [v.name for v in choose(scenario, [], {"mine": Mine()})] == ["mine"]
    with pytest.raises(ScenarioError, match="'none' has the name of a variant"):
        choose(scenario, None, {"none": Mine()})


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (Mine, "'x' is the class Mine, not an instance: write Mine()"),
        (7, "'x' is a int and cannot be called"),
        (lambda snapshot: NOTHING, "'x' has no attribute review_days"),
        (Mine(review_days=0), "'x' has review_days = 0"),
    ],
)
def test_faulty_policies_are_named_at_the_door(policy: Any, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        simulate(SMALL, 1, policies={"x": policy})
    assert said in str(caught.value)
    with pytest.raises(TypeError, match=r"the policy 'x' (is|has)"):
        register("x", policy)


def test_names_of_bloodsim_are_not_registered() -> None:
    with pytest.raises(ValueError, match="'proportional' is a policy of bloodsim"):
        register("proportional", Mine())


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_of_policies_are_theirs(workers: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AttributeError, match="my own mistake") as caught:
        simulate(SMALL, 16, workers=workers, policies={"x": Faulty()}, variants=[])
    if workers == 1:
        cause = caught.value.__cause__  # SimPy raises a copy from the error itself
        assert "raised by the policy of variant 'x' on 2026-02-01" in cause.__notes__
    with pytest.raises(PlanError, match="variant 'x' returned nothing"):
        simulate(SMALL, 16, workers=workers, policies={"x": Silent()}, variants=[])
    assert "worker processes" not in capsys.readouterr().err


def test_the_same_policy_has_the_same_identity_everywhere() -> None:
    plain = type("Plain", (), {"__call__": Mine.__call__, "review_days": 2})
    one, two = plain(), plain()
    two.days = 3
    assert identity(plain()) == identity(one) != identity(two)
    assert identity(Mine(2)) == identity(Mine(2)) != identity(Mine(3))
    assert " at 0x" not in identity(one)
    hashes = {run_hash(choose(SMALL, [], {"x": plain()})) for _ in range(2)}
    assert len(hashes) == 1
    two.stream = object()
    with pytest.raises(ScenarioError, match="cannot be told from others"):
        run_hash(choose(SMALL, [], {"x": two}))


def test_a_custom_warm_up_travels_to_the_workers() -> None:
    register("of_the_warmup", Mine())
    scenario = SMALL.set("run.warmup_policy", {"kind": "custom", "name": "of_the_warmup"})
    one = simulate(scenario, 16)
    two = simulate(scenario, 16, workers=2)
    assert one.totals.equals(two.totals)


SCRIPT = """
import os
import bloodsim
from bloodsim.decision import NOTHING
from bloodsim.load import load

class Mine:
    review_days = 2
    def __call__(self, snapshot):
        return NOTHING

if __name__ == "__main__":
    scenario = load("minimal").set("run.score_end", "2026-01-06").set("run.warmup_days", 2)
    before = dict(os.environ)
    results = bloodsim.simulate(scenario, 16, workers=2, policies={"mine": Mine()}, variants=[])
    assert dict(os.environ) == before
    print(results.timing["workers"], results.variants)
"""


def test_policies_of_a_script_and_of_a_prompt(tmp_path: Path) -> None:
    script = tmp_path / "study.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, **FOLDER}
    for command, said in (
        ([sys.executable, str(script)], ""),
        ([sys.executable, "-c", SCRIPT], "a policy defined in a notebook or at a prompt"),
    ):
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.stdout == "2 ('mine',)\n", done.stderr
        assert said in done.stderr
        assert bool(said) == bool(done.stderr)


def test_policies_from_a_file_on_the_command_line(
    tmp_path: Path, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my_policies_of_a_test.py").write_text(
        SCRIPT.split("if __name__")[0]
        + """
POLICIES = {"quiet_one": Mine()}
"""
    )
    parents = "".join(f"{name}: null, " for name in bloodsim.load("minimal").variants)
    Path("study.yaml").write_text(
        "schema_version: 1\nextends: minimal\n"
        "run: {score_end: 2026-01-06, warmup_days: 36}\n"
        "overrides: {mine: {policies: {transfer: {kind: custom, name: quiet_one}}}}\n"
        f"variants: {{{parents}mine: [mine]}}\n"
    )
    assert execute(["validate", "study.yaml"]) == 0
    assert "custom policy 'quiet_one': known only when run" in capsys.readouterr().err
    assert execute(["run", "study.yaml", "-n", "1"]) == 3
    assert "no policy 'quiet_one' is registered" in capsys.readouterr().err
    file = ["--policies", "my_policies_of_a_test.py"]
    assert execute(["run", "study.yaml", "-n", "1", *file, "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["variants"]) == ["mine"]
