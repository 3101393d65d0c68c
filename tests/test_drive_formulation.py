"""Every constraint of a calendar of drives and of the donors' year, written out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bloodsim.optimize.donor_value import WEEKS, DonorYear, donor_program
from bloodsim.optimize.drive_problem import DonorPath, DriveProblem, Lever, Term, ValueSteps
from bloodsim.optimize.drives import calendar_program
from bloodsim.optimize.program import Program

GOLDEN = Path(__file__).parent / "formulation" / "drives"


def _calendar() -> Program:
    path = DonorPath(
        gift="whole_blood",
        eligible=np.full((2, 3), 50.0),
        shares=np.array([0.25, 0.75]),
        charge=np.full((2, 3), 0.5),
        hazard=np.full((2, 3), 0.01),
        natural=np.full(3, 4.0),
        interval_days=2,
        retention=np.array([0.4, 0.8]),
    )
    street = Lever(
        channel="street",
        gift="whole_blood",
        donors=np.array([8.0, 9, 10]),
        value=np.ones(3),
        repeat_share=0.5,
        units_per_donor=1.5,
        min_factor=0.5,
        max_factor=1.25,
        period_days=2,
        appeal_max=0.5,
        appeal_steps=((1.0, 1.0), (2.0, 0.5)),
        appeal_window_days=2,
    )
    return calendar_program(
        DriveProblem(
            n_days=3,
            names=("plant", "villages"),
            organisations=np.array([1, 5]),
            gap_days=np.array([2, 90]),
            teams_per_visit=np.array([1, 2]),
            candidate_source=np.array([0, 0, 0, 1, 1]),
            candidate_day=np.array([0, 1, 2, 1, 2]),
            donors=np.array([10.0, 10, 10, 20, 20]),
            value=np.ones(5),
            repeat_share=np.full(5, 0.5),
            teams=np.array([4, 5, 6]),
            units_per_donor=np.full(5, 1.5),
            vehicles=np.array([2, 3, 3]),
            committed=np.array([[0, 0, 0], [1, 0, 0]]),
            past=np.array([[0, 0], [1, 1]]),
            terms=(
                Term("min_visits of 'plant'", (0,), least_visits=1, most_visits=2),
                Term("February", (0, 1), 1, 2, 0, np.inf, 60, 90, channels=("street",)),
            ),
            processing=np.array([30.0, 31, 32]),
            testing=np.array([40.0, 41, 42]),
            pools=(path,),
            levers=(street,),
            steps=ValueSteps(np.array([1]), np.array([2]), np.array([33.0]), np.array([0.2])),
            most_per_year=np.array([2, 6]),
        )
    )


def _year() -> Program:
    return donor_program(
        DonorYear(
            price=np.ones(WEEKS),
            most_share=np.full((2, WEEKS), 0.2),
            newcomers=np.full(WEEKS, 10.0),
            interval_weeks=26,
            retention=np.array([0.4, 0.8]),
            newcomer_retention=0.5,
            leaving_share=np.array([0.01, 0.02]),
            capacity=np.full(WEEKS, 99.0),
            least_share=np.full((2, WEEKS), 0.05),
            step_gifts=np.full((1, WEEKS), 60.0),
            step_fall=np.full((1, WEEKS), 0.5),
        )
    )


CALENDAR, YEAR = _calendar(), _year()


def written(program: Program, block: str, most: int = 60) -> str:
    """Return the first rows of a block, one a line."""
    lines = []
    for row in program.rows[block].ravel().tolist()[:most]:
        span = slice(*program.matrix.indptr[row : row + 2])
        columns = program.matrix.indices[span].tolist()
        terms = sorted(
            (program.column_name(column), value)
            for column, value in zip(columns, program.matrix.data[span], strict=True)
        )
        left = " ".join(f"{value:+g} {name}" for name, value in terms)
        low, high = program.row_lower[row], program.row_upper[row]
        sense, side = ("=", high) if low == high else ("<=", high) if np.isinf(low) else (">=", low)
        lines.append(f"{program.row_name(row)}: {left} {sense} {side:g}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("block", sorted(CALENDAR.rows))
def test_constraints_of_a_calendar_are_as_written_down(block):
    golden = (GOLDEN / f"{block}.lp").read_text(encoding="utf-8")
    assert written(CALENDAR, block) == golden


@pytest.mark.parametrize("block", sorted(YEAR.rows))
def test_constraints_of_a_year_of_donors_are_as_written_down(block):
    golden = (GOLDEN / f"year_{block}.lp").read_text(encoding="utf-8")
    assert written(YEAR, block, most=4) == golden


def test_every_constraint_is_written_down():
    names = set(CALENDAR.rows) | {f"year_{name}" for name in YEAR.rows}
    assert {path.stem for path in GOLDEN.glob("*.lp")} == names
