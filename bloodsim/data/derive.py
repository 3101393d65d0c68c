"""How the table of provinces and the seasonal profiles follow from the bundled data.

``python -m bloodsim.data.derive`` rewrites ``scenarios/tables/regions-2023.csv`` (run it from the
top of the repository); with ``--profiles`` it prints the seasonal profiles as YAML.

Everything here is arithmetic on the bundled tables plus the assumptions in the constants below,
each marked ASSUMED. The result is a synthetic baseline of the year 2023 laid on the calendar of
2026: for most provinces the supply itself is a prior, as the column ``confidence`` says.

**Supply.** Platelet procedures a year = apheresis doses / 1.75; whole-blood donations = donations
- procedures, split over street, group and campus. The mean gift m (U) = whole-blood U / whole-blood
donations fixes the shares of 200, 300 and 400 mL: 300 mL is 23 %, the other two follow from m.
Donors of a normal day are those who come before desk deferral and who show up where booked:
their number x the sum of the channel's daily factors over 2026 x (1 - 0.11) is the year's
donations.

**Demand.** Red cells: the prior in ``provinces.csv``. Platelets and plasma: what the supply leaves
after test failures and discards, so these two balance by construction. A normal day is the yearly
figure / the sum of the daily factors over 2026, with the demand amplitude 1 + 0.6 (a - 1) of a
province whose feast amplitude is a.

**Profiles.** See `bloodsim.data.profiles`.
"""

import argparse
import csv
import io
import sys
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from bloodsim.blood import GROUPS, group_shares
from bloodsim.data import rows
from bloodsim.data.habits import cover_factors
from bloodsim.data.profiles import CHANNEL_SHARES, Profile, channel_profiles, profiles_yaml
from bloodsim.seasons import Calendar, daily_factors

__all__ = ["main", "region_rows", "table_text"]

TABLE = Path("scenarios/tables/regions-2023.csv")
YEAR = 2026

WAN = 10_000
DOSES_PER_PROCEDURE = 1.75
"""Read: 24 prefecture stations 2017-20, CJBT 2022;35:937 (``rates.csv``)."""
DEFERRAL_SHARE = 0.11
"""ASSUMED within 10-13 %; read: 12.6 % of students, Huzhou 2018-22 (``rates.csv``)."""
TEST_FAILURE_SHARE = 0.02
"""ASSUMED within 1.2-3.0 % (Shaoxing, Zhengzhou, Guangzhou, ``rates.csv``)."""
PLATELET_DISCARD_SHARE = 0.0028
"""Read: 24 prefecture stations 2017-20, CJBT 2022;35:937 (``rates.csv``)."""
PLASMA_DISCARD_SHARE = 0.042
"""Read: fresh frozen plasma, one blood service 2019-22, Zhu et al. 2024 (``rates.csv``)."""
PLASMA_USE_SHARE = 0.98
"""ASSUMED: share of usable plasma that hospitals ask for."""
SHARE_300_ML = 0.23
"""ASSUMED; read: 26 % of Tianjin students in 2021 (``rates.csv``)."""
DEMAND_AMPLITUDE_WEIGHT = 0.6
"""ASSUMED: share of a province's excess feast amplitude that its demand follows."""
FEAST_AMPLITUDES = {
    "BJ": 1.35, "SH": 1.35, "GD": 1.3, "ZJ": 1.25, "TJ": 1.2, "JS": 1.15,
    "HB": 0.85, "SC": 0.8, "HN": 0.8, "HA": 0.75, "AH": 0.75, "GZ": 0.75,
}  # fmt: skip
"""ASSUMED: deeper where migrants leave for the feast, shallower where they go; others 1."""

_DAYS = [date(YEAR, 1, 1) + timedelta(days=n) for n in range(365)]
_DEMAND_PROFILES = {
    "red_cells": "demand_red_cells",
    "platelets": "demand_platelets",
    "plasma": "demand_plasma",
}


def table_text() -> str:
    """Return the table of provinces as CSV text."""
    table = region_rows()
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()


