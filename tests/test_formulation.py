"""Every constraint of the transfer plan, written out on two regions and two days."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import network, state

from bloodsim.optimize.aims import FAIRNESS, Aims, staged
from bloodsim.optimize.problem import ClassRule, Network, State
from bloodsim.optimize.program import Program
from bloodsim.optimize.solver import pulp_problem
from bloodsim.optimize.transfers import TransferModel

GOLDEN = Path(__file__).parent / "formulation"

CLASSES = (
    ClassRule("emergency", 50.0, 0.15, 0, ((0, 0), (1, 1), (1, 0))),
    ClassRule("elective", 5.0, 0.15, 2, ((0, 0), (1, 1))),
)


def _problem() -> tuple[Network, State]:
    net = network(
        2,
        [(0, 1, 1), (1, 0, 0)],
        groups=("A_pos", "O_pos"),
        classes=CLASSES,
        min_life_days=2,
        level_prices=(0.1, 0.5),
        end_price=1.0,
        terminal_price=2.5,
        universal_share=0.5,
        normal=np.array([[3.0, 4.0], [5.0, 6.0]]),
        whole_slots=1,
        has_vehicles=True,
        lot=10,
        smallest=20,
        largest=80,
    )
    by_life = np.arange(3 * 4, dtype=float).reshape(3, 2, 2)
    numbers = {
        "by_life": by_life,
        "receipts": np.arange(8.0).reshape(2, 2, 2),
        "demand": np.arange(16.0).reshape(2, 2, 2, 2),
        "levels": np.stack([np.full((2, 2, 2), 9.0), np.full((2, 2, 2), 4.0)]),
        "terminal": np.array([30.0, 40.0]),
        "end_level": np.full((2, 2), 7.0),
        "room": np.array([50.0, 60.0]),
    }
    return net, state(net, 3, **numbers)


def _families() -> dict[str, tuple[Program, str]]:
    """Return the program and the block of rows behind each golden file."""
    net, now = _problem()
    plain = TransferModel(net).program(now)
    found = {block: (plain, block) for block in plain.rows}
    fair = {kind: staged(plain, net, now, Aims("cost", kind))[0] for kind in FAIRNESS[1:]}
    found |= {f"fairness_{kind}": (program, "fairness") for kind, program in fair.items()}
    everything = staged(plain, net, now, Aims("lexicographic", "min-max"))[0]
    return found | {"held": (everything, "held")}


FAMILIES = _families()


def family(name: str) -> Any:
    """Return the rows of a block, and the columns in them, as a PuLP problem of its own."""
    program, block = FAMILIES[name]
    rows = program.rows[block].ravel()
    matrix = program.matrix[rows]
    columns = np.unique(matrix.indices)
    part = Program(
        matrix=matrix[:, columns].tocsr(),
        cost=program.cost[columns],
        lower=program.lower[columns],
        upper=program.upper[columns],
        row_lower=program.row_lower[rows],
        row_upper=program.row_upper[rows],
        integer=program.integer[columns],
        columns={},
        rows={},
    )
    names = [_plain(program.column_name(int(column))) for column in columns]
    return pulp_problem(part, block, (names, [_plain(program.row_name(int(r))) for r in rows]))


def _plain(name: str) -> str:
    """Return a name such as young[0,1,0] as the LP format allows it."""
    return name.replace("[", "_").replace(",", "_").rstrip("]")


def read(text: str) -> dict[str, dict[str, Any]]:
    """Return an LP file by section and statement: names, coefficients, senses and sides alone.

    What PuLP 3.3 and 4 write differently (order of terms, line breaks, comments, how a bound or a
    one is put) does not show.
    """
    sections: dict[str, dict[str, Any]] = {}
    section = ""
    words: dict[str, list[str]] = {}
    for line in re.sub(r"\\\*.*?\*\\", "", text, flags=re.S).splitlines():
        said = line.strip()
        if said.lower() in ("minimize", "subject to", "bounds", "generals", "binaries", "end"):
            section = said.lower()
            words = {}
            sections[section] = words  # type: ignore[assignment]
        elif section in ("minimize", "subject to") and said:
            name, colon, rest = said.rpartition(":")
            if colon:
                words[name] = []
            words[next(reversed(words))] += rest.split()
        elif said:
            words[said] = []
    for known in ("minimize", "subject to"):
        sections[known] = {
            "cost" if known == "minimize" else name: _statement(parts)
            for name, parts in sections[known].items()
        }
    return sections


def _statement(words: list[str]) -> tuple[dict[str, float], str, float]:
    """Return coefficients by name, sense and right-hand side of one statement."""
    terms: dict[str, float] = {}
    sense, side, sign, size = "", 0.0, 1.0, 1.0
    for word in words:
        if word in ("<=", ">=", "="):
            sense = word
        elif sense:
            side = float(word)
        elif word in ("+", "-"):
            sign = -1.0 if word == "-" else 1.0
        elif re.fullmatch(r"[-+]?[0-9.]+(e[-+]?[0-9]+)?", word, re.I):
            size = float(word)
        else:
            terms[word] = sign * size
            sign = size = 1.0
    return {name: terms[name] for name in sorted(terms)}, sense, side


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_constraints_are_as_written_down(name, tmp_path):
    path = tmp_path / f"{name}.lp"
    family(name).writeLP(str(path))
    golden = GOLDEN / path.name
    assert read(path.read_text(encoding="utf-8")) == read(golden.read_text(encoding="utf-8"))


def test_a_changed_coefficient_or_bound_shows():
    text = (GOLDEN / "whole_lots.lp").read_text(encoding="utf-8")
    for old, new in (("- 10 lots", "- 9 lots"), ("= 0", "= 1"), ("<= 8", "<= 7")):
        assert old in text
        assert read(text.replace(old, new, 1)) != read(text)


def test_every_constraint_is_written_down():
    assert {path.stem for path in GOLDEN.glob("*.lp")} == set(FAMILIES)
