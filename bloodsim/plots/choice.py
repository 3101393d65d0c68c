"""Which variant stands for today, and which one a chart proposes where nobody names one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bloodsim import metrics

if TYPE_CHECKING:
    from bloodsim.results import Results


def reference(results: Results) -> str:
    """The variant to compare with: that of today's practice, else the first."""
    return "practice" if "practice" in results.variants else results.variants[0]


def proposal(results: Results, product: str) -> str:
    """The variant other than the reference that leaves least unmet of a product.

    The mean over replications decides, the order of the run where they are alike.
    """
    others = [name for name in results.variants if name != reference(results)]
    if not others:
        return reference(results)
    unmet = metrics.shortage_rate(results).sel(product=product).mean("replication")
    return min(others, key=lambda name: float(unmet.sel(variant=name).fillna(0.0)))


def chosen(kind: str, name: str, known: Sequence[str]) -> str:
    """The name, or an error that lists the known ones."""
    if name not in known:
        raise ValueError(f"there is no {kind} {name!r}; there are {', '.join(known)}")
    return name


def of_today(results: Results, variant: str | None, product: str | None) -> tuple[str, str]:
    """Variant and product of a chart of the present: by default the reference, red cells."""
    return (
        chosen("variant", variant or reference(results), results.variants),
        chosen("product", product or main_product(results), results.products),
    )


def of_plan(results: Results, variant: str | None, product: str | None) -> tuple[str, str]:
    """Variant and product of a chart of what is proposed: by default the proposal, red cells."""
    product = chosen("product", product or main_product(results), results.products)
    return chosen("variant", variant or proposal(results, product), results.variants), product


def main_product(results: Results) -> str:
    """The product charts are about by default: red cells, else the first."""
    return "red_cells" if "red_cells" in results.products else results.products[0]
