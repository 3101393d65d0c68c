"""What ``doctor --facts`` prints: the baseline beside what was published."""

from __future__ import annotations

import math
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bloodsim.facts import Fact, Finding

_WIDEST_FACT = 56
"""Characters of a fact's name on one line; the table of one seed then fits into 120."""
_ROLES = {
    "emergent": "Emergent: neither put in nor fitted; these test the model",
    "fitted": "Fitted: used to choose parameters; they prove nothing",
    "input": "Input: put in, and comes out again",
}


def report_facts(seeds: Sequence[int], replications: int, workers: int, *, as_json: bool) -> None:
    """Simulate the facts under every seed and print the table, or one JSON object."""
    from bloodsim.facts import findings

    found: dict[int, list[Finding]] = {}
    for seed in seeds:
        if not as_json:
            print(f"seed {seed}: {replications} replications of four years", file=sys.stderr)
        found[seed] = findings(replications, seed, workers)
    if as_json:
        from bloodsim.cli.output import print_json

        print_json({"replications": replications, "facts": as_rows(found)})
        return
    for line in table(found):
        print(line)


def as_rows(found: Mapping[int, Sequence[Finding]]) -> list[dict[str, Any]]:
    """Return one mapping per fact, as JSON holds it."""
    first = next(iter(found.values()))
    return [
        {
            "key": finding.fact.key,
            "fact": finding.fact.fact,
            "unit": finding.fact.unit,
            "read": finding.fact.read,
            "low": finding.fact.low,
            "high": finding.fact.high,
            "source": finding.fact.source,
            "confidence": finding.fact.confidence,
            "role": finding.fact.role,
            "note": finding.fact.note,
            "simulated": [
                {
                    "seed": seed,
                    "mean": of_seed[row].simulated.mean,
                    "half_width": of_seed[row].simulated.half_width,
                    "inside": of_seed[row].inside,
                }
                for seed, of_seed in found.items()
            ],
        }
        for row, finding in enumerate(first)
    ]


def table(found: Mapping[int, Sequence[Finding]]) -> list[str]:
    """Return the lines of the table, a block per role, and what is outside in words."""
    first = next(iter(found.values()))
    facts = [finding.fact for finding in first]
    cells = {
        fact.key: [_simulated(of_seed[row]) for of_seed in found.values()]
        for row, fact in enumerate(facts)
    }
    names = {
        fact.key: textwrap.wrap(f"{fact.fact} ({fact.unit})", _WIDEST_FACT, subsequent_indent="  ")
        for fact in facts
    }
    widths = [
        max(len(line) for name in names.values() for line in name),
        max(len(_target(fact)) for fact in facts),
    ]
    column = max(len(cell) for row in cells.values() for cell in row)
    heads = [f"seed {seed}" for seed in found]
    lines = []
    for role, said in _ROLES.items():
        head = "".join(f"  {text:>{column}}" for text in heads)
        title = "fact".ljust(widths[0])
        lines += ["", said, f"{title}  {'target':>{widths[1]}}{head}  inside?   confidence"]
        for row, fact in enumerate(facts):
            if fact.role == role:
                numbers = "".join(f"  {cell:>{column}}" for cell in cells[fact.key])
                inside = "/".join(of_seed[row].inside for of_seed in found.values())
                inside = inside if len(set(inside.split("/"))) > 1 else inside.split("/")[0]
                target = f"{_target(fact):>{widths[1]}}"
                *above, last = names[fact.key]
                line = f"{last:<{widths[0]}}  {target}{numbers}  {inside:<8}"
                lines += [*above, f"{line}  {fact.confidence}"]
    return [*lines, "", *_outside(found), *_reading()]


def _outside(found: Mapping[int, Sequence[Finding]]) -> list[str]:
    first = next(iter(found.values()))
    lines = []
    for row, finding in enumerate(first):
        if any(of_seed[row].inside in ("no", "unclear") for of_seed in found.values()):
            fact = finding.fact
            note = f" ({fact.note})" if fact.note else ""
            how = "derived" if fact.source.startswith("derived") else "read"
            verdicts = {of_seed[row].inside for of_seed in found.values()}
            verdict = "outside" if "no" in verdicts else "unclear"
            lines.append(f"{verdict}: {fact.fact}: {fact.read} {fact.unit} was {how}{note}")
        elif finding.fact.role == "emergent" and finding.fact.has_target and finding.fact.note:
            lines.append(f"with care: {finding.fact.fact}: {finding.fact.note}")
    return lines


def _reading() -> list[str]:
    return [
        "",
        "simulated: mean and half-width of the 95 % interval over replications; inside?: yes = the",
        "mean is inside the target, unclear = only its interval reaches in, no = neither, – = no",
        "figure is published. Sources and notes: doctor --facts --json, bloodsim/data/facts.csv",
    ]


def _target(fact: Fact) -> str:
    if not fact.has_target:
        return "–"
    low, high = ("" if math.isnan(bound) else f"{bound:g}" for bound in (fact.low, fact.high))
    return f"{low}..{high}"


def _simulated(finding: Finding) -> str:
    mean, half_width = finding.simulated.mean, finding.simulated.half_width
    if math.isnan(half_width):
        return f"{mean:.4g}"
    digits = max(0, 1 - math.floor(math.log10(half_width))) if half_width > 0 else 2
    return f"{mean:.{min(digits, 4)}f} ± {half_width:.{min(digits, 4)}f}"
