"""D6, D7: with X or the sound server gone, status, panel and town say the same, and nobody says that all is well."""

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fakes_town import TownOnTheLine, eventually
from live_room import LiveRoom, now, whole
from rig import Rig
from screen import XServer
from sound_server import PIPE, sound_server

from kiosk.station import status_file
from kiosk.station.events import Wake
from kiosk.station.panel import words
from kiosk.station.playout.events import StopPressed
from kiosk.station.projector.reports import Position
from kiosk.town.commands.common import LocalTimes
from kiosk.town.database.store import now_ms
from kiosk.town.ledger import condition, queries

FAST = """
[health]
probe_s = 1
hysteresis_s = 1
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[XServer]:
    """An X server that may be taken away, and lets nobody in who has not its cookie."""
    server = XServer(6000 + os.getpid() % 5000, cookie=tmp_path / "servers")  # not one that another server would choose
    yield server
    server.stop()


@pytest.fixture
def room(
    own: XServer, clips: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LiveRoom]:
    shutil.copy(tmp_path / "servers", tmp_path / "cookie")
    monkeypatch.setenv("XAUTHORITY", str(tmp_path / "cookie"))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/pulse/native")
    town = TownOnTheLine(tmp_path / "town")
    room = LiveRoom(town, own, clips, tmp_path)
    settings = room.settings.read_text().replace('output = "none"', 'output = "pulse"')
    room.settings.write_text(settings + FAST)
    yield room
    room.close()
    town.close()


def status(room: LiveRoom) -> str:
    try:
        return status_file.read(room.settings.parent / "run")
    except FileNotFoundError:  # it has just begun
        return ""


def panel(room: LiveRoom) -> tuple[str, str]:
    assert room.station
    said = words.of(room.station._snapshot, "en")
    return said.state, said.detail


def at_town(room: LiveRoom) -> str:
    """The room's line of `kiosk town stations`."""
    rows = queries.stations(room.town.office.store)
    judged = (condition.judged(row, now_ms(), 60_000) for row in rows)
    return ", ".join(word for row in judged for word in condition.words(row, LocalTimes(ZoneInfo("UTC"))))


def faults(room: LiveRoom, cause: str) -> list[str]:
    return [str(one["state"]) for one in room.records("fault") if one["cause"] == cause]


def all_say(room: LiveRoom, *wanted: str, never: tuple[str, ...] = ()) -> None:
    """Wait until status, panel and town say it, each in its words, and none of them what must not be said."""

    def say(places: tuple[Callable[[], str], ...]) -> bool:
        told = [place() for place in places]
        texts = zip(told, wanted, strict=False)
        return all(text in said for said, text in texts) and not any(bad in said for said in told for bad in never)

    here = (lambda: status(room)), (lambda: " ".join(panel(room)))
    eventually(lambda: say(here), 20)
    room.post(Wake("sync"))  # else the next heartbeat comes in its own time
    eventually(lambda: say((*here, lambda: at_town(room))), 20)


CALM = ("poster", "ready", "on air:", "Nothing is on air", "long")


def test_d6_x_and_sound_gone_in_a_slot_are_told_in_all_three_places_and_one_fault_each(
    room: LiveRoom, own: XServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    room.publish((whole(now() - timedelta(seconds=1)), 3600.0, "long"), names=("long.mp4",))
    room.begin()
    eventually(lambda: "on air: long" in status(room), 20)
    own.stop()
    nothing = "no screen: there is no X server", "The screen shows nothing", "no screen: its X server does not answer"
    all_say(room, *nothing, never=CALM)
    eventually(lambda: faults(room, "no-screen") == ["reported"])
    # the same for sound, which nobody had from the beginning
    eventually(lambda: faults(room, "no-sound") == ["reported"])
    assert "none: no sound server" in status(room) and "no sound" in at_town(room)
    assert sum("there is no X server" in line for line in caplog.messages) == 1, "d7: once, not once a second"
    # X is there again, and does not let the kiosk in
    (tmp_path / "cookie").write_bytes(b"")
    own.start()
    denied = "does not let the kiosk in", "does not let the kiosk in", "its X server does not let the kiosk in"
    all_say(room, *denied, never=CALM)
    time.sleep(1.5)  # it is tried again meanwhile
    said = [record.getMessage() for record in caplog.records if ".projector." in record.name]
    assert sum("does not let this user in" in line for line in said) == 1, "d7: denied, and once"
    assert not [line for line in said if "no message" in line], "nor does python-xlib complain once a second"
    # all is well again
    with sound_server(tmp_path, monkeypatch, PIPE):
        shutil.copy(tmp_path / "servers", tmp_path / "cookie")
        all_say(room, "on air: long", "long", "ready", never=("no screen", "no sound", "heard:"))
        eventually(lambda: (faults(room, "no-screen"), faults(room, "no-sound")) == (["reported", "cleared"],) * 2)
    assert room.end() == 0
    [row] = room.records("play")
    assert row["outcome"] == "interrupted"


def test_d6_stop_and_no_screen_are_both_told(room: LiveRoom, own: XServer) -> None:
    own.stop()
    room.begin()
    room.post(StopPressed(by="test", reason="meeting"))
    eventually(
        lambda: "no screen" in status(room) and "stopped (meeting), until somebody presses Start" in status(room)
    )
    state, detail = panel(room)
    assert state == "The screen shows nothing" and "Stopped: meeting, until somebody presses Start" in detail
    room.post(Wake("sync"))
    eventually(lambda: "stopped until somebody presses Start, no screen" in at_town(room), 20)


def test_d6_programme_says_whether_its_sound_is_taken(
    rig: Rig, clips: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/pulse/native")
    (tmp_path / "pulse").mkdir()
    rig.cue("a", clips("long.mp4"), time.monotonic(), end=time.monotonic() + 40, sound="pulse")
    rig.until(lambda: [one.taken for one in rig.of(Position)][-1:] == [False])
    with sound_server(tmp_path, monkeypatch, PIPE):
        rig.until(lambda: rig.of(Position)[-1].taken is True)
    rig.until(lambda: rig.of(Position)[-1].taken is False)
