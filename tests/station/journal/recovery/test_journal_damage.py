"""Whatever stands in a damaged file: the station starts, or ends in the way that has the next start mend it."""

import contextlib
import os
import queue
import random
import shutil
import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from journal_room import START, action, due, opened, play_once, records, restart
from sqlite_utils import Database

from kiosk.common.systemd import refusal
from kiosk.station import app
from kiosk.station.app import EX_CRASHED, EX_TEMPFAIL, Station
from kiosk.station.config import Config
from kiosk.station.events import Crashed, Event, Wake
from kiosk.station.health.examination import examine
from kiosk.station.health.observation import Observation
from kiosk.station.health.rules import RuleState
from kiosk.station.journal import BusyJournal, DamagedJournal, Journal
from kiosk.station.journal import plays as rows
from kiosk.station.journal.database import open_writing
from kiosk.station.journal.verify import verify
from kiosk.station.projector.stage import Stage

PAGE = 4096


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a station with forty plays and as many presses, stopped in good order."""
    folder = tmp_path_factory.mktemp("sound")
    with opened(folder / "journal.db") as (journal, _):
        for n in range(40):
            play_once(journal, f"p{n}", START + n * 60_000)
            journal.record(action(f"a{n}"))
        journal.remember("stop", "by A")
    return folder


@pytest.fixture
def path(sound: Path, tmp_path: Path) -> Path:
    shutil.copytree(sound, tmp_path, dirs_exist_ok=True)
    return tmp_path / "journal.db"


def entries(path: Path) -> dict[str, bytes]:
    with closing(sqlite3.connect(path)) as db:
        return dict(db.execute("SELECT id, record FROM entries").fetchall())


def hurt(luck: random.Random, data: bytearray) -> None:
    at = luck.randrange(len(data)) if luck.random() < 0.8 else luck.randrange(PAGE)
    match luck.randrange(5):
        case 0:
            data[at] ^= 1 << luck.randrange(8)
        case 1:
            data[at : at + 8] = luck.randbytes(8)
        case 2:
            data[at : at + 64] = bytes(64)
        case 3:
            page, other = (luck.randrange(len(data) // PAGE) * PAGE for _ in "ab")
            data[page : page + PAGE] = data[other : other + PAGE]
        case 4:
            data[at] = luck.choice((0, 9, 13, 127, 255))
    del data[len(data) // PAGE * PAGE :]


def one_life(path: Path, name: str) -> bool:
    """A station's start, all that it asks of its journal, one press, its end. Tells whether damage ended it sooner."""
    events: list[Event] = []
    try:
        journal = Journal(path, events.append, "boot-2", lambda: START)
    except DamagedJournal:
        return False
    journal.start()
    try:
        journal.waiting()
        journal.waiting_count()
        journal.completed(0, START * 2)
        journal.plays(0)
        journal.refused()
        journal.was_shown("slot", START, START * 2)
        journal.record(action(name))
        while not events and not journal.settle(0.05):
            continue
    except DamagedJournal:
        return False
    finally:
        journal.stop(0 if events else 5)
    assert all(isinstance(event, Crashed) for event in events)
    return not events


def test_whatever_bytes_are_wrong_a_station_is_up_after_at_most_three_starts(path: Path) -> None:
    written, data = entries(path), path.read_bytes()
    while_running = 0
    for seed in range(50, 90):
        spoiled = bytearray(data)
        luck = random.Random(f"damage {seed}")
        for _ in range(luck.choice((1, 1, 3, 20))):
            hurt(luck, spoiled)
        for old in path.parent.glob("journal.*"):
            old.unlink()
        path.write_bytes(spoiled)
        lives = [one_life(path, "again-1")]
        while not lives[-1] and len(lives) < 3:
            lives.append(one_life(path, f"again-{len(lives) + 1}"))
        assert lives[-1], f"seed {seed}"
        while_running += len(lives) > 1
        for name, record in entries(path).items():
            assert written.get(name, record) == record, f"seed {seed}"
            assert name in written or name.startswith(("journal-", "again-")), f"seed {seed}"
    assert while_running, "some damage is met only by a read or a write of the running station"


def spoil(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


@pytest.mark.parametrize(
    ("at", "data"),
    [(18, b"\3"), (19, b"\3"), (44, b"\xff"), (56, b"\2"), (68, b"\0\0\0\1"), (60, b"\xff")],
    ids=["writing", "reading", "schema", "encoding", "mark", "version"],
)
def test_a_wrong_byte_in_the_head_is_damage_and_nobody_s_fault(path: Path, at: int, data: bytes) -> None:
    written = entries(path)
    spoil(path, at, data[-1:] if at != 56 else b"\0\0\0\2")
    assert one_life(path, "again")
    assert written.items() <= entries(path).items()


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (b"m003_an_epoch", b"m009_an_epoch"),
        (b"CREATE TRIGGER entry_stays", b"CREATE TR\xffGGER entry_stays"),
        (b"WHEN NEW.seq < OLD.seq OR", b"WHEN NEW.smq < OLD.seq OR"),
    ],
    ids=["a migration", "no text in the schema", "a trigger"],
)
def test_a_wrong_byte_in_what_the_file_says_of_itself_is_damage_too(path: Path, was: bytes, now: bytes) -> None:
    written, data = entries(path), path.read_bytes()
    path.write_bytes(data.replace(was, now))
    with pytest.raises(DamagedJournal):
        open_writing(path)
    with contextlib.suppress(DamagedJournal):  # whoever looks on is told, and never shown a traceback
        list(verify(path))
    assert one_life(path, "again")
    assert written.items() <= entries(path).items()


def test_a_trigger_that_refuses_what_is_right_is_mended_once_it_has(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"WHEN NEW.seq <> 1 + max", b"WHEN NEW.seq <> 7 + max"))
    assert [one_life(path, "first"), one_life(path, "second")] == [False, True]


