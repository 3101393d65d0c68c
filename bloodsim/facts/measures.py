"""How each fact is measured in a run: one value per replication, in the unit of the fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import xarray as xr

from bloodsim.facts.worlds import EPIDEMIC, SURGE, Worlds
from bloodsim.results import Results

Values = npt.NDArray[np.float64]
Measure = Callable[[Worlds], Values]

RED = "red_cells"
FEAST = {2025: date(2025, 1, 29), 2026: date(2026, 2, 17)}
"""Lunar New Year (data/spring_festival.csv)."""
FALL_DAYS = (-45, 24)
"""Days from the lunar New Year between which the fall of stock is taken, as where it was read."""
RELAPSE_DAYS = (180, 230)
"""Days after the surge in which its donors are missing: from the legal interval on."""


# --- building stones ---


def _total(results: Results, column: str, product: str = RED, variant: str = "practice") -> Values:
    """Sum of a column of the totals over regions (R,)."""
    totals = results.totals[column].sel(variant=variant, product=product)
    return np.asarray(totals.sum("region").values, dtype=float)


def _between(
    results: Results,
    column: str,
    dates: tuple[date, date],
    variant: str = "practice",
    region: str = "",
) -> Values:
    """Sum of a daily column of red cells over days, and over regions unless one is named (R,)."""
    daily = results.daily[column].sel(variant=variant, product=RED, day=slice(*map(str, dates)))
    array = daily.sel(region=region) if region else daily.sum("region")
    return np.asarray(array.sum("day").values, dtype=float)


def _national_cover(results: Results, variant: str = "practice") -> xr.DataArray:
    """National stock over national normal-day demand (replication, day)."""
    stock = results.daily["stock"].sel(variant=variant, product=RED).sum("region")
    need = results.tables["normal_demand"]["units"].sel(variant=variant, product=RED)
    return (stock / need.sum("region")).transpose("replication", "day")


def _around(feast: date, offsets: tuple[int, int]) -> tuple[date, date]:
    first, last = (feast + timedelta(days=offset) for offset in offsets)
    return first, last


def _span(texts: tuple[str, str]) -> tuple[date, date]:
    first, last = map(date.fromisoformat, texts)
    return first, last


def _percent(part: Values, whole: Values) -> Values:
    return 100 * part / whole


# --- facts ---


def _fall(results: Results, year: int) -> Values:
    """Fall of the national stock over a feast (days of use, R)."""
    cover = _national_cover(results)
    first, last = _around(FEAST[year], FALL_DAYS)
    fallen = cover.sel(day=str(first)) - cover.sel(day=str(last))
    return np.asarray(fallen.values, dtype=float).reshape(-1)


def _share(results: Results, year: int, last_month: int) -> Values:
    """Share of the year's red cells that is collected by the end of a month (%, R)."""
    end = date(year, last_month + 1, 1) - timedelta(days=1)
    part = _between(results, "collected", (date(year, 1, 1), end))
    return _percent(part, _between(results, "collected", (date(year, 1, 1), date(year, 12, 31))))


def _donations(worlds: Worlds) -> Values:
    donations = worlds.year.collection["donations"].sel(variant="practice")
    return np.asarray(donations.sum(["region", "channel"]).values, dtype=float) / 1e6


def _gift(worlds: Worlds) -> Values:
    donations = worlds.year.collection["donations"].sel(
        variant="practice", channel=["street", "group", "campus"]
    )
    return _total(worlds.year, "collected") / donations.sum(["region", "channel"]).values


def _mean_covers(results: Results) -> xr.DataArray:
    """Mean cover by province (replication, region)."""
    sums = results.totals["cover_days_sum"].sel(variant="practice", product=RED)
    return (sums / results.scored_days).transpose("replication", "region")


def _quartile_distance(worlds: Worlds) -> Values:
    low, high = np.quantile(_mean_covers(worlds.year).values, [0.25, 0.75], axis=1)
    return np.asarray(high - low)


def _peak(worlds: Worlds) -> Values:
    before = _around(FEAST[2026], (-45, 0))
    cover = _national_cover(worlds.year).sel(day=slice(*map(str, before)))
    return np.asarray(cover.max("day").values)


