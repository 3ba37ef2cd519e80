"""Volume and mute by hand: over the plan until midnight, over a restart, and in the as-run row as the room heard it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec import Raw
from msgspec.structs import replace
from playout_room import ALL, FLOOD, Room, at, slot, urgent, week

from kiosk.station.journal import Journal
from kiosk.station.playout.events import MutePressed, VolumePressed
from kiosk.station.playout.volume import MEMORY, Hand, HandVolume, Level, end_of_day, in_force

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 5, 9, tzinfo=ZONE).astimezone(UTC)
MIDNIGHT = datetime(2026, 3, 6, tzinfo=ZONE).astimezone(UTC)

Restart = Callable[[], HandVolume]


def louder(press: str = "") -> VolumePressed:
    return VolumePressed("A", 10, press)


def softer(press: str = "") -> VolumePressed:
    return VolumePressed("A", -10, press)


def mute(press: str = "") -> MutePressed:
    return MutePressed("A", True, press)


def sound_on(press: str = "") -> MutePressed:
    return MutePressed("A", False, press)


@pytest.fixture
def restart(tmp_path: Path) -> Iterator[Restart]:
    journals: list[Journal] = []

    def begin() -> HandVolume:
        end()
        journals.append(Journal(tmp_path / "journal.db", lambda event: None, "boot-1"))
        journals[-1].start()
        return HandVolume(journals[-1])

    def end() -> None:
        while journals:
            journals.pop().stop(10)

    yield begin
    end()


# --- what is pressed ---


def test_steps_of_ten_begin_at_the_plan_and_end_at_0_and_100(restart: Restart) -> None:
    volume = restart()
    assert volume.press(louder(), 75, NOW, ZONE)
    assert volume.now == Hand(85, False, MIDNIGHT)
    assert volume.press(louder(), 20, NOW, ZONE), "the plan's volume counts at the first press only"
    assert volume.now == Hand(95, False, MIDNIGHT)
    assert volume.press(louder(), 75, NOW, ZONE)
    assert not volume.press(louder(), 75, NOW, ZONE), "louder than 100 is nothing"
    assert volume.now == Hand(100, False, MIDNIGHT)
    down = 0
    while volume.press(softer(), 75, NOW, ZONE):
        down += 1
    assert (down, volume.now) == (10, Hand(0, False, MIDNIGHT))


def test_mute_and_sound_on_alone_leave_the_volume_to_the_plan(restart: Restart) -> None:
    volume = restart()
    assert not volume.press(sound_on(), 50, NOW, ZONE), "it is on"
    assert volume.press(mute(), 50, NOW, ZONE)
    assert volume.now == Hand(None, True, MIDNIGHT)
    assert not volume.press(mute(), 50, NOW, ZONE)
    assert volume.press(sound_on(), 50, NOW, ZONE)
    assert volume.now is None


def test_louder_ends_a_mute_and_softer_does_not(restart: Restart) -> None:
    volume = restart()
    volume.press(mute(), 50, NOW, ZONE)
    assert volume.press(softer(), 50, NOW, ZONE)
    assert volume.now == Hand(40, True, MIDNIGHT), "a meeting is not startled by it"
    assert volume.press(louder(), 50, NOW, ZONE)
    assert volume.now == Hand(50, False, MIDNIGHT)
    volume.press(mute(), 100, NOW, ZONE)
    while volume.press(louder(), 50, NOW, ZONE):
        pass
    assert volume.now == Hand(100, False, MIDNIGHT)
    volume.press(mute(), 100, NOW, ZONE)
    assert volume.press(louder(), 100, NOW, ZONE), "it cannot be louder, but it can be heard"
    assert volume.now == Hand(100, False, MIDNIGHT)


# --- how long it holds ---


def test_midnight_is_the_rooms_own(restart: Restart) -> None:
    volume = restart()
    volume.press(mute(), 50, NOW, ZONE)
    assert not volume.expire(MIDNIGHT - timedelta(milliseconds=1), ZONE)
    assert volume.now is not None
    assert volume.expire(MIDNIGHT, ZONE)
    assert volume.now is None and not volume.expire(MIDNIGHT, ZONE)


def test_day_that_a_change_of_the_clocks_makes_shorter_ends_at_midnight_too() -> None:
    zone = ZoneInfo("Europe/Berlin")
    evening = datetime(2026, 3, 29, 1, tzinfo=zone)
    assert end_of_day(evening, zone) - evening.astimezone(UTC) == timedelta(hours=22)


def test_setting_outlives_a_restart_until_midnight(restart: Restart) -> None:
    volume = restart()
    volume.press(louder(), 50, NOW, ZONE)
    volume.press(mute(), 50, NOW, ZONE)
    assert restart().now == Hand(60, True, MIDNIGHT)
    volume = restart()
    assert volume.expire(MIDNIGHT + timedelta(hours=6), ZONE), "the PC was off at midnight"
    assert volume.now is None
    assert restart().now is None


def test_clock_that_is_put_right_neither_ends_a_setting_nor_makes_it_last_for_years(restart: Restart) -> None:
    volume = restart()
    volume.press(mute(), 50, datetime(2020, 1, 1, tzinfo=UTC), ZONE)  # a PC with a flat battery
    volume.clock_set(NOW, ZONE)
    assert not volume.expire(NOW, ZONE) and volume.now == Hand(None, True, MIDNIGHT)
    volume.press(softer(), 50, datetime(2031, 1, 1, tzinfo=UTC), ZONE)
    assert not volume.expire(NOW, ZONE), "the clock was put back while the PC was off"
    assert volume.now == Hand(40, True, MIDNIGHT)


def test_memory_that_cannot_be_read_is_the_plan_and_no_crash(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", lambda event: None, "boot-1")
    journal.start()
    good = '"muted":false,"until_ms":1772640000000}'
    nested = '{"x": ' + "[" * 100_000
    for text in ("nonsense", "{}", '{"volume":101,' + good, '{"volume":1.5,' + good, '{"volume":-1,' + good, nested):
        journal.remember(MEMORY, Raw(text.encode()))
        assert HandVolume(journal).now is None, text
    journal.remember(MEMORY, Raw(b'{"volume":100,' + good.encode()))
    assert HandVolume(journal).now is not None
    journal.stop(10)


# --- what is in force ---


@pytest.mark.parametrize(
    ("planned", "hand", "origin", "level"),
    [
        (70, None, "slot", Level(70)),
        (70, Hand(30, False, MIDNIGHT), "slot", Level(30)),
        (70, Hand(None, True, MIDNIGHT), "filler", Level(70, True)),
        (70, Hand(30, True, MIDNIGHT), "session", Level(30, True)),
        (70, Hand(30, True, MIDNIGHT), "urgent", Level(70)),
        (70, Hand(90, False, MIDNIGHT), "urgent", Level(90)),
        (70, Hand(None, True, MIDNIGHT), "urgent", Level(70)),
    ],
)
def test_hand_goes_before_the_plan_and_an_urgent_notice_is_always_heard(
    planned: int, hand: Hand | None, origin: str, level: Level
) -> None:
    assert in_force(planned, hand, origin) == level  # type: ignore[arg-type]


# --- in a room ---

MORNING = week(
    ALL,
    slot("09:00:00", "09:02:00", "law", "rice"),
    replace(slot("09:05:00", "09:06:00", "song"), volume=40),
    slot("09:10:00", "09:12:00", "party", "party"),
)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path, MORNING, at("08:59:00"))
    yield room
    room.close()


def heard(room: Room) -> list[tuple[str, int | None, int]]:
    return [(row.programme, row.volume, row.muted) for row in room.rows()]


def test_setting_is_in_force_at_once_and_for_what_comes_until_it_lapses(room: Room) -> None:
    room.run(at("09:00:30"))
    room.orders()
    room.playout.set_by_hand(Hand(20, False, at("23:00:00")))
    assert room.orders() == ["volume=20 law"]
    room.playout.set_by_hand(Hand(20, True, at("23:00:00")))
    assert room.orders() == ["volume=0 law"], "mute is volume 0 for the player"
    room.run(at("09:05:20"))
    assert room.orders() == ["cue rice", "drop law", "drop rice", "cue song"]
    assert [run.showing.cue.volume for run in room.projector.runs.values()] == [0]
    room.playout.set_by_hand(None)
    assert room.orders() == ["volume=40 song"], "the plan's own"
    room.run(at("09:11:30"))
    assert heard(room) == [("law", 80, 0), ("rice", 20, 1), ("song", 20, 1), ("party", 80, 0), ("party", 80, 0)]


def test_row_says_what_was_in_force_when_its_picture_came(room: Room) -> None:
    room.run(at("08:59:55"))
    assert heard(room) == [("law", 80, 0)], "due, not shown"
    room.playout.set_by_hand(Hand(60, True, at("23:00:00")))
    assert room.orders() == ["cue law", "volume=0 law"], "the child that waits hears of it"
    room.run(at("09:00:10"))
    assert heard(room)[0] == ("law", 60, 1)
    room.playout.set_by_hand(None)
    room.run(at("09:01:10"))
    assert heard(room) == [("law", 60, 1), ("rice", 80, 0)], "a later press is no part of a row that stands"
    assert room.closed() == [("law", "completed")]


def test_volume_0_is_a_row_that_nobody_heard(room: Room) -> None:
    room.playout.set_by_hand(Hand(0, False, at("23:00:00")))
    room.run(at("09:00:10"))
    assert heard(room) == [("law", 0, 1)]


def test_urgent_notice_plays_at_the_louder_of_hand_and_its_own_and_is_not_muted(room: Room) -> None:
    room.run(at("09:00:10"))
    room.playout.set_by_hand(Hand(30, True, at("23:00:00")))
    notice = replace(urgent(at("09:00:30"), at("09:00:50"), FLOOD), volume=90)
    room.urgent(notice)
    room.run(at("09:00:40"))
    assert room.on_air() == "flood" and room.playout.urgent_volume() == 90
    assert room.playout.planned_volume() == 80, "what the buttons begin at is the room's, not the notice's"
    room.playout.set_by_hand(Hand(100, True, at("23:00:00")))
    assert room.orders()[-1] == "volume=100 flood"
    room.run(at("09:00:55"))
    assert heard(room)[:3] == [("law", 80, 0), ("flood", 90, 0), ("law", 100, 1)]
    assert room.playout.urgent_volume() is None


def test_station_document_with_another_volume_turns_what_is_on_air(room: Room) -> None:
    room.run(at("09:00:10"))
    room.orders()
    assert room.plan.document is not None
    room.plan.use_document(replace(room.plan.document, volume=55))
    room.replan("the station document")
    assert room.orders() == ["volume=55 law"]


def test_cuts_are_the_ends_of_what_is_on_air_and_the_starts_of_what_waits(room: Room) -> None:
    room.run(at("08:59:30"))
    assert room.playout.cuts() == []
    room.run(at("08:59:55"))
    assert room.playout.cuts() == [room.clock.monotonic_at(at("09:00:00"))]
    room.run(at("09:00:55"))
    assert room.playout.cuts() == [room.clock.monotonic_at(at("09:01:00"))] * 2
