"""The writing thread: what waits is written together, as if it had been written one by one."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from kiosk.station.events import Crashed, Event, JournalRecovered, JournalTrouble
from kiosk.station.journal import writer as writing
from kiosk.station.journal.database import open_writing
from kiosk.station.journal.writer import MOST_TOGETHER, Commit, Writer


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def writer(path: Path, events: list[Event]) -> Writer:
    return Writer(path, open_writing(path), events.append)


def keep(number: int, droppable: bool = False, then: Callable[[], object] | None = None) -> Commit:
    """Writes the number behind those that stand there."""

    def write(db: Database) -> None:
        db.execute("INSERT INTO witnesses VALUES ((SELECT 1 + coalesce(max(seq), 0) FROM witnesses), ?)", [number])

    return Commit(f"number {number}", write, droppable, then)


def refused(error: Exception, times: list[int]) -> Commit:
    """Writes, and then fails as often as ``times`` says."""

    def write(db: Database) -> None:
        keep(-1).write(db)
        if times[0]:
            times[0] -= 1
            raise error

    return Commit("refused", write)


def numbers(path: Path) -> list[int]:
    """What is on the disk, as another process sees it."""
    with closing(sqlite3.connect(path)) as db:
        return [number for (number,) in db.execute("SELECT at_ms FROM witnesses ORDER BY seq")]


def full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def died(events: list[Event]) -> bool:
    for thread in threading.enumerate():
        if thread.name == "journal":
            thread.join(20)
    return isinstance(events[-1], Crashed)


def test_what_waits_is_written_together_and_in_order(writer: Writer, path: Path) -> None:
    statements: list[str] = []
    writer._db.conn.set_trace_callback(statements.append)
    for number in range(2 * MOST_TOGETHER + 2):
        writer.put(keep(number))
    writer.start()
    assert writer.settle(20) and numbers(path) == list(range(2 * MOST_TOGETHER + 2))
    assert statements.count("COMMIT") == 3
    assert writer.stop(5) == 0


def test_then_comes_in_order_and_only_when_its_commit_is_on_the_disk(writer: Writer, path: Path) -> None:
    seen: list[tuple[int, bool]] = []

    def told(number: int) -> Callable[[], object]:
        return lambda: seen.append((number, number in numbers(path)))

    for number in range(MOST_TOGETHER + 5):
        writer.put(keep(number, then=told(number)))
    writer.start()
    assert writer.settle(20)
    assert seen == [(number, True) for number in range(MOST_TOGETHER + 5)]
    assert writer.stop(5) == 0


@pytest.mark.parametrize("error", [sqlite3.IntegrityError("UNIQUE constraint failed"), KeyError("own")])
def test_a_commit_that_cannot_be_written_takes_none_along(
    writer: Writer, path: Path, events: list[Event], error: Exception
) -> None:
    seen: list[int] = []
    for number in range(10):
        writer.put(keep(number, then=lambda: seen.append(len(seen))))
    writer.put(refused(error, [99]))
    writer.put(keep(11))
    writer.start()
    assert died(events) and type(error).__name__ in str(events)
    assert numbers(path) == list(range(10)) and len(seen) == 10
    assert path.with_name("journal.suspect").exists()
    assert writer.waiting == 2


def test_a_commit_that_failed_only_in_company_stands_in_its_place(writer: Writer, path: Path) -> None:
    for number in range(3):
        writer.put(keep(number))
    writer.put(refused(KeyError("once"), [1]))
    writer.put(keep(4))
    writer.start()
    assert writer.settle(20) and numbers(path) == [0, 1, 2, -1, 4]
    assert writer.stop(5) == 0


def test_a_full_disk_is_told_once_the_first_is_refused_alone_and_what_waited_is_written_together(
    writer: Writer, path: Path, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "FIRST_RETRY_S", 0.05)
    commits: list[str] = []
    reopen = writer._reopen

    def traced() -> None:
        reopen()
        writer._db.conn.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)

    monkeypatch.setattr(writer, "_reopen", traced)
    writer.put(refused(full(), [3]))
    for number in range(3 * MOST_TOGETHER):
        writer.put(keep(number))
    writer.start()
    assert writer.settle(20)
    assert numbers(path) == [-1, *range(3 * MOST_TOGETHER)]
    troubles = [event for event in events if isinstance(event, JournalTrouble)]
    assert [trouble.error for trouble in troubles] == ["refused: database or disk is full"] * 2
    assert {trouble.waiting for trouble in troubles} == {3 * MOST_TOGETHER + 1}
    assert events[-1] == JournalRecovered() and len(events) == 3
    assert len(commits) == MOST_TOGETHER + 3, "those that failed together one by one, and then together again"
    assert writer.stop(5) == 0


def test_an_end_while_the_disk_refuses_says_how_many_are_lost(writer: Writer, path: Path) -> None:
    writer.put(keep(0))
    writer.put(refused(full(), [10_000]))
    writer.put(keep(2))
    writer.start()
    assert not writer.settle(0.2)
    assert writer.stop(0.3) == 2
    assert numbers(path) == [0]


def test_a_stop_writes_what_waits(writer: Writer, path: Path) -> None:
    for number in range(5 * MOST_TOGETHER):
        writer.put(keep(number))
    writer.start()
    assert writer.stop(20) == 0
    assert len(numbers(path)) == 5 * MOST_TOGETHER


def test_check_points_under_way_together_are_written_and_later_ones_dropped(
    writer: Writer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MAX_WAITING", 8)
    begun, go = threading.Event(), threading.Event()

    def slow(db: Database) -> None:
        begun.set()
        assert go.wait(20)

    writer.put(keep(0))
    writer.put(Commit("slow", slow))
    writer.put(keep(1, droppable=True))
    writer.start()
    assert begun.wait(20)
    for number in range(2, 7):
        writer.put(keep(number, droppable=number % 2 == 0))
    writer.put(keep(7))
    writer.put(keep(8, droppable=True))
    writer.put(keep(9))
    go.set()
    assert writer.settle(20)
    assert numbers(path) == [0, 1, 3, 5, 7, 8, 9]
    assert writer.stop(5) == 0
