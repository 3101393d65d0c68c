"""What hospitals ask for: classes of urgency, how counts vary, dated measures and traces."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bloodsim.scenario.base import (
    Days,
    Frozen,
    Model,
    Name,
    NonNegative,
    Positive,
    RegionId,
    ScenarioDate,
    Share,
)

DemandClassName = Literal["emergency", "urgent", "elective"]


class FreshDemand(Model):
    """Requests that only young units can serve (newborns, exchange transfusion)."""

    share: Share
    """Share of the class's requests that ask for young units."""
    younger_than_days: Annotated[int, Field(ge=1, le=3660)]
    """Age from collection (days) that a unit must not have reached on the day of issue; red cells
    for newborns: 7 (recalled practice)."""


class CrossMatch(Model):
    """Units issued beyond need and sent back unused: what was cross-matched and not transfused."""

    extra_share: Annotated[float, Field(ge=0, le=5)]
    """Units issued beyond need, per unit needed; a cross-match to transfusion ratio of 1.4 is 0.4.
    Only what stands above the class's reserve after the need is served goes out so."""
    return_days: Annotated[int, Field(ge=1, le=60)] = 3
    """Days until they are back on the shelf, at the hour of arrivals, at the age they then have."""


class DemandClass(Model):
    """Requests of one urgency."""

    share: Share
    """Share of the product's requests."""
    reserve_days: NonNegative = 0.0
    """Stock (days of normal-day demand) that this class may not touch."""
    patience_days: Days = 0
    """Days a request waits before it is lost (cancelled if elective)."""
    known_ahead_days: Annotated[int, Field(ge=0, le=56)] = 0
    """Days ahead that requests are booked: planners know them exactly; 0 = unannounced."""
    fresh: FreshDemand | None = None
    """Part of the requests that asks for young units; null = none."""
    crossmatch: CrossMatch | None = None
    """Units issued beyond need and returned; null = none."""


class PoissonCounts(Model):
    """Gamma-mixed Poisson counts per group and class, with the demand's variance_to_mean."""

    kind: Literal["poisson"] = "poisson"
    """The distribution's name."""


class ZeroInflatedNegativeBinomialCounts(Model):
    """Nothing with probability zero_share, else a negative binomial count of units.

    Mean of a day: (1 - zero_share) shape (1 - success_share) / success_share. Another mean, by
    season or demand_per_day, keeps zero_share and shape and moves success_share. Dehghani, Abbasi
    & Oliveira (Omega 2021) describe hospitals so.
    """

    kind: Literal["zero_inflated_negative_binomial"] = "zero_inflated_negative_binomial"
    """The distribution's name."""
    zero_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of days without any request, beyond those of the negative binomial."""
    shape: Positive
    """Number of successes r (-), not necessarily whole."""
    success_share: Annotated[float, Field(gt=0, lt=1)]
    """Probability p of a success; requests are the failures before the r-th."""


class EmpiricalCounts(Model):
    """One of a list of observed day totals; another mean scales them."""

    kind: Literal["empirical"] = "empirical"
    """The distribution's name."""
    values: Annotated[tuple[NonNegative, ...], Field(min_length=1)]
    """Day totals (units)."""
    shares: tuple[Share, ...] = ()
    """Share of each value, summing to 1; empty = all alike."""


class GammaRoundedCounts(Model):
    """round(Gamma(shape, scale)) units a day, as De Moor et al. (EJOR 2022) model a hospital."""

    kind: Literal["gamma_rounded"] = "gamma_rounded"
    """The distribution's name."""
    shape: Positive
    """Shape of the gamma distribution (-)."""
    scale: Positive
    """Scale of the gamma distribution (units); its mean shape x scale counts as the day's mean,
    another mean scales it."""


class ConstantCounts(Model):
    """Exactly the day's mean; a fraction of a unit is rounded by chance so that the mean holds."""

    kind: Literal["constant"] = "constant"
    """The distribution's name."""


Distribution = Annotated[
    PoissonCounts
    | ZeroInflatedNegativeBinomialCounts
    | EmpiricalCounts
    | GammaRoundedCounts
    | ConstantCounts,
    Field(discriminator="kind"),
]


class DemandMeasure(Model):
    """A dated change of requests: a blood-use plan, autologous transfusion, a ward that opens."""

    from_date: ScenarioDate
    """First day."""
    to_date: ScenarioDate
    """Last day."""
    factor: Annotated[float, Field(ge=0, le=5)]
    """Multiplier of requests (-), known to planners; normal-day demand stays as it is."""
    regions: tuple[RegionId, ...] = ()
    """Regions that take part; empty = all."""


class Demand(Model):
    """What hospitals ask for, of one product."""

    profile: Name
    """Seasonal profile of requests. Hospitals that stock up before a feast ask for more before it
    and less in it: blocks above 1 before offset 0 and below 1 after."""
    distribution: Distribution = PoissonCounts()
    """How a region-day's requests vary around their mean. All but poisson draw the region's total
    and split it over groups and classes by their shares."""
    variance_to_mean: Annotated[float, Field(ge=1, le=100)] = 1.0
    """Variance of a region-day's requests over their mean; 1 = Poisson (kind: poisson only)."""
    unmet_share: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Share of true requests that recorded use does not show, since what was never issued is not
    counted (censored demand): demand_per_day is divided by 1 - unmet_share. It is not known for
    China; 0, 0.01, 0.03 and 0.05 are the levels to compare (judgement)."""
    growth_per_year: Annotated[float, Field(ge=-0.5, le=0.5)] = 0.0
    """Relative growth a year, from the first scored day."""
    demand_amplitude_share: Annotated[float, Field(ge=0, le=2)] = 0.6
    """Share of (feast_amplitude - 1) that applies to requests."""
    measures: tuple[DemandMeasure, ...] = ()
    """Dated factors of requests; those that overlap multiply."""
    classes: Frozen[DemandClassName, DemandClass]
    """Urgency classes; shares sum to 1."""
    emergency_substitution: Literal["none", "universal", "compatible"] = "universal"
    """Which other groups serve an emergency when its own is out: universal = group O for red cells,
    AB for plasma and platelets; compatible = every compatible group, in order of preference."""
    routine_substitution: Literal["none", "universal", "compatible"] = "none"
    """Which other groups serve urgent and elective requests."""


DemandTrace = Frozen[ScenarioDate, Frozen[RegionId, NonNegative]]
"""Units requested by date and region; as a table: a row per date, a column per region."""
