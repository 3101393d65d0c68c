"""`bloodsim report`: charts and briefings from saved runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from synthetic_results import synthetic_results

from bloodsim.cli import execute
from bloodsim.plots import CHARTS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_results(days=60).save(tmp_path_factory.mktemp("run") / "made-up")


def test_one_chart_in_every_kind_of_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["report", str(folder), "--chart", "equity", "--to", "png,svg,pdf,csv"]
    assert execute([*line, "--lang", "zh", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "模拟结果，非实测" in said
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "csv": b"\xef\xbb\xbfvariant"}
    for ending, start in starts.items():
        path = tmp_path / f"equity.zh.{ending}"
        assert path.read_bytes().startswith(start)
        assert path.as_posix() in said
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert execute([*line, "--lang", "zh", "--out", str(tmp_path)]) == 0
    assert first == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_alternative_text_for_machines(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["report", str(folder), "--chart", "fan,flows", "--to", "svg", "--out", str(tmp_path)]
    assert execute([*line, "--json"]) == 0
    charts = json.loads(capsys.readouterr().out)["charts"]
    assert set(charts) == {"fan", "flows"}
    assert all("Simulated, not observed" in chart["alt"] for chart in charts.values())


def test_wrong_usage_is_explained(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong, said in (
        (["--chart", "equty"], "did you mean equity?"),
        (["--chart", "equity", "--to", "gif"], "unknown 'gif'"),
        (["--chart", "fan", "--lang", "de"], "unknown language 'de'"),
        (["--chart", "flows", "--variant", "best"], "there is no variant 'best'"),
        (["--chart", "cost_shortage", "--product", "plasma"], "takes no product"),
    ):
        assert execute(["report", str(folder), *wrong]) == 2
        words = capsys.readouterr().err.replace("│", " ").split()
        assert said in " ".join(words)
    assert execute(["report", str(folder), "--chart", "list"]) == 0
    assert capsys.readouterr().out.split() == list(CHARTS)


@pytest.mark.parametrize("file", ["manifest.json", "tables/daily.parquet", "tables/kpi.parquet"])
def test_incomplete_and_tampered_runs_are_refused_by_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    run = synthetic_results(days=10).save(tmp_path / "run")
    line = ["report", str(run), "--chart", "fan", "--out", str(tmp_path / "out")]
    path = run / file
    content = path.read_bytes()
    path.unlink()
    assert execute(line) == 3
    assert path.name in capsys.readouterr().err
    path.write_bytes(content[:-7] + b"\x00" * 7)
    assert execute(line) == 3
    assert path.name in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_another_version_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = synthetic_results(days=10).save(tmp_path / "run")
    path = run / "manifest.json"
    path.write_text(path.read_text("utf-8").replace('"schema_version": 1', '"schema_version": 99'))
    assert execute(["report", str(run), "--chart", "fan"]) == 3
    assert "manifest.json has schema_version 99" in capsys.readouterr().err
    assert execute(["report", str(tmp_path / "nothing"), "--chart", "fan"]) == 3