def region_rows() -> list[dict[str, str]]:
    """Return one row per province, in the order of ``provinces.csv``, every cell as text."""
    groups = {row["abbr"]: row for row in rows("groups.csv")}
    tiles = {row["abbr"]: row for row in rows("tile_grid.csv")}
    table = []
    for province in rows("provinces.csv"):
        key = province["abbr"]
        table.append(
            {
                "region": key,
                "adcode": province["adcode"],
                "name_zh": province["name_zh"],
                "name_en": province["name_en"],
                "population": province["pop_2020"],
                "tile_row": tiles[key]["row"],
                "tile_col": tiles[key]["col"],
                **_texts("group_shares.", exact_shares(_groups_of(groups[key])), 6),
                **_texts("gift_shares.", exact_shares(_gifts_of(province)), 6),
                **_texts("donors_per_day.", _donors_per_day(province), 3),
                **_texts("demand_per_day.", _demand_per_day(province), 3),
                "feast_amplitude": str(FEAST_AMPLITUDES.get(key, 1.0)),
                "target_cover_factor.red_cells": str(cover_factors()[key]),
                "net_import_per_year.red_cells": str(
                    round(_wan(province, "net_import_rbc_wan_prior"))
                ),
                "source": f"bloodsim.data.derive; {province['source']}; "
                f"groups: {groups[key]['source_abo']}; RhD: {groups[key]['source_rhd']}",
                "confidence": f"{province['confidence']}; groups: {groups[key]['confidence']}; "
                "channels, gifts, season, target_cover_factor: assumed",
            }
        )
    return table


def gift_shares(mean_units: float) -> dict[str, float]:
    """Return the shares of 200, 300 and 400 mL gifts that give a mean gift (-).

    Parameters
    ----------
    mean_units : float
        Mean whole-blood gift (U of 200 mL); outside 1 to 2 it is taken as 1 or 2.
    """
    mean = min(max(mean_units, 1.0), 2.0)
    share_300, share_400 = SHARE_300_ML, mean - 1 - SHARE_300_ML / 2
    if share_400 < 0:
        share_300, share_400 = 2 * (mean - 1), 0.0
    elif share_300 + share_400 > 1:
        share_300 = 2 * (2 - mean)
        share_400 = 1 - share_300
    return {"ml_200": 1 - share_300 - share_400, "ml_300": share_300, "ml_400": share_400}


def exact_shares(shares: Mapping[str, float]) -> dict[str, float]:
    """Return shares rounded to six places that sum to 1: the largest takes up the rounding."""
    rounded = {key: round(share, 6) for key, share in shares.items()}
    largest = max(rounded, key=lambda key: rounded[key])
    rest = sum(share for key, share in rounded.items() if key != largest)
    return rounded | {largest: round(1 - rest, 6)}


def year_sum(profile: Profile, amplitude: float) -> float:
    """Return the sum of a profile's daily factors over 2026: how many normal days it has."""
    return float(daily_factors(_DAYS, Calendar(), amplitude=amplitude, **profile).sum())


def yearly_donations(province: Mapping[str, str]) -> dict[str, float]:
    """Return the donations of a year by channel; apheresis in procedures."""
    procedures = _wan(province, "sdp_doses_wan") / DOSES_PER_PROCEDURE
    whole_blood = _wan(province, "donations_wan_2023basis") - procedures
    by_channel = {channel: share * whole_blood for channel, share in CHANNEL_SHARES.items()}
    return by_channel | {"apheresis": procedures}


def yearly_demand(province: Mapping[str, str]) -> dict[str, float]:
    """Return the demand of a year by product: U of red cells, doses, U of plasma (100 mL)."""
    tested = 1 - TEST_FAILURE_SHARE
    doses = _wan(province, "sdp_doses_wan") * tested * (1 - PLATELET_DISCARD_SHARE)
    plasma = _wan(province, "wb_units_wan") * tested * (1 - PLASMA_DISCARD_SHARE)
    return {
        "red_cells": _wan(province, "rbc_demand_wan_prior"),
        "platelets": doses,
        "plasma": plasma * PLASMA_USE_SHARE,
    }


def _donors_per_day(province: Mapping[str, str]) -> dict[str, float]:
    profiles = channel_profiles()
    amplitude = FEAST_AMPLITUDES.get(province["abbr"], 1.0)
    return {
        channel: donations / year_sum(profiles[channel], amplitude) / (1 - DEFERRAL_SHARE)
        for channel, donations in yearly_donations(province).items()
    }


