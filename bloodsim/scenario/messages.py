"""Pydantic's findings, said in the words of a scenario file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from bloodsim.scenario.problems import Path, Problem, nearest, shown

_EXPECTED = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "date_from_datetime_parsing": "must be a date such as 2026-02-17",
    "date_parsing": "must be a date such as 2026-02-17",
    "date_type": "must be a date such as 2026-02-17",
    "dict_type": "must be a mapping of names to values",
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of less than 4,300 digits",
    "int_type": "must be a whole number",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "model_attributes_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_type": "must be text",
    "tuple_type": "must be a list",
}
_PATTERNS = {
    r"^[A-Za-z][A-Za-z0-9_]{0,31}$": (
        "an identifier such as BJ: a letter, then up to 31 letters, digits or _"
    ),
    r"^[a-z][a-z0-9_]{0,47}$": "a small letter, then up to 47 small letters, digits or _",
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$": "a letter or digit, then up to 63 letters, digits, _ or -",
}
_SHOWN_TYPES = (str, int, float)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*[%\uff05]")
FULL_WIDTH_COLON = "\uff1a"
USE_ASCII_COLON = (
    f"write ': ' (an ASCII colon and a space) in place of the full-width '{FULL_WIDTH_COLON}'"
)


class _Spot(NamedTuple):
    """Where a finding is in the tree, and what the schema says of it."""

    path: Path
    models: list[type[BaseModel]]
    """Models that the finding's value may be."""
    parents: list[type[BaseModel]]
    """Models that hold it."""
    in_union: bool
    """Whether the finding is about one of several forms that the value may have."""
    of_key: bool
    """Whether it is the key, not the value, that is wrong."""


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Return one problem per place that *error* finds fault with, in the order of the file."""
    problems: dict[Path, Problem] = {}
    for found in error.errors(include_url=False):
        spot = _spot(model, found["loc"])
        problem = Problem(spot.path, *_words(found, spot))
        first = problems.setdefault(spot.path, problem)
        if spot.in_union and first is not problem:
            problems[spot.path] = _either(first, problem)
    return list(problems.values())


def fields_at(model: type[BaseModel], path: Path) -> list[str]:
    """Return the keys that a scenario may have at *path*; empty where any key may stand."""
    here: list[Any] = [model]
    for part in path:
        here = [inner for found in here for inner in _inside(found, part)]
    return sorted({name for found in _models(here) for name in found.model_fields})


def _spot(model: type[BaseModel], location: tuple[int | str, ...]) -> _Spot:
    """Follow a location through the schema; it names keys, and branches of unions between them."""
    here: list[Any] = [model]
    parents: list[Any] = []
    path: list[str] = []
    of_key = in_union = False
    for part in location:
        if part == "[key]":
            of_key = True
        elif len(here) > 1:
            here = [form for form in here if _tag(form) == part]
            in_union = not here
        elif not in_union:
            parents, here = here, [i for found in here for i in _inside(found, str(part))]
            path.append(str(part))
    return _Spot(tuple(path), _models(here), _models(parents), in_union, of_key)


def _inside(annotation: Any, part: str) -> list[Any]:
    """Return the forms that the value of key *part* may have inside *annotation*."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(part)
        return [] if field is None else list(_forms(field.annotation))
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return list(_forms(arguments[1]))
    if get_origin(annotation) in (tuple, list):
        return list(_forms(arguments[0]))
    return []


def _forms(annotation: Any) -> Iterator[Any]:
    """Yield the alternatives of an annotation, without its metadata and without None."""
    if get_origin(annotation) is Annotated:
        yield from _forms(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for form in get_args(annotation):
            yield from _forms(form)
    elif annotation is not NoneType:
        yield annotation


def _models(annotations: list[Any]) -> list[type[BaseModel]]:
    return [a for a in annotations if isinstance(a, type) and issubclass(a, BaseModel)]


def _tag(form: Any) -> str | None:
    """Return the `kind` by which a union tells this model from the others."""
    field = form.model_fields.get("kind") if _models([form]) else None
    literal = field.annotation if field is not None else None
    return get_args(literal)[0] if get_origin(literal) is Literal else None


def _words(found: Mapping[str, Any], spot: _Spot) -> tuple[str, str]:
    """Return the sentence for a finding, and the hint below it."""
    kind, context, value = found["type"], found.get("ctx", {}), found.get("input")
    key = spot.path[-1] if spot.path else ""
    if kind == "extra_forbidden":
        known = {name for model in spot.parents for name in model.model_fields}
        if FULL_WIDTH_COLON in key:
            return f"unknown key '{key}'", USE_ASCII_COLON
        return f"unknown key '{key}'", nearest(key, sorted(known))
    if kind == "missing":
        return f"'{key}' is missing", _description(spot)
    if kind == "union_tag_invalid":
        given = context.get("tag", value)
        return f"unknown kind {shown(given)}", nearest(given, _quoted(context["expected_tags"]))
    if kind == "union_tag_not_found":
        kinds = [tag for model in spot.models if (tag := _tag(model))]
        return "'kind' is missing", "one of: " + ", ".join(kinds)
    if kind == "literal_error":
        what = "name" if spot.of_key else "value"
        return f"unknown {what} {shown(value)}", nearest(value, _quoted(context["expected"]))
    if kind == "string_pattern_mismatch":
        expected = _PATTERNS.get(context["pattern"], f"text like {context['pattern']}")
        what = "name " if spot.of_key else ""
        return f"{what}{shown(value)} is not allowed", f"must be {expected}"
    hint = _of_percent(value) if kind == "float_parsing" else ""
    return _sentence(kind, context, found["msg"], value), hint or _description(spot)


def _of_percent(value: Any) -> str:
    """Return how a share is written that was given in percent."""
    found = _PERCENT.fullmatch(str(value).strip())
    return f"write {float(found[1]) / 100:g}: shares are parts of one" if found else ""


def _sentence(kind: str, context: Mapping[str, Any], message: str, value: Any) -> str:
    if kind in _EXPECTED:
        expected = _EXPECTED[kind].format(**context)
        given = shown(value) if isinstance(value, _SHOWN_TYPES) else _kind_of(value)
        return f"{expected}; got {given}"
    plain = message.removeprefix("Value error, ")
    repeats = kind == "value_error" and shown(value)[1:-1] in plain
    if repeats or not isinstance(value, _SHOWN_TYPES):
        return plain
    return f"{plain}; got {shown(value)}"


def _kind_of(value: Any) -> str:
    if value is None:
        return "nothing"
    return "a mapping" if isinstance(value, Mapping) else "a list"


def _quoted(choices: str) -> list[str]:
    """Return the words of "'a', 'b' or 'c'"."""
    return [word.strip("'\" ") for word in choices.replace(" or ", ", ").split(",")]


def _description(spot: _Spot) -> str:
    """Return the docstring of the field, as what was expected."""
    for model in spot.parents:
        field = model.model_fields.get(spot.path[-1]) if spot.path else None
        if field is not None and field.description:
            return " ".join(field.description.split())
    return ""


def _either(one: Problem, other: Problem) -> Problem:
    """Return one problem for a value that has none of the forms it may have."""
    first = one.message.split("; got ")[0]
    expected = other.hint if other.message.startswith("unknown value") else other.message
    second = expected.split("; got ")[0].removeprefix("one of: ").removeprefix("must be ")
    given = one.message.partition("; got ")[2] or other.message.partition("; got ")[2]
    message = f"{first} or {second}" + (f"; got {given}" if given else "")
    return Problem(one.path, message, one.hint)
