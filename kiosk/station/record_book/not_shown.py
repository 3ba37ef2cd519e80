"""What a station's accepted plans promised and its record does not show as played: derived when it is read, never kept.

The record is asked only for the time that it covers: from its first row to when the station last ran.
"""

import json
import sqlite3
from collections.abc import Iterable

from kiosk.common.planned import Accepted, NotShown, Played, compare, known_of, not_shown
from kiosk.station.journal.plays import AsRun, readable
from kiosk.station.record_book.moments import moment

BACK_MS = 86_400_000
"""Rows shown so long before the time asked for are read too: a clock is put right by less."""


def find_not_shown(db: sqlite3.Connection, plans: Iterable[Accepted]) -> list[NotShown]:
    """The showings that were due and not shown, in order."""
    begin, end = covered(db)
    plans = tuple(plans)
    if not plans or begin >= end:
        return []
    records = (
        record
        for seq, data in db.execute("SELECT seq, record FROM entries WHERE kind IN ('action', 'fault') ORDER BY seq")
        if (record := readable(bytes(data), seq)) is not None
    )
    return not_shown(compare(plans, played(db, begin), known_of(records), begin, end))


def covered(db: sqlite3.Connection) -> tuple[int, int]:
    """From when to when (UTC ms) the record says what was played: its first row, and when the station last ran."""
    found = [moment(bytes(data)) for (data,) in db.execute(
        "SELECT record FROM entries WHERE seq IN ((SELECT min(seq) FROM entries), (SELECT max(seq) FROM entries))"
    )]  # fmt: skip
    shown = db.execute("SELECT min(shown_ms), max(shown_ms) FROM plays").fetchone()
    known = [one for one in (*found, *shown) if one is not None]
    if not known:
        return 0, 0
    return min(known), max(*known, _last_ran(db))


def played(db: sqlite3.Connection, since_ms: int) -> list[Played]:
    """The as-run rows planned or shown from ``since_ms`` on, open ones too."""
    sql = """SELECT programme, origin, planned_start_ms, shown_ms, coalesce(end_ms, last_ms, shown_ms), cause
             FROM plays WHERE (shown_ms >= ? OR (shown_ms IS NULL AND planned_start_ms >= ?))
             AND origin IN ('slot', 'urgent') AND practice = 0"""
    return [
        Played(name, origin, planned_ms, shown_ms or 0, max(end_ms, shown_ms + 1) if shown_ms else 0, cause or "")
        for name, origin, planned_ms, shown_ms, end_ms, cause in db.execute(sql, [since_ms - BACK_MS] * 2)
    ]


def as_played(row: AsRun) -> Played:
    """A row of the record as it is compared with the plan."""
    end_ms = 0 if row.shown_ms is None else max(row.end_ms or row.last_ms or 0, row.shown_ms + 1)
    return Played(row.programme, row.origin, row.planned_start_ms, row.shown_ms or 0, end_ms, row.cause or "")


def _last_ran(db: sqlite3.Connection) -> int:
    """What the station's clock showed when it was last remembered, about once a minute; 0 where that is not known."""
    try:
        (text,) = db.execute("SELECT value FROM state WHERE key = 'clock'").fetchone()
        kept = json.loads(text)
        return 0 if kept["state"] == "untrusted" else round(kept["system_ms"] + kept["ahead_ms"])
    except (TypeError, ValueError, KeyError):
        return 0
