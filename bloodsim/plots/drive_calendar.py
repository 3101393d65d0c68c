"""Who is visited when: the calendar of drives as bars, by organisation or by region."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.dates import date2num
from matplotlib.patches import Patch, Rectangle

from bloodsim.labels import Lang, day_label, pick, shown
from bloodsim.numbers import number
from bloodsim.plots.chart import Chart, Margins, canvas, date_axis, frame, legend_rows
from bloodsim.plots.drive_strips import Strip, draw_strips, legend_of, strips_of
from bloodsim.plots.style import INK, MUTED, house_style
from bloodsim.plots.text import drawable, say, text_width

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.planning.drives import DrivesProposal
    from bloodsim.planning.proposal import TransferProposal

WIDTH_MM, ROW_MM = 185.0, 4.4
MOST_ROWS = 40
"""Organisations beyond which the rows are regions."""
_PLANNED, _STANDS, _CLOSED = "#14558f", "#9aa7b2", "#eeeeee"


def plot_drive_calendar(
    proposal: TransferProposal, *, ax: Axes | None = None, lang: Lang = "en"
) -> Chart:
    """Visits by day: those of the plan and those that stood before; closed days are grey.

    Below them a strip for each region's street turnout and appeals, where the plan has some.

    Parameters
    ----------
    proposal : TransferProposal
        With drives.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: row, date, visits, donors, committed (of visits alone).
    """
    drives = proposal.drives
    if drives is None:
        raise ValueError("the plan has no drives")
    by_region = len(drives.closed) > MOST_ROWS
    data = _rows(drives.table, proposal, by_region, lang)
    names = list(dict.fromkeys(data["row"]))
    strips, n_strips = strips_of(drives, lambda name: _called(proposal, name, lang))
    rows = [*names, *(strip.label for strip in strips)]
    days = [drives.start + timedelta(days=k) for k in range((drives.last - drives.start).days + 1)]
    with house_style():
        on = canvas(ax, WIDTH_MM, (56 if strips else 40) + ROW_MM * max(len(rows), 4))
        date_axis(on.ax, days, lang)
        _draw(on.ax, data, rows, {} if by_region else drives.closed)
        draw_strips(on.ax, strips, len(names), len(days))
        _totals(on.ax, data, names, strips, lang)
        kinds = [
            (_PLANNED, pick(lang, "计划", "planned")),
            (_STANDS, pick(lang, "已确定", "committed before")),
        ]
        if not by_region:
            kinds.append((_CLOSED, pick(lang, "不可上门", "cannot be visited")))
        entries = [(Patch(facecolor=colour, linewidth=0), text) for colour, text in kinds]
        entries += legend_of(strips, lang)
        handles, texts = [handle for handle, _ in entries], [text for _, text in entries]
        below = 26 + legend_rows(on.ax, handles, texts, 26)
        frame(
            on,
            _headline(drives, lang),
            _subtitle(drives, by_region, lang),
            _footer(proposal, lang, len(strips), n_strips),
            Margins(
                left=max([text_width(name, 7.0) for name in rows], default=30.0) + 14,
                right=52.0,
                above=20.0,
                below=below + 6,
            ),
        )
    return Chart(on.ax, data)


def _called(proposal: TransferProposal, name: str, lang: Lang) -> str:
    """Return what a chart calls a region or a channel."""
    english = proposal.names.get(name, name)
    return drawable(shown(pick(lang, proposal.names_zh.get(name, english), english)))


def _rows(
    table: pd.DataFrame, proposal: TransferProposal, by_region: bool, lang: Lang
) -> pd.DataFrame:
    """Return visits by row and date, in the order drawn: regions together."""
    where = [_called(proposal, name, lang) for name in table["region"]]
    named = [
        region if by_region else f"{organisation} ({region})"
        for region, organisation in zip(where, table["organisation"], strict=True)
    ]
    keys = ["row", "date", "committed"]
    rows = table.assign(row=named)
    if not by_region:
        rows = rows.sort_values(["region", "organisation", "date"], kind="stable")
    return rows.groupby(keys, sort=False)[["visits", "donors"]].sum().reset_index()


def _draw(ax: Axes, data: Any, names: list[str], closed: Any) -> None:
    """Draw closed days, then a box a visit day, with the number of visits where several."""
    grey = [
        Rectangle((date2num(day), y - 0.5), 1, 1)
        for y, name in enumerate(names)
        for day in closed.get(name.partition(" (")[0], ())
    ]
    ax.add_collection(PatchCollection(grey, facecolors=_CLOSED, linewidths=0))
    boxes, colours = [], []
    for row in data.itertuples(index=False):
        y, x = names.index(row.row), float(date2num(row.date))
        boxes.append(Rectangle((x + 0.06, y - 0.4), 0.88, 0.8))
        colours.append(_STANDS if row.committed else _PLANNED)
        if row.visits > 1:
            say(ax, x + 0.5, y, str(row.visits), 4.6, ha="center", color="white")
    ax.add_collection(PatchCollection(boxes, facecolors=colours, linewidths=0))
    ax.set_yticks(range(len(names)), labels=names, fontsize=7)
    ax.tick_params(axis="y", length=0, pad=3)
    ax.set_ylim(max(len(names), 1) - 0.5, -0.5)
    ax.spines[["left", "bottom"]].set_visible(False)


def _totals(ax: Axes, data: Any, names: list[str], strips: list[Strip], lang: Lang) -> None:
    """Write the donors of the plan's own visits beside each row, and of strips more or fewer."""
    own = data[~data["committed"]].groupby("row")["donors"].sum()
    head = pick(lang, "计划\n人次", "donors\nplanned")
    options: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "fontsize": 6.5}
    ax.annotate(
        head, (1, 1), (44, 2), xycoords="axes fraction", va="bottom", color=MUTED, **options
    )
    donors_of = [number(float(own.get(name, 0.0)), lang) for name in names]
    donors_of += [number(strip.change, lang, signed=True) for strip in strips]
    for y, donors in enumerate(donors_of):
        place = ("axes fraction", "data")
        ax.annotate(donors, (1, y), (44, 0), xycoords=place, va="center", color=INK, **options)


