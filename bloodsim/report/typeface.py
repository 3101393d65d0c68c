"""The bundled font, cut down to the characters of a page."""

from __future__ import annotations

import base64
import io
from importlib.resources import as_file

from fontTools import subset

from bloodsim import data

_FILE = "fonts/NotoSansSC-gb2312.ttf"


def font_face(text: str) -> str:
    """Return the CSS that brings the font with the page, with the characters of *text* only."""
    options = subset.Options(flavor="woff", with_zopfli=False, notdef_outline=True)
    options.layout_features = ["kern"]
    with as_file(data.path(_FILE)) as path:
        font = subset.load_font(str(path), options)
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(set(text) | set(" 0123456789"))))
    cutter.subset(font)
    file = io.BytesIO()
    subset.save_font(font, file, options)
    font.close()
    encoded = base64.b64encode(file.getvalue()).decode("ascii")
    return (
        "@font-face{font-family:'Noto Sans SC';font-weight:100 900;"
        f"src:url(data:font/woff;base64,{encoded}) format('woff')}}"
    )
