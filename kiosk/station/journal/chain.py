"""The chain of entries: each follows the head, with a hash over its own bytes and the hash before it.

Each function runs inside its caller's transaction.
"""

import logging
from typing import Any, get_args

import msgspec
from sqlite_utils import Database

from kiosk.contract import wire
from kiosk.contract.records import Attendance, ClockRepair, Correction, Entryable
from kiosk.contract.reports import GENESIS, Entry, chain

log = logging.getLogger(__name__)

_PLACES = ("entries", "restarts", "pruned")
"""Tables that hold a number and a hash of the chain: what is there, where it goes on after a loss, where it begins."""


def append(db: Database, record: Entryable, data: bytes | None = None) -> int:
    """Put a record at the head of the chain and give its sequence number; one that stands there already stays.

    ``data`` is the record byte for byte, where it was written before.
    """
    for (seq,) in db.execute("SELECT seq FROM entries WHERE id = ?", [record.id]):
        log.warning("journal: record %s stands in the chain already, as entry %d", record.id, seq)
        return int(seq)
    seq, previous = head(db)
    data = wire.encode(record) if data is None else data
    put_entry(db, seq + 1, chain(previous, seq + 1, data), data, record)
    return seq + 1


def put_entry(db: Database, seq: int, digest: str, data: bytes, record: Entryable) -> None:
    """Write an entry, and whom it is about. ``data`` is ``record`` byte for byte."""
    kind = str(type(record).__struct_config__.tag)
    insert(db, "entries", {"seq": seq, "hash": digest, "id": record.id, "kind": kind, "record": data})
    for name in mentioned(record):
        insert(db, "mentions", {"seq": seq, "about": name})


def insert(db: Database, table: str, row: dict[str, Any], how: str = "") -> None:
    """Plainly: sqlite-utils looks the table up five times first, which costs as much as the commit."""
    sql = f"INSERT {how}INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"  # noqa: S608 - own names
    db.execute(sql, list(row.values()))


def mentioned(record: Entryable) -> set[str]:
    """Ids of the plays, sessions, records and boots that a record is about."""
    match record:
        case Attendance():
            return {*record.plays, *([record.session] if record.session else [])}
        case Correction():
            return {record.corrects}
        case ClockRepair():
            return {record.boot_id}
        case _:
            return set()


def head(db: Database) -> tuple[int, str]:
    """Sequence number and hash of the newest entry; 0 and :data:`GENESIS` before the first."""
    sql = " UNION ALL ".join(f"SELECT seq, hash FROM {table}" for table in _PLACES)  # noqa: S608 - this module's own
    found = db.execute(f"{sql} ORDER BY seq DESC LIMIT 1").fetchone()
    return (int(found[0]), str(found[1])) if found else (0, GENESIS)


def hash_at(db: Database, seq: int) -> str | None:
    """The hash of entry ``seq``, or None where this journal does not hold it."""
    if seq == 0:
        return GENESIS
    sql = " UNION ALL ".join(f"SELECT hash FROM {table} WHERE seq = ?" for table in _PLACES)  # noqa: S608 - ditto
    found = db.execute(sql, [seq] * len(_PLACES)).fetchone()
    return str(found[0]) if found and found[0] else None


def valid(record: Entryable) -> None:
    """Raises :class:`wire.Malformed` where the town would refuse the record for its form."""
    if not isinstance(record, get_args(Entryable)):
        raise wire.Malformed(f"{type(record).__name__} is not a record of the chain")
    wire.decode(wire.encode(record), type(record), f"record {record.id}")


def entry_of(row: Any) -> Entry:
    """An entry from its columns seq, hash and record."""
    return Entry(seq=row[0], hash=row[1], record=msgspec.Raw(row[2]))
