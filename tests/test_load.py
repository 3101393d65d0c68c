"""Files into scenarios: parents, tables, places, and every way a file can be wrong."""

import contextlib
import hashlib
import json
import pickle
from datetime import date
from pathlib import Path

import jsonschema
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bloodsim.load
from bloodsim.cli.file_schema import json_schema
from bloodsim.load import apply_settings, assumed_inputs, bundled, document, load, sources
from bloodsim.load.document import read_document
from bloodsim.load.tables import read_table
from bloodsim.scenario import Scenario, ScenarioError
from bloodsim.scenario.merge import merge, nested, patched
from bloodsim.scenario.problems import Place

BROKEN = Path(__file__).parent / "broken"


def written(folder: Path, text: str, name: str = "spring.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("schema_version: 1\n" + text, encoding="utf-8")
    return path


def problems(path: Path | str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load(path)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_broken_file_is_explained_word_for_word(path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert str(caught.value) + "\n" == path.with_suffix(".txt").read_text("utf-8")


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    path = written(tmp_path, "extends: minimal\nproducts:\n  rbc:\n    shelf_lif_days: 35\n")
    assert (
        "spring.yaml:5:5  products.rbc.shelf_lif_days\n"
        "    unknown key 'shelf_lif_days'\n"
        "    -> did you mean 'shelf_life_days'?"
    ) in problems(path)


@pytest.mark.parametrize("name", bundled())
def test_bundled_scenarios_load_and_fit_the_schema_of_editors(name: str) -> None:
    scenario = load(name)
    assert scenario.name == name
    for variant in scenario.variants:
        assert scenario.variant(variant).variant_name == variant
    tree = read_document(bundled()[name].read_text("utf-8"), name).tree
    jsonschema.validate(tree, json_schema())


@pytest.mark.parametrize("name", ["unknown_key", "several_at_once", "missing_blocks"])
def test_schema_of_editors_agrees_on_unknown_keys(name: str) -> None:
    tree = read_document((BROKEN / f"{name}.yaml").read_text("utf-8"), name).tree
    valid = jsonschema.Draft202012Validator(json_schema()).is_valid(tree)
    assert valid == (name == "missing_blocks")  # a single file may leave blocks to its parents


def test_the_module_is_callable_as_the_function() -> None:
    assert bloodsim.load("minimal") == load("minimal")  # type: ignore[operator]


# ------------------------------------------------------------------------------ YAML documents


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("12:30", "12:30"),
        ("010", 10),
        ("1e3", 1000.0),
        ("0.5", 0.5),
        ("true", True),
        ("yes", "yes"),
        ("2026-02-17", "2026-02-17"),
        ("null", None),
        ("'3'", "3"),
    ],
)
def test_scalars_are_read_as_yaml_1_2(text: str, value: object) -> None:
    assert read_document(f"key: {text}\n", "x").tree == {"key": value}


def test_places_are_lines_and_columns() -> None:
    found = read_document("a:\n  b: 1\n  c: [2, {d: 3}]\n7: x\n", "f.yaml")
    assert found.tree == {"a": {"b": 1, "c": [2, {"d": 3}]}, "7": "x"}
    assert found.places["a", "b"] == Place("f.yaml", 2, 3)
    assert found.places["a", "c", "1", "d"] == Place("f.yaml", 3, 11)
    assert found.places[("7",)] == Place("f.yaml", 4, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: " + "[" * 30 + "]" * 30, "nested more than 20 levels"),
        ("%YAML 1.1\n---\na: 1\n", "directives"),
        ("[1, 2]", "not a list"),
        ("just text", "not a text"),
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("? [a, b]\n: 1\n", "a key must be a text"),
        ("? {a: b}\n: 1\n", "a key must be a text"),
        (": 1\n", "a key is missing"),
        ("a: !!float 3\n", "tag"),
        ("a: ! 3\n", "tag"),
        ("a: *b\n", "aliases"),
        ("a: \x07\n", "control character"),
        ("a: " + "9" * 5000, "as a number"),
        ("a: 'open\n", "not valid YAML"),
        ("a: b: c\n", "put quotes"),
    ],
)
def test_what_no_scenario_may_contain_is_refused(text: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        read_document(text, "x.yaml")


def test_size_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    big = written(tmp_path, "title: {en: '" + "x" * 2_000_001 + "'}\n")
    assert "larger than 2 MB" in problems(big)[0]
    monkeypatch.setattr(document, "MOST_VALUES", 50)
    many = written(tmp_path, "inputs: [" + "x, " * 60 + "]\n")
    assert "more than 50 values" in problems(many)[0]


def test_text_must_be_utf_8(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    path.write_bytes("schema_version: 1\ntitle: {zh: 春节}\n".encode("gbk"))
    assert problems(path)[0].startswith("spring.yaml:2:13\n    not UTF-8")
    path.write_bytes(b"\xef\xbb\xbf" + b"schema_version: 1\nextends: minimal\n")
    assert load(path).name == "spring"


@given(st.text(max_size=60))
def test_no_text_makes_the_reader_fall_over(text: str) -> None:
    with contextlib.suppress(ScenarioError):
        read_document(text, "x.yaml")


# ------------------------------------------------------------------------------------- extends


def test_parents_merge_from_left_to_right_and_the_file_wins(tmp_path: Path) -> None:
    written(tmp_path, "extends: minimal\nrun: {seed: 1, replications: 1}\nname: parent\n", "a.yaml")
    written(tmp_path, "run: {seed: 2}\n", "sub/b.yaml")
    path = written(tmp_path, "extends: [a.yaml, sub/b.yaml]\nrun: {daily_replications: 3}\n")
    scenario = load(path)
    run = scenario.run
    assert (run.seed, run.replications, run.daily_replications) == (2, 1, 3)
    assert scenario.name == "spring"
    origins = scenario.provenance.origins
    assert str(origins["run", "seed"]) == "sub/b.yaml:2:7"
    assert str(origins["run", "score_start"]).startswith("bundled:minimal.yaml:")


def test_null_deletes_lists_replace_and_a_new_kind_replaces(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "extends: minimal\n"
        "channels: {street: {regulation: null}}\n"
        "products: {red_cells: {alerts: [{level: red, below_days: 1}]}}\n"
        "policies: {transfer: {kind: share_surplus, above_days: 12}}\n"
        "overrides:\n"
        "  even: {policies: {transfer: {kind: proportional}}}\n"
        "  calm: {channels: {apheresis: {regulation: null}}}\n"
        "variants: {even: [even, calm]}\n",
    )
    scenario = load(path)
    assert scenario.channels["street"].regulation is None
    assert len(scenario.products["red_cells"].alerts) == 1
    even = scenario.variant("even")
    assert even.policies.transfer.kind == "proportional"
    assert even.channels["apheresis"].regulation is None
    assert scenario.channels["apheresis"].regulation is not None


def test_chain_of_parents_is_limited(tmp_path: Path) -> None:
    for number in range(10):
        parent = f"extends: f{number + 1}.yaml\n" if number < 9 else "extends: minimal\n"
        written(tmp_path, parent, f"f{number}.yaml")
    assert "more than 8 files extend each other" in problems(tmp_path / "f0.yaml")[0]


def test_unreadable_file_name_gets_a_safe_scenario_name(tmp_path: Path) -> None:
    assert load(written(tmp_path, "extends: minimal\n", "春节 2026.yaml")).name == "2026"
    assert load(written(tmp_path, "extends: minimal\n", "春节.yaml")).name == "scenario"


def test_unknown_name_is_a_problem_with_the_nearest() -> None:
    assert "did you mean 'national-2026'?" in problems("national-2062")[0]


# -------------------------------------------------------------------------------------- tables


def test_tables_lie_over_parents_and_under_the_file(tmp_path: Path) -> None:
    table = "\ufeffregion,population,donors_per_day.street,name_en\nBJ,7,,\nTJ,8,400,Tianjin city\n"
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "r.csv").write_text(table, encoding="utf-8")
    path = written(
        tmp_path,
        "extends: minimal\ntables: {regions: tables/r.csv}\nregions: {BJ: {population: 9}}\n",
    )
    scenario = load(path)
    assert scenario.regions["BJ"].population == 9
    assert scenario.regions["TJ"].population == 8
    assert scenario.regions["BJ"].donors_per_day["street"] == 790  # an empty cell is not given
    assert scenario.regions["TJ"].donors_per_day["street"] == 400
    place = scenario.provenance.origins["regions", "TJ", "population"]
    assert str(place) == "tables/r.csv:3:2 column 'population'"
    digest = hashlib.sha256((tmp_path / "tables" / "r.csv").read_bytes()).hexdigest()
    assert sources(scenario)["tables/r.csv"] == digest
    assert set(sources(scenario)) == {"spring.yaml", "tables/r.csv", "bundled:minimal.yaml"}


def workbook(folder: Path, rows: list[list[object]], sheet: str = "regions") -> None:
    book = openpyxl.Workbook()
    page = book.create_sheet(sheet)
    for row in rows:
        page.append(row)
    book.save(folder / "data.xlsx")


def test_workbook_cells_are_read_and_cited(tmp_path: Path) -> None:
    path = written(tmp_path, "extends: minimal\ntables: {regions: 'data.xlsx#regions'}\n")
    workbook(tmp_path, [["id", "population", "name_en"], ["BJ", 5, None], ["TJ", None, "T"]])
    assert load(path).regions["BJ"].population == 5
    workbook(tmp_path, [["id", "population"], ["BJ", -5], ["TJ", "lots"]])
    found = problems(path)
    assert found[0].startswith("data.xlsx[regions]!B2  regions.BJ.population\n    must be at least")
    assert found[1].startswith("data.xlsx[regions]!B3  regions.TJ.population\n    must be a whole")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["id", "population"], ["BJ", "=1+1"]], "formula without a stored value"),
        ([["id", "population"], ["BJ", "#REF!"]], "holds the error #REF!"),
        ([["id", "popullation"], ["BJ", 3]], "unknown column 'popullation'"),
        ([["id", "population"], ["BJ", 3], ["BJ", 4]], "stands twice"),
        ([["id", "population", "population"], ["BJ", 3, 4]], "stands twice"),
        ([["id", "population"], [None, 3]], "a row without identifier"),
        ([["id", "population"], ["BJ", 3, 4]], "a column without a name"),
        ([], "the table is empty"),
    ],
)
def test_workbook_errors(tmp_path: Path, rows: list[list[object]], said: str) -> None:
    path = written(tmp_path, "extends: minimal\ntables: {regions: 'data.xlsx#regions'}\n")
    workbook(tmp_path, rows)
    assert said in "\n".join(problems(path))


