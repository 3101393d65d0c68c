"""Which variant stands for today, and which one a chart proposes where nobody names one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bloodsim import metrics
from bloodsim.results.bands import SUFFIX
from bloodsim.scenario.unmet import MARK

if TYPE_CHECKING:
    from bloodsim.results import Results


def reference(results: Results) -> str:
    """The variant to compare with: that of today's practice, else the first."""
    return "practice" if "practice" in results.variants else results.variants[0]


def proposal(results: Results, product: str) -> str:
    """The variant that can be put beside the reference and leaves least unmet of a product.

    The mean over replications decides, the order of the run where they are alike.
    """
    others = rivals(results, reference(results))
    if not others:
        return reference(results)
    unmet = metrics.shortage_rate(results).sel(product=product).mean("replication")
    return min(others, key=lambda name: float(unmet.sel(variant=name).fillna(0.0)))


def rivals(results: Results, base: str) -> list[str]:
    """The other variants that somebody could choose: of the same world, none told the future.

    A variant at another unmet share, or with drawn parameters, differs by that and not by what is
    done.
    """
    told = metrics.with_foresight(results)
    here = _world(base, results.variants)
    return [
        name
        for name in results.variants
        if name != base and name not in told and _world(name, results.variants) == here
    ]


def _world(variant: str, known: Sequence[str]) -> tuple[str, bool]:
    """The unmet share that a variant's name says, and whether its parameters are drawn."""
    plain = variant.removesuffix(SUFFIX)
    drawn = plain != variant and plain in known
    return (plain if drawn else variant).partition(MARK)[2], drawn


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
