"""Where each region stands on a day and what is ahead of it, from saved results."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bloodsim.plots.dates import days_of
from bloodsim.results.undrawn import no_daily

if TYPE_CHECKING:
    from bloodsim.results import Results


class StatusRow(NamedTuple):
    """What the board says of a region."""

    region: str
    now: float
    lowest: float
    low: float
    high: float
    day: date
    risks: dict[str, float]
    unmet_units: float
    unmet_share: float
    groups: dict[str, float]
    net: float


def status_rows(
    results: Results,
    variant: str,
    product: str,
    helper: str,
    today: date,
    levels: dict[str, float],
) -> list[StatusRow]:
    """Return a row per region, the one with the lowest cover ahead first."""
    array = results.daily["cover_days"].sel(variant=variant, product=product)
    array = array.transpose("replication", "day", "region").dropna("replication", how="all")
    if array.sizes["replication"] == 0:
        raise no_daily(variant)
    array = array.sel(day=slice(np.datetime64(today), None))
    days, cover = days_of(array["day"].values), array.values.astype(float)
    if not days or days[0] != today:
        raise ValueError(f"{today} is not one of the days of this result")
    low, median, high = np.quantile(cover, [0.05, 0.5, 0.95], axis=0)
    totals = results.totals.sel(variant=variant, product=product)
    unmet = (totals["lost"] + totals["cancelled"]).mean("replication").values
    asked = totals["requested"].mean("replication").values
    groups = _groups(results, variant, product)
    net = _net(results, helper, product)
    rows = []
    for i, region in enumerate(results.regions):
        at = int(np.argmin(median[:, i]))
        risks = {name: float((cover[:, :, i] < d).any(1).mean()) for name, d in levels.items()}
        share = float(unmet[i] / asked[i]) if asked[i] else 0.0
        rows.append(
            StatusRow(
                region,
                float(median[0, i]),
                float(median[at, i]),
                float(low[at, i]),
                float(high[at, i]),
                days[at],
                risks,
                float(unmet[i]),
                share,
                groups.get(region, {}),
                net.get(region, 0.0),
            )
        )
    return sorted(rows, key=lambda row: row.lowest)


def _groups(results: Results, variant: str, product: str) -> dict[str, dict[str, float]]:
    """Unmet share by region and blood group; nothing where groups were not kept."""
    if "groups" not in results.tables:
        return {}
    table = results.groups.sel(variant=variant, product=product).mean("replication")
    asked = table["requested"]
    share = (table["unmet"] / asked.where(asked > 0)).fillna(0.0)
    names = [str(name) for name in share["group"].values]
    values = share.transpose("region", "group").values.tolist()
    return {
        region: dict(zip(names, row, strict=True))
        for region, row in zip(results.regions, values, strict=True)
    }


def _net(results: Results, variant: str, product: str) -> dict[str, float]:
    totals = results.totals.sel(variant=variant, product=product)
    net = (totals["received"] - totals["shipped"]).mean("replication").values.tolist()
    return dict(zip(results.regions, net, strict=True))


def level_of(cover: float, levels: dict[str, float]) -> str:
    """The gravest level that applies."""
    applies = [name for name, below in levels.items() if cover < below]
    return applies[-1] if applies else "green"
