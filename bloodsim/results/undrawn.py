"""Why a result has no such chart or table, in both languages."""

from __future__ import annotations

from bloodsim.labels import Lang, pick
from bloodsim.results.tables import ResultsError


class UndrawnError(ValueError):
    """A chart that this result cannot have; as text, why in English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh


class NoTableError(ResultsError):
    """A table that this result does not have."""

    def __init__(self, name: str, known: str) -> None:
        super().__init__(f"this result has no table {name!r}; it has {known}")
        self.zh = f"本次运行没有保存表 {name}"


def why(error: Exception, lang: Lang) -> str:
    """Say why in a language; in English where the error knows no other."""
    return pick(lang, str(getattr(error, "zh", error)), str(error))


def no_daily(variant: str) -> UndrawnError:
    """Nothing was kept day by day of a variant."""
    return UndrawnError(
        f"没有保存方案“{variant}”的逐日数据", f"no daily values were kept of variant {variant!r}"
    )
