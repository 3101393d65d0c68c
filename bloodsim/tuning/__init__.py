"""Finding a rule's parameters by simulation, on other luck than the scenario is scored with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bloodsim.metrics import Interval, interval
from bloodsim.scenario import Scenario, ScenarioError
from bloodsim.scenario.problems import Problem
from bloodsim.tuning.evaluate import Costs, Journal, Luck, Progress, costs_of
from bloodsim.tuning.ranges import (
    DEFAULT_RANGES,
    Parameter,
    Point,
    candidate,
    grid,
    parameters,
    values_of,
)
from bloodsim.tuning.search import best_of, refinements
from bloodsim.tuning.start import Start, starting_point

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DEFAULT_RANGES",
    "Interval",
    "Journal",
    "Luck",
    "Parameter",
    "Tuning",
    "tune",
]

ROUNDS = 2
"""Rounds of refinement after the grid, each at half the step of the one before."""
_SEED_STEP = 1000
"""Distance of the seeds that are taken where none are given."""


@dataclass(frozen=True)
class Tuning:
    """What a search found.

    Parameters
    ----------
    start : Start
        Scenario and rule that were tuned.
    tuned : tuple of Parameter
        What was tuned.
    luck, fresh : Luck
        Random worlds of the search, and those that only start and winner met afterwards.
    costs : mapping of point to array
        Cost (points) of every candidate in every world of the search.
    first : mapping of point to int
        Round in which it was looked at: 0 for the grid and the start.
    fresh_costs : mapping of point to array
        Costs of start and winner in the fresh worlds.
    left_out : int
        Combinations that the scenario forbids.
    """

    start: Start
    tuned: tuple[Parameter, ...]
    luck: Luck
    fresh: Luck
    costs: Mapping[Point, Costs]
    first: Mapping[Point, int]
    fresh_costs: Mapping[Point, Costs]
    left_out: int

    @cached_property
    def start_point(self) -> Point:
        """Values of the scenario."""
        return values_of(self.start.scenario, self.tuned)

    @cached_property
    def winner(self) -> Point:
        """Values of lowest mean cost."""
        return best_of(_means(self.costs))

    @cached_property
    def gain(self) -> Interval:
        """Winner minus start in the worlds of the search: flattered, for it was chosen there."""
        return interval(self.costs[self.winner] - self.costs[self.start_point])

    @cached_property
    def fresh_gain(self) -> Interval:
        """Winner minus start in fresh worlds: what to expect (negative = the winner is better)."""
        return interval(self.fresh_costs[self.winner] - self.fresh_costs[self.start_point])

    @property
    def kept_start(self) -> bool:
        """Whether fresh worlds do not show the winner to be cheaper, so that the start stays."""
        gain = self.fresh_gain
        return self.winner == self.start_point or not gain.mean + gain.half_width < 0

    @property
    def chosen(self) -> Point:
        """Values that the override gets."""
        return self.start_point if self.kept_start else self.winner

    @property
    def at_the_edge(self) -> tuple[str, ...]:
        """Parameters whose cheapest value ends a range that the field would let go on."""
        found = []
        for index, parameter in enumerate(self.tuned):
            value, width = self.winner[index], parameter.high - parameter.low
            beyond = {parameter.low: parameter.low - width, parameter.high: parameter.high + width}
            if value in beyond:
                wider = replace(parameter, low=min(*beyond.values()), high=max(*beyond.values()))
                step = 1 if parameter.whole else 0.01 * width
                further = wider.tidy(value + (step if value == parameter.high else -step))
                if _allowed(self.start.scenario, [parameter], (further,), ()) is not None:
                    found.append(parameter.name)
        return tuple(found)

    @property
    def verdict(self) -> str:
        """What the fresh worlds say, in words."""
        if self.winner == self.start_point:
            return "nothing in the range is better than the start values: they stay"
        mean, half_width, n = self.fresh_gain
        share = 100 * mean / float(np.mean(self.fresh_costs[self.start_point]) or np.nan)
        said = f"{mean:+,.0f} ± {half_width:,.0f} points ({share:+.1f} %) over {n} fresh worlds"
        if not self.kept_start:
            return f"better than the start values: {said}"
        if mean >= 0:
            return f"not confirmed, the start values stay: {said}"
        return f"no difference from the start values shown, the start values stay: {said}"

    def surface(self) -> pd.DataFrame:
        """Every candidate, cheapest first.

        Columns: one per parameter; ``round`` (0 = grid), ``mean_cost`` (points), ``difference``
        from the winner, ``half_width`` of its paired 95 % interval, ``as_good`` (the interval
        covers 0), ``from_start``, ``from_start_half_width``.
        """
        import pandas as pd

        best, start = self.costs[self.winner], self.costs[self.start_point]
        rows = []
        for point in sorted(self.costs, key=lambda p: (float(np.mean(self.costs[p])), p)):
            cost = self.costs[point]
            paired, moved = interval(cost - best), interval(cost - start)
            rows.append(
                {
                    **dict(zip((p.name for p in self.tuned), point, strict=True)),
                    "round": self.first[point],
                    "mean_cost": float(np.mean(cost)),
                    "difference": paired.mean,
                    "half_width": paired.half_width,
                    "as_good": not paired.mean - paired.half_width > 0,
                    "from_start": moved.mean,
                    "from_start_half_width": moved.half_width,
                }
            )
        return pd.DataFrame(rows)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, for machines."""
        names = [p.name for p in self.tuned]
        surface = self.surface()
        return {
            "scenario": self.start.scenario.name,
            "policy": self.start.name,
            "variant": self.start.variant,
            "parameters": {
                p.name: {"low": p.low, "high": p.high, "steps": p.steps} for p in self.tuned
            },
            "scoring_seed": self.start.scenario.run.seed,
            "seeds": list(self.luck.seeds),
            "fresh_seeds": list(self.fresh.seeds),
            "replications": self.luck.replications,
            "candidates": len(self.costs),
            "forbidden_combinations": self.left_out,
            "start": dict(zip(names, self.start_point, strict=True)),
            "winner": dict(zip(names, self.winner, strict=True)),
            "chosen": dict(zip(names, self.chosen, strict=True)),
            "winner_minus_start": self.gain._asdict(),
            "winner_minus_start_fresh": self.fresh_gain._asdict(),
            "at_the_edge": list(self.at_the_edge),
            "kept_start": self.kept_start,
            "verdict": self.verdict,
            "surface": surface.to_dict("records"),
        }


