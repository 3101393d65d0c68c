"""What stands around every chart: the finding above, what it rests on below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from bloodsim.labels import Lang, shown
from bloodsim.plots.canvas import POINTS, Canvas, Margins, figure_of, width_of
from bloodsim.plots.style import INK, MUTED
from bloodsim.plots.text import balanced, drawable

if TYPE_CHECKING:
    from bloodsim.results import Results

_PAD = 8.0
_HEADLINE, _SUBTITLE, _FOOTER = 11.0, 8.0, 6.5
_LINE = 1.35


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
    head = balanced(headline, width, _HEADLINE)
    sub = balanced(subtitle, width, _SUBTITLE)
    foot = balanced(footer, width, _FOOTER)
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
    scenario = f"{drawable(shown(results.name, 60))} {results.scenario_hash[:8]}"
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
