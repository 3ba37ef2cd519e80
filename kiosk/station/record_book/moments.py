"""The instant that an entry tells of, and the entries of a stretch of time."""

import json
import sqlite3

ASIDE_MS = 35 * 86_400_000
"""Entries so long before and after a stretch are looked through with it: a report can come late, a clock be wrong."""


def moment(data: bytes) -> int | None:
    """The instant of a record (UTC ms), by its bytes as they stand in the chain; None where it cannot be read."""
    try:
        record = json.loads(data)
    except ValueError:
        return None
    names = ("actual_start_ms", "at_ms", "start_ms", "cleared_ms", "found_ms")
    return next((value for name in names if isinstance(value := record.get(name), int)), None)


def seqs_about(db: sqlite3.Connection, first_ms: int, until_ms: int) -> tuple[int, int]:
    """From which entry to which (both included) a stretch of time is told of, with :data:`ASIDE_MS` on either side.

    Found by the plays shown then, of which there is an index: five years of entries need not be read for one month.
    """
    near = """SELECT seq FROM plays WHERE shown_ms {} ? AND clock <> 'untrusted' AND seq IS NOT NULL
              ORDER BY shown_ms {} LIMIT 1"""
    before = db.execute(near.format("<", "DESC"), [first_ms - ASIDE_MS]).fetchone()
    after = db.execute(near.format(">=", "ASC"), [until_ms + ASIDE_MS]).fetchone()
    return (before[0] if before else 0), (after[0] if after else 2**53)


def last_of(db: sqlite3.Connection, first_ms: int, until_ms: int) -> int:
    """The number of the last entry of a stretch of time; 0 where there is none."""
    first, last = seqs_about(db, first_ms, until_ms)
    sql = "SELECT seq, record FROM entries WHERE seq >= ? AND seq <= ? ORDER BY seq DESC"
    for seq, data in db.execute(sql, [first, last]):
        at_ms = moment(bytes(data))
        if at_ms is not None and first_ms <= at_ms < until_ms:
            return int(seq)
    return 0
