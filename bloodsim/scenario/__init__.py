"""What the world is: regions, donors, products, demand, routes and rules, frozen and validated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationError

from bloodsim.scenario.agreements import Agreement, FixedShipment
from bloodsim.scenario.base import Frozen, FrozenDict, Model, Name, PlainText, RegionId, Text
from bloodsim.scenario.checks import check
from bloodsim.scenario.collection import (
    AlertLevel,
    Channel,
    Closure,
    FestivalBlock,
    HolidayBlock,
    Product,
    Profile,
    Regulation,
)
from bloodsim.scenario.demand import (
    ConstantCounts,
    CrossMatch,
    Demand,
    DemandClass,
    DemandMeasure,
    DemandTrace,
    Distribution,
    EmpiricalCounts,
    FreshDemand,
    GammaRoundedCounts,
    PoissonCounts,
    ZeroInflatedNegativeBinomialCounts,
)
from bloodsim.scenario.derivations import Derivation
from bloodsim.scenario.donors import DonorPools
from bloodsim.scenario.merge import Tree, merge, nested, patched
from bloodsim.scenario.messages import problems_of
from bloodsim.scenario.ordering import (
    BaseStock,
    EventCosts,
    Expedite,
    LifeShares,
    Ordering,
    OrderQuantity,
    OrderUpTo,
    PeriodicReview,
)
from bloodsim.scenario.policies import (
    AdHoc,
    CollectionPolicy,
    CustomPolicy,
    FixedPlan,
    FrozenCollection,
    MoveAgeing,
    NoTransfers,
    Optimized,
    OptimizedCollection,
    Policies,
    PreCollect,
    Proportional,
    Regulated,
    SampledPlan,
    ShareSurplus,
    TransferPolicy,
)
from bloodsim.scenario.problems import Place, Problem, ScenarioError, located, nearest
from bloodsim.scenario.provenance import Provenance
from bloodsim.scenario.regions import (
    GiftShares,
    LeadTime,
    Region,
    Route,
    RouteProduct,
    Routes,
    Vehicles,
)
from bloodsim.scenario.resources import Resources
from bloodsim.scenario.run import (
    DAY_ORDER,
    CalendarSettings,
    CostWeights,
    ForecastSettings,
    InputNote,
    PhaseHours,
    RegionalFactor,
    RegionalFactors,
    Run,
)
from bloodsim.scenario.shocks import Shock, StockRecall
from bloodsim.scenario.uncertainty import Uncertainty

SCHEMA_VERSION = 1
"""Version of the scenario file format."""

__all__ = [
    "DAY_ORDER",
    "SCHEMA_VERSION",
    "AdHoc",
    "Agreement",
    "AlertLevel",
    "BaseStock",
    "CalendarSettings",
    "Channel",
    "Closure",
    "CollectionPolicy",
    "ConstantCounts",
    "CostWeights",
    "CrossMatch",
    "CustomPolicy",
    "Demand",
    "DemandClass",
    "DemandMeasure",
    "DemandTrace",
    "Derivation",
    "Distribution",
    "DonorPools",
    "EmpiricalCounts",
    "EventCosts",
    "Expedite",
    "FestivalBlock",
    "FixedPlan",
    "FixedShipment",
    "ForecastSettings",
    "FreshDemand",
    "FrozenCollection",
    "FrozenDict",
    "GammaRoundedCounts",
    "GiftShares",
    "HolidayBlock",
    "InputNote",
    "LeadTime",
    "LifeShares",
    "MoveAgeing",
    "NoTransfers",
    "Optimized",
    "OptimizedCollection",
    "OrderQuantity",
    "OrderUpTo",
    "Ordering",
    "PeriodicReview",
    "PhaseHours",
    "Place",
    "PoissonCounts",
    "Policies",
    "PreCollect",
    "Problem",
    "Product",
    "Profile",
    "Proportional",
    "Provenance",
    "Region",
    "RegionalFactor",
    "RegionalFactors",
    "Regulated",
    "Regulation",
    "Resources",
    "Route",
    "RouteProduct",
    "Routes",
    "Run",
    "SampledPlan",
    "Scenario",
    "ScenarioError",
    "ShareSurplus",
    "Shock",
    "StockRecall",
    "TransferPolicy",
    "Uncertainty",
    "Vehicles",
    "ZeroInflatedNegativeBinomialCounts",
    "nearest",
]


class Scenario(Model):
    """A world to simulate, complete and checked; never changed, only copied with changes."""

    schema_version: Literal[1] = 1
    """Version of this file format."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")] = "scenario"
    """Short name; default: the file's."""
    title: Text = Text()
    """Title shown to readers."""
    description: PlainText = ""
    """What the scenario is for."""
    run: Run
    """Dates, replications and luck."""
    calendar: CalendarSettings = CalendarSettings()
    """Public holidays."""
    products: Frozen[Name, Product]
    """What is stocked and issued."""
    profiles: Frozen[Name, Profile] = {}
    """Seasonal profiles by name."""
    channels: Frozen[Name, Channel]
    """Ways of collecting."""
    donor_pools: DonorPools = DonorPools()
    """Repeat donors as pools, and donors on call."""
    resources: Resources = Resources()
    """Campaigns, places, teams, sites, organisations, trends, plans and laboratories."""
    demand: Frozen[Name, Demand]
    """What hospitals ask for, by product."""
    demand_trace: Frozen[Name, DemandTrace] = {}
    """Units requested, by product, date and region, in place of draws; a table per product with a
    row per date and a column per region. Forecasts do not know it."""
    regions: Frozen[RegionId, Region]
    """The regions."""
    routes: Routes = Routes()
    """Roads between regions."""
    agreements: tuple[Agreement, ...] = ()
    """Standing flows between regions."""
    ordering: tuple[Ordering, ...] = ()
    """Replenishment orders of regions with a supply, such as hospitals."""
    derivations: tuple[Derivation, ...] = ()
    """Products made from the stock of others, in the order in which they take from it."""
    regional_factors: RegionalFactors = RegionalFactors()
    """Slow random multipliers."""
    uncertainty: Uncertainty = Uncertainty()
    """How far the numbers of regions may be off; used where ``run.parameters`` is sampled."""
    shocks: Frozen[Name, Shock] = {}
    """Dated changes of the world, by name."""
    forecast: ForecastSettings = ForecastSettings()
    """How well demand is foreseen."""
    policies: Policies = Policies()
    """Who decides."""
    cost: CostWeights = CostWeights()
    """Weights of the one cost."""
    inputs: tuple[InputNote, ...] = ()
    """Where the numbers come from; the last note that matches a field counts."""
    overrides: Frozen[Name, dict[str, Any]] = {}
    """Named patches."""
    variants: Frozen[Name, tuple[str, ...]] = {}
    """Named lists of patches: the scenarios to compare."""

    _raw: Tree = PrivateAttr(default_factory=dict)
    _variant_name: str = PrivateAttr(default="")
    _provenance: Provenance = PrivateAttr(default_factory=Provenance)

    @classmethod
    def from_mapping(
        cls, raw: Mapping[str, Any], variant_name: str = "", provenance: Provenance | None = None
    ) -> Scenario:
        """Validate a raw tree; raise `ScenarioError` with every problem found."""
        known = provenance or Provenance()
        try:
            scenario = cls.model_validate(raw)
        except ValidationError as error:
            raise ScenarioError(located(problems_of(error, cls), known.origins)) from None
        errors = [problem for problem in check(scenario) if problem.level == "error"]
        if errors:
            raise ScenarioError(located(errors, known.origins))
        scenario._raw = merge({}, raw)
        scenario._variant_name = variant_name
        scenario._provenance = known
        return scenario

    @property
    def raw(self) -> Tree:
        """The tree this scenario was validated from (a copy)."""
        return merge({}, self._raw or self.model_dump(mode="json"))

    @property
    def provenance(self) -> Provenance:
        """Files, lines and settings that the values come from."""
        return self._provenance

    @property
    def variant_name(self) -> str:
        """Name of the variant this is, or of its transfer policy where it is none."""
        return self._variant_name or self.policies.transfer.kind

    def variant(self, name: str) -> Scenario:
        """Return the named variant: this scenario with that variant's patches.

        Settings of the command line win over the patches.

        Raises
        ------
        ScenarioError
            Unknown variant or patch, two patches that set one key, or an invalid result.
        """
        if name not in self.variants:
            path = ("variants", name)
            hint = nearest(name, self.variants)
            raise ScenarioError([Problem(path, f"unknown variant '{name}'", hint)])
        tree = patched(self.raw, self.overrides, self.variants[name], name)
        return Scenario.from_mapping(
            merge(tree, self._provenance.settings),
            variant_name=name,
            provenance=self._provenance.of_variant(self.variants[name]),
        )

    def with_overrides(self, *names: str) -> Scenario:
        """Return this scenario, and with it all its variants, under some of its named patches.

        ``load("spring-festival-2026").with_overrides("tight")`` is the study ``tight``.
        Settings of the command line win over the patches.

        Raises
        ------
        ScenarioError
            Unknown patch, two patches that set one key, or an invalid result.
        """
        study = "-".join(names)
        tree = merge(
            patched(self.raw, self.overrides, names, study or "-"), self._provenance.settings
        )
        if names:
            tree["name"] = f"{self.name}-{study}"[:64].rstrip("-")
        return Scenario.from_mapping(tree, self._variant_name, self._provenance)

    def set(self, key: str, value: Any) -> Scenario:
        """Return a copy with the dotted *key* set to *value* (``None`` deletes it)."""
        return Scenario.from_mapping(
            merge(self.raw, nested(key, value)), self._variant_name, self._provenance
        )

    def resolved(self) -> Tree:
        """Return the complete tree of plain values, defaults included."""
        return self.model_dump(mode="json", exclude={"overrides", "variants"})

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of the resolved scenario, without its texts, luck and variants."""
        tree = self.resolved()
        for text in ("title", "description", "name"):
            tree.pop(text)
        for luck in ("seed", "replications", "block_replications", "daily_replications"):
            tree["run"].pop(luck)
        canonical = json.dumps(tree, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def warnings(self) -> list[Problem]:
        """Return what is worth a warning, such as a provisional calendar."""
        warnings = [problem for problem in check(self) if problem.level == "warning"]
        return located(warnings, self._provenance.origins)

    def __repr__(self) -> str:
        variants = ", ".join(self.variants) or "-"
        return (
            f"<Scenario {self.name} ({self.variant_name}): {len(self.regions)} regions, "
            f"{len(self.products)} products, {self.run.score_start} to {self.run.score_end}, "
            f"variants: {variants}>"
        )

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        from bloodsim.scenario.shown import as_html

        return as_html(self)

    def __reduce__(self) -> Any:
        """Pickle through the raw tree, which validates again where it arrives."""
        travels = replace(self._provenance, origins={})  # a worker has no use for line numbers
        return (Scenario.from_mapping, (self.raw, self._variant_name, travels))
