r"""Who sends what to whom: the time-expanded transfer plan of one product.

Stock of a region and group is held in two classes (t: slots, C: cumulated releases):

.. math::
    Y_t &= Y_{t-1} + c_t - z_t - \textstyle\sum y_{out}, \qquad
    Y_t \le Y_0 + C_t - (\text{what was due to leave the class by } t) \\
    e_t &= z_t + \textstyle\sum y_{in} + a_t, \qquad
    O_t = O_{t-1} + e_t - \textstyle\sum u - w_t \\
    O_t &\le O_0 + \textstyle\sum_{t-\rho+1 < s \le t} e_s
        - (\text{what of } O_0 \text{ expired by } t)

Young units alone travel; all that is issued, and all that arrives, is of the old class, whose units
have at least :math:`\rho` days left when they enter it. Entry order is then expiry order, so the
plan can always be carried out. Slots longer than a day count as received on their first day.

Tried for speed (national, 8 groups, in bare HiGHS; ratios of processor time within one run, first
plan and re-plan a week later from the first basis). What enters the old class stands per slot:
cumulated (with one term less per row) platelets take 1.6 and 1.7 times as long, red cells 1.3 and
1.0 times. Presolve halves the first plan of platelets and does nothing for re-plans; devex prices
take 0.6 of steepest edge in re-plans, Dantzig 5 to 13 times as long. Slots of platelets: 7 days
against 4 (as long as a new unit lives) 4 to 7 and 9 times; two-day slots count units as lost.
No gain, each within two fifths either way: random costs that break ties (1e-4 to 1e-2), no
perturbation or ten times as much, no scaling, ladders of 0 to 0.5 points, one to three substitutes
instead of all, fewer updates of the factors, rows of the young class and of entries eliminated by
hand. Without any substitution 6 and 4 times faster, but another problem; four roads per region
instead of eight 1.6 and 1.5 times, at up to 16 % more cost. Interior point without crossover leaves
no basis to start from; primal simplex is slow from a re-plan's basis, yet ten times faster where
only costs change (`aims`). Red cells in 23 slots took 4 and 3 times as long as in 12.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.problem import Network, State, TransferPlan, TransferProblem
from bloodsim.optimize.program import Program, ProgramBuilder
from bloodsim.optimize.sides import gone_by, sides_of
from bloodsim.optimize.solver import Limits, Solution, Solver

Floats = NDArray[np.floating]
Index = NDArray[np.integer]


class TransferModel:
    """The plan of one network: built once, solved for many states."""

    def __init__(self, network: Network, limits: Limits | None = None) -> None:
        self.network = network
        self.frame = _frame(network)
        self.limits = limits
        self._solver: Solver | None = None

    def program(self, state: State) -> Program:
        """Return the whole program of a state."""
        sides = sides_of(self.network, self.frame, state)
        return replace(self.frame, **vars(sides))

    def solve(self, state: State) -> TransferPlan:
        """Plan for a state; the first solve builds the model and sets the reference basis."""
        if self._solver is None:
            self._solver = Solver(self.program(state), self.limits, presolve=True)
            return self._plan(self._solver.solve())
        return self._plan(self._solver.resolve(**vars(sides_of(self.network, self.frame, state))))

    def _plan(self, solution: Solution) -> TransferPlan:
        return plan_of(self.network, self.frame, solution)


def plan_transfers(problem: TransferProblem, limits: Limits | None = None) -> TransferPlan:
    """Return the best plan for one problem.

    Raises
    ------
    SolverError
        No plan, or none that holds when checked; its subclasses say why.
    """
    return TransferModel(problem.network, limits).solve(problem.state)


def _frame(network: Network) -> Program:
    """Return the coefficients and costs of a network; its sides are placeholders."""
    builder = ProgramBuilder()
    shape = (len(network.slots), len(network.regions), len(network.groups))
    columns = _columns(builder, network, shape)
    _balance(builder, network, columns, shape)
    _requests(builder, network, columns, shape)
    _policy_rows(builder, network, columns, shape)
    if network.whole_slots:
        _whole_lots(builder, network, columns)
    return builder.build()


def _columns(
    builder: ProgramBuilder, network: Network, shape: tuple[int, int, int]
) -> dict[str, Index]:
    n_slots, n_regions, n_groups = shape
    days = network.slots.length.astype(float)
    columns = {
        name: builder.add_columns(name, shape) for name in ("young", "old", "entered", "ageing")
    }
    columns["outdated"] = builder.add_columns("outdated", shape, cost=network.outdate_price)
    arcs = (n_slots, len(network.origin), n_groups)
    price = network.arc_price[None, :, None]
    columns["transfer"] = builder.add_columns("transfer", arcs, cost=price)
    for rule in network.classes:
        steps: dict[int, int] = {}
        ladder = np.zeros(len(rule.pairs))
        for k, (donor, patient) in enumerate(rule.pairs):
            if donor != patient:
                steps[patient] = steps.get(patient, 0) + 1
                ladder[k] = rule.ladder * steps[patient]
        served = (n_slots, n_regions, len(rule.pairs))
        columns[f"served_{rule.name}"] = builder.add_columns(
            f"served_{rule.name}", served, cost=ladder
        )
        columns[f"unmet_{rule.name}"] = builder.add_columns(
            f"unmet_{rule.name}", shape, cost=rule.lost_price
        )
        if rule.patience_days:
            waited = rule.waiting_price * (1 + days) / 2
            columns[f"waiting_{rule.name}"] = builder.add_columns(
                f"waiting_{rule.name}", shape, cost=waited[:, None, None]
            )
    for k, price_k in enumerate(network.level_prices):
        name = f"below_level_{k}"
        columns[name] = builder.add_columns(name, shape, cost=price_k * days[:, None, None])
    if network.terminal_price:
        columns["terminal_short"] = builder.add_columns(
            "terminal_short", (n_regions,), cost=network.terminal_price
        )
    if network.end_price:
        columns["end_short"] = builder.add_columns(
            "end_short", (n_regions, n_groups), cost=network.end_price
        )
    return columns


def _balance(
    builder: ProgramBuilder,
    network: Network,
    columns: dict[str, Index],
    shape: tuple[int, int, int],
) -> None:
    """Add the rows of the two classes."""
    young, old, entered = columns["young"], columns["old"], columns["entered"]
    rows = builder.add_rows("young_balance", shape, 0, 0)
    builder.add_terms(rows, young, 1)
    builder.add_terms(rows[1:], young[:-1], -1)
    builder.add_terms(rows, columns["ageing"], 1)
    leaving = columns["transfer"]
    builder.add_terms(rows[:, network.origin], leaving, 1)
    rows = builder.add_rows("old_entry", shape, 0, 0)
    builder.add_terms(rows, entered, 1)
    builder.add_terms(rows, columns["ageing"], -1)
    for slot, start in enumerate(network.slots.start.tolist()):
        arrive = network.slots.holding(start + network.lead_days)
        there = np.flatnonzero(arrive < shape[0])
        builder.add_terms(rows[arrive[there], network.destination[there]], leaving[slot, there], -1)
    rows = builder.add_rows("old_balance", shape, 0, 0)
    builder.add_terms(rows, old, 1)
    builder.add_terms(rows[1:], old[:-1], -1)
    builder.add_terms(rows, entered, -1)
    builder.add_terms(rows, columns["outdated"], 1)
    for rule in network.classes:
        donors = np.array([donor for donor, _ in rule.pairs])
        builder.add_terms(rows[:, :, donors], columns[f"served_{rule.name}"], 1)
    rows = builder.add_rows("old_age", shape, upper=0)
    builder.add_terms(rows, old, 1)
    for slot, before in enumerate(gone_by(network, network.min_life_days).tolist()):
        builder.add_terms(rows[slot], entered[before + 1 : slot + 1], -1)


def _requests(
    builder: ProgramBuilder,
    network: Network,
    columns: dict[str, Index],
    shape: tuple[int, int, int],
) -> None:
    """Add one row per class, slot, region and patient group: served, waiting or unmet."""
    for rule in network.classes:
        rows = builder.add_rows(f"requests_{rule.name}", shape, 0, 0)
        patients = np.array([patient for _, patient in rule.pairs])
        builder.add_terms(rows[:, :, patients], columns[f"served_{rule.name}"], 1)
        builder.add_terms(rows, columns[f"unmet_{rule.name}"], 1)
        if rule.patience_days:
            waiting = columns[f"waiting_{rule.name}"]
            builder.add_terms(rows, waiting, 1)
            builder.add_terms(rows[1:], waiting[:-1], -1)


def _policy_rows(
    builder: ProgramBuilder,
    network: Network,
    columns: dict[str, Index],
    shape: tuple[int, int, int],
) -> None:
    """Add floors, safety levels, targets at the end, the reserve of universal groups."""
    n_slots, n_regions, n_groups = shape
    young, old, leaving = columns["young"], columns["old"], columns["transfer"]
    rows = builder.add_rows("donor_floor", (n_regions, n_groups), upper=0)
    builder.add_terms(rows[network.origin], leaving[0], 1)
    if network.has_vehicles:
        rows = builder.add_rows("vehicle_room", network.origin.shape, upper=0)
        builder.add_terms(rows[:, None], leaving[0], 1)
    if network.level_prices:
        rows = builder.add_rows("safety", shape, lower=0)
        builder.add_terms(rows, young, 1)
        builder.add_terms(rows, old, 1)
        for k in range(len(network.level_prices)):
            builder.add_terms(rows, columns[f"below_level_{k}"], 1)
    if network.end_price:
        rows = builder.add_rows("end_level", (n_regions, n_groups), lower=0)
        builder.add_terms(rows, young[-1], 1)
        builder.add_terms(rows, old[-1], 1)
        builder.add_terms(rows, columns["end_short"], 1)
    if network.terminal_price:
        rows = builder.add_rows("terminal", (n_regions,), lower=0)
        for last in (young[-1], old[-1]):
            builder.add_terms(rows[:, None], last, 1)
        builder.add_terms(rows, columns["terminal_short"], 1)
        for rule in network.classes:
            if rule.patience_days:
                builder.add_terms(rows[:, None], columns[f"waiting_{rule.name}"][-1], -1)
        for slot, start in enumerate(network.slots.start.tolist()):
            away = np.flatnonzero(network.slots.holding(start + network.lead_days) == n_slots)
            to = network.destination[away]
            builder.add_terms(rows[to][:, None], leaving[slot, away], 1)
    if network.universal_share is not None:
        _universal_rows(builder, network, columns, shape)


def _universal_rows(
    builder: ProgramBuilder,
    network: Network,
    columns: dict[str, Index],
    shape: tuple[int, int, int],
) -> None:
    """Others are served from a group up to a share of what it has left; beyond at a price."""
    donors = {d for rule in network.classes for d, p in rule.pairs if d != p}
    groups = np.array(sorted(donors), dtype=np.intp)
    if not len(groups):
        return
    size = (shape[0], shape[1], len(groups))
    beyond = builder.add_columns("beyond_share", size, cost=network.universal_price)
    rows = builder.add_rows("universal_reserve", size, upper=0)
    for stock in (columns["young"], columns["old"]):
        builder.add_terms(rows, stock[:, :, groups], -float(network.universal_share or 0.0))
    builder.add_terms(rows, beyond, -1)
    for rule in network.classes:
        for k, (donor, patient) in enumerate(rule.pairs):
            if donor != patient:
                at = int(np.searchsorted(groups, donor))
                builder.add_terms(rows[:, :, at], columns[f"served_{rule.name}"][:, :, k], 1)


def _whole_lots(builder: ProgramBuilder, network: Network, columns: dict[str, Index]) -> None:
    """Add whole lots, and shipments that go or do not, in the slots that will be carried out."""
    sent = columns["transfer"][: network.whole_slots]
    most = max(1, network.largest // network.lot)
    lots = builder.add_columns("lots", sent.shape, upper=most, integer=True)
    rows = builder.add_rows("whole_lots", sent.shape, 0, 0)
    builder.add_terms(rows, sent, 1)
    builder.add_terms(rows, lots, -network.lot)
    if network.smallest <= network.lot and network.largest >= 1_000_000:
        return
    goes = builder.add_columns("goes", sent.shape[:2], upper=1, integer=True)
    smallest = builder.add_rows("smallest", sent.shape[:2], lower=0)
    builder.add_terms(smallest[..., None], sent, 1)
    builder.add_terms(smallest, goes, -network.smallest)
    largest = builder.add_rows("largest", sent.shape[:2], upper=0)
    builder.add_terms(largest[..., None], sent, 1)
    builder.add_terms(largest, goes, -network.largest)


def plan_of(network: Network, frame: Program, solution: Solution) -> TransferPlan:
    """Read a plan from a solution."""
    x = solution.x

    def block(name: str) -> Floats:
        return x[frame.columns[name]]

    stock = block("young") + block("old")
    served, waiting = [], []
    for rule in network.classes:
        by_pair = block(f"served_{rule.name}")
        by_patient = np.zeros_like(stock)
        for k, (_, patient) in enumerate(rule.pairs):
            by_patient[:, :, patient] += by_pair[:, :, k]
        served.append(by_patient)
        name = f"waiting_{rule.name}"
        waiting.append(block(name) if name in frame.columns else np.zeros_like(stock))
    slack_names = [n for n in frame.columns if n.startswith("below_level") or n.endswith("_short")]
    slack_names += [name for name in ("beyond_share",) if name in frame.columns]
    return TransferPlan(
        status=str(solution.status),
        gap=solution.gap,
        objective=solution.objective,
        transfers=block("transfer"),
        stock=stock,
        served=np.stack(served),
        unmet=np.stack([block(f"unmet_{rule.name}") for rule in network.classes]),
        waiting=np.stack(waiting),
        outdated=block("outdated"),
        prices=-solution.row_price[frame.rows["young_balance"]],
        slacks={name: block(name) for name in slack_names},
    )