def _sent(worlds: Worlds, to: str = "") -> Values:
    units = worlds.year.transfers["units"].sel(variant="practice", product=RED)
    units = units.sel(destination=to) if to else units.sum("destination")
    return np.asarray(units.sum("origin").values, dtype=float)


def _alert_share(level: int) -> Measure:
    def share(worlds: Worlds) -> Values:
        alert = worlds.year.daily["alert"].sel(variant="practice", product=RED)
        return 100 * np.asarray((alert == level).mean(["day", "region"]).values, dtype=float)

    return share


def _fallen(worlds: Worlds, column: str, dates: tuple[date, date], region: str = "") -> Values:
    """Fall of a daily column by the epidemic, against the same luck without it (%, R)."""
    without = _between(worlds.year, column, dates, region=region)
    return _percent(
        without - _between(worlds.year, column, dates, "epidemic", region=region), without
    )


def _epidemic_use(worlds: Worlds) -> Values:
    first, last = _span(EPIDEMIC)
    return _fallen(worlds, "issued", (first, last + timedelta(days=28)))


def _epidemic_low(worlds: Worlds) -> Values:
    """Lowest stock with the epidemic over that without, both in the eight weeks (%, R)."""
    first, last = _span(EPIDEMIC)
    days = slice(str(first), str(last + timedelta(days=28)))
    low, usual = (
        _national_cover(worlds.year, variant).sel(day=days).min("day").values
        for variant in ("epidemic", "practice")
    )
    return _percent(low, usual)


def _more(worlds: Worlds, dates: tuple[date, date]) -> Values:
    """Change of collection by the surge (%, R)."""
    without = _between(worlds.year, "collected", dates)
    return _percent(_between(worlds.year, "collected", dates, "surge") - without, without)


def _surge_trough(worlds: Worlds) -> Values:
    first, last = _span(SURGE)
    return _more(
        worlds, (first + timedelta(days=RELAPSE_DAYS[0]), last + timedelta(days=RELAPSE_DAYS[1]))
    )


def _surge_outdates(worlds: Worlds) -> Values:
    first, _ = _span(SURGE)
    dates = (first, first + timedelta(days=60))
    more = _between(worlds.year, "outdated", dates, "surge")
    return (more - _between(worlds.year, "outdated", dates)) / 1e3


MEASURES: Mapping[str, Measure] = {
    "donations": _donations,
    "gift": _gift,
    "red_cells_issued": lambda w: _total(w.year, "issued") / 1e6,
    "platelets_issued": lambda w: _total(w.year, "issued", "platelets") / 1e6,
    "usable_share": lambda w: _percent(_total(w.year, "released"), _total(w.year, "collected")),
    "mean_cover": lambda w: np.asarray(_mean_covers(w.year).mean("region").values),
    "cover_quartiles": _quartile_distance,
    "peak_cover": _peak,
    "fall_2026": lambda w: _fall(w.year, 2026),
    "fall_2025": lambda w: _fall(w.earlier, 2025),
    "share_2026": lambda w: _share(w.year, 2026, 4),
    "share_2025": lambda w: _share(w.earlier, 2025, 4),
    "share_may_2025": lambda w: _share(w.earlier, 2025, 5),
    "outdates": lambda w: _percent(_total(w.year, "outdated"), _total(w.year, "released")),
    "platelet_outdates": lambda w: _percent(
        _total(w.year, "outdated", "platelets"), _total(w.year, "released", "platelets")
    ),
    "transfers": lambda w: _sent(w) / 1e3,
    "into_beijing": lambda w: _sent(w, "BJ") / 1e3,
    "beijing_share": lambda w: _percent(_sent(w, "BJ"), _sent(w)),
    "green": _alert_share(0),
    "blue": _alert_share(1),
    "yellow": _alert_share(2),
    "orange": _alert_share(3),
    "red": _alert_share(4),
    "epidemic_collection": lambda w: _fallen(w, "collected", _span(EPIDEMIC), "ZJ"),
    "epidemic_use": _epidemic_use,
    "epidemic_year": lambda w: _fallen(w, "issued", (date(2026, 1, 1), date(2026, 12, 31))),
    "epidemic_low": _epidemic_low,
    "surge_week": lambda w: _more(w, _span(SURGE)),
    "surge_trough": _surge_trough,
    "surge_outdates": _surge_outdates,
}
"""Measures by the key of their fact."""
