"""Names and notes that somebody might put into a run to make a program act on them."""

from __future__ import annotations

from synthetic_results import synthetic_results

from bloodsim.results import Results

NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "‮evil",
    "x" * 3000,
)
"""For HTML, for spreadsheets, for the eye."""


def hostile_results(days: int = 40) -> Results:
    """A small run whose title, regions, products, units and notes are hostile."""
    results = synthetic_results(days=days)
    old = results.manifest

    def name(number: int) -> str:
        return NAMES[number % len(NAMES)]

    manifest = {
        **old,
        "scenario": {**old["scenario"], "title": {"en": NAMES[2], "zh": NAMES[0]}},
        "regions": {
            region: {**row, "name_en": name(i), "name_zh": name(i)}
            for i, (region, row) in enumerate(old["regions"].items())
        },
        "products": {
            product: {
                **row,
                "label": {"en": name(i + 1), "zh": name(i + 2)},
                "unit_label": {"en": "=1+1", "zh": "<b>U</b>"},
            }
            for i, (product, row) in enumerate(old["products"].items())
        },
        "warnings": list(NAMES),
        "input_hashes": {NAMES[0]: "00", NAMES[2]: "=2+2"},
    }
    return Results(results.tables, manifest)
