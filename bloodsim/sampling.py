r"""Numbers of regions drawn within their stated ranges: what is not known of the inputs.

With ``run.parameters: sampled`` each variant is simulated twice on the same luck: as stated, and
with the numbers of replication r drawn anew. For region i

.. math:: \text{donors}_i \to S_i\,\text{donors}_i,\quad
          \text{requests}_i \to S_i B_i\,\text{requests}_i,\quad a_i \to a_i + A_i

with S and B uniform on 1 ± half-width, A uniform on ± half-width (`scenario.Uncertainty`), all
independent. Each region has one stream per replication, so that a draw depends on nothing else.
Everything in the drawn world follows from the drawn numbers: normal-day demand, regulation, alerts,
forecasts. Only the target of the terminal charge and the nation's fan keep the stated demand.
Agreements, sites, organisations, plans, traces and a region's own distributions stay as stated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bloodsim.load.inputs import confidence_of
from bloodsim.scenario import Scenario
from bloodsim.scenario.base import FrozenDict
from bloodsim.streams import stream

_WORST_FIRST = ("low", "medium", "high")


@dataclass(frozen=True)
class ParameterRanges:
    """A scenario and the half-widths of its regions' numbers: size, balance, feast amplitude."""

    scenario: Scenario
    half_widths: dict[str, tuple[float, float, float]]

    @classmethod
    def of(cls, scenario: Scenario) -> ParameterRanges:
        """Look up the confidence of every region's numbers."""
        ranges = scenario.uncertainty
        widths = {}
        for name, region in scenario.regions.items():
            size = _worst(scenario, name, "donors_per_day", region.donors_per_day)
            balance = _worst(scenario, name, "demand_per_day", region.demand_per_day)
            widths[name] = (
                getattr(ranges.size_share, size),
                getattr(ranges.balance_share, balance),
                ranges.feast_amplitude,
            )
        return cls(scenario, widths)

    def draw(self, seed: int, replication: int) -> Scenario:
        """Return the scenario with the numbers of one replication."""
        regions = {}
        for name, region in self.scenario.regions.items():
            uniforms = stream(seed, replication, name, "parameters").random(3)
            size, balance, amplitude = (
                half * (2 * float(u) - 1)
                for half, u in zip(self.half_widths[name], uniforms, strict=True)
            )
            donors = {c: (1 + size) * n for c, n in region.donors_per_day.items()}
            requests = {p: (1 + size) * (1 + balance) * n for p, n in region.demand_per_day.items()}
            regions[name] = region.model_copy(
                update={
                    "donors_per_day": FrozenDict(donors),
                    "demand_per_day": FrozenDict(requests),
                    "feast_amplitude": min(max(region.feast_amplitude + amplitude, 0.0), 3.0),
                }
            )
        return self.scenario.model_copy(update={"regions": FrozenDict(regions)})


def _worst(scenario: Scenario, region: str, field: str, names: Iterable[str]) -> str:
    """Return the lowest confidence of a region's numbers; low where it has none."""
    found = {confidence_of(scenario, ("regions", region, field, name)) for name in names}
    return next((level for level in _WORST_FIRST if level in found), "low")
