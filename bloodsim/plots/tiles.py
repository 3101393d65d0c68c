"""Where regions are drawn: tiles in a grid, or the user's own approved shapes.

No map data are shipped: a public map of China must show its approved extent and number, which
only whoever publishes it can vouch for.
"""

from __future__ import annotations

import json
import math
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from bloodsim import data
from bloodsim.labels import Lang, pick, shown
from bloodsim.plots.canvas import MM, POINTS, Canvas, canvas
from bloodsim.plots.style import MUTED, is_national
from bloodsim.plots.text import drawable, region_label, say, text_width

if TYPE_CHECKING:
    from bloodsim.results import Results

TILE = 0.92
"""Width of a tile; the grid's step is 1."""

_WITHOUT_DATA = {
    (7, 8): ("台湾", "Taiwan"),
    (8, 7): ("香港", "Hong Kong"),
    (9, 7): ("澳门", "Macao"),
}
"""Row and column of the tiles that complete the country and have no data."""

NO_DATA = "#f2f2f2"


class Places(NamedTuple):
    """Centres of the regions, half the room each has, and their shapes if they are not tiles."""

    centres: dict[str, tuple[float, float]]
    half: float
    shapes: dict[str, Path]

    @property
    def size(self) -> tuple[float, float]:
        """Columns and rows that a picture needs."""
        return _span(self, 0), _span(self, 1)

    def patch(self, region: str) -> Rectangle | PathPatch:
        """The outline of a region."""
        if region in self.shapes:
            return PathPatch(self.shapes[region])
        x, y = self.centres[region]
        return Rectangle((x - self.half, y - self.half), 2 * self.half, 2 * self.half)


def _span(places: Places, axis: int) -> float:
    values = [centre[axis] for centre in places.centres.values()]
    return max(values) - min(values) + 1


def tile_places(results: Results, tile: float = TILE) -> Places:
    """Tiles of the regions as the scenario places them; in rows where it does not."""
    facts = results.manifest["regions"]
    places = {
        region: (facts.get(region, {}).get("tile_col"), facts.get(region, {}).get("tile_row"))
        for region in results.regions
    }
    known = [place for place in places.values() if None not in place]
    if len(known) < len(places) or len(set(known)) < len(known):
        columns = math.ceil(math.sqrt(1.6 * len(places)))
        places = {r: (i % columns, i // columns) for i, r in enumerate(results.regions)}
    return Places({r: (float(x), float(y)) for r, (x, y) in places.items()}, tile / 2, {})


def shape_places(results: Results, geojson: str | FilePath) -> Places:
    """Shapes of the user's GeoJSON, features matched to regions by ``adcode``.

    Longitude is drawn 0.82 times as long as latitude (right at 35° north).

    Raises
    ------
    ValueError
        If the file is no GeoJSON with polygons, or a region has no shape in it.
    """
    try:
        features = json.loads(FilePath(geojson).read_text("utf-8-sig"))["features"]
        found = {str(each["properties"]["adcode"]): each["geometry"] for each in features}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{geojson} is not a GeoJSON file of features with 'adcode' ({error!r})"
        ) from None
    codes = {row["abbr"]: row["adcode"] for row in data.rows("provinces.csv")}
    shapes, centres = {}, {}
    for region in results.regions:
        geometry = found.get(codes.get(region, region), found.get(region))
        if geometry is None:
            raise ValueError(f"{geojson} has no shape with the adcode of {region}")
        rings = _rings(geometry, geojson)
        shapes[region] = Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))
        largest = max(rings, key=_area)
        centres[region] = tuple(largest[:-1].mean(axis=0))
    extent = np.ptp(np.vstack([shape.vertices for shape in shapes.values()]), axis=0).max()
    scale = 9.0 / float(extent)
    return Places(
        {r: (x * scale, y * scale) for r, (x, y) in centres.items()},
        0.16,
        {r: Path(np.asarray(shape.vertices) * scale, shape.codes) for r, shape in shapes.items()},
    )


