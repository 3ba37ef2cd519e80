"""The hours in which programmes may be fetched, over midnight too."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kiosk.station.config import parse
from kiosk.station.schedule.fetch_hours import FetchHours

ZONE = ZoneInfo("Asia/Shanghai")
NIGHT = FetchHours.of("22:00-06:00")
TWICE = FetchHours.of("12:00-13:30, 22:00-06:00")


def at(text: str, day: int = 5) -> datetime:
    return datetime.fromisoformat(f"2026-03-{day:02d}T{text}").replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("hours", "now", "until", "opens"),
    [
        (NIGHT, at("21:59:59"), None, at("22:00")),
        (NIGHT, at("22:00"), at("06:00", 6), at("22:00")),
        (NIGHT, at("05:59"), at("06:00"), at("05:59")),
        (NIGHT, at("06:00"), None, at("22:00")),
        (TWICE, at("11:00"), None, at("12:00")),
        (TWICE, at("13:00"), at("13:30"), at("13:00")),
        (TWICE, at("14:00"), None, at("22:00")),
        (FetchHours.of("08:00-08:00"), at("07:00"), at("08:00"), at("07:00")),
    ],
)
def test_when_it_may_begin_and_until_when(
    hours: FetchHours, now: datetime, until: datetime | None, opens: datetime
) -> None:
    assert (hours.until(now), hours.opens(now)) == (until, opens)


def test_without_hours_it_is_always_time() -> None:
    assert FetchHours().allow(at("12:00"), None)
    assert FetchHours().done(at("12:00"), timedelta(hours=100)) == at("12:00") + timedelta(hours=100)


@pytest.mark.parametrize(
    ("now", "due", "allowed"),
    [
        (at("10:00"), at("15:00"), True),  # today
        (at("10:00"), at("09:00"), True),  # a showing under way
        (at("10:00"), at("22:30"), True),  # so soon after the opening that it could not be there
        (at("10:00"), at("09:00", 6), False),  # the night is long enough
        (at("10:00"), None, False),
        (at("23:00"), None, True),
    ],
)
def test_what_is_due_today_is_fetched_at_any_hour(now: datetime, due: datetime | None, allowed: bool) -> None:
    assert NIGHT.allow(now, due) is allowed


@pytest.mark.parametrize(
    ("now", "hours", "done"),
    [
        (at("10:00"), 1, at("23:00")),
        (at("10:00"), 8, at("06:00", 6)),
        (at("10:00"), 9, at("23:00", 6)),
        (at("05:00"), 2, at("23:00")),
        (at("23:00"), 1, at("00:00", 6)),
    ],
)
def test_when_so_much_will_be_done(now: datetime, hours: int, done: datetime) -> None:
    assert NIGHT.done(now, timedelta(hours=hours)) == done


@pytest.mark.parametrize("text", ["", "22:00-06:00", "12:00-13:30,22:00-06:00", "12:00-13:30, 22:00-06:00"])
def test_settings_take_hours(text: str) -> None:
    config, problems = parse({"fetch": {"hours": text}})
    assert (config.fetch.hours, problems) == (text, [])


@pytest.mark.parametrize("text", ["22:00", "24:00-06:00", "22:00-6:00", "22:00-06:00,", "night", "22:00-06:00 x", ","])
def test_settings_refuse_what_is_no_hours_and_say_what_they_want(text: str) -> None:
    _, (problem,) = parse({"fetch": {"hours": text}})
    assert problem.startswith("[fetch] hours: ") and '"22:00-06:00"' in problem
