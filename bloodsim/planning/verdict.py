"""What a check says of a plan: as a whole by the one cost, and product by product."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bloodsim.labels import within
from bloodsim.numbers import unit_noun

COST, COST_OF_PRODUCT, LOST = "cost", "cost of this product", "emergency and urgent lost"
"""Rows of the check by which plans are judged."""
AT_THE_END = "of it for low stock at the end"
"""Row of the check that holds the part of the cost charged for the stock of the last day."""
BETTER, WORSE, UNDECIDED, UNTESTED = "better", "worse", "undecided", "untested"
"""Verdicts; the last where nothing of the plan leaves in the firm days."""
NOTHING_LEAVES = "nothing leaves in the firm days: the check tests nothing"

_OF = {"proportional": "the proportional rule", "without": "doing nothing"}


class Difference(NamedTuple):
    """A paired difference and the half-width of its 95 % interval."""

    mean: float
    half_width: float

    @property
    def is_more(self) -> bool:
        """Whether it is above 0 by its interval."""
        return bool(self.mean - self.half_width > 0)

    @property
    def is_less(self) -> bool:
        """Whether it is below 0 by its interval."""
        return bool(self.mean + self.half_width < 0)


@dataclass(frozen=True)
class ProductVerdict:
    """What the check says of the plan of one product.

    Parameters
    ----------
    product : str
        Its name.
    against_rule, against_nothing : str
        ``better``, ``worse``, ``undecided`` or ``untested``. Worse: it loses more emergency and
        urgent requests by the paired interval, or costs more and does not lose fewer. Better: it
        costs less and does not lose more.
    warning : bool
        Whether it is worse than one of them.
    says : str
        The same in a sentence.
    """

    product: str
    against_rule: str
    against_nothing: str
    warning: bool
    says: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)


def verdict_on_products(
    table: pd.DataFrame,
    products: Mapping[str, str],
    units: Mapping[str, str],
    sent: Collection[str],
) -> tuple[ProductVerdict, ...]:
    """Judge the plan of each product by its own requests and points.

    Parameters
    ----------
    table : pandas.DataFrame
        Of the check.
    products, units : mapping of str to str
        Products that were planned: what they, and their units, are called.
    sent : collection of str
        Products of which something leaves in the firm days.
    """
    return tuple(
        _of_product(table[table["product"] == name], name, label, units[name], name in sent)
        for name, label in products.items()
    )


def _of_product(
    rows: pd.DataFrame, name: str, label: str, unit: str, is_sent: bool
) -> ProductVerdict:
    found, said = {}, {}
    for other in ("proportional", "without"):
        lost, cost = _difference(rows, LOST, other), _difference(rows, COST_OF_PRODUCT, other)
        found[other] = _told(lost, cost)
        noun = unit_noun(unit, 2, "en")
        said[other] = (
            f"{_OF[other]} (requests lost {lost.mean:+,.1f} ± {lost.half_width:,.1f} {noun}, cost "
            f"{cost.mean:+,.0f} ± {cost.half_width:,.0f} points)"
        )
    if not is_sent and WORSE not in found.values():
        return ProductVerdict(name, UNTESTED, UNTESTED, False, f"{label}: {NOTHING_LEAVES}")
    rule, nothing = found["proportional"], found["without"]
    warning = WORSE in (rule, nothing)
    says = f"{'warning, ' if warning else ''}{label}: {_in_words(found, said)}"
    if not is_sent:
        says += "; nothing leaves in the firm days"
    if warning:
        says += f"; {_advice(rule, within(label))}"
    return ProductVerdict(name, rule, nothing, warning, says)


def _told(lost: Difference, cost: Difference) -> str:
    if not np.isfinite([*lost, *cost]).all():
        return UNDECIDED
    if lost.is_more or (cost.is_more and not lost.is_less):
        return WORSE
    return BETTER if cost.is_less else UNDECIDED


def _in_words(found: Mapping[str, str], said: Mapping[str, str]) -> str:
    """Return the comparisons in a sentence, the bad ones first."""
    words = {
        WORSE: "the plan is worse than",
        BETTER: "the plan is better than",
        UNDECIDED: "the plan cannot be told from",
    }
    parts = []
    for kind, words_of in words.items():
        mine = [said[other] for other, each in found.items() if each == kind]
        if mine:
            parts.append(f"{words_of} {' and '.join(mine)}")
    return ", ".join(parts)


def _advice(against_rule: str, product: str) -> str:
    if against_rule == BETTER:
        return f"send no {product}"
    return f"share {product} by the proportional rule instead"


def _difference(rows: pd.DataFrame, indicator: str, other: str) -> Difference:
    row = rows[rows["indicator"] == indicator].iloc[0]
    name = f"plan_minus_{other}"
    return Difference(float(row[name]), float(row[f"{name}_half_width"]))


def verdict(table: pd.DataFrame, is_sent: bool = True) -> tuple[str, str]:
    """Judge the whole plan by the one cost, beside the rule's; return the verdict and a sentence.

    Parameters
    ----------
    table : pandas.DataFrame
        Of the check.
    is_sent : bool
        Whether anything leaves in the firm days.
    """
    if not is_sent:
        return UNTESTED, NOTHING_LEAVES
    cost = _difference(table, COST, "proportional")
    at_end = _difference(table, AT_THE_END, "proportional").mean
    said = (
        f"{cost.mean:+,.0f} ± {cost.half_width:,.0f} points, {at_end:+,.0f} of it for low stock at "
        "the end"
    )
    if not np.isfinite(cost.half_width):
        return UNDECIDED, "one replication cannot tell the plan from the proportional rule"
    if cost.is_less:
        return BETTER, f"the plan costs less than the proportional rule ({said})"
    if cost.is_more:
        return WORSE, (
            "the optimizer adds nothing here: the proportional rule costs less on this stock "
            f"(plan minus rule {said})"
        )
    return UNDECIDED, (
        "the optimizer adds nothing that shows against the proportional rule on this stock "
        f"(plan minus rule {said})"
    )
