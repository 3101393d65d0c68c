"""The small file by which a briefing gets its own title, logo and paragraphs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from bloodsim.labels import Lang, pick
from bloodsim.load.document import LARGEST_BYTES, Document, decoded, read_document
from bloodsim.report.logo import Logo, LogoError, read_logo
from bloodsim.results.cells import inert
from bloodsim.scenario.base import Model, PlainText
from bloodsim.scenario.messages import problems_of
from bloodsim.scenario.problems import Place, Problem, ScenarioError, located

_LONGEST = 6000

Where = Literal[
    "opening",
    "status",
    "today",
    "when",
    "why",
    "plan",
    "transfers",
    "collection",
    "cost",
    "trust",
    "closing",
]
"""Places of a paragraph: after the status sentence, on a page, or before the method."""


def _lines(value: str) -> str:
    if inert(value, _LONGEST) != value:
        raise ValueError("must not contain control or text-direction characters")
    return value


Lines = Annotated[str, Field(max_length=_LONGEST), AfterValidator(_lines)]
"""Printable text; blank lines separate paragraphs."""


def _both(value: Any) -> Any:
    return {"zh": value, "en": value} if isinstance(value, str) else value


class Words(Model):
    """A text in Chinese and English, or one text for both."""

    zh: Lines = ""
    """Chinese text."""
    en: Lines = ""
    """English text."""

    def said(self, lang: Lang) -> str:
        """The text in a language; the other one's where it has none."""
        return pick(lang, self.zh or self.en, self.en or self.zh).strip()


Said = Annotated[Words, BeforeValidator(_both)]
"""Words, or a text that is for both languages."""


class Paragraph(Model):
    """A paragraph of one's own."""

    text: Said
    """What it says; blank lines separate paragraphs, and nothing in it is markup."""
    heading: Said = Words()
    """Its heading, if any."""
    place: Where = "opening"
    """Where it stands: after the status sentence, on a page, or before the method (closing)."""


class Fonts(Model):
    """Names of the fonts of a Word briefing; they are not embedded."""

    body: Annotated[PlainText, Field(min_length=1, max_length=60)] = "宋体"
    """East Asian font of the text."""
    heading: Annotated[PlainText, Field(min_length=1, max_length=60)] = "黑体"
    """East Asian font of title and headings."""
    latin: Annotated[PlainText, Field(min_length=1, max_length=60)] = "Arial"
    """Font of Latin letters and digits."""


class Brief(Model):
    """What somebody adds to a briefing; every key may be left out."""

    title: Said = Words()
    """Title in place of the scenario's."""
    organisation: Said = Words()
    """Who issues the briefing; stands above the title."""
    logo: PlainText = ""
    """Picture beside the organisation: a PNG or JPEG file, relative to this file, up to 1 MB."""
    paragraphs: Annotated[tuple[Paragraph, ...], Field(max_length=20)] = ()
    """Own paragraphs, in order."""
    fonts: Fonts = Fonts()
    """Fonts of the Word briefing."""


class Passage(NamedTuple):
    """A paragraph as a page shows it."""

    heading: str
    lines: list[str]


class Own(NamedTuple):
    """What a briefing has of its own, in the words of one language."""

    title: str = ""
    organisation: str = ""
    logo: Logo | None = None
    passages: tuple[tuple[str, Passage], ...] = ()
    fonts: Fonts = Fonts()

    def at(self, place: str) -> list[Passage]:
        """The passages of a place."""
        return [passage for where, passage in self.passages if where == place]


def read_brief(path: str | Path, lang: Lang) -> Own:
    """Read a brief file.

    Parameters
    ----------
    path : path
        A YAML file; its keys are those of `Brief`.
    lang : {"en", "zh"}
        Language of the briefing.

    Raises
    ------
    ScenarioError
        With every problem found, each with its file, line and column.
    """
    file = Path(path).expanduser()
    try:
        document = _document(file)
    except ScenarioError as error:
        raise ScenarioError([_of_briefs(problem) for problem in error.problems]) from None
    try:
        brief = Brief.model_validate(document.tree)
    except ValidationError as error:
        raise ScenarioError(located(problems_of(error, Brief), document.places)) from None
    logo = None
    if brief.logo:
        try:
            logo = read_logo(file.parent / brief.logo)
        except LogoError as error:
            problem = Problem(("logo",), str(error), "a PNG or JPEG of up to 1 MB")
            raise ScenarioError(located([problem], document.places)) from None
    return Own(
        brief.title.said(lang),
        brief.organisation.said(lang),
        logo,
        tuple((p.place, passage) for p in brief.paragraphs for passage in _passages(p, lang)),
        brief.fonts,
    )


def _document(file: Path) -> Document:
    if not file.is_file():
        message = f"no brief file '{file.as_posix()}'"
        raise ScenarioError([Problem((), message, "--brief brief.yaml", file.name)])
    if file.stat().st_size > LARGEST_BYTES:
        message = f"larger than {LARGEST_BYTES:,} bytes"
        raise ScenarioError([Problem((), message, "shorten it", file.name)])
    return read_document(decoded(file.read_bytes(), file.name), file.name)


def _of_briefs(problem: Problem) -> Problem:
    """Say of a brief file what was said of a scenario file."""
    hint = "start with 'title: ...'" if "schema_version" in problem.hint else problem.hint
    message = problem.message.replace("a scenario file", "a brief file")
    return replace(problem, message=message, hint=hint, place=problem.place or str(Place("brief")))


def _passages(paragraph: Paragraph, lang: Lang) -> Iterator[Passage]:
    blocks = [" ".join(block.split()) for block in paragraph.text.said(lang).split("\n\n")]
    lines = [block for block in blocks if block]
    heading = " ".join(paragraph.heading.said(lang).split())
    if lines or heading:
        yield Passage(heading, lines)
