"""Bundled data: complete, sourced, consistent; the table of provinces follows from it."""

import csv
import math
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from bloodsim import data
from bloodsim.blood import GROUPS
from bloodsim.data import derive, profiles
from bloodsim.seasons import Calendar, daily_factors, festival_offset

TABLE = Path(__file__).parents[1] / "scenarios" / "tables" / "regions-2023.csv"
TABLES = sorted(f.name for f in data.path("README.md").parent.iterdir() if f.suffix == ".csv")
DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
MONTHS = np.array([day.month for day in DAYS])
CHINA = Calendar()


@pytest.fixture(scope="module")
def regions():
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["region"]: row for row in csv.DictReader(file)}


def series(name):
    return {
        r["key"]: float(r["value"]) for r in data.rows("seasonality.csv") if r["series"] == name
    }


# bundled tables ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_every_row_has_its_source_and_no_ragged_cells(name):
    table = data.rows(name)
    assert table
    assert all(None not in row and None not in row.values() for row in table)
    if name != "distances_km.csv":
        source = "source_abo" if name == "groups.csv" else "source"
        assert all(row["confidence"] and row[source] for row in table)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_described_in_the_readme(name):
    assert f"`{name}`" in data.path("README.md").read_text(encoding="utf-8")


def test_a_missing_file_is_reported_with_the_tables_there_are():
    with pytest.raises(FileNotFoundError, match=r"'province\.csv'.*provinces\.csv"):
        data.rows("province.csv")


