"""Names that open a block of their own where another block was meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from bloodsim.scenario.problems import Path, Problem, shown

_MISSING = " is missing"


def regions_meant(problems: Sequence[Problem], regions: Mapping[str, object]) -> list[Problem]:
    """Say once of a region that lacks its fields, and is nearly named like another, which is meant.

    A misspelt region, or one called by its name in place of its key, is a new region to the file
    format, which then lacks all that it needs.

    Parameters
    ----------
    problems : sequence of Problem
        What is wrong, in the order of the file.
    regions : mapping of str to object
        All regions that the files give.
    """
    lacking: dict[Path, list[str]] = {}
    for problem in filter(_is_lack, problems):
        lacking.setdefault(_region(problem.path), []).append(problem.path[-1])
    new = {region[-1] for region in lacking}
    spellings = _spellings({key: value for key, value in regions.items() if key not in new})
    told: set[Path] = set()
    found = []
    for problem in problems:
        region = _region(problem.path)
        meant = _meant(region[-1], spellings) if _is_lack(problem) else ""
        if not meant:
            found.append(problem)
        elif region not in told:
            told.add(region)
            message = f"{shown(region[-1])} is a new region, and lacks {', '.join(lacking[region])}"
            hint = f"did you mean '{meant}'?"
            found.append(replace(problem, path=region, message=message, hint=hint))
    return found


def _is_lack(problem: Problem) -> bool:
    """Return whether it is that a region lacks a field."""
    region = _region(problem.path)
    inside = bool(region) and len(problem.path) == len(region) + 1
    return inside and problem.message.endswith(_MISSING)


def _spellings(regions: Mapping[str, object]) -> dict[str, str]:
    """Return the keys and names of regions, in small letters, with the key of each."""
    spellings = {}
    for key, region in regions.items():
        named = region if isinstance(region, Mapping) else {}
        for spelling in (key, named.get("name_en"), named.get("name_zh")):
            if isinstance(spelling, str):
                spellings[spelling.lower()] = key
    return spellings


def _meant(key: str, spellings: Mapping[str, str]) -> str:
    """Return the region that a key nearly spells; empty if none."""
    match = get_close_matches(key.lower(), spellings, n=1, cutoff=0.75)
    return spellings[match[0]] if match else ""


def _region(path: Path) -> Path:
    """Return the part of a path that ends in a region's name; empty where it has none."""
    at = 2 if path[:1] == ("overrides",) else 0
    return path[: at + 2] if path[at : at + 1] == ("regions",) else ()
