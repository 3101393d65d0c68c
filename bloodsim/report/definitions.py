"""What indicators and cost weights mean, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from bloodsim.labels import Lang, pick
from bloodsim.metrics import kpi_definitions

CHINESE: Mapping[str, str] = {
    "requested": "计分期内医院申请的单位数；各种未满足率的分母。",
    "issued": "计分期内发出的单位数，含相容血型替代。",
    "shortage_rate": "未满足率 =（流失 + 取消）÷ 申请量。",
    "emergency_shortage_rate": "急诊申请中流失的占比。",
    "elective_cancelled_rate": "择期申请中取消的占比。",
    "outdate_rate": "过期率 = 过期量 ÷ 入库量。",
    "mean_cover_days": "库存天数（日终库存 ÷ 平日需求）在各地区（不加权）和各计分日的平均。",
    "min_cover_days": "各地区平均库存天数在计分期内的最低值。",
    "days_below_yellow": "ABO 任一 RhD 阳性血型库存低于黄色线的地区·天，折合每年。",
    "days_below_orange": "ABO 任一 RhD 阳性血型库存低于橙色线的地区·天，折合每年。",
    "days_below_red": "ABO 任一 RhD 阳性血型库存低于红色线的地区·天，折合每年。",
    "age_at_issue_days": "发出单位自采集起的平均储存天数。",
    "transfer_units": "计分期内调往其他地区的单位数。",
    "transfer_unit_km": "运输工作量：各批次单位数 × 公路里程之和。",
    "shipments": "计分期内的调运批次，同车不同产品分别计数。",
    "not_shipped": "已承诺而未能调出的单位数：订单减去底线以上的库存。",
    "equity_gini": "各地区未满足占比的基尼系数，按申请量加权；0 为完全均等。",
    "worst_region_fill_rate": "满足率最低地区的满足率：（发出 − 配血后退回）÷ 申请量。",
    "collected": "计分期内采集的单位数，检测与报废之前。",
    "donations": "计分期内各渠道献血人次，不含现场延期者。",
    "first_time_share": "首次献血者占全部献血人次的比例。",
    "regular_donor_share": "此前已献血三次及以上者占全部献血人次的比例。",
    "voluntary_share": "自愿无偿献血占全部献血人次（含互助与有偿）的比例。",
    "team_days": "采血队·天：各场次所用采血队之和。",
    "donors_per_team_hour": "每队每小时到场献血者人数。",
    "drives": "举办的团体献血场次；未安排团体献血时无定义。",
    "quota_attainment": "团体献血完成率：各场次 min（到场人数，指标）之和 ÷ 指标之和。",
    "cost": "计分期综合代价（权重分），越低越好，不是金额。",
    "event_cost_per_day": "按事件计的日均代价：持有、订货、短缺、过期与调剂，加权。",
}
"""Chinese definitions of the indicators; the English ones are their docstrings."""

WEIGHTS: Mapping[str, tuple[str, str]] = {
    "emergency_lost": ("急诊流失一单位", "Emergency unit lost"),
    "urgent_lost": ("紧急流失一单位", "Urgent unit lost"),
    "elective_cancelled": ("择期取消一单位", "Elective unit cancelled"),
    "waiting_day": ("一单位等待一天", "Unit waiting for a day"),
    "outdated": ("过期一单位", "Unit outdated"),
    "donation": ("献血一人次", "Donation"),
    "team_day": ("采血队工作一天", "Team-day of collection"),
    "shipment": ("调运一批", "Shipment"),
    "unit_km": ("一单位运输一公里", "Unit moved by a kilometre"),
    "terminal_price": (
        "期末库存与在途低于目标的每单位",
        "Unit by which stock and transit end below the target",
    ),
}
"""What a cost weight is the price of."""


def definition(indicator: str, lang: Lang) -> str:
    """The definition of an indicator."""
    return pick(lang, CHINESE[indicator], _english()[indicator])


def weight_label(weight: str, lang: Lang) -> str:
    """What a cost weight is the price of; its key where it has no words."""
    own = weight.replace("_", " ")
    return pick(lang, *WEIGHTS.get(weight, (own, own)))


def _english() -> dict[str, str]:
    return {
        entry["name"].partition(".")[0]: entry["definition"].replace("``", "")
        for entry in kpi_definitions()
    }
