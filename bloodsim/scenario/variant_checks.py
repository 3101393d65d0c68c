"""The semantic pass over variants: they compare decisions and worlds over the same tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bloodsim.scenario.problems import Problem, unknown_names

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

_AXES = ("products", "regions", "channels")
_OF_THE_RUN = "phase_hours"


def check_variants(scenario: Scenario) -> Iterator[Problem]:
    """Yield unknown patches, and patches that would change what variants have in common."""
    used = dict.fromkeys(name for names in scenario.variants.values() for name in names)
    for variant, names in scenario.variants.items():
        for index, name in enumerate(names):
            here = ("variants", variant)
            yield from unknown_names([name], scenario.overrides, "override", here, str(index))
    for name in used:
        patch = scenario.overrides.get(name, {})
        run = patch.get("run")
        for key in run if isinstance(run, Mapping) else ():
            if key != _OF_THE_RUN:
                message = f"a variant cannot change run.{key}: all variants share dates and luck"
                hint = "set it for the whole scenario, or write a second scenario that extends it"
                yield Problem(("overrides", name, "run", str(key)), message, hint)
        for axis in _AXES:
            yield from _changed_axis(name, axis, patch.get(axis), getattr(scenario, axis))


def _changed_axis(
    override: str, axis: str, patch: Any, known: Mapping[str, Any]
) -> Iterator[Problem]:
    for key, value in patch.items() if isinstance(patch, Mapping) else ():
        # A key that is not there adds one, or is misspelt.
        added, removed = key not in known, value is None
        if added != removed:
            what = "add" if added else "remove"
            message = (
                f"a variant cannot {what} {axis[:-1]} '{key}': all variants share their {axis}"
            )
            hint = "set its numbers to 0 instead" if removed else "add it to the whole scenario"
            yield Problem(("overrides", override, axis, str(key)), message, hint)