def test_a_text_that_is_none_is_met_by_a_read_and_mended_by_the_next_start(path: Path) -> None:
    data = path.read_bytes()
    row = data.index(b"trustedboot-1", data.index(b"p7rice") if b"p7rice" in data else 0)
    spoil(path, row, b"truste\xff")
    journal = Journal(path, print, "boot-2")
    with pytest.raises(DamagedJournal, match="decode to UTF-8"):
        journal.plays(0)
    journal.stop(5)
    assert path.with_name("journal.suspect").exists()
    with opened(path) as (journal, events):
        assert len(journal.plays(0)) == 40 and {row.clock for row in journal.plays(0)} == {"trusted"}
        assert events == []


def change(path: Path, *statements: str) -> None:
    """As wrong bytes might: past the triggers and the kinds of columns. The head goes, so that all is salvaged."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET sql = replace(sql, ' STRICT', '')")
        db.execute("PRAGMA writable_schema = RESET")
        for statement in statements:
            db.execute(statement)
    spoil(path, 68, b"\0\0\0\0")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE delivery SET seq = 'p9'",
        "UPDATE delivery SET seq = 1 << 50, hash = 'x'",
        "UPDATE pruned SET seq = 'x'",
        "UPDATE pruned SET seq = 1 << 50",
        "UPDATE pruned SET hash = x'ff'",
        "UPDATE epoch SET epoch = 7",
        "DELETE FROM epoch",
        "INSERT INTO epoch VALUES (2, 'another')",
        "INSERT INTO witnesses VALUES (3, 'p9')",
        "INSERT INTO receipts VALUES (3, 7, 8, 9)",
        "INSERT INTO state VALUES (1, 2)",
        "INSERT INTO entries SELECT seq + (1 << 50), hash, 'x', kind, record FROM entries WHERE seq = 3",
        "INSERT INTO entries SELECT 7777, hash, 'x', kind, cast(record AS TEXT) FROM entries WHERE seq = 3",
    ],
)
def test_numbers_and_kinds_that_were_never_written_cost_nothing_else(path: Path, statement: str) -> None:
    written = entries(path)
    change(path, statement)
    with opened(path) as (journal, events):
        told = restart(journal)
        assert events == [] and told is not None
        assert "lost" not in told.facts and told.facts["entered_anew"] == "80"
        assert [record.id for record in records(journal)] == [told.id, *written] and journal.delivered() == 0
        assert written.items() <= entries(path).items()
        assert journal.recall("stop", str) == "by A"
    assert [remark.text for remark in verify(path) if remark.wrong] == []


def test_a_cursor_beyond_the_record_is_noticed_at_an_ordinary_start(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE delivery SET seq = 5000")
    with opened(path) as (journal, _):
        assert journal.waiting_count() == 81 and journal.delivered() == 0 and restart(journal) is not None


def test_what_only_the_closing_of_open_rows_meets_is_salvaged_in_the_same_start(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(open_writing(path).conn) as db:
        rows.add_due(Database(db), due("p3z", START + 99 * 60_000))  # as a kill would leave it
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'idx_entries_id'").fetchone()
    index = path.read_bytes()[(page - 1) * PAGE : page * PAGE]
    spoil(path, (page - 1) * PAGE, index.replace(b"p39", b"p3z"))
    with opened(path, now_ms=START + 100 * 60_000) as (journal, events):
        assert [row.id for row in journal.interrupted_at_boot] == ["p3z"]
        assert events == [] and restart(journal) is not None
    assert "opened once more" in caplog.text
    assert [remark.text for remark in verify(path) if remark.wrong] == []


class Reading(Station):
    """A daemon of which only the inbox is there, and an event that asks a damaged journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._exit = None
        self._inbox = queue.SimpleQueue()
        self._inbox.put(Wake("change"))
        self.ended = False

    def _start(self) -> None: ...

    def _tick(self) -> None: ...

    def handle(self, event: Event) -> None:
        self._journal.plays(0)

    def _end(self) -> None:
        self.ended = True


def test_a_read_that_finds_damage_ends_the_daemon_as_a_write_does(path: Path) -> None:
    spoil(path, path.read_bytes().index(b"trustedboot-1"), b"truste\xff")
    journal = Journal(path, print, "boot-2")
    station = Reading(journal)
    assert station.run() == EX_CRASHED and station.ended
    journal.stop(5)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DamagedJournal("journal x: damaged"), "journal x: damaged"),
        (BusyJournal("journal x: another kiosk station runs"), "another kiosk station runs"),
        (PermissionError(13, "Permission denied", "/run/kiosk"), "/run/kiosk: Permission denied; look after the disk"),
        (OSError(28, "No space left on device"), "/var/lib/kiosk: No space left on device; look after the disk"),
    ],
)
def test_what_may_pass_is_no_reason_to_stay_down_and_is_said_to_systemd(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> Station:
        raise error

    monkeypatch.setattr(app, "Station", fails)
    inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        assert app.run(Config(), inbox, Stage(":9", inbox.put)) == EX_TEMPFAIL
        told = manager.recv(4096).decode()
    assert told.startswith("STATUS=cannot start: ") and words in told
    assert words in capsys.readouterr().err
    (tmp_path / "told").write_text(told.removeprefix("STATUS="))
    (tmp_path / "systemctl").write_text(f"#!/bin/sh\ncat {tmp_path}/told\n")
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    item = examine(RuleState(), Observation(), None, datetime.now(UTC), running=False, refusal=refusal()).items[0]
    assert item.state == "wrong" and words in item.text.render(str)
    (tmp_path / "told").write_text("on air: cannot start: by hand")
    assert refusal() == "", "it was running"