def test_reading_the_data_needs_no_numpy_or_pandas():
    code = (
        "import sys, bloodsim.data, bloodsim.blood; bloodsim.data.rows('provinces.csv');"
        "sys.exit(any(m in sys.modules for m in ('numpy', 'pandas')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=TABLE.parents[2]).returncode == 0


def test_the_font_ships_with_its_licence():
    assert data.path("fonts/NotoSansSC-gb2312.ttf").read_bytes()[:4] == b"\x00\x01\x00\x00"
    assert "SIL OPEN FONT LICENSE" in data.path("fonts/OFL.txt").read_text("utf-8").upper()


def test_there_are_31_provinces_under_one_key_in_every_table():
    keys = [row["abbr"] for row in data.rows("provinces.csv")]
    assert len(set(keys)) == 31
    assert {row["abbr"] for row in data.rows("tile_grid.csv")} == set(keys)
    assert {row["abbr"] for row in data.rows("groups.csv")} == {*keys, "CN"}
    assert list(data.rows("distances_km.csv")[0]) == ["abbr", *keys]
    assert sum(int(row["pop_2020"]) for row in data.rows("provinces.csv")) == 1_409_778_724


def test_tiles_do_not_overlap():
    tiles = {(row["row"], row["col"]) for row in data.rows("tile_grid.csv")}
    assert len(tiles) == 31


def test_distances_are_great_circles_between_the_capitals():
    places = {
        row["abbr"]: (
            math.radians(float(row["capital_lat"])),
            math.radians(float(row["capital_lon"])),
        )
        for row in data.rows("provinces.csv")
    }
    for row in data.rows("distances_km.csv"):
        (lat1, lon1) = places[row["abbr"]]
        for other, (lat2, lon2) in places.items():
            inner = math.sin((lat2 - lat1) / 2) ** 2
            inner += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
            assert float(row[other]) == pytest.approx(2 * 6371 * math.asin(inner**0.5), abs=2)


def test_seasonality_is_one_number_per_row_and_complete():
    table = data.rows("seasonality.csv")
    assert len({(row["series"], row["key"]) for row in table}) == len(table)
    for row in table:
        if row["series"] != "observation_text":
            float(row["value"])
    for kind in (
        "whole_blood_collection",
        "platelet_collection",
        "red_cell_demand",
        "platelet_demand",
    ):
        offsets = [
            offset
            for key in series(f"spring_festival_offset.{kind}")
            for offset in range(int(key.split("..")[0]), int(key.split("..")[1]) + 1)
        ]
        assert offsets == list(range(-28, 36))
        assert sum(series(f"day_of_week.{kind}").values()) == pytest.approx(7, abs=0.03)
    assert series("spring_festival_offset.red_cell_demand")["3..5"] == 0.58
    assert series("spring_festival_offset.platelet_collection")["0..0"] == 0.40


# profiles ------------------------------------------------------------------------------------


def composite():
    """All whole-blood collection of 2026 by day, relative to a normal day of the total."""
    found = profiles.channel_profiles()
    normal = {
        "street": 1.0,
        "group": 5 / 7,
        "campus": derive.year_sum(profiles._campus(False), 1) / 365,
    }
    return sum(
        share / normal[name] * daily_factors(DAYS, CHINA, **found[name])
        for name, share in profiles.CHANNEL_SHARES.items()
    )


def test_the_channels_add_up_to_the_published_month_index():
    total = composite()
    index = series("collection_month_exSF")
    for month in range(4, 13):  # clear of the feast
        relative = total[month == MONTHS].mean() / total[MONTHS == 4].mean()
        assert relative == pytest.approx(index[str(month)] / index["4"], abs=0.03)


def test_the_channels_add_up_to_the_published_festival_factors():
    total, index = composite(), series("spring_festival_offset.whole_blood_collection")
    offsets = np.array([festival_offset(day) for day in DAYS])
    for key, published in index.items():
        first, last = map(int, key.split(".."))
        inside = (offsets >= first) & (offsets <= last)
        if last - first > 3 or -1 <= first <= 3:  # long enough for weekdays to even out
            assert total[inside].mean() == pytest.approx(published, abs=0.06), key


def test_the_channels_add_up_to_the_published_weekdays():
    total, index = composite(), series("day_of_week.whole_blood_collection")
    ordinary = np.array([CHINA.kind(d) in ("workday", "weekend") for d in DAYS]) & (MONTHS == 11)
    weekday = np.array([day.weekday() for day in DAYS])
    november = np.array([total[ordinary & (weekday == n)].mean() for n in range(7)])
    assert november / november.mean() == pytest.approx(list(index.values()), abs=0.02)


def test_winter_and_spring_hold_the_share_of_collection_that_was_read():
    total = composite()
    assert total[MONTHS <= 4].sum() / total.sum() == pytest.approx(0.306, abs=0.006)
    assert total[MONTHS <= 5].sum() / total.sum() == pytest.approx(0.395, abs=0.007)


def test_profiles_have_sensible_shapes():
    found = profiles.channel_profiles()
    for name, profile in found.items():
        factors = daily_factors(DAYS, CHINA, **profile)
        assert factors.min() >= 0, name
        assert factors.max() < 2, name
        if "month" in profile:
            assert np.mean(list(profile["month"].values())) == pytest.approx(1, abs=0.01)
    spans = found["street"]["festival"]
    assert [first for first, _, _ in spans[1:]] == [last + 1 for _, last, _ in spans[:-1]]
    assert {-20, 17} <= {first for first, _, _ in spans}
    group = daily_factors(DAYS, CHINA, **found["group"])
    assert (group > 0).tolist() == [CHINA.is_working_day(day) for day in DAYS]
    platelets = {h[0]: h[3] for h in found["demand_platelets"]["holidays"] if h[1] == 1}
    assert platelets["national_day"] == pytest.approx(1 - 0.4 * (1 - 0.6))


def test_the_yaml_says_the_same_as_the_profiles():
    read = YAML(typ="safe").load(profiles.profiles_yaml())["profiles"]
    assert list(read) == list(profiles.channel_profiles())
    for name, profile in profiles.channel_profiles().items():
        block = read[name]
        assert block.get("month") == profile.get("month")
        assert block.get("weekday") == profile.get("weekday")
        assert [tuple(b.values()) for b in block.get("spring_festival", ())] == list(
            profile.get("festival", ())
        )
        assert [tuple(b.values()) for b in block.get("holidays", ())] == list(
            profile.get("holidays", ())
        )
        assert [tuple(b.values()) for b in block.get("closures", ())] == list(
            profile.get("closures", ())
        )
        assert block.get("closed_factor") == profile.get("closed_factor")
        assert block.get("working_days_only") == profile.get("working_days_only")


# table of provinces --------------------------------------------------------------------------


def test_the_table_in_the_repository_is_what_the_arithmetic_gives():
    assert TABLE.read_text(encoding="utf-8") == derive.table_text()


def test_shares_sum_to_exactly_one(regions):
    for key, row in regions.items():
        groups = [Decimal(row[f"group_shares.{group}"]) for group in GROUPS]
        gifts = [Decimal(row[f"gift_shares.ml_{volume}"]) for volume in (200, 300, 400)]
        assert sum(groups) == sum(gifts) == 1, key
        assert min(groups) > 0, key
        assert min(gifts) >= 0, key
    assert float(regions["XJ"]["group_shares.O_neg"]) == pytest.approx(0.3028 * 0.022, rel=1e-3)


def test_normal_day_donors_give_the_years_donations_and_units(regions):
    found = profiles.channel_profiles()
    donations = units = 0.0
    for row in data.rows("provinces.csv"):
        region = regions[row["abbr"]]
        amplitude = float(region["feast_amplitude"])
        gift = 1 + 0.5 * float(region["gift_shares.ml_300"]) + float(region["gift_shares.ml_400"])
        given = {
            channel: 0.89
            * float(region[f"donors_per_day.{channel}"])
            * daily_factors(DAYS, CHINA, amplitude=amplitude, **found[channel]).sum()
            for channel in ("street", "group", "campus", "apheresis")
        }
        whole_blood = sum(given.values()) - given["apheresis"]
        assert sum(given.values()) == pytest.approx(
            float(row["donations_wan_2023basis"]) * 1e4, rel=1e-3
        )
        assert whole_blood * gift == pytest.approx(float(row["wb_units_wan"]) * 1e4, rel=1e-3)
        assert given["apheresis"] * 1.75 == pytest.approx(
            float(row["sdp_doses_wan"]) * 1e4, rel=2e-3
        )
        assert given["street"] / whole_blood == pytest.approx(0.6, abs=0.001)
        donations += sum(given.values())
        units += whole_blood * gift
    assert donations == pytest.approx(16.992e6, rel=1e-3)  # NHC communique 2023
    assert units == pytest.approx(26.06e6, rel=1e-3)


def test_normal_day_demand_gives_the_years_demand(regions):
    found = profiles.channel_profiles()
    total = 0.0
    for row in data.rows("provinces.csv"):
        region = regions[row["abbr"]]
        damped = 1 + 0.6 * (float(region["feast_amplitude"]) - 1)
        year = {
            product: float(region[f"demand_per_day.{product}"])
            * daily_factors(DAYS, CHINA, amplitude=damped, **found[f"demand_{product}"]).sum()
            for product in ("red_cells", "platelets", "plasma")
        }
        assert year["red_cells"] == pytest.approx(
            float(row["rbc_demand_wan_prior"]) * 1e4, rel=1e-3
        )
        doses = float(row["sdp_doses_wan"]) * 1e4
        assert year["platelets"] == pytest.approx(doses * 0.98 * 0.9972, rel=3e-3)
        assert year["plasma"] < float(row["wb_units_wan"]) * 1e4 * 0.98 * 0.958
        total += year["red_cells"]
    usable = sum(float(row["rbc_usable_wan"]) for row in data.rows("provinces.csv")) * 1e4
    assert total == pytest.approx(usable, rel=1e-3)  # supply equals demand by construction


def test_imports_balance_and_beijing_imports_most(regions):
    imports = {key: float(row["net_import_per_year.red_cells"]) for key, row in regions.items()}
    assert sum(imports.values()) == pytest.approx(0, abs=1)
    assert max(imports, key=imports.get) == "BJ"
    assert imports["BJ"] == 250_000


@pytest.mark.parametrize("mean", [1.0, 1.05, 1.115, 1.43, 1.7, 1.885, 1.93, 2.0])
def test_gift_shares_reproduce_the_mean_gift(mean):
    shares = derive.gift_shares(mean)
    assert min(shares.values()) >= -1e-12
    assert sum(shares.values()) == pytest.approx(1)
    units = shares["ml_200"] + 1.5 * shares["ml_300"] + 2 * shares["ml_400"]
    assert units == pytest.approx(mean)
    if 1.115 <= mean <= 1.885:
        assert shares["ml_300"] == pytest.approx(0.23)


def test_the_command_writes_the_table_and_prints_the_profiles(tmp_path, capsys):
    target = tmp_path / "new" / "table.csv"
    derive.main(["--output", str(target)])
    assert target.read_bytes() == TABLE.read_bytes()
    assert "January to April" in capsys.readouterr().out
    derive.main(["--profiles"])
    assert capsys.readouterr().out == profiles.profiles_yaml()