def tune(
    scenario: Scenario,
    policy: str,
    ranges: Sequence[str] = (),
    *,
    seeds: Sequence[int] = (),
    fresh_seeds: Sequence[int] = (),
    replications: int = 16,
    rounds: int = ROUNDS,
    workers: int = 1,
    journal: Journal | None = None,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
) -> Tuning:
    """Find the values of a rule's parameters that cost least.

    A grid first, then *rounds* of refinement around the best and at the lows of a spline through
    all mean costs (`search`). All candidates meet the same random worlds, so that they are
    compared world by world; the winner and the start values then meet in fresh ones.

    Parameters
    ----------
    scenario : Scenario
        The world; its own seed, with which it is scored, is not used.
    policy : str
        A variant of the scenario, or a kind of policy.
    ranges : sequence of str
        ``name=low:high[:steps]``; default: `DEFAULT_RANGES` of the kind.
    seeds, fresh_seeds : sequence of int
        Roots of the luck of the search and of the check afterwards.
    replications : int, default 16
        Random worlds per seed.
    rounds : int, default 2
        Rounds of refinement.
    workers : int, default 1
        Processes; the result does not depend on it.
    journal : Journal, optional
        Costs known from an interrupted search.
    progress : callable (done, total), optional
        Told the finished tasks of each stage.
    told : callable (str), optional
        Told what each stage does.

    Raises
    ------
    ScenarioError
        An unknown policy or parameter, a range outside a field's limits, the scoring seed.
    """
    luck, fresh = _lucks(scenario, seeds, fresh_seeds, replications)
    start = starting_point(scenario, policy)
    base = start.scenario.set("run.daily_replications", 0)
    tuned = parameters(base, ranges or _default_ranges(start))
    first: dict[Point, int] = {}
    known: dict[Point, Scenario] = {}
    costs: dict[Point, Costs] = {}
    own = values_of(base, tuned)
    batch, left_out = [own, *(p for p in grid(tuned) if p != own)], 0
    for number in range(rounds + 1):
        allowed = {p: s for p in batch if (s := _allowed(base, tuned, p, own)) is not None}
        if number == 0 and not set(allowed) - {own}:
            candidate(base, tuned, batch[-1])  # says why
        left_out += len(batch) - len(allowed)
        known |= allowed
        if told:
            told(f"{'grid' if number == 0 else f'refinement {number}'}: {len(allowed)} candidates")
        found = costs_of(list(allowed.values()), luck, workers, journal, progress)
        costs |= dict(zip(allowed, found, strict=True))
        first |= dict.fromkeys(allowed, number)
        batch = refinements(tuned, _means(costs), number + 1)
    finalists = list(dict.fromkeys([own, best_of(_means(costs))]))
    if told:
        told(f"check in fresh worlds: {len(finalists)} candidates")
    checked = costs_of([known[p] for p in finalists], fresh, workers, journal, progress)
    return Tuning(
        start,
        tuned,
        luck,
        fresh,
        costs,
        first,
        dict(zip(finalists, checked, strict=True)),
        left_out,
    )


