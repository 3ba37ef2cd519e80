"""What a room needs, and the sentence to send; silence counts opening hours alone."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kiosk.common.i18n import translator
from kiosk.contract.instants import to_ms
from kiosk.contract.station import DayHours, Hours, Opening, Person
from kiosk.town.console.room_words import level_of
from kiosk.town.ledger.condition import judged
from kiosk.town.ledger.needs import Missed, needs, needs_somebody, sentence, telephones

HOUR = 3_600_000
ZONE = ZoneInfo("Asia/Shanghai")
DAY = (Hours(start="08:30:00", end="11:30:00"), Hours(start="14:00:00", end="17:00:00"))
WEEK = Opening(week=(DAY,) * 5 + ((), ()), days=(DayHours(date="2026-03-05", name="休"),))
ROW: dict[str, Any] = {
    "id": "room-1", "name": "一号站", "enrolled_ms": 1, "retired_ms": None, "heard_ms": 1, "clock": "trusted",
    "waiting": 0, "stopped": False, "stopped_until_ms": None, "maintenance_until_ms": None, "screen": "up",
    "sound": "device", "playlist_version": 3, "published": 3, "counted": 3, "refusing": (), "open_faults": (),
    "bytes_lacking": 0, "lacking_for": "", "programmes_missing": 0, "bytes_missing": 0, "bytes_per_s": 0,
    "ready_ms": 0, "faults": [], "people": (), "cloned_ms": None, "forked_ms": None, "broken_ms": None,
}  # fmt: skip
FAULT: dict[str, Any] = {
    "cause": "screen-unplugged",
    "found_ms": 0,
    "told": True,
    "text": "电视没接\nNot plugged in",
    "remedy": "请接好\nPlug it in",
}


def at(day: int, clock: str) -> int:
    hours, minutes = map(int, clock.split(":"))
    return to_ms(datetime(2026, 3, day, hours, minutes, tzinfo=ZONE))


@pytest.mark.parametrize(
    ("heard", "now", "silent", "quiet"),
    [
        (at(2, "17:00"), at(2, "17:30"), False, True),
        (at(2, "17:00"), at(3, "08:39"), False, True),
        (at(2, "17:00"), at(3, "08:41"), True, False),
        (at(2, "16:45"), at(2, "23:00"), True, False),
        (at(2, "11:25"), at(2, "14:04"), False, True),
        (at(2, "11:25"), at(2, "14:06"), True, False),
        (at(4, "17:00"), at(5, "16:00"), False, True),
        (at(6, "17:00"), at(9, "08:35"), False, True),
        (at(6, "10:00"), at(6, "10:09"), False, False),
    ],
)
def test_a_room_is_silent_by_its_opening_hours_alone(heard: int, now: int, silent: bool, quiet: bool) -> None:
    row = judged(ROW | {"heard_ms": heard, "opening": WEEK}, now, 600_000)
    assert (row["silent"], row["quiet"]) == (silent, quiet)
    assert not (row["ready"] and (silent or quiet)), "what was not heard is never ready"


def test_a_room_without_hours_is_silent_at_any_time() -> None:
    row = judged(ROW | {"heard_ms": at(2, "22:00"), "opening": Opening()}, at(2, "22:11"), 600_000)
    assert row["silent"]


def found(now: int = HOUR, missed: Missed | None = None, silent: int = 600_000, **more: Any) -> list[str]:
    row = judged(ROW | {"heard_ms": now} | more, now, silent)
    level = level_of(row | {"needs_somebody": needs_somebody(row, now)})
    wanted = needs(row, None, now, str, str, str)
    assert (level in ("never", "silent", "trouble")) == bool(wanted), "the list of stations goes by the same rule"
    return [one.what for one in needs(row, missed, now, str, lambda text: text.splitlines()[-1], str)]


def test_a_room_that_is_well_needs_nothing() -> None:
    assert found() == []
    assert found(programmes_missing=3, bytes_missing=5, ready_ms=1) == [], "it fetches"
    assert found(missed=Missed(0, 20)) == []
    assert found(faults=[FAULT | {"told": False}]) == [], "the room does not report it any more"


@pytest.mark.parametrize(
    ("said", "need"),
    [
        ({"enrolled_ms": None}, "not connected yet"),
        ({"heard_ms": None}, "connected once, and never heard since"),
        ({"heard_ms": 0}, "silent: not heard for 60 minutes"),
        ({"faults": [FAULT]}, "Not plugged in (for 60 minutes)"),
        ({"screen": "none"}, "no screen"),
        ({"sound": "null"}, "nobody can hear it"),
        ({"clock": "untrusted"}, "its clock is not to be trusted"),
        ({"stopped": True, "stopped_until_ms": 0}, "stopped until somebody presses Start"),
        ({"refusing": ({"what": "playlist", "reason": "expired"},)}, "it refuses the week (expired)"),
        ({"bytes_lacking": 5_000_000, "lacking_for": "水稻"}, "its disk lacks 5.0 MB"),
        ({"forked_ms": 1}, "its record contradicts itself"),
        ({"cloned_ms": 1}, "two PCs report as this room"),
    ],
)  # fmt: skip
def test_what_a_room_needs_is_said(said: dict[str, Any], need: str) -> None:
    [told] = found(**said)
    assert told.startswith(need)


def test_a_stop_until_tomorrow_needs_nobody_today() -> None:
    assert found(stopped=True, stopped_until_ms=10 * HOUR) == []


def test_a_closed_room_may_not_have_heard_of_a_new_week() -> None:
    closed: dict[str, Any] = {"heard_ms": at(2, "17:00"), "now": at(2, "17:30"), "opening": WEEK, "published": 4}
    assert found(**closed) == [], "its PC is off"
    assert found(**closed, refusing=({"what": "playlist", "reason": "expired"},)) == ["it refuses the week (expired)"]
    assert found(published=4) == ["week 4 is published"]


def test_what_was_said_before_the_silence_is_called_that() -> None:
    told = found(heard_ms=0, faults=[FAULT], screen="none", clock="untrusted")
    assert told[1].startswith("before it fell silent: Not plugged in") and len(told) == 2, told


def test_missed_showings_of_last_week_are_told_with_their_reasons() -> None:
    [told] = found(missed=Missed(3, 20, ("stopped: meeting",)))
    assert told == "missed last week: 3 of 20 planned showings (stopped: meeting)"


def test_the_sentence_asks_once_for_each_thing_in_the_officers_language() -> None:
    people = (
        Person(id="b", name="李四", post="B", telephone="139"),
        Person(id="a", name="张三", post="A", telephone="138"),
    )
    row = judged(ROW | {"heard_ms": HOUR, "faults": [FAULT, FAULT], "people": people}, HOUR, 600_000)
    _ = translator("zh")
    wanted = needs(row, None, HOUR, str, lambda text: text.splitlines()[0], _)
    assert [one.name for one in telephones(people)] == ["张三", "李四"]
    assert sentence(row, wanted, "张三", _) == "张三，您好！关于一号站：请接好"
