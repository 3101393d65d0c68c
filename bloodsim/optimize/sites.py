r"""Which sites to open, and for which hours: maximal covering, or a p-median.

An option o is a candidate site with one of its opening hours; its cost is c_o. Areas a have p_a
residents, x_o tells whether an option is opened, y_oa the share of an area that it serves.

* ``gifts``: max sum g_oa y_oa, with g_oa the gifts a year of the area at the option, 0 beyond reach
  (maximal covering, Church and ReVelle 1974; here gifts differ by site and hours);
* ``travel_time``: min sum p_a m_oa y_oa, with m_oa minutes (the p-median of Hakimi 1964); areas
  that nothing open reaches count twice the longest time of all.

    y_oa <= x_o                      nobody gives where nothing is open
    sum_o y_oa <= 1   (travel_time: = 1)
    sum_{o of a site} x_o <= 1       one way of opening
    sum_o c_o x_o <= budget,  sum_o x_o <= most,  sum_{o in a place} x_o >= least of the place

With x whole, y is whole at a best plan without being asked. Among equal plans the cheaper is taken,
by a cost too small to outweigh the goal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bloodsim.optimize.program import Program, ProgramBuilder
from bloodsim.optimize.solver import Limits, Solution, solve

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

UNREACHED = 2.0
"""Travel time of areas that no open site reaches, in longest travel times (judgement)."""
_TIE = 1e-7
"""Part of the largest goal that opening everything costs: it breaks ties, and nothing else."""
LIMITS = Limits(gap=1e-7)
"""Sites are few: they are chosen to the end."""


@dataclass(frozen=True)
class SiteChoices:
    """What can be opened, and whom it serves.

    Parameters
    ----------
    goal : {"gifts", "travel_time"}
        What is sought.
    site : int array (n_options,)
        Site that an option belongs to; at most one option of a site is opened.
    cost : float array (n_options,)
        Cost of a year.
    gifts : float array (n_options, n_areas)
        Gifts a year of an area served by an option; 0 = out of reach.
    minutes : float array (n_options, n_areas)
        Travel times; infinite where nobody travels.
    residents : float array (n_areas,)
        People of the areas.
    minutes_already : float array (n_areas,)
        Travel time to the nearest site that is open already; infinite where there is none.
    in_place : bool array (n_places, n_options)
        Options that lie in a city or region.
    least : int array (n_places,)
        Fewest options to open in each.
    most : int, optional
        Most options to open.
    budget : float, optional
        Most that they may cost.
    """

    goal: Literal["gifts", "travel_time"]
    site: Ints
    cost: Floats
    gifts: Floats
    minutes: Floats
    residents: Floats
    minutes_already: Floats
    in_place: NDArray[np.bool_]
    least: Ints
    most: int | None = None
    budget: float | None = None

    @property
    def far_minutes(self) -> float:
        """Travel time that stands for "nowhere to go"."""
        times = np.concatenate([self.minutes.ravel(), self.minutes_already])
        known = times[np.isfinite(times)]
        return UNREACHED * float(known.max(initial=0.0))


@dataclass(frozen=True)
class ChosenSites:
    """Which options are opened.

    Parameters
    ----------
    status, gap : str, float
        How the solve ended.
    opened : int array
        Options, in order.
    serves : float array (n_options, n_areas)
        Share of an area that an option serves.
    gifts : float
        Gifts a year.
    cost : float
        What they cost a year.
    minutes : float array (n_areas,)
        Travel time to the nearest open site; `far_minutes` where there is none.
    """

    status: str
    gap: float
    opened: Ints
    serves: Floats
    gifts: float
    cost: float
    minutes: Floats


def choose_sites(choices: SiteChoices, limits: Limits = LIMITS) -> ChosenSites:
    """Return the best options to open.

    Raises
    ------
    InfeasibleError
        The fewest per place do not fit the budget or the number of sites.
    """
    program = site_program(choices)
    return _chosen(choices, program, solve(program, limits))


def site_program(choices: SiteChoices) -> Program:
    """Return the program of a choice of sites."""
    builder = ProgramBuilder()
    worth = _worth(choices)
    tie = _TIE * max(float(np.abs(worth).sum()), 1e-9) / max(float(choices.cost.sum()), 1e-9)
    opened = builder.add_columns(
        "open", choices.cost.shape, cost=tie * choices.cost, upper=1.0, integer=True
    )
    option, area = np.nonzero(worth)
    serve = builder.add_columns("serve", option.shape, cost=worth[option, area], upper=1.0)
    once = builder.add_rows("an_area_is_served_once", choices.residents.shape, upper=1.0)
    builder.add_terms(once[area], serve, 1.0)
    only_open = builder.add_rows("only_open_sites_serve", option.shape, upper=0.0)
    builder.add_terms(only_open, serve, 1.0)
    builder.add_terms(only_open, opened[option], -1.0)
    one = builder.add_rows("one_way_of_opening", (int(choices.site.max(initial=-1)) + 1,), upper=1)
    builder.add_terms(one[choices.site], opened, 1.0)
    least = builder.add_rows("fewest_in", choices.least.shape, lower=choices.least)
    builder.add_terms(least[:, None], opened, choices.in_place)
    if choices.most is not None:
        most = builder.add_rows("most_sites", (1,), upper=choices.most)
        builder.add_terms(most, opened, 1.0)
    if choices.budget is not None:
        budget = builder.add_rows("budget", (1,), upper=choices.budget)
        builder.add_terms(budget, opened, choices.cost)
    return builder.build()


def _worth(choices: SiteChoices) -> Floats:
    """Return the goal per option and area: what serving it there changes; 0 = nothing.

    Minutes count as the time saved against the site that is open already, so that the rows of both
    goals are the same: the sum over areas of what is saved is largest where their sum is least.
    """
    if choices.goal == "gifts":
        return -choices.gifts
    before = np.minimum(choices.minutes_already, choices.far_minutes)
    saved = np.maximum(before - choices.minutes, 0.0)
    return -choices.residents * saved


def _chosen(choices: SiteChoices, program: Program, solution: Solution) -> ChosenSites:
    """Read the answer; who goes where is told again from what is open."""
    opened = np.flatnonzero(solution.x[program.columns["open"]] > 0.5)
    worth = _worth(choices)
    serves = np.zeros_like(worth)
    if len(opened):
        best = opened[worth[opened].argmin(axis=0)]
        areas = np.arange(len(choices.residents))
        serves[best, areas] = worth[best, areas] < 0
    nearest = np.minimum(choices.minutes[opened].min(axis=0, initial=np.inf), choices.far_minutes)
    nearest = np.minimum(nearest, choices.minutes_already)
    return ChosenSites(
        status=str(solution.status),
        gap=solution.gap,
        opened=opened,
        serves=serves,
        gifts=float((choices.gifts * serves).sum()),
        cost=float(choices.cost[opened].sum()),
        minutes=nearest,
    )
