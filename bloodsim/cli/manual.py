"""The manual of scenario files and indicators, written from the models and docstrings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from bloodsim import metrics
from bloodsim.scenario import SCHEMA_VERSION, Scenario

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
"""


_TOP = "Scenario (the top of the file)"


def manual() -> str:
    """Return the manual as Markdown: every field of a scenario, every indicator."""
    schema = Scenario.model_json_schema()
    definitions = schema["$defs"]
    schema = {**schema, "properties": {**_of_files_only(), **schema["properties"]}}
    names = [name for name in _in_order(schema, definitions) if "properties" in definitions[name]]
    contents = _contents([_TOP, *names, "Indicators"])
    parts = [_INTRODUCTION, contents, _section(_TOP, schema, definitions)]
    parts += [_section(name, definitions[name], definitions) for name in names]
    return "\n".join([*parts, _indicators()])


def _of_files_only() -> dict[str, Any]:
    """Return the keys that stand in files and not in the scenarios made of them."""
    from bloodsim.cli.file_schema import FILE_KEYS

    return dict(FILE_KEYS)


def _in_order(schema: Any, definitions: dict[str, Any]) -> list[str]:
    """Return the names of the blocks as a reader meets them: of the top first, each with its own.

    Walks the fields in their order of declaration.
    """
    found: dict[str, None] = {}

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item)
        elif isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name in definitions and name not in found:
                found[name] = None
                walk(definitions[name].get("properties", {}))
            for key, value in node.items():
                if key not in ("discriminator", "default"):
                    walk(value)

    walk(schema["properties"])
    return list(found)


def _contents(names: list[str]) -> str:
    """Return a list of links to the sections."""
    anchors = {name: re.sub(r"[^a-z0-9 -]", "", name.lower()).replace(" ", "-") for name in names}
    return "\n".join(f"* [{name}](#{anchor})" for name, anchor in anchors.items()) + "\n"


def _section(name: str, model: dict[str, Any], definitions: dict[str, Any]) -> str:
    about = " ".join(model.get("description", "").split())
    required = set(model.get("required", ()))
    lines = [f"## {name}", "", about, ""]
    lines += ["| field | type | default | meaning |", "|---|---|---|---|"]
    for field, found in model["properties"].items():
        default = "required" if field in required else _default(found)
        of_type = definitions.get(_type(found, definitions), {})
        meaning = " ".join(found.get("description", of_type.get("description", "")).split())
        cells = (f"`{field}`", _type(found, definitions), default, meaning)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _default(found: dict[str, Any]) -> str:
    if "default" not in found:
        return "not given"
    default = found["default"]
    if default in ({}, [], ""):
        return "empty"
    if isinstance(default, dict) and any(isinstance(v, dict | list) for v in default.values()):
        return "as below"
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _type(found: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Return a type and its range in words."""
    if "$ref" in found:
        return str(found["$ref"]).rsplit("/", 1)[-1]
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
    if found.get("format") == "date":
        return "date"
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
    for key, sign in (
        ("minimum", "≥"),
        ("exclusiveMinimum", ">"),
        ("maximum", "≤"),
        ("exclusiveMaximum", "<"),
    ):
        if key in found:
            yield f"{sign} {found[key]:g}"


def _indicators() -> str:
    lines = ["# Indicators", "", "| name | unit | definition |", "|---|---|---|"]
    for entry in metrics.kpi_definitions():
        cells = (f"`{entry['name']}`", entry["unit"], entry["definition"])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
