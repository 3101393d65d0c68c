"""The briefing in a real browser: nothing leaves the page, nothing in it runs, and it prints.

Needs Chromium and `pip install '.[browser]'`; skipped where they are missing. `.ci/run` has both.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from matplotlib.image import imread
from programs import absent, program

from bloodsim.cli import execute

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

LANGUAGES = ("en", "zh")
A4_POINTS = (595.3, 841.9)
HOSTILE = """
schema_version: 1
extends: minimal
title: {zh: "<script>window.ran=1</script>三地", en: '"><img src=x onerror="window.ran=1">three'}
run: {score_start: 2026-01-20, score_end: 2026-03-20, replications: 4}
products:
  platelets: {label: {zh: "<svg onload=window.ran=1>", en: "<svg onload=window.ran=1>"}}
regions:
  BJ: {name_zh: "<b onclick=window.ran=1>北京</b>", name_en: "<script>window.ran=1</script>"}
  TJ: {name_zh: "javascript:window.ran=1", name_en: "{{ 7*7 }}</style><script>ran=1</script>"}
variants: {optimized: null}
"""


class Visit(NamedTuple):
    """An open page, and what it asked for and complained of."""

    page: Any
    asked: list[str]
    complaints: list[str]

    def ran(self) -> bool:
        """Whether anything in the page was run: every attempt sets this."""
        return bool(self.page.evaluate("typeof window.ran !== 'undefined'"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless browser that reaches nothing."""
    path = program("chromium", "chromium-browser", "google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent("playwright is not installed (pip install '.[browser]')")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Briefings of a small run whose names try to be markup, in both languages."""
    place = tmp_path_factory.mktemp("briefed")
    (place / "hostile.yaml").write_text(HOSTILE, "utf-8")
    run = ["run", str(place / "hostile.yaml"), "-j", "1", "--out", str(place / "run")]
    assert execute(run) == 0
    for lang in LANGUAGES:
        assert execute(["report", str(place / "run"), "--lang", lang]) == 0
    return place / "run"


@contextmanager
def visit(chromium: Any, file: Path, width: int = 1280) -> Iterator[Visit]:
    """Open a file; whatever is asked of any other address is noted and refused."""
    context = chromium.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    opened = Visit(page, [], [])

    def answer(route: Any) -> None:
        if route.request.url.partition("#")[0] == file.as_uri():
            route.continue_()
        else:
            opened.asked.append(route.request.url)
            route.abort()

    context.route("**/*", answer)
    page.on("console", lambda message: opened.complaints.append(message.text))
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.on("dialog", lambda dialog: opened.complaints.append(dialog.message))
    page.goto(file.as_uri(), wait_until="load")
    page.evaluate("document.fonts.ready")
    yield opened
    context.close()


def briefing(folder: Path, lang: str) -> Path:
    return folder / f"briefing.{lang}.html"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_briefing_asks_for_nothing_and_runs_nothing(
    chromium: Any, folder: Path, lang: str
) -> None:
    with visit(chromium, briefing(folder, lang)) as opened:
        for chart in opened.page.locator("figure").all():
            chart.scroll_into_view_if_needed()
            chart.click()
        words = opened.page.locator("body").inner_text()
        assert ("Simulated, not observed" if lang == "en" else "模拟结果，非实测") in words
        assert "window.ran=1" in words
        assert lang == "zh" or "{{ 7*7 }}</style>" in words
        assert not opened.ran()
        assert opened.asked == []
        assert opened.complaints == []


def test_the_browser_notices_what_it_must_not_find(chromium: Any, tmp_path: Path) -> None:
    """The watch itself: a page that does ask for something and runs something is caught."""
    page = tmp_path / "bad.html"
    page.write_text(
        "<!doctype html><script>window.ran=1;console.error('seen')</script>"
        "<img src='https://example.invalid/a.png'>"
    )
    with visit(chromium, page) as opened:
        assert opened.ran()
        assert opened.asked == ["https://example.invalid/a.png"]
        assert "seen" in opened.complaints


@pytest.mark.parametrize(
    "attack",
    [
        "<script>window.ran=1</script>",
        "<img src='data:image/gif;base64,AAAA' onerror='window.ran=1'>",
        "<svg onload='window.ran=1'></svg>",
        "<script src='https://example.invalid/a.js'></script>",
        "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
        "<style>body{background:url(https://example.invalid/a.png)}</style>",
        "<link rel='stylesheet' href='https://example.invalid/a.css'>",
        "<object data='https://example.invalid/a'></object>",
        "<form id=leak action='https://example.invalid/a'><input name=a></form>",
    ],
)
def test_the_policy_holds_even_where_escaping_would_fail(
    chromium: Any, folder: Path, tmp_path: Path, attack: str
) -> None:
    page = tmp_path / "injected.html"
    page.write_text(
        briefing(folder, "en").read_text("utf-8").replace("<main>", f"<main>{attack}"), "utf-8"
    )
    with visit(chromium, page) as opened:
        assert attack.partition(" ")[0].strip("<>") in opened.page.content()
        if "<form" in attack:  # nobody but a reader sends a form
            opened.page.evaluate("document.getElementById('leak').submit()")
            opened.page.wait_for_timeout(200)
        assert not opened.ran()
        assert opened.asked == []
        assert any("Content Security Policy" in text for text in opened.complaints)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("width", [1280, 390])
def test_a_briefing_fits_the_screen(
    chromium: Any, folder: Path, tmp_path: Path, lang: str, width: int
) -> None:
    with visit(chromium, briefing(folder, lang), width) as opened:
        wide = "document.documentElement.scrollWidth"
        assert opened.page.evaluate(wide) <= width
        assert opened.page.evaluate("document.fonts.check(\"16px 'Noto Sans SC'\", '血液')")
        shot = tmp_path / f"{lang}-{width}.png"
        opened.page.screenshot(path=shot, full_page=True)
    picture = imread(shot)
    assert picture.shape[1] == width
    # Every stretch of a screen's height shows something.
    rows = np.ptp(picture[..., :3].reshape(len(picture), -1), axis=1) > 0.3
    assert all(rows[top : top + 900].any() for top in range(0, len(rows) - 900, 900))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_printed_briefing_is_a4_with_text_that_can_be_selected(
    chromium: Any, folder: Path, lang: str
) -> None:
    pypdf = pytest.importorskip("pypdf")
    with visit(chromium, briefing(folder, lang)) as opened:
        printed = opened.page.pdf(prefer_css_page_size=True, print_background=True)
        questions = opened.page.locator("section.page").count()
        headings = opened.page.locator("section.page > h2:first-child").all_inner_texts()
    pages = pypdf.PdfReader(io.BytesIO(printed)).pages
    # Questions share a page where they fit on one; none is lost, none spills over many.
    assert 0.5 * questions <= len(pages) <= 1.3 * questions
    for page in pages:
        size = (float(page.mediabox.width), float(page.mediabox.height))
        assert size == pytest.approx(A4_POINTS, abs=1.0)
    texts = ["".join(page.extract_text().split()) for page in pages]
    whole = "".join(texts)
    for heading in headings:
        assert "".join(heading.split()) in whole
    for words in (
        ("Hebei", "Simulated,notobserved") if lang == "en" else ("河北", "模拟结果，非实测")
    ):
        assert words in whole
    assert min(map(len, texts)) > 100
