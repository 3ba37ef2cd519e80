"""What the town has had for long enough goes, in its order; what it has not stays, whatever the clocks say."""

import sqlite3
from pathlib import Path

import pytest
from journal_room import START, action, countersign, due, opened, play_once

from kiosk.contract.records import Attendance
from kiosk.contract.reports import chain
from kiosk.station.journal import Journal
from kiosk.station.journal import journal as module

DAY = 86_400_000
KEEP = 100


def aged(journal: Journal) -> None:
    """Ten plays that the town has had for 101 days, ten for 99, five that it does not have; and an open row."""
    journal.due(due("open"))
    journal.shown("open", START, 0, 0, 0, "")
    for n in range(10):
        play_once(journal, f"old{n}", START + n * 60_000)
    journal.record(Attendance(id="there", at_ms=START, by="A", plays=("old0",)))
    countersign(journal, at_ms=START)
    for n in range(10):
        play_once(journal, f"late{n}", START + DAY + n * 60_000)
    countersign(journal, at_ms=START + 2 * DAY)
    for n in range(5):
        play_once(journal, f"mine{n}", START + 2 * DAY + n * 60_000)


def kept(journal: Journal) -> list[str]:
    """Ids of the entries that are left, after proving that they are a chain from where the record begins."""
    db = sqlite3.connect(journal._path)
    at, previous = db.execute("SELECT seq, hash FROM pruned").fetchone()
    found = []
    for seq, digest, name, record in db.execute("SELECT seq, hash, id, record FROM entries ORDER BY seq"):
        assert (seq, digest) == (at + 1, chain(previous, seq, record))
        at, previous = seq, digest
        found.append(name)
    db.close()
    return found


def test_what_the_town_has_had_for_long_goes_and_the_rest_is_still_a_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, events):
        aged(journal)
        journal.prune(KEEP)
        assert journal.settle(5)
        assert len(kept(journal)) == 26, "nothing is old yet"
        countersign(journal, 21, START + KEEP * DAY)
        journal.prune(KEEP)
        assert journal.settle(5)
        left = [*(f"late{n}" for n in range(10)), *(f"mine{n}" for n in range(5))]
        assert kept(journal) == left
        assert [row.id for row in journal.plays(0)] == ["open", *left]
        assert (journal.waiting_count(), journal.waiting()[0]) == (5, journal.hash_at(21))
        assert journal.hash_at(11) is not None and journal.hash_at(10) is None
        assert journal.head()[0] == 26 and events == []
    with opened(path) as (journal, _):
        assert kept(journal) == [*left, "open"]


def test_a_station_whose_whole_record_is_old_keeps_the_place_where_it_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        play_once(journal, "p1")
        countersign(journal, at_ms=START)
        countersign(journal, at_ms=START + KEEP * DAY)
        head = journal.head()
        journal.prune(KEEP)
        assert journal.settle(5)
        assert kept(journal) == [] and journal.head() == head
    with opened(path) as (journal, _):
        assert journal.head() == head
        journal.record(action("a2"))
        assert journal.settle(5)
        previous, (entry,) = journal.waiting()
        assert (previous, entry.seq) == (head[1], 2)


def test_a_wrong_clock_of_the_station_throws_nothing_away(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as (journal, _):
        play_once(journal, "p1", 0)  # 1970
        countersign(journal, at_ms=START)
        play_once(journal, "p2", START + 4000 * DAY)
        countersign(journal, at_ms=START + DAY)
        journal.prune(KEEP)
        assert journal.settle(5)
        assert kept(journal) == ["p1", "p2"]


def test_what_a_restored_town_has_forgotten_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as (journal, _):
        aged(journal)
        assert journal.settle(5)
        countersign(journal, 4, START + KEEP * DAY)  # its copy was older than the first 21
        journal.prune(KEEP)
        assert journal.settle(5)
        assert len(kept(journal)) == 26


def test_pruning_takes_a_share_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PRUNED", 4)
    with opened(tmp_path / "journal.db") as (journal, _):
        aged(journal)
        countersign(journal, 21, START + KEEP * DAY)
        for left in (22, 18, 15, 15):
            journal.prune(KEEP)
            assert journal.settle(5)
            assert len(kept(journal)) == left


def test_nothing_but_pruning_removes_anything(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        aged(journal)
        countersign(journal, 21, START + KEEP * DAY)
        journal.prune(KEEP)
        assert journal.settle(5)
        meddler = sqlite3.connect(path, isolation_level=None)
        for sql in (
            "DELETE FROM entries", "DELETE FROM plays WHERE seq IS NOT NULL", "UPDATE pruned SET seq = 22",
            "UPDATE pruned SET seq = 10", "DELETE FROM pruned",
        ):  # fmt: skip
            with pytest.raises(sqlite3.IntegrityError):
                meddler.execute(sql)
        meddler.execute("INSERT OR REPLACE INTO plays (id, title) VALUES ('late0', 'another')")
        assert meddler.execute("SELECT title FROM plays WHERE id = 'late0'").fetchone() == ("水稻育秧技术",)
        meddler.close()
