"""The manual: every block has a place and an example, and every example runs."""

from __future__ import annotations

from io import StringIO

import pytest
from ruamel.yaml import YAML

from bloodsim import register_policy
from bloodsim.cli.examples import EXAMPLES
from bloodsim.cli.manual import manual
from bloodsim.experiment import simulate
from bloodsim.load import load
from bloodsim.policies.none import Nothing
from bloodsim.scenario import Scenario
from bloodsim.scenario.merge import merge

SHORT = {"run": {"score_start": "2026-02-01", "score_end": "2026-02-16", "warmup_days": 5}}


@pytest.fixture(scope="module")
def text() -> str:
    return manual()


def sections(text: str) -> dict[str, str]:
    blocks = text.split("\n## ")[1:]
    return {block.splitlines()[0]: block for block in blocks}


def test_every_block_has_a_place_and_an_example(text):
    found = sections(text)
    blocks = {name: body for name, body in found.items() if not name.startswith("Scenario")}
    missing = [name for name, body in blocks.items() if "Stands at `" not in body]
    assert not missing
    without = [name for name, body in blocks.items() if "```yaml" not in body]
    assert not without, "add them to bloodsim/cli/examples.py"
    assert not set(EXAMPLES) - set(blocks)


def test_nothing_is_left_to_guess(text):
    assert "as below" not in text
    assert "ISO date or" not in text  # a date field says which date it is
    assert "1e+0" not in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    empty = [row for row in rows if row.rstrip().endswith("|  |")]
    assert not empty
    for line in text.splitlines():  # links lead somewhere
        for target in [part.split(")")[0] for part in line.split("](#")[1:]]:
            headings = {name.lower() for name in sections(text)} | {"indicators"}
            assert target in headings | {"scenario-the-top-of-the-file"}, target


def test_policies_are_told_where_they_stand(text):
    order = list(sections(text))
    assert order.index("Region") < order.index("Policies") < order.index("ShareSurplus")
    assert "Stands at `resources.campaigns.NAME`." in text
    assert "Stands at `products.NAME.alerts[]`." in text


AS_THE_BASE = {"NoTransfers", "Regulated"}
"""Examples that say what holds anyway."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_switches_its_feature_on_and_runs(name):
    override = YAML(typ="safe", pure=True).load(StringIO(EXAMPLES[name]))
    base = merge(load("minimal").raw, SHORT)
    register_policy("mine", Nothing())
    raw = merge(base, override)
    scenario = Scenario.from_mapping(raw)
    before, after = (dict(Scenario.from_mapping(tree).resolved()) for tree in (base, raw))
    changed = before != after or scenario.variants != load("minimal").variants
    assert changed != (name in AS_THE_BASE)
    variants = ["none", "replayed"] if name == "FrozenCollection" else ["alone"]
    if variants == ["alone"]:
        scenario = Scenario.from_mapping(raw | {"variants": {"alone": []}})
    if name == "Run":
        scenario = scenario.set("run.score_end", "2026-02-16")
    results = simulate(scenario, replications=1, variants=variants)  # books are checked
    assert [v for v in results.variants if not v.endswith("_sampled")] == variants
