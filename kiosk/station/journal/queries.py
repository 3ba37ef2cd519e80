"""Queries of the journal. Each function reads through a connection of the thread that calls it."""

import sqlite3

import msgspec
from sqlite_utils import Database

from kiosk.common.planned import Played
from kiosk.contract.records import Entryable, Origin
from kiosk.contract.reports import GENESIS, Entry, Receipt
from kiosk.station.journal.chain import entry_of, hash_at
from kiosk.station.journal.plays import AsRun, readable

MAX_BATCH_BYTES = 512 * 1024
"""Records in one report, in bytes: 2 s on a village's 2 Mbit/s. A longer single record still goes."""
DAY_MS = 86_400_000
FIRST_KEPT = """SELECT coalesce((SELECT planned_start_ms FROM plays WHERE seq > pruned.seq ORDER BY seq LIMIT 1), 0)
                * (pruned.seq > 0) FROM pruned"""
"""When the oldest play was planned that is still here; 0 where none was ever removed."""


def number(db: Database, sql: str) -> int:
    """The one number that ``sql`` gives."""
    return int(db.execute(sql).fetchone()[0])


def waiting(db: Database, start: int, limit: int) -> tuple[str, tuple[Entry, ...]]:
    """Entries behind entry ``start``, and the hash before the first of them."""
    sql = "SELECT seq, hash, record FROM entries WHERE seq > ? ORDER BY seq LIMIT ?"
    found: list[Entry] = []
    size = 0
    for row in db.execute(sql, [start, limit]):
        size += len(row[2])
        if found and size > MAX_BATCH_BYTES:
            break
        found.append(entry_of(row))
    first = found[0].seq - 1 if found else start
    return hash_at(db, first) or GENESIS, tuple(found)


def refused(db: Database) -> tuple[Receipt, ...]:
    """Receipts of the entries that the town would not take."""
    return tuple(Receipt(**row) for row in db.table("receipts").rows_where("state = 'refused'", order_by="seq"))


def completed(db: Database, since_ms: int, until_ms: int, leave_out: set[str]) -> dict[str, int]:
    """Completed plays that began in [``since_ms``, ``until_ms``), by programme; practice does not count."""
    sql = """SELECT id, programme FROM plays
             WHERE outcome = 'completed' AND practice = 0 AND shown_ms >= ? AND shown_ms < ?"""
    counts: dict[str, int] = {}
    for play, programme in db.execute(sql, [since_ms, until_ms]):
        if play not in leave_out:
            counts[programme] = counts.get(programme, 0) + 1
    return counts


def plays(db: Database, since_ms: int) -> list[AsRun]:
    """The rows planned or shown from ``since_ms`` on, in order, open ones too."""
    where = "shown_ms >= ? OR (shown_ms IS NULL AND planned_start_ms >= ?)"  # by the index, not through all years
    order = "coalesce(shown_ms, planned_start_ms)"
    found = db.table("plays").rows_where(where, [since_ms] * 2, order_by=order)
    return [msgspec.convert(row, AsRun) for row in found]


def played(db: Database | sqlite3.Connection, since_ms: int, until_ms: int) -> list[Played]:
    """The as-run rows of slots and urgent notices shown, or else planned, in [``since_ms``, ``until_ms``); open ones
    too, practice not."""
    sql = """SELECT programme, origin, planned_start_ms, shown_ms, coalesce(end_ms, last_ms, shown_ms), cause
             FROM plays WHERE (shown_ms >= ? AND shown_ms < ?
                OR (shown_ms IS NULL AND planned_start_ms >= ? AND planned_start_ms < ?))
             AND origin IN ('slot', 'urgent') AND practice = 0"""
    return [
        Played(name, origin, planned_ms, shown_ms or 0, max(end_ms, shown_ms + 1) if shown_ms else 0, cause or "")
        for name, origin, planned_ms, shown_ms, end_ms, cause in db.execute(sql, [since_ms, until_ms] * 2)
    ]


def newest_records(db: Database, kinds: tuple[str, ...], most: int) -> list[Entryable]:
    """The records of these kinds among the newest ``most`` entries, in their order; without any that is unreadable."""
    sql = f"""SELECT seq, record FROM entries WHERE kind IN ({", ".join("?" * len(kinds))})
              AND seq > (SELECT max(seq) FROM entries) - ? ORDER BY seq"""  # noqa: S608 - question marks
    found = (readable(bytes(data), seq) for seq, data in db.execute(sql, [*kinds, most]))
    return [record for record in found if record is not None]


def last_shown(db: Database, since_ms: int) -> dict[str, int]:
    """When each programme was shown last from ``since_ms`` on, by its id; practice does not count."""
    sql = "SELECT programme, max(shown_ms) FROM plays WHERE shown_ms >= ? AND practice = 0 GROUP BY programme"
    return {str(programme): int(at_ms) for programme, at_ms in db.execute(sql, [since_ms])}


def was_shown(db: Database, origin: Origin, since_ms: int, until_ms: int) -> bool:
    """Whether anything was seen of a play of that origin planned to begin in [``since_ms``, ``until_ms``)."""
    sql = """SELECT 1 FROM plays WHERE origin = ? AND planned_start_ms >= ? AND planned_start_ms < ?
             AND shown_ms >= ? LIMIT 1"""  # the last for the index: no clock is put right by more than a day here
    return db.execute(sql, [origin, since_ms, until_ms, since_ms - DAY_MS]).fetchone() is not None
