"""Examples of the manual: what switches each part of a scenario on, to be merged into a file.

They fit the bundled scenario `minimal` (a test loads and runs each of them); with other regions,
channels and products they are overrides of any scenario.
"""

from __future__ import annotations

EXAMPLES: dict[str, str] = {
    "Text": "title: {zh: 三地一冬, en: Three regions over one winter}",
    "Run": "run: {score_start: 2026-02-01, score_end: 2026-02-28, replications: 200}",
    "PhaseHours": "run: {phase_hours: {emergency: [6, 12, 18], routine: [10]}}",
    "CalendarSettings": "calendar: {extra_days_off: [2026-02-24]}",
    "Product": "products: {red_cells: {shelf_life_days: 42, accessible_share: 0.9}}",
    "AlertLevel": """\
products:
  red_cells:
    alerts:
      - {level: yellow, below_days: 5, for_days: 2, exit_above_days: 6, elective_cut: 0.2}
      - {level: red, below_days: 2, urgent_cut: 0.1, elective_cut: 0.8, turnout_lift: 0.1}""",
    "Profile": "profiles: {donors: {month: {1: 0.95, 2: 0.8, 3: 1.1}}}",
    "FestivalBlock": """\
profiles: {donors: {spring_festival: [{from_offset: -7, to_offset: 2, factor: 0.5}]}}""",
    "HolidayBlock": "profiles: {donors: {holidays: [{holiday: labour_day, factor: 0.7}]}}",
    "Closure": """\
profiles: {donors: {closures: [{from_date: 07-05, to_date: 08-31}], closed_factor: 0.4}}""",
    "Channel": """\
channels:
  group: {label: {zh: 团体, en: Workplaces}, gift: whole_blood, profile: donors}
regions: {BJ: {donors_per_day: {group: 120}}}""",
    "Regulation": """\
channels: {street: {regulation: {product: red_cells, target_cover_days: {0: 10}, gain: 0.5}}}""",
    "DonorPools": "donor_pools: {whole_blood: {}, apheresis: {}}",
    "WholeBloodPool": "donor_pools: {whole_blood: {mean_return_days: 150, elasticity: 0.8}}",
    "DonorFactor": """\
donor_pools:
  whole_blood: {retention: [{from_date: 2026-02-01, segments: [once], factor: 1.1}]}""",
    "AgeLimit": """\
donor_pools:
  whole_blood: {age_limits: [{from_date: 2026-02-01, upper_age_years: 65, factor: 1.03}]}""",
    "Recall": """\
donor_pools: {whole_blood: {recall: [{from_date: 2026-02-01, share_per_day: 0.001}]}}""",
    "IntervalChange": """\
donor_pools: {whole_blood: {interval_changes: [{from_date: 2026-02-10, interval_days: 90}]}}""",
    "PlateletPool": """\
donor_pools: {whole_blood: {}, apheresis: {max_per_year: 24, from_whole_blood_share: 0.5}}""",
    "Fatigue": "donor_pools: {whole_blood: {}, fatigue: {loss_per_day: 0.05}}",
    "Awareness": """\
donor_pools:
  awareness:
    - {from_date: 2026-02-01, population_group: students, share_of_donors: 0.3, factor: 1.2}""",
    "DonorTeam": """\
donor_pools:
  teams:
    rare: {product: red_cells, groups: [O_neg], size: 30, below_units: 10, donors_per_call: 3}""",
    "Replacement": """\
channels:
  aid: {label: {en: Aid}, gift: whole_blood, profile: donors, donor_kind: mutual_aid}
donor_pools:
  replacement: [{channel: aid, product: red_cells, donors_per_unit: 0.1, delay_days: 3}]""",
    "Resources": "resources: {processing: [{donations_per_day: 3000}]}",
    "Campaign": """\
resources:
  campaigns:
    after_feast: {from_date: spring_festival 2026 + 8, effort: 1, reach: 0.5, lift_repeat: 0.3}""",
    "SessionPlaces": """\
resources: {session_places: [{places: 300, channels: [street], from_date: 2026-02-01}]}""",
    "Staffing": "resources: {staffing: {street: {teams: 40, hours: 6}}}",
    "Site": """\
resources: {sites: {west_station: {region: BJ, channel: street, donors_per_day: 60}}}""",
    "CandidateSite": """\
resources:
  candidate_sites: {mall: {region: BJ, channel: street, catchment: {15: 80000, 30: 210000}}}""",
    "ResidentialArea": """\
resources: {residential_areas: {riverside: {region: BJ, residents: 90000}}}""",
    "SiteHours": """\
resources:
  candidate_sites:
    mall:
      region: BJ
      channel: street
      catchment: {30: 210000}
      hours: {weekends: {open_weekdays: [sat, sun], cost_per_year: 0.3, gifts_factor: 0.6}}""",
    "SitePlan": """\
resources:
  candidate_sites:
    mall: {region: BJ, channel: street, catchment: {30: 210000}}
    square: {region: BJ, channel: street, catchment: {30: 160000}, permit: pending}
  site_plan: {most_sites: 1, reach_minutes: 30}""",
    "Trend": "resources: {trends: [{per_year: 0.05, channels: [apheresis]}]}",
    "GiftMix": """\
resources:
  gift_mix: [{from_date: 2026-02-01, gift_shares: {ml_200: 0.1, ml_300: 0.3, ml_400: 0.6}}]""",
    "GiftShares": "regions: {BJ: {gift_shares: {ml_200: 0.1, ml_300: 0.3, ml_400: 0.6}}}",
    "MonthPlan": """\
resources:
  plans:
    - {channels: [street], regions: [BJ], months: {2: 16000}, catch_up_from_day: 16}""",
    "Organisation": """\
resources:
  organisations:
    mill: {region: BJ, channel: street, headcount: 2000, quota: 600, visits: [2026-02-03]}""",
    "OrganisationPool": """\
resources:
  organisation_pools:
    offices: {region: BJ, channel: street, organisations: 240, donors_per_visit: 35}""",
    "Drives": """\
resources:
  drives: {teams_per_day: 3, commit_days: 28}
  organisation_pools:
    offices: {region: BJ, channel: street, organisations: 240, donors_per_visit: 35}""",
    "Processing": "resources: {processing: [{donations_per_day: 2500, regions: [HE]}]}",
    "Laboratory": """\
resources: {laboratories: [{weekdays: [mon, tue, wed, thu, fri, sat], on_holidays: false}]}""",
    "Demand": "demand: {red_cells: {growth_per_year: 0.03, emergency_substitution: compatible}}",
    "PoissonCounts": "demand: {red_cells: {distribution: {kind: poisson}, variance_to_mean: 6}}",
    "ZeroInflatedNegativeBinomialCounts": """\
demand:
  platelets:
    distribution:
      {kind: zero_inflated_negative_binomial, zero_share: 0.02, shape: 8, success_share: 0.05}""",
    "EmpiricalCounts": """\
demand: {platelets: {distribution: {kind: empirical, values: [80, 100, 150]}}}""",
    "GammaRoundedCounts": """\
demand: {platelets: {distribution: {kind: gamma_rounded, shape: 9, scale: 12}}}""",
    "ConstantCounts": "demand: {platelets: {distribution: {kind: constant}}}",
    "DemandMeasure": """\
demand: {red_cells: {measures: [{from_date: 2026-02-05, to_date: 2026-02-20, factor: 0.95}]}}""",
    "DemandClass": """\
demand: {red_cells: {classes: {elective: {patience_days: 10, known_ahead_days: 5}}}}""",
    "FreshDemand": """\
demand: {red_cells: {classes: {urgent: {fresh: {share: 0.05, younger_than_days: 7}}}}}""",
    "CrossMatch": "demand: {red_cells: {classes: {urgent: {crossmatch: {extra_share: 0.3}}}}}",
    "Region": "regions: {HE: {donors_per_day: {street: 2600}, feast_amplitude: 1.4}}",
    "Routes": "routes: {longest_km: 600, approval_days: 1}",
    "LeadTime": "routes: {lead_times: [{up_to_km: 200, days: 0}, {up_to_km: 800, days: 1}]}",
    "Route": """\
routes: {extra: [{origin: BJ, destination: TJ, distance_km: 130, lead_days: 0}]}""",
    "RouteProduct": "routes: {products: {red_cells: {floor_days: 5, max_transit_hours: 24}}}",
    "Vehicles": """\
routes: {vehicles: {truck: {products: [red_cells], units_per_vehicle: 1500}}}""",
    "Agreement": """\
agreements: [{origin: HE, destination: BJ, product: red_cells, units_per_day: 80}]""",
    "BaseStock": """\
regions: {TJ: {supply: unlimited}}
ordering: [{kind: base_stock, regions: [TJ], product: red_cells, target_units: 9000}]""",
    "LifeShares": """\
regions: {TJ: {supply: unlimited}}
ordering:
  - kind: base_stock
    regions: [TJ]
    product: red_cells
    target_units: 9000
    life_on_arrival_days: {values: [20, 28], shares: [0.5, 0.5]}""",
    "Expedite": """\
regions: {TJ: {supply: unlimited}}
ordering:
  - kind: base_stock
    regions: [TJ]
    product: red_cells
    target_units: 9000
    expedite: {below_units: 1500, up_to_units: 3000}""",
    "OrderUpTo": """\
regions: {TJ: {supply: HE}}
ordering:
  - {kind: s_S, regions: [TJ], product: red_cells, reorder_units: 6000, up_to_units: 9000}""",
    "OrderQuantity": """\
regions: {TJ: {supply: HE}}
ordering:
  - {kind: s_Q, regions: [TJ], product: red_cells, reorder_units: 6000, quantity_units: 1500}""",
    "PeriodicReview": """\
regions: {TJ: {supply: unlimited}}
ordering: [{kind: R_S, regions: [TJ], product: red_cells, review_days: 7, up_to_units: 9000}]""",
    "Derivation": """\
products:
  washed:
    label: {zh: 洗涤红细胞, en: Washed red cells}
    unit_label: {en: U}
    compatibility: red_cells
    source: derived
    shelf_life_days: 2
demand: {washed: {profile: requests, classes: {urgent: {share: 1}}}}
regions: {BJ: {demand_per_day: {washed: 20}}}
derivations:
  - {of: red_cells, product: washed, units_per_unit: 0.9, up_to_units: 60, regions: [BJ]}""",
    "Uncertainty": """\
run: {parameters: sampled}
uncertainty: {feast_amplitude: 0.1}""",
    "ByConfidence": """\
run: {parameters: sampled}
uncertainty: {size_share: {high: 0.02, medium: 0.07, low: 0.2}}""",
    "RegionalFactors": "regional_factors: {collection: {sd: 0.2}, demand: {sd: 0.05}}",
    "RegionalFactor": "regional_factors: {collection: {sd: 0.2, common_share: 0.6}}",
    "Shock": """\
shocks:
  cold: {from_date: 2026-02-05, to_date: 2026-02-12, collection_factor: 0.6, ramp_days: 2}""",
    "StockRecall": """\
shocks:
  lot:
    from_date: 2026-02-10
    to_date: 2026-02-11
    regions: [BJ]
    recall: {product: red_cells, collected_from: 2026-02-05, collected_to: 2026-02-06}""",
    "ForecastSettings": "forecast: {error_sd: [0, 0, 0, 0, 0]}",
    "Policies": "policies: {transfer: {kind: proportional}, collection: {kind: pre_collect}}",
    "Optimized": "policies: {transfer: {kind: optimized, review_days: 7}}",
    "NoTransfers": "policies: {transfer: {kind: none}}",
    "ShareSurplus": "policies: {transfer: {kind: share_surplus, above_days: 9, below_days: 5}}",
    "Proportional": "policies: {transfer: {kind: proportional, review_days: 3}}",
    "AdHoc": "policies: {transfer: {kind: ad_hoc, at_level: orange}}",
    "MoveAgeing": """\
policies:
  transfer:
    {kind: move_ageing, routes: [{origin: TJ, destination: BJ}], below_life_days: 10}""",
    "SampledPlan": "policies: {transfer: {kind: sampled, scenarios: 64}}",
    "AgeingRoute": """\
policies:
  transfer:
    {kind: move_ageing, routes: [{origin: HE, destination: BJ}], below_life_days: 10}""",
    "FixedPlan": """\
policies:
  transfer:
    kind: fixed
    shipments: [{date: 2026-02-06, origin: HE, destination: BJ, product: red_cells, units: 400}]""",
    "FixedShipment": """\
policies:
  transfer:
    kind: fixed
    shipments: [{date: 2026-02-09, origin: HE, destination: TJ, product: red_cells, units: 200}]""",
    "Regulated": "policies: {collection: {kind: regulated}}",
    "PreCollect": "policies: {collection: {kind: pre_collect, uplift: 0.1}}",
    "FrozenCollection": """\
overrides: {same_donors: {policies: {collection: {kind: frozen, of: none}}}}
variants: {replayed: [balance, same_donors]}""",
    "OptimizedCollection": """\
policies: {collection: {kind: optimized, placed_by: calendar}}
resources:
  drives: {teams_per_day: 3}
  organisations: {mill: {region: BJ, channel: street, headcount: 2000}}""",
    "CustomPolicy": "policies: {transfer: {kind: custom, name: mine}}  # bloodsim.register_policy",
    "CostWeights": "cost: {outdated: 3}",
    "EventCosts": "cost: {events: {holding_unit_day: 0.01, order: 5}}",
    "InputNote": """\
inputs: [{path: "**", kind: assumed, confidence: low, source: an example}]""",
}
"""YAML of one example by block of the schema."""
