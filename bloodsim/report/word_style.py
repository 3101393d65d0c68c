"""The look of the Word briefing: a neutral template made here, with East Asian fonts set."""

from __future__ import annotations

from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from bloodsim.report.brief import Fonts

TEXT_WIDTH_MM = 166.0
"""A4 within its margins."""
TABLE_STYLE = "Briefing Table"

_MARGIN_MM = 22.0
_INK, _MUTED, _LINE = RGBColor(0x22, 0x22, 0x22), RGBColor(0x59, 0x59, 0x59), "A8A8A8"
_THEMED = ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme")
_SIZES = {
    "Title": (22.0, 0.0, 4.0),
    "Heading 1": (15.0, 14.0, 5.0),
    "Heading 2": (12.5, 10.0, 3.0),
    "Heading 3": (11.0, 8.0, 2.0),
}
"""Of a style: size, space before and after (points)."""


def template(fonts: Fonts, language: str) -> WordDocument:
    """An empty A4 document with the styles of a briefing."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(_MARGIN_MM)
    section.top_margin = section.bottom_margin = Mm(17)
    section.header_distance = section.footer_distance = Mm(8)
    _defaults(document, fonts, language)
    styles = document.styles
    normal = styles["Normal"]
    _set_fonts(normal, fonts.latin, fonts.body)
    normal.font.size = Pt(10.5)
    normal.paragraph_format.space_after = Pt(4)
    normal.paragraph_format.line_spacing = 1.2
    for name, (size, before, after) in _SIZES.items():
        style = styles[name]
        _set_fonts(style, fonts.latin, fonts.heading)
        style.font.size, style.font.bold = Pt(size), name != "Title"
        style.font.color.rgb, style.font.italic = _INK, False
        style.paragraph_format.space_before, style.paragraph_format.space_after = (
            Pt(before),
            Pt(after),
        )
        style.paragraph_format.keep_with_next = True
        _no_border(style)
    _further(styles, fonts)
    _table_style(styles)
    return document


def _further(styles: Any, fonts: Fonts) -> None:
    """Styles of lists, captions, remarks, the status sentence, header and footer."""
    for name in ("Caption", "List Number", "Header", "Footer"):
        _set_fonts(styles[name], fonts.latin, fonts.body)
    caption = styles["Caption"]
    caption.font.size, caption.font.bold, caption.font.color.rgb = Pt(9), False, _MUTED
    caption.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    caption.paragraph_format.space_after = Pt(10)
    for name in ("Header", "Footer"):
        styles[name].font.size, styles[name].font.color.rgb = Pt(8.5), _MUTED
    for name, size in (("Remark", 9.0), ("Small", 8.0), ("Cell", 9.0)):
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        _set_fonts(style, fonts.latin, fonts.body)
        style.font.size = Pt(size)
        style.paragraph_format.space_after = Pt(4 if name == "Remark" else 0)
        style.paragraph_format.line_spacing = 1.1
        if name == "Remark":
            style.font.color.rgb = _MUTED
    decision = styles.add_style("Decision", WD_STYLE_TYPE.PARAGRAPH)
    decision.base_style = styles["Normal"]
    decision.paragraph_format.left_indent = Mm(7)
    decision.paragraph_format.first_line_indent = Mm(-7)
    decision.paragraph_format.tab_stops.add_tab_stop(Mm(7))
    decision.paragraph_format.space_after = Pt(2)
    status = styles.add_style("Status", WD_STYLE_TYPE.PARAGRAPH)
    status.base_style = styles["Normal"]
    _set_fonts(status, fonts.latin, fonts.heading)
    status.font.size = Pt(13)
    status.paragraph_format.left_indent = Mm(3)
    properties = status.element.get_or_add_pPr()
    borders = _element("w:pBdr")
    borders.append(_element("w:left", val="single", sz="36", space="8", color="8F1029"))
    properties.append(borders)
    properties.append(_element("w:shd", val="clear", color="auto", fill="F7F4F4"))
    # The schema wants these two before spacing and indents.
    for tag in ("w:shd", "w:pBdr"):
        found = properties.find(qn(tag))
        properties.remove(found)
        properties.insert(0, found)


def _table_style(styles: Any) -> None:
    """A table with lines between rows and a marked first row."""
    style = styles.add_style(TABLE_STYLE, WD_STYLE_TYPE.TABLE)
    style.base_style = styles["Normal Table"]
    table = _element("w:tblPr")
    borders = _element("w:tblBorders")
    for side in ("top", "bottom", "insideH"):
        borders.append(_element(f"w:{side}", val="single", sz="4", space="0", color=_LINE))
    table.append(borders)
    margins = _element("w:tblCellMar")
    for side, width in (("top", "30"), ("left", "70"), ("bottom", "30"), ("right", "70")):
        margins.append(_element(f"w:{side}", w=width, type="dxa"))
    table.append(margins)
    style.element.append(table)
    first = _element("w:tblStylePr", type="firstRow")
    runs = _element("w:rPr")
    runs.append(_element("w:b"))
    first.append(runs)
    cells = _element("w:tcPr")
    cells.append(_element("w:shd", val="clear", color="auto", fill="EEF1F4"))
    first.append(cells)
    style.element.append(first)


def _defaults(document: WordDocument, fonts: Fonts, language: str) -> None:
    """Fonts and languages of whatever has no style."""
    properties = document.styles.element.find(
        f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}"
    )
    _set_rfonts(properties.find(qn("w:rFonts")), fonts.latin, fonts.body)
    spoken = properties.find(qn("w:lang"))
    spoken.set(qn("w:eastAsia"), "zh-CN")
    spoken.set(qn("w:val"), "en-GB" if language == "en" else "en-US")


def _set_fonts(style: Any, latin: str, east_asian: str) -> None:
    """Set both fonts of a style: `font.name` alone leaves Chinese in the theme's font."""
    style.font.name = latin
    _set_rfonts(style.element.rPr.rFonts, latin, east_asian)


def _set_rfonts(element: Any, latin: str, east_asian: str) -> None:
    for key, font in (("ascii", latin), ("hAnsi", latin), ("cs", latin), ("eastAsia", east_asian)):
        element.set(qn(f"w:{key}"), font)
    for key in _THEMED:
        element.attrib.pop(qn(f"w:{key}"), None)


def _no_border(style: Any) -> None:
    properties = style.element.get_or_add_pPr()
    for border in properties.findall(qn("w:pBdr")):
        properties.remove(border)


def add_field(paragraph: Any, code: str, shown: str) -> None:
    """Add a field that Word computes, such as PAGE; *shown* stands there until it does."""
    for kind, text in (("begin", ""), ("", code), ("separate", ""), ("text", shown), ("end", "")):
        run = paragraph.add_run(text if kind == "text" else "")
        if kind == "text":
            continue
        if kind:
            run._r.append(_element("w:fldChar", fldCharType=kind))
        else:
            instruction = _element("w:instrText")
            instruction.text = f" {code} "
            run._r.append(instruction)


def repeat_header(row: Any) -> None:
    """Let a table's first row stand on every page that the table reaches."""
    row._tr.get_or_add_trPr().append(_element("w:tblHeader"))


def plain_rows(table: Any) -> None:
    """Give a table no header row."""
    look = table._tbl.tblPr.find(qn("w:tblLook"))
    if look is not None:
        look.set(qn("w:firstRow"), "0")
        look.set(qn("w:val"), "0480")


def keep_whole(row: Any) -> None:
    """Keep a row on one page."""
    row._tr.get_or_add_trPr().append(_element("w:cantSplit"))


def _element(tag: str, **attributes: str) -> Any:
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    return element
