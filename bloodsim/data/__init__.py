"""The bundled data: provinces, groups, calendar, rates and fonts, each with its source.

``README.md`` in this folder lists every file, its unit, its source and how far it can be trusted.
"""

import csv
from importlib.resources import files
from importlib.resources.abc import Traversable

__all__ = ["path", "rows"]


def path(name: str) -> Traversable:
    """Where a bundled file is.

    Parameters
    ----------
    name : str
        File name inside this folder, such as ``"provinces.csv"`` or ``"fonts/OFL.txt"``.

    Returns
    -------
    Traversable
        A path-like object: it has ``open``, ``read_text`` and ``read_bytes``.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message lists the tables that there are.
    """
    found = files(__name__).joinpath(*name.split("/"))
    if not found.is_file():
        known = sorted(f.name for f in files(__name__).iterdir() if f.name.endswith(".csv"))
        raise FileNotFoundError(f"no bundled file {name!r}; tables are: {', '.join(known)}")
    return found


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a bundled table, every cell as text.

    Parameters
    ----------
    name : str
        A CSV file inside this folder, such as ``"provinces.csv"``.

    Returns
    -------
    list of dict
        One mapping from column name to text per row, in file order.

    Examples
    --------
    >>> rows("provinces.csv")[0]["abbr"]
    'BJ'
    """
    text = path(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
