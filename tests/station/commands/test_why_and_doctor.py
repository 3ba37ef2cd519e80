"""`kiosk why` and `kiosk doctor` at a real daemon, and after it has ended."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner, Result
from fakes_town import TownOnTheLine, eventually
from live_room import LiveRoom, now, whole
from screen import XServer

from kiosk.cli import main
from kiosk.station.commands.why import read_time
from kiosk.station.panel import now_file
from kiosk.station.panel.now_file import STALE_S
from kiosk.station.playout.events import StartPressed, StopPressed

HOUR = 3600.0


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TownOnTheLine]:
    town = TownOnTheLine(tmp_path_factory.mktemp("town"))
    yield town
    town.close()


@pytest.fixture
def room(town: TownOnTheLine, screen: XServer, clips: Callable[[str], Path], tmp_path: Path) -> Iterator[LiveRoom]:
    room = LiveRoom(town, screen, clips, tmp_path)
    yield room
    room.close()


def run(room: LiveRoom, *command: str) -> Result:
    return CliRunner().invoke(main, [command[0], "--config", str(room.settings), *command[1:]])


def why(room: LiveRoom, *more: str) -> str:
    done = run(room, "why", "--language", "en", *more)
    assert done.exit_code == 0, done.output
    return done.output


def doctor(room: LiveRoom) -> dict[str, str]:
    """The state of each check, by its cause."""
    done = run(room, "doctor", "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == (1 if found["wrong"] else 0)
    assert [item["number"] for item in found["items"]] == list(range(1, len(found["items"]) + 1))
    return {item["cause"]: item["state"] for item in found["items"]}


def contents(folder: Path) -> dict[str, float]:
    return {str(path): path.stat().st_mtime for path in folder.rglob("*")}


def test_why_and_doctor_at_a_station_that_runs_and_one_that_was_ended(room: LiveRoom) -> None:
    begin = whole(now() - timedelta(minutes=10))
    end = begin + timedelta(seconds=HOUR)
    later = end + timedelta(minutes=5)
    room.publish((begin, HOUR, "long"), names=("long.mp4",))
    room.begin()
    eventually(lambda: room.rows("shown_ms IS NOT NULL"), 30)
    eventually(lambda: "On the screen: long" in why(room))
    slot = f"{begin:%H:%M:%S}–".replace(":00–", "–")
    assert f"Why: The timetable has it {slot}" in why(room)
    assert why(room).count("this decides") == 1
    ahead = why(room, "--at", f"{later:%Y-%m-%d %H:%M}")
    assert "By the plan of now: no programme; the week's table is shown, or black while the room is closed" in ahead
    assert "The week's table, or black while the room is closed: nothing above shows anything – this decides" in ahead
    past = why(room, "--at", f"{begin - timedelta(minutes=5):%Y-%m-%d %H:%M}")
    assert "This time is past" in past and "On the screen" not in past

    eventually(lambda: doctor(room).get("disk-not-writable") == "right", 20)
    states = doctor(room)
    assert states["not-running"] == states["journal-trouble"] == states["week-refused"] == "right"

    room.post(StopPressed("test", "meeting", None))
    eventually(lambda: "Why: Somebody has pressed Stop (meeting), until somebody presses Start." in why(room))
    assert "Timetable" not in why(room), "what lies below Stop was not looked at"
    assert room.end() == 0
    assert now_file.read(room.state.parent / "run") is None

    before = contents(room.state)
    stopped = why(room)
    assert "does not run" in stopped and "On the screen" not in stopped
    assert "If it ran: no programme; the week's table is shown, or black while the room is closed" in stopped
    assert "Why: Somebody has pressed Stop (meeting)" in stopped, "as it would be after a start"
    assert contents(room.state) == before, "who looks on changes nothing"
    states = doctor(room)
    assert (states["not-running"], states["disk-not-writable"], states["town-silent"]) == ("wrong", "right", "unknown")
    assert states["clock-untrusted"] != "wrong", "only the daemon can ask the town"
    said = run(room, "doctor", "--language", "en")
    assert said.exit_code == 1 and "\n 1. The kiosk: WRONG. The kiosk does not run on this PC" in said.output

    room.begin()
    room.post(StartPressed("test"))
    eventually(lambda: "On the screen: long" in why(room), 30)
    assert room.end() == 0


def test_the_daemons_word_is_believed_while_it_is_fresh(tmp_path: Path) -> None:
    assert now_file.read(tmp_path) is None
    (tmp_path / now_file.NAME).write_text("{}")
    assert now_file.read(tmp_path) is None, "of another version"
    now_file.remove(tmp_path)
    now_file.remove(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_daemon_that_hangs_is_not_said_to_run(room: LiveRoom) -> None:
    room.publish((whole(now()), HOUR, "long"), names=("long.mp4",))
    room.start_daemon()
    runtime = room.state.parent / "run"
    eventually(lambda: now_file.read(runtime) is not None, 20)
    room.kill_daemon()
    assert now_file.read(runtime) is not None, "no longer than a moment"
    old = (runtime / now_file.NAME).stat().st_mtime - STALE_S - 1
    os.utime(runtime / now_file.NAME, (old, old))
    assert "does not run on this PC, or it hangs" in why(room)
    assert doctor(room)["not-running"] == "wrong"


def test_a_state_folder_that_is_damaged_is_told_of_and_left_as_it_is(room: LiveRoom) -> None:
    trust, journal = room.state / "library" / "trust", room.state / "journal.db"
    (trust / "group.json").write_bytes(b"{}")
    told = why(room)
    assert "group.json: does not verify any more" in told and "If it ran: no programme" in told
    journal.write_bytes(b"no database at all, but long enough to be taken for one " * 100)
    done = run(room, "why")
    assert done.exit_code == 1 and f"journal {journal}: not a database, or a damaged one" in done.output
    states = doctor(room)
    assert (states["journal-trouble"], states["disk-not-writable"]) == ("wrong", "right"), "the rest is looked at"
    assert not list(room.state.rglob("*.damaged")) and not list(room.state.glob("*.corrupt-*"))


@pytest.mark.parametrize("command", ["why", "doctor"])
def test_a_pc_that_is_not_enrolled_is_told_what_to_do(tmp_path: Path, command: str) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'[station]\nstate = "{tmp_path}/state"\nruntime = "{tmp_path}/run"\n')
    done = CliRunner().invoke(main, [command, "--config", str(settings)])
    assert done.exit_code == 1 and "this station is not enrolled; run: kiosk enrol" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"], "nothing is made"


@pytest.mark.parametrize("command", ["why", "doctor"])
def test_who_may_not_know_is_not_told_that_nothing_runs(tmp_path: Path, command: str) -> None:
    (tmp_path / "run").write_text("no folder: it cannot be looked into, by root neither")
    settings = tmp_path / "config.toml"
    settings.write_text(f'[station]\nstate = "{tmp_path}/state"\nruntime = "{tmp_path}/run"\n')
    done = CliRunner().invoke(main, [command, "--config", str(settings)])
    assert done.exit_code == 1 and "run this as the user of the service, or as root" in done.output
    assert "does not run" not in done.output


NOON = datetime(2026, 3, 5, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("19:30", "2026-03-05T19:30:00+08:00"),
        ("１９：３０", "2026-03-05T19:30:00+08:00"),
        (" 19:30:15 ", "2026-03-05T19:30:15+08:00"),
        ("2026-03-07 08:00", "2026-03-07T08:00:00+08:00"),
        ("2026-03-07", "2026-03-07T00:00:00+08:00"),
        ("2026-03-07T08:00+00:00", "2026-03-07T16:00:00+08:00"),
    ],
)
def test_a_time_is_that_of_the_towns_zone(typed: str, expected: str) -> None:
    assert read_time(typed, NOON, NOON.tzinfo).isoformat() == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("typed", ["soon", "", "25:00", "2026-02-30 10:00", "0001-01-01 00:00+23:00", "7pm"])
def test_what_is_no_time_is_told_with_how_to_write_it(typed: str) -> None:
    with pytest.raises(click.BadParameter, match="write it like this: 19:30, or 2026-03-05 19:30"):
        read_time(typed, NOON, NOON.tzinfo)  # type: ignore[arg-type]
