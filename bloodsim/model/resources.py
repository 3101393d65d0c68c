"""Resources of collection before the first day: campaigns, places, capacities and teams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.laboratory import kept_shares
from bloodsim.model.shocks import ShockWorld
from bloodsim.model.span import applies_in
from bloodsim.scenario.resources import Staffing
from bloodsim.seasons import Calendar

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

UNLIMITED = np.iinfo(np.int32).max


@dataclass(frozen=True)
class CampaignWorld:
    """One campaign; ``active`` (n_days, n_regions) says where it runs, lifts are of turnout."""

    name: str
    channels: tuple[int, ...]
    active: Mask
    lift_first_time: float
    lift_repeat: float
    cancel_probability: float


@dataclass(frozen=True)
class AwarenessWorld:
    """Willingness: multipliers of first-time and repeat turnout (n_days, n_regions)."""

    first_time: Floats
    repeat: Floats


@dataclass(frozen=True)
class ResourceWorld:
    """What collection has to work with.

    Parameters
    ----------
    campaigns : tuple
        Campaigns in the scenario's order.
    awareness : AwarenessWorld or None
        Willingness to give; None = as usual.
    places : mapping of channel to int array (n_days, n_regions)
        Donors that a session can receive; channels without a limit are missing.
    processing : int array (n_days, n_regions) or None
        Whole-blood donations that a laboratory can take; None = no limit.
    kept_in_test : float array (n_days, n_regions) or None
        Share of what is due that laboratories do not release; None = every day releases all.
    gift_shares : float array (n_days, n_regions, 3) or None
        Dated shares of 200, 300 and 400 mL; None = those of the regions.
    teams, team_hours : float array (n_channels, n_regions)
        Teams of a session, and the hours that they work together.
    hours : float array (n_channels,)
        Hours that a team works at a session or a drive.
    team_places : mapping of channel to int array (n_days, n_regions)
        Donors that one team can receive at a drive; channels without a limit are missing.
    """

    campaigns: tuple[CampaignWorld, ...]
    awareness: AwarenessWorld | None
    places: dict[int, Ints]
    processing: Ints | None
    teams: Floats = field(default_factory=lambda: np.ones((0, 0)))
    kept_in_test: Floats | None = None
    gift_shares: Floats | None = None
    team_hours: Floats = field(default_factory=lambda: np.ones((0, 0)))
    hours: Floats = field(default_factory=lambda: np.ones(0))
    team_places: dict[int, Ints] = field(default_factory=dict)


def compile_resources(
    scenario: Scenario,
    dates: Sequence[date],
    calendar: Calendar,
    shocks: Sequence[ShockWorld] = (),
) -> ResourceWorld:
    """Turn the resources of a scenario into arrays."""
    regions, channels = tuple(scenario.regions), tuple(scenario.channels)
    resources = scenario.resources
    rules = [resources.staffing.get(channel, Staffing()) for channel in channels]
    teams = np.array(
        [[r.teams_by_region.get(name, r.teams) for name in regions] for r in rules], dtype=float
    ).reshape(len(channels), len(regions))
    hours = np.array([rule.hours for rule in rules], dtype=float)
    return ResourceWorld(
        campaigns=_campaigns(scenario, dates),
        awareness=_awareness(scenario, dates),
        places=_places(scenario, dates, teams),
        processing=_processing(scenario, dates),
        kept_in_test=kept_shares(scenario, dates, calendar, shocks),
        gift_shares=dated_gift_shares(scenario, dates),
        teams=teams,
        team_hours=teams * hours[:, None],
        hours=hours,
        team_places=_places(scenario, dates, np.ones_like(teams)) if resources.drives else {},
    )


def _campaigns(scenario: Scenario, dates: Sequence[date]) -> tuple[CampaignWorld, ...]:
    channels, regions = list(scenario.channels), tuple(scenario.regions)
    return tuple(
        CampaignWorld(
            name=name,
            channels=tuple(channels.index(c) for c in campaign.channels or channels),
            active=applies_in(
                dates, campaign.from_date, campaign.to_date, regions, campaign.regions
            ),
            lift_first_time=campaign.effort * campaign.reach * campaign.lift_first_time,
            lift_repeat=campaign.effort * campaign.reach * campaign.lift_repeat,
            cancel_probability=campaign.cancel_probability,
        )
        for name, campaign in scenario.resources.campaigns.items()
    )


def _awareness(scenario: Scenario, dates: Sequence[date]) -> AwarenessWorld | None:
    rules, regions = scenario.donor_pools.awareness, tuple(scenario.regions)
    if not rules:
        return None
    first, repeat = np.ones((2, len(dates), len(regions)))
    for rule in rules:
        within = applies_in(dates, rule.from_date, rule.to_date, regions, rule.regions)
        factor = np.where(within, 1 + rule.share_of_donors * (rule.factor - 1), 1.0)
        if rule.applies_to != "repeat":
            first *= factor
        if rule.applies_to != "first_time":
            repeat *= factor
    return AwarenessWorld(first, repeat)


def _places(scenario: Scenario, dates: Sequence[date], teams: Floats) -> dict[int, Ints]:
    regions, found = tuple(scenario.regions), {}
    for index, channel in enumerate(scenario.channels):
        limits = [
            limit
            for limit in scenario.resources.session_places
            if not limit.channels or channel in limit.channels
        ]
        if not limits:
            continue
        places = np.full((len(dates), len(regions)), UNLIMITED, dtype=np.int32)
        for limit in limits:
            within = applies_in(dates, limit.from_date, limit.to_date, regions, limit.regions)
            most = np.floor(limit.places * teams[index])
            np.minimum(places, np.where(within, most, UNLIMITED), out=places, casting="unsafe")
        found[index] = places
    return found


def _processing(scenario: Scenario, dates: Sequence[date]) -> Ints | None:
    regions = tuple(scenario.regions)
    if not scenario.resources.processing:
        return None
    most = np.full((len(dates), len(regions)), UNLIMITED, dtype=np.int32)
    for rule in scenario.resources.processing:
        within = applies_in(dates, rule.from_date, rule.to_date, regions, rule.regions)
        most = np.minimum(most, np.where(within, np.floor(rule.donations_per_day), UNLIMITED))
    return most.astype(np.int32)


def dated_gift_shares(scenario: Scenario, dates: Sequence[date]) -> Floats | None:
    """Return shares of 200, 300 and 400 mL (n_days, n_regions, 3); None if they never change."""
    if not scenario.resources.gift_mix:
        return None
    regions = tuple(scenario.regions)
    usual = [
        tuple(region.gift_shares.model_dump().values()) for region in scenario.regions.values()
    ]
    shares = np.repeat(np.array(usual)[None], len(dates), axis=0)
    for mix in sorted(scenario.resources.gift_mix, key=lambda mix: mix.from_date):
        within = applies_in(dates, mix.from_date, None, regions, mix.regions)
        shares[within] = tuple(mix.gift_shares.model_dump().values())
    return shares
