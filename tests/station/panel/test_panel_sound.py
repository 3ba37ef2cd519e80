"""Louder, softer, mute and sound on, as an administrator presses them."""

from dataclasses import replace

import pytest
import requests
from panel_room import NOW, Browser, Room

from kiosk.station.panel.snapshot import Sound
from kiosk.station.playout.events import MutePressed, VolumePressed


@pytest.mark.parametrize(
    ("button", "change", "says"), [("louder", 10, "音量 90"), ("softer", -10, "音量 70")], ids=["louder", "softer"]
)
def test_a_step_is_posted_and_the_page_shows_the_new_value(
    administrator: Browser, room: Room, button: str, change: int, says: str
) -> None:
    assert "音量 80" in administrator.text()
    answer = administrator.sound(button)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/#{button}")
    (event,) = room.posted
    assert isinstance(event, VolumePressed)
    assert (event.by, event.change, len(event.press) > 16) == ("panel", change, True)
    page = administrator.text()
    assert says in page
    assert "今天手动设定，到半夜12点为止" in page


def test_mute_and_sound_on_take_each_others_place(administrator: Browser, room: Room) -> None:
    assert 'value="sound-on"' not in administrator.get().text
    assert administrator.sound("mute").headers["location"] == "/#sound-on"
    page = administrator.text()
    assert "已静音" in page
    assert "打开声音后的音量：80" in page
    assert 'value="mute"' not in administrator.get().text
    assert administrator.sound("sound-on").headers["location"] == "/#mute"
    assert "音量 80" in administrator.text()
    assert [event.muted for event in room.posted if isinstance(event, MutePressed)] == [True, False]


def test_the_button_that_the_answer_leads_to_is_there_for_the_keyboards_focus(administrator: Browser) -> None:
    for button in ("louder", "softer", "mute", "sound-on"):
        anchor = administrator.sound(button).headers["location"].partition("#")[2]
        assert '<button class="press' in (page := administrator.get().text) and f'id="{anchor}"' in page


def test_the_same_form_twice_has_the_same_press_and_two_buttons_of_a_page_have_two(
    administrator: Browser, room: Room
) -> None:
    fields = administrator.fields("/", "/volume")
    for button in ("louder", "louder", "mute", "louder", "mute"):
        assert administrator.post("/volume", fields | {"button": button}).status_code == 303
    presses = [event.press for event in room.posted if isinstance(event, VolumePressed | MutePressed)]
    louder, mute = presses[0], presses[2]
    assert presses == [louder, louder, mute, louder, mute] and louder != mute
    administrator.sound("louder")
    assert room.posted[-1] != room.posted[0], "a page that was loaded anew has presses of its own"


def test_volume_is_for_those_logged_in(base: str, room: Room, administrator: Browser) -> None:
    stranger = Browser(base)
    assert "音量" not in stranger.text()
    fields = administrator.fields("/", "/volume") | {"button": "mute"}
    assert stranger.post("/volume", fields).status_code == 403, "the form was another's"
    administrator.post("/logout", administrator.fields("/", "/logout"))
    assert administrator.post("/volume", fields).headers["location"] == "/login"
    assert requests.get(base + "/volume", timeout=20).status_code == 405
    assert room.posted == []


@pytest.mark.parametrize("change", [{"button": "11"}, {"button": ""}, {"press": "x" * 65}, {"press": ""}])
def test_a_press_that_makes_no_sense_is_refused(administrator: Browser, room: Room, change: dict[str, str]) -> None:
    fields = administrator.fields("/", "/volume") | {"button": "mute"} | change
    assert administrator.post("/volume", fields).status_code == 400
    assert room.posted == []


def test_an_urgent_notice_that_is_louder_or_not_muted_is_said(administrator: Browser, room: Room) -> None:
    room.snapshot = replace(room.snapshot, sound=Sound(60, True, True, urgent=90))
    assert "紧急通知不受影响，音量 90" in administrator.text()
    room.snapshot = replace(room.snapshot, sound=Sound(60, False, True, urgent=60))
    assert "紧急通知不受影响" not in administrator.text()


def test_in_english(administrator: Browser, room: Room) -> None:
    administrator.get("/language?to=en")
    assert "Volume 80" in administrator.text()
    assert NOW.tzinfo is not None
    room.snapshot = replace(room.snapshot, sound=Sound(80, True, True, urgent=95))
    page = administrator.text()
    for words in (
        "Sound off",
        "Set by hand. From midnight on the plan's volume holds again.",
        "The urgent notice is heard all the same, at 95.",
    ):
        assert words in page
