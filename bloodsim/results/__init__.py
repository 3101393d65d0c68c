"""What happened: labelled tables of flows and stocks, and what they were made from.

Everything is in units (red cells in halves, held exactly), persons and days; `TABLES` lists the
tables and their axes. The manifest holds the scenario's name, hash and title, the seed, the
scored days, and the facts that charts and indicators need; `Results` documents its keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bloodsim import metrics
from bloodsim.results import store
from bloodsim.results.folder import SCHEMA_VERSION
from bloodsim.results.indicator_table import Row, as_frame, as_html, as_json
from bloodsim.results.provenance import environment
from bloodsim.results.tables import TABLES, ResultsError, checked, put_together
from bloodsim.results.undrawn import NoTableError
from bloodsim.seasons import HolidayBlock

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SCHEMA_VERSION", "TABLES", "Results", "ResultsError", "environment"]


class Results:
    """What a run produced, by variant and replication; not to be changed.

    Parameters
    ----------
    tables : mapping of str to xarray.Dataset
        The tables of `TABLES`.
    manifest : mapping
        What the numbers rest on: ``scenario`` (``name``, ``hash``, ``title`` with ``zh`` and
        ``en``), ``seed``, ``score_start`` and ``score_end`` (ISO dates), ``regions`` (id to
        ``name_zh``, ``name_en``, ``tile_row``, ``tile_col``), ``products`` (name to ``label`` and
        ``unit_label``, both with ``zh`` and ``en``, and ``alert_levels``, level to days),
        ``normal_demand`` (region to product to mean U/day over the scored days), ``calendar``
        (``status``: year to "official" or "provisional"), ``holiday_blocks`` (list of ``key``,
        ``name_zh``, ``name_en``, ``start``, ``end``), ``cost_weights``, ``variants`` (name to
        ``policy``, ``hash``, ``collection`` (its settings), ``world`` (a hash of all but policies,
        cost and the cuts of alerts), ``alert_cuts`` (product to level to shares, where any is above
        0) and, where they are its own, ``cost_weights``, ``alert_levels`` and ``normal_demand``),
        ``assumed_inputs`` (a count) and ``environment``.
    timing : mapping, optional
        Seconds; the only thing that differs between two runs of the same.

    Examples
    --------
    >>> results = Results.load("results/spring-festival-2026-3fa91c7d")  # doctest: +SKIP
    >>> results.kpi()  # doctest: +SKIP
    """

    def __init__(
        self,
        tables: Mapping[str, xr.Dataset],
        manifest: Mapping[str, Any],
        timing: Mapping[str, Any] | None = None,
    ) -> None:
        self._tables = checked(tables)
        self._manifest = dict(manifest)
        self._timing = dict(timing or {})

    # ------------------------------------------------------------------------------ tables

    @property
    def tables(self) -> Mapping[str, xr.Dataset]:
        """All tables by name."""
        return MappingProxyType(self._tables)

    @property
    def totals(self) -> xr.Dataset:
        """Sums over the scored days by variant, replication, region and product."""
        return self._tables["totals"]

    @property
    def national(self) -> xr.Dataset:
        """Lowest regional-mean cover by variant, replication and product."""
        return self._tables["national"]

    @property
    def collection(self) -> xr.Dataset:
        """Sessions and donors by variant, replication, region and channel."""
        return self._tables["collection"]

    @property
    def groups(self) -> xr.Dataset:
        """Sums over the scored days by blood group."""
        return self._table("groups")

    @property
    def transfers(self) -> xr.Dataset:
        """Units and shipments by origin and destination."""
        return self._table("transfers")

    @property
    def daily(self) -> xr.Dataset:
        """Day by day, of the first replications only."""
        return self._table("daily")

    def _table(self, name: str) -> xr.Dataset:
        if name not in self._tables:
            raise NoTableError(name, ", ".join(self._tables))
        return self._tables[name]

    def to_pandas(self, table: str = "totals") -> pd.DataFrame:
        """Return a table in long form: a column per axis, then a column per variable."""
        dims = list(TABLES[table].dims) if table in TABLES else []
        return self._table(table).to_dataframe(dim_order=dims).reset_index()

    # ------------------------------------------------------------------------------- facts

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What the numbers rest on."""
        return MappingProxyType(self._manifest)

    @property
    def timing(self) -> Mapping[str, Any]:
        """Seconds it took."""
        return MappingProxyType(self._timing)

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return str(self._manifest["scenario"]["name"])

    @property
    def scenario_hash(self) -> str:
        """SHA-256 of the scenario (hex)."""
        return str(self._manifest["scenario"]["hash"])

    @property
    def seed(self) -> int:
        """Root of the random streams."""
        return int(self._manifest["seed"])

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the variants, in the order of the run."""
        return tuple(self.totals["variant"].values.tolist())

    @property
    def replications(self) -> tuple[int, ...]:
        """Numbers of the replications."""
        return tuple(self.totals["replication"].values.tolist())

    @property
    def regions(self) -> tuple[str, ...]:
        """Identifiers of the regions."""
        return tuple(self.totals["region"].values.tolist())

    @property
    def products(self) -> tuple[str, ...]:
        """Names of the products."""
        return tuple(self.totals["product"].values.tolist())

    @property
    def score_start(self) -> date:
        """First day that counts."""
        return date.fromisoformat(str(self._manifest["score_start"]))

    @property
    def score_end(self) -> date:
        """Last day that counts."""
        return date.fromisoformat(str(self._manifest["score_end"]))

    @property
    def scored_days(self) -> int:
        """Number of days that count."""
        return (self.score_end - self.score_start).days + 1

    def cost_weights(self, variant: str) -> Mapping[str, Any]:
        """Points per flow, of a variant."""
        return MappingProxyType(dict(self._fact_of(variant, "cost_weights")))

    @property
    def normal_demand(self) -> xr.DataArray:
        """Mean normal-day demand over the scored days (U/day), by variant, region and product."""
        values = [
            [[float(rows[r].get(p, 0.0)) for p in self.products] for r in self.regions]
            for rows in (self._fact_of(variant, "normal_demand") for variant in self.variants)
        ]
        dims = ("variant", "region", "product")
        coords = {name: self.totals[name] for name in dims}
        return xr.DataArray(np.array(values), coords=coords, dims=dims)

    def _fact_of(self, variant: str, name: str) -> Any:
        """A fact of the manifest: the variant's own, else that of the scenario."""
        own = self._manifest.get("variants", {}).get(variant, {})
        return own[name] if name in own else self._manifest[name]

    @property
    def holiday_blocks(self) -> list[HolidayBlock]:
        """Runs of days off with a public holiday that touch the scored days."""
        return [
            HolidayBlock(
                block["key"],
                block["name_zh"],
                block["name_en"],
                date.fromisoformat(str(block["start"])),
                date.fromisoformat(str(block["end"])),
            )
            for block in self._manifest.get("holiday_blocks", ())
        ]

    @property
    def provisional_years(self) -> tuple[int, ...]:
        """Years whose holidays are not published yet."""
        status = self._manifest.get("calendar", {}).get("status", {})
        return tuple(int(year) for year, is_ in sorted(status.items()) if is_ == "provisional")

    def alert_levels(self, product: str, variant: str = "") -> dict[str, float]:
        """Cover (days) below which each level of a product applies, highest first.

        Of a variant if one is named and has its own, else of the scenario.
        """
        levels = self._manifest["products"][product].get("alert_levels", {})
        own = self._manifest.get("variants", {}).get(variant, {}).get("alert_levels", {})
        levels = own.get(product, levels)
        return dict(sorted(levels.items(), key=lambda item: -item[1]))

    def region_name(self, region: str, lang: str = "en") -> str:
        """Name of a region in a language, else its identifier."""
        return self._manifest["regions"].get(region, {}).get(f"name_{lang}") or region

    def product_label(self, product: str, lang: str = "en") -> str:
        """Name of a product in a language, else its identifier."""
        return self._manifest["products"][product]["label"].get(lang) or product

    def unit_label(self, product: str, lang: str = "en") -> str:
        """Unit of a product in a language."""
        return self._manifest["products"][product]["unit_label"].get(lang) or "U"

    # -------------------------------------------------------------------------- indicators

    def kpi(self, confidence: float = 0.95) -> pd.DataFrame:
        """Every indicator of every variant: mean over replications and half-width.

        Columns variant, kpi, mean, half_width (NaN below two replications), unit, n (the
        replications in which the indicator is defined). Rates are means of the replications'
        national rates.
        """
        return as_frame(self._kpi_rows(confidence), "mean")

    def compare(self, baseline: str, confidence: float = 0.95) -> pd.DataFrame:
        """Differences from a variant, replication by replication, with paired intervals.

        Columns variant, kpi, mean_difference (variant minus baseline), half_width, unit, n (the
        replications that both have).
        """
        if baseline not in self.variants:
            raise ResultsError(f"no variant {baseline!r}; there are {', '.join(self.variants)}")

        rows = [
            Row(variant, name, unit, metrics.interval(paired.values, confidence))
            for variant in self.variants
            if variant != baseline
            for name, unit, values in self._indicators
            for paired in [values.sel(variant=variant) - values.sel(variant=baseline)]
        ]
        from bloodsim.results.comparison import Comparison

        return Comparison(as_frame(rows, "mean_difference"))

    def kpi_summary(self, confidence: float = 0.95) -> dict[str, dict[str, dict[str, Any]]]:
        """Indicators by variant and name, as JSON holds them: what is not defined is None."""
        return as_json(self._kpi_rows(confidence))

    def _kpi_rows(self, confidence: float) -> list[Row]:
        return [
            Row(variant, name, unit, metrics.interval(values.sel(variant=variant), confidence))
            for variant in self.variants
            for name, unit, values in self._indicators
        ]

    @cached_property
    def _indicators(self) -> list[tuple[str, str, xr.DataArray]]:
        return list(metrics.indicators(self))

    # ---------------------------------------------------------------------- many into one

    @classmethod
    def concatenate(cls, parts: Sequence[Results]) -> Results:
        """One result from blocks of replications of the same variants, sorted by replication."""
        return cls._together(parts, "replication")

    @classmethod
    def join(cls, parts: Sequence[Results]) -> Results:
        """One result from different variants of one scenario, in the order given."""
        return cls._together(parts, "variant")

    @classmethod
    def _together(cls, parts: Sequence[Results], along: str) -> Results:
        if not parts:
            raise ResultsError("there is no result to put together")
        first = parts[0]
        for part in parts[1:]:
            if (part.scenario_hash, part.seed) != (first.scenario_hash, first.seed):
                raise ResultsError(
                    f"results of different scenarios or seeds do not belong together: "
                    f"{first.scenario_hash[:8]} (seed {first.seed}) and "
                    f"{part.scenario_hash[:8]} (seed {part.seed})"
                )
        manifest = {**first._manifest}
        manifest["variants"] = {
            name: settings
            for part in parts
            for name, settings in part._manifest.get("variants", {}).items()
        }
        timing: dict[str, Any] = {}
        for key in dict.fromkeys(key for part in parts for key in part._timing):
            timing[key] = sum(part._timing.get(key, 0) for part in parts)
        return cls(put_together([part._tables for part in parts], along), manifest, timing)

    # ------------------------------------------------------------------------------ files

    def save(self, folder: str | Path) -> Path:
        """Write tables, KPI table and manifest into a folder; the same result, the same bytes.

        Raises
        ------
        ResultsError
            If the folder holds the result of another scenario or seed.
        """
        folder = Path(folder)
        manifest = {
            **self._manifest,
            "replications": len(self.replications),
            "scored_days": self.scored_days,
        }
        store.write(folder, self._tables, self.kpi(), manifest, self._timing)
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Results:
        """Read a folder that `save` wrote, every table checked against the manifest."""
        return cls(*store.read(Path(folder)))

    def save_part(self, path: str | Path) -> None:
        """Write everything into one file, fast and atomically: the result of one block."""
        facts = {"manifest": self._manifest, "timing": self._timing}
        store.write_part(Path(path), self._tables, facts)

    @classmethod
    def load_part(cls, path: str | Path) -> Results:
        """Read what `save_part` wrote; `ResultsError` if it is missing or damaged."""
        tables, facts = store.read_part(Path(path))
        return cls(tables, facts["manifest"], facts["timing"])

    # ------------------------------------------------------------------------------- shown

    def __repr__(self) -> str:
        return (
            f"<Results {self.name} {self.scenario_hash[:8]}: {', '.join(self.variants)}; "
            f"{len(self.replications)} replications, {len(self.regions)} regions, "
            f"{self.score_start} to {self.score_end}>"
        )

    def _repr_html_(self) -> str:
        return as_html(self._kpi_rows(confidence=0.95), repr(self))
