"""The briefing as a Word document, with the charts as pictures and their alternative text."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime, time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloodsim.labels import Lang, pick, shown
from bloodsim.report.brief import Own, Passage
from bloodsim.report.content import Content, contents_of
from bloodsim.report.figures import Figure
from bloodsim.report.printed import LETTER, Slot, slots
from bloodsim.report.several import SideBySide, side_by_side, span_of_several, title_of_several
from bloodsim.report.wording import CHART_NAMES, WORDS, span_words, title_of
from bloodsim.results import Results
from bloodsim.results.cells import inert
from bloodsim.scenario.problems import Problem, ScenarioError

if TYPE_CHECKING:
    from bloodsim.results.plan_file import SavedPlan

_EARLIEST = (1980, 1, 1, 0, 0, 0)


def make_sure_of_word() -> None:
    """Refuse where the extra for Word is not installed."""
    if find_spec("docx") is None:
        message = "Word files need python-docx, which is not installed"
        hint = "pip install 'bloodsim[office]'   (or: pip install python-docx)"
        raise ScenarioError([Problem((), message, hint, "--to docx")])


def write_docx(
    runs: Results | Sequence[Results],
    path: str | Path,
    lang: Lang = "en",
    own: Own | None = None,
    plan: SavedPlan | None = None,
) -> Path:
    """Write the briefing of runs for Word; the same runs give the same bytes.

    Parameters are those of `bloodsim.report.write_html`.

    Raises
    ------
    ScenarioError
        The extra ``office`` is not installed.
    """
    make_sure_of_word()
    results = [runs] if isinstance(runs, Results) else list(runs)
    writer = _Writer(results, contents_of(results, lang, plan), lang, own or Own())
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(writer.bytes())
    return target


class _Writer:
    """Puts a document together from top to bottom."""

    def __init__(
        self, results: Sequence[Results], contents: Sequence[Content], lang: Lang, own: Own
    ) -> None:
        from bloodsim.report.word_style import template

        self._lang, self._own, self._figures = lang, own, 0
        self._words = {key: pick(lang, *words) for key, words in WORDS.items()}
        self._document = template(own.fonts, lang)
        several = len(results) > 1
        title = title_of_several(results, lang) if several else title_of(results[0], lang)
        title = shown(own.title, 120) or title
        span = span_of_several(results, lang) if several else span_words(results[0], lang)
        self._facts(title, results[0])
        self._edges(title)
        self._top(title, span, contents)
        if several:
            self._comparison(side_by_side(results, contents, lang))
        for number, content in enumerate(contents, start=1):
            self._run(content, number if several else 0, last=number == len(contents))

    def bytes(self) -> bytes:
        """The file, with no trace of when it was made."""
        made, dated = io.BytesIO(), io.BytesIO()
        self._document.save(made)
        with (
            zipfile.ZipFile(made) as parts,
            zipfile.ZipFile(dated, "w", zipfile.ZIP_DEFLATED) as file,
        ):
            for part in parts.infolist():
                entry = zipfile.ZipInfo(part.filename, _EARLIEST)
                file.writestr(entry, parts.read(part), zipfile.ZIP_DEFLATED)
        return dated.getvalue()

    # ------------------------------------------------------------------------- the document

    def _facts(self, title: str, results: Results) -> None:
        facts = self._document.core_properties
        facts.title, facts.author = title[:250], shown(self._own.organisation, 200)
        facts.last_modified_by = facts.comments = facts.keywords = ""
        facts.language = pick(self._lang, "zh-CN", "en")
        facts.created = facts.modified = datetime.combine(results.score_start, time())
        facts.revision = 1

    def _edges(self, title: str) -> None:
        """Header and footer: whose it is, that it is simulated, which page."""
        from bloodsim.report.word_style import add_field

        section = self._document.sections[0]
        head = [shown(self._own.organisation, 60), shown(title, 60), self._words["simulated"]]
        section.header.paragraphs[0].text = "　·　".join(filter(None, head))
        foot = section.footer.paragraphs[0]
        foot.alignment = 1  # centred
        foot.add_run(pick(self._lang, "第 ", "Page "))
        add_field(foot, "PAGE", "1")
        foot.add_run(pick(self._lang, " 页，共 ", " of "))
        add_field(foot, "NUMPAGES", "1")
        if self._lang == "zh":
            foot.add_run(" 页")

    def _top(self, title: str, span: str, contents: Sequence[Content]) -> None:
        logo, organisation = self._own.logo, shown(self._own.organisation, 120)
        if logo is not None:
            from docx.shared import Mm

            picture = self._document.add_picture(io.BytesIO(logo.png), height=Mm(14))
            picture._inline.docPr.set("descr", organisation or self._words["logo"])
        if organisation:
            self._say(organisation, "Remark")
        self._say(f"{self._words['briefing']} · {self._words['simulated']}", "Remark")
        self._say(title, "Title")
        worlds = " / ".join(str(n) for n in sorted({c.replications for c in contents}))
        self._say(f"{span} · {worlds} {self._words['replications']}", "Remark")

    def _comparison(self, runs: SideBySide) -> None:
        self._head(self._words["runs"], 1)
        for head, status in runs.statuses:
            self._say(f"{head}\n{status}", "Status")
        self._passages("opening")
        rows = [[name, *values] for name, values in runs.facts]
        for name, unit, cells in runs.figures:
            said = [
                f"{cell.values}\n{cell.difference} · {self._clear(cell.clear)}"
                if cell.difference
                else cell.values
                for cell in cells
            ]
            rows.append([f"{name}\n{unit}", *said])
        self._table(["", *runs.heads], rows)
        for text in (*runs.notes, self._words["interval_note"]):
            self._say(text, "Remark")

    def _run(self, content: Content, number: int, *, last: bool) -> None:
        level = 2 if number else 1
        if number:
            self._head(f"{number}. {content.title}", 1, new_page=True)
            self._say(
                f"{content.span} · {content.replications} {self._words['replications']}", "Remark"
            )
        self._summary(content, level, alone=not number)
        places = slots(content, self._own, LETTER)
        for page in content.pages:
            first = next((f.name for f in page.figures if f.chart is not None), "")
            place = places.get(first, Slot(100, False))
            self._head(page.question, level, new_page=place.starts_page)
            self._say(page.lead, "Remark").paragraph_format.keep_with_next = True
            for text in page.stated:
                self._say(text, "Status").paragraph_format.keep_with_next = True
            if number < 2:
                self._passages(page.key)
            if page.table is not None:
                self._table(page.table.heads, page.table.rows)
                if page.table.note:
                    self._say(page.table.note, "Remark")
            for figure in page.figures:
                place = places.get(figure.name, Slot(100, False))
                self._figure(figure, place, new_page=place.starts_page and figure.name != first)
        if last:
            self._passages("closing")
        self._method(content, level)

    def _summary(self, content: Content, level: int, *, alone: bool) -> None:
        w = self._words
        self._head(content.status_head, level)
        for text in (content.status, *content.others):
            self._say(text, "Status")
        if alone:
            self._passages("opening")
        self._head(w["decisions"], level)
        for index, text in enumerate(content.decisions, start=1):
            self._say("", "Decision").add_run(f"{index}.\t{inert(text)}")
        if not content.decisions:
            self._say(w["no_decision"], "Normal")
        self._head(f"{w['figures']} · {content.product}", level)
        heads = [
            w["indicator"],
            content.before,
            content.after,
            w["difference"],
            w["effect"],
            w["unit"],
        ]
        rows = [
            [f.name, f.before, f.after, f.difference, self._clear(f.clear), f.unit]
            for f in content.figures
        ]
        shares = (1.5, 1.7, 1.7, 1.9, 0.7, 1.2)
        self._table(heads, rows, right=(1, 2, 3), shares=shares, style="Small")
        self._say(w["interval_note"], "Remark")

    def _method(self, content: Content, level: int) -> None:
        w = self._words
        self._head(w["method"], level)
        self._say(w["stress"], "Remark")
        self._table([], [[item.name, item.text] for item in content.stress], shares=(1.4, 5))
        self._say(content.calendar, "Remark")
        self._head(w["inputs"], level)
        heads = [w["kind"], w["count"], w["share"], w["confidence"]]
        self._table(heads, [list(row) for row in content.inputs], right=(1, 2))
        if content.warnings:
            self._head(w["warnings"], level)
            for text in content.warnings:
                self._say(text, "Normal")
        self._head(w["manifest"], level)
        rows = [[item.name, item.text] for item in content.manifest]
        self._table([], rows, shares=(2, 5), style="Small")

    # ----------------------------------------------------------------------------- its parts

    def _say(self, text: str, style: str) -> Any:
        return self._document.add_paragraph(inert(text), style)

    def _head(self, text: str, level: int, *, new_page: bool = False) -> None:
        heading = self._document.add_heading(inert(text), level)
        heading.paragraph_format.page_break_before = new_page

    def _clear(self, clear: bool) -> str:
        return self._words["is_clear" if clear else "not_clear"]

    def _passages(self, place: str) -> None:
        passages: list[Passage] = self._own.at(place)
        for passage in passages:
            if passage.heading:
                self._head(passage.heading, 3)
            for line in passage.lines:
                self._say(line, "Normal")

    def _figure(self, figure: Figure, place: Slot, *, new_page: bool) -> None:
        from docx.shared import Mm

        from bloodsim.report.word_style import TEXT_WIDTH_MM, add_field

        if figure.chart is None:
            name = pick(self._lang, *CHART_NAMES[figure.name])
            self._say(f"{self._words['omitted']}{name} ({figure.why})", "Remark")
            return
        self._figures += 1
        width = Mm(TEXT_WIDTH_MM * place.percent / 100)
        png = _fewer_colours(figure.chart.content("png"))
        picture = self._document.add_picture(io.BytesIO(png), width=width)
        shape = picture._inline.docPr
        shape.set("descr", inert(figure.alt))
        shape.set("title", inert(figure.headline, 250))
        shape.set("name", f"Figure {self._figures}")
        paragraph = self._document.paragraphs[-1]
        paragraph.alignment = 1  # centred
        paragraph.paragraph_format.keep_with_next = True
        paragraph.paragraph_format.page_break_before = new_page
        caption = self._say(pick(self._lang, "图 ", "Figure "), "Caption")
        add_field(caption, "SEQ Figure \\* ARABIC", str(self._figures))
        caption.add_run(f"　{pick(self._lang, *CHART_NAMES[figure.name])}")

    def _table(
        self,
        heads: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        right: Sequence[int] = (),
        shares: Sequence[float] = (),
        style: str = "Cell",
    ) -> None:
        """Add a table, columns as wide as *shares* says; numbers of *right* columns flush right."""
        from docx.shared import Mm

        from bloodsim.report.word_style import (
            TABLE_STYLE,
            TEXT_WIDTH_MM,
            keep_whole,
            plain_rows,
            repeat_header,
        )

        lines = [list(heads), *map(list, rows)] if heads else [list(row) for row in rows]
        if not lines:
            return
        count = len(lines[0])
        parts = list(shares) or [1.6, *[1.0] * (count - 1)]
        table = self._document.add_table(len(lines), count, TABLE_STYLE)
        table.autofit = False
        widths = [Mm(TEXT_WIDTH_MM * part / sum(parts)) for part in parts]
        for column, width in zip(table.columns, widths, strict=True):
            column.width = width
        for row, texts in zip(table.rows, lines, strict=True):
            keep_whole(row)
            for at, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
                cell.width = widths[at]
                paragraph = cell.paragraphs[0]
                paragraph.style, paragraph.text = style, inert(text)
                paragraph.alignment = 2 if at in right else 0
        if heads:
            repeat_header(table.rows[0])
        else:
            plain_rows(table)
        self._say("", "Small")


def _fewer_colours(png: bytes) -> bytes:
    """The same picture with 256 colours, a third of the bytes: charts have few colours."""
    from PIL import Image

    file = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(file, format="PNG", optimize=True, dpi=(200, 200))
    return file.getvalue()
