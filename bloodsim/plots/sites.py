"""Which sites should be opened: candidates by the gifts that they bring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from bloodsim.labels import Lang, pick
from bloodsim.numbers import number, plain
from bloodsim.plots.chart import Chart, Margins, canvas, frame, legend_rows
from bloodsim.plots.style import INK, MUTED, house_style
from bloodsim.plots.text import say, text_width

if TYPE_CHECKING:
    from bloodsim.planning.proposal import TransferProposal

WIDTH_MM, ROW_MM = 170.0, 6.0
_COLOURS = {"open": "#14558f", "not opened": "#c9d7e3", "barred": "#d9d9d9"}
_WORDS = {
    "open": ("开设", "open"),
    "not opened": ("不开设（若单独开设）", "not opened (if it alone were)"),
    "barred": ("无许可", "no permit"),
}


def plot_sites(proposal: TransferProposal, *, ax: Axes | None = None, lang: Lang = "en") -> Chart:
    """Candidate sites by gifts a year: those to open, and what the others would bring alone.

    Parameters
    ----------
    proposal : TransferProposal
        With sites.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data: the proposal's table of sites in the order drawn.
    """
    if proposal.sites is None:
        raise ValueError("the plan has no sites")
    table = proposal.sites.table
    rank = table["decision"].map({name: k for k, name in enumerate(_COLOURS)})
    order = table.assign(rank=rank).sort_values(
        ["rank", "gifts_per_year"], ascending=[True, False], kind="stable"
    )
    data = order.drop(columns="rank").reset_index(drop=True)
    with house_style():
        on = canvas(ax, WIDTH_MM, 38 + ROW_MM * max(len(data), 3))
        names = [_name(row, proposal, lang) for row in data.itertuples(index=False)]
        _draw(on.ax, data, names, lang)
        shown = [kind for kind in _COLOURS if (data["decision"] == kind).any()]
        below = 22 + legend_rows(
            on.ax,
            [Patch(facecolor=_COLOURS[kind], linewidth=0) for kind in shown],
            [pick(lang, *_WORDS[kind]) for kind in shown],
            22,
        )
        frame(
            on,
            _headline(proposal, lang),
            _subtitle(proposal, lang),
            _footer(proposal, lang),
            Margins(
                left=max(text_width(name, 7.0) for name in names) + 14,
                right=120.0,
                above=14.0,
                below=below + 6,
            ),
        )
    return Chart(on.ax, data)


def _name(row: Any, proposal: TransferProposal, lang: Lang) -> str:
    where = row.city or proposal.names.get(row.region, row.region)
    return pick(lang, f"{row.site}（{where}）", f"{row.site} ({where})")


def _draw(ax: Axes, data: Any, names: list[str], lang: Lang) -> None:
    colours = [_COLOURS[kind] for kind in data["decision"]]
    ax.barh(range(len(data)), data["gifts_per_year"], height=0.66, color=colours)
    top = max(float(data["gifts_per_year"].max()), 1.0)
    for y, row in enumerate(data.itertuples(index=False)):
        gifts = number(row.gifts_per_year, lang) if row.decision != "barred" else "–"
        say(ax, row.gifts_per_year + 0.01 * top, y, gifts, 6.5, ha="left", color=INK)
        if row.decision == "barred":
            continue
        cost = pick(lang, f"费用 {plain(row.cost_per_year)}", f"cost {plain(row.cost_per_year)}")
        told = f"{row.hours.replace('_', ' ')}; {cost}"
        ax.annotate(
            told, (1, y), (38, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", va="center", ha="left", fontsize=6.5, color=MUTED,
        )  # fmt: skip
    ax.set_yticks(range(len(names)), labels=names, fontsize=7)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(0, top)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _headline(proposal: TransferProposal, lang: Lang) -> str:
    sites = proposal.sites
    assert sites is not None
    opened, count = sites.opened, len(sites.table)
    gifts = number(sites.gifts_per_year, lang)
    return pick(
        lang,
        f"{count} 个候选点开设 {len(opened)} 个，每年约 {gifts} 人次",
        f"{len(opened)} of {count} candidate sites would bring {gifts} gifts a year",
    )


def _subtitle(proposal: TransferProposal, lang: Lang) -> str:
    sites = proposal.sites
    assert sites is not None
    goal = {
        "gifts": pick(lang, "可及居民献血最多", "most gifts from residents within reach"),
        "travel_time": pick(lang, "居民平均路程最短", "least mean travel time of residents"),
    }[sites.goal]
    cost = plain(sites.cost_per_year)
    said = pick(
        lang,
        f"条形：每年献血人次。目标：{goal}；年费用 {cost}",
        f"Bars: gifts a year. Goal: {goal}; cost a year {cost}",
    )
    if sites.mean_minutes == sites.mean_minutes:
        minutes = f"{sites.mean_minutes:.1f}"
        said += pick(
            lang,
            f"；居民到最近采血点平均 {minutes} 分钟",
            f"; residents are {minutes} minutes from their nearest site on average",
        )
    return said


def _footer(proposal: TransferProposal, lang: Lang) -> str:
    scenario = f"{proposal.scenario} {proposal.scenario_hash[:8]}"
    return pick(
        lang,
        f"计划值，非实测；每千居民献血人次为判断值。情景 {scenario}。",
        f"Planned, not observed; gifts per thousand residents are judgement. Scenario {scenario}.",
    )
