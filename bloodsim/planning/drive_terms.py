"""What was agreed with organisations, as far as the coming weeks have to keep it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.drive_world import visits_that_fit
from bloodsim.optimize.drive_problem import Lever, Term
from bloodsim.planning.drive_start import DriveStart, most_donors
from bloodsim.planning.held import HeldVisits
from bloodsim.rehearsal.promises import fixed_days, planned_months, share_of_year_before, visits_due

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


def agreed_terms(
    start: DriveStart, region: int, own: Ints, most: float, held: HeldVisits | None
) -> tuple[Term, ...]:
    """Return the terms of a region's calendar.

    The region visits no more donors than *most*. Of what an organisation was promised for the
    calendar year (`min_visits`, and the visits that its quota takes), the plan holds what would no
    longer fit after its last day, gaps kept; visits of fixed dates stay. Months that are planned
    (`resources.plans`) keep the donors of the default calendar, within one visit, as far as
    laboratories take them and the days that are left would by that calendar.
    """
    assert start.world.drives is not None
    table = start.world.drives.table
    where = start.world.regions[region]
    due = 0.0
    terms = [Term(f"donors of {where} as usual", tuple(range(len(own))), most_donors=most)]
    for place, source in enumerate(own.tolist()):
        dated = list(_fixed(start, place, source))
        terms += dated
        least, why = _still_due(start, source, held)
        if least > 0:
            name = f"visits due to '{table.names[source]}' this year ({why})"
            last = (date(start.first.year, 12, 31) - start.first).days
            terms.append(Term(name, (place,), last_day=last, least_visits=least))
        due += max(least, len(dated)) * _largest(start, source)
    terms += _months(start, own)
    # What is due comes first: a region may visit more donors than usual to keep its word.
    if due > most:
        terms[0] = Term(terms[0].name, terms[0].sources, most_donors=due)
    return tuple(terms)


def _fixed(start: DriveStart, place: int, source: int) -> Iterator[Term]:
    """Yield the visits of fixed dates of the source in a place, from the first new day on."""
    assert start.world.drives is not None
    name = start.world.drives.table.names[source]
    organisation = start.scenario.resources.organisations.get(name)
    if organisation is None:
        return
    for day in fixed_days(organisation, start.first, start.open[:, source]):
        if day >= start.n_commit:
            where = f"the visit fixed with '{name}' on {start.first + timedelta(days=day)}"
            yield Term(where, (place,), day, day, least_visits=1)


def _months(start: DriveStart, own: Ints) -> Iterator[Term]:
    """Yield what planned months ask of a region's visits, less what stands."""
    assert start.world.drives is not None
    default = start.world.drives.calendar[start.world.score_first :][: start.n_days]
    left = start.usual_donors
    for promise in planned_months(start.world):
        sources = np.flatnonzero(np.isin(own, promise.sources))
        if not len(sources) or promise.first_day >= start.n_days:
            continue
        inside = replace(promise, last_day=min(promise.last_day, start.n_days - 1))
        stands = float((inside.within(start.committed) * inside.within(start.donors)).sum())
        least = inside.least_donors(default, start.donors) - stands
        least = min(least, float(inside.within(left).sum()))
        if least > 0:
            yield Term(
                promise.name,
                tuple(sources.tolist()),
                inside.first_day,
                inside.last_day,
                least_donors=least,
            )


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


def _still_due(start: DriveStart, source: int, held: HeldVisits | None) -> tuple[int, str]:
    """Return the visits to an organisation that have to be held within the plan, and why."""
    assert start.world.drives is not None
    table, year = start.world.drives.table, start.first.year
    name = table.names[source]
    organisation = start.scenario.resources.organisations.get(name)
    if organisation is None:
        return 0, ""
    done, usual = _this_year(start, source), float(table.donors_per_visit[source])
    came, unseen, year_end = usual * done, 0.0, date(year, 12, 31)
    if held is not None and held.tells_past(start.first):
        came = held.donors_in(name, date(year, 1, 1), year_end, usual)
    else:  # the default calendar begins with the warm-up
        unseen = share_of_year_before(start.first - timedelta(days=len(start.past)), year)
    last = start.first + timedelta(days=start.n_days - 1)
    later = visits_that_fit(start.scenario, organisation, last + timedelta(days=1), year_end)
    least = visits_due(organisation, usual, done, came, later, unseen)
    unasked = organisation.model_copy(update={"quota": 0})
    agreed = visits_due(unasked, usual, done, came, later, unseen)
    stood = f"min_visits {organisation.min_visits}, of which {done} held or agreed"
    if least > agreed:
        stood = (
            f"quota {organisation.quota:,} donors, of which {came:,.0f} came or are agreed, "
            f"{usual:,.0f} a visit"
        )
    return least, f"{least} by {last}: {stood}"


def _this_year(start: DriveStart, source: int) -> int:
    """Return the visits of this calendar year that were held or are committed."""
    new_year = (start.first - date(start.first.year, 1, 1)).days
    past = start.past[max(0, len(start.past) - new_year) :, source].sum()
    left = (date(start.first.year, 12, 31) - start.first).days + 1
    return int(past + start.committed[:left, source].sum())
