"""What a scenario needs so that the parts of a plan can be made, looked at before the work."""

from __future__ import annotations

from collections.abc import Collection

from bloodsim.planning.drive_levers import LEVERS, check_levers
from bloodsim.planning.throttles import booking_of
from bloodsim.scenario import Problem, Scenario, ScenarioError


def check_parts(scenario: Scenario, parts: Collection[str], appeal_rise: float | None) -> None:
    """Raise `ScenarioError` with all that the parts lack: none is lost because a later one fails.

    Parameters
    ----------
    scenario : Scenario
        The world.
    parts : collection of str
        Of `bloodsim.planning.parts.PARTS`.
    appeal_rise : float, optional
        Largest relative rise of a day's turnout by an appeal.
    """
    levers = [name for name in LEVERS if name in parts]
    problems: list[Problem] = []
    for part, check in (
        ("drives", lambda: _check_drives(scenario)),
        ("drives", lambda: check_levers(scenario, levers, appeal_rise)),
        ("throttles", lambda: booking_of(scenario)),
        ("sites", lambda: check_sites(scenario)),
    ):
        try:
            if part in parts:
                check()
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)


def _check_drives(scenario: Scenario) -> None:
    resources = scenario.resources
    if resources.drives is None or not (resources.organisations or resources.organisation_pools):
        message = "planning drives needs resources.drives, and organisations or pools of them"
        raise ScenarioError([Problem(("resources", "drives"), message)])


def check_sites(scenario: Scenario) -> None:
    """Raise `ScenarioError` where no sites can be planned."""
    resources = scenario.resources
    if resources.site_plan is None or not resources.candidate_sites:
        missing = "site_plan" if resources.site_plan is None else "candidate_sites"
        message = f"planning sites needs resources.{missing}"
        raise ScenarioError([Problem(("resources", missing), message, "see the manual: SitePlan")])
