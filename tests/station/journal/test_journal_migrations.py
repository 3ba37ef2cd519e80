"""A journal of any earlier version becomes one of today, with everything that was in it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import journal_m001
import pytest
from journal_room import BOOT, START, opened, play_once, records, restart

from kiosk.contract.records import Attendance, ClockRepair, Correction, Entryable, Play
from kiosk.contract.reports import chain
from kiosk.contract.wire import encode
from kiosk.station.journal.database import open_writing


def play(name: str, start: int) -> dict[str, object]:
    return {
        **journal_m001.PLAY, "kind": "play", "id": name, "planned_start_ms": start, "planned_end_ms": start + 60_000,
        "actual_start_ms": start, "actual_end_ms": start + 60_000, "played_ms": 60_000, "outcome": "completed",
        "cause": "", "late_ms": 1, "gap_ms": 0, "pictures_shown": 1500, "pictures_lost": 0, "muted": False,
        "practice": False, "video_output": "xcb_x11", "screen_evidence": "none", "started_monotonic_ms": 60_000,
    }  # fmt: skip


def plain(record: Entryable) -> dict[str, object]:
    found: dict[str, object] = json.loads(encode(record))
    return found


THERE = Attendance(id="there", at_ms=START, by="A", plays=("p1", "p2"), session="s1", present=12, others=3)
TYPING_ERROR = Correction(
    id="c", at_ms=START, by="B", corrects="there", field="present", value="13", reason="counted again"
)
CLOCK = ClockRepair(id="r", at_ms=START, boot_id=BOOT, offset_ms=60_000, clock="trusted")


def test_a_journal_of_m001_keeps_its_chain_its_rows_and_its_memory(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    old = [play("p1", START), play("p2", START + 60_000), *map(plain, (THERE, TYPING_ERROR, CLOCK))]
    hashes = journal_m001.make(path, old, witnessed=2, open_play="p3", start_ms=START + 120_000)
    with opened(path) as (journal, events):
        assert [record.id for record in records(journal)] == ["p1", "p2", "there", "c", "r", "p3"]
        assert [journal.hash_at(seq) for seq in range(1, 6)] == hashes
        closed = records(journal)[-1]
        assert isinstance(closed, Play) and (closed.outcome, closed.played_ms) == ("interrupted", 5_000)
        assert closed.screen_evidence == "none"
        assert journal.delivered() == 2 and journal.recall("stop", str) == "by A"
        epoch = journal.epoch
        assert len(epoch) == 32
        play_once(journal, "p4", START + 180_000)
        assert journal.settle(5) and events == []
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT seq, at_ms FROM witnesses").fetchall() == [(2, START + 120_000)]
    with opened(path) as (journal, _):  # once only
        assert len(records(journal)) == 7 and journal.epoch == epoch


def test_a_chain_with_a_gap_as_older_versions_left_it_begins_a_new_epoch(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    hashes = journal_m001.make(path, [play("p1", START)], witnessed=1, open_play="p9", start_ms=START + 540_000)
    record = encode(THERE)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO restarts VALUES (5, ?, 2, 5)", ["ab" * 32])
        row = [6, chain("ab" * 32, 6, record), THERE.id, "attendance", record]
        db.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", row)
    with opened(path) as (journal, _):
        told = restart(journal)
        assert told is not None and told.facts["lost"] == "2-5" and told.facts["head_seq"] == "6"
        assert (told.facts["witnessed_seq"], told.facts["witnessed_hash"]) == ("1", hashes[0])
        assert [record.id for record in records(journal)] == [told.id, "p1", "there", "p9"]
        assert journal.delivered() == 0 and journal.recall("stop", str) == "by A"


def test_an_upgraded_journal_is_guarded_as_a_new_one_is(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    journal_m001.make(old, [play("p1", START)], witnessed=0, open_play="p2", start_ms=START)
    schemas = []
    for path in (old, new):
        db = open_writing(path)
        found = db.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '%migrations%' ORDER BY name")
        schemas.append({name: (kind, "".join((sql or "").split())) for kind, name, sql in found})
        db.conn.close()
    assert schemas[0] == schemas[1]


def test_migrating_ends_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.db"
    journal_m001.make(path, [plain(THERE)], witnessed=0, open_play="p1", start_ms=START)
    with monkeypatch.context() as patch:
        patch.setattr("kiosk.station.journal.migrations._KEPT_UNTIL_PRUNED", ("nonsense",))
        with pytest.raises(Exception, match="nonsense"):
            open_writing(path)
    with closing(sqlite3.connect(path)) as db:
        names = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
    assert "pruned" not in names and "entry_is_kept" in names
    with opened(path) as (journal, _):
        assert [record.id for record in records(journal)] == ["there", "p1"]
