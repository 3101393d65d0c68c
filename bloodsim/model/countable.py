"""Worlds whose pieces would not fit the integers that count them are refused before they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bloodsim.scenario import Problem, ScenarioError

if TYPE_CHECKING:
    from bloodsim.model.world import World

_LARGEST_COUNT = 2**31
_GIFTS_PER_DONOR = 4  # pieces per unit that one gift can become, generously


def check_countable(world: World) -> None:
    """Raise where a region's expected pieces over the run are too many to count.

    The semantic pass knows rates by themselves; profiles, trends, sites, plans, traces, measures
    and shocks may multiply them.
    """
    gift = _GIFTS_PER_DONOR * max((p.pieces_per_unit for p in world.products), default=1)
    problems = []
    for channel in world.channels:
        donors = channel.planned_mean[: world.n_days].sum(axis=0)
        problems += _too_many(world, ("channels", channel.name), "donors", donors, gift)
    for product in world.products:
        here: tuple[str, ...] = ("demand", product.name)
        each = product.pieces_per_unit
        requested = product.demand_mean_units[: world.n_days].sum(axis=0)
        problems += _too_many(world, here, "units requested", requested, each)
        here = ("products", product.name, "opening_cover_days")
        opening = product.normal_pieces[0] / each * product.opening_cover_days
        problems += _too_many(world, here, "units in stock", opening, each)
    if problems:
        raise ScenarioError(problems)


def _too_many(
    world: World, path: tuple[str, ...], what: str, amount: NDArray[np.float64], each: int
) -> list[Problem]:
    row = int(np.argmax(amount))
    if amount[row] * each < _LARGEST_COUNT:
        return []
    message = f"{amount[row]:,.0f} {what} in {world.regions[row]} over the run: too many to count"
    hint = f"at most {_LARGEST_COUNT / each:,.0f}; look at rates, profiles, trends, plans, shocks"
    return [Problem(path, message, hint)]
