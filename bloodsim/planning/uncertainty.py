"""What it is worth to plan on many paths, and to know the future: VSS and EVPI of today's plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.experiment import simulate
from bloodsim.metrics import Interval, interval
from bloodsim.optimize.problem import State
from bloodsim.optimize.situation import Settings
from bloodsim.optimize.two_stage import summed_groups, without_groups, worth_of_stages
from bloodsim.planning.today import ProductToday, look, starting, travelling
from bloodsim.policies import build
from bloodsim.scenario import NoTransfers, Scenario

Floats = NDArray[np.floating]

REDUCED = Settings(spans=((1, 3), (2, 2), (7, 2)))
"""Slots of the reduced problem: three days, two pairs of days, two weeks."""
FRESH = 2
"""Fresh paths on which plans are judged, per path that they were made on."""


@dataclass(frozen=True)
class Uncertainty:
    """Worth of planning on paths and of knowing the future, for one product.

    Parameters
    ----------
    product : str
        Product; all its blood groups as one.
    paths, judged : int
        Paths of the two-stage plan, and fresh ones on which it was judged.
    vss, evpi : Interval
        Points: value of the stochastic solution, and expected value of perfect information.
    """

    product: str
    paths: int
    judged: int
    vss: Interval
    evpi: Interval

    @property
    def says(self) -> str:
        """What it comes to."""
        vss, evpi = self.vss, self.evpi
        found = (
            f"{self.product}, today's transfers, groups as one: planning on {self.paths} paths "
            f"instead of the expected one saves {vss.mean:,.1f} ± {vss.half_width:,.1f} points "
            "(VSS)"
        )
        if abs(vss.mean) <= vss.half_width or vss.half_width != vss.half_width:
            found += ": nothing that can be told from 0; the expected path is enough"
        elif vss.mean < 0:
            found += ": it does harm"
        return (
            f"{found}; knowing the future would save {evpi.mean:,.1f} ± {evpi.half_width:,.1f} "
            "more (EVPI)"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {
            "product": self.product,
            "paths": self.paths,
            "judged": self.judged,
            "vss": self.vss.mean,
            "vss_half_width": self.vss.half_width,
            "evpi": self.evpi.mean,
            "evpi_half_width": self.evpi.half_width,
            "says": self.says,
        }


def plan_uncertainty(
    scenario: Scenario,
    start: date,
    paths: int = 10,
    products: Sequence[str] = (),
    warmup_replications: int = 8,
) -> tuple[Uncertainty, ...]:
    """Return what planning on paths and knowing the future are worth for today's transfers.

    Paths are drawn by the simulator, on seeds of their own: what is requested and released in the
    coming weeks without transfers. The stock of today is the mean of warm-ups, the same for all.
    """
    chosen = travelling(scenario, tuple(products))
    begun = starting(scenario, start, REDUCED_DAYS)
    today = look(begun, None, warmup_replications, chosen, dict.fromkeys(chosen, REDUCED))
    count = paths * (1 + FRESH)
    drawn = simulate(
        begun.set("run.daily_replications", count),
        count,
        scenario.run.seed + 2,
        variants=[],
        policies={"none": build(NoTransfers())},
    ).daily
    found = []
    for product in chosen:
        flows = {
            name: drawn[name]
            .isel(variant=0)
            .sel(product=product)
            .transpose("replication", "day", "region")
            .values.astype(float)
            for name in ("requested", "released")
        }
        states = [
            _on_path(today[product], flows["requested"][k], flows["released"][k])
            for k in range(count)
        ]
        network = without_groups(today[product].network)
        costs = worth_of_stages(network, _mean(states), states[:paths], states[paths:])
        found.append(
            Uncertainty(
                product=product,
                paths=paths,
                judged=count - paths,
                vss=interval(costs.expected - costs.two_stage),
                evpi=interval(costs.two_stage - costs.known),
            )
        )
    return tuple(found)


REDUCED_DAYS = sum(days * count for days, count in REDUCED.spans)


def _on_path(today: ProductToday, requested: Floats, released: Floats) -> State:
    """Return the state with the requests and releases (n_days, n_regions) of a path, in units."""
    state, slots = summed_groups(today.state), today.network.slots
    asked = slots.sums(requested * today.per_unit)[..., None]
    came = released * today.per_unit
    came[0] = 0  # in stock already
    shares = state.demand.sum(axis=(1, 2, 3)) / max(float(state.demand.sum()), 1e-9)
    return replace(
        state,
        demand=shares[:, None, None, None] * asked,
        receipts=slots.sums(came)[..., None],
    )


def _mean(states: Sequence[State]) -> State:
    """Return the mean path."""
    return replace(
        states[0],
        demand=np.mean([state.demand for state in states], axis=0),
        receipts=np.mean([state.receipts for state in states], axis=0),
    )
