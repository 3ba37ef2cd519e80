"""An administrator sets the clock from a page, without a shell: by a watch, once for each press."""

from dataclasses import replace
from datetime import timedelta

import pytest
from panel_room import NOW, Browser, Room

from kiosk.contract.instants import to_ms
from kiosk.station.events import ClockDeclared


def declare(browser: Browser, **fields: str) -> int:
    return browser.post("/clock", browser.fields("/clock", "/clock") | fields).status_code


def test_clock_that_nobody_vouches_for_is_set_by_a_watch(administrator: Browser, room: Room) -> None:
    assert 'action="/clock"' not in administrator.get("/clock").text, "the network or the town keeps it right"
    assert 'href="/clock"' not in administrator.get().text
    room.snapshot = replace(room.snapshot, clock="untrusted")
    for path in ("/", "/doctor", "/sessions/lecture", "/sessions/other-source"):
        assert 'href="/clock"' in administrator.get(path).text, path
    assert "2026-03-05 14:40" in administrator.text("/clock")
    assert declare(administrator, button="typed", day="2026-03-06", time="９：０５") == 303
    told = room.posted[-1]
    assert isinstance(told, ClockDeclared) and told.press
    assert (told.by, told.wall_ms) == ("panel", to_ms(NOW.replace(day=6, hour=9, minute=5, second=30)))
    room.snapshot = replace(room.snapshot, clock="holdover")
    assert declare(administrator, button="right") == 303
    told = room.posted[-1]
    assert isinstance(told, ClockDeclared) and abs(told.wall_ms - to_ms(NOW)) < 1000


@pytest.mark.parametrize(("day", "time"), [("", ""), ("2026-03-05", "25:00"), ("1970-01-01", "00:00"), ("x", "14:30")])
def test_what_is_no_time_is_told_and_what_was_typed_stays(
    administrator: Browser, room: Room, day: str, time: str
) -> None:
    room.snapshot = replace(room.snapshot, clock="untrusted")
    answer = administrator.post(
        "/clock", administrator.fields("/clock", "/clock") | {"button": "typed", "day": day, "time": time}
    )
    assert answer.status_code == 422 and "这不是时间" in answer.text and f'value="{time}"' in answer.text
    assert room.posted == []


def test_clock_is_for_administrators(room: Room, base: str) -> None:
    room.snapshot = replace(room.snapshot, clock="untrusted", now=NOW + timedelta(days=1))
    stranger = Browser(base)
    assert "/clock" not in stranger.get().text
    assert stranger.post("/clock", {"button": "right", "press": "x"}).status_code == 403
    assert room.posted == []
