"""Until tomorrow morning, and until this one: when a morning is."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kiosk.common.opening_hours import next_morning
from kiosk.contract.station import DayHours, Hours, Opening

ZONE = ZoneInfo("Asia/Shanghai")


def opening(*hours: str) -> Opening:
    day = tuple(Hours(start=f"{start}:00", end=f"{end}:00") for start, end in (one.split("-") for one in hours))
    return Opening(time_zone="Asia/Shanghai", week=(day,) * 7)


def at(day: int, clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{day:02}T{clock}:00").replace(tzinfo=ZONE)


TWICE = opening("08:30-11:30", "14:00-17:00")


@pytest.mark.parametrize(
    ("hours", "now", "morning"),
    [
        (TWICE, at(5, "00:20"), at(5, "08:30")),
        (TWICE, at(5, "08:29"), at(5, "08:30")),
        (TWICE, at(5, "08:30"), at(6, "08:30")),
        (TWICE, at(5, "12:00"), at(6, "08:30")),
        (TWICE, at(5, "23:59"), at(6, "08:30")),
        (opening(), at(5, "00:20"), at(5, "06:00")),
        (opening(), at(5, "09:00"), at(6, "06:00")),
        (opening("00:00-00:00"), at(5, "09:00"), at(6, "06:00")),
        (opening("19:00-02:00"), at(5, "09:00"), at(6, "06:00")),
    ],
    ids=str,
)
def test_next_morning_is_todays_before_the_room_opens_else_tomorrows(
    hours: Opening, now: datetime, morning: datetime
) -> None:
    assert next_morning(hours, now) == morning


def test_next_morning_follows_the_hours_of_the_date() -> None:
    market = DayHours(date="2026-03-06", hours=(Hours(start="07:00:00", end="12:00:00"),))
    hours = Opening(time_zone="Asia/Shanghai", week=TWICE.week, days=(market,))
    assert next_morning(hours, at(5, "20:00")) == at(6, "07:00")
    assert next_morning(hours, at(5, "20:00")).utcoffset() == timedelta(hours=8)
