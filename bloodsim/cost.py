"""The one cost: coefficients per flow, in points (never money)."""

from __future__ import annotations

from collections.abc import Mapping

FLOW_WEIGHTS: Mapping[str, str] = {
    "lost_emergency": "emergency_lost",
    "lost_urgent": "urgent_lost",
    "cancelled_elective": "elective_cancelled",
    "waiting_days": "waiting_day",
    "outdated": "outdated",
    "shipments": "shipment",
    "shipped_unit_km": "unit_km",
}
"""Weight of each flow of a region and product; donations and the terminal charge come on top."""


def coefficients(weights: Mapping[str, float]) -> dict[str, float]:
    """Return the points per unit of each flow.

    Parameters
    ----------
    weights : mapping
        The fields of a scenario's ``cost`` section.

    Returns
    -------
    dict
        Flow name to points per unit (per shipment, per unit-km, per unit-day of waiting).
    """
    return {flow: float(weights[weight]) for flow, weight in FLOW_WEIGHTS.items()}
