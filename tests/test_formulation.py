"""Every constraint of the transfer plan, written out on two regions and two days."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from networks import network, state

from bloodsim.optimize.problem import ClassRule
from bloodsim.optimize.program import Program
from bloodsim.optimize.transfers import TransferModel

GOLDEN = Path(__file__).parent / "formulation"

CLASSES = (
    ClassRule("emergency", 50.0, 0.15, 0, ((0, 0), (1, 1), (1, 0))),
    ClassRule("elective", 5.0, 0.15, 2, ((0, 0), (1, 1))),
)


def _program() -> Program:
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
        fairness_price=100.0,
        normal=np.array([[3.0, 4.0], [5.0, 6.0]]),
        whole_slots=1,
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
    }
    return TransferModel(net).program(state(net, 3, **numbers))


PROGRAM = _program()


def written(block: str) -> str:
    """Return the rows of a block, one a line."""
    lines = []
    for row in PROGRAM.rows[block].ravel().tolist():
        span = slice(*PROGRAM.matrix.indptr[row : row + 2])
        terms = sorted(
            (PROGRAM.column_name(column), value)
            for column, value in zip(
                PROGRAM.matrix.indices[span].tolist(), PROGRAM.matrix.data[span], strict=True
            )
        )
        left = " ".join(f"{value:+g} {name}" for name, value in terms)
        low, high = PROGRAM.row_lower[row], PROGRAM.row_upper[row]
        sense, side = ("=", high) if low == high else ("<=", high) if np.isinf(low) else (">=", low)
        lines.append(f"{PROGRAM.row_name(row)}: {left} {sense} {side:g}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("block", sorted(PROGRAM.rows))
def test_constraints_are_as_written_down(block):
    assert written(block) == (GOLDEN / f"{block}.lp").read_text(encoding="utf-8")


def test_every_constraint_is_written_down():
    assert {path.stem for path in GOLDEN.glob("*.lp")} == set(PROGRAM.rows)
