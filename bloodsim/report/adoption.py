"""Whether to adopt the proposal: what it consists of, and whether it shows a benefit."""

from __future__ import annotations

import math

from bloodsim import metrics
from bloodsim.labels import Lang, indicator_label, pick, shown, variant_label
from bloodsim.metrics.calendars import EQUAL_SHARE
from bloodsim.metrics.intervals import Interval
from bloodsim.numbers import give_or_take, number, percent
from bloodsim.plots.text import product_name
from bloodsim.results import Results

_RULES = {
    "Nothing": ("不调剂", "no transfers"),
    "HelpingOnRequest": ("按请求支援", "help on request"),
    "SharingProportionally": ("按比例均衡调剂", "transfers by proportional sharing"),
    "SharingSurplus": ("余缺调剂", "transfers of surplus"),
    "MovingAgeing": ("调出临期库存", "transfers of ageing stock"),
    "Optimizing": ("优化调剂", "transfers by the optimizer"),
    "Sampling": ("随机优化的订货与调剂", "orders and transfers by stochastic optimization"),
}
"""What the classes of transfer policies do, by the name that the manifest has."""


def adoption(results: Results, product: str, base: str, best: str, lang: Lang) -> str:
    """Ask whether to adopt a variant; say what it is, and no benefit that is not clear."""
    name, than = variant_label(best, lang), variant_label(base, lang)
    parts = pick(lang, "、", ", ").join(_parts(results, base, best, lang))
    cost = _paired(results, "cost", None, base, best)
    unmet = _paired(results, "shortage_rate", product, base, best)
    amounts = pick(
        lang,
        f"与“{than}”相比，代价 {_points(cost, lang)} 分，{product_name(results, product, lang)}"
        f"未满足率 {_share(unmet)}",
        f"against '{than}' cost {_points(cost, lang)} points, requests for "
        f"{product_name(results, product, lang).lower()} not met {_share(unmet)}",
    )
    found = _found(cost, len(results.replications), lang)
    found += _unequal_words(results, base, best, lang)
    effort = effort_words(results, base, best, lang)
    takes = pick(lang, f"；{effort}", f"; {effort}") if effort else ""
    return pick(
        lang,
        f"是否采用“{name}”（{parts}）：{found}；{amounts}{takes}。",
        f"Whether to adopt '{name}' ({parts}): {found}; {amounts}{takes}.",
    )


def _found(cost: Interval, worlds: int, lang: Lang) -> str:
    """What the paired interval of the one cost shows."""
    if math.isnan(cost.half_width) or abs(cost.mean) <= cost.half_width:
        plural = "" if worlds == 1 else "s"
        return pick(
            lang,
            f"未显示明确收益（{worlds} 次模拟）",
            f"no clear benefit shown ({worlds} world{plural})",
        )
    if cost.mean > 0:
        return pick(
            lang, f"代价更高（{worlds} 次模拟）", f"it clearly costs more ({worlds} worlds)"
        )
    return pick(
        lang, f"代价明确更低（{worlds} 次模拟）", f"it clearly costs less ({worlds} worlds)"
    )


def _parts(results: Results, base: str, best: str, lang: Lang) -> list[str]:
    """Its rule of transfers, and how much more or less is collected."""
    policy = str(results.manifest.get("variants", {}).get(best, {}).get("policy", ""))
    rule = policy.partition("(")[0].rpartition(".")[2]
    parts = [pick(lang, *_RULES.get(rule, (shown(rule, 60), shown(rule, 60))))] if rule else []
    more = more_donations(results, base, best)
    if abs(more) >= 0.0005:
        share = percent(more, signed=True)
        parts.append(pick(lang, f"献血人次 {share}", f"donations {share}"))
    else:
        parts.append(pick(lang, "采集量基本不变", "about as much collected"))
    return parts


def _unequal_words(results: Results, base: str, best: str, lang: Lang) -> str:
    """That donations differ, so that a difference in cost may be theirs; nothing if they do not."""
    if abs(more_donations(results, base, best)) <= EQUAL_SHARE:
        return ""
    said = pick(
        lang,
        "，但献血人次不同，并非同等献血量下的比较",
        ", but donations differ: not at equal donations",
    )
    for worth in metrics.calendar_worth(results):
        # The calendar was planned within the donations of its reference: there is a fair one.
        if worth.variant == best and abs(worth.donations) <= EQUAL_SHARE:
            cost, than = worth.cost, variant_label(worth.reference, lang)
            ratio = f"{cost.ratio:.3f} [{cost.low:.3f}, {cost.high:.3f}]"
            said += pick(
                lang,
                f"；与献血人次基本相同的“{than}”相比，代价为其 {ratio} 倍",
                f"; at the donations of '{than}' it costs {ratio} of that",
            )
    return said


def donations_words(results: Results, base: str, best: str, lang: Lang) -> str:
    """By how much the donations of all scored days differ: about as many donations (+0.04 %)."""
    more = more_donations(results, base, best)
    share = percent(more, signed=True)
    if abs(more) <= EQUAL_SHARE:
        return pick(lang, f"献血人次基本相同（{share}）", f"about as many donations ({share})")
    return pick(lang, f"献血人次 {share}", f"donations {share}")


def effort_words(results: Results, base: str, best: str, lang: Lang) -> str:
    """By how much team-days and drives differ; nothing where a run has no drives."""
    if "drives" not in results.collection:
        return ""
    free = not results.cost_weights(best).get("team_day", 0.0)
    said = []
    for name in ("team_days", "drives"):
        values = metrics.KPIS[name].function(results).mean("replication")
        usual, now = (float(values.sel(variant=variant)) for variant in (base, best))
        if abs(now - usual) < 0.5:
            continue
        notes = [percent((now - usual) / usual, signed=True)] if usual else []
        if name == "team_days" and free:
            notes.append(pick(lang, "不计入代价", "not in the cost"))
        what, more = indicator_label(name, lang), number(now - usual, lang, signed=True)
        inside = pick(lang, "，", ", ").join(notes)
        note = pick(lang, f"（{inside}）", f" ({inside})") if notes else ""
        said.append(f"{what} {more}{note}")
    same = pick(lang, "采血队·天与团体献血场次不变", "team-days and drives as before")
    return pick(lang, "、", ", ").join(said) or same


def more_donations(results: Results, base: str, best: str) -> float:
    """Relative difference in mean donations; 0 where the reference has none."""
    donations = metrics.donations(results).mean("replication")
    usual = float(donations.sel(variant=base))
    return float(donations.sel(variant=best)) / usual - 1 if usual else 0.0


def _paired(results: Results, name: str, product: str | None, base: str, best: str) -> Interval:
    values = metrics.KPIS[name].function(results)
    if product is not None:
        values = values.sel(product=product)
    return metrics.interval((values.sel(variant=best) - values.sel(variant=base)).values)


def _points(value: Interval, lang: Lang) -> str:
    said = number(value.mean, lang, signed=True)
    if math.isnan(value.half_width):
        return said
    return f"{said} ± {give_or_take(value.half_width, value.mean, lang)}"


def _share(value: Interval) -> str:
    said = percent(value.mean, signed=True)
    return said if math.isnan(value.half_width) else f"{said} ± {percent(value.half_width)}"
