"""The journal: what is written stands, in order, once, and in a chain that nobody can alter."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import msgspec
import pytest
from journal_room import BOOT, FILM, START, action, due, opened, play_once, records, restart

from kiosk.contract import wire
from kiosk.contract.records import Play
from kiosk.contract.reports import GENESIS, Receipt, Signed, Witness
from kiosk.station.events import Crashed, JournalRecovered, JournalTrouble
from kiosk.station.journal import (
    BusyJournal,
    DamagedJournal,
    ForeignDatabase,
    Journal,
    JournalError,
    NewerJournal,
    ReadOnlyJournal,
    writer,
)
from kiosk.station.journal.database import CACHE_KB, connect_reading, open_writing
from kiosk.station.journal.journal import _Sketch


def wait_for(truth: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_a_play_is_written_from_due_to_closed(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as (journal, events):
        journal.due(due("p1", occasion="主题党日", volume=70, continues="p0"))
        assert journal.settle(5)
        (row,) = journal.plays(START)
        assert (row.shown_ms, row.seq, row.programme) == (None, None, "rice")
        journal.shown("p1", START + 3, 5000, 3, 2, "xcb_x11")
        journal.checkpoint("p1", START + 5000, 4997, 120, 1)
        journal.close("p1", START + 60_003, 60_000, "completed", "", 1500, 2)
        assert journal.settle(5)
        (play,) = records(journal)
        assert play == Play(
            id="p1",
            playlist_version=7,
            programme="rice",
            title="水稻育秧技术",
            sha256="ab" * 32,
            category="农业实用技术",
            origin="slot",
            occasion="主题党日",
            planned_start_ms=START,
            planned_end_ms=START + 60_000,
            actual_start_ms=START + 3,
            actual_end_ms=START + 60_003,
            played_ms=60_000,
            outcome="completed",
            continues="p0",
            late_ms=3,
            gap_ms=2,
            pictures_shown=1500,
            pictures_lost=2,
            volume=70,
            video_output="xcb_x11",
            clock="trusted",
            boot_id=BOOT,
            started_monotonic_ms=5000,
        )
        assert journal.plays(START)[0].seq == 1
        assert journal.head()[0] == 1
        assert events == []


def test_evidence_of_a_picture_is_the_least_that_there_was_while_it_played(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as (journal, _):
        for play, seen in {"lit": "link", "dark": "none"}.items():
            journal.due(due(play))
            journal.shown(play, START, 1, 0, 0, "", evidence=seen)  # type: ignore[arg-type]
            journal.checkpoint(play, START + 5000, 5000, 125, 0, "link")
            journal.close(play, START + 60_000, 60_000, "completed", "", 1500, 0, "cec")
        journal.due(due("unplugged"))
        journal.shown("unplugged", START, 1, 0, 0, "", evidence="link")
        journal.checkpoint("unplugged", START + 5000, 5000, 125, 0, "none")
        journal.checkpoint("unplugged", START + 10_000, 5000, 125, 0, "link")
        journal.close("unplugged", START + 60_000, 60_000, "completed", "", 1500, 0, "link")
        journal.due(due("late"))
        journal.shown("late", START, 1, 0, 0, "", evidence="link")
        journal.close("late", START + 60_000, 60_000, "completed", "", 1500, 0, "none")
        assert journal.settle(5)
        found = {record.id: record.screen_evidence for record in records(journal) if isinstance(record, Play)}
        assert found == {"lit": "link", "dark": "none", "unplugged": "none", "late": "none"}


def test_a_cancelled_cue_never_was_a_play_but_a_shown_one_is(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as (journal, _):
        journal.due(due("p1"))
        journal.forget("p1")
        journal.due(due("p2"))
        journal.shown("p2", START, 0, 0, 0, "")
        journal.forget("p2")
        assert journal.settle(5)
        assert [row.id for row in journal.plays(0)] == ["p2"]


def test_a_play_was_shown_where_anything_was_seen_of_it(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as (journal, _):
        journal.due(due("unseen", START))
        journal.due(due("filler", START, origin="filler"))
        journal.shown("filler", START, 0, 0, 0, "")
        play_once(journal, "seen", START + 60_000)
        assert journal.settle(5)
        assert not journal.was_shown("slot", START, START + 60_000), "its slot's end is the next one's"
        assert journal.was_shown("slot", START, START + 60_001)
        assert journal.was_shown("filler", START, START + 1)
        assert not journal.was_shown("slot", START + 60_001, START + 99_999)


def test_looking_at_the_record_takes_no_more_memory_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        for number in range(400):
            play_once(journal, f"p{number}", START + number * 60_000)
        assert journal.settle(20)
        for db in (connect_reading(path), open_writing(tmp_path / "other.db")):
            assert db.conn.execute("PRAGMA cache_size").fetchone()[0] == -CACHE_KB
            db.conn.close()
        tracemalloc.start()
        assert not journal.was_shown("slot", START + 400 * 60_000, START + 500 * 60_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 50_000
        plan = " ".join(str(row) for row in _how(path, journal))
        assert "SCAN" not in plan and "shown_ms" in plan


def _how(path: Path, journal: Journal) -> list[object]:
    """How SQLite goes about :meth:`Journal.plays`: its statement as it runs, explained."""
    statements: list[str] = []
    db = connect_reading(path)
    journal._readers.db = db
    db.conn.set_trace_callback(statements.append)
    assert len(journal.plays(START + 390 * 60_000)) == 10
    db.conn.set_trace_callback(None)
    return list(db.conn.execute(f"EXPLAIN QUERY PLAN {statements[-1]}"))


def test_what_is_closed_never_changes(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        play_once(journal, "p1")
        journal.close("p1", START + 99_000, 1, "failed", "again", 0, 0)
        journal.checkpoint("p1", START + 99_000, 1, 0, 0)
        journal.forget("p1")
        journal.record(action("a1"))
        journal.record(action("a1"))
        assert journal.settle(5)
        assert [record.id for record in records(journal)] == ["p1", "a1"]
        assert journal.plays(0)[0].outcome == "completed"
        meddler = sqlite3.connect(path)
        for sql in (
            "UPDATE plays SET played_ms = 99999999", "DELETE FROM plays", "UPDATE entries SET record = x'00'",
            "DELETE FROM entries", "INSERT INTO entries VALUES (9, 'x', 'x', 'x', x'00')",
            "INSERT OR REPLACE INTO entries VALUES (1, 'x', 'x', 'x', x'00')",
        ):  # fmt: skip
            with pytest.raises(sqlite3.IntegrityError):
                meddler.execute(sql)
        meddler.close()


def test_a_wrong_clock_never_ends_a_play_before_it_began(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as (journal, _):
        journal.due(due("p1"))
        journal.shown("p1", START, 0, 0, 0, "")
        journal.close("p1", START - 3_600_000, 45_000, "completed", "", 0, 0)
        journal.due(due("p2"))
        journal.close("p2", START + 500, 9, "failed", "x" * 999, -1, -1)
        assert journal.settle(5)
        first, second = records(journal)
        assert isinstance(first, Play) and isinstance(second, Play)
        assert (first.actual_start_ms, first.actual_end_ms) == (START, START + 45_000)
        assert (second.actual_start_ms, second.actual_end_ms, second.played_ms) == (START + 500, START + 500, 0)
        assert len(second.cause) == 400


def test_restart_closes_a_row_without_a_picture_where_that_was_expected(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        journal.due(due("p1"))
        journal.expect("p1", START + 20_000)
        journal.due(due("p2"))
        journal.expect("p2", START + 20_000)
        journal.shown("p2", START + 20_004, 1000, 4, 0, "")
        journal.expect("p2", START + 30_000)
    with opened(path, now_ms=START + 120_000) as (journal, _):
        for play, began in zip(records(journal), (START + 20_000, START + 20_004), strict=True):
            assert isinstance(play, Play)
            assert (play.actual_start_ms, play.actual_end_ms, play.played_ms) == (began, began, 0)
            assert (play.planned_start_ms, play.outcome) == (START, "interrupted")


def test_restart_closes_an_open_row_at_its_last_check_point(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        journal.due(due("p1"))
        journal.shown("p1", START, 1000, 4, 0, "")
        journal.checkpoint("p1", START + 5000, 4990, 124, 1)
        journal.checkpoint("p1", START + 10_000, 9980, 249, 1)
        journal.due(due("p2", START + 60_000))
    with opened(path, now_ms=START + 120_000) as (journal, _):
        shown, never = records(journal)
        assert isinstance(shown, Play) and isinstance(never, Play)
        assert (shown.actual_end_ms, shown.played_ms, shown.outcome) == (START + 10_000, 9980, "interrupted")
        assert shown.cause == "the station ended unexpectedly"
        assert (never.played_ms, never.outcome, never.actual_end_ms) == (0, "interrupted", START + 60_000)
        assert [row.id for row in journal.interrupted_at_boot] == ["p1", "p2"]
        journal.due(due("p3"))
    with opened(path, boot_id="boot-2") as (journal, _):
        assert [row.cause for row in journal.interrupted_at_boot] == [
            "the station ended unexpectedly, and its PC started anew"
        ]
    with opened(path) as (journal, _):
        assert journal.interrupted_at_boot == ()


def test_completed_plays_count_at_once_and_once(tmp_path: Path) -> None:
    other = msgspec.structs.replace(FILM, id="law")
    with opened(tmp_path / "journal.db") as (journal, _):
        assert journal.completed(0, START * 2) == {}
        journal.due(due("practice", practice=True))
        journal.shown("practice", START, 0, 0, 0, "")
        journal.close("practice", START + 1, 1, "completed", "", 0, 0)
        for n in range(200):
            play_once(journal, f"p{n}", START + n, (FILM, other)[n % 2])
            assert sum(journal.completed(START, START + 1000).values()) == n + 1
        assert journal.settle(10)
        assert journal.completed(START, START + 1000) == {"rice": 100, "law": 100}
        assert journal.completed(START + 10, START + 11) == {"rice": 1}
        # The moment between a row's commit and its leaving the list of those on their way:
        journal._closing["p10"] = _Sketch("rice", False, START + 10, START + 60_010)
        assert journal.completed(START + 10, START + 11) == {"rice": 1}


def test_e6_a_row_that_was_only_cued_when_all_ended_is_no_play(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        journal.due(due("past", START - 60_000))
        journal.due(due("cued", START + 60_000))
        journal.due(due("unsure", START + 60_000, clock="holdover"))
    with opened(path) as (journal, _):
        assert [row.id for row in journal.interrupted_at_boot] == ["past", "unsure"]
        assert [row.id for row in journal.plays(0)] == ["past", "unsure"]


def test_memory_outlives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        assert journal.recall("stop", str) is None
        journal.remember("stop", "by A")
        assert journal.recall("stop", str) == "by A"
        journal.remember("stop", "by B")
    with opened(path) as (journal, _):
        assert journal.recall("stop", str) == "by B"
        journal.remember("stop", None)
        assert journal.recall("stop", str) is None


@pytest.mark.parametrize("text", ["nonsense", "[1]", "7", '{"x": ' + "[" * 100_000, "9" * 5000])
def test_memory_that_cannot_be_read_is_forgotten_and_no_crash(tmp_path: Path, text: str) -> None:
    with opened(tmp_path / "journal.db") as (journal, _):
        journal.remember("stop", msgspec.Raw(text.encode()))
    with opened(tmp_path / "journal.db") as (journal, _):
        assert journal.recall("stop", str) is None


def test_a_malformed_record_is_refused_at_once(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as (journal, _):
        with pytest.raises(wire.Malformed, match="reason"):
            journal.record(msgspec.structs.replace(action("a"), reason="x" * 401))
        assert journal.settle(5)
        assert journal.head() == (0, GENESIS)


def test_receipts_move_the_cursor_only_with_a_fitting_witness(tmp_path: Path) -> None:
    signed = Signed(payload="{}", keyid="k", signature="s")
    with opened(tmp_path / "journal.db") as (journal, _):
        for n in range(1, 6):
            journal.record(action(f"a{n}"))
        assert journal.settle(5)
        assert journal.waiting_count() == 5
        previous, batch = journal.waiting(limit=2)
        assert (previous, [entry.seq for entry in batch]) == (GENESIS, [1, 2])
        receipts = (Receipt(seq=1, id="a1", state="accepted"), Receipt(seq=2, id="a2", state="refused", reason="no"))
        forged = Witness(station="s", epoch=journal.epoch, seq=2, hash="0" * 64, at_ms=1)
        journal.receipts(receipts, forged, signed)
        assert journal.settle(5)
        assert (journal.delivered(), len(journal.refused())) == (0, 1)
        again = (Receipt(seq=1, id="a1", state="duplicate"), Receipt(seq=2, id="a2", state="duplicate"))
        journal.receipts(again, msgspec.structs.replace(forged, hash=batch[1].hash), signed)
        journal.receipts((Receipt(seq=9, id="zz", state="accepted"),), None, None)
        assert journal.settle(5)
        assert (journal.delivered(), journal.waiting_count()) == (2, 3)
        assert [receipt.reason for receipt in journal.refused()] == ["no"]
        previous, batch = journal.waiting()
        assert (previous, [entry.seq for entry in batch]) == (journal.hash_at(2), [3, 4, 5])


def test_a_report_stays_under_half_a_megabyte(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as (journal, _):
        for n in range(40):
            facts = {str(key): "x" * 20_000 for key in range(2)}
            journal.record(msgspec.structs.replace(action(f"a{n}"), facts=facts))
        assert journal.settle(5)
        sizes = [len(entry.record) for entry in journal.waiting()[1]]
        assert 0 < sum(sizes) <= 512 * 1024
        assert len(records(journal)) == 40


WRITER = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from journal_room import BOOT, START, due
from kiosk.station.journal import Journal
journal = Journal(Path(sys.argv[1]), print, BOOT)
journal.start()
n = journal.head()[0]
print("started", flush=True)
while True:
    n += 1
    play, start = f"p{n}", START + 1000 * n
    journal.due(due(play, start))
    journal.shown(play, start, n, 0, 0, "")
    for step in range(3):
        journal.checkpoint(play, start + step, step, step, 0)
    journal.close(play, start + 900, 900, "completed", "", 9, 0)
    journal.settle(60)
    print(play, flush=True)
"""


