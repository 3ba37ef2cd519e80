"""A journal as kiosk 0.1.0 left it (migration m001), written by plain SQL: its schema is frozen here, never mended."""

import json
import sqlite3
from pathlib import Path

from kiosk.contract.reports import GENESIS, chain

SCHEMA = """
CREATE TABLE "_sqlite_migrations" ("id" INTEGER PRIMARY KEY, "migration_set" TEXT, "name" TEXT, "applied_at" TEXT);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name" ON "_sqlite_migrations" ("migration_set", "name");
CREATE TABLE "plays" (
   "id" TEXT PRIMARY KEY, "playlist_version" INTEGER, "programme" TEXT, "title" TEXT, "sha256" TEXT, "category" TEXT,
   "source" TEXT, "origin" TEXT, "occasion" TEXT, "planned_start_ms" INTEGER, "planned_end_ms" INTEGER,
   "continues" TEXT, "muted" INTEGER, "volume" INTEGER, "clock" TEXT, "boot_id" TEXT, "practice" INTEGER,
   "shown_ms" INTEGER, "started_monotonic_ms" INTEGER, "late_ms" INTEGER, "gap_ms" INTEGER, "video_output" TEXT,
   "last_ms" INTEGER, "played_ms" INTEGER DEFAULT 0, "pictures_shown" INTEGER DEFAULT 0,
   "pictures_lost" INTEGER DEFAULT 0, "end_ms" INTEGER, "outcome" TEXT, "cause" TEXT, "seq" INTEGER
) STRICT;
CREATE INDEX "idx_plays_shown_ms" ON "plays" ("shown_ms");
CREATE UNIQUE INDEX "idx_plays_seq" ON "plays" ("seq");
CREATE TABLE "entries" (
   "seq" INTEGER PRIMARY KEY, "hash" TEXT NOT NULL, "id" TEXT NOT NULL, "kind" TEXT NOT NULL, "record" BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX "idx_entries_id" ON "entries" ("id");
CREATE TABLE "restarts" (
   "seq" INTEGER PRIMARY KEY, "hash" TEXT NOT NULL, "lost_from" INTEGER, "lost_to" INTEGER
) STRICT;
CREATE TABLE "receipts" ("seq" INTEGER PRIMARY KEY, "id" TEXT NOT NULL, "state" TEXT NOT NULL, "reason" TEXT) STRICT;
CREATE TABLE "delivery" (
   "one" INTEGER PRIMARY KEY, "seq" INTEGER, "hash" TEXT, "payload" TEXT, "keyid" TEXT, "signature" TEXT
) STRICT;
CREATE TABLE "state" ("key" TEXT PRIMARY KEY, "value" TEXT) STRICT;
CREATE TRIGGER closed_play_stays BEFORE UPDATE ON plays WHEN OLD.seq IS NOT NULL
   BEGIN SELECT RAISE(ABORT, 'a closed play never changes'); END;
CREATE TRIGGER closed_play_is_kept BEFORE DELETE ON plays WHEN OLD.seq IS NOT NULL
   BEGIN SELECT RAISE(ABORT, 'a closed play is never removed'); END;
CREATE TRIGGER entry_stays BEFORE UPDATE ON entries
   BEGIN SELECT RAISE(ABORT, 'an entry never changes'); END;
CREATE TRIGGER entry_is_kept BEFORE DELETE ON entries
   BEGIN SELECT RAISE(ABORT, 'an entry is never removed'); END;
CREATE TRIGGER chain_has_no_gap BEFORE INSERT ON entries
   WHEN NEW.seq <> 1 + max(coalesce((SELECT max(seq) FROM entries), 0), coalesce((SELECT max(seq) FROM restarts), 0))
   BEGIN SELECT RAISE(ABORT, 'an entry follows the head of the chain'); END;
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1263095635;
INSERT INTO "_sqlite_migrations" VALUES (1, 'kiosk-journal', 'm001_the_record', '2026-10-01 08:00:00.000000+00:00');
INSERT INTO "delivery" ("one", "seq") VALUES (1, 0);
"""

PLAY = {
    "playlist_version": 7, "programme": "rice", "title": "水稻育秧技术", "sha256": "ab" * 32,
    "category": "农业实用技术", "source": "", "origin": "slot", "occasion": "主题党日", "continues": None,
    "volume": 80, "clock": "trusted", "boot_id": "boot-1",
}  # fmt: skip


def make(path: Path, records: list[dict[str, object]], witnessed: int, open_play: str, start_ms: int) -> list[str]:
    """Write ``records`` as a chain, those of kind ``play`` with their closed rows; countersigned up to ``witnessed``.

    ``open_play`` was on the screen from ``start_ms`` when the station ended. Gives the hashes of the chain.
    """
    db = sqlite3.connect(path)
    db.executescript(SCHEMA)
    hashes = [GENESIS]
    for seq, record in enumerate(records, 1):
        data = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        hashes.append(chain(hashes[-1], seq, data))
        db.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", [seq, hashes[-1], record["id"], record["kind"], data])
        if record["kind"] == "play":
            row = {name: value for name, value in record.items() if name not in ("kind", "screen_evidence")}
            start, end = row.pop("actual_start_ms"), row.pop("actual_end_ms")
            _insert(db, {**row, "shown_ms": start, "last_ms": end, "end_ms": end, "seq": seq})
    if witnessed:
        payload = json.dumps({"at_ms": start_ms, "hash": hashes[witnessed], "seq": witnessed, "type": "witness"})
        sql = "UPDATE delivery SET seq = ?, hash = ?, payload = ?, keyid = 'k', signature = 's'"
        db.execute(sql, [witnessed, hashes[witnessed], payload])
    planned = {"planned_start_ms": start_ms, "planned_end_ms": start_ms + 60_000}
    shown = {"shown_ms": start_ms, "last_ms": start_ms + 5_000, "played_ms": 5_000, "started_monotonic_ms": 1}
    _insert(db, {**PLAY, **planned, **shown, "id": open_play, "muted": 0, "practice": 0, "late_ms": 1, "gap_ms": 0})
    db.execute("INSERT INTO state VALUES (?, ?)", ["stop", '"by A"'])
    db.commit()
    db.close()
    return hashes[1:]


def _insert(db: sqlite3.Connection, row: dict[str, object]) -> None:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    db.execute(f"INSERT INTO plays ({names}) VALUES ({marks})", list(row.values()))  # noqa: S608
