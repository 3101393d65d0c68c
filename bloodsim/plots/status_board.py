"""Where do we stand, who acts: one line per region, worst first."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from bloodsim.labels import NBSP, Lang, day_label, group_label, level_label, pick
from bloodsim.numbers import floored, number, percent
from bloodsim.plots.chart import Chart, Margins, canvas, footer, frame, legend_rows
from bloodsim.plots.choice import of_today, proposal
from bloodsim.plots.status import StatusRow, level_of, status_rows
from bloodsim.plots.status_words import TOLD, status_finding
from bloodsim.plots.style import INK, LEVEL_COLOURS, MUTED, house_style, variant_label
from bloodsim.plots.text import product_unit, region_label, say
from bloodsim.results.undrawn import UndrawnError

if TYPE_CHECKING:
    import pandas as pd

    from bloodsim.results import Results

WIDTH_MM, ROW_MM = 190.0, 4.3
_GROUP_BINS = (
    (0.05, "#8f1029", "≥5%"),
    (0.01, "#e07b1f", "1–5%"),
    (0.001, "#f3d34a", "0.1–1%"),
    (0.0, "#e3eee6", "<0.1%"),
)
"""Share not met of a blood group: from where, colour, words of the legend."""

_CROSS: dict[str, Any] = {
    "marker": "x",
    "linestyle": "none",
    "color": "white",
    "markersize": 2.6,
    "markeredgewidth": 0.8,
}
_AT = {
    "now": 17.0,
    "lowest": 26.0,
    "range": 39.4,
    "yellow": 47.4,
    "orange": 54.7,
    "red": 62.0,
    "unmet": 72.4,
    "groups": 74.0,
    "help": 99.5,
}
"""Where the columns stand, in hundredths of the width; numbers end there, chips begin there."""


def plot_status_board(
    results: Results,
    variant: str | None = None,
    product: str | None = None,
    day: date | None = None,
    *,
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Chart:
    """Cover today and at its lowest, chances of the graver levels, unmet by group, who helps.

    Parameters
    ----------
    results : Results
        With the table `daily`; blood groups need `groups`, help `transfers`.
    variant : str, optional
        Default: the reference (today's practice, else the first).
    product : str, optional
        One with alert levels; default: red cells.
    day : date, optional
        "Today"; what follows is looked ahead of. Default: the first scored day.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: region, name, cover_days, level, lowest_days, low_5, high_95,
        lowest_day, lowest_level, chance of each level, unmet_units, unmet_share, one column of
        unmet share per group, and net_help_units under the variant that leaves least unmet.
    """
    variant, product = of_today(results, variant, product)
    levels = results.alert_levels(product, variant)
    if not levels:
        raise UndrawnError(
            f"{product} 没有预警级别，无法判断状态",
            f"{product} has no alert levels to tell a status by",
        )
    helper = proposal(results, product)
    today = day or results.score_start
    rows = status_rows(results, variant, product, helper, today, levels)
    with house_style():
        on = canvas(ax, WIDTH_MM, 61 + ROW_MM * len(rows))
        on.ax.set_xlim(0, 100)
        on.ax.set_ylim(len(rows) - 0.4, -0.6)
        on.ax.axis("off")
        _heads(on.ax, rows, today, product, results, helper, levels, lang)
        for y, row in enumerate(rows):
            _line(on.ax, results, row, y, levels, lang)
        below = _legend(on.ax, rows, lang)
        frame(
            on,
            status_finding(results, rows, levels, product, today, lang),
            _subtitle(results, variant, helper, product, today, lang),
            footer(results, lang),
            Margins(left=10.0, right=10.0, above=30.0, below=8.0 + below),
        )
    return Chart(on.ax, _frame_of(results, rows, levels, lang))


def _heads(
    ax: Axes,
    rows: list[StatusRow],
    today: date,
    product: str,
    results: Results,
    helper: str,
    levels: dict[str, float],
    lang: Lang,
) -> None:
    unit = product_unit(results, product, lang)
    heads = {
        "now": pick(
            lang, f"{day_label(today, lang)}\n库存天数", f"days of cover\n{day_label(today, lang)}"
        ),
        "lowest": pick(lang, "最低\n库存天数", "lowest\nahead"),
        "range": pick(lang, "该日的\n90% 范围", "90 % range\nof that day"),
        **{
            level: pick(
                lang,
                f"任一天\n降至{level_label(level, lang)}",
                f"{level_label(level, lang)}\non any day",
            )
            for level in reversed(TOLD)
            if level in levels
        },
        "unmet": pick(lang, f"未满足\n{unit}（占比）", f"not met\n{unit} (share)"),
    }
    for key, text in heads.items():
        x, side = (_AT[key] + 1.5, "right") if key in ("now", "lowest") else (_AT[key], "right")
        say(ax, x, -0.75, text, 6.3, ha=side, va="bottom", color=MUTED, linespacing=1.1)
    helped = pick(
        lang,
        f"“{variant_label(helper, lang)}”\n净调入 {unit}",
        f"net {unit} received,\n{variant_label(helper, lang)}",
    )
    say(ax, _AT["help"], -0.75, helped, 6.3, ha="right", va="bottom", color=MUTED, linespacing=1.1)
    for i, group in enumerate(rows[0].groups if rows else ()):
        text = group_label(group)
        say(ax, _AT["groups"] + 2.1 * i, -0.75, text, 5.3, ha="center", va="bottom", color=MUTED)
    if rows and rows[0].groups:
        text = pick(lang, "各血型未满足", "not met, by group")
        x = _AT["groups"] + 2.1 * (len(rows[0].groups) - 1) / 2
        say(ax, x, -1.65, text, 6.3, ha="center", va="bottom", color=MUTED)


def _line(
    ax: Axes, results: Results, row: StatusRow, y: int, levels: dict[str, float], lang: Lang
) -> None:
    if y % 2:
        ax.add_patch(Rectangle((0, y - 0.5), 100, 1, facecolor="#f7f7f7", linewidth=0, zorder=0))
    say(ax, 0, y, region_label(results, row.region, lang), 7.0)
    for x, cover in ((_AT["now"], row.now), (_AT["lowest"], row.lowest)):
        _chip(ax, x - 6.4, y, level_of(cover, levels), lang)
        say(ax, x + 1.5, y, floored(cover), 7.0, ha="right")
    spread = f"{floored(row.low)}–{floored(row.high)}"
    say(ax, _AT["range"] - 5.6, y, spread, 6.2, ha="right", color=MUTED)
    say(ax, _AT["range"], y, day_label(row.day, lang), 6.2, ha="right", color=MUTED)
    for key in TOLD:
        if key in row.risks:
            _risk(ax, _AT[key], y, row.risks[key], LEVEL_COLOURS[key])
    share = percent(row.unmet_share, smallest=0.01)
    text = f"{number(round(row.unmet_units), lang)} ({share})" if row.unmet_units >= 0.5 else "0"
    say(ax, _AT["unmet"], y, text, 6.2, ha="right", color=INK if row.unmet_share > 1e-3 else MUTED)
    for i, share_of_group in enumerate(row.groups.values()):
        _group(ax, _AT["groups"] + 2.1 * i, y, share_of_group)
    net = round(row.net)
    helped = number(net, lang, signed=True) if net else "0"
    say(ax, _AT["help"], y, helped, 6.6, ha="right", color=INK if net else MUTED)


def _chip(ax: Axes, x: float, y: int, level: str, lang: Lang) -> None:
    """The level as colour and word."""
    chip = Rectangle((x, y - 0.38), 4.6, 0.76, facecolor=LEVEL_COLOURS[level], linewidth=0)
    ax.add_patch(chip)
    colour = "white" if level in ("red", "orange") else INK
    say(ax, x + 2.3, y, level_label(level, lang), 5.6, ha="center", color=colour)


def _risk(ax: Axes, x: float, y: int, share: float, colour: str) -> None:
    """A bar as long as the chance, and the figure."""
    ax.add_patch(Rectangle((x - 6.6, y - 0.3), 2.8, 0.6, facecolor="#ececec", linewidth=0))
    ax.add_patch(Rectangle((x - 6.6, y - 0.3), 2.8 * share, 0.6, facecolor=colour, linewidth=0))
    ink = INK if share else MUTED
    say(ax, x, y, f"{100 * share:.0f}{NBSP}%", 6.2, ha="right", color=ink)


def _group(ax: Axes, x: float, y: int, share: float) -> None:
    colour = next(colour for above, colour, _ in _GROUP_BINS if share >= above)
    ax.add_patch(Rectangle((x - 0.95, y - 0.38), 1.9, 0.76, facecolor=colour, linewidth=0))
    if share >= _GROUP_BINS[0][0]:
        ax.plot(x, y, **_CROSS)


def _legend(ax: Axes, rows: list[StatusRow], lang: Lang) -> float:
    """What the cells of the groups say; the room it takes below the board (points)."""
    if not rows or not rows[0].groups:
        return 0.0
    texts = [words for _, _, words in reversed(_GROUP_BINS)]
    texts[0] = pick(
        lang, f"各血型未满足的申请：{texts[0]}", f"requests not met by group: {texts[0]}"
    )
    handles: list[Artist | tuple[Artist, ...]] = [
        Patch(facecolor=colour, linewidth=0) for _, colour, _ in reversed(_GROUP_BINS)
    ]
    handles[-1] = (handles[-1], Line2D([], [], **_CROSS))  # type: ignore[assignment]
    together = {tuple: HandlerTuple(ndivide=1)}
    return legend_rows(ax, handles, texts, 6, handler_map=together) + 4


def _subtitle(
    results: Results, variant: str, helper: str, product: str, today: date, lang: Lang
) -> str:
    name, n = variant_label(variant, lang), len(results.daily["replication"])
    end = day_label(results.score_end, lang)
    return pick(
        lang,
        f"方案“{name}”，至{end}；{n} 次重复模拟的中位数；范围为最低日当天的；"
        f"降至某级＝至少一天低于该级的模拟占比；"
        f"末列：“{variant_label(helper, lang)}”的调剂",
        f"Variant: {name}, until {end}; median of {n} replications; the range is that of the "
        "day of the lowest median. Yellow, orange, red: share of replications with any day below "
        "the level. Last column: transfers with "
        f"{variant_label(helper, lang)}",
    )


def _frame_of(
    results: Results, rows: list[StatusRow], levels: dict[str, float], lang: Lang
) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "region": row.region,
                "name": region_label(results, row.region, lang),
                "cover_days": row.now,
                "level": level_of(row.now, levels),
                "lowest_days": row.lowest,
                "low_5": row.low,
                "high_95": row.high,
                "lowest_day": np.datetime64(row.day),
                "lowest_level": level_of(row.lowest, levels),
                **{f"chance_{name}": share for name, share in row.risks.items()},
                "unmet_units": row.unmet_units,
                "unmet_share": row.unmet_share,
                **{f"unmet_share_{group}": share for group, share in row.groups.items()},
                "net_help_units": row.net,
            }
            for row in rows
        ]
    )
