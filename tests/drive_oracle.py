"""Calendars by trying all of them: rules and worth written without the optimizer's program."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.drive_problem import DonorPath, DriveProblem, Term, ValueSteps

Floats = NDArray[np.floating]


def best(problem: DriveProblem) -> float | None:
    """Return the points of the best calendar; None if none is allowed."""
    most = problem.organisations[problem.candidate_source]
    points = [
        worth(problem, visits)
        for choice in itertools.product(*(range(int(n) + 1) for n in most))
        if allowed(problem, visits := np.array(choice))
    ]
    return max(points, default=None)


def allowed(problem: DriveProblem, visits: NDArray[np.integer]) -> bool:
    """Whether visits keep teams, vehicles, gaps, years and terms, as the simulator counts them."""
    added = np.zeros((len(problem.names), problem.n_days), int)
    np.add.at(added, (problem.candidate_source, problem.candidate_day), visits)
    known = added if problem.committed is None else added + problem.committed
    if (problem.teams_per_visit @ known > problem.teams).any():
        return False
    if problem.vehicles is not None:
        each = problem.vehicles_per_visit
        if ((1 if each is None else each) * known.T).sum(axis=-1).__gt__(problem.vehicles).any():
            return False
    past = np.zeros((len(known), 0), int) if problem.past is None else problem.past
    line = np.concatenate([past, known], axis=1)
    for source, gap in enumerate(problem.gap_days.tolist()):
        spans = [(gap, problem.organisations[source])]
        if problem.most_per_year is not None:
            spans.append((365, problem.most_per_year[source]))
        for days, limit in spans:
            for end in range(1, line.shape[1] + 1):
                if line[source, max(0, end - days) : end].sum() > limit:
                    return False
    return all(_keeps(problem, term, visits) for term in problem.terms)


def _keeps(problem: DriveProblem, term: Term, visits: NDArray[np.integer]) -> bool:
    inside = np.array(
        [
            source in term.sources and term.first_day <= day <= term.last_day
            for source, day in zip(problem.candidate_source, problem.candidate_day, strict=True)
        ]
    )
    count, donors = visits[inside].sum(), (visits * problem.donors)[inside].sum()
    return bool(
        term.least_visits <= count <= term.most_visits
        and term.least_donors - 1e-9 <= donors <= term.most_donors + 1e-9
    )


def worth(problem: DriveProblem, visits: NDArray[np.integer]) -> float:
    """Return the points of some visits, donors followed day by day.

    Where laboratories have no room, those worth least are turned away first; they still count in
    the steps of worth. Pools are large, or absent where there are laboratories.
    """
    asked = visits * problem.donors
    come = asked.copy()
    if problem.processing is not None:
        for day in range(problem.n_days):
            today = np.flatnonzero(problem.candidate_day == day)
            excess = come[today].sum() - problem.processing[day]
            for k in today[np.argsort(problem.value[today], kind="stable")]:
                turned = min(come[k], max(excess, 0))
                come[k] -= turned
                excess -= turned
    cost = 0.0 if problem.visit_cost is None else float(problem.visit_cost @ visits)
    total = float(problem.value @ come) - cost
    for pool in problem.pools:
        total -= pool_cost(problem, pool, asked)
    return total - steps_cost(problem, asked)


def pool_cost(problem: DriveProblem, pool: DonorPath, come: Floats) -> float:
    """Return the points that donors cost the pool, by following it with and without them."""
    gifts, first = np.zeros(problem.n_days), np.zeros(problem.n_days)
    np.add.at(gifts, problem.candidate_day, come * problem.repeat_share)
    np.add.at(first, problem.candidate_day, come * (1 - problem.repeat_share))
    n_segments = len(pool.shares)
    zero = np.zeros((n_segments, problem.n_days))
    hazard = zero if pool.hazard is None else pool.hazard
    value = zero[0] if pool.natural_value is None else pool.natural_value
    retention = np.ones(n_segments) if pool.retention is None else pool.retention
    credit = zero[0] if pool.first_time_credit is None else pool.first_time_credit
    missing, net, cost = np.zeros(n_segments), zero.copy(), 0.0
    for day in range(problem.n_days):
        fewer = hazard[:, day] * missing
        net[:, day] = pool.shares * gifts[day] - fewer
        cost += float(fewer.sum() * value[day] + pool.charge[:, day] @ net[:, day])
        cost -= float(credit[day] * first[day])
        missing = missing + net[:, day]
        if day >= pool.interval_days:
            for segment in range(n_segments):
                after = min(segment + 1, n_segments - 1)
                missing[after] -= retention[segment] * net[segment, day - pool.interval_days]
    return cost


def steps_cost(problem: DriveProblem, come: Floats) -> float:
    """Return the points by which worth falls beyond the steps."""
    steps = problem.steps
    if steps is None:
        return 0.0
    units = come * (1.0 if problem.units_per_donor is None else problem.units_per_donor)
    cost = 0.0
    for first, last, limit, fall in zip(
        steps.first_day, steps.last_day, steps.units, steps.fall, strict=True
    ):
        inside = (problem.candidate_day >= first) & (problem.candidate_day <= last)
        cost += float(max(units[inside].sum() - limit, 0) * fall)
    return cost


def random_problem(seed: int) -> DriveProblem:
    """Return a small region with something of everything; half have laboratories, half a pool."""
    rng = np.random.default_rng(seed)
    n_sources, n_days = int(rng.integers(2, 4)), int(rng.integers(4, 8))
    organisations = rng.choice([1, 1, 2], n_sources)
    grid = rng.permutation(n_sources * n_days)[: int(rng.integers(4, 8))]
    source, day = np.divmod(np.sort(grid), n_days)
    n = len(source)
    past = np.zeros((n_sources, 4), int)
    past[rng.integers(n_sources), rng.integers(4)] = 1
    committed = np.zeros((n_sources, n_days), int)
    changes: dict[str, Any] = {}
    if rng.random() < 0.4:
        booked = int(rng.integers(n_sources)), int(rng.integers(n_days))
        if not past[booked[0]].any():
            committed[booked] = 1
    if rng.random() < 0.5:
        changes["processing"] = rng.uniform(5, 25, n_days)
    else:
        changes["pools"] = (_random_pool(rng, n_days),)
    if rng.random() < 0.5:
        changes["vehicles"] = rng.integers(1, 4, n_days)
        changes["vehicles_per_visit"] = rng.integers(1, 3, n_sources)
    if rng.random() < 0.5:
        first = rng.integers(0, n_days, 2)
        changes["steps"] = ValueSteps(
            first, first + rng.integers(0, 4, 2), rng.uniform(0, 20, 2), rng.uniform(0, 1, 2)
        )
    return DriveProblem(
        n_days=n_days,
        names=tuple(f"plant {k}" for k in range(n_sources)),
        organisations=organisations,
        gap_days=rng.integers(1, 6, n_sources),
        teams_per_visit=rng.integers(1, 3, n_sources),
        candidate_source=source,
        candidate_day=day,
        donors=rng.integers(5, 20, n).astype(float),
        value=rng.uniform(-0.2, 3, n).round(3),
        repeat_share=rng.uniform(0, 1, n).round(3),
        teams=rng.integers(1, 4, n_days) + 2 * committed.sum(axis=0),
        units_per_donor=rng.uniform(1, 2, n).round(3),
        visit_cost=rng.uniform(0, 5, n),
        committed=committed,
        past=past,
        terms=_random_terms(rng, n_sources, n_days, "processing" in changes),
        most_per_year=rng.integers(2, 5, n_sources),
        **changes,
    )


def _random_pool(rng: np.random.Generator, n_days: int) -> DonorPath:
    shares = rng.dirichlet([1.0, 1.0])
    return DonorPath(
        gift="whole_blood",
        eligible=np.full((2, n_days), 1e4),
        shares=shares,
        charge=rng.uniform(0, 1, (2, n_days)),
        hazard=rng.uniform(0, 0.2, (2, n_days)),
        natural=np.full(n_days, 10.0),
        natural_value=rng.uniform(0, 3, n_days),
        interval_days=int(rng.choice([2, 3, 180])),
        retention=rng.uniform(0.3, 1, 2),
        first_time_credit=rng.uniform(0, 0.5, n_days),
    )


def _random_terms(
    rng: np.random.Generator, n_sources: int, n_days: int, with_laboratory: bool
) -> tuple[Term, ...]:
    """Return agreed visits and caps; donors count only where none are turned away."""
    terms = []
    for number in range(int(rng.integers(0, 3))):
        chosen = tuple(np.flatnonzero(rng.random(n_sources) < 0.6).tolist()) or (0,)
        last = int(rng.integers(0, n_days))
        limit = [{"least_visits": 1.0}, {"most_visits": 1.0}, {"least_donors": 8.0}]
        limit.append({"most_donors": 15.0})
        kind = int(rng.integers(2 if with_laboratory else 4))
        terms.append(Term(f"term {number}", chosen, int(rng.integers(2)), last, **limit[kind]))
    return tuple(terms)
