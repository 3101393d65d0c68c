"""Dates to daily multipliers: calendar, lunar offsets, factors."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from bloodsim import data
from bloodsim.seasons import (
    HOLIDAYS,
    Calendar,
    CalendarError,
    daily_factors,
    festival_offset,
    parse_date,
    spring_festival,
)

CHINA = Calendar()


def days(start, end):
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def factor(day, **parts):
    return float(daily_factors([date.fromisoformat(day)], CHINA, **parts)[0])


# lunar dates ---------------------------------------------------------------------------------


def test_lunar_new_years_that_everyone_remembers():
    assert spring_festival(2020) == date(2020, 1, 25)
    assert spring_festival(2026) == date(2026, 2, 17)
    assert spring_festival(2005).year == 2005
    assert spring_festival(2040) == date(2040, 2, 12)


@pytest.mark.parametrize("year", [2004, 2041])
def test_years_outside_the_table_are_refused_with_its_range(year):
    with pytest.raises(CalendarError, match="2005 to 2040"):
        spring_festival(year)


def test_offset_counts_from_the_nearest_feast_with_sign():
    assert festival_offset(date(2026, 2, 17)) == 0
    assert festival_offset(date(2026, 1, 27)) == -21
    assert festival_offset(date(2025, 12, 31)) == -48
    assert festival_offset(date(2026, 8, 1)) == 165
    assert festival_offset(date(2026, 9, 1)) == -158
    feasts = [spring_festival(year) for year in range(2024, 2029)]
    for day in days("2025-01-01", "2027-12-31"):
        nearest = min(feasts, key=lambda feast: abs((day - feast).days))
        assert abs(festival_offset(day)) == abs((day - nearest).days)


def test_offset_beyond_the_table_is_refused():
    with pytest.raises(CalendarError, match="lunar New Years"):
        festival_offset(date(2041, 1, 1))


# parse_date ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "year", "expected"),
    [
        (date(2026, 3, 1), None, date(2026, 3, 1)),
        (datetime(2026, 3, 1, 8), None, date(2026, 3, 1)),
        ("2026-03-01", None, date(2026, 3, 1)),
        (" 02-17 ", 2026, date(2026, 2, 17)),
        ("2-7", 2026, date(2026, 2, 7)),
        ("spring_festival", 2026, date(2026, 2, 17)),
        ("spring_festival - 21", 2026, date(2026, 1, 27)),
        ("spring_festival-21", 2026, date(2026, 1, 27)),
        ("spring_festival − 21", 2026, date(2026, 1, 27)),
        ("spring_festival + 3", 2025, date(2025, 2, 1)),
        ("spring_festival 2026 + 3", None, date(2026, 2, 20)),
        ("spring_festival 2026 + 3", 2030, date(2026, 2, 20)),
    ],
)
def test_dates_are_read_in_every_documented_form(value, year, expected):
    found = parse_date(value, year)
    assert found == expected
    assert type(found) is date


@pytest.mark.parametrize("text", ["02-17", "spring_festival", "spring_festival - 21"])
def test_texts_without_a_year_ask_for_one(text):
    with pytest.raises(CalendarError, match="needs a year"):
        parse_date(text)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-02-30", "13-01", "spring_festival * 3", 7])
def test_texts_that_are_no_date_say_what_was_expected(text):
    with pytest.raises(CalendarError, match="expected a date such as"):
        parse_date(text, 2026)


def test_a_leap_day_is_refused_in_other_years():
    assert parse_date("02-29", 2028) == date(2028, 2, 29)
    with pytest.raises(CalendarError):
        parse_date("02-29", 2026)


# calendar ------------------------------------------------------------------------------------


def test_holiday_blocks_of_2026():
    blocks = CHINA.holiday_blocks(date(2026, 1, 1), date(2026, 12, 31))
    spans = {
        block.key: (block.start.isoformat()[5:], block.end.isoformat()[5:]) for block in blocks
    }
    assert spans == {
        "new_year": ("01-01", "01-03"),
        "spring_festival": ("02-15", "02-23"),
        "tomb_sweeping": ("04-04", "04-06"),
        "labour_day": ("05-01", "05-05"),
        "dragon_boat": ("06-19", "06-21"),
        "mid_autumn": ("09-25", "09-27"),
        "national_day": ("10-01", "10-07"),
    }
    assert {(b.name_zh, b.name_en) for b in blocks} <= set(HOLIDAYS.values())


def test_a_block_across_the_new_year_is_found_once_and_whole():
    blocks = CHINA.holiday_blocks(date(2023, 12, 1), date(2024, 1, 20))
    assert [(b.key, b.start, b.end) for b in blocks] == [
        ("new_year", date(2023, 12, 30), date(2024, 1, 1))
    ]
    assert CHINA.holiday_blocks(date(2024, 1, 1), date(2024, 1, 1)) == blocks
    assert CHINA.holiday_on(date(2024, 1, 1)) == ("new_year", 3)


def test_mid_autumn_inside_national_day_takes_its_name():
    assert CHINA.holiday_on(date(2025, 10, 6)) == ("national_day", 6)
    assert CHINA.holiday_on(date(2023, 9, 29)) == ("national_day", 1)
    assert CHINA.holiday_on(date(2026, 9, 25)) == ("mid_autumn", 1)


def test_make_up_workdays_and_kinds_around_the_feast_of_2026():
    kinds = {
        "2026-02-13": "workday",
        "2026-02-14": "adjusted_workday",
        "2026-02-15": "holiday",
        "2026-02-21": "holiday",
        "2026-02-23": "holiday",
        "2026-02-24": "workday",
        "2026-02-28": "adjusted_workday",
        "2026-03-01": "weekend",
    }
    assert {day: CHINA.kind(date.fromisoformat(day)) for day in kinds} == kinds
    assert CHINA.is_working_day(date(2026, 2, 14))
    assert not CHINA.is_working_day(date(2026, 2, 20))
    assert CHINA.holiday_on(date(2026, 2, 14)) is None


def test_working_days_agree_with_the_bundled_notices():
    notices = {row["date"]: row["kind"] for row in data.rows("calendar.csv")}
    for day in days("2012-01-01", "2026-12-31"):
        notice = notices.get(day.isoformat())
        worked = notice == "adjusted_workday" or (notice is None and day.weekday() < 5)
        assert CHINA.is_working_day(day) == worked, day
        assert (CHINA.kind(day) == "adjusted_workday") == (notice == "adjusted_workday"), day
        assert notice != "day_off" or CHINA.kind(day) == "holiday", day


def test_holiday_keys_agree_with_the_bundled_notices():
    names = {
        "New Year's Day": "new_year",
        "Spring Festival": "spring_festival",
        "Tomb-sweeping Day": "tomb_sweeping",
        "Labour Day": "labour_day",
        "Dragon Boat Festival": "dragon_boat",
        "Mid-autumn Festival": "mid_autumn",
        "National Day": "national_day",
        "Anti-Fascist 70th Day": "victory_day",
    }
    for row in data.rows("calendar.csv"):
        if row["kind"] == "day_off":
            key, _ = CHINA.holiday_on(date.fromisoformat(row["date"]))
            allowed = {names[row["name_en"]]}
            allowed |= {"national_day"} if "mid_autumn" in allowed else set()
            assert key in allowed, row["date"]


def test_working_days_agree_with_chinesecalendar():
    chinese_calendar = pytest.importorskip("chinese_calendar")
    for day in days("2006-01-01", "2026-12-31"):
        assert CHINA.is_working_day(day) == chinese_calendar.is_workday(day), day


def test_years_without_a_notice_are_provisional_but_have_their_statutory_days():
    assert {CHINA.status(year) for year in range(2005, 2027)} == {"official"}
    provisional = next(y for y in range(2027, 2041) if CHINA.status(y) == "provisional")
    assert {CHINA.status(year) for year in range(provisional, 2041)} == {"provisional"}
    assert CHINA.kind(spring_festival(provisional)) == "holiday"
    assert CHINA.holiday_on(date(provisional, 10, 1)) is not None


def test_extra_days_change_work_and_lengthen_blocks():
    changed = Calendar(extra_days_off=("2026-02-24", "2026-07-15"), extra_workdays=("2026-03-07",))
    assert changed.holiday_on(date(2026, 2, 24)) == ("spring_festival", 10)
    assert changed.kind(date(2026, 7, 15)) == "holiday"
    assert changed.holiday_on(date(2026, 7, 15)) is None
    assert changed.kind(date(2026, 3, 7)) == "adjusted_workday"
    assert CHINA.kind(date(2026, 3, 7)) == "weekend"
    assert changed == Calendar("CN", (date(2026, 2, 24), date(2026, 7, 15)), (date(2026, 3, 7),))
    assert hash(changed) != hash(CHINA)


def test_calendars_that_make_no_sense_are_refused():
    with pytest.raises(CalendarError, match="'US'"):
        Calendar("US")
    with pytest.raises(CalendarError, match="both"):
        Calendar(extra_days_off=("2026-03-03",), extra_workdays=("2026-03-03",))


# daily factors -------------------------------------------------------------------------------


def test_nothing_given_means_one_everywhere():
    assert daily_factors(days("2026-01-01", "2026-01-09"), CHINA).tolist() == [1.0] * 9
    assert daily_factors([], CHINA).shape == (0,)


def test_month_and_weekday_multiply():
    parts = {"month": {3: 2.0}, "weekday": {"mon": 0.5, "sat": 3.0}}
    assert factor("2026-03-02", **parts) == 1.0  # Monday
    assert factor("2026-03-03", **parts) == 2.0
    assert factor("2026-03-07", **parts) == 6.0  # Saturday
    assert factor("2026-04-13", **parts) == 0.5


def test_weekday_is_skipped_in_holiday_blocks_and_meaned_on_make_up_workdays():
    week = {"mon": 1.0, "tue": 2.0, "wed": 3.0, "thu": 4.0, "fri": 5.0, "sat": 10.0, "sun": 20.0}
    assert factor("2026-02-21", weekday=week) == 1.0  # Saturday inside the Spring Festival
    assert factor("2026-10-06", weekday=week) == 1.0  # Tuesday inside National Day
    assert factor("2026-02-14", weekday=week) == 3.0  # a worked Saturday
    assert factor("2026-03-14", weekday=week) == 10.0


def test_festival_blocks_scale_with_amplitude_and_stop_at_zero():
    blocks = [(-3, -1, 0.8), (0, 2, 0.2)]
    assert factor("2026-02-13", festival=blocks) == 1.0
    assert factor("2026-02-14", festival=blocks) == 0.8
    assert factor("2026-02-19", festival=blocks) == 0.2
    assert factor("2026-02-20", festival=blocks) == 1.0
    assert factor("2026-02-17", festival=blocks, amplitude=0.5) == pytest.approx(0.6)
    assert factor("2026-02-17", festival=blocks, amplitude=2.0) == 0.0
    assert factor("2026-02-15", festival=blocks, amplitude=1.5) == pytest.approx(0.7)
    assert factor("2025-01-29", festival=blocks) == 0.2


def test_holiday_factors_go_by_the_day_of_the_block():
    parts = {"holidays": [("national_day", 1, 3, 0.6), ("national_day", 4, 9, 0.7)]}
    found = daily_factors(days("2026-09-30", "2026-10-08"), CHINA, **parts)
    assert found.tolist() == [1.0, 0.6, 0.6, 0.6, 0.7, 0.7, 0.7, 0.7, 1.0]
    assert factor("2026-05-01", **parts) == 1.0


def test_closures_repeat_every_year_and_follow_the_moon():
    parts = {
        "closures": [("07-05", "08-31"), ("spring_festival - 20", "spring_festival + 16")],
        "closed_factor": 0.15,
    }
    inside = ["2026-07-05", "2026-08-31", "2027-08-01", "2026-01-28", "2026-03-05", "2025-01-09"]
    outside = ["2026-07-04", "2026-09-01", "2026-01-27", "2026-03-06", "2025-01-08"]
    assert {factor(day, **parts) for day in inside} == {0.15}
    assert {factor(day, **parts) for day in outside} == {1.0}


def test_a_closure_may_run_over_the_new_year_and_may_be_a_single_span():
    winter = {"closures": [("12-20", "01-10")]}
    assert factor("2026-12-20", **winter) == factor("2026-01-10", **winter) == 0.0
    assert factor("2026-01-11", **winter) == factor("2026-12-19", **winter) == 1.0
    once = {"closures": [("2026-04-01", "2026-04-03")]}
    assert factor("2026-04-03", **once) == 0.0
    assert factor("2027-04-03", **once) == 1.0
    with pytest.raises(CalendarError, match="ends before"):
        factor("2026-04-03", closures=[("2026-04-05", "2026-04-03")])


def test_closures_that_touch_are_applied_once():
    twice = {"closures": [("07-01", "07-20"), ("07-10", "07-31")], "closed_factor": 0.5}
    assert factor("2026-07-15", **twice) == 0.5


def test_working_days_only_is_zero_on_days_off_and_not_on_make_up_days():
    only = {"working_days_only": True}
    assert factor("2026-02-14", **only) == factor("2026-02-13", **only) == 1.0
    assert factor("2026-02-16", **only) == factor("2026-03-14", **only) == 0.0
    working = daily_factors(days("2026-01-01", "2026-12-31"), CHINA, **only)
    assert working.sum() == sum(map(CHINA.is_working_day, days("2026-01-01", "2026-12-31")))


def test_dates_may_come_unordered_and_as_an_array():
    span = days("2025-12-20", "2026-03-05")
    parts = {"month": {1: 0.9, 2: 0.8}, "festival": [(-5, 5, 0.5)], "weekday": {"sun": 0.7}}
    found = daily_factors(span, CHINA, **parts)
    assert np.array_equal(daily_factors(span[::-1], CHINA, **parts)[::-1], found)
    array = np.array(span, dtype="datetime64[s]")
    assert np.array_equal(daily_factors(array, CHINA, **parts), found)
    assert found.tolist() == [factor(day.isoformat(), **parts) for day in span]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"month": {0: 1.0}}, "unknown month 0"),
        ({"weekday": {"Mon": 1.0}}, "unknown weekday 'Mon'"),
        ({"holidays": [("christmas", 1, 2, 0.5)]}, "'christmas'"),
        ({"festival": [(0, 5, 0.5), (5, 9, 0.6)]}, "overlaps"),
        ({"festival": [(5, 0, 0.5)]}, "before it starts"),
        ({"closures": [("soon", "07-05")]}, "'soon'"),
    ],
)
def test_parts_that_make_no_sense_are_named(parts, message):
    with pytest.raises(CalendarError, match=message):
        factor("2026-03-02", **parts)
