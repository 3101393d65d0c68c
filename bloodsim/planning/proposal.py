"""What `plan` proposes: who sends what to whom, why, and what the simulator says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from bloodsim.blood import label
from bloodsim.html_table import table
from bloodsim.labels import within
from bloodsim.numbers import unit_noun
from bloodsim.optimize.aims import Aims
from bloodsim.planning.beside import asked_beside
from bloodsim.planning.check import Check
from bloodsim.planning.drives import DrivesProposal
from bloodsim.planning.sites import SitesProposal
from bloodsim.planning.tables import records
from bloodsim.planning.throttles import ThrottlesProposal
from bloodsim.planning.uncertainty import Uncertainty

JSON_KEYS: Mapping[str, str] = {
    "scenario": "name and hash of the scenario",
    "start": "first day of the plan (ISO date)",
    "horizon_days": "days that the plan looks ahead, by product",
    "stock": "where the stock comes from: source (file, warm_up, none), says; of a file: file, "
    "sha256, day, products, has_lives; of warm-ups: worlds",
    "status": "optimal, or feasible: a plan within `gap` of the best (the worst of the products)",
    "gap": "relative distance from the best plan that was proved, the largest of the products",
    "objective": "points that the plan costs as it expects, all products",
    "objective_without": "the same without transfers",
    "aims": "objective, fairness and robust_gamma that were asked for",
    "products": "by product: status, gap, objective, objective_without, rows, columns; "
    "stages (what each reached: units, or a share), fairness (price_points, price_share, "
    "worst_before, share_before, worst_after, share_after), caution_points; null if not asked for",
    "transfers": "shipments: date, until, ask_by, origin, destination, product, group, units, "
    "arrival, least_life_days, firm",
    "drives": "visits: date, region, organisation, channel, visits, teams, donors, units, "
    "committed, worth_per_donor; empty if not asked for",
    "calendar": "of the drives: product, last (day), gap, objective, objective_usual, bound, "
    "donor_value (whether counted), donors (region, points_per_donor, points_per_gift, "
    "eligible_start, eligible_end; empty without a pool), levers (wanted, street_donors, "
    "appeal_donors, appeal_rise; null if not asked for), committed_assumed (no list of visits), "
    "default_breaks (what the default calendar does not keep), usual_visits, usual_donors, "
    "points_per_donation, points_per_team_day; null if not asked for",
    "street": "weeks in which street turnout changes: date, until, region, channel, factor, "
    "usual_factor, donors, usual_donors; empty if not asked for",
    "appeals": "appeals to repeat donors: date, region, channel, rise, donors; empty if not asked "
    "for",
    "throttles": "bookings of apheresis: date, region, channel, factor, donors, usual_donors, "
    "cover_days; empty if not asked for",
    "prices": "points per unit more, by date (to until), region, product and group; those of 0 "
    "are left out",
    "headlines": "highest prices, with gain and loss per unit by solving again with 10 more, fewer",
    "cover": "expected stock (units) and cover (days) with and without the plan, all groups",
    "slacks": "limits missed or binding: kind, region, group, dates, units, says",
    "sites": "candidate sites: goal, status, gap, gifts_per_year, cost_per_year, mean_minutes, "
    "sites, patch (opens them in a scenario); null if not asked for",
    "uncertainty": "by product: paths, judged, vss, evpi (points) with half-widths, says; empty if "
    "not asked for",
    "check": "simulation of the first days: days, replications, adds, verdict, table, regions; "
    "products: against_rule, against_nothing (better, worse, undecided, untested), warning, says; "
    "null if not asked for",
    "notes": "sentences on what the plan rests on",
}
"""Keys of the JSON object, and what each holds."""

_MOST_ROWS = 20


@dataclass(frozen=True)
class TransferProposal:
    """A transfer plan of some days, checked; tables are pandas data frames in units and dates.

    Parameters
    ----------
    scenario, scenario_hash : str
        What it was planned for.
    start : date
        First day.
    stock : mapping
        Where the stock comes from.
    status : str
        ``optimal`` or ``feasible``.
    gap, objective, objective_without : float
        Proved distance from the best plan (relative), cost in points, and cost without transfers.
    aims : Aims
        What was asked for beside the cost.
    products : mapping
        By product: status, gap, objective and sizes; stages, fairness, caution_points.
    transfers, prices, headlines, cover, limits : pandas.DataFrame
        Shipments; shadow prices; the highest of them confirmed; expected stock; limits in words.
    check : Check or None
        What the simulator says.
    notes : tuple of str
        What the plan rests on.
    names : mapping of str to str
        Regions as people call them.
    units : mapping of str to str
        Units of the products.
    sites : SitesProposal, optional
        Which sites to open.
    drives : DrivesProposal, optional
        Who is visited when.
    throttles : ThrottlesProposal, optional
        How many donors to book for each day.
    uncertainty : tuple of Uncertainty
        What planning on paths, and knowing the future, would be worth.
    labels : mapping of str to str
        Products as people call them.
    names_zh : mapping of str to str
        Regions and channels in Chinese, for charts.
    """

    scenario: str
    scenario_hash: str
    start: date
    stock: Mapping[str, Any]
    status: str
    gap: float
    objective: float
    objective_without: float
    products: Mapping[str, Mapping[str, Any]]
    transfers: pd.DataFrame
    prices: pd.DataFrame
    headlines: pd.DataFrame
    cover: pd.DataFrame
    limits: pd.DataFrame
    check: Check | None
    notes: tuple[str, ...]
    names: Mapping[str, str]
    units: Mapping[str, str]
    sites: SitesProposal | None = None
    drives: DrivesProposal | None = None
    throttles: ThrottlesProposal | None = None
    uncertainty: tuple[Uncertainty, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    names_zh: Mapping[str, str] = field(default_factory=dict)
    aims: Aims = field(default_factory=Aims)

    def called(self, product: str) -> str:
        """Return what people call a product."""
        return self.labels.get(product, product)

    def _amount(self, units: float, product: str) -> str:
        return f"{units:,.0f} {unit_noun(self.units[product], round(units), 'en')}"

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints; the keys are those of `JSON_KEYS`."""
        cover = self.cover[self.cover["group"] == "all"].drop(columns="group")
        return {
            "scenario": {"name": self.scenario, "hash": self.scenario_hash},
            "start": self.start.isoformat(),
            "horizon_days": {name: facts["days"] for name, facts in self.products.items()},
            "stock": dict(self.stock),
            "status": self.status,
            "gap": self.gap,
            "objective": self.objective,
            "objective_without": self.objective_without,
            "aims": asdict(self.aims),
            "products": {name: dict(facts) for name, facts in self.products.items()},
            "transfers": list(records(self.transfers)),
            "drives": self.drives.to_dict() if self.drives else [],
            "calendar": self.drives.facts() if self.drives else None,
            "street": [] if self.street is None else list(records(self.street)),
            "appeals": [] if self.appeals is None else list(records(self.appeals)),
            "throttles": self.throttles.to_dict() if self.throttles else [],
            "prices": list(records(self.prices[self.prices["points_per_unit"].abs() > 1e-9])),
            "headlines": list(records(self.headlines)),
            "cover": list(records(cover)),
            "slacks": list(records(self.limits)),
            "sites": self.sites.to_dict() if self.sites else None,
            "uncertainty": [each.to_dict() for each in self.uncertainty],
            "check": self._check_as_dict(),
            "notes": list(self.notes),
        }

    @property
    def street(self) -> pd.DataFrame | None:
        """Weeks in which street turnout changes; None where it was not planned."""
        return self.drives.street if self.drives else None

    @property
    def appeals(self) -> pd.DataFrame | None:
        """Appeals; None where they were not planned."""
        return self.drives.appeals if self.drives else None

    def _check_as_dict(self) -> dict[str, Any] | None:
        if self.check is None:
            return None
        return {
            "days": self.check.days,
            "replications": self.check.replications,
            "adds": self.check.adds,
            "verdict": self.check.verdict,
            "products": [each.to_dict() for each in self.check.products],
            "table": list(records(self.check.table)),
            "regions": list(records(self.check.regions)),
        }

    def summary(self) -> list[str]:
        """Return the sentences that matter most."""
        saved = self.objective_without - self.objective
        lines = [f"{self.scenario}, plan from {self.start}: {self._said_status()}"]
        for product in self.products:
            mine = self.transfers[self.transfers["product"] == product]
            today = mine[mine["date"] == self.start]
            now, all_days = (self._amount(t["units"].sum(), product) for t in (today, mine))
            lines.append(
                f"{self.called(product)}: {now} leave today on {_roads(today)}; "
                f"{all_days} in {self.products[product]['days']} days"
            )
        if self.products:
            lines.append(
                f"{'cautious' if self.aims.robust_gamma else 'expected'} cost "
                f"{self.objective:,.0f} points, {abs(saved):,.0f} "
                f"{'less' if saved >= 0 else 'more'} than without transfers{self._why_more(saved)}"
            )
        lines += asked_beside(self)
        lines += [self.worth(row) for row in self.headlines.itertuples(index=False)]
        if self.check is not None:
            lines.append(
                f"simulated ({self.check.days} days, {self.check.replications} worlds): "
                f"{self.check.verdict}"
            )
            lines += [each.says for each in self.check.products if not each.warning]
        lines += [each.says for each in self.uncertainty]
        lines += self.drives.summary() if self.drives else []
        lines += self.throttles.summary() if self.throttles else []
        lines += self.sites.summary() if self.sites else []
        return lines

    def _why_more(self, saved: float) -> str:
        staged = self.aims.objective != "cost" or self.aims.fairness != "none"
        return ": the stages before the cost are held whatever that costs" * (saved < 0 and staged)

    def prices_on(self, day: date, product: str, group: str = "O_pos") -> pd.DataFrame:
        """Return what one more unit is worth in each region on a day, for `plots.plot_prices`.

        Columns ``region`` and ``price`` (points per unit).
        """
        known = self.prices
        there = (known["date"] <= day) & (day <= known["until"])
        mine = known[there & (known["product"] == product) & (known["group"] == group)]
        return (
            mine[["region", "points_per_unit"]]
            .rename(columns={"points_per_unit": "price"})
            .reset_index(drop=True)
        )

    def _said_status(self) -> str:
        if not self.products:
            return "transfers were not planned"
        if self.status == "optimal":
            return "optimal"
        return f"{self.status}: within {100 * self.gap:.2g} % of the best"

    def worth(self, row: Any) -> str:
        """Return one headline price as a sentence."""
        unit = self.units[row.product]
        place = self.names.get(row.region, row.region)
        what = f"{label(row.group)} {within(self.called(row.product))}"
        said = (
            f"one more {unit} of {what} in {place} on {row.date} is "
            f"worth {row.points_per_unit:.1f} points (10 more save {row.gain:.1f} each"
        )
        return said + (f", 10 fewer cost {row.loss:.1f} each)" if row.loss == row.loss else ")")

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write JSON, CSV tables and the workbook into a folder, whole or not at all.

        Parameters
        ----------
        folder : path
            A new or empty folder, or with *force* one that holds a plan.
        force : bool
            Replace the plan that is there.

        Raises
        ------
        ResultsError
            The folder holds a plan and *force* is not set, or it holds other files.
        """
        from bloodsim.planning.files import save

        return save(self, Path(folder), force=force)

    def __repr__(self) -> str:
        return (
            f"<TransferProposal {self.scenario} from {self.start}: {self.status}, "
            f"{len(self.transfers)} shipments by group>"
        )

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{escape(line)}</li>" for line in self.summary())
        today = self.transfers[self.transfers["date"] == self.start]
        keys = ["product", "origin", "destination", "arrival"]
        sums = today.groupby(keys, sort=False)["units"].sum().sort_values(ascending=False)
        lots: list[tuple[Any, float]] = list(sums.items())
        rows = [
            (
                f"{self.names.get(origin, origin)} → {self.names.get(destination, destination)}",
                self.called(product),
                f"{units:,.1f} {self.units[product]}",
                str(arrival),
            )
            for (product, origin, destination, arrival), units in lots[:_MOST_ROWS]
        ]
        more = len(lots) - len(rows)
        note = "by blood group in .transfers" + (f", with {more} smaller ones" if more else "")
        heads = ("road · 线路", "product · 产品", "amount · 数量", "arrives · 到达")
        caption = f"shipments of {self.start} · 当日调剂"
        return f"<ul>{lines}</ul>{table(caption, heads, rows, note) if rows else ''}"


def _roads(table: pd.DataFrame) -> str:
    count = len(table[["origin", "destination"]].drop_duplicates())
    return f"{count} road{'' if count == 1 else 's'}"
