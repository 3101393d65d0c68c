"""What a plan of collection asks for: one sum and span wherever it is said, and what it takes."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import get_args

import numpy as np
import openpyxl
import pandas as pd
import pytest
from html_page import Page
from synthetic_results import synthetic_results

from bloodsim.labels import Lang
from bloodsim.numbers import quantity, rounded
from bloodsim.plots import plot_collection_plan
from bloodsim.plots.choice import proposal
from bloodsim.plots.collection_shift import Shift, beside_words, shift_of
from bloodsim.report import briefing_html, pages, write_docx, write_xlsx
from bloodsim.report.figures import figure
from bloodsim.report.summary import decisions
from bloodsim.results import Results

LANGS: tuple[Lang, ...] = get_args(Lang)
MORE = {"zh": "1月8日至2月11日合计多采", "en": "from 8 Jan to 11 Feb"}


def shifted(later: float = 0.9) -> Results:
    """Five weeks of a tenth more after the first, but in Tibet a tenth less; then less or more."""
    results = synthetic_results(days=60)
    daily = results.daily.copy(deep=True)
    # The wiggle of each week shows whether weeks of less within the span are counted.
    factor = np.array([1.0] * 7 + ([1.1] * 14 + [0.99] * 7 + [1.1] * 14) + [later] * 18)
    by_region = np.tile(factor[:, None], (1, len(results.regions)))
    by_region[:, results.regions.index("XZ")] = 2 - factor
    base = daily["collected"].sel(variant="none")
    daily["collected"].loc[{"variant": "proportional"}] = (
        base.transpose("replication", "day", "region", "product").values
        * by_region[None, ..., None]
    )
    return Results({**results.tables, "daily": daily}, results.manifest)


@pytest.fixture(scope="module")
def run() -> Results:
    return shifted()


def _asked(results: Results, lang: Lang) -> str:
    (said,) = [text for text in _decisions(results, lang) if MORE[lang] in text]
    return said


def _decisions(results: Results, lang: Lang) -> list[str]:
    drawn = {"collection_plan": figure(results, "collection_plan", lang)}
    return [_plain(text) for text in decisions(results, drawn, lang)]


def _plain(text: object) -> str:
    return " ".join(str(text).split())


def _frame(change: list[list[float]], usual: float = 100.0) -> pd.DataFrame:
    weeks = pd.date_range("2026-01-01", periods=len(change[0]), freq="7D")
    return pd.DataFrame(
        [
            (f"r{i}", week, week + pd.Timedelta(days=6), usual + more, usual)
            for i, row in enumerate(change)
            for week, more in zip(weeks, row, strict=True)
        ],
        columns=["region", "week", "until", "units", "compared_units"],
    )


def test_the_span_is_the_one_in_which_most_is_gained_less_weeks_within_it_included() -> None:
    found = shift_of(_frame([[-3, 10, -4, 12, -9, 5, 0], [0, 0, -1, 0, 0, 0, 0]]))
    assert found == Shift(
        first=date(2026, 1, 8),
        last=date(2026, 1, 28),
        units=17,
        share=pytest.approx(17 / 600),
        regions=(1, 1),
        rest_units=-7,
        rest_share=pytest.approx(-7 / 800),
        whole_share=pytest.approx(10 / 1400),
        whole_regions=(1, 0),
        known=2,
    )
    assert shift_of(_frame([[-1, 0, -2]])) is None


def test_a_plan_that_takes_more_all_the_time_has_no_rest() -> None:
    found = shift_of(_frame([[1, 2, 3], [2, 2, 2]]))
    assert found is not None
    assert (found.units, found.rest_units) == (12, 0)
    assert found.whole_share == found.share
    assert np.isnan(found.rest_share)
    assert beside_words(found, "U", "en") == "in these weeks all 2 regions more"
    assert beside_words(found, "U", "zh") == "其间 2 个地区均多采"


def test_a_last_week_that_is_shorter_ends_with_the_days() -> None:
    data = plot_collection_plan(shifted(later=1.2), "proportional", "none").data
    found = shift_of(data)
    assert found is not None
    assert found.last == date(2026, 3, 1)


@pytest.mark.parametrize("lang", LANGS)
def test_chart_decision_and_workbook_say_the_same_sum_and_span(
    run: Results, lang: Lang, tmp_path: Path
) -> None:
    chart = plot_collection_plan(run, lang=lang)
    found = shift_of(chart.data)
    assert found is not None
    weeks = chart.data[chart.data["week"].between("2026-01-08", "2026-02-11")]
    assert found.units == pytest.approx((weeks["units"] - weeks["compared_units"]).sum())
    book = openpyxl.load_workbook(write_xlsx([run], tmp_path / "b.xlsx", lang))
    sheet = book["采集计划" if lang == "zh" else "Collection plan"]
    amount = _plain(quantity(rounded(found.units), "U", lang))
    for said in (_plain(chart.headline), _asked(run, lang), _plain(sheet["A2"].value)):
        assert amount in said
        assert MORE[lang] in said


@pytest.mark.parametrize(
    ("lang", "parts"),
    [
        ("zh", ("合计", "5 个地区多采、1 个少采", "其余各周合计少采", "全期")),
        ("en", ("together", "5 regions more, 1 less", "in the others", "over the whole period")),
    ],
)
def test_what_is_collected_less_elsewhere_is_said_beside_it(
    run: Results, lang: Lang, parts: tuple[str, ...]
) -> None:
    said = _asked(run, lang)
    alt = _plain(plot_collection_plan(run, lang=lang).alt)
    for part in parts:
        assert part in said
        assert part in alt or part == "together"
    assert ("献血人次基本相同" if lang == "zh" else "as many donations") in said
    assert "各中心" not in said
    assert "centres" not in said


def test_the_request_stands_in_word_and_on_the_page(
    run: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docx = pytest.importorskip("docx")
    few = tuple(page for page in pages._PAGES if page[0] in ("status", "collection"))
    monkeypatch.setattr(pages, "_PAGES", few)
    assert _asked(run, "zh") in _plain(" ".join(Page(briefing_html(run, "zh")).words))
    document = docx.Document(str(write_docx(run, tmp_path / "b.docx", "zh")))
    assert any(_asked(run, "zh") in _plain(p.text) for p in document.paragraphs)


def test_a_hair_more_is_no_request() -> None:
    same = synthetic_results(days=60)
    daily = same.daily.copy(deep=True)
    daily["collected"].loc[{"variant": "proportional"}] *= 1.005
    results = Results({**same.tables, "daily": daily}, same.manifest)
    for lang in LANGS:
        said = " ".join(_decisions(results, lang))
        assert ("合计多采" if lang == "zh" else "together collect") not in said


def test_the_collection_asked_for_is_that_of_the_proposal_where_it_collects_otherwise() -> None:
    """A little less than the most different one is no reason to ask for another plan."""
    variants = ("practice", "proportional", "pre_collect")
    results = synthetic_results(days=40, variants=variants)
    best = proposal(results, "red_cells")
    (other,) = {*variants[1:]} - {best}
    for own, expected in ((0.08, best), (0.01, other)):
        daily = results.daily.copy(deep=True)
        for name, more in ((best, own), (other, 0.1)):
            daily["collected"].loc[{"variant": name}] *= 1 + more
        run = Results({**results.tables, "daily": daily}, results.manifest)
        assert set(plot_collection_plan(run).data["variant"]) == {expected}
