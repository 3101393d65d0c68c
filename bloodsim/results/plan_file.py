"""A saved plan as charts and reports read it: the JSON that ``bloodsim plan --out`` wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloodsim.results.tables import ResultsError

if TYPE_CHECKING:
    import pandas as pd

PLAN_FILE = "plan.json"
"""What makes a folder that of a plan."""

_COLUMNS = {
    "transfers": ("date", "arrival", "origin", "destination", "product", "group", "units"),
    "prices": ("date", "until", "region", "product", "group", "points_per_unit"),
    "headlines": ("date", "region", "product", "group"),
    "cover": ("date", "region", "product"),
}


@dataclass(frozen=True)
class SavedPlan:
    """What a report needs of a plan.

    Parameters
    ----------
    scenario, scenario_hash : str
        What it was planned for.
    start : date
        First day.
    status : str
        ``optimal`` or ``feasible``.
    gap : float
        Proved relative distance from the best plan.
    transfers, prices : pandas.DataFrame
        Shipments, and points per unit more; columns as in the file, days as dates.
    regions : tuple of str
        Those that were planned for.
    check : mapping or None
        What the simulator said: days, replications, adds, verdict, table; None where it was not
        asked.
    headlines : pandas.DataFrame
        Prices that were confirmed by solving again: date, region, product, group.
    stock : mapping
        Where its stock comes from: source (file, warm_up, none), says, and what else is known.
    """

    scenario: str
    scenario_hash: str
    start: date
    status: str
    gap: float
    transfers: pd.DataFrame
    prices: pd.DataFrame
    regions: tuple[str, ...]
    check: Mapping[str, Any] | None
    headlines: pd.DataFrame
    stock: Mapping[str, Any]

    def dearest(self, product: str) -> tuple[date, pd.DataFrame]:
        """Return the day on which one more unit is worth most, and its worth in each region.

        The table has a row per region: region, price (points per unit), group, the blood group
        of which one more is worth most there, and, where the plan solved any price of the product
        again with more and fewer units, confirmed: whether it did so for this one; prices that
        the file leaves out are 0.
        """
        import pandas as pd

        mine = self.prices[self.prices["product"] == product]
        day = self.start
        if len(mine):
            day = mine["date"].to_list()[int(mine["points_per_unit"].to_numpy().argmax())]
        there = mine[(mine["date"] <= day) & (day <= mine["until"])]
        best = there.sort_values("points_per_unit", ascending=False, kind="stable")
        found = best.drop_duplicates("region").set_index("region")
        sure = self.headlines[self.headlines["product"] == product]
        some = len(sure) > 0
        sure = sure[sure["date"] == day]
        again = set(zip(sure["region"], sure["group"], strict=True))
        groups = found["group"].reindex(self.regions).fillna("")
        table = pd.DataFrame(
            {
                "region": list(self.regions),
                "price": found["points_per_unit"].reindex(self.regions).fillna(0.0).to_numpy(),
                "group": groups.to_numpy(),
            }
        )
        if some:
            table["confirmed"] = [(r, g) in again for r, g in groups.items()]
        return day, table


def read_plan(folder: str | Path) -> SavedPlan:
    """Read a plan from its folder.

    Raises
    ------
    ResultsError
        The folder holds no plan, or one without transfers, or its file is damaged or of another
        version; the message names the file.
    """
    path = Path(folder).expanduser() / PLAN_FILE
    if not path.is_file():
        raise ResultsError(f"{path} is missing; `bloodsim plan FILE --out DIR` writes it")
    try:
        found = json.loads(path.read_text("utf-8"))
        plan = SavedPlan(
            scenario=str(found["scenario"]["name"]),
            scenario_hash=str(found["scenario"]["hash"]),
            start=date.fromisoformat(found["start"]),
            status=str(found["status"]),
            gap=float(found["gap"]),
            transfers=_table(found, "transfers"),
            prices=_table(found, "prices"),
            regions=tuple(dict.fromkeys(str(row["region"]) for row in found["cover"])),
            check=_check(found["check"]),
            headlines=_table(found, "headlines"),
            stock={**found["stock"], "says": str(found["stock"]["says"])},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResultsError(
            f"{path} is damaged or not a plan of this version ({error!r}); write it again"
        ) from None
    if not plan.regions:
        raise ResultsError(f"{path} has no transfers: they were not planned (--what transfers)")
    return plan


def _check(found: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return what the simulator said, with the row of the cost that a report needs."""
    if found is not None:
        _ = found["days"], found["replications"]
        (cost,) = (row for row in found["table"] if row["indicator"] == "cost")
        for key in ("plan_minus_proportional", "plan_minus_proportional_half_width"):
            _ = cost[key] is None or float(cost[key])
    return found


def _table(found: Mapping[str, Any], name: str) -> pd.DataFrame:
    import pandas as pd

    columns = _COLUMNS[name]
    table = pd.DataFrame([[row[column] for column in columns] for row in found[name]])
    table = table.set_axis(columns, axis=1) if len(table) else pd.DataFrame(columns=columns)
    for column in ("date", "until", "arrival"):
        if column in table:
            table[column] = [date.fromisoformat(day) for day in table[column]]
    for column in ("units", "points_per_unit"):
        if column in table:
            table[column] = table[column].astype(float)
    return table