def test_a_kill_at_any_moment_loses_nothing_doubles_nothing_and_leaves_the_chain_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    told: list[str] = []
    for turn in range(8):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(Path(__file__).parents[1])], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "started\n"
        time.sleep(0.02 + 0.017 * turn)
        child.send_signal(signal.SIGKILL)
        told += child.stdout.read().split()
        child.stdout.close()
        child.wait()
    with opened(path) as (journal, _):
        names = [record.id for record in records(journal)]
        assert len(names) == len(set(names))
        assert set(told) <= set(names)
        assert len(told) > 8
        by_name = {row.id: row for row in journal.plays(0)}
        assert sorted(by_name) == sorted(names)
        assert {by_name[name].outcome for name in told} == {"completed"}
        assert all(row.seq is not None for row in by_name.values())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, Callable[[], None], Callable[[], None]]]:
    """A folder, what fills its disk, and what frees it: a tmpfs where we may mount one, else a limit on file sizes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    ballast = folder / "ballast"
    mounted = os.geteuid() == 0 and not subprocess.call(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], stderr=subprocess.DEVNULL
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill() -> None:
        if not mounted:
            log = folder / "journal.db-wal"
            return resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size if log.exists() else 1 << 20, hard))
        with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(b"x" * 512)

    def free() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        ballast.unlink(missing_ok=True)

    yield folder, fill, free
    free()
    if mounted:
        subprocess.check_call(["umount", "-l", str(folder)])


def test_disk_full_keeps_the_record_in_memory_and_writes_it_in_order_when_there_is_room(
    small_disk: tuple[Path, Callable[[], None], Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, fill, free = small_disk
    monkeypatch.setattr(writer, "LAST_RETRY_S", 0.1)
    with opened(folder / "journal.db") as (journal, events):
        play_once(journal, "p0")
        assert journal.settle(5)
        fill()
        for n in range(1, 51):
            play_once(journal, f"p{n}", START + n * 60_000)
        wait_for(lambda: any(isinstance(event, JournalTrouble) for event in events))
        trouble = next(event for event in events if isinstance(event, JournalTrouble))
        assert trouble.waiting > 0
        assert sum(journal.completed(0, START * 2).values()) == 51
        assert not journal.settle(0.3)
        free()
        assert journal.settle(20)
        wait_for(lambda: JournalRecovered() in events)
        assert [record.id for record in records(journal)] == [f"p{n}" for n in range(51)]


def test_a_start_on_a_full_disk_does_not_keep_the_room_dark(
    small_disk: tuple[Path, Callable[[], None], Callable[[], None]],
) -> None:
    folder, fill, free = small_disk
    path = folder / "journal.db"
    with opened(path) as (journal, _):
        journal.due(due("p0"))
        assert journal.settle(5)
    assert (folder / "journal.reserve").exists()
    fill()
    with opened(path) as (journal, events):
        assert [row.id for row in journal.interrupted_at_boot] == ["p0"]
        play_once(journal, "p1")
        assert journal.settle(5) and events == []
    free()
    with opened(path) as (journal, _):
        assert [record.id for record in records(journal)] == ["p0", "p1"]
        assert (folder / "journal.reserve").exists()


def test_two_stations_on_one_state_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        journal.due(due("p1"))
        with pytest.raises(BusyJournal, match="another kiosk station runs on this state; stop that one first"):
            Journal(path, print, BOOT)
        journal.shown("p1", START, 0, 0, 0, "")
        journal.close("p1", START + 60_000, 60_000, "completed", "", 0, 0)
        assert journal.settle(5)
        assert journal.plays(0)[0].outcome == "completed"


def test_beyond_ten_thousand_waiting_commits_only_check_points_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING", 100)
    journal = Journal(tmp_path / "journal.db", lambda event: None, BOOT)
    for n in range(60):  # the thread is not started yet: everything waits
        journal.due(due(f"p{n}"))
        journal.shown(f"p{n}", START, 0, 0, 0, "")
        for step in range(10):
            journal.checkpoint(f"p{n}", START + step, step, 0, 0)
        journal.close(f"p{n}", START + 60_000, 60_000, "completed", "", 0, 0)
    assert 180 <= journal._writer.waiting <= 181
    journal.start()
    assert journal.settle(20)
    assert [record.id for record in records(journal)] == [f"p{n}" for n in range(60)]
    journal.stop(5)


def test_a_commit_under_way_is_not_dropped_from_under_the_writing_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING", 5)
    with opened(tmp_path / "journal.db") as (journal, _):
        begun, go = threading.Event(), threading.Event()

        def slow(db: object) -> None:
            begun.set()
            assert go.wait(20)

        journal._put("slow check-point", slow, droppable=True)
        assert begun.wait(20)
        for n in range(10):
            journal.record(action(f"a{n}"))
        go.set()
        assert journal.settle(10)
        assert [record.id for record in records(journal)] == [f"a{n}" for n in range(10)]


def test_the_death_of_the_writing_thread_is_told(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as (journal, events):
        journal._put("nonsense", lambda db: db.execute("INSERT INTO delivery (one) VALUES (1)"))
        wait_for(lambda: events)
        (crash,) = events
        assert isinstance(crash, Crashed) and crash.thread == "journal"
        assert "IntegrityError" in crash.error


def test_database_file_not_a_database_is_set_aside_and_a_new_epoch_begins(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        journal.record(action("a1"))
        epoch = journal.epoch
    with opened(path) as (journal, _):
        assert journal.epoch == epoch and restart(journal) is None
    path.write_bytes(b"this is not a database " * 500)
    with pytest.raises(DamagedJournal, match="not a database"):
        open_writing(path)
    with opened(path) as (journal, _):
        (aside,) = tmp_path.glob("journal.db.corrupt-*")
        assert aside.read_bytes().startswith(b"this is not a database")
        told = restart(journal)
        assert told is not None and told.facts == {"entered_anew": "0", "set_aside": aside.name}
        journal.record(action("a9"))
        assert journal.settle(5)
        assert [record.id for record in records(journal)] == [told.id, "a9"]
        again = journal.epoch
        assert again != epoch
    with opened(path) as (journal, _):
        assert journal.epoch == again and len(records(journal)) == 2


@pytest.mark.parametrize("left", [None, b""], ids=["gone", "emptied by a power cut"])
def test_a_journal_that_is_gone_is_noticed_and_its_log_is_read(tmp_path: Path, left: bytes | None) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        play_once(journal, "p1")
        journal.record(action("a1"))
        assert journal.settle(5)
        log = path.with_name("journal.db-wal").read_bytes()
    path.with_name("journal.db-wal").write_bytes(log)
    path.unlink() if left is None else path.write_bytes(left)
    with opened(path) as (journal, _):
        told = restart(journal)
        assert told is not None and (told.facts["head_seq"], told.facts["entered_anew"]) == ("2", "2")
        assert "lost" not in told.facts
        assert [record.id for record in records(journal)] == [told.id, "p1", "a1"]
        assert journal.completed(0, START * 2) == {"rice": 1}


def test_a_journal_deleted_with_all_beside_it_begins_a_new_epoch_unasked(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    epochs = set()
    for _ in range(2):
        with opened(path) as (journal, _):
            assert restart(journal) is None
            epochs.add(journal.epoch)
        for file in tmp_path.glob("journal.*"):
            file.unlink()
    assert len(epochs) == 2


def test_a_journal_of_which_the_town_has_another_story_is_set_aside_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        play_once(journal, "p1")
        assert journal.settle(5)
        witness = Witness(station="s", epoch=journal.epoch, seq=7, hash="ab" * 32, at_ms=1)
        with pytest.raises(DamagedJournal, match="another record at entry 7"):
            journal.give_up_epoch(witness)
    with opened(path) as (journal, _):
        told = restart(journal)
        assert told is not None and journal.epoch != witness.epoch
        assert (told.facts["witnessed_seq"], told.facts["witnessed_hash"]) == ("7", "ab" * 32)
        assert (told.facts["epoch"], told.facts["head_seq"]) == (witness.epoch, "1")
        assert [record.id for record in records(journal)] == [told.id, "p1"]
        assert (tmp_path / told.facts["set_aside"]).exists() and not path.with_name("journal.suspect").exists()
        anew = journal.epoch
        with pytest.raises(DamagedJournal):  # of an epoch that is over: a mark that means nothing any more
            journal.give_up_epoch(witness)
    with opened(path) as (journal, _):
        assert journal.epoch == anew and restart(journal) == told


def test_a_damaged_page_costs_no_entry_that_can_still_be_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        journal.remember("stop", "by A")
        for n in range(300):
            play_once(journal, f"p{n}", START + n * 60_000)
    tree = sqlite3.connect(path)
    (page,) = tree.execute("SELECT rootpage FROM sqlite_master WHERE name = 'idx_plays_shown_ms'").fetchone()
    (size,) = tree.execute("PRAGMA page_size").fetchone()
    tree.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    with opened(path) as (journal, _):
        assert list(tmp_path.glob("journal.db.corrupt-*T??????"))
        found = records(journal)
        assert found[0] == restart(journal)
        assert [record.id for record in found[1:]] == [f"p{n}" for n in range(300)]
        assert journal.recall("stop", str) == "by A"
        assert journal.completed(0, START * 2) == {"rice": 300}


def test_database_file_from_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path):
        pass
    later = sqlite3.connect(path)
    later.execute("INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('kiosk-journal', 'm999_the_future')")
    later.commit()
    later.close()
    before = path.read_bytes()
    with pytest.raises(NewerJournal, match=r"later kiosk \(it has m999_the_future\); install that version again"):
        Journal(path, print, BOOT)
    assert path.read_bytes() == before


def test_database_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE accounts (id)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(ForeignDatabase, match="another program's database; move it away"):
        Journal(path, print, BOOT)
    assert path.read_bytes() == before


def test_database_file_read_only_is_refused(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp())
    path = folder / "journal.db"
    try:
        with opened(path):
            pass
        for file in folder.iterdir():
            file.chmod(0o444)
        folder.chmod(0o555)
        with unprivileged(), pytest.raises(ReadOnlyJournal, match="let the kiosk's user write"):
            Journal(path, print, BOOT)
        with unprivileged(), pytest.raises(ReadOnlyJournal, match="let the kiosk's user write"):
            Journal(folder / "none" / "journal.db", print, BOOT)
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize("journal", ["journal.db", "none/journal.db"])
def test_a_disk_that_takes_no_writing_is_named_and_not_permissions(
    small_disk: tuple[Path, Callable[[], None], Callable[[], None]], monkeypatch: pytest.MonkeyPatch, journal: str
) -> None:
    folder, _, _ = small_disk
    with opened(folder / "journal.db"):
        pass
    mounted = folder.is_mount()
    if mounted:
        subprocess.check_call(["mount", "-o", "remount,ro", str(folder)])
    else:  # nobody lets us mount one: a folder that refuses, on a disk that says so of itself
        folder.chmod(0o555)
        flags = type("Flags", (), {"f_flag": os.ST_RDONLY})
        monkeypatch.setattr(os, "statvfs", lambda place: flags)
    try:
        with nullcontext() if mounted else unprivileged():
            for opening in (lambda path: Journal(path, print, BOOT), open_writing):
                with pytest.raises(ReadOnlyJournal, match="the disk takes no writing .* mount it for writing") as said:
                    opening(folder / journal)
                assert "user" not in str(said.value) and "lock" not in str(said.value)
    finally:
        if mounted:
            subprocess.check_call(["mount", "-o", "remount,rw", str(folder)])
        else:
            folder.chmod(0o755)


def test_a_folder_in_the_journal_s_place_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.mkdir()
    with pytest.raises(JournalError, match=r"journal\.db: this is a folder; move it away, or set another state"):
        Journal(path, print, BOOT)
    assert list(path.iterdir()) == []


@contextmanager
def unprivileged() -> Iterator[None]:
    """As root, file modes stop nobody: be somebody else for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_many_threads_read_while_one_writes(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as (journal, events):
        wrong: list[BaseException] = []

        def read() -> None:
            try:
                for _ in range(30):
                    count = journal.waiting_count()
                    assert len(journal.waiting()[1]) >= count
                    assert journal.head()[0] >= count
            except BaseException as error:
                wrong.append(error)

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        for n in range(100):
            journal.record(action(f"a{n}"))
        for reader in readers:
            reader.join()
        assert journal.settle(10)
        assert wrong == [] and events == []
        assert len(records(journal)) == 100
