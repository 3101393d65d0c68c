"""The JSON Schema of scenario files, from the models that validate them."""

from __future__ import annotations

from typing import Any

from bloodsim.scenario import SCHEMA_VERSION, Scenario

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILE_KEYS: dict[str, Any] = {
    "extends": {
        "description": "Files beside this one, or bundled scenarios, that this one starts from.",
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    },
    "tables": {
        "description": (
            "CSV or XLSX files by the field whose block they hold: "
            "{regions: tables/regions.csv, routes.distances_km: tables/km.xlsx#sheet}."
        ),
        "type": "object",
        "additionalProperties": {"type": "string"},
    },
}
"""Keys of files that say what a scenario is put together from."""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file.

    A file may leave to its parents and tables whatever it does not change, and delete with null,
    so that nothing but `schema_version` is required of a single file.
    """
    full = _partial(Scenario.model_json_schema())
    properties = full.pop("properties")
    definitions = full.pop("$defs")
    patch = {"type": "object", "properties": properties, "additionalProperties": False}
    properties = {**properties, **FILE_KEYS}
    properties["schema_version"] = {
        "const": SCHEMA_VERSION,
        "description": "Version of this file format.",
    }
    properties["overrides"] = {
        "description": properties["overrides"]["description"],
        "type": "object",
        "additionalProperties": {"anyOf": [{"$ref": "#/$defs/Patch"}, {"type": "null"}]},
    }
    return {
        "$schema": _DIALECT,
        "title": "bloodsim scenario",
        **full,
        "properties": properties,
        "required": ["schema_version"],
        "$defs": {**definitions, "Patch": patch},
    }


def _partial(schema: Any) -> Any:
    """Return a schema without required keys, each of whose values may be null."""
    if isinstance(schema, list):
        return [_partial(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _partial(value) for key, value in schema.items() if key not in _LEFT_OUT}
    if "oneOf" in found:  # a block without its `kind` may fit several
        found["anyOf"] = found.pop("oneOf")
    if isinstance(schema.get("properties"), dict):
        found["properties"] = {
            key: _or_null(_partial(value)) for key, value in schema["properties"].items()
        }
    for key in ("additionalProperties", "patternProperties"):
        values = schema.get(key)
        if key == "patternProperties" and isinstance(values, dict):
            found[key] = {name: _or_null(_partial(value)) for name, value in values.items()}
        elif isinstance(values, dict):
            found[key] = _or_null(_partial(values))
    return found


_LEFT_OUT = frozenset({"required", "discriminator", "title"})


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    description: dict[str, Any] = {k: schema[k] for k in ("description", "default") if k in schema}
    inner = {k: v for k, v in schema.items() if k not in description}
    return {**description, "anyOf": [inner, {"type": "null"}]}
