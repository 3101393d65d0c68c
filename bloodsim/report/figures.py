"""Charts of a briefing: drawn, put into the page with real text, and never in each other's way."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import NamedTuple

from bloodsim.labels import Lang
from bloodsim.plots import CHARTS, PLAN_CHARTS, Chart
from bloodsim.results import Results, ResultsError
from bloodsim.results.plan_file import SavedPlan
from bloodsim.results.undrawn import why

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}href"


class Figure(NamedTuple):
    """A chart of a page; none where it cannot be drawn, and `why`."""

    name: str
    headline: str
    alt: str
    why: str
    chart: Chart | None

    def svg(self, tag: str = "") -> str:
        """The chart as an element of a page; *tag* tells the charts of several runs apart."""
        if self.chart is None:
            return ""
        return inline(self.chart.content("svg", real_text=True), tag + self.name, self.alt)

    @property
    def shape(self) -> float:
        """Height of the chart as a share of its width."""
        if self.chart is None:
            return 0.0
        width, height = self.chart.figure.get_size_inches()
        return float(height / width)


def figure(results: Results, name: str, lang: Lang, plan: SavedPlan | None = None) -> Figure:
    """Draw a chart by name; a chart that this result cannot have says why."""
    try:
        if name in PLAN_CHARTS:
            chart = PLAN_CHARTS[name](results, plan, lang=lang)
        else:
            chart = CHARTS[name](results, lang=lang)
    except (ValueError, ResultsError) as error:
        return Figure(name, "", "", why(error, lang), None)
    return Figure(name, chart.headline, chart.alt, "", chart)


def inline(svg: bytes, name: str, alt: str) -> str:
    """Return an SVG as an element of a page: ids of its own, no style sheet, as wide as it may be.

    A strict content security policy forbids ``style`` attributes, so each becomes the presentation
    attributes that it stands for.
    """
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK[1:].partition("}")[0])
    root = ET.fromstring(svg)
    for tag in ("metadata", "title"):
        for element in root.findall(f"{{{_SVG}}}{tag}"):
            root.remove(element)
    for parent in root.iter():
        for child in list(parent):
            if child.tag == f"{{{_SVG}}}style":
                parent.remove(child)
    ids = {e.get("id"): f"{name}-{i}" for i, e in enumerate(root.iter()) if e.get("id")}
    for element in root.iter():
        _own_ids(element, {str(old): new for old, new in ids.items()})
        _attributes_of_style(element)
    width = root.get("width", "0").removesuffix("pt")
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    # The style sheet that went said this of everything.
    root.attrib |= {"stroke-linejoin": "round", "stroke-linecap": "butt", "role": "img"}
    root.attrib |= {"aria-label": alt, "class": "wide" if float(width) > 500 else "plain"}
    return ET.tostring(root, encoding="unicode")


def _own_ids(element: ET.Element, ids: dict[str, str]) -> None:
    for key, value in list(element.attrib.items()):
        if key == "id":
            element.set(key, ids[value])
        elif key == _XLINK and value[1:] in ids:
            element.set(key, f"#{ids[value[1:]]}")
        elif "url(#" in value:
            for old, new in ids.items():
                value = value.replace(f"url(#{old})", f"url(#{new})")
            element.set(key, value)


def _attributes_of_style(element: ET.Element) -> None:
    for rule in element.attrib.pop("style", "").split(";"):
        name, _, value = rule.partition(":")
        if value.strip():
            element.set(name.strip(), value.strip())
