"""The switch for those who work on the PC, and what every page says meanwhile; the screen that rests."""

from dataclasses import replace
from datetime import timedelta

import pytest
from panel_room import NOW, Browser, Room

from kiosk.contract.instants import FAR, to_ms
from kiosk.station.health.events import MaintenanceSet
from kiosk.station.health.maintenance import Work
from kiosk.station.panel import words

SAID = "这台电脑正在检修，到 18:40 为止不上报故障。"


def press(browser: Browser, hours: str) -> int:
    return browser.post("/maintenance", browser.fields("/", "/maintenance") | {"hours": hours}).status_code


def test_switch_is_pressed_said_on_every_page_and_pressed_back(administrator: Browser, room: Room, base: str) -> None:
    assert "正在检修" not in administrator.text()
    assert press(administrator, "4") == 303
    pressed = room.posted[-1]
    assert isinstance(pressed, MaintenanceSet) and pressed.press
    assert (pressed.by, pressed.until_ms) == ("panel", to_ms(NOW + timedelta(hours=4)))
    for browser, path in (
        (administrator, "/"),
        (administrator, "/stop"),
        (Browser(base), "/"),
        (Browser(base), "/login"),
    ):
        assert SAID in browser.text(path), path
    assert SAID in administrator.text("/nowhere"), "also where there is no page"
    page = administrator.text()
    assert "检修期间不检查设备" in page and "一切正常" not in page
    assert press(administrator, "0") == 303
    assert isinstance(room.posted[-1], MaintenanceSet) and room.posted[-1].until_ms is None
    assert SAID not in administrator.text() and "1 小时" in administrator.text()


def test_switch_is_for_administrators_and_offers_what_it_offers(administrator: Browser, room: Room, base: str) -> None:
    stranger = Browser(base)
    assert "/maintenance" not in stranger.get().text
    assert stranger.post("/maintenance", {"hours": "4", "press": "x"}).status_code == 403
    assert press(administrator, "9000") == 400
    assert administrator.post("/maintenance", {"hours": "1", "press": "x"}).status_code == 403, "a foreign form"
    assert room.posted == []


def test_towns_maintenance_cannot_be_ended_here(administrator: Browser, room: Room) -> None:
    room.snapshot = replace(room.snapshot, work=Work(NOW + timedelta(days=1), by_town=True))
    assert 'action="/maintenance"' not in administrator.get().text
    assert "镇里通知：这台电脑检修到 3月6日 周五 14:40，期间不上报故障。" in administrator.text()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_page_does_not_say_that_a_table_is_shown_while_the_screen_is_black(room: Room, language: str) -> None:
    dark = replace(room.snapshot, on_air=None, dark_until=NOW + timedelta(hours=17))
    said = words.of(dark, language)  # type: ignore[arg-type]
    assert said.detail == {
        "zh": "站点未开放，3月6日 周五 07:40 前屏幕为黑屏。",
        "en": "The room is closed; the screen is black until Friday 6/3 07:40.",
    }[language]  # fmt: skip
    assert words.of(replace(dark, dark_until=FAR), "en").detail == "The room is closed; the screen is black."
