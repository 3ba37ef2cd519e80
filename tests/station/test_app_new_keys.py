"""The whole daemon while its town replaces keys, and while somebody forges the time: real screen, town and libVLC."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fakes_town import TownOnTheLine, eventually
from live_room import LiveRoom, now, whole
from msgspec.structs import replace
from screen import BLUE, LONG, POSTER, RED, Sampler, XServer, children_of
from starlette.responses import Response

from kiosk.contract import trust
from kiosk.contract.trust import PLAYLIST, PROGRAMME, Pinned
from kiosk.contract.wire import encode
from kiosk.station.clock import clock, declared
from kiosk.station.clock.clock import Clock
from kiosk.station.events import Wake
from kiosk.station.health import probes

HOUR = 3600.0


@pytest.fixture
def room(
    town: TownOnTheLine, screen: XServer, sampler: Sampler, clips: Callable[[str], Path], tmp_path: Path
) -> Iterator[LiveRoom]:
    room = LiveRoom(town, screen, clips, tmp_path)
    yield room
    room.close()
    eventually(lambda: screen.windows() == 0)
    eventually(lambda: not children_of(os.getpid()))


def test_c1_rotation_changes_nothing_on_the_screen_and_takes_a_stolen_keys_week_off_it(
    room: LiveRoom, sampler: Sampler
) -> None:
    genuine = room.publish((whole(now() - timedelta(seconds=1)), HOUR, "long"), names=("long.mp4",))
    room.begin()
    shown = sampler.wait_for(LONG)
    station = room.station
    assert station
    playing = children_of(os.getpid())
    for version, role in enumerate(("targets", "online", "root"), 2):
        room.town.rotate(role)
        room.post(Wake("sync"))
        eventually(lambda: station._accepted.root.version == version)  # noqa: B023
    time.sleep(0.5)
    accepted = station._accepted
    assert accepted.playlist and accepted.playlist.version == 2
    assert sampler.programmes(shown.monotonic, time.monotonic()) == [LONG]
    assert set(children_of(os.getpid())) == set(playing), "no child was replaced, started or ended"
    assert room.actions("keys-replaced", "refused") == ["keys-replaced"] * 3

    # A thief with the targets key: version 2^53, in the same slot, under the same name, another file.
    film = genuine.programmes[0]
    forged = replace(room.programme("blue.mkv"), id=film.id)
    data = encode(replace(genuine, version=trust.MAX_VERSION, programmes=(forged,)))
    playlist = Pinned(len(data), trust.digest(data))
    room.town.office.public.write(room.town.office.public.file_path(playlist.sha256), data)
    pins = {PLAYLIST + room.group: playlist, PROGRAMME + film.id: Pinned(forged.size, forged.sha256)}
    offer = Response(room.town.signed(trust.MAX_VERSION, pins), media_type="application/json")
    room.town.switch(f"/v1/groups/{room.group}.json", offer)
    room.post(Wake("sync"))
    blue = sampler.wait_for(BLUE, since=time.monotonic())
    room.town.switch(f"/v1/groups/{room.group}.json")
    room.town.rotate("targets")
    room.post(Wake("sync"))
    sampler.wait_for(LONG, since=blue.monotonic)
    assert accepted.playlist and accepted.playlist.version == 3
    assert room.end() == 0
    assert [row["sha256"] for row in room.rows("shown_ms IS NOT NULL")] == [film.sha256, forged.sha256, film.sha256]


def test_c7_forged_ntp_while_the_town_is_blocked_is_believed_by_nobody_until_a_person_speaks(
    room: LiveRoom, sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock goes back 30 days, to when an old week was in force; "a day" later it counted as trusted."""
    begin, month = whole(now() - timedelta(seconds=1)), timedelta(days=30)
    back = timedelta()
    monkeypatch.setattr(Clock, "_wall_ns", lambda _: time.time_ns() - round(back.total_seconds() * 1e9))
    monkeypatch.setattr(probes, "clock", lambda: {"clock.synchronised": True})
    room.publish((begin - month, HOUR, "blue"), (begin, HOUR, "red"), names=("red.mp4", "blue.mkv"))
    room.begin()
    sampler.wait_for(RED)
    station = room.station
    assert station
    eventually(lambda: station._clock.state == "trusted" and station._clock._town_word())
    room.town.down()
    try:
        back = month
        monkeypatch.setattr(clock, "TOLD_S", 0.0)
        quiet = sampler.wait_for(POSTER, since=time.monotonic()).monotonic
        time.sleep(1.2)
        assert sampler.programmes(quiet, time.monotonic()) == [POSTER]
        assert station._clock.doubtful and station._overview.heartbeat().clock == "untrusted"
        declared.declare(room.state, "李", round(time.time() * 1000))
        sampler.wait_for(RED, since=quiet)
        assert BLUE not in sampler.programmes(quiet, time.monotonic())
        assert station._clock.state == "holdover"
    finally:
        room.town.up()
    assert room.end() == 0
    assert room.actions("clock-declared") == ["clock-declared"]