def _headline(drives: DrivesProposal, lang: Lang) -> str:
    new = drives.table[~drives.table["committed"]]
    count, donors = number(new["visits"].sum(), lang), number(new["donors"].sum(), lang)
    if new.empty:
        return pick(lang, "计划期内不新增活动", "The plan adds no drives")
    first, last = min(new["date"]), max(new["date"])
    span = day_label(first, lang), day_label(last, lang)
    zh, en = f"{span[0]}至{span[1]}", f"from {span[0]} to {span[1]}"
    if first == last:
        zh, en = span[0], f"on {span[0]}"
    return pick(
        lang,
        f"{zh}安排 {count} 场活动，预计 {donors} 人次",
        f"{count} drives {en}, {donors} donors expected",
    )


def _subtitle(drives: DrivesProposal, by_region: bool, lang: Lang) -> str:
    saved = drives.objective_usual - drives.objective
    zh = "每行一个地区" if by_region else "每行一个单位"
    en = "One row a region" if by_region else "One row an organisation"
    return pick(
        lang,
        f"{zh}，一格一天，数字为场次。与默认日程"
        f"{'（人次相同）' if drives.as_usual else ''}相比，预期代价"
        f"{'减少' if saved >= 0 else '增加'} {number(abs(saved), lang)} 分",
        f"{en}, one box a day, numbers are visits. Expected to "
        f"{'save' if saved >= 0 else 'cost'} {number(abs(saved), lang)} points "
        f"{'over' if saved >= 0 else 'more than'} the default calendar"
        f"{' with as many donors' if drives.as_usual else ''}",
    )


def _footer(proposal: TransferProposal, lang: Lang, drawn: int, strips: int) -> str:
    scenario = drawable(f"{shown(proposal.scenario, 60)} {proposal.scenario_hash[:8]}")
    return pick(
        lang,
        f"计划值，非实测；人次为期望值。{_left_out(lang, drawn, strips)}情景 {scenario}。",
        f"Planned, not observed; donors are expectations. {_left_out(lang, drawn, strips)}"
        f"Scenario {scenario}.",
    )


def _left_out(lang: Lang, drawn: int, strips: int) -> str:
    """Say that not every channel's turnout and appeals are drawn."""
    if drawn == strips:
        return ""
    return pick(
        lang,
        f"街头与招募仅绘人次变化最大的 {drawn} 行（共 {strips} 行）。",
        f"Street turnout and appeals: the {drawn} of {strips} that move most donors. ",
    )