def _rings(geometry: dict[str, Any], geojson: str | FilePath) -> list[np.ndarray]:
    kinds = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}
    if geometry["type"] not in kinds:
        raise ValueError(f"{geojson} holds a {geometry['type']}; expected polygons")
    rings = [np.asarray(r, dtype=float)[:, :2] for part in kinds[geometry["type"]] for r in part]
    return [ring * (0.82, -1.0) for ring in rings]


def _area(ring: np.ndarray) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return abs(float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))) / 2


class Ground(NamedTuple):
    """Where a chart of places is drawn, and the width of a step of the grid (points)."""

    on: Canvas
    places: Places
    step: float


def draw_ground(
    results: Results,
    fills: dict[str, str],
    lang: Lang,
    *,
    ax: Axes | None,
    width_mm: float,
    around_mm: tuple[float, float],
    widest_mm: float,
    least_mm: float = 0.0,
    tile: float = TILE,
    shapes: str | FilePath | None = None,
) -> Ground:
    """Draw the regions in their colours on axes as large as they need.

    *around_mm* is what is beside and what above and below the tiles, *widest_mm* the largest step
    of the grid, *least_mm* the least height of the grid.
    """
    places = shape_places(results, shapes) if shapes else tile_places(results, tile)
    columns, rows = places.size
    step = min(widest_mm, (width_mm - around_mm[0]) / columns)
    on = canvas(ax, width_mm, around_mm[1] + max(step * rows, least_mm))
    draw_places(on.ax, results, places, fills)
    draw_without_data(on.ax, results, places, lang)
    return Ground(on, places, step * MM * POINTS)


def draw_places(ax: Axes, results: Results, places: Places, fills: dict[str, str]) -> None:
    """Draw the regions in their colours, and set the axes to hold them."""
    patches = [places.patch(region) for region in results.regions]
    colours = [fills.get(region, NO_DATA) for region in results.regions]
    ax.add_collection(
        PatchCollection(patches, facecolors=colours, edgecolors="white", linewidths=0.6)
    )
    corners = np.vstack([p.get_transform().transform(p.get_path().vertices) for p in patches])
    low, high = corners.min(axis=0), corners.max(axis=0)
    ax.set_xlim(low[0] - 0.05, high[0] + 0.05)
    ax.set_ylim(high[1] + 0.05, low[1] - 0.05)
    ax.set_aspect("equal", anchor="NW")
    ax.axis("off")


def draw_without_data(ax: Axes, results: Results, places: Places, lang: Lang) -> None:
    """Draw the tiles that complete the country, marked as without data."""
    if places.shapes or not is_national(results.regions):
        return
    half = places.half
    for (row, column), (zh, en) in _WITHOUT_DATA.items():
        if (float(column), float(row)) in places.centres.values():
            continue
        ax.add_patch(
            Rectangle(
                (column - half, row - half), 2 * half, 2 * half, facecolor=NO_DATA, linewidth=0
            )
        )
        say(ax, column, row - 0.12, pick(lang, zh, en), 5.5, ha="center", color=MUTED)
        say(ax, column, row + 0.16, pick(lang, "无数据", "no data"), 5.2, ha="center", color=MUTED)


def tile_name(
    results: Results, region: str, lang: Lang, room: float, size: float
) -> tuple[str, float]:
    """Name of a region and the size at which it fits into *room* points; else its identifier."""
    name = region_label(results, region, lang)
    for candidate in (name, name.partition(" (")[0]):
        for smaller in (size, 0.92 * size, 0.84 * size):
            if text_width(candidate, smaller) <= room:
                return candidate, smaller
    words = name.split(" ")
    if len(words) == 2 and max(text_width(word, 0.92 * size) for word in words) <= room:
        return "\n".join(words), 0.92 * size
    return drawable(shown(region, 6)), size


def not_a_map(places: Places, lang: Lang) -> str:
    """What to say beside tiles: that they are none of a map."""
    if places.shapes:
        return pick(lang, "；底图由使用者提供", "; shapes supplied by the user")
    return pick(lang, "；示意图块，非地图", "; a grid of tiles, not a map")
