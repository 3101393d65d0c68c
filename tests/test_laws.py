"""Laws of the model: conservation, the same luck for all, nobody's luck depends on others."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import lone_region, three_provinces

from bloodsim.experiment import simulate
from bloodsim.model.forecast import Forecaster
from bloodsim.model.ledger import ConservationError
from bloodsim.model.luck import Luck
from bloodsim.model.world import compile_world
from bloodsim.scenario.horizon import CHUNK_DAYS
from bloodsim.streams import stream


def equal(one, other, tables=("totals", "groups", "transfers", "collection", "national", "daily")):
    return all(one.tables[name].equals(other.tables[name]) for name in tables)


@settings(max_examples=25, deadline=None)
@given(
    life=st.integers(3, 40),
    delay=st.integers(0, 2),
    order=st.sampled_from(["oldest", "youngest"]),
    patience=st.integers(0, 4),
    kind=st.sampled_from(["none", "share_surplus", "proportional"]),
    substitution=st.sampled_from(["none", "universal", "compatible"]),
    supply=st.floats(0, 200),
    seed=st.integers(0, 2**40),
)
def test_pieces_and_requests_are_conserved_in_random_scenarios(
    life, delay, order, patience, kind, substitution, supply, seed
):
    scenario = three_provinces(
        products__red_cells__shelf_life_days=life,
        products__red_cells__test_delay_days=min(delay, life - 1),
        products__red_cells__issue_order=order,
        demand__red_cells__classes__elective__patience_days=patience,
        demand__red_cells__emergency_substitution=substitution,
        regions__north__donors_per_day__street=supply,
        routes__products__red_cells__min_life_days=1,
        routes__lead_times=[{"up_to_km": 5000, "days": min(2, life - 2)}],
        policies__transfer={"kind": kind} | ({"review_days": 2} if kind != "none" else {}),
        variants=None,
    )
    totals = simulate(scenario, replications=2, seed=seed).totals  # checks conservation inside
    flow_in = totals["opening"] + totals["released"] + totals["received"]
    flow_out = totals["issued"] + totals["shipped"] + totals["outdated"]
    assert (flow_in - flow_out == totals["stock"]).all()
    waited = totals["backlog"].sum("region")
    met = (totals["issued"] + totals["lost"] + totals["cancelled"]).sum("region")
    requested = totals["requested"].sum("region")
    if patience == 0:
        assert (requested == met).all()
        assert (waited == 0).all()
    else:  # requests of the warm-up may still wait at the start
        assert (requested <= met + waited).all()


def test_a_lost_piece_is_noticed(monkeypatch):
    from bloodsim.model.transfer import Transfers

    def lose(self, day):
        for roads in self.bank.roads:
            slot = day % len(roads.total)
            roads.arriving[slot], roads.total[slot] = 0, 0

    monkeypatch.setattr(Transfers, "arrive", lose)
    with pytest.raises(ConservationError, match="in transit"):
        simulate(three_provinces(variants=None), replications=1)


@pytest.mark.parametrize("block", [1, 3])
def test_replications_do_not_depend_on_the_block(block):
    scenario = three_provinces()
    whole = simulate(scenario, replications=7)
    split = simulate(scenario.set("run.block_replications", block), replications=7)
    assert equal(whole, split)


@pytest.mark.slow
def test_national_replications_do_not_depend_on_the_block():
    from bloodsim.load import load

    scenario = load("national-2026").set("run.score_end", "2026-03-20")
    whole = simulate(scenario, replications=64)
    one = simulate(scenario.set("run.block_replications", 1), replications=2)
    seven = simulate(scenario.set("run.block_replications", 7), replications=14)
    for part in (one, seven):
        numbers = list(part.replications)
        for name in ("totals", "groups", "national", "collection"):
            assert whole.tables[name].sel(replication=numbers).equals(part.tables[name])


def test_workers_change_nothing_not_even_the_files(tmp_path):
    scenario = three_provinces()
    one = simulate(scenario, replications=4, workers=1, out=tmp_path / "one")
    two = simulate(scenario, replications=4, workers=2, out=tmp_path / "two")
    assert equal(one, two)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    assert files == sorted(p.relative_to(tmp_path / "two") for p in (tmp_path / "two").rglob("*.*"))
    for name in files:
        if name.name != "timing.json":
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_hash_seed_and_locale_change_nothing():
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from worlds import three_provinces\n"
        "from bloodsim.experiment import simulate\n"
        "t = simulate(three_provinces(variants=None), replications=2).totals\n"
        "print(t.to_array().values.tobytes().hex()[:4000], float(t['issued'].sum()))"
    )
    outputs = set()
    for hash_seed, locale in (("0", "C.UTF-8"), ("1", "C"), ("77", "de_DE.UTF-8")):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "LC_ALL": locale}
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, os.path.dirname(__file__), os.getcwd()],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1


def test_a_no_op_variant_is_bit_identical_and_replications_differ():
    scenario = three_provinces(variants={"one": ["equal"], "two": ["equal"]})
    totals = simulate(scenario, replications=3).totals
    assert (
        totals.sel(variant="one")
        .drop_vars("variant")
        .equals(totals.sel(variant="two").drop_vars("variant"))
    )
    issued = totals["issued"].sel(variant="one").sum(("region", "product"))
    assert len(set(issued.values.tolist())) == 3


def test_all_variants_see_the_same_luck():
    totals = simulate(three_provinces(), replications=3).totals
    for name in ("requested", "requested_emergency", "requested_elective"):
        assert (totals[name] == totals[name].isel(variant=0)).all()


def test_a_new_region_changes_nobody_elses_luck():
    small, large = three_provinces(variants=None), three_provinces(variants=None)
    added = small.raw["regions"]["north"] | {"donors_per_day": {"street": 500.0, "apheresis": 50.0}}
    large = small.set("regions", {"added": added} | small.raw["regions"])
    chunks = []
    for scenario in (small, large):
        chunk = Luck(compile_world(scenario), 5, range(3)).next_chunk()
        names = list(scenario.regions)
        chunks.append((chunk, [names.index(name) for name in small.regions]))
    (one, rows), (other, places) = chunks
    assert np.array_equal(one.invited[:, :, rows], other.invited[:, :, places])
    assert np.array_equal(one.session_uniform[:, :, rows], other.session_uniform[:, :, places])
    assert np.array_equal(one.lab_uniform[:, :, rows], other.lab_uniform[:, :, places])
    assert np.array_equal(one.requested[:, :, rows], other.requested[:, :, places])
    assert np.array_equal(one.slot_uniform[:, :, rows], other.slot_uniform[:, :, places])
    forecasts = [
        Forecaster(compile_world(scenario), 5, range(3)).demand(0, 4, 7)
        for scenario in (small, large)
    ]
    assert np.array_equal(forecasts[0][rows], forecasts[1][places])


def test_no_two_streams_are_alike():
    names = [
        (replication, region, purpose)
        for replication in range(3)
        for region in ("", "A", "B", "AB", "north", "nort", "h")
        for purpose in ("collection", "demand", "forecast/red_cells", "hcollection")
    ]
    firsts = [stream(1, *name).integers(0, 2**63, 4).tolist() for name in names]
    assert len({tuple(first) for first in firsts}) == len(names)
    draws = np.array([stream(1, *name).standard_normal(4000) for name in names])
    correlation = np.corrcoef(draws)
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 5.5 / np.sqrt(4000)


def test_a_longer_run_begins_like_a_shorter_one():
    short = three_provinces(run__score_end="2026-02-20", variants=None)
    long = three_provinces(run__score_end="2026-06-30", variants=None)
    one, other = simulate(short, replications=2).daily, simulate(long, replications=2).daily
    shared = other.sel(day=one["day"])
    assert all(one[name].equals(shared[name]) for name in one.data_vars)


def test_the_future_does_not_reach_the_present():
    """What differs after a day leaves stock and shipments up to it as they are (no leak)."""
    calm = three_provinces(run__score_end="2026-04-30", variants=None)
    festival = [
        {"from_offset": -5, "to_offset": 8, "factor": 0.4},
        {"from_offset": 45, "to_offset": 60, "factor": 0.1},
    ]
    shocked = calm.set("profiles.supply.spring_festival", festival)
    one, other = (simulate(s, replications=2).daily for s in (calm, shocked))
    before = one["day"] < np.datetime64("2026-04-01")
    assert one["shipped"][:, :, before].equals(other["shipped"][:, :, before])
    assert not one["stock"].equals(other["stock"])


def test_a_run_changes_nothing_in_its_scenario():
    scenario = three_provinces()
    before = scenario.hash, scenario.raw
    simulate(scenario, replications=1)
    assert (scenario.hash, scenario.raw) == before


def test_luck_is_drawn_in_chunks_of_a_fixed_length():
    """The chunk length is part of the definition of the streams: changing it changes results."""
    assert CHUNK_DAYS == 56


@settings(max_examples=10, deadline=None)
@given(share=st.floats(0.1, 3.0))
def test_turnout_scales_with_its_factor_without_bias(share):
    scenario = lone_region(supply=40, demand=1, run__score_end="2025-12-31")
    world = compile_world(scenario)
    chunk = Luck(world, 3, range(64)).next_chunk()
    latent = chunk.invited[:, 0, 0, -1]
    rounded = np.floor(latent * share + chunk.session_uniform[:, 0, 0])
    error = (rounded - latent * share).mean()
    assert abs(error) < 5 * 0.3 / np.sqrt(latent.size)
