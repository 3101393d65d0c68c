"""Named tiny worlds for tests: small enough to reason about, complete enough to run."""

from __future__ import annotations

from typing import Any

from bloodsim.blood import GROUPS
from bloodsim.scenario import Scenario
from bloodsim.scenario.merge import merge

ONE_GROUP = {group: float(group == "O_pos") for group in GROUPS}
MIXED = {
    "A_pos": 0.28,
    "B_pos": 0.28,
    "O_pos": 0.34,
    "AB_pos": 0.08,
    "A_neg": 0.005,
    "B_neg": 0.005,
    "O_neg": 0.005,
    "AB_neg": 0.005,
}


def lone_region(
    supply: float = 10.0,
    demand: float = 10.0,
    life_days: int = 5,
    **changes: Any,
) -> Scenario:
    """One region, one product, one group, Poisson supply and demand, nothing lost on the way.

    *supply* and *demand* are units a day; *changes* are dotted paths with double underscores for
    dots.
    """
    tree: dict[str, Any] = {
        "name": "lone-region",
        "run": {
            "score_start": "2025-03-01",
            "score_end": "2025-12-31",
            "warmup_days": 20,
            "warmup_policy": {"kind": "none"},
            "replications": 8,
        },
        "products": {
            "platelets": {
                "label": {"en": "Platelets"},
                "unit_label": {"en": "dose"},
                "compatibility": "platelets",
                "source": "apheresis",
                "units_per_donation": 1.0,
                "shelf_life_days": life_days,
                "test_delay_days": 0,
                "opening_cover_days": 0,
            }
        },
        "profiles": {"flat": {}},
        "channels": {
            "apheresis": {
                "label": {"en": "Apheresis"},
                "gift": "apheresis",
                "profile": "flat",
                "first_hour": 12,
                "last_hour": 12,
            }
        },
        "demand": {
            "platelets": {
                "profile": "flat",
                "classes": {"urgent": {"share": 1.0}},
                "emergency_substitution": "none",
            }
        },
        "regions": {
            "north": {
                "group_shares": ONE_GROUP,
                "donors_per_day": {"apheresis": supply},
                "demand_per_day": {"platelets": demand},
            }
        },
    }
    return Scenario.from_mapping(_changed(tree, changes))


def _changed(tree: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    for dotted, value in changes.items():
        patch: Any = value
        for part in reversed(dotted.split("__")):
            patch = {part: patch}
        tree = merge(tree, patch)
    return tree


def three_provinces(**changes: Any) -> Scenario:
    """Three regions with red cells and platelets, all groups, roads between all, everything on."""
    region = {
        "group_shares": MIXED,
        "donors_per_day": {"street": 60.0, "apheresis": 8.0},
        "demand_per_day": {"red_cells": 80.0, "platelets": 11.0},
    }
    tree: dict[str, Any] = {
        "name": "three-provinces",
        "run": {
            "score_start": "2026-02-01",
            "score_end": "2026-03-15",
            "warmup_days": 20,
            "replications": 4,
        },
        "products": {
            "red_cells": {
                "label": {"en": "Red cells"},
                "unit_label": {"en": "U"},
                "compatibility": "red_cells",
                "source": "whole_blood",
                "pieces_per_unit": 2,
                "shelf_life_days": 21,
                "test_delay_days": 2,
                "discard_share": 0.03,
                "opening_cover_days": 6,
                "alerts": [{"level": "yellow", "below_days": 5}, {"level": "red", "below_days": 2}],
            },
            "platelets": {
                "label": {"en": "Platelets"},
                "unit_label": {"en": "dose"},
                "compatibility": "platelets",
                "source": "apheresis",
                "units_per_donation": 1.75,
                "shelf_life_days": 5,
                "test_delay_days": 1,
                "discard_share": 0.01,
                "opening_cover_days": 1.5,
            },
        },
        "profiles": {
            "supply": {
                "weekday": {
                    "mon": 1,
                    "tue": 1,
                    "wed": 1,
                    "thu": 1,
                    "fri": 1,
                    "sat": 1.3,
                    "sun": 1.2,
                },
                "spring_festival": [{"from_offset": -5, "to_offset": 8, "factor": 0.4}],
            },
            "need": {"spring_festival": [{"from_offset": -3, "to_offset": 6, "factor": 0.6}]},
        },
        "channels": {
            "street": {
                "label": {"en": "Street"},
                "gift": "whole_blood",
                "profile": "supply",
                "sessions_per_day": 2,
                "variance_to_mean": 3,
                "deferral_share": 0.1,
                "no_show_share": 0.05,
                "test_failure_share": 0.02,
                "regulation": {"product": "red_cells", "target_cover_days": {0: 8}},
            },
            "apheresis": {
                "label": {"en": "Apheresis"},
                "gift": "apheresis",
                "profile": "supply",
                "variance_to_mean": 2,
                "deferral_share": 0.1,
                "test_failure_share": 0.02,
            },
        },
        "demand": {
            "red_cells": {
                "profile": "need",
                "variance_to_mean": 3,
                "classes": {
                    "emergency": {"share": 0.3},
                    "urgent": {"share": 0.4, "reserve_days": 0.5},
                    "elective": {"share": 0.3, "reserve_days": 1},
                },
            },
            "platelets": {
                "profile": "need",
                "classes": {"emergency": {"share": 0.4}, "urgent": {"share": 0.6}},
                "emergency_substitution": "compatible",
                "routine_substitution": "universal",
            },
        },
        "regions": {
            "north": region,
            "south": {
                **region,
                "donors_per_day": {"street": 30.0, "apheresis": 12.0},
            },
            "west": {**region, "donors_per_day": {"street": 80.0, "apheresis": 6.0}},
        },
        "routes": {
            "distances_km": {
                "north": {"south": 400, "west": 900},
                "south": {"north": 400, "west": 700},
                "west": {"north": 900, "south": 700},
            },
            "lead_times": [
                {"up_to_km": 500, "days": 0},
                {"up_to_km": 800, "days": 1},
                {"up_to_km": 5000, "days": 3},
            ],
            "products": {
                "red_cells": {"lot_units": 2, "smallest_shipment_units": 4, "min_life_days": 3},
                "platelets": {"lot_units": 1, "min_life_days": 1},
            },
        },
        "regional_factors": {
            "collection": {"sd": 0.15, "common_share": 0.5},
            "demand": {"sd": 0.05},
        },
        "policies": {"transfer": {"kind": "proportional", "review_days": 3}},
        "overrides": {
            "alone": {"policies": {"transfer": {"kind": "none"}}},
            "share": {
                "policies": {
                    "transfer": {"kind": "share_surplus", "above_days": 7, "fill_to_days": 6}
                }
            },
            "equal": {"policies": {"transfer": {"kind": "proportional"}}},
        },
        "variants": {"none": ["alone"], "share_surplus": ["share"], "proportional": ["equal"]},
    }
    return Scenario.from_mapping(_changed(tree, changes))