def _allowed(
    base: Scenario, tuned: Sequence[Parameter], point: Point, own: Point
) -> Scenario | None:
    """Return the candidate's scenario; None where the scenario forbids the combination."""
    if point == own:
        return base
    try:
        return candidate(base, tuned, point)
    except ScenarioError:
        return None


def _lucks(
    scenario: Scenario, seeds: Sequence[int], fresh_seeds: Sequence[int], replications: int
) -> tuple[Luck, Luck]:
    scoring = scenario.run.seed
    seeds = tuple(dict.fromkeys(seeds)) or (scoring + _SEED_STEP,)
    fresh = tuple(dict.fromkeys(fresh_seeds)) or (max(*seeds, scoring) + _SEED_STEP,)
    problems = []
    if scoring in (*seeds, *fresh):
        message = f"seed {scoring} is the one that the scenario is scored with (run.seed)"
        hint = "tune on other seeds: a rule must not know the luck that it is judged by"
        problems.append(Problem(("seeds",), message, hint))
    if both := set(seeds) & set(fresh):
        message = f"seed {min(both)} serves the search and the check afterwards"
        problems.append(Problem(("seeds",), message, "check on fresh seeds"))
    if problems:
        raise ScenarioError(problems)
    return Luck(tuple(seeds), replications), Luck(tuple(fresh), replications)


def _default_ranges(start: Start) -> Sequence[str]:
    for kind in start.kinds:
        if kind in DEFAULT_RANGES:
            return DEFAULT_RANGES[kind]
    fields = ", ".join(start.fields)
    message = f"the policy '{start.name}' has no parameters"
    hint = "tune numbers of the scenario, by dotted path, or one of " + ", ".join(DEFAULT_RANGES)
    if fields:
        message = f"no ranges are known for the policy '{start.name}'"
        hint = f"give --params name=low:high:steps; its numbers are {fields}"
    raise ScenarioError([Problem(("policy",), message, hint)])


def _means(costs: Mapping[Point, Costs]) -> dict[Point, float]:
    return {point: float(np.mean(values)) for point, values in costs.items()}
