"""The manual of scenario files and indicators, written from the models and docstrings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from bloodsim import metrics
from bloodsim.cli.examples import EXAMPLES
from bloodsim.scenario import SCHEMA_VERSION, Scenario
from bloodsim.scenario.base import DATE_FORMAT, Name, RegionId

_INTRODUCTION = f"""\
# Scenario files

A scenario is a YAML 1.2 file with `schema_version: {SCHEMA_VERSION}` on top. Units are in the
names: `_days`, `_units`, `_per_day`, `_share` (0 to 1), `_km`. Unknown keys are errors.

* `extends: national-2026` (a bundled name, a file beside this one, or a list of both) starts from
  other scenarios; the later ones and this file win.
* `tables: {{regions: tables/regions.csv, routes.distances_km: tables/km.xlsx#sheet}}` reads blocks
  from UTF-8 CSV or XLSX files: the first column names the row, the other columns are fields
  (dotted where they lie deeper), an empty cell is not given. Values in the file win over its
  tables, tables over parents.
* Mappings merge, lists replace, `null` deletes, a changed `kind` replaces its block.
* `overrides` are named changes, `variants` named lists of them; two changes of one key in a
  variant are an error. `-s key=value` wins over all.
* Dates are ISO (`2026-01-31`) or count from the lunar New Year (`spring_festival 2026 - 21`).

Each block below has a table of its fields, the place where it stands in a file (NAME = any name,
`[]` = an item of a list) and an example. An example can be put into a file that extends `minimal`,
or (if it adds no channel or product) into its `overrides`, or, key by key, on the command line:
`-s 'donor_pools.whole_blood={{}}'`. Every block is off, or at the defaults shown, unless a file
names it; with other regions, channels and products the examples fit every scenario.
"""


_TOP = "Scenario (the top of the file)"
_REGION, _NAME = (TypeAdapter(kind).json_schema()["pattern"] for kind in (RegionId, Name))
_LARGEST_SHOWN = 10**12
_FIVE_DIGITS = 10**4


def manual() -> str:
    """Return the manual as Markdown: every field of a scenario, every indicator."""
    schema = Scenario.model_json_schema()
    definitions = schema["$defs"]
    schema = {**schema, "properties": {**_of_files_only(), **schema["properties"]}}
    places = _places(schema, definitions)
    names = [name for name in places if "properties" in definitions[name]]
    contents = _contents([_TOP, *names, "Indicators"])
    parts = [_INTRODUCTION, contents, _section(_TOP, schema, definitions)]
    parts += [
        _section(name, definitions[name], definitions, places[name], EXAMPLES.get(name, ""))
        for name in names
    ]
    return "\n".join([*parts, _indicators()])


def _of_files_only() -> dict[str, Any]:
    """Return the keys that stand in files and not in the scenarios made of them."""
    from bloodsim.cli.file_schema import FILE_KEYS

    return dict(FILE_KEYS)


def _places(schema: Any, definitions: dict[str, Any]) -> dict[str, str]:
    """Return blocks as a reader meets them, each before its own, and where each stands first.

    Fields are walked in their order of declaration. What `policies` can hold is told there, though
    the warm-up names it first.
    """
    found: dict[str, str] = {}

    def walk(node: Any, path: str, known: dict[str, str]) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item, path, known)
        elif isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name in definitions and name not in known:
                known[name] = path
                for field, inner in definitions[name].get("properties", {}).items():
                    walk(inner, f"{path}.{field}", known)
            for key in ("anyOf", "oneOf"):
                walk(node.get(key, []), path, known)
            walk(node.get("items", []), f"{path}[]", known)
            walk(node.get("additionalProperties", []), f"{path}.NAME", known)
            walk(list(node.get("patternProperties", {}).values()), f"{path}.NAME", known)

    decided: dict[str, str] = {}
    walk(schema["properties"]["policies"], "policies", decided)
    for field, node in schema["properties"].items():
        if field == "policies":
            found |= decided
        else:
            reached = dict.fromkeys(decided, "") | found
            walk(node, field, reached)
            found |= {name: place for name, place in reached.items() if place}
    return found


def _contents(names: list[str]) -> str:
    """Return a list of links to the sections."""
    anchors = {name: re.sub(r"[^a-z0-9 -]", "", name.lower()).replace(" ", "-") for name in names}
    return "\n".join(f"* [{name}](#{anchor})" for name, anchor in anchors.items()) + "\n"


def _section(
    name: str,
    model: dict[str, Any],
    definitions: dict[str, Any],
    place: str = "",
    example: str = "",
) -> str:
    about = " ".join(model.get("description", "").split())
    required = set(model.get("required", ()))
    lines = [f"## {name}", "", about, ""]
    if place:
        lines[-1:] = ["", f"Stands at `{place}`.", ""]
    lines += ["| field | type | default | meaning |", "|---|---|---|---|"]
    for field, found in model["properties"].items():
        default = "required" if field in required else _default(found, definitions)
        of_type = definitions.get(_reference(found), {}) if "$ref" in found else {}
        meaning = " ".join(found.get("description", of_type.get("description", "")).split())
        cells = (f"`{field}`", _type(found, definitions), default, meaning)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    if example:
        lines += ["", "```yaml", example, "```"]
    return "\n".join(lines) + "\n"


def _default(found: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "default" not in found:
        return "not given"
    default = found["default"]
    if default in ({}, [], ""):
        return "empty"
    if "kind" not in (default if isinstance(default, dict) else ()) and "$ref" in found:
        return f"see {_linked(_reference(found))}"
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _type(found: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Return a type and its range in words."""
    if "$ref" in found:
        return _linked(_reference(found))
    alternatives = found.get("anyOf") or found.get("oneOf")
    if alternatives:
        return " or ".join(dict.fromkeys(_type(a, definitions) for a in alternatives))
    if "const" in found:
        return f"`{found['const']}`"
    if "enum" in found:
        return ", ".join(f"`{value}`" for value in found["enum"])
    kind = found.get("type", "any")
    if kind == "array":
        return f"list of {_type(found.get('items', {}), definitions)}"
    if kind == "object":
        return _mapping(found, definitions)
    if found.get("format") in ("date", DATE_FORMAT):
        return "date"
    if found.get("pattern") == _REGION:
        return "region"
    if found.get("pattern") == _NAME:
        return "name"
    words = {
        "number": "number",
        "integer": "whole number",
        "string": "text",
        "null": "null",
        "boolean": "true or false",
    }
    return " ".join([words.get(kind, str(kind)), *_range(found)])


