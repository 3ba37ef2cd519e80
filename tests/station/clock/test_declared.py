"""A person's word on what time it is: left by the command, taken up once by the daemon of the same boot."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from fakes import HandClock
from fakes_town import TownOnTheLine, eventually
from journal_room import opened
from live_room import SETTINGS, LiveRoom
from screen import XServer

from kiosk.cli import main
from kiosk.common.systemd import boot_id
from kiosk.contract.instants import to_ms
from kiosk.station.clock.declared import FILE, collect
from kiosk.station.control.timekeeping import Timekeeping
from kiosk.station.events import ClockDeclared


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    path = tmp_path / "config.toml"
    path.write_text(SETTINGS.format(state=tmp_path / "state", runtime=tmp_path / "run", display=":9"))
    return path


def say(settings: Path, *arguments: str) -> str:
    result = CliRunner().invoke(main, ["clock", "--config", str(settings), *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_word_is_taken_once(settings: Path) -> None:
    state = settings.parent / "state"
    assert "Li Na says that it is 2026-03-05 14:30:00 Asia/Shanghai." in say(
        settings, "--by", "Li Na", "2026-03-05 14:30"
    )
    assert (state / FILE).stat().st_mode & 0o777 == 0o600
    word = collect(state, boot_id())
    assert word is not None and word.by == "Li Na"
    assert word.wall_ms == datetime(2026, 3, 5, 14, 30, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1000, (
        "d7: the time is the room's, whatever zone the PC was set up with"
    )
    assert abs(word.monotonic - time.monotonic()) < 10
    assert collect(state, boot_id()) is None


def test_button_pressed_twice_is_one_word_of_the_moment_of_the_first(tmp_path: Path) -> None:
    clock, done = HandClock(datetime(2026, 3, 5, 9, tzinfo=UTC), synchronised=False), list[str]()
    plan = SimpleNamespace(
        situation=SimpleNamespace(clock_trusted=True), change=lambda **_: None, refresh_owed=lambda: None
    )
    with opened(tmp_path / "journal.db") as (journal, _events):
        keeping = Timekeeping(
            clock, plan, journal, "boot-1", SimpleNamespace(clock_stepped=lambda: None),  # type: ignore[arg-type]
            SimpleNamespace(record=lambda action, **_: done.append(action)),  # type: ignore[arg-type]
            clock_set=lambda: None, read_facts=lambda: None, report_soon=lambda: None, replan=done.append,
        )  # fmt: skip
        word = ClockDeclared("A", to_ms(clock.now()) + 3_600_000, clock.monotonic(), "ab")
        keeping.declared(word)
        clock.advance(600)
        keeping.declared(replace(word, monotonic=clock.monotonic()))
        assert done.count("clock-declared") == 1
        assert (clock.state, clock.now()) == ("declared", datetime(2026, 3, 5, 10, 10, tzinfo=UTC))
        keeping.declared(replace(word, monotonic=clock.monotonic(), press="cd"))
        assert done.count("clock-declared") == 2


def test_clock_of_the_pc_can_be_said_to_be_right(settings: Path) -> None:
    say(settings, "--by", "Li Na")
    word = collect(settings.parent / "state", boot_id())
    assert word is not None and abs(word.wall_ms / 1000 - time.time()) < 10


def test_word_of_before_a_power_off_says_nothing(settings: Path) -> None:
    say(settings, "--by", "Li Na", "2026-03-05T14:30:00+08:00")
    assert collect(settings.parent / "state", "another-boot") is None
    assert collect(settings.parent / "state", boot_id()) is None


@pytest.mark.parametrize("text", ["", "{", json.dumps({"by": "x", "wall_ms": -1, "boot_id": "b", "monotonic_ms": 0})])
def test_file_that_is_none_is_put_away(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert collect(tmp_path, "b") is None
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--by", "x", "half past nine"), "write it like this: 2026-03-05 14:30"),
        (("--by", "x", "0001-01-01"), "is no time"),
        (("--by", " "), "give a name"),
        (("2026-03-05 14:30",), "Missing option '--by'"),
    ],
)
def test_what_cannot_be_taken_is_refused(settings: Path, arguments: tuple[str, ...], words: str) -> None:
    result = CliRunner().invoke(main, ["clock", "--config", str(settings), *arguments])
    assert result.exit_code != 0 and words in result.output


def test_room_without_a_line_follows_the_timetable_once_a_person_says_the_time(tmp_path: Path, screen: XServer) -> None:
    town = TownOnTheLine(tmp_path / "town")
    room = LiveRoom(town, screen, lambda name: tmp_path / name, tmp_path)
    town.down()
    room.start_daemon()
    try:
        eventually(lambda: room.actions("boot"))
        say(room.settings, "--by", "Li Na", datetime.fromtimestamp(time.time() + 7200, UTC).isoformat())
        eventually(lambda: room.actions("clock-declared"), 20)
        [repair] = room.records("clock-repair")
        assert abs(int(str(repair["offset_ms"])) - 7_200_000) < 2000
        assert (repair["clock"], repair["by"]) == ("declared", "Li Na")
        [action] = [one for one in room.records("action") if one["action"] == "clock-declared"]
        assert (action["by"], action["clock"]) == ("Li Na", "declared")
        assert abs(int(str(action["at_ms"])) / 1000 - time.time() - 7200) < 20
    finally:
        room.end_daemon()
        town.office.close()
