"""What a station's accepted plans promised and its record does not show as played: derived when it is read, never kept.

The record is asked only for the time that it covers: from its first row to when the station last ran.
"""

import json
import sqlite3
from collections.abc import Iterable

from kiosk.common.known import known_of
from kiosk.common.planned import Accepted, NotShown, compare, not_shown
from kiosk.contract.instants import FAR_MS
from kiosk.station.journal.plays import readable
from kiosk.station.journal.queries import played
from kiosk.station.record_book.moments import moment, seqs_about

BACK_MS = 86_400_000
"""Rows shown so long before the time asked for are read too: a clock is put right by less."""
AFTER_MS = 7 * 86_400_000
"""And so long after it: what was missed may be made up until the week's end."""


def find_not_shown(
    db: sqlite3.Connection, plans: Iterable[Accepted], within: tuple[int, int] = (0, FAR_MS)
) -> list[NotShown]:
    """The showings that were due and not shown between two instants (UTC ms), in order."""
    begin, end = covered(db)
    begin, end = max(begin, within[0]), min(end, within[1])
    plans = tuple(plans)
    if not plans or begin >= end:
        return []
    sql = "SELECT seq, record FROM entries WHERE seq <= ? AND kind IN ('action', 'fault', 'session') ORDER BY seq"
    records = (
        record
        for seq, data in db.execute(sql, [seqs_about(db, begin, end)[1]])  # a Stop may have begun long before
        if (record := readable(bytes(data), seq)) is not None
    )
    return not_shown(compare(plans, played(db, begin - BACK_MS, end + AFTER_MS), known_of(records), begin, end))


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


def _last_ran(db: sqlite3.Connection) -> int:
    """What the station's clock showed when it was last remembered, about once a minute; 0 where that is not known."""
    try:
        (text,) = db.execute("SELECT value FROM state WHERE key = 'clock'").fetchone()
        kept = json.loads(text)
        return 0 if kept["state"] == "untrusted" else round(kept["system_ms"] + kept["ahead_ms"])
    except (TypeError, ValueError, KeyError):
        return 0
