"""What a plan was asked for beside its cost, in words and figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bloodsim.optimize.aims import COST, WORST_SHARE, Aims
from bloodsim.planning.solve import Solved

if TYPE_CHECKING:
    from bloodsim.planning.proposal import TransferProposal

_SMALL = 0.05
"""Points that are shown as 0."""


def facts_of_stages(item: Solved) -> dict[str, float] | None:
    """Return what each stage reached, in units (a share or points where the stage is one)."""
    if not item.stages:
        return None
    as_it_is = (WORST_SHARE, COST)
    return {
        name: value if name in as_it_is else value / item.today.per_unit
        for name, value in item.stages.items()
    }


def notes_on(aims: Aims) -> Iterator[str]:
    """Yield what holds for the plan beyond the usual."""
    if aims.objective != "cost" or aims.fairness != "none":
        yield (
            "stages are held one after the other, each within a millionth; prices are those of the "
            "last stage, the cost; firm shipments are cut to whole lots after the last"
        )
    if aims.fairness != "none":
        yield (
            "the price of fairness is all that its plan costs more, with what is given up because "
            "fairness comes before every weight of the cost; shipments of any size; unmet shares "
            "are what is lost or cancelled of what a region asks for over the horizon"
        )
    if aims.robust_gamma:
        yield (
            "requests are those of a cautious path: in each region and group "
            f"{aims.robust_gamma:g} days may be a standard deviation above their mean; cover, "
            "unmet requests, prices and cost are those of that path"
        )


def asked_beside(proposal: TransferProposal) -> list[str]:
    """Return the sentences on stages, the price of fairness and that of caution."""
    return [
        line
        for product, facts in proposal.products.items()
        for line in (
            *_stages(proposal.called(product), facts, proposal.units[product]),
            *_price_of_fairness(proposal.called(product), facts, proposal),
            *_price_of_caution(proposal.called(product), facts, proposal.aims),
        )
    ]


def _stages(product: str, facts: Any, unit: str) -> Iterator[str]:
    if not facts["stages"]:
        return
    said = [
        f"{name} {100 * value:.2f} %"
        if name == WORST_SHARE
        else f"{name} {value:,.1f} {'points' if name == COST else unit}"
        for name, value in facts["stages"].items()
    ]
    yield f"{product}, in this order: {'; '.join(said)}"


def _price_of_fairness(product: str, facts: Any, proposal: TransferProposal) -> Iterator[str]:
    found = facts["fairness"]
    if not found:
        return
    before, after = (
        proposal.names.get(found[name], found[name]) for name in ("worst_before", "worst_after")
    )
    share = found["price_share"]
    of_cost = f" ({100 * share:.2g} % of the cost)" if share is not None else ""
    points = found["price_points"]
    price = f"{points:,.1f} points{of_cost}"
    if points < -_SMALL:
        price = f"none, it costs {-points:,.1f} points less than the same stages without it"
    yield (
        f"price of fairness, {product}: {price}; worst unmet "
        f"share {100 * found['share_before']:.2f} % ({before}) without, "
        f"{100 * found['share_after']:.2f} % ({after}) with"
    )


def _price_of_caution(product: str, facts: Any, aims: Aims) -> Iterator[str]:
    points = facts["caution_points"]
    if points is not None:
        staged = aims.objective != "cost" or aims.fairness != "none"
        priced = "price of caution and of the stages together" if staged else "price of caution"
        yield (
            f"{priced}, {product}: on the expected path the shipments planned for "
            f"{aims.robust_gamma:g} days at their worst cost {max(points, 0.0):,.1f} points more "
            "than the cheapest plan for that path"
        )
