"""Keys in a real station: the menu on a real screen, what it does, and what the record says of it."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes import HandClock
from fakes_town import TownOnTheLine, eventually
from live_room import LiveRoom, now, whole
from screen import POSTER, RED, Sampler, XServer
from sqlalchemy import select

from kiosk.contract.reports import ScreenState
from kiosk.station.control.room_menu import SHOWN_S, RoomMenu
from kiosk.station.display.menu import View
from kiosk.station.display.menu_words import Card
from kiosk.station.events import PictureCheckSet
from kiosk.station.health.events import FaultMended, FaultReported
from kiosk.station.host.events import KeyName, KeyPressed
from kiosk.town.tickets.schema import fault_picture


@pytest.fixture
def playing(
    town: TownOnTheLine, screen: XServer, clips: Callable[[str], Path], tmp_path: Path, sampler: Sampler
) -> Iterator[LiveRoom]:
    """A room in which a programme plays."""
    room = LiveRoom(town, screen, clips, tmp_path / f"menu-{time.monotonic_ns()}")
    room.publish((whole(now()) - timedelta(minutes=1), 900, "red"), names=("red.mp4",))
    room.begin()
    sampler.wait_for(RED, 30)
    yield room
    room.close()


def press(room: LiveRoom, *keys: KeyName) -> None:
    for key in keys:
        room.post(KeyPressed(key, time.monotonic()))


def menu_is(room: LiveRoom, page: str | None) -> bool:
    assert room.station is not None
    menu = room.station._people.menu._menu
    return (menu.page if menu else None) == page


def test_stop_and_start_by_remote_and_the_test_picture(playing: LiveRoom, sampler: Sampler) -> None:
    room, station = playing, playing.station
    assert station is not None
    press(room, "ok", "ok")
    eventually(lambda: menu_is(room, "reasons"))
    assert sampler.seen[-1].programme == RED, "the programme goes on below the menu"
    press(room, "down", "ok")
    since = time.monotonic()
    sampler.wait_for(POSTER, 5, since)
    eventually(lambda: station._snapshot.stopped is not None and station._snapshot.stopped.reason == "farm-season")
    assert station._snapshot.stopped is not None and station._snapshot.stopped.until is not None
    since = time.monotonic()
    press(room, "toggle")
    sampler.wait_for(RED, 10, since)
    press(room, "louder", "mute")
    eventually(lambda: station._snapshot.sound.volume == 90 and station._snapshot.sound.muted)
    press(room, "stop")
    eventually(lambda: station._snapshot.stopped is not None and menu_is(room, "reasons"))
    assert station._snapshot.stopped.reason == "unsaid"
    press(room, "ok")  # and why, afterwards
    eventually(lambda: station._snapshot.stopped is not None and station._snapshot.stopped.reason == "meeting")
    press(room, "start")
    room.post(PictureCheckSet("panel", True))
    eventually(lambda: station._snapshot.picture_check.startswith("K"))
    station._people.menu._until = 0.0  # two minutes later
    eventually(lambda: station._snapshot.picture_check == "" and menu_is(room, None))
    press(room, "menu", "up", "ok")
    eventually(lambda: menu_is(room, "table"))
    press(room, "back")
    eventually(lambda: menu_is(room, None))
    eventually(lambda: room.actions("table-shown"))  # the record is written by another thread
    done = [(one["action"], one["by"]) for one in room.records("action") if one["by"] in ("remote", "panel")]
    assert done == [
        *(("stop", "remote"), ("start", "remote"), ("volume", "remote"), ("mute", "remote"), ("stop", "remote")),
        *(("stop", "remote"), ("start", "remote"), ("picture-check", "panel")),
        ("table-shown", "remote"),
    ]


def test_fault_by_hand_reaches_the_town_and_outlives_a_restart(playing: LiveRoom) -> None:
    room = playing
    photo = b"\xff\xd8\xff a photo \xff\xd9"
    (room.state / "photos").mkdir(exist_ok=True)
    (room.state / "photos" / f"{'ab' * 32}.jpg").write_bytes(photo)
    report = FaultReported("panel", "音箱", "没有声音", {"shows": "dark"}, picture="ab" * 32, press="p1")
    room.post(report)
    room.post(report)  # a double click
    eventually(lambda: len(room.records("fault")) == 1)
    eventually(lambda: town_photos(room) == [photo], 60)
    room.end()
    room.begin()
    station = room.station
    assert station is not None
    [open_report] = station._snapshot.reports
    room.post(FaultMended("panel", open_report.fault, press="p2"))
    room.post(FaultMended("panel", open_report.fault, press="p3"))
    eventually(lambda: len(room.records("fault")) == 2)
    raised, mended = room.records("fault")
    assert raised["fault"] == mended["fault"] and raised["by"] == "panel" and raised["picture"] == "ab" * 32
    assert (raised["state"], mended["state"]) == ("reported", "confirmed") and mended["cleared_ms"]
    eventually(lambda: len(room.town_rows("fault")) == 2, 20)


def town_photos(room: LiveRoom) -> list[bytes]:
    """What the town has of this room's faults."""
    with room.town.office.store.read() as connection:
        found = connection.execute(select(fault_picture.c.jpeg).where(fault_picture.c.station == room.name))
        return [bytes(jpeg) for jpeg in found.scalars()]


class Screen:
    """A stage that keeps what it is to draw."""

    screen: ScreenState | None = "up"
    cardless = False
    card: Card | None = None

    def overlay(self, card: Card | None, table: bool) -> None:
        self.card = card


def test_menu_that_nobody_can_see_chooses_nothing_and_no_code_counts_as_shown() -> None:
    stage, done, codes = Screen(), list[str](), 0

    def code() -> str:
        nonlocal codes
        codes += 1
        return "123456"

    people = SimpleNamespace(handle=lambda event: done.append(type(event).__name__))
    menu = RoomMenu(
        stage, people, HandClock(now()), SimpleNamespace(record=lambda *_, **__: None),  # type: ignore[arg-type]
        lambda: View(reasons=("meeting",)), "en", lambda: None,
        begin=lambda event: None, seen=lambda by: None, spot_code=code,
    )  # fmt: skip
    menu.handle(KeyPressed("ok", 1.0))
    assert menu.is_open and codes == 0, "the menu hides the code"
    stage.screen = None
    menu.tick()
    assert menu.is_open, "the screen is only being set up anew"
    stage.screen, stage.cardless = "up", True
    menu.tick()
    menu.handle(PictureCheckSet("panel", True))
    for key in ("ok", "ok", "ok"):
        menu.handle(KeyPressed(key, 1.0))  # type: ignore[arg-type]
    assert (done, menu.code) == ([], "")
    menu.handle(KeyPressed("stop", 1.0))
    assert done == ["StopPressed"], "a key of its own needs no menu"


def test_every_page_of_the_menu_goes_by_itself() -> None:
    assert all(20 <= seconds <= 120 for seconds in SHOWN_S.values())
