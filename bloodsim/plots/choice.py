"""Which variant stands for today, and which one a chart proposes where nobody names one."""

from __future__ import annotations

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


def main_product(results: Results) -> str:
    """The product charts are about by default: red cells, else the first."""
    return "red_cells" if "red_cells" in results.products else results.products[0]
