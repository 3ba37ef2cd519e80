"""After damage: a new journal begins a new epoch, and the records that can still be read are entered into it anew.

The broken file is set aside whole. Entry 1 of the new epoch is an :class:`Action` ``journal-restarted``, which says
what is missing. Behind it follows every record of the old chain that can be read and that nothing contradicts, byte for
byte, under its own id and in its old order. What the town has already is among them: the station's own figures and its
play record need it, and the town knows by its id a record that it has.
"""

import logging
import secrets
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlite_utils import Database

from kiosk.common import systemd
from kiosk.contract.records import Action, Play, read_record
from kiosk.contract.reports import GENESIS, Witness, chain
from kiosk.station.journal import damage
from kiosk.station.journal.chain import RESTARTED, append
from kiosk.station.journal.database import check_not_lost, forked_by, give_up_reserve, open_writing
from kiosk.station.journal.errors import UNREADABLE, DamagedJournal, named
from kiosk.station.journal.plays import COLUMNS, AsRun, readable, record_of, row_of
from kiosk.station.journal.recovery.fragments import Fragments
from kiosk.station.journal.recovery.quarantine import aside_name, exchange, finish, fresh_beside

log = logging.getLogger(__name__)

SALVAGE_S = 900
"""How long it may take, in seconds, before the unit gives up on the start. Measured for 50,000 plays (56 MB) on one
core of a server: 17 where the head is gone, 21 where SQLite reads the rows too, all of it processor time, in 39 MB.
A PC may be 40 times slower than that."""
MOST_FACT = 400
"""Characters of a fact."""

Head = tuple[int, str]
"""Number and hash of an entry."""


def open_or_salvage(path: Path, now_ms: Callable[[], int]) -> Database:
    """The writing connection; to a new journal, in a new epoch, where the one at ``path`` is damaged.

    Raises a :class:`JournalError` where a person has to act.
    """
    try:
        finish(path)
        check_not_lost(path)
        return open_writing(path)
    except DamagedJournal as error:
        log.warning("%s; set aside, and a new epoch begun with what can be read", error)
        systemd.notify(systemd.patience(SALVAGE_S), systemd.status("the record is damaged; saving what can be read"))
        begin_anew(path, now_ms())
        return open_writing(path)


def begin_anew(journal: Path, now_ms: int) -> None:
    """Make a new journal of what the broken one holds, and put it in its place; the broken one is set aside.

    Raises a :class:`JournalError` where there is no room to do it in.
    """
    told = forked_by(journal)
    aside = aside_name(journal, time.strftime("%Y%m%dT%H%M%S", time.gmtime(now_ms / 1000)))
    db = open_writing(fresh_beside(journal))
    give_up_reserve(journal)
    try:
        with db.atomic():
            found = Fragments(db, journal)
            facts = _choose_records(found, told) | {"set_aside": aside.name}
            append(db, _restarted(now_ms, facts))
            _enter_anew(found)
            for row in found.small("state"):
                db.table("state").upsert(row, pk="key")
            memory = msgspec.json.encode(damage.Damage(now_ms, aside.name)).decode()
            db.table("state").upsert({"key": damage.MEMORY, "value": memory}, pk="key")
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except (sqlite3.Error, *UNREADABLE) as error:
        raise named(journal, error) from error
    finally:
        db.conn.close()
    exchange(journal, aside)


def _restarted(at_ms: int, facts: dict[str, str]) -> Action:
    return Action(
        id=f"journal-{secrets.token_hex(8)}",
        at_ms=at_ms,
        by="",
        action=RESTARTED,
        reason="the journal was damaged, or the town has another record than this; a new epoch begins",
        facts=facts,
        clock="untrusted",
    )


# --- what is believed ---


