"""A chart and what is drawn in it; the frame of headline, subtitle and footer around it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from bloodsim.plots.style import (
    INK,
    MUTED,
    Lang,
    day_label,
    house_style,
    month_label,
    year_label,
)
from bloodsim.plots.text import text_width, wrapped
from bloodsim.results.csvfile import csv_bytes

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results

ENDINGS = ("svg", "png", "pdf", "csv")
"""Kinds of file that a chart can be written to."""

DPI = 200
MM = 1 / 25.4
POINTS = 72.0
_PAD = 8.0
_HEADLINE, _SUBTITLE, _FOOTER = 11.0, 8.0, 6.5
_LINE = 1.35


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

    def content(self, ending: str) -> bytes:
        """The chart as a file: svg, png, pdf, or csv (what is drawn).

        The same result gives the same bytes. Titles and alternative text are in the file.
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
        with house_style():
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


def frame(on: Canvas, headline: str, subtitle: str, footer: str, margins: Margins) -> None:
    """Write the headline (the finding) and the subtitle above the axes, the footer below.

    On a figure of its own, the margins are set so that all of it fits.
    """
    figure = figure_of(on.ax)
    full_width = figure.get_figwidth() * POINTS
    if on.own:
        left, width = margins.left - _PAD, full_width - 2 * _PAD
    else:
        left, width = 0.0, width_of(on.ax)
    head = wrapped(headline, width, _HEADLINE)
    sub = wrapped(subtitle, width, _SUBTITLE)
    foot = wrapped(footer, width, _FOOTER)
    sub_height = len(sub) * _SUBTITLE * _LINE
    _note(on.ax, "\n".join(sub), (-left, margins.above), _SUBTITLE, MUTED, top=True)
    _note(on.ax, "\n".join(head), (-left, margins.above + sub_height + 3), _HEADLINE, INK, top=True)
    _note(on.ax, "\n".join(foot), (-left, -margins.below), _FOOTER, MUTED, top=False)
    on.ax.set_label(f"{headline}\n{subtitle}\n{footer}")
    if on.own:
        height = figure.get_figheight() * POINTS
        above = margins.above + sub_height + 3 + len(head) * _HEADLINE * _LINE + _PAD
        below = margins.below + len(foot) * _FOOTER * _LINE + _PAD
        figure.subplots_adjust(
            left=margins.left / full_width,
            right=1 - margins.right / full_width,
            top=1 - above / height,
            bottom=below / height,
        )


def legend_below(ax: Axes, points: float) -> dict[str, Any]:
    """Where a legend in one row goes: left-aligned, *points* below the axes."""
    down = ScaledTranslation(0, -points / POINTS, figure_of(ax).dpi_scale_trans)
    return {
        "loc": "upper left",
        "bbox_to_anchor": (0, 0),
        "bbox_transform": ax.transAxes + down,
        "borderaxespad": 0,
        "borderpad": 0,
        "fontsize": 7,
        "handlelength": 1.8,
        "handletextpad": 0.5,
        "columnspacing": 1.1,
    }


def legend_rows(
    ax: Axes, handles: Sequence[Any], texts: Sequence[str], points: float, **settings: Any
) -> float:
    """Draw a legend below the axes, in as many rows as it needs; return its height (points).

    Entries are read row by row.
    """
    room = width_of(ax) + 20
    for columns in range(len(texts), 0, -1):
        widths = [
            max(text_width(text, 7.0) for text in texts[column::columns]) + 27.0
            for column in range(columns)
        ]
        if sum(widths) <= room or columns == 1:
            break
    # matplotlib fills column by column.
    order = [i for column in range(columns) for i in range(column, len(texts), columns)]
    ax.legend(
        [handles[i] for i in order],
        [texts[i] for i in order],
        ncols=columns,
        **legend_below(ax, points),
        **settings,
    )
    return -(-len(texts) // columns) * 11.5


def _note(
    ax: Axes, text: str, offset: tuple[float, float], size: float, colour: str, top: bool
) -> None:
    ax.annotate(
        text,
        xy=(0, 1 if top else 0),
        xycoords="axes fraction",
        xytext=offset,
        textcoords="offset points",
        fontsize=size,
        color=colour,
        ha="left",
        va="bottom" if top else "top",
        linespacing=1.2,
        annotation_clip=False,
        parse_math=False,
    )


def footer(results: Results, lang: Lang) -> str:
    """Scenario, calendar status, and that nothing here was observed."""
    scenario = f"{results.name} {results.scenario_hash[:8]}"
    count = int(results.manifest.get("assumed_inputs", 0))
    years = ", ".join(map(str, results.provisional_years))
    if lang == "zh":
        calendar = f"日历：{years} 年放假安排未公布（暂定）" if years else "日历：放假安排已公布"
        return (
            f"模拟结果，非实测；其中 {count} 项输入为假设值。"
            f"情景 {scenario}，随机种子 {results.seed}。{calendar}。"
        )
    calendar = f"holidays of {years} provisional" if years else "holidays as published"
    return (
        f"Simulated, not observed; rests on {count} assumed inputs. "
        f"Scenario {scenario}, seed {results.seed}; calendar: {calendar}."
    )


def days_of(values: np.ndarray) -> list[date]:
    """Calendar days of a day axis."""
    return [day.item() for day in values.astype("datetime64[D]")]


def date_axis(ax: Axes, days: Sequence[date], lang: Lang) -> None:
    """Label months in their middle and mark where they begin; weeks where the span is short."""
    first, last = days[0], days[-1]
    ax.set_xlim(_number(first), _number(last) + 1)
    if len(days) < 60:
        ticks = [day for day in days if day.weekday() == 0]
        years = [
            f"\n{year_label(day, lang)}" if i == 0 or day.year != ticks[i - 1].year else ""
            for i, day in enumerate(ticks)
        ]
        labels = [f"{day_label(day, lang)}{year}" for day, year in zip(ticks, years, strict=True)]
        ax.set_xticks([_number(day) for day in ticks], labels=labels)
        return
    starts = [day for day in days if day.day == 1]
    ax.set_xticks([_number(day) for day in starts], labels=[""] * len(starts))
    spans = [span for span in _months(days) if (span[1] - span[0]).days >= 9]
    # A year on two months is narrow: every second label would still be legible.
    step = 1 if len(spans) <= 15 else 3
    labelled = spans[::step]
    labels = [
        month_label(start, lang, with_year=i == 0 or start.year != labelled[i - 1][0].year)
        for i, (start, _) in enumerate(labelled)
    ]
    middles = [(_number(start) + _number(end) + 1) / 2 for start, end in labelled]
    ax.set_xticks(middles, labels=labels, minor=True)
    ax.tick_params(axis="x", which="minor", length=0)


def _months(days: Sequence[date]) -> list[tuple[date, date]]:
    """First and last day of each month within the days."""
    firsts = [days[0], *(day for day in days[1:] if day.day == 1)]
    lasts = [*(day - timedelta(days=1) for day in firsts[1:]), days[-1]]
    return list(zip(firsts, lasts, strict=True))


def _number(day: date) -> float:
    return float(date2num(day))


def chosen(kind: str, name: str, known: Sequence[str]) -> str:
    """The name, or an error that lists the known ones."""
    if name not in known:
        raise ValueError(f"there is no {kind} {name!r}; there are {', '.join(known)}")
    return name
