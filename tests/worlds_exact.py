"""Worlds without chance: donors, requests, uniforms and opening stock are given by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import xarray as xr
from worlds import ONE_GROUP

from bloodsim.blood import GROUPS
from bloodsim.decision import NOTHING, Plan, Shipments, Snapshot
from bloodsim.experiment import simulate
from bloodsim.model.luck import Luck
from bloodsim.results import Results
from bloodsim.scenario import Scenario
from bloodsim.scenario.merge import merge, nested

ALL_GROUPS = dict.fromkeys(GROUPS, 0.125)
"""Equal shares: each group needs an eighth of a region's demand."""

O_POS = GROUPS.index("O_pos")


def exact_world(
    days: int = 4,
    regions: tuple[str, ...] = ("north",),
    classes: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Scenario:
    """Return regions that need 10 U of red cells on a normal day, group O+, and lose nothing.

    One piece is one unit, from 200 mL; one session a day at noon; life 10 days; no warm-up;
    emergencies at 8, routine at 9; all requests are urgent unless *classes* says otherwise.
    *changes* are dotted paths with ``__`` for dots.
    """
    tree: dict[str, Any] = {
        "name": "exact-world",
        "run": {
            "score_start": "2025-06-02",
            "score_end": str(np.datetime64("2025-06-02") + np.timedelta64(days - 1, "D")),
            "warmup_days": 0,
            "warmup_policy": {"kind": "none"},
            "replications": 2,
            "phase_hours": {"emergency": [8]},
        },
        "products": {
            "red_cells": {
                "label": {"en": "Red cells"},
                "unit_label": {"en": "U"},
                "compatibility": "red_cells",
                "source": "whole_blood",
                "shelf_life_days": 10,
            }
        },
        "profiles": {"flat": {}},
        "channels": {
            "street": {
                "label": {"en": "Street"},
                "gift": "whole_blood",
                "profile": "flat",
                "first_hour": 12,
                "last_hour": 12,
            }
        },
        "demand": {
            "red_cells": {
                "profile": "flat",
                "classes": dict(classes or {"urgent": {"share": 1.0}}),
                "emergency_substitution": "none",
            }
        },
        "regions": {
            region: {
                "group_shares": ONE_GROUP,
                "gift_shares": {"ml_200": 1, "ml_300": 0, "ml_400": 0},
                "donors_per_day": {"street": 10.0},
                "demand_per_day": {"red_cells": 10.0},
            }
            for region in regions
        },
    }
    return changed(tree, **changes)


def changed(tree: Scenario | dict[str, Any], **changes: Any) -> Scenario:
    """Return a scenario with some dotted paths set."""
    raw = tree.raw if isinstance(tree, Scenario) else tree
    for dotted, value in changes.items():
        raw = merge(raw, nested(dotted.replace("__", "."), value))
    return Scenario.from_mapping(raw)


def road(km: float = 100.0, lead_days: int = 1, **product: Any) -> dict[str, Any]:
    """Return roads of one length and lead time between north and south, for red cells."""
    ends = (("north", "south"), ("south", "north"))
    return {
        "extra": [
            {"origin": a, "destination": b, "distance_km": km, "lead_days": lead_days}
            for a, b in ends
        ],
        "products": {"red_cells": product},
    }


Cells = Mapping[tuple[int, ...], float]


@dataclass
class Fate:
    """What happens by hand.

    Parameters
    ----------
    donors : mapping of (day, region[, group[, slot]]) to donors
        Latent turnout; the group is O+ and the slot the first unless given.
    requests : mapping of (day, region[, group[, stream]]) to pieces
        Requests; the stream counts the classes of the scenario in their order of urgency.
    uniform : float
        Every uniform there is.
    """

    donors: Cells = ()  # type: ignore[assignment]
    requests: Cells = ()  # type: ignore[assignment]
    uniform: float = 0.0

    def apply(self, monkeypatch: Any) -> None:
        """Replace the drawn luck."""
        drawn: Callable[[Luck], Any] = Luck.next_chunk

        def next_chunk(luck: Luck) -> Any:
            chunk = drawn(luck)
            given: dict[str, Any] = {}
            for field in fields(chunk):
                array = getattr(chunk, field.name)
                if field.name.endswith("uniform") and array is not None:
                    given[field.name] = np.full_like(array, self.uniform)
            given["invited"] = np.zeros_like(chunk.invited)
            given["requested"] = np.zeros_like(chunk.requested)
            for key, donors in dict(self.donors).items():
                day, region, group, slot = key + (O_POS, 0)[len(key) - 2 :]
                index = day - chunk.first_day
                if 0 <= index < len(chunk.invited):
                    given["invited"][index, slot, region, group:] += donors
            for key, pieces in dict(self.requests).items():
                day, region, group, number = key + (O_POS, 0)[len(key) - 2 :]
                index = day - chunk.first_day
                if 0 <= index < len(chunk.requested):
                    given["requested"][index, number, region, group] += int(pieces)
            return replace(chunk, **given)

        monkeypatch.setattr(Luck, "next_chunk", next_chunk)


def shelves(scenario: Scenario, pieces: Cells, product: str = "red_cells") -> dict[str, Any]:
    """Return an opening stock; *pieces* by (region, days of life left, today counting[, group])."""
    life = scenario.products[product].shelf_life_days
    array = np.zeros((len(scenario.regions), len(GROUPS), life), dtype=np.int64)
    for key, count in pieces.items():
        region, left, group = (*key, O_POS)[:3]
        array[region, group, left - 1] = count
    return {product: array}


def play(
    monkeypatch: Any,
    scenario: Scenario,
    stock: Cells | None = None,
    *,
    donors: Cells | None = None,
    requests: Cells | None = None,
    uniform: float = 0.0,
    policy: Any = None,
) -> Results:
    """Run a scenario with luck and opening stock given by hand; R = 2."""
    with monkeypatch.context() as patch:
        Fate(donors or {}, requests or {}, uniform).apply(patch)
        return simulate(
            scenario,
            replications=2,
            policies={"planned": policy} if policy else None,
            variants=[] if policy else None,
            opening_stock=shelves(scenario, stock) if stock else None,
        )


def daily(results: Results, name: str, region: int = 0, product: int = 0) -> list[float]:
    """Return a daily column of one region; both replications must agree."""
    return _one(results.tables["daily"][name].isel(region=region, product=product))


def total(results: Results, name: str, region: int = 0, product: int = 0) -> float:
    """Return a total of one region; both replications must agree."""
    return _one(results.totals[name].isel(region=region, product=product))[0]


def by_group(results: Results, name: str, region: int = 0) -> dict[str, float]:
    """Return what is not zero of a total, by group."""
    array = results.groups[name].isel(region=region, product=0)
    found = dict(zip(GROUPS, _one(array), strict=True))
    return {group: value for group, value in found.items() if value}


def _one(array: xr.DataArray) -> list[float]:
    array = array.isel(variant=0)
    first, second = (array.isel(replication=r).values for r in (0, 1))
    np.testing.assert_array_equal(first, second)
    return np.atleast_1d(first).tolist()


@dataclass
class Planned:
    """A policy that ships by hand, along routes of the table, and keeps what it saw.

    Parameters
    ----------
    by_day : mapping of day to list of (origin, destination, pieces)
        Pieces of O+; None = all that may leave.
    """

    by_day: Mapping[int, list[tuple[int, int, int | None]]]
    review_days: int = 1

    def __post_init__(self) -> None:
        self.seen: list[Snapshot] = []

    def __call__(self, snapshot: Snapshot) -> Plan:
        """Return the day's shipments in every replication."""
        self.seen.append(snapshot)
        rows = self.by_day.get(snapshot.day, [])
        if not rows:
            return NOTHING
        n = snapshot.n_replications
        route, pieces = [], []
        for origin, destination, count in rows:
            ends = (snapshot.routes.origin == origin) & (snapshot.routes.destination == destination)
            number = int(np.flatnonzero(ends)[0])
            if count is None:
                one = np.array([number]), np.array([0])
                count = int(snapshot.shippable("red_cells", *one)[0, O_POS])
            route.append(number)
            pieces.append([count if group == O_POS else 0 for group in range(len(GROUPS))])
        shipments = Shipments(
            "red_cells",
            np.repeat(route, n),
            np.tile(np.arange(n), len(route)),
            np.repeat(np.array(pieces, dtype=np.int32), n, axis=0),
        )
        return Plan((shipments,))
