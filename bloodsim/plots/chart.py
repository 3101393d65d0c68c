"""A chart: axes, and what is drawn in them; with what every chart module needs to make one."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bloodsim.plots.canvas import (
    Canvas,
    Margins,
    canvas,
    figure_of,
    height_of,
    width_of,
)
from bloodsim.plots.choice import chosen
from bloodsim.plots.dates import date_axis, days_of
from bloodsim.plots.frame import footer, frame
from bloodsim.plots.legend import legend_below, legend_rows
from bloodsim.plots.style import house_style
from bloodsim.plots.text import text_width, wrapped
from bloodsim.results.csvfile import csv_bytes

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DPI",
    "ENDINGS",
    "Canvas",
    "Chart",
    "Margins",
    "canvas",
    "chosen",
    "date_axis",
    "days_of",
    "figure_of",
    "footer",
    "frame",
    "height_of",
    "legend_below",
    "legend_rows",
    "text_width",
    "width_of",
    "wrapped",
]

ENDINGS = ("svg", "png", "pdf", "csv")
"""Kinds of file that a chart can be written to."""

DPI = 200


class Chart(NamedTuple):
    """Axes and the data drawn in them; Jupyter shows the picture."""

    ax: Axes
    data: pd.DataFrame

    @property
    def figure(self) -> Figure:
        """The figure the axes are in."""
        return figure_of(self.ax)

    @property
    def headline(self) -> str:
        """The finding."""
        return str(self.ax.get_label()).partition("\n")[0]

    @property
    def alt(self) -> str:
        """What the picture shows, for those who do not see it."""
        return " ".join(str(self.ax.get_label()).split("\n"))

    def content(self, ending: str, real_text: bool = False) -> bytes:
        """The chart as a file: svg, png, pdf, or csv (what is drawn).

        The same result gives the same bytes. Titles and alternative text are in the file. An SVG
        has its letters as shapes, or as *real_text*, for pages that bring the font with them.
        """
        if ending == "csv":
            return csv_bytes(self.data)
        facts: dict[str, Any] = {"Title": self.headline}
        if ending == "svg":
            facts |= {"Date": None, "Description": self.alt}
        elif ending == "pdf":
            facts |= {"CreationDate": None, "Subject": self.alt}
        elif ending == "png":
            facts |= {"Description": self.alt}
        else:
            raise ValueError(f"cannot draw {ending!r}; there are {', '.join(ENDINGS)}")
        file = io.BytesIO()
        with house_style(), rc_context({"svg.fonttype": "none" if real_text else "path"}):
            self.figure.savefig(file, format=ending, dpi=DPI, metadata=facts)
        return file.getvalue()

    def save(self, stem: str | Path, endings: Sequence[str] = ("svg", "png", "csv")) -> list[Path]:
        """Write ``stem.svg``, ``stem.png``, ``stem.csv``, or what *endings* names."""
        paths = [Path(f"{stem}.{ending}") for ending in endings]
        paths[0].parent.mkdir(parents=True, exist_ok=True)
        for path, ending in zip(paths, endings, strict=True):
            path.write_bytes(self.content(ending))
        return paths

    def __repr__(self) -> str:
        return f"<Chart of {len(self.data)} rows: {', '.join(self.data.columns)}>"

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        with house_style():
            self.figure.savefig(picture, format="png", dpi=144)
        return picture.getvalue()
