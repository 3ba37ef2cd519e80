"""Checks a whole journal and says what is right, what is wrong, and where; changes nothing.

One entry is in memory at a time. It reads one state of the journal, so a station may go on writing beside it,
and journals of any version.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path

from kiosk.contract import trust
from kiosk.contract.records import Action, Play
from kiosk.contract.reports import GENESIS, Signed, Witness, chain
from kiosk.contract.trust import Refused
from kiosk.contract.wire import Malformed
from kiosk.station.journal.chain import RESTARTED
from kiosk.station.journal.database import connect_looking
from kiosk.station.journal.errors import UNREADABLE
from kiosk.station.journal.plays import AsRun, readable, record_of
from kiosk.station.journal.state_folder import Beside

_COLUMNS = {field.name for field in fields(AsRun)}


@dataclass(frozen=True)
class Remark:
    """One thing that was found. ``seq`` is the entry that it is about, 0 for none."""

    text: str
    wrong: bool = False
    seq: int = 0


@dataclass
class _Walk:
    """How far the walk has come, and what it has counted."""

    at: int
    previous: str
    """Of entry ``at``; empty where it is not known."""
    count: int = 0
    plays: int = 0
    later: int = 0
    """Attendance, corrections and clock repairs."""


def verify(path: Path, tick: Callable[[int, int], None] = lambda done, total: None) -> Iterator[Remark]:
    """Everything that there is to say of the journal at ``path``. ``tick`` hears how many entries of how many are done.

    Raises :class:`JournalError` for a file that is no journal.
    """
    with closing(connect_looking(path)) as db:
        db.execute("BEGIN")
        try:
            yield from _verify(db, path, tick)
        except (sqlite3.DatabaseError, *UNREADABLE) as error:
            yield Remark(f"the database cannot be read further ({error}); the next start salvages what can be", True)


def _verify(db: sqlite3.Connection, path: Path, tick: Callable[[int, int], None]) -> Iterator[Remark]:
    state = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if state != "ok":
        yield Remark(f"the database is damaged ({state}); the next start salvages what can be read", True)
    start = _begin(db)
    if start[0]:
        yield Remark(f"entries 1-{start[0]} were removed after the town had had them for the time that is set")
    yield from _restart(db)
    walk = _Walk(*start)
    yield from _walk(db, walk, tick)
    if not walk.count:
        yield Remark("the record is empty: " + ("all of it was removed" if start[0] else "nothing was recorded yet"))
    yield Remark(f"{walk.count} entries, {walk.plays} of them plays, {walk.later} later findings; head {walk.at}")
    yield from _rows_without_entry(db)
    yield from _receipts(db, walk.at)
    yield from _cursor(db, path, walk)
    (waits,) = db.execute("SELECT count(*) FROM plays WHERE seq IS NULL").fetchone()
    if waits:
        yield Remark(f"{waits} plays are not closed: on the screen, about to be, or left by an unexpected end")


def _begin(db: sqlite3.Connection) -> tuple[int, str]:
    """Where the record begins; at 1 in a version that never removed anything."""
    if not _has(db, "pruned"):
        return 0, GENESIS
    seq, digest = db.execute("SELECT seq, hash FROM pruned").fetchone()
    return int(seq), str(digest)


def _restart(db: sqlite3.Connection) -> Iterator[Remark]:
    """What the first entry of a new epoch says."""
    for (data,) in db.execute("SELECT record FROM entries WHERE seq = 1 AND kind = 'action'"):
        first = readable(data, 1)
        if isinstance(first, Action) and first.action == RESTARTED:
            lost, carried = first.facts.get("lost", "none"), first.facts.get("entered_anew", "0")
            yield Remark(f"begun anew after damage, with {carried} records of the one before; lost of that: {lost}")


def _has(db: sqlite3.Connection, table: str) -> bool:
    """Whether the journal is of a version that has this table."""
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone() is not None


def _walk(db: sqlite3.Connection, walk: _Walk, tick: Callable[[int, int], None]) -> Iterator[Remark]:
    (total,) = db.execute("SELECT count(*) FROM entries").fetchone()
    for seq, digest, name, kind, data in db.execute("SELECT seq, hash, id, kind, record FROM entries ORDER BY seq"):
        if seq != walk.at + 1:
            yield Remark(f"entries {walk.at + 1}-{seq - 1} are missing, and nothing says why", True, walk.at + 1)
            walk.previous = ""
        if walk.previous and chain(walk.previous, seq, data) != digest:
            yield Remark("its hash does not fit its record and the entry before it: one of them was changed", True, seq)
        yield from _entry(db, walk, seq, name, kind, data)
        walk.at, walk.previous = seq, digest
        walk.count += 1
        if walk.count % 1000 == 0:
            tick(walk.count, total)
    tick(total, total)


def _entry(db: sqlite3.Connection, walk: _Walk, seq: int, name: str, kind: str, data: bytes) -> Iterator[Remark]:
    record = readable(data, seq)
    if record is None:
        yield Remark("its record cannot be read", True, seq)
        return
    if (record.id, record.__struct_config__.tag) != (name, kind):
        yield Remark(f"it stands as {kind} {name}, and its record says another thing", True, seq)
    if isinstance(record, Play):
        walk.plays += 1
        yield from _row(db, record, seq)
    elif kind in ("attendance", "correction", "clock-repair"):
        walk.later += 1


def _row(db: sqlite3.Connection, record: Play, seq: int) -> Iterator[Remark]:
    """The closed row of a play against its entry, field by field."""
    found = db.execute("SELECT * FROM plays WHERE id = ?", [record.id])
    names = [column[0] for column in found.description]
    values = found.fetchone()
    if values is None:
        yield Remark(f"play {record.id} has no row", True, seq)
        return
    row = AsRun(**{name: value for name, value in zip(names, values, strict=True) if name in _COLUMNS})
    if row.seq != seq:
        yield Remark(f"the row of play {record.id} says that it is entry {row.seq}", True, seq)
    try:
        says = record_of(row)
    except Malformed as error:
        yield Remark(f"the row of play {record.id} cannot be what was recorded: {error}", True, seq)
        return
    for field in Play.__struct_fields__:
        was, now = getattr(record, field), getattr(says, field)
        if was != now:
            yield Remark(f"play {record.id}: its row has {field} {now!r}, its record {was!r}", True, seq)


def _rows_without_entry(db: sqlite3.Connection) -> Iterator[Remark]:
    sql = """SELECT plays.seq, plays.id FROM plays LEFT JOIN entries ON entries.seq = plays.seq
             WHERE plays.seq IS NOT NULL AND entries.id IS NOT plays.id ORDER BY plays.seq"""
    for seq, name in db.execute(sql):
        yield Remark(f"the row of play {name} has no entry of its own there", True, seq)


def _receipts(db: sqlite3.Connection, head: int) -> Iterator[Remark]:
    sql = """SELECT receipts.seq, receipts.id FROM receipts LEFT JOIN entries ON entries.seq = receipts.seq
             WHERE (entries.seq IS NOT NULL AND entries.id <> receipts.id) OR receipts.seq > ? ORDER BY receipts.seq"""
    for seq, name in db.execute(sql, [head]):
        yield Remark(f"there is a receipt for {name}, which is not what stands there", True, seq)
    states = dict(db.execute("SELECT state, count(*) FROM receipts GROUP BY state").fetchall())
    if states:
        yield Remark("receipts: " + ", ".join(f"{number} {state}" for state, number in sorted(states.items())))
    for seq, name, reason in db.execute("SELECT seq, id, reason FROM receipts WHERE state = 'refused' ORDER BY seq"):
        yield Remark(f"the town would not take {name}: {reason}", False, seq)


def _cursor(db: sqlite3.Connection, path: Path, walk: _Walk) -> Iterator[Remark]:
    """What the town has countersigned, and whether it really has."""
    seq, digest, payload, keyid, signature = db.execute(
        "SELECT seq, hash, payload, keyid, signature FROM delivery"
    ).fetchone()
    (waits,) = db.execute("SELECT count(*) FROM entries WHERE seq > ?", [seq]).fetchone()
    yield Remark(f"{waits} entries wait for the town")
    if not seq:
        yield Remark("the town has countersigned nothing yet")
        return
    stands = _hash_at(db, seq)
    if seq > walk.at:
        yield Remark(f"the town has countersigned up to {seq}, but the record ends at {walk.at}", True, seq)
    elif digest and stands and digest != stands:
        yield Remark("what the town has countersigned is not what stands there: it was changed afterwards", True, seq)
    if not payload or not signature or not _has(db, "epoch"):
        text = f"the town has countersigned up to {seq}; its signature was of an older version, and is not kept"
        yield Remark(text, False, seq)
        return
    beside = Beside(path)
    if not beside.roots:
        yield Remark(f"countersigned up to {seq}, not checked: {beside.trouble}", False, seq)
        return
    (epoch,) = db.execute("SELECT epoch FROM epoch").fetchone()
    yield _countersigned(beside, Signed(payload=payload, keyid=keyid, signature=signature), (epoch, seq), stands)


def _countersigned(beside: Beside, signed: Signed, place: tuple[str, int], digest: str | None) -> Remark:
    """``place`` is the epoch, and the entry that the journal says was countersigned."""
    seq = place[1]
    problem = ""
    for root in reversed(beside.roots):  # an online key may have been replaced since
        try:
            witness = trust.vouched(root, signed, Witness, "countersignature")
        except Refused as error:
            problem = problem or str(error)
            continue
        named = (witness.station, witness.epoch, witness.seq)
        if named != (beside.station, *place) or digest not in (witness.hash, None):
            return Remark("the town's signature is genuine, but for another record than this", True, seq)
        return Remark(f"the town has countersigned all up to entry {seq}, and its signature is genuine", False, seq)
    return Remark(f"the countersignature is not the town's: {problem}", True, seq)


def _hash_at(db: sqlite3.Connection, seq: int) -> str | None:
    found = db.execute("SELECT hash FROM entries WHERE seq = ?", [seq]).fetchone()
    return str(found[0]) if found and found[0] else None
