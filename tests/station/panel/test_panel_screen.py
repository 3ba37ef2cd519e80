"""What the screen shows, on the administrator's page."""

import time
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
import requests
from panel_room import NOW, PIN, Browser, Room
from PIL import Image

from kiosk.contract.records import SoundWent
from kiosk.contract.reports import ScreenState
from kiosk.station.events import PictureAsked
from kiosk.station.panel.desk import Desk
from kiosk.station.panel.snapshot import Sound, Stopped


def picture(colour: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (640, 360), colour).save(file, "JPEG")
    return file.getvalue()


RED, GREEN = picture("red"), picture("green")


def test_picture_is_for_those_logged_in(base: str, room: Room) -> None:
    room.next_pictures = [RED]
    for path in ("/screen.jpg", "/screen.jpg?fresh=1"):
        assert requests.get(base + path, timeout=20).status_code == 401
    stranger = Browser(base)
    stranger.get("/?look=1")
    assert "屏幕画面" not in stranger.text()
    assert room.asked == []
    assert stranger.log_in(PIN).status_code == 303
    assert stranger.get("/screen.jpg?fresh=1").status_code == 200


def test_fresh_asks_for_a_new_picture_and_the_plain_one_is_the_newest(administrator: Browser, room: Room) -> None:
    assert administrator.get("/screen.jpg").status_code == 503, "nobody has asked for one yet"
    room.next_pictures = [RED, GREEN]
    answer = administrator.get("/screen.jpg?fresh=1")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "image/jpeg", RED)
    assert answer.headers["cache-control"] == "no-store"
    assert administrator.get("/screen.jpg").content == RED
    assert administrator.get("/screen.jpg?fresh=2").content == GREEN
    assert administrator.get("/screen.jpg").content == GREEN
    assert room.asked == [PictureAsked("panel")] * 2


def test_look_shows_the_picture_and_when_it_was_taken(administrator: Browser, room: Room) -> None:
    page = administrator.text()
    assert "看一下屏幕" in page and "拍摄时间" not in page
    room.next_pictures = [RED]
    page = administrator.get("/?look=1").text
    assert room.picture is not None
    assert f'<img src="/screen.jpg?at={room.picture.at_ms}" alt="屏幕画面">' in page
    assert "拍摄时间：14:40:01" in page
    assert '<main data-renew="5">' in page, "the picture stays"
    assert "拍摄时间：14:40:01" in administrator.get().text
    assert len(room.asked) == 2, "once by the page that had none, once by the button"
    room.snapshot = replace(room.snapshot, now=NOW + timedelta(minutes=2))
    administrator.get()
    assert len(room.asked) == 3, "an old one is taken anew for whoever looks"


@pytest.mark.parametrize("path", ["/screen.jpg?fresh=1", "/?look=1"])
def test_without_a_picture_the_answer_comes_within_3_s_and_says_so(
    administrator: Browser, room: Room, path: str
) -> None:
    began = time.monotonic()
    answer = administrator.get(path)
    assert time.monotonic() - began < 6  # seen: 2.8 s
    if path == "/?look=1":
        assert "没有及时拿到画面" in answer.text
        assert '<main data-renew="30">' in answer.text, "long enough to be read"
    else:
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert room.asked == [PictureAsked("panel")]


def test_an_old_picture_is_not_given_out_as_a_fresh_one(
    administrator: Browser, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Desk, "picture_s", 0.3)
    room.next_pictures = [RED]
    administrator.get("/screen.jpg?fresh=1")
    assert administrator.get("/screen.jpg?fresh=1").status_code == 503
    assert administrator.get("/screen.jpg").content == RED
    page = administrator.get("/?look=1").text
    assert "没有及时拿到画面" in page and "拍摄时间：14:40:01" in page, "the old one, and that it is old"


def test_where_there_is_no_screen_that_is_said_at_once(administrator: Browser, room: Room) -> None:
    room.snapshot = replace(room.snapshot, display="none")
    began = time.monotonic()
    answer = administrator.get("/screen.jpg?fresh=1")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    page = administrator.text("/?look=1")
    assert "没有画面：电脑没有输出显示" in page and "看一下屏幕" not in page
    assert time.monotonic() - began < 2
    assert room.asked == []


@pytest.mark.parametrize(
    ("display", "said"),
    [
        ("none", "屏幕没有画面 本机没有画面：X 服务没有应答。请重启电脑；仍不行，请告知镇里。"),
        (
            "denied",
            "屏幕没有画面 本机没有画面：X 服务拒绝本程序连接。"
            "请告知镇里：X 服务不让本程序显示画面，须重新运行 install.sh station。",
        ),
        (None, "屏幕没有画面 正在准备屏幕，需要几秒钟。"),
    ],
)
def test_d6_without_a_screen_the_page_says_so_and_nothing_else(
    base: str, room: Room, display: ScreenState | None, said: str
) -> None:
    room.snapshot = replace(room.snapshot, display=display, on_air=None)
    page = Browser(base).text()
    assert said in page and "屏幕正在显示本周节目表" not in page and "现在没有节目" not in page
    room.snapshot = replace(room.snapshot, stopped=Stopped("meeting", None))
    assert f"{said}已停播：" in Browser(base).text(), "both are so"


@pytest.mark.parametrize(
    ("goes", "said"),
    [("none", "没有声音：声音服务没有应答"), ("null", "没有声音：没有接音箱"), ("off", "没有声音：本机设置为不出声")],
)
def test_d6_sound_that_nobody_hears_is_said(
    base: str, administrator: Browser, room: Room, goes: SoundWent, said: str
) -> None:
    assert "没有声音" not in administrator.text()
    room.snapshot = replace(room.snapshot, sound=Sound(goes=goes))
    assert said in administrator.text()
    assert f"按计划播放；{said}" in Browser(base).text(), "whoever looks sees it at the programme"


def test_d7_the_page_says_once_whose_time_it_is(base: str, room: Room) -> None:
    assert Browser(base).text().count("北京时间") == 1
    room.snapshot = replace(room.snapshot, now=NOW.astimezone(ZoneInfo("Asia/Urumqi")))
    assert "Asia/Urumqi 时间" in Browser(base).text()
