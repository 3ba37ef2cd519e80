"""When the room rests: hours, holidays and make-up workdays, the lead before them; and when the PC is woken."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kiosk.contract.instants import FAR
from kiosk.contract.station import DayHours, Hours, Opening, ScreenPower, Season
from kiosk.station.schedule.rest import pc_sleeps_until, screen_rests_until

ZONE = ZoneInfo("Asia/Shanghai")
DAY = (Hours(start="08:00:00", end="12:00:00"), Hours(start="14:00:00", end="20:00:00"))
WEEK = (*((DAY,) * 5), (), ())
"""Monday to Friday."""
OPENING = Opening(
    time_zone="Asia/Shanghai",
    week=WEEK,
    days=(
        DayHours(date="2026-10-01", name="国庆节"),
        DayHours(date="2026-10-10", hours=DAY, name="调休上班"),
    ),
)
POWER = ScreenPower()
NIGHT = ScreenPower(shut_down_pc="21:00:00", wake_pc="07:00:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("09-30 09:00", None),
        ("09-30 12:00", "09-30 13:55"),
        ("09-30 13:54:59", "09-30 13:55"),
        ("09-30 13:55", None),
        ("09-30 20:00", "10-02 07:55"),
        ("10-01 10:00", "10-02 07:55"),
        ("10-09 20:30", "10-10 07:55"),
        ("10-10 10:00", None),
        ("10-10 21:00", "10-12 07:55"),
    ],
    ids=["open", "noon", "just before", "lead", "eve of a holiday", "holiday", "eve of a make-up day", "make-up day",
         "before a Sunday"],
)  # fmt: skip
def test_screen_rests_outside_the_hours_less_the_lead(now: str, until: str | None) -> None:
    assert screen_rests_until(OPENING, POWER, at(now)) == (at(until) if until else None)


def test_room_without_hours_never_rests_and_one_that_never_opens_rests_for_good() -> None:
    assert screen_rests_until(Opening(), POWER, at("09-30 03:00")) is None
    assert screen_rests_until(Opening(days=(DayHours(date="2026-10-01"),)), POWER, at("10-01 03:00")) is None
    over = Opening(days=(DayHours(date="2026-09-01", hours=DAY),))
    assert screen_rests_until(over, POWER, at("10-01 03:00")) == FAR
    season = Season(first_day="2026-10-05", last_day="2026-10-06", week=WEEK)
    assert screen_rests_until(Opening(seasons=(season,)), POWER, at("10-01 03:00")) == at("10-05 07:55")


def test_screen_is_on_in_hours_that_cross_midnight() -> None:
    late = Opening(time_zone="Asia/Shanghai", week=((Hours(start="20:00:00", end="01:00:00"),),) * 7)
    assert screen_rests_until(late, POWER, at("10-02 00:30")) is None
    assert screen_rests_until(late, POWER, at("10-02 01:00")) == at("10-02 19:55")


@pytest.mark.parametrize(
    ("now", "coming", "wake"),
    [
        ("09-29 20:30", None, None),
        ("09-29 21:00", None, "09-30 07:00"),
        ("09-30 02:00", None, "09-30 07:00"),
        ("09-30 06:55", None, None),
        ("09-30 07:00", None, None),
        ("09-30 02:00", "09-30 05:00", "09-30 04:55"),
        ("09-30 04:50", "09-30 05:00", None),
        ("10-01 12:00", None, None),
        ("09-30 21:30", "10-02 08:00", "10-01 07:00"),
    ],
    ids=["too early", "in the evening", "at night", "almost morning", "woken", "a programme at night",
         "a programme soon", "a holiday's noon", "a holiday's night"],
)  # fmt: skip
def test_pc_sleeps_through_the_night_and_wakes_for_what_comes_first(
    now: str, coming: str | None, wake: str | None
) -> None:
    found = pc_sleeps_until(OPENING, NIGHT, at(now), at(coming) if coming else None)
    assert found == (at(wake) if wake else None)


def test_pc_wakes_before_the_room_opens_where_the_town_names_no_time() -> None:
    night = ScreenPower(shut_down_pc="21:00:00", lead_ms=600_000)
    assert pc_sleeps_until(OPENING, night, at("09-29 23:00"), None) == at("09-30 07:50")
    late = ScreenPower(shut_down_pc="21:00:00", wake_pc="09:00:00")
    assert pc_sleeps_until(OPENING, late, at("09-29 23:00"), None) == at("09-30 07:55")


def test_pc_that_nothing_would_wake_or_that_nobody_wants_off_stays_on() -> None:
    night = ScreenPower(shut_down_pc="21:00:00")
    assert pc_sleeps_until(Opening(), night, at("09-29 23:00"), None) is None
    assert pc_sleeps_until(OPENING, ScreenPower(wake_pc="07:00:00"), at("09-29 23:00"), None) is None
    assert pc_sleeps_until(Opening(time_zone="Asia/Shanghai"), NIGHT, at("09-29 23:00"), None) == at("09-30 07:00")


def test_screen_is_on_from_the_lead_to_the_end_of_the_hours_of_two_weeks() -> None:
    """And at no other time, with a holiday and a make-up workday among them."""
    start = at("09-28 00:00")
    for minute in range(0, 14 * 24 * 60, 5):
        now = start + timedelta(minutes=minute)
        day = now.date().isoformat()
        closed = day == "2026-10-01" or (now.weekday() >= 5 and day != "2026-10-10")
        clock = f"{now:%H:%M:%S}"
        on = not closed and ("07:55:00" <= clock < "12:00:00" or "13:55:00" <= clock < "20:00:00")
        assert (screen_rests_until(OPENING, POWER, now) is None) == on, now
