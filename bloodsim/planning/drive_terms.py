"""What was agreed with organisations, as far as the coming weeks have to keep it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.drive_problem import Lever, Term
from bloodsim.planning.drive_start import DriveStart, most_donors
from bloodsim.planning.held import HeldVisits

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


def agreed_terms(
    start: DriveStart, region: int, own: Ints, most: float, held: HeldVisits | None
) -> tuple[Term, ...]:
    """Return the terms of a region's calendar.

    The region visits no more donors than *most*. Of what an organisation was promised for the
    calendar year (`min_visits`, and the visits that its quota takes), the plan holds what would no
    longer fit after its last day, gaps kept.
    """
    assert start.world.drives is not None
    table = start.world.drives.table
    where = start.world.regions[region]
    terms = [Term(f"donors of {where} as usual", tuple(range(len(own))), most_donors=most)]
    for place, source in enumerate(own.tolist()):
        least = _still_due(start, source, held)
        if least > 0:
            name = f"visits due to '{table.names[source]}' this year"
            last = (date(start.first.year, 12, 31) - start.first).days
            terms.append(Term(name, (place,), last_day=last, least_visits=least))
    # What is due comes first: a region may visit more donors than usual to keep its word.
    due = sum(term.least_visits * _largest(start, own[term.sources[0]]) for term in terms[1:])
    if due > most:
        terms[0] = Term(terms[0].name, terms[0].sources, most_donors=due)
    return tuple(terms)


def donors_as_usual(start: DriveStart, held: HeldVisits | None) -> Floats:
    """Return the most donors that each region's calendar may visit (n_regions,)."""
    assert start.world.drives is not None
    place, most = start.world.drives.table.region, most_donors(start)
    each = [
        agreed_terms(start, region, np.flatnonzero(place == region), usual, held)[0].most_donors
        for region, usual in enumerate(most.tolist())
    ]
    return np.array(each)


def with_donors_of(levers: tuple[Lever, ...], terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Return the terms of `agreed_terms` with a region's levers among the donors as usual.

    Street turnout and appeals use up the same donors as visits: what the path has is added.
    """
    if not levers:
        return terms
    usual = sum(float(lever.donors.sum()) for lever in levers)
    channels = tuple(lever.channel for lever in levers)
    first = replace(terms[0], most_donors=terms[0].most_donors + usual, channels=channels)
    return (first, *terms[1:])


def _largest(start: DriveStart, source: int) -> float:
    return float(start.donors[start.n_commit :, source].max(initial=0.0))


def _still_due(start: DriveStart, source: int, held: HeldVisits | None) -> int:
    """Return the visits to an organisation that have to be held within the plan."""
    assert start.world.drives is not None
    table = start.world.drives.table
    name = table.names[source]
    organisation = start.scenario.resources.organisations.get(name)
    if organisation is None:
        return 0
    year_end = date(start.first.year, 12, 31)
    done = _this_year(start, source)
    due = organisation.min_visits - done
    if organisation.quota:
        usual = float(table.donors_per_visit[source])
        came = usual * done
        if held is not None:
            came = held.donors_in(name, date(start.first.year, 1, 1), year_end, usual)
        due = max(due, math.ceil((organisation.quota - came) / max(usual, 1e-9) - 1e-9))
    after = max(0, (year_end - (start.first + timedelta(days=start.n_days - 1))).days)
    later = math.ceil(after / int(table.gap_days[source]))
    return max(0, due - later)


def _this_year(start: DriveStart, source: int) -> int:
    """Return the visits of this calendar year that were held or are committed."""
    new_year = (start.first - date(start.first.year, 1, 1)).days
    past = start.past[max(0, len(start.past) - new_year) :, source].sum()
    left = (date(start.first.year, 12, 31) - start.first).days + 1
    return int(past + start.committed[:left, source].sum())
