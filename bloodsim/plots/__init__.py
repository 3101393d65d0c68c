"""Charts of saved results, one per module; each returns its axes and the data drawn."""

from bloodsim.plots.calendar_heatmap import plot_calendar_heatmap
from bloodsim.plots.chart import Chart
from bloodsim.plots.fan import plot_fan
from bloodsim.plots.surface import plot_surface
from bloodsim.plots.unmet_levels import plot_unmet_levels

__all__ = ["Chart", "plot_calendar_heatmap", "plot_fan", "plot_surface", "plot_unmet_levels"]
