"""The common ground of scenario models: frozen, strict, documented where declared."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from bloodsim import seasons

Key = TypeVar("Key")
Value = TypeVar("Value")


class Model(BaseModel):
    """A part of a scenario: immutable, unknown keys refused, each field documented below itself."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        validate_default=True,
    )


class FrozenDict(dict[Key, Value]):
    """A mapping that cannot change: a frozen model with a live dict inside is not frozen."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a scenario is frozen; scenario.set(path, value) returns a changed copy")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _refuse
    __ior__ = _refuse

    def __reduce__(self) -> Any:
        """Pickle through a plain dict, since item assignment is refused."""
        return (FrozenDict, (dict(self),))


def _freeze(value: dict[Key, Value]) -> FrozenDict[Key, Value]:
    return value if isinstance(value, FrozenDict) else FrozenDict(value)


def _thaw(value: dict[Key, Value]) -> dict[Key, Value]:
    return dict(value)


Frozen = Annotated[dict[Key, Value], AfterValidator(_freeze)]
"""A frozen mapping field: ``Frozen[RegionId, Region]``."""

# Bidirectional controls, other format characters and control characters: they can make a name
# look like another one, or break out of a cell or a file name.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


def _plain_text(value: str) -> str:
    if _UNPRINTABLE.search(value):
        raise ValueError("must not contain control or text-direction characters")
    return value


PlainText = Annotated[str, Field(max_length=2000), AfterValidator(_plain_text)]
"""Printable text without control or text-direction characters."""

RegionId = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}$")]
"""A region's identifier: a letter, then up to 31 letters, digits or underscores."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
"""An identifier in lower case, such as ``red_cells`` or ``street``."""

Share = Annotated[float, Field(ge=0, le=1)]
"""A share between 0 and 1."""

NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Days = Annotated[int, Field(ge=0, le=3660)]
"""A whole number of days."""

Hour = Annotated[float, Field(ge=0, le=24)]
"""An hour of the day, 0 to 24."""


def _scenario_date(value: Any) -> Any:
    return seasons.parse_date(value) if isinstance(value, str) else value


DATE_FORMAT = "date-or-feast"
"""Format of dates in the JSON Schema: not all are ISO."""

ScenarioDate = Annotated[
    date,
    BeforeValidator(_scenario_date),
    PlainSerializer(lambda day: day.isoformat(), return_type=str),
    Field(
        json_schema_extra={"format": DATE_FORMAT, "examples": ["2026-01-31"]}  # not only ISO
    ),
]
"""A date, ISO or relative to a lunar New Year: ``2026-01-31``, ``spring_festival 2026 - 21``."""


class Text(Model):
    """A text in Chinese and English."""

    zh: PlainText = ""
    """Chinese text."""
    en: PlainText = ""
    """English text."""
