"""A picture that somebody brings: read, checked, and written anew so that nothing else comes in."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

LARGEST_BYTES = 1_000_000
_MOST_PIXELS = 16_000_000
_WIDTH, _HEIGHT = 800, 300
"""Pixels that a page needs at most."""


class LogoError(ValueError):
    """A picture that cannot be used."""


class Logo(NamedTuple):
    """A picture as PNG, and its size in pixels."""

    png: bytes
    width: int
    height: int


def read_logo(path: Path) -> Logo:
    """Read a PNG or JPEG.

    The picture is decoded and written again as PNG: what a page shows was made here, without the
    notes, profiles and appendices of the file. SVG is refused, since it may hold scripts.

    Raises
    ------
    LogoError
        No such file, too large, or no PNG or JPEG.
    """
    from PIL import Image, UnidentifiedImageError

    if not path.is_file():
        raise LogoError(f"no picture {path.name!r} beside the brief file")
    if path.stat().st_size > LARGEST_BYTES:
        raise LogoError(f"{path.name!r} has more than {LARGEST_BYTES:,} bytes")
    try:
        with Image.open(io.BytesIO(path.read_bytes()), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise LogoError(f"{path.name!r} has more than {_MOST_PIXELS:,} pixels")
            drawn = picture.convert("RGBA")
    except LogoError:
        raise
    except UnidentifiedImageError:
        raise LogoError(f"{path.name!r} is neither PNG nor JPEG (an SVG can be exported)") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise LogoError(f"{path.name!r} cannot be read: {error}") from None
    drawn.thumbnail((_WIDTH, _HEIGHT))
    bare = Image.new("RGBA", drawn.size)
    bare.paste(drawn)
    file = io.BytesIO()
    bare.save(file, format="PNG", optimize=True)
    return Logo(file.getvalue(), *bare.size)
