"""When a scenario runs, how often, and by which calendar."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import Field

from bloodsim.scenario.base import Days, Frozen, Hour, Model, ScenarioDate
from bloodsim.scenario.ordering import EventCosts
from bloodsim.scenario.policies import Proportional, TransferPolicy
from bloodsim.seasons import Calendar


class CalendarSettings(Model):
    """Public holidays and make-up workdays."""

    country: Literal["CN"] = "CN"
    """Country of the public holidays; mainland China is the one that is built in."""
    extra_days_off: tuple[date, ...] = ()
    """Further days off, such as those of a notice that the calendar does not know yet."""
    extra_workdays: tuple[date, ...] = ()
    """Further working days, such as make-up workdays of a newer notice."""

    def build(self) -> Calendar:
        """Return the calendar that these settings describe."""
        return Calendar(
            country=self.country,
            extra_days_off=self.extra_days_off,
            extra_workdays=self.extra_workdays,
        )


Phase = Literal[
    "close",
    "expire",
    "release",
    "arrive",
    "order",
    "decide",
    "arrive_same_day",
    "emergency",
    "routine",
    "collect",
]
DAY_ORDER: tuple[Phase, ...] = get_args(Phase)
"""Order of phases that share an hour, unless ``run.day_order`` says otherwise."""


class PhaseHours(Model):
    """The hours at which the phases of a day happen; those of one hour follow run.day_order."""

    expire: Hour = 0.0
    """Hour at which units with no permitted issue left leave stock: before the first issue of a
    day (those whose last day was yesterday) or after the last (those whose last day is today)."""
    release: Hour = 6.0
    """Hour at which tested units enter usable stock."""
    arrive: Hour = 7.0
    """Hour at which shipments that travelled at least a day, and orders, arrive; 24 with ``arrive``
    after ``close`` in the day order = after the books are closed."""
    order: Hour = 8.0
    """Hour at which replenishment orders are placed."""
    decide: Hour = 8.0
    """Hour at which planners see a snapshot and decide."""
    routine: tuple[Hour, ...] = (9.0,)
    """Hours at which urgent and elective requests are served."""
    emergency: tuple[Hour, ...] = (8.0, 14.0, 20.0)
    """Hours at which emergency requests are served."""
    close: Hour = 24.0
    """Hour at which the day's books close."""


class Run(Model):
    """The dates that are simulated and scored, and the luck."""

    score_start: ScenarioDate
    """First day that counts in the results."""
    score_end: ScenarioDate
    """Last day that counts in the results."""
    warmup_days: Days | Literal["auto"] = "auto"
    """Days simulated before score_start so that the start does not matter; auto = longest shelf
    life among the products that steer collection."""
    warmup_policy: TransferPolicy = Proportional()
    """Transfer policy of the warm-up, which all variants share."""
    replications: Annotated[int, Field(ge=1, le=1_000_000)] = 16
    """Random worlds to simulate."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    """Root of all random streams."""
    block_replications: Annotated[int, Field(ge=1, le=1024)] = 64
    """Replications that are simulated together; the results do not depend on it."""
    daily_replications: Annotated[int, Field(ge=0, le=100_000)] = 64
    """Replications of which daily values are kept; totals and indicators are kept of all."""
    bound_transfers: bool = False
    """Whether to compute what no transfer policy could beat, for variants that share a collection
    by ``frozen``: a linear program per replication that knows the future. Not together with orders,
    products made from stock, recalls, cross-matched units that return, or losses on the way."""
    bound_joint: bool | Literal["equal_donations"] = False
    """Whether to compute what no policy of collection and transfers could beat: as bound_transfers,
    with every session and visit free to give up to its latent donors times the largest turnout of
    any variant of the run (so that it depends on them). equal_donations = beside it, what none
    could beat that takes as many donations as these variants (between the fewest and the most of
    them, in every replication) and ships by agreement what each of them did. Also not together with
    closed laboratories, donors on call, or relatives who give."""
    parameters: Literal["fixed", "sampled"] = "fixed"
    """Numbers of the regions: as stated; or each variant twice, as stated and (``_sampled``) with
    every replication's numbers drawn within the ranges of ``uncertainty``."""
    phase_hours: PhaseHours = PhaseHours()
    """Hours of the phases of a day."""
    day_order: tuple[Phase, ...] = DAY_ORDER
    """Order of phases that share an hour: every phase once. ``close`` of a day at hour 24 and what
    follows it there still belong to that day."""


class ForecastSettings(Model):
    """How well planners foresee demand."""

    band_ends_days: tuple[Annotated[int, Field(ge=0)], ...] = (1, 3, 7, 14)
    """Last lead time (days) of each band but the open last one."""
    error_sd: tuple[Annotated[float, Field(ge=0, le=1)], ...] = (0.03, 0.04, 0.05, 0.06, 0.07)
    """Standard deviation of the log error that each band adds to the one before it."""
    autocorrelation: Annotated[float, Field(ge=0, lt=1)] = 0.8
    """Correlation of the errors of neighbouring target days."""


class RegionalFactor(Model):
    """A slow random multiplier per region, partly common to all regions (weather, epidemics)."""

    sd: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Standard deviation of the log multiplier."""
    autocorrelation: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Correlation with the day before."""
    common_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the variance that all regions have in common."""


class RegionalFactors(Model):
    """Slow random multipliers of collection and demand."""

    collection: RegionalFactor = RegionalFactor()
    """Multiplier of turnout (weather, mood)."""
    demand: RegionalFactor = RegionalFactor()
    """Multiplier of requests."""


class InputNote(Model):
    """Where numbers of the scenario come from."""

    path: Annotated[str, Field(min_length=1, max_length=200)]
    """Fields it speaks of, dotted, with * for any name: ``regions.*.population``."""
    kind: Literal["read", "derived", "fitted", "assumed"]
    """read = in a source; derived = arithmetic on read values; fitted; assumed = a judgement."""
    confidence: Literal["high", "medium", "low"] = "low"
    """How far the number can be trusted."""
    source: str = ""
    """Document, table or argument the number rests on."""


class CostWeights(Model):
    """Weights of the one cost, in points (never money)."""

    emergency_lost: Annotated[float, Field(ge=0)] = 100.0
    """Points per unit of emergency demand lost."""
    urgent_lost: Annotated[float, Field(ge=0)] = 30.0
    """Points per unit of urgent demand lost."""
    elective_cancelled: Annotated[float, Field(ge=0)] = 10.0
    """Points per unit of elective demand cancelled."""
    waiting_day: Annotated[float, Field(ge=0)] = 0.3
    """Points per unit and day of waiting."""
    outdated: Annotated[float, Field(ge=0)] = 2.0
    """Points per unit outdated."""
    donation: Annotated[float, Field(ge=0)] = 0.05
    """Points per donation."""
    team_day: Annotated[float, Field(ge=0)] = 0.0
    """Points per team-day of collection."""
    shipment: Annotated[float, Field(ge=0)] = 2.0
    """Points per shipment."""
    unit_km: Annotated[float, Field(ge=0)] = 0.0002
    """Points per unit and kilometre shipped."""
    terminal_price: Annotated[float, Field(ge=0)] = 5.0
    """Points per unit by which stock and transit fall short of terminal_cover_days at the end."""
    terminal_cover_days: Frozen[str, Annotated[float, Field(ge=0)]] = {}
    """Target cover per product (days) at the end of scoring."""
    events: EventCosts = EventCosts()
    """Costs by event, for ``event_cost_per_day`` alone."""
