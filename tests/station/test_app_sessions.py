"""The whole daemon: Theme Party Day from the press to the title card at the meeting's minute, and back to the table."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from fakes_town import TownOnTheLine, eventually
from live_room import LiveRoom, now, whole
from PIL import Image
from screen import BLUE, GREEN, RED, Sampler, XServer, children_of
from station.panel.panel_room import PIN, Browser
from Xlib import X, display

from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import Playlist, Recommended
from kiosk.station.events import Wake
from kiosk.station.host.events import KeyPressed
from kiosk.station.panel import pin
from kiosk.town.publishing import issue

CARD = (0x8F, 0x14, 0x14)
JUST = timedelta(seconds=1)


@pytest.fixture
def room(screen: XServer, sampler: Sampler, clips: Callable[[str], Path], tmp_path: Path) -> Iterator[LiveRoom]:
    """A station with a panel, a week of two short programmes and one that is recommended, and nothing on air."""
    town = TownOnTheLine(tmp_path / "town")
    room = LiveRoom(town, screen, clips, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = room.settings.read_text().replace("enabled = false", f'listen = "127.0.0.1"\nport = {port}')
    room.settings.write_text(settings)
    pin.save(room.state, pin.choose(PIN))
    today, tomorrow = (f"{datetime.now(UTC) + timedelta(days=n):%Y-%m-%d}" for n in (0, 1))
    short = [msgspec.structs.replace(room.programme(name), short=True) for name in ("red.mp4", "green.ts")]
    blue = room.programme("blue.mkv")
    draft = Playlist(
        town="fengle", group=room.group, version=1, time_zone="UTC", issued_ms=0, first_day=today, last_day=tomorrow,
        programmes=(*short, blue),
        recommended=(Recommended(programme=blue.id, plays=9, first_day=today, last_day=tomorrow),),
    )  # fmt: skip
    issue.issue_playlist(town.office, draft, issue.PublishTerms("test"))
    room.begin()
    room.post(Wake("sync"))
    eventually(lambda: room.station and len(room.station._snapshot.sessions.programmes) == 3, 30)
    yield room
    room.close()
    town.close()
    assert not children_of(os.getpid())


def administrator(room: LiveRoom) -> Browser:
    assert room.station and room.station._panel
    eventually(lambda: room.station._panel.port)
    browser = Browser(f"http://127.0.0.1:{room.station._panel.port}")
    assert browser.log_in().status_code == 303
    return browser


def corner(screen: XServer) -> tuple[int, ...]:
    """The colour of the screen in its lower left corner, where the poster is paper."""
    connection = display.Display(screen.name)
    shot = connection.screen().root.get_image(4, 700, 1, 1, X.ZPixmap, 0xFFFFFFFF)
    connection.close()
    return Image.frombytes("RGB", (1, 1), shot.data, "raw", "BGRX").getpixel((0, 0))  # type: ignore[return-value]


def test_theme_party_day_from_the_press_to_the_card_at_the_meetings_minute(
    room: LiveRoom, screen: XServer, sampler: Sampler
) -> None:
    phone = administrator(room)
    assert "主题党日" in phone.text("/sessions")
    meeting = whole(now() + timedelta(seconds=12))
    fields = phone.fields("/sessions/theme-party-day", "/sessions/hold")
    held = phone.post("/sessions/hold", fields | {"meeting": str(to_ms(meeting)), "minutes": "60"})
    assert (held.status_code, held.headers["location"]) == (303, "/sessions")
    eventually(lambda: corner(screen) == CARD)
    assert "主题党日" in phone.text() and "开会前播放" in phone.text("/sessions")
    sampler.wait_for(RED)
    sampler.wait_for(GREEN)
    eventually(lambda: corner(screen) == CARD)
    assert abs(now() - meeting) < JUST, "the last one ends as the meeting begins"
    assert "到按“结束”为止" in phone.text()
    rows = room.rows()
    assert [(row["programme"], row["origin"], row["occasion"], row["outcome"]) for row in rows] == [
        (name, "session", "主题党日", "completed") for name in ("red", "green")
    ]
    assert abs(int(str(rows[-1]["end_ms"])) - to_ms(meeting)) < 1_000
    phone.post("/sessions/over", phone.fields("/sessions", "/sessions/over"))
    eventually(lambda: corner(screen) != CARD)
    [record] = room.records("session")
    assert (record["session_kind"], record["meeting_ms"]) == ("主题党日", to_ms(meeting))
    assert "主题党日" not in phone.text("/")


def test_recommended_programmes_wait_for_somebody_and_what_is_held_outlives_a_restart(
    room: LiveRoom, screen: XServer, sampler: Sampler
) -> None:
    time.sleep(3)
    assert room.rows() == [], "nobody is there, so nothing plays to the wall"
    phone = administrator(room)
    assert phone.fields("/", "/presence")["press"]
    for key in ("ok", "down", "down", "ok"):
        room.post(KeyPressed(key, time.monotonic()))  # type: ignore[arg-type]
    sampler.wait_for(BLUE)
    eventually(lambda: room.rows("shown_ms IS NOT NULL"))
    assert room.rows()[0]["occasion"] == "有人收看"
    assert [one["by"] for one in room.records("action") if one["action"] == "presence"] == ["remote"]
    assert "有人来看" not in phone.text() and "有人收看" in phone.text()
    fields = phone.fields("/sessions/other-source", "/sessions/lend")
    phone.post("/sessions/lend", fields | {"source": "set-top-box", "until": "60"})
    eventually(lambda: corner(screen) == CARD)
    assert room.end() == 0
    room.begin()
    eventually(lambda: corner(screen) == CARD)
    phone = administrator(room)
    assert "其他信号源" in phone.text()
    wrong = phone.post("/sessions/over", phone.fields("/sessions", "/sessions/over") | {"minutes": "much"})
    assert wrong.status_code == 422 and corner(screen) == CARD
    phone.post("/sessions/over", phone.fields("/sessions", "/sessions/over") | {"minutes": "45"})
    eventually(lambda: corner(screen) != CARD)
    [record] = room.records("session")
    assert (record["other_source_ms"], record["title"]) == (45 * 60_000, "机顶盒")
