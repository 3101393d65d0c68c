"""`bloodsim report --to docx`: a Word briefing that keeps its fonts, captions and pages."""

from __future__ import annotations

import builtins
import importlib.util
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hostile import hostile_results
from PIL import Image
from synthetic_results import synthetic_results

from bloodsim.cli import execute
from bloodsim.plots import CHARTS
from bloodsim.report import read_brief, write_docx
from bloodsim.results import Results

docx = pytest.importorskip("docx")

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DOCPR = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"


@pytest.fixture(scope="module")
def run() -> Results:
    return synthetic_results(days=40)


@pytest.fixture(scope="module")
def files(run: Results, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("word")
    return {lang: write_docx(run, folder / f"b.{lang}.docx", lang) for lang in ("zh", "en")}


def _part(path: Path, name: str) -> ElementTree.Element:
    with zipfile.ZipFile(path) as parts:
        return ElementTree.fromstring(parts.read(f"word/{name}"))


def _styles(path: Path) -> dict[str, ElementTree.Element]:
    found = _part(path, "styles.xml").iter(f"{W}style")
    return {style.find(f"{W}name").get(f"{W}val").lower(): style for style in found}


@pytest.mark.parametrize(
    ("style", "font"),
    [
        ("normal", "宋体"),
        ("title", "黑体"),
        ("heading 1", "黑体"),
        ("heading 2", "黑体"),
        ("heading 3", "黑体"),
        ("status", "黑体"),
        ("caption", "宋体"),
        ("footer", "宋体"),
        ("cell", "宋体"),
    ],
)
def test_every_style_names_an_east_asian_font(
    files: dict[str, Path], style: str, font: str
) -> None:
    fonts = _styles(files["zh"])[style].find(f"{W}rPr/{W}rFonts")
    assert fonts is not None
    assert fonts.get(f"{W}eastAsia") == font
    assert fonts.get(f"{W}ascii") == "Arial"
    assert not [key for key in fonts.attrib if key.endswith("Theme")]


def test_charts_are_pictures_with_words_and_captions(files: dict[str, Path]) -> None:
    for lang, path in files.items():
        body = _part(path, "document.xml")
        pictures = list(body.iter(DOCPR))
        assert len(pictures) == len(CHARTS)
        said = "模拟结果，非实测" if lang == "zh" else "Simulated, not observed"
        assert all(said in str(picture.get("descr")) for picture in pictures)
        codes = [str(e.text) for e in body.iter(f"{W}instrText")]
        assert sum("SEQ Figure" in code for code in codes) == len(CHARTS)
        foot = "".join(str(e.text) for e in _part(path, "footer1.xml").iter(f"{W}instrText"))
        assert foot.split() == ["PAGE", "NUMPAGES"]
        document = docx.Document(str(path))
        captions = [p.text for p in document.paragraphs if p.style.name == "Caption"]
        assert captions[0] == (
            "图 1　库存状态一览" if lang == "zh" else "Figure 1　Status of stocks"
        )


def test_the_order_is_that_of_a_briefing(files: dict[str, Path]) -> None:
    document = docx.Document(str(files["en"]))
    heads = [p.text for p in document.paragraphs if p.style.name.startswith("Heading")]
    assert heads[0].startswith("Status on 1")
    assert heads[0].endswith("(start of the simulated period) and after")
    assert heads[1] == "Decisions asked for"
    assert heads[2].startswith("Main figures")
    assert heads[-1] == "Manifest of the run"
    assert document.core_properties.title == "A made-up festival"
    assert document.core_properties.comments == ""
    first = document.tables[0]
    assert first.style.name == "Briefing Table"
    assert first.rows[0]._tr.find(f"{W}trPr/{W}tblHeader") is not None
    assert first.cell(1, 0).text == "requests not met"


def test_own_words_fonts_and_logo(run: Results, tmp_path: Path) -> None:
    Image.new("RGB", (300, 100), "#14558f").save(tmp_path / "logo.jpg")
    brief = tmp_path / "brief.yaml"
    brief.write_text(
        "title: 保供简报\norganisation: 某省血液中心\nlogo: logo.jpg\n"
        "paragraphs: [{heading: 说明, text: <b>原样</b>}]\nfonts: {body: 仿宋_GB2312}\n",
        "utf-8",
    )
    path = write_docx([run, run], tmp_path / "b.docx", "zh", read_brief(brief, "zh"))
    document = docx.Document(str(path))
    words = [paragraph.text for paragraph in document.paragraphs]
    assert "<b>原样</b>" in words
    assert (
        words.index("各次运行的比较") < words.index("1. 虚构的春节") < words.index("2. 虚构的春节")
    )
    assert document.core_properties.author == "某省血液中心"
    assert "某省血液中心" in document.sections[0].header.paragraphs[0].text
    fonts = _styles(path)["normal"].find(f"{W}rPr/{W}rFonts")
    assert fonts is not None
    assert fonts.get(f"{W}eastAsia") == "仿宋_GB2312"
    assert len(list(_part(path, "document.xml").iter(DOCPR))) == 1 + 2 * len(CHARTS)


def test_hostile_texts_are_words_and_nothing_else(tmp_path: Path) -> None:
    path = write_docx(hostile_results(), tmp_path / "b.docx", "zh")
    with zipfile.ZipFile(path) as parts:
        names = parts.namelist()
        text = parts.read("word/document.xml").decode()
        links = parts.read("word/_rels/document.xml.rels").decode()
    assert not [name for name in names if "vba" in name.lower() or "embed" in name.lower()]
    assert 'TargetMode="External"' not in links
    assert "‮" not in text
    assert "x" * 500 not in text
    codes = {str(e.text).split()[0] for e in ElementTree.fromstring(text).iter(f"{W}instrText")}
    assert codes == {"SEQ"}
    assert "<script>" not in text
    assert "script&gt;alert" in text


def test_without_the_extra_it_says_how_to_get_it(
    run: Results,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = run.save(tmp_path / "run")
    real = importlib.util.find_spec

    def no_word(name: str, package: str | None = None) -> Any:
        return None if name == "docx" else real(name, package)

    monkeypatch.setattr("bloodsim.report.word.find_spec", no_word)
    assert execute(["report", str(folder), "--to", "docx", "--out", str(tmp_path / "o")]) == 3
    said = capsys.readouterr().err
    assert "pip install 'bloodsim[office]'" in said
    assert not (tmp_path / "o").exists()


def test_the_package_does_not_need_word(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def no_word(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "docx":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", no_word)
    import importlib

    import bloodsim.report.word

    importlib.reload(bloodsim.report.word)


def test_the_command_writes_the_same_bytes(
    run: Results,
    files: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = run.save(tmp_path / "run")
    assert execute(["report", str(folder), "--to", "docx", "--lang", "zh"]) == 0
    path = folder / "briefing.zh.docx"
    assert path.as_posix() in capsys.readouterr().out
    assert path.read_bytes() == files["zh"].read_bytes()
    with zipfile.ZipFile(path) as parts:
        assert {entry.date_time[0] for entry in parts.infolist()} == {1980}
