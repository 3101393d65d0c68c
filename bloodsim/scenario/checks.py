"""The semantic pass: what is well-formed but cannot be meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from bloodsim.scenario.agreement_checks import check_agreements
from bloodsim.scenario.bound_checks import check_bound
from bloodsim.scenario.calendar_checks import check_booking, check_calendar
from bloodsim.scenario.demand_checks import check_demand
from bloodsim.scenario.derivation_checks import check_derivations
from bloodsim.scenario.donor_checks import check_donors
from bloodsim.scenario.due_checks import check_due
from bloodsim.scenario.horizon import first_day, look_ahead_days
from bloodsim.scenario.hour_checks import check_hours
from bloodsim.scenario.ordering_checks import check_ordering
from bloodsim.scenario.organisation_checks import invited_a_day
from bloodsim.scenario.problems import Path, Problem, nearest, unknown_names
from bloodsim.scenario.resource_checks import check_resources
from bloodsim.scenario.route_checks import check_routes
from bloodsim.scenario.sampled_checks import check_sampled
from bloodsim.scenario.shock_checks import check_alert_exits, check_shocks
from bloodsim.scenario.size_checks import check_sizes
from bloodsim.scenario.variant_checks import check_variants
from bloodsim.seasons import CalendarError, festival_offset, parse_date, spring_festival

if TYPE_CHECKING:
    from bloodsim.scenario import Scenario
    from bloodsim.scenario.collection import Product, Profile, Regulation
    from bloodsim.scenario.regions import Region

LONGEST_RUN_DAYS = 20 * 366
"""Scored days that a run may have."""

_SHARE_TOLERANCE = 1e-6
_SURPLUS_RANGE = (0.7, 1.5)  # of whole-blood supply over requests that raises no eyebrow
_LEVELS = ("blue", "yellow", "orange", "red")
_SOME_LEAP_YEAR = 2024  # closures without a year are tried on it


def check(scenario: Scenario) -> list[Problem]:
    """Return every semantic problem of *scenario*, errors and warnings."""
    return [
        *_dates(scenario),
        *_calendar(scenario),
        *_products(scenario),
        *_profiles(scenario),
        *_channels(scenario),
        *_demand(scenario),
        *check_demand(scenario, first_day(scenario)),
        *_regions(scenario),
        *check_routes(scenario),
        *check_ordering(scenario),
        *check_agreements(scenario),
        *check_due(scenario, first_day(scenario)),
        *check_derivations(scenario),
        *check_donors(scenario),
        *check_resources(scenario),
        *_policies(scenario),
        *_collection_policy(scenario),
        *_forecast(scenario),
        *unknown_names(scenario.cost.terminal_cover_days, scenario.products, "product", _TERMINAL),
        *check_variants(scenario),
        *check_hours(scenario),
        *check_sizes(scenario),
        *check_shocks(scenario),
        *check_alert_exits(scenario),
        *check_bound(scenario),
        *_notes(scenario),
        *_balance(scenario),
    ]


_TERMINAL = ("cost", "terminal_cover_days")


def _dates(scenario: Scenario) -> Iterator[Problem]:
    run = scenario.run
    days = (run.score_end - run.score_start).days + 1
    if days < 1:
        message = f"score_end ({run.score_end}) is before score_start ({run.score_start})"
        yield Problem(("run", "score_end"), message, "the last scored day counts in the results")
    elif days > LONGEST_RUN_DAYS:
        message = f"the run is {days:,} days long"
        hint = f"at most {LONGEST_RUN_DAYS:,} days (20 years)"
        yield Problem(("run", "score_end"), message, hint)
    if run.warmup_days != "auto":
        for name in sorted({r.product for _, r in _regulated(scenario)} & set(scenario.products)):
            life = scenario.products[name].shelf_life_days
            if run.warmup_days < life:
                message = f"{run.warmup_days} days are shorter than the shelf life of {name}"
                hint = f"{life} days or more, so that no unit of the opening stock is left"
                yield Problem(("run", "warmup_days"), message, hint, level="warning")


def _calendar(scenario: Scenario) -> Iterator[Problem]:
    start, ahead = first_day(scenario), look_ahead_days(scenario)
    end = scenario.run.score_end
    for day, field in (
        (start, "score_start"),
        (end, "score_end"),
        (_later(end, ahead), "score_end"),
    ):
        try:
            festival_offset(day)
            spring_festival(day.year)
        except CalendarError as error:
            hint = (
                f"a run, with its warm-up and {ahead} days of forecasts after it, must "
                "lie within these years"
            )
            yield Problem(("run", field), f"the calendar does not cover {day}: {error}", hint)
            return
    try:
        calendar = scenario.calendar.build()
    except CalendarError as error:
        yield Problem(("calendar",), str(error), "name each day once")
        return
    for year in range(start.year, scenario.run.score_end.year + 1):
        if calendar.status(year) == "provisional":
            message = f"the holidays of {year} are provisional: no notice on them is known"
            hint = "add them under calendar.extra_days_off and calendar.extra_workdays"
            yield Problem(("calendar",), message, hint, level="warning")


def _later(day: date, days: int) -> date:
    return date.max if (date.max - day).days < days else day + timedelta(days=days)


def _regulated(scenario: Scenario) -> list[tuple[str, Regulation]]:
    return [(n, c.regulation) for n, c in scenario.channels.items() if c.regulation is not None]


def _products(scenario: Scenario) -> Iterator[Problem]:
    gifts = {channel.gift for channel in scenario.channels.values()}
    for name, product in scenario.products.items():
        here = ("products", name)
        if product.shelf_life_days <= max(1, product.test_delay_days):
            message = (
                f"shelf life ({product.shelf_life_days} days) is not longer than the test delay "
                f"({product.test_delay_days} days, but 1 at least): no unit could ever be issued"
            )
            hint = "life counts from collection; units are released on the next day at the earliest"
            yield Problem((*here, "shelf_life_days"), message, hint)
        ordered = any(order.product == name for order in scenario.ordering)
        if product.source not in {*gifts, "derived"} and not ordered:
            message = f"no channel collects {product.source.replace('_', ' ')}, its source"
            hint = "add a channel, or change the source"
            if not scenario.channels:  # a world that lives on its opening stock is meant
                message, hint = (
                    "nobody collects it and nobody orders it",
                    "add a channel, or an order",
                )
            level: Literal["error", "warning"] = "error" if scenario.channels else "warning"
            yield Problem((*here, "source"), message, hint, level=level)
        yield from _alerts(here, [(a.level, a.below_days) for a in product.alerts])


def _alerts(here: Path, levels: list[tuple[str, float]]) -> Iterator[Problem]:
    twice = [level for level, count in Counter(level for level, _ in levels).items() if count > 1]
    for level in twice:
        yield Problem((*here, "alerts"), f"alert level '{level}' stands twice", "keep one")
    ordered = sorted(levels, key=lambda pair: _LEVELS.index(pair[0]))
    for (mild, above), (grave, below) in pairwise(ordered):
        if mild != grave and below >= above:
            message = f"{grave} begins below {below:g} days, but {mild} already below {above:g}"
            hint = "thresholds fall: blue > yellow > orange > red"
            yield Problem((*here, "alerts"), message, hint)


def _profiles(scenario: Scenario) -> Iterator[Problem]:
    for name, profile in scenario.profiles.items():
        here = ("profiles", name)
        feast = [(b.from_offset, b.to_offset) for b in profile.spring_festival]
        yield from _blocks((*here, "spring_festival"), feast)
        for holiday in dict.fromkeys(block.holiday for block in profile.holidays):
            spans = [(b.from_day, b.to_day) for b in profile.holidays if b.holiday == holiday]
            yield from _blocks((*here, "holidays"), spans)
        yield from _closures(here, profile)


def _blocks(here: Path, spans: list[tuple[int, int]]) -> Iterator[Problem]:
    """Find blocks that end before they start, or overlap."""
    for first, last in spans:
        if last < first:
            yield Problem(here, f"the block {first}..{last} ends before it starts", "swap the two")
    ordered = sorted(span for span in spans if span[0] <= span[1])
    for one, other in pairwise(ordered):
        if other[0] <= one[1]:
            message = f"the blocks {one[0]}..{one[1]} and {other[0]}..{other[1]} overlap"
            yield Problem(here, message, "each day may lie in one block only")


def _closures(here: Path, profile: Profile) -> Iterator[Problem]:
    for index, closure in enumerate(profile.closures):
        for field in ("from_date", "to_date"):
            try:
                parse_date(getattr(closure, field), year=_SOME_LEAP_YEAR)
            except CalendarError as error:
                path = (*here, "closures", str(index), field)
                yield Problem(path, str(error), "such as 07-05, or spring_festival - 20")


def _channels(scenario: Scenario) -> Iterator[Problem]:
    here: Path
    for name, channel in scenario.channels.items():
        here = ("channels", name)
        yield from unknown_names([channel.profile], scenario.profiles, "profile", here, "profile")
    for name, regulation in _regulated(scenario):
        here = ("channels", name, "regulation")
        yield from unknown_names(
            [regulation.product], scenario.products, "product", here, "product"
        )
        product = scenario.products.get(regulation.product)
        if product is not None and product.source != scenario.channels[name].gift:
            message = f"{regulation.product} is not made from what '{name}' collects"
            hint = f"a product with source: {scenario.channels[name].gift}"
            yield Problem((*here, "product"), message, hint)
        if regulation.min_factor > regulation.max_factor:
            message = f"min_factor ({regulation.min_factor:g}) is above max_factor"
            hint = f"max_factor is {regulation.max_factor:g}"
            yield Problem((*here, "min_factor"), message, hint)
        if not regulation.target_cover_days:
            message = "no target is given"
            yield Problem((*here, "target_cover_days"), message, "{0: 10} = 10 days all year")


def _demand(scenario: Scenario) -> Iterator[Problem]:
    yield from unknown_names(scenario.demand, scenario.products, "product", ("demand",))
    for name in scenario.products:
        if name not in scenario.demand:
            message = f"the product '{name}' has no demand"
            yield Problem(("demand",), message, f"add demand.{name}, or drop the product")
        elif scenario.regions and not any(
            region.demand_per_day.get(name, 0.0) > 0 or name in region.demand_distribution
            for region in scenario.regions.values()
        ):
            message = f"no region requests any {name}"
            hint = f"give regions.*.demand_per_day.{name}"
            yield Problem(("regions",), message, hint, level="warning")
    for name, demand in scenario.demand.items():
        here = ("demand", name)
        yield from unknown_names([demand.profile], scenario.profiles, "profile", here, "profile")
        shares = {key: found.share for key, found in demand.classes.items()}
        yield from _sum_to_one((*here, "classes"), shares, "the shares of the classes")


def _regions(scenario: Scenario) -> Iterator[Problem]:
    if not scenario.regions:
        yield Problem(("regions",), "there is no region", "add at least one")
    for name, region in scenario.regions.items():
        here = ("regions", name)
        yield from _sum_to_one((*here, "group_shares"), region.group_shares, "group_shares")
        gifts = region.gift_shares.model_dump()
        yield from _sum_to_one((*here, "gift_shares"), gifts, "gift_shares")
        for field, known, what in (
            ("donors_per_day", scenario.channels, "channel"),
            ("demand_per_day", scenario.products, "product"),
            ("net_import_per_year", scenario.products, "product"),
            ("target_cover_factor", scenario.products, "product"),
        ):
            yield from unknown_names(getattr(region, field), known, what, (*here, field))


def _sum_to_one(here: Path, shares: Mapping[Any, float], what: str) -> Iterator[Problem]:
    total = sum(shares.values())
    if abs(total - 1) > _SHARE_TOLERANCE:
        yield Problem(here, f"{what} sum to {total:.6g}", "they must sum to 1")


def _collection_policy(scenario: Scenario) -> Iterator[Problem]:
    policy, here = scenario.policies.collection, ("policies", "collection")
    if policy.kind == "frozen":
        yield from unknown_names([policy.of], scenario.variants, "variant", here, "of")
    elif policy.kind == "optimized" and policy.placed_by == "booking":
        yield from check_booking(scenario, policy)
    elif policy.kind == "optimized" and scenario.resources.drives is None:
        message = "there are no drives to place"
        yield Problem(here, message, "add resources.drives: {teams_per_day: ...}")
    elif policy.kind == "optimized" and policy.placed_by == "calendar":
        yield from check_calendar(scenario, policy)
    elif policy.kind == "pre_collect":
        yield from unknown_names(policy.channels, scenario.channels, "channel", here, "channels")
        if policy.to_offset < policy.from_offset:
            message = f"to_offset ({policy.to_offset}) is before from_offset ({policy.from_offset})"
            yield Problem((*here, "to_offset"), message, "the last day of the uplift")


def _policies(scenario: Scenario) -> Iterator[Problem]:
    for here, policy in (
        (("policies", "transfer"), scenario.policies.transfer),
        (("run", "warmup_policy"), scenario.run.warmup_policy),
    ):
        listed = getattr(policy, "products", ())
        for index, name in enumerate(listed):
            path = (*here, "products")
            yield from unknown_names([name], scenario.products, "product", path, str(index))
            if name in scenario.products and name not in scenario.routes.products:
                message = f"no route carries {name}"
                hint = f"add routes.products.{name}"
                yield Problem((*path, str(index)), message, hint, level="warning")
        if policy.kind == "sampled":
            yield from check_sampled(scenario, policy, here)
        if policy.kind == "optimized" and policy.foresight == "perfect":
            frozen = scenario.policies.collection.kind == "frozen"
            if not frozen or here[0] == "run":
                message = "perfect foresight needs a collection that was seen before"
                hint = "policies.collection: {kind: frozen, of: a variant}, in a variant of its own"
                yield Problem((*here, "foresight"), message, hint)
        if policy.kind == "share_surplus":
            if policy.above_days < policy.fill_to_days:
                message = f"above_days ({policy.above_days:g}) is less than fill_to_days"
                hint = f"fill_to_days is {policy.fill_to_days:g}"
                yield Problem((*here, "above_days"), message, hint)
            if policy.below_days > policy.fill_to_days:
                message = f"below_days ({policy.below_days:g}) is more than fill_to_days"
                hint = f"fill_to_days is {policy.fill_to_days:g}"
                yield Problem((*here, "below_days"), message, hint)
        if policy.kind == "ad_hoc":
            if policy.donor_above_days < policy.fill_to_days:
                message = (
                    f"donor_above_days ({policy.donor_above_days:g}) is less than what it gives"
                )
                hint = f"fill_to_days is {policy.fill_to_days:g}: two regions would help each other"
                yield Problem((*here, "donor_above_days"), message, hint)
            if policy.largest_units < policy.smallest_units:
                message = f"largest_units ({policy.largest_units:g}) is less than smallest_units"
                hint = f"smallest_units is {policy.smallest_units:g}"
                yield Problem((*here, "largest_units"), message, hint)
            levels = {a.level for product in scenario.products.values() for a in product.alerts}
            if policy.at_level not in levels:
                message = f"no product has the alert level '{policy.at_level}'"
                hint = "nobody would ask for help"
                yield Problem((*here, "at_level"), message, hint, level="warning")


def _forecast(scenario: Scenario) -> Iterator[Problem]:
    ends, errors = scenario.forecast.band_ends_days, scenario.forecast.error_sd
    if len(errors) != len(ends) + 1:
        message = f"{len(errors)} errors for {len(ends) + 1} bands"
        hint = "one for each of band_ends_days, and one for the open last band"
        yield Problem(("forecast", "error_sd"), message, hint)
    if any(after <= before for before, after in pairwise(ends)):
        path = ("forecast", "band_ends_days")
        yield Problem(path, "the ends of the bands do not rise", "such as [1, 3, 7, 14]")


def _notes(scenario: Scenario) -> Iterator[Problem]:
    known = set(type(scenario).model_fields) | {"**", "*"}
    for index, note in enumerate(scenario.inputs):
        section = note.path.split(".")[0]
        if section not in known:
            path = ("inputs", str(index), "path")
            hint = nearest(section, sorted(known - {"**", "*"}))
            yield Problem(path, f"unknown section '{section}'", hint, level="warning")


def _balance(scenario: Scenario) -> Iterator[Problem]:
    """Warn where whole-blood supply and requests of red cells are far apart."""
    made = [p for p in scenario.products.values() if p.source == "whole_blood"]
    for name, product in scenario.products.items():
        if product.compatibility != "red_cells" or product not in made:
            continue
        supply = sum(
            donors * _units_per_invited(scenario, scenario.regions[region], channel, product)
            for region, channel, donors in invited_a_day(scenario)
        )
        requests = sum(r.demand_per_day.get(name, 0.0) for r in scenario.regions.values())
        low, high = _SURPLUS_RANGE
        if requests > 0 and not low <= supply / requests <= high:
            message = (
                f"{name}: a normal day's collection makes {supply:,.0f} units, {requests:,.0f} "
                f"are requested ({supply / requests:.2f} of it)"
            )
            hint = "donors_per_day counts invited donors, demand_per_day units"
            yield Problem(("regions",), message, hint, level="warning")


def _units_per_invited(scenario: Scenario, region: Region, channel: str, product: Product) -> float:
    """Return the usable units of *product* that an invited donor of a channel gives."""
    found = scenario.channels[channel]
    if found.gift != product.source:
        return 0.0
    came = (1 - found.missing_share) * (1 - found.deferral_share)
    kept = came * (1 - found.test_failure_share) * (1 - product.discard_share)
    if product.source == "apheresis":
        return kept * product.units_per_donation
    gifts = region.gift_shares
    return kept * product.units_per_200_ml * (gifts.ml_200 + 1.5 * gifts.ml_300 + 2 * gifts.ml_400)
