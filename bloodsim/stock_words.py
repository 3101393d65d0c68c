"""What offices write in a stock list, and what a scenario calls it: sure readings only."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from bloodsim.blood import GROUPS
from bloodsim.scenario import Scenario
from bloodsim.scenario.problems import nearest

HEADINGS = {
    "地区": "region",
    "省份": "region",
    "品种": "product",
    "血液品种": "product",
    "血型": "group",
    "数量": "units",
    "失效日期": "expiry_date",
    "剩余天数": "life_days",
    "日期": "date",
}
"""Columns of a stock list by their Chinese headings."""

_SIGNS = {"pos": ("+", "阳", "阳性"), "neg": ("-", "−", "阴", "阴性")}
_DATES = (
    re.compile(r"(\d{4})-(\d{2})-(\d{2})"),
    re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})"),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日"),
)
_WITHOUT_SIGN = re.compile(r"(A|B|AB|O)\s*型?", re.IGNORECASE)


def day_of(value: Any) -> date | None:
    """Return the day that a cell names, year first, as 2026-02-10, 2026/2/10 or 2026年2月10日."""
    found = next((match for form in _DATES if (match := form.fullmatch(str(value)))), None)
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None


def region_names(scenario: Scenario) -> dict[str, str]:
    """Return the identifier of each region by what people call it, where that is unique."""
    return _unique(
        (name, region)
        for region, facts in scenario.regions.items()
        for name in (facts.name_zh, facts.name_en)
    )


def product_names(scenario: Scenario) -> dict[str, str]:
    """Return the identifier of each product by its labels, where that is unique."""
    return _unique(
        (name, product)
        for product, facts in scenario.products.items()
        for name in (facts.label.zh, facts.label.en)
    )


def group_labels() -> dict[str, str]:
    """Return the groups by their labels: A+, A 阳 and the like."""
    return {
        f"{group.partition('_')[0]}{shape}{sign}": group
        for group in GROUPS
        for sign in _SIGNS[group.partition("_")[2]]
        for shape in ("", "型")
    }


def group_hint(name: str) -> str:
    """Say how a group is written; one without RhD might be either, so none is proposed."""
    plain = _WITHOUT_SIGN.fullmatch(name)
    if plain:
        letters = plain[1].upper()
        return f"RhD is missing: write {letters}_pos (or {letters}+) or {letters}_neg ({letters}-)"
    return nearest(name, GROUPS)


def _unique(pairs: Any) -> dict[str, str]:
    """Return the identifiers by name, without names that several have."""
    names: dict[str, str] = {}
    twice = set()
    for name, identifier in pairs:
        if name and names.setdefault(name, identifier) != identifier:
            twice.add(name)
    return {name: identifier for name, identifier in names.items() if name not in twice}
