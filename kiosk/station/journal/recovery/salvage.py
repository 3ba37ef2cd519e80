"""After damage: what the broken file still proves is carried over row by row, and the chain goes on.

The chain must not start again from nothing: the town would see a fork, which is what a forger leaves behind. So an
entry keeps its number and its hash wherever the chain can be followed to it; what is missing is noted as lost where the
town has countersigned it, for then the town holds it, and the chain goes on behind the gap. From the first gap that the
town may not hold, numbers cannot be kept: the first new entry, an :class:`Action` ``journal-restarted``, owns up to
that, and what can be read of later entries is entered anew behind it, byte for byte: their ids make that harmless.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from sqlite_utils import Database

from kiosk.contract.records import Action, Entryable, Play, read_record
from kiosk.contract.reports import GENESIS
from kiosk.station.journal import damage
from kiosk.station.journal.chain import append, hash_at, head, put_entry
from kiosk.station.journal.database import DamagedJournal, give_up_reserve, named, open_writing
from kiosk.station.journal.integrity import UNREADABLE
from kiosk.station.journal.plays import AsRun
from kiosk.station.journal.recovery.fragments import COLUMNS, Fragments, readable, record_of, row_of
from kiosk.station.journal.recovery.quarantine import aside_name, exchange, finish, fresh_beside
from kiosk.station.journal_heads import Head, Heads, heads_beside
from kiosk.station.journal_links import Links, late
from kiosk.station.journal_rejoin import UNSURE, note_unsure, restarted
from kiosk.station.service import systemd

log = logging.getLogger(__name__)

SALVAGE_S = 900
"""How long it may take, in seconds, before the unit gives up on the start. Measured for 50,000 plays (61 MB) on one
core of a server: 27 where the head is gone, 35 where SQLite reads the rows too, all of it processor time, in 71 MB.
A PC may be 25 times slower than that."""


@dataclass
class Loss:
    """What could not be carried over, and what had to be entered anew."""

    places: list[tuple[int, int]] = field(default_factory=list)
    """Numbers of lost entries, from and to."""
    anew: list[tuple[Entryable, bytes]] = field(default_factory=list)
    """Records whose old places cannot be kept."""


def open_or_salvage(path: Path, now_ms: Callable[[], int]) -> tuple[Database, Action | None]:
    """The writing connection, and the record that owns up to a loss; None where there was none.

    Raises a :class:`JournalError` where a person has to act.
    """
    finish(path)
    known, salvaged = heads_beside(path), None
    try:
        db = open_writing(path)
    except DamagedJournal as error:
        log.warning("%s; set aside, and a new one made of what can be read", error)
        systemd.notify(systemd.patience(SALVAGE_S), systemd.status("the record is damaged; saving what can be read"))
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now_ms() / 1000))
        salvaged = salvage(path, stamp, known, now_ms())
        db = open_writing(path)
    return db, salvaged or go_on(db, known, now_ms())


def salvage(journal: Path, stamp: str, known: Heads, now_ms: int) -> Action:
    """Make a new journal of what the broken one holds, and put it in its place; the broken one is set aside.

    Gives the record that owns up to it. Raises a :class:`JournalError` where there is no room to do it in.
    """
    aside = aside_name(journal, stamp)
    db = open_writing(fresh_beside(journal))
    give_up_reserve(journal)
    try:
        with db.atomic():
            finds = Fragments(db, journal)
            loss = _rebuild(finds, known)
            _carry_rest(finds)
            record = _own_up(db, known, loss, aside, now_ms)
            for old, data in loss.anew:
                append(db, old, data)
            _carry_plays(finds)
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except (sqlite3.Error, *UNREADABLE) as error:
        raise named(journal, error) from error
    finally:
        db.conn.close()
    exchange(journal, aside)
    return record


def go_on(db: Database, known: Heads, now_ms: int) -> Action | None:
    """Continue a sound chain that is older than it should be; None where it is not."""
    newest, _ = head(db)
    if newest >= known.newest[0]:
        return None
    with db.atomic():
        _bridge(db, known.witnessed, newest + 1, known.newest[0])
        return _own_up(db, known, Loss([(newest + 1, known.newest[0])]), None, now_ms)


# --- entries ---


def _rebuild(finds: Fragments, known: Heads) -> Loss:
    """Put the chain together again, from where the record begins to as far as it goes."""
    db, loss, links = finds.db, Loss(), Links(finds, known)
    at, previous = _begin(finds, links.witnessed)
    gaps = {row["lost_from"]: row for row in finds.small("restarts") if row["lost_from"] is not None}
    while True:
        seq = at + 1
        if (gap := gaps.get(seq)) is not None and _led_on(finds, gap, at, links.witnessed[0]):
            db.table("restarts").insert(gap, pk="seq")
            at, previous = gap["seq"], gap["hash"]
        elif (found := links.follow(seq, previous)) is not None:
            digest, data = found
            put_entry(db, seq, digest, data, read_record(data, f"entry {seq}"))
            at, previous = seq, digest
        elif seq <= links.witnessed[0]:
            at, previous = _leave_out(finds, seq, links.witnessed)
            loss.places.append((seq, at))
        else:
            break
    _gather_late(finds, at, known.newest[0], loss)
    return loss


def _led_on(finds: Fragments, gap: dict[str, Any], at: int, witnessed: int) -> bool:
    """Whether the chain went on behind a gap of an earlier loss: the town had all up to there, or an entry says so."""
    behind = bool(gap["hash"]) and finds.following(gap["seq"] + 1, gap["hash"]) is not None
    return gap["seq"] > at and (gap["seq"] <= witnessed or behind)


def _begin(finds: Fragments, witnessed: Head) -> Head:
    """Where the record begins, and how far the town has it: before anything else is written.

    Only what the town has was ever removed.
    """
    pruned = [(row["seq"], row["hash"]) for row in finds.small("pruned") if row["seq"] <= witnessed[0]]
    start = pruned[0] if pruned else (0, GENESIS)
    cursor = max(witnessed, start, key=lambda found: found[0])
    finds.db.execute("UPDATE delivery SET seq = ?, hash = ?", cursor)
    finds.db.execute("UPDATE pruned SET seq = ?, hash = ?", start)
    return start


def _leave_out(finds: Fragments, seq: int, witnessed: Head) -> Head:
    """Pass over what cannot be read from ``seq`` on, but is at the town. Gives the last number so lost."""
    row = {"seq": seq, "hash": "", "lost_from": seq, "lost_to": seq}
    for digest, _ in finds.at(seq):  # its hash may be right though its record is not
        if finds.following(seq + 1, digest) or (seq, digest) == witnessed:
            row["hash"] = digest
            break
    else:
        later = finds.after(seq)
        last = witnessed[0] if later is None or later > witnessed[0] else later - 1
        row |= {"seq": last, "hash": witnessed[1] if last == witnessed[0] else "", "lost_to": last}
    finds.db.table("restarts").insert(row, pk="seq")
    return int(str(row["seq"])), str(row["hash"])


def _bridge(db: Database, witnessed: Head, lost_from: int, lost_to: int) -> None:
    """Go on behind what the town has countersigned, if this chain does not come so far."""
    seq, digest = witnessed
    if head(db)[0] < seq:
        row = {"seq": seq, "hash": digest, "lost_from": lost_from, "lost_to": lost_to}
        db.table("restarts").insert(row, pk="seq")
    if hash_at(db, seq) == digest:
        db.execute("UPDATE delivery SET seq = max(seq, ?)", [seq])


def _gather_late(finds: Fragments, at: int, newest: int, loss: Loss) -> None:
    """Records behind the end of the chain: those that can be read, and are what was written, are entered anew.

    A number that a wrong byte made up may lie millions away: places are counted in stretches, and one whose record
    stands in the chain already is no place.
    """
    last, seq = at, at
    while (later := finds.next(seq)) is not None:
        seq = later
        data = late(finds, seq)
        record = readable(data, seq) if data else None
        if record and finds.db.execute("SELECT 1 FROM entries WHERE id = ?", [record.id]).fetchone():
            continue
        if last + 1 < seq:
            loss.places.append((last + 1, seq - 1))
        if data and record:
            loss.anew.append((record, data))
        else:
            loss.places.append((seq, seq))
        last = seq
    if last < newest:
        loss.places.append((last + 1, newest))


# --- what depends on them ---


def _carry_plays(finds: Fragments) -> None:
    """The row of every play in the chain, the rows whose entries only the town has, and what was open."""
    db = finds.db
    plays = db.execute("SELECT seq FROM entries WHERE kind = 'play'").fetchall()
    for (seq,) in plays:
        (data,) = db.execute("SELECT record FROM entries WHERE seq = ?", [seq]).fetchone()
        play = read_record(data, f"entry {seq}")
        assert isinstance(play, Play)  # noqa: S101
        same = (row for row in finds.rows("id = ? AND seq IS NOT NULL", play.id) if record_of(row) == play)
        row = next(same, None) or row_of(play, seq)
        _put_row(db, row, seq)
    for gap in db.table("restarts").rows:
        for row in finds.rows("seq BETWEEN ? AND ?", gap["lost_from"], gap["seq"]):
            _put_row(db, row, row.seq)
    # A cue that was cancelled leaves its row in old states of a page: what was never shown counts from the tables only.
    for row in finds.rows("seq IS NULL AND (sure OR last_ms > 0)"):
        _put_row(db, row, None)


_INSERT = f"INSERT OR IGNORE INTO plays ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608


def _put_row(db: Database, row: AsRun, seq: int | None) -> None:
    db.execute(_INSERT, [seq if name == "seq" else getattr(row, name) for name in COLUMNS])


def _carry_rest(finds: Fragments) -> None:
    """Receipts and the countersignature, as far as they fit the chain; what was remembered."""
    db = finds.db
    for row in finds.small("receipts"):
        if (row["id"],) == db.execute("SELECT id FROM entries WHERE seq = ?", [row["seq"]]).fetchone():
            db.table("receipts").insert(row, pk="seq", ignore=True)
    for row in finds.small("witnesses"):
        db.table("witnesses").insert(row, pk="seq", ignore=True)
    for row in finds.small("delivery"):
        if row["hash"] and hash_at(db, row["seq"]) == row["hash"] and row["seq"] >= _cursor(db):
            db.table("delivery").upsert(row, pk="one")
    for row in finds.small("state"):
        if row["key"] != UNSURE or (row["value"] or "").isdecimal():
            db.table("state").upsert(row, pk="key")


def _cursor(db: Database) -> int:
    return int(db.execute("SELECT seq FROM delivery").fetchone()[0])


def _own_up(db: Database, known: Heads, loss: Loss, aside: Path | None, now_ms: int) -> Action:
    """The first new entry."""
    facts: dict[str, str] = {}
    if loss.places:
        facts |= {"lost_from": str(loss.places[0][0]), "lost_to": str(loss.places[-1][1])}
        facts["lost"] = " ".join(f"{a}-{b}" if a < b else f"{a}" for a, b in _joined(loss.places))[:400]
    if loss.anew:
        facts["entered_anew"] = str(len(loss.anew))
    if aside is not None:
        facts["set_aside"] = aside.name
    facts |= {"countersigned": str(known.witnessed[0])} if known.witnessed[0] else {}
    record = restarted(now_ms, facts)
    found = damage.Damage(now_ms, aside.name if aside else "")
    state = {"key": damage.MEMORY, "value": msgspec.json.encode(found).decode()}
    db.table("state").upsert(state, pk="key")
    note_unsure(db, append(db, record))
    return record


def _joined(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for first, last in places:
        if found and found[-1][1] == first - 1:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return found