def _mapping(found: dict[str, Any], definitions: dict[str, Any]) -> str:
    patterns = found.get("patternProperties", {})
    inner = next(iter(patterns.values()), found.get("additionalProperties", {}))
    inner = inner if isinstance(inner, dict) else {}
    names = found.get("propertyNames", {}).get("enum")
    keys = f" (keys {', '.join(names)})" if names else ""
    return f"mapping to {_type(inner, definitions)}{keys}"


def _range(found: dict[str, Any]) -> Iterator[str]:
    """Yield a range in words: 0 to 1, 0 or more, above 0 up to 10."""
    low, above = found.get("minimum"), found.get("exclusiveMinimum")
    high, below = found.get("maximum"), found.get("exclusiveMaximum")
    start = f"above {_figure(above)}" if above is not None else ""
    start = _figure(low) if low is not None else start
    end = f"below {_figure(below)}" if below is not None else ""
    end = _figure(high) if high is not None else end
    if low is not None and not end:
        yield f"{start} or more"
    elif low is not None and high is not None:
        yield f"{start} to {end}"
    elif start and end:
        more = f"{start} or more" if low is not None else start
        yield f"{more} and {end}" if below is not None else f"{start}, up to {end}"
    elif start or end:
        yield start or (end if below is not None else f"up to {end}")


def _figure(value: float) -> str:
    whole = float(value).is_integer()
    if whole and abs(value) < _LARGEST_SHOWN:
        return f"{int(value):,}" if abs(value) >= _FIVE_DIGITS else str(int(value))
    return f"{value:.3g}"


def _reference(found: dict[str, Any]) -> str:
    return str(found["$ref"]).rsplit("/", 1)[-1]


def _linked(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _indicators() -> str:
    lines = ["# Indicators", "", "| name | unit | definition |", "|---|---|---|"]
    for entry in metrics.kpi_definitions():
        cells = (f"`{entry['name']}`", entry["unit"], entry["definition"])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
