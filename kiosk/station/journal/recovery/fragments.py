"""Everything that can still be read of a broken journal, in temporary tables: nothing is believed yet."""

import json
import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
from sqlite_utils import Database

from kiosk.contract import wire
from kiosk.contract.records import KINDS
from kiosk.contract.reports import chain
from kiosk.contract.wire import Malformed
from kiosk.station.journal.database import connect_reading
from kiosk.station.journal.errors import UNREADABLE
from kiosk.station.journal.integrity import GROWING, SMALL
from kiosk.station.journal.plays import COLUMNS, AsRun, record_of
from kiosk.station.journal.recovery.carve import Value, carve

log = logging.getLogger(__name__)

SMALLEST = 512
"""Bytes of the smallest database of SQLite's: one page."""
MOST_ENTRIES = 2**53
"""A number beyond it is none of an entry's."""

_TABLES = (
    """CREATE TEMP TABLE found_entries
       (seq INTEGER, hash TEXT, record BLOB, UNIQUE (seq, hash, record))""",
    """CREATE TEMP TABLE found_plays
       (id TEXT, seq INTEGER, last_ms INTEGER, sure INTEGER, row TEXT, UNIQUE (id, row))""",
    "CREATE INDEX temp.found_plays_seq ON found_plays (seq)",
    "CREATE TEMP TABLE chosen (id TEXT PRIMARY KEY, record BLOB)",
)


class Fragments:
    """In temporary tables of the new journal ``db``, within the caller's transaction."""

    def __init__(self, db: Database, broken: Path) -> None:
        self.db = db
        for table in _TABLES:
            db.execute(table)
        self._tables: dict[str, list[dict[str, Any]]] = {}
        if broken.stat().st_size >= SMALLEST:  # else SQLite would throw its log away
            self._read(broken)
        for number, values in carve(broken):
            self._sort_in(number, values)

    def small(self, table: str) -> list[dict[str, Any]]:
        """Rows of a small table, as many as could be read in their order."""
        return self._tables.get(table, [])

    # --- entries ---

    def at(self, seq: int) -> list[tuple[str, bytes]]:
        """Hash and record of all that may be entry ``seq``."""
        return list(self.db.execute("SELECT hash, record FROM found_entries WHERE seq = ? ORDER BY rowid", [seq]))

    def following(self, seq: int, previous: str) -> tuple[str, bytes] | None:
        """Hash and record of the entry ``seq`` that was written behind ``previous``."""
        return next((found for found in self.at(seq) if chain(previous, seq, found[1]) == found[0]), None)

    def next(self, seq: int) -> int | None:
        """The next number behind ``seq`` of which there is an entry or the closed row of a play."""
        found = [
            self.db.execute(f"SELECT min(seq) FROM {table} WHERE seq > ?", [seq]).fetchone()[0]  # noqa: S608 - two names
            for table in ("found_entries", "found_plays")
        ]
        return min((number for number in found if number is not None), default=None)

    def choose(self, record_id: str, data: bytes) -> bool:
        """Put a record down to be entered anew; tells whether none was chosen under that id before."""
        sql = "INSERT OR IGNORE INTO chosen VALUES (?, ?)"
        return bool(self.db.execute(sql, [record_id, data]).rowcount)

    def chosen(self) -> Iterator[bytes]:
        """The records that were chosen, in that order."""
        for (data,) in self.db.conn.cursor().execute("SELECT record FROM chosen ORDER BY rowid"):
            yield data

    # --- plays ---

    def closed(self, seq: int) -> list[bytes]:
        """The record of entry ``seq`` as each closed row of a play says that it was."""
        return [wire.encode(record_of(row)) for row in self.rows("seq = ?", seq)]

    def rows(self, where: str, *args: object) -> Iterator[AsRun]:
        """Rows of plays, the surest and newest of each play first."""
        sql = f"SELECT row FROM found_plays WHERE {where} ORDER BY seq, id, sure DESC, last_ms DESC"  # noqa: S608
        for (row,) in self.db.execute(sql, args).fetchall():
            yield AsRun(**json.loads(row))

    # --- inside ---

    def _read(self, broken: Path) -> None:
        """By SQLite, as far as it goes."""
        try:
            source = connect_reading(broken)
        except (sqlite3.Error, *UNREADABLE):  # a complaint of SQLite's that quotes the file may be no text either
            return
        source.conn.text_factory = _text_or_bytes
        for row in _rows(source, "entries"):
            self._note_entry(row["seq"], row["hash"], row["record"])
        for row in _rows(source, "plays"):
            self._note_play(row, sure=True)
        for table in SMALL:
            self._tables[table] = list(_rows(source, table))
        source.conn.close()

    def _sort_in(self, number: int, values: list[Value]) -> None:
        match values:
            case [None, str(digest), str(), str(kind), bytes(record)] if kind in KINDS and len(digest) == 64:
                if 0 < number <= MOST_ENTRIES:
                    self._note_entry(number, digest, record)
            case [None, int(seq), str(digest), payload, *_] if len(digest) == 64 and len(values) in (6, 7):
                self._tables.setdefault("delivery", []).append({"seq": seq, "hash": digest, "payload": str(payload)})
            case [None, str(epoch)] if len(epoch) == 32:
                self._tables.setdefault("epoch", []).append({"epoch": epoch})
            case [None, int(seq), str(digest)] if len(digest) == 64:
                self._tables.setdefault("pruned", []).append({"seq": seq, "hash": digest})
            case [str(), int(), *_] if len(values) in (len(COLUMNS), len(COLUMNS) - 1):
                self._note_play(dict(zip(COLUMNS, values, strict=False)), sure=False)

    def _note_entry(self, seq: int, digest: str, record: bytes) -> None:
        self.db.execute("INSERT OR IGNORE INTO found_entries VALUES (?, ?, ?)", [seq, digest, record])

    def _note_play(self, row: dict[str, Any], *, sure: bool) -> None:
        try:
            play = msgspec.convert(row, AsRun)
            if play.seq is not None:
                record_of(play)
                if not 0 < play.seq <= MOST_ENTRIES:
                    return
        except (msgspec.ValidationError, Malformed):
            return
        text = json.dumps({name: getattr(play, name) for name in COLUMNS}, ensure_ascii=False)
        point = 0 if play.shown_ms is None else play.last_ms or play.shown_ms
        row_ = [play.id, play.seq, point, sure, text]
        self.db.execute("INSERT OR IGNORE INTO found_plays VALUES (?, ?, ?, ?, ?)", row_)


def _rows(source: Database, table: str) -> Iterator[dict[str, Any]]:
    """The rows that are what the table holds, with the columns that this version knows, as far as SQLite reads."""
    kind, left_out = (SMALL | GROWING)[table], 0
    try:
        for row in source.table(table).rows_where(order_by="rowid"):
            try:
                yield asdict(msgspec.convert(row, kind))
            except msgspec.ValidationError:
                left_out += 1
    except (sqlite3.Error, *UNREADABLE) as error:
        log.warning("journal: table %s set aside cannot be read further: %s", table, error)
    if left_out:
        log.warning("journal: %d rows of table %s set aside are not what was written", left_out, table)


def _text_or_bytes(data: bytes) -> str | bytes:
    """A text that is no UTF-8 costs its row, and not the rows behind it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
