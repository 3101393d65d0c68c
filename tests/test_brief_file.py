"""Own title, logo and paragraphs; several runs in one briefing; paper."""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest
from PIL import Image
from synthetic_results import synthetic_results

from bloodsim.cli import execute
from bloodsim.plots import CHARTS
from bloodsim.report import briefing_html, read_brief, write_html, write_xlsx
from bloodsim.report.packing import SMALLEST, Block, packed
from bloodsim.results import Results
from bloodsim.scenario import ScenarioError
from tests.html_page import Page

FULL = """\
title: {zh: 春节保供简报, en: Keeping supply}
organisation: 某省血液中心
logo: logo.png
paragraphs:
  - heading: 编制说明
    text: |
      供会议讨论 <b>不是标记</b>。

      第二段 {{ 1 + 1 }}。
  - place: transfers
    text: {zh: 须经批准。, en: To be approved.}
  - place: closing
    text: 联系人
fonts: {body: 仿宋_GB2312}
"""


@pytest.fixture(scope="module")
def run() -> Results:
    return synthetic_results(days=40)


def _file(folder: Path, text: str = FULL) -> Path:
    Image.new("RGBA", (900, 300), "#8f1029").save(folder / "logo.png")
    path = folder / "brief.yaml"
    path.write_text(text, "utf-8")
    return path


