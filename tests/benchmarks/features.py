"""The national year without its features, with one of each, and with all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bloodsim.scenario import Scenario
from bloodsim.scenario.merge import merge

Tree = dict[str, Any]


def plain(national: Scenario) -> Tree:
    """Return the national year with every feature off: regulated collection and own stock."""
    tree = national.resolved()
    for key in ("variants", "overrides", "donor_pools", "agreements"):
        tree.pop(key, None)
    for product in tree["products"].values():
        product["alerts"] = []
    for channel in tree["channels"].values():
        channel["regulation"]["group_gain"] = 0.0
    for demand in tree["demand"].values():
        for of_class in demand["classes"].values():
            of_class["patience_days"] = 0
    tree["regional_factors"] = {"collection": {"sd": 0.0}, "demand": {"sd": 0.0}}
    tree["policies"] = {"transfer": {"kind": "none"}}
    tree["run"] |= {"warmup_policy": {"kind": "none"}, "daily_replications": 0}
    return tree


def patches(national: Scenario) -> dict[str, Tree]:
    """Return what switches each feature on, by name; settings of the scenario where it has any."""
    tree = national.resolved()
    red, platelets = tree["products"]["red_cells"], tree["products"]["platelets"]
    first = next(iter(tree["regions"]))
    proportional = {"kind": "proportional"}
    elective = {"red_cells": {"classes": {"elective": {"known_ahead_days": 3}}}}
    return {
        "rule transfers": {
            "policies": {"transfer": proportional},
            "run": {"warmup_policy": proportional},
        },
        "agreements": {"agreements": tree["agreements"]},
        "approval": {"routes": {"approval_days": 1}},
        "transit loss": {"routes": _of_routes(tree, transit_loss_share=0.002)},
        "donor pools": {"donor_pools": tree["donor_pools"]},
        "alerts": {
            "products": {"red_cells": _alerts(red), "platelets": _alerts(platelets)},
        },
        "regulation by group": {
            "channels": {
                name: {"regulation": {"group_gain": 0.5}}
                for name, channel in tree["channels"].items()
                if channel["regulation"]
            }
        },
        "patience and backlog": {"demand": {k: _patience(v) for k, v in tree["demand"].items()}},
        "regional factors": {"regional_factors": tree["regional_factors"]},
        "young units": _elective(fresh={"share": 0.05, "younger_than_days": 14}),
        "cross-match": _elective(crossmatch={"extra_share": 0.3, "return_days": 3}),
        "announced requests": {"demand": elective},
        "session places": {
            "resources": {"session_places": [{"channels": ["street"], "places": 400}]}
        },
        "laboratory working days": {"resources": {"laboratories": [{"on_holidays": False}]}},
        "organisations": {
            "resources": {
                "organisation_pools": {
                    "works": {
                        "region": first,
                        "channel": "group",
                        "organisations": 240,
                        "donors_per_visit": 30,
                    }
                }
            }
        },
        "teams on call": {
            "donor_pools": {
                "teams": {
                    "rare": {
                        "product": "red_cells",
                        "groups": ["O_neg", "AB_neg"],
                        "size": 50,
                        "below_units": 4,
                        "donors_per_call": 3,
                    }
                }
            }
        },
        "accessible share": {"products": {"red_cells": {"accessible_share": 0.9}}},
    }


def with_features(base: Tree, *features: Mapping[str, Any]) -> Scenario:
    """Return the scenario of a tree with some features on."""
    for feature in features:
        base = merge(base, feature)
    return Scenario.from_mapping(base)


def _alerts(product: Tree) -> Tree:
    return {"alerts": product["alerts"]}


def _patience(demand: Tree) -> Tree:
    classes = demand["classes"].items()
    return {"classes": {k: {"patience_days": v["patience_days"]} for k, v in classes}}


def _elective(**settings: Any) -> Tree:
    return {"demand": {"red_cells": {"classes": {"elective": settings}}}}


def _of_routes(tree: Tree, **settings: Any) -> Tree:
    return {"products": dict.fromkeys(tree["routes"]["products"], settings)}
