r"""The one cost: linear coefficients per flow and a terminal charge, in points (never money).

Indicators, the tuning of rules, the optimizer and its bounds all minimise

.. math:: C = \sum_{r,p} \Big( \sum_f c_f\, x_{frp} + \pi \max(0,\; \theta_p d_{rp} - e_{rp}) \Big)
              + \sum_{r,k} ( c_{don}\, n_{rk} + c_{team}\, m_{rk} )

over the scored days: regions r, products p, channels k. :math:`x_{frp}` are the flows of
`FLOW_WEIGHTS` in units (shipments in number, unit-km, unit-days of waiting, one for each close
that finds a unit waiting), n donations, m team-days. The terminal charge stops a policy from living
on its stock: price :math:`\pi` per unit by which :math:`e = \text{stock} + \text{in transit} -
\text{backlog}` at the last close falls short of the target cover :math:`\theta_p` (days) times d,
the mean normal-day demand over the scored days. What travels counts where it is bound for. Products
without a target have no terminal charge; what is in test does not count.

Every coefficient is 0 or more, so that a linear program may write the maximum as a variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FLOW_WEIGHTS: Mapping[str, str] = {
    "lost_emergency": "emergency_lost",
    "lost_urgent": "urgent_lost",
    "cancelled_elective": "elective_cancelled",
    "waiting_days": "waiting_day",
    "outdated": "outdated",
    "shipments": "shipment",
    "shipped_unit_km": "unit_km",
}
"""Weight of each flow of a region and product, by its column in the totals of a result."""

COLLECTION_WEIGHTS: Mapping[str, str] = {"donations": "donation", "team_days": "team_day"}
"""Weight of each effort of a region and channel, by its column in the collection table."""


def coefficients(weights: Mapping[str, Any]) -> dict[str, float]:
    """Return the points per unit of each flow of a region and product.

    Parameters
    ----------
    weights : mapping
        The fields of a scenario's ``cost`` section: ``scenario.cost.model_dump()``, or
        ``results.cost_weights(variant)``.

    Returns
    -------
    dict
        Flow name to points per unit (per shipment, per unit-km, per unit-day of waiting), in the
        order in which they are summed.
    """
    return {flow: float(weights[weight]) for flow, weight in FLOW_WEIGHTS.items()}


def collection_coefficients(weights: Mapping[str, Any]) -> dict[str, float]:
    """Return the points per donation and per team-day."""
    return {effort: float(weights[weight]) for effort, weight in COLLECTION_WEIGHTS.items()}


def terminal_price(weights: Mapping[str, Any]) -> float:
    """Return the points per unit that stock falls short of its target at the end."""
    return float(weights["terminal_price"])


def terminal_target_units(
    weights: Mapping[str, Any], product: str, normal_demand: float | Floats
) -> Floats:
    """Return the stock (units) below which the end is charged; 0 for products without a target.

    Parameters
    ----------
    weights : mapping
        As for `coefficients`.
    product : str
        Product.
    normal_demand : float or array
        Mean normal-day demand over the scored days (units/day), of any shape.
    """
    cover_days = float(weights["terminal_cover_days"].get(product, 0.0))
    return np.asarray(cover_days * np.asarray(normal_demand, dtype=float))


def terminal_shortfall(
    target_units: float | Floats,
    stock: float | Floats,
    in_transit: float | Floats,
    backlog: float | Floats,
) -> Floats:
    """Return the units by which the end falls short: ``max(0, target - (stock + ...))``.

    A product without a target (0) is never short, whatever its backlog.
    """
    target = np.asarray(target_units, dtype=float)
    at_hand = np.asarray(stock, dtype=float) + in_transit - backlog
    return np.where(target > 0, np.clip(target - at_hand, 0, None), 0.0)


def points(
    weights: Mapping[str, Any],
    flows: Mapping[str, float | Floats],
    collection: Mapping[str, float | Floats] | None = None,
    shortfall_units: float | Floats = 0.0,
) -> Floats:
    """Return the points of flows, effort and terminal shortfall, entry by entry.

    Parameters
    ----------
    weights : mapping
        As for `coefficients`.
    flows : mapping
        Any of `FLOW_WEIGHTS` to amounts, arrays of one shape; those left out are 0.
    collection : mapping, optional
        Any of `COLLECTION_WEIGHTS` to amounts of that shape.
    shortfall_units : float or array
        What `terminal_shortfall` returned, of that shape.

    Raises
    ------
    KeyError
        A flow that the cost does not know.

    Examples
    --------
    >>> from bloodsim.scenario import CostWeights
    >>> weights = CostWeights().model_dump()
    >>> float(points(weights, {"lost_emergency": 2, "outdated": 1}, {"donations": 10}))
    202.5
    """
    total: Floats = terminal_price(weights) * np.asarray(shortfall_units, dtype=float)
    for given, known in (
        (flows, coefficients(weights)),
        (collection or {}, collection_coefficients(weights)),
    ):
        for name in given:
            if name not in known:
                raise KeyError(f"{name} has no weight; known are {', '.join(known)}")
        for name, coefficient in known.items():
            if name in given:
                total = total + coefficient * np.asarray(given[name], dtype=float)
    return total