def test_own_words_stand_where_they_belong_and_are_no_markup(run: Results, tmp_path: Path) -> None:
    text = briefing_html(run, "zh", read_brief(_file(tmp_path), "zh"))
    page = Page(text)
    words = " ".join(" ".join(page.words).split())
    order = [
        words.rindex(said)
        for said in (
            "某省血液中心",
            "春节保供简报",
            "编制说明",
            "<b>不是标记</b>",
            "第二段 {{ 1 + 1 }}。",
            "请决定",
            "谁支援谁？",
            "须经批准。",
            "联系人",
            "运行记录",
        )
    ]
    assert order == sorted(order)
    assert not page.all("b")
    (logo,) = page.all("img")
    assert logo["src"].startswith("data:image/png;base64,")
    assert logo["alt"] == "某省血液中心"
    policy = next(m for m in page.all("meta") if "http-equiv" in m)["content"]
    assert policy.endswith("img-src data:")
    assert "To be approved." in briefing_html(run, "en", read_brief(_file(tmp_path), "en"))


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("titel: x", "brief.yaml:1:1", "did you mean 'title'?"),
        ("title: x\nlogo: missing.png", "brief.yaml:2:1", "no picture 'missing.png'"),
        ("title: x\nlogo: logo.svg", "brief.yaml:2:1", "neither PNG nor JPEG"),
        (
            "paragraphs:\n  - text: x\n    place: end",
            "brief.yaml:3:5",
            "unknown value 'end'",
        ),
        ('title: "a\\u202Eb"', "brief.yaml:1:1", "control or text-direction"),
        ("title: [x", "brief.yaml:", "not valid YAML"),
        ("", "brief.yaml:1:1", "start with 'title: ...'"),
        ("- x", "brief.yaml:1:1", "a brief file is a mapping"),
        ("paragraphs: [{heading: x}]", "brief.yaml:1:14", "'text' is missing"),
    ],
)
def test_faults_are_named_with_their_line(
    tmp_path: Path, text: str, place: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _file(tmp_path, text)
    (tmp_path / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", "utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_brief(path, "zh")
    shown = str(caught.value)
    assert shown.startswith(place)
    assert re.search(said.replace("?", r"\?").replace("(", r"\("), shown)


def test_a_picture_is_made_anew_and_not_too_large(tmp_path: Path) -> None:
    path = _file(tmp_path)
    tail = b"<script>alert(1)</script>"
    logo = tmp_path / "logo.png"
    logo.write_bytes(logo.read_bytes() + tail)
    own = read_brief(path, "zh")
    assert own.logo is not None
    assert tail not in own.logo.png
    assert (own.logo.width, own.logo.height) == (800, 267)
    logo.write_bytes(logo.read_bytes() + b"\0" * 1_000_000)
    with pytest.raises(ScenarioError, match="1,000,000 bytes"):
        read_brief(path, "zh")
    logo.write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    with pytest.raises(ScenarioError, match=r"logo\.png"):
        read_brief(path, "zh")


def test_the_example_of_the_readme_is_one(tmp_path: Path) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
    example = readme.partition("```yaml\n# brief.yaml")[2].partition("```")[0]
    own = read_brief(_file(tmp_path, f"# brief.yaml{example}"), "zh")
    assert own.title == "2026 年春节保供简报"
    assert [place for place, _ in own.passages] == ["opening", "transfers"]


# ------------------------------------------------------------------------------- several runs


def test_several_runs_in_one_file(run: Results, tmp_path: Path) -> None:
    other = synthetic_results(days=60, seed=8)
    path = write_html([run, other], tmp_path / "b.html", "en")
    page = Page(path.read_text("utf-8"))
    assert len(page.all("svg")) == 2 * len(CHARTS)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = re.findall(r"url\(#([^)]+)\)", path.read_text("utf-8"))
    used += [a["xlink:href"][1:] for _, a in page.tags if "xlink:href" in a]
    used += [a["href"][1:] for a in page.all("a")]
    assert set(used) <= set(ids)
    words = " ".join(" ".join(page.words).split())
    assert words.index("2 runs compared") < words.index("The runs compared")
    assert words.index("not paired with each other") < words.index("Decisions asked for")
    assert "The periods differ" in words
    assert path.stat().st_size < 2 * 3_000_000


def test_the_command_compares_runs_and_takes_a_brief(
    run: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [str(run.save(tmp_path / name)) for name in ("a", "b")]
    line = ["report", *folders, "--lang", "zh", "--to", "html,xlsx"]
    assert execute([*line, "--brief", str(_file(tmp_path))]) == 0
    said = capsys.readouterr().out
    for ending in ("html", "xlsx"):
        path = tmp_path / f"briefing-of-2-runs.zh.{ending}"
        assert path.as_posix() in said
    assert "春节保供简报" in (tmp_path / "briefing-of-2-runs.zh.html").read_text("utf-8")
    book = openpyxl.load_workbook(tmp_path / "briefing-of-2-runs.zh.xlsx")
    assert book.sheetnames[:2] == ["简报", "各次运行的比较"]
    cells = [cell for row in book["简报"].iter_rows(values_only=True) for cell in row]
    for text in ("春节保供简报", "某省血液中心", "编制说明", "须经批准。", "联系人"):
        assert text in cells
    assert any("模拟结果，非实测" in str(cell) for cell in cells)
    assert {"1 状态", "2 状态"} <= set(book.sheetnames)
    assert book.properties.title == "某省血液中心 · 春节保供简报"
    assert execute([*line, "--chart", "fan", "--to", "png"]) == 2
    assert execute(["report", *folders * 5]) == 2
    assert execute(["report", folders[0], "--brief", str(tmp_path / "no.yaml")]) == 3
    assert "no brief file" in capsys.readouterr().err


def test_a_workbook_of_several_runs_has_all_their_figures(run: Results, tmp_path: Path) -> None:
    path = write_xlsx([run, run], tmp_path / "b.xlsx", "en")
    sheet = openpyxl.load_workbook(path)["The runs compared"]
    first = [row for row in sheet.iter_rows(values_only=True) if row[2] == "requests not met"]
    assert {row[0] for row in first} == {"1", "2"}


# --------------------------------------------------------------------------------------- paper


def test_charts_fill_pages_and_are_never_cut() -> None:
    heights = [175, 157, 112, 199, 107, 209, 162, 135, 168, 112, 181, 128, 113]
    blocks = [Block(height, 20) for height in heights]
    placed = packed(blocks, 262)
    assert placed[0].starts_page
    pages: list[list[float]] = []
    for block, place in zip(blocks, placed, strict=True):
        assert SMALLEST <= place.width <= 1
        if place.starts_page:
            pages.append([])
        pages[-1].append(block.words + block.height * place.width)
    assert len(pages) <= 8
    for page in pages[:-1]:
        assert 0.5 * 262 < sum(page) <= 262 + 1e-6


def test_a_chart_taller_than_a_page_is_made_to_fit() -> None:
    (place,) = packed([Block(400, 20)], 260)
    assert place.width == pytest.approx(0.6)
    assert packed([], 260) == []