def _demand_per_day(province: Mapping[str, str]) -> dict[str, float]:
    profiles = channel_profiles()
    amplitude = FEAST_AMPLITUDES.get(province["abbr"], 1.0)
    damped = 1 + DEMAND_AMPLITUDE_WEIGHT * (amplitude - 1)
    return {
        product: units / year_sum(profiles[_DEMAND_PROFILES[product]], damped)
        for product, units in yearly_demand(province).items()
    }


def _groups_of(row: Mapping[str, str]) -> dict[str, float]:
    abo = {group: float(row[f"{group}_pct"]) / 100 for group in ("A", "B", "O", "AB")}
    shares = group_shares(abo, float(row["rhd_neg_pct"]) / 100)
    return {group: shares[group] for group in GROUPS}


def _gifts_of(province: Mapping[str, str]) -> dict[str, float]:
    whole_blood = sum(yearly_donations(province).values()) - yearly_donations(province)["apheresis"]
    return gift_shares(_wan(province, "wb_units_wan") / whole_blood)


def _wan(row: Mapping[str, str], column: str) -> float:
    """Return a figure given in units of ten thousand."""
    return float(row[column]) * WAN


def _texts(prefix: str, values: Mapping[str, float], places: int) -> dict[str, str]:
    return {prefix + key: f"{value:.{places}f}" for key, value in values.items()}


def national_sums(table: list[dict[str, str]]) -> Iterator[str]:
    """Yield lines that say what the table adds up to over 2026, for a reader to check."""
    profiles = channel_profiles()
    donations = dict.fromkeys([*CHANNEL_SHARES, "apheresis"], 0.0)
    demand = dict.fromkeys(_DEMAND_PROFILES, 0.0)
    units = spring = first_third = 0.0
    for row in table:
        amplitude = float(row["feast_amplitude"])
        mean = 1 + 0.5 * float(row["gift_shares.ml_300"]) + float(row["gift_shares.ml_400"])
        for channel in donations:
            factors = daily_factors(_DAYS, Calendar(), amplitude=amplitude, **profiles[channel])
            daily = float(row[f"donors_per_day.{channel}"]) * (1 - DEFERRAL_SHARE) * factors
            donations[channel] += daily.sum()
            if channel in CHANNEL_SHARES:
                units += mean * daily.sum()
                first_third += mean * daily[:120].sum()
        damped = 1 + DEMAND_AMPLITUDE_WEIGHT * (amplitude - 1)
        for product, profile in _DEMAND_PROFILES.items():
            factors = daily_factors(_DAYS, Calendar(), amplitude=damped, **profiles[profile])
            daily = float(row[f"demand_per_day.{product}"]) * factors
            demand[product] += daily.sum()
            spring += daily[:120].sum() if product == "red_cells" else 0.0
    usable = sum(_wan(row, "rbc_usable_wan") for row in rows("provinces.csv"))
    yield f"donations {sum(donations.values()):,.0f}: " + ", ".join(
        f"{channel} {count:,.0f}" for channel, count in donations.items()
    )
    yield f"whole blood {units:,.0f} U, {first_third / units:.2%} of it January to April"
    yield f"red cells usable {usable:,.0f} U, demand {demand['red_cells']:,.0f} U, " + (
        f"{spring / demand['red_cells']:.2%} of it January to April"
    )
    yield f"platelets collected {donations['apheresis'] * DOSES_PER_PROCEDURE:,.0f} doses, " + (
        f"demand {demand['platelets']:,.0f}; plasma demand {demand['plasma']:,.0f} U"
    )


def main(arguments: list[str] | None = None) -> None:
    """Write the table of provinces, or print the profiles."""
    parser = argparse.ArgumentParser(prog="python -m bloodsim.data.derive")
    parser.add_argument("--profiles", action="store_true", help="print the profiles as YAML")
    parser.add_argument("--output", type=Path, default=TABLE, help=f"table to write ({TABLE})")
    chosen = parser.parse_args(arguments)
    if chosen.profiles:
        sys.stdout.write(profiles_yaml())
        return
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(table_text(), encoding="utf-8", newline="\n")
    for line in national_sums(region_rows()):
        print(line)


if __name__ == "__main__":
    main()
