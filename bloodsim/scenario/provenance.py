"""Where a scenario's values come from: files, lines, patches and settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bloodsim.scenario.merge import leaves
from bloodsim.scenario.problems import Path, Place


@dataclass(frozen=True)
class Provenance:
    """The files and settings a scenario was put together from.

    Parameters
    ----------
    origins : mapping
        Place where each path of the tree was written; empty for scenarios made in Python.
    sources : mapping
        SHA-256 (hex) of every file that was read, by its name relative to the scenario.
    settings : mapping
        Raw tree of the settings of the command line, which win over the patches of variants.
    """

    origins: Mapping[Path, Place] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def of_variant(self, overrides: Iterable[str]) -> Provenance:
        """Return the provenance of the scenario with the named overrides laid over it."""
        origins = dict(self.origins)
        for name in overrides:
            prefix = ("overrides", name)
            patch = {p[2:]: place for p, place in self.origins.items() if p[:2] == prefix}
            origins.update({path: place for path, place in patch.items() if path})
        won = [path for path, _ in leaves(self.settings) if path in self.origins]
        origins.update({path: self.origins[path] for path in won})
        return replace(self, origins=origins)
