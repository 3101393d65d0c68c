"""The demand of a scenario as arrays: streams of requests, how they vary, dated factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bloodsim.blood import GROUPS, donors_for
from bloodsim.scenario import (
    Demand,
    Distribution,
    EmpiricalCounts,
    GammaRoundedCounts,
    PoissonCounts,
    Scenario,
    ZeroInflatedNegativeBinomialCounts,
)

if TYPE_CHECKING:
    from bloodsim.model.world import ProductWorld

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

CLASSES = ("emergency", "urgent", "elective")


@dataclass(frozen=True)
class DemandStream:
    """Requests of one product and class, or the part of them that asks for young units.

    Streams stand in the order in which they are served.

    Parameters
    ----------
    product : int
        Position of the product.
    urgency : str
        Class of urgency.
    drawn : int
        Position of the class among the drawn ones (`World.classes`).
    reserve_pieces : int array (n_days, n_regions, 8)
        Stock that the stream may not touch.
    patience_days, known_ahead_days : int
        Days a request waits; days it is known before.
    substitutes : tuple of tuple of int
        Other groups that may serve each patient group.
    fresh_share : float or None
        Share of the class that asks for young units; None for all other requests of a class.
    younger_than_days : int
        Age that units must not have reached, where fresh_share is given.
    extra_share, return_days : float, int
        Units issued beyond need, per unit needed, and days until they are back.
    """

    product: int
    urgency: str
    drawn: int
    reserve_pieces: Ints
    patience_days: int
    known_ahead_days: int
    substitutes: tuple[tuple[int, ...], ...]
    fresh_share: float | None = None
    younger_than_days: int = 0
    extra_share: float = 0.0
    return_days: int = 0


@dataclass(frozen=True)
class Counts:
    """How the requests of one product vary, by region.

    ``own_means`` (n_regions,) are the units a day at which a distribution is not scaled; ``trace``
    (n_days, n_regions) the units given by date, NaN where they are drawn, None without a trace.
    """

    distributions: tuple[Distribution, ...]
    own_means: Floats
    trace: Floats | None

    def drawn_as_total(self, region: int) -> bool:
        """Whether a region's requests are drawn or given as totals, not by group and class."""
        traced = self.trace is not None and bool(np.isfinite(self.trace[:, region]).any())
        return traced or not isinstance(self.distributions[region], PoissonCounts)


def own_mean(distribution: Distribution) -> float:
    """Return the units a day at which a distribution is not scaled; 1 where any mean will do."""
    match distribution:
        case ZeroInflatedNegativeBinomialCounts(shape=shape, success_share=success):
            return (1 - distribution.zero_share) * shape * (1 - success) / success
        case GammaRoundedCounts(shape=shape, scale=unit):
            return shape * unit
        case EmpiricalCounts(values=values, shares=shares):
            return float(np.average(values, weights=shares or None))
        case _:
            return 1.0


def drawn_classes(scenario: Scenario) -> tuple[tuple[int, float], ...]:
    """Return (product, share of its requests) of every class, in order of urgency."""
    return tuple(
        (index, scenario.demand[name].classes[urgency].share)
        for index, name in enumerate(scenario.products)
        for urgency in CLASSES
        if urgency in scenario.demand[name].classes
    )


def demand_streams(
    scenario: Scenario, products: Sequence[ProductWorld], shares: Floats
) -> tuple[DemandStream, ...]:
    """Return every stream of requests, in the order of service; young units are asked for first."""
    streams: list[DemandStream] = []
    drawn = 0
    for index, product in enumerate(products):
        demand = scenario.demand[product.name]
        for urgency in CLASSES:
            if urgency not in demand.classes:
                continue
            rule = (
                demand.emergency_substitution
                if urgency == "emergency"
                else demand.routine_substitution
            )
            settings = demand.classes[urgency]
            reserve = settings.reserve_days * product.normal_pieces[:, :, None] * shares
            crossmatch, fresh = settings.crossmatch, settings.fresh
            parts: list[tuple[float | None, int]] = [(None, 0)]
            if fresh is not None:
                parts.insert(0, (fresh.share, fresh.younger_than_days))
            for fresh_share, younger_than_days in parts:
                streams.append(
                    DemandStream(
                        product=index,
                        urgency=urgency,
                        drawn=drawn,
                        reserve_pieces=np.floor(reserve).astype(np.int32)
                        + product.kept_pieces * (urgency != "emergency"),
                        patience_days=settings.patience_days,
                        known_ahead_days=settings.known_ahead_days,
                        substitutes=_substitutes(product.kind, rule),
                        fresh_share=fresh_share,
                        younger_than_days=younger_than_days,
                        extra_share=crossmatch.extra_share if crossmatch else 0.0,
                        return_days=crossmatch.return_days if crossmatch else 0,
                    )
                )
            drawn += 1
    return tuple(streams)


def _substitutes(kind: str, rule: str) -> tuple[tuple[int, ...], ...]:
    """Return, per patient group, the positions of other groups that may serve it, best first."""
    universal = {"red_cells": "O_"}.get(kind, "AB_")
    rows = []
    for patient in GROUPS:
        donors = [donor for donor in donors_for(kind, patient) if donor != patient]
        if rule == "none":
            donors = []
        elif rule == "universal":
            donors = [donor for donor in donors if donor.startswith(universal)]
        rows.append(tuple(GROUPS.index(donor) for donor in donors))
    return tuple(rows)


def counts_of(scenario: Scenario, product: str, dates: Sequence[date]) -> Counts:
    """Return how the requests of a product vary in every region."""
    common = scenario.demand[product].distribution
    distributions = tuple(
        region.demand_distribution.get(product, common) for region in scenario.regions.values()
    )
    trace = None
    if scenario.demand_trace.get(product):
        trace = np.full((len(dates), len(distributions)), np.nan)
        row = {day: index for index, day in enumerate(dates)}
        column = {name: index for index, name in enumerate(scenario.regions)}
        for day, units in scenario.demand_trace[product].items():
            if day in row:
                for region, value in units.items():
                    trace[row[day], column[region]] = value
    return Counts(distributions, np.array([own_mean(d) for d in distributions]), trace)


def base_units(scenario: Scenario, product: str) -> Floats:
    """Return true requests of a normal day (n_regions,).

    As given, or a regional distribution's mean, and what records of use do not show on top.
    """
    base = []
    for region in scenario.regions.values():
        own = region.demand_distribution.get(product)
        default = 0.0 if own is None else own_mean(own)
        base.append(region.demand_per_day.get(product, default))
    recorded = np.array(base)
    unmet = scenario.demand[product].unmet_share
    return recorded / (1 - unmet) if unmet else recorded


def measure_factors(demand: Demand, regions: Sequence[str], dates: Sequence[date]) -> Floats:
    """Return the product of the dated measures on requests (n_days, n_regions)."""
    factors = np.ones((len(dates), len(regions)))
    days = np.array(dates, dtype="datetime64[D]")
    for measure in demand.measures:
        when = (days >= np.datetime64(measure.from_date)) & (days <= np.datetime64(measure.to_date))
        who = np.array([not measure.regions or name in measure.regions for name in regions])
        factors[np.ix_(when, who)] *= measure.factor
    return factors
