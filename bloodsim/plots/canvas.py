"""Figures and axes to draw in, and how large they are."""

from __future__ import annotations

from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

MM = 1 / 25.4
POINTS = 72.0


def figure_of(ax: Axes) -> Figure:
    """The whole figure that axes are in."""
    figure = ax.get_figure(root=True)
    if not isinstance(figure, Figure):
        raise ValueError("the axes are not part of a figure")
    return figure


def width_of(ax: Axes) -> float:
    """Width of axes (points)."""
    return figure_of(ax).get_figwidth() * POINTS * ax.get_position().width


def height_of(ax: Axes) -> float:
    """Height of axes (points)."""
    return figure_of(ax).get_figheight() * POINTS * ax.get_position().height


class Canvas(NamedTuple):
    """Axes to draw in, and whether their figure is ours to lay out."""

    ax: Axes
    own: bool


def canvas(ax: Axes | None, width_mm: float, height_mm: float) -> Canvas:
    """The given axes, or new ones on a figure of their own (no pyplot, no global state)."""
    if ax is not None:
        return Canvas(ax, own=False)
    figure = Figure(figsize=(width_mm * MM, height_mm * MM))
    FigureCanvasAgg(figure)
    return Canvas(figure.add_subplot(), own=True)


class Margins(NamedTuple):
    """Room around the axes for what belongs to them (points): labels, legend, holiday names."""

    left: float
    right: float
    above: float
    below: float
