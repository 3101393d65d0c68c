"""What is drawn has the moments that the scenario says, within tight limits."""

from __future__ import annotations

import numpy as np
import pytest
from worlds_exact import exact_world

from bloodsim.model.forecast import Forecaster
from bloodsim.model.luck import Luck
from bloodsim.model.world import compile_world

R = 400


def drawn(world, chunks: int = 1, seed: int = 3):
    """Return donors (n_days, n_regions, R) and requests of all groups (n_days, n_regions, R)."""
    luck = Luck(compile_world(world), seed, range(R))
    donors, requests = [], []
    for _ in range(chunks):
        chunk = luck.next_chunk()
        donors.append(chunk.invited[:, 0, :, -1].copy())
        requests.append(chunk.requested.sum(axis=(1, 3)))
    return np.concatenate(donors), np.concatenate(requests)


@pytest.mark.parametrize("purpose", ["collection", "demand"])
@pytest.mark.parametrize(("sd", "common", "persistence"), [(0.2, 0.64, 0.6), (0.3, 0.0, 0.0)])
def test_regional_factors_have_their_moments(purpose, sd, common, persistence):
    """Means of millions make Poisson noise vanish: what is left is the factor.

    Its log has mean -sd^2/2 and the same sd on every day, the correlation of a day with the next,
    over the border of two chunks too, and of two regions with each other.
    """
    world = exact_world(
        100,
        ("north", "south"),
        regional_factors={
            purpose: {"sd": sd, "common_share": common, "autocorrelation": persistence}
        },
        channels__street__regulation=None,
    )
    for region in ("north", "south"):
        world = world.set(f"regions.{region}.donors_per_day.street", 1e6)
        world = world.set(f"regions.{region}.demand_per_day.red_cells", 1e6)
    found = drawn(world, 2)
    factor = found[0 if purpose == "collection" else 1] / 1e6
    other = found[1 if purpose == "collection" else 0] / 1e6
    assert other == pytest.approx(1, abs=0.01)  # the other purpose is untouched
    log = np.log(factor)
    assert factor.mean() == pytest.approx(1, abs=0.12 * sd)
    assert log.mean() == pytest.approx(-(sd**2) / 2, abs=0.05 * sd)
    assert log.std() == pytest.approx(sd, rel=0.03)
    assert log[0].std() == pytest.approx(sd, rel=0.15)  # stationary from the first day
    assert log[-1].std() == pytest.approx(sd, rel=0.15)

    def correlation(a, b):
        return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])

    assert correlation(log[1:], log[:-1]) == pytest.approx(persistence, abs=0.03)
    assert correlation(log[56], log[55]) == pytest.approx(persistence, abs=0.12)
    assert correlation(log[:, 0], log[:, 1]) == pytest.approx(common, abs=0.05)


@pytest.mark.parametrize("ratio", [1.0, 3.0])
def test_counts_have_their_variance_to_mean(ratio):
    """50 donors a session and 50 requests a region-day, over three classes, vary as told."""
    world = exact_world(
        50,
        classes={
            "emergency": {"share": 0.3},
            "urgent": {"share": 0.4},
            "elective": {"share": 0.3},
        },
        channels__street__variance_to_mean=ratio,
        demand__red_cells__variance_to_mean=ratio,
        regions__north__donors_per_day__street=50,
        regions__north__demand_per_day__red_cells=50,
    )
    shares = {"A_pos": 0.3, "O_pos": 0.5, "B_pos": 0.2}
    world = world.set(
        "regions.north.group_shares",
        dict.fromkeys(world.regions["north"].group_shares, 0.0) | shares,
    )
    for counts in drawn(world):
        assert counts.mean() == pytest.approx(50, rel=0.01)
        assert counts.var() / counts.mean() == pytest.approx(ratio, rel=0.05)
        day_to_day = np.corrcoef(counts[1:].ravel(), counts[:-1].ravel())[0, 1]
        assert day_to_day == pytest.approx(0, abs=0.03)


