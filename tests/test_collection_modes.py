"""Collection policies: a planned uplift, and the replay of another variant's collection."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import three_provinces

from bloodsim.experiment import simulate
from bloodsim.scenario import ScenarioError

FROZEN = {"policies": {"collection": {"kind": "frozen", "of": "none"}}}
UPLIFT = {
    "policies": {
        "collection": {"kind": "pre_collect", "from_offset": -7, "to_offset": 2, "uplift": 0.5}
    }
}


def world(**changes):
    return three_provinces(
        overrides={"frozen": FROZEN, "uplift": UPLIFT},
        variants={
            "none": ["alone"],
            "proportional": ["equal"],
            "frozen_proportional": ["equal", "frozen"],
            "early": ["alone", "uplift"],
        },
        **changes,
    )


def test_a_frozen_variant_collects_exactly_what_its_source_collected():
    # The replay stands first in the list: the order of variants must not matter.
    names = ["frozen_proportional", "none", "proportional"]
    results = simulate(world(), replications=3, variants=names)
    frozen, source, free = (
        results.collection.sel(variant=name).drop_vars("variant") for name in names
    )
    assert frozen.equals(source)
    assert not free.equals(source)  # regulation answers to other stocks
    daily = results.daily
    assert (
        daily["collected"]
        .sel(variant="frozen_proportional")
        .drop_vars("variant")
        .equals(daily["collected"].sel(variant="none").drop_vars("variant"))
    )
    assert daily["shipped"].sel(variant="frozen_proportional").sum() > 0


def test_the_source_is_not_changed_by_being_replayed():
    alone = simulate(world(), replications=2, variants=["none"])
    watched = simulate(world(), replications=2, variants=["none", "frozen_proportional"])
    assert alone.totals.equals(watched.totals.sel(variant=["none"]))


def test_frozen_collection_needs_its_source():
    with pytest.raises(ScenarioError, match="cannot replay the collection of 'none'"):
        simulate(world(), replications=1, variants=["frozen_proportional"])
    with pytest.raises(ScenarioError, match="unknown variant 'nun'"):
        world().set("policies.collection", {"kind": "frozen", "of": "nun"})


def test_pre_collection_lifts_turnout_on_its_days_only():
    scenario = world(
        channels__street__regulation=None, run__score_start="2026-02-05", run__warmup_days=10
    ).set("channels.street.regulation", None)
    daily = simulate(scenario, replications=40, variants=["none", "early"]).daily
    collected = daily["collected"].sel(product="red_cells").sum(("region", "replication"))
    ratio = collected.sel(variant="early") / collected.sel(variant="none")
    inside = (daily["day"] >= np.datetime64("2026-02-10")) & (
        daily["day"] <= np.datetime64("2026-02-19")
    )
    assert (ratio[~inside] == 1).all()
    assert float(ratio[inside].mean()) == pytest.approx(1.5, abs=0.02)
    platelets = daily["collected"].sel(product="platelets")
    assert (
        platelets.sel(variant="early")
        .drop_vars("variant")
        .equals(platelets.sel(variant="none").drop_vars("variant"))
    )