def test_workbook_that_is_none_or_lacks_the_sheet(tmp_path: Path) -> None:
    path = written(tmp_path, "extends: minimal\ntables: {regions: 'data.xlsx#region'}\n")
    workbook(tmp_path, [["id"]])
    assert "did you mean 'regions'?" in problems(path)[0]
    (tmp_path / "data.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    assert "not a readable workbook" in problems(path)[0]


def test_csv_that_is_none() -> None:
    for data, said in [
        (b"id,population\nBJ,\x00\n", "zero bytes"),
        (b'id,population\nBJ,"open\n', "not valid CSV"),
        ("id,name_zh\nBJ,北京\n".encode("utf-16"), "not UTF-8"),
    ]:
        with pytest.raises(ScenarioError, match=said):
            read_table(data, "t.csv", "", ("regions",))


def test_table_may_not_be_linked_from_outside(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("id,population\nBJ,1\n", encoding="utf-8")
    inside = tmp_path / "inside"
    path = written(inside, "extends: minimal\ntables: {regions: link.csv}\n")
    (inside / "link.csv").symlink_to(secret)
    assert "outside the scenario's folder" in problems(path)[0]


# ---------------------------------------------------------------------- settings, copies, hash


def test_settings_win_over_the_patches_of_variants() -> None:
    scenario = load("minimal")
    changed = apply_settings(
        scenario,
        ["policies.transfer.above_days=12", "policies.transfer.kind=share_surplus", "run.seed=3"],
    )
    assert changed.run.seed == 3
    assert changed.variant("proportional").policies.transfer.above_days == 12  # type: ignore[union-attr]
    assert str(changed.provenance.origins["run", "seed"]) == "-s run.seed=3"
    assert scenario.run.seed == 20260101
    again = apply_settings(changed, ["run.replications=2"])
    assert (again.variant("none").run.seed, again.variant("none").run.replications) == (3, 2)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("run.sed=3", "-s run.sed=3  run.sed\n    unknown key 'sed'\n    -> did you mean 'seed'?"),
        ("run.seed=x", "must be a whole number; got 'x'"),
        ("run.seed", "cannot read the setting"),
        ("run..seed=3", "cannot read the setting"),
        ("run.seed=*x", "aliases"),
        ("run.seed=[1", "not valid YAML"),
        ("ragions.BJ.population=3", "did you mean 'regions'?"),
    ],
)
def test_wrong_setting(setting: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        apply_settings(load("minimal"), [setting])
    assert said in str(caught.value)


def test_set_copies_and_never_mutates() -> None:
    scenario = load("minimal")
    before = scenario.hash
    changed = scenario.set("regions.BJ.demand_per_day.red_cells", 2000)
    assert changed.regions["BJ"].demand_per_day["red_cells"] == 2000
    assert scenario.hash == before != changed.hash
    assert changed.set("run.score_end", date(2026, 2, 1)).run.score_end == date(2026, 2, 1)
    month = scenario.set("profiles.donors.month.2", 0.5).profiles["donors"].month
    assert month == {2: 0.5}
    with pytest.raises(TypeError, match="frozen"):
        scenario.regions["BJ"].demand_per_day["red_cells"] = 3
    with pytest.raises(ScenarioError, match="did you mean 'population'"):
        scenario.set("regions.BJ.populaton", 3)


def test_pickle_keeps_hash_sources_and_settings() -> None:
    scenario = apply_settings(load("spring-festival-2026"), ["policies.transfer.kind=none"])
    copy = pickle.loads(pickle.dumps(scenario))
    assert copy.hash == scenario.hash
    assert sources(copy) == sources(scenario) != {}
    assert copy.variant("proportional").policies.transfer.kind == "none"


def test_hash_depends_on_values_not_on_how_they_are_written() -> None:
    scenario = load("minimal")
    tree = scenario.raw
    turned = {key: tree[key] for key in reversed(tree)}
    turned["run"] = {**tree["run"], "seed": 7, "replications": 3}
    turned["title"] = {"en": "Another"}
    turned["products"]["red_cells"]["discard_share"] = 0.010
    assert Scenario.from_mapping(turned).hash == scenario.hash
    assert scenario.variant("none").hash == scenario.hash
    assert scenario.variant("proportional").hash != scenario.hash
    assert Scenario.from_mapping(json.loads(json.dumps(scenario.resolved()))).hash == scenario.hash


def test_merge_treats_keys_as_text_and_keeps_the_nulls_of_overrides() -> None:
    assert merge({1: "a"}, {"1": "b"}) == {"1": "b"}  # type: ignore[dict-item]
    assert merge({}, {"overrides": {"x": {"a": None}}}) == {"overrides": {"x": {"a": None}}}
    assert merge({"overrides": {"x": {}}}, {"overrides": {"x": None}}) == {"overrides": {}}
    assert merge({"a": {"kind": "p", "x": 1}}, {"a": {"kind": "q"}}) == {"a": {"kind": "q"}}
    with pytest.raises(ScenarioError, match="both set run"):
        patched({}, {"x": {"run": {"seed": 1}}, "y": {"run": {"seed": None}}}, ["x", "y"], "v")
    assert nested("a.b", 1) == {"a": {"b": 1}}


def test_an_empty_override_sets_nothing_and_clashes_with_nothing() -> None:
    patches = {"as_usual": {}, "x": {"run": {"seed": 1}}}
    assert patched({}, patches, ["x", "as_usual"], "v") == {"run": {"seed": 1}}


# -------------------------------------------------------------------------------------- inputs


def test_assumed_inputs_counts_the_last_note_that_matches() -> None:
    scenario = load("minimal")
    found = assumed_inputs(scenario)
    assert (found.unstated, found.derived) == (0, 6)
    assert found.read == 3 + 3 * 8 + 2
    bare = assumed_inputs(scenario.set("inputs", []))
    assert bare.unstated == bare.total == found.total
    first = scenario.set(
        "inputs",
        [
            {"path": "regions.*.population", "kind": "read"},
            {"path": "regions.B*.**", "kind": "fitted"},
        ],
    )
    assert (assumed_inputs(first).read, assumed_inputs(first).fitted > 10) == (2, True)
    headline = (
        f"baseline rests on {found.assumed} assumed inputs (of {found.total} numbers: 29 read"
    )
    assert found.assumed == found.total - 29 - 6
    assert str(found).startswith(headline)


def test_jupyter_shows_a_scenario_as_inert_text_in_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(
        "schema_version: 1\nextends: minimal\n"
        "title: {zh: '<script>x</script>三地', en: '<b>three</b>'}\n",
        "utf-8",
    )
    page = load(path)._repr_html_()
    assert "<script" not in page
    assert "<b>" not in page
    for said in (
        "Beijing · 北京",
        "Red cells · 红细胞",
        "sharing surplus · 余缺调剂",
        "2026-01-01",
        "20260101",
    ):
        assert said in page
