"""Results: books balance, parts come together, folders vouch for what they hold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import xarray as xr
from synthetic_results import synthetic_results

from bloodsim.results import Results, ResultsError, environment
from bloodsim.results.comparison import words

TWO_REGIONS = {"regions": ("BJ", "HE"), "days": 30}


@pytest.fixture(scope="module")
def results() -> Results:
    return synthetic_results()


def same(one: Results, other: Results) -> None:
    assert list(one.tables) == list(other.tables)
    for name in one.tables:
        xr.testing.assert_identical(one.tables[name], other.tables[name])


def test_the_books_of_the_test_data_balance(results: Results) -> None:
    for table, axis in ((results.daily, "day"), (results.totals, "product")):
        closing = (
            table["opening"]
            + table["released"]
            + table["received"]
            + table["returned"]
            - table["issued"]
            - table["shipped"]
            - table["outdated"]
        )
        np.testing.assert_array_equal(closing, table["stock"])
        assert axis in table.dims
    unmet = results.daily["requested"] - results.daily["issued"]
    np.testing.assert_array_equal(unmet, results.daily["lost"] + results.daily["cancelled"])
    for name in ("issued", "stock", "requested"):
        np.testing.assert_array_equal(results.groups[name].sum("group"), results.totals[name])
    sent = results.transfers["units"].sum("destination").rename(origin="region")
    shipped = results.totals["shipped"]
    np.testing.assert_array_equal(sent.transpose(*shipped.dims), shipped)


def test_tables_are_read_only_and_leave_the_callers_arrays_alone(results: Results) -> None:
    with pytest.raises(ValueError, match="read-only"):
        results.totals["issued"].values[0] = 0
    tables = {name: table.copy(deep=True) for name, table in results.tables.items()}
    Results(tables, results.manifest)
    tables["totals"]["issued"].values[0] = 0


def test_axes_come_in_canonical_order_whatever_the_callers(results: Results) -> None:
    tables = dict(results.tables)
    tables["totals"] = tables["totals"].transpose("product", "region", "replication", "variant")
    same(Results(tables, results.manifest), results)


def test_incomplete_tables_are_refused(results: Results) -> None:
    tables = dict(results.tables)
    with pytest.raises(ResultsError, match="'totals' lacks issued"):
        Results({**tables, "totals": tables["totals"].drop_vars("issued")}, results.manifest)
    with pytest.raises(ResultsError, match="lacks the table 'national'"):
        Results({"totals": tables["totals"], "collection": tables["collection"]}, {})
    with pytest.raises(ResultsError, match="unknown table 'extra'"):
        Results({**tables, "extra": tables["totals"]}, results.manifest)
    with pytest.raises(ResultsError, match="no table 'daily'"):
        _ = Results({n: t for n, t in tables.items() if n != "daily"}, results.manifest).daily


# --------------------------------------------------------------------------- many into one


def test_blocks_in_any_order_are_the_whole(results: Results) -> None:
    blocks = [synthetic_results(replications=r) for r in ((5, 6, 7), (0, 1), (2, 3, 4))]
    whole = Results.concatenate(blocks)
    same(whole, results)
    assert whole.kpi().equals(results.kpi())


def test_only_the_first_blocks_may_have_daily_values() -> None:
    first = synthetic_results(replications=(0, 1), **TWO_REGIONS)
    second = synthetic_results(replications=(2, 3), daily_replications=0, **TWO_REGIONS)
    without = {name: t for name, t in second.tables.items() if name != "daily"}
    for other in (second, Results(without, second.manifest)):
        whole = Results.concatenate([other, first])
        assert whole.replications == (0, 1, 2, 3)
        assert whole.daily["replication"].values.tolist() == [0, 1]


def test_variants_join_and_keep_their_order() -> None:
    one = synthetic_results(variants=("proportional",), **TWO_REGIONS)
    two = synthetic_results(variants=("none",), replications=(0, 1, 2), **TWO_REGIONS)
    both = Results.join([one, two])
    assert both.variants == ("proportional", "none")
    assert set(both.manifest["variants"]) == {"proportional", "none"}
    kpi = both.kpi().set_index(["variant", "kpi"])["n"]
    assert kpi["proportional", "issued.red_cells"] == 8
    assert kpi["none", "issued.red_cells"] == 3
    assert set(both.compare("none")["n"]) <= {0, 3}


def test_what_does_not_belong_together_is_refused() -> None:
    one = synthetic_results(replications=(0, 1), **TWO_REGIONS)
    other_seed = synthetic_results(replications=(2, 3), seed=8, **TWO_REGIONS)
    fewer_regions = synthetic_results(replications=(2, 3), regions=("BJ",), days=30)
    for other, message in (
        (other_seed, "different scenarios or seeds"),
        (one, "same replication"),
        (fewer_regions, "differ in region"),
    ):
        with pytest.raises(ResultsError, match=message):
            Results.concatenate([one, other])
    with pytest.raises(ResultsError, match="same variant"):
        Results.join([one, one])
    with pytest.raises(ResultsError, match="no result"):
        Results.concatenate([])


# --------------------------------------------------------------------------- indicator tables


def test_kpi_and_comparison_tables(results: Results) -> None:
    kpi = results.kpi()
    assert list(kpi.columns) == ["variant", "kpi", "mean", "half_width", "unit", "n"]
    assert len(kpi) == 2 * (19 * 3 + 7)
    rates = results.totals["issued"].sel(variant="none", product="platelets").sum("region")
    row = kpi[(kpi["variant"] == "none") & (kpi["kpi"] == "issued.platelets")].iloc[0]
    assert row["mean"] == pytest.approx(float(rates.mean()))
    assert row["unit"] == "dose"
    differences = results.compare("none")
    assert set(differences["variant"]) == {"proportional"}
    paired = differences.set_index("kpi").loc["requested.red_cells"]
    # The same luck: requests do not differ at all, so neither does the interval.
    assert (paired["mean_difference"], paired["half_width"]) == (0, 0)
    with pytest.raises(ResultsError, match="no variant 'best'"):
        results.compare("best")


def test_summary_is_json_without_nan() -> None:
    alone = synthetic_results(replications=(0,), **TWO_REGIONS)
    summary = json.loads(json.dumps(alone.kpi_summary(), allow_nan=False))
    one = summary["none"]["shortage_rate.red_cells"]
    assert one["half_width"] is None
    assert one["n"] == 1
    assert summary["none"]["days_below_red.plasma"]["mean"] is None


def test_comparisons_say_what_they_show(results: Results) -> None:
    found = results.compare("none")
    page = found._repr_html_()
    for said in ("requests not met · 未满足率", "[cost]", "±", "8 replications", "更"):
        assert said in page
    assert "more rows in the frame" in page
    one = found[found["kpi"] == "shortage_rate.red_cells"]
    said = one._repr_html_()
    assert said.count("<tr>") == 2
    mean, half = one["mean_difference"].iloc[0], one["half_width"].iloc[0]
    assert (words("shortage_rate", mean, half) in said) == (abs(mean) > half or mean == 0)
    # Anything else made from it is shown as pandas shows it.
    wide = found.pivot(index="kpi", columns="variant", values="n")
    assert "worst_region_fill_rate.red_cells" in wide._repr_html_()
    hostile = found.assign(variant="<script>x</script>")
    assert "<script" not in hostile._repr_html_()


def test_html_is_escaped_and_long_tables_are_tidy(results: Results) -> None:
    manifest = {**results.manifest, "scenario": {"name": "<b>x</b>", "hash": "0" * 64}}
    page = Results(results.tables, manifest)._repr_html_()
    assert "<b>" not in page
    assert "shortage_rate.red_cells" in page
    totals = results.to_pandas("totals")
    assert list(totals.columns[:4]) == ["variant", "replication", "region", "product"]
    assert len(totals) == 2 * 8 * 6 * 3


# --------------------------------------------------------------------------------------- files


def test_a_saved_result_comes_back_and_is_the_same_bytes_again(tmp_path: Path) -> None:
    results = synthetic_results(**TWO_REGIONS)
    results.save(tmp_path / "a")
    loaded = Results.load(tmp_path / "a")
    same(loaded, results)
    assert loaded.kpi().equals(results.kpi())
    assert loaded.holiday_blocks == results.holiday_blocks
    blocks = [synthetic_results(replications=r, **TWO_REGIONS) for r in ((4, 5, 6, 7), range(4))]
    Results.concatenate(blocks).save(tmp_path / "b")
    loaded.save(tmp_path / "c")
    files = [p for p in (tmp_path / "a").rglob("*") if p.is_file() and p.name != "timing.json"]
    assert len(files) == len(results.tables) + 3
    for path in files:
        for copy in ("b", "c"):
            other = tmp_path / copy / path.relative_to(tmp_path / "a")
            assert other.read_bytes() == path.read_bytes(), other
    assert (tmp_path / "a" / "kpi.csv").read_bytes().startswith(b"\xef\xbb\xbfvariant,kpi,")
    assert "虚构的春节" in (tmp_path / "a" / "manifest.json").read_text("utf-8")


def test_parquet_files_are_plain_long_tables(tmp_path: Path) -> None:
    results = synthetic_results(daily_replications=0, **TWO_REGIONS)
    results.save(tmp_path)
    table = pq.read_table(tmp_path / "tables" / "totals.parquet").to_pandas()
    assert list(table.columns[:4]) == ["variant", "replication", "region", "product"]
    assert len(table) == 2 * 8 * 2 * 3
    expected = results.totals["issued"].sel(variant="none", replication=3, region="HE")
    chosen = table[
        (table["variant"] == "none") & (table["replication"] == 3) & (table["region"] == "HE")
    ]
    assert chosen["issued"].tolist() == expected.values.tolist()
    assert Results.load(tmp_path).daily.sizes["replication"] == 0


def test_a_folder_holds_one_scenario_and_seed(tmp_path: Path) -> None:
    synthetic_results(replications=(0, 1), **TWO_REGIONS).save(tmp_path)
    synthetic_results(replications=(0, 1, 2), **TWO_REGIONS).save(tmp_path)
    assert Results.load(tmp_path).replications == (0, 1, 2)
    with pytest.raises(ResultsError, match="another seed"):
        synthetic_results(seed=8, **TWO_REGIONS).save(tmp_path)
    assert Results.load(tmp_path).seed == 7


def test_damaged_folders_are_refused_by_file(tmp_path: Path) -> None:
    folder = synthetic_results(replications=(0, 1), **TWO_REGIONS).save(tmp_path / "run")
    manifest, totals = folder / "manifest.json", folder / "tables" / "totals.parquet"
    whole, table = manifest.read_text("utf-8"), totals.read_bytes()

    totals.write_bytes(table[:-1] + b"?")
    with pytest.raises(ResultsError, match=r"totals\.parquet has changed"):
        Results.load(folder)
    totals.unlink()
    with pytest.raises(ResultsError, match=r"totals\.parquet is missing"):
        Results.load(folder)
    totals.write_bytes(table)
    manifest.write_text(whole.replace('"schema_version": 1', '"schema_version": 2'), "utf-8")
    with pytest.raises(ResultsError, match="written by a newer bloodsim; update"):
        Results.load(folder)
    manifest.write_text(whole[:100], "utf-8")
    with pytest.raises(ResultsError, match=r"manifest\.json is damaged"):
        Results.load(folder)
    manifest.unlink()
    with pytest.raises(ResultsError, match=r"no manifest\.json"):
        Results.load(folder)


def test_an_interrupted_save_leaves_the_old_files_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = synthetic_results(replications=(0, 1), **TWO_REGIONS)
    results.save(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def full(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="disk full"):
        results.save(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_cell_never_becomes_a_formula(tmp_path: Path) -> None:
    results = synthetic_results(replications=(0, 1), **TWO_REGIONS)
    products = {**results.manifest["products"]}
    products["plasma"] = {**products["plasma"], "unit_label": {"zh": "", "en": "=1+1"}}
    Results(results.tables, {**results.manifest, "products": products}).save(tmp_path)
    text = (tmp_path / "kpi.csv").read_text("utf-8-sig")
    assert "'=1+1" in text
    assert ",=1+1" not in text


def test_parts_come_back_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    results = synthetic_results(replications=(2, 3), daily_replications=1, **TWO_REGIONS)
    path = tmp_path / "parts" / "0002.part"
    results.save_part(path)
    same(Results.load_part(path), results)
    assert [p.name for p in path.parent.iterdir()] == ["0002.part"]
    whole = path.read_bytes()
    for damaged in (whole[:-50], whole[: len(whole) // 2], b"", whole.replace(b"\x40", b"\x41")):
        path.write_bytes(damaged)
        with pytest.raises(ResultsError, match="damaged"):
            Results.load_part(path)
    with pytest.raises(ResultsError, match="missing"):
        Results.load_part(tmp_path / "none.part")


# --------------------------------------------------------------------------------- provenance


def test_environment_names_versions_and_nothing_of_the_machine() -> None:
    found = environment()
    assert found["packages"]["numpy"] == np.__version__
    assert set(found) == {"bloodsim", "source", "python", "packages", "platform", "git"}
    assert str(Path.home()) not in json.dumps(found)


def test_results_load_neither_matplotlib_nor_scipy_stats() -> None:
    code = (
        "import sys, bloodsim.results; "
        "sys.exit(any(m in sys.modules for m in ('matplotlib', 'scipy.stats', 'simpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