def _choose_records(found: Fragments, told: Witness | None) -> dict[str, str]:
    """Choose the records to be entered anew. Gives the facts for the entry that says so."""
    witnessed = _newest(row for row in found.small("delivery") if _is_borne_out(row, found))
    pruned = _newest(row for row in found.small("pruned") if row["seq"] <= witnessed[0])
    known = dict([(0, GENESIS), pruned, witnessed])
    forgotten = told and told.seq < pruned[0]  # by the town: what was removed here because it had it
    at, last, count = 0, told.seq if told and forgotten else witnessed[0], 0
    stated: set[str] = set()
    derived: set[str] = set()
    lost: list[tuple[int, int]] = []
    while (seq := found.next(at)) is not None:
        if seq != at + 1:
            stated, derived = set(), set()
        if seq - 1 in known:
            stated.add(known[seq - 1])
        at, entries = seq, found.at(seq)
        record = _believed(found, seq, entries, stated, derived, ours=seq > witnessed[0])
        if record is not None and not found.choose(*record):
            stated, derived = set(), set()
            continue  # it stands at a wrong number here
        count += record is not None
        if seq > last:
            lost += [(last + 1, seq - 1)] if seq > last + 1 else []
            lost += [(seq, seq)] if record is None else []
            last = seq
        derived = {chain(before, seq, record[1]) for before in stated | derived} if record else set()
        stated = {digest for digest, _ in entries}
    facts = {"entered_anew": str(count)}
    for row in found.small("epoch"):
        facts["epoch"] = row["epoch"]
    if at:
        facts["head_seq"] = str(last)
    for digest, _ in found.at(last):
        facts["head_hash"] = digest
    seq, digest = (told.seq, told.hash) if told else witnessed
    if seq:
        facts |= {"witnessed_seq": str(seq), "witnessed_hash": digest}
    if lost:
        facts["lost"] = _ranges(lost)[:MOST_FACT]
    return facts


def _newest(rows: Any) -> Head:
    return max(((row["seq"], row["hash"]) for row in rows), default=(0, GENESIS))


def _is_borne_out(row: dict[str, Any], found: Fragments) -> bool:
    """Whether what the town signed, or an entry, says the same as the row of ``delivery``."""
    seq, digest = row["seq"], row["hash"]
    signed = f'"hash":"{digest}","seq":{seq},' in (row["payload"] or "")
    return bool(digest) and (signed or any(digest == one for one, _ in found.at(seq)))


def _believed(
    found: Fragments, seq: int, entries: list[tuple[str, bytes]], stated: set[str], derived: set[str], *, ours: bool
) -> tuple[str, bytes] | None:
    """Id and bytes of the record of entry ``seq``: the one that a hash proves, or on which entry and row agree.

    Else the only one, if nothing contradicts it and it is ``ours`` alone; of what the town has, only a play's row whose
    entry is gone, behind a hash that is known. The hash before it may be any that was found there (``stated``), or that
    follows from what is believed there (``derived``).
    """
    rows = found.closed(seq)
    options = {data: record.id for data in (*(data for _, data in entries), *rows) if (record := readable(data, seq))}
    digests = {digest for digest, _ in entries}
    for data in options:
        for previous in stated | derived:
            digest = chain(previous, seq, data)
            if digest in digests or found.following(seq + 1, digest) is not None:
                return options[data], data
    agreed = [data for _, data in entries if data in options and data in rows]
    before = stated | derived
    if ours:
        doubtful = bool(before if digests else stated and found.at(seq + 1))
    else:
        doubtful = bool(digests or not before or found.at(seq + 1))
    if not agreed and len(options) == 1 and not doubtful:
        agreed = list(options)
    return (options[agreed[0]], agreed[0]) if agreed else None


def _ranges(places: list[tuple[int, int]]) -> str:
    """``12-15 18`` for numbers in order."""
    joined: list[tuple[int, int]] = []
    for first, last in places:
        if joined and joined[-1][1] == first - 1:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return " ".join(f"{first}-{last}" if first < last else f"{first}" for first, last in joined)


# --- what is entered ---


def _enter_anew(found: Fragments) -> None:
    """Enter the records that were chosen; the row of every play among them, and the plays that were open."""
    for data in found.chosen():
        record = read_record(data, "a record that is entered anew")
        seq = append(found.db, record, data)
        if isinstance(record, Play):
            same = (row for row in found.rows("id = ? AND seq IS NOT NULL", record.id) if record_of(row) == record)
            _put_row(found.db, next(same, None) or row_of(record, seq), seq)
    # A cue that was cancelled leaves its row in old states of a page: what was never shown counts from the tables only.
    closed = "SELECT id FROM found_plays WHERE seq IS NOT NULL"
    for row in found.rows(f"seq IS NULL AND (sure OR last_ms > 0) AND id NOT IN ({closed})"):
        _put_row(found.db, row, None)


_INSERT = f"INSERT OR IGNORE INTO plays ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608


def _put_row(db: Database, row: AsRun, seq: int | None) -> None:
    db.execute(_INSERT, [seq if name == "seq" else getattr(row, name) for name in COLUMNS])
