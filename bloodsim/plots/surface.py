"""What a rule costs by its parameters: a heat map of two, a line with its band of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.lines import Line2D

from bloodsim.plots.chart import Chart, Margins, canvas, figure_of, frame, legend_below
from bloodsim.plots.style import INK, MUTED, Lang, house_style, pick, variant_label
from bloodsim.plots.text import drawable

if TYPE_CHECKING:
    import pandas as pd

WIDTH_MM, HEIGHT_MM = 150.0, 110.0
_PALE_TO_DARK = ("#f4f8f5", "#9fc6d8", "#3f7fae", "#1d3f6e")
_MARKS = {"start": ("o", "white"), "winner": ("*", "#f3d34a")}


def plot_surface(found: Mapping[str, Any], *, ax: Axes | None = None, lang: Lang = "en") -> Chart:
    """Mean cost above the best candidate, by the parameters that were tuned.

    Parameters
    ----------
    found : mapping
        What `bloodsim.tuning.Tuning.as_dict` returns, of one or two parameters.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; default: those of a new figure.
    lang : {"en", "zh"}, default "en"
        Language of all words.

    Returns
    -------
    Chart
        ``(ax, data)``; data has one row per candidate.

    Raises
    ------
    ValueError
        More than two parameters.
    """
    import pandas as pd

    names = list(found["parameters"])
    if len(names) > 2:
        raise ValueError(f"a surface has one or two parameters; there are {len(names)}")
    data = pd.DataFrame(found["surface"])
    with house_style():
        on = canvas(ax, WIDTH_MM, HEIGHT_MM)
        if len(names) == 1:
            _line(on.ax, data, names[0], found, lang)
        else:
            _map(on.ax, data, names, found, lang)
        right = 24.0 if len(names) == 1 else 76.0
        frame(
            on,
            _headline(found, lang),
            _subtitle(found, len(names), lang),
            _footer(found, lang),
            Margins(left=46.0, right=right, above=10.0, below=64.0),
        )
    return Chart(on.ax, data)


def _line(ax: Axes, data: pd.DataFrame, name: str, found: Mapping[str, Any], lang: Lang) -> None:
    line = data.sort_values(name)
    x, y = line[name].to_numpy(float), line["difference"].to_numpy(float)
    half = np.nan_to_num(line["half_width"].to_numpy(float))
    ax.fill_between(x, y - half, y + half, color="#3f7fae", alpha=0.2, linewidth=0)
    ax.plot(x, y, color="#3f7fae", linewidth=1.6, marker=".", markersize=5)
    ax.axhline(0, color=MUTED, linewidth=0.6)
    for mark in _MARKS:
        value = found[mark][name]
        height = y[int(np.argmin(np.abs(x - value)))]
        _mark(ax, mark, value, height)
    ax.set_xlabel(name)
    ax.set_ylabel(pick(lang, "比最优多出的代价（分）", "Cost above the best (points)"))
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    _legend(ax, lang)


def _map(
    ax: Axes, data: pd.DataFrame, names: Sequence[str], found: Mapping[str, Any], lang: Lang
) -> None:
    x_name, y_name = names
    grid = data[data["round"] == 0]
    xs, ys = (_grid_values(found["parameters"][name], grid[name]) for name in names)
    cells = np.full((len(ys), len(xs)), np.nan)
    for row in grid.to_dict("records"):
        if row[x_name] in xs and row[y_name] in ys:
            cells[ys.index(row[y_name]), xs.index(row[x_name])] = row["difference"]
    colours = LinearSegmentedColormap.from_list("cost", _PALE_TO_DARK)
    scale = Normalize(0, float(np.nanmax(cells)) or 1.0)
    ax.pcolormesh(_edges(xs), _edges(ys), cells, cmap=colours, norm=scale, rasterized=False)
    refined = data[data["round"] > 0]
    ax.scatter(
        refined[x_name],
        refined[y_name],
        c=colours(scale(refined["difference"])),
        s=26,
        edgecolors=INK,
        linewidths=0.4,
    )
    alike = data[data["as_good"]]
    ax.scatter(alike[x_name], alike[y_name], marker="x", s=20, color=INK, linewidths=0.8)
    for mark in _MARKS:
        _mark(ax, mark, found[mark][x_name], found[mark][y_name])
    ax.set_xticks(xs, labels=[f"{value:g}" for value in xs])
    ax.set_yticks(ys, labels=[f"{value:g}" for value in ys])
    ax.set_xlabel(x_name)
    ax.set_ylabel(y_name)
    bar = figure_of(ax).colorbar(ScalarMappable(scale, colours), ax=ax, pad=0.03, fraction=0.06)
    bar.set_label(pick(lang, "比最优多出的代价（分）", "Cost above the best (points)"))
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    bar.outline.set_visible(False)
    _legend(ax, lang, with_cross=True)


def _mark(ax: Axes, mark: str, x: float, y: float) -> None:
    shape, colour = _MARKS[mark]
    size = 11 if shape == "*" else 6
    ax.plot(
        [x],
        [y],
        linestyle="none",
        marker=shape,
        markersize=size,
        markerfacecolor=colour,
        markeredgecolor=INK,
        markeredgewidth=0.8,
        clip_on=False,
        zorder=5,
    )


def _grid_values(settings: Mapping[str, Any], column: pd.Series) -> list[float]:
    """Return the values of the first grid, without a start that lies between them."""
    counts = column.value_counts()
    common = counts[counts > 1].index if (counts > 1).any() else counts.index
    inside = [v for v in common if settings["low"] <= v <= settings["high"]]
    return sorted(float(value) for value in inside)


def _edges(values: Sequence[float]) -> np.ndarray:
    """Return the edges of cells around values."""
    if len(values) == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    middles = (np.array(values[1:]) + values[:-1]) / 2
    first, last = 2 * values[0] - middles[0], 2 * values[-1] - middles[-1]
    return np.array([first, *middles, last])


def _legend(ax: Axes, lang: Lang, with_cross: bool = False) -> None:
    def handle(shape: str, colour: str, size: float) -> Line2D:
        return Line2D(
            [],
            [],
            linestyle="none",
            marker=shape,
            markersize=size,
            markerfacecolor=colour,
            markeredgecolor=INK,
            markeredgewidth=0.8,
        )

    handles = [handle(*_MARKS["winner"], 10), handle(*_MARKS["start"], 6)]
    texts = [
        pick(lang, "搜索中代价最低", "cheapest in the search"),
        pick(lang, "起始值", "start values"),
    ]
    if with_cross:
        handles.append(handle("x", INK, 5))
        texts.append(pick(lang, "与最低者无显著差别", "no difference from it shown"))
    ax.legend(handles, texts, ncols=len(texts), **legend_below(ax, 36))


def _headline(found: Mapping[str, Any], lang: Lang) -> str:
    values = ", ".join(f"{name} {value:g}" for name, value in found["chosen"].items())
    mean, half = (found["winner_minus_start_fresh"][key] for key in ("mean", "half_width"))
    if found["winner"] == found["start"]:
        said = pick(lang, "起始值已是最优", "the start values are the best looked at")
    elif mean is not None and half is not None and mean + half < 0:
        said = pick(
            lang,
            f"新随机数下代价降低 {-mean:,.0f} ± {half:,.0f} 分",
            f"{-mean:,.0f} ± {half:,.0f} points cheaper than the start in fresh worlds",
        )
    else:
        said = pick(
            lang,
            "新随机数下未见更优，沿用起始值",
            "nothing better shown in fresh worlds, the start values stay",
        )
    policy = drawable(variant_label(found["policy"], lang))
    return pick(lang, f"{policy}：{values}；{said}", f"{policy}: {values}; {said}")


def _subtitle(found: Mapping[str, Any], count: int, lang: Lang) -> str:
    n = found["replications"] * len(found["seeds"])
    band_zh = "色带为配对 95% 区间" if count == 1 else "圆点为细化搜索"
    band_en = "band: paired 95 % interval" if count == 1 else "dots: refinement"
    if count == 2 and found["forbidden_combinations"]:
        band_zh += "；空白为情景不允许的组合"
        band_en += "; blank: forbidden by the scenario"
    return pick(
        lang,
        f"平均代价与最优之差；{found['candidates']} 组取值，{n} 个共同的随机世界；{band_zh}",
        f"Mean cost less that of the best; {found['candidates']} candidates on the same {n} random "
        f"worlds; {band_en}",
    )


def _footer(found: Mapping[str, Any], lang: Lang) -> str:
    seeds = ", ".join(map(str, found["seeds"]))
    fresh = ", ".join(map(str, found["fresh_seeds"]))
    return pick(
        lang,
        f"模拟结果，非实测；分值不是金额。情景 {found['scenario']}；搜索种子 {seeds}，检验种子 "
        f"{fresh}，评分种子 {found['scoring_seed']}。",
        f"Simulated, not observed; points are not money. Scenario {found['scenario']}; seeds of "
        f"the search {seeds}, of the check {fresh}, of scoring {found['scoring_seed']}.",
    )
