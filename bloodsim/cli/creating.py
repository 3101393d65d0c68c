"""Commands that give a start: new, scenarios, schema."""

from __future__ import annotations

import os
import re
import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from bloodsim.cli.output import print_json

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

_SCHEMA_LINE = "# yaml-language-server: $schema=./schema.json\n"
_EXTENSION = """\
# Starts from the bundled scenario {name} and changes what is written here.
# `bloodsim show {file} --diff {name}` lists the changes, `bloodsim schema --md` all fields.
schema_version: 1
extends: {name}
title: {{zh: 我的情景, en: My scenario}}

run:
  replications: 16                # random worlds; more give narrower intervals

# regions:
#   BJ: {{demand_per_day: {{red_cells: 1900}}}}

overrides:                        # named changes
  nothing_shared: {{policies: {{transfer: {{kind: none}}}}}}
  surplus_shared:
    policies:
      transfer: {{kind: share_surplus, above_days: 9, below_days: 5, fill_to_days: 7}}

variants:                         # what to compare: names, and the changes of each
  apart: [nothing_shared]
  shared: [surplus_shared]
"""


class Template(StrEnum):
    """What a new scenario starts from."""

    spring_festival = "spring-festival-2026"
    national = "national-2026"
    minimal = "minimal"


def new(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder to make.")],
    template: Annotated[Template, typer.Option(help="What to start from.")] = Template.minimal,
    as_json: AsJson = False,
) -> None:
    """Write a scenario that runs, to be changed."""
    import json
    import shutil
    import tempfile

    target = Path(folder).expanduser()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise typer.BadParameter(f"{folder} exists and is not empty; name another folder")
    file = "scenario.yaml"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".bloodsim-") as parent:
        made = Path(parent) / "new"  # written aside, so that nothing stays half-written
        made.mkdir()
        text = _template_text(template, file)
        (made / file).write_text(_with_name(text, target.name), encoding="utf-8")
        schema_text = json.dumps(_json_schema(), ensure_ascii=False, indent=1) + "\n"
        (made / "schema.json").write_text(schema_text, encoding="utf-8")
        if target.exists():
            target.rmdir()
        shutil.move(made, target)
    path = Path(folder) / file
    if as_json:
        print_json({"file": path.as_posix(), "template": template.value})
        return
    said = shlex.quote(str(path)) if os.name != "nt" else f'"{path}"'
    print(f"wrote {path}")
    print(f"next: bloodsim validate {said}")
    print(f"      bloodsim run {said}")


def scenarios(as_json: AsJson = False) -> None:
    """List the bundled scenarios."""
    from bloodsim.load import bundled, load

    found = []
    for name in bundled():
        scenario = load(name)
        found.append(
            {
                "name": name,
                "title": scenario.title.model_dump(),
                "score_start": scenario.run.score_start.isoformat(),
                "score_end": scenario.run.score_end.isoformat(),
                "regions": len(scenario.regions),
                "variants": list(scenario.variants),
            }
        )
    if as_json:
        print_json({"scenarios": found})
        return
    for entry in found:
        print(_listed(entry))


def _listed(entry: dict[str, Any]) -> str:
    titles = " · ".join(text for text in entry["title"].values() if text)
    variants = ", ".join(entry["variants"]) or "none"
    return (
        f"{entry['name']}\n    {titles}\n    {entry['score_start']} to {entry['score_end']}, "
        f"{entry['regions']} regions; variants: {variants}"
    )


def schema(
    markdown: Annotated[bool, typer.Option("--md", help="A manual of all fields.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Schema (default).")] = False,
) -> None:
    """Print the format of scenario files: JSON Schema for editors, or a manual to read."""
    if markdown and as_json:
        raise typer.BadParameter("--md and --json exclude each other")
    if markdown:
        from bloodsim.cli.manual import manual

        print(manual(), end="")
        return
    import json

    print(json.dumps(_json_schema(), ensure_ascii=False, indent=1))


def _template_text(template: Template, file: str) -> str:
    from bloodsim.load import bundled

    if template is not Template.minimal:
        return _SCHEMA_LINE + _EXTENSION.format(name=template.value, file=file)
    text = bundled()[template.value].read_text("utf-8")
    return _SCHEMA_LINE + text.removeprefix(_SCHEMA_LINE)


def _with_name(text: str, folder: str) -> str:
    """Return a template under the name of its folder, which its results will bear."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", folder).strip("-_")[:64] or "scenario"
    lines = [line for line in text.splitlines() if not line.startswith("name:")]
    at = next(i for i, line in enumerate(lines) if line.startswith("schema_version:"))
    lines.insert(at + 1, f'name: "{name}"' if name.isdigit() else f"name: {name}")
    return "\n".join(lines) + "\n"


def _json_schema() -> dict[str, Any]:
    from bloodsim.cli.file_schema import json_schema

    return json_schema()
