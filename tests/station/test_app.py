"""The whole daemon in a room: a real town on loopback, a real screen, real libVLC."""

import contextlib
import errno
import json
import os
import queue
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fakes_town import TownOnTheLine, eventually, page
from live_room import LiveRoom, at_monotonic, now, whole
from screen import BLUE, LONG, POSTER, RED, Sampler, XServer, children_of, position
from starlette.responses import Response

from kiosk.common import systemd
from kiosk.station import app, config
from kiosk.station.clock import clock, memory
from kiosk.station.clock.clock import Clock
from kiosk.station.events import Event, Wake
from kiosk.station.health import probes
from kiosk.station.library.documents import Documents
from kiosk.station.library.plans import Plans
from kiosk.station.playout.events import StartPressed, StopPressed
from kiosk.station.projector.stage import Stage

JOIN = 1.5
"""Seconds that a joined picture may be off; seen are 0.4."""
HOUR = 3600.0

Room = Callable[[], LiveRoom]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TownOnTheLine]:
    town = TownOnTheLine(tmp_path_factory.mktemp("town"))
    yield town
    town.close()


@pytest.fixture
def room(
    town: TownOnTheLine, screen: XServer, sampler: Sampler, clips: Callable[[str], Path], tmp_path: Path
) -> Iterator[LiveRoom]:
    """A station that is enrolled and has not begun; the screen is empty."""
    room = LiveRoom(town, screen, clips, tmp_path)
    yield room
    room.close()
    town.switch(f"/v1/groups/{room.group}.json")
    eventually(lambda: screen.windows() == 0)
    assert not children_of(os.getpid())


def test_restart_at_any_moment_joins_the_running_slot_where_it_should_be(room: LiveRoom, sampler: Sampler) -> None:
    begin = whole(now() + timedelta(seconds=6))
    head = at_monotonic(begin)
    room.publish((begin, HOUR, "long"), names=("long.mp4",))
    room.start_daemon()
    eventually(lambda: room.rows("shown_ms IS NULL"))
    time.sleep(max(0.0, head - 1.5 - time.monotonic()))
    room.kill_daemon()  # while the programme waits for its cut
    room.start_daemon()
    joined = sampler.wait_for(LONG, since=head - 0.1)
    assert abs(position(joined) - (joined.monotonic - head)) < JOIN
    eventually(lambda: room.rows("last_ms >= shown_ms + 3500"))
    room.kill_daemon()  # in the middle, with a check-point behind it
    killed = time.monotonic()
    [open_row] = room.rows("shown_ms IS NOT NULL")  # what was only cued at the first kill has shown nothing
    room.start_daemon()
    again = sampler.wait_for(LONG, since=sampler.wait(lambda one: one.programme != LONG, since=killed).monotonic)
    assert abs(position(again) - (again.monotonic - head)) < JOIN
    eventually(lambda: len(room.rows("shown_ms IS NOT NULL")) == 2)
    first, again_row = room.rows("shown_ms IS NOT NULL")
    assert (first["outcome"], first["end_ms"], first["seq"] is not None) == (
        "interrupted",
        open_row["last_ms"],
        True,
    )
    assert "ended unexpectedly" in str(first["cause"])
    assert first["end_ms"] == first["last_ms"] and 3500 <= int(str(first["played_ms"])) < 6000
    assert again_row["continues"] == first["id"]
    assert first["planned_start_ms"] == again_row["planned_start_ms"]
    assert room.end_daemon() == 0
    assert [row["outcome"] for row in room.rows("shown_ms IS NOT NULL")] == ["interrupted"] * 2