def test_donors_and_requests_fall_to_groups_and_classes_by_their_shares():
    """Half O+, three tenths A+, one fifth B+; three, four and three tenths by urgency."""
    world = exact_world(
        50,
        classes={
            "emergency": {"share": 0.3},
            "urgent": {"share": 0.5},
            "elective": {"share": 0.2},
        },
    )
    shares = dict.fromkeys(world.regions["north"].group_shares, 0.0)
    shares |= {"A_pos": 0.3, "O_pos": 0.5, "B_pos": 0.2}
    world = world.set("regions.north.group_shares", shares)
    chunk = Luck(compile_world(world), 3, range(R)).next_chunk()
    donors = np.diff(chunk.invited[:, 0, 0], axis=1, prepend=0).mean(axis=(0, 2))
    requests = chunk.requested[:, :, 0].mean(axis=(0, 3))
    wanted = np.array([3, 2, 5, 0, 0, 0, 0, 0])
    assert donors == pytest.approx(wanted, rel=0.02, abs=1e-9)
    assert requests == pytest.approx(np.outer([0.3, 0.5, 0.2], wanted), rel=0.03, abs=1e-9)


# -------------------------------------------------------------------------------------- forecast


def by_lead(world, today: int, leads: int, seed: int = 5):
    """Return forecasts of single days by lead time, (leads, n_regions, R)."""
    forecaster = Forecaster(compile_world(world), seed, range(R))
    sums = [forecaster.demand(0, today, days) for days in range(1, leads + 1)]
    return np.diff(np.array(sums), axis=0, prepend=0.0)


def foreseen(ends=(1, 3), sds=(0.0, 0.0, 0.0), **changes):
    return exact_world(
        30, forecast={"band_ends_days": list(ends), "error_sd": list(sds)}, **changes
    )


def test_without_error_the_forecast_is_the_mean_of_the_days_ahead():
    """10 U of 2 pieces a day, 20 U on days 1 and 2: 20, 40, 40 and 20 pieces from day 0 on."""
    world = foreseen(
        products__red_cells__pieces_per_unit=2,
        profiles__flat__spring_festival=[{"from_offset": 125, "to_offset": 126, "factor": 2}],
    )
    assert by_lead(world, 0, 4)[:, 0, 0] == pytest.approx([20, 40, 40, 20])
    assert by_lead(world, 2, 2)[:, 0, 0] == pytest.approx([40, 20])


def test_forecast_errors_grow_with_the_bands_of_lead_time():
    """Bands end at leads 1 and 3; each adds its own error to the log: 0.1, 0.22, 0.37."""
    log = np.log(
        np.concatenate(
            [by_lead(foreseen(sds=(0.1, 0.2, 0.3)), today, 7) for today in (0, 7, 14, 21)], axis=2
        )
    )
    within = [0.1, 0.1, *[np.hypot(0.1, 0.2)] * 2, *[np.sqrt(0.14)] * 3]
    assert log.std(axis=(1, 2)) == pytest.approx(within, rel=0.08)


def test_forecast_errors_of_a_day_hold_on_from_band_to_band():
    """Within a band a forecast of one day is the same from day to day; then it is corrected."""
    world = foreseen(sds=(0.1, 0.2, 0.3))
    of_day_10 = {lead: by_lead(world, 10 - lead, lead + 1)[lead] for lead in (0, 1, 2, 3, 4, 6)}
    for lead, same in ((0, 1), (2, 3), (4, 6)):
        assert of_day_10[lead] == pytest.approx(of_day_10[same])
    correction = np.log(of_day_10[2] / of_day_10[1]).std()
    assert correction == pytest.approx(0.2, rel=0.15)


def test_forecasts_are_right_on_average():
    """However wide the errors, their mean is 1 at every lead: a bare exponential gives 1.07."""
    world = foreseen(sds=(0.1, 0.2, 0.3))
    mean = np.mean([by_lead(world, 0, 7, seed) for seed in range(5)], axis=(0, 2, 3)) / 10
    assert mean == pytest.approx(1, abs=0.03)
