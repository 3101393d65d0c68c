"""One YAML file turned into plain values, with the line and column of each.

The file is read event by event, so that what a scenario may not contain (aliases, tags, bottomless
nesting) is refused before anything is built from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ruamel.yaml import YAML, events
from ruamel.yaml.constructor import ConstructorError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.reader import ReaderError

from bloodsim.scenario.merge import Tree
from bloodsim.scenario.messages import FULL_WIDTH_COLON, USE_ASCII_COLON
from bloodsim.scenario.problems import Path, Place, Problem, ScenarioError, printable, shown

DEEPEST = 20
"""Levels of nesting that a file may have."""
LARGEST_BYTES = 2_000_000
"""Size that a file may have; larger data belong in tables."""
MOST_VALUES = 200_000
"""Keys and values that a file may have."""

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_HINTS = {
    "'\\t'": "indent with spaces, not with tabs",
    "mapping values are not allowed": "put quotes around a text that contains ': '",
    "expected <block end>": "line the key up with its neighbours",
    "could not find expected ':'": "write 'key: value'",
    "expected ',' or": "close the bracket, or put a comma before the next value",
    "while scanning a quoted": "close the quotation mark",
}


def _of_colon(text: str, error: MarkedYAMLError) -> str:
    """Return a hint if one of the lines that an error speaks of has a full-width colon."""
    marks = [mark.line for mark in (error.context_mark, error.problem_mark) if mark]
    lines = text.splitlines()
    for number in range(min(marks, default=0), max(marks, default=-1) + 1):
        if number < len(lines) and FULL_WIDTH_COLON in lines[number]:
            return f"line {number + 1}: {USE_ASCII_COLON}"
    return ""


@dataclass
class Document:
    """What a YAML file says.

    Parameters
    ----------
    tree : dict
        Its plain values; all keys are text, dates stay text.
    places : dict
        Where each key and list item stands.
    """

    tree: Tree = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)


@dataclass
class _Block:
    """A mapping or list that is being read."""

    value: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None
    """Key whose value comes next."""
    keys: dict[str, Place] = field(default_factory=dict)


class _Reader:
    """Puts a file's values together from its events."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.document = Document()
        self.problems: list[Problem] = []
        self._yaml = YAML(typ="safe", pure=True)
        self._open: list[_Block] = []
        self._count = 0
        self._documents = 0

    def read(self, text: str) -> Document:
        for event in self._events(text):
            self._check(event)
            if isinstance(event, events.MappingStartEvent):
                self._start({}, event)
            elif isinstance(event, events.SequenceStartEvent):
                self._start([], event)
            elif isinstance(event, events.MappingEndEvent | events.SequenceEndEvent):
                self._open.pop()
            elif isinstance(event, events.ScalarEvent):
                self._scalar(event)
        if self.problems:
            raise ScenarioError(self.problems)
        if not self.document.places:
            place = Place(self.name, 1, 1)
            self._stop(place, "the file is empty", "start with 'schema_version: 1'")
        return self.document

    def _events(self, text: str) -> Iterator[Any]:
        try:
            yield from self._yaml.parse(text)
        except ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            column = error.position - text.rfind("\n", 0, error.position)
            message = f"control character {shown(chr(error.character))}"
            self._stop(Place(self.name, line, column), message, "remove it")
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = Place(self.name, mark.line + 1, mark.column + 1) if mark else Place(self.name)
            reason = " ".join(part for part in (error.context, error.problem) if part)
            hint = next((_HINTS[sign] for sign in _HINTS if sign in reason), "")
            self._stop(place, f"not valid YAML: {reason}", _of_colon(text, error) or hint)
        except YAMLError as error:
            self._stop(Place(self.name), f"not valid YAML: {str(error).splitlines()[0]}")

    def _check(self, event: Any) -> None:
        """Refuse what a scenario file may not contain, before anything is built."""
        place = self._place(event)
        if isinstance(event, events.AliasEvent) or getattr(event, "anchor", None):
            sign = ("*" if isinstance(event, events.AliasEvent) else "&") + str(event.anchor)
            self._stop(place, f"anchors and aliases ({sign}) are not allowed", "write it out")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._stop(place, f"the tag {printable(str(tag))} is not allowed", "remove it")
        if isinstance(event, events.DocumentStartEvent):
            self._documents += 1
            if event.version or event.tags:
                self._stop(place, "YAML directives (%...) are not allowed", "remove the line")
            if self._documents > 1:
                hint = "remove the line '---', or make it a second file"
                self._stop(place, "a scenario file is one YAML document", hint)
        self._count += isinstance(event, events.ScalarEvent | events.CollectionStartEvent)
        if self._count > MOST_VALUES:
            hint = "move large tables to CSV files and name them under 'tables:'"
            self._stop(place, f"more than {MOST_VALUES:,} values", hint)

    def _start(self, value: dict[str, Any] | list[Any], event: Any) -> None:
        place = self._place(event)
        if len(self._open) >= DEEPEST:
            self._stop(place, f"nested more than {DEEPEST} levels deep", "flatten it")
        if not self._open:
            if not isinstance(value, dict):
                self._stop(place, "a scenario file is a mapping of keys to values, not a list")
            else:
                self.document.tree = value
                self.document.places[()] = place
            self._open.append(_Block(value, ()))
            return
        self._open.append(_Block(value, self._add(value, event)))

    def _scalar(self, event: Any) -> None:
        value = self._value(event)
        if not self._open:
            if value is not None:
                hint = "start with 'schema_version: 1'"
                self._stop(self._place(event), "a scenario file is a mapping, not a text", hint)
            return
        block = self._open[-1]
        if isinstance(block.value, dict) and block.key is None:
            self._key(block, value, event)
        else:
            self._add(value, event)

    def _key(self, block: _Block, value: Any, event: Any) -> None:
        place = self._place(event)
        if value is None:
            self._stop(place, "a key is missing before ':'")
        key = value if isinstance(value, str) else str(value).lower()
        if key in block.keys:
            here = ".".join((*block.path, key))
            message = f"key '{key}' stands twice, first in line {block.keys[key].line}"
            hint = "keep one of the two"
            self.problems.append(Problem(tuple(here.split(".")), message, hint, str(place)))
        block.key = key
        block.keys.setdefault(key, place)

    def _add(self, value: Any, event: Any) -> Path:
        """Put a value into the innermost open block; return its path."""
        block = self._open[-1]
        if isinstance(block.value, list):
            path = (*block.path, str(len(block.value)))
            block.value.append(value)
            self.document.places[path] = self._place(event)
            return path
        if block.key is None:
            self._stop(self._place(event), "a key must be a text or a number, not a block")
        key = str(block.key)
        path = (*block.path, key)
        block.value.setdefault(key, value)
        self.document.places.setdefault(path, block.keys[key])
        block.key = None
        return path

    def _value(self, event: Any) -> Any:
        """Return a scalar's value by the rules of YAML 1.2; dates stay text."""
        tag = self._yaml.resolver.resolve(ScalarNode, event.value, event.implicit)
        if str(tag) == _TIMESTAMP:
            return str(event.value)
        try:
            return self._yaml.constructor.construct_object(ScalarNode(tag=tag, value=event.value))
        except (ValueError, OverflowError):
            return self._stop(self._place(event), f"cannot read {shown(event.value)} as a number")
        except ConstructorError:  # a sign of YAML 1.1 with no value of its own, such as a bare =
            return str(event.value)

    def _place(self, event: Any) -> Place:
        return Place(self.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _stop(self, place: Place, message: str, hint: str = "") -> NoReturn:
        raise ScenarioError([*self.problems, Problem((), message, hint, str(place))])


def read_document(text: str, name: str) -> Document:
    """Return the values of a YAML text and where each stands.

    Parameters
    ----------
    text : str
        Contents of the file.
    name : str
        Name of the file in messages.

    Raises
    ------
    ScenarioError
        Not YAML, not a mapping, keys that stand twice, or anything a scenario may not contain.
    """
    return _Reader(name).read(text)


def read_value(text: str, name: str) -> Any:
    """Return the value of a YAML text that is no file, such as a setting's right-hand side."""
    indented = text.replace("\n", "\n  ")
    return read_document(f"value: {indented}", name).tree["value"]


def decoded(data: bytes, name: str) -> str:
    """Return a file's text, which must be UTF-8 (with or without a byte-order mark)."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        message = f"not UTF-8 text (byte 0x{data[error.start]:02x})"
        hint = (
            "the file may be GBK (ANSI on a Chinese Windows): save it as UTF-8, "
            "in Excel as 'CSV UTF-8'"
        )
        place = str(Place(name, line, column))
        raise ScenarioError([Problem((), message, hint, place)]) from None
    return text