def test_town_unreachable_at_start_in_the_middle_and_for_days(
    room: LiveRoom, sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, days = whole(now() - timedelta(seconds=1)), timedelta(days=9)
    room.publish((begin, HOUR, "red blue"), (begin + days, HOUR, "blue red"), names=("red.mp4", "blue.mkv"))
    monkeypatch.setattr(clock, "rtc_agrees", lambda *_: True)  # this PC has kept the time
    monkeypatch.setattr(memory, "rtc_agrees", lambda *_: True)
    room.begin()
    sampler.wait_for(RED)
    eventually(lambda: room.station and room.station._clock.state == "trusted")
    room.town.down()
    try:  # in the middle
        blue = sampler.wait_for(BLUE, since=time.monotonic())
        red = sampler.wait_for(RED, since=blue.monotonic)
        assert POSTER not in sampler.programmes(blue.monotonic, red.monotonic)
        assert room.end() == 0
        # at start, and nine days later, long after the metadata's end
        monkeypatch.setattr(Clock, "_wall_ns", lambda _: time.time_ns() + round(days.total_seconds() * 1e9))
        monkeypatch.setattr(systemd, "boot_id", lambda: "nine-days-later")
        room.begin()
        sampler.wait_for(BLUE, since=time.monotonic())
        assert room.station and room.station._clock.state == "holdover"
        eventually(lambda: room.station and room.station._journal.waiting_count() > 3)
        assert room.end() == 0
        monkeypatch.undo()
    finally:
        room.town.up()
    room.begin()
    sampler.wait_for(RED, since=time.monotonic())
    eventually(lambda: len(room.town_rows()) >= 3, 40)
    assert room.end() == 0
    room.begin()
    room.delivered()
    ids = [name for name, _ in room.town_rows()]
    assert len(ids) == len(set(ids)), "once each"


def test_bad_offers_leave_the_running_week_untouched(
    room: LiveRoom, sampler: Sampler, caplog: pytest.LogCaptureFixture
) -> None:
    begin = whole(now() - timedelta(seconds=1))
    room.publish((begin, HOUR, "red blue"), names=("red.mp4", "blue.mkv"))
    older = room.town.metadata(room.group)
    held = room.publish((begin, HOUR, "red blue"), names=("red.mp4", "blue.mkv"))
    good = room.town.metadata(room.group)
    room.begin()
    shown = sampler.wait_for(RED)
    assert room.station
    accepted = room.station._accepted
    offers = {
        "older": older,
        "tampered": good.replace(b"playlist/", b"plaxlist/"),
        "unsigned": json.dumps({**json.loads(good), "signatures": []}).encode(),
        "a portal's page": b"<html>Please log in</html>",
        "another town's": room.town.signed(held.version + 5, {}),
    }
    for n, (what, offer) in enumerate(offers.items(), 1):
        room.town.switch(f"/v1/groups/{room.group}.json", Response(offer, media_type="application/json"))
        room.post(Wake("sync"))
        eventually(lambda: len(accepted.refusals) >= n, 10)  # noqa: B023
        assert accepted.week_refused, what
        assert accepted.playlist is not None and accepted.playlist.version == held.version, what
    for _ in range(3):  # the same offer again is no news
        room.post(Wake("sync"))
        time.sleep(0.2)
    room.town.switch(f"/v1/groups/{room.group}.json", Response(b"0" * 10_000_000))
    room.post(Wake("sync"))
    eventually(lambda: "the answer is longer than" in caplog.text)
    room.town.switch(f"/v1/groups/{room.group}.json")
    room.post(Wake("sync"))
    eventually(lambda: not accepted.week_refused)
    assert len(room.actions("refused")) == len(offers)
    sampler.wait_for(BLUE, since=shown.monotonic)
    assert {RED, BLUE} == set(sampler.programmes(shown.monotonic, time.monotonic()))
    assert room.end() == 0


def test_d1_next_week_arrives_and_what_is_on_air_plays_on(room: LiveRoom, sampler: Sampler) -> None:
    begin, week = whole(now() - timedelta(seconds=1)), timedelta(days=7)
    room.publish((begin, HOUR, "long"), names=("long.mp4",))
    room.begin()
    shown = sampler.wait_for(LONG)
    room.publish((begin + week, HOUR, "red"), names=("red.mp4",), beside=True)
    room.post(Wake("sync"))
    eventually(lambda: len(room.actions("week-accepted")) == 2)
    time.sleep(3)
    assert sampler.programmes(shown.monotonic, time.monotonic()) == [LONG]
    assert room.station and room.station._accepted.playlist
    assert [slot.date for slot in room.station._accepted.playlist.slots] == [
        f"{begin:%Y-%m-%d}",
        f"{begin + week:%Y-%m-%d}",
    ]
    assert len(room.rows()) == 1, "the one that is on air"
    assert room.end() == 0


def test_file_that_the_town_has_lost_is_written_down_once_and_asked_for_ever_more_rarely(
    room: LiveRoom, town: TownOnTheLine
) -> None:
    playlist = room.publish((whole(now()), HOUR, "red"), names=("red.mp4",))
    sha256 = playlist.programmes[0].sha256
    town.switch(f"/v1/files/{sha256}", page(b"gone", 404))
    asked = town.count(f"/v1/files/{sha256}")
    room.begin()
    eventually(lambda: town.count(f"/v1/files/{sha256}") - asked >= 2, 30)
    town.switch(f"/v1/files/{sha256}")
    eventually(lambda: room.rows("shown_ms IS NOT NULL"), 30)
    assert room.end() == 0
    assert room.actions("refused") == ["refused"]


def test_programme_that_rots_on_the_disk_is_fetched_again_while_the_room_is_closed(room: LiveRoom) -> None:
    tomorrow = whole(now() + timedelta(days=1))
    playlist = room.publish((tomorrow, HOUR, "red"), names=("red.mp4",))
    file = room.state / "library" / "files" / playlist.programmes[0].sha256
    room.begin()
    eventually(file.exists)
    whole_bytes = file.read_bytes()
    rotten = bytearray(whole_bytes)
    rotten[len(rotten) // 2] ^= 1
    spoilt = room.state / "spoilt"
    spoilt.write_bytes(rotten)
    os.utime(spoilt, (1, 1))
    spoilt.rename(file)

    def mended() -> bool:
        room.post(Wake("sync"))
        time.sleep(0.3)
        with contextlib.suppress(FileNotFoundError):  # it is set aside at any moment
            return file.read_bytes() == whole_bytes
        return False

    eventually(mended)
    assert room.end() == 0


def test_disk_that_takes_no_week_leaves_the_room_as_it_is_until_it_does(
    room: LiveRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.publish((whole(now()), HOUR, "red"), names=("red.mp4",))
    keep, tries = Documents.keep_week, 0

    def full(documents: Documents, metadata: bytes, playlist: bytes) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        keep(documents, metadata, playlist)

    monkeypatch.setattr(Documents, "keep_week", full)
    room.begin()
    for wanted in (1, 2):
        eventually(lambda: tries >= wanted)  # noqa: B023
        room.post(Wake("sync"))
    eventually(lambda: room.actions("week-accepted"))
    assert room.end() == 0


def test_damaged_record_is_carried_over_and_told_and_the_room_plays_on(room: LiveRoom, sampler: Sampler) -> None:
    room.publish((whole(now() - timedelta(seconds=1)), HOUR, "red"), names=("red.mp4",))
    room.begin()
    sampler.wait_for(RED)
    eventually(lambda: room.town_rows())
    assert room.end() == 0
    before = [str(row["id"]) for row in room.rows("seq IS NOT NULL")]
    with (room.state / "journal.db").open("r+b") as file:
        file.write(b"\0" * 100)
    room.begin()
    sampler.wait_for(RED, since=time.monotonic())
    eventually(lambda: any('"journal-damaged"' in record for _, record in room.town_rows("fault")))
    assert room.end() == 0
    room.begin()
    room.delivered()
    assert any('"journal-restarted"' in record for _, record in room.town_rows("action"))
    plays = [name for name, _ in room.town_rows()]
    assert plays[: len(before)] == before and len(plays) == len(set(plays))
    assert list(room.state.glob("journal.db.corrupt-*"))


def test_same_press_twice(room: LiveRoom, sampler: Sampler) -> None:
    room.publish((whole(now() - timedelta(seconds=1)), HOUR, "long"), names=("long.mp4",))
    room.begin()
    sampler.wait_for(LONG)
    eventually(lambda: room.rows("shown_ms IS NOT NULL"))
    for _ in range(2):
        room.post(StopPressed("A", "meeting", press="p1"))
    stopped = sampler.wait_for(POSTER, since=time.monotonic())
    for _ in range(2):
        room.post(StartPressed("A", press="p2"))
    joined = sampler.wait_for(LONG, since=stopped.monotonic)
    eventually(lambda: len(room.rows("shown_ms IS NOT NULL")) == 2)
    room.post(StopPressed("A", "meeting", press="p1"))
    time.sleep(0.5)
    assert sampler.at(time.monotonic()).programme == LONG, "a form that is sent again stops nothing"
    assert room.end() == 0
    assert room.actions("stop", "start") == ["stop", "start"]
    first, second = room.rows("1")
    assert (first["outcome"], first["cause"]) == ("stopped", "Stop: meeting")
    assert second["continues"] == first["id"]
    assert sampler.programmes(stopped.monotonic, joined.monotonic) == [POSTER, LONG]


def test_stop_outlives_a_restart_of_the_station(room: LiveRoom, sampler: Sampler) -> None:
    room.publish((whole(now() - timedelta(seconds=1)), HOUR, "red"), names=("red.mp4",))
    room.begin()
    sampler.wait_for(RED)
    room.post(StopPressed("A", "meeting"))
    sampler.wait_for(POSTER, since=time.monotonic())
    assert room.end() == 0
    ended = now()
    room.begin()
    quiet = sampler.wait_for(POSTER, since=time.monotonic()).monotonic
    time.sleep(2.5)
    assert sampler.programmes(quiet, time.monotonic()) == [POSTER]
    room.post(StartPressed("A"))
    sampler.wait_for(RED, since=quiet)
    first, second = (boot for boot in room.records("action") if boot["action"] == "boot")
    assert first["facts"] == {}, "it has never run"
    assert second["facts"]["pc"] == "on" and abs(int(second["facts"]["seen_ms"]) / 1000 - ended.timestamp()) < 2
    [kept] = Plans(room.state / "library").load()
    assert len(kept.playlist.slots) == 1 and kept.accepted_ms < ended.timestamp() * 1000


def test_crashed_thread_ends_the_daemon_non_zero(
    room: LiveRoom, sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.publish((whole(now() - timedelta(seconds=1)), HOUR, "red"), names=("red.mp4",))

    def fail(*_: object) -> None:
        eventually(lambda: room.rows("shown_ms IS NOT NULL"))
        raise OSError("the disk is gone")

    monkeypatch.setattr("kiosk.station.health.probes.read", fail)
    room.begin()
    sampler.wait_for(RED)
    assert room.ended() == app.EX_CRASHED != 0
    [row] = room.rows("shown_ms IS NOT NULL")
    assert (row["outcome"], row["cause"]) == ("interrupted", "the station was shut down")


def test_wrong_clock_is_put_right_by_the_towns_signed_time(
    room: LiveRoom, sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the network lets no NTP through, and nobody may set the PC's clock."""
    begin = whole(now() - timedelta(seconds=1))
    room.publish(
        (begin - timedelta(seconds=700), 700, "red"), (begin, 9, "long"), (begin + timedelta(seconds=9), 60, "red"),
        names=("red.mp4", "long.mp4"),
    )  # fmt: skip
    monkeypatch.setattr(Clock, "_wall_ns", lambda _: time.time_ns() - 610 * 10**9)
    head = at_monotonic(begin)
    room.begin()
    shown = sampler.wait_for(LONG)
    assert abs(position(shown) - (shown.monotonic - head)) < JOIN
    cut = sampler.wait_for(RED, since=shown.monotonic).monotonic - head
    assert abs(cut - 9) < JOIN, "the timer rings by the PC's clock, which is wrong"
    assert room.end() == 0
    [row, *_] = room.rows("shown_ms IS NOT NULL")
    assert abs(int(str(row["shown_ms"])) - begin.timestamp() * 1000) < 8000
    [repair] = room.records("clock-repair")
    assert abs(int(str(repair["offset_ms"])) - 610_000) < 1000


def test_town_that_contradicts_ntp_is_followed_until_ntp_comes_round(
    room: LiveRoom, sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = whole(now() - timedelta(seconds=1))
    room.publish((begin - timedelta(seconds=700), 700, "red"), (begin, 60, "long"), names=("red.mp4", "long.mp4"))
    ahead = -610
    monkeypatch.setattr(Clock, "_wall_ns", lambda _: time.time_ns() + ahead * 10**9)
    monkeypatch.setattr(probes, "clock", lambda: {"clock.synchronised": True})
    told = Clock.told_by_town

    def told_after_ntp(clock: Clock, town_ms: int, sent: float, received: float) -> None:
        if clock._synchronised:
            told(clock, town_ms, sent, received)

    monkeypatch.setattr(Clock, "told_by_town", told_after_ntp)
    room.begin()
    shown = sampler.wait_for(LONG, 30)
    assert abs(position(shown) - (shown.monotonic - at_monotonic(begin))) < JOIN
    clock_of_room = room.station._clock if room.station else Clock(None)
    eventually(lambda: clock_of_room.overruled and clock_of_room.state == "trusted")
    ahead = 0
    eventually(lambda: clock_of_room._ntp.standing == "believed" and clock_of_room.state == "trusted", 30)
    assert sampler.seen[-1].programme == LONG, "nothing changes on the screen"
    assert room.end() == 0


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda state: (state / "identity.json").unlink(), "is not enrolled; run: kiosk enrol"),
        (lambda state: (state / "identity.json").write_text("{}"), "damaged"),
        (lambda state: (state / "library/trust/root/1.root.json").unlink(), "root is missing; run kiosk enrol again"),
    ],
    ids=["not-enrolled", "damaged-identity", "root-lost"],
)
def test_station_that_cannot_run_says_why_and_is_not_started_again(
    room: LiveRoom, damage: Callable[[Path], object], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(room.state)
    inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
    assert app.run(config.load(room.settings), inbox, Stage(":9", inbox.put)) == app.EX_CONFIG
    assert words in capsys.readouterr().err
