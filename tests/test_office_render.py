"""Word and Excel files opened by LibreOffice, a program that is not ours: pages, sums, letters."""

from __future__ import annotations

import io
import os
import re
import subprocess
import warnings
from pathlib import Path

import openpyxl
import pytest
from hostile import hostile_results
from programs import program
from synthetic_results import synthetic_results

from bloodsim import data
from bloodsim.report import write_docx, write_xlsx

pytestmark = pytest.mark.office


def _converted(path: Path, kind: str, folder: Path) -> Path:
    """The file as LibreOffice writes it, with the bundled font for want of another Chinese one."""
    soffice = program("soffice")
    fonts = folder / "share" / "fonts"
    fonts.mkdir(parents=True, exist_ok=True)
    font = data.path("fonts/NotoSansSC-gb2312.ttf")
    (fonts / font.name).write_bytes(font.read_bytes())
    command = [soffice, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
    out = folder / "out"
    done = subprocess.run(
        [*command, "--convert-to", kind, "--outdir", str(out), str(path)],
        env={**os.environ, "XDG_DATA_HOME": str(folder / "share")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    made = out / f"{path.stem}.{kind}"
    assert made.is_file(), done.stdout + done.stderr
    return made


def _pages(pdf: Path) -> list[str]:
    done = subprocess.run(
        [program("pdftotext"), "-layout", str(pdf), "-"],
        capture_output=True,
        timeout=60,
        check=True,
    )
    return done.stdout.decode().split("\f")[:-1]


def _read(path: Path, **how: bool) -> openpyxl.Workbook:
    """A workbook of LibreOffice; openpyxl warns that it does not know its extensions."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*extension is not supported", UserWarning)
        return openpyxl.load_workbook(io.BytesIO(path.read_bytes()), **how)


def test_word_has_numbered_pages_and_no_empty_one(tmp_path: Path) -> None:
    path = write_docx(synthetic_results(days=40), tmp_path / "b.docx", "zh")
    pages = _pages(_converted(path, "pdf", tmp_path))
    assert 7 <= len(pages) <= 11
    for number, page in enumerate(pages, start=1):
        assert f"第 {number} 页，共 {len(pages)} 页" in " ".join(page.split())
        assert len(page.split()) > 8
    text = "\n".join(pages)
    figures = [int(number) for number in re.findall(r"^\s*图 ?(\d+)\s", text, re.M)]
    assert figures == list(range(1, 14))


def test_sums_are_the_same_where_another_program_adds_them_up(tmp_path: Path) -> None:
    path = write_xlsx(synthetic_results(days=40), tmp_path / "b.xlsx", "zh")
    ours = openpyxl.load_workbook(path, data_only=True)
    formulas = openpyxl.load_workbook(path)
    theirs = _read(_converted(path, "xlsx", tmp_path), data_only=True)
    checked = 0
    for sheet in formulas:
        for cell in (c for row in sheet.iter_rows() for c in row if c.data_type == "f"):
            mine = ours[sheet.title][cell.coordinate].value
            assert theirs[sheet.title][cell.coordinate].value == pytest.approx(mine)
            checked += 1
    assert checked > 5


def test_hostile_texts_are_inert_in_another_program(tmp_path: Path) -> None:
    run = hostile_results()
    book = write_xlsx(run, tmp_path / "b.xlsx", "en")
    theirs = _read(_converted(book, "xlsx", tmp_path))
    texts = [c for sheet in theirs for row in sheet.iter_rows() for c in row if c.value is not None]
    formulas = {str(c.value)[:5] for c in texts if c.data_type == "f"}
    assert formulas == {"=SUM("}
    assert any(str(c.value).startswith("=cmd") and c.data_type == "s" for c in texts)
    word = write_docx(run, tmp_path / "w.docx", "en")
    text = "\n".join(_pages(_converted(word, "pdf", tmp_path)))
    assert "=cmd" in text
    assert "‮" not in text
