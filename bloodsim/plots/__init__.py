"""Charts of saved results, one per module; each returns its axes and the data drawn.

`CHARTS` names those that need nothing but a result, in the order of a briefing.
"""

from collections.abc import Callable

from bloodsim.plots.ageing import plot_ageing
from bloodsim.plots.calendar_heatmap import plot_calendar_heatmap
from bloodsim.plots.chart import ENDINGS, Chart
from bloodsim.plots.collection_plan import plot_collection_plan
from bloodsim.plots.comparison import plot_comparison
from bloodsim.plots.cost_shortage import plot_cost_shortage
from bloodsim.plots.equity import plot_equity
from bloodsim.plots.fan import plot_fan
from bloodsim.plots.flows import plot_flows
from bloodsim.plots.model_check import plot_model_check
from bloodsim.plots.prices import plot_plan_prices, plot_prices
from bloodsim.plots.shortage_tiles import plot_shortage_tiles
from bloodsim.plots.status_board import plot_status_board
from bloodsim.plots.surface import plot_surface
from bloodsim.plots.transfer_matrix import plot_transfer_matrix
from bloodsim.plots.transfers_map import plot_transfers_map
from bloodsim.plots.unmet_levels import plot_unmet_levels

__all__ = [
    "CHARTS",
    "ENDINGS",
    "PLAN_CHARTS",
    "Chart",
    "plot_ageing",
    "plot_calendar_heatmap",
    "plot_collection_plan",
    "plot_comparison",
    "plot_cost_shortage",
    "plot_equity",
    "plot_fan",
    "plot_flows",
    "plot_model_check",
    "plot_plan_prices",
    "plot_prices",
    "plot_shortage_tiles",
    "plot_status_board",
    "plot_surface",
    "plot_transfer_matrix",
    "plot_transfers_map",
    "plot_unmet_levels",
]

CHARTS: dict[str, Callable[..., Chart]] = {
    "status_board": plot_status_board,
    "calendar_heatmap": plot_calendar_heatmap,
    "fan": plot_fan,
    "flows": plot_flows,
    "shortage_tiles": plot_shortage_tiles,
    "comparison": plot_comparison,
    "transfers_map": plot_transfers_map,
    "transfer_matrix": plot_transfer_matrix,
    "collection_plan": plot_collection_plan,
    "cost_shortage": plot_cost_shortage,
    "equity": plot_equity,
    "ageing": plot_ageing,
    "model_check": plot_model_check,
}

PLAN_CHARTS: dict[str, Callable[..., Chart]] = {"prices": plot_plan_prices}
"""Charts of a result and a plan that was saved (`bloodsim.results.plan_file.read_plan`)."""
